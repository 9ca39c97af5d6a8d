/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Loudness after EBU R 128 and ITU-R BS.1770-4 by libebur128, peaks by truepeak.h.  Costs about
 * 1/500 of real time without the true peak and 1/300 with it (docs/SPEED.md has the measurements);
 * memory grows by 80 bytes a second of sound.
 *
 *     g_autoptr(TuneLoudnessMeter) meter = tune_loudness_meter_new(44100, 2, TRUE, &error);
 *     tune_loudness_meter_feed(meter, frames, n);
 *     tune_loudness_meter_read(meter, &loudness);
 */
#pragma once
#include "audio/source.h"

typedef struct {
    double integrated_lufs;     /* gated; -70 for silence or less than 0.4 s */
    double range_lu;            /* EBU Tech 3342 */
    double loudest_short_lufs;  /* the loudest 3 s, looked at each second; -70 for silence */
    double loudest_moment_lufs; /* the loudest 0.4 s, looked at each 0.1 s */
    double true_peak_dbtp;      /* TUNE_SILENT_DB when it is not measured */
    double sample_peak_dbfs;
    gint64 n_frames;
} TuneLoudness;

typedef struct TuneLoudnessMeter TuneLoudnessMeter;

/* @true_peak: stereo only.  TUNE_AUDIO_ERROR_MEMORY. */
TuneLoudnessMeter *tune_loudness_meter_new(guint rate, guint n_channels, gboolean true_peak,
                                           GError **error);
void tune_loudness_meter_free(TuneLoudnessMeter *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TuneLoudnessMeter, tune_loudness_meter_free)
/* @frames: [n_channels * n]. */
void tune_loudness_meter_feed(TuneLoudnessMeter *self, const float *frames, gsize n);
/* Of all that was fed; may be asked at any time. */
void tune_loudness_meter_read(const TuneLoudnessMeter *self, TuneLoudness *out);

/* Momentary loudness of the last 0.4 s, for live gain riding; -70 for silence. */
double tune_loudness_meter_momentary(const TuneLoudnessMeter *self);
/* Short-term loudness of the last 3 s. */
double tune_loudness_meter_short_term(const TuneLoudnessMeter *self);
