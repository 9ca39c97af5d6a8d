/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The one bank that stems ask: instruments that have an electronic voice of ours (synth/library.h) get
 * it, all others a voice of the SoundFont.
 */
#pragma once
#include "synth/library.h"
#include "synth/voice.h"

/* @library is borrowed; @font (transfer full).  (transfer full) */
TuneVoiceBank *tune_banks_new(TuneLibrary *library, TuneVoiceBank *font);
