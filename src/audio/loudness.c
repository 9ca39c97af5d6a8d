/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "audio/loudness.h"

#include <ebur128.h>
#include <math.h>
#include "audio/decibel.h"
#include "audio/truepeak.h"

#define FLOOR_LUFS (-70.0)

struct TuneLoudnessMeter {
    ebur128_state *state;
    gboolean true_peak;
    TuneTruePeak peak;
    guint n_channels;
    gsize tenth;      /* frames in 0.1 s */
    gsize until_next; /* frames to the next look */
    guint n_looks;
    gint64 n_frames;
    double short_term, momentary; /* the loudest so far */
    float sample_peak;
};

TuneLoudnessMeter *tune_loudness_meter_new(guint rate, guint n_channels, gboolean true_peak,
                                           GError **error)
{
    g_return_val_if_fail(rate >= 1000 && (n_channels == 1 || n_channels == 2), NULL);
    ebur128_state *state = ebur128_init(n_channels, rate, EBUR128_MODE_I | EBUR128_MODE_LRA);

    if (state == NULL) {
        g_set_error(error, TUNE_AUDIO_ERROR, TUNE_AUDIO_ERROR_MEMORY,
                    "measuring loudness: out of memory");
        return NULL;
    }
    TuneLoudnessMeter *self = g_new0(TuneLoudnessMeter, 1);
    self->state = state;
    self->true_peak = true_peak && n_channels == 2;
    tune_true_peak_init(&self->peak, rate);
    self->n_channels = n_channels;
    self->tenth = self->until_next = rate / 10;
    self->short_term = self->momentary = FLOOR_LUFS;
    return self;
}

void tune_loudness_meter_free(TuneLoudnessMeter *self)
{
    if (self == NULL)
        return;
    ebur128_destroy(&self->state);
    g_free(self);
}

static double checked(int code, double value)
{
    return code == EBUR128_SUCCESS && value > FLOOR_LUFS ? value : FLOOR_LUFS;
}

double tune_loudness_meter_momentary(const TuneLoudnessMeter *self)
{
    double value = FLOOR_LUFS;
    int code = ebur128_loudness_momentary(self->state, &value);

    return checked(code, value);
}

double tune_loudness_meter_short_term(const TuneLoudnessMeter *self)
{
    double value = FLOOR_LUFS;
    int code = ebur128_loudness_shortterm(self->state, &value);

    return checked(code, value);
}

static void look(TuneLoudnessMeter *self)
{
    self->n_looks++;
    self->until_next = self->tenth;
    self->momentary = MAX(self->momentary, tune_loudness_meter_momentary(self));
    if (self->n_looks % 10 == 0)
        self->short_term = MAX(self->short_term, tune_loudness_meter_short_term(self));
}

static float largest(const float *x, gsize n, float so_far)
{
    for (gsize i = 0; i < n; i++) {
        float a = fabsf(x[i]);

        so_far = a > so_far ? a : so_far;
    }
    return so_far;
}

void tune_loudness_meter_feed(TuneLoudnessMeter *self, const float *frames, gsize n)
{
    self->n_frames += (gint64)n;
    self->sample_peak = largest(frames, n * self->n_channels, self->sample_peak);
    if (self->true_peak)
        tune_true_peak_feed(&self->peak, frames, n);
    while (n > 0) {
        gsize piece = MIN(n, self->until_next);

        ebur128_add_frames_float(self->state, frames, piece);
        frames += piece * self->n_channels;
        n -= piece;
        self->until_next -= piece;
        if (self->until_next == 0)
            look(self);
    }
}

void tune_loudness_meter_read(const TuneLoudnessMeter *self, TuneLoudness *out)
{
    double value = 0.0;
    int code = ebur128_loudness_global(self->state, &value);

    out->integrated_lufs = checked(code, value);
    out->range_lu =
        ebur128_loudness_range(self->state, &value) == EBUR128_SUCCESS && isfinite(value) ? value
                                                                                          : 0.0;
    out->loudest_short_lufs = self->short_term;
    out->loudest_moment_lufs = self->momentary;
    out->sample_peak_dbfs = tune_gain_to_db(self->sample_peak);
    out->true_peak_dbtp =
        self->true_peak ? tune_gain_to_db(MAX(self->peak.peak, self->sample_peak)) : TUNE_SILENT_DB;
    out->n_frames = self->n_frames;
}
