/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A hand plays some of a track's notes on a voice of its own.  Most tracks need one.  A track that
 * would take most of the rendering is given two, which share its keys and can then be played at the
 * same time; how is decided by the score alone, so that the sound does not depend on the machine.
 * A hand is used by one thread at a time.
 */
#pragma once
#include "score/score.h"
#include "synth/voice.h"

/* Frames of every block: small enough that the first sound comes at once, large enough that hand-over
 * costs nothing. */
#define TUNE_STEM_BLOCK 4096

#define TUNE_HANDS_MOST 2

typedef struct {
    gboolean sounds; /* FALSE: all is silence */
    gboolean done;   /* no event comes after this block */
    float left[TUNE_STEM_BLOCK], right[TUNE_STEM_BLOCK];
} TuneHandBlock;

typedef struct TuneHand TuneHand;

/* Hands that track @index is worth, 1 .. TUNE_HANDS_MOST, if its voice can be divided. */
guint tune_hands_wanted(const TuneScore *score, guint index);

/* Hand @number of @n over the events of a track (synth/event.h): all controllers, its share of the notes.
 * Keys are dealt out so that the hands are about equally busy.  @bank and the
 * request's instrument are borrowed for the hand's life;
 * no sound is loaded before the first block.  (transfer full) */
TuneHand *tune_hand_new(TuneVoiceBank *bank, const TuneVoiceRequest *request, const GArray *events,
                        guint number, guint n);
void tune_hand_free(TuneHand *self);

/* The next block.  The first call loads the sound and may fail: TUNE_SYNTH_ERROR. */
gboolean tune_hand_play(TuneHand *self, TuneHandBlock *block, GError **error);
