/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The tempo map.  The tempo is exact from the first bar to where the ending begins; a ritardando slows the
 * last bars before the final chord beat by beat, as far as the asked length leaves room, and the final
 * chord is held for what remains.  Times are computed in seconds from ticks, so that the last bar line never
 * falls behind length_us.
 */
#include "compose/perform.h"

#define TAIL_SECONDS 0.6 /* the last chord's release needs so long inside the asked length */

static void add_tempo(Plan *plan, gint tick, double bpm)
{
    TuneTempo tempo = {.tick = tick, .bpm = CLAMP(bpm, 10.5, 990)};
    GArray *tempos = plan->score->tempos;

    if (tempos->len > 0 && g_array_index(tempos, TuneTempo, tempos->len - 1).tick == tick)
        g_array_index(tempos, TuneTempo, tempos->len - 1) = tempo;
    else
        g_array_append_val(tempos, tempo);
}

static double seconds_of(gint ticks, double bpm)
{
    return (double)ticks * 60.0 / (bpm * TUNE_PPQ);
}

/* Seconds from the start to @tick by what is written so far. */
static double written_seconds(const Plan *plan, gint tick)
{
    const GArray *tempos = plan->score->tempos;
    double seconds = 0;

    for (guint i = 0; i < tempos->len; i++) {
        const TuneTempo *t = &g_array_index(tempos, TuneTempo, i);
        gint stop = i + 1 < tempos->len ? MIN(tick, t[1].tick) : tick;
        if (stop > t->tick)
            seconds += seconds_of(stop - t->tick, t->bpm);
    }
    return seconds;
}

/* ---- a tempo that moves through the piece ---- */

/* Factor on the tempo at share @t of the piece. */
static double curve_factor(TuneTempoCurve curve, double t)
{
    double late = t < 0.75 ? 0 : (t - 0.75) / 0.25;

    switch (curve) {
    case TUNE_TEMPO_SPEED_UP:
        return 1 + 0.25 * t;
    case TUNE_TEMPO_SLOW_DOWN:
        return 1 - 0.2 * t;
    case TUNE_TEMPO_SPEED_UP_END:
        return 1 + 0.25 * late;
    case TUNE_TEMPO_SLOW_DOWN_END:
        return 1 - 0.2 * late;
    default:
        return 1;
    }
}

/* Bar by bar; with @strength below 1 the curve is flatter. */
static void write_curve(Plan *plan, double strength)
{
    gint until = plan_has_final(plan) ? plan->final_tick : plan->ticks;
    double before = plan->quarter_bpm;

    g_array_set_size(plan->score->tempos, 0);
    add_tempo(plan, 0, plan->quarter_bpm);
    if (plan->brief->tempo_curve == TUNE_TEMPO_STEADY || strength <= 0)
        return;
    for (gint tick = plan->bar_ticks; tick < until; tick += plan->bar_ticks) {
        double factor = curve_factor(plan->brief->tempo_curve, (double)tick / until);
        double bpm = plan->quarter_bpm * (1 + (factor - 1) * strength);
        if (bpm != before)
            add_tempo(plan, tick, bpm);
        before = bpm;
    }
}

/* ---- the ending ---- */

/* Slow down over @beats beats before the final chord to 1 - @depth of the tempo there. */
static void write_ritardando(Plan *plan, gint beats, double depth)
{
    gint step = plan->beat_ticks, start = plan->final_tick - beats * step;
    GArray *tempos = plan->score->tempos;
    double bpm = plan->quarter_bpm;

    while (tempos->len > 1 && g_array_index(tempos, TuneTempo, tempos->len - 1).tick > start)
        g_array_set_size(tempos, tempos->len - 1);
    bpm = g_array_index(tempos, TuneTempo, tempos->len - 1).bpm;
    for (gint i = 0; i < beats; i++) {
        double t = (double)(i + 1) / beats;
        add_tempo(plan, start + i * step, bpm * (1 - depth * t * t));
    }
}

static double asked_seconds(const Plan *plan)
{
    return plan->length_us > 0 ? (double)plan->length_us / 1e6 : G_MAXDOUBLE;
}

static void ritardando(Plan *plan)
{
    gint bar_beats = MAX(1, plan->bar_ticks / plan->beat_ticks);
    gint beats = MIN(bar_beats <= 2 ? 2 * bar_beats : bar_beats, plan->final_tick / plan->beat_ticks);
    double least = MIN(1.5, seconds_of(plan->ticks - plan->final_tick, plan->quarter_bpm));
    g_autoptr(GArray) kept = g_array_copy(plan->score->tempos);

    if (beats < 2)
        return;
    for (gint tenth = 10; tenth > 1; tenth--) {
        double depth = plan->style->grooves.perform.rit * tenth / 10;
        write_ritardando(plan, beats, depth);
        if (written_seconds(plan, plan->final_tick) + least + TAIL_SECONDS <= asked_seconds(plan))
            return;
        g_array_set_size(plan->score->tempos, 0);
        g_array_append_vals(plan->score->tempos, kept->data, kept->len);
    }
}

/* The final chord: held for as long as the asked length leaves, within reason. */
static void hold_final(Plan *plan)
{
    gint ticks = plan->ticks - plan->final_tick;
    double start = written_seconds(plan, plan->final_tick);
    double usual = seconds_of(ticks, plan->quarter_bpm), hold = usual;
    double room = asked_seconds(plan) - start - TAIL_SECONDS;

    if (plan->ending == TUNE_ENDING_RIT || plan->ending == TUNE_ENDING_TAG)
        hold = usual * 1.25;
    if (plan->ending == TUNE_ENDING_RING)
        hold = MAX(usual, 4.0);
    if (plan->length_us > 0)
        hold = MIN(hold, MAX(room, 0.3));
    if (ABS(hold - usual) > 1e-6)
        add_tempo(plan, plan->final_tick, (double)ticks * 60.0 / (hold * TUNE_PPQ));
    else if (plan->score->tempos->len > 1)
        add_tempo(plan, plan->final_tick, plan->quarter_bpm);
}

void plan_tempo_map(Plan *plan)
{
    gint until = plan_has_final(plan) ? plan->final_tick : plan->ticks;

    for (gint tenth = 10; tenth >= 0; tenth--) { /* slower must still fit the asked length */
        write_curve(plan, tenth / 10.0);
        if (plan->brief->tempo_curve == TUNE_TEMPO_STEADY ||
            written_seconds(plan, until) + TAIL_SECONDS < asked_seconds(plan))
            break;
    }
    if (!plan_has_final(plan))
        return;
    if (plan->ending == TUNE_ENDING_RIT || plan->ending == TUNE_ENDING_TAG)
        ritardando(plan);
    hold_final(plan);
}
