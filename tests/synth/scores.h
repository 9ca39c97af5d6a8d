/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Small scores to render in tests.
 */
#pragma once
#include "score/score.h"

/* A finished score of @bars bars of 4/4 at @bpm with @n_parts parts (1..10, the fifth is the drums):
 * chords, bass, melody, pads, different programs.  (transfer full) */
TuneScore *test_score_new(gint bars, double bpm, guint n_parts);

/* An unfinished empty score with tempo, metre and key.  (transfer full) */
TuneScore *test_score_empty(double bpm);
void test_score_note(TuneTrack *track, gint onset, gint duration, guint8 pitch, guint8 velocity);
void test_score_finish(TuneScore *score);
