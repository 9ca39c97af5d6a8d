/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The style's curves: controllers that move over a section whatever the notes do (filter sweeps, wobbling
 * basses, pumping pads, gates, worn tape), and glides from note to note.
 */
#pragma once
#include "compose/perform.h"

/* TRUE when a curve of the style moves @control of part @part_index somewhere. */
gboolean plan_has_curve(const Plan *plan, gint part_index, guint8 control);

/* Appends the curves of part @part_index to its track's controls, unsorted; where a curve ends and none
 * follows, the controller goes back to rest.  Needs performed notes. */
void plan_curves(Plan *plan, gint part_index);

/* A part with `glide:` slides into notes that follow on the one before: an instrument that glides by itself
 * gets overlapping notes, another a bend from where the line was, two semitones away at most. */
void plan_glides(Plan *plan, gint part_index);
