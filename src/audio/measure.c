/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "audio/measure-private.h"

#define BLOCK 1024

struct TuneMeasure {
    guint n_channels;
    TuneTempoMeter *tempo;
    TuneTonality *tonality;
};

TuneMeasure *tune_measure_new(guint rate, guint n_channels)
{
    g_return_val_if_fail(rate >= 8000 && (n_channels == 1 || n_channels == 2), NULL);
    TuneMeasure *self = g_new0(TuneMeasure, 1);

    self->n_channels = n_channels;
    self->tempo = tune_tempo_meter_new(rate);
    self->tonality = tune_tonality_new(rate);
    return self;
}

void tune_measure_free(TuneMeasure *self)
{
    if (self == NULL)
        return;
    tune_tempo_meter_free(self->tempo);
    tune_tonality_free(self->tonality);
    g_free(self);
}

void tune_measure_feed(TuneMeasure *self, const float *frames, gsize n)
{
    float mono[BLOCK];

    while (n > 0) {
        gsize piece = MIN(n, BLOCK);

        if (self->n_channels == 2)
            for (gsize i = 0; i < piece; i++)
                mono[i] = 0.5f * (frames[2 * i] + frames[2 * i + 1]);
        const float *in = self->n_channels == 2 ? mono : frames;
        tune_tempo_meter_feed(self->tempo, in, piece);
        tune_tonality_feed(self->tonality, in, piece);
        frames += piece * self->n_channels;
        n -= piece;
    }
}

void tune_measure_read(TuneMeasure *self, TuneMeasured *out)
{
    tune_tempo_meter_read(self->tempo, out);
    tune_tonality_read(self->tonality, out);
}

double tune_measure_bpm_near(TuneMeasure *self, double expected_bpm, double *strength)
{
    return tune_tempo_meter_near(self->tempo, expected_bpm, strength);
}
