/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * All pairs of points are sorted by their vector, once; each run of equal vectors is a maximal
 * translatable pattern (MTP).  Later rounds differ from the first only by what was covered, so that
 * the runs are kept:
 *
 *   - each pair of points knows its run; when a point is covered, the runs of its pairs count one
 * less;
 *   - runs wait in a heap by an upper bound of their ratio.  A pattern of k points that occurs t
 * times covers at most min(k t, n) at the price k + t - 1; t is at most the size of the run of any
 * two of its points. Covering others' points can only lower this, so that an old bound is still a
 * bound; a pattern that loses a point may occur more often, so that its bound is renewed at once.
 * The round ends when the best ratio found is above the top of the heap;
 *   - a TEC once computed is itself a bound as long as its pattern is whole;
 *   - the occurrences of a pattern are sought among those of its rarest two points;
 *   - patterns of one shape have one TEC, which is computed once a round.
 */
#include "cosiatec.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define EPSILON 1e-9

/* A pair in one number: onset difference, pitch difference + 512 (10 bits), origin and target (14
 * each). */
#define INDEX_BITS  14
#define VECTOR_BITS 32
#define RADIX_BITS  11

typedef struct {
    guint first, size; /* in pairs; those of covered points may still be among them */
    guint alive;       /* pairs of which both points are left */
    guint tried, n_vectors, n_covered; /* the last TEC of the pattern, when it had @tried points */
    guint place;                       /* in the heap, counted from 1; 0 = not there */
    float bound;                       /* of its ratio, from above */
} Run;

typedef struct {
    guint64 shape; /* 0 = free */
    guint n_covered, n_vectors;
} Known;

typedef struct {
    double ratio, compactness;
    guint n_covered, price;
    guint run;
} Tec;

typedef struct {
    const CosiatecPoint *points; /* [n], sorted */
    guint n, n_left;
    guint8 *gone; /* [n] */
    guint64 *pairs;
    gsize n_pairs;
    guint32 *run_of; /* of the pair i < k at pair_index */
    Run *runs;
    guint n_runs;
    guint32 *heap; /* runs, the highest bound first */
    guint n_heap;
    guint16 *table; /* point index + 1 by hash, 0 = free */
    guint table_bits;
    guint32 *stamp; /* [n] */
    guint32 time;
    Known *known;
    guint n_known, known_bits;
} State;

static int compare_points(const void *a, const void *b)
{
    const CosiatecPoint *x = a, *y = b;

    return x->onset != y->onset ? (x->onset < y->onset ? -1 : 1)
                                : (x->pitch > y->pitch) - (x->pitch < y->pitch);
}

/* ---- pairs and runs ---- */

static guint origin_of(guint64 pair)
{
    return (guint)(pair >> INDEX_BITS) & ((1u << INDEX_BITS) - 1);
}

static guint target_of(guint64 pair)
{
    return (guint)pair & ((1u << INDEX_BITS) - 1);
}

static gsize pair_index(const State *s, guint i, guint k)
{
    return (gsize)i * (2 * s->n - i - 1) / 2 + (k - i - 1);
}

static const Run *run_between(const State *s, guint i, guint k)
{
    return &s->runs[s->run_of[pair_index(s, i, k)]];
}

static void collect_pairs(State *s)
{
    gsize at = 0;

    for (guint i = 0; i < s->n; i++)
        for (guint k = i + 1; k < s->n; k++) {
            guint64 by_onset = (guint64)(s->points[k].onset - s->points[i].onset);
            guint64 by_pitch = (guint64)(s->points[k].pitch - s->points[i].pitch + 512);
            s->pairs[at++] = (by_onset << 10 | by_pitch) << 2 * INDEX_BITS | i << INDEX_BITS | k;
        }
    s->n_pairs = at;
}

/* By vector; pairs of one vector stay in the order of their origins.  @room: [n_pairs].  Returns
 * the array that holds them. */
static guint64 *sort_pairs(guint64 *pairs, guint64 *room, gsize n)
{
    for (guint shift = 2 * INDEX_BITS; shift < 2 * INDEX_BITS + VECTOR_BITS; shift += RADIX_BITS) {
        gsize start[1 << RADIX_BITS] = {0}, sum = 0;
        for (gsize i = 0; i < n; i++)
            start[(pairs[i] >> shift) & ((1 << RADIX_BITS) - 1)]++;
        for (guint d = 0; d < 1 << RADIX_BITS; d++) {
            gsize count = start[d];
            start[d] = sum;
            sum += count;
        }
        for (gsize i = 0; i < n; i++)
            room[start[(pairs[i] >> shift) & ((1 << RADIX_BITS) - 1)]++] = pairs[i];
        guint64 *sorted = room;
        room = pairs;
        pairs = sorted;
    }
    return pairs;
}

static void collect_runs(State *s)
{
    guint n = 0;

    for (gsize i = 0; i < s->n_pairs; i++)
        n += i == 0 || s->pairs[i] >> 2 * INDEX_BITS != s->pairs[i - 1] >> 2 * INDEX_BITS;
    s->runs = g_new(Run, n + 1);
    for (gsize i = 0; i < s->n_pairs;) {
        gsize end = i;
        while (end < s->n_pairs &&
               s->pairs[end] >> 2 * INDEX_BITS == s->pairs[i] >> 2 * INDEX_BITS) {
            s->run_of[pair_index(s, origin_of(s->pairs[end]), target_of(s->pairs[end]))] =
                s->n_runs;
            end++;
        }
        s->runs[s->n_runs++] =
            (Run){.first = (guint)i, .size = (guint)(end - i), .alive = (guint)(end - i)};
        i = end;
    }
}

/* The pattern's points as pairs, without those that were covered. */
static const guint64 *pattern_of(State *s, Run *run)
{
    guint64 *pair = s->pairs + run->first;
    guint kept = 0;

    if (run->size == run->alive)
        return pair;
    for (guint i = 0; i < run->size; i++)
        if (!s->gone[origin_of(pair[i])] && !s->gone[target_of(pair[i])])
            pair[kept++] = pair[i];
    run->size = kept;
    return pair;
}

/* ---- points by place ---- */

static guint hash_of(const State *s, gint onset, gint pitch)
{
    guint64 key = (guint64)(gint64)onset * 1024 + (guint64)(gint64)pitch;

    return (guint)(key * G_GUINT64_CONSTANT(0x9e3779b97f4a7c15) >> (64 - s->table_bits));
}

static void fill_table(State *s)
{
    for (s->table_bits = 4; 1u << s->table_bits < 3 * s->n; s->table_bits++)
        ;
    s->table = g_new0(guint16, 1u << s->table_bits);
    for (guint i = 0; i < s->n; i++) {
        guint at = hash_of(s, s->points[i].onset, s->points[i].pitch);
        while (s->table[at] != 0)
            at = (at + 1) & ((1u << s->table_bits) - 1);
        s->table[at] = (guint16)(i + 1);
    }
}

/* Index of the point that is left there, or -1. */
static gint find_point(const State *s, gint onset, gint pitch)
{
    for (guint at = hash_of(s, onset, pitch); s->table[at] != 0;
         at = (at + 1) & ((1u << s->table_bits) - 1)) {
        guint i = s->table[at] - 1u;
        if (s->points[i].onset == onset && s->points[i].pitch == pitch)
            return s->gone[i] ? -1 : (gint)i;
    }
    return -1;
}

/* ---- bounds ---- */

static double ratio_bound(double k, double t, double n)
{
    return k * t <= n ? k * t / (k + t - 1) : n / (k + n / k - 1);
}

/* Rounded up: a bound stays one. */
static float upwards(double bound)
{
    return (float)(bound * (1 + 1e-6));
}

/* Of the run's ratio, from above; no better than needed to be below @enough. */
static float bound_of(State *s, Run *run, double enough)
{
    const guint64 *pattern = pattern_of(s, run);
    guint k = run->alive, head = k > 0 ? origin_of(pattern[0]) : 0, t = G_MAXUINT;
    double bound = 0;

    if (k < 2)
        return 0;
    if (run->tried == k)
        return upwards(ratio_bound(k, run->n_vectors, MIN(run->n_covered, s->n_left)));
    for (guint i = k; i-- > 1;) { /* the far end is the rarest */
        t = MIN(t, run_between(s, head, origin_of(pattern[i]))->alive);
        t = MIN(t, run_between(s, origin_of(pattern[i - 1]), origin_of(pattern[i]))->alive);
        bound = ratio_bound(k, t, s->n_left);
        if (bound < enough)
            break;
    }
    return upwards(bound);
}

/* ---- heap ---- */

static float bound_at(const State *s, guint at)
{
    return s->runs[s->heap[at]].bound;
}

static void put(State *s, guint at, guint32 run)
{
    s->heap[at] = run;
    s->runs[run].place = at + 1;
}

static void sink(State *s, guint at)
{
    guint32 run = s->heap[at];

    for (;;) {
        guint child = 2 * at + 1;
        if (child + 1 < s->n_heap && bound_at(s, child + 1) > bound_at(s, child))
            child++;
        if (child >= s->n_heap || bound_at(s, child) <= s->runs[run].bound)
            break;
        put(s, at, s->heap[child]);
        at = child;
    }
    put(s, at, run);
}

static void rise(State *s, guint at)
{
    guint32 run = s->heap[at];

    while (at > 0 && bound_at(s, (at - 1) / 2) < s->runs[run].bound) {
        put(s, at, s->heap[(at - 1) / 2]);
        at = (at - 1) / 2;
    }
    put(s, at, run);
}

static void push(State *s, guint32 run)
{
    s->heap[s->n_heap++] = run;
    rise(s, s->n_heap - 1);
}

static guint32 pop(State *s)
{
    guint32 top = s->heap[0];

    s->runs[top].place = 0;
    if (--s->n_heap > 0) {
        s->heap[0] = s->heap[s->n_heap];
        sink(s, 0);
    }
    return top;
}

static void fill_heap(State *s)
{
    s->heap = g_new(guint32, s->n_runs + 1);
    for (guint i = 0; i < s->n_runs; i++)
        if (s->runs[i].size >= 2) {
            s->runs[i].bound = bound_of(s, &s->runs[i], G_MAXDOUBLE);
            put(s, s->n_heap++, i);
        }
    for (guint i = s->n_heap / 2; i-- > 0;)
        sink(s, i);
}

/* ---- one TEC ---- */

/* The same for all patterns of one shape: a hash of the runs between the first point and the
 * others. */
static guint64 shape_of(const State *s, const guint64 *pattern, guint k)
{
    guint64 hash = k;

    for (guint i = 1; i < k; i++) {
        hash ^= s->run_of[pair_index(s, origin_of(pattern[0]), origin_of(pattern[i]))];
        hash *= G_GUINT64_CONSTANT(0x9e3779b97f4a7c15);
        hash ^= hash >> 29;
    }
    return hash | 1;
}

static gboolean fits(const State *s, const guint64 *pattern, guint k, gint by_onset, gint by_pitch)
{
    for (guint i = k; i-- > 0;) {
        const CosiatecPoint *p = &s->points[origin_of(pattern[i])];
        if (find_point(s, p->onset + by_onset, p->pitch + by_pitch) < 0)
            return FALSE;
    }
    return TRUE;
}

/* Stamps the points that the run's pattern covers wherever it fits with a new time. */
static void cover(State *s, Run *run, Known *out)
{
    const guint64 *pattern = pattern_of(s, run);
    guint k = run->alive, a = 0, b = 1, n_vectors = 0;

    for (guint i = 1; i < k; i++) {
        guint head = run_between(s, origin_of(pattern[0]), origin_of(pattern[i]))->alive;
        if (head < run_between(s, origin_of(pattern[a]), origin_of(pattern[b]))->alive) {
            a = 0;
            b = i;
        }
        guint step = run_between(s, origin_of(pattern[i - 1]), origin_of(pattern[i]))->alive;
        if (step < run_between(s, origin_of(pattern[a]), origin_of(pattern[b]))->alive) {
            a = i - 1;
            b = i;
        }
    }
    const CosiatecPoint *anchor = &s->points[origin_of(pattern[a])];
    Run *rare = &s->runs[s->run_of[pair_index(s, origin_of(pattern[a]), origin_of(pattern[b]))]];
    const guint64 *places = pattern_of(s, rare);
    s->time++;
    out->n_covered = 0;
    for (guint d = 0; d < rare->alive; d++) {
        const CosiatecPoint *place = &s->points[origin_of(places[d])];
        gint by_onset = place->onset - anchor->onset, by_pitch = place->pitch - anchor->pitch;
        if (!fits(s, pattern, k, by_onset, by_pitch))
            continue;
        n_vectors++;
        for (guint i = 0; i < k; i++) {
            const CosiatecPoint *p = &s->points[origin_of(pattern[i])];
            gint at = find_point(s, p->onset + by_onset, p->pitch + by_pitch);
            out->n_covered += s->stamp[at] != s->time;
            s->stamp[at] = s->time;
        }
    }
    out->n_vectors = n_vectors;
}

/* Points of the pattern over all points that are left in the box around it. */
static double compactness(const State *s, const guint64 *pattern, guint k)
{
    guint first = origin_of(pattern[0]), last = origin_of(pattern[k - 1]), inside = 0;
    gint low = G_MAXINT, high = G_MININT;

    for (guint i = 0; i < k; i++) {
        low = MIN(low, s->points[origin_of(pattern[i])].pitch);
        high = MAX(high, s->points[origin_of(pattern[i])].pitch);
    }
    for (guint i = first; i <= last; i++)
        inside += !s->gone[i] && s->points[i].pitch >= low && s->points[i].pitch <= high;
    return (double)k / inside;
}

/* ---- the shapes of a round ---- */

static void forget_shapes(State *s)
{
    memset(s->known, 0, sizeof *s->known << s->known_bits);
    s->n_known = 0;
}

static Known *shape_slot(Known *known, guint bits, guint64 shape)
{
    guint at = (guint)(shape >> 8) & ((1u << bits) - 1);

    while (known[at].shape != 0 && known[at].shape != shape)
        at = (at + 1) & ((1u << bits) - 1);
    return &known[at];
}

static void grow_shapes(State *s)
{
    Known *more = g_new0(Known, (gsize)2 << s->known_bits);

    for (guint i = 0; i < 1u << s->known_bits; i++)
        if (s->known[i].shape != 0)
            *shape_slot(more, s->known_bits + 1, s->known[i].shape) = s->known[i];
    g_free(s->known);
    s->known = more;
    s->known_bits++;
}

static void find_tec(State *s, guint index, Tec *out)
{
    Run *run = &s->runs[index];
    const guint64 *pattern = pattern_of(s, run);
    guint64 shape = shape_of(s, pattern, run->alive);

    if (2 * s->n_known >= 1u << s->known_bits)
        grow_shapes(s);
    Known *known = shape_slot(s->known, s->known_bits, shape);
    if (known->shape == 0) {
        cover(s, run, known);
        known->shape = shape;
        s->n_known++;
    }
    run->tried = run->alive;
    run->n_vectors = known->n_vectors;
    run->n_covered = known->n_covered;
    out->run = index;
    out->n_covered = known->n_covered;
    out->price = run->alive + known->n_vectors - 1;
    out->ratio = (double)known->n_covered / out->price;
}

/* The last resort, the shorter vector, makes the result independent of the order of looking. */
static gboolean is_better(const Tec *a, const Tec *b)
{
    if (b->n_covered == 0 || fabs(a->ratio - b->ratio) > EPSILON)
        return b->n_covered == 0 || a->ratio > b->ratio;
    if (fabs(a->compactness - b->compactness) > EPSILON)
        return a->compactness > b->compactness;
    return a->n_covered != b->n_covered ? a->n_covered > b->n_covered : a->run < b->run;
}

/* The best TEC of the round; FALSE when none saves anything. */
static gboolean best_tec(State *s, GArray *seen, Tec *best)
{
    *best = (Tec){.ratio = 1.0};
    g_array_set_size(seen, 0);
    forget_shapes(s);
    while (s->n_heap > 0 && bound_at(s, 0) >= best->ratio - EPSILON) {
        guint32 index = s->heap[0];
        Run *run = &s->runs[index];
        Tec tec;
        run->bound = bound_of(s, run, best->ratio - EPSILON);
        if (run->bound < best->ratio - EPSILON) {
            sink(s, 0);
            continue;
        }
        pop(s);
        g_array_append_val(seen, index);
        find_tec(s, index, &tec);
        run->bound = bound_of(s, run, 0);
        if (tec.ratio < best->ratio - EPSILON || tec.ratio <= 1.0 + EPSILON)
            continue;
        tec.compactness = compactness(s, pattern_of(s, run), run->alive);
        if (is_better(&tec, best))
            *best = tec;
    }
    for (guint i = 0; i < seen->len; i++)
        push(s, g_array_index(seen, guint32, i));
    return best->n_covered > 0;
}

/* A pattern lost points: it waits where its new bound belongs. */
static void renew(State *s, Run *run)
{
    float bound = run->alive < 2 ? 0 : bound_of(s, run, run->bound);

    if (bound > run->bound) {
        run->bound = bound;
        rise(s, run->place - 1);
    }
}

static void remove_covered(State *s, const Tec *tec, GArray *touched)
{
    Known again;

    cover(s, &s->runs[tec->run], &again);
    g_array_set_size(touched, 0);
    for (guint i = 0; i < s->n; i++) {
        if (s->stamp[i] != s->time || s->gone[i])
            continue;
        s->gone[i] = 1;
        s->n_left--;
        for (guint k = 0; k < s->n; k++) {
            if (s->gone[k])
                continue;
            guint32 index = s->run_of[i < k ? pair_index(s, i, k) : pair_index(s, k, i)];
            Run *run = &s->runs[index];
            if (run->alive-- == run->size && run->place != 0)
                g_array_append_val(touched, index);
        }
    }
    for (guint i = 0; i < touched->len; i++)
        renew(s, &s->runs[g_array_index(touched, guint32, i)]);
}

/* ---- the whole ---- */

static guint sort_and_thin(CosiatecPoint *points, guint n)
{
    guint kept = 0;

    qsort(points, n, sizeof *points, compare_points);
    for (guint i = 0; i < n; i++)
        if (kept == 0 || compare_points(&points[i], &points[kept - 1]) != 0)
            points[kept++] = points[i];
    return kept;
}

static void set_up(State *s)
{
    gsize most = (gsize)s->n * (s->n - 1) / 2;
    guint64 *one = g_new(guint64, most), *two = g_new(guint64, most);

    s->pairs = one;
    collect_pairs(s);
    s->pairs = sort_pairs(one, two, s->n_pairs);
    g_free(s->pairs == one ? two : one);
    s->run_of = g_new(guint32, most);
    s->gone = g_malloc0(s->n);
    s->stamp = g_new0(guint32, s->n);
    s->n_left = s->n;
    s->known_bits = 12;
    s->known = g_new0(Known, (gsize)1 << s->known_bits);
    collect_runs(s);
    fill_table(s);
    fill_heap(s);
}

static void clear(State *s)
{
    g_free(s->pairs);
    g_free(s->run_of);
    g_free(s->runs);
    g_free(s->heap);
    g_free(s->table);
    g_free(s->gone);
    g_free(s->stamp);
    g_free(s->known);
}

double cosiatec_ratio(const CosiatecPoint *points, guint n, CosiatecResult *out)
{
    g_autofree CosiatecPoint *sorted = g_memdup2(points, n * sizeof *points);
    g_autoptr(GArray) list = g_array_new(FALSE, FALSE, sizeof(guint32));
    State s = {.points = sorted, .n = n > 0 ? sort_and_thin(sorted, n) : 0};
    Tec best;

    *out = (CosiatecResult){.n_points = s.n, .n_left = s.n, .price = s.n};
    if (s.n < 2)
        return 1.0;
    g_return_val_if_fail(s.n <= COSIATEC_MAX_POINTS &&
                             sorted[s.n - 1].onset - sorted[0].onset < COSIATEC_MAX_ONSET,
                         1.0);
    set_up(&s);
    out->price = 0;
    while (s.n_left > 1 && best_tec(&s, list, &best)) {
        out->price += best.price;
        out->n_tecs++;
        remove_covered(&s, &best, list);
    }
    clear(&s);
    out->n_left = s.n_left;
    out->price += s.n_left;
    return (double)out->n_points / out->price;
}
