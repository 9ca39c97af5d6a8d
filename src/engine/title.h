/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A name for a piece that nobody named, from the sentence: the same brief gives the same title.
 */
#pragma once
#include "brief/brief.h"

/* The brief's own title if it has one; else the sentence up to its first full stop or comma, at most
 * seven words, figures and fillers left out, in title case; else style and mood.  (transfer full) */
char *tune_title_of_brief(const TuneBrief *brief);

/* tune_brief_complete(), with a title from the sentence where none was said. */
gboolean tune_title_complete(TuneBrief *brief, const TuneVocabulary *vocabulary, GError **error);
