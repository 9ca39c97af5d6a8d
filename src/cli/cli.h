/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What the commands share: arguments, the terminal, cancelling, the engine's configuration.
 *
 * A command is one function in a file of its own (cli/generate.c, cli/inspect.c, ...): it returns an
 * exit code, or sets @error, whose exit code cli/exit.c knows.  Results go to standard output, all else
 * to standard error; with --json one object goes to standard output and nothing else.
 */
#pragma once
#include "base/json.h"
#include "cli/option.h"
#include "engine/engine.h"

typedef struct {
    TuneArgs *args;
    const char *program; /* "tunesmith" or "music-gen" */
    gboolean quiet, json;
    gboolean terminal;   /* standard error is a terminal */
    gboolean colour;     /* standard output may be coloured: a terminal and no NO_COLOR */
    GCancellable *cancellable;
    TuneLog log;
} TuneCli;

typedef gint (*TuneCommandRun)(TuneCli *cli, GError **error);

gint tune_command_generate(TuneCli *cli, GError **error);
gint tune_command_explain(TuneCli *cli, GError **error);
gint tune_command_styles(TuneCli *cli, GError **error);
gint tune_command_instruments(TuneCli *cli, GError **error);
gint tune_command_list_presets(TuneCli *cli, GError **error);
gint tune_command_show_preset(TuneCli *cli, GError **error);
gint tune_command_save_preset(TuneCli *cli, GError **error);
gint tune_command_delete_preset(TuneCli *cli, GError **error);
gint tune_command_render(TuneCli *cli, GError **error);
gint tune_command_convert(TuneCli *cli, GError **error);
gint tune_command_replay(TuneCli *cli, GError **error);
gint tune_command_inspect(TuneCli *cli, GError **error);
gint tune_command_play(TuneCli *cli, GError **error);
gint tune_command_models(TuneCli *cli, GError **error);
gint tune_command_doctor(TuneCli *cli, GError **error);
gint tune_command_serve(TuneCli *cli, GError **error);
gint tune_command_worker(TuneCli *cli, GError **error);
gint tune_command_mcp(TuneCli *cli, GError **error);
gint tune_command_profile(TuneCli *cli, GError **error);
gint tune_command_config(TuneCli *cli, GError **error);

/* The settings of the service: flags, environment, file. (transfer full) */
struct TuneSettings *tune_cli_settings(TuneCli *cli, GError **error);

/* From here on SIGINT and SIGTERM cancel cli->cancellable instead of killing the program.  Call before
 * any other thread is started. */
void tune_cli_catch_signals(TuneCli *cli);

/* Text to standard output, all of it, flushed: TUNE_CLI_ERROR_MISSING when it cannot be written. */
gboolean tune_cli_print(const char *text, GError **error);
/* @value pretty on standard output. */
gboolean tune_cli_print_json(const json_t *value, GError **error);

/* All of standard input, at most @limit bytes.  (transfer full) (nullable) */
char *tune_cli_read_stdin(gsize limit, gsize *length, GError **error);
/* All of the file, at most @limit bytes: TUNE_CLI_ERROR_MISSING or _BROKEN name it. */
char *tune_cli_read_file(const char *path, gsize limit, gsize *length, GError **error);

/* What sentences are understood by, loaded; files that had to be left out are told on standard error.
 * (transfer full) */
TuneVocabulary *tune_cli_vocabulary(TuneCli *cli, GError **error);
/* Says of each style file that was left out what is wrong with it. */
void tune_cli_warn_of_styles(TuneCli *cli, const TuneStyles *styles);

/* The engine of the flags --engine, --soundfont, --threads and $MUSIC_GEN_MODE.  @vocabulary (nullable)
 * is shared with it.  (transfer full) */
TuneEngine *tune_cli_engine(TuneCli *cli, TuneVocabulary *vocabulary, GError **error);
/* The same of another name than the options say ("musicgen:small" of a recipe), and with @weights (nullable)
 * unless an option says others. */
TuneEngine *tune_cli_engine_named(TuneCli *cli, const char *name, const char *weights,
                                  TuneVocabulary *vocabulary, GError **error);
/* The name alone, checked.  (transfer none) */
const char *tune_cli_engine_name(TuneCli *cli, GError **error);
