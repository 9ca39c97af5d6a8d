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
#define TUNE_CALIBRATION_STRETCHES 3   /* of a held note: 0..0.4 s, 0.4..1.6 s, 2.4..4 s */

typedef struct TuneCalibration TuneCalibration;

/* The calibration of the font of @font_bytes bytes; when there is none, FluidR3 GM's stands in.
 * TUNE_BASE_ERROR_*: the data file is missing or broken.  (transfer full) */
TuneCalibration *tune_calibration_load(guint64 font_bytes, GError **error);
/* SHA-256 of the calibration's canonical JSON: it decides the balance, so it belongs to the recipe. */
const char *tune_calibration_hash(const TuneCalibration *self);
void tune_calibration_free(TuneCalibration *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TuneCalibration, tune_calibration_free)

/* A note held at TUNE_CALIBRATION_VELOCITY: LUFS of each stretch; of a drum only the first. */
void tune_calibration_note(const TuneCalibration *self, gboolean is_drums, guint8 program, guint8 key,
                           double lufs[TUNE_CALIBRATION_STRETCHES]);
