/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What a listener could measure on the sound that was pulled: loudness, true peak, tempo, key.
 * Fed block by block by one thread, measured in another; memory does not grow with the length.
 */
#pragma once
#include "audio/measure.h"
#include "base/json.h"

typedef struct TuneMeter TuneMeter;

typedef struct {
    double loudness_lufs; /* integrated; -INFINITY for silence */
    double peak_dbtp;
    double bpm;           /* 0 = no beat found */
    double bpm_other;     /* the next likely reading of the beat: half, twice ...; 0 = none */
    double beat_confidence; /* 0..1 */
    char key[24];         /* "F minor", "" = none found */
    char key_other[24];   /* the second likely */
    double key_confidence; /* 0..1 */
} TuneMeterResult;

TuneMeter *tune_meter_new(guint rate, GError **error); /* (transfer full) */
void tune_meter_free(TuneMeter *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TuneMeter, tune_meter_free)

/* @frames: [2 * n] interleaved stereo. */
void tune_meter_add(TuneMeter *self, const float *frames, gsize n);

/* Of all that was added so far. */
void tune_meter_result(TuneMeter *self, TuneMeterResult *out);

/* Tempo and key into @object: "tempo_bpm", "tempo_other_bpm", "tempo_confidence", "key", "key_other",
 * "key_confidence"; null where nothing was found. */
void tune_meter_result_json(const TuneMeterResult *self, json_t *object);

/* The tempo near @expected_bpm, 0 when the sound has none there: music allows more than one reading. */
double tune_meter_bpm_near(TuneMeter *self, double expected_bpm);
