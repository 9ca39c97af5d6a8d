/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "compose/strokes.h"

/* ---- limbs ---- */

static gboolean is_hand(guint8 key)
{
    return key >= 37 && key < 60 && key != CLAP && key != PEDAL_HAT && key != TAMBOURINE;
}

static gint importance(guint8 key)
{
    switch (key) {
    case CRASH:
    case CRASH_2:
        return 9;
    case SNARE:
    case 40:
    case 37:
        return 8;
    case OPEN_HAT:
        return 5;
    case RIDE:
    case RIDE_BELL:
        return 4;
    case HAT:
        return 2;
    default:
        return 6;
    }
}

static gint compare_strokes(gconstpointer a, gconstpointer b)
{
    const Stroke *x = a, *y = b;

    if (x->tick != y->tick)
        return x->tick < y->tick ? -1 : 1;
    if (x->key != y->key)
        return x->key < y->key ? -1 : 1;
    return (y->velocity > x->velocity) - (y->velocity < x->velocity);
}

static gboolean is_crash(guint8 key)
{
    return key == CRASH || key == CRASH_2 || key == CHINA || key == SPLASH;
}

static gboolean keeps_time(guint8 key)
{
    return key == HAT || key == RIDE || key == RIDE_BELL;
}

static gboolean crash_at(const GArray *strokes, guint from, gint tick)
{
    for (; from < strokes->len && g_array_index(strokes, Stroke, from).tick == tick; from++)
        if (is_crash(g_array_index(strokes, Stroke, from).key))
            return TRUE;
    return FALSE;
}

static gboolean open_hat_at(const GArray *strokes, guint from, gint tick)
{
    for (; from < strokes->len; from++) {
        const Stroke *s = &g_array_index(strokes, Stroke, from);
        if (s->tick != tick)
            return FALSE;
        if (s->key == OPEN_HAT)
            return TRUE;
    }
    return FALSE;
}

/* At one place: one stroke a drum, hats either open or closed or by foot, two hands. */
static void respect_limbs(GArray *strokes, gboolean limbless)
{
    g_array_sort(strokes, compare_strokes);
    for (guint i = 0; i + 1 < strokes->len;) {
        const Stroke *s = &g_array_index(strokes, Stroke, i);
        if (s[0].tick == s[1].tick && s[0].key == s[1].key)
            g_array_remove_index(strokes, i + 1);
        else
            i++;
    }
    for (guint from = 0; from < strokes->len;) {
        gint tick = g_array_index(strokes, Stroke, from).tick;
        guint to = from, weakest = from;
        gint hands = 0, least = G_MAXINT;
        gboolean open = open_hat_at(strokes, from, tick), crash = crash_at(strokes, from, tick);
        for (; to < strokes->len && g_array_index(strokes, Stroke, to).tick == tick; to++) {
            guint8 key = g_array_index(strokes, Stroke, to).key;
            gint value = importance(key);
            if ((open && (key == HAT || key == PEDAL_HAT)) || (crash && !limbless && keeps_time(key)))
                value = -1;
            if (!is_hand(key) && value >= 0)
                continue;
            /* a closed hat under an open one has to go, and what the hand on the crash would play */
            hands += value < 0 ? 3 : 1;
            if (value < least) {
                least = value;
                weakest = to;
            }
        }
        if (hands > 2 && (!limbless || least < 0))
            g_array_remove_index(strokes, weakest);
        else
            from = to;
    }
}

#define TWO_HANDS_MS 112 /* one hand keeps time no faster for long */
#define FASTEST_MS   30  /* nor do two, with sticks that bounce */
#define ONE_FOOT_MS  92

static gboolean hand_elsewhere(const GArray *strokes, guint at)
{
    const Stroke *s = &g_array_index(strokes, Stroke, at);

    for (guint i = at; i-- > 0 && g_array_index(strokes, Stroke, i).tick == s->tick;)
        if (is_hand(g_array_index(strokes, Stroke, i).key))
            return TRUE;
    for (guint i = at + 1; i < strokes->len && g_array_index(strokes, Stroke, i).tick == s->tick; i++)
        if (is_hand(g_array_index(strokes, Stroke, i).key))
            return TRUE;
    return FALSE;
}

/* A pulse so quick that both hands keep it has gaps where one of them strikes another drum; what no two
 * hands and no single foot can play loses its softer strokes. */
static void respect_speed(GArray *strokes, double ms_per_tick)
{
    gint last[128];

    for (guint k = 0; k < G_N_ELEMENTS(last); k++)
        last[k] = -1000000;
    for (guint i = 0; i < strokes->len;) {
        const Stroke *s = &g_array_index(strokes, Stroke, i);
        double gap = (s->tick - last[s->key & 127]) * ms_per_tick;
        gboolean goes = (keeps_time(s->key) && (gap < FASTEST_MS || (gap < TWO_HANDS_MS &&
                                                                    hand_elsewhere(strokes, i)))) ||
                        (s->key == KICK && gap < ONE_FOOT_MS && s->velocity < 100);
        if (goes) {
            g_array_remove_index(strokes, i);
            continue;
        }
        last[s->key & 127] = s->tick;
        i++;
    }
}

/* ---- writing ---- */

static gint nearest_in(gint pc, gint low, gint high)
{
    for (gint pitch = low; pitch <= high; pitch++)
        if (pitch % 12 == pc)
            return pitch;
    return 0;
}

/* Root or fifth of the chord at @tick between @low and @high. */
static gint tuned(const Plan *plan, gint tick, gboolean fifth, gint low, gint high)
{
    gint8 tones[TUNE_CHORD_MAX_TONES];
    const TuneChord *chord = &plan->chords[plan_chord_at(plan, tick)].chord;
    gint pc = tune_fifths_pitch_class(chord->root);

    if (fifth && tune_chord_tones(chord->quality, tones, NULL) >= 3)
        pc += tones[2];
    return nearest_in(pc % 12, low, high);
}

/* The orchestra kit holds timpani where a drum set has hats and toms: its own keys. */
static gint orchestra_key(const Plan *plan, gint tick, guint8 key)
{
    switch (key) {
    case STYLE_DRUM_TIMPANI:
    case STYLE_DRUM_TIMPANI_FIFTH:
        return tuned(plan, tick, key == STYLE_DRUM_TIMPANI_FIFTH, 41, 53);
    case STYLE_DRUM_TAIKO:
        return KICK;
    case STYLE_DRUM_TAIKO_HIGH:
        return 35;
    case CRASH:
    case 52:
    case 55:
        return CRASH_2;
    default:
        return key >= 41 && key <= 53 ? 0 : key;
    }
}

/* The key or pitch that the part's instrument plays for a stroke, 0 = it has none. */
static gint playable(const Plan *plan, const PlanPart *part, gint tick, guint8 key)
{
    const TuneInstrument *instrument = part->instrument;

    if (!instrument->is_drums) {
        gint low = MAX(part->low, instrument->low), high = MIN(part->high, instrument->high);
        gboolean is_timpani = strcmp(instrument->key, "timpani") == 0;
        gboolean drum = key == STYLE_DRUM_TIMPANI || key == STYLE_DRUM_TIMPANI_FIFTH;
        gboolean taiko = key == STYLE_DRUM_TAIKO || key == STYLE_DRUM_TAIKO_HIGH;
        if ((is_timpani && !drum) || (!is_timpani && !taiko))
            return 0;
        gboolean high_one = key == STYLE_DRUM_TIMPANI_FIFTH || key == STYLE_DRUM_TAIKO_HIGH;
        return tuned(plan, tick, high_one, low, high);
    }
    if (instrument->program == 48)
        return orchestra_key(plan, tick, key);
    static const guint8 toms[] = {0, 41, 45, 41, 47};
    return key <= STYLE_DRUM_TAIKO_HIGH ? toms[key] : key;
}

/* A pitched drum of one head at a time: the later stroke of one place is dropped, lengths are cut.
 */
static void single_heads(PlanPart *part, guint from)
{
    GArray *notes = part->track->notes;

    if (part->instrument->is_drums || part->instrument->polyphony > 1)
        return;
    for (guint i = MAX(from, 1); i < notes->len;) {
        TuneNote *note = &g_array_index(notes, TuneNote, i);
        gint gap = note->onset - note[-1].onset;
        if (gap <= 0) {
            g_array_remove_index(notes, i);
            continue;
        }
        note[-1].duration = MIN(note[-1].duration, gap);
        i++;
    }
}

void plan_strokes_write(Plan *plan, PlanPart *part, GArray *strokes, gboolean person)
{
    /* a machine has no hands, a percussion section has many */
    guint from = part->track->notes->len;
    gboolean limbless = !person || plan->style->grooves.perform.machine;
    respect_limbs(strokes, limbless);
    if (!limbless)
        respect_speed(strokes, 60000.0 / (plan->quarter_bpm * TUNE_PPQ));
    for (guint i = 0; i < strokes->len; i++) {
        const Stroke *s = &g_array_index(strokes, Stroke, i);
        gint pitch = playable(plan, part, s->tick, s->key), length = s->ticks;
        gboolean doubled = FALSE;
        for (guint j = i + 1; j < strokes->len; j++) {
            const Stroke *other = &g_array_index(strokes, Stroke, j);
            if (other->tick >= s->tick + length)
                break;
            if (playable(plan, part, other->tick, other->key) != pitch)
                continue;
            doubled |= other->tick == s->tick;
            length = MIN(length, other->tick - s->tick);
        }
        if (pitch == 0 || doubled || length <= 0)
            continue;
        TuneNote *note = plan_add_note(plan, part, s->tick, length, pitch, s->velocity);
        if (note != NULL && s->ghost)
            note->articulation |= TUNE_ARTICULATION_GHOST;
    }
    single_heads(part, from);
}
