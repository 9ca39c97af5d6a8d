/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/exit.h"
#include "cli/production.h"
#include "cli/request.h"
#include "cli/simulate.h"
#include "cli/take.h"

#include <string.h>

/* Is anything asked at all?  Otherwise the message shows how. */
static gboolean something_asked(const TuneArgs *args, GError **error)
{
    static const TuneOptionId enough[] = {OPTION_TEXT, OPTION_GENRE, OPTION_PRESET, OPTION_LYRICS,
                                           OPTION_THEME};

    if (tune_args_n_words(args) > 0)
        return TRUE;
    for (guint i = 0; i < G_N_ELEMENTS(enough); i++)
        if (tune_args_has(args, enough[i]))
            return TRUE;
    g_set_error(error, TUNE_CLI_ERROR, TUNE_CLI_ERROR_USAGE,
                "sentence: nothing was asked; try tunesmith generate \"calm piano waltz\" -o "
                "waltz.flac");
    return FALSE;
}

static gboolean generate(TuneCli *cli, const char *engine_name, GError **error)
{
    g_auto(TuneCliTake) take = {0};
    guint64 seed;
    TuneRenderOptions options = TUNE_RENDER_OPTIONS_DEFAULT;

    if (!tune_request_seed(cli->args, &seed, error) ||
        !tune_cli_take_read(cli, engine_name, &take, error))
        return FALSE;
    tune_cli_catch_signals(cli);
    g_autoptr(TuneVocabulary) vocabulary = tune_cli_vocabulary(cli, error);
    g_autoptr(TuneBrief) brief =
        vocabulary != NULL ? tune_request_brief(cli, vocabulary, error) : NULL;
    g_autoptr(TuneProduction) production = brief != NULL ? tune_production_new(cli, error) : NULL;
    g_autoptr(TuneEngine) engine =
        production != NULL ? tune_cli_engine(cli, vocabulary, error) : NULL;
    if (engine == NULL)
        return FALSE;
    tune_production_options(production, &options);
    options.take = &take.options;
    g_autoptr(TuneRender) render = tune_engine_start(engine, brief, seed, &options, error);
    if (render != NULL)
        return tune_production_run(production, render, error);
    tune_production_rename_error(production, error);
    return FALSE;
}

gint tune_command_generate(TuneCli *cli, GError **error)
{
    const char *engine = tune_cli_engine_name(cli, error);

    if (engine == NULL || !something_asked(cli->args, error))
        return TUNE_EXIT_USAGE;
    if (strcmp(engine, "simulate") == 0)
        return tune_generate_simulated(cli, error);
    generate(cli, engine, error);
    return TUNE_EXIT_DONE;
}
