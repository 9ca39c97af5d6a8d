/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The last word on the notes before they are performed: who is silent when.
 */
#pragma once
#include "compose/pattern.h"

/* Cuts the notes of all parts for the style's `gaps:` (before sections that rise) and for parts with
 * `after:` bars to wait.  Call it when every part has written its notes and before plan_perform(). */
void plan_gaps(Plan *plan);

/* The notes of @track that begin in [@from, @to) go, those that reach into it end there. */
void track_silence(TuneTrack *track, gint from, gint to);
