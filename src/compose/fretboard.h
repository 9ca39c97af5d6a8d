/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What a left hand can hold on six strings in standard tuning (E A D G B E).
 *
 *     if (fretboard_can_hold(pitches, n)) ...
 *     gint found = fretboard_shapes(&chord, 40, 67, 4, 6, FALSE, shapes, FRETBOARD_MAX_SHAPES);
 *
 * A hand spans four frets (five from the fifth fret on, where they are narrower) and has four fingers, one
 * of which may lie across several strings; open strings need none.
 */
#pragma once
#include "compose/compose-private.h"

#define FRETBOARD_MAX_SHAPES 24

typedef struct {
    Voicing voicing;
    double cost; /* 0 for a full open chord; grows up the neck, with thin and inverted ones */
} FretboardShape;

/* TRUE when the @n pitches, ascending, can sound together: a string each. */
gboolean fretboard_can_hold(const guint8 *pitch, gint n);

/* Shapes of @chord with @least..@most strings, neighbouring ones, between pitches @low and @high, that
 * hold its third and seventh (what stands for them), the cheapest first.  Their lowest string has the
 * chord's bass note, unless they are @upper strings over somebody else's bass.  Returns how many were
 * written to @out, at most @max. */
gint fretboard_shapes(const TuneChord *chord, gint low, gint high, gint least, gint most,
                      gboolean upper, FretboardShape *out, gint max);
