/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * One track's channel in the mix: gain, high-pass, drive, chorus, place in the stereo field, side-chain,
 * and its own returns of room and echo.  What comes out is the stem.
 */
#pragma once
#include "score/score.h"

typedef struct TuneStrip TuneStrip;

/* For track @index of @score (both borrowed while this runs only); @gain: linear, for the voice.
 * (transfer full) */
TuneStrip *tune_strip_new(const TuneScore *score, guint index, guint rate, double gain);
void tune_strip_free(TuneStrip *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TuneStrip, tune_strip_free)

/* @left, @right: the voice in, the stem out, [n] each, @n a multiple of TUNE_VOICE_GRID; @frame: where
 * the block lies in the piece; @silent_in: both are all zeros.  Returns FALSE when what comes out is all
 * zeros too. */
gboolean tune_strip_process(TuneStrip *self, gint64 frame, float *left, float *right, gsize n,
                            gboolean silent_in);
