/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * FluidSynth as a voice bank: note events only, its reverb, chorus and players unused, one synthesiser
 * per voice so that tracks render in parallel.
 */
#pragma once
#include "base/log.h"
#include "synth/voice.h"

/* @path: the SoundFont, read when the first voice is asked for.  @log (nullable) is borrowed.
 * (transfer full) */
TuneVoiceBank *tune_fluid_bank_new(const char *path, const TuneLog *log);
