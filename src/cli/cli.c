/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/cli.h"
#include "cli/exit.h"
#include "cli/help.h"
#include "tune-config.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const TuneCommandRun runs[N_COMMANDS] = {
    [COMMAND_GENERATE] = tune_command_generate,
    [COMMAND_EXPLAIN] = tune_command_explain,
    [COMMAND_STYLES] = tune_command_styles,
    [COMMAND_INSTRUMENTS] = tune_command_instruments,
    [COMMAND_LIST_PRESETS] = tune_command_list_presets,
    [COMMAND_SHOW_PRESET] = tune_command_show_preset,
    [COMMAND_SAVE_PRESET] = tune_command_save_preset,
    [COMMAND_DELETE_PRESET] = tune_command_delete_preset,
    [COMMAND_RENDER] = tune_command_render,
    [COMMAND_CONVERT] = tune_command_convert,
    [COMMAND_REPLAY] = tune_command_replay,
    [COMMAND_INSPECT] = tune_command_inspect,
    [COMMAND_PLAY] = tune_command_play,
    [COMMAND_DOCTOR] = tune_command_doctor,
    [COMMAND_HELP] = tune_command_help,
};

static gpointer signal_thread(gpointer user_data)
{
    GCancellable *cancellable = user_data;
    sigset_t set;
    int number;

    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    while (sigwait(&set, &number) == 0)
        g_cancellable_cancel(cancellable);
    return NULL;
}

void tune_cli_catch_signals(TuneCli *cli)
{
    sigset_t set;

    signal(SIGPIPE, SIG_IGN);
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    /* Lives as long as the program; it owns nothing. */
    g_thread_unref(g_thread_new("signals", signal_thread, g_object_ref(cli->cancellable)));
}

gboolean tune_cli_print(const char *text, GError **error)
{
    if (fputs(text, stdout) != EOF && fflush(stdout) == 0)
        return TRUE;
    g_set_error(error, TUNE_CLI_ERROR, TUNE_CLI_ERROR_MISSING, "standard output: %s",
                g_strerror(errno));
    return FALSE;
}

gboolean tune_cli_print_json(const json_t *value, GError **error)
{
    g_autofree char *text = tune_json_pretty(value);

    return tune_cli_print(text, error);
}

static char *read_all(FILE *file, const char *name, gsize limit, gsize *length, GError **error)
{
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    guint8 block[16384];
    gsize got;

    while ((got = fread(block, 1, sizeof block, file)) > 0) {
        g_byte_array_append(bytes, block, (guint)got);
        if (bytes->len > limit) {
            g_set_error(error, TUNE_CLI_ERROR, TUNE_CLI_ERROR_USAGE,
                        "%s: more than %" G_GSIZE_FORMAT " bytes", name, limit);
            return NULL;
        }
    }
    if (ferror(file)) {
        g_set_error(error, TUNE_CLI_ERROR, TUNE_CLI_ERROR_MISSING, "%s: %s", name,
                    g_strerror(errno));
        return NULL;
    }
    if (length != NULL)
        *length = bytes->len;
    g_byte_array_append(bytes, (const guint8 *)"", 1);
    return (char *)g_byte_array_free(g_steal_pointer(&bytes), FALSE);
}

char *tune_cli_read_stdin(gsize limit, gsize *length, GError **error)
{
    return read_all(stdin, "standard input", limit, length, error);
}

char *tune_cli_read_file(const char *path, gsize limit, gsize *length, GError **error)
{
    FILE *file = fopen(path, "rb");

    if (file == NULL) {
        g_set_error(error, TUNE_CLI_ERROR, TUNE_CLI_ERROR_MISSING, "%s: %s", path,
                    g_strerror(errno));
        return NULL;
    }
    char *text = read_all(file, path, limit, length, error);
    fclose(file);
    return text;
}

const char *tune_cli_engine_name(TuneCli *cli, GError **error)
{
    const char *name = tune_args_get(cli->args, OPTION_ENGINE);
    const char *from = "--engine";

    if (name == NULL) {
        name = g_getenv("MUSIC_GEN_MODE");
        from = "MUSIC_GEN_MODE";
    }
    if (name == NULL || *name == '\0')
        return "compose";
    if (g_strv_contains(tune_engine_names(), name))
        return name;
    g_autofree char *all = g_strjoinv(", ", (char **)tune_engine_names());
    g_set_error(error, TUNE_ENGINE_ERROR, TUNE_ENGINE_ERROR_UNKNOWN,
                "%s: no engine is called \"%s\"; there are %s", from, name, all);
    return NULL;
}

TuneEngine *tune_cli_engine(TuneCli *cli, TuneVocabulary *vocabulary, GError **error)
{
    TuneEngineConfig config = {.vocabulary = vocabulary, .log = &cli->log};
    const char *name = tune_cli_engine_name(cli, error);
    gint64 threads = 0;

    if (name == NULL || !tune_args_int(cli->args, OPTION_THREADS, 1, 256, &threads, error))
        return NULL;
    config.synth.soundfont = tune_args_get(cli->args, OPTION_SOUNDFONT);
    config.synth.n_threads = (guint)threads;
    config.synth.log = &cli->log;
    return tune_engine_new(name, &config, error);
}

gint tune_command_help(TuneCli *cli, GError **error)
{
    const char *word = tune_args_word(cli->args, 0);
    const char *shell = tune_args_get(cli->args, OPTION_COMPLETION);
    const TuneCommandInfo *command = NULL;
    g_autofree char *text = NULL;

    for (guint i = 0; word != NULL && i < N_COMMANDS; i++)
        if (strcmp(tune_commands[i].name, word) == 0)
            command = &tune_commands[i];
    if (word != NULL && command == NULL) {
        g_set_error(error, TUNE_CLI_ERROR, TUNE_CLI_ERROR_USAGE, "unknown command \"%s\"", word);
        return TUNE_EXIT_USAGE;
    }
    if (tune_args_has(cli->args, OPTION_MAN))
        text = tune_help_man();
    else if (shell != NULL)
        text = tune_help_completion(shell);
    else
        text = tune_help_text(command, tune_args_old_surface(cli->args));
    tune_cli_print(text, error);
    return TUNE_EXIT_DONE;
}

static void log_to_stderr(TuneLogLevel level, const char *message, gpointer user_data)
{
    const TuneCli *cli = user_data;

    if (level >= TUNE_LOG_WARNING && !cli->quiet)
        fprintf(stderr, "%s: %s\n", cli->program, message);
}

static gint report_error(const TuneCli *cli, const GError *error)
{
    gint code = tune_exit_of_error(error);

    if (code == TUNE_EXIT_CANCELLED)
        fprintf(stderr, "%s: cancelled; nothing was written\n", cli->program);
    else
        fprintf(stderr, "%s: %s\n", cli->program, error->message);
    return code;
}

static gint run(TuneCli *cli)
{
    const TuneCommandInfo *command = tune_args_command(cli->args);
    g_autoptr(GError) error = NULL;
    gint code;

    if (command == NULL || tune_args_has(cli->args, OPTION_HELP)) {
        gboolean asked = tune_args_has(cli->args, OPTION_HELP);
        g_autofree char *text = tune_help_text(command, tune_args_old_surface(cli->args));
        fputs(text, asked ? stdout : stderr);
        return asked ? TUNE_EXIT_DONE : TUNE_EXIT_USAGE;
    }
    cli->cancellable = g_cancellable_new();
    code = runs[command->id](cli, &error);
    if (error != NULL)
        code = report_error(cli, error);
    g_object_unref(cli->cancellable);
    return code;
}

gint tune_cli_main(int argc, char **argv)
{
    g_autofree char *name = g_path_get_basename(argc > 0 ? argv[0] : "tunesmith");
    gboolean old = strcmp(name, "music-gen") == 0;
    g_autoptr(GError) error = NULL;
    g_autoptr(TuneArgs) args = tune_args_parse(argc, argv, old, &error);
    const char *no_color = g_getenv("NO_COLOR");
    TuneCli cli = {.args = args, .program = old ? "music-gen" : "tunesmith"};

    if (args == NULL)
        return report_error(&cli, error);
    if (tune_args_has(args, OPTION_VERSION)) {
        printf("%s %s\n", cli.program, TUNE_VERSION);
        return fflush(stdout) == 0 ? TUNE_EXIT_DONE : TUNE_EXIT_MISSING;
    }
    cli.quiet = tune_args_has(args, OPTION_QUIET);
    cli.json = tune_args_has(args, OPTION_JSON);
    cli.terminal = isatty(STDERR_FILENO) != 0;
    cli.colour = isatty(STDOUT_FILENO) != 0 && (no_color == NULL || *no_color == '\0');
    cli.log = (TuneLog){log_to_stderr, &cli};
    return run(&cli);
}
