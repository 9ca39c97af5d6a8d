/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Chordal parts: comping, arpeggios, pads, inner voices.  The voicings are there already
 * (voicing.c); here they get their rhythm.  Cells of a pattern say which voices sound and how they
 * are struck; a strum's spread is a performance offset, its notated place stays on the grid.
 */
#include <string.h>

#include "compose/arpeggio.h"
#include "compose/hand.h"
#include "compose/pattern.h"

typedef struct {
    Plan *plan;
    PlanPart *part;
    gint index;
    const PlanSection *section;
    const StylePattern *pattern;
    double energy; /* by which patterns are chosen */
    gint end;
    gint low, high;
    gboolean strums; /* strings struck one after the other */
    gboolean left_hand; /* a keyboard in a section without a bass: its lowest voice goes down */
    gboolean power;  /* distorted: roots, fifths and octaves only */
    gint line;       /* pitch of an inner voice before, 0 at a section's start */
    GArray *hits;
    const gint *lead;   /* [n_bars] notes of the melody in each bar */
    const guint8 *busy; /* [n_slots] the melody sounds in this sixteenth */
} Comper;

#define SLOT (TUNE_PPQ / 4)

/* ---- voicings ---- */

/* Root, fifth, octave: what distortion lets through. */
static Voicing power_voicing(const Comper *c, const TuneChord *chord)
{
    gint8 tones[TUNE_CHORD_MAX_TONES];
    gsize n = tune_chord_tones(chord->quality, tones, NULL);
    gint pc = tune_fifths_pitch_class(chord->root), low = MAX(c->low, 40), root = low;
    Voicing v = {0};

    while (root % 12 != pc)
        root++;
    if (root + 12 > c->high)
        root -= 12;
    if (root < c->part->instrument->low)
        root += 12;
    v.pitch[v.n++] = (guint8)root;
    gint fifth = n >= 3 && tones[2] != 6 && tones[2] != 8 ? 7 : tones[n >= 2 ? 1 : 0];
    if (fifth == 7)
        v.pitch[v.n++] = (guint8)(root + 7);
    v.pitch[v.n++] = (guint8)(root + 12);
    return v;
}

/* The lowest note of the melody while chord @index sounds, 0 when there is none. */
static gint melody_floor(const Comper *c, gint index)
{
    const PlanChord *chord = &c->plan->chords[index];
    gint lowest = 0;

    for (gint i = 0; i < c->plan->n_parts; i++) {
        const PlanPart *p = &c->plan->parts[i];
        if (p->role != TUNE_ROLE_LEAD || p == c->part)
            continue;
        for (guint n = 0; n < p->track->notes->len; n++) {
            const TuneNote *note = &g_array_index(p->track->notes, TuneNote, n);
            if (note->onset >= chord->tick + chord->ticks)
                break;
            if (note->onset + note->duration > chord->tick && (lowest == 0 || note->pitch < lowest))
                lowest = note->pitch;
        }
    }
    return lowest;
}

/* The bass note where a left hand has it when nobody else plays the bass. */
static guint8 left_hand_pitch(const Comper *c, const TuneChord *chord, gint lowest)
{
    gint pc = tune_fifths_pitch_class(chord->bass), pitch = MAX(34, c->part->instrument->low);

    while (pitch % 12 != pc)
        pitch++;
    return (guint8)MIN(pitch, lowest);
}

static Voicing voicing_at(const Comper *c, gint tick)
{
    gint i = plan_chord_at(c->plan, tick);
    Voicing v = {0}, kept = {0};

    if (c->power)
        v = power_voicing(c, &c->plan->chords[i].chord);
    else if (c->pattern != NULL && c->pattern->shape != STYLE_SHAPE_VOICED)
        v = hand_voicing(&c->plan->chords[i], c->pattern->shape,
                         MAX(c->part->style->low, c->part->instrument->low), c->high,
                         melody_floor(c, i));
    else if (c->part->voicings != NULL)
        v = c->part->voicings[i];
    guint most = MIN(MAX(1, c->part->instrument->polyphony), G_N_ELEMENTS(v.pitch));
    if (c->part->style->voices > 0)
        most = MIN(most, (guint)c->part->style->voices);
    if (c->pattern != NULL && c->pattern->shape != STYLE_SHAPE_VOICED &&
        c->part->instrument->polyphony >= 4)
        most = G_N_ELEMENTS(v.pitch); /* never more at once than the cells say */
    guint skip = v.n > most ? v.n - most : 0; /* too many: the lowest go, the bass has them */
    for (guint k = skip; k < v.n; k++)
        if (v.pitch[k] >= c->part->instrument->low && v.pitch[k] <= c->part->instrument->high &&
            (kept.n == 0 || kept.pitch[kept.n - 1] != v.pitch[k]))
            kept.pitch[kept.n++] = v.pitch[k];
    gboolean voiced = c->pattern == NULL || c->pattern->shape == STYLE_SHAPE_VOICED;
    if (c->left_hand && kept.n > 1 && voiced)
        kept.pitch[0] = left_hand_pitch(c, &c->plan->chords[i].chord, kept.pitch[0]);
    return kept;
}

static gint strum_ticks(const Comper *c)
{
    double ms = c->plan->style->grooves.perform.strum_ms;

    return (gint)(ms * c->plan->quarter_bpm * TUNE_PPQ / 60000.0 + 0.5);
}

/* ---- one stroke ---- */

typedef struct {
    guint first, last; /* voices, last is one beyond */
    gint velocity;
    gint direction; /* 1 down, -1 up, 0 together */
    gint share;     /* sounding percent of the length */
    guint8 articulation;
} Touch;

static Touch touch_of(const Comper *c, char cell, guint n)
{
    Touch t = {0, n, 82, 0, 100, 0};

    switch (cell) {
    case 'D':
    case 'd':
        t.velocity = cell == 'D' ? 94 : 74;
        t.direction = 1;
        break;
    case 'U':
    case 'u': /* the way up misses the low strings */
        t.velocity = cell == 'U' ? 82 : 64;
        t.direction = -1;
        t.first = n >= 4 ? n - 3 : n >= 3 ? 1 : 0;
        break;
    case 'X':
        t.velocity = 95;
        t.articulation = TUNE_ARTICULATION_ACCENT;
        t.direction = 1;
        break;
    case 'o':
        t.velocity = 66;
        t.direction = 1;
        break;
    case 'm': /* palm or muted strings: short, low voices */
        t.velocity = c->power ? 80 : 54;
        t.last = MIN(n, 2);
        t.share = 50;
        t.articulation = TUNE_ARTICULATION_STACCATO;
        break;
    case 'c': /* damped strings scratched: hardly a pitch */
        t.velocity = 40;
        t.first = n >= 3 ? n - 2 : 0;
        t.share = 22;
        t.articulation = TUNE_ARTICULATION_STACCATO | TUNE_ARTICULATION_GHOST;
        break;
    case 't':
        t.first = n >= 3 ? 1 : 0;
        t.velocity = 76;
        break;
    case 'b':
        t.last = 1;
        t.velocity = 86;
        break;
    default:
        t.direction = 1;
        break;
    }
    if (!c->strums)
        t.direction = 0;
    return t;
}

static void write_voices(Comper *c, const Voicing *v, Touch t, gint tick, gint ticks)
{
    gint n = (gint)(t.last - t.first), spread = n > 1 && t.direction != 0 ? strum_ticks(c) : 0;

    spread = MIN(spread, ticks / 3);
    for (gint k = 0; k < n; k++) {
        gint order = t.direction >= 0 ? k : n - 1 - k;
        gint late = n > 1 ? spread * order / (n - 1) : 0;
        gint softer = k > 0 && k < n - 1 ? 5 : 0; /* outer voices carry the sound */
        gint length = MAX(1, ticks * t.share / 100);
        TuneNote *note = plan_add_note(c->plan, c->part, tick, ticks, v->pitch[t.first + (guint)k],
                                       CLAMP(t.velocity - softer, 1, 127));
        if (note == NULL)
            continue;
        note->onset_offset = (gint16)late;
        note->duration_offset = (gint16)(length - ticks - late);
        note->articulation |= t.articulation;
    }
}

/* Root with fifth, sixth or flat seventh on two low strings: the boogie of a rhythm guitar. */
static void write_dyad(Comper *c, char cell, gint tick, gint ticks)
{
    const PlanChord *chord = &c->plan->chords[plan_chord_at(c->plan, tick)];
    gint root = power_voicing(c, &chord->chord).pitch[0];
    gint above = cell == 'f' ? 7 : cell == 's' ? 9 : 10;
    guint16 fits = chord->scale | tune_chord_mask(chord->chord);

    if (!((fits >> ((root + above) % 12)) & 1)) /* a minor chord has another sixth */
        above = above == 9 && ((fits >> ((root + 8) % 12)) & 1) ? 8 : 7;
    if (!((fits >> ((root + above) % 12)) & 1))
        above = 6;
    gint velocity = tick % c->plan->beat_ticks == 0 ? 86 : 74;
    plan_add_note(c->plan, c->part, tick, ticks, root, velocity);
    if (root + above <= c->part->instrument->high)
        plan_add_note(c->plan, c->part, tick, ticks, root + above, velocity - 2);
}

/* Thumb and finger at once: the outer voices. */
static void write_pinch(Comper *c, const Voicing *v, gint tick, gint ticks)
{
    plan_add_note(c->plan, c->part, tick, ticks, v->pitch[0], 84);
    if (v->n > 1)
        plan_add_note(c->plan, c->part, tick, ticks, v->pitch[v->n - 1], 82);
}

/* One voice of the chord, counted from the lowest, going on an octave higher beyond the top. */
static void write_tone(Comper *c, const Voicing *v, gint number, gint tick, gint ticks)
{
    gint pitch = v->pitch[number % v->n] + 12 * (number / v->n);

    while (pitch > c->part->instrument->high || pitch > c->high + 7)
        pitch -= 12;
    if (pitch < c->part->instrument->low)
        return;
    gboolean strong = tick % c->plan->beat_ticks == 0;
    plan_add_note(c->plan, c->part, tick, ticks, pitch, strong ? 84 : 74);
    if (c->pattern != NULL && c->pattern->doubled && pitch + 12 <= c->part->instrument->high)
        plan_add_note(c->plan, c->part, tick, ticks, pitch + 12, strong ? 82 : 72);
}

/* The thumb's other note: the chord's fifth below its lowest voice, the root where that is the fifth. */
static void write_below(Comper *c, const Voicing *v, gint tick, gint ticks)
{
    const TuneChord *chord = &c->plan->chords[plan_chord_at(c->plan, tick)].chord;
    gint root = tune_fifths_pitch_class(chord->root), lowest = v->pitch[0];
    gint pc = lowest % 12 == (root + 7) % 12 ? root : (root + 7) % 12, pitch = lowest - 1;

    if (!((tune_chord_mask(*chord) >> pc) & 1))
        pc = root;
    while (pitch % 12 != pc)
        pitch--;
    if (pitch < c->part->instrument->low)
        pitch += 12;
    plan_add_note(c->plan, c->part, tick, ticks, pitch, 80);
}

/* The chord that comes at @end, struck early: only where it shares the scale of the moment. */
static void push_chord(Comper *c, gint tick, gint end)
{
    const PlanChord *now = &c->plan->chords[plan_chord_at(c->plan, tick)];
    const PlanChord *next = &c->plan->chords[plan_chord_at(c->plan, MIN(end, c->plan->ticks - 1))];
    gboolean fits =
        (tune_chord_mask(next->chord) & ~(now->scale | tune_chord_mask(now->chord))) == 0;
    Voicing v = voicing_at(c, fits && end < c->end ? end : tick);

    if (v.n > 0 && end > tick)
        write_voices(c, &v, touch_of(c, 'x', v.n), tick, end - tick);
}

static void play_hit(Comper *c, const StyleHit *hit, gint bar_start)
{
    gint tick = bar_start + hit->tick, end = MIN(tick + hit->ticks, c->end);

    if (hit->cell == '>') {
        push_chord(c, tick, end);
        return;
    }
    gint early = c->pattern != NULL && c->pattern->early ? c->plan->beat_ticks / 2 : 0;
    while (tick < end) { /* a chord that changes under a held stroke is struck again */
        const PlanChord *chord = &c->plan->chords[plan_chord_at(c->plan, tick)];
        gint stop = MIN(end, MAX(tick + 1, chord->tick + chord->ticks));
        Voicing v = voicing_at(c, tick);
        if (early > 0 && chord->tick + chord->ticks <= tick + early && tick + early < c->end) {
            v = voicing_at(c, tick + early); /* the coming chord already */
            stop = end;
        }
        if (v.n > 0 && hit->cell == 'v')
            write_below(c, &v, tick, stop - tick);
        else if (v.n > 0 && hit->cell >= '1' && hit->cell <= '8')
            write_tone(c, &v, hit->cell - '1', tick, stop - tick);
        else if (v.n > 0 && hit->cell == 'p')
            write_pinch(c, &v, tick, stop - tick);
        else if (v.n > 0 && strchr("fsn", hit->cell) != NULL)
            write_dyad(c, hit->cell, tick, stop - tick);
        else if (v.n > 0)
            write_voices(c, &v, touch_of(c, hit->cell, v.n), tick, stop - tick);
        tick = stop;
    }
}

/* ---- idioms ---- */

/* When a section comes again its upper voice is struck anew at the first bar line under it. */
static void hold_voice(Comper *c, gint tick, gint stop, gint pitch, gboolean upper)
{
    gint bar_line = tick + c->plan->bar_ticks;

    if (upper && c->section->repeat > 0 && stop > bar_line) {
        plan_add_note(c->plan, c->part, tick, bar_line - tick, pitch, 80);
        tick = bar_line;
    }
    plan_add_note(c->plan, c->part, tick, stop - tick, pitch, upper ? 80 : 74);
}

/* Held chords: a voice that stays is not struck again within a phrase. */
static void hold_section(Comper *c)
{
    const PlanSection *s = c->section;
    gint phrase = MAX(1, s->phrase_bars) * c->plan->bar_ticks;

    for (gint tick = s->start_tick; tick < c->end;) {
        const PlanChord *chord = &c->plan->chords[plan_chord_at(c->plan, tick)];
        gint next = MIN(c->end, MAX(tick + 1, chord->tick + chord->ticks));
        Voicing v = voicing_at(c, tick), before = {0};
        if (tick > s->start_tick && (tick - s->start_tick) % phrase != 0)
            before = voicing_at(c, tick - 1);
        for (guint k = 0; k < v.n; k++) {
            if (before.n > 0 && memchr(before.pitch, v.pitch[k], before.n) != NULL)
                continue;
            gint stop = next;
            while (stop < c->end && (stop - s->start_tick) % phrase != 0) {
                Voicing after = voicing_at(c, stop);
                if (memchr(after.pitch, v.pitch[k], after.n) == NULL)
                    break;
                const PlanChord *held = &c->plan->chords[plan_chord_at(c->plan, stop)];
                gint until = MIN(c->end, MAX(stop + 1, held->tick + held->ticks));
                gint phrase_end = s->start_tick + ((stop - s->start_tick) / phrase + 1) * phrase;
                stop = MIN(until, phrase_end);
            }
            hold_voice(c, tick, stop, v.pitch[k], k + 1 == v.n);
        }
        gint boundary = s->start_tick + ((tick - s->start_tick) / phrase + 1) * phrase;
        tick = MIN(next, boundary);
    }
}

/* A drone: tonic and fifth of the key under whatever the chords do, struck anew with each phrase. */
static void drone_section(Comper *c)
{
    const PlanSection *s = c->section;
    const PlanChord *chord = &c->plan->chords[plan_chord_at(c->plan, s->start_tick)];
    gint phrase = MAX(1, s->phrase_bars) * c->plan->bar_ticks;
    gint tonic = tune_fifths_pitch_class(chord->key.tonic), low = c->low;

    while (low % 12 != tonic)
        low++;
    gint fifth = low + 7 <= c->high ? low + 7 : low - 5;
    gboolean open = ((chord->scale >> (fifth % 12)) & 1) && fifth >= c->part->instrument->low;
    for (gint tick = s->start_tick; tick < c->end; tick += phrase) {
        gint ticks = MIN(phrase, c->end - tick);
        plan_add_note(c->plan, c->part, tick, ticks, low, 80);
        if (open)
            plan_add_note(c->plan, c->part, tick, ticks, fifth, 74);
    }
}

/* Measured tremolo on the upper voices, swelling to the bar's middle. */
static void tremolo_bar(Comper *c, gint start)
{
    gint step = c->plan->quarter_bpm > 112 ? TUNE_PPQ / 2 : TUNE_PPQ / 4;
    gint end = MIN(start + c->plan->bar_ticks, c->end);

    for (gint tick = start; tick < end; tick += step) {
        Voicing v = voicing_at(c, tick);
        gint place = (tick - start) * 100 / c->plan->bar_ticks;
        gint swell = place < 50 ? place / 4 : (100 - place) / 4;
        gint lift = tick % c->plan->beat_ticks == 0 ? 10 : 0;
        guint first = v.n > 2 ? v.n - 2 : 0;
        for (guint k = first; k < v.n; k++)
            plan_add_note(c->plan, c->part, tick, MIN(step, end - tick), v.pitch[k],
                          62 + swell + lift);
    }
}

/* An inner voice: the tone of the chord that is nearest to where the voice is, in the pattern's
 * rhythm; a weak place may touch the neighbouring tone of the scale and come back. */
static void line_hit(Comper *c, const StyleHit *hit, gint bar_start, TuneRandom *random)
{
    gint tick = bar_start + hit->tick, end = MIN(tick + hit->ticks, c->end);

    while (tick < end) {
        const PlanChord *chord = &c->plan->chords[plan_chord_at(c->plan, tick)];
        gint stop = MIN(end, MAX(tick + 1, chord->tick + chord->ticks));
        Voicing v = voicing_at(c, tick);
        if (v.n == 0)
            return;
        gint from = c->line > 0 ? c->line : v.pitch[v.n / 2], pitch = v.pitch[0];
        for (guint k = 1; k < v.n; k++)
            if (ABS(v.pitch[k] - from) < ABS(pitch - from))
                pitch = v.pitch[k];
        gboolean weak = tick % (2 * c->plan->beat_ticks) != 0 && stop - tick <= c->plan->beat_ticks;
        if (weak && pitch == c->line && v.n > 1 && tune_random_chance(random, 0.45)) {
            gint up = pitch + 1;
            while (!((chord->scale >> (up % 12)) & 1) && up < pitch + 3)
                up++;
            if (up <= c->part->instrument->high)
                pitch = up;
        } else {
            c->line = pitch;
        }
        plan_add_note(c->plan, c->part, tick, stop - tick, pitch, weak ? 70 : 80);
        tick = stop;
    }
}

/* ---- answers ---- */

static gboolean is_busy(const Comper *c, gint tick)
{
    return tick >= 0 && tick < c->plan->ticks && c->busy[tick / SLOT];
}

/* The end of the melody's rest around @tick when it is a beat or longer, else 0. */
static gint room_until(const Comper *c, gint tick, gint end)
{
    gint from = tick - tick % SLOT, to = from;

    if (is_busy(c, tick))
        return 0;
    while (to < end && !is_busy(c, to))
        to += SLOT;
    while (from > 0 && tick - from < c->plan->beat_ticks && !is_busy(c, from - SLOT))
        from -= SLOT;
    return to - from >= c->plan->beat_ticks ? MIN(to, end) : 0;
}

/* A choir or horns behind a singer: the pattern is heard only where the lead leaves room; a phrase in
 * which it leaves none gets a chord under its end. */
static void answer_section(Comper *c)
{
    const PlanSection *s = c->section;
    gint phrase = MAX(1, s->phrase_bars), said = 0;

    for (gint bar = 0; bar < s->bars; bar++) {
        gint start = s->start_tick + bar * c->plan->bar_ticks;
        gint end = MIN(start + c->plan->bar_ticks, c->end);
        if (start >= c->end)
            break;
        if (bar % phrase == 0)
            said = 0;
        plan_pattern_bar_felt(c->pattern, c->plan->metre, c->section->feel,
                          plan_pattern_place(c->plan, c->section, bar), c->hits);
        for (guint i = 0; i < c->hits->len; i++) {
            StyleHit hit = g_array_index(c->hits, StyleHit, i);
            gint room = room_until(c, start + hit.tick, c->end);
            if (room == 0)
                continue;
            hit.ticks = MIN(hit.ticks, room - start - hit.tick);
            play_hit(c, &hit, start);
            said++;
        }
        if (said == 0 && (bar + 1) % phrase == 0) {
            StyleHit hold = {.tick = c->plan->bar_ticks / 2, .cell = 'x'};
            hold.tick -= hold.tick % c->plan->beat_ticks;
            hold.ticks = end - start - hold.tick;
            if (hold.ticks > 0)
                play_hit(c, &hold, start);
        }
    }
}

/* ---- bars ---- */

/* Up the chord and down again in eighths, for a style that says nothing about it; else chords on
 * beats. */
static void plain_bar(Comper *c, gint start)
{
    static const char figure[] = {'1', '2', '3', '4', '3', '2'};
    gboolean arp = c->part->role == TUNE_ROLE_ARP;
    gint beat = c->plan->beat_ticks;
    gint step = !arp ? beat : tune_metre_is_compound(c->plan->metre) ? beat / 3 : beat / 2;

    for (gint tick = 0, i = 0; tick < c->plan->bar_ticks; tick += step, i++) {
        StyleHit hit = {.tick = tick,
                        .ticks = MIN(step, c->plan->bar_ticks - tick),
                        .cell = arp          ? figure[i % 6]
                                : i % 2 == 0 ? 'x'
                                             : 'o'};
        play_hit(c, &hit, start);
    }
}

/* What is too sparse to leave a stroke out of takes another voice in a repeat; an inner line
 * divides a long note, a long chord is struck twice. */
static void vary_repeat(GArray *hits, gboolean line)
{
    for (guint i = hits->len; i-- > 0 && (line || hits->len <= 2);) {
        StyleHit *hit = &g_array_index(hits, StyleHit, i);
        gboolean long_chord = strchr("xXot", hit->cell) != NULL && hit->ticks >= 2 * TUNE_PPQ;
        if ((line || long_chord) && hit->ticks >= TUNE_PPQ && hit->ticks % (TUNE_PPQ / 2) == 0) {
            StyleHit second = *hit;
            hit->ticks /= 2;
            second.ticks = hit->ticks;
            second.tick += hit->ticks;
            g_array_insert_val(hits, i + 1, second);
            return;
        }
        if (!line && hit->cell >= '1' && hit->cell < '8') {
            hit->cell++;
            return;
        }
    }
}

static void pattern_bar(Comper *c, gint bar, gint start)
{
    TuneRandom random;
    gboolean line = c->pattern->idiom == STYLE_IDIOM_LINE;
    gint phrase = MAX(2, c->section->phrase_bars);

    plan_stream(c->plan, c->section, c->part, "bar",
                bar % 8 + (bar % 4 == 1 ? 100 * c->section->repeat : 0), &random);
    plan_pattern_bar_felt(c->pattern, c->plan->metre, c->section->feel,
                          plan_pattern_place(c->plan, c->section, bar), c->hits);
    if (bar % 4 == 1 && c->section->repeat > 0)
        vary_repeat(c->hits, line);
    /* a stroke is left out where a phrase breathes, and in the second bar of a repeat */
    gboolean drop = c->hits->len > 2 && (!line || c->hits->len > 4) &&
                    ((bar % phrase == phrase - 1 && tune_random_chance(&random, 0.5)) ||
                     (bar % 4 == 1 && c->section->repeat > 0));
    gint dropped = drop ? tune_random_int(&random, 1, (gint)c->hits->len - 1) : -1;
    for (gint i = 0; i < (gint)c->hits->len; i++) {
        const StyleHit *hit = &g_array_index(c->hits, StyleHit, i);
        if (i == dropped && hit->tick % (2 * c->plan->beat_ticks) != 0)
            continue;
        if (line)
            line_hit(c, hit, start, &random);
        else
            play_hit(c, hit, start);
    }
}

static PatternWant want_of(const Comper *c, double energy)
{
    return (PatternWant){.section = c->section->role,
                         .energy = energy,
                         .role = c->part->role,
                         .instrument = c->part->instrument,
                         .percussion = -1};
}

/* Where @section's material was heard first in its role: repeats go by the melody there. */
static const PlanSection *first_time(const Plan *plan, const PlanSection *section)
{
    for (gint i = 0; i < plan->n_sections; i++)
        if (plan->sections[i].role == section->role &&
            plan->sections[i].material == section->material)
            return &plan->sections[i];
    return section;
}

/* Patterns of a group take turns; where the melody is busy, a sparser one is looked for. */
static void turn_pattern(Comper *c, gint bar)
{
    TuneRandom random;
    gint in_piece = first_time(c->plan, c->section)->start_bar + bar;
    gint busy = in_piece < c->plan->n_bars ? c->lead[in_piece] : 0;
    double energy = CLAMP(c->energy + (busy > 5 ? -0.2 : busy < 2 ? 0.1 : 0), 0, 1);
    PatternWant want = want_of(c, energy);

    plan_stream(c->plan, c->section, c->part, "turn", bar % 8, &random);
    c->pattern =
        plan_pattern_turn(c->plan, c->plan->style->grooves.comping, c->pattern, &want, &random);
}

static void play_section(Comper *c)
{
    TuneRandom random;
    const PlanSection *s = c->section;
    PatternWant want = want_of(c, c->energy);

    plan_stream(c->plan, s, c->part, "pattern", 0, &random);
    c->pattern = plan_pattern_pick(c->plan, c->plan->style->grooves.comping, &want, &random);
    StyleIdiom idiom = c->pattern != NULL               ? c->pattern->idiom
                       : c->part->role == TUNE_ROLE_PAD ? STYLE_IDIOM_HOLD
                                                        : STYLE_IDIOM_PATTERN;
    const StylePattern *riff = plan_riff_pick(c->plan, s);
    if (riff != NULL && plan_riff_plays(riff, c->part)) {
        for (gint bar = 0; bar < s->bars; bar++)
            if (s->start_tick + bar * c->plan->bar_ticks < c->end)
                plan_riff_bar(c->plan, c->part, s, riff, bar, c->end, c->hits);
        return;
    }
    if (idiom == STYLE_IDIOM_BLOCK && plan_block(c->plan, c->part, s, c->end))
        return;
    if (idiom == STYLE_IDIOM_PEDAL) {
        drone_section(c);
        return;
    }
    if (idiom == STYLE_IDIOM_HOLD || idiom == STYLE_IDIOM_BLOCK) {
        hold_section(c);
        return;
    }
    if (idiom == STYLE_IDIOM_ANSWER) {
        answer_section(c);
        return;
    }
    for (gint bar = 0; bar < s->bars; bar++) {
        gint start = s->start_tick + bar * c->plan->bar_ticks;
        if (start >= c->end)
            break;
        if (idiom == STYLE_IDIOM_TREMOLO) {
            tremolo_bar(c, start);
        } else if (c->pattern == NULL) {
            plain_bar(c, start);
        } else {
            if (bar > 0 && bar % MAX(1, c->pattern->bars) == 0)
                turn_pattern(c, bar);
            if (c->pattern->idiom == STYLE_IDIOM_ARP)
                plan_arpeggio_bar(c->plan, c->part, s, c->pattern, bar, start, c->end, c->hits);
            else
                pattern_bar(c, bar, start);
        }
    }
}

static void final_chord(Comper *c)
{
    const Plan *plan = c->plan;
    gint length = plan->ticks - plan->final_tick;
    Voicing v = voicing_at(c, plan->final_tick);

    if (plan->ending == TUNE_ENDING_COLD)
        length = MIN(length, plan->beat_ticks);
    if (c->pattern != NULL && c->pattern->shape != STYLE_SHAPE_VOICED)
        while (v.n > 1 && v.pitch[v.n - 1] - v.pitch[0] > 16)
            v.n--; /* what one hand can reach */
    if (v.n > 0)
        write_voices(c, &v, touch_of(c, 'D', v.n), plan->final_tick, length);
}

/* The piece has a bass, but not here. */
static gboolean bass_is_silent(const Plan *plan, const PlanSection *section)
{
    gboolean silent = FALSE;

    for (gint i = 0; i < plan->n_parts; i++) {
        if (plan->parts[i].role == TUNE_ROLE_BASS && plan_plays(section, i))
            return FALSE;
        silent |= plan->parts[i].role == TUNE_ROLE_BASS;
    }
    return silent;
}

static void play_part(Plan *plan, gint index, const gint *lead, const guint8 *busy)
{
    g_autoptr(GArray) hits = g_array_new(FALSE, FALSE, sizeof(StyleHit));
    const PlanPart *part = &plan->parts[index];
    const char *key = part->instrument->key, *family = part->instrument->family;
    Comper c = {.plan = plan, .part = &plan->parts[index], .index = index, .hits = hits,
                .lead = lead, .busy = busy};

    gboolean keys = part->role == TUNE_ROLE_COMP && strcmp(family, "keys") == 0 &&
                    part->instrument->low <= 36;
    c.low = MAX(part->low, part->instrument->low);
    c.high = MIN(part->high, part->instrument->high);
    c.power = part->role == TUNE_ROLE_COMP &&
              (strcmp(key, "distorted-guitar") == 0 || strcmp(key, "overdriven-guitar") == 0);
    c.strums = strcmp(family, "guitar") == 0 || strcmp(key, "harp") == 0 ||
               strcmp(key, "mandolin") == 0 || strcmp(key, "ukulele") == 0 ||
               strcmp(key, "banjo") == 0 || strcmp(key, "twelve-string-guitar") == 0;
    for (gint i = 0; i < plan->n_sections; i++) {
        c.section = &plan->sections[i];
        if (!plan_writes(plan, c.section, index))
            continue;
        c.end = plan_groove_end(plan, c.section);
        c.left_hand = keys && bass_is_silent(plan, c.section);
        c.line = 0;
        c.energy = plan_pattern_energy(plan, c.section, index, TRUE);
        play_section(&c);
        if (c.section->last && plan_has_final(plan))
            final_chord(&c);
    }
}

static gint *count_lead(const Plan *plan)
{
    gint *bars = g_new0(gint, plan->n_bars + 1);

    for (gint i = 0; i < plan->n_parts; i++) {
        if (plan->parts[i].role != TUNE_ROLE_LEAD)
            continue;
        const GArray *notes = plan->parts[i].track->notes;
        for (guint n = 0; n < notes->len; n++) {
            gint bar = g_array_index(notes, TuneNote, n).onset / plan->bar_ticks;
            if (bar >= 0 && bar < plan->n_bars)
                bars[bar]++;
        }
    }
    return bars;
}

/* Sixteenths in which a melody sounds. */
static guint8 *mark_lead(const Plan *plan)
{
    gint n = plan->ticks / SLOT + 1;
    guint8 *busy = g_new0(guint8, n);

    for (gint i = 0; i < plan->n_parts; i++) {
        const GArray *notes = plan->parts[i].track->notes;
        if (plan->parts[i].role != TUNE_ROLE_LEAD)
            continue;
        for (guint k = 0; k < notes->len; k++) {
            const TuneNote *note = &g_array_index(notes, TuneNote, k);
            for (gint slot = MAX(0, note->onset / SLOT);
                 slot < n && slot * SLOT < note->onset + note->duration; slot++)
                busy[slot] = 1;
        }
    }
    return busy;
}

void plan_comping(Plan *plan)
{
    g_autofree gint *lead = count_lead(plan);
    g_autofree guint8 *busy = mark_lead(plan);

    for (gint i = 0; i < plan->n_parts; i++) {
        TuneRole role = plan->parts[i].role;
        if (role == TUNE_ROLE_COMP || role == TUNE_ROLE_ARP || role == TUNE_ROLE_PAD)
            play_part(plan, i, lead, busy);
    }
    plan_effects(plan);
}
