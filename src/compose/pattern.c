/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "compose/pattern.h"

#define MAX_CANDIDATES 64

void plan_stream(const Plan *plan, const PlanSection *section, const PlanPart *part,
                 const char *what, gint number, TuneRandom *random)
{
    tune_random_init(random, plan->seed, "material %d/%s/%s/%d", section->material,
                     part != NULL ? part->track->id : "all", what, number);
}

gint plan_groove_end(const Plan *plan, const PlanSection *section)
{
    gint end = section->start_tick + section->ticks;

    return plan_has_final(plan) ? MIN(end, plan->final_tick) : end;
}

gboolean plan_has_final(const Plan *plan)
{
    return plan->ending != TUNE_ENDING_LOOP && plan->ending != TUNE_ENDING_FADE &&
           plan->final_tick < plan->ticks;
}

double plan_pattern_energy(const Plan *plan, const PlanSection *section, gint part_index,
                           gboolean quiet)
{
    double sum = 0, least = 1;
    gint n = 0;

    for (gint i = 0; i < plan->n_sections; i++) {
        const PlanSection *s = &plan->sections[i];
        if (s->role != section->role || s->material != section->material ||
            (part_index >= 0 && !plan_plays(s, part_index)))
            continue;
        sum += s->energy;
        least = MIN(least, s->energy);
        n++;
    }
    if (n == 0)
        return section->energy;
    return quiet ? (sum / n + least) / 2 : sum / n;
}

/* ---- choosing ---- */

gboolean plan_pattern_serves(const StylePattern *pattern, const TuneInstrument *instrument)
{
    if (pattern->instruments == NULL || instrument == NULL)
        return TRUE;
    return g_strv_contains((const char *const *)pattern->instruments, instrument->key) ||
           g_strv_contains((const char *const *)pattern->instruments, instrument->family);
}

/* How well @pattern serves: 0 = not at all. */
static double fitness(const Plan *plan, const StylePattern *pattern, const PatternWant *want)
{
    double fit = pattern->weight;

    if (pattern->sections != 0) {
        if ((pattern->sections & (1u << want->section)) == 0)
            return 0;
        fit *= 4;
    }
    double bpm = tune_metre_beat_bpm(plan->metre, plan->quarter_bpm);
    if (bpm < pattern->tempo[0] || bpm > pattern->tempo[1]) /* written for half or double time */
        fit *= 1e-4;
    if (pattern->roles != 0 && (pattern->roles & (1u << want->role)) == 0)
        return 0;
    if (!plan_pattern_serves(pattern, want->instrument))
        return 0;
    if (pattern->instruments != NULL)
        fit *= 3;
    if (want->percussion >= 0 && want->percussion != pattern->percussion)
        return 0;
    if (want->beats > 0 && want->beats != pattern->beats)
        return 0;
    if (pattern->beats > 0 && want->build != pattern->build)
        return 0;
    double off = MAX(0, MAX(pattern->energy[0] - want->energy, want->energy - pattern->energy[1]));
    fit *= off == 0 ? 1 : off < 0.1 ? 0.05 : 0.002 / (off * 10);
    if (pattern->metre.beats == plan->metre.beats && pattern->metre.unit == plan->metre.unit)
        return fit * 1000;
    if (tune_metre_is_compound(pattern->metre) != tune_metre_is_compound(plan->metre))
        fit *= 0.01;
    return fit;
}

const StylePattern *plan_pattern_pick(const Plan *plan, const GPtrArray *patterns,
                                      const PatternWant *want, TuneRandom *random)
{
    double weights[MAX_CANDIDATES] = {0}, best = 0;
    guint n = MIN(patterns->len, MAX_CANDIDATES);

    for (guint i = 0; i < n; i++) {
        weights[i] = fitness(plan, patterns->pdata[i], want);
        best = MAX(best, weights[i]);
    }
    if (best <= 0)
        return NULL;
    for (guint i = 0; i < n; i++)
        if (weights[i] < best / 40) /* what fits much worse is no alternative */
            weights[i] = 0;
    return patterns->pdata[tune_random_weighted(random, weights, n)];
}

const StylePattern *plan_pattern_turn(const Plan *plan, const GPtrArray *patterns,
                                      const StylePattern *current, const PatternWant *want,
                                      TuneRandom *random)
{
    double weights[MAX_CANDIDATES] = {0}, best = 0;
    guint n = MIN(patterns->len, MAX_CANDIDATES);

    if (current->group == NULL)
        return current;
    for (guint i = 0; i < n; i++) {
        const StylePattern *other = patterns->pdata[i];
        if (other != current && g_strcmp0(other->group, current->group) == 0)
            weights[i] = fitness(plan, other, want);
        best = MAX(best, weights[i]);
    }
    if (best <= 0)
        return current;
    for (guint i = 0; i < n; i++)
        if (weights[i] < best / 40)
            weights[i] = 0;
    return patterns->pdata[tune_random_weighted(random, weights, n)];
}

/* ---- carrying over to another metre ---- */

/* Place @inside a beat of @from ticks in a beat of @to ticks (one is a dotted quarter, the other
 * not). */
static gint move_inside_beat(gint inside, gint from, gint to)
{
    if (from == to)
        return inside;
    if (to > from) { /* simple to compound: quarters of the beat to thirds and sixths */
        static const gint sixths[4] = {0, 2, 4, 5};
        return sixths[CLAMP(inside * 4 / from, 0, 3)] * to / 6;
    }
    static const gint quarters[6] = {0, 0, 1, 2, 2, 3}; /* compound to simple */
    return quarters[CLAMP(inside * 6 / from, 0, 5)] * to / 4;
}

static gint compare_hits(gconstpointer a, gconstpointer b)
{
    const StyleHit *x = a, *y = b;

    if (x->tick != y->tick)
        return x->tick < y->tick ? -1 : 1;
    return (x->key > y->key) - (x->key < y->key);
}

/* A second hit of one drum (or of the part) at one place is dropped; lengths end at the bar line.
 */
static void tidy(GArray *hits, gint length)
{
    g_array_sort(hits, compare_hits);
    for (guint i = 0; i < hits->len;) {
        StyleHit *hit = &g_array_index(hits, StyleHit, i);
        const StyleHit *before = i > 0 ? hit - 1 : NULL;
        if (hit->tick >= length ||
            (before != NULL && before->tick == hit->tick && before->key == hit->key)) {
            g_array_remove_index(hits, i);
            continue;
        }
        hit->ticks = CLAMP(hit->ticks, 1, length - hit->tick);
        if (before != NULL && hit->key == 0) /* a hand has left the place before */
            hit[-1].ticks = MIN(hit[-1].ticks, hit->tick - hit[-1].tick);
        i++;
    }
}

/* Hits of [@start, @start + @from_length) of the pattern into @hits as @length ticks of @metre. */
static void carry(const StylePattern *pattern, gint start, gint from_length, TuneMetre metre,
                  gint length, GArray *hits)
{
    gint from_beat = tune_metre_beat_ticks(pattern->metre), to_beat = tune_metre_beat_ticks(metre);
    gint from_beats = MAX(1, from_length / from_beat);
    gint to_beats = (length + to_beat - 1) / to_beat;

    g_array_set_size(hits, 0);
    for (gint beat = 0; beat < to_beats; beat++) {
        /* 5/4 out of 4/4 plays the last beat again; 12/8 out of 6/8 the whole bar. */
        gint source = beat < from_beats            ? beat
                      : to_beats % from_beats == 0 ? beat % from_beats
                                                   : from_beats - 1;
        for (guint i = 0; i < pattern->hits->len; i++) {
            StyleHit hit = g_array_index(pattern->hits, StyleHit, i);
            gint in_bar = hit.tick - start;
            if (in_bar < source * from_beat || in_bar >= (source + 1) * from_beat ||
                in_bar >= from_length)
                continue;
            hit.tick = beat * to_beat + move_inside_beat(in_bar % from_beat, from_beat, to_beat);
            hit.ticks = MAX(1, (gint)((gint64)hit.ticks * to_beat / from_beat));
            g_array_append_val(hits, hit);
        }
    }
    tidy(hits, length);
}

void plan_pattern_bar(const StylePattern *pattern, TuneMetre metre, gint bar, GArray *hits)
{
    gint from = tune_metre_bar_ticks(pattern->metre), to = tune_metre_bar_ticks(metre);
    gint start = (bar % pattern->bars) * from;

    if (pattern->metre.beats != metre.beats || pattern->metre.unit != metre.unit) {
        carry(pattern, start, from, metre, to, hits);
        return;
    }
    g_array_set_size(hits, 0);
    for (guint i = 0; i < pattern->hits->len; i++) {
        StyleHit hit = g_array_index(pattern->hits, StyleHit, i);
        hit.tick -= start;
        if (hit.tick >= 0 && hit.tick < to)
            g_array_append_val(hits, hit);
    }
    tidy(hits, to);
}

void plan_pattern_fill(const StylePattern *pattern, TuneMetre metre, GArray *hits)
{
    gint length = pattern->beats * tune_metre_beat_ticks(metre);

    carry(pattern, 0, pattern->ticks, metre, length, hits);
}
