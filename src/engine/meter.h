/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What a listener could measure on the sound that was pulled: loudness, true peak, tempo, key.
 * Fed block by block; memory does not grow with the length.  One thread.
 */
#pragma once
#include <glib.h>

typedef struct TuneMeter TuneMeter;

typedef struct {
    double loudness_lufs; /* integrated; -INFINITY for silence */
    double peak_dbtp;
    double tempo_bpm;     /* 0 = none found */
    double tempo_confidence; /* 0..1 */
    char key[16];         /* "F minor", "" = none found */
    double key_confidence;
} TuneMeterResult;

TuneMeter *tune_meter_new(guint rate, GError **error); /* (transfer full) */
void tune_meter_free(TuneMeter *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TuneMeter, tune_meter_free)

/* @frames: [2 * n] interleaved stereo. */
void tune_meter_add(TuneMeter *self, const float *frames, gsize n);

/* Of all that was added so far. */
void tune_meter_result(TuneMeter *self, TuneMeterResult *out);
