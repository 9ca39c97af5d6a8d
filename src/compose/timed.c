/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "compose/timed.h"

#include <string.h>

/* The said section that rules at @seconds: the last one that starts there or earlier, NULL when
 * none has a time.  A section's start is a head of a bar near the said moment, so @slack seconds
 * are forgiven. */
static const TuneBriefSection *ruling(const GArray *said, double seconds, double slack)
{
    const TuneBriefSection *found = NULL;

    for (guint i = 0; i < said->len; i++) {
        const TuneBriefSection *s = &g_array_index(said, TuneBriefSection, i);
        if (s->at_seconds >= 0 && s->at_seconds <= seconds + slack)
            found = s;
    }
    return found;
}

static gboolean holds(const GPtrArray *instruments, const TuneInstrument *instrument)
{
    for (guint i = 0; instruments != NULL && i < instruments->len; i++)
        if (strcmp(((const TuneInstrument *)instruments->pdata[i])->key, instrument->key) == 0)
            return TRUE;
    return FALSE;
}

/* Parts that play (@named TRUE: are in the section's list; FALSE: are not silenced), as bits. */
static guint32 parts_of(const Plan *plan, const TuneBriefSection *said, gboolean named)
{
    guint32 mask = 0;

    for (gint p = 0; p < plan->n_parts; p++) {
        const TuneInstrument *in = plan->parts[p].instrument;
        if (named ? holds(said->instruments, in) : !holds(said->silent, in))
            mask |= 1u << p;
    }
    return mask;
}

/* Who was said to join here is heard here. */
static guint32 joining(const Plan *plan, const TuneBriefSection *said,
                       const TuneBriefSection *before)
{
    guint32 now = parts_of(plan, said, FALSE);

    return before == NULL || before->silent == NULL ? 0 : now & ~parts_of(plan, before, FALSE);
}

void plan_obey_times(Plan *plan)
{
    const GArray *said = plan->brief->sections;
    double seconds_per_tick = 60.0 / (plan->quarter_bpm * TUNE_PPQ);
    double slack = plan->bar_ticks * seconds_per_tick * 0.51;
    const TuneBriefSection *before = NULL, *last = NULL;

    for (gint i = 0; i < plan->n_sections; i++) {
        PlanSection *s = &plan->sections[i];
        const TuneBriefSection *now = ruling(said, s->start_tick * seconds_per_tick, slack);
        if (now == NULL)
            continue;
        if (now != last)
            before = last;
        last = now;
        guint32 named = parts_of(plan, now, TRUE), allowed = parts_of(plan, now, FALSE);
        if (named != 0)
            s->playing = named;
        else
            s->playing |= joining(plan, now, before);
        if ((s->playing & allowed) != 0)
            s->playing &= allowed;
        else if (allowed != 0)
            s->playing = allowed;
    }
}
