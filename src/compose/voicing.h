/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What voicing parts one by one (voicing.c) and ensembles of single voices (ensemble.c) share.
 */
#pragma once
#include "compose/compose-private.h"

/* Plays one voice of a chord only. */
gboolean voicing_is_single(const PlanPart *part);
/* (nullable) */
const PlanPart *voicing_part_of_role(const Plan *plan, TuneRole role);

/* The same chord (transposed with its section) at the same place where the material is first heard, -1 when
 * there is none; @up: how many semitones higher it is now. */
gint voicing_twin(const Plan *plan, gint chord, gint *up);
/* Which of the chords @from .. @to - 1 is voiced anew when its section returns. */
gint voicing_renewed(const Plan *plan, gint from, gint to, const char *who);
/* The first chord after @from that belongs to another section. */
gint voicing_section_end(const Plan *plan, gint from);

/* Voices all single-voiced chordal parts of @plan. */
void plan_voice_ensemble(Plan *plan);
