/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * How loud the sounds of a SoundFont are: measured once per font by tune-calibrate (this folder) and
 * kept as data/mix/NAME.json.  From it and a score's notes the loudness of a part is predicted without
 * rendering it, which is what the mix is balanced by.
 *
 * Immutable, shared by threads.
 */
#pragma once
#include "score/score.h"

#define TUNE_CALIBRATION_VELOCITY 100
#define TUNE_CALIBRATION_OCTAVES 8     /* keys 24, 36 ... 108 */
#define TUNE_CALIBRATION_LOW_KEY 24

typedef struct TuneCalibration TuneCalibration;

/* The calibration of the font of @font_bytes bytes; when there is none, FluidR3 GM's stands in.
 * TUNE_BASE_ERROR_*: the data file is missing or broken.  (transfer full) */
TuneCalibration *tune_calibration_load(guint64 font_bytes, GError **error);
void tune_calibration_free(TuneCalibration *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TuneCalibration, tune_calibration_free)

/* K-weighted energy (the mean square of BS.1770: 10^((LUFS + 0.691) / 10)) of one note at
 * TUNE_CALIBRATION_VELOCITY over its first 0.4 s, and how it goes on while held, in dB a second. */
void tune_calibration_note(const TuneCalibration *self, gboolean is_drums, guint8 program, guint8 key,
                           double *energy, double *slope_db);
