/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A chorus: each channel joined by a copy whose delay swings slowly, the two sides a quarter period
 * apart.  Blocks of TUNE_VOICE_GRID frames.
 */
#pragma once
#include <glib.h>

typedef struct TuneChorus TuneChorus;
/* @depth: 0..1.  (transfer full) */
TuneChorus *tune_chorus_new(guint rate, double depth);
void tune_chorus_free(TuneChorus *self);
/* In place, [n] each. */
void tune_chorus_process(TuneChorus *self, float *left, float *right, gsize n);
