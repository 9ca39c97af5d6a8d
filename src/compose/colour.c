/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What makes plain numerals the style's own: secondary dominants, borrowed chords, ii V, substitutes,
 * suspensions, sevenths and more, pedal points, inversions.
 */
#include "compose/harmony.h"

#include <stdlib.h>
#include <string.h>

gint harmony_degree(const char *numeral, TuneKey key)
{
    TuneChord chord;

    if (!tune_chord_parse_roman(numeral, key, &chord))
        return -1;
    gint d = tune_fifths_pitch_class(chord.root) - tune_fifths_pitch_class(key.tonic);
    return (d + 12) % 12;
}

static void stream(const Plan *plan, gint index, const char *what, gint number, TuneRandom *random)
{
    tune_random_init(random, plan->seed, "material %d/%s/%d", plan->sections[index].material, what,
                     number);
}

/* Cuts the slot at @i in two; the later part becomes @numeral. */
static void split(GArray *slots, guint i, gint at, const char *numeral)
{
    Slot *slot = &g_array_index(slots, Slot, i);
    Slot later = *slot;

    later.tick = slot->tick + at;
    later.ticks = slot->ticks - at;
    slot->ticks = at;
    slot->cadence = slot->locked = FALSE;
    g_strlcpy(later.numeral, numeral, sizeof later.numeral);
    g_array_insert_val(slots, i + 1, later);
}

/* The second half of a slot of at least two beats, on a beat; 0 when it cannot be divided. */
static gint half_of(const Plan *plan, const Slot *slot)
{
    gint beats = slot->ticks / plan->beat_ticks;

    if (slot->ticks == plan->bar_ticks && slot->tick % plan->bar_ticks == 0 && beats >= 2)
        return harmony_middle(plan);
    if (beats < 2 || slot->ticks % plan->beat_ticks != 0)
        return 0;
    if (slot->ticks >= 2 * plan->bar_ticks)
        return slot->ticks - plan->bar_ticks;
    return (beats + 1) / 2 * plan->beat_ticks;
}

static gboolean is_plain(const char *numeral)
{
    return strspn(numeral, "IViv") == strlen(numeral);
}

static gboolean takes_dominant(const Plan *plan, const char *numeral)
{
    gint degree = harmony_degree(numeral, plan->key);

    if (strchr(numeral, '/') != NULL || strchr(numeral, 'o') != NULL || degree <= 0)
        return FALSE;
    return (tune_key_mask(plan->key) >>
            ((tune_fifths_pitch_class(plan->key.tonic) + degree) % 12)) & 1;
}

/* Below this a chord is a passing note: nobody strikes four in a bar of bebop. */
#define SHORTEST_CHORD 0.45

static gboolean is_long_enough(const Plan *plan, gint ticks)
{
    return ticks * 60.0 / (TUNE_PPQ * MAX(plan->quarter_bpm, 1)) >= SHORTEST_CHORD;
}

/* TRUE when @numeral is a major chord on the fifth of @next: a dominant needs none of its own. */
static gboolean leads_to(const Plan *plan, const char *numeral, const char *next)
{
    TuneChord chord;

    return tune_chord_parse_roman(numeral, plan->key, &chord) && !tune_chord_is_minor(chord.quality) &&
           (harmony_degree(numeral, plan->key) + 5) % 12 == harmony_degree(next, plan->key);
}

/* The seventh chord on the fifth of the next chord, in the second half of the chord before. */
static void add_secondary(const Plan *plan, gint index, GArray *slots)
{
    double chance = plan->style->harmony.secondary * (0.5 + plan->temperature * 0.7);
    gboolean busy = plan->style->melody.strict || plan->style->harmony.two_five > 0.1;

    for (guint i = 0; i + 1 < slots->len; i++) {
        Slot *slot = &g_array_index(slots, Slot, i), *next = slot + 1;
        gint at = half_of(plan, slot);
        TuneRandom random;
        stream(plan, index, "secondary", slot->tick / plan->bar_ticks, &random);
        if (at == 0 || slot->locked || (!busy && slot->ticks < plan->bar_ticks) || strcmp(slot->numeral, next->numeral) == 0 ||
            !takes_dominant(plan, next->numeral) || !is_long_enough(plan, slot->ticks - at) ||
            (busy && !plan->style->melody.strict && leads_to(plan, slot->numeral, next->numeral)) ||
            !tune_random_chance(&random, chance))
            continue;
        char plain[12], dominant[20];
        g_strlcpy(plain, next->numeral, sizeof plain);
        plain[strspn(plain, "b#IViv")] = '\0';
        g_snprintf(dominant, sizeof dominant, "V7/%s", plain);
        TuneChord chord;
        if (!tune_chord_parse_roman(dominant, plan->key, &chord))
            continue;
        split(slots, i, at, dominant);
        i++;
    }
}

/* The minor subdominant before the tonic of a major key; the Neapolitan before V in minor. */
static void add_mixture(const Plan *plan, gint index, GArray *slots)
{
    gboolean minor = harmony_is_minor(plan);

    for (guint i = 0; i + 1 < slots->len; i++) {
        Slot *slot = &g_array_index(slots, Slot, i), *next = slot + 1;
        TuneRandom random;
        stream(plan, index, "mixture", slot->tick / plan->bar_ticks, &random);
        if (slot->locked || !tune_random_chance(&random, plan->style->harmony.mixture * 2))
            continue;
        gint at = half_of(plan, slot);
        if (!minor && strncmp(slot->numeral, "IV", 2) == 0 && strcmp(next->numeral, "I") == 0 && at > 0) {
            split(slots, i, at, "iv");
            i++;
        } else if (minor && plan->style->melody.strict && strcmp(slot->numeral, "iio") == 0 &&
                   next->numeral[0] == 'V') {
            g_strlcpy(slot->numeral, "bII", sizeof slot->numeral);
            slot->bass = 1;
        }
    }
}

static gboolean is_dominant_on_five(const char *numeral)
{
    return strcmp(numeral, "V") == 0 || strcmp(numeral, "V7") == 0 || strcmp(numeral, "V9") == 0 ||
           strcmp(numeral, "V13") == 0;
}

static void split_dominants(const Plan *plan, gint index, GArray *slots)
{
    const StyleHarmony *h = &plan->style->harmony;
    gboolean minor = harmony_is_minor(plan);

    for (guint i = 0; i < slots->len; i++) {
        Slot *slot = &g_array_index(slots, Slot, i);
        TuneRandom random;
        stream(plan, index, "dominant", slot->tick / plan->bar_ticks, &random);
        gint at = half_of(plan, slot);
        gboolean two_five = tune_random_chance(&random, h->two_five);
        gboolean suspended = tune_random_chance(&random, h->suspended);
        gboolean tritone = tune_random_chance(&random, h->tritone * plan->temperature * 1.4);
        if (!is_dominant_on_five(slot->numeral))
            continue;
        gboolean after_two = i > 0 && g_array_index(slots, Slot, i - 1).numeral[0] == 'i';
        gboolean home = i + 1 < slots->len && !slot->cadence &&
                        harmony_degree(g_array_index(slots, Slot, i + 1).numeral, plan->key) == 0;
        if (tritone && home) {
            g_strlcpy(slot->numeral, "bII9", sizeof slot->numeral);
        } else if (two_five && at > 0 && !after_two) {
            gboolean locked = slot->locked, cadence = slot->cadence;
            split(slots, i, at, slot->numeral);
            g_strlcpy(g_array_index(slots, Slot, i).numeral, minor ? "iim7b5" : "ii7", 20);
            g_array_index(slots, Slot, i + 1).locked = locked;
            g_array_index(slots, Slot, i + 1).cadence = cadence;
            i++;
        } else if (suspended && at > 0) {
            split(slots, i, at, slot->numeral);
            g_strlcpy(g_array_index(slots, Slot, i).numeral, "Vsus4", 20);
            i++;
        }
    }
}

void harmony_dress(const Plan *plan, const char *numeral, TuneRandom *random, char out[20])
{
    const GArray *table = plan->style->harmony.dress[harmony_is_minor(plan) ? 1 : 0];

    g_strlcpy(out, numeral, 20);
    for (guint i = 0; i < table->len; i++) {
        const StyleDress *d = &g_array_index(table, StyleDress, i);
        double weights[16] = {0};
        if (strcmp(d->plain, numeral) != 0 || d->dressed->len == 0)
            continue;
        for (guint k = 0; k < MIN(d->dressed->len, 16); k++)
            weights[k] = g_array_index(d->dressed, StyleChoice, k).weight;
        gsize pick = tune_random_weighted(random, weights, MIN(d->dressed->len, 16));
        g_strlcpy(out, g_array_index(d->dressed, StyleChoice, pick).name, 20);
        return;
    }
}

static void dress_slot(const Plan *plan, gint index, const char *what, gint number,
                       const char *numeral, char out[20])
{
    TuneRandom random;

    stream(plan, index, what, number, &random);
    g_strlcpy(out, numeral, 20);
    if (tune_random_chance(&random, plan->style->harmony.colour))
        harmony_dress(plan, numeral, &random, out);
}

/* A chord without its third changes the melody's footing. */
static gboolean lacks_third(const char *numeral)
{
    return strstr(numeral, "sus") != NULL || strchr(numeral, '5') != NULL;
}

static void dress(const Plan *plan, gint index, GArray *slots)
{
    const PlanSection *s = &plan->sections[index];

    for (guint i = 0; i < slots->len; i++) {
        Slot *slot = &g_array_index(slots, Slot, i);
        gint bar = slot->tick / plan->bar_ticks;
        char usual[20], other[20];
        TuneRandom random;
        if (!is_plain(slot->numeral) && strchr(slot->numeral, '7') == NULL &&
            strchr(slot->numeral, 'o') == NULL)
            continue;
        dress_slot(plan, index, "dress", bar, slot->numeral, usual);
        /* A repeat wears mostly the same clothes. */
        stream(plan, index, "again", bar + 1000 * s->repeat, &random);
        if (s->repeat > 0 && tune_random_chance(&random, 0.15)) {
            dress_slot(plan, index, "dress again", bar, slot->numeral, other);
            if (!lacks_third(usual) && !lacks_third(other))
                g_strlcpy(usual, other, sizeof usual);
        }
        g_strlcpy(slot->numeral, usual, sizeof slot->numeral);
    }
}

/* A held bass under intros, codas (the tonic) and builds (the dominant). */
static void add_pedal(const Plan *plan, gint index, GArray *slots)
{
    const PlanSection *s = &plan->sections[index];
    TuneRandom random;

    if (s->role != TUNE_SECTION_INTRO && s->role != TUNE_SECTION_BUILD && s->role != TUNE_SECTION_CODA &&
        s->role != TUNE_SECTION_OUTRO)
        return;
    stream(plan, index, "pedal", s->role, &random);
    if (!tune_random_chance(&random, plan->style->harmony.pedal))
        return;
    for (guint i = 0; i < slots->len; i++) {
        Slot *slot = &g_array_index(slots, Slot, i);
        if (!(s->last && i + 1 == slots->len))
            slot->bass = 4;
    }
}

void harmony_clothe(const Plan *plan, gint index, GArray *slots)
{
    g_autoptr(GArray) plain = g_array_copy(slots);

    dress(plan, index, slots);
    for (guint i = 0; i < slots->len; i++) { /* a tune that has the third wants to hear it */
        Slot *slot = &g_array_index(slots, Slot, i);
        if (lacks_third(slot->numeral))
            g_strlcpy(slot->numeral, g_array_index(plain, Slot, i).numeral, sizeof slot->numeral);
    }
    add_pedal(plan, index, slots);
}

void harmony_colour(const Plan *plan, gint index, GArray *slots)
{
    add_mixture(plan, index, slots);
    add_secondary(plan, index, slots);
    split_dominants(plan, index, slots);
    dress(plan, index, slots);
    add_pedal(plan, index, slots);
}

/* ---- inversions ---- */

/* Pitch classes that may lie in the bass: root, third, and in strict styles the seventh. */
static gint bass_choices(const Plan *plan, const Slot *slot, gint pcs[4], gint kind[4])
{
    gint8 tones[TUNE_CHORD_MAX_TONES];
    TuneChord chord;
    gint n = 0;

    if (!tune_chord_parse_roman(slot->numeral, plan->key, &chord))
        return 0;
    gsize count = tune_chord_tones(chord.quality, tones, NULL);
    gint root = tune_fifths_pitch_class(chord.root);
    pcs[n] = root;
    kind[n++] = 0;
    if (chord.quality == TUNE_CHORD_POWER || chord.quality == TUNE_CHORD_SUS2 ||
        chord.quality == TUNE_CHORD_SUS4 || count < 3 || tones[1] > 4)
        return n;
    pcs[n] = (root + tones[1]) % 12;
    kind[n++] = 1;
    if (plan->style->melody.strict && count == 4 && chord.quality == TUNE_CHORD_7) {
        pcs[n] = (root + tones[3]) % 12;
        kind[n++] = 3;
    }
    return n;
}

static gint distance(gint a, gint b)
{
    gint d = abs(a - b) % 12;

    return MIN(d, 12 - d);
}

/* A step is a line, a repeated note is static, a third a small leap; roots are solid. */
static double bass_cost(gint from, gint to, gint kind, double liking)
{
    static const double motion[7] = {0.7, 0.0, 0.0, 0.6, 0.6, 0.45, 1.2};
    double cost = motion[distance(from, to)];

    if (kind == 1)
        cost += 1.25 - 1.1 * liking;
    if (kind == 3)
        cost += 1.5 - 1.0 * liking;
    return cost;
}

void harmony_inversions(const Plan *plan, gint index, GArray *slots)
{
    double liking = plan->style->harmony.inversion;
    guint n = slots->len;

    if (liking <= 0.02 || n < 2)
        return;
    g_autofree double *cost = g_new(double, n * 4);
    g_autofree gint *from = g_new0(gint, n * 4);
    g_autofree gint *pcs = g_new0(gint, n * 4), *kinds = g_new0(gint, n * 4), *counts = g_new0(gint, n);

    for (guint i = 0; i < n; i++) {
        Slot *slot = &g_array_index(slots, Slot, i);
        counts[i] = bass_choices(plan, slot, pcs + i * 4, kinds + i * 4);
        /* Openings and closes stand on their roots. */
        if (i == 0 || slot->cadence || slot->locked || slot->bass >= 0)
            counts[i] = MIN(counts[i], 1);
        for (gint k = 0; k < counts[i]; k++) {
            TuneRandom random;
            stream(plan, index, "inversion", slot->tick / plan->bar_ticks * 4 + k, &random);
            double own = 0.5 * tune_random_unit(&random), best = i == 0 ? 0 : G_MAXDOUBLE;
            for (gint j = 0; i > 0 && j < counts[i - 1]; j++) {
                double c = cost[(i - 1) * 4 + (guint)j] +
                           bass_cost(pcs[(i - 1) * 4 + (guint)j], pcs[i * 4 + (guint)k],
                                     kinds[i * 4 + (guint)k], liking);
                /* A seventh in the bass steps down. */
                if (kinds[(i - 1) * 4 + (guint)j] == 3 &&
                    (pcs[(i - 1) * 4 + (guint)j] - pcs[i * 4 + (guint)k] + 12) % 12 > 2)
                    c += 4;
                if (c < best) {
                    best = c;
                    from[i * 4 + (guint)k] = j;
                }
            }
            cost[i * 4 + (guint)k] = best + own;
        }
        if (counts[i] == 0) {
            counts[i] = 1;
            cost[i * 4] = 0;
        }
    }
    gint k = 0;
    for (guint i = n; i-- > 0;) {
        Slot *slot = &g_array_index(slots, Slot, i);
        if (slot->bass < 0)
            slot->bass = kinds[i * 4 + (guint)k];
        k = from[i * 4 + (guint)k];
    }
}
