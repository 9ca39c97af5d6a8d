/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "synth/channel.h"
#include "audio/biquad.h"
#include "audio/compressor.h"
#include <math.h>

#define CHUNK 512
#define LOW_HZ 160.0
#define MIDDLE_HZ 1000.0 /* when the style names none */
#define HIGH_HZ 5000.0
#define SHELF_Q 0.70710678
#define BELL_Q 0.9
#define PART_DB (-22.0)  /* level of a part at level_db 0, as synth/balance.c makes it */
#define LEAST_DB 0.05

struct TuneChannel {
    TuneBiquad bands[3];
    guint n_bands;
    gboolean compresses;
    TuneCompressor compressor;
    float frames[2 * CHUNK];
};

/* From peaks only, two to one, to the whole sound, four to one. */
static void set_compressor(TuneChannel *self, const TuneTrackMix *mix, guint rate)
{
    double amount = CLAMP(mix->compress, 0.0, 1.0);
    TuneCompressorConfig config = TUNE_COMPRESSOR_CONFIG_DEFAULT;

    config.ratio = 2.0 + 2.0 * amount;
    config.threshold_db = PART_DB + mix->level_db + 4.0 - 14.0 * amount;
    config.attack_s = 0.012;
    config.release_s = 0.12;
    /* What a sound as loud as the part is on average loses. */
    config.makeup_db = MAX(0.0, 14.0 * amount - 4.0) * (1.0 - 1.0 / config.ratio);
    tune_compressor_init(&self->compressor, rate, &config);
    self->compresses = TRUE;
}

static void add_band(TuneChannel *self, TuneBiquadKind kind, guint rate, double hz, double q,
                     double gain_db)
{
    if (fabs(gain_db) >= LEAST_DB)
        tune_biquad_init(&self->bands[self->n_bands++], kind, rate, MIN(hz, 0.45 * rate), q, gain_db);
}

TuneChannel *tune_channel_new(const TuneTrackMix *mix, guint rate)
{
    TuneChannel *self = g_new0(TuneChannel, 1);

    add_band(self, TUNE_BIQUAD_LOW_SHELF, rate, LOW_HZ, SHELF_Q, mix->low_db);
    add_band(self, TUNE_BIQUAD_PEAK, rate, mix->mid_hz > 0 ? mix->mid_hz : MIDDLE_HZ, BELL_Q, mix->mid_db);
    add_band(self, TUNE_BIQUAD_HIGH_SHELF, rate, HIGH_HZ, SHELF_Q, mix->high_db);
    if (mix->compress > 0)
        set_compressor(self, mix, rate);
    if (self->n_bands > 0 || self->compresses)
        return self;
    g_free(self);
    return NULL;
}

void tune_channel_free(TuneChannel *self)
{
    g_free(self);
}

void tune_channel_process(TuneChannel *self, float *left, float *right, gsize n)
{
    for (gsize at = 0; at < n; at += CHUNK) {
        gsize now = MIN(CHUNK, n - at);

        for (gsize i = 0; i < now; i++) {
            self->frames[2 * i] = left[at + i];
            self->frames[2 * i + 1] = right[at + i];
        }
        if (self->compresses)
            tune_compressor_process(&self->compressor, self->frames, now);
        for (guint b = 0; b < self->n_bands; b++)
            tune_biquad_process(&self->bands[b], self->frames, now);
        for (gsize i = 0; i < now; i++) {
            left[at + i] = self->frames[2 * i];
            right[at + i] = self->frames[2 * i + 1];
        }
    }
}

double tune_channel_deepest_db(const TuneChannel *self)
{
    return self->compressor.deepest_db;
}
