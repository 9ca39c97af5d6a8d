/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Parts that go with the lead: unison and octaves, thirds, a section in block chords under it, and
 * heterophony, one tune that each player adorns or thins in his own way.
 */
#include <stdlib.h>

#include "compose/melody.h"
#include "compose/pattern.h"

typedef struct {
    Plan *plan;
    PlanPart *part;
    const PlanSection *section;
    gint end;
    gint shift;    /* octaves against the lead, in semitones */
    gint previous; /* the follower's own pitch before, 0 = none */
} Follower;

/* ---- the lead ---- */

/* The notes of who has the tune in the section; NULL when that is nobody else. */
static const GArray *tune_of(const Follower *f)
{
    gint singer = plan_singer(f->plan, (gint)(f->section - f->plan->sections));

    if (singer < 0 || f->plan->parts[singer].track == f->part->track)
        return NULL;
    return f->plan->parts[singer].track->notes;
}

static gboolean is_inside(const Follower *f, const TuneNote *note)
{
    return note->onset >= f->section->start_tick && note->onset < f->end;
}

typedef void (*FollowNote)(Follower *f, const TuneNote *note);

/* Calls @each for the notes of the lead in the section, in order.  Returns FALSE when there are none. */
static gboolean for_lead(Follower *f, FollowNote each)
{
    const GArray *notes = tune_of(f);
    gboolean any = FALSE;

    for (guint n = 0; notes != NULL && n < notes->len; n++) {
        TuneNote note = g_array_index(notes, TuneNote, n);
        if (!is_inside(f, &note))
            continue;
        note.duration = MIN(note.duration, f->end - note.onset);
        each(f, &note);
        any = TRUE;
    }
    return any;
}

/* How many semitones bring the lead of the section nearest to @centre by octaves. */
static gint octave_to(const Follower *f, gint centre)
{
    const GArray *notes = tune_of(f);
    gint sum = 0, n = 0;

    for (guint k = 0; notes != NULL && k < notes->len; k++)
        if (is_inside(f, &g_array_index(notes, TuneNote, k))) {
            sum += g_array_index(notes, TuneNote, k).pitch;
            n++;
        }
    gint off = n > 0 ? centre - sum / n : 0;
    return (off + (off >= 0 ? 6 : -6)) / 12 * 12;
}

static gint in_reach(const Follower *f, gint pitch)
{
    while (pitch > f->part->instrument->high)
        pitch -= 12;
    while (pitch < f->part->instrument->low)
        pitch += 12;
    return pitch > f->part->instrument->high ? 0 : pitch;
}

static void put(Follower *f, gint tick, gint ticks, gint pitch, gint velocity)
{
    if (pitch > 0 && ticks > 0)
        plan_add_note(f->plan, f->part, tick, ticks, pitch, velocity);
    f->previous = pitch > 0 ? pitch : f->previous;
}

static const PlanChord *chord_at(const Follower *f, gint tick)
{
    return &f->plan->chords[plan_chord_at(f->plan, tick)];
}

static gint next_in(guint16 mask, gint pitch, gint side)
{
    for (gint i = 1; i < 12; i++)
        if ((mask >> ((pitch + i * side) % 12)) & 1)
            return pitch + i * side;
    return pitch;
}

/* ---- unison, thirds ---- */

static void sing_along(Follower *f, const TuneNote *note)
{
    put(f, note->onset, note->duration, in_reach(f, note->pitch + f->shift), note->velocity - 6);
}

/* A third below, a sixth where the chord wants it, a fourth where nothing else is in it. */
static void sing_third(Follower *f, const TuneNote *note)
{
    static const double liking[10] = {9, 9, 9, 0, 0, 1.6, 4, 1.8, 0.6, 0.6};
    const PlanChord *c = chord_at(f, note->onset);
    guint16 tones = tune_chord_mask(c->chord);
    gboolean tone = (tones >> (note->pitch % 12)) & 1;
    gint best = 0;
    double least = G_MAXDOUBLE;

    for (gint below = 3; below <= 9; below++) {
        gint pitch = note->pitch - below;
        if (pitch < 1 || !((c->scale >> (pitch % 12)) & 1))
            continue;
        double cost = liking[below] + (tone && !((tones >> (pitch % 12)) & 1) ? 2.5 : 0);
        cost += f->previous > 0 ? 0.05 * abs(pitch + f->shift - f->previous) : 0;
        if (cost < least) {
            least = cost;
            best = pitch;
        }
    }
    if (best > 0)
        put(f, note->onset, note->duration, in_reach(f, best + f->shift), note->velocity - 8);
}

/* ---- heterophony ---- */

static void adorn_or_thin(Follower *f, const TuneNote *note)
{
    const Plan *plan = f->plan;
    gint pitch = in_reach(f, note->pitch + f->shift), velocity = note->velocity - 6;
    gint place = note->onset - f->section->start_tick;
    TuneRandom random;

    plan_stream(plan, f->section, f->part, "heterophony",
                place + (place / plan->bar_ticks % 4 == 1 ? f->section->repeat : 0), &random);
    double weight = tune_metre_weight(plan->metre, note->onset % plan->bar_ticks);
    if (weight < 0.4 && note->duration <= plan->beat_ticks / 2 && tune_random_chance(&random, 0.4))
        return; /* one lets pass what the other plays */
    if (pitch == 0)
        return;
    if (note->duration >= plan->beat_ticks && note->duration % 4 == 0 &&
        tune_random_chance(&random, 0.5)) {
        gint half = note->duration / 2, quarter = note->duration / 4;
        gint side = tune_random_chance(&random, 0.6) ? 1 : -1;
        gint neighbour = in_reach(f, next_in(chord_at(f, note->onset + half)->scale, pitch, side));
        put(f, note->onset, half, pitch, velocity);
        put(f, note->onset + half, quarter, neighbour, velocity - 8);
        put(f, note->onset + half + quarter, note->duration - half - quarter, pitch, velocity - 4);
        return;
    }
    put(f, note->onset, note->duration, pitch, velocity);
}

gboolean plan_follow(Plan *plan, PlanPart *part, const PlanSection *section, gint end)
{
    Follower f = {.plan = plan, .part = part, .section = section, .end = end};
    gint centre = (part->low + part->high) / 2;

    f.shift = octave_to(&f, part->style->follows == STYLE_FOLLOWS_THIRDS ? centre + 4 : centre);
    switch (part->style->follows) {
    case STYLE_FOLLOWS_UNISON:
        return for_lead(&f, sing_along);
    case STYLE_FOLLOWS_THIRDS:
        return for_lead(&f, sing_third);
    case STYLE_FOLLOWS_HETEROPHONY:
        return for_lead(&f, adorn_or_thin);
    default:
        return FALSE;
    }
}

/* ---- block chords ---- */

/* A thickened line: the lead's note on top and close chord tones below it, nothing a half step under the
 * top; a passing note is harmonised in thirds of the scale, so that the whole section moves with it. */
static void write_block(Follower *f, const TuneNote *note)
{
    const PlanChord *c = chord_at(f, note->onset);
    guint16 tones = tune_chord_mask(c->chord);
    gint top = in_reach(f, note->pitch + f->shift), pitch = top;
    gint most = MIN(f->part->instrument->polyphony, 4);
    gboolean tone = (tones >> (note->pitch % 12)) & 1;

    if (top == 0)
        return;
    put(f, note->onset, note->duration, top, note->velocity - 4);
    for (gint voice = 1; voice < most; voice++) {
        gint next = next_in(tone ? tones : c->scale, pitch, -1);
        if (!tone) /* skip a degree: thirds */
            next = next_in(c->scale, next, -1);
        if (voice == 1 && top - next < 2)
            next = next_in(tones, next, -1);
        if (top - next > 14 || next < f->part->instrument->low || next < 1)
            return;
        put(f, note->onset, note->duration, next, note->velocity - 10);
        pitch = next;
    }
}

gboolean plan_block(Plan *plan, PlanPart *part, const PlanSection *section, gint end)
{
    Follower f = {.plan = plan, .part = part, .section = section, .end = end};

    f.shift = octave_to(&f, part->high - 5);
    return for_lead(&f, write_block);
}
