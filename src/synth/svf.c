/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "synth/svf.h"
#include "audio/decibel.h"
#include <string.h>

#define TINY 1e-15f

void tune_svf_clear(TuneSvf *self)
{
    memset(self, 0, sizeof *self);
}

float tune_svf_g(double hz, guint rate)
{
    double x = CLAMP(hz / rate, 0.0002, 0.46);

    return (float)(tune_sin_pi(x) / tune_cos_pi(x));
}

/* What the vectors are mixed from: how much of low, band and high each kind takes. */
typedef struct {
    float low, band, input;
} Taps;

static inline __attribute__((always_inline)) TuneQuad clip(TuneQuad x)
{
    /* x (27 + x^2) / (27 + 9 x^2) within -3..3. */
    for (gint i = 0; i < 4; i++)
        x[i] = CLAMP(x[i], -3.0f, 3.0f);
    return x * (27.0f + x * x) / (27.0f + 9.0f * x * x);
}

static inline __attribute__((always_inline)) void run(TuneSvf *self, float g_to, TuneQuad k, Taps taps,
                                                      gboolean steep, gboolean saturates,
                                                      float *left, float *right, gsize n)
{
    TuneQuad one = self->one, two = self->two, between = self->between;
    float g = self->g > 0 ? self->g : g_to, move = (g_to - g) / (float)n;

    for (gsize i = 0; i < n; i++) {
        g += move;
        TuneQuad a1 = 1.0f / (1.0f + g * (g + k)), a2 = g * a1;
        TuneQuad in = {left[i], right[i], between[0], between[1]};
        TuneQuad v3 = in - two;
        TuneQuad v1 = a1 * one + a2 * v3;
        TuneQuad v2 = two + a2 * one + g * a2 * v3;

        one = 2.0f * v1 - one;
        two = 2.0f * v2 - two;
        if (saturates)
            one = clip(one);
        TuneQuad out = taps.low * v2 + taps.band * k * v1 + taps.input * (in - k * v1 - v2);

        between = out;
        left[i] = steep ? out[2] : out[0];
        right[i] = steep ? out[3] : out[1];
    }
    self->one = one;
    self->two = two;
    self->between = between;
    self->g = g_to;
}

/* Keep denormal numbers out of the rests of decayed sounds. */
static void flush(TuneSvf *self)
{
    for (gint i = 0; i < 4; i++) {
        self->one[i] = self->one[i] > -TINY && self->one[i] < TINY ? 0 : self->one[i];
        self->two[i] = self->two[i] > -TINY && self->two[i] < TINY ? 0 : self->two[i];
    }
}

void tune_svf_process(TuneSvf *self, TuneFilterKind kind, float g, double resonance, float *left,
                      float *right, gsize n)
{
    /* 1 / Q; the first stage of a steep filter is a Butterworth's broad one. */
    float k = (float)(1.41421356 - 1.36 * CLAMP(resonance, 0.0, 1.0));
    TuneQuad single = {k, k, k, k}, steep = {1.7f, 1.7f, k, k};

    switch (kind) {
    case TUNE_FILTER_NONE:
        return;
    case TUNE_FILTER_LOW12:
        run(self, g, single, (Taps){1, 0, 0}, FALSE, FALSE, left, right, n);
        break;
    case TUNE_FILTER_LOW24:
        run(self, g, steep, (Taps){1, 0, 0}, TRUE, FALSE, left, right, n);
        break;
    case TUNE_FILTER_HIGH12:
        run(self, g, single, (Taps){0, 0, 1}, FALSE, FALSE, left, right, n);
        break;
    case TUNE_FILTER_HIGH24:
        run(self, g, steep, (Taps){0, 0, 1}, TRUE, FALSE, left, right, n);
        break;
    case TUNE_FILTER_BAND:
        run(self, g, single, (Taps){0, 1, 0}, FALSE, FALSE, left, right, n);
        break;
    case TUNE_FILTER_ACID:
        run(self, g, steep, (Taps){1, 0, 0}, TRUE, TRUE, left, right, n);
        break;
    }
    flush(self);
}
