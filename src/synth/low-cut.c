/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "synth/low-cut.h"
#include "audio/biquad.h"
#include <string.h>

#define BUTTERWORTH 0.70710678

void tune_low_cut_init(TuneLowCut *self, guint rate, double hz)
{
    TuneBiquad biquad;

    tune_biquad_init(&biquad, TUNE_BIQUAD_HIGH_PASS, rate, hz, BUTTERWORTH, 0);
    *self = (TuneLowCut){.b0 = biquad.b0, .b1 = biquad.b1, .a1 = biquad.a1, .a2 = biquad.a2};
}

void tune_low_cut_clear(TuneLowCut *self)
{
    memset(self->z1, 0, sizeof self->z1);
    memset(self->z2, 0, sizeof self->z2);
}

void tune_low_cut_process(TuneLowCut *self, const float *in_left, const float *in_right, float *out_left,
                          float *out_right, gsize n)
{
    TunePair z1 = {self->z1[0], self->z1[1]}, z2 = {self->z2[0], self->z2[1]};

    for (gsize i = 0; i < n; i++) {
        TunePair x = {(double)in_left[i], (double)in_right[i]};
        TunePair y = self->b0 * x + z1;

        z1 = self->b1 * x - self->a1 * y + z2;
        z2 = self->b0 * x - self->a2 * y;
        out_left[i] = (float)y[0];
        out_right[i] = (float)y[1];
    }
    /* Far below anything audible: keep denormal numbers out. */
    for (gint c = 0; c < 2; c++) {
        self->z1[c] = z1[c] > -1e-30 && z1[c] < 1e-30 ? 0 : z1[c];
        self->z2[c] = z2[c] > -1e-30 && z2[c] < 1e-30 ? 0 : z2[c];
    }
}
