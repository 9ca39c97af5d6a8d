/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The lead: sections as phrases, phrases as statements and answers of a motif.
 *
 * Each material has a main motif and a contrasting one.  A phrase of four bars states the main one,
 * answers it (again, in sequence, inverted, in fragments) and closes on a long note and a breath.  A
 * phrase that comes back over the same harmony comes back note for note; over another it keeps rhythm
 * and contour.  When a section returns, a chorus or drop keeps its hook; a verse is varied a little.
 */
#include "compose/pattern.h"
#include "compose/refrain.h"
#include "compose/theme-private.h"
#include "compose/variation.h"
#include "compose/weave.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    Plan *plan;
    PlanPart *part;
    gint part_index;
    GArray *sung; /* SungLine */
    Words *words;
    gint last_pitch;
    gint octave; /* semitones from the lead's octave to that of who sings now */
} Singer;

static gint kind_of(const PlanSection *s)
{
    return s->role == TUNE_SECTION_SOLO ? 1 : 0;
}

static gboolean is_hook(const PlanSection *s)
{
    return s->role == TUNE_SECTION_CHORUS || s->role == TUNE_SECTION_DROP;
}

/* How often the material was heard before in this very role: variations are no repeats of a theme. */
static gint heard_before(const Plan *plan, const PlanSection *s)
{
    gint n = 0;

    for (const PlanSection *t = plan->sections; t < s; t++)
        n += t->material == s->material && t->role == s->role;
    return n;
}

/* The first four bars are what one remembers. */
static gboolean is_head(const PlanSection *s, gint phrase)
{
    return phrase * CLAMP(s->phrase_bars, 2, 4) < 4;
}

/* Comes back note for note: a hook always, a theme when it is heard for the second and third time. */
static gboolean stays(const Plan *plan, const PlanSection *s, gint phrase)
{
    if (is_hook(s))
        return is_head(s, phrase) || s->repeat % 2 == 1;
    return s->role == TUNE_SECTION_THEME && is_head(s, phrase) &&
           (heard_before(plan, s) < 3 || refrain_of(plan, s) != NULL);
}

/* ---- where a section lies ---- */

static void section_range(const Singer *m, const PlanSection *s, gint *low, gint *high)
{
    gint from = m->part->low, to = m->part->high;
    gint wish = m->plan->style->melody.range + (s->role == TUNE_SECTION_SOLO ? 4 : 0);
    gint span = MIN(wish, to - from);
    gint room = to - from - span;

    *low = from + room / 2;
    *high = *low + span;
    if (is_hook(s)) {
        *low += MIN(3, span / 4);
        *high += MIN(2, room / 2);
    } else if (s->role != TUNE_SECTION_SOLO) {
        *high -= MIN(3, MAX(0, span - 9));
    }
    *low = MAX(from, *low + MIN(s->transpose, 2));
    *high = MIN(to, MAX(*high + s->transpose, *low + 7));
}

static void shape_phrase(const Singer *m, const PlanSection *s, gint phrase, gint n, gboolean closes,
                         LineShape *shape)
{
    TuneRandom random;
    double span, base;

    memset(shape, 0, sizeof *shape);
    section_range(m, s, &shape->low, &shape->high);
    span = shape->high - shape->low;
    base = shape->low + span * 0.42;
    tune_random_init(&random, m->plan->seed, "material %d/shape/%d/%d", s->material, kind_of(s), phrase);
    gboolean climax = n == 1 || phrase == (n * 2) / 3;
    shape->target[0] = base + tune_random_range(&random, -0.12, 0.12) * span;
    shape->target[1] = base + (closes ? -0.16 : 0.06) * span;
    shape->peak = span * (climax ? 0.5 : tune_random_range(&random, 0.12, 0.26));
    shape->peak_at = tune_random_range(&random, 0.4, 0.75);
    shape->noise = 0.35 + 0.5 * m->plan->temperature;
    shape->before = m->last_pitch;
    shape->tonic_wish = -1;
}

/* ---- rhythm of a phrase ---- */

static double density_of(const Plan *plan, const PlanSection *s)
{
    const double *d = plan->style->melody.density;
    double density = d[0] + (d[1] - d[0]) * material_energy(plan, s->material);

    if (s->role == TUNE_SECTION_SOLO)
        density *= 1.6;
    if (is_hook(s))
        density *= 0.92;
    return density;
}

/* A kind of place in a phrase: what is said there. */
typedef enum { SAY_MAIN, SAY_AGAIN, SAY_OTHER, SAY_INVERTED, SAY_FRAGMENT, SAY_LONG } Say;

static void plan_speech(const Singer *m, const PlanSection *s, gint phrase, gint units, Say *say)
{
    static const Say statements[][4] = {
        {SAY_MAIN, SAY_AGAIN, SAY_OTHER, SAY_MAIN},
        {SAY_MAIN, SAY_OTHER, SAY_MAIN, SAY_OTHER},
        {SAY_MAIN, SAY_AGAIN, SAY_FRAGMENT, SAY_OTHER},
        {SAY_MAIN, SAY_INVERTED, SAY_MAIN, SAY_OTHER},
        {SAY_MAIN, SAY_AGAIN, SAY_MAIN, SAY_AGAIN},
        {SAY_OTHER, SAY_AGAIN, SAY_FRAGMENT, SAY_LONG},
    };
    static const double verse[] = {3, 3, 2, 1.2, 1, 0}, hook[] = {2, 1, 1, 0.3, 5, 0},
                        later[] = {1, 2, 2, 2, 1, 2};
    TuneRandom random;

    tune_random_init(&random, m->plan->seed, "material %d/speech/%d/%d", s->material, kind_of(s),
                     phrase / 2);
    const double *weights = is_hook(s) ? hook : (phrase >= 2 && phrase % 2 == 0 ? later : verse);
    gsize pick = tune_random_weighted(&random, weights, G_N_ELEMENTS(verse));
    for (gint i = 0; i < units; i++)
        say[i] = statements[pick][i % 4];
}

/* A solo goes on to new motifs with each phrase; a tune has two. */
static void motif_for(const Plan *plan, const PlanSection *s, gint phrase, Say say, Motif *out)
{
    double density = density_of(plan, s);
    char name[40];

    const char *which = say == SAY_OTHER || say == SAY_LONG ? "b" : "a";
    if (kind_of(s) == 1)
        g_snprintf(name, sizeof name, "solo %d %s", phrase, which);
    else
        g_strlcpy(name, which, sizeof name);
    motif_make(plan, s, name, density, out);
    if (say == SAY_INVERTED)
        motif_invert(out);
    if (say == SAY_FRAGMENT && out->n >= 4)
        motif_fragment(plan, out);
    if (say == SAY_LONG && out->bars == 1)
        motif_augment(out);
}

/* Cuts the phrase's end into a long note and a breath. */
static void close_phrase(const Plan *plan, Line *line, gint ticks, gboolean breath)
{
    gint last_bar = ticks - plan->bar_ticks;
    gint rest = breath ? MAX(plan->beat_ticks / 2,
                             (gint)(plan->style->melody.rest * 2.2 * plan->bar_ticks /
                                    (plan->beat_ticks / 2.0)) * (plan->beat_ticks / 2))
                       : 0;
    gint n = 0;

    rest = MIN(rest, plan->bar_ticks * 5 / 8);
    /* Of the last bar's notes those stay that begin in its first half; the last of them is held. */
    gint limit = last_bar + plan->bar_ticks * 9 / 16;
    for (gint i = 0; i < line->n; i++)
        if (line->note[i].tick < limit)
            n = i + 1;
    gint least = breath ? MIN(plan->beat_ticks / 2, ticks / 4) : 0;
    while (n > 1 && line->note[n - 1].tick + plan->beat_ticks / 4 > ticks - least)
        n--;
    line->n = MAX(1, n);
    LineNote *last = &line->note[line->n - 1];
    gint end = MIN(MAX(ticks - rest, last->tick + plan->beat_ticks), ticks - least);
    last->ticks = MAX(end - last->tick, plan->beat_ticks / 4);
    if (last->ticks > 2 * plan->bar_ticks)
        last->ticks = plan->bar_ticks;
    last->ends = TRUE;
}

static void lay_phrase(const Singer *m, const PlanSection *s, gint phrase, gint ticks, Line *line)
{
    const Plan *plan = m->plan;
    Motif main;
    Say say[16];
    gint at = 0, unit = 0;

    motif_for(plan, s, phrase, SAY_MAIN, &main);
    gint units = CLAMP(ticks / plan->bar_ticks / MAX(1, main.bars), 1, 16);
    plan_speech(m, s, phrase, units, say);
    while (at < ticks && unit < 16) {
        Motif motif;
        motif_for(plan, s, phrase, say[unit % units], &motif);
        motif_lay(&motif, at, ticks - at, line);
        at += motif.bars * plan->bar_ticks;
        unit++;
    }
}

/* ---- memory ---- */

static const Line *recall(const Singer *m, const PlanSection *s, gint phrase, gint ticks)
{
    return sung_recall(m->sung, s, kind_of(s), phrase, ticks);
}

/* Which part of a line's notes can stay as they are over the chords at @start. */
static double fit(const Plan *plan, const Line *line, gint start, gint shift)
{
    gint good = 0, all = 0;

    for (gint i = 0; i < line->n; i++) {
        const LineNote *n = &line->note[i];
        const PlanChord *c = &plan->chords[plan_chord_at(plan, start + n->tick)];
        gint pc = (n->pitch + shift) % 12;
        guint16 tones = tune_chord_mask(c->chord);
        /* Over a bare fifth every note of the mode is at home. */
        gboolean strong = line_is_strong(plan, start + n->tick, n->ticks) &&
                          __builtin_popcount(tones) > 2;
        guint16 allowed = strong ? tones : c->scale;
        all += strong ? 2 : 1;
        good += ((allowed >> pc) & 1) ? (strong ? 2 : 1) : 0;
    }
    return all > 0 ? (double)good / all : 0;
}

static gboolean reuse(Singer *m, const PlanSection *s, gint phrase, const Line *old, Line *line)
{
    gint start = line->start, ticks = line->ticks, shift = s->transpose + m->octave;

    /* What must return note for note bears other clothes on its chords; the head has its own again. */
    if (old == NULL)
        return FALSE;
    if (!(is_head(s, phrase) && refrain_of(m->plan, s) != NULL) &&
        fit(m->plan, old, start, shift) < (stays(m->plan, s, phrase) ? 0.55 : 0.8))
        return FALSE;
    *line = *old;
    line->start = start;
    line->ticks = ticks;
    for (gint i = 0; i < line->n; i++) {
        gint pitch = line->note[i].pitch + shift;
        while (pitch > m->part->high)
            pitch -= 12;
        while (pitch < m->part->low)
            pitch += 12;
        line->note[i].pitch = pitch;
    }
    line_settle(m->plan, m->part, old,
                s->transpose - plan_section_at(m->plan, old->start)->transpose, line);
    return TRUE;
}

/* Over a harmony that has changed a little: what still fits stays, the rest is found anew. */
static gboolean adapt(Singer *m, const Line *old, gint shift, Line *line)
{
    const Plan *plan = m->plan;
    gint start = line->start, ticks = line->ticks;

    if (old == NULL || fit(plan, old, start, shift) < 0.45)
        return FALSE;
    *line = *old;
    line->start = start;
    line->ticks = ticks;
    for (gint i = 0; i < line->n; i++) {
        LineNote *n = &line->note[i];
        const PlanChord *c = &plan->chords[plan_chord_at(plan, start + n->tick)];
        gboolean strong = line_is_strong(plan, start + n->tick, n->ticks);
        guint16 allowed = strong ? plan_sung_tones(c) : c->scale;
        n->pitch += shift;
        n->fixed = n->pitch >= m->part->low && n->pitch <= m->part->high &&
                   ((allowed >> (n->pitch % 12)) & 1);
    }
    return TRUE;
}

/* A passing note that fills the third after note @i. */
static gboolean add_passing(const Plan *plan, Line *line, gint i)
{
    LineNote *n = &line->note[i];
    const PlanChord *c = &plan->chords[plan_chord_at(plan, line->start + n->tick)];
    gint gap = line->note[i + 1].pitch - n->pitch;

    if (n->ticks < plan->beat_ticks || (abs(gap) != 3 && abs(gap) != 4))
        return FALSE;
    gint pitch = n->pitch + (gap > 0 ? 2 : -2);
    if (!((c->scale >> (pitch % 12)) & 1))
        pitch = n->pitch + (gap > 0 ? 1 : -1);
    if (!((c->scale >> (pitch % 12)) & 1))
        return FALSE;
    LineNote passing = *n;
    passing.ticks = n->ticks / 2;
    passing.tick = n->tick + n->ticks - passing.ticks;
    passing.pitch = pitch;
    n->ticks -= passing.ticks;
    memmove(n + 2, n + 1, sizeof *n * (gsize)(line->n - i - 1));
    n[1] = passing;
    line->n++;
    return TRUE;
}

/* A long note before the last bar is struck twice. */
static void strike_twice(const Plan *plan, Line *line, TuneRandom *random)
{
    gint found[LINE_MAX_NOTES], n_found = 0;

    for (gint i = 0; i < line->n; i++)
        if (line->note[i].syllable < 0 && line->note[i].tick < line->ticks - plan->bar_ticks &&
            line->note[i].ticks >= plan->beat_ticks)
            found[n_found++] = i;
    if (n_found == 0 || line->n >= LINE_MAX_NOTES)
        return;
    gint i = found[tune_random_int(random, 0, n_found - 1)];
    gint share = tune_random_chance(random, 0.5) ? 2 : 4;
    LineNote *n = &line->note[i], again = *n;
    again.ticks = n->ticks / share;
    again.tick = n->tick + n->ticks - again.ticks;
    n->ticks -= again.ticks;
    memmove(n + 2, n + 1, sizeof *n * (gsize)(line->n - i - 1));
    n[1] = again;
    line->n++;
}

/* Small changes to a phrase that has been heard: a passing note between two, an upbeat note left out, a
 * long note struck twice. */
static void vary(const Singer *m, const PlanSection *s, gint phrase, Line *line)
{
    const Plan *plan = m->plan;
    double often = s->role == TUNE_SECTION_VARIATION ? 0.7
                                                     : (s->role == TUNE_SECTION_THEME ? 0.2 : 0.3);
    gint changes = 0;
    TuneRandom random;

    tune_random_init(&random, plan->seed, "material %d/vary/%d/%d", s->material, s->repeat, phrase);
    for (gint i = 1; i + 1 < line->n && line->n < LINE_MAX_NOTES - 1; i++) {
        LineNote *n = &line->note[i];
        gint in_bar = (line->start + n->tick) % plan->bar_ticks;
        if (n->syllable >= 0 || !tune_random_chance(&random, often))
            continue;
        if (add_passing(plan, line, i)) {
            i++;
            changes++;
        } else if (tune_metre_weight(plan->metre, in_bar) < 0.4 && !n->ends) {
            LineNote *before = n - 1;
            before->ticks = n->tick + n->ticks - before->tick;
            memmove(n, n + 1, sizeof *n * (gsize)(line->n - i - 1));
            line->n--;
            changes++;
        }
    }
    if (changes == 0)
        strike_twice(plan, line, &random);
}

/* ---- pick-ups ---- */

static void add_pickup(Singer *m, const PlanSection *s, gint phrase, Line *line, gint free_from)
{
    const Plan *plan = m->plan;
    TuneRandom random;
    gint eighth = tune_metre_is_compound(plan->metre) ? plan->beat_ticks / 3 : plan->beat_ticks / 2;
    LineNote *first = &line->note[0];

    tune_random_init(&random, plan->seed, "material %d/pickup/%d", s->material, kind_of(s));
    gboolean wanted = tune_random_chance(&random, 0.45);
    /* Within what must return note for note the end of the first phrase stays as it is. */
    gboolean hook = is_hook(s) || s->role == TUNE_SECTION_THEME;
    if (hook && phrase >= 1 && is_head(s, phrase - 1))
        return;
    /* Nor does its first bar gain what had no room before it at the head of the piece. */
    if (hook && phrase == 0 && first->tick > 0)
        return;
    gint count = tune_random_int(&random, 1, 2);
    gint from = line->start + first->tick - count * eighth;
    if (!wanted || line->n == 0 || first->tick >= plan->beat_ticks || from < free_from + plan->beat_ticks / 2 ||
        from < 0 || line->n + 2 >= LINE_MAX_NOTES || first->syllable >= 0)
        return;
    gint pitch = first->pitch;
    for (gint i = 0; i < count; i++) {
        const PlanChord *c = &plan->chords[plan_chord_at(plan, MAX(0, from))];
        gint step = 1;
        while (step < 4 && !((c->scale >> ((pitch - step) % 12)) & 1))
            step++;
        if (pitch - step < m->part->low)
            return;
        pitch -= step;
    }
    memmove(first + count, first, sizeof *first * (gsize)line->n);
    line->n += count;
    gint target = line->note[count].pitch;
    for (gint i = count - 1; i >= 0; i--) {
        gint tick = line->note[count].tick - (count - i) * eighth;
        const PlanChord *c = &plan->chords[plan_chord_at(plan, MAX(0, line->start + tick))];
        gint next = target - 1;
        while (target - next < 4 && !((c->scale >> (next % 12)) & 1))
            next--;
        line->note[i] = (LineNote){.tick = tick, .ticks = eighth, .pitch = next, .fixed = TRUE,
                                   .syllable = -1};
        target = next;
    }
}

/* ---- phrases and sections ---- */

/* Phrases of the material's longest section: a shorter one is its beginning. */
static gint reference_phrases(const Plan *plan, const PlanSection *s, gint n)
{
    gint most = n;

    for (gint i = 0; i < plan->n_sections && !s->last; i++) {
        const PlanSection *t = &plan->sections[i];
        gint bars = (MIN(t->start_tick + t->ticks, plan->final_tick) - t->start_tick) / plan->bar_ticks;
        if (t->material == s->material && t->role == s->role && kind_of(t) == kind_of(s))
            most = MAX(most, (bars + 2) / MAX(1, MIN(s->phrase_bars, 4)));
    }
    return most;
}

static gint phrase_ticks(const Plan *plan, const PlanSection *s, gint bars)
{
    gint phrase = CLAMP(MIN(s->phrase_bars, plan->style->melody.phrase_bars), 2, 4);

    if (plan->brief->chords->len > 0)
        phrase = 4;
    return MIN(phrase, MAX(1, bars)) * plan->bar_ticks;
}

/* How much of a phrase is sung where the style calls and waits for an answer: whole half bars.  A soloist
 * needs no answer. */
static gint called_ticks(const Plan *plan, const PlanSection *s, gint ticks)
{
    double call = plan->style->melody.call;
    gint half = MAX(plan->beat_ticks, plan->bar_ticks / 2);

    if (call <= 0 || call >= 1 || s->role == TUNE_SECTION_SOLO || ticks < 2 * plan->bar_ticks)
        return ticks;
    gint sung = (gint)(ticks * call / half + 0.5) * half;
    return CLAMP(sung, plan->bar_ticks, ticks);
}

static void compose_phrase(Singer *m, const PlanSection *s, gint phrase, gint n, Line *line)
{
    const Plan *plan = m->plan;
    LineShape shape;
    TuneRandom random;

    line->closes = phrase + 1 == n ? !(s->role == TUNE_SECTION_PRECHORUS ||
                                       s->role == TUNE_SECTION_BUILD || s->role == TUNE_SECTION_INTRO)
                                   : phrase % 2 == 1;
    if (line->n == 0) {
        lay_phrase(m, s, phrase, called_ticks(plan, s, line->ticks), line);
        close_phrase(plan, line, called_ticks(plan, s, line->ticks), TRUE);
    }
    shape_phrase(m, s, phrase, n, line->closes, &shape);
    if (line->closes)
        shape.tonic_wish = tune_fifths_pitch_class(
            plan->chords[plan_chord_at(plan, line->start)].key.tonic);
    tune_random_init(&random, plan->seed, "material %d/line/%d/%d", s->material, kind_of(s), phrase);
    line_solve(plan, line, &shape, &random);
    tune_random_init(&random, plan->seed, "material %d/adorn/%d/%d", s->material, kind_of(s), phrase);
    line_adorn(plan, line, m->part->high, &random);
}

/* A consequent begins like its antecedent where the harmony lets it. */
static void begin_like(Singer *m, const PlanSection *s, gint phrase, Line *line)
{
    const Line *old = recall(m, s, phrase - 1, line->ticks);
    gint half = line->ticks / 2;

    if (old == NULL || fit(m->plan, old, line->start, 0) < 0.7)
        return;
    line->n = 0;
    lay_phrase(m, s, phrase, called_ticks(m->plan, s, line->ticks), line);
    close_phrase(m->plan, line, called_ticks(m->plan, s, line->ticks), TRUE);
    for (gint i = 0, j = 0; i < line->n && line->note[i].tick < half; i++) {
        while (j < old->n && old->note[j].tick < line->note[i].tick)
            j++;
        if (j == old->n || old->note[j].tick != line->note[i].tick)
            continue;
        const PlanChord *c =
            &m->plan->chords[plan_chord_at(m->plan, line->start + line->note[i].tick)];
        gboolean strong =
            line_is_strong(m->plan, line->start + line->note[i].tick, line->note[i].ticks);
        guint16 allowed = strong ? plan_sung_tones(c) : c->scale;
        if (!((allowed >> (old->note[j].pitch % 12)) & 1))
            continue;
        line->note[i].pitch = old->note[j].pitch + m->octave;
        line->note[i].fixed = TRUE;
    }
}

/* Another stanza is sung to the tune of the first: each syllable takes the pitch that sounded at its place,
 * where the harmony still has it. */
static void follow(const Singer *m, const Line *old, gint shift, Line *line)
{
    for (gint i = 0, k = 0; old != NULL && i < line->n; i++) {
        LineNote *n = &line->note[i];
        while (k + 1 < old->n && old->note[k + 1].tick <= n->tick)
            k++;
        if (old->n == 0 || old->note[k].tick > n->tick)
            continue;
        gint tick = line->start + n->tick, pitch = old->note[k].pitch + shift;
        const PlanChord *c = &m->plan->chords[plan_chord_at(m->plan, tick)];
        guint16 allowed =
            line_is_strong(m->plan, tick, n->ticks) ? plan_sung_tones(c) : c->scale;
        n->fixed = pitch >= m->part->low && pitch <= m->part->high && ((allowed >> (pitch % 12)) & 1);
        if (n->fixed)
            n->pitch = pitch;
    }
}

static void remember(Singer *m, const PlanSection *s, gint phrase, const Line *line, gint shift)
{
    sung_keep(m->plan, m->sung, s, kind_of(s), phrase, line, shift);
}

/* What the lead plays at @from or later makes way for a pick-up, unless it is the theme itself. */
static void make_way(Singer *m, const PlanSection *s, gint from)
{
    GArray *notes = m->part->track->notes;

    while (notes->len > 0 && from < s->start_tick && s > m->plan->sections && !s[-1].theme) {
        TuneNote *last = &g_array_index(notes, TuneNote, notes->len - 1);
        if (last->onset < from || last->syllable >= 0) {
            last->duration = MIN(last->duration, MAX(from - last->onset, 1));
            return;
        }
        g_array_set_size(notes, notes->len - 1);
    }
}

/* The given tune, as it is or varied. */
static void sing_theme(Singer *m, const PlanSection *s, Line *line)
{
    const GArray *notes = m->part->track->notes;
    gint n = 0, free_from = 0;

    theme_sing(m->plan, s, m->part, line->start - s->start_tick, line->ticks, line);
    if (line->n > 0)
        make_way(m, s, line->start + line->note[0].tick);
    if (notes->len > 0) {
        const TuneNote *last = &g_array_index(notes, TuneNote, notes->len - 1);
        free_from = last->onset + last->duration;
    }
    while (n < line->n && line->start + line->note[n].tick < free_from)
        n++;
    memmove(line->note, line->note + n, sizeof line->note[0] * (gsize)(line->n - n));
    line->n -= n;
    variation_apply(m->plan, m->part, theme_variation(m->plan, s), line);
}

static void sing_phrase(Singer *m, gint index, gint phrase, gint n, gint start, gint ticks)
{
    const PlanSection *s = &m->plan->sections[index];
    Line line = {.start = start, .ticks = ticks};
    gint velocity = 66 + (gint)(26 * s->energy);
    const GArray *notes = m->part->track->notes;
    gint free_from = 0;

    if (notes->len > 0) {
        const TuneNote *last = &g_array_index(notes, TuneNote, notes->len - 1);
        free_from = last->onset + last->duration;
    }
    if (words_has(m->words, index)) {
        const Line *old = recall(m, s, phrase, ticks);
        Line tune = {.start = start, .ticks = ticks};
        if (s->theme) {
            theme_sing(m->plan, s, m->part, start - s->start_tick, ticks, &tune);
            old = &tune;
        }
        words_lay(m->words, m->plan, m->part, index, phrase, n, old, &line);
        if (line.n > 0) {
            follow(m, old, s->theme ? 0 : s->transpose + m->octave, &line);
            compose_phrase(m, s, phrase, n, &line);
            if (!s->theme)
                remember(m, s, phrase, &line, s->transpose + m->octave);
        }
    } else if (s->theme) {
        sing_theme(m, s, &line);
    } else {
        const Line *old = recall(m, s, phrase, ticks);
        Line stretch;
        gint shift = s->transpose + m->octave;
        if (is_head(s, phrase) &&
            sung_stretch(m->plan, m->sung, s, start - s->start_tick, ticks, &stretch))
            old = &stretch;
        if (!reuse(m, s, phrase, old, &line)) {
            if (!adapt(m, old, shift, &line) && phrase % 2 == 1)
                begin_like(m, s, phrase, &line);
            compose_phrase(m, s, phrase, n, &line);
        }
        remember(m, s, phrase, &line, shift);
        if (old != NULL && s->variation != STYLE_VARIATION_NONE)
            variation_apply(m->plan, m->part, s->variation, &line);
        else if (old != NULL && s->repeat > 0 && !stays(m->plan, s, phrase))
            vary(m, s, phrase, &line);
        add_pickup(m, s, phrase, &line, free_from);
    }
    if (line.n > 0)
        m->last_pitch = line.note[line.n - 1].pitch;
    line_write(m->plan, m->part, &line, velocity);
}

static void sing_section(Singer *m, gint index)
{
    const Plan *plan = m->plan;
    const PlanSection *s = &plan->sections[index];
    gint end = MIN(s->start_tick + s->ticks, plan->final_tick);
    gint bars = (end - s->start_tick) / plan->bar_ticks;
    gint ticks = phrase_ticks(plan, s, bars);
    gint n = MAX(1, (bars * plan->bar_ticks + ticks / 2) / ticks), start = s->start_tick;

    for (gint phrase = 0; phrase < n && start < end; phrase++) {
        gint stop = phrase + 1 == n ? end : MIN(end, start + ticks);
        gint all = words_has(m->words, index) ? n : reference_phrases(plan, s, n);
        sing_phrase(m, index, phrase, all, start, stop - start);
        start = stop;
    }
}

/* ---- the last note ---- */

static void sing_last(Singer *m)
{
    Plan *plan = m->plan;
    const PlanChord *c = &plan->chords[plan->n_chords - 1];
    gint root = tune_fifths_pitch_class(c->chord.root), best = 0;
    gint from = m->last_pitch > 0 ? m->last_pitch : (m->part->low + m->part->high) / 2;
    guint16 tones = plan_sung_tones(c);

    for (gint p = m->part->low; p <= m->part->high; p++) {
        if (!((tones >> (p % 12)) & 1))
            continue;
        gint cost = abs(p - from) + (p % 12 == root ? 0 : 3);
        if (best == 0 || cost < abs(best - from) + (best % 12 == root ? 0 : 3))
            best = p;
    }
    if (best == 0)
        return;
    gint ticks = plan->ending == TUNE_ENDING_COLD ? MIN(plan->beat_ticks, plan->ticks - plan->final_tick)
                                                  : plan->ticks - plan->final_tick;
    GArray *notes = m->part->track->notes;
    while (notes->len > 0) { /* the last note is not run over */
        TuneNote *n = &g_array_index(notes, TuneNote, notes->len - 1);
        if (n->onset + n->duration <= plan->final_tick)
            break;
        if (n->onset < plan->final_tick) {
            n->duration = plan->final_tick - n->onset;
            break;
        }
        g_array_set_size(notes, notes->len - 1);
    }
    plan_add_note(plan, m->part, plan->final_tick, ticks, best, 84);
}

gint plan_singer(const Plan *plan, gint index)
{
    const PlanSection *s = &plan->sections[index];
    gint first = -1;

    if (s->singer > 0)
        return s->singer - 1;
    for (gint p = 0; p < plan->n_parts; p++) {
        if (plan->parts[p].role != TUNE_ROLE_LEAD)
            continue;
        first = first < 0 ? p : first;
        if ((s->playing >> p) & 1)
            return p;
    }
    return first;
}

/* The section's singer takes over from @first, in the octave where the tune lies best. */
static void hand_over(Singer *m, gint first, gint index)
{
    const PlanPart *lead = &m->plan->parts[first];

    m->part_index = plan_singer(m->plan, index);
    m->part = &m->plan->parts[m->part_index];
    gint apart = (m->part->low + m->part->high - lead->low - lead->high) / 2;
    m->octave = apart >= 0 ? (apart + 6) / 12 * 12 : -((6 - apart) / 12 * 12);
}

static gboolean is_woven(const PlanSection *s)
{
    return s->texture != NULL && (s->texture->weave == STYLE_WEAVE_FUGUE ||
                                  s->texture->weave == STYLE_WEAVE_IMITATION);
}

static void sing_woven(Singer *m, const PlanSection *s)
{
    const GArray *notes = m->part->track->notes;

    weave_section(m->plan, s);
    if (notes->len > 0)
        m->last_pitch = g_array_index(notes, TuneNote, notes->len - 1).pitch;
}

/* @first: the part that sings the words. */
static void sing(Plan *plan, gint first)
{
    g_autoptr(GArray) sung = g_array_new(FALSE, FALSE, sizeof(SungLine));
    Singer m = {.plan = plan, .sung = sung, .words = words_new(plan)};

    for (gint i = 0; i < plan->n_sections; i++) {
        if (words_has(m.words, i)) /* words are the first lead's */
            plan->sections[i].playing |= 1u << first;
        hand_over(&m, first, i);
        if (!(plan->sections[i].playing & (1u << m.part_index)))
            continue;
        if (is_woven(&plan->sections[i]))
            sing_woven(&m, &plan->sections[i]);
        else
            sing_section(&m, i);
    }
    hand_over(&m, first, plan->n_sections - 1);
    if (plan->final_tick < plan->ticks &&
        (plan->sections[plan->n_sections - 1].playing & (1u << m.part_index))) {
        variation_tag(plan, m.part);
        sing_last(&m);
    }
    words_free(m.words);
}

void plan_melody(Plan *plan)
{
    gint first = -1;

    for (gint i = plan->n_parts; i-- > 0;)
        if (plan->parts[i].role == TUNE_ROLE_LEAD)
            first = i;

    if (first >= 0)
        sing(plan, first);
    for (gint i = 0; i < plan->n_sections; i++)
        if (!is_woven(&plan->sections[i]))
            weave_section(plan, &plan->sections[i]);
    weave_last(plan);
    for (gint i = 0; i < plan->n_parts; i++)
        if (plan->parts[i].role == TUNE_ROLE_COUNTER ||
            plan->parts[i].role == TUNE_ROLE_LEAD)
            counter_write(plan, &plan->parts[i], i);
    for (gint i = 0; i < plan->n_parts; i++)
        if (!plan->parts[i].instrument->is_drums)
            tune_notes_sort(plan->parts[i].track->notes);
}
