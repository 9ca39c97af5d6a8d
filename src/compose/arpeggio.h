/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The arpeggiator: a pattern of idiom `arp` gives the rhythm, a cell a step, and each step takes the next
 * tone of the chord in the pattern's order over its octaves.  The ladder of tones begins at the lowest
 * chord tone of the part's register, so that chords follow one another in near positions; it does not need
 * a voicing, and an instrument of one voice (a pulse channel, a mono synthesiser) can play it.
 */
#pragma once
#include "compose/pattern.h"

/* Writes bar @bar of @section, which begins at @start, up to @end at most.  @hits is scratch. */
void plan_arpeggio_bar(Plan *plan, PlanPart *part, const PlanSection *section,
                       const StylePattern *pattern, gint bar, gint start, gint end, GArray *hits);
