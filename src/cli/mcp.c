/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * MCP on standard input and output: a message a line.  Nothing else may reach standard output.
 */
#include "api/mcp.h"
#include "api/presets.h"
#include "api/rooms.h"
#include "cli/cli.h"
#include "cli/exit.h"
#include "cli/voice.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#define LONGEST_LINE (1024 * 1024)

/* Answer one line; FALSE when standard output is gone. */
static gboolean answer_line(const TuneMcp *mcp, const char *line, gsize length, GError **error)
{
    TuneCaller nobody = {.tier = TUNE_TIER_UNLIMITED, .admin = TRUE};
    json_error_t why;
    guint status;
    g_autoptr(json_t) message = json_loadb(line, length, 0, &why);
    g_autoptr(json_t) answer = message != NULL ? tune_mcp_answer(mcp, message, &nobody, &status)
                                               : tune_mcp_unreadable(why.text);

    if (answer == NULL)
        return TRUE;
    g_autofree char *text = json_dumps(answer, JSON_COMPACT | JSON_REAL_PRECISION(15));
    g_autofree char *whole = g_strconcat(text, "\n", NULL);
    return tune_cli_print(whole, error);
}

static gboolean is_blank(const char *line, gsize length)
{
    for (gsize i = 0; i < length; i++)
        if (!g_ascii_isspace(line[i]))
            return FALSE;
    return TRUE;
}

static gboolean answer_all(const TuneMcp *mcp, GError **error)
{
    g_autofree char *line = NULL;
    size_t room = 0;
    ssize_t length;

    while ((length = getline(&line, &room, stdin)) > 0) {
        if (length > LONGEST_LINE) {
            g_autoptr(json_t) answer = tune_mcp_unreadable("the message is longer than 1 MiB");
            g_autofree char *text = json_dumps(answer, JSON_COMPACT | JSON_REAL_PRECISION(15));
            g_autofree char *whole = g_strconcat(text, "\n", NULL);
            if (!tune_cli_print(whole, error))
                return FALSE;
        } else if (!is_blank(line, (gsize)length) &&
                   !answer_line(mcp, line, (gsize)length, error)) {
            return FALSE;
        }
    }
    return TRUE;
}

/* ---- a service without a socket ---- */

#define MOST_AT_ONCE 16

typedef struct {
    const TuneArgs *args;
    char *data; /* instead of what would be used (nullable) */
} Given;

static const char *given(const char *name, gpointer user_data)
{
    const Given *self = user_data;
    const char *said = tune_args_setting(self->args, name);

    if (said == NULL && strcmp(name, "data") == 0)
        return self->data;
    /* Whoever asks for music here wants to hear it. */
    return said == NULL && strcmp(name, "engine") == 0 ? "compose" : said;
}

/* An SQLite file has one process, and clients start one of these for every window: the first takes
 * the folder "mcp", the next "mcp-2".  NULL with @error. */
static TuneSettings *open_rooms(TuneCli *cli, TuneApi *api, GError **error)
{
    gboolean chosen = tune_args_setting(cli->args, "data") != NULL;

    for (guint i = 1;; i++) {
        g_autofree char *name = i == 1 ? g_strdup("mcp") : g_strdup_printf("mcp-%u", i);
        g_autofree char *data = g_build_filename(g_get_user_data_dir(), "tunesmith", name, NULL);
        Given said = {cli->args, chosen ? NULL : data};
        g_autoptr(GError) failure = NULL;
        g_autoptr(TuneSettings) settings = tune_settings_load(given, &said, &failure);

        if (settings != NULL) {
            api->settings = settings;
            if (tune_rooms_open(api, settings, &failure))
                return g_steal_pointer(&settings);
            tune_rooms_close(api);
        }
        if (chosen || i == MOST_AT_ONCE ||
            !g_error_matches(failure, TUNE_STORE_ERROR, TUNE_STORE_ERROR_LOCKED)) {
            g_propagate_error(error, g_steal_pointer(&failure));
            return NULL;
        }
    }
}

gint tune_command_mcp(TuneCli *cli, GError **error)
{
    const char *output = tune_args_get(cli->args, OPTION_OUTPUT);
    g_autofree char *folder = output != NULL ? g_strdup(output) : g_get_current_dir();
    TuneVoice voice = {cli->quiet ? TUNE_LOG_ERROR : TUNE_LOG_WARNING, FALSE};
    TuneLog log = {tune_voice_tell, &voice};
    TuneApi api = {.log = &log};
    gint status = TUNE_EXIT_FAULT;

    signal(SIGPIPE, SIG_IGN);
    if (!g_file_test(folder, G_FILE_TEST_IS_DIR)) {
        g_set_error(error, TUNE_CLI_ERROR, TUNE_CLI_ERROR_MISSING, "--output: %s is no folder",
                    folder);
        return TUNE_EXIT_MISSING;
    }
    g_autoptr(TuneSettings) settings = open_rooms(cli, &api, error);
    if (settings == NULL)
        return TUNE_EXIT_FAULT;
    api.presets = tune_preset_catalogue_new();
    TuneMcp mcp = {&api, folder};
    if (tune_jobs_start(api.jobs, error) && answer_all(&mcp, error))
        status = TUNE_EXIT_DONE;
    tune_jobs_drain(api.jobs, 0);
    tune_rooms_close(&api);
    tune_preset_catalogue_free(api.presets);
    return status;
}
