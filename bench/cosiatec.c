/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The vectors between all pairs of points are sorted; each run of equal vectors is a maximal translatable
 * pattern (MTP).  Its TEC costs a search over all points, so an upper bound of its ratio comes first: a
 * pattern of k points that occurs t times covers at most min(k t, n) at the price k + t - 1, and t is at
 * most the number of pairs that lie apart like its first and last point.  MTPs are looked at in the order of
 * their bound until none can be better.
 */
#include "cosiatec.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    gint64 vector; /* onset and pitch packed so that they sort */
    guint origin, target;
} Pair;

typedef struct {
    guint first, k; /* in pairs */
    double bound;
} Mtp;

typedef struct {
    CosiatecPoint *points; /* sorted, those that are left */
    guint n;
    Pair *pairs;
    gsize n_pairs;
    GArray *mtps;     /* Mtp with k >= 2 */
    gint64 *vectors;  /* of all runs, ascending */
    guint *counts;
    gsize n_runs;
} Round;

typedef struct {
    double ratio, compactness;
    guint n_covered, price;
    guint8 *covered; /* [n] */
} Tec;

static gint64 packed(gint onset, gint pitch)
{
    return (gint64)onset * 1024 + pitch; /* |pitch difference| < 512 */
}

static int compare_points(const void *a, const void *b)
{
    const CosiatecPoint *x = a, *y = b;

    return x->onset != y->onset ? (x->onset < y->onset ? -1 : 1)
                                : (x->pitch > y->pitch) - (x->pitch < y->pitch);
}

static int compare_pairs(const void *a, const void *b)
{
    const Pair *x = a, *y = b;

    return x->vector != y->vector ? (x->vector < y->vector ? -1 : 1)
                                  : (x->origin > y->origin) - (x->origin < y->origin);
}

static int compare_bounds(const void *a, const void *b)
{
    const Mtp *x = a, *y = b;

    return x->bound != y->bound ? (x->bound > y->bound ? -1 : 1)
                                : (x->first > y->first) - (x->first < y->first);
}

static void collect_pairs(Round *round)
{
    gsize at = 0;

    for (guint i = 0; i < round->n; i++)
        for (guint k = i + 1; k < round->n; k++) {
            const CosiatecPoint *from = &round->points[i], *to = &round->points[k];
            round->pairs[at++] =
                (Pair){packed(to->onset - from->onset, to->pitch - from->pitch), i, k};
        }
    round->n_pairs = at;
    qsort(round->pairs, at, sizeof *round->pairs, compare_pairs);
}

static void collect_runs(Round *round)
{
    g_array_set_size(round->mtps, 0);
    round->n_runs = 0;
    for (gsize i = 0; i < round->n_pairs;) {
        gsize end = i;
        while (end < round->n_pairs && round->pairs[end].vector == round->pairs[i].vector)
            end++;
        round->vectors[round->n_runs] = round->pairs[i].vector;
        round->counts[round->n_runs++] = (guint)(end - i);
        if (end - i >= 2) {
            Mtp mtp = {(guint)i, (guint)(end - i), 0};
            g_array_append_val(round->mtps, mtp);
        }
        i = end;
    }
}

/* How many pairs lie apart by @vector, and the zero vector's own. */
static guint occurrences(const Round *round, gint64 vector)
{
    gsize low = 0, high = round->n_runs;

    while (low < high) {
        gsize middle = (low + high) / 2;
        if (round->vectors[middle] < vector)
            low = middle + 1;
        else
            high = middle;
    }
    return low < round->n_runs && round->vectors[low] == vector ? round->counts[low] : 0;
}

static double ratio_bound(double k, double t, double n)
{
    return k * t <= n ? k * t / (k + t - 1) : n / (k + n / k - 1);
}

static void set_bounds(Round *round)
{
    for (guint i = 0; i < round->mtps->len; i++) {
        Mtp *mtp = &g_array_index(round->mtps, Mtp, i);
        const CosiatecPoint *a = &round->points[round->pairs[mtp->first].origin];
        const CosiatecPoint *b = &round->points[round->pairs[mtp->first + 1].origin];
        const CosiatecPoint *z = &round->points[round->pairs[mtp->first + mtp->k - 1].origin];
        guint t = MIN(occurrences(round, packed(b->onset - a->onset, b->pitch - a->pitch)),
                      occurrences(round, packed(z->onset - a->onset, z->pitch - a->pitch)));

        mtp->bound = ratio_bound(mtp->k, t, round->n);
    }
    qsort(round->mtps->data, round->mtps->len, sizeof(Mtp), compare_bounds);
}

/* Index of the point, or -1. */
static gint find_point(const Round *round, gint onset, gint pitch)
{
    guint low = 0, high = round->n;
    CosiatecPoint wanted = {onset, pitch};

    while (low < high) {
        guint middle = (low + high) / 2;
        if (compare_points(&round->points[middle], &wanted) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low < round->n && compare_points(&round->points[low], &wanted) == 0 ? (gint)low : -1;
}

/* Points of the pattern over all points in the box around it. */
static double compactness(const Round *round, const Pair *pattern, guint k)
{
    guint first = pattern[0].origin, last = pattern[k - 1].origin, inside = 0;
    gint low = G_MAXINT, high = G_MININT;

    for (guint i = 0; i < k; i++) {
        low = MIN(low, round->points[pattern[i].origin].pitch);
        high = MAX(high, round->points[pattern[i].origin].pitch);
    }
    for (guint i = first; i <= last; i++)
        inside += round->points[i].pitch >= low && round->points[i].pitch <= high;
    return (double)k / inside;
}

static gboolean fits(const Round *round, const Pair *pattern, guint k, gint by_onset, gint by_pitch)
{
    for (guint i = 1; i < k; i++) {
        const CosiatecPoint *point = &round->points[pattern[i].origin];
        if (find_point(round, point->onset + by_onset, point->pitch + by_pitch) < 0)
            return FALSE;
    }
    return TRUE;
}

static void find_tec(const Round *round, const Mtp *mtp, Tec *out)
{
    const Pair *pattern = &round->pairs[mtp->first];
    const CosiatecPoint *head = &round->points[pattern[0].origin];
    guint n_vectors = 0;

    memset(out->covered, 0, round->n);
    out->n_covered = 0;
    for (guint d = 0; d < round->n; d++) {
        gint by_onset = round->points[d].onset - head->onset;
        gint by_pitch = round->points[d].pitch - head->pitch;

        if (!fits(round, pattern, mtp->k, by_onset, by_pitch))
            continue;
        n_vectors++;
        for (guint i = 0; i < mtp->k; i++) {
            const CosiatecPoint *point = &round->points[pattern[i].origin];
            gint at = find_point(round, point->onset + by_onset, point->pitch + by_pitch);
            out->n_covered += !out->covered[at];
            out->covered[at] = 1;
        }
    }
    out->price = mtp->k + n_vectors - 1;
    out->ratio = (double)out->n_covered / out->price;
}

/* The best TEC of the round; FALSE when none saves anything. */
static gboolean best_tec(const Round *round, Tec *best, Tec *other)
{
    best->ratio = 1.0;
    best->n_covered = 0;
    for (guint i = 0; i < round->mtps->len; i++) {
        const Mtp *mtp = &g_array_index(round->mtps, Mtp, i);

        if (mtp->bound < best->ratio - 1e-9)
            break;
        find_tec(round, mtp, other);
        if (other->ratio < best->ratio - 1e-9 || other->ratio <= 1.0 + 1e-9)
            continue;
        other->compactness = compactness(round, &round->pairs[mtp->first], mtp->k);
        gboolean better = best->n_covered == 0 || other->ratio > best->ratio + 1e-9 ||
                          other->compactness > best->compactness + 1e-9 ||
                          (other->compactness > best->compactness - 1e-9 &&
                           other->n_covered > best->n_covered);
        if (better) {
            Tec kept = *best;
            *best = *other;
            *other = kept;
        }
    }
    return best->n_covered > 0;
}

/* Removes the points and their pairs; what is left stays sorted. */
static void remove_covered(Round *round, const Tec *tec)
{
    g_autofree guint *index = g_new(guint, round->n);
    guint kept = 0;
    gsize n_kept = 0;

    for (guint i = 0; i < round->n; i++) {
        index[i] = kept;
        if (!tec->covered[i])
            round->points[kept++] = round->points[i];
    }
    for (gsize i = 0; i < round->n_pairs; i++) {
        Pair pair = round->pairs[i];
        if (!tec->covered[pair.origin] && !tec->covered[pair.target])
            round->pairs[n_kept++] = (Pair){pair.vector, index[pair.origin], index[pair.target]};
    }
    round->n = kept;
    round->n_pairs = n_kept;
}

static guint sort_and_thin(CosiatecPoint *points, guint n)
{
    guint kept = 0;

    qsort(points, n, sizeof *points, compare_points);
    for (guint i = 0; i < n; i++)
        if (kept == 0 || compare_points(&points[i], &points[kept - 1]) != 0)
            points[kept++] = points[i];
    return kept;
}

double cosiatec_ratio(const CosiatecPoint *points, guint n, CosiatecResult *out)
{
    gsize most = (gsize)n * (n > 0 ? n - 1 : 0) / 2 + 1;
    g_autofree CosiatecPoint *left = g_memdup2(points, n * sizeof *points);
    g_autofree Pair *pairs = g_new(Pair, most);
    g_autofree gint64 *vectors = g_new(gint64, most);
    g_autofree guint *counts = g_new(guint, most);
    g_autofree guint8 *one = g_malloc0(n + 1), *two = g_malloc0(n + 1);
    g_autoptr(GArray) mtps = g_array_new(FALSE, FALSE, sizeof(Mtp));
    Tec best = {.covered = one}, other = {.covered = two};
    Round round = {.points = left, .pairs = pairs, .mtps = mtps, .vectors = vectors, .counts = counts};

    round.n = n > 0 ? sort_and_thin(left, n) : 0;
    *out = (CosiatecResult){.n_points = round.n};
    collect_pairs(&round);
    while (round.n > 1) {
        collect_runs(&round);
        set_bounds(&round);
        if (!best_tec(&round, &best, &other))
            break;
        out->price += best.price;
        out->n_tecs++;
        remove_covered(&round, &best);
    }
    out->n_left = round.n;
    out->price += round.n;
    return out->price > 0 ? (double)out->n_points / out->price : 1.0;
}
