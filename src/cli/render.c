/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/exit.h"
#include "cli/production.h"
#include "score/format.h"

static gboolean render_score(TuneCli *cli, GError **error)
{
    TuneRenderOptions options = TUNE_RENDER_OPTIONS_DEFAULT;
    double loudness = -14;

    if (!tune_args_real(cli->args, OPTION_LOUDNESS, -30, -8, &loudness, error))
        return FALSE;
    tune_cli_catch_signals(cli);
    g_autoptr(TuneScore) score = tune_score_load(tune_args_word(cli->args, 0), error);
    g_autoptr(TuneProduction) production = score != NULL ? tune_production_new(cli, error) : NULL;
    g_autoptr(TuneEngine) engine = production != NULL ? tune_cli_engine(cli, NULL, error) : NULL;
    if (engine == NULL)
        return FALSE;
    tune_production_options(production, &options);
    g_autoptr(TuneRender) render =
        tune_engine_start_score(engine, score, loudness, &options, error);
    if (render != NULL)
        return tune_production_run(production, render, error);
    tune_production_rename_error(production, error);
    return FALSE;
}

gint tune_command_render(TuneCli *cli, GError **error)
{
    render_score(cli, error);
    return TUNE_EXIT_DONE;
}
