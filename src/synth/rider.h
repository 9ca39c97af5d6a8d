/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The live master's hand on the fader.  It starts with the gain that the prediction asks for and compares,
 * every tenth of a second, all the energy that came out so far with what should have; the difference
 * is the error of the prediction, which it takes out slowly.  Since it compares with the piece's own
 * course, a quiet intro stays quiet.
 */
#pragma once
#include "synth/balance.h"
#include "synth/energy.h"

#define TUNE_RIDER_UNKNOWN_LUFS (-18.0) /* of a source that nothing is known about */

typedef struct {
    const double *expected; /* [n_expected] energy of each step in front of the rider's gain */
    gsize n_expected;
    double expected_lufs, wanted_lufs;
    double gain_db;                /* now */
    double gain;                   /* linear, where the last block ended */
    double bus_energy;             /* the bus's gain, squared */
    TuneEnergyCurve out;           /* what came out */
    gsize n_seen;
    double sum_out, sum_expected, prior;
} TuneRider;

/* @balance (nullable) is borrowed; @bus_gain_db: what comes between its mix and the rider. */
void tune_rider_init(TuneRider *self, guint rate, const TuneBalance *balance, double bus_gain_db,
                     double wanted_lufs);
void tune_rider_clear(TuneRider *self);
/* Apply the gain, in place. */
void tune_rider_apply(TuneRider *self, float *frames, gsize n);
/* What came out in the end (behind the limiter), to learn from. */
void tune_rider_hear(TuneRider *self, const float *frames, gsize n);
