/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A voice of another sound set in the place of an instrument's own: transposed, and with a gain.
 */
#pragma once
#include "synth/mapping.h"
#include "synth/voice.h"

/* @inner: (transfer full).  (transfer full) */
TuneVoice *tune_mapped_voice_new(TuneVoice *inner, const TuneMapped *mapped);
