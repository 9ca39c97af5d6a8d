/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The performer's two hands: perform.c plays notes (time, loudness, length), controls.c moves pedal,
 * expression, vibrato and bend.
 */
#pragma once
#include "compose/pattern.h"

/* Loudness wish 0..1 at @tick: the section's energy, rising before a louder section and through builds. */
double plan_energy_at(const Plan *plan, gint tick);

/* Ticks that last @ms at the piece's tempo, rounded. */
gint plan_ms_ticks(const Plan *plan, double ms);

/* Where @tick sounds when swung; triplets and straight places stay. */
gint plan_swung(const Plan *plan, gint tick);

/* controls.c: needs performed notes, sorted by onset. */
void plan_controls(Plan *plan, gint part_index);
