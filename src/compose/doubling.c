/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What is added to written parts: instruments that play another's line in their own octave, the right hand's
 * octaves and thirds, and the breath that winds and voices take where a phrase ends.
 */
#include "compose/hand.h"
#include "compose/pattern.h"
#include "compose/weave.h"

#include <stdlib.h>

/* The octave nearest to the wanted one in which the whole section lies inside the instrument. */
static gint section_shift(const PlanPart *part, const TuneTrack *from, gint start, gint end)
{
    gint low = 127, high = 0, wish = part->style->interval, best = 0, least = G_MAXINT;

    for (guint i = 0; i < from->notes->len; i++) {
        const TuneNote *n = &g_array_index(from->notes, TuneNote, i);
        if (n->onset >= start && n->onset < end) {
            low = MIN(low, n->pitch);
            high = MAX(high, n->pitch);
        }
    }
    for (gint shift = wish - 24; shift <= wish + 24; shift += 12) {
        gint out = MAX(0, part->instrument->low - low - shift) + MAX(0, high + shift - part->instrument->high);
        gint cost = abs(shift - wish) + 5 * out;
        if (cost < least) {
            least = cost;
            best = shift;
        }
    }
    return best;
}

static void double_section(Plan *plan, PlanPart *part, const TuneTrack *from, const PlanSection *s)
{
    gint end = s->start_tick + s->ticks, shift = section_shift(part, from, s->start_tick, end);
    guint n = from->notes->len;

    for (guint i = 0; i < n; i++) {
        TuneNote note = g_array_index(from->notes, TuneNote, i);
        gint pitch = note.pitch + shift;
        if (note.onset < s->start_tick || note.onset >= end)
            continue;
        if (pitch < part->instrument->low)
            pitch += 12;
        if (pitch > part->instrument->high)
            pitch -= 12;
        if (pitch < part->instrument->low || pitch > part->instrument->high)
            continue;
        TuneNote *copy = plan_add_note(plan, part, note.onset, note.duration, pitch, note.velocity);
        if (copy != NULL)
            copy->articulation = note.articulation;
    }
}

static void double_parts(Plan *plan)
{
    for (gint i = 0; i < plan->n_parts; i++) {
        PlanPart *part = &plan->parts[i], *from = plan_doubled(plan, part);
        if (from == NULL || plan_doubled(plan, from) != NULL)
            continue;
        for (gint k = 0; k < plan->n_sections; k++) {
            const PlanSection *s = &plan->sections[k];
            if (plan_plays(s, i) && s->singer != i + 1)
                double_section(plan, part, from->track, s);
        }
    }
}

/* ---- breath ---- */

/* Where a phrase ends a wind or a voice that would go on lets go of its note a little early. */
static void breathe(Plan *plan, PlanPart *part)
{
    gint breath = MAX(plan->beat_ticks / 4, TUNE_PPQ / 4);

    for (guint i = 0; i < part->track->notes->len; i++) {
        TuneNote *note = &g_array_index(part->track->notes, TuneNote, i);
        const PlanSection *s = plan_section_at(plan, note->onset);
        gint phrase = MAX(2, s->phrase_bars) * plan->bar_ticks, end = note->onset + note->duration;
        gint into = (end - s->start_tick) % phrase;
        if (end <= plan->final_tick && into == 0 && note->duration >= 3 * breath)
            note->duration -= breath;
    }
}

void plan_doublings(Plan *plan)
{
    double_parts(plan);
    plan_hands(plan);
    for (gint i = 0; i < plan->n_parts; i++)
        if (plan->parts[i].instrument->breath && plan->parts[i].role != TUNE_ROLE_LEAD)
            breathe(plan, &plan->parts[i]);
}
