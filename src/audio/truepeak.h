/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Peaks between the samples: 4 times oversampling (ITU-R BS.1770-4, annex 2) with the interpolator
 * that libebur128 uses, 49 taps of sinc under a Hann window, so that both find the same peaks.
 * Stereo.
 */
#pragma once
#include <glib.h>

#define TUNE_TRUE_PEAK_BLOCK 256

typedef struct {
    float past[2][24 + TUNE_TRUE_PEAK_BLOCK + 8]; /* per channel: 24 old samples, then the block */
    float peak;                                   /* the highest so far */
    guint delay; /* frames between a frame and its peak: 6, or 12 from 96 kHz on */
} TuneTruePeak;

void tune_true_peak_init(TuneTruePeak *self, guint rate);
/* @frames: [2 * n], n <= TUNE_TRUE_PEAK_BLOCK; @peaks: [n + 7], of which the first n get the
 * magnitude of the louder channel between the frames i-delay and i-delay+1, the first included. */
void tune_true_peak_block(TuneTruePeak *self, const float *frames, gsize n, float *peaks);
/* Any length; only self->peak is wanted. */
void tune_true_peak_feed(TuneTruePeak *self, const float *frames, gsize n);
