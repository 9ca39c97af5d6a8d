/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "api/metrics.h"
#include "api/route.h"

#include <math.h>

#define N_SHARDS 8
/* Durations: bucket b holds up to 16 * 2^(b / 2) microseconds; the last one holds the rest. */
#define N_BUCKETS 44
#define FIRST_US 16.0
#define N_CLASSES 6 /* gone, 1xx .. 5xx */

typedef struct {
    guint64 classes[N_CLASSES];
    guint64 buckets[N_BUCKETS];
    guint64 sum_us, bytes, cached;
} Counts;

struct TuneMetrics {
    guint n;        /* routes and one more */
    Counts *counts; /* [N_SHARDS][n] */
    double bounds[N_BUCKETS];
    guint next_shard;
};

TuneMetrics *tune_metrics_new(guint n_routes)
{
    TuneMetrics *self = g_new0(TuneMetrics, 1);
    double bound = FIRST_US;

    self->n = n_routes + 1;
    self->counts = g_new0(Counts, (gsize)self->n * N_SHARDS);
    for (guint b = 0; b < N_BUCKETS; b++, bound *= G_SQRT2)
        self->bounds[b] = bound;
    return self;
}

void tune_metrics_free(TuneMetrics *self)
{
    if (self == NULL)
        return;
    g_free(self->counts);
    g_free(self);
}

/* Threads beyond the number of shards share one, which costs time and no correctness. */
static Counts *shard_of_thread(TuneMetrics *self, guint route)
{
    static __thread guint mine; /* 1 + the shard; 0: not chosen */

    if (mine == 0)
        mine = 1 + __atomic_fetch_add(&self->next_shard, 1, __ATOMIC_RELAXED) % N_SHARDS;
    return &self->counts[(gsize)(mine - 1) * self->n + MIN(route, self->n - 1)];
}

static void add(guint64 *counter, guint64 value)
{
    __atomic_fetch_add(counter, value, __ATOMIC_RELAXED);
}

static guint bucket_of(const TuneMetrics *self, gint64 duration_us)
{
    guint low = 0, high = N_BUCKETS - 1;

    while (low < high) {
        guint middle = (low + high) / 2;
        if ((double)duration_us <= self->bounds[middle])
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

void tune_metrics_count(TuneMetrics *self, guint route, guint status, guint64 bytes,
                        gint64 duration_us)
{
    Counts *counts = shard_of_thread(self, route);

    add(&counts->classes[MIN(status / 100, N_CLASSES - 1)], 1);
    add(&counts->buckets[bucket_of(self, duration_us)], 1);
    add(&counts->sum_us, (guint64)MAX(duration_us, 0));
    add(&counts->bytes, bytes);
}

void tune_metrics_count_cached(TuneMetrics *self, guint route)
{
    add(&shard_of_thread(self, route)->cached, 1);
}

/* ---- reading ---- */

static void sum_route(const TuneMetrics *self, guint route, Counts *out)
{
    *out = (Counts){0};
    for (guint s = 0; s < N_SHARDS; s++) {
        const Counts *counts = &self->counts[(gsize)s * self->n + route];
        for (guint c = 0; c < N_CLASSES; c++)
            out->classes[c] += __atomic_load_n(&counts->classes[c], __ATOMIC_RELAXED);
        for (guint b = 0; b < N_BUCKETS; b++)
            out->buckets[b] += __atomic_load_n(&counts->buckets[b], __ATOMIC_RELAXED);
        out->sum_us += __atomic_load_n(&counts->sum_us, __ATOMIC_RELAXED);
        out->bytes += __atomic_load_n(&counts->bytes, __ATOMIC_RELAXED);
        out->cached += __atomic_load_n(&counts->cached, __ATOMIC_RELAXED);
    }
}

static guint64 total_of(const Counts *counts)
{
    guint64 total = 0;

    for (guint b = 0; b < N_BUCKETS; b++)
        total += counts->buckets[b];
    return total;
}

guint64 tune_metrics_requests(const TuneMetrics *self)
{
    guint64 total = 0;

    for (guint route = 0; route < self->n; route++) {
        Counts counts;
        sum_route(self, route, &counts);
        total += total_of(&counts);
    }
    return total;
}

/* Interpolated within its bucket, in milliseconds. */
static double quantile_ms(const TuneMetrics *self, const Counts *counts, double share)
{
    double wanted = share * (double)total_of(counts), before = 0;

    for (guint b = 0; b < N_BUCKETS; b++) {
        double here = (double)counts->buckets[b];
        if (here > 0 && before + here >= wanted) {
            double low = b > 0 ? self->bounds[b - 1] : 0;
            return (low + (self->bounds[b] - low) * (wanted - before) / here) / 1000;
        }
        before += here;
    }
    return 0;
}

static const TuneRoute *route_at(const TuneMetrics *self, const TuneRouter *router, guint route)
{
    return route + 1 < self->n ? tune_router_route(router, route) : NULL;
}

static void put_histogram(const TuneMetrics *self, const char *labels, const Counts *counts,
                          GString *out)
{
    char number[G_ASCII_DTOSTR_BUF_SIZE];
    guint64 so_far = 0;

    for (guint b = 0; b < N_BUCKETS; b++) {
        so_far += counts->buckets[b];
        if (b % 4 != 0 || b == N_BUCKETS - 1)
            continue;
        g_ascii_formatd(number, sizeof number, "%.6g", self->bounds[b] / 1e6);
        g_string_append_printf(out, "tunesmith_request_duration_seconds_bucket{%s,le=\"%s\"} %"
                               G_GUINT64_FORMAT "\n", labels, number, so_far);
    }
    g_string_append_printf(out, "tunesmith_request_duration_seconds_bucket{%s,le=\"+Inf\"} %"
                           G_GUINT64_FORMAT "\n", labels, so_far);
    g_ascii_formatd(number, sizeof number, "%.6f", (double)counts->sum_us / 1e6);
    g_string_append_printf(out, "tunesmith_request_duration_seconds_sum{%s} %s\n", labels, number);
    g_string_append_printf(out, "tunesmith_request_duration_seconds_count{%s} %" G_GUINT64_FORMAT
                           "\n", labels, so_far);
}

static void put_counters(const char *labels, const Counts *counts, GString *out)
{
    static const char *const names[N_CLASSES] = {"gone", "1xx", "2xx", "3xx", "4xx", "5xx"};

    for (guint c = 0; c < N_CLASSES; c++)
        if (counts->classes[c] > 0)
            g_string_append_printf(out, "tunesmith_requests_total{%s,status=\"%s\"} %"
                                   G_GUINT64_FORMAT "\n", labels, names[c], counts->classes[c]);
}

typedef enum { PUT_COUNTERS, PUT_CACHED, PUT_BYTES, PUT_DURATIONS, N_PUTS } Put;

static void put_family(const TuneMetrics *self, const TuneRouter *router, Put put, GString *out)
{
    for (guint i = 0; i < self->n; i++) {
        const TuneRoute *route = route_at(self, router, i);
        Counts counts;
        sum_route(self, i, &counts);
        if (total_of(&counts) == 0)
            continue;
        g_autofree char *labels =
            g_strdup_printf("method=\"%s\",route=\"%s\"",
                            route != NULL ? tune_route_method_name(route->method) : "",
                            route != NULL ? route->path : "");
        if (put == PUT_COUNTERS)
            put_counters(labels, &counts, out);
        else if (put == PUT_DURATIONS)
            put_histogram(self, labels, &counts, out);
        else
            g_string_append_printf(out, "tunesmith_%s_total{%s} %" G_GUINT64_FORMAT "\n",
                                   put == PUT_CACHED ? "cached_answers" : "response_bytes", labels,
                                   put == PUT_CACHED ? counts.cached : counts.bytes);
    }
}

void tune_metrics_text(const TuneMetrics *self, const TuneRouter *router, GString *out)
{
    static const char *const heads[N_PUTS] = {
        "# HELP tunesmith_requests_total Requests by route and class of status.\n"
        "# TYPE tunesmith_requests_total counter\n",
        "# HELP tunesmith_cached_answers_total Answers that came from the response cache.\n"
        "# TYPE tunesmith_cached_answers_total counter\n",
        "# HELP tunesmith_response_bytes_total Bytes of bodies sent.\n"
        "# TYPE tunesmith_response_bytes_total counter\n",
        "# HELP tunesmith_request_duration_seconds Time from the first byte of a request to the last "
        "of its answer.\n# TYPE tunesmith_request_duration_seconds histogram\n",
    };

    for (Put put = PUT_COUNTERS; put < N_PUTS; put++) {
        g_string_append(out, heads[put]);
        put_family(self, router, put, out);
    }
}

json_t *tune_metrics_json(const TuneMetrics *self, const TuneRouter *router)
{
    json_t *list = json_array();

    for (guint i = 0; i < self->n; i++) {
        const TuneRoute *route = route_at(self, router, i);
        Counts counts;
        sum_route(self, i, &counts);
        guint64 total = total_of(&counts);
        if (total == 0 || route == NULL)
            continue;
        json_array_append_new(
            list, json_pack("{s:s, s:s, s:I, s:I, s:I, s:o, s:o, s:o}", "route", route->path,
                            "method", tune_route_method_name(route->method), "requests",
                            (json_int_t)total, "errors", (json_int_t)counts.classes[5], "cached",
                            (json_int_t)counts.cached, "p50_ms",
                            tune_json_real(quantile_ms(self, &counts, 0.50), 3), "p95_ms",
                            tune_json_real(quantile_ms(self, &counts, 0.95), 3), "p99_ms",
                            tune_json_real(quantile_ms(self, &counts, 0.99), 3)));
    }
    return list;
}
