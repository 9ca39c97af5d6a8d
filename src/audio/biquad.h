/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Second-order filters after R. Bristow-Johnson's "Cookbook formulae for audio EQ biquad filter
 * coefficients", transposed direct form II in double.  Plain values; no latency; the result does
 * not depend on how the calls are cut up.
 *
 *     TuneBiquad high_pass;
 *     tune_biquad_init(&high_pass, TUNE_BIQUAD_HIGH_PASS, 44100, 30.0, 0.7071, 0.0);
 *     tune_biquad_process(&high_pass, frames, n);
 */
#pragma once
#include <glib.h>

typedef enum {
    TUNE_BIQUAD_LOW_PASS,
    TUNE_BIQUAD_HIGH_PASS,
    TUNE_BIQUAD_BAND_PASS, /* 0 dB at the centre */
    TUNE_BIQUAD_NOTCH,
    TUNE_BIQUAD_PEAK,
    TUNE_BIQUAD_LOW_SHELF,
    TUNE_BIQUAD_HIGH_SHELF,
} TuneBiquadKind;

typedef struct {
    double b0, b1, b2, a1, a2;
    double z1[2], z2[2]; /* state, per channel */
} TuneBiquad;

/* @hz: limited to 0.1 .. 0.49 of the rate; @q: > 0, 0.7071 has no bump; @gain_db: peak and shelves.
 */
void tune_biquad_init(TuneBiquad *self, TuneBiquadKind kind, guint rate, double hz, double q,
                      double gain_db);
/* Other coefficients, same state: for slow sweeps. */
void tune_biquad_retune(TuneBiquad *self, TuneBiquadKind kind, guint rate, double hz, double q,
                        double gain_db);
/* @frames: [2 * n] interleaved stereo, in place. */
void tune_biquad_process(TuneBiquad *self, float *frames, gsize n);
/* @samples: [n], in place; uses the first channel's state. */
void tune_biquad_process_mono(TuneBiquad *self, float *samples, gsize n);
/* |H| at @hz, for tests and drawings. */
double tune_biquad_gain_at(const TuneBiquad *self, guint rate, double hz);

/* Takes away a constant offset: one pole at @hz (5 is usual), 6 dB an octave. */
typedef struct {
    double pole;
    double last_in[2], last_out[2];
} TuneDcBlocker;
void tune_dc_blocker_init(TuneDcBlocker *self, guint rate, double hz);
void tune_dc_blocker_process(TuneDcBlocker *self, float *frames, gsize n);
