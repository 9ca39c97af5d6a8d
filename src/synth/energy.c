/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "synth/energy.h"
#include "audio/decibel.h"
#include <string.h>

#define CHUNK 512
#define ABSOLUTE_GATE 1.1724653045822981e-07 /* energy at -70 LUFS */
#define RELATIVE_GATE 0.1                    /* 10 LU */
#define LOG2_10_TENTH 0.33219280948873623

double tune_energy_to_lufs(double energy)
{
    return energy <= ABSOLUTE_GATE ? -70.0 : tune_log2(energy) / LOG2_10_TENTH - 0.691;
}

double tune_energy_of_lufs(double lufs)
{
    return lufs <= -70.0 ? 0 : tune_exp2((lufs + 0.691) * LOG2_10_TENTH);
}

static double plain_mean(const double *steps, gsize n)
{
    double sum = 0;

    for (gsize i = 0; i < n; i++)
        sum += steps[i];
    return n > 0 ? sum / (double)n : 0;
}

double tune_energy_integrated_lufs(const double *steps, gsize n)
{
    double gate = ABSOLUTE_GATE, mean = 0;

    if (n < 4)
        return tune_energy_to_lufs(plain_mean(steps, n));
    for (gint pass = 0; pass < 2; pass++) {
        double sum = 0;
        gsize n_windows = 0;

        for (gsize i = 3; i < n; i++) {
            double window = (steps[i - 3] + steps[i - 2] + steps[i - 1] + steps[i]) / 4;

            if (window > gate) {
                sum += window;
                n_windows++;
            }
        }
        mean = n_windows > 0 ? sum / (double)n_windows : 0;
        gate = MAX(ABSOLUTE_GATE, mean * RELATIVE_GATE);
    }
    return tune_energy_to_lufs(mean);
}

/* BS.1770-4's two filters for any rate: the analogue prototypes behind its table for 48 kHz, by the
 * bilinear transform (their parameters are those that libebur128 uses). */
static void set_k_weighting(TuneEnergyCurve *self, guint rate)
{
    double x = 1681.974450955533 / rate, q = 0.7071752369554196;
    double k = tune_sin_pi(x) / tune_cos_pi(x), d = 1.0 + k / q + k * k;
    double high = 1.584864701130855, middle = 1.258720930232562;

    self->shelf = (TuneBiquad){.b0 = (high + middle * k / q + k * k) / d,
                               .b1 = 2.0 * (k * k - high) / d,
                               .b2 = (high - middle * k / q + k * k) / d,
                               .a1 = 2.0 * (k * k - 1.0) / d,
                               .a2 = (1.0 - k / q + k * k) / d};
    x = 38.13547087602444 / rate;
    q = 0.5003270373238773;
    k = tune_sin_pi(x) / tune_cos_pi(x);
    d = 1.0 + k / q + k * k;
    self->low_cut = (TuneBiquad){.b0 = 1.0, .b1 = -2.0, .b2 = 1.0,
                                 .a1 = 2.0 * (k * k - 1.0) / d,
                                 .a2 = (1.0 - k / q + k * k) / d};
}

void tune_energy_curve_init(TuneEnergyCurve *self, guint rate)
{
    memset(self, 0, sizeof *self);
    set_k_weighting(self, rate);
    self->step_frames = rate / TUNE_ENERGY_STEPS_PER_SECOND;
    self->steps = g_array_new(FALSE, FALSE, sizeof(double));
}

void tune_energy_curve_clear(TuneEnergyCurve *self)
{
    g_clear_pointer(&self->steps, g_array_unref);
}

void tune_energy_curve_feed(TuneEnergyCurve *self, const float *frames, gsize n)
{
    float chunk[2 * CHUNK];

    while (n > 0) {
        gsize now = MIN(MIN(n, CHUNK), self->step_frames - self->in_step);

        memcpy(chunk, frames, 2 * now * sizeof *chunk);
        tune_biquad_process(&self->shelf, chunk, now);
        tune_biquad_process(&self->low_cut, chunk, now);
        double sum = 0;

        for (gsize i = 0; i < 2 * now; i++)
            sum += (double)chunk[i] * (double)chunk[i];
        self->sum += sum;
        self->in_step += (guint)now;
        frames += 2 * now;
        n -= now;
        if (self->in_step == self->step_frames) {
            double mean = self->sum / self->step_frames;

            g_array_append_val(self->steps, mean);
            self->sum = 0;
            self->in_step = 0;
        }
    }
}

void tune_energy_curve_finish(TuneEnergyCurve *self)
{
    if (2 * self->in_step < self->step_frames)
        return;
    double mean = self->sum / self->in_step;

    g_array_append_val(self->steps, mean);
    self->sum = 0;
    self->in_step = 0;
}
