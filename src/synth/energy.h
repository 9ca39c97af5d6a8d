/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Loudness over time after ITU-R BS.1770-4: K-weighted energy in steps of 0.1 s, and the gated mean over
 * any such row of steps, whether measured here or foretold from a score (synth/balance.h).  libebur128
 * gives the same integrated loudness but not its steps, which the master needs to foresee what a gain
 * and the limiter will do.
 */
#pragma once
#include "audio/biquad.h"

#define TUNE_ENERGY_STEPS_PER_SECOND 10

/* Integrated loudness of @n steps: windows of four, gated at -70 LUFS and 10 LU below the mean.
 * Shorter than one window: their mean.  -70 for silence. */
double tune_energy_integrated_lufs(const double *steps, gsize n);
double tune_energy_to_lufs(double energy); /* not below -70 */
double tune_energy_of_lufs(double lufs);

typedef struct {
    TuneBiquad shelf, low_cut; /* the K-weighting */
    guint step_frames, in_step;
    double sum;
    GArray *steps; /* double */
} TuneEnergyCurve;

void tune_energy_curve_init(TuneEnergyCurve *self, guint rate);
void tune_energy_curve_clear(TuneEnergyCurve *self);
/* @frames: [2 * n] interleaved stereo; not changed. */
void tune_energy_curve_feed(TuneEnergyCurve *self, const float *frames, gsize n);
/* The last, incomplete step, if it is at least half full. */
void tune_energy_curve_finish(TuneEnergyCurve *self);
