/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Effects mark where the form turns:
 *
 *   rise   swells through the last bars before a louder section and stops where it begins
 *   hit    is struck at the head of a louder section, or of every section that its style names
 *   fall   sinks from the head of a section that is clearly louder or softer than the one before
 *   bed    lies under every stretch of sections in which its part plays
 */
#include "compose/pattern.h"

#define TURN 0.08 /* of energy, from which a section counts as louder or softer */
#define MOST_HITS_BARS 2

static gint effect_pitch(const Plan *plan, const PlanPart *part, gint tick)
{
    gint pc = tune_fifths_pitch_class(plan->chords[plan_chord_at(plan, tick)].chord.root);
    gint low = MAX(part->low, part->instrument->low),
         high = MIN(part->high, part->instrument->high);
    gint middle = CLAMP(60, low, high), best = middle;

    for (gint pitch = low; pitch <= high; pitch++)
        if (pitch % 12 == pc && (best % 12 != pc || ABS(pitch - middle) < ABS(best - middle)))
            best = pitch;
    return best;
}

/* How much louder section @s is than the one before it. */
static double step_to(const Plan *plan, gint s)
{
    return s > 0 ? plan->sections[s].energy - plan->sections[s - 1].energy : 0.0;
}

static gint velocity_of(const PlanSection *section)
{
    return CLAMP((gint)(64 + 44 * section->energy), 1, 127);
}

static void rise(Plan *plan, PlanPart *part, gint s)
{
    const PlanSection *section = &plan->sections[s];
    gboolean rises = s + 1 < plan->n_sections && step_to(plan, s + 1) > TURN;

    if (!rises && section->role != TUNE_SECTION_BUILD)
        return;
    gint usual = section->role == TUNE_SECTION_BUILD ? 4 : section->bars >= 8 ? 2 : 1;
    gint bars = part->style->bars > 0 ? part->style->bars : usual;
    gint ticks = MIN(bars, section->bars) * plan->bar_ticks;
    gint end = MIN(section->start_tick + section->ticks, plan_groove_end(plan, section));
    gint velocity = velocity_of(rises ? section + 1 : section);

    if (end - ticks >= section->start_tick)
        plan_add_note(plan, part, end - ticks, ticks, effect_pitch(plan, part, end - ticks), velocity);
}

/* From the head of section @s for some bars. */
static void strike(Plan *plan, PlanPart *part, gint s, gint usual_bars)
{
    const PlanSection *section = &plan->sections[s];
    gint bars = part->style->bars > 0 ? part->style->bars : usual_bars;
    gint end = MIN(section->start_tick + section->ticks, plan_groove_end(plan, section));
    gint ticks = MIN(bars * plan->bar_ticks, end - section->start_tick);

    if (ticks > 0)
        plan_add_note(plan, part, section->start_tick, ticks,
                      effect_pitch(plan, part, section->start_tick), velocity_of(section));
}

/* One note for every stretch of sections in which the part plays. */
static void lie(Plan *plan, PlanPart *part, gint index)
{
    for (gint s = 0; s < plan->n_sections; s++) {
        gint first = s;

        if (!plan_plays(&plan->sections[s], index))
            continue;
        while (s + 1 < plan->n_sections && plan_plays(&plan->sections[s + 1], index))
            s++;
        gint start = plan->sections[first].start_tick;
        gint end = MIN(plan->sections[s].start_tick + plan->sections[s].ticks, plan->ticks);

        if (end > start)
            plan_add_note(plan, part, start, end - start, effect_pitch(plan, part, start),
                          velocity_of(&plan->sections[first]));
    }
}

/* Somebody asked for it, but the form nowhere turns: a riser leads into the middle phrase, what is struck
 * is struck at the beginning. */
static void play_once(Plan *plan, PlanPart *part, gint place)
{
    const PlanSection *section = &plan->sections[0];
    gint phrase = MAX(1, section->phrase_bars), middle = plan->n_bars / 2 / phrase * phrase;
    gint end_bar = middle > 0 ? middle : MAX(1, plan->n_bars / 2);
    gint bars = MIN(part->style->bars > 0 ? part->style->bars : 2, end_bar);
    gint tick = place == TUNE_PLACE_RISE ? (end_bar - bars) * plan->bar_ticks : 0;

    plan_add_note(plan, part, tick, bars * plan->bar_ticks, effect_pitch(plan, part, tick),
                  velocity_of(section));
}

static gboolean names_section(const PlanPart *part, const Plan *plan, gint s)
{
    return part->style->role == TUNE_ROLE_FX &&
           (part->style->sections & (1u << plan->sections[s].role)) != 0;
}

void plan_effects(Plan *plan)
{
    for (gint i = 0; i < plan->n_parts; i++) {
        PlanPart *part = &plan->parts[i];
        gint place = part->style->place >= 0 && part->style->role == TUNE_ROLE_FX
                         ? part->style->place
                         : (gint)part->instrument->place;

        if (part->role != TUNE_ROLE_FX)
            continue;
        if (place == TUNE_PLACE_BED)
            lie(plan, part, i);
        for (gint s = 0; s < plan->n_sections; s++) {
            double step = step_to(plan, s);

            if (!plan_plays(&plan->sections[s], i))
                continue;
            if (place == TUNE_PLACE_RISE)
                rise(plan, part, s);
            else if (place == TUNE_PLACE_HIT && (step > TURN || (s > 0 && names_section(part, plan, s))))
                strike(plan, part, s, MOST_HITS_BARS);
            else if (place == TUNE_PLACE_FALL && ABS(step) > TURN)
                strike(plan, part, s, plan->sections[s].bars >= 8 ? 4 : 2);
        }
        if (part->asked && part->track->notes->len == 0)
            play_once(plan, part, place);
    }
}
