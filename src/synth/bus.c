/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "synth/bus.h"
#include "audio/decibel.h"
#include <math.h>

#define TILT_HZ 5000.0
#define TILT_DB 3.0 /* at brightness 1 */

void tune_bus_init(TuneBus *self, guint rate, const TuneScoreMix *mix, double predicted_lufs)
{
    TuneCompressorConfig config = TUNE_COMPRESSOR_CONFIG_DEFAULT;
    double tilt_db = TILT_DB * CLAMP(mix->brightness, -1.0, 1.0);

    self->gain = (float)tune_db_to_gain(CLAMP(TUNE_BUS_LUFS - predicted_lufs, -40.0, 40.0));
    self->tilts = fabs(tilt_db) > 0.05;
    tune_biquad_init(&self->tilt, TUNE_BIQUAD_HIGH_SHELF, rate, TILT_HZ, 0.70710678, tilt_db);
    /* From only the highest peaks to the whole body of the sound. */
    config.threshold_db = -12.0 - 10.0 * CLAMP(mix->bus_drive, 0.0, 1.0);
    tune_compressor_init(&self->compressor, rate, &config);
}

void tune_bus_process(TuneBus *self, float *frames, gsize n)
{
    for (gsize i = 0; i < 2 * n; i++)
        frames[i] *= self->gain;
    if (self->tilts)
        tune_biquad_process(&self->tilt, frames, n);
    tune_compressor_process(&self->compressor, frames, n);
}
