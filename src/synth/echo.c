/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "synth/echo.h"
#include "synth/ring.h"
#include <math.h>

#define BLOCK TUNE_VOICE_GRID
#define ASLEEP 1e-5f

struct TuneEcho {
    TuneRing ring[2];
    guint delay;
    float feedback;
    gboolean asleep;
    guint quiet_blocks, longest_blocks;
};

TuneEcho *tune_echo_new(guint rate, double seconds, double feedback)
{
    TuneEcho *self = g_new0(TuneEcho, 1);

    self->delay = MAX(BLOCK, (guint)(CLAMP(seconds, 0.02, 2.0) * rate + 0.5));
    self->feedback = (float)CLAMP(feedback, 0.0, 0.8);
    for (guint c = 0; c < 2; c++)
        tune_ring_init(&self->ring[c], self->delay);
    self->longest_blocks = self->delay / BLOCK + 2;
    self->asleep = TRUE;
    return self;
}

void tune_echo_free(TuneEcho *self)
{
    if (self == NULL)
        return;
    for (guint c = 0; c < 2; c++)
        tune_ring_free(&self->ring[c]);
    g_free(self);
}

gboolean tune_echo_is_asleep(const TuneEcho *self)
{
    return self->asleep;
}

/* One channel's echo of a block, through a three-tap low-pass. */
static void repeat(const TuneEcho *self, guint channel, float *restrict echo)
{
    const float *restrict old = tune_ring_read(&self->ring[channel], self->delay);

    for (guint k = 0; k < BLOCK; k++)
        echo[k] = 0.25f * old[(gint)k - 2] + 0.5f * old[(gint)k - 1] + 0.25f * old[k];
}

static float peak_of(float echo[2][BLOCK])
{
    float peak = 0;

    for (guint k = 0; k < BLOCK; k++)
        peak = MAX(peak, MAX(fabsf(echo[0][k]), fabsf(echo[1][k])));
    return peak;
}

void tune_echo_process(TuneEcho *self, const float *left, const float *right, float *out_left,
                       float *out_right, gsize n, gboolean silent_in)
{
    if (silent_in && self->asleep)
        return;
    self->asleep = FALSE;
    for (gsize at = 0; at < n; at += BLOCK) {
        float echo[2][BLOCK], next[2][BLOCK];

        repeat(self, 0, echo[0]);
        repeat(self, 1, echo[1]);
        for (guint k = 0; k < BLOCK; k++) {
            out_left[at + k] += echo[0][k];
            out_right[at + k] += echo[1][k];
            next[0][k] = left[at + k] + self->feedback * echo[1][k];
            next[1][k] = right[at + k] + self->feedback * echo[0][k];
        }
        tune_ring_write(&self->ring[0], next[0]);
        tune_ring_write(&self->ring[1], next[1]);
        self->quiet_blocks = silent_in && peak_of(echo) < ASLEEP ? self->quiet_blocks + 1 : 0;
        if (self->quiet_blocks > self->longest_blocks) {
            tune_ring_clear(&self->ring[0]);
            tune_ring_clear(&self->ring[1]);
            self->asleep = TRUE;
            self->quiet_blocks = 0;
            break;
        }
    }
}
