/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What harmony.c, progression.c and colour.c share: harmony as Roman numerals in time, before it is
 * spelled in a key.
 */
#pragma once
#include "compose/compose-private.h"

typedef struct {
    gint tick, ticks;    /* from the section's start */
    char numeral[20];
    gboolean cadence;    /* closes a phrase */
    gboolean locked;     /* stays as it is: said, or the last chord of a cadence */
    gboolean ahead;      /* belongs to the key of the section that follows: prepares it */
    gint bass;           /* -1 open, 0 root, 1 third, 2 fifth, 3 seventh in the bass, 4 pedal */
} Slot;

/* The numerals of section @index, ending with a cadence that leads to what follows; for the last section
 * up to final_tick, without the last chord.  (element-type Slot) (transfer full) */
GArray *harmony_slots(const Plan *plan, gint index);

/* Secondary dominants, borrowed chords, ii V, substitutes, suspensions, sevenths, pedal points. */
void harmony_colour(const Plan *plan, gint index, GArray *slots);

/* Of these only what leaves the roots alone: sevenths and pedal points, for chords that fit a tune. */
void harmony_clothe(const Plan *plan, gint index, GArray *slots);

/* Which chord tone lies in the bass, so that the bass has a line; @after is the chord that follows the
 * section (nullable). */
void harmony_inversions(const Plan *plan, gint index, GArray *slots);

/* A dressed form of @numeral from the style's table, or itself. */
void harmony_dress(const Plan *plan, const char *numeral, TuneRandom *random, char out[20]);

/* The key that section @index is in. */
TuneKey harmony_key(const Plan *plan, gint index);

/* TRUE when modes of the plan's kind take the style's minor tables. */
gboolean harmony_is_minor(const Plan *plan);

Function harmony_function(TuneChord chord, TuneKey key);

/* Where a bar is divided in two: its strongest inner beat, from the bar line. */
gint harmony_middle(const Plan *plan);

/* Semitones of @numeral's root above the tonic. */
gint harmony_degree(const char *numeral, TuneKey key);
