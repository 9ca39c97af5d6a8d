/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "compose/form.h"

#include <math.h>

#define MOST_BARS 4000

/* Relative tempo at bar @bar of @bars, by what the brief says of the tempo's course. */
static double curve_at(const Plan *plan, gint bar, gint bars)
{
    double x = bars > 1 ? (double)bar / (bars - 1) : 0.0;
    double late = CLAMP((x - 0.75) * 4, 0, 1);

    switch (plan->brief->tempo_curve) {
    case TUNE_TEMPO_SPEED_UP:
        return 1.0 + 0.25 * x;
    case TUNE_TEMPO_SLOW_DOWN:
        return 1.0 - 0.22 * x;
    case TUNE_TEMPO_SPEED_UP_END:
        return 1.0 + 0.22 * late;
    case TUNE_TEMPO_SLOW_DOWN_END:
        return 1.0 - 0.25 * late;
    default:
        return 1.0;
    }
}

static gboolean has_curve(const Plan *plan)
{
    TuneTempoCurve curve = plan->brief->tempo_curve;

    return curve != TUNE_TEMPO_STEADY && curve != TUNE_TEMPO_HALF_TIME;
}

/* A tempo said by number holds to the last bar line, unless the ending is one that slows down. */
static gboolean keeps_tempo(const Plan *plan)
{
    return plan->brief->bpm_hard && plan->ending == TUNE_ENDING_COLD && !plan->hurried;
}

static gint rit_bars(const Plan *plan, gint body)
{
    if (plan->ending == TUNE_ENDING_FERMATA)
        return body >= 3 ? 1 : 0;
    if (keeps_tempo(plan) || (plan->brief->bpm_hard && plan->ending == TUNE_ENDING_TAG) ||
        (plan->ending != TUNE_ENDING_RIT && plan->ending != TUNE_ENDING_TAG &&
                              plan->ending != TUNE_ENDING_AMEN))
        return 0;
    return body >= 12 ? 2 : (body >= 3 ? 1 : 0);
}

/* Tempo of bar @bar against the base: the brief's curve and the section's own pace. */
static double tempo_at(const Plan *plan, gint bar, gint bars)
{
    double pace = plan->paces != NULL && bar < plan->n_paces ? plan->paces[MAX(0, bar)] : 1.0;

    return curve_at(plan, bar, bars) * pace;
}

static gboolean has_steps(const Plan *plan)
{
    return has_curve(plan) || plan->paces != NULL;
}

/* Slower and slower, to 1 - depth of the tempo. */
static double rit_at(const Plan *plan, gint step, gint steps)
{
    double depth = plan->style->grooves.perform.rit;
    double x = (double)(step + 1) / steps;

    if (plan->ending == TUNE_ENDING_FERMATA) /* in time, and then everybody waits on the last beat */
        return step + 1 < steps ? 1.0 : 0.4;
    depth = CLAMP(depth > 0 ? depth : 0.25, 0.05, 0.45);
    if (plan->ending == TUNE_ENDING_TAG)
        depth *= 0.5;
    return 1.0 - depth * x * x;
}

static gint rit_step_ticks(const Plan *plan)
{
    gint step = plan->bar_ticks % plan->beat_ticks == 0 ? plan->beat_ticks : plan->beat_ticks / 2;

    return plan->bar_ticks % step == 0 ? step : plan->bar_ticks;
}

/* Ticks of @body bars, each divided by its relative tempo. */
static double weight_of(const Plan *plan, gint body)
{
    gint rit = rit_bars(plan, body);
    gint step = rit_step_ticks(plan), steps = rit * plan->bar_ticks / step;
    double weight = 0;

    if (!has_steps(plan))
        weight = (double)(body - rit) * plan->bar_ticks;
    else
        for (gint bar = 0; bar < body - rit; bar++)
            weight += plan->bar_ticks / tempo_at(plan, bar, body);
    double before = has_steps(plan) ? tempo_at(plan, body - rit, body) : 1.0;
    for (gint i = 0; i < steps; i++)
        weight += step / (before * rit_at(plan, i, steps));
    return weight;
}

static double seconds_of(const Plan *plan, double weight, double beat_bpm)
{
    return weight * 60.0 / (plan->beat_ticks * beat_bpm);
}

static gboolean has_last_chord(const Plan *plan)
{
    return plan->ending != TUNE_ENDING_LOOP && plan->ending != TUNE_ENDING_FADE;
}

/* Seconds from the last chord's onset to the end: least, wanted, most. */
static void ring_of(const Plan *plan, const Length *length, double bar_seconds, double out[3])
{
    double total = length->seconds > 0 ? length->seconds : 60;
    double tail = CLAMP(0.6 * plan->style->mix.reverb_seconds + 0.4, 0.8, 2.8);

    if (plan->ending == TUNE_ENDING_COLD) {
        out[0] = MIN(0.8, 0.2 * total);
        out[1] = MIN(tail + 1.2, 0.25 * total); /* the room and a cymbal die away */
        if (keeps_tempo(plan)) {
            out[0] = MAX(out[0], bar_seconds);
            out[1] = MAX(out[1], bar_seconds);
        }
        out[2] = out[1] + MAX(1.2, bar_seconds * 0.5);
        return;
    }
    out[0] = MIN(tail + 0.5, 0.22 * total);
    out[1] = MIN(tail + MAX(1.2, MIN(bar_seconds, 2.6)), 0.3 * total);
    if (keeps_tempo(plan)) {
        out[0] = MAX(out[0], bar_seconds + 0.2);
        out[1] = MAX(out[1], bar_seconds + 0.6);
    }
    out[2] = out[1] + MAX(2.5, bar_seconds);
    if (length->tight)
        out[0] = MIN(out[0], 0.08 * total);
}

/* How much quicker than the rest the last chord's bars may be counted. */
#define QUICKEST_HOLD 5

/* Seconds for which the last chord is held when @rest are left from its onset. */
static double hold_of(const Plan *plan, double rest, double least_ring, double bars)
{
    if (plan->ending == TUNE_ENDING_COLD)
        return MIN(bars, rest);
    return rest - MIN(least_ring * 0.75, rest * 0.5);
}

/* Where bars are long and little time is left, not even one that is hurried through fits. */
static gboolean is_room_to_hold(const Plan *plan, double rest, double least_ring, double bar)
{
    if (keeps_tempo(plan))
        return TRUE; /* then the ring is a bar */
    return hold_of(plan, rest, least_ring, bar) * QUICKEST_HOLD > bar;
}

/* How gladly a form has so many bars. */
static double structure_cost(const Length *length, gint body)
{
    gint unit = length->unit;

    if (length->bars > 0)
        return 0;
    if (unit > 1 && body % unit == 0)
        return body % (2 * unit) == 0 ? 0 : 0.15;
    if (unit > 8) /* strophes that are never cut, and perhaps four bars of introduction */
        return body % unit == 4 ? 0.25 : 2.5;
    if (body % 2 == 0)
        return body > 2 * unit ? 0.5 : 0.3;
    return body > 8 ? 1.2 : 0.8;
}

static double anchor_cost(const Plan *plan, const Length *length, double beat_bpm)
{
    double bar = seconds_of(plan, plan->bar_ticks, beat_bpm), cost = 0;

    for (gint i = 0; i < length->n_anchors; i++) {
        double off = length->anchors[i] / bar;
        cost += fabs(off - floor(off + 0.5)) * bar * 3;
    }
    return cost;
}

typedef struct {
    double cost;
    gint body;
    double bpm;
} Best;

static void consider(const Plan *plan, const Length *length, gint body, double weight, double bpm,
                     Best *best)
{
    double ring[3], cost = structure_cost(length, body);
    double bar = seconds_of(plan, plan->bar_ticks, bpm);

    if (bpm < length->bpm[0] - 1e-9 || bpm > length->bpm[1] + 1e-9)
        return;
    ring_of(plan, length, bar, ring);
    if (length->seconds > 0 && has_last_chord(plan)) {
        double rest = length->seconds - seconds_of(plan, weight, bpm);
        if (rest < ring[0] - 1e-9 || (length->bars != 1 && !is_room_to_hold(plan, rest, ring[0], bar)))
            return;
        if (rest > ring[2])
            cost += 4 + (rest - ring[2]);
        else if (rest > ring[1])
            cost += (rest - ring[1]) * 0.25;
        else
            cost += (ring[1] - rest) * 0.6;
    }
    if (length->seconds <= 0)
        cost += fabs(seconds_of(plan, weight, bpm) - length->wanted_seconds) /
                length->wanted_seconds * 8;
    double away = fabs(bpm / length->wanted_bpm - 1.0) / 0.04;
    cost += away <= 1 ? 0.3 * away : 0.3 + 1.5 * (away - 1);
    cost += anchor_cost(plan, length, bpm);
    if (bpm != floor(bpm) && !(length->bpm[0] == length->bpm[1]))
        cost += 0.35; /* people like whole numbers */
    if (cost < best->cost)
        *best = (Best){cost, body, bpm};
}

/* All whole tempos, and the exact one, that let @body bars end in time. */
static void consider_tempos(const Plan *plan, const Length *length, gint body, Best *best)
{
    double weight = weight_of(plan, body), ring[3];
    double bar = seconds_of(plan, plan->bar_ticks, length->wanted_bpm);

    if (length->bpm[0] == length->bpm[1] || length->seconds <= 0) {
        consider(plan, length, body, weight, CLAMP(length->wanted_bpm, length->bpm[0], length->bpm[1]),
                 best);
        return;
    }
    ring_of(plan, length, bar, ring);
    if (!has_last_chord(plan))
        ring[0] = ring[1] = ring[2] = 0;
    double minutes = weight * 60.0 / plan->beat_ticks;
    if (length->seconds <= ring[0])
        return;
    consider(plan, length, body, weight, minutes / (length->seconds - ring[1]), best);
    if (!has_last_chord(plan))
        return;
    double slow = MAX(minutes / (length->seconds - ring[0]) - 1, length->bpm[0]);
    double fast = MIN(minutes / MAX(0.2, length->seconds - ring[2]) + 1, length->bpm[1]);
    fast = MIN(fast, slow + 60);
    for (double bpm = ceil(minutes / length->seconds); bpm <= fast; bpm += 1)
        if (bpm >= slow)
            consider(plan, length, body, weight, bpm, best);
    consider(plan, length, body, weight, length->bpm[0], best);
    consider(plan, length, body, weight, length->bpm[1], best);
}

/* The cheapest number of bars when what the form's sections suffer is counted too.  That takes time and does
 * not depend on the tempo, so it is asked for the likeliest first, and no longer than it can matter. */
static Best likeliest(const Plan *plan, GArray *bests)
{
    Best best = {G_MAXDOUBLE, 0, 0};

    for (;;) {
        Best *next = NULL;
        for (guint i = 0; i < bests->len; i++) {
            Best *it = &g_array_index(bests, Best, i);
            if (it->cost < best.cost && (next == NULL || it->cost < next->cost))
                next = it;
        }
        if (next == NULL)
            return best;
        double cost = next->cost + 0.8 * MIN(4, drafts_strain(plan, next->body));
        if (cost < best.cost)
            best = (Best){cost, next->body, next->bpm};
        next->cost = G_MAXDOUBLE;
    }
}

static Best search(const Plan *plan, const Length *length)
{
    Best best = {G_MAXDOUBLE, 0, 0};
    gint ending = has_last_chord(plan) ? 1 : 0;
    gint from = MAX(1, length->least_bars), to = MOST_BARS;

    if (length->bars > 0) {
        gint body = length->bars > 1 ? length->bars - ending : 1;
        consider_tempos(plan, length, body, &best);
        return best;
    }
    double time = length->seconds > 0 ? length->seconds : length->wanted_seconds * 1.5;
    double slow = seconds_of(plan, plan->bar_ticks, length->bpm[0] * 0.75);
    double fast = seconds_of(plan, plan->bar_ticks, length->bpm[1] * 1.25);
    from = MAX(from, (gint)((time - 14) / slow) - 2);
    to = MIN(to, (gint)(time / fast) + 2);
    if (length->seconds <= 0)
        from = MAX(1, length->least_bars);
    g_autoptr(GArray) bests = g_array_new(FALSE, FALSE, sizeof(Best));
    for (gint body = from; body <= to; body++) {
        Best own = {G_MAXDOUBLE, 0, 0};
        consider_tempos(plan, length, body, &own);
        if (own.body > 0)
            g_array_append_val(bests, own);
    }
    return likeliest(plan, bests);
}

/* Whole bars that fit into @time at an exact tempo, or the nearest number of them. */
static gint bars_in(const Plan *plan, double time, double beat_bpm, gboolean nearest)
{
    gint bars = 0;

    while (bars < MOST_BARS && seconds_of(plan, weight_of(plan, bars + 1), beat_bpm) <= time + 1e-6)
        bars++;
    double below = time - seconds_of(plan, weight_of(plan, bars), beat_bpm);
    double above = seconds_of(plan, weight_of(plan, bars + 1), beat_bpm) - time;
    return nearest && above < below ? bars + 1 : bars;
}

/* A loop or a fade needs no last chord: bars simply fill the time. */
static gboolean solve_open_end(const Plan *plan, Length *length)
{
    double bar = seconds_of(plan, plan->bar_ticks, length->wanted_bpm);
    gboolean exact_tempo = length->bpm[0] == length->bpm[1];

    length->ending_bars = 0;
    if (length->bars == 0 && exact_tempo) {
        double time = length->seconds > 0 ? length->seconds : length->wanted_seconds;
        /* What is left of the time after a fade's last whole bar is its quietest. */
        gint bars = bars_in(plan, time, length->wanted_bpm, plan->ending == TUNE_ENDING_LOOP);
        length->body_bars = MAX(bars, length->least_bars);
        /* Less time than a bar takes: it fades before it is over. */
        if (plan->ending == TUNE_ENDING_FADE && bars < length->least_bars && length->least_bars > 1)
            return FALSE;
        length->beat_bpm = length->wanted_bpm;
    } else {
        Best best = search(plan, length);
        if (best.cost == G_MAXDOUBLE)
            return FALSE;
        length->body_bars = best.body;
        length->beat_bpm = best.bpm;
    }
    double sounding = seconds_of(plan, weight_of(plan, length->body_bars), length->beat_bpm);
    gboolean fade = plan->ending == TUNE_ENDING_FADE;
    double total = fade && length->seconds > 0 ? length->seconds : sounding;
    if (fade && ((sounding > total + 0.001 && length->body_bars > 1) || sounding < total - bar * 1.4))
        return FALSE;
    length->length_us = (gint64)llround(total * 1e6);
    length->fade_us = fade ? (gint64)llround(MIN(8.0, total * 0.2) * 1e6) : 0;
    return TRUE;
}

/* Bars under the last chord: as many as it rings, at a tempo that a fermata allows. */
static gint ending_bars(const Plan *plan, const Length *length, double rest)
{
    double ring[3], bar = seconds_of(plan, plan->bar_ticks, length->beat_bpm);

    if (length->bars > 0 || plan->ending == TUNE_ENDING_COLD)
        return length->bars == 1 ? 0 : 1;
    ring_of(plan, length, bar, ring);
    double hold = MAX(0.4, rest - (ring[0] - 0.4));
    if (keeps_tempo(plan))
        return CLAMP((gint)floor((rest - 0.15) / bar), 1, 3);
    return CLAMP((gint)floor(hold / bar + 0.3), 1, 2);
}

gboolean plan_solve_length(Plan *plan, Length *length)
{
    if (!has_last_chord(plan))
        return solve_open_end(plan, length);
    length->tight = plan->hurried = FALSE;
    Best best = search(plan, length);
    if (best.cost == G_MAXDOUBLE) {
        length->tight = plan->hurried = TRUE;
        best = search(plan, length);
    }
    if (best.cost == G_MAXDOUBLE) {
        /* Not even one bar and a chord: what there is of the first bars fades out. */
        double bar = seconds_of(plan, plan->bar_ticks, length->bpm[1]);
        if (length->bars > 0 || length->seconds <= 0 || length->least_bars > 1 ||
            length->seconds > 3 * bar + 3)
            return FALSE;
        plan->ending = TUNE_ENDING_FADE;
        return solve_open_end(plan, length);
    }
    length->body_bars = best.body;
    length->beat_bpm = best.bpm;
    double last = seconds_of(plan, weight_of(plan, best.body), best.bpm), ring[3];
    ring_of(plan, length, seconds_of(plan, plan->bar_ticks, best.bpm), ring);
    double total = length->seconds > 0 ? length->seconds : last + ring[1];
    length->ending_bars = ending_bars(plan, length, total - last);
    if (length->bars > 0 && length->seconds > 0 && total - last > ring[2] + 4)
        return FALSE;
    length->length_us = (gint64)llround(total * 1e6);
    length->fade_us = 0;
    return TRUE;
}

gboolean plan_pace_length(Plan *plan, Length *length)
{
    double *paces = g_steal_pointer(&plan->paces);
    double plain = weight_of(plan, length->body_bars);

    plan->paces = paces;
    double paced = weight_of(plan, length->body_bars);
    if (length->seconds <= 0) {
        length->length_us +=
            (gint64)llround(seconds_of(plan, paced - plain, length->beat_bpm) * 1e6);
        return TRUE;
    }
    double bpm = length->beat_bpm * paced / plain;
    if (bpm < plan->style->tempo[0] || bpm > plan->style->tempo[1])
        return FALSE;
    length->beat_bpm = bpm;
    return TRUE;
}

static void add_tempo(Plan *plan, gint tick, double relative)
{
    TuneTempo tempo = {tick, plan->quarter_bpm * relative};
    GArray *tempos = plan->score->tempos;

    tempo.bpm = CLAMP(tempo.bpm, 10, 1000);
    if (tempos->len > 0) {
        TuneTempo *before = &g_array_index(tempos, TuneTempo, tempos->len - 1);
        if (before->tick == tick) {
            *before = tempo;
            return;
        }
        if (before->bpm == tempo.bpm)
            return;
    }
    g_array_append_val(tempos, tempo);
}

/* The last chord's bars last as long as it should be held: a fermata, or less than a bar. */
static void add_fermata(Plan *plan, const Length *length)
{
    double last = seconds_of(plan, weight_of(plan, length->body_bars), length->beat_bpm), ring[3];
    double rest = (double)length->length_us / 1e6 - last;
    double bars = seconds_of(plan, (double)length->ending_bars * plan->bar_ticks, length->beat_bpm);

    if (keeps_tempo(plan))
        return;
    ring_of(plan, length, bars / length->ending_bars, ring);
    add_tempo(plan, plan->final_tick,
              CLAMP(bars / hold_of(plan, rest, ring[0], bars), 0.2, QUICKEST_HOLD));
}

void plan_write_tempos(Plan *plan, const Length *length)
{
    gint body = length->body_bars, rit = rit_bars(plan, body);
    gint step = rit_step_ticks(plan), steps = rit * plan->bar_ticks / step;
    double before = has_steps(plan) ? tempo_at(plan, body - rit, body) : 1.0;

    add_tempo(plan, 0, 1.0);
    if (has_steps(plan))
        for (gint bar = 0; bar < body - rit; bar++)
            add_tempo(plan, bar * plan->bar_ticks, tempo_at(plan, bar, body));
    plan->rit_tick = (body - rit) * plan->bar_ticks;
    for (gint i = 0; i < steps; i++)
        add_tempo(plan, plan->rit_tick + i * step, before * rit_at(plan, i, steps));
    if (length->ending_bars > 0)
        add_fermata(plan, length);
    if (rit == 0)
        plan->rit_tick = plan->final_tick;
}
