/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Trading: for so many bars the band plays, for as many the drummer answers alone.
 */
#include "compose/gaps.h"

static gboolean has_drummer(const Plan *plan, const PlanSection *section)
{
    for (gint i = 0; i < plan->n_parts; i++)
        if (plan->parts[i].role == TUNE_ROLE_DRUMS && plan->parts[i].instrument->is_drums &&
            plan_plays(section, i))
            return TRUE;
    return FALSE;
}

gboolean plan_drummer_alone(const Plan *plan, const PlanSection *section, gint bar)
{
    gint trade = section->trade;

    /* Only whole exchanges: what is left over at the end the band plays together. */
    return trade > 0 && bar / trade % 2 == 1 && (bar / trade + 1) * trade <= section->bars &&
           !section->last && has_drummer(plan, section);
}

void plan_trade(Plan *plan)
{
    for (gint i = 0; i < plan->n_sections; i++) {
        const PlanSection *s = &plan->sections[i];
        for (gint bar = 0; s->trade > 0 && bar < s->bars; bar++) {
            gint start = s->start_tick + bar * plan->bar_ticks;
            for (gint p = 0; p < plan->n_parts && plan_drummer_alone(plan, s, bar); p++)
                if (!plan->parts[p].instrument->is_drums)
                    track_silence(plan->parts[p].track, start, start + plan->bar_ticks);
        }
    }
}
