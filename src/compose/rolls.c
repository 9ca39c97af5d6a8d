/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "compose/rolls.h"

#include <string.h>

#define SHORTEST 60 /* ticks: a sixty-fourth; quicker strokes would be a buzz */

static gint strokes_of(char cell, gint ticks, TuneRandom *random)
{
    static const double weights[] = {6, 1.2, 1.5, 0.8}; /* one stroke, or two, three, four */
    gint n = cell == 'r' ? 2 : cell == 't' ? 3 : cell == 'f' ? 4 : 1;

    if (cell == 'w')
        n = 1 + (gint)tune_random_weighted(random, weights, G_N_ELEMENTS(weights));
    return MIN(n, MAX(1, ticks / SHORTEST));
}

gboolean plan_roll_cell(GArray *strokes, char cell, gint tick, gint ticks, guint8 key, gint velocity,
                        TuneRandom *random)
{
    if (cell == '\0' || strchr("rtfw", cell) == NULL)
        return FALSE;
    gint n = strokes_of(cell, ticks, random);
    gboolean grows = tune_random_chance(random, 0.4);
    for (gint i = 0; i < n; i++) {
        gint from = ticks * i / n, to = ticks * (i + 1) / n;
        gint place = grows ? n - 1 - i : i;
        Stroke stroke = {.tick = tick + from, .ticks = to - from, .key = key,
                         .velocity = (guint8)CLAMP(velocity - 9 * place, 30, 127)};
        g_array_append_val(strokes, stroke);
    }
    return TRUE;
}
