/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "compose/polyphony.h"

#include "compose/melody.h"

#include <stdlib.h>

#define FEW_NOTES 6

/* Notes before @from that still sound at @onset, the longest held first to give way: shortens until no more
 * than @room are left. */
static void make_room(GArray *notes, guint from, gint onset, guint room)
{
    for (;;) {
        guint held = 0, oldest = G_MAXUINT;
        for (guint i = from; i-- > 0;) {
            const TuneNote *n = &g_array_index(notes, TuneNote, i);
            if (n->onset + n->duration > onset) {
                held++;
                oldest = i;
            }
            if (n->onset + 16 * TUNE_PPQ < onset)
                break;
        }
        if (held <= room)
            return;
        TuneNote *first = &g_array_index(notes, TuneNote, oldest);
        first->duration = onset - first->onset;
    }
}

static void fit_track(TuneTrack *track, guint voices)
{
    GArray *notes = track->notes;

    tune_notes_sort(notes);
    for (guint i = 0; i < notes->len;) {
        gint onset = g_array_index(notes, TuneNote, i).onset;
        guint end = i;
        while (end < notes->len && g_array_index(notes, TuneNote, end).onset == onset)
            end++;
        while (end - i > voices) { /* the outer voices stay */
            g_array_remove_index(notes, voices > 1 ? i + (end - i) / 2 : i);
            end--;
        }
        make_room(notes, i, onset, voices - MIN(voices, end - i));
        i = end;
    }
}

/* An ornament outside the instrument's range is left out; a note proper moves by octaves. */
static void fit_range(TuneTrack *track, const TuneInstrument *instrument)
{
    for (guint i = track->notes->len; i-- > 0;) {
        TuneNote *n = &g_array_index(track->notes, TuneNote, i);
        gint pitch = n->pitch;
        if (pitch >= instrument->low && pitch <= instrument->high)
            continue;
        while (pitch < instrument->low)
            pitch += 12;
        while (pitch > instrument->high)
            pitch -= 12;
        if (n->duration <= TUNE_PPQ / 4 || pitch < instrument->low)
            g_array_remove_index(track->notes, i);
        else
            n->pitch = (guint8)pitch;
    }
}

void plan_fit_polyphony(Plan *plan)
{
    for (gint p = 0; p < plan->n_parts; p++) {
        const PlanPart *part = &plan->parts[p];
        if (part->instrument->is_drums)
            continue;
        fit_range(part->track, part->instrument);
        if (part->instrument->polyphony > 0)
            fit_track(part->track, part->instrument->polyphony);
    }
}

/* ---- asked parts without notes ---- */

/* Octaves from the melody of @lead to @part's register, an octave below where that fits as well. */
static gint octave_for(const PlanPart *part, const GArray *tune)
{
    gint best = 0, least = G_MAXINT;

    for (gint k = -3; k <= 3; k++) {
        gint cost = k == -1 ? 0 : 2 * abs(k) + 1;
        for (guint i = 0; i < tune->len; i++) {
            gint pitch = g_array_index(tune, TuneNote, i).pitch + 12 * k;
            cost += pitch < part->instrument->low || pitch > part->instrument->high ? 20 : 0;
            cost += pitch < part->low - 5 || pitch > part->high + 5;
        }
        if (cost < least) {
            least = cost;
            best = k;
        }
    }
    return 12 * best;
}

static void double_in(Plan *plan, PlanPart *part, const GArray *tune, const PlanSection *s, gint octaves)
{
    for (guint i = 0; i < tune->len; i++) {
        const TuneNote *n = &g_array_index(tune, TuneNote, i);
        gint pitch = n->pitch + octaves;
        if (n->onset < s->start_tick || n->onset >= s->start_tick + s->ticks ||
            n->onset >= plan->final_tick || pitch < part->instrument->low ||
            pitch > part->instrument->high)
            continue;
        TuneNote *note = plan_add_note(plan, part, n->onset, n->duration, pitch, n->velocity - 8);
        if (note != NULL)
            note->spelling = n->spelling;
    }
}

static void double_lead(Plan *plan, gint index, gint lead)
{
    PlanPart *part = &plan->parts[index];
    g_autoptr(GArray) tune = g_array_copy(plan->parts[lead].track->notes);
    gint octaves = octave_for(part, tune);

    for (gint i = 0; i < plan->n_sections; i++) {
        const PlanSection *s = &plan->sections[i];
        gboolean plays = (s->playing >> index) & 1, woven = (s->woven >> index) & 1;
        if (plays && !woven && plan_singer(plan, i) == lead)
            double_in(plan, part, tune, s, octaves);
    }
}

void plan_double_for_asked(Plan *plan)
{
    gint lead = -1;

    for (gint p = 0; p < plan->n_parts; p++)
        if (plan->parts[p].role == TUNE_ROLE_LEAD &&
            (lead < 0 || plan->parts[p].track->notes->len > plan->parts[lead].track->notes->len))
            lead = p;
    for (gint p = 0; p < plan->n_parts && lead >= 0; p++) {
        const PlanPart *part = &plan->parts[p];
        gboolean melodic = part->role == TUNE_ROLE_COUNTER || part->role == TUNE_ROLE_LEAD;
        if (!part->asked || p == lead || !melodic || part->instrument->is_drums ||
            part->track->notes->len >= FEW_NOTES)
            continue;
        g_array_set_size(part->track->notes, 0);
        double_lead(plan, p, lead);
    }
}
