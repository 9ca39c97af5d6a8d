/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Risers and reversed cymbals: they swell through the last bar or two before a section that is
 * louder and stop where it begins.
 */
#include "compose/pattern.h"

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

void plan_effects(Plan *plan)
{
    for (gint i = 0; i < plan->n_parts; i++) {
        PlanPart *part = &plan->parts[i];
        if (part->role != TUNE_ROLE_FX)
            continue;
        for (gint s = 0; s < plan->n_sections; s++) {
            const PlanSection *section = &plan->sections[s];
            const PlanSection *next = s + 1 < plan->n_sections ? section + 1 : NULL;
            gboolean rises = next != NULL && next->energy > section->energy + 0.08;
            if (!plan_plays(section, i) || (!rises && section->role != TUNE_SECTION_BUILD))
                continue;
            gint bars = section->role == TUNE_SECTION_BUILD ? 4 : section->bars >= 8 ? 2 : 1;
            gint ticks = MIN(bars, section->bars) * plan->bar_ticks;
            gint tick =
                MIN(section->start_tick + section->ticks, plan_groove_end(plan, section)) - ticks;
            if (tick >= section->start_tick)
                plan_add_note(plan, part, tick, ticks, effect_pitch(plan, part, tick), 84);
        }
    }
}
