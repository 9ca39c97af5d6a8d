/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Silence as an event.  A drop-out: for a beat or a bar before something begins nobody plays but those
 * whom the style lets go on.  And late entries: a part that enters with a section waits some bars, so that
 * a long section grows layer by layer.
 */
#include "compose/gaps.h"

void track_silence(TuneTrack *track, gint from, gint to)
{
    GArray *notes = track->notes;

    for (guint i = notes->len; i-- > 0;) {
        TuneNote *note = &g_array_index(notes, TuneNote, i);
        if (note->onset >= from && note->onset < to)
            g_array_remove_index(notes, i);
        else if (note->onset < from && note->onset + note->duration > from)
            note->duration = from - note->onset;
    }
}

/* The style's gap between @section and the one after it, drawn once for a material; NULL for none. */
static const StyleGap *gap_between(const Plan *plan, const PlanSection *section)
{
    const GArray *gaps = plan->style->grooves.automation.gaps;
    const PlanSection *next = section + 1;

    for (guint i = 0; i < gaps->len; i++) {
        const StyleGap *gap = &g_array_index(gaps, StyleGap, i);
        TuneRandom random;
        if ((gap->before != 0 && !(gap->before & (1u << next->role))) ||
            (gap->after != 0 && !(gap->after & (1u << section->role))) ||
            next->energy <= section->energy)
            continue;
        plan_stream(plan, section, NULL, "gap", (gint)i, &random);
        if (tune_random_chance(&random, gap->chance))
            return gap;
    }
    return NULL;
}

static gboolean sings(const Plan *plan, const PlanPart *part)
{
    return part->role == TUNE_ROLE_LEAD && plan->brief->lyrics->len > 0;
}

/* A theme that was given, and its pick-up, are heard to the end. */
static gboolean has_theme(const Plan *plan, const PlanPart *part, const PlanSection *section)
{
    gboolean next = section + 1 < plan->sections + plan->n_sections && section[1].theme;

    return part->role == TUNE_ROLE_LEAD && (section->theme || next);
}

static void drop_out(Plan *plan, const PlanSection *section)
{
    const StyleGap *gap = gap_between(plan, section);
    gint end = section->start_tick + section->ticks;

    if (gap == NULL || section->bars < 2)
        return;
    gint ticks = MIN(gap->beats * plan->beat_ticks, section->ticks / 4);
    for (gint p = 0; p < plan->n_parts; p++)
        if (!(gap->keep & (1u << plan->parts[p].role)) && !sings(plan, &plan->parts[p]) &&
            !has_theme(plan, &plan->parts[p], section))
            track_silence(plan->parts[p].track, end - ticks, end);
}

/* Drum set and percussion write into one track, where nobody can tell their notes apart. */
static gboolean shares_track(const Plan *plan, gint index)
{
    for (gint p = 0; p < plan->n_parts; p++)
        if (p != index && plan->parts[p].track == plan->parts[index].track)
            return TRUE;
    return FALSE;
}

/* Bars that part @index waits at the head of @section. */
static gint wait_of(const Plan *plan, gint index, const PlanSection *section)
{
    const PlanPart *part = &plan->parts[index];
    gint most = section->bars / 2, phrase = MAX(1, section->phrase_bars);

    if (part->style->after <= 0 || part->asked || has_theme(plan, part, section) || shares_track(plan, index) ||
        !plan_plays(section, index) ||
        (section > plan->sections && plan_plays(section - 1, index)))
        return 0;
    if (most >= phrase)
        most -= most % phrase;
    return MIN(part->style->after, most);
}

static void enter_late(Plan *plan, const PlanSection *section)
{
    gint others = 0;

    for (gint p = 0; p < plan->n_parts; p++)
        others += plan_plays(section, p) && wait_of(plan, p, section) == 0;
    for (gint p = 0; p < plan->n_parts && others > 0; p++) {
        gint bars = wait_of(plan, p, section);
        if (bars > 0)
            track_silence(plan->parts[p].track, section->start_tick,
                          section->start_tick + bars * plan->bar_ticks);
    }
}

void plan_gaps(Plan *plan)
{
    for (gint i = 0; i < plan->n_sections; i++) {
        enter_late(plan, &plan->sections[i]);
        if (i + 1 < plan->n_sections)
            drop_out(plan, &plan->sections[i]);
    }
}
