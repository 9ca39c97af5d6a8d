/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A pianist's hands: figures of the left, built on the chord's bass note, and what the right adds to its
 * melody.  What is struck at once lies within a tenth.
 */
#pragma once
#include "compose/compose-private.h"

/* The tones of @chord as a left hand has them in @shape, from @low up and below @top (0 = no limit);
 * never empty. */
Voicing hand_voicing(const PlanChord *chord, StyleShape shape, gint low, gint high, gint top);

/* Octaves, thirds and chords under keyboard melodies where the section's texture has them. */
void plan_hands(Plan *plan);
