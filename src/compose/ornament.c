/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What a player of the style adds to a line: chromatic approach notes, blue thirds, mordents.
 */
#include "compose/melody.h"

#include <stdlib.h>
#include <string.h>

static gboolean in(guint16 mask, gint pitch)
{
    return (mask >> (pitch % 12)) & 1;
}

static const PlanChord *chord_of(const Plan *plan, const Line *line, gint i)
{
    return &plan->chords[plan_chord_at(plan, line->start + line->note[i].tick)];
}

static double weight_of(const Plan *plan, const Line *line, gint i)
{
    return tune_metre_weight(plan->metre, (line->start + line->note[i].tick) % plan->bar_ticks);
}

/* A light note before a strong chord tone moves to the half step beside it. */
static void approach(const Plan *plan, Line *line, gint i, TuneRandom *random)
{
    LineNote *n = &line->note[i], *next = n + 1;
    gint side = n->pitch < next->pitch ? -1 : 1, pitch = next->pitch + side;

    if (!tune_random_chance(random, plan->style->melody.chromatic) || weight_of(plan, line, i) >= 0.4 ||
        n->ticks > plan->beat_ticks / 2 || n->tick + n->ticks != next->tick || n->pitch == next->pitch ||
        abs(n->pitch - next->pitch) > 3)
        return;
    if (weight_of(plan, line, i + 1) >= 0.4 &&
        in(tune_chord_mask(chord_of(plan, line, i + 1)->chord), next->pitch) &&
        abs(line->note[i - 1].pitch - pitch) <= 4 && line->note[i - 1].pitch != pitch)
        n->pitch = pitch;
}

/* The third of a major key is sung low where it passes. */
static void make_blue(const Plan *plan, Line *line, gint i, TuneRandom *random)
{
    LineNote *n = &line->note[i];
    TuneKey key = chord_of(plan, line, i)->key;
    gint degree = (n->pitch - tune_fifths_pitch_class(key.tonic) + 120) % 12;

    if (!tune_random_chance(random, plan->style->melody.blue) || degree != 4 ||
        tune_mode_is_minor(key.mode) || weight_of(plan, line, i) >= 0.4 ||
        n->ticks > plan->beat_ticks / 2 || abs(n[1].pitch - n->pitch + 1) > 4)
        return;
    n->pitch--;
}

/* The note, its upper neighbour, the note again. */
static gboolean add_mordent(const Plan *plan, Line *line, gint i, gint high, TuneRandom *random)
{
    LineNote *n = &line->note[i];
    gint quick = tune_metre_is_compound(plan->metre) ? plan->beat_ticks / 6 : plan->beat_ticks / 4;
    gint upper = n->pitch + 1;

    if (!tune_random_chance(random, plan->style->melody.ornament * 0.7) || n->syllable >= 0 ||
        n->ticks < plan->beat_ticks || weight_of(plan, line, i) < 0.5 || line->n + 2 >= LINE_MAX_NOTES)
        return FALSE;
    while (upper < n->pitch + 3 && !in(chord_of(plan, line, i)->scale, upper))
        upper++;
    if (!in(chord_of(plan, line, i)->scale, upper) || upper > high)
        return FALSE;
    LineNote neighbour = *n, again = *n;
    n->ticks = neighbour.ticks = quick;
    n->ends = neighbour.ends = FALSE;
    neighbour.tick += quick;
    neighbour.pitch = upper;
    again.tick += 2 * quick;
    again.ticks -= 2 * quick;
    memmove(n + 3, n + 1, sizeof *n * (gsize)(line->n - i - 1));
    n[1] = neighbour;
    n[2] = again;
    line->n += 2;
    return TRUE;
}

void line_adorn(const Plan *plan, Line *line, gint high, TuneRandom *random)
{
    for (gint i = 1; i + 1 < line->n; i++) {
        if (line->note[i].fixed)
            continue;
        approach(plan, line, i, random);
        make_blue(plan, line, i, random);
        if (add_mordent(plan, line, i, high, random))
            i += 2;
    }
}
