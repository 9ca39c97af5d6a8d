/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "synth/finish.h"
#include "synth/shape.h"
#include "synth/voice.h"
#include <string.h>

#define BLOCK TUNE_VOICE_GRID
#define TAIL_S 0.05

void tune_finish_init(TuneFinish *self, const TunePatch *patch, guint rate)
{
    memset(self, 0, sizeof *self);
    self->patch = patch;
    self->rate = rate;
    self->gain = -1.0f;
    if (patch->ensemble > 0)
        self->ensemble = tune_chorus_new(rate, patch->ensemble);
    if (patch->low_pass_hz > 0)
        self->low_pass_g = tune_svf_g(patch->low_pass_hz, rate);
    if (patch->crush_hz > 0 && patch->crush_hz < rate)
        self->crush_step = tune_wave_step(MIN(0.49, patch->crush_hz / rate));
    self->tail = (guint)(TAIL_S * rate);
    self->quiet = self->tail;
}

void tune_finish_clear(TuneFinish *self)
{
    g_clear_pointer(&self->ensemble, tune_chorus_free);
}

/* Towards the nearest of 2^bits steps; the half keeps silence silent. */
static float coarse(float x, float steps)
{
    float scaled = x * steps;

    return (float)(gint)(scaled + (scaled < 0 ? -0.5f : 0.5f)) / steps;
}

static void crush(TuneFinish *self, float *left, float *right)
{
    float steps = self->patch->bits > 0 ? (float)(1u << (self->patch->bits - 1)) : 32768.0f;

    for (guint k = 0; k < BLOCK; k++) {
        guint32 next = self->crush_phase + self->crush_step;

        if (self->crush_step == 0 || next < self->crush_phase) {
            self->crushed[0] = coarse(CLAMP(left[k], -2.0f, 2.0f), steps);
            self->crushed[1] = coarse(CLAMP(right[k], -2.0f, 2.0f), steps);
        }
        self->crush_phase = next;
        left[k] = self->crushed[0];
        right[k] = self->crushed[1];
    }
}

static void scale(TuneFinish *self, float to, float *restrict left, float *restrict right)
{
    float from = self->gain < 0 ? to : self->gain, step = (to - from) / BLOCK;

    for (guint k = 0; k < BLOCK; k++) {
        left[k] *= from + step * (float)(k + 1);
        right[k] *= from + step * (float)(k + 1);
    }
    self->gain = to;
}

static void one_block(TuneFinish *self, float hands, float *left, float *right)
{
    const TunePatch *patch = self->patch;

    if (patch->drive > 0) {
        tune_shape_drive(left, (float)patch->drive, BLOCK);
        tune_shape_drive(right, (float)patch->drive, BLOCK);
    }
    if (patch->bits > 0 || self->crush_step > 0)
        crush(self, left, right);
    if (self->low_pass_g > 0)
        tune_svf_process(&self->low_pass, TUNE_FILTER_LOW12, self->low_pass_g, 0, left, right, BLOCK);
    scale(self, hands * (float)patch->level, left, right);
    if (self->ensemble != NULL)
        tune_chorus_process(self->ensemble, left, right, BLOCK);
}

void tune_finish_process(TuneFinish *self, float hands, float *left, float *right, gsize n,
                         gboolean silent_in)
{
    self->quiet = silent_in ? self->quiet + (guint)n : 0;
    for (gsize at = 0; at < n; at += BLOCK)
        one_block(self, hands, left + at, right + at);
}

gboolean tune_finish_is_silent(const TuneFinish *self)
{
    return self->quiet >= self->tail;
}
