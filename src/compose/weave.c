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
    gint singer = plan_singer(plan, (gint)(section - plan->sections));
    for (gint i = 0; i < weave->n; i++)
        if (weave->voice[i].index == singer)
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

/* ---- what is heard again ---- */

/* An earlier section of the same texture over the same harmony, in whatever key. */
static const PlanSection *heard(const Plan *plan, const PlanSection *s)
{
    gint shift, from = plan_chord_at(plan, s->start_tick);

    for (const PlanSection *t = plan->sections; t < s; t++) {
        gint same = 0, all = 0, other = plan_chord_at(plan, t->start_tick);
        if (t->material != s->material || t->role != s->role || t->texture != s->texture ||
            t->ticks != s->ticks || t->woven != s->woven ||
            t->key.mode != s->key.mode)
            continue;
        shift = s->transpose - t->transpose;
        for (gint i = 0; from + i < plan->n_chords && plan->chords[from + i].tick < s->start_tick + s->ticks; i++) {
            const PlanChord *a = &plan->chords[from + i], *b = &plan->chords[other + i];
            gint roots = tune_fifths_pitch_class(a->chord.root) - tune_fifths_pitch_class(b->chord.root);
            all++;
            same += (roots - shift) % 12 == 0 && a->tick - s->start_tick == b->tick - t->start_tick;
        }
        if (same * 10 >= all * 8)
            return t;
    }
    return NULL;
}

/* The octave in which a voice sings what it sang in @t, and how far that is. */
static gint transposition(const WeaveVoice *v, const PlanSection *t, gint shift)
{
    gint low = 127, high = 0, best = shift, least = G_MAXINT;

    for (guint i = 0; i < v->part->track->notes->len; i++) {
        const TuneNote *n = &g_array_index(v->part->track->notes, TuneNote, i);
        if (n->onset >= t->start_tick && n->onset < t->start_tick + t->ticks) {
            low = MIN(low, n->pitch);
            high = MAX(high, n->pitch);
        }
    }
    for (gint octave = -1; octave <= 1; octave++) {
        gint by = shift + 12 * octave;
        gint out = MAX(0, v->part->instrument->low - low - by) + MAX(0, high + by - v->part->instrument->high);
        gint cost = 100 * out + MAX(0, v->low - low - by) + MAX(0, high + by - v->high) + abs(octave);
        if (cost < least) {
            least = cost;
            best = by;
        }
    }
    return best;
}

/* The section again; one long note of a voice in its second bar is struck twice. */
static void sing_again(Weave *weave, const PlanSection *t)
{
    Plan *plan = weave->plan;
    const PlanSection *s = weave->section;

    for (gint k = 0; k < weave->n; k++) {
        WeaveVoice *v = &weave->voice[k];
        gint by = transposition(v, t, s->transpose - t->transpose), turns = 0;
        guint n = v->part->track->notes->len;
        for (guint i = 0; i < n; i++) {
            TuneNote note = g_array_index(v->part->track->notes, TuneNote, i);
            gint tick = note.onset - t->start_tick + s->start_tick, pitch = note.pitch + by;
            if (note.onset < t->start_tick || note.onset >= t->start_tick + t->ticks || tick >= weave->end ||
                pitch < v->part->instrument->low || pitch > v->part->instrument->high)
                continue;
            gint half = note.duration / 2, ticks = MIN(note.duration, weave->end - tick);
            gboolean turn = k != weave->lead && turns < s->repeat && note.duration >= plan->beat_ticks / 2 &&
                            tick - s->start_tick >= plan->bar_ticks && half > 0 && ticks > half;
            turns += turn;
            plan_add_note(plan, v->part, tick, turn ? half : ticks, pitch, note.velocity);
            if (turn)
                plan_add_note(plan, v->part, tick + half, ticks - half, pitch, MAX(1, note.velocity - 6));
        }
    }
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
    default: {
        const PlanSection *before = heard(plan, section);
        if (before != NULL)
            sing_again(&weave, before);
        else
            weave_fugue(&weave);
        break;
    }
    }
    for (gint i = 0; i < weave.n; i++)
        tune_notes_sort(weave.voice[i].part->track->notes);
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
