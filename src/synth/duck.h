/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Side-chain: makes room for every stroke of the bass drum.  The gain follows the score's bass drum
 * notes, not the sound, so that a stem needs no other stem.
 */
#pragma once
#include "score/score.h"

typedef struct TuneDuck TuneDuck;
/* @amount: 0..1 of TuneTrackMix.duck.  NULL when the score has no bass drum.  (transfer full) */
TuneDuck *tune_duck_new(const TuneScore *score, guint rate, double amount);
void tune_duck_free(TuneDuck *self);
/* In place; @frame: where the block of @n frames (a multiple of TUNE_VOICE_GRID) lies in the piece. */
void tune_duck_process(TuneDuck *self, gint64 frame, float *left, float *right, gsize n);
