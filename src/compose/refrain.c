/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A tune can return note for note only over chords that bear it: sections of a material are
 * harmonised one by one (their closes, clothes and turns differ), so the head of a returning chorus
 * or theme takes over the chords of the first, and the melody need not be settled there.
 */
#include "compose/refrain.h"

#include "compose/variation.h"

#define HEAD_BARS  4 /* what one remembers */
#define LEAST_BARS 3 /* less is no tune to bring back */

static gint music_ticks(const Plan *plan, const PlanSection *s)
{
    return MAX(0, MIN(s->ticks, plan->final_tick - s->start_tick));
}

static gboolean is_again(const PlanSection *s, const PlanSection *t)
{
    return t->material == s->material && t->role == s->role;
}

const PlanSection *refrain_of(const Plan *plan, const PlanSection *s)
{
    gboolean hook = s->role == TUNE_SECTION_CHORUS || s->role == TUNE_SECTION_DROP;
    const PlanSection *first = NULL;
    gint heard = 0;

    if (!hook && s->role != TUNE_SECTION_THEME)
        return NULL;
    for (const PlanSection *t = plan->sections; t < s; t++) {
        if (!is_again(s, t) || music_ticks(plan, t) < LEAST_BARS * plan->bar_ticks)
            continue;
        first = first != NULL ? first : t;
        heard++;
    }
    if (first == NULL || (!hook && heard >= 3) || first->theme || s->theme ||
        first->key.mode != s->key.mode)
        return NULL;
    return first;
}

gint refrain_ticks(const Plan *plan, const PlanSection *first, const PlanSection *s)
{
    gint bar = plan->bar_ticks, ending = bar;

    if (s->last && plan->ending == TUNE_ENDING_AMEN)
        ending = 2 * bar;
    if (s->last && variation_has_tag(plan))
        ending = 4 * bar;
    gint ticks = MIN(music_ticks(plan, first) - bar, music_ticks(plan, s) - ending);
    return CLAMP(ticks, 0, HEAD_BARS * bar);
}

/* ---- harmony ---- */

static TuneFifths moved(gint fifths, gint by)
{
    gint at = fifths + by;

    while (at > 10) /* B# and beyond: nobody wants to read it */
        at -= 12;
    while (at < -9)
        at += 12;
    return (TuneFifths)at;
}

static guint16 turned(guint16 mask, gint semitones)
{
    gint by = (semitones % 12 + 12) % 12;

    return (guint16)((mask << by | mask >> (12 - by)) & 0xfff);
}

/* @chord of @first as it sounds in @s. */
static PlanChord transposed(const Plan *plan, const PlanChord *chord, const PlanSection *first,
                            const PlanSection *s)
{
    gint fifths = s->key.tonic - first->key.tonic;
    PlanChord out = *chord;

    out.tick += s->start_tick - first->start_tick;
    out.section = (gint)(s - plan->sections);
    if (fifths == 0)
        return out;
    out.key.tonic = moved(chord->key.tonic, fifths);
    out.chord.root = moved(chord->chord.root, fifths);
    out.chord.bass = moved(chord->chord.bass, fifths);
    out.scale = turned(chord->scale, tune_fifths_pitch_class(s->key.tonic) -
                                         tune_fifths_pitch_class(first->key.tonic));
    return out;
}

/* Appends those of @chords that lie in section @from between the two places, cut to them. */
static void take(const Plan *plan, const GArray *chords, const PlanSection *from, gint start,
                 gint end, const PlanSection *to, GArray *out)
{
    gint index = (gint)(from - plan->sections);

    for (guint i = 0; i < chords->len; i++) {
        PlanChord c = g_array_index(chords, PlanChord, i);
        gint first = MAX(c.tick, start), stop = MIN(c.tick + c.ticks, end);
        if (c.section != index || stop <= first)
            continue;
        c.cadence = c.cadence && stop == c.tick + c.ticks;
        c.tick = first;
        c.ticks = stop - first;
        c = transposed(plan, &c, from, to);
        g_array_append_val(out, c);
    }
}

void refrain_harmony(const Plan *plan, GArray *chords)
{
    g_autoptr(GArray) out = g_array_sized_new(FALSE, TRUE, sizeof(PlanChord), chords->len + 16);

    for (const PlanSection *s = plan->sections; s < plan->sections + plan->n_sections; s++) {
        const PlanSection *first = refrain_of(plan, s);
        gint ticks = first != NULL ? refrain_ticks(plan, first, s) : 0;

        if (ticks > 0)
            take(plan, chords, first, first->start_tick, first->start_tick + ticks, s, out);
        take(plan, chords, s, s->start_tick + ticks, G_MAXINT, s, out);
    }
    g_array_set_size(chords, 0);
    g_array_append_vals(chords, out->data, out->len);
}

/* ---- what the lead has sung ---- */

const Line *sung_recall(const GArray *sung, const PlanSection *s, gint kind, gint phrase,
                        gint ticks)
{
    const Line *found = NULL;

    for (guint i = 0; i < sung->len; i++) {
        const SungLine *e = &g_array_index(sung, SungLine, i);
        if (e->material != s->material || e->kind != kind || e->phrase != phrase ||
            e->line.ticks != ticks)
            continue;
        if (e->role == s->role)
            return &e->line;
        if (found == NULL)
            found = &e->line;
    }
    return found;
}

gboolean sung_stretch(const Plan *plan, const GArray *sung, const PlanSection *s, gint at,
                      gint ticks, Line *out)
{
    const PlanSection *first = refrain_of(plan, s);
    gint covered = 0;

    if (first == NULL)
        return FALSE;
    *out = (Line){.start = first->start_tick + at, .ticks = ticks};
    for (guint i = 0; i < sung->len; i++) {
        const SungLine *e = &g_array_index(sung, SungLine, i);
        gint shift = e->line.start - out->start; /* from the phrase's place to ours */
        if (e->section != first - plan->sections || e->kind != 0)
            continue;
        if (shift == 0 && e->line.ticks == ticks) {
            *out = e->line;
            return out->n > 0;
        }
        covered = MAX(covered, MIN(ticks, shift + e->line.ticks));
        for (gint k = 0; k < e->line.n && out->n < LINE_MAX_NOTES; k++) {
            LineNote note = e->line.note[k];
            note.tick += shift;
            note.ticks = MIN(note.ticks, ticks - note.tick);
            if (note.tick >= 0 && note.ticks > 0)
                out->note[out->n++] = note;
        }
    }
    if (out->n == 0 || covered < ticks - plan->bar_ticks)
        return FALSE;
    LineNote *last = &out->note[out->n - 1];
    last->ends = TRUE;
    last->ticks =
        MIN(last->ticks, MAX(ticks - last->tick - plan->beat_ticks / 2, plan->beat_ticks / 4));
    return TRUE;
}

void sung_keep(const Plan *plan, GArray *sung, const PlanSection *s, gint kind, gint phrase,
               const Line *line, gint shift)
{
    SungLine e = {.section = (gint)(s - plan->sections),
                  .material = s->material,
                  .kind = kind,
                  .role = s->role,
                  .phrase = phrase,
                  .line = *line};

    for (guint i = 0; i < sung->len; i++) {
        const SungLine *known = &g_array_index(sung, SungLine, i);
        if (known->material == e.material && known->kind == kind && known->role == e.role &&
            known->phrase == phrase && known->line.ticks == line->ticks)
            return;
    }
    for (gint i = 0; i < e.line.n; i++) {
        e.line.note[i].pitch -= shift;
        e.line.note[i].syllable = -1;
    }
    g_array_append_val(sung, e);
}
