/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "compose/asked.h"

#include "compose/melody.h"

#include <string.h>

gboolean plan_is_excluded(const Plan *plan, const TuneInstrument *instrument)
{
    const TuneBrief *brief = plan->brief;

    for (guint i = 0; i < brief->excluded->len; i++) {
        const TuneInstrument *e = brief->excluded->pdata[i];
        if (strcmp(e->key, instrument->key) == 0)
            return TRUE;
    }
    if (brief->no_drums && instrument->is_drums)
        return TRUE;
    return brief->no_vocals && strcmp(instrument->family, "voice") == 0;
}

/* One person can play one line (or one chord) of it at a time: no keyboard with two hands, no section that
 * divides, no singer, whose second voice is a usual thing. */
static gboolean is_one_player(const TuneInstrument *in)
{
    gboolean section = in->polyphony > 2 && (in->bowed || in->breath);

    return in->polyphony < 8 && !in->is_drums && !section && strcmp(in->family, "voice") != 0;
}

static gboolean was_asked(const Plan *plan, const TuneInstrument *in)
{
    for (gint i = 0; i < plan->n_parts; i++)
        if (plan->parts[i].asked && plan->parts[i].instrument == in)
            return TRUE;
    return FALSE;
}

static gboolean is_accompanied(const Plan *plan)
{
    for (gint i = 0; i < plan->n_parts; i++)
        if (role_is_chordal(plan->parts[i].role))
            return TRUE;
    return FALSE;
}

const TuneInstrument *plan_one_player(const Plan *plan, const StylePart *style,
                                      const TuneInstrument *chosen)
{
    const TuneInstrument *other = NULL;
    double weight = 0;

    if (chosen == NULL || style->name != NULL || !is_one_player(chosen) || !was_asked(plan, chosen))
        return chosen;
    if (role_is_chordal(style->role) && is_accompanied(plan))
        return NULL;
    for (guint i = 0; i < style->instruments->len; i++) {
        const StyleChoice *c = &g_array_index(style->instruments, StyleChoice, i);
        const TuneInstrument *in =
            tune_instruments_find(tune_vocabulary_instruments(plan->vocabulary), c->name);
        if (in == NULL || c->weight <= weight || plan_is_excluded(plan, in) ||
            (is_one_player(in) && was_asked(plan, in)))
            continue;
        other = in;
        weight = c->weight;
    }
    if (other != NULL)
        return other;
    return style->rank > 1 ? NULL : chosen;
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
        if (role_is_chordal(part->role) || part->role == TUNE_ROLE_BASS ||
            (role_is_drums(part->role) && (s->energy > 0.35 || i > 0)) ||
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
        asked_chords |= role_is_chordal(part->role) && first == 0;
    }
    for (gint p = 0; p < plan->n_parts && asked_chords && plan->n_sections > 1; p++) {
        const PlanPart *part = &plan->parts[p];
        if (!part->asked && role_is_chordal(part->role) && part->style->rank > 1 &&
            !ensemble)
            opening->playing &= ~(1u << p);
    }
}

void plan_let_asked_be_heard(Plan *plan, gboolean ensemble)
{
    let_asked_be_heard(plan);
    bring_asked_forward(plan, ensemble);
}
