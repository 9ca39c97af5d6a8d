/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A voice that plays an SFZ instrument: third-order interpolation, an envelope a note, loops, groups that
 * cut each other off, samples that take turns.  Controllers 7, 11, 64 and the bend as everywhere.
 */
#pragma once
#include "synth/sfz.h"
#include "synth/voice.h"

/* @sfz is borrowed for the voice's life.  (transfer full) */
TuneVoice *tune_sfz_voice_new(const TuneSfz *sfz, const TuneVoiceRequest *request);
