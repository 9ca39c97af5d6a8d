/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The second voice: it holds guide tones (thirds and sevenths that move by step) while the lead speaks,
 * and answers with a fragment of the motif where the lead breathes.
 */
#include "compose/melody.h"
#include "compose/pattern.h"

#include <stdlib.h>

/* Who has the tune in section @index; NULL when nobody has. */
static const TuneTrack *lead_track(const Plan *plan, gint index)
{
    gint singer = plan_singer(plan, index);

    return singer >= 0 ? plan->parts[singer].track : NULL;
}

/* A chord tone near @from that the lead does not sing; thirds and sevenths rather than roots. */
static gint guide_tone(const Plan *plan, const PlanPart *part, const PlanChord *chord, gint from,
                       gint lead)
{
    gint8 tones[TUNE_CHORD_MAX_TONES];
    gsize n = tune_chord_tones(chord->chord.quality, tones, NULL);
    gint root = tune_fifths_pitch_class(chord->chord.root), best = 0;
    double best_cost = G_MAXDOUBLE;

    for (gint p = part->low; p <= part->high; p++) {
        for (gsize i = 0; i < n; i++) {
            if ((root + tones[i]) % 12 != p % 12)
                continue;
            double cost = abs(p - from) * 0.4 + (i == 1 || i == 3 ? 0 : (i == 0 ? 0.8 : 0.5));
            if (lead > 0 && lead % 12 == p % 12)
                cost += 2;
            if (lead > 0 && abs(lead - p) < 3)
                cost += 3;
            if (abs(p - from) > 9)
                cost += 2;
            if (cost < best_cost) {
                best_cost = cost;
                best = p;
            }
        }
    }
    (void)plan;
    return best;
}

/* The next tick at or after @from at which the lead begins a note; @to if none. */
static gint next_onset(const TuneTrack *track, gint from, gint to)
{
    for (guint i = 0; track != NULL && i < track->notes->len; i++) {
        gint onset = g_array_index(track->notes, TuneNote, i).onset;
        if (onset >= from)
            return MIN(onset, to);
    }
    return to;
}

static gint lead_end_before(const TuneTrack *track, gint tick)
{
    gint end = 0;

    for (guint i = 0; track != NULL && i < track->notes->len; i++) {
        const TuneNote *n = &g_array_index(track->notes, TuneNote, i);
        if (n->onset >= tick)
            break;
        end = n->onset + n->duration;
    }
    return end;
}

/* The lead's longest rest between @from and @to: a pick-up to what follows does not end the answer's turn. */
static void longest_rest(const TuneTrack *lead, gint from, gint to, gint *breath, gint *back)
{
    gint end = from;

    *breath = *back = to;
    for (guint i = 0; lead != NULL && i <= lead->notes->len; i++) {
        const TuneNote *n =
            i < lead->notes->len ? &g_array_index(lead->notes, TuneNote, i) : NULL;
        gint next = n != NULL ? CLAMP(n->onset, from, to) : to;
        if (next - end > *back - *breath) {
            *breath = end;
            *back = next;
        }
        if (n == NULL || n->onset >= to)
            break;
        end = MAX(end, n->onset + n->duration);
    }
}

static gint answer_gap(Plan *plan, PlanPart *part, const PlanSection *s, gint from, gint to,
                       gint pitch)
{
    Motif motif;
    Line line = {.start = from, .ticks = to - from};
    LineShape shape = {.low = part->low, .high = part->high, .noise = 0.4, .before = pitch,
                       .tonic_wish = -1, .peak = 2, .peak_at = 0.5};
    TuneRandom random;

    motif_make(plan, s, "a", 2.0, &motif);
    gint offset = motif.n > 0 ? motif.tick[0] : 0;
    for (gint i = 0; i < motif.n; i++)
        motif.tick[i] -= offset;
    motif_lay(&motif, 0, to - from, &line);
    if (line.n == 0)
        return pitch;
    line.note[line.n - 1].ends = TRUE;
    shape.target[0] = shape.target[1] = (part->low * 2 + part->high) / 3.0 + 2;
    tune_random_init(&random, plan->seed, "material %d/answer/%d", s->material,
                     (from - s->start_tick) / plan->bar_ticks);
    line_solve(plan, &line, &shape, &random);
    line_write(plan, part, &line, 58 + (gint)(20 * s->energy));
    return line.note[line.n - 1].pitch;
}

/* Long notes, one a chord, tied over when the tone stays. */
static gint hold_guides(Plan *plan, PlanPart *part, const TuneTrack *lead, const PlanSection *s,
                        gint from, gint to, gint pitch)
{
    gint tick = from, held_from = -1, held = 0;

    while (tick < to) {
        const PlanChord *c = &plan->chords[plan_chord_at(plan, tick)];
        gint end = MIN(c->tick + c->ticks, to);
        gint next = guide_tone(plan, part, c, pitch, lead != NULL ? track_pitch_at(lead, tick) : 0);
        if (next == 0)
            return pitch;
        gboolean stay = next == held && tick - held_from < plan->bar_ticks;
        if (!stay) {
            if (held > 0)
                plan_add_note(plan, part, held_from, tick - held_from, held,
                              50 + (gint)(20 * s->energy));
            held = next;
            held_from = tick;
        }
        pitch = next;
        tick = end;
    }
    if (held > 0)
        plan_add_note(plan, part, held_from, to - held_from, held, 50 + (gint)(20 * s->energy));
    return pitch;
}

static gint accompany_phrase(Plan *plan, PlanPart *part, const TuneTrack *lead, const PlanSection *s,
                             gint from, gint to, gint pitch)
{
    TuneRandom random;
    gint breath = MAX(from, MIN(to, lead_end_before(lead, to)));
    gint back = next_onset(lead, breath, to);

    tune_random_init(&random, plan->seed, "material %d/counter/%d", s->material,
                     (from - s->start_tick) / plan->bar_ticks);
    gboolean only_answers = part->style->follows == STYLE_FOLLOWS_ANSWER && !part->asked;
    if (only_answers)
        longest_rest(lead, from, to, &breath, &back);
    gboolean answers = back - breath >= plan->beat_ticks &&
                       tune_random_chance(&random, only_answers ? 0.95 : 0.75);
    gboolean holds =
        !only_answers && (!answers || part->asked ||
                          tune_random_chance(&random, 0.45 + 0.45 * s->energy));
    gint stop = answers ? breath : to;
    /* It enters after the lead has begun, and breathes before it answers. */
    gint begin = from + MIN(plan->bar_ticks, (to - from) / 2);
    gint quiet = stop - (answers ? 0 : plan->beat_ticks);
    if (holds && begin < quiet)
        pitch = hold_guides(plan, part, lead, s, begin, quiet, pitch);
    if (answers)
        pitch = answer_gap(plan, part, s, breath, back, pitch);
    return pitch;
}

/* At a climax the second voice sings with the first, an octave away. */
static gboolean doubles(const Plan *plan, const PlanSection *s, const TuneTrack *lead)
{
    TuneRandom random;

    tune_random_init(&random, plan->seed, "material %d/doubling", s->material);
    return lead != NULL && !plan->style->melody.strict && s->energy >= 0.85 &&
           s->role != TUNE_SECTION_SOLO && tune_random_chance(&random, 0.6);
}

static gint double_lead(Plan *plan, PlanPart *part, const TuneTrack *lead, const PlanSection *s, gint from,
                        gint to, gint pitch)
{
    gint shift = 12;

    for (guint i = 0; i < lead->notes->len; i++) {
        TuneNote n = g_array_index(lead->notes, TuneNote, i);
        if (n.onset < from || n.onset >= to)
            continue;
        while (n.pitch + shift > part->instrument->comfort_high && shift > -24)
            shift -= 12;
        gint doubled = n.pitch + (shift == 0 ? -12 : shift);
        if (doubled < part->instrument->low || doubled > part->instrument->high)
            continue;
        plan_add_note(plan, part, n.onset, n.duration, doubled, 56 + (gint)(20 * s->energy));
        pitch = CLAMP(doubled, part->low, part->high);
    }
    return pitch;
}

static void end_with_all(Plan *plan, PlanPart *part, const TuneTrack *lead, gint pitch)
{
    const PlanChord *c = &plan->chords[plan->n_chords - 1];
    gint last = guide_tone(plan, part, c, pitch, lead != NULL ? track_pitch_at(lead, plan->final_tick) : 0);
    gint ticks = plan->ticks - plan->final_tick;

    if (last > 0)
        plan_add_note(plan, part, plan->final_tick,
                      plan->ending == TUNE_ENDING_COLD ? MIN(ticks, plan->beat_ticks) : ticks, last, 70);
}

void counter_write(Plan *plan, PlanPart *part, gint index)
{
    gint last = plan->n_sections - 1, pitch = (part->low + part->high) / 2;

    for (gint i = 0; i < plan->n_sections; i++) {
        const PlanSection *s = &plan->sections[i];
        gint end = MIN(s->start_tick + s->ticks, plan->final_tick);
        gint phrase = CLAMP(s->phrase_bars, 2, 4) * plan->bar_ticks;
        if (!plan_writes(plan, s, index) || plan_singer(plan, i) == index)
            continue;
        const TuneTrack *lead = lead_track(plan, i);
        if (plan_follow(plan, part, s, end))
            continue;
        if (doubles(plan, s, lead)) {
            pitch = double_lead(plan, part, lead, s, s->start_tick, end, pitch);
            continue;
        }
        for (gint from = s->start_tick; from < end; from += phrase)
            pitch = accompany_phrase(plan, part, lead, s, from, MIN(from + phrase, end), pitch);
    }
    if (plan->final_tick < plan->ticks && plan_writes(plan, &plan->sections[last], index) &&
        plan_singer(plan, last) != index)
        end_with_all(plan, part, lead_track(plan, last), pitch);
}
