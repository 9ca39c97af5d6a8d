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
    case '3':
        return degree(b, chord, 3, root);
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
            heard |=
                note->onset >= chord->tick && note->onset <= chord->tick + b->plan->beat_ticks / 2;
        }
        gint root = ground(b, chord);
        if (!heard)
            write_note(b, chord->tick, MIN(next - chord->tick, chord->ticks), root, 84);
    }
}

/* ---- idioms ---- */

/* A walking line: chord tone on the first and middle beat, the last beat leads to what comes. */
static void walk_bar(Bassist *b, gint bar, gint start)
{
    TuneRandom random;
    gint beat = b->plan->beat_ticks, beats = MAX(1, b->plan->bar_ticks / beat);

    plan_stream(b->plan, b->section, b->part, "walk",
                bar + (bar % 2 == 1 ? 1000 * b->section->repeat : 0), &random);
    for (gint i = 0; i < beats && start + i * beat < b->end; i++) {
        gint tick = start + i * beat;
        const PlanChord *chord = chord_at(b, tick);
        const PlanChord *next =
            chord->tick + chord->ticks <= tick + beat ? next_chord(b, tick) : chord;
        gint root = ground(b, chord), pitch;
        gint from = b->previous > 0 ? b->previous : root;
        if (chord->tick == tick || (i == 0 && tune_random_chance(&random, 0.7)))
            pitch = root;
        else if (next != chord)
            pitch = approach(b, chord, ground(b, next), from, tune_random_chance(&random, 0.6));
        else if (i == beats - 1)
            pitch = approach(b, chord, ground(b, next), from, FALSE);
        else if (i % 2 == 0)
            pitch = degree(b, chord, tune_random_chance(&random, 0.6) ? 5 : 3, root);
        else
            pitch = tune_random_chance(&random, 0.5)
                        ? degree(b, chord, 3, root)
                        : approach(b, chord, from, root <= from ? from + 1 : from - 1, FALSE);
        if (pitch == b->previous && chord->tick != tick) /* walkers do not stand still */
            pitch = degree(b, chord, i % 2 == 0 ? 3 : 5, root) == b->previous
                        ? root
                        : degree(b, chord, i % 2 == 0 ? 3 : 5, root);
        gint length = i + 1 < beats ? beat : start + b->plan->bar_ticks - tick;
        gint skip = beat / 2;
        if (tune_random_chance(&random, 0.08) && i % 2 == 1 && length == beat) {
            write_note(b, tick, skip, pitch, 82); /* a skipped beat: the swung eighth repeats */
            write_note(b, tick + skip, beat - skip, root, 62);
        } else {
            write_note(b, tick, length, pitch, i % 2 == 1 ? 86 : 80);
        }
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
    b->centre = b->low + MIN(line ? 9 : 5, (b->high - b->low) / 2);
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
    plan_pattern_bar(b->pattern, b->plan->metre, bar, b->hits);
    for (guint i = 0; i < b->hits->len; i++)
        play_hit(b, &g_array_index(b->hits, StyleHit, i), start);
    fill_silent_changes(b, start, MIN(start + b->plan->bar_ticks, b->end));
}

/* With the guitars: the riff, bar by bar. */
static void riff_section(Bassist *b, const StylePattern *riff)
{
    for (gint bar = 0; bar < b->section->bars; bar++)
        if (b->section->start_tick + bar * b->plan->bar_ticks < b->end)
            plan_riff_bar(b->plan, b->part, b->section, riff, bar, b->end, b->hits);
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
    if (idiom != STYLE_IDIOM_WALK && b->end == s->start_tick + s->ticks && s->energy > 0.35)
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
        if (!plan_plays(b.section, index))
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
