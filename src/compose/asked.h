/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Who was asked for is heard: often enough, before those whom nobody asked for, and in one chair.
 */
#pragma once
#include "compose/compose-private.h"

gboolean plan_is_excluded(const Plan *plan, const TuneInstrument *instrument);

/* Who takes part @style of the style's own for which @chosen was drawn: an instrument that was asked for
 * once is one player, who does not sit in a second chair; another of the part's instruments takes it, or
 * nobody, unless the style is not itself without the part.  Voices of an ensemble that have names, keyboards,
 * sections and singers are left as drawn.  (nullable), as @chosen. */
const TuneInstrument *plan_one_player(const Plan *plan, const StylePart *style,
                                      const TuneInstrument *chosen);

/* Lets the asked parts (and those that a style is not itself without) play in more sections, from the first
 * in which they have something to do.  @ensemble: everybody plays through, nobody waits. */
void plan_let_asked_be_heard(Plan *plan, gboolean ensemble);
