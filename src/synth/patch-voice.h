/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Voices of the electronic bank: one that plays a patch, one that plays a kit.  What they play depends
 * on patch, request and events only.
 *
 * Controllers: 1 vibrato or what the patch makes of it, 7 and 11 level, 64 pedal, bend ±2 semitones; 74 opens and
 * closes the filter by three octaves, 71 its resonance, both at rest at 64 (a kit leaves them alone).
 */
#pragma once
#include "synth/patch.h"
#include "synth/voice.h"

/* @patch: a reference is kept.  (transfer full) */
TuneVoice *tune_patch_voice_new(TunePatch *patch, const TuneVoiceRequest *request);
TuneVoice *tune_kit_voice_new(TunePatch *kit, const TuneVoiceRequest *request);

/* Level of the controllers 7 and 11, of which 100 and 127 are rest. */
static inline float tune_hands_gain(gint volume, gint expression)
{
    float v = (float)CLAMP(volume, 0, 127) / 100.0f, e = (float)CLAMP(expression, 0, 127) / 127.0f;

    return v * v * e * e;
}
