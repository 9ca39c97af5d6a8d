/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "audio/biquad.h"

#include <complex.h>
#include <math.h>
#include <string.h>
#include "audio/decibel.h"

/* Below this a state cannot change a float any more; without it the decay would run into denormal
 * numbers, which are slow. */
#define NOTHING 1e-200

void tune_biquad_init(TuneBiquad *self, TuneBiquadKind kind, guint rate, double hz, double q,
                      double gain_db)
{
    memset(self, 0, sizeof *self);
    tune_biquad_retune(self, kind, rate, hz, q, gain_db);
}

static void set(TuneBiquad *self, double b0, double b1, double b2, double a0, double a1, double a2)
{
    self->b0 = b0 / a0;
    self->b1 = b1 / a0;
    self->b2 = b2 / a0;
    self->a1 = a1 / a0;
    self->a2 = a2 / a0;
}

/* @sign: 1 for the low shelf; -1 mirrors it into the high shelf. */
static void set_shelf(TuneBiquad *self, double sign, double a, double c, double alpha)
{
    double p = a + 1.0, m = a - 1.0, r = 2.0 * sqrt(a) * alpha;

    c *= sign;
    set(self, a * (p - m * c + r), sign * 2.0 * a * (m - p * c), a * (p - m * c - r), p + m * c + r,
        sign * -2.0 * (m + p * c), p + m * c - r);
}

void tune_biquad_retune(TuneBiquad *self, TuneBiquadKind kind, guint rate, double hz, double q,
                        double gain_db)
{
    g_return_if_fail(rate > 0 && q > 0.0);
    double w = 2.0 * CLAMP(hz, 0.1, 0.49 * rate) / rate; /* in units of pi */
    double c = tune_cos_pi(w), alpha = tune_sin_pi(w) / (2.0 * q);
    double a = tune_db_to_gain(gain_db / 2.0);

    switch (kind) {
    case TUNE_BIQUAD_LOW_PASS:
        set(self, (1 - c) / 2, 1 - c, (1 - c) / 2, 1 + alpha, -2 * c, 1 - alpha);
        break;
    case TUNE_BIQUAD_HIGH_PASS:
        set(self, (1 + c) / 2, -1 - c, (1 + c) / 2, 1 + alpha, -2 * c, 1 - alpha);
        break;
    case TUNE_BIQUAD_BAND_PASS:
        set(self, alpha, 0, -alpha, 1 + alpha, -2 * c, 1 - alpha);
        break;
    case TUNE_BIQUAD_NOTCH:
        set(self, 1, -2 * c, 1, 1 + alpha, -2 * c, 1 - alpha);
        break;
    case TUNE_BIQUAD_PEAK:
        set(self, 1 + alpha * a, -2 * c, 1 - alpha * a, 1 + alpha / a, -2 * c, 1 - alpha / a);
        break;
    case TUNE_BIQUAD_LOW_SHELF:
        set_shelf(self, 1.0, a, c, alpha);
        break;
    case TUNE_BIQUAD_HIGH_SHELF:
        set_shelf(self, -1.0, a, c, alpha);
        break;
    }
}

static void drop_nothing(TuneBiquad *self)
{
    for (gsize c = 0; c < 2; c++)
        if (fabs(self->z1[c]) < NOTHING && fabs(self->z2[c]) < NOTHING)
            self->z1[c] = self->z2[c] = 0.0;
}

void tune_biquad_process(TuneBiquad *self, float *frames, gsize n)
{
    /* Both channels side by side in one vector. */
    typedef double Pair __attribute__((vector_size(16)));
    const double b0 = self->b0, b1 = self->b1, b2 = self->b2, a1 = self->a1, a2 = self->a2;
    Pair z1 = {self->z1[0], self->z1[1]}, z2 = {self->z2[0], self->z2[1]};

    for (gsize i = 0; i < n; i++) {
        Pair x = {frames[2 * i], frames[2 * i + 1]};
        Pair y = b0 * x + z1;

        z1 = (b1 * x + z2) - a1 * y;
        z2 = b2 * x - a2 * y;
        frames[2 * i] = (float)y[0];
        frames[2 * i + 1] = (float)y[1];
    }
    for (gsize c = 0; c < 2; c++) {
        self->z1[c] = z1[c];
        self->z2[c] = z2[c];
    }
    drop_nothing(self);
}

void tune_biquad_process_mono(TuneBiquad *self, float *samples, gsize n)
{
    const double b0 = self->b0, b1 = self->b1, b2 = self->b2, a1 = self->a1, a2 = self->a2;
    double z1 = self->z1[0], z2 = self->z2[0];

    for (gsize i = 0; i < n; i++) {
        double x = samples[i], y = b0 * x + z1;

        z1 = (b1 * x + z2) - a1 * y;
        z2 = b2 * x - a2 * y;
        samples[i] = (float)y;
    }
    self->z1[0] = z1;
    self->z2[0] = z2;
    drop_nothing(self);
}

double tune_biquad_gain_at(const TuneBiquad *self, guint rate, double hz)
{
    double complex z = cexp(-I * 2.0 * G_PI * hz / rate);

    return cabs((self->b0 + z * (self->b1 + z * self->b2)) / (1.0 + z * (self->a1 + z * self->a2)));
}

void tune_dc_blocker_init(TuneDcBlocker *self, guint rate, double hz)
{
    memset(self, 0, sizeof *self);
    self->pole = 1.0 - tune_smoothing(1.0 / (2.0 * G_PI * hz), rate);
}

void tune_dc_blocker_process(TuneDcBlocker *self, float *frames, gsize n)
{
    const double pole = self->pole;

    for (gsize c = 0; c < 2; c++) {
        double in = self->last_in[c], out = self->last_out[c];

        for (gsize i = 0; i < n; i++) {
            double x = frames[2 * i + c];

            out = x - in + pole * out;
            in = x;
            frames[2 * i + c] = (float)out;
        }
        self->last_in[c] = in;
        self->last_out[c] = fabs(out) < NOTHING ? 0.0 : out;
    }
}
