/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Variations: a phrase that has been heard, in another figure.  The tune's own notes stay where they are
 * (a running variation has them on its beats), so that the ear finds them; what is added lies in the chord
 * and scale of the moment.
 */
#pragma once
#include "compose/melody.h"

/* Changes @line as @kind asks, inside the register of @part.  Notes that carry syllables stay. */
void variation_apply(const Plan *plan, const PlanPart *part, StyleVariation kind, Line *line);

/* TRUE when the piece closes with a tag and its last section has room for one: a hook is not cut short for
 * it. */
gboolean variation_has_tag(const Plan *plan);

/* The last two bars before the last chord are played twice: copies the lead's over the two before them.
 * After the melody, before other parts look at it. */
void variation_tag(Plan *plan, PlanPart *part);
