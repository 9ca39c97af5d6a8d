/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "compose/variation.h"

#include <stdlib.h>
#include <string.h>

typedef struct {
    const Plan *plan;
    const PlanPart *part;
    const Line *from;
    Line out;
} Varier;

static const PlanChord *chord_at(const Varier *v, gint tick)
{
    return &v->plan->chords[plan_chord_at(v->plan, MAX(0, v->from->start + tick))];
}

static gboolean in(guint16 mask, gint pitch)
{
    return (mask >> (pitch % 12)) & 1;
}

/* The next tone of @mask from @pitch, up or down; @pitch when the register ends. */
static gint step(const Varier *v, guint16 mask, gint pitch, gint direction)
{
    for (gint p = pitch + direction; abs(p - pitch) < 8; p += direction)
        if (p < v->part->low || p > v->part->high)
            return pitch;
        else if (in(mask, p))
            return p;
    return pitch;
}

static void add(Varier *v, const LineNote *model, gint tick, gint ticks, gint pitch)
{
    if (v->out.n >= LINE_MAX_NOTES || ticks < 40)
        return;
    LineNote note = *model;
    note.tick = tick;
    note.ticks = ticks;
    note.pitch = pitch;
    note.ends = FALSE;
    v->out.note[v->out.n++] = note;
}

/* A tone next to @target that leads into it from where @from lies. */
static gint approach(const Varier *v, gint tick, gint target, gint from)
{
    return step(v, chord_at(v, tick)->scale, target, from >= target ? 1 : -1);
}

/* What follows note @i: the next pitch, or the note's own at the end. */
static gint next_pitch(const Varier *v, gint i)
{
    return i + 1 < v->from->n ? v->from->note[i + 1].pitch : v->from->note[i].pitch;
}

/* The room of note @i: up to the next one, unless a breath comes first. */
static gint room_of(const Varier *v, gint i)
{
    const LineNote *n = &v->from->note[i];
    gint until = i + 1 < v->from->n ? v->from->note[i + 1].tick : n->tick + n->ticks;

    return MIN(n->ticks, until - n->tick);
}

/* A note in @count equal ones: itself, tones of the chord that it swings to, and a step into the next. */
static void run(Varier *v, gint i, gint count)
{
    const LineNote *n = &v->from->note[i];
    gint room = room_of(v, i), each = room / MAX(1, count), at = n->tick, pitch = n->pitch;
    gint next = next_pitch(v, i), direction = next >= pitch ? 1 : -1;

    for (gint k = 0; k < count; k++, at += each) {
        const PlanChord *c = chord_at(v, at);
        if (k > 0 && k + 1 == count)
            pitch = approach(v, at, next, n->pitch);
        else if (k > 0 && count <= 4)
            pitch = k % 2 == 1 ? step(v, c->scale, n->pitch, direction) : n->pitch;
        else if (k > 0)
            pitch = step(v, tune_chord_mask(c->chord), pitch, k % 4 < 2 ? direction : -direction);
        add(v, n, at, k + 1 == count ? n->tick + room - at : each, pitch);
    }
}

static void run_all(Varier *v, gint grid)
{
    for (gint i = 0; i < v->from->n; i++) {
        gint room = room_of(v, i);
        gint count = v->from->note[i].ends ? MIN(2, room / grid) : room / grid;
        run(v, i, CLAMP(count, 1, 16));
    }
}

/* A turn about a long note: the note, its upper neighbour, the note, and on to what follows. */
static void ornament(Varier *v)
{
    gint beat = v->plan->beat_ticks;

    for (gint i = 0; i < v->from->n; i++) {
        const LineNote *n = &v->from->note[i];
        gint room = room_of(v, i);
        if (room < beat || n->ends) {
            add(v, n, n->tick, room, n->pitch);
            continue;
        }
        gint quick = beat % 3 == 0 && beat > TUNE_PPQ ? beat / 3 : beat / 4, first = room - 3 * quick;
        gint neighbour = step(v, chord_at(v, n->tick)->scale, n->pitch, i % 2 == 0 ? 1 : -1);
        first = MAX(first, quick);
        add(v, n, n->tick, first, n->pitch);
        add(v, n, n->tick + first, quick, neighbour);
        add(v, n, n->tick + first + quick, quick, n->pitch);
        gint last = n->tick + first + 2 * quick;
        add(v, n, last, n->tick + room - last, approach(v, last, next_pitch(v, i), n->pitch));
    }
}

static void dot(Varier *v)
{
    gint beat = v->plan->beat_ticks;

    for (gint i = 0; i < v->from->n; i++) {
        const LineNote *n = &v->from->note[i];
        gint room = room_of(v, i), tail = beat / (beat % 3 == 0 && beat > TUNE_PPQ ? 6 : 4);
        if (room < beat || n->ends) {
            add(v, n, n->tick, room, n->pitch);
            continue;
        }
        add(v, n, n->tick, room - tail, n->pitch);
        add(v, n, n->tick + room - tail, tail, approach(v, n->tick + room - tail, next_pitch(v, i), n->pitch));
    }
}

/* Notes on inner beats come an eighth early where the note before has room to give. */
static void syncopate(Varier *v)
{
    gint eighth = v->plan->beat_ticks % 3 == 0 && v->plan->beat_ticks > TUNE_PPQ
                      ? v->plan->beat_ticks / 3
                      : v->plan->beat_ticks / 2;

    for (gint i = 0; i < v->from->n; i++) {
        const LineNote *n = &v->from->note[i];
        LineNote *before = v->out.n > 0 ? &v->out.note[v->out.n - 1] : NULL;
        gint in_bar = (v->from->start + n->tick) % v->plan->bar_ticks;
        gboolean early = before != NULL && in_bar != 0 && in_bar % v->plan->beat_ticks == 0 &&
                         n->tick - before->tick >= 2 * eighth;
        gint tick = n->tick - (early ? eighth : 0);
        if (early)
            before->ticks = MIN(before->ticks, tick - before->tick);
        add(v, n, tick, n->tick + room_of(v, i) - tick, n->pitch);
    }
}

/* Strong notes only, each held until the next. */
static void hold(Varier *v)
{
    for (gint i = 0; i < v->from->n; i++) {
        const LineNote *n = &v->from->note[i];
        gint in_bar = (v->from->start + n->tick) % v->plan->bar_ticks;
        gboolean strong = i == 0 || n->ends || tune_metre_weight(v->plan->metre, in_bar) >= 0.7;
        if (strong) {
            add(v, n, n->tick, n->ticks, n->pitch);
        } else if (v->out.n > 0) {
            LineNote *before = &v->out.note[v->out.n - 1];
            before->ticks = n->tick + n->ticks - before->tick;
        }
    }
}

static void move(Varier *v, gint by)
{
    gboolean fits = TRUE;

    for (gint i = 0; i < v->from->n; i++) {
        gint pitch = v->from->note[i].pitch + by;
        fits &= pitch >= MAX(v->part->instrument->low, 1) && pitch <= v->part->instrument->high;
    }
    v->out = *v->from;
    for (gint i = 0; i < v->out.n && fits; i++)
        v->out.note[i].pitch += by;
}

/* Quick notes are sixteenths as long as the tempo lets them be, else eighths; thirds of the beat, or
 * sixths. */
static gint quick_grid(const Plan *plan, gboolean threes)
{
    double bpm = tune_metre_beat_bpm(plan->metre, plan->quarter_bpm);
    gboolean compound = tune_metre_is_compound(plan->metre);

    if (compound)
        return plan->beat_ticks / (threes || bpm > 80 ? 3 : 6);
    if (threes)
        return plan->beat_ticks / 3;
    return plan->beat_ticks / (bpm > 126 ? 2 : 4);
}

void variation_apply(const Plan *plan, const PlanPart *part, StyleVariation kind, Line *line)
{
    Varier *v = g_new0(Varier, 1);

    *v = (Varier){.plan = plan, .part = part, .from = line,
                  .out = {.start = line->start, .ticks = line->ticks, .closes = line->closes}};
    switch (kind) {
    case STYLE_VARIATION_ORNAMENTED:
        ornament(v);
        break;
    case STYLE_VARIATION_RUNNING:
        run_all(v, quick_grid(plan, FALSE));
        break;
    case STYLE_VARIATION_TRIPLETS:
        run_all(v, quick_grid(plan, TRUE));
        break;
    case STYLE_VARIATION_DOTTED:
        dot(v);
        break;
    case STYLE_VARIATION_SYNCOPATED:
        syncopate(v);
        break;
    case STYLE_VARIATION_CHORALE:
        hold(v);
        break;
    case STYLE_VARIATION_LOW:
        move(v, -12);
        break;
    case STYLE_VARIATION_HIGH:
        move(v, 12);
        break;
    default:
        v->out = *line;
        break;
    }
    if (v->out.n > 0) {
        v->out.note[v->out.n - 1].ends = TRUE;
        *line = v->out;
    }
    g_free(v);
}

gboolean variation_has_tag(const Plan *plan)
{
    const PlanSection *last = &plan->sections[plan->n_sections - 1];
    gboolean coda = last->role == TUNE_SECTION_OUTRO || last->role == TUNE_SECTION_CODA;

    return plan->ending == TUNE_ENDING_TAG && !last->theme &&
           plan->final_tick - last->start_tick >= (coda ? 4 : 8) * plan->bar_ticks;
}

void variation_tag(Plan *plan, PlanPart *part)
{
    gint length = 2 * plan->bar_ticks, to = plan->final_tick - length, from = to - length;
    GArray *notes = part->track->notes;
    guint first = 0, end = 0;

    if (!variation_has_tag(plan) || from < 0)
        return;
    while (first < notes->len && g_array_index(notes, TuneNote, first).onset < from)
        first++;
    for (end = first; end < notes->len && g_array_index(notes, TuneNote, end).onset < to; end++)
        if (g_array_index(notes, TuneNote, end).syllable >= 0)
            return; /* words are sung once */
    if (first > 0) {
        TuneNote *before = &g_array_index(notes, TuneNote, first - 1);
        before->duration = MIN(before->duration, from - before->onset);
    }
    g_array_remove_range(notes, first, end - first);
    g_autoptr(GArray) again = g_array_new(FALSE, FALSE, sizeof(TuneNote));
    for (guint i = first; i < notes->len; i++) {
        TuneNote note = g_array_index(notes, TuneNote, i);
        if (note.onset < to || note.onset >= plan->final_tick || note.syllable >= 0)
            continue;
        note.onset -= length;
        note.duration = MIN(note.duration, to - note.onset);
        g_array_append_val(again, note);
    }
    if (again->len > 0)
        g_array_insert_vals(notes, first, again->data, again->len);
}
