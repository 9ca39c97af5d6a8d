/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What synth/synth.c and synth/render.c share of a TuneSynth.
 */
#pragma once
#include "synth/balance.h"
#include "synth/synth.h"
#include "synth/voice.h"

TuneSynth *tune_synth_ref(TuneSynth *self); /* dropped with tune_synth_free() */
TuneVoiceBank *tune_synth_bank(TuneSynth *self);   /* (transfer none) */
TuneLibrary *tune_synth_library(TuneSynth *self);  /* (transfer none) */
guint tune_synth_n_threads(const TuneSynth *self); /* at least 1 */
/* Read with the first call.  (transfer none) */
const TuneCalibration *tune_synth_calibration(TuneSynth *self, GError **error);

/* What was foretold of a mix from tune_synth_render(); NULL for any other source.  (nullable)
 * (transfer none) */
const TuneBalance *tune_render_balance(const TuneSource *source);
