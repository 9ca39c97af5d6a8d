/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What a part's channel does to its tone and its dynamics, where a style asks for it: a compressor, then
 * a low shelf, a bell and a high shelf.  The compressor's threshold lies relative to the level that the
 * part is brought to (synth/balance.h), and it gives back what it takes on average.
 */
#pragma once
#include "score/score.h"

typedef struct TuneChannel TuneChannel;

/* NULL when @mix asks for nothing.  (transfer full) (nullable) */
TuneChannel *tune_channel_new(const TuneTrackMix *mix, guint rate);
void tune_channel_free(TuneChannel *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TuneChannel, tune_channel_free)
/* In place, [n] each. */
void tune_channel_process(TuneChannel *self, float *left, float *right, gsize n);
/* The most that the compressor has taken so far, dB. */
double tune_channel_deepest_db(const TuneChannel *self);
