/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Builds: drums that climb through a whole section by doubling their pace.
 */
#include "compose/rolls.h"

const StyleBuild *plan_build_pick(const Plan *plan, const PlanSection *section, const PlanPart *part)
{
    const GPtrArray *builds = plan->style->grooves.automation.builds;
    double weights[16] = {0}, sum = 0;
    guint n = MIN(builds->len, G_N_ELEMENTS(weights));
    TuneRandom random;

    for (guint i = 0; i < n; i++) {
        const StyleBuild *b = builds->pdata[i];
        gboolean fits = section->energy >= b->energy[0] && section->energy <= b->energy[1];
        weights[i] = b->weight * (fits ? 1 : 0.02);
        sum += weights[i];
    }
    if (sum <= 0)
        return NULL;
    plan_stream(plan, section, part, "build", 0, &random);
    return builds->pdata[tune_random_weighted(&random, weights, n)];
}

/* Takes the strokes of [@from, @to) away: of drum @key, or of all when it is 0. */
static void clear_strokes(GArray *strokes, gint from, gint to, guint8 key)
{
    for (guint i = strokes->len; i-- > 0;) {
        const Stroke *s = &g_array_index(strokes, Stroke, i);
        if (s->tick >= from && s->tick < to && (key == 0 || s->key == key))
            g_array_remove_index(strokes, i);
    }
}

/* One drum: its strokes a beat change at equal shares of the section, at bar lines where there are enough
 * bars. */
static void play_roll(const Plan *plan, const PlanSection *s, const StyleRoll *roll, gint end,
                      GArray *strokes)
{
    gint beat = plan->beat_ticks;

    clear_strokes(strokes, s->start_tick, end, roll->key);
    for (gint tick = s->start_tick, step; tick < end; tick += step) {
        gint into = tick - s->start_tick;
        gint at = s->bars >= roll->n ? into / plan->bar_ticks * plan->bar_ticks : into;
        gint per_beat = roll->strokes[MIN(roll->n - 1, (gint)((gint64)at * roll->n / s->ticks))];
        step = MAX(1, beat / MAX(1, per_beat));
        if (per_beat == 0)
            continue;
        gint lift = into % beat == 0 ? 8 : into % (beat / 2) == 0 ? 2 : 0;
        gint velocity = 46 + (gint)((gint64)62 * into / s->ticks) + lift;
        Stroke stroke = {.tick = tick, .ticks = MIN(step, end - tick), .key = roll->key,
                         .velocity = (guint8)MIN(velocity, 122)};
        g_array_append_val(strokes, stroke);
    }
}

void plan_build_play(const Plan *plan, const PlanSection *section, const StyleBuild *build,
                     GArray *strokes)
{
    gint end = section->start_tick + section->ticks;
    gint breath = MIN(build->breath * plan->beat_ticks, section->ticks / 4);
    gint ground = section->start_tick + (gint)(build->groove * section->bars + 0.5) * plan->bar_ticks;

    clear_strokes(strokes, MIN(ground, end), end, 0);
    for (guint i = 0; i < build->rolls->len; i++)
        play_roll(plan, section, &g_array_index(build->rolls, StyleRoll, i), end - breath, strokes);
    clear_strokes(strokes, end - breath, end, 0);
    if (breath > 0) { /* the roll breaks off with a last stroke */
        Stroke last = {.tick = end - breath, .ticks = plan->beat_ticks / 4,
                       .key = g_array_index(build->rolls, StyleRoll, 0).key, .velocity = 118};
        g_array_append_val(strokes, last);
    }
}
