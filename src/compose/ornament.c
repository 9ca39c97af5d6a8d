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
        in(plan_sung_tones(chord_of(plan, line, i + 1)), next->pitch) &&
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

/* Two quick notes before a chord tone on a strong place: the step above it, then the half step below. */
static gboolean enclose(const Plan *plan, Line *line, gint i, TuneRandom *random)
{
    LineNote *n = &line->note[i], *goal = n + 2;
    double chance = plan->style->melody.enclosure;

    if (chance <= 0 || i + 2 >= line->n || !tune_random_chance(random, chance) || n[1].fixed ||
        goal->fixed || n->ticks > plan->beat_ticks / 2 || n[1].ticks > plan->beat_ticks / 2 ||
        n->tick + n->ticks != n[1].tick || n[1].tick + n[1].ticks != goal->tick ||
        weight_of(plan, line, i + 2) < 0.4 || n->syllable >= 0)
        return FALSE;
    const PlanChord *c = chord_of(plan, line, i + 2);
    gint above = goal->pitch + 1;
    while (above < goal->pitch + 3 && !in(c->scale, above))
        above++;
    if (!in(plan_sung_tones(c), goal->pitch) || !in(c->scale, above) ||
        abs(line->note[i - 1].pitch - above) > 7 || line->note[i - 1].pitch == above)
        return FALSE;
    n->pitch = above;
    n[1].pitch = goal->pitch - 1;
    return TRUE;
}

/* ---- ornaments ---- */

/* The neighbour of @pitch in the scale of the moment on side @side; 0 when it is further than a whole step
 * or an augmented second away. */
static gint neighbour(const Plan *plan, const Line *line, gint i, gint pitch, gint side)
{
    guint16 scale = chord_of(plan, line, i)->scale;

    for (gint step = 1; step <= 3; step++)
        if (pitch + side * step > 0 && in(scale, pitch + side * step))
            return pitch + side * step;
    return 0;
}

/* Puts @n notes of @pitches, the last with all the time that is left, in the place of note @i. */
static gboolean put_notes(Line *line, gint i, const gint *pitches, const gint *ticks, gint n)
{
    LineNote whole = line->note[i];
    gint at = whole.tick;

    if (line->n + n - 1 >= LINE_MAX_NOTES)
        return FALSE;
    for (gint k = 0; k < n; k++)
        if (pitches[k] <= 0)
            return FALSE;
    memmove(&line->note[i + n], &line->note[i + 1], sizeof whole * (gsize)(line->n - i - 1));
    for (gint k = 0; k < n; k++) {
        LineNote *note = &line->note[i + k];
        *note = whole;
        note->tick = at;
        note->pitch = pitches[k];
        note->ticks = k + 1 == n ? whole.tick + whole.ticks - at : ticks[k];
        note->ends = k + 1 == n && whole.ends;
        at += note->ticks;
    }
    line->n += n - 1;
    return TRUE;
}

/* One ornament on note @i; returns how many notes came in. */
static gint put_ornament(const Plan *plan, Line *line, gint i, StyleOrnament kind)
{
    gboolean compound = tune_metre_is_compound(plan->metre);
    gint unit = plan->beat_ticks / (compound ? 3 : 2), quick = unit / 2, flick = unit / 4;
    gint length = line->note[i].ticks, pitch = line->note[i].pitch, before = line->n;
    gint up = neighbour(plan, line, i, pitch, 1), down = neighbour(plan, line, i, pitch, -1);

    switch (kind) {
    case STYLE_ORNAMENT_CUT:
        put_notes(line, i, (gint[]){up, pitch}, (gint[]){flick, 0}, 2);
        break;
    case STYLE_ORNAMENT_SLIDE: {
        gint below = down > 0 && pitch - down <= 3 ? down : pitch - 1;
        put_notes(line, i, (gint[]){below, pitch}, (gint[]){flick, 0}, 2);
        break;
    }
    case STYLE_ORNAMENT_ROLL:
        if (length >= 3 * unit || length == 2 * unit) {
            gint third = length >= 3 * unit ? unit : quick + flick;
            put_notes(line, i, (gint[]){pitch, up, pitch, down, pitch},
                      (gint[]){third, flick, third - flick, flick, 0}, 5);
        }
        break;
    case STYLE_ORNAMENT_TURN:
        if (length >= 2 * unit)
            put_notes(line, i, (gint[]){up, pitch, down, pitch},
                      (gint[]){flick, flick, flick, 0}, 4);
        break;
    case STYLE_ORNAMENT_TRILL:
        if (length >= 2 * unit)
            put_notes(line, i, (gint[]){pitch, up, pitch, up, pitch, up, pitch},
                      (gint[]){flick, flick, flick, flick, flick, flick, 0}, 7);
        break;
    default:
        if (length >= plan->beat_ticks)
            put_notes(line, i, (gint[]){pitch, up, pitch}, (gint[]){quick, quick, 0}, 3);
        break;
    }
    return line->n - before;
}

/* How long a note must be at least to bear it, in eighths of the felt beat's division. */
static gint least_of(const Plan *plan, StyleOrnament kind)
{
    gint unit = plan->beat_ticks / (tune_metre_is_compound(plan->metre) ? 3 : 2);

    return kind == STYLE_ORNAMENT_CUT || kind == STYLE_ORNAMENT_SLIDE ? unit
           : kind == STYLE_ORNAMENT_MORDENT                           ? plan->beat_ticks
                                                                      : 2 * unit;
}

static gint adorn_note(const Plan *plan, Line *line, gint i, gint high, TuneRandom *random)
{
    const StyleMelody *m = &plan->style->melody;
    const LineNote *n = &line->note[i];

    if (!tune_random_chance(random, m->ornament * 0.7) || n->syllable >= 0 ||
        line->n + 7 >= LINE_MAX_NOTES || n->pitch + 3 > high)
        return 0;
    StyleOrnament kind =
        (StyleOrnament)tune_random_weighted(random, m->ornaments, STYLE_N_ORNAMENTS);
    gdouble least_weight = kind == STYLE_ORNAMENT_MORDENT ? 0.5 : 0.25;
    if (n->ticks < least_of(plan, kind) || weight_of(plan, line, i) < least_weight)
        return 0;
    return put_ornament(plan, line, i, kind);
}

void line_adorn(const Plan *plan, Line *line, gint high, TuneRandom *random)
{
    for (gint i = 1; i + 1 < line->n; i++) {
        if (line->note[i].fixed)
            continue;
        if (enclose(plan, line, i, random)) {
            i++;
            continue;
        }
        approach(plan, line, i, random);
        make_blue(plan, line, i, random);
        i += adorn_note(plan, line, i, high, random);
    }
}
