/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Riffs: a short figure on the low strings that guitar and bass play in unison, an octave apart.  The style
 * gives its rhythm and some of its tones; the others (cell '?') are drawn once a material, so that every
 * piece has its own riff and keeps it.  Degrees count from the root of the chord of the moment: the riff
 * moves along when the harmony does, as a player's hand does on the neck.
 */
#include <string.h>

#include "compose/pattern.h"

/* ---- which riff ---- */

gboolean plan_riff_plays(const StylePattern *riff, const PlanPart *part)
{
    return (part->role == TUNE_ROLE_COMP || part->role == TUNE_ROLE_BASS) &&
           plan_pattern_serves(riff, part->instrument);
}

static gboolean somebody_comps(const Plan *plan, const PlanSection *section, const StylePattern *riff)
{
    for (gint i = 0; i < plan->n_parts; i++)
        if (plan->parts[i].role == TUNE_ROLE_COMP && plan_plays(section, i) &&
            plan_riff_plays(riff, &plan->parts[i]))
            return TRUE;
    return FALSE;
}

const StylePattern *plan_riff_pick(const Plan *plan, const PlanSection *section)
{
    TuneRandom random;
    PatternWant want = {.section = section->role,
                        .energy = plan_pattern_energy(plan, section, -1, FALSE),
                        .percussion = -1};

    if (plan->style->grooves.riffs->len == 0)
        return NULL;
    plan_stream(plan, section, NULL, "riff", 0, &random);
    const StylePattern *riff =
        plan_pattern_pick(plan, plan->style->grooves.riffs, &want, &random);
    if (riff == NULL || !tune_random_chance(&random, riff->chance) ||
        want.energy < riff->energy[0] - 0.1 || want.energy > riff->energy[1] + 0.1 ||
        tune_metre_is_compound(riff->metre) != tune_metre_is_compound(plan->metre))
        return NULL;
    return somebody_comps(plan, section, riff) ? riff : NULL; /* a bass alone is no riff */
}

/* ---- its tones ---- */

/* What the riff stands on: the chord's root, or the key's tonic where that is held under it. */
static gint ground_pc(const PlanChord *chord)
{
    gint tonic = tune_fifths_pitch_class(chord->key.tonic);
    gint bass = tune_fifths_pitch_class(chord->chord.bass);

    return bass == tonic ? tonic : tune_fifths_pitch_class(chord->chord.root);
}

/* Semitones above the ground of degree @number: as the chord has it, else as the scale of the moment. */
static gint interval_of(const PlanChord *chord, gint number)
{
    static const gint8 ways[8][3] = {{0, 0, 0},  {2, 1, 2},   {3, 4, 3},    {5, 6, 5},
                                     {7, 6, 8},  {9, 8, 9},   {10, 11, 10}, {12, 12, 12}};
    guint16 tones = tune_chord_mask(chord->chord);
    gint root = ground_pc(chord), n = CLAMP(number, 1, 8) - 1;

    for (gint i = 0; i < 3; i++)
        if ((tones >> ((root + ways[n][i]) % 12)) & 1)
            return ways[n][i];
    for (gint i = 0; i < 3; i++)
        if ((chord->scale >> ((root + ways[n][i]) % 12)) & 1)
            return ways[n][i];
    return 7; /* the scale leaves it out: the fifth is never wrong */
}

/* The degree of the @index-th free tone: thirds, fourths and sevenths colour a riff, it does not stand
 * still, and it is the same wherever the material sounds. */
static gint free_degree(const Plan *plan, const PlanSection *section, gint index)
{
    static const gint degrees[] = {3, 4, 5, 7, 8, 2, 6};
    static const double liked[] = {3, 2.5, 2.5, 2.5, 1.2, 0.8, 0.6};
    gint before = 0;

    for (gint i = 0; i <= index; i++) {
        TuneRandom random;
        double weights[G_N_ELEMENTS(degrees)];
        plan_stream(plan, section, NULL, "riff tone", i, &random);
        for (gsize k = 0; k < G_N_ELEMENTS(degrees); k++)
            weights[k] = degrees[k] == before ? 0.1 * liked[k] : liked[k];
        before = degrees[tune_random_weighted(&random, weights, G_N_ELEMENTS(degrees))];
    }
    return before;
}

/* How many free tones the pattern has before @tick. */
static gint free_index(const StylePattern *riff, gint tick)
{
    gint n = 0;

    for (guint i = 0; i < riff->hits->len; i++) {
        const StyleHit *hit = &g_array_index(riff->hits, StyleHit, i);
        n += hit->cell == '?' && hit->tick < tick;
    }
    return n;
}

/* ---- its notes ---- */

static gboolean is_distorted(const TuneInstrument *in)
{
    return strcmp(in->key, "distorted-guitar") == 0 || strcmp(in->key, "overdriven-guitar") == 0;
}

/* The root on the lowest string that has it. */
static gint low_root(const PlanPart *part, const PlanChord *chord)
{
    gint pc = ground_pc(chord), pitch = part->instrument->low;

    if (part->role != TUNE_ROLE_BASS)
        pitch = MAX(pitch, MIN(part->low, 47));
    while (pitch % 12 != pc)
        pitch++;
    return pitch;
}

static void write_one(Plan *plan, PlanPart *part, gint tick, gint ticks, gint pitch, gint velocity,
                      guint8 articulation)
{
    if (pitch > part->instrument->high || pitch < part->instrument->low)
        return;
    TuneNote *note = plan_add_note(plan, part, tick, ticks, pitch, velocity);
    if (note != NULL)
        note->articulation |= articulation;
}

static void write_tone(Plan *plan, PlanPart *part, const StyleHit *hit, gint tick, gint ticks,
                       gint degree)
{
    const PlanChord *chord = &plan->chords[plan_chord_at(plan, tick)];
    gint root = low_root(part, chord), pitch = root;
    gboolean chords = part->role == TUNE_ROLE_COMP && is_distorted(part->instrument);
    gboolean rings = chords && (hit->cell == 'R' || ticks >= plan->beat_ticks);

    switch (hit->cell) {
    case 'm':
        write_one(plan, part, tick, ticks, root, 76, TUNE_ARTICULATION_STACCATO);
        return;
    case 'x':
        write_one(plan, part, tick, MIN(ticks, TUNE_PPQ / 4), root, 46, TUNE_ARTICULATION_STACCATO);
        return;
    case 't':
        pitch = root + 6;
        break;
    default:
        pitch = root + interval_of(chord, degree);
        break;
    }
    gint velocity = hit->cell == 'R' ? 96 : tick % plan->beat_ticks == 0 ? 90 : 84;
    write_one(plan, part, tick, ticks, pitch, velocity,
              hit->cell == 'R' ? TUNE_ARTICULATION_ACCENT : 0);
    if (rings && hit->cell != 't') {
        gboolean flat = interval_of(chord, 5) == 6 && pitch == root;
        write_one(plan, part, tick, ticks, pitch + (flat ? 6 : 7), velocity - 6, 0);
        if (hit->cell == 'R')
            write_one(plan, part, tick, ticks, pitch + 12, velocity - 4, 0);
    }
}

void plan_riff_bar(Plan *plan, PlanPart *part, const PlanSection *section, const StylePattern *riff,
                   gint bar, gint end, GArray *hits)
{
    gint start = section->start_tick + bar * plan->bar_ticks;
    gint own = (bar % riff->bars) * tune_metre_bar_ticks(riff->metre), n = 0;
    gint before = free_index(riff, own);

    plan_pattern_bar(riff, plan->metre, bar, hits);
    for (guint i = 0; i < hits->len; i++) {
        const StyleHit *hit = &g_array_index(hits, StyleHit, i);
        gint tick = start + hit->tick, stop = MIN(tick + hit->ticks, end);
        gint degree = hit->cell >= '1' && hit->cell <= '8' ? hit->cell - '0' : 1;
        if (hit->cell == '?')
            degree = free_degree(plan, section, before + n++);
        while (tick < stop) { /* a chord that changes under a held tone is struck again */
            const PlanChord *chord = &plan->chords[plan_chord_at(plan, tick)];
            gint until = MIN(stop, MAX(tick + 1, chord->tick + chord->ticks));
            write_tone(plan, part, hit, tick, until - tick, degree);
            tick = until;
        }
    }
}
