/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Which sections of a form are played in so many bars, and how many bars each of them has.
 */
#include "compose/form.h"

#include <math.h>

static gint total_bars(const GArray *drafts)
{
    gint sum = 0;

    for (guint i = 0; i < drafts->len; i++)
        sum += g_array_index(drafts, Draft, i).bars;
    return sum;
}

static gint least_bars(const GArray *drafts)
{
    gint sum = 0;

    for (guint i = 0; i < drafts->len; i++) {
        const Draft *d = &g_array_index(drafts, Draft, i);
        sum += d->fixed ? d->bars : d->least;
    }
    return sum;
}

/* Index of the droppable section that goes first, or -1. */
static gint first_to_drop(const GArray *drafts)
{
    gint best = -1, rank = 0;

    for (guint i = 0; i < drafts->len; i++) {
        const Draft *d = &g_array_index(drafts, Draft, i);
        if (d->drop > rank && d->said == NULL) {
            rank = d->drop;
            best = (gint)i;
        }
    }
    return best;
}

/* Goes once more through the stretch that may be repeated. */
static gboolean add_cycle(GArray *drafts)
{
    gint from = -1, to = -1;

    for (guint i = 0; i < drafts->len; i++)
        if (g_array_index(drafts, Draft, i).cycle) {
            from = from < 0 ? (gint)i : from;
            to = (gint)i + 1;
        } else if (from >= 0) {
            break;
        }
    if (from < 0 || drafts->len + (guint)(to - from) > 60)
        return FALSE;
    for (gint i = from; i < to; i++) {
        Draft copy = g_array_index(drafts, Draft, i);
        copy.cycle = FALSE;
        copy.round++;
        copy.drop = MAX(copy.drop, 1);
        copy.said = NULL;
        copy.energy = MAX(0.1, copy.energy - 0.04);
        g_array_insert_val(drafts, i + (to - from), copy);
    }
    /* The copy stands behind: it is the later one that may come again. */
    for (gint i = from; i < to; i++) {
        g_array_index(drafts, Draft, i).cycle = FALSE;
        g_array_index(drafts, Draft, i + (to - from)).cycle = TRUE;
    }
    return TRUE;
}

/* ---- lengths ---- */

/* Longer than this a section of its kind wears out. */
static gint longest(const Draft *d)
{
    switch (d->role) {
    case TUNE_SECTION_INTRO:
    case TUNE_SECTION_OUTRO:
    case TUNE_SECTION_CODA:
    case TUNE_SECTION_PRECHORUS:
    case TUNE_SECTION_BUILD:
    case TUNE_SECTION_BREAKDOWN:
    case TUNE_SECTION_INTERLUDE:
        return MAX(8, d->bars);
    default:
        return MAX(16, d->bars);
    }
}

static double reluctance(const Draft *d, gint wanted, gint bars, gint unit)
{
    double least = d->least > 0 ? d->least : 1;
    double cost = fabs((double)bars / wanted - 1.0);

    if (bars < least)
        cost += 3 + (least - bars);
    if (d->fades) /* it goes on behind the end */
        return cost;
    if (bars % 2 != 0)
        cost += d->role == TUNE_SECTION_OUTRO || d->role == TUNE_SECTION_INTRO ? 0.3 : 0.8;
    else if (d->phrase_bars >= 4 && bars % 4 != 0)
        cost += d->role == TUNE_SECTION_OUTRO || d->role == TUNE_SECTION_INTRO ? 0.25 : 0.9;
    if (bars > 8 && bars % 8 == 4 && d->bars % 8 == 0) /* once and a half through the eight */
        cost += 0.4;
    if (bars > longest(d))
        cost += 0.3 * (bars - longest(d));
    if (unit > 1 && bars % unit != 0) /* a said progression would be cut off */
        cost += 0.5;
    /* A fixed form of twelve bars is twelve bars. */
    if (d->least == d->bars && bars != d->bars && d->bars >= 8)
        cost += bars % d->bars == 0 ? 0.8 : 3;
    return cost;
}

/* How many sections of the same kind would differ in length from section @i. */
static gint twins_apart(const GArray *drafts, const gint *bars, guint i, gint length)
{
    const Draft *d = &g_array_index(drafts, Draft, i);
    gint n = 0;

    for (guint k = 0; k < drafts->len && !d->fades; k++) {
        const Draft *other = &g_array_index(drafts, Draft, k);
        n += k != i && !other->fades && other->role == d->role && other->material == d->material &&
             other->bars == d->bars && bars[k] != length;
    }
    return n;
}

/* Best next change of one section by @unit bars, and what it costs; -1 when none can change. */
static gint best_change(const GArray *drafts, const gint *wanted, const gint *bars, guint from,
                        guint to, gint unit, gint loop, double *best_cost)
{
    gint best = -1;

    *best_cost = G_MAXDOUBLE;
    for (guint i = from; i < to; i++) {
        const Draft *d = &g_array_index(drafts, Draft, i);
        if (d->fixed || bars[i] + unit < 1)
            continue;
        double cost = reluctance(d, wanted[i], bars[i] + unit, loop) -
                      reluctance(d, wanted[i], bars[i], loop) +
                      0.8 * (twins_apart(drafts, bars, i, bars[i] + unit) -
                              twins_apart(drafts, bars, i, bars[i]));
        if (cost < *best_cost) {
            *best_cost = cost;
            best = (gint)i;
        }
    }
    return best;
}

/* Bars for the sections from..to that sum to @total. */
static void allocate(const GArray *drafts, gint *bars, guint from, guint to, gint total, gint loop)
{
    g_autofree gint *wanted = g_new(gint, to);
    gint sum = 0, open = 0;

    for (guint i = from; i < to; i++) {
        const Draft *d = &g_array_index(drafts, Draft, i);
        sum += d->bars;
        open += d->fixed ? 0 : d->bars;
    }
    double scale = open > 0 ? (double)(total - (sum - open)) / open : 1.0;
    sum = 0;
    for (guint i = from; i < to; i++) {
        const Draft *d = &g_array_index(drafts, Draft, i);
        wanted[i] = d->bars;
        bars[i] = d->bars;
        if (!d->fixed && (scale > 1.3 || scale < 0.8 || loop > 1)) {
            gint unit = loop > 1 && d->bars * scale >= loop ? loop : (d->bars * scale >= 4 ? 4 : 2);
            double scaled = MIN(d->bars * scale, longest(d));
            bars[i] = MAX(1, (gint)floor(scaled / unit + 0.5) * unit);
            wanted[i] = MAX(1, (gint)(scaled + 0.5));
        }
        sum += bars[i];
    }
    while (sum != total) {
        gint rest = total - sum, size = ABS(rest) >= 4 ? 4 : (ABS(rest) >= 2 ? 2 : 1);
        gint unit = rest > 0 ? size : -size;
        double cost, twice;
        gint i = best_change(drafts, wanted, bars, from, to, unit, loop, &cost);
        while (i < 0 && ABS(unit) > 1) {
            unit /= 2;
            i = best_change(drafts, wanted, bars, from, to, unit, loop, &cost);
        }
        if (ABS(rest) >= 8) { /* a solo of sixteen becomes one of eight, not one of twelve */
            gint k = best_change(drafts, wanted, bars, from, to, rest > 0 ? 8 : -8, loop, &twice);
            if (k >= 0 && twice <= 2 * cost) {
                i = k;
                unit = rest > 0 ? 8 : -8;
            }
        }
        if (i < 0) { /* everything was said: the last one gives way */
            bars[to - 1] = MAX(1, bars[to - 1] + rest);
            return;
        }
        bars[i] += unit;
        sum += unit;
    }
}

/* Sections with a wanted start cut the piece into stretches that are filled one by one. */
static void allocate_all(const GArray *drafts, gint *bars, gint total, double bar_seconds, gint loop)
{
    guint from = 0;
    gint done = 0;

    for (guint i = 1; i < drafts->len; i++) {
        const Draft *d = &g_array_index(drafts, Draft, i);
        if (d->at_seconds <= 0)
            continue;
        gint start = (gint)floor(d->at_seconds / bar_seconds + 0.5);
        gint behind = (gint)(drafts->len - i);
        start = CLAMP(start, done + (gint)(i - from), total - behind);
        if (start - done < (gint)(i - from))
            continue;
        allocate(drafts, bars, from, i, start - done, loop);
        from = i;
        done = start;
    }
    allocate(drafts, bars, from, drafts->len, total - done, loop);
}

static void tell_shortened(Plan *plan, const GArray *drafts, const gint *bars)
{
    for (guint i = 0; i < drafts->len; i++) {
        const Draft *d = &g_array_index(drafts, Draft, i);
        if (d->said != NULL && !d->fixed && bars[i] < 4 && bars[i] < d->bars)
            plan_note(plan, "the %s has only %d bar%s: there is little time",
                      tune_section_role_name(d->role), bars[i], bars[i] == 1 ? "" : "s");
    }
}

void drafts_allocate(Plan *plan, GArray *drafts, gint body, gint ending, gboolean total_said,
                     double bar_seconds)
{
    gint total = total_said ? body + ending : body;

    while ((gint)drafts->len > total && first_to_drop(drafts) >= 0)
        g_array_remove_index(drafts, first_to_drop(drafts));
    while ((gint)drafts->len > total) /* no more time than bars: the style's own sections go */
        g_array_remove_index(drafts, drafts->len - 1);
    g_autofree gint *bars = g_new0(gint, drafts->len);
    g_array_index(drafts, Draft, drafts->len - 1).fades = plan->ending == TUNE_ENDING_FADE;
    allocate_all(drafts, bars, total, bar_seconds, plan->brief->chords->len > 0 ? said_loop_bars(plan) : 0);
    if (!total_said)
        bars[drafts->len - 1] += ending;
    tell_shortened(plan, drafts, bars);
    for (guint i = 0; i < drafts->len; i++) {
        Draft *d = &g_array_index(drafts, Draft, i);
        d->bars = bars[i];
        if (plan->brief->chords->len == 0)
            while (d->phrase_bars > 1 && d->phrase_bars > d->bars)
                d->phrase_bars /= 2;
    }
}
/* Every section has its one length, but for what stands before and behind the dance. */
static gboolean is_of_strains(const GArray *drafts)
{
    for (guint i = 0; i < drafts->len; i++) {
        const Draft *d = &g_array_index(drafts, Draft, i);
        if (d->least != d->bars && d->role != TUNE_SECTION_INTRO && d->role != TUNE_SECTION_OUTRO &&
            d->role != TUNE_SECTION_CODA)
            return FALSE;
    }
    return TRUE;
}

/* ---- which sections ---- */

/* From so many sections on one more or less hardly matters, and weighing them all would take time. */
#define MANY_SECTIONS 12

/* How far the sections are from what they should be when they have @bars altogether. */
static double strain_in(GArray *drafts, gint bars, gboolean fades)
{
    g_autofree gint *each = g_new0(gint, drafts->len);
    double strain = 0;

    if ((gint)drafts->len > bars)
        return 100;
    if (fades)
        g_array_index(drafts, Draft, drafts->len - 1).fades = TRUE;
    allocate(drafts, each, 0, drafts->len, bars, 0);
    for (guint i = 0; i < drafts->len; i++)
        strain += reluctance(&g_array_index(drafts, Draft, i), g_array_index(drafts, Draft, i).bars, each[i], 0) +
                  0.4 * twins_apart(drafts, each, i, each[i]);
    return strain;
}

/* The sections that are in, with @extra and without @less (or -1). */
static GArray *chosen_of(const GArray *all, const gboolean *in, gint extra, gint less)
{
    GArray *chosen = g_array_new(FALSE, TRUE, sizeof(Draft));

    for (gint i = 0; i < (gint)all->len; i++)
        if ((in == NULL || in[i] || i == extra) && i != less)
            g_array_append_val(chosen, g_array_index(all, Draft, i));
    return chosen;
}

/* Index of the first section that follows one of its kind, which it does not in the whole form (a chorus after
 * a chorus, the verse between them gone), or -1; @n tells how many there are. */
static gint collision(const GArray *all, const gboolean *in, gint extra, gint less, gint *n)
{
    gint before = -1, first = -1;

    *n = 0;
    for (gint i = 0; i < (gint)all->len; i++) {
        const Draft *d = &g_array_index(all, Draft, i);
        if ((!in[i] && i != extra) || i == less)
            continue;
        const Draft *last = before < 0 ? NULL : &g_array_index(all, Draft, before);
        if (last != NULL && before + 1 < i && last->role == d->role && last->material == d->material) {
            first = *n == 0 ? before : first;
            ++*n;
        }
        before = i;
    }
    return first;
}

static gboolean leads_on(TuneSectionRole role)
{
    return role == TUNE_SECTION_BUILD || role == TUNE_SECTION_BREAKDOWN || role == TUNE_SECTION_BRIDGE ||
           role == TUNE_SECTION_PRECHORUS || role == TUNE_SECTION_INTERLUDE || role == TUNE_SECTION_INTRO;
}

/* TRUE when what is in ends with a section that leads on to one that was left out, though the form can spare
 * that one less. */
static gboolean hangs(const GArray *all, const gboolean *in, gint extra, gint less)
{
    gint least = G_MAXINT;

    for (gint i = (gint)all->len; i-- > 0;) {
        const Draft *d = &g_array_index(all, Draft, i);
        if ((in[i] || i == extra) && i != less)
            return least < d->drop && leads_on(d->role);
        least = MIN(least, d->drop);
    }
    return FALSE;
}

/* A piece of eight bars and more wants something to grow from: one or two sections of many are few. */
static double lonely(const GArray *all, const gboolean *in, gint extra, gint less, gint bars)
{
    gint n = (extra >= 0) - (less >= 0), most = MIN(3, (gint)all->len);

    for (guint i = 0; i < all->len; i++)
        n += in[i];
    return bars < 8 ? 0 : 0.6 * MAX(0, most - n) + (n < 2 && most > 1 ? 0.8 : 0);
}

typedef struct {
    GArray *drafts;
    double strain;
} Fit;

/* The sections that are in, or with @extra, or without @less: takes @best's place when it fits better. */
static void try_sections(const GArray *all, const gboolean *in, gint extra, gint less, gint bars,
                         gboolean fades, Fit *best)
{
    gint n;

    collision(all, in, extra, less, &n);
    double strain = 0.4 * n + (extra >= 0 ? 0.05 : 0) + (less >= 0 ? 0.1 : 0) +
                    (hangs(all, in, extra, less) ? 2 : 0) + lonely(all, in, extra, less, bars);
    if (strain >= best->strain - 1e-9)
        return;
    g_autoptr(GArray) tried = chosen_of(all, in, extra, less);
    strain += strain_in(tried, bars, fades);
    if (strain < best->strain - 1e-9) {
        best->strain = strain;
        g_array_set_size(best->drafts, 0);
        g_array_append_vals(best->drafts, tried->data, tried->len);
    }
}

static gboolean may_come_back(const Draft *d)
{
    return d->bars <= 4 &&
           (d->role == TUNE_SECTION_INTRO || d->role == TUNE_SECTION_OUTRO || d->role == TUNE_SECTION_CODA ||
            d->role == TUNE_SECTION_INTERLUDE || d->role == TUNE_SECTION_BRIDGE ||
            d->role == TUNE_SECTION_BREAKDOWN);
}

/* Tries the sections that are in as they are, with a short one that went before (an introduction of four
 * bars), and without the first of two choruses between which nothing is left. */
static void weigh(const GArray *all, const gboolean *in, gint bars, gboolean fades, Fit *best)
{
    gint n;

    for (gint extra = -1; extra < (gint)all->len; extra++) {
        if (extra >= 0 && (in[extra] || !may_come_back(&g_array_index(all, Draft, extra))))
            continue;
        try_sections(all, in, extra, -1, bars, fades, best);
        gint twin = collision(all, in, extra, -1, &n);
        if (twin >= 0 && g_array_index(all, Draft, twin).said == NULL &&
            g_array_index(all, Draft, twin).drop > 0)
            try_sections(all, in, extra, twin, bars, fades, best);
    }
}

/* Index of the section among those that are in which goes next, or -1: of several rounds the last is thinned
 * first, when everybody knows the tune. */
static gint next_to_drop(const GArray *all, const gboolean *in)
{
    gint best = -1, rank = 0, round = 0;

    for (guint i = 0; i < all->len; i++) {
        const Draft *d = &g_array_index(all, Draft, i);
        if ((in == NULL || in[i]) && d->said == NULL && d->drop > 0 &&
            (d->drop > rank || (d->drop == rank && d->round > round))) {
            rank = d->drop;
            round = d->round;
            best = (gint)i;
        }
    }
    return best;
}

/* Leaves out what goes first, one section after the other, and keeps the choice that fits best. */
static double leave_out(GArray *drafts, gint bars, gboolean fades)
{
    g_autoptr(GArray) all = chosen_of(drafts, NULL, -1, -1);
    g_autofree gboolean *in = g_new(gboolean, drafts->len);
    Fit best = {drafts, G_MAXDOUBLE};
    gint total = total_bars(all), drop, next;
    double most = bars < 40 ? 2.5 : 1.3; /* a short piece may halve its sections */

    for (guint i = 0; i < all->len; i++)
        in[i] = TRUE;
    do {
        drop = next_to_drop(all, in);
        next = drop < 0 ? 0 : total - g_array_index(all, Draft, drop).bars;
        if (total < bars * most || next < bars * 0.7)
            weigh(all, in, bars, fades, &best);
        if (drop >= 0)
            in[drop] = FALSE;
        total = next;
    } while (drop >= 0 && total > 0 && total >= bars * 0.5 && best.strain > 0.01);
    return best.strain;
}

/* Where there are many sections: as many as come nearest. */
static void leave_out_roughly(GArray *drafts, gint bars)
{
    for (;;) {
        gint total = total_bars(drafts), drop = next_to_drop(drafts, NULL);
        if (drop < 0 || drafts->len == 1)
            return;
        gint without = total - g_array_index(drafts, Draft, drop).bars;
        gboolean better = ABS(without - bars) < ABS(total - bars) && without >= bars * 0.7;
        if (least_bars(drafts) <= bars && !better)
            return;
        if (total <= bars)
            return;
        g_array_remove_index(drafts, drop);
    }
}

double drafts_fit(GArray *drafts, gint bars, gboolean fades)
{
    /* Dances in strains of so many bars cannot be stretched: another round, or no more. */
    double enough = is_of_strains(drafts) ? 0.95 : 0.8;

    while (total_bars(drafts) < bars * enough && add_cycle(drafts))
        ;
    if (drafts->len <= MANY_SECTIONS)
        return leave_out(drafts, bars, fades);
    leave_out_roughly(drafts, bars);
    return strain_in(drafts, bars, fades);
}
