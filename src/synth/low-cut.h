/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * High-pass of both channels at once, 12 dB an octave (a second-order Butterworth): audio/biquad.h's
 * filter on planar sound, the two channels in one vector.  A plain value.
 */
#pragma once
#include <glib.h>

typedef double TunePair __attribute__((vector_size(16)));

typedef struct {
    double b0, b1, a1, a2; /* b2 = b0 */
    double z1[2], z2[2];
} TuneLowCut;

void tune_low_cut_init(TuneLowCut *self, guint rate, double hz);
void tune_low_cut_clear(TuneLowCut *self);
/* From @in to @out, [n] each; they may be the same. */
void tune_low_cut_process(TuneLowCut *self, const float *in_left, const float *in_right, float *out_left,
                          float *out_right, gsize n);
