/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * One track as sound: its events played on a voice, through its channel strip and its own sends.
 * Blocks are rendered in order, by one thread at a time, which need not be the same one.
 */
#pragma once
#include "score/score.h"
#include "synth/voice.h"

/* Frames of every block: small enough that the first sound comes at once, large enough that hand-over
 * costs nothing. */
#define TUNE_STEM_BLOCK 4096

typedef struct TuneStem TuneStem;

/* Cheap: no sound is loaded before the first block.  @bank is borrowed for the stem's life; @gain: linear,
 * for the voice.  (transfer full) */
TuneStem *tune_stem_new(TuneVoiceBank *bank, const TuneScore *score, guint index, guint rate,
                        double gain);
void tune_stem_free(TuneStem *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TuneStem, tune_stem_free)

/* The next block.  @out: [2 * TUNE_STEM_BLOCK] interleaved.  The first call loads the sound and may
 * fail: TUNE_SYNTH_ERROR. */
gboolean tune_stem_render(TuneStem *self, float *out, GError **error);

/* After the block last rendered nothing will come any more: no events, no voice, no echo. */
gboolean tune_stem_is_over(const TuneStem *self);
