/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Quick strokes: rolls inside one cell of a pattern, and the rolls that carry a build.
 */
#pragma once
#include "compose/strokes.h"

/* The cells r t f and w of docs/grooves.md: appends to @strokes (Stroke) what they play in the @ticks from
 * @tick on, the first stroke at @velocity.  A roll swells or dies away, drawn from @random.  FALSE when
 * @cell is none of them. */
gboolean plan_roll_cell(GArray *strokes, char cell, gint tick, gint ticks, guint8 key, gint velocity,
                        TuneRandom *random);

/* builds.c: the style's build that suits @section of role build, or NULL when it has none. */
const StyleBuild *plan_build_pick(const Plan *plan, const PlanSection *section, const PlanPart *part);

/* builds.c: lays @build over the groove that @strokes hold. */
void plan_build_play(const Plan *plan, const PlanSection *section, const StyleBuild *build,
                     GArray *strokes);
