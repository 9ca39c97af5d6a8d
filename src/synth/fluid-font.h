/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * One sound of a mapped SoundFont, given to one FluidSynth synthesiser through its interface for
 * other people's loaders.  FluidSynth's own loader takes 30 ms and 13 MB for FluidR3 GM in every
 * synthesiser; this takes about one millisecond, and the samples stay in the file until they are played.
 */
#pragma once
#include "synth/sf2.h"
#include <fluidsynth.h>

typedef struct TuneFluidFont TuneFluidFont;

/* Add preset @bank:@program of @font to @synth and select it on channel 0.  NULL when the font has no
 * such sound.  Free it after the synthesiser.  (transfer full) (nullable) */
TuneFluidFont *tune_fluid_font_new(fluid_synth_t *synth, TuneSf2 *font, guint bank, guint program);
void tune_fluid_font_free(TuneFluidFont *self);
