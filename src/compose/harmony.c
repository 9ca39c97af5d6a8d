/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * From numerals to chords: spells every section's harmony in its key, obeys said chords, sets the scale
 * that melodies use over each chord, and closes the piece.
 */
#include "compose/harmony.h"
#include "compose/refrain.h"
#include "compose/theme-private.h"
#include "compose/variation.h"

#include <string.h>

TuneKey harmony_key(const Plan *plan, gint index)
{
    return plan->sections[index].key;
}

Function harmony_function(TuneChord chord, TuneKey key)
{
    static const Function by_degree[12] = {
        FUNCTION_TONIC,    FUNCTION_PREDOMINANT, FUNCTION_PREDOMINANT, FUNCTION_TONIC,
        FUNCTION_TONIC,    FUNCTION_PREDOMINANT, FUNCTION_OTHER,       FUNCTION_DOMINANT,
        FUNCTION_PREDOMINANT, FUNCTION_TONIC,    FUNCTION_DOMINANT,    FUNCTION_DOMINANT};
    gint degree = tune_fifths_pitch_class(chord.root) - tune_fifths_pitch_class(key.tonic);

    return by_degree[(degree + 12) % 12];
}

/* The key's scale, in which a chord tone from outside takes the place of the degree of its letter: over
 * A7 in C major there is C# and no C, over G7 in C minor B and no Bb. */
static guint16 scale_over(TuneChord chord, TuneKey key)
{
    gint8 tones[TUNE_CHORD_MAX_TONES], fifths[TUNE_CHORD_MAX_TONES], degrees[7];
    guint16 mask = tune_chord_mask(chord), scale = tune_key_mask(key);
    gsize n = tune_chord_tones(chord.quality, tones, fifths);
    gsize n_degrees = tune_mode_scale_fifths(key.mode, degrees);

    for (gsize i = 0; i < n; i++) {
        TuneFifths f = (TuneFifths)(chord.root + fifths[i]);
        if ((tune_key_mask(key) >> tune_fifths_pitch_class(f)) & 1)
            continue;
        for (gsize k = 0; k < n_degrees; k++) {
            TuneFifths g = (TuneFifths)(key.tonic + degrees[k]);
            if (tune_fifths_letter(g) == tune_fifths_letter(f))
                scale = (guint16)(scale & ~(1u << tune_fifths_pitch_class(g)));
        }
    }
    return scale | mask;
}

static void append_chord(GArray *out, const Plan *plan, gint section, gint tick, gint ticks,
                         TuneChord chord, TuneKey key, gboolean cadence)
{
    PlanChord c = {.tick = tick, .ticks = ticks, .chord = chord, .key = key, .section = section,
                   .cadence = cadence, .function = harmony_function(chord, key),
                   .scale = scale_over(chord, key)};

    if (out->len > 0) {
        PlanChord *before = &g_array_index(out, PlanChord, out->len - 1);
        if (before->section == section && !before->cadence && tick < plan->final_tick &&
            before->chord.root == chord.root && before->chord.bass == chord.bass &&
            before->chord.quality == chord.quality) {
            before->ticks += ticks;
            before->cadence = cadence;
            return;
        }
    }
    g_array_append_val(out, c);
}

/* ---- said chords ---- */

/* How long the said chords are once round. */
static gint said_ticks(const Plan *plan)
{
    const GArray *beats = plan->brief->chord_beats;
    double sum = 0;

    for (guint i = 0; i < beats->len; i++)
        sum += g_array_index(beats, double, i);
    return (gint)(sum * plan->beat_ticks + 0.5);
}

/* Do the said chords begin from the top with section @s?  Until they were heard in full only where all of them
 * fit before the last chord; then with every section that is long enough, and everywhere when they are no whole
 * bars. */
static gboolean begins_anew(const Plan *plan, const PlanSection *s, gboolean heard)
{
    gint ticks = said_ticks(plan);

    if (!heard)
        return MIN(s->start_tick + s->ticks, plan->final_tick) - s->start_tick >= ticks;
    return ticks % plan->bar_ticks != 0 || s->ticks >= ticks;
}

/* The said chords round and round; once all were heard, a hook returns over its own. */
static void lay_said(const Plan *plan, GArray *out)
{
    const TuneBrief *brief = plan->brief;
    gint tick = 0;
    g_autofree guint *begins = g_new0(guint, plan->n_sections);
    guint i = 0, laid = 0;

    while (tick < plan->final_tick) {
        gint section = (gint)(plan_section_at(plan, tick) - plan->sections);
        const PlanSection *s = &plan->sections[section];
        gint stop = MIN(s->start_tick + s->ticks, plan->final_tick);
        const PlanSection *first = tick == s->start_tick ? refrain_of(plan, s) : NULL;
        gboolean heard = laid >= brief->chords->len;
        if (tick == s->start_tick && begins_anew(plan, s, heard))
            i = 0;
        else if (first != NULL && heard)
            i = begins[first - plan->sections];
        if (tick == s->start_tick)
            begins[section] = i;
        TuneChord chord = g_array_index(brief->chords, TuneChord, i);
        double beats = i < brief->chord_beats->len ? g_array_index(brief->chord_beats, double, i) : 0;
        gint ticks = beats > 0 ? MAX(plan->beat_ticks / 4, (gint)(beats * plan->beat_ticks + 0.5))
                               : plan->bar_ticks;
        gint phrase = MAX(1, s->phrase_bars) * plan->bar_ticks;
        gint end = MIN(tick + ticks, stop);
        append_chord(out, plan, section, tick, end - tick, chord, plan->key,
                     (end - s->start_tick) % phrase == 0);
        i = (i + 1) % brief->chords->len;
        laid++;
        tick = end;
    }
}

/* ---- composed chords ---- */

static TuneChord spell_slot(const Plan *plan, const Slot *slot, TuneKey key, TuneSectionRole role)
{
    gint8 tones[TUNE_CHORD_MAX_TONES], fifths[TUNE_CHORD_MAX_TONES];
    TuneChord chord = {key.tonic, key.tonic, TUNE_CHORD_MAJOR};

    if (!tune_chord_parse_roman(slot->numeral, key, &chord))
        return chord;
    while (chord.root > 10) { /* B# and beyond: nobody wants to read it */
        chord.root = (TuneFifths)(chord.root - 12);
        chord.bass = (TuneFifths)(chord.bass - 12);
    }
    while (chord.root < -9) {
        chord.root = (TuneFifths)(chord.root + 12);
        chord.bass = (TuneFifths)(chord.bass + 12);
    }
    gsize n = tune_chord_tones(chord.quality, tones, fifths);
    if (slot->bass >= 1 && slot->bass <= 3 && (gsize)slot->bass < n)
        chord.bass = (TuneFifths)(chord.root + fifths[slot->bass]);
    if (slot->bass == 4)
        chord.bass = role == TUNE_SECTION_BUILD ? (TuneFifths)(key.tonic + 1) : key.tonic;
    return chord;
}

/* Cuts what begins at @from or later (ticks from the section's start) away. */
static void cut_from(GArray *slots, gint from)
{
    while (slots->len > 0 && g_array_index(slots, Slot, slots->len - 1).tick >= from)
        g_array_set_size(slots, slots->len - 1);
    if (slots->len > 0) {
        Slot *last = &g_array_index(slots, Slot, slots->len - 1);
        last->ticks = MIN(last->ticks, from - last->tick);
    }
}

static void add_slot(GArray *slots, gint from, gint to, const char *numeral, gboolean ahead)
{
    Slot slot = {.tick = from, .ticks = to - from, .locked = TRUE, .ahead = ahead, .bass = 0};

    g_strlcpy(slot.numeral, numeral, sizeof slot.numeral);
    if (to > from)
        g_array_append_val(slots, slot);
}

/* The last bar before a section in another key turns there: its second degree (which most keys near by
 * have in common) and its dominant, or the dominant alone, suspended where the style likes that. */
static void prepare_key(const Plan *plan, gint index, GArray *slots)
{
    const PlanSection *s = &plan->sections[index];
    TuneRandom random;

    if (index + 1 >= plan->n_sections || slots->len == 0)
        return;
    TuneKey next = harmony_key(plan, index + 1);
    if (next.tonic == s->key.tonic && next.mode == s->key.mode)
        return;
    const Slot *last = &g_array_index(slots, Slot, slots->len - 1);
    gint end = last->tick + last->ticks;
    gint bar = s->bars >= 2 ? end - plan->bar_ticks : MAX(last->tick, end - plan->bar_ticks / 2);
    gint middle = bar + harmony_middle(plan);
    tune_random_init(&random, plan->seed, "section %d/turn", index);
    gboolean suspends = tune_random_chance(&random, plan->style->harmony.suspended);
    gboolean pivots = plan->style->melody.strict || tune_random_chance(&random, 0.65);
    cut_from(slots, bar);
    if (end - bar >= 2 * plan->beat_ticks && middle < end && (pivots || suspends)) {
        gboolean minor = tune_mode_is_minor(next.mode);
        add_slot(slots, bar, middle, suspends ? "V7sus4" : (minor ? "iim7b5" : "ii7"), TRUE);
        bar = middle;
    }
    add_slot(slots, bar, end, "V7", TRUE);
    g_array_index(slots, Slot, slots->len - 1).cadence = TRUE;
}

/* After the close a bar of the tonic and one of the subdominant lead to the last chord. */
static void say_amen(const Plan *plan, GArray *slots)
{
    if (slots->len == 0)
        return;
    const Slot *last = &g_array_index(slots, Slot, slots->len - 1);
    gint end = last->tick + last->ticks, bars = end / plan->bar_ticks;
    gboolean minor = tune_mode_is_minor(plan->key.mode);
    gint from = end - MIN(bars, 2) * plan->bar_ticks;

    if (bars < 1)
        return;
    cut_from(slots, from);
    if (slots->len > 0 && bars >= 4) { /* the close that the amen is said to */
        Slot *before = &g_array_index(slots, Slot, slots->len - 1);
        g_strlcpy(before->numeral, "V7", sizeof before->numeral);
        before->locked = TRUE;
        before->bass = 0;
    }
    if (bars >= 2)
        add_slot(slots, from, end - plan->bar_ticks, minor ? "i" : "I", FALSE);
    add_slot(slots, end - plan->bar_ticks, end, minor ? "iv" : "IV", FALSE);
}

/* A tag: the two bars of the close are heard twice. */
static void say_twice(const Plan *plan, GArray *slots)
{
    const Slot *last = slots->len > 0 ? &g_array_index(slots, Slot, slots->len - 1) : NULL;
    gint end = last != NULL ? last->tick + last->ticks : 0, length = 2 * plan->bar_ticks;
    g_autoptr(GArray) close = g_array_new(FALSE, FALSE, sizeof(Slot));

    if (end < 2 * length)
        return;
    for (guint i = 0; i < slots->len; i++) {
        Slot slot = g_array_index(slots, Slot, i);
        gint stop = slot.tick + slot.ticks;
        if (stop <= end - length)
            continue;
        slot.tick = MAX(slot.tick, end - length);
        slot.ticks = stop - slot.tick;
        slot.locked = TRUE;
        g_array_append_val(close, slot);
    }
    cut_from(slots, end - 2 * length);
    for (gint time = 2; time > 0; time--)
        for (guint i = 0; i < close->len; i++) {
            Slot slot = g_array_index(close, Slot, i);
            slot.tick -= (time - 1) * length;
            g_array_append_val(slots, slot);
        }
}

static void lay_section(const Plan *whole, gint index, GArray *out)
{
    const PlanSection *s = &whole->sections[index];
    TuneKey key = harmony_key(whole, index);
    Plan local = *whole; /* numerals are read in the section's own key and mode */

    local.key = key;
    const Plan *plan = &local;
    gint ticks = MIN(s->ticks, MAX(0, plan->final_tick - s->start_tick));
    g_autoptr(GArray) slots =
        s->theme ? theme_slots(plan, index, ticks) : harmony_slots(plan, index);
    if (s->theme) {
        harmony_clothe(plan, index, slots);
    } else {
        harmony_colour(plan, index, slots);
        if (s->last && plan->ending == TUNE_ENDING_AMEN)
            say_amen(plan, slots);
        if (s->last && variation_has_tag(plan))
            say_twice(plan, slots);
        prepare_key(plan, index, slots);
    }
    harmony_inversions(plan, index, slots);
    for (guint i = 0; i < slots->len; i++) {
        const Slot *slot = &g_array_index(slots, Slot, i);
        TuneKey here = slot->ahead ? harmony_key(whole, index + 1) : key;
        append_chord(out, whole, index, s->start_tick + slot->tick, slot->ticks,
                     spell_slot(whole, slot, here, s->role), here, slot->cadence);
    }
}

/* ---- the close ---- */

static TuneChord last_chord(const Plan *plan, TuneKey key)
{
    TuneRandom random;
    char numeral[20];
    TuneChord chord = {key.tonic, key.tonic, TUNE_CHORD_MAJOR};

    if (plan->brief->chords->len > 0) {
        TuneChord first = g_array_index(plan->brief->chords, TuneChord, 0);
        return first;
    }
    tune_random_init(&random, plan->seed, "piece/last chord");
    gboolean picardy = tune_mode_is_minor(key.mode) && tune_random_chance(&random, plan->style->harmony.picardy);
    g_strlcpy(numeral, tune_mode_is_minor(key.mode) && !picardy ? "i" : "I", sizeof numeral);
    if (!plan->style->melody.strict && !picardy &&
        tune_random_chance(&random, plan->style->harmony.colour)) {
        char dressed[20];
        harmony_dress(plan, numeral, &random, dressed);
        if (strstr(dressed, "sus") == NULL)
            g_strlcpy(numeral, dressed, sizeof numeral);
    }
    tune_chord_parse_roman(numeral, key, &chord);
    return chord;
}

gboolean plan_harmony(Plan *plan, GError **error)
{
    g_autoptr(GArray) out = g_array_new(FALSE, TRUE, sizeof(PlanChord));
    gint last = plan->n_sections - 1;

    if (plan->brief->chords->len > 0) {
        lay_said(plan, out);
    } else {
        for (gint i = 0; i < plan->n_sections; i++)
            lay_section(plan, i, out);
        refrain_harmony(plan, out);
    }
    if (plan->final_tick < plan->ticks) {
        TuneKey key = harmony_key(plan, last);
        append_chord(out, plan, last, plan->final_tick, plan->ticks - plan->final_tick,
                     last_chord(plan, key), key, TRUE);
    }
    plan->n_chords = (gint)out->len;
    plan->chords = (PlanChord *)g_array_free(g_steal_pointer(&out), FALSE);
    return TRUE;
}
