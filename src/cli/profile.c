/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Drive a running server and say where its time and memory go.
 */
#include "cli/cli.h"
#include "cli/exit.h"
#include "cli/profile-private.h"

#include <curl/curl.h>
#include <string.h>

#define DEFAULT_URL "http://127.0.0.1:8080"

void profile_free(Profile *self)
{
    if (self == NULL)
        return;
    g_free(self->url);
    g_free(self->key);
    g_clear_pointer(&self->times, g_ptr_array_unref);
    g_clear_pointer(&self->samples, g_array_unref);
    json_decref(self->before);
    json_decref(self->after);
    json_decref(self->slow);
    json_decref(self->findings);
    g_free(self);
}

static Profile *read_request(TuneCli *cli, GError **error)
{
    g_autoptr(Profile) self = g_new0(Profile, 1);
    const char *url = tune_args_word(cli->args, 0);
    gint64 requests = 200, clients = 8;

    if (!tune_args_int(cli->args, OPTION_REQUESTS, 1, 1000000, &requests, error) ||
        !tune_args_int(cli->args, OPTION_CLIENTS, 1, 256, &clients, error))
        return NULL;
    self->url = g_strdup(url != NULL ? url : DEFAULT_URL);
    if (!g_str_has_prefix(self->url, "http://") && !g_str_has_prefix(self->url, "https://")) {
        g_set_error(error, TUNE_CLI_ERROR, TUNE_CLI_ERROR_USAGE,
                    "profile: \"%s\" is no address; one looks like %s", self->url, DEFAULT_URL);
        return NULL;
    }
    if (g_str_has_suffix(self->url, "/"))
        self->url[strlen(self->url) - 1] = '\0';
    self->key = g_strdup(g_getenv("MUSIC_GEN_API_KEY"));
    self->n_requests = (guint)requests;
    self->n_clients = (guint)clients;
    self->read_only = tune_args_has(cli->args, OPTION_READ_ONLY);
    self->cancellable = cli->cancellable;
    return g_steal_pointer(&self);
}

gint tune_command_profile(TuneCli *cli, GError **error)
{
    const char *path = tune_args_get(cli->args, OPTION_OUTPUT);
    g_autoptr(Profile) profile = read_request(cli, error);

    if (profile == NULL)
        return TUNE_EXIT_USAGE;
    tune_cli_catch_signals(cli);
    curl_global_init(CURL_GLOBAL_DEFAULT);
    gboolean driven = profile_drive(profile, error);
    curl_global_cleanup();
    if (!driven)
        return TUNE_EXIT_REMOTE;
    profile_find(profile);
    if (path != NULL) {
        g_autofree char *page = profile_page(profile);
        if (!g_file_set_contents(path, page, -1, error))
            return TUNE_EXIT_MISSING;
    }
    if (cli->json) {
        g_autoptr(json_t) value = profile_json(profile);
        tune_cli_print_json(value, error);
        return TUNE_EXIT_DONE;
    }
    g_autofree char *text = profile_text(profile);
    tune_cli_print(text, error);
    return TUNE_EXIT_DONE;
}
