/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Random valid scores, and comparisons that say where two scores differ.
 */
#pragma once
#include "score/format.h"

/* A finished score with irregular and changing metres, keys, tempos, triplets, overlapping voices,
 * chords, lyrics, controllers, drums and human timing.  (transfer full) */
TuneScore *random_score(guint64 seed);

/* What the page shows: part, notated onset and duration, pitch, spelling, lyric. */
void assert_same_page(const TuneScore *a, const TuneScore *b);

/* The tempo map, to the microsecond a quarter. */
void assert_same_tempo(const TuneScore *a, const TuneScore *b);

/* What is heard: performed onset and end, pitch, velocity, program, controllers, tempo. */
void assert_same_sound(const TuneScore *a, const TuneScore *b);

/* Writes @score in @format and reads it back.  (transfer full) */
TuneScore *write_and_read(const TuneScore *score, TuneScoreFormat format);
