/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "compose/hand.h"

#include "compose/melody.h"

#include <stdlib.h>
#include <string.h>

/* ---- the left hand ---- */

static gboolean in(guint16 mask, gint pitch)
{
    return (mask >> (pitch % 12)) & 1;
}

static void add(Voicing *v, gint pitch, gint limit)
{
    if (v->n < G_N_ELEMENTS(v->pitch) && pitch <= limit &&
        (v->n == 0 || pitch > v->pitch[v->n - 1]))
        v->pitch[v->n++] = (guint8)pitch;
}

/* Chord tones from @from up that are at least @gap apart, @most of them, up to @limit. */
static void stack(Voicing *v, guint16 tones, gint from, gint gap, gint most, gint limit)
{
    for (gint p = from; p <= limit && most > 0; p++)
        if (in(tones, p) && (v->n == 0 || p - v->pitch[v->n - 1] >= gap)) {
            add(v, p, limit);
            most--;
        }
}

Voicing hand_voicing(const PlanChord *chord, StyleShape shape, gint low, gint high, gint top)
{
    guint16 tones = tune_chord_mask(chord->chord);
    gint bass = tune_fifths_pitch_class(chord->chord.bass);
    gint root = low + ((bass - low) % 12 + 12) % 12;
    gint limit = MIN(high, top > 0 ? top - 1 : 127);
    Voicing v = {0};

    if (root > high && root - 12 >= 21)
        root -= 12;
    v.pitch[v.n++] = (guint8)root;
    switch (shape) {
    case STYLE_SHAPE_CLOSE: /* all within an octave */
        stack(&v, tones, root + 2, 1, 3, MIN(limit, root + 11));
        break;
    case STYLE_SHAPE_TENTH: /* root, fifth, tenth */
        stack(&v, tones, root + 6, 6, 1, limit);
        stack(&v, tones, root + 14, 3, 1, MIN(limit, root + 16));
        break;
    case STYLE_SHAPE_OPEN: /* root, fifth, octave, tenth, twelfth ... as far as the pedal carries */
        stack(&v, tones, root + 6, 5, 1, limit);
        stack(&v, tones, root + 11, 3, 5, MIN(limit, root + 29));
        break;
    case STYLE_SHAPE_STRIDE: /* a low bass, then a close chord an octave or more above it */
        if (root + 12 > low + 14 && root - 12 >= 28)
            v.pitch[0] = (guint8)root;
        stack(&v, tones, MAX(root + 10, limit - 15), 2, 3, limit);
        break;
    case STYLE_SHAPE_OCTAVE: /* the bass in octaves */
        add(&v, root + 12, limit);
        break;
    case STYLE_SHAPE_FIFTHS: /* root, fifth, ninth: no third */
        add(&v, root + 7, limit);
        add(&v, in(chord->scale, root + 14) ? root + 14 : root + 12, limit);
        break;
    default:
        break;
    }
    return v;
}

/* ---- the right hand ---- */

#define SPAN 12 /* an octave is easy, more is not */

/* The highest pitch of the piece's other keyboard parts in [@tick, @end): the right hand stays above. */
static gint below(const Plan *plan, const PlanPart *right, gint tick, gint end)
{
    gint top = 0;

    for (gint i = 0; i < plan->n_parts; i++) {
        const PlanPart *p = &plan->parts[i];
        if (p == right || p->instrument != right->instrument)
            continue;
        for (guint k = 0; k < p->track->notes->len; k++) {
            const TuneNote *n = &g_array_index(p->track->notes, TuneNote, k);
            if (n->onset >= end)
                break;
            if (n->onset + n->duration > tick)
                top = MAX(top, n->pitch);
        }
    }
    return top;
}

static gint chord_tone_below(guint16 tones, gint from, gint floor)
{
    for (gint p = from; p > floor; p--)
        if (in(tones, p))
            return p;
    return 0;
}

static void add_below(Plan *plan, PlanPart *part, TuneNote note, gint pitch, gint softer)
{
    if (pitch < part->instrument->low || pitch <= 0)
        return;
    TuneNote *added = plan_add_note(plan, part, note.onset, note.duration, pitch,
                                    MAX(1, note.velocity - softer));
    if (added != NULL)
        added->articulation = note.articulation;
}

static void thicken(Plan *plan, PlanPart *part, StyleHand hand, TuneNote note)
{
    const PlanChord *c = &plan->chords[plan_chord_at(plan, note.onset)];
    guint16 tones = tune_chord_mask(c->chord);
    gboolean strong = line_is_strong(plan, note.onset, note.duration);
    gint end = note.onset + MIN(note.duration, 2 * plan->beat_ticks), p;
    gint floor = MAX(below(plan, part, note.onset, end), note.pitch - SPAN - 1);

    switch (hand) {
    case STYLE_HAND_OCTAVES:
        if (note.pitch - 12 > floor)
            add_below(plan, part, note, note.pitch - 12, 6);
        if (strong && note.duration >= plan->beat_ticks) {
            p = chord_tone_below(tones, note.pitch - 3, MAX(floor, note.pitch - 12));
            add_below(plan, part, note, p, 10);
        }
        break;
    case STYLE_HAND_THIRDS:
        if (note.duration < plan->beat_ticks / 2)
            break;
        p = chord_tone_below(in(tones, note.pitch) ? tones : c->scale, note.pitch - 3, floor);
        if (p > 0 && note.pitch - p <= 9)
            add_below(plan, part, note, p, 8);
        break;
    case STYLE_HAND_CHORDS:
        if (!strong || note.duration < plan->beat_ticks)
            break;
        p = chord_tone_below(tones, note.pitch - 3, floor);
        add_below(plan, part, note, p, 10);
        if (p > 0)
            add_below(plan, part, note, chord_tone_below(tones, p - 3, floor), 12);
        break;
    default:
        break;
    }
}

void plan_hands(Plan *plan)
{
    for (gint i = 0; i < plan->n_parts; i++) {
        PlanPart *part = &plan->parts[i];
        guint n = part->track->notes->len;
        if (part->role != TUNE_ROLE_LEAD || part->instrument->polyphony < 6 || part->style->voices == 1)
            continue;
        for (guint k = 0; k < n; k++) {
            TuneNote note = g_array_index(part->track->notes, TuneNote, k);
            const PlanSection *s = plan_section_at(plan, note.onset);
            if (s->texture != NULL && s->texture->hand != STYLE_HAND_PLAIN)
                thicken(plan, part, s->texture->hand, note);
        }
        tune_notes_sort(part->track->notes);
    }
}
