/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "compose/pattern.h"
#include "compose/weave.h"

#include <stdlib.h>
#include <string.h>

static gint centre(const WeaveVoice *v)
{
    return v->low + v->high;
}

void weave_init(Weave *weave, Plan *plan, const PlanSection *section)
{
    memset(weave, 0, sizeof *weave);
    weave->plan = plan;
    weave->section = section;
    weave->start = section->start_tick;
    weave->end = plan_groove_end(plan, section);
    weave->lead = -1;
    for (gint i = 0; i < plan->n_parts && weave->n < WEAVE_MOST_VOICES; i++) {
        PlanPart *part = &plan->parts[i];
        if (!(section->woven & (1u << i)) || !weave_is_voice(plan, i, section))
            continue;
        gint at = weave->n++;
        WeaveVoice v = {part, i, MAX(part->low, part->instrument->low),
                        MIN(part->high, part->instrument->high)};
        for (; at > 0 && centre(&weave->voice[at - 1]) < centre(&v); at--)
            weave->voice[at] = weave->voice[at - 1];
        weave->voice[at] = v;
    }
    for (gint i = 0; i < weave->n && weave->lead < 0; i++)
        if (weave->voice[i].part->role == TUNE_ROLE_LEAD)
            weave->lead = i;
}

/* Entries fill the section but for its close: a fugue's voices come one by one, an imitation goes on. */
WeaveEntries weave_entries(const Plan *plan, const PlanSection *s)
{
    WeaveEntries e = {.unit = 1};
    gint n = 0, bars = (MIN(s->start_tick + s->ticks, plan->final_tick) - s->start_tick) / plan->bar_ticks;
    TuneRandom random;

    for (gint i = 0; i < plan->n_parts; i++)
        n += ((s->woven >> i) & 1) && weave_is_voice(plan, i, s);
    n = CLAMP(n, 2, WEAVE_MOST_VOICES);
    if (bars >= 2 * n && (plan->bar_ticks <= 4 * TUNE_PPQ))
        e.unit = 2;
    e.entries = s->texture != NULL && s->texture->weave == STYLE_WEAVE_FUGUE ? n : bars / e.unit - 1;
    e.entries = CLAMP(e.entries, 1, MAX(1, (bars - 1) / e.unit));
    tune_random_init(&random, plan->seed, "material %d/subject", s->material);
    e.tonal = tune_random_chance(&random, 0.45);
    return e;
}

/* The octave of @pitch that lies nearest the middle of the voice. */
static gint octave_in(const WeaveVoice *v, gint pitch)
{
    gint best = -1;

    for (gint p = pitch % 12; p < 128; p += 12)
        if (p >= v->part->instrument->low && p <= v->part->instrument->high &&
            (best < 0 || abs(2 * p - centre(v)) < abs(2 * best - centre(v))))
            best = p;
    return best;
}

/* Whole octaves from the melody, so that its shape stays. */
static void copy_in_octave(Weave *weave, WeaveVoice *v, const TuneTrack *lead)
{
    gint sum = 0, n = 0;

    for (guint i = 0; i < lead->notes->len; i++) {
        const TuneNote *note = &g_array_index(lead->notes, TuneNote, i);
        if (note->onset >= weave->start && note->onset < weave->end) {
            sum += note->pitch;
            n++;
        }
    }
    if (n == 0)
        return;
    gint shift = octave_in(v, sum / n) - sum / n;
    shift -= shift % 12;
    for (guint i = 0; i < lead->notes->len; i++) {
        TuneNote note = g_array_index(lead->notes, TuneNote, i);
        gint pitch = note.pitch + shift;
        if (note.onset < weave->start || note.onset >= weave->end)
            continue;
        if (pitch < v->part->instrument->low)
            pitch += 12;
        if (pitch > v->part->instrument->high)
            pitch -= 12;
        if (pitch >= v->part->instrument->low)
            plan_add_note(weave->plan, v->part, note.onset, note.duration, pitch, note.velocity);
    }
}

void weave_unison(Weave *weave)
{
    if (weave->lead < 0)
        return;
    for (gint i = 0; i < weave->n; i++)
        if (i != weave->lead)
            copy_in_octave(weave, &weave->voice[i], weave->voice[weave->lead].part->track);
}

static gint compare_notes(gconstpointer a, gconstpointer b)
{
    const TuneNote *x = a, *y = b;

    if (x->onset != y->onset)
        return x->onset < y->onset ? -1 : 1;
    return (x->pitch > y->pitch) - (x->pitch < y->pitch);
}

void weave_section(Plan *plan, const PlanSection *section)
{
    Weave weave;

    if (section->texture == NULL || section->texture->weave == STYLE_WEAVE_FREE)
        return;
    weave_init(&weave, plan, section);
    switch (section->texture->weave) {
    case STYLE_WEAVE_CHORALE:
        if (section->last && plan_has_final(plan))
            weave.end = plan->ticks;
        weave_chorale(&weave);
        break;
    case STYLE_WEAVE_UNISON:
        weave_unison(&weave);
        break;
    default:
        weave_fugue(&weave);
        break;
    }
    for (gint i = 0; i < weave.n; i++)
        g_array_sort(weave.voice[i].part->track->notes, compare_notes);
}

void weave_last(Plan *plan)
{
    const PlanSection *s = &plan->sections[plan->n_sections - 1];
    Weave weave;

    if (!plan_has_final(plan) || s->texture == NULL || s->texture->weave == STYLE_WEAVE_FREE ||
        s->texture->weave == STYLE_WEAVE_CHORALE)
        return;
    weave_init(&weave, plan, s);
    weave.start = plan->final_tick;
    weave.end = plan->ticks;
    weave_chorale(&weave);
}
