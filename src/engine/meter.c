/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/meter.h"
#include "audio/loudness.h"

#include <math.h>

/* At or below this nothing was heard. */
#define SILENT_LUFS -70.0

struct TuneMeter {
    TuneLoudnessMeter *loudness;
};

TuneMeter *tune_meter_new(guint rate, GError **error)
{
    g_autoptr(TuneMeter) self = g_new0(TuneMeter, 1);

    self->loudness = tune_loudness_meter_new(rate, 2, TRUE, error);
    return self->loudness != NULL ? g_steal_pointer(&self) : NULL;
}

void tune_meter_free(TuneMeter *self)
{
    if (self == NULL)
        return;
    g_clear_pointer(&self->loudness, tune_loudness_meter_free);
    g_free(self);
}

void tune_meter_add(TuneMeter *self, const float *frames, gsize n)
{
    tune_loudness_meter_feed(self->loudness, frames, n);
}

void tune_meter_result(TuneMeter *self, TuneMeterResult *out)
{
    TuneLoudness loudness;

    *out = (TuneMeterResult){.loudness_lufs = -INFINITY, .peak_dbtp = -INFINITY};
    tune_loudness_meter_read(self->loudness, &loudness);
    if (loudness.integrated_lufs > SILENT_LUFS) {
        out->loudness_lufs = loudness.integrated_lufs;
        out->peak_dbtp = loudness.true_peak_dbtp;
    }
}
