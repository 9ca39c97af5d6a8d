/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A loop read round: the last frames of it, the whole, the first frames again.  What filters and
 * dynamics need to meet a loop as one that has always been playing.
 */
#pragma once
#include "audio/spill.h"

/* @before and @after: at most the loop's length.  @spill must outlive the source.  (transfer full) */
TuneSource *tune_circle_new(TuneSpill *spill, guint rate, gint64 before, gint64 after, GError **error);
