/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "compose/carry.h"
#include "compose/pattern.h"

#define MAX_CANDIDATES 64

void plan_stream(const Plan *plan, const PlanSection *section, const PlanPart *part,
                 const char *what, gint number, TuneRandom *random)
{
    tune_random_init(random, plan->seed, "material %d/%s/%s/%d", section->material,
                     part != NULL ? part->track->id : "all", what, number);
}

gint plan_pattern_place(const Plan *plan, const PlanSection *section, gint bar)
{
    gboolean clave = plan->style->grooves.perform.clave >= 0;

    return clave ? bar + section->start_bar % 2 + plan->pattern_shift : bar;
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
    return fit * (carry_is_same(pattern->metre, plan->metre)
                      ? 1000
                      : carry_kinship(pattern->metre, plan->metre));
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

static gint compare_hits(gconstpointer a, gconstpointer b)
{
    const StyleHit *x = a, *y = b;

    if (x->tick != y->tick)
        return x->tick < y->tick ? -1 : 1;
    return (x->key > y->key) - (x->key < y->key);
}

/* A second hit of one drum (or of the part) at one place is dropped; lengths end at the bar line, those
 * of the part's own notes at the next one. */
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
    for (guint i = 0; i + 1 < hits->len; i++) {
        StyleHit *hit = &g_array_index(hits, StyleHit, i);
        if (hit->key == 0 && hit[1].key == 0)
            hit->ticks = MIN(hit->ticks, hit[1].tick - hit->tick);
    }
}

/* TRUE when @hit of a bass or chord pattern sounds until the next one begins: carried over it does so
 * too, however far away that is. */
static gboolean is_joined(const StylePattern *pattern, guint i)
{
    const StyleHit *hit = &g_array_index(pattern->hits, StyleHit, i);
    gint end = hit->tick + hit->ticks;

    if (hit->key != 0)
        return FALSE;
    return end >= pattern->ticks || (i + 1 < pattern->hits->len && end >= hit[1].tick);
}

/* Of a bar of four whose triple shall be made the third beat is the last, which leads on, unless nothing
 * begins there or the beats are triplets: a ride cymbal in three has its skip on the second. */
static gboolean leads_on(const StylePattern *pattern, gint bar)
{
    gint beat = carry_beat_ticks(pattern->metre);
    gint start = (bar % MAX(1, pattern->bars)) * tune_metre_bar_ticks(pattern->metre);
    gboolean third = FALSE, fourth = FALSE;

    for (guint i = 0; i < pattern->hits->len; i++) {
        const StyleHit *hit = &g_array_index(pattern->hits, StyleHit, i);
        if (hit->key != 0 && hit->cells % 3 == 0)
            return FALSE;
        third |= hit->tick == start + 2 * beat;
        fourth |= hit->tick >= start + 3 * beat && hit->tick < start + 4 * beat;
    }
    return fourth || !third;
}

static void copy_span(const StylePattern *pattern, const CarrySpan *span, GArray *hits)
{
    for (guint i = 0; i < pattern->hits->len; i++) {
        StyleHit hit = g_array_index(pattern->hits, StyleHit, i);
        gint inside = hit.tick - span->from;
        if (inside < 0 || inside >= span->from_ticks)
            continue;
        hit.tick = carry_place(span, inside);
        if (hit.tick < 0)
            continue;
        hit.ticks = is_joined(pattern, i)
                        ? G_MAXINT / 4
                        : MAX(1, (gint)((gint64)hit.ticks * span->to_beat / span->from_beat));
        g_array_append_val(hits, hit);
    }
}

void plan_pattern_bar(const StylePattern *pattern, TuneMetre metre, gint bar, GArray *hits)
{
    gint to = tune_metre_bar_ticks(metre), start = (bar % MAX(1, pattern->bars)) * to;

    g_array_set_size(hits, 0);
    if (!carry_is_same(pattern->metre, metre)) {
        CarrySpan spans[CARRY_MOST];
        gint n = carry_spans(pattern->metre, pattern->bars, leads_on(pattern, bar), metre, bar, spans);
        for (gint i = 0; i < n; i++)
            copy_span(pattern, &spans[i], hits);
        tidy(hits, to);
        return;
    }
    for (guint i = 0; i < pattern->hits->len; i++) {
        StyleHit hit = g_array_index(pattern->hits, StyleHit, i);
        hit.tick -= start;
        if (hit.tick >= 0 && hit.tick < to)
            g_array_append_val(hits, hit);
    }
    tidy(hits, to);
}

/* ---- half time and double time ---- */

/* Hats, rides and shakers keep the time: they go on as they are. */
static gboolean keeps_time(const StyleHit *hit)
{
    static const guint8 keys[] = {42, 44, 46, 51, 53, 54, 59, 69, 70, 82};

    return hit->key != 0 && memchr(keys, hit->key, sizeof keys) != NULL;
}

/* A bar of half time: one half of the pattern's bar, twice as long.  A note that is held across the middle
 * begins again with the bar. */
static void add_slow(const GArray *source, gint half, gint bar, GArray *hits)
{
    for (guint i = 0; i < source->len; i++) {
        StyleHit hit = g_array_index(source, StyleHit, i);
        gint start = 2 * hit.tick - half * bar, end = start + 2 * hit.ticks;
        if (keeps_time(&hit) || start >= bar || end <= 0 || (start < 0 && hit.key != 0))
            continue;
        hit.tick = MAX(0, start);
        hit.ticks = end - hit.tick;
        g_array_append_val(hits, hit);
    }
}

static void add_quick(const GArray *source, gint half, gint bar, GArray *hits)
{
    for (guint i = 0; i < source->len; i++) {
        StyleHit hit = g_array_index(source, StyleHit, i);
        hit.tick = (hit.tick + half * bar) / 2;
        hit.ticks = MAX(1, hit.ticks / 2);
        if (!keeps_time(&hit))
            g_array_append_val(hits, hit);
    }
}

void plan_pattern_bar_felt(const StylePattern *pattern, TuneMetre metre, TuneFeel feel, gint bar,
                           GArray *hits)
{
    gint ticks = tune_metre_bar_ticks(metre);

    plan_pattern_bar(pattern, metre, bar, hits);
    if (feel == TUNE_FEEL_PLAIN)
        return;
    g_autoptr(GArray) source = g_array_new(FALSE, FALSE, sizeof(StyleHit));
    for (guint i = hits->len; i-- > 0;)
        if (!keeps_time(&g_array_index(hits, StyleHit, i)))
            g_array_remove_index(hits, i);
    if (feel == TUNE_FEEL_HALF) {
        plan_pattern_bar(pattern, metre, bar / 2, source);
        add_slow(source, bar % 2, ticks, hits);
    }
    for (gint half = 0; half < 2 && feel == TUNE_FEEL_DOUBLE; half++) {
        plan_pattern_bar(pattern, metre, 2 * bar + half, source);
        add_quick(source, half, ticks, hits);
    }
    tidy(hits, ticks);
}

gint plan_pattern_fill_ticks(const StylePattern *pattern, TuneMetre metre)
{
    return pattern->beats * carry_beat_ticks(metre);
}

void plan_pattern_fill(const StylePattern *pattern, TuneMetre metre, GArray *hits)
{
    gint from = tune_metre_beat_ticks(pattern->metre), to = carry_beat_ticks(metre);

    g_array_set_size(hits, 0);
    for (gint beat = 0; beat < pattern->beats; beat++) {
        CarrySpan span = {beat * from, from, from, beat * to, to, to};
        copy_span(pattern, &span, hits);
    }
    tidy(hits, pattern->beats * to);
}
