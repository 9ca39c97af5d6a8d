/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The first part of the master: brings the mix to a known level, tilts it and compresses it slowly.
 * Measured against recordings, the compressor is what brings a mix nearer to them; its settings are the
 * ones that did (3:1, 15 ms, 175 ms).
 */
#pragma once
#include "audio/biquad.h"
#include "audio/compressor.h"
#include "score/score.h"

#define TUNE_BUS_LUFS (-18.0) /* where the mix is brought to, if the prediction is right */

typedef struct {
    float gain;
    gboolean tilts;
    TuneBiquad tilt;
    TuneCompressor compressor;
} TuneBus;

/* @predicted_lufs: loudness of the mix that is going to come. */
void tune_bus_init(TuneBus *self, guint rate, const TuneScoreMix *mix, double predicted_lufs);
/* In place, [2 * n]. */
void tune_bus_process(TuneBus *self, float *frames, gsize n);
