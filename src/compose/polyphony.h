/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The last look at every part before it is performed: nobody has more voices than the instrument, and
 * nobody who was asked for is without notes.
 */
#pragma once
#include "compose/compose-private.h"

/* Shortens notes that are still held when a player needs the voice, and leaves inner notes of chords out that
 * are too full for the instrument. */
void plan_fit_polyphony(Plan *plan);

/* An asked part that found next to nothing to answer or to lead (a counter-melody without room) doubles the
 * melody, at the octave where that suits it, in the sections in which it was to play. After the melody. */
void plan_double_for_asked(Plan *plan);
