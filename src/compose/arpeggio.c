/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "compose/arpeggio.h"

#define LADDER 32

typedef struct {
    gint n;
    gint pitch[LADDER];
} Ladder;

/* The chord's tones from the bottom of the register up, over @octaves as far as it has room. */
static Ladder ladder_of(const PlanPart *part, const PlanChord *chord, gint octaves)
{
    guint16 tones = tune_chord_mask(chord->chord);
    gint low = MAX(part->low, part->instrument->low), high = MIN(part->high, part->instrument->high);
    gint span = 12 * octaves, slack = high - low - span;
    Ladder ladder = {0};

    if (slack > 1) /* the middle of a wide register */
        low += slack / 2;
    while (low < high && !((tones >> (low % 12)) & 1))
        low++;
    for (gint pitch = low; pitch <= MIN(high, low + span - 1) && ladder.n < LADDER; pitch++)
        if ((tones >> (pitch % 12)) & 1)
            ladder.pitch[ladder.n++] = pitch;
    return ladder;
}

/* Which of @n tones step @step takes. */
static gint place_of(StyleOrder order, gint step, gint n, TuneRandom *random)
{
    gint turn = MAX(1, 2 * n - 2), at = step % turn;

    switch (order) {
    case STYLE_ORDER_DOWN:
        return n - 1 - step % n;
    case STYLE_ORDER_UP_DOWN:
        return at < n ? at : turn - at;
    case STYLE_ORDER_CONVERGE:
        at = step % n;
        return at % 2 == 0 ? at / 2 : n - 1 - at / 2;
    case STYLE_ORDER_RANDOM:
        return tune_random_int(random, 0, n - 1);
    case STYLE_ORDER_UP:
    default:
        return step % n;
    }
}

/* Steps of the pattern before its bar @bar. */
static gint steps_before(const StylePattern *pattern, TuneMetre metre, gint bar, GArray *hits)
{
    gint steps = 0;

    for (gint b = 0; b < bar; b++) {
        plan_pattern_bar(pattern, metre, b, hits);
        steps += (gint)hits->len;
    }
    return steps;
}

static gint velocity_of(char cell)
{
    return cell == 'X' ? 96 : cell == 'o' ? 66 : 82;
}

void plan_arpeggio_bar(Plan *plan, PlanPart *part, const PlanSection *section,
                       const StylePattern *pattern, gint bar, gint start, gint end, GArray *hits)
{
    TuneRandom random;
    gint step = steps_before(pattern, plan->metre, bar % pattern->bars, hits), before = -1;

    if (section->repeat > 0 && bar % 4 == 1) /* a repeat is told from the first time */
        step++;
    plan_stream(plan, section, part, "arpeggio", bar % MAX(4, pattern->bars), &random);
    plan_pattern_bar(pattern, plan->metre, bar, hits);
    for (guint i = 0; i < hits->len; i++, step++) {
        const StyleHit *hit = &g_array_index(hits, StyleHit, i);
        gint tick = start + hit->tick, stop = MIN(tick + hit->ticks, end);
        while (tick < stop) { /* a step that is held across a change of chord moves with it */
            const PlanChord *chord = &plan->chords[plan_chord_at(plan, tick)];
            gint until = MIN(stop, MAX(tick + 1, chord->tick + chord->ticks));
            Ladder ladder = ladder_of(part, chord, pattern->octaves);
            if (ladder.n == 0)
                return;
            gint place = place_of(pattern->order, step, ladder.n, &random);
            if (pattern->order == STYLE_ORDER_RANDOM && ladder.pitch[place] == before)
                place = (place + 1) % ladder.n;
            before = ladder.pitch[place];
            plan_add_note(plan, part, tick, until - tick, before, velocity_of(hit->cell));
            tick = until;
        }
    }
}
