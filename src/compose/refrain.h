/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The hook returns: which section's head comes back in which, over the same chords, and the memory
 * of what the lead has sung.
 *
 *   const PlanSection *first = refrain_of(plan, s);
 *   if (first != NULL)                       s begins as first did, for so many ticks
 *       use(refrain_ticks(plan, first, s));
 */
#pragma once
#include "compose/melody.h"

/* The section whose head @s brings back note for note: the first of its material and role that is
 * long enough for a tune; for a chorus or a drop always, for a theme when it is heard for the
 * second and third time. NULL: none, or it is in another mode, or the brief gives the tune. */
const PlanSection *refrain_of(const Plan *plan, const PlanSection *s);

/* How much of @first returns in @s: up to four bars, never the last one, where both turn to what
 * follows, and never the bars of an ending.  May be 0. */
gint refrain_ticks(const Plan *plan, const PlanSection *first, const PlanSection *s);

/* Gives the heads of returning sections the chords of the first, in their own keys.  @chords:
 * PlanChord, all sections in order. */
void refrain_harmony(const Plan *plan, GArray *chords);

/* ---- what the lead has sung ---- */

typedef struct {
    gint section, material, kind; /* kind: 0 tune, 1 solo */
    TuneSectionRole role;
    gint phrase;
    Line line; /* in the material's first key and the first lead's octave, without words */
} SungLine;

/* The line of this phrase and length, of @s's own role before others'; NULL when nothing like it
 * was sung. */
const Line *sung_recall(const GArray *sung, const PlanSection *s, gint kind, gint phrase,
                        gint ticks);

/* What the section that @s brings back (refrain_of) sang from @at (ticks from its start) for
 * @ticks, put together from phrases of other lengths where need be; FALSE when there is no such
 * section or it sang for less than all but the last bar. */
gboolean sung_stretch(const Plan *plan, const GArray *sung, const PlanSection *s, gint at,
                      gint ticks, Line *out);

/* Keeps the line unless one of this role, phrase and length is known.  @shift: semitones that it
 * lies above the material's first key and the first lead's octave. */
void sung_keep(const Plan *plan, GArray *sung, const PlanSection *s, gint kind, gint phrase,
               const Line *line, gint shift);
