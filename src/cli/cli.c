/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/cli.h"
#include "cli/exit.h"
#include "cli/front.h"

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
    [COMMAND_MODELS] = tune_command_models,
    [COMMAND_DOCTOR] = tune_command_doctor,
    [COMMAND_SERVE] = tune_command_serve,
    [COMMAND_WORKER] = tune_command_worker,
    [COMMAND_MCP] = tune_command_mcp,
    [COMMAND_PROFILE] = tune_command_profile,
    [COMMAND_CONFIG] = tune_command_config,
};

static gpointer signal_thread(gpointer user_data)
{
    GCancellable *cancellable = user_data;
    sigset_t set;
    int number;

    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    /* A second one ends a program that cannot look, such as one that waits for the writer of a pipe. */
    while (sigwait(&set, &number) == 0 && !g_cancellable_is_cancelled(cancellable))
        g_cancellable_cancel(cancellable);
    _exit(TUNE_EXIT_CANCELLED);
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

void tune_cli_warn_of_styles(TuneCli *cli, const TuneStyles *styles)
{
    const GPtrArray *complaints = tune_styles_complaints(styles);

    for (guint i = 0; i < complaints->len; i++)
        tune_log(&cli->log, TUNE_LOG_WARNING, "a style is left out: %s",
                 (const char *)complaints->pdata[i]);
}

TuneVocabulary *tune_cli_vocabulary(TuneCli *cli, GError **error)
{
    TuneVocabulary *vocabulary = tune_vocabulary_load(error);

    if (vocabulary != NULL)
        tune_cli_warn_of_styles(cli, tune_vocabulary_styles(vocabulary));
    return vocabulary;
}

TuneEngine *tune_cli_engine(TuneCli *cli, TuneVocabulary *vocabulary, GError **error)
{
    const char *name = tune_cli_engine_name(cli, error);

    return name != NULL ? tune_cli_engine_named(cli, name, NULL, vocabulary, error) : NULL;
}

TuneEngine *tune_cli_engine_named(TuneCli *cli, const char *name, const char *weights,
                                  TuneVocabulary *vocabulary, GError **error)
{
    TuneEngineConfig config = {.vocabulary = vocabulary, .log = &cli->log};
    gint64 threads = 0;

    if (!tune_args_int(cli->args, OPTION_THREADS, 1, 256, &threads, error))
        return NULL;
    config.synth.soundfont = tune_args_get(cli->args, OPTION_SOUNDFONT);
    config.synth.sounds = tune_args_get(cli->args, OPTION_SOUNDS);
    config.synth.n_threads = (guint)threads;
    config.synth.log = &cli->log;
    config.neural.model = tune_args_get(cli->args, OPTION_MODEL);
    config.neural.weights = tune_args_get(cli->args, OPTION_WEIGHTS);
    if (config.neural.weights == NULL)
        config.neural.weights = weights;
    config.neural.n_threads = (guint)MIN(threads, 64);
    config.neural.max_batch = 1;
    config.neural.low_memory = tune_args_has(cli->args, OPTION_LOW_MEMORY);
    return tune_engine_new(name, &config, error);
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

gint tune_cli_run(TuneArgs *args, const char *program)
{
    const TuneCommandInfo *command = tune_args_command(args);
    const char *no_color = g_getenv("NO_COLOR");
    g_autoptr(GCancellable) cancellable = g_cancellable_new();
    g_autoptr(GError) error = NULL;
    TuneCli cli = {.args = args, .program = program, .cancellable = cancellable};

    cli.quiet = tune_args_has(args, OPTION_QUIET);
    cli.json = tune_args_has(args, OPTION_JSON);
    cli.terminal = isatty(STDERR_FILENO) != 0;
    cli.colour = isatty(STDOUT_FILENO) != 0 && (no_color == NULL || *no_color == '\0');
    cli.log = (TuneLog){log_to_stderr, &cli};
    gint code = runs[command->id](&cli, &error);
    return error != NULL ? report_error(&cli, error) : code;
}
