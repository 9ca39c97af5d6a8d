/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "compose/pattern.h"

gint plan_chord_at(const Plan *plan, gint tick)
{
    gint low = 0, high = plan->n_chords - 1;

    while (low < high) { /* the last chord that begins at or before @tick */
        gint middle = (low + high + 1) / 2;
        if (plan->chords[middle].tick <= tick)
            low = middle;
        else
            high = middle - 1;
    }
    return low;
}

const PlanSection *plan_section_at(const Plan *plan, gint tick)
{
    gint i = plan->n_sections - 1;

    while (i > 0 && plan->sections[i].start_tick > tick)
        i--;
    return &plan->sections[i];
}

guint16 plan_sung_tones(const PlanChord *chord)
{
    guint16 tones = tune_chord_mask(chord->chord);
    gint root = tune_fifths_pitch_class(chord->chord.root);
    guint16 minor = (guint16)(1u << ((root + 3) % 12)), major = (guint16)(1u << ((root + 4) % 12));

    if (chord->chord.quality != TUNE_CHORD_POWER || !(chord->scale & (minor | major)))
        return tones;
    return tones | (chord->scale & major ? major : minor);
}

/* A note of the key is spelled as the key does (F over D7#9 in F major), another chord tone as the chord
 * does, everything else as is near the key. */
TuneFifths plan_spell(const Plan *plan, gint tick, gint pitch)
{
    gint8 tones[TUNE_CHORD_MAX_TONES], fifths[TUNE_CHORD_MAX_TONES];
    const PlanChord *moment;

    if (plan->n_chords == 0)
        return tune_key_spell(plan->key, pitch % 12);
    moment = &plan->chords[plan_chord_at(plan, tick)];
    if ((tune_key_mask(moment->key) >> (pitch % 12)) & 1)
        return tune_key_spell(moment->key, pitch % 12);
    gsize n = tune_chord_tones(moment->chord.quality, tones, fifths);
    for (gsize i = 0; i < n; i++) {
        TuneFifths f = (TuneFifths)(moment->chord.root + fifths[i]);
        if (f >= -15 && f <= 19 && tune_fifths_pitch_class(f) == pitch % 12)
            return f;
    }
    return tune_key_spell(moment->key, pitch % 12);
}

TuneNote *plan_add_note(Plan *plan, PlanPart *part, gint onset, gint duration, gint pitch,
                        gint velocity)
{
    g_return_val_if_fail(onset >= 0 && duration > 0 && pitch >= 0 && pitch <= 127, NULL);
    TuneNote note = {.onset = onset,
                     .duration = duration,
                     .syllable = -1,
                     .pitch = (guint8)pitch,
                     .spelling = part->track->is_drums ? 0 : plan_spell(plan, onset, pitch),
                     .velocity = (guint8)CLAMP(velocity, 1, 127),
                     .voice = 1};

    g_array_append_val(part->track->notes, note);
    return &g_array_index(part->track->notes, TuneNote, part->track->notes->len - 1);
}

gboolean plan_takes_solo(const Plan *plan, const StylePart *part)
{
    const GArray *parts = plan->style->parts;

    if (part->role != TUNE_ROLE_LEAD || part->sections == 0)
        return FALSE;
    for (guint i = 0; i < parts->len; i++) {
        const StylePart *first = &g_array_index(parts, StylePart, i);
        if (first->role == TUNE_ROLE_LEAD)
            return first != part;
    }
    return TRUE;
}

void plan_put_rolls_down(const Plan *plan, const PlanPart *soloist, PlanSection *section)
{
    for (const PlanPart *p = plan->parts; p < plan->parts + plan->n_parts; p++)
        if (p->role == TUNE_ROLE_ARP && p->instrument == soloist->instrument && !p->asked)
            section->playing &= ~(1u << (p - plan->parts));
}

gboolean plan_is_soloist(const Plan *plan, const PlanPart *part)
{
    return part->role == TUNE_ROLE_LEAD && !part->asked && plan_takes_solo(plan, part->style);
}
