/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/meter.h"

#include <ebur128.h>
#include <math.h>

struct TuneMeter {
    ebur128_state *loudness;
};

TuneMeter *tune_meter_new(guint rate)
{
    TuneMeter *self = g_new0(TuneMeter, 1);

    self->loudness = ebur128_init(2, rate, EBUR128_MODE_I | EBUR128_MODE_TRUE_PEAK);
    return self;
}

void tune_meter_free(TuneMeter *self)
{
    if (self == NULL)
        return;
    ebur128_destroy(&self->loudness);
    g_free(self);
}

void tune_meter_add(TuneMeter *self, const float *frames, gsize n)
{
    ebur128_add_frames_float(self->loudness, frames, n);
}

void tune_meter_result(TuneMeter *self, TuneMeasured *out)
{
    double peak = 0;

    *out = (TuneMeasured){.loudness_lufs = -INFINITY, .peak_dbtp = -INFINITY};
    ebur128_loudness_global(self->loudness, &out->loudness_lufs);
    for (guint channel = 0; channel < 2; channel++) {
        double one = 0;
        ebur128_true_peak(self->loudness, channel, &one);
        peak = MAX(peak, one);
    }
    if (peak > 0)
        out->peak_dbtp = 20 * log10(peak);
}
