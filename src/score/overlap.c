/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "score/score-private.h"

gint tune_note_compare(gconstpointer a, gconstpointer b)
{
    const TuneNote *x = a, *y = b;

    if (x->onset != y->onset)
        return x->onset < y->onset ? -1 : 1;
    return (gint)x->pitch - (gint)y->pitch;
}

gint tune_note_compare_by_pitch(gconstpointer a, gconstpointer b)
{
    const TuneNote *x = a, *y = b;

    if (x->pitch != y->pitch)
        return (gint)x->pitch - (gint)y->pitch;
    return x->onset < y->onset ? -1 : x->onset > y->onset;
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
    guint n_kept = 0;

    g_array_sort(notes, tune_note_compare_by_pitch);
    for (guint i = 0; i < notes->len; i++) {
        const TuneNote *next = &g_array_index(notes, TuneNote, i);
        TuneNote *kept = n_kept > 0 ? &g_array_index(notes, TuneNote, n_kept - 1) : NULL;

        if (next->duration <= 0)
            continue;
        if (kept != NULL && kept->pitch == next->pitch && !make_room(kept, next)) {
            if (kept->onset == next->onset)
                merge(kept, next);
            continue;
        }
        g_array_index(notes, TuneNote, n_kept++) = *next;
    }
    g_array_set_size(notes, n_kept);
    g_array_sort(notes, tune_note_compare);
}
