/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Notes whose tie waits for its other end, for readers of notation.  Voices may take turns in the
 * file, so several notes of one key can wait at different times.  One reader, one thread.
 */
#pragma once
#include "score/score.h"

typedef struct {
    gint key;  /* pitch or staff position */
    gint note; /* index into the track's notes */
} TuneTie;

/* Index of the note of @key that waits and ends at @onset, which waits no more; -1: none.
 * @ties: TuneTie. */
gint tune_ties_take(GArray *ties, const GArray *notes, gint key, gint onset);

void tune_ties_add(GArray *ties, gint key, gint note);

/* Drops those that ended before @tick. */
void tune_ties_forget(GArray *ties, const GArray *notes, gint tick);
