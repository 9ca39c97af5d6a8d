/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "synth/chorus.h"
#include "audio/decibel.h"
#include "synth/ring.h"

#define BLOCK TUNE_VOICE_GRID
#define SPEED_HZ 0.61
#define MIDDLE_SECONDS 0.015
#define SWING_SECONDS 0.0035

struct TuneChorus {
    float *line[2]; /* [size] */
    guint mask, at;
    double middle, swing; /* frames */
    double phase, step;   /* -1..1 is one period; per block */
    double delay[2];      /* at the end of the last block */
    float dry, wet;
};

TuneChorus *tune_chorus_new(guint rate, double depth)
{
    TuneChorus *self = g_new0(TuneChorus, 1);
    guint size = 64;

    depth = CLAMP(depth, 0.0, 1.0);
    self->middle = MIDDLE_SECONDS * rate;
    self->swing = SWING_SECONDS * (0.4 + 0.6 * depth) * rate;
    while (size < (guint)(self->middle + self->swing) + BLOCK + 2)
        size *= 2;
    self->mask = size - 1;
    for (guint c = 0; c < 2; c++) {
        self->line[c] = g_new0(float, size);
        self->delay[c] = self->middle;
    }
    self->step = 2.0 * SPEED_HZ * BLOCK / rate;
    self->dry = (float)(1.0 - 0.25 * depth);
    self->wet = (float)(0.65 * depth);
    return self;
}

void tune_chorus_free(TuneChorus *self)
{
    if (self == NULL)
        return;
    g_free(self->line[0]);
    g_free(self->line[1]);
    g_free(self);
}

/* One block of one channel; the delay moves on a line from @from to @to. */
static void swing(TuneChorus *self, float *line, float *x, double from, double to)
{
    float delay = (float)from, move = (float)((to - from) / BLOCK);

    for (guint k = 0; k < BLOCK; k++) {
        guint now = (self->at + k) & self->mask;

        line[now] = x[k];
        float d = delay + move * (float)k;
        guint whole = (guint)d;
        float part = d - (float)whole;
        float a = line[(now - whole) & self->mask], b = line[(now - whole - 1) & self->mask];

        x[k] = self->dry * x[k] + self->wet * (a + part * (b - a));
    }
}

void tune_chorus_process(TuneChorus *self, float *left, float *right, gsize n)
{
    float *channels[2] = {left, right};

    for (gsize at = 0; at < n; at += BLOCK) {
        self->phase += self->step;
        if (self->phase > 1.0)
            self->phase -= 2.0;
        double angle[2] = {tune_sin_pi(self->phase), tune_cos_pi(self->phase)};

        for (guint c = 0; c < 2; c++) {
            double to = self->middle + self->swing * angle[c];

            swing(self, self->line[c], channels[c] + at, self->delay[c], to);
            self->delay[c] = to;
        }
        self->at = (self->at + BLOCK) & self->mask;
    }
}
