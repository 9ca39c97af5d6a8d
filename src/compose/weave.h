/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Voices that are written together: chorale, fugue, imitation, unison.
 *
 *   texture.c  which of the style's textures a section has, and who is woven into it
 *   weave.c    the voices of a section; unisons; the last chord
 *   chorale.c  part-writing by shortest path under a given melody
 *   fugue.c    entries of a subject, countersubject, free parts
 */
#pragma once
#include "compose/melody.h"

#define WEAVE_MOST_VOICES 6

typedef struct {
    PlanPart *part;
    gint index;
    gint low, high;
} WeaveVoice;

/* The voices of a section from the highest to the lowest. */
typedef struct {
    Plan *plan;
    const PlanSection *section;
    gint start, end;    /* ticks */
    WeaveVoice voice[WEAVE_MOST_VOICES];
    gint n;
    gint lead;          /* which voice has the melody, -1 none */
} Weave;

/* How the entries of a fugue or an imitation fall. */
typedef struct {
    gint unit;          /* bars from entry to entry */
    gint entries;
    gboolean tonal;     /* the subject begins on the fifth: the answer begins on the tonic */
} WeaveEntries;

/* The part that @part doubles in this piece, or NULL. */
PlanPart *plan_doubled(const Plan *plan, const PlanPart *part);

/* TRUE when @part is one line that can be woven with others in @section. */
gboolean weave_is_voice(const Plan *plan, gint index, const PlanSection *section);

void weave_init(Weave *weave, Plan *plan, const PlanSection *section);
WeaveEntries weave_entries(const Plan *plan, const PlanSection *section);

/* Each writes the section up to weave->end into the voices' tracks; chorale and unison read the lead's. */
void weave_chorale(Weave *weave);
void weave_fugue(Weave *weave);
void weave_unison(Weave *weave);

/* melody.c calls it for sections whose melody is woven (fugue, imitation), then for all others. */
void weave_section(Plan *plan, const PlanSection *section);
/* The last chord for woven parts other than the lead. */
void weave_last(Plan *plan);
