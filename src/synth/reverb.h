/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A room: early reflections and a feedback delay network of eight lines (Jot and Chaigne, "Digital
 * delay networks for designing artificial reverberators", AES 1991) behind diffusing all-passes.
 * Every delay is at least a block long and damping is a short FIR, so all of it runs in blocks of
 * TUNE_VOICE_GRID frames without a recursion inside the block.  Linear and time-invariant.
 */
#pragma once
#include <glib.h>

typedef struct {
    double decay_s;    /* time for 60 dB at low frequencies, 0.2..8 */
    double size;       /* 1 = a hall; 0.3 = a small room */
    double brightness; /* -1..1: how long the highs last */
} TuneReverbConfig;

typedef struct TuneReverb TuneReverb;
/* (transfer full) */
TuneReverb *tune_reverb_new(guint rate, const TuneReverbConfig *config);
void tune_reverb_free(TuneReverb *self);

/* Adds the room's answer to @left and @right to @out_left and @out_right; [n] each, @n a multiple of
 * TUNE_VOICE_GRID.  @silent_in: the input is all zeros, which lets a room that has decayed sleep. */
void tune_reverb_process(TuneReverb *self, const float *left, const float *right, float *out_left,
                         float *out_right, gsize n, gboolean silent_in);

/* Nothing to be heard any more (below -100 dB) unless new input comes. */
gboolean tune_reverb_is_asleep(const TuneReverb *self);
