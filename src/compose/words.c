/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "compose/melody.h"

struct Words {
    gint n;
};

Words *words_new(const Plan *plan)
{
    (void)plan;
    return NULL;
}

void words_free(Words *words)
{
    (void)words;
}

gboolean words_lay(Words *words, const Plan *plan, PlanPart *part, gint index, gint phrase,
                   gint n_phrases, Line *line)
{
    (void)words, (void)plan, (void)part, (void)index, (void)phrase, (void)n_phrases, (void)line;
    return FALSE;
}
