/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Stem files: one 32-bit float WAV per track, written as the stems are rendered.  The files' sum is the
 * mix before the master.
 *
 * The sink is called by one thread at a time, in track order.
 */
#pragma once
#include "cli/outputs.h"
#include "engine/engine.h"

typedef struct TuneStems TuneStems;

/* Files go to @folder, staged in @outputs, which must live longer. (transfer full) */
TuneStems *tune_stems_new(TuneOutputs *outputs, const char *folder, guint rate, GError **error);
void tune_stems_free(TuneStems *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TuneStems, tune_stems_free)

/* A TuneStemSink. */
gboolean tune_stems_sink(guint track, const float *frames, gsize n, gpointer user_data,
                         GError **error);

/* Close the files and name them after the tracks of @score: "01-piano.wav". */
gboolean tune_stems_finish(TuneStems *self, const TuneScore *score, GError **error);
/* Final paths in track order, after finish. (element-type utf8) (transfer none) */
const GPtrArray *tune_stems_paths(const TuneStems *self);
