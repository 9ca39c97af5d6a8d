/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "score/score-private.h"

#include <stdlib.h>
#include <string.h>

static gboolean are_in_order(const GArray *notes)
{
    for (guint i = 1; i < notes->len; i++) {
        const TuneNote *y = &g_array_index(notes, TuneNote, i), *x = y - 1;

        if (x->onset > y->onset || (x->onset == y->onset && x->pitch > y->pitch))
            return FALSE;
    }
    return TRUE;
}

static int compare_keys(const void *a, const void *b)
{
    guint64 x = *(const guint64 *)a, y = *(const guint64 *)b;

    return (x > y) - (x < y);
}

/* Sorting numbers that hold onset, pitch and place and moving each note once is several times faster than
 * moving notes about. */
void tune_notes_sort(GArray *notes)
{
    if (are_in_order(notes))
        return;
    g_return_if_fail(notes->len < 1u << 24);
    g_autofree guint64 *keys = g_new(guint64, notes->len);
    g_autofree TuneNote *sorted = g_new(TuneNote, notes->len);
    for (guint i = 0; i < notes->len; i++) {
        const TuneNote *note = &g_array_index(notes, TuneNote, i);

        keys[i] = (guint64)((guint32)note->onset ^ 0x80000000u) << 32 | (guint64)note->pitch << 24 | i;
    }
    qsort(keys, notes->len, sizeof *keys, compare_keys);
    for (guint i = 0; i < notes->len; i++)
        sorted[i] = g_array_index(notes, TuneNote, keys[i] & 0xffffff);
    memcpy(notes->data, sorted, notes->len * sizeof *sorted);
}

/* @next begins where @kept begins: one note is left, the longer and louder of both. */
static void merge(TuneNote *kept, const TuneNote *next)
{
    if (next->duration > kept->duration) {
        kept->duration = next->duration;
        kept->duration_offset = next->duration_offset;
    }
    kept->velocity = MAX(kept->velocity, next->velocity);
    if (kept->syllable < 0)
        kept->syllable = next->syllable;
}

/* Makes room for @next, a later note of the same pitch.  FALSE: there is none, drop @next. */
static gboolean make_room(TuneNote *kept, const TuneNote *next)
{
    if (next->onset == kept->onset)
        return FALSE;
    if (kept->onset + kept->duration > next->onset)
        kept->duration = next->onset - kept->onset;
    gint start = tune_note_sounding_onset(kept), next_start = tune_note_sounding_onset(next);
    if (next_start <= start)
        return FALSE;
    if (tune_note_sounding_end(kept) > next_start) {
        gint offset = next_start - (kept->onset + kept->onset_offset) - kept->duration;
        if (offset < G_MININT16)
            return FALSE;
        kept->duration_offset = (gint16)offset;
    }
    return TRUE;
}

void tune_track_resolve_overlaps(TuneTrack *track)
{
    GArray *notes = track->notes;
    TuneNote *last[128] = {NULL}; /* of each pitch: the note kept last */
    guint n_kept = 0;

    tune_notes_sort(notes);
    for (guint i = 0; i < notes->len; i++) {
        TuneNote *next = &g_array_index(notes, TuneNote, i), **kept = &last[next->pitch & 127];

        if (next->duration <= 0)
            continue;
        if (*kept != NULL && !make_room(*kept, next)) {
            if ((*kept)->onset == next->onset)
                merge(*kept, next);
            continue;
        }
        *kept = &g_array_index(notes, TuneNote, n_kept++);
        **kept = *next;
    }
    g_array_set_size(notes, n_kept);
}
