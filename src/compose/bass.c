/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Bass lines.  A pattern's cells name degrees of the chord of the moment; idioms that a pattern
 * cannot say (walking, playing with the bass drum, lines) are built here.  Every change of chord is
 * heard in the bass: a note that would sound across it is cut and the new chord's bass note begins.
 */
#include <string.h>

#include "compose/pattern.h"

typedef struct {
    Plan *plan;
    PlanPart *part;
    gint index;
    const PlanSection *section;
    const StylePattern *pattern;
    gint low, high; /* register inside the instrument's range */
    gint centre;    /* roots stay near it */
    gint previous;  /* pitch before, 0 at a section's start */
    gint end;
    GArray *hits;  /* StyleHit, scratch */
    GArray *kicks; /* gint ticks of the bass drum, sorted */
} Bassist;

static gint wrap(gint pc)
{
    return ((pc % 12) + 12) % 12;
}

/* The pitch of class @pc in the register that is nearest to @target. */
static gint nearest_pitch(const Bassist *b, gint pc, gint target)
{
    gint best = -1;

    for (gint pitch = b->low; pitch <= b->high; pitch++)
        if (pitch % 12 == wrap(pc) && (best < 0 || ABS(pitch - target) < ABS(best - target)))
            best = pitch;
    return best >= 0 ? best : CLAMP(target, b->low, b->high);
}

static const PlanChord *chord_at(const Bassist *b, gint tick)
{
    return &b->plan->chords[plan_chord_at(b->plan, tick)];
}

/* The chord that begins after the one at @tick: of a loop the first again, else the last stays. */
static const PlanChord *next_chord(const Bassist *b, gint tick)
{
    gint i = plan_chord_at(b->plan, tick) + 1;

    if (i < b->plan->n_chords)
        return &b->plan->chords[i];
    return &b->plan->chords[b->plan->ending == TUNE_ENDING_LOOP ? 0 : i - 1];
}

static gint bass_pc(const PlanChord *chord)
{
    return tune_fifths_pitch_class(chord->chord.bass);
}

/* The chord's bass note near the centre, drawn a little towards where the line is. */
static gint ground(const Bassist *b, const PlanChord *chord)
{
    gint target = b->previous > 0 ? (2 * b->centre + b->previous) / 3 : b->centre;

    return nearest_pitch(b, bass_pc(chord), target);
}

/* A chord tone by @number (1 root, 3, 5, 6, 7) above the bass note @from. */
static gint degree(const Bassist *b, const PlanChord *chord, gint number, gint from)
{
    gint8 tones[TUNE_CHORD_MAX_TONES];
    gsize n = tune_chord_tones(chord->chord.quality, tones, NULL);
    gint root = tune_fifths_pitch_class(chord->chord.root), interval = 0;

    switch (number) {
    case 2:
        interval = (chord->scale >> wrap(root + 2)) & 1 ? 2 : 1;
        break;
    case 4:
        interval = (chord->scale >> wrap(root + 5)) & 1 ? 5 : 6;
        break;
    case 3:
        interval = n >= 3 ? tones[1] : 7;
        break;
    case 5:
        interval = n >= 3 ? tones[2] : 7;
        break;
    case 6:
        interval = (chord->scale >> wrap(root + 9)) & 1 ? 9 : 7;
        break;
    case 7:
        interval = n >= 4 && tones[3] >= 9 && tones[3] <= 11 ? tones[3] : 12;
        break;
    default:
        break;
    }
    gint pc = wrap(root + interval), above = from + wrap(pc - from);
    if (wrap(pc - from) == 0 && number != 1)
        above = from; /* the bass has this very tone */
    if (above > b->centre + 9 && above - 12 >= b->low)
        above -= 12; /* stay below the others */
    return above <= b->high ? above : nearest_pitch(b, pc, from);
}

/* A note next to @target: a half step, or a step of the scale that leads there. */
static gint approach(const Bassist *b, const PlanChord *chord, gint target, gint from,
                     gboolean chromatic)
{
    gint side = from > 0 && from > target ? 1 : -1;

    if (target + side < b->low || target + side > b->high)
        side = -side;
    if (chromatic)
        return target + side;
    for (gint step = 1; step <= 2; step++) {
        gint pitch = target + side * step;
        if (((chord->scale >> (pitch % 12)) & 1) && pitch >= b->low && pitch <= b->high)
            return pitch;
    }
    return target + side;
}

static void write_note(Bassist *b, gint tick, gint ticks, gint pitch, gint velocity)
{
    ticks = MIN(ticks, b->end - tick);
    if (ticks <= 0)
        return;
    plan_add_note(b->plan, b->part, tick, ticks, CLAMP(pitch, b->low, b->high), velocity);
    b->previous = pitch;
}

/* Half steps are spice: every other approach goes by the scale. */
static gboolean half_step(const Bassist *b, gint tick)
{
    TuneRandom random;
    gint bar = (tick - b->section->start_tick) / b->plan->bar_ticks;

    plan_stream(b->plan, b->section, b->part, "half step", bar, &random);
    return tune_random_chance(&random, 0.45);
}

/* One cell: which pitch, at @tick, with the chord's bass note @root under it. */
static gint cell_pitch(const Bassist *b, char cell, gint tick, gint root)
{
    const PlanChord *chord = chord_at(b, tick), *next = next_chord(b, tick);
    gint from = b->previous > 0 ? b->previous : root;
    gboolean moves = next != chord && bass_pc(next) != bass_pc(chord);

    switch (cell) {
    case '2':
        return degree(b, chord, 2, root);
    case '3':
        return degree(b, chord, 3, root);
    case '4':
        return degree(b, chord, 4, root);
    case '5':
        return degree(b, chord, 5, root);
    case '6':
        return degree(b, chord, 6, root);
    case '7':
        return degree(b, chord, 7, root);
    case '8':
        return root + 12 <= b->high ? root + 12 : root;
    case 'v': {
        gint fifth = degree(b, chord, 5, root);
        return fifth - 12 >= b->low ? fifth - 12 : fifth;
    }
    case 'a':
    case 'd':
        if (!moves)
            return degree(b, chord, 5, root);
        return approach(b, chord, ground(b, next), from, cell == 'a' && half_step(b, tick));
    default:
        return root;
    }
}

/* A hit of the pattern, cut where chords change: each new chord begins with its bass note. */
static void play_hit(Bassist *b, const StyleHit *hit, gint bar_start)
{
    gint tick = bar_start + hit->tick, end = MIN(tick + hit->ticks, b->end);
    char cell = hit->cell;

    if (strchr("ad", cell) !=
        NULL) { /* only at the end of a chord is there something to approach */
        const PlanChord *chord = chord_at(b, tick);
        if (chord->tick + chord->ticks > end || chord->tick == tick)
            cell = chord->tick == tick ? '1' : '5';
    }
    while (tick < end) {
        const PlanChord *chord = chord_at(b, tick);
        gint stop = MIN(end, chord->tick + chord->ticks), root = ground(b, chord);
        gboolean fresh = chord->tick == tick && cell != 'x';
        gint pitch = fresh && cell != '8' ? root : cell_pitch(b, cell, tick, root);
        if (cell == 'x') {
            stop = MIN(stop, tick + TUNE_PPQ / 4);
            write_note(b, tick, stop - tick, root, 44);
            return;
        }
        write_note(b, tick, stop - tick, pitch, fresh ? 88 : 80);
        if (stop <= tick)
            return;
        tick = stop;
        cell = '1';
    }
}

/* The bass note of the chord that comes where the cell ends, early: at the end of a bar it is held over the
 * bar line until the next bar's pattern has something to say, @lead_in ticks after it. */
static void push_note(Bassist *b, const StyleHit *hit, gint bar_start, gint lead_in)
{
    gint tick = bar_start + hit->tick, end = tick + hit->ticks;
    gint bar_end = bar_start + b->plan->bar_ticks;
    const PlanChord *coming = chord_at(b, MIN(end, b->plan->ticks - 1));

    if (end >= bar_end)
        end = MIN(bar_end + lead_in, MAX(b->end, tick + 1));
    write_note(b, tick, end - tick, ground(b, coming), 88);
}

/* A chord whose first half beat the pattern leaves silent gets its bass note all the same. */
static void fill_silent_changes(Bassist *b, gint start, gint end)
{
    const GArray *notes = b->part->track->notes;

    for (gint i = plan_chord_at(b->plan, start); i < b->plan->n_chords; i++) {
        const PlanChord *chord = &b->plan->chords[i];
        if (chord->tick >= end)
            return;
        if (chord->tick < start)
            continue;
        gint next = end;
        gboolean heard = FALSE;
        for (guint n = notes->len; n-- > 0;) {
            const TuneNote *note = &g_array_index(notes, TuneNote, n);
            if (note->onset + 2 * b->plan->bar_ticks < start)
                break;
            if (note->onset > chord->tick)
                next = MIN(next, note->onset);
            gboolean early = note->onset < chord->tick &&
                             note->onset + note->duration > chord->tick &&
                             note->pitch % 12 == bass_pc(chord);
            heard |= early || (note->onset >= chord->tick &&
                               note->onset <= chord->tick + b->plan->beat_ticks / 2);
        }
        gint root = ground(b, chord);
        if (!heard)
            write_note(b, chord->tick, MIN(next - chord->tick, chord->ticks), root, 84);
    }
}

/* ---- idioms ---- */

/* How a walking bass gets from one chord to the next: what a player has under the fingers.  @WALK_SCALE
 * runs along the scale, @WALK_ARPEGGIO climbs the chord, @WALK_ENCLOSE puts the last two notes on either side
 * of the goal, @WALK_CHROMATIC comes to it in two half steps, @WALK_OCTAVE leaps first. */
typedef enum {
    WALK_SCALE,
    WALK_ARPEGGIO,
    WALK_ENCLOSE,
    WALK_CHROMATIC,
    WALK_OCTAVE,
    N_WALKS
} Walk;

#define WALK_MOST 8 /* notes of one stretch */

/* The next pitch of @mask from @from in direction @side. */
static gint step_in(guint16 mask, gint from, gint side)
{
    gint pitch = from + side;

    while (ABS(pitch - from) < 12 && !((mask >> wrap(pitch)) & 1))
        pitch += side;
    return pitch;
}

/* @n notes from out[0] on under @chord that lead to @goal, one way of doing it. */
static void walk_way(const Bassist *b, const PlanChord *chord, Walk walk, gint side, gint goal,
                     gint n, gint *out)
{
    guint16 tones = tune_chord_mask(chord->chord);

    for (gint i = 1; i < n; i++)
        out[i] = step_in(walk == WALK_SCALE ? chord->scale : tones, out[i - 1], side);
    if (walk == WALK_OCTAVE && n > 2) {
        out[1] = out[0] + 12 * side;
        for (gint i = 2; i < n; i++)
            out[i] = step_in(tones, out[i - 1], -side);
    }
    if (n < 2)
        return;
    if (n > 2 && walk == WALK_ENCLOSE) {
        out[n - 2] = side > 0 ? step_in(chord->scale, goal, 1) : goal - 1;
        out[n - 1] = side > 0 ? goal - 1 : step_in(chord->scale, goal, 1);
    } else if (walk == WALK_CHROMATIC) {
        out[n - 1] = goal - side;
        if (n > 2)
            out[n - 2] = goal - 2 * side;
    } else if (ABS(out[n - 1] - goal) > 2 || out[n - 1] == goal) {
        out[n - 1] = approach(b, chord, goal, out[n - 2], FALSE);
    }
}

/* What a listener would hold against a way: standing still, leaping about, leaving the chord where the
 * bar is strong, running out of the register. */
static double walk_cost(const Bassist *b, const PlanChord *chord, const gint *note, gint n,
                        gint goal)
{
    guint16 tones = tune_chord_mask(chord->chord);
    double cost = 0;
    gint side = 0;

    for (gint i = 1; i <= n; i++) {
        gint pitch = i < n ? note[i] : goal, leap = pitch - note[i - 1];
        if (i < n && (pitch < b->low || pitch > b->high))
            cost += 100;
        cost += leap == 0 ? 4 : ABS(leap) > 12 ? 6 : ABS(leap) > 7 ? 1.5 : 0;
        cost += side * leap < 0 ? 0.35 : 0;
        side = leap > 0 ? 1 : -1;
        if (i < n - 1 && !((chord->scale >> wrap(pitch)) & 1))
            cost += 0.8;
        if (i == 2 && i < n && !((tones >> wrap(pitch)) & 1))
            cost += i == n - 1 ? 0 : 1.1;
        cost += i < n ? 0.04 * ABS(pitch - b->centre) : 0;
    }
    if (n > 1 && ABS(goal - note[n - 1]) > 2)
        cost += ABS(goal - note[n - 1]) == 5 || ABS(goal - note[n - 1]) == 7 ? 0.6 : 2.5;
    return cost;
}

/* The best of all ways, by taste and the moment's whim. */
static void walk_stretch(const Bassist *b, const PlanChord *chord, gint goal, gint n,
                         TuneRandom *random, gint out[WALK_MOST])
{
    gint best[WALK_MOST] = {out[0]};
    double least = G_MAXDOUBLE;

    for (gint walk = 0; walk < N_WALKS; walk++)
        for (gint side = -1; side <= 1; side += 2) {
            gint way[WALK_MOST] = {out[0]};
            walk_way(b, chord, (Walk)walk, side, goal, n, way);
            double cost = walk_cost(b, chord, way, n, goal) + 2.2 * tune_random_unit(random) +
                          (walk >= WALK_ENCLOSE ? 0.9 : 0);
            if (cost < least) {
                least = cost;
                memcpy(best, way, sizeof best);
            }
        }
    memcpy(out, best, sizeof best);
}

/* Where the line stands when the bar or chord at @tick begins: on the bass note of a new chord; under one
 * that stays now and then on its fifth or third. */
static gint walk_goal(const Bassist *b, gint tick, gint from)
{
    const PlanChord *chord = chord_at(b, MIN(tick, b->plan->ticks - 1));
    gint root = nearest_pitch(b, bass_pc(chord), (b->centre + from) / 2);
    TuneRandom random;

    plan_stream(b->plan, b->section, b->part, "goal",
                (tick - b->section->start_tick) / b->plan->beat_ticks, &random);
    if (chord->tick == tick || tune_random_chance(&random, 0.6))
        return root;
    gint other = degree(b, chord, tune_random_chance(&random, 0.7) ? 5 : 3, root);
    return other != from ? other : root;
}

/* A walking line: a note a beat, stretch by stretch from chord to chord. */
static void walk_bar(Bassist *b, gint bar, gint start)
{
    TuneRandom random;
    gint end = MIN(start + b->plan->bar_ticks, b->end);
    /* In half time the walk goes in two. */
    gboolean in_two = b->section->feel == TUNE_FEEL_HALF &&
                      b->plan->bar_ticks % (2 * b->plan->beat_ticks) == 0;
    gint beat = b->plan->beat_ticks * (in_two ? 2 : 1);

    plan_stream(b->plan, b->section, b->part, "walk",
                bar + (bar % 4 == 1 ? 1000 * b->section->repeat : 0), &random);
    for (gint tick = start; tick < end;) {
        const PlanChord *chord = chord_at(b, tick);
        gint stop = MIN(end, MAX(tick + 1, chord->tick + chord->ticks));
        gint n = CLAMP((stop - tick + beat - 1) / beat, 1, WALK_MOST);
        gint from = b->previous > 0 ? b->previous : b->centre;
        gint note[WALK_MOST] = {walk_goal(b, tick, from)};
        gint goal = walk_goal(b, stop, note[0]);
        walk_stretch(b, chord, goal, n, &random, note);
        for (gint i = 0; i < n && tick + i * beat < stop; i++) {
            gint at = tick + i * beat, length = MIN(beat, stop - at), half = beat / 2;
            gboolean skips = i % 2 == 1 && length == beat && tune_random_chance(&random, 0.08);
            gint velocity = (at - start) / beat % 2 == 1 ? 86 : 80;
            write_note(b, at, skips ? half : length, note[i], velocity);
            if (skips) /* the swung eighth repeats before it goes on */
                write_note(b, at + half, beat - half, note[i], 60);
        }
        tick = stop;
    }
}

/* With the bass drum: its places carry the root, the last one before a change leads over. */
static void kick_bar(Bassist *b, gint start)
{
    gint end = MIN(start + b->plan->bar_ticks, b->end), last = start;
    guint found = 0;

    for (guint i = 0; i < b->kicks->len; i++) {
        gint tick = g_array_index(b->kicks, gint, i);
        gint next = i + 1 < b->kicks->len ? g_array_index(b->kicks, gint, i + 1) : end;
        if (tick < start || tick >= end)
            continue;
        StyleHit hit = {.tick = tick - start, .ticks = MIN(next, end) - tick, .cell = '1'};
        if (next >= end && tick - start > b->plan->bar_ticks / 2)
            hit.cell = 'd';
        play_hit(b, &hit, start);
        last = tick;
        found++;
    }
    if (found == 0 && last < end) {
        StyleHit hit = {.tick = 0, .ticks = end - start, .cell = '1'};
        play_hit(b, &hit, start);
    }
}

/* A line of long notes: the bass note, and where there is time a step towards the next one. */
static void line_bar(Bassist *b, gint bar, gint start)
{
    TuneRandom random;
    gint end = MIN(start + b->plan->bar_ticks, b->end);

    plan_stream(b->plan, b->section, b->part, "line",
                bar + (bar % 4 == 3 ? 1000 * b->section->repeat : 0), &random);
    for (gint tick = start; tick < end;) {
        const PlanChord *chord = chord_at(b, tick);
        gint stop = MIN(end, chord->tick + chord->ticks), length = stop - tick;
        gint root = ground(b, chord), beat = b->plan->beat_ticks;
        if (length >= 2 * beat && length % beat == 0 && tune_random_chance(&random, 0.55)) {
            gint first = length - beat * (length > 3 * beat ? 2 : 1);
            write_note(b, tick, first, root, 82);
            if (length - first == 2 * beat) {
                write_note(b, tick + first, beat, degree(b, chord, 3, root), 74);
                first += beat;
            }
            StyleHit hit = {.tick = tick + first - start, .ticks = length - first, .cell = 'd'};
            play_hit(b, &hit, start);
        } else {
            write_note(b, tick, length, root, 82);
        }
        tick = stop;
    }
}

/* Long notes as long as the chord's bass stays, at most two bars. */
static void hold_section(Bassist *b)
{
    const PlanSection *s = b->section;
    gboolean pedal = b->pattern != NULL && b->pattern->idiom == STYLE_IDIOM_PEDAL;

    for (gint tick = s->start_tick; tick < b->end;) {
        const PlanChord *chord = chord_at(b, tick);
        gint pc = bass_pc(chord), stop = chord->tick + chord->ticks;
        if (pedal && !chord->cadence && chord->function != FUNCTION_DOMINANT)
            pc = tune_fifths_pitch_class(chord->key.tonic);
        for (; stop < b->end && bass_pc(chord_at(b, stop)) == pc;)
            stop += chord_at(b, stop)->ticks;
        stop = MIN(MIN(stop, b->end), tick + 2 * b->plan->bar_ticks);
        gint pitch =
            nearest_pitch(b, pc, b->previous > 0 ? (b->centre + b->previous) / 2 : b->centre);
        write_note(b, tick, stop - tick, pitch, 78);
        tick = stop;
    }
}

/* A run up or down to the next section's first chord in the last two beats. */
static void lead_over(Bassist *b, gint end)
{
    GArray *notes = b->part->track->notes;
    gint beat = b->plan->beat_ticks, from = end - beat;
    TuneRandom random;

    plan_stream(b->plan, b->section, b->part, "lead over", b->section->repeat, &random);
    if ((end >= b->plan->ticks && b->plan->ending != TUNE_ENDING_LOOP) ||
        b->plan->bar_ticks < 3 * beat || chord_at(b, from)->tick > from - beat ||
        !tune_random_chance(&random, 0.6))
        return;
    const PlanChord *next = next_chord(b, from), *chord = chord_at(b, from);
    gint target = nearest_pitch(b, bass_pc(next), b->centre), half = beat / 2;
    for (guint i = notes->len; i-- > 0;) { /* make room */
        TuneNote *note = &g_array_index(notes, TuneNote, i);
        if (note->onset >= end) /* woven with the voices of a later section */
            continue;
        if (note->onset >= from)
            g_array_remove_index(notes, i);
        else
            note->duration = MIN(note->duration, from - note->onset);
    }
    gint side = b->previous > target ? 1 : -1;
    gint near = approach(b, chord, target, target + side, FALSE);
    gint far = approach(b, chord, near, near + side, FALSE);
    write_note(b, from, half, far, 84);
    write_note(b, from + half, beat - half, near, 90);
}

/* ---- a section ---- */

static void choose_pattern(Bassist *b)
{
    TuneRandom random;
    PatternWant want = {.section = b->section->role,
                        .energy = plan_pattern_energy(b->plan, b->section, b->index, TRUE),
                        .role = TUNE_ROLE_BASS,
                        .instrument = b->part->instrument,
                        .percussion = -1};

    plan_stream(b->plan, b->section, b->part, "pattern", 0, &random);
    b->pattern = plan_pattern_pick(b->plan, b->plan->style->grooves.bass, &want, &random);
    /* riffs stay at the bottom, an octave below the guitars; lines need room on both sides */
    gboolean line = b->pattern == NULL || b->pattern->idiom == STYLE_IDIOM_WALK ||
                    b->pattern->idiom == STYLE_IDIOM_LINE;
    b->centre = b->low + MIN(line ? 11 : 5, (b->high - b->low) / 2);
}

static void find_kicks(Bassist *b)
{
    g_array_set_size(b->kicks, 0);
    for (gint i = 0; i < b->plan->n_parts; i++) {
        const PlanPart *part = &b->plan->parts[i];
        if (part->role != TUNE_ROLE_DRUMS || !part->instrument->is_drums)
            continue;
        for (guint n = 0; n < part->track->notes->len; n++) {
            const TuneNote *note = &g_array_index(part->track->notes, TuneNote, n);
            if (note->pitch == 36 && note->onset >= b->section->start_tick && note->onset < b->end)
                g_array_append_val(b->kicks, note->onset);
        }
    }
}

static void pattern_bar(Bassist *b, gint bar, gint start)
{
    plan_pattern_bar_felt(b->pattern, b->plan->metre, b->section->feel,
                          plan_pattern_place(b->plan, b->section, bar + 1), b->hits);
    gint lead_in = b->hits->len > 0 ? g_array_index(b->hits, StyleHit, 0).tick : 0;
    plan_pattern_bar_felt(b->pattern, b->plan->metre, b->section->feel,
                          plan_pattern_place(b->plan, b->section, bar), b->hits);
    for (guint i = 0; i < b->hits->len; i++) {
        const StyleHit *hit = &g_array_index(b->hits, StyleHit, i);
        if (hit->cell == '>')
            push_note(b, hit, start, lead_in);
        else
            play_hit(b, hit, start);
    }
    fill_silent_changes(b, start, MIN(start + b->plan->bar_ticks, b->end));
}

/* With the guitars: the riff, bar by bar. */
static void riff_section(Bassist *b, const StylePattern *riff)
{
    for (gint bar = 0; bar < b->section->bars; bar++)
        if (b->section->start_tick + bar * b->plan->bar_ticks < b->end)
            plan_riff_bar(b->plan, b->part, b->section, riff, bar, b->end, b->hits);
}

/* A bass that comes before the beat leads over by itself. */
static gboolean pushes(const StylePattern *pattern)
{
    for (guint i = 0; pattern != NULL && i < pattern->hits->len; i++)
        if (g_array_index(pattern->hits, StyleHit, i).cell == '>')
            return TRUE;
    return FALSE;
}

static void play_section(Bassist *b)
{
    const PlanSection *s = b->section;
    StyleIdiom idiom = b->pattern != NULL ? b->pattern->idiom : STYLE_IDIOM_LINE;

    const StylePattern *riff = plan_riff_pick(b->plan, s);
    if (riff != NULL && plan_riff_plays(riff, b->part)) {
        riff_section(b, riff);
        return;
    }
    if (idiom == STYLE_IDIOM_HOLD || idiom == STYLE_IDIOM_PEDAL) {
        hold_section(b);
        return;
    }
    if (idiom == STYLE_IDIOM_KICK)
        find_kicks(b);
    for (gint bar = 0; bar < s->bars; bar++) {
        gint start = s->start_tick + bar * b->plan->bar_ticks;
        if (start >= b->end)
            break;
        if (idiom == STYLE_IDIOM_WALK)
            walk_bar(b, bar, start);
        else if (idiom == STYLE_IDIOM_KICK)
            kick_bar(b, start);
        else if (idiom == STYLE_IDIOM_LINE)
            line_bar(b, bar, start);
        else
            pattern_bar(b, bar, start);
    }
    if (idiom != STYLE_IDIOM_WALK && !pushes(b->pattern) && b->end == s->start_tick + s->ticks && s->energy > 0.35)
        lead_over(b, b->end);
}

static void final_note(Bassist *b)
{
    const Plan *plan = b->plan;
    gint length = plan->ticks - plan->final_tick;

    if (plan->ending == TUNE_ENDING_COLD)
        length = MIN(length, plan->beat_ticks);
    b->end = plan->ticks;
    write_note(b, plan->final_tick, length, ground(b, chord_at(b, plan->final_tick)), 96);
}

static void play_part(Plan *plan, gint index)
{
    Bassist b = {.plan = plan, .part = &plan->parts[index], .index = index};
    g_autoptr(GArray) hits = g_array_new(FALSE, FALSE, sizeof(StyleHit));
    g_autoptr(GArray) kicks = g_array_new(FALSE, FALSE, sizeof(gint));

    b.hits = hits;
    b.kicks = kicks;
    b.low = MAX(b.part->low, b.part->instrument->low);
    b.high = MIN(b.part->high, b.part->instrument->high);
    if (b.high < b.low + 11) /* every chord has its bass note */
        b.high = MIN(b.part->instrument->high, b.low + 12);
    for (gint i = 0; i < plan->n_sections; i++) {
        b.section = &plan->sections[i];
        if (!plan_writes(plan, b.section, index))
            continue;
        b.end = plan_groove_end(plan, b.section);
        b.previous = 0;
        choose_pattern(&b);
        play_section(&b);
        if (b.section->last && plan_has_final(plan))
            final_note(&b);
    }
}

void plan_bass(Plan *plan)
{
    for (gint i = 0; i < plan->n_parts; i++)
        if (plan->parts[i].role == TUNE_ROLE_BASS)
            play_part(plan, i);
}
