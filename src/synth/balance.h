/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * How loud each part of a score is to be.  A part's own loudness is predicted from its notes and the
 * measured loudness of its sound; its gain brings it to the level that the score's mix asks for.
 */
#pragma once
#include "synth/library.h"

typedef struct {
    double gains[TUNE_SCORE_MAX_TRACKS];     /* of each track's voice */
    double loudness[TUNE_SCORE_MAX_TRACKS];  /* LUFS predicted of each track with its gain */
    double mix_lufs;                         /* predicted of the pre-master mix */
    double *mix_steps;                       /* [n_steps] its energy (synth/energy.h) */
    gsize n_steps;
} TuneBalance;

/* @library (nullable): of the electronic voices. */
void tune_balance_init(TuneBalance *self, const TuneCalibration *calibration, TuneLibrary *library,
                       const TuneScore *score);
void tune_balance_clear(TuneBalance *self);
