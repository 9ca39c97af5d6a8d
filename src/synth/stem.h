/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * One track as sound: its hands (synth/hand.h), then its channel strip and its own sends.  Each hand's
 * blocks and the stem's blocks are rendered in order, each by one thread at a time, which need not be
 * the same one.
 */
#pragma once
#include "synth/hand.h"

typedef struct TuneStem TuneStem;

/* Cheap: no sound is loaded before the first block.  @bank is borrowed for the stem's life; @gain: linear,
 * for the voice.  (transfer full) */
TuneStem *tune_stem_new(TuneVoiceBank *bank, const TuneScore *score, guint index, guint rate,
                        double gain);
void tune_stem_free(TuneStem *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TuneStem, tune_stem_free)

/* 1 .. TUNE_HANDS_MOST. */
guint tune_stem_n_hands(const TuneStem *self);

/* The next block of hand @number, 1 .. n - 1; may run beside everything else.  TUNE_SYNTH_ERROR. */
gboolean tune_stem_play(TuneStem *self, guint number, TuneHandBlock *block, GError **error);

/* The next block of the stem: plays the first hand, adds what the others played (@others:
 * [n_hands - 1], nullable for one hand) and mixes.  @out: [2 * TUNE_STEM_BLOCK] interleaved.  The first
 * call loads the sound and may fail: TUNE_SYNTH_ERROR. */
gboolean tune_stem_render(TuneStem *self, const TuneHandBlock *const *others, float *out,
                          GError **error);

/* After the block last rendered nothing will come any more: no events, no voice, no echo. */
gboolean tune_stem_is_over(const TuneStem *self);
