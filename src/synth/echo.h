/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A stereo echo whose repeats change sides and grow duller.  Linear and time-invariant; blocks of
 * TUNE_VOICE_GRID frames.
 */
#pragma once
#include <glib.h>

typedef struct TuneEcho TuneEcho;
/* @seconds: 0.02..2; @feedback: what is left from one repeat to the next, 0..0.8.  (transfer full) */
TuneEcho *tune_echo_new(guint rate, double seconds, double feedback);
void tune_echo_free(TuneEcho *self);

/* Adds the echoes of @left and @right; as tune_reverb_process(). */
void tune_echo_process(TuneEcho *self, const float *left, const float *right, float *out_left,
                       float *out_right, gsize n, gboolean silent_in);
gboolean tune_echo_is_asleep(const TuneEcho *self);
