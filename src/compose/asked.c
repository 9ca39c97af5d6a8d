/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "compose/asked.h"

#include "compose/melody.h"

static gboolean is_drums_role(TuneRole role)
{
    return role == TUNE_ROLE_DRUMS || role == TUNE_ROLE_PERC;
}

static gboolean is_chordal(TuneRole role)
{
    return role == TUNE_ROLE_COMP || role == TUNE_ROLE_ARP || role == TUNE_ROLE_PAD;
}

/* What was asked for must be heard: in half of the sections at least, the louder ones. */
static void let_asked_be_heard(Plan *plan)
{
    for (gint p = 0; p < plan->n_parts; p++) {
        gint n = 0, wanted = (plan->n_sections + 1) / 2;
        if (!plan->parts[p].asked)
            wanted = plan->parts[p].style->rank <= 1 ? 1 : 0;
        for (gint i = 0; i < plan->n_sections; i++)
            n += (plan->sections[i].playing >> p) & 1;
        while (n < wanted) {
            PlanSection *loudest = NULL;
            for (gint i = 0; i < plan->n_sections; i++) {
                PlanSection *s = &plan->sections[i];
                if (!(s->playing & (1u << p)) && (loudest == NULL || s->energy > loudest->energy))
                    loudest = s;
            }
            if (loudest == NULL)
                break;
            loudest->playing |= 1u << p;
            n++;
        }
    }
}

/* The first section in which an asked part has something to do: chords and bass at once, a drummer as soon
 * as there is any drive, a counter-melody and the lead with the tune. */
static gint first_use(const Plan *plan, const PlanPart *part)
{
    for (gint i = 0; i < plan->n_sections; i++) {
        const PlanSection *s = &plan->sections[i];
        gboolean tune = FALSE;
        for (gint p = 0; p < plan->n_parts; p++)
            tune |= plan->parts[p].role == TUNE_ROLE_LEAD && ((s->playing >> p) & 1);
        if (is_chordal(part->role) || part->role == TUNE_ROLE_BASS ||
            (is_drums_role(part->role) && (s->energy > 0.35 || i > 0)) ||
            (part->role == TUNE_ROLE_COUNTER && (tune || i > 0)) ||
            (part->role == TUNE_ROLE_LEAD && s->role != TUNE_SECTION_INTRO))
            return i;
    }
    return 0;
}

/* Nobody whom no one asked for is heard in the place of one who was: asked parts enter first, and where
 * both would play chords in the opening section the style's own wait, unless the style is not itself
 * without them. */
static void bring_asked_forward(Plan *plan, gboolean ensemble)
{
    PlanSection *opening = &plan->sections[0];
    gboolean asked_chords = FALSE;

    for (gint p = 0; p < plan->n_parts; p++) {
        const PlanPart *part = &plan->parts[p];
        if (!part->asked || part->role == TUNE_ROLE_FX)
            continue;
        gint first = first_use(plan, part);
        gboolean singer = part->role == TUNE_ROLE_LEAD && plan_singer(plan, first) != p &&
                          (plan->sections[first].playing >> plan_singer(plan, first)) & 1;
        if (!singer)
            plan->sections[first].playing |= 1u << p;
        asked_chords |= is_chordal(part->role) && first == 0;
    }
    for (gint p = 0; p < plan->n_parts && asked_chords && plan->n_sections > 1; p++) {
        const PlanPart *part = &plan->parts[p];
        if (!part->asked && is_chordal(part->role) && part->style->rank > 1 &&
            !ensemble)
            opening->playing &= ~(1u << p);
    }
}

void plan_let_asked_be_heard(Plan *plan, gboolean ensemble)
{
    let_asked_be_heard(plan);
    bring_asked_forward(plan, ensemble);
}
