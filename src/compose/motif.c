/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Motifs: a rhythm from the style's cells (or made for metres that have none) and a contour of scale
 * steps in which leaps are recovered.
 */
#include "compose/carry.h"
#include "compose/melody.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- rhythm ---- */

static double cell_density(const StyleCell *cell)
{
    gint n = 0;

    for (gint i = 0; i < cell->n; i++)
        n += !cell->rest[i];
    return (double)n * tune_metre_beat_ticks(cell->metre) /
           (cell->bars * tune_metre_bar_ticks(cell->metre));
}

static void add_onset(Motif *out, gint tick, gint ticks)
{
    if (out->n == (gint)G_N_ELEMENTS(out->tick) ||
        (out->n > 0 && out->tick[out->n - 1] >= tick))
        return;
    if (out->n > 0)
        out->ticks[out->n - 1] = MIN(out->ticks[out->n - 1], tick - out->tick[out->n - 1]);
    out->tick[out->n] = tick;
    out->ticks[out->n++] = ticks;
}

/* The second bar first, as in a piece whose clave is turned. */
static void turn_bars(const Plan *plan, Motif *motif)
{
    gint bar = plan->bar_ticks, length = 2 * bar, split = 0;
    Motif old = *motif;

    while (split < old.n && old.tick[split] < bar)
        split++;
    for (gint i = 0; i < old.n; i++) {
        gint from = (split + i) % old.n;
        motif->tick[i] = (old.tick[from] + bar) % length;
        motif->ticks[i] = MIN(old.ticks[from], length - motif->tick[i]);
    }
}

static void take_cell(const StyleCell *cell, Motif *out)
{
    out->bars = cell->bars;
    out->n = 0;
    for (gint i = 0; i < cell->n; i++)
        if (!cell->rest[i])
            add_onset(out, cell->tick[i], cell->ticks[i]);
}

/* The cell's onsets in another metre, beat by beat and group by group (carry.h); what was held until the
 * next note still is. */
static void carry_cell(const Plan *plan, const StyleCell *cell, Motif *out)
{
    gint from = cell->bars * tune_metre_bar_ticks(cell->metre), at = 0;

    out->n = 0;
    out->bars = from > plan->bar_ticks + plan->bar_ticks / 2 ? 2 : 1;
    for (gint bar = 0; bar < out->bars; bar++) {
        CarrySpan spans[CARRY_MOST];
        gint n = carry_spans(cell->metre, cell->bars, TRUE, plan->metre, bar, spans);
        for (gint s = 0; s < n; s++)
            for (gint i = 0; i < cell->n; i++) {
                gint inside = cell->tick[i] - spans[s].from;
                gint place = inside < 0 || inside >= spans[s].from_ticks
                                 ? -1
                                 : carry_place(&spans[s], inside);
                if (place >= 0 && !cell->rest[i])
                    add_onset(out, at + place, 2 * plan->bar_ticks);
                else if (place >= 0 && out->n > 0) /* a rest ends the note before it */
                    out->ticks[out->n - 1] =
                        MIN(out->ticks[out->n - 1], at + place - out->tick[out->n - 1]);
            }
        at += plan->bar_ticks;
    }
    if (out->n == 0)
        add_onset(out, 0, plan->bar_ticks);
    out->ticks[out->n - 1] = MIN(out->ticks[out->n - 1], at - out->tick[out->n - 1]);
}

/* Weights of the style's cells for the wish; those of the piece's own metre come first, and the others
 * only where there are none.  Returns their sum. */
static double weigh_cells(const Plan *plan, TuneSectionRole role, double energy, double density,
                          double weights[64])
{
    const GArray *cells = plan->style->melody.cells;
    guint n = MIN(cells->len, 64);
    double sum = 0, best = 0, kinship[64];

    for (guint i = 0; i < n; i++) {
        const StyleCell *c = &g_array_index(cells, StyleCell, i);
        gboolean elsewhere = c->sections != 0 && !((c->sections >> role) & 1);
        kinship[i] = elsewhere ? 0 : carry_kinship(c->metre, plan->metre);
        best = MAX(best, kinship[i]);
    }
    for (guint i = 0; i < n; i++) {
        const StyleCell *c = &g_array_index(cells, StyleCell, i);
        if (kinship[i] <= 0 || kinship[i] < best / 4 || (best >= 1 && kinship[i] < 1))
            continue;
        double off = fabs(cell_density(c) - density) / MAX(density, 0.4);
        double out_of_range = MAX(0.0, MAX(c->energy[0] - energy, energy - c->energy[1]));
        weights[i] = kinship[i] * c->weight / (1.0 + 6 * off * off) /
                     (1.0 + 30 * out_of_range * out_of_range);
        if (c->sections != 0) /* what is made for the occasion goes first */
            weights[i] *= 4;
        sum += weights[i];
    }
    return sum;
}

static gboolean choose_cell(const Plan *plan, TuneSectionRole role, double energy, double density,
                            TuneRandom *random, Motif *out)
{
    const GArray *cells = plan->style->melody.cells;
    double weights[64] = {0};

    if (weigh_cells(plan, role, energy, density, weights) <= 0)
        return FALSE;
    gsize pick = tune_random_weighted(random, weights, MIN(cells->len, 64));
    const StyleCell *cell = &g_array_index(cells, StyleCell, pick);
    if (carry_is_same(cell->metre, plan->metre))
        take_cell(cell, out);
    else
        carry_cell(plan, cell, out);
    if (plan->pattern_shift == 1 && out->bars == 2 && out->n > 0)
        turn_bars(plan, out);
    return TRUE;
}

/* Onsets drawn by the weight of their places. */
static void make_rhythm(const Plan *plan, double density, TuneRandom *random, Motif *out)
{
    gint grid = plan->beat_ticks % 3 == 0 && tune_metre_is_compound(plan->metre)
                    ? plan->beat_ticks / 3
                    : plan->beat_ticks / 2;
    gint slots = MAX(1, plan->bar_ticks / grid);
    double wanted = density * plan->bar_ticks / plan->beat_ticks;
    double syncopation = plan->style->melody.syncopation, sum = 0, weights[64];

    slots = MIN(slots, 30);
    for (gint i = 0; i < slots; i++) {
        weights[i] = tune_metre_weight(plan->metre, i * grid) + 0.25 * syncopation;
        sum += weights[i];
    }
    out->bars = 1;
    out->n = 0;
    for (gint i = 0; i < slots; i++) {
        gboolean first = i == 0 && !tune_random_chance(random, syncopation * 0.3);
        if (first || tune_random_chance(random, MIN(0.95, wanted * weights[i] / sum * 1.1)))
            out->tick[out->n++] = i * grid;
    }
    if (out->n == 0)
        out->tick[out->n++] = 0;
    for (gint i = 0; i < out->n; i++)
        out->ticks[i] = (i + 1 < out->n ? out->tick[i + 1] : plan->bar_ticks) - out->tick[i];
}

/* ---- contour ---- */

static gint leap_size(TuneRandom *random)
{
    static const double weights[] = {5, 4, 2, 0.7, 0.2, 0.3}; /* third, fourth, fifth, ... octave */

    return 2 + (gint)tune_random_weighted(random, weights, G_N_ELEMENTS(weights));
}

static void make_contour(const Plan *plan, TuneRandom *random, Motif *out)
{
    const StyleMelody *m = &plan->style->melody;
    double kinds[3] = {m->repeat, m->step, m->leap * 0.75};
    gint direction = tune_random_chance(random, 0.55) ? 1 : -1, height = 0;
    gboolean leapt = FALSE;

    out->step[0] = LINE_FREE;
    for (gint i = 1; i < out->n; i++) {
        gint step;
        if (leapt && tune_random_chance(random, 0.8)) {
            step = -direction; /* a leap is recovered by a step the other way */
            direction = -direction;
            leapt = FALSE;
        } else {
            gsize kind = tune_random_weighted(random, kinds, 3);
            if (tune_random_chance(random, 0.32) || abs(height) > 4)
                direction = abs(height) > 4 ? (height > 0 ? -1 : 1) : -direction;
            leapt = kind == 2;
            step = kind == 0 ? 0 : (kind == 1 ? direction : direction * leap_size(random));
        }
        height += step;
        out->step[i] = step;
    }
}

double material_energy(const Plan *plan, gint material)
{
    double energy = 0;

    for (gint i = 0; i < plan->n_sections; i++)
        if (plan->sections[i].material == material)
            energy = MAX(energy, plan->sections[i].energy);
    return energy;
}

void motif_make(const Plan *plan, const PlanSection *section, const char *name, double density,
                Motif *out)
{
    TuneRandom random;

    memset(out, 0, sizeof *out);
    tune_random_init(&random, plan->seed, "material %d/motif %s/rhythm", section->material, name);
    if (!choose_cell(plan, section->role, material_energy(plan, section->material), density, &random,
                     out))
        make_rhythm(plan, density, &random, out);
    tune_random_init(&random, plan->seed, "material %d/motif %s/contour", section->material, name);
    make_contour(plan, &random, out);
}

void motif_invert(Motif *motif)
{
    for (gint i = 1; i < motif->n; i++)
        if (motif->step[i] != LINE_FREE)
            motif->step[i] = -motif->step[i];
}

void motif_fragment(const Plan *plan, Motif *motif)
{
    gint half = motif->bars * plan->bar_ticks / 2, n = 0;

    half -= half % plan->beat_ticks;
    if (half <= 0)
        return;
    while (n < motif->n && motif->tick[n] < half)
        n++;
    if (n == 0 || 2 * n > (gint)G_N_ELEMENTS(motif->tick))
        return;
    motif->ticks[n - 1] = MIN(motif->ticks[n - 1], half - motif->tick[n - 1]);
    for (gint i = 0; i < n; i++) {
        motif->tick[n + i] = motif->tick[i] + half;
        motif->ticks[n + i] = motif->ticks[i];
        motif->step[n + i] = motif->step[i];
    }
    motif->n = 2 * n;
}

void motif_augment(Motif *motif)
{
    for (gint i = 0; i < motif->n; i++) {
        motif->tick[i] *= 2;
        motif->ticks[i] *= 2;
    }
    motif->bars *= 2;
}

void motif_lay(const Motif *motif, gint tick, gint ticks, Line *line)
{
    for (gint i = 0; i < motif->n && line->n < LINE_MAX_NOTES; i++) {
        if (motif->tick[i] >= ticks)
            return;
        line->note[line->n++] = (LineNote){
            .tick = tick + motif->tick[i],
            .ticks = MIN(motif->ticks[i], ticks - motif->tick[i]),
            .want = motif->step[i],
            .syllable = -1,
        };
    }
}
