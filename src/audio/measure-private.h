/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The two halves of measure.h; both take mono blocks.
 */
#pragma once
#include "audio/measure.h"

typedef struct TuneTempoMeter TuneTempoMeter;
TuneTempoMeter *tune_tempo_meter_new(guint rate);
void tune_tempo_meter_free(TuneTempoMeter *self);
void tune_tempo_meter_feed(TuneTempoMeter *self, const float *mono, gsize n);
void tune_tempo_meter_read(TuneTempoMeter *self, TuneMeasured *out);
double tune_tempo_meter_near(TuneTempoMeter *self, double expected_bpm, double *strength);

typedef struct TuneTonality TuneTonality;
TuneTonality *tune_tonality_new(guint rate);
void tune_tonality_free(TuneTonality *self);
void tune_tonality_feed(TuneTonality *self, const float *mono, gsize n);
void tune_tonality_read(const TuneTonality *self, TuneMeasured *out);
