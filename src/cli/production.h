/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * From a render to files: sound, score exports, stems, report, told and put in place together.  What
 * generate, render and replay share.
 *
 *     g_autoptr(TuneProduction) production = tune_production_new(cli, &error);   // checks every path
 *     tune_production_options(production, &options);
 *     g_autoptr(TuneRender) render = tune_engine_start(engine, brief, seed, &options, &error);
 *     tune_production_run(production, render, &error);
 */
#pragma once
#include "audio/encode.h"
#include "cli/cli.h"

typedef struct TuneProduction TuneProduction;

/* Read the options of the result and stage every file; nothing is rendered yet. (transfer full) */
TuneProduction *tune_production_new(TuneCli *cli, GError **error);
void tune_production_free(TuneProduction *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TuneProduction, tune_production_free)

/* Rate, stem sink, progress, cancelling. */
void tune_production_options(TuneProduction *self, TuneRenderOptions *options);

/* Pull the sound into the file, write everything beside it, put all in place, tell what was made. */
gboolean tune_production_run(TuneProduction *self, TuneRender *render, GError **error);

/* An error of the rendering, said with the names that the user gave. */
void tune_production_rename_error(const TuneProduction *self, GError **error);
