/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * How strings are played where a texture asks for it: pizzicato and tremolo sound from another General MIDI
 * program and stand in a track of their own beside the bowed one; staccato is a mark on the notes.
 */
#include "compose/compose-private.h"

#include <string.h>

static gboolean names(char **ids, const PlanPart *part)
{
    for (; ids != NULL && *ids != NULL; ids++)
        if (strcmp(*ids, part->style->id) == 0)
            return TRUE;
    return FALSE;
}

static gboolean is_excluded(const Plan *plan, const TuneInstrument *instrument)
{
    for (guint i = 0; i < plan->brief->excluded->len; i++) {
        const TuneInstrument *e = plan->brief->excluded->pdata[i];
        if (e == instrument || strcmp(e->key, instrument->key) == 0)
            return TRUE;
    }
    return FALSE;
}

/* The track of @part's notes on @key, made when it is first needed; NULL where there must be none. */
static PlanPart *other_track(Plan *plan, gint index, const char *key, const char *suffix, gint *made)
{
    const TuneInstrument *instrument =
        tune_instruments_find(tune_vocabulary_instruments(plan->vocabulary), key);
    g_autofree char *id = g_strconcat(plan->parts[index].track->id, "-", suffix, NULL);
    g_autofree char *name = g_strconcat(plan->parts[index].track->name, " (", suffix, ")", NULL);

    if (*made >= 0)
        return &plan->parts[*made];
    if (instrument == NULL || is_excluded(plan, instrument) ||
        plan->n_parts == PLAN_MAX_PARTS || plan->score->tracks->len >= TUNE_SCORE_MAX_TRACKS - 1)
        return NULL;
    PlanPart *from = &plan->parts[index], *part = &plan->parts[plan->n_parts];
    *part = *from;
    part->instrument = instrument;
    part->voicings = NULL;
    part->track = tune_score_add_track(plan->score, id, name);
    g_free(part->track->instrument);
    part->track->instrument = g_strdup(instrument->key);
    part->track->role = from->role;
    part->track->program = instrument->program;
    part->track->mix = from->track->mix;
    *made = plan->n_parts++;
    return part;
}

/* Notes of [from, to) leave @part for @other. */
static void move_notes(PlanPart *part, PlanPart *other, gint from, gint to)
{
    GArray *notes = part->track->notes;
    guint kept = 0;

    for (guint i = 0; i < notes->len; i++) {
        TuneNote note = g_array_index(notes, TuneNote, i);
        gboolean moves = note.onset >= from && note.onset < to &&
                         note.pitch >= other->instrument->low && note.pitch <= other->instrument->high;
        if (moves)
            g_array_append_val(other->track->notes, note);
        else
            g_array_index(notes, TuneNote, kept++) = note;
    }
    g_array_set_size(notes, kept);
}

static void shorten(PlanPart *part, gint from, gint to, gint most)
{
    for (guint i = 0; i < part->track->notes->len; i++) {
        TuneNote *note = &g_array_index(part->track->notes, TuneNote, i);
        if (note->onset >= from && note->onset < to && note->duration <= most)
            note->articulation |= TUNE_ARTICULATION_STACCATO;
    }
}

static void bow_part(Plan *plan, gint index)
{
    gint plucked = -1, trembling = -1;

    for (gint i = 0; i < plan->n_sections; i++) {
        PlanSection *s = &plan->sections[i];
        PlanPart *part = &plan->parts[index], *other = NULL;
        gint from = s->start_tick, to = MIN(s->start_tick + s->ticks, plan->final_tick);
        if (s->texture == NULL || !(s->playing & (1u << index)))
            continue;
        if (names(s->texture->pizzicato, part))
            other = other_track(plan, index, "pizzicato-strings", "pizzicato", &plucked);
        else if (names(s->texture->tremolo, part))
            other = other_track(plan, index, "tremolo-strings", "tremolo", &trembling);
        else if (names(s->texture->staccato, part))
            shorten(part, from, to, plan->beat_ticks);
        if (other == NULL)
            continue;
        s->playing |= 1u << (other - plan->parts);
        move_notes(&plan->parts[index], other, from, to);
    }
}

void plan_bowing(Plan *plan)
{
    gint n = plan->n_parts;

    for (gint i = 0; i < n; i++)
        if (plan->parts[i].instrument->bowed)
            bow_part(plan, i);
}
