/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The numerals of a section: a progression that comes round, or phrases walked through the style's table
 * of moves.  A walk is a Markov chain that must arrive at its cadence: the weights of all ways from each
 * chord to the cadence are summed backwards, then the way is drawn forwards in proportion to them.
 */
#include "compose/harmony.h"
#include "compose/weave.h"

#include <math.h>
#include <string.h>

/* Vamps for modes that a style says nothing of. */
static const struct {
    TuneMode mode;
    const char *bars[4];
} vamps[] = {
    {TUNE_MODE_DORIAN, {"i", "IV", "i", "VII"}},
    {TUNE_MODE_DORIAN, {"i", "III", "IV", "i"}},
    {TUNE_MODE_PHRYGIAN, {"i", "II", "i", "VII"}},
    {TUNE_MODE_PHRYGIAN, {"i", "VI", "II", "i"}},
    {TUNE_MODE_LYDIAN, {"I", "II", "I", "V"}},
    {TUNE_MODE_LYDIAN, {"I", "II", "vi", "I"}},
    {TUNE_MODE_MIXOLYDIAN, {"I", "VII", "IV", "I"}},
    {TUNE_MODE_MIXOLYDIAN, {"I", "v", "VII", "IV"}},
    {TUNE_MODE_LOCRIAN, {"I5", "II", "I5", "iii"}},
    {TUNE_MODE_PHRYGIAN_DOMINANT, {"I", "II", "I", "vii"}},
    {TUNE_MODE_PHRYGIAN_DOMINANT, {"I", "iv", "II", "I"}},
    {TUNE_MODE_DOUBLE_HARMONIC, {"I", "II", "I", "iv"}},
    {TUNE_MODE_HUNGARIAN_MINOR, {"i", "VI", "V", "i"}},
    {TUNE_MODE_NIKRIZ, {"i", "II", "i", "v"}},
    {TUNE_MODE_SHANG, {"I5", "VII5", "IV5", "I5"}},
    {TUNE_MODE_ZHI, {"I5", "IV5", "V5", "I5"}},
    {TUNE_MODE_MIYAKO_BUSHI, {"I5", "I5", "IV5", "I5"}},
    {TUNE_MODE_HIRAJOSHI, {"I5", "I5", "V5", "I5"}},
    {TUNE_MODE_INSEN, {"I5", "I5", "IV5", "I5"}},
};

static const char *const blues_major[12] = {"I7", "IV7", "I7", "I7", "IV7", "IV7",
                                            "I7", "I7",  "V7", "IV7", "I7", "V7"};
static const char *const blues_minor[12] = {"i7", "iv7", "i7", "i7", "iv7", "iv7",
                                            "i7", "i7",  "VI7", "V7", "i7", "V7"};

static gboolean is_modal(TuneMode mode)
{
    for (gsize i = 0; i < G_N_ELEMENTS(vamps); i++)
        if (vamps[i].mode == mode)
            return TRUE;
    return FALSE;
}

gboolean harmony_is_minor(const Plan *plan)
{
    return tune_mode_is_minor(plan->key.mode);
}

static void append(GArray *slots, gint tick, gint ticks, const char *numeral)
{
    Slot slot = {.tick = tick, .ticks = ticks, .bass = -1};

    g_strlcpy(slot.numeral, numeral, sizeof slot.numeral);
    g_array_append_val(slots, slot);
}

gint harmony_middle(const Plan *plan)
{
    gint best = plan->bar_ticks / 2;
    double weight = -1;

    for (gint tick = plan->beat_ticks; tick < plan->bar_ticks; tick += plan->beat_ticks) {
        double w = tune_metre_weight(plan->metre, tick) + (tick * 2 >= plan->bar_ticks ? 0.01 : 0);
        if (w > weight) {
            weight = w;
            best = tick;
        }
    }
    return best;
}

/* Place of share @share of a bar: on a beat. */
static gint share_tick(const Plan *plan, double share)
{
    double ticks = share * plan->bar_ticks;

    if (share <= 0 || share >= 1)
        return (gint)(ticks + 0.5);
    if (fabs(share - 0.5) < 0.01)
        return harmony_middle(plan);
    gint beat = plan->beat_ticks;
    gint at = (gint)(ticks / beat + 0.5) * beat;
    return CLAMP(at, beat / 2, plan->bar_ticks - beat / 2);
}

/* ---- progressions that come round ---- */

static gboolean fits_mode(const StyleProgression *p, TuneMode mode)
{
    if (p->mode >= 0)
        return (gint)mode == p->mode;
    return !is_modal(mode) && (p->any_mode || p->minor == tune_mode_is_minor(mode));
}

static double liking(const Plan *plan, const StyleProgression *p, const PlanSection *s)
{
    if (!fits_mode(p, plan->key.mode) || (p->roles != 0 && !(p->roles & (1u << s->role))))
        return 0;
    double weight = p->weight * (p->roles != 0 ? 1.6 : 1.0);
    if (p->bars > s->bars)
        weight *= 0.15;
    /* Near temperature 0 the best-liked wins more often, near 1 all are level. */
    return weight * (1.0 + (1.0 - plan->temperature) * weight);
}

/* Another material of the piece came first and would choose the same. */
static gint choice_for(const Plan *plan, gint material);

/* Bars before the last chord. */
static gint body_bars(const Plan *plan, const PlanSection *s)
{
    return (MIN(s->start_tick + s->ticks, plan->final_tick) - s->start_tick) / plan->bar_ticks;
}

static gint choose_progression(const Plan *plan, gint index, gint avoid)
{
    const GArray *all = plan->style->harmony.progressions;
    const PlanSection *s = &plan->sections[index];
    double weights[96] = {0}, sum = 0;
    guint n = MIN(all->len, 96);
    TuneRandom random;

    for (guint i = 0; i < n; i++) {
        const StyleProgression *p = &g_array_index(all, StyleProgression, i);
        weights[i] = liking(plan, p, s) * ((gint)i == avoid ? 0.1 : 1.0);
        if (plan->brief->blues_form)
            weights[i] = p->bars == 12 && p->whole ? weights[i] : 0;
        else if (p->whole && body_bars(plan, s) % p->bars != 0)
            weights[i] = 0;
        else if (p->whole)
            weights[i] *= 20;
        sum += weights[i];
    }
    if (sum <= 0)
        return -1;
    tune_random_init(&random, plan->seed, "material %d/progression", s->material);
    return (gint)tune_random_weighted(&random, weights, n);
}

static gint first_of_material(const Plan *plan, gint material)
{
    gint best = 0;

    /* The longest or loudest would do as well: the first that is no intro knows what it is. */
    for (gint i = plan->n_sections; i-- > 0;)
        if (plan->sections[i].material == material &&
            (plan->sections[i].role != TUNE_SECTION_INTRO || best == 0))
            best = i;
    for (gint i = 0; i < plan->n_sections; i++)
        if (plan->sections[i].material == material && plan->sections[i].role != TUNE_SECTION_INTRO &&
            plan->sections[i].role != TUNE_SECTION_OUTRO)
            return i;
    return best;
}

static gint choice_for(const Plan *plan, gint material)
{
    gint avoid = material > 0 ? choose_progression(plan, first_of_material(plan, material - 1), -1)
                              : -1;

    return choose_progression(plan, first_of_material(plan, material), avoid);
}

static void lay_progression(const Plan *plan, const StyleProgression *p, gint ticks, gint stretch,
                            GArray *slots)
{
    gint loop = p->bars * plan->bar_ticks * stretch;

    for (gint start = 0; start < ticks; start += loop) {
        double at = 0;
        for (guint i = 0; i < p->numerals->len; i++) {
            double share = g_array_index(p->beats, double, i);
            gint bar = (gint)floor(at + 1e-6), end_bar = (gint)floor(at + share + 1e-6);
            gint from = bar * plan->bar_ticks + share_tick(plan, at - bar);
            gint to = end_bar * plan->bar_ticks + share_tick(plan, at + share - end_bar);
            from = start + from * stretch;
            to = MIN(start + to * stretch, ticks);
            if (from < to)
                append(slots, from, to - from, p->numerals->pdata[i]);
            at += share;
        }
    }
}

static void lay_bars(const Plan *plan, const char *const *bars, gint n, gint ticks, gint stretch,
                     GArray *slots)
{
    gint bar = plan->bar_ticks * stretch;

    for (gint i = 0; i * bar < ticks; i++)
        append(slots, i * bar, MIN(bar, ticks - i * bar), bars[i % n]);
}

static void lay_vamp(const Plan *plan, const PlanSection *s, gint ticks, GArray *slots)
{
    const char *const *found[8];
    gint n = 0;
    TuneRandom random;

    for (gsize i = 0; i < G_N_ELEMENTS(vamps) && n < 8; i++)
        if (vamps[i].mode == plan->key.mode)
            found[n++] = vamps[i].bars;
    tune_random_init(&random, plan->seed, "piece/vamp");
    gint pick = (tune_random_int(&random, 0, n - 1) + s->material) % n;
    gint stretch = plan->style->harmony.chords_per_bar[s->role] <= 0.5 ? 2 : 1;
    lay_bars(plan, found[pick], 4, ticks, stretch, slots);
}

/* ---- cadences ---- */

static gboolean ends_open(const Plan *plan, gint index)
{
    const PlanSection *s = &plan->sections[index];

    if (s->last)
        return plan->ending == TUNE_ENDING_LOOP || plan->ending == TUNE_ENDING_FADE;
    const PlanSection *next = &plan->sections[index + 1];
    switch (s->role) {
    case TUNE_SECTION_INTRO:
    case TUNE_SECTION_PRECHORUS:
    case TUNE_SECTION_BRIDGE:
    case TUNE_SECTION_BUILD:
    case TUNE_SECTION_BREAKDOWN:
    case TUNE_SECTION_CONTRAST:
        return TRUE;
    default:
        return next->energy > s->energy + 0.12 || next->key.tonic != s->key.tonic ||
               next->key.mode != s->key.mode;
    }
}

static const StyleCadence *choose_cadence(const Plan *plan, gint index, gint phrase,
                                          const double kinds[STYLE_N_CADENCES])
{
    const GArray *all = plan->style->harmony.cadences;
    double weights[48] = {0}, sum = 0;
    guint n = MIN(all->len, 48);
    TuneRandom random;

    for (guint i = 0; i < n; i++) {
        const StyleCadence *c = &g_array_index(all, StyleCadence, i);
        if (c->minor == harmony_is_minor(plan))
            weights[i] = c->weight * kinds[c->kind];
        sum += weights[i];
    }
    if (sum <= 0)
        return NULL;
    tune_random_init(&random, plan->seed, "material %d/cadence/%d",
                     plan->sections[index].last && phrase < 0 ? 99 : plan->sections[index].material,
                     phrase);
    return &g_array_index(all, StyleCadence, tune_random_weighted(&random, weights, n));
}

/* Which kinds of cadence suit phrase @phrase of @n of the section. */
static void cadence_kinds(const Plan *plan, gint index, gint phrase, gint n,
                          double kinds[STYLE_N_CADENCES])
{
    gboolean last = phrase + 1 == n;

    memset(kinds, 0, STYLE_N_CADENCES * sizeof kinds[0]);
    if (last && plan->sections[index].last && !ends_open(plan, index)) {
        kinds[STYLE_CADENCE_AUTHENTIC] = 4;
        kinds[STYLE_CADENCE_PLAGAL] = 0.7;
    } else if (last && ends_open(plan, index)) {
        kinds[STYLE_CADENCE_HALF] = 3;
        kinds[STYLE_CADENCE_TURN] = 2;
    } else if (last || phrase % 2 == 1) {
        kinds[STYLE_CADENCE_AUTHENTIC] = 4;
        kinds[STYLE_CADENCE_PLAGAL] = 0.6;
        kinds[STYLE_CADENCE_DECEPTIVE] = last ? 0.1 : 0.8;
    } else {
        kinds[STYLE_CADENCE_HALF] = 4;
        kinds[STYLE_CADENCE_DECEPTIVE] = 0.5;
    }
}

/* ---- walks ---- */

typedef struct {
    const GArray *moves; /* StyleMove */
    gint n;
    double reach[24][32]; /* [steps to go][state]: weight of all ways to the goal */
} Walk;

static gint state_of(const Walk *w, const char *numeral)
{
    for (gint i = 0; i < w->n; i++)
        if (strcmp(g_array_index(w->moves, StyleMove, i).from, numeral) == 0)
            return i;
    return -1;
}

static double move_weight(const Walk *w, gint from, gint to)
{
    const StyleMove *m = &g_array_index(w->moves, StyleMove, from);
    const char *name = g_array_index(w->moves, StyleMove, to).from;

    for (guint i = 0; i < m->to->len; i++)
        if (strcmp(g_array_index(m->to, StyleChoice, i).name, name) == 0)
            return g_array_index(m->to, StyleChoice, i).weight;
    return 0;
}

/* Backwards from the goal: after the last step the walk stands on a chord that moves to @goal. */
static void sum_ways(Walk *w, gint goal, gint steps)
{
    for (gint s = 0; s < w->n; s++)
        w->reach[0][s] = goal < 0 ? 1 : move_weight(w, s, goal);
    for (gint k = 1; k < steps; k++)
        for (gint s = 0; s < w->n; s++) {
            w->reach[k][s] = 0;
            for (gint t = 0; t < w->n; t++)
                w->reach[k][s] += move_weight(w, s, t) * w->reach[k - 1][t];
        }
}

/* Draws @n chords from @start that lead to numeral @goal. */
static void walk(const Plan *plan, const char *start, const char *goal, gint n, TuneRandom *random,
                 const char **out)
{
    Walk w = {.moves = plan->style->harmony.moves[harmony_is_minor(plan) ? 1 : 0]};

    w.n = (gint)MIN(w.moves->len, 32);
    n = MIN(n, 24);
    if (w.n == 0 || n <= 0) {
        for (gint i = 0; i < n; i++)
            out[i] = start;
        return;
    }
    sum_ways(&w, state_of(&w, goal), n);
    gint state = MAX(0, state_of(&w, start));
    for (gint i = 0; i < n; i++) {
        out[i] = g_array_index(w.moves, StyleMove, state).from;
        if (i + 1 == n)
            return;
        double weights[32] = {0}, sum = 0;
        for (gint t = 0; t < w.n; t++) {
            weights[t] = move_weight(&w, state, t) * w.reach[n - 2 - i][t];
            sum += weights[t];
        }
        if (sum <= 0)
            for (gint t = 0; t < w.n; t++)
                weights[t] = move_weight(&w, state, t);
        state = (gint)tune_random_weighted(random, weights, (gsize)w.n);
    }
}

static const char *opening(const Plan *plan, const PlanSection *s, gint phrase, TuneRandom *random)
{
    static const char *const major[] = {"vi", "IV", "ii"}, *const minor[] = {"III", "iv", "VI"};
    gboolean away = s->role == TUNE_SECTION_BRIDGE || s->role == TUNE_SECTION_CONTRAST ||
                    s->role == TUNE_SECTION_PRECHORUS || s->role == TUNE_SECTION_BUILD;
    double chance = phrase == 0 ? (away ? 0.75 : 0) : (away ? 0.5 : 0.2);

    if (!tune_random_chance(random, chance))
        return harmony_is_minor(plan) ? "i" : "I";
    return (harmony_is_minor(plan) ? minor : major)[tune_random_int(random, 0, 2)];
}

/* Divides a phrase into @n slots: whole bars at first, faster towards the cadence. */
static gint phrase_slots(const Plan *plan, gint bars, double per_bar, TuneRandom *random, gint *ticks)
{
    gint middle = harmony_middle(plan), n = 0;
    double have = 0;

    for (gint bar = 0; bar < bars && n < 30; bar++) {
        have += per_bar;
        gint left = (gint)floor(have + 1e-6);
        gboolean late = bar + 1 >= bars - 1;
        if (per_bar > 1.05)
            left = tune_random_chance(random, CLAMP(per_bar - 1.0 + (late ? 0.25 : -0.12), 0, 1)) ? 2 : 1;
        if (left >= 2 && middle < plan->bar_ticks) {
            ticks[n++] = middle;
            ticks[n++] = plan->bar_ticks - middle;
            have -= 2;
        } else if (left >= 1 || n == 0) {
            ticks[n++] = plan->bar_ticks;
            have -= 1;
        } else {
            ticks[n - 1] += plan->bar_ticks;
        }
    }
    return n;
}

/* Gives the chords of the phrase from slot @from on that begin in its first half the numerals that
 * sounded one phrase earlier. */
static void copy_opening(GArray *slots, guint from, gint start, gint ticks)
{
    for (guint i = from; i + 1 < slots->len; i++) {
        Slot *slot = &g_array_index(slots, Slot, i);
        if (slot->tick >= start + ticks / 2 || slot->locked)
            return;
        for (guint k = 0; k < from; k++) {
            const Slot *old = &g_array_index(slots, Slot, k);
            if (old->tick == slot->tick - ticks)
                g_strlcpy(slot->numeral, old->numeral, sizeof slot->numeral);
        }
    }
}

/* The second phrase of a period begins like the first. */
static gboolean begins_alike(const Plan *plan, const PlanSection *s, gint phrase)
{
    TuneRandom random;

    tune_random_init(&random, plan->seed, "material %d/period/%d", s->material, phrase);
    return phrase % 2 == 1 && tune_random_chance(&random, 0.7);
}

static void walk_phrase(const Plan *plan, gint index, gint phrase, gint n_phrases, gint start,
                        gint bars, GArray *slots)
{
    const PlanSection *s = &plan->sections[index];
    guint before = slots->len;
    const StyleHarmony *h = &plan->style->harmony;
    gint ticks[32];
    const char *chords[32] = {NULL};
    double kinds[STYLE_N_CADENCES];
    TuneRandom random;

    tune_random_init(&random, plan->seed, "material %d/walk/%d", s->material, phrase);
    gint n = phrase_slots(plan, bars, h->chords_per_bar[s->role], &random, ticks);
    cadence_kinds(plan, index, phrase, n_phrases, kinds);
    const StyleCadence *c = choose_cadence(plan, index, phrase, kinds);
    gboolean to_final = s->last && phrase + 1 == n_phrases && !ends_open(plan, index);
    gint closing = c != NULL ? (gint)c->numerals->len - (to_final ? 1 : 0) : 0;
    closing = MIN(closing, MAX(1, n - 1));
    closing = c == NULL ? 0 : MIN(closing, n);
    gint skip = c != NULL ? (gint)c->numerals->len - (to_final ? 1 : 0) - closing : 0;
    for (gint i = 0; i < closing; i++)
        chords[n - closing + i] = c->numerals->pdata[skip + i];
    const char *goal = closing > 0 ? chords[n - closing] : "I";
    walk(plan, opening(plan, s, phrase, &random), goal, n - closing, &random, chords);
    gint tick = start;
    for (gint i = 0; i < n; i++) {
        append(slots, tick, ticks[i], chords[i] != NULL ? chords[i] : "I");
        tick += ticks[i];
    }
    Slot *last = &g_array_index(slots, Slot, slots->len - 1);
    last->cadence = TRUE;
    last->locked = closing > 0;
    if (begins_alike(plan, s, phrase))
        copy_opening(slots, before, start, bars * plan->bar_ticks);
}

/* How many phrases the material's longest section has: a shorter one is its beginning. */
static gint reference_phrases(const Plan *plan, gint index, gint n)
{
    const PlanSection *s = &plan->sections[index];

    for (gint i = 0; i < plan->n_sections && !s->last; i++) {
        const PlanSection *t = &plan->sections[i];
        gint bars = (MIN(t->start_tick + t->ticks, plan->final_tick) - t->start_tick) / plan->bar_ticks;
        if (t->material == s->material && t->role == s->role)
            n = MAX(n, (bars + s->phrase_bars / 2) / MAX(1, s->phrase_bars));
    }
    return n;
}

static void lay_walk(const Plan *plan, gint index, gint ticks, GArray *slots)
{
    const PlanSection *s = &plan->sections[index];
    gint bars = ticks / plan->bar_ticks, phrase_bars = MAX(1, s->phrase_bars);
    gint n = MAX(1, (bars + phrase_bars / 2) / phrase_bars), start = 0;

    for (gint phrase = 0; phrase < n; phrase++) {
        gint end = phrase + 1 == n ? bars : MIN(bars, (phrase + 1) * phrase_bars);
        if (end > start)
            walk_phrase(plan, index, phrase, reference_phrases(plan, index, n),
                        start * plan->bar_ticks, end - start, slots);
        start = end;
    }
}

/* ---- entries of a fugue: tonic and dominant in turn ---- */

static gboolean is_fugue(const Plan *plan, const PlanSection *s)
{
    return s->texture != NULL && s->texture->weave == STYLE_WEAVE_FUGUE && !is_modal(plan->key.mode);
}

/* One entry's chords, two a bar; the answer's are the subject's a fifth higher (a tonal answer begins at
 * home). */
static void lay_entry(const Plan *plan, gint start, gint unit, gboolean answer, gboolean tonal,
                      GArray *slots)
{
    static const char *const chords[2][3][4] = {
        {{"I", "IV", "V", "I"}, {"V", "I", "V7/V", "V"}, {"I", "I", "V7/V", "V"}},
        {{"i", "iv", "V", "i"}, {"v", "i", "V7/v", "v"}, {"i", "i", "V7/v", "v"}},
    };
    const char *const *row = chords[harmony_is_minor(plan) ? 1 : 0][answer ? (tonal ? 2 : 1) : 0];
    gint middle = harmony_middle(plan), bar = plan->bar_ticks;

    for (gint i = 0; i < 2 * unit; i++) {
        gint tick = start + i / 2 * bar + (i % 2 == 0 ? 0 : middle);
        gint ticks = i % 2 == 0 ? middle : bar - middle;
        if (unit == 1 && i == 1) { /* no time for more than one */
            g_array_index(slots, Slot, slots->len - 1).ticks += ticks;
            continue;
        }
        if (ticks > 0)
            append(slots, tick, ticks, row[i]);
        g_array_index(slots, Slot, slots->len - 1).locked = TRUE;
    }
}

static void lay_fugue(const Plan *plan, gint index, gint ticks, GArray *slots)
{
    const PlanSection *s = &plan->sections[index];
    WeaveEntries entries = weave_entries(plan, s);
    gint at = 0, bars = ticks / plan->bar_ticks;

    for (gint e = 0; e < entries.entries; e++) {
        lay_entry(plan, at * plan->bar_ticks, entries.unit, e % 2 == 1, entries.tonal, slots);
        at += entries.unit;
    }
    if (at < bars)
        walk_phrase(plan, index, 1, 2, at * plan->bar_ticks, bars - at, slots);
    else
        g_array_index(slots, Slot, slots->len - 1).cadence = TRUE;
}

/* ---- cadence at the end of a progression that came round ---- */

static gboolean is_leading(const Plan *plan, const char *numeral)
{
    TuneChord chord;

    if (!tune_chord_parse_roman(numeral, plan->key, &chord))
        return FALSE;
    return harmony_function(chord, plan->key) == FUNCTION_DOMINANT;
}

static void replace_end(const Plan *plan, GArray *slots, gint ticks, const StyleCadence *c, gint skip,
                        gint drop)
{
    gint n = (gint)c->numerals->len - skip - drop;
    gint slot = plan->style->harmony.chords_per_bar[TUNE_SECTION_VERSE] >= 1 ? plan->bar_ticks
                                                                             : 2 * plan->bar_ticks;

    if (n <= 0)
        return;
    if (n * slot > ticks / 2) /* little room: two a bar */
        slot = plan->bar_ticks;
    if (n > 1 && n * slot > MAX(ticks / 2, plan->bar_ticks))
        slot = MAX(plan->beat_ticks, harmony_middle(plan));
    gint from = ticks;
    for (gint i = n - 1; i >= 0 && from > 0; i--)
        from -= slot;
    from = MAX(from, 0);
    from -= from % plan->beat_ticks;
    while (slots->len > 0 && g_array_index(slots, Slot, slots->len - 1).tick >= from)
        g_array_set_size(slots, slots->len - 1);
    if (slots->len > 0) {
        Slot *last = &g_array_index(slots, Slot, slots->len - 1);
        last->ticks = from - last->tick;
    }
    for (gint i = 0; i < n; i++) {
        gint to = i + 1 == n ? ticks : MIN(from + slot, ticks);
        if (to <= from)
            continue;
        append(slots, from, to - from, c->numerals->pdata[skip + i]);
        g_array_index(slots, Slot, slots->len - 1).locked = TRUE;
        from = to;
    }
}

static void close_progression(const Plan *plan, gint index, gint ticks, GArray *slots)
{
    const PlanSection *s = &plan->sections[index];
    double kinds[STYLE_N_CADENCES];
    const char *end = g_array_index(slots, Slot, slots->len - 1).numeral;
    gboolean final = s->last && !ends_open(plan, index);
    TuneRandom random;

    tune_random_init(&random, plan->seed, "material %d/close", s->material);
    g_array_index(slots, Slot, slots->len - 1).cadence = TRUE;
    if (is_modal(plan->key.mode) && !final)
        return;
    if (final ? is_leading(plan, end) && ticks > 2 * plan->bar_ticks
              : !ends_open(plan, index) || is_leading(plan, end) || tune_random_chance(&random, 0.35))
        return;
    cadence_kinds(plan, index, 0, 1, kinds);
    const StyleCadence *c = choose_cadence(plan, index, -1, kinds);
    if (is_modal(plan->key.mode) && c != NULL && c->numerals->len == 1)
        return; /* the style ends where it is */
    if (is_modal(plan->key.mode)) {
        /* A mode closes by its own characteristic chord. */
        gboolean second = plan->key.mode == TUNE_MODE_PHRYGIAN || plan->key.mode == TUNE_MODE_LYDIAN ||
                          plan->key.mode == TUNE_MODE_LOCRIAN ||
                          plan->key.mode == TUNE_MODE_NIKRIZ ||
                          plan->key.mode == TUNE_MODE_DOUBLE_HARMONIC ||
                          plan->key.mode == TUNE_MODE_PHRYGIAN_DOMINANT;
        Slot *last = &g_array_index(slots, Slot, slots->len - 1);
        gint8 scale[7];
        if (harmony_degree(last->numeral, plan->key) == 0 && tune_mode_scale(plan->key.mode, scale) == 7)
            g_strlcpy(last->numeral, second ? "II" : "VII", sizeof last->numeral);
        return;
    }
    if (c != NULL) {
        gint skip = final ? 0 : MAX(0, (gint)c->numerals->len - 1);
        replace_end(plan, slots, ticks, c, skip, final ? 1 : 0);
    }
    g_array_index(slots, Slot, slots->len - 1).cadence = TRUE;
}

static void mark_phrases(const Plan *plan, const PlanSection *s, GArray *slots)
{
    gint phrase = MAX(1, s->phrase_bars) * plan->bar_ticks;

    for (guint i = 0; i < slots->len; i++) {
        Slot *slot = &g_array_index(slots, Slot, i);
        if ((slot->tick + slot->ticks) % phrase == 0)
            slot->cadence = TRUE;
    }
}

static gboolean lay_blues(const Plan *plan, gint ticks, GArray *slots)
{
    lay_bars(plan, harmony_is_minor(plan) ? blues_minor : blues_major, 12, ticks, 1, slots);
    return TRUE;
}

GArray *harmony_slots(const Plan *plan, gint index)
{
    const PlanSection *s = &plan->sections[index];
    GArray *slots = g_array_new(FALSE, TRUE, sizeof(Slot));
    gint ticks = MIN(s->ticks, MAX(0, plan->final_tick - s->start_tick));
    TuneRandom random;

    if (ticks == 0)
        return slots;
    tune_random_init(&random, plan->seed, "material %d/way", s->material);
    gboolean loops = tune_random_chance(&random, plan->style->harmony.loops);
    gint choice = choice_for(plan, s->material);
    if (is_fugue(plan, s) && ticks >= 2 * plan->bar_ticks) {
        lay_fugue(plan, index, ticks, slots);
        return slots;
    }
    if (plan->brief->blues_form && choice < 0) {
        lay_blues(plan, ticks, slots);
    } else if (choice >= 0 && (loops || is_modal(plan->key.mode) || plan->brief->blues_form)) {
        const StyleProgression *p =
            &g_array_index(plan->style->harmony.progressions, StyleProgression, choice);
        double rate = plan->style->harmony.chords_per_bar[s->role];
        gint stretch = p->numerals->len > 2.0 * rate * p->bars - 0.01 && !p->whole &&
                               2 * p->bars * plan->bar_ticks <= ticks
                           ? 2
                           : 1;
        lay_progression(plan, p, ticks, stretch, slots);
    } else if (is_modal(plan->key.mode)) {
        lay_vamp(plan, s, ticks, slots);
    } else {
        lay_walk(plan, index, ticks, slots);
        return slots;
    }
    mark_phrases(plan, s, slots);
    close_progression(plan, index, ticks, slots);
    return slots;
}
