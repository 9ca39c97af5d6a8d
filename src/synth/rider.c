/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "synth/rider.h"
#include "audio/decibel.h"

#define PRIOR_STEPS 30       /* the prediction counts as much as three seconds heard */
#define MAX_MOVE_DB 0.06     /* a step: 0.6 dB a second */
#define MAX_ERROR_DB 12.0

void tune_rider_init(TuneRider *self, guint rate, const TuneBalance *balance, double bus_gain_db,
                     double wanted_lufs)
{
    *self = (TuneRider){.wanted_lufs = wanted_lufs, .expected_lufs = TUNE_RIDER_UNKNOWN_LUFS};
    if (balance != NULL && balance->mix_lufs > -70) {
        self->expected = balance->mix_steps;
        self->n_expected = balance->n_steps;
        self->expected_lufs = balance->mix_lufs + bus_gain_db;
    }
    self->bus_energy = tune_exp2(bus_gain_db * 0.33219280948873623);
    self->gain_db = wanted_lufs - self->expected_lufs;
    self->gain = tune_db_to_gain(self->gain_db);
    self->prior = PRIOR_STEPS * tune_energy_of_lufs(wanted_lufs);
    tune_energy_curve_init(&self->out, rate);
}

void tune_rider_clear(TuneRider *self)
{
    tune_energy_curve_clear(&self->out);
}

/* What the step should have come out as, had the prediction been right. */
static double expected_of(const TuneRider *self, gsize step)
{
    double energy = self->expected != NULL && step < self->n_expected
                        ? self->expected[step] * self->bus_energy
                        : 0;

    return energy * tune_exp2(self->gain_db * 0.33219280948873623);
}

/* Learn from the steps that are complete by now. */
static void learn(TuneRider *self)
{
    for (; self->n_seen < self->out.steps->len; self->n_seen++) {
        if (self->expected == NULL)
            self->sum_expected += tune_energy_of_lufs(self->wanted_lufs);
        else
            self->sum_expected += expected_of(self, self->n_seen);
        self->sum_out += g_array_index(self->out.steps, double, self->n_seen);
        double error_db = 3.0102999566398120 *
                          tune_log2((self->sum_out + self->prior) /
                                    (self->sum_expected + self->prior));

        error_db = CLAMP(error_db, -MAX_ERROR_DB, MAX_ERROR_DB);
        double wanted = self->wanted_lufs - self->expected_lufs - error_db;

        self->gain_db += CLAMP(wanted - self->gain_db, -MAX_MOVE_DB, MAX_MOVE_DB);
    }
}

void tune_rider_apply(TuneRider *self, float *frames, gsize n)
{
    double to = tune_db_to_gain(self->gain_db);
    double step = n > 0 ? (to - self->gain) / (double)n : 0;

    for (gsize i = 0; i < n; i++) {
        float gain = (float)(self->gain + step * (double)i);

        frames[2 * i] *= gain;
        frames[2 * i + 1] *= gain;
    }
    self->gain = to;
}

void tune_rider_hear(TuneRider *self, const float *frames, gsize n)
{
    tune_energy_curve_feed(&self->out, frames, n);
    learn(self);
}
