/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Chords for a melody: a shortest path over the style's own numerals, slot by slot.  A chord costs by the
 * notes that it does not hold (long and accented ones most), a step by how rarely the style takes it, and
 * phrase ends ask for cadences.
 */
#include "compose/harmony.h"
#include "compose/theme-private.h"

#include <math.h>
#include <string.h>

#define MOST_CHORDS 32
#define MOST_SLOTS (2 * TUNE_THEME_MOST_BARS + 8)

typedef struct {
    const Plan *plan;
    const PlanSection *section;
    gint n;                             /* chords to choose from */
    const char *numeral[MOST_CHORDS];
    guint16 mask[MOST_CHORDS], seventh[MOST_CHORDS];
    gboolean tonic[MOST_CHORDS], dominant[MOST_CHORDS];
    double rarity[MOST_CHORDS];         /* 0 = usual */
    double step[MOST_CHORDS][MOST_CHORDS];
    gint n_slots;
    gint tick[MOST_SLOTS], ticks[MOST_SLOTS];
    gboolean cadence[MOST_SLOTS];
} Finder;

static void add_chord(Finder *f, const char *numeral)
{
    TuneChord chord;

    for (gint i = 0; i < f->n; i++)
        if (strcmp(f->numeral[i], numeral) == 0)
            return;
    if (f->n == MOST_CHORDS || !tune_chord_parse_roman(numeral, f->plan->key, &chord))
        return;
    gint degree = harmony_degree(numeral, f->plan->key);
    f->numeral[f->n] = numeral;
    f->mask[f->n] = tune_chord_mask(chord);
    f->seventh[f->n] = (guint16)(1u << ((tune_fifths_pitch_class(chord.root) +
                                         (degree == 7 || tune_chord_is_minor(chord.quality) ? 10 : 11)) % 12));
    f->tonic[f->n] = degree == 0;
    f->dominant[f->n] = degree == 7;
    f->n++;
}

static double move_weight(const GArray *moves, const char *from, const char *to, double *most)
{
    double found = 0;

    *most = 0;
    for (guint i = 0; i < moves->len; i++) {
        const StyleMove *m = &g_array_index(moves, StyleMove, i);
        if (strcmp(m->from, from) != 0)
            continue;
        for (guint k = 0; k < m->to->len; k++) {
            const StyleChoice *c = &g_array_index(m->to, StyleChoice, k);
            *most = MAX(*most, c->weight);
            if (strcmp(c->name, to) == 0)
                found = c->weight;
        }
    }
    return found;
}

/* What the style moves through, and the three chords that any tune may need. */
static void collect(Finder *f)
{
    gboolean minor = tune_mode_is_minor(f->plan->key.mode);
    const GArray *moves = f->plan->style->harmony.moves[minor ? 1 : 0];
    static const char *const plain[2][4] = {{"I", "IV", "V", "vi"}, {"i", "iv", "V", "VI"}};
    double common[MOST_CHORDS] = {0}, top = 0;

    for (gsize i = 0; i < 4; i++)
        add_chord(f, plain[minor ? 1 : 0][i]);
    for (guint i = 0; i < moves->len; i++)
        add_chord(f, g_array_index(moves, StyleMove, i).from);
    for (gint i = 0; i < f->n; i++)
        for (gint k = 0; k < f->n; k++) {
            double most, w = move_weight(moves, f->numeral[i], f->numeral[k], &most);
            f->step[i][k] = i == k ? 0.35 : (w > 0 ? 0.7 * (1 - w / most) : 1.1);
            common[k] += most > 0 ? w / most : 0;
            top = MAX(top, common[k]);
        }
    for (gint i = 0; i < f->n; i++)
        f->rarity[i] = top > 0 ? 0.5 * (1 - common[i] / top) : 0;
}

static void divide(Finder *f, gint ticks)
{
    double rate = f->plan->style->harmony.chords_per_bar[f->section->role];
    gint bar = f->plan->bar_ticks, middle = harmony_middle(f->plan);
    gint phrase = MAX(1, f->section->phrase_bars) * bar;
    gboolean halves = rate >= 1.4 && middle < bar;

    for (gint tick = 0; tick < ticks && f->n_slots + 2 < MOST_SLOTS; tick += bar) {
        gint length = MIN(bar, ticks - tick);
        gint first = halves && length == bar ? middle : length;
        f->tick[f->n_slots] = tick;
        f->ticks[f->n_slots++] = first;
        if (first < length) {
            f->tick[f->n_slots] = tick + first;
            f->ticks[f->n_slots++] = length - first;
        }
        f->cadence[f->n_slots - 1] = (tick + length) % phrase == 0 || tick + length >= ticks;
    }
}

/* A half step from a tone of the chord. */
static gboolean rubs(guint16 mask, gint pc)
{
    return ((mask >> ((pc + 1) % 12)) & 1) || ((mask >> ((pc + 11) % 12)) & 1);
}

/* What chord @c costs under the notes of slot @s. */
static double note_cost(const Finder *f, const GArray *notes, gint s, gint c)
{
    const Plan *plan = f->plan;
    gint round = plan->brief->theme->bars * plan->bar_ticks;
    gint from = f->tick[s] % round, to = from + f->ticks[s];
    double cost = f->rarity[c];

    for (guint i = 0; i < notes->len; i++) {
        const TuneThemeNote *n = &g_array_index(notes, TuneThemeNote, i);
        gint shared = MIN(to, n->onset + n->ticks) - MAX(from, n->onset);
        if (shared <= 0)
            continue;
        double beats = (double)shared / plan->beat_ticks;
        gint in_bar = ((n->onset % plan->bar_ticks) + plan->bar_ticks) % plan->bar_ticks;
        double weight = tune_metre_weight(plan->metre, in_bar);
        gint pc = theme_pitch(plan->brief->theme, n->pitch, plan->key) % 12;
        if ((f->mask[c] >> pc) & 1)
            cost -= 0.35 * beats * (0.5 + weight);
        else if ((f->seventh[c] >> pc) & 1) /* a seventh colours the chord */
            cost += 0.3 * beats * (0.5 + weight);
        else
            cost += beats * (0.5 + 1.2 * weight) * (beats > 0.75 ? 1.3 : 0.8) *
                    (rubs(f->mask[c], pc) ? 1.7 : 1);
    }
    return cost;
}

static double place_cost(const Finder *f, gint s, gint c)
{
    gboolean last = s + 1 == f->n_slots;

    if (s == 0)
        return f->tonic[c] ? -0.7 : 0;
    if (last)
        return f->tonic[c] ? -1.5 : (f->dominant[c] ? 0.2 : 1.5);
    if (f->cadence[s])
        return f->tonic[c] || f->dominant[c] ? -0.4 : 0.3;
    return s + 2 == f->n_slots && f->dominant[c] ? -0.7 : 0;
}

static void solve(const Finder *f, const GArray *notes, gint *chosen)
{
    g_autofree double *cost = g_new(double, (gsize)f->n_slots * MOST_CHORDS);
    g_autofree gint *from = g_new0(gint, (gsize)f->n_slots * MOST_CHORDS);
    TuneRandom random;

    tune_random_init(&random, f->plan->seed, "theme/harmony/%d", f->section->material);
    for (gint s = 0; s < f->n_slots; s++)
        for (gint c = 0; c < f->n; c++) {
            double best = s == 0 ? 0 : G_MAXDOUBLE;
            for (gint b = 0; s > 0 && b < f->n; b++) {
                double way = cost[(s - 1) * MOST_CHORDS + b] + f->step[b][c];
                if (way < best) {
                    best = way;
                    from[s * MOST_CHORDS + c] = b;
                }
            }
            cost[s * MOST_CHORDS + c] = best + note_cost(f, notes, s, c) + place_cost(f, s, c) +
                                        0.4 * f->plan->temperature * tune_random_unit(&random);
        }
    gint c = 0, end = f->n_slots - 1;
    for (gint i = 1; i < f->n; i++)
        if (cost[end * MOST_CHORDS + i] < cost[end * MOST_CHORDS + c])
            c = i;
    for (gint s = end; s >= 0; s--) {
        chosen[s] = c;
        c = from[s * MOST_CHORDS + c];
    }
}

GArray *theme_slots(const Plan *plan, gint index, gint ticks)
{
    GArray *slots = g_array_new(FALSE, TRUE, sizeof(Slot));
    g_autofree Finder *f = g_new0(Finder, 1);
    g_autoptr(GArray) notes = theme_in_metre(plan->brief->theme, plan->metre);
    gint chosen[MOST_SLOTS] = {0};

    f->plan = plan;
    f->section = &plan->sections[index];
    collect(f);
    divide(f, ticks);
    if (f->n_slots == 0)
        return slots;
    solve(f, notes, chosen);
    for (gint s = 0; s < f->n_slots; s++) {
        Slot slot = {.tick = f->tick[s], .ticks = f->ticks[s], .bass = -1, .cadence = f->cadence[s],
                     .locked = TRUE};
        g_strlcpy(slot.numeral, f->numeral[chosen[s]], sizeof slot.numeral);
        g_array_append_val(slots, slot);
    }
    return slots;
}
