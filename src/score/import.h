/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What the readers of files from outside share: metres for irregular bars, words, sections.
 * For use while a score is being built, by one thread.
 */
#pragma once
#include "score/score.h"

/* A metre whose bar has @ticks ticks; that of @like when it fits.  FALSE when there is none. */
gboolean tune_import_metre_of_ticks(gint ticks, TuneMetre like, TuneMetre *out);

/* Appends a metre change.  One that is not on a bar line makes the bar before it a short one if a
 * metre for it exists, and else waits for the next bar line.  Call in order of ticks. */
void tune_import_add_metre(TuneScore *score, gint tick, TuneMetre metre);

/* Append or, at the same tick, replace.  @bpm is brought into 10..1000.  Call in order of ticks. */
void tune_import_add_tempo(TuneScore *score, gint tick, double bpm);
void tune_import_add_key(TuneScore *score, gint tick, TuneKey key);

/* Key of signature -7..7 with the tonic of @mode. */
TuneKey tune_import_key_of_signature(gint signature, TuneMode mode);

/* Begins a section called @name at @tick (in order); the one before ends there.  The role is read
 * from the name ("verse 2"); names that are no role are themes. */
void tune_import_add_section(TuneScore *score, gint tick, const char *name);

/* Begins a chord (NULL: none) at @tick; the one before ends there.  Call in order of ticks. */
void tune_import_add_chord(TuneScore *score, gint tick, const TuneChord *chord);

/* UTF-8, or else taken as Latin-1; cleaned.  (transfer full) */
char *tune_import_text(const guint8 *bytes, gsize size);

/* Last step of every reader: defaults for missing maps, length in whole bars up to @end_tick,
 * overlaps, spans cut at the end, roles, tune_score_finish(). */
gboolean tune_import_finish(TuneScore *score, gint end_tick, GError **error);
