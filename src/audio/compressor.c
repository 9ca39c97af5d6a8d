/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "audio/compressor.h"

#include <string.h>
#include "audio/decibel.h"

#define STEP          16u
#define LEVEL_SECONDS 0.010

void tune_compressor_init(TuneCompressor *self, guint rate, const TuneCompressorConfig *config)
{
    g_return_if_fail(rate > 0 && config->ratio >= 1.0);
    double steps = (double)rate / STEP;

    memset(self, 0, sizeof *self);
    self->config = *config;
    self->level_pole = tune_smoothing(LEVEL_SECONDS, steps);
    self->attack = tune_smoothing(config->attack_s, steps);
    self->release = tune_smoothing(config->release_s, steps);
    self->gain = (float)tune_db_to_gain(config->makeup_db);
}

/* Decibels to take away at @level_db: a parabola within the knee, a line above it. */
static double wanted_reduction(const TuneCompressorConfig *config, double level_db)
{
    double over = level_db - config->threshold_db, slope = 1.0 - 1.0 / config->ratio;
    double half = config->knee_db / 2.0;

    if (over <= -half)
        return 0.0;
    if (over < half)
        return slope * (over + half) * (over + half) / (4.0 * half);
    return slope * over;
}

/* After each STEP frames: the next point of the gain's line. */
static void advance(TuneCompressor *self)
{
    double square = (double)MAX(self->sum[0], self->sum[1]) / STEP;

    self->level += (square - self->level) * self->level_pole;
    if (self->level < 1e-30)
        self->level = 0.0;
    double level_db =
        self->level > 1e-12 ? tune_log2(self->level) * 3.01029995663981195214 : TUNE_SILENT_DB;
    double wanted = wanted_reduction(&self->config, level_db);
    double speed = wanted > self->reduction_db ? self->attack : self->release;
    self->reduction_db += (wanted - self->reduction_db) * speed;
    if (self->reduction_db < 1e-6)
        self->reduction_db = 0.0;
    self->deepest_db = MAX(self->deepest_db, self->reduction_db);
    float target = (float)tune_db_to_gain(self->config.makeup_db - self->reduction_db);
    self->step = (target - self->gain) / STEP;
    self->sum[0] = self->sum[1] = 0.0f;
    self->count = 0;
}

void tune_compressor_process_keyed(TuneCompressor *self, float *frames, const float *key, gsize n)
{
    for (gsize i = 0; i < n;) {
        gsize piece = MIN(n - i, (gsize)(STEP - self->count));
        float left = self->sum[0], right = self->sum[1], gain = self->gain;

        for (gsize end = i + piece; i < end; i++) {
            left += key[2 * i] * key[2 * i];
            right += key[2 * i + 1] * key[2 * i + 1];
            gain += self->step;
            frames[2 * i] *= gain;
            frames[2 * i + 1] *= gain;
        }
        self->sum[0] = left;
        self->sum[1] = right;
        self->gain = gain;
        self->count += (guint)piece;
        if (self->count == STEP)
            advance(self);
    }
}

void tune_compressor_process(TuneCompressor *self, float *frames, gsize n)
{
    tune_compressor_process_keyed(self, frames, frames, n);
}
