/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "score/ties.h"

static gint end_of(const GArray *notes, gint index)
{
    const TuneNote *note = &g_array_index(notes, TuneNote, index);

    return note->onset + note->duration;
}

gint tune_ties_take(GArray *ties, const GArray *notes, gint key, gint onset)
{
    for (guint i = 0; i < ties->len; i++) {
        TuneTie tie = g_array_index(ties, TuneTie, i);
        if (tie.key == key && end_of(notes, tie.note) == onset) {
            g_array_remove_index_fast(ties, i);
            return tie.note;
        }
    }
    return -1;
}

void tune_ties_add(GArray *ties, gint key, gint note)
{
    TuneTie tie = {key, note};

    g_array_append_val(ties, tie);
}

void tune_ties_forget(GArray *ties, const GArray *notes, gint tick)
{
    for (guint i = ties->len; i > 0; i--)
        if (end_of(notes, g_array_index(ties, TuneTie, i - 1).note) < tick)
            g_array_remove_index_fast(ties, i - 1);
}
