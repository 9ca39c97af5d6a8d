/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "compose/carry.h"

/* A bar taken apart. */
typedef struct {
    gint beat;            /* nominal ticks of a beat */
    gint n;
    gint ticks[CARRY_MOST]; /* of each beat; the odd eighth of a group of three is a short one */
    gint n_groups;
    gint groups[CARRY_MOST]; /* beats of each group */
} Anatomy;

gint carry_beat_ticks(TuneMetre metre)
{
    gint unit = TUNE_PPQ * 4 / metre.unit;

    if (tune_metre_is_compound(metre))
        return metre.beats == 3 ? unit : 3 * unit;
    return metre.unit > 8 ? TUNE_PPQ / 2 : TUNE_PPQ;
}

gboolean carry_is_same(TuneMetre a, TuneMetre b)
{
    if (a.beats == b.beats && a.unit == b.unit)
        return TRUE;
    return !tune_metre_is_compound(a) && !tune_metre_is_compound(b) && a.unit <= 4 && b.unit <= 4 &&
           tune_metre_bar_ticks(a) == tune_metre_bar_ticks(b);
}

static void add_group(Anatomy *a, gint ticks)
{
    gint from = a->n;

    while (ticks > 0 && a->n < CARRY_MOST) {
        a->ticks[a->n++] = MIN(ticks, a->beat);
        ticks -= a->beat;
    }
    if (a->n_groups < CARRY_MOST && a->n > from)
        a->groups[a->n_groups++] = a->n - from;
}

/* Beats of one each (dotted quarters) and eighths' groups become twos and threes of beats. */
static void group_beats(Anatomy *a, gint n)
{
    a->n_groups = 0;
    while (n > 0 && a->n_groups < CARRY_MOST) {
        gint size = n == 3 || n == 5 || n == 9 ? 3 : MIN(n, 2);
        a->groups[a->n_groups++] = size;
        n -= size;
    }
}

static void take_apart(TuneMetre metre, Anatomy *out)
{
    gint groups[TUNE_METRE_MOST_GROUPS], n = tune_metre_groups(metre, groups);

    *out = (Anatomy){.beat = carry_beat_ticks(metre)};
    for (gint i = 0; i < n; i++)
        add_group(out, groups[i]);
    if (metre.unit >= 8 && metre.beats > 3)
        group_beats(out, out->n);
}

/* Beats of the source that group @g of @n beats plays, and in which of its bars (counted on and on). */
static gint choose_beats(const Anatomy *from, const Anatomy *to, gint g, gint bar, gboolean leads,
                         gint out[CARRY_MOST])
{
    gint n = to->groups[g], source = from->n;
    gboolean alone = to->n_groups == 1;

    for (gint i = 0; i < n; i++)
        out[i] = i % MAX(1, source);
    if (source == 4) {
        gint half = alone && n <= 2 ? bar % 2 : g % 2;
        for (gint i = 0; i < n; i++)
            out[i] = 2 * half + MIN(i, 1);
        if (alone && n == 3)
            out[2] = leads ? 3 : 2;
        return alone && n <= 2 ? bar / 2 : bar;
    }
    if (source == 2) {
        for (gint i = 0; i < n; i++)
            out[i] = MIN(i, 1);
        return bar * to->n_groups + g;
    }
    if (source == 3 && n == 2)
        out[1] = g > 0 || alone ? 2 : 1;
    else if (source > 4 && g > 0)
        for (gint i = 0; i < n; i++)
            out[i] = MAX(0, source - n + i);
    return bar;
}

gint carry_spans(TuneMetre from, gint bars, gboolean leads, TuneMetre to, gint bar,
                 CarrySpan out[CARRY_MOST])
{
    Anatomy a, b;
    gint bar_ticks = tune_metre_bar_ticks(from), n = 0, at = 0;

    take_apart(from, &a);
    take_apart(to, &b);
    for (gint g = 0; g < b.n_groups; g++) {
        gint beats[CARRY_MOST];
        gint source_bar = choose_beats(&a, &b, g, bar, leads, beats) % MAX(1, bars);
        for (gint i = 0; i < b.groups[g] && n < b.n; i++) {
            gint start = source_bar * bar_ticks;
            for (gint k = 0; k < beats[i]; k++)
                start += a.ticks[k];
            out[n] = (CarrySpan){.from = start, .from_ticks = a.ticks[beats[i]], .from_beat = a.beat,
                                 .to = at, .to_ticks = b.ticks[n], .to_beat = b.beat};
            at += b.ticks[n++];
        }
    }
    return n;
}

gint carry_place(const CarrySpan *span, gint inside)
{
    static const gint sixths[4] = {0, 2, 4, 5}, quarters[6] = {0, 0, 1, 2, 2, 3};
    gint from = span->from_beat, to = span->to_beat, place = inside;

    if (to == TUNE_PPQ * 3 / 2 && from == TUNE_PPQ) /* quarters of the beat to thirds and sixths */
        place = sixths[CLAMP(inside * 4 / from, 0, 3)] * to / 6;
    else if (to == TUNE_PPQ && from == TUNE_PPQ * 3 / 2)
        place = quarters[CLAMP(inside * 6 / from, 0, 5)] * to / 4;
    else if (from != to)
        place = (gint)((gint64)inside * to / from);
    return place < span->to_ticks ? span->to + place : -1;
}

double carry_kinship(TuneMetre from, TuneMetre to)
{
    Anatomy a, b;

    if (carry_is_same(from, to))
        return 1;
    take_apart(from, &a);
    take_apart(to, &b);
    gint most = MAX(a.n, b.n), least = MAX(1, MIN(a.n, b.n));
    double kin = most == least ? 0.9 : (most == 2 * least ? 0.8 : 0.3);
    return tune_metre_is_compound(from) == tune_metre_is_compound(to) ? kin : kin * 0.03;
}
