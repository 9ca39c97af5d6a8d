/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Pitches for a rhythm: a shortest path over all pitches of the register, note by note.
 *
 * A step costs by how far it strays from the contour's wish, by what the ear does not forgive (a leap to
 * or from a dissonance, a dissonance on a strong beat, a tritone, more than an octave), and by how far the
 * pitch lies from the phrase's arch.  A little noise keeps two seeds apart.
 */
#include "compose/melody.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define MOST 64 /* pitches in a register */

typedef struct {
    const Plan *plan;
    const Line *line;
    const LineShape *shape;
    gint index[128];  /* scale steps times two, chromatic notes between */
    const PlanChord *chord[LINE_MAX_NOTES];
    guint16 tones[LINE_MAX_NOTES];
    guint16 after[LINE_MAX_NOTES]; /* of a chord that comes in while the note sounds for a beat more, or all */
    gboolean strong[LINE_MAX_NOTES];
    gboolean lean[LINE_MAX_NOTES]; /* may lean on a dissonance that resolves: appoggiatura, suspension */
} Solver;

gboolean line_is_strong(const Plan *plan, gint tick, gint ticks)
{
    return tune_metre_weight(plan->metre, tick % plan->bar_ticks) >= 0.5 ||
           ticks > plan->beat_ticks;
}

static gboolean in(guint16 mask, gint pitch)
{
    return (mask >> (pitch % 12)) & 1;
}

static void index_scale(Solver *s, TuneKey key)
{
    TuneKey full = key;
    guint16 mask;
    gint at = 0;

    /* The blues scale goes by the steps of minor; a scale of five notes has its own. */
    if (__builtin_popcount(tune_key_mask(key)) == 6)
        full.mode = tune_mode_is_minor(key.mode) ? TUNE_MODE_MINOR : TUNE_MODE_MAJOR;
    mask = tune_key_mask(full);
    for (gint p = 0; p < 128; p++) {
        if (in(mask, p))
            at += 2;
        s->index[p] = in(mask, p) ? at : at + 1;
    }
}

/* Degrees that a five-note melody leaves out: 4 and 7 in major, 2 and 6 in minor. */
static gboolean is_thin(TuneKey key, gint pitch)
{
    gint degree = (pitch - tune_fifths_pitch_class(key.tonic) + 120) % 12;

    if (tune_mode_is_minor(key.mode))
        return degree == 2 || degree == 8 || degree == 9;
    return degree == 5 || degree == 11 || degree == 10 || degree == 6;
}

static double target_at(const Solver *s, gint i)
{
    double x = s->line->ticks > 0 ? (double)s->line->note[i].tick / s->line->ticks : 0;
    double base = s->shape->target[0] + (s->shape->target[1] - s->shape->target[0]) * x;
    double at = CLAMP(s->shape->peak_at, 0.05, 0.95);
    double arch = x < at ? x / at : (1 - x) / (1 - at);

    return base + s->shape->peak * arch;
}

/* What a pitch costs by itself. */
static double own_cost(const Solver *s, gint i, gint pitch)
{
    const LineNote *note = &s->line->note[i];
    const StyleMelody *m = &s->plan->style->melody;
    gboolean tone = in(s->tones[i], pitch);
    double cost = fabs(pitch - target_at(s, i)) * 0.07;

    if (!in(s->chord[i]->scale, pitch))
        return cost + 9;
    if (!tone) {
        double length = (double)note->ticks / s->plan->beat_ticks;
        if (s->lean[i])
            return cost - 0.9;
        cost += s->strong[i] ? 3.0 * m->chord_tones * m->chord_tones : 0.22;
        cost += length > 1.01 ? 2.0 : 0;
        if (in(s->tones[i], pitch + 11)) /* a semitone above a chord tone */
            cost += 0.5 + 0.8 * MIN(length, 1.5);
        cost += note->ends ? 5 : 0;
    }
    if (tone && !in(s->after[i], pitch))
        cost += in(s->after[i], pitch + 11) ? 2.2 : 0.8;
    if (is_thin(s->chord[i]->key, pitch))
        cost += m->pentatonic * (tone ? 0.35 : 1.1);
    if (note->ends && s->line->closes && s->shape->tonic_wish >= 0) {
        gint from_tonic = (pitch - s->shape->tonic_wish + 120) % 12;
        cost += from_tonic == 0 ? 0 : (from_tonic == 7 || from_tonic == 3 || from_tonic == 4 ? 1.6 : 3);
    }
    return cost;
}

/* First to third species: strong notes are consonant with the other voices, weak ones may pass; nobody
 * crosses. */
static double together_cost(const Solver *s, gint i, gint pitch)
{
    static const double strong[12] = {0.5, 4, 2.5, 0, 0, 0.8, 2, 0.3, 0, 0, 1.6, 3.2};
    const LineOthers *o = s->shape->others;
    double cost = 0;

    for (gint k = 0; k < o->n; k++) {
        gint other = o->pitch[k][i];
        if (other <= 0)
            continue;
        gint over = o->side[k] > 0 ? pitch - other : other - pitch;
        cost += (s->strong[i] ? 1.0 : 0.3) * strong[abs(pitch - other) % 12];
        if (over == 0)
            cost += 2;
        else if (over > 0)
            cost += 3 + 0.4 * over;
    }
    return cost;
}

static double parallel_cost(const Solver *s, gint i, gint from, gint to)
{
    const LineOthers *o = s->shape->others;
    double cost = 0;

    for (gint k = 0; k < o->n; k++) {
        gint a = o->before[k][i], b = o->pitch[k][i];
        if (a <= 0 || b <= 0 || a == b || from == to)
            continue;
        gint before = abs(a - from) % 12, now = abs(b - to) % 12;
        gboolean similar = (b > a) == (to > from);
        if ((now == 0 || now == 7) && similar)
            cost += before == now ? 9 : 1.2;
        cost -= similar ? 0 : 0.15;
    }
    return cost;
}

/* What going from @from to @to at note @i costs. */
static double move_cost(const Solver *s, gint i, gint from, gint to)
{
    const LineNote *note = &s->line->note[i];
    gint size = abs(to - from);
    double cost = 0;

    if (note->want != LINE_FREE) {
        gint off = abs(s->index[to] - s->index[from] - 2 * note->want);
        cost += 0.42 * off;
        if (note->want == 0 && size != 0)
            cost += 0.5;
        if (note->want != 0 && size == 0)
            cost += 0.75;
        if (note->want * (to - from) < 0)
            cost += 0.7;
    } else {
        cost += size > 7 ? 0.16 * (size - 7) : 0.03 * size;
    }
    if (size > 12)
        cost += 4 + 0.5 * (size - 12);
    else if (size == 6 || size == 10 || size == 11)
        cost += 1.6;
    else if (size == 8 || size == 9)
        cost += 0.4;
    gboolean was_tone = i == 0 || in(s->tones[i - 1], from), tone = in(s->tones[i], to);
    if (!was_tone && (size > 2 || size == 0))
        cost += i > 0 && s->lean[i - 1] ? 5.0 : 3.0; /* a dissonance that is not resolved */
    if (i > 0 && s->lean[i - 1] && in(s->tones[i - 1], from + 11) && to != from - 1)
        cost += (double)s->line->note[i - 1].ticks / s->plan->beat_ticks; /* a fourth goes to the third */
    if (!was_tone && !tone)
        cost += i > 0 && s->lean[i - 1] ? 4.0 : 0.4;
    if (!tone && size > 4)
        cost += s->lean[i] ? 0.5 : 1.4;
    if (size == 1 && !in(s->chord[i]->scale, from))
        cost -= 0.2;
    return cost;
}

static void set_up(Solver *s, TuneRandom *random)
{
    const Line *line = s->line;
    double leaning = 1.15 * (1.0 - s->plan->style->melody.chord_tones);

    for (gint i = 0; i < line->n; i++) {
        gint tick = line->start + line->note[i].tick;
        const PlanChord *c = &s->plan->chords[plan_chord_at(s->plan, tick)];
        /* An anticipation belongs to the chord that it anticipates. */
        gint end = tick + line->note[i].ticks;
        if (c->tick + c->ticks < end && c + 1 < s->plan->chords + s->plan->n_chords &&
            end - (c->tick + c->ticks) > c->tick + c->ticks - tick)
            c++;
        gint rest = end - (c->tick + c->ticks);
        s->after[i] = rest >= s->plan->beat_ticks && c + 1 < s->plan->chords + s->plan->n_chords
                          ? plan_sung_tones(&c[1])
                          : 0xfff;
        s->chord[i] = c;
        s->tones[i] = plan_sung_tones(c);
        s->strong[i] = line_is_strong(s->plan, tick, line->note[i].ticks);
        gboolean chance = tune_random_chance(random, leaning);
        s->lean[i] = chance && s->strong[i] && i + 1 < line->n && !line->note[i].ends &&
                     line->note[i].ticks <= 2 * s->plan->beat_ticks;
    }
    index_scale(s, s->chord[0]->key);
}

/* The costs of all pitches at note @i, each after the best way to it. */
static void solve_row(const Solver *s, gint i, gint low, gint width, TuneRandom *random, double *cost,
                      gint8 *from)
{
    const LineNote *note = &s->line->note[i];
    gboolean fixed = note->fixed && note->pitch >= low && note->pitch < low + width;
    double own[MOST], least = G_MAXDOUBLE;

    for (gint k = 0; k < width; k++) {
        own[k] = own_cost(s, i, low + k) + s->shape->noise * tune_random_unit(random);
        if (s->shape->others != NULL)
            own[k] += together_cost(s, i, low + k);
        if (fixed)
            own[k] = note->pitch == low + k ? 0 : 1000;
        least = MIN(least, own[k]);
    }
    for (gint k = 0; k < width; k++) {
        double best = G_MAXDOUBLE;
        cost[k] = 1e9;
        if (own[k] > least + 7) /* outside the scale: never on the best way */
            continue;
        if (i == 0)
            best = s->shape->before > 0 ? 0.5 * move_cost(s, 0, s->shape->before, low + k) : 0;
        if (i == 0 && s->shape->before > 0 && s->shape->others != NULL)
            best += parallel_cost(s, 0, s->shape->before, low + k);
        for (gint j = 0; i > 0 && j < width; j++) {
            double before = cost[j - MOST];
            if (before >= best)
                continue;
            double c = before + move_cost(s, i, low + j, low + k);
            if (s->shape->others != NULL)
                c += parallel_cost(s, i, low + j, low + k);
            if (c < best) {
                best = c;
                from[k] = (gint8)j;
            }
        }
        cost[k] = best == G_MAXDOUBLE ? 1e9 : best + own[k];
    }
}

void line_solve(const Plan *plan, Line *line, const LineShape *shape, TuneRandom *random)
{
    Solver s = {.plan = plan, .line = line, .shape = shape};
    gint n = line->n, low = MAX(shape->low, 1), width = MIN(shape->high - low + 1, MOST);

    if (n == 0 || width <= 0)
        return;
    set_up(&s, random);
    g_autofree double *cost = g_new(double, (gsize)n * MOST);
    g_autofree gint8 *from = g_new0(gint8, (gsize)n * MOST);
    for (gint i = 0; i < n; i++)
        solve_row(&s, i, low, width, random, cost + (gsize)i * MOST, from + (gsize)i * MOST);
    gint k = 0;
    for (gint j = 1; j < width; j++)
        if (cost[(n - 1) * MOST + j] < cost[(n - 1) * MOST + k])
            k = j;
    for (gint i = n; i-- > 0;) {
        line->note[i].pitch = low + k;
        k = from[i * MOST + k];
    }
}

void line_write(Plan *plan, PlanPart *part, const Line *line, gint velocity)
{
    for (gint i = 0; i < line->n; i++) {
        const LineNote *n = &line->note[i];
        double weight = tune_metre_weight(plan->metre, (line->start + n->tick) % plan->bar_ticks);
        if (n->pitch < 1 || line->start + n->tick >= plan->ticks)
            continue;
        TuneNote *note = plan_add_note(plan, part, line->start + n->tick,
                                       MIN(n->ticks, plan->ticks - line->start - n->tick), n->pitch,
                                       velocity + (gint)(8 * weight));
        if (note != NULL)
            note->syllable = n->syllable;
    }
}

gint track_pitch_at(const TuneTrack *track, gint tick)
{
    gint low = 0, high = (gint)track->notes->len - 1, found = -1;

    while (low <= high) {
        gint middle = (low + high) / 2;
        if (g_array_index(track->notes, TuneNote, middle).onset <= tick) {
            found = middle;
            low = middle + 1;
        } else {
            high = middle - 1;
        }
    }
    if (found < 0)
        return 0;
    const TuneNote *note = &g_array_index(track->notes, TuneNote, found);
    return note->onset + note->duration > tick ? note->pitch : 0;
}

/* ---- over other chords ---- */

/* Steps aside to the nearest tone of the chord, down rather than up. */
static gint nearest_tone(const PlanPart *part, guint16 tones, gint pitch)
{
    for (gint d = 1; d <= 3; d++)
        for (gint way = -1; way <= 1; way += 2) {
            gint p = pitch + way * d;
            if (p >= part->low && p <= part->high && ((tones >> (p % 12)) & 1))
                return p;
        }
    return pitch;
}

/* TRUE for a note of a returning tune that its new chord would make a wrong one: foreign to the scale, or
 * a semitone from a chord tone where it weighs, unless it goes on to the chord by step. */
static gboolean grates(const Plan *plan, const Line *line, gint i, gint next, const PlanChord *c)
{
    const LineNote *n = &line->note[i];
    guint16 tones = tune_chord_mask(c->chord);
    gint pc = n->pitch % 12;
    gboolean thin = __builtin_popcount(tones) < 3;

    if ((tones >> pc) & 1)
        return FALSE;
    gboolean rubs = !thin && line_is_strong(plan, line->start + n->tick, n->ticks) &&
                    ((tones >> ((pc + 1) % 12) & 1) || (tones >> ((pc + 11) % 12) & 1));
    if (((c->scale >> pc) & 1) && !rubs)
        return FALSE;
    return n->ends || next == n->pitch || abs(next - n->pitch) > 2 || !((tones >> (next % 12)) & 1);
}

void line_settle(const Plan *plan, const PlanPart *part, const Line *old, gint shift, Line *line)
{
    gint was = 0, is = 0; /* the note before, as it came and as it went */

    for (gint i = 0; i < line->n; i++) {
        LineNote *n = &line->note[i];
        const PlanChord *c = &plan->chords[plan_chord_at(plan, line->start + n->tick)];
        const PlanChord *before = &plan->chords[plan_chord_at(plan, old->start + n->tick)];
        guint16 tones = tune_chord_mask(c->chord), then = tune_chord_mask(before->chord);
        gint turn = (shift % 12 + 12) % 12, pitch = n->pitch;
        gint next = i + 1 < line->n ? line->note[i + 1].pitch : pitch;
        gboolean same = ((then << turn | then >> (12 - turn)) & 0xfff) == tones;

        if (pitch == was && is != was && ((tones >> (is % 12)) & 1))
            n->pitch = is;
        else if (!same && grates(plan, line, i, next, c))
            n->pitch = nearest_tone(part, tones, pitch);
        was = pitch;
        is = n->pitch;
    }
}
