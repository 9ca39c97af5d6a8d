/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What the figures say.  A finding names its evidence and what to do; nothing is found that was not measured.
 */
#include "cli/profile-private.h"

#include <string.h>

#define MIB (1024.0 * 1024.0)
#define LOW_HIT_RATE 80.0         /* per cent; the older guide's aim */
#define MOST_GROWTH (32 * MIB)    /* of memory over the run */
#define TAIL 10.0                 /* p99 over p50 */
#define FEWEST 20                 /* answers below which a tail says nothing */
#define SLOW_QUERY_MS 10.0        /* mean */

static void found(Profile *self, const char *advice, const char *what, const char *format, ...)
    G_GNUC_PRINTF(4, 5);

static void found(Profile *self, const char *advice, const char *what, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    g_autofree char *evidence = g_strdup_vprintf(format, args);
    va_end(args);
    json_array_append_new(self->findings, json_pack("{s:s, s:s, s:s}", "what", what, "evidence",
                                                    evidence, "advice", advice));
}

static double number_at(const json_t *stats, const char *group, const char *name)
{
    return json_number_value(json_object_get(json_object_get(stats, group), name));
}

static void find_in_times(Profile *self)
{
    for (guint i = 0; i < self->times->len; i++) {
        const ProfileTimes *times = self->times->pdata[i];
        double p50 = profile_percentile(times, 0.5), p95 = profile_percentile(times, 0.95);
        double p99 = profile_percentile(times, 0.99), goal = times->probe->goal_ms;
        if (times->errors > 0)
            found(self, "look at the server's log for these requests; 401 means that "
                  "MUSIC_GEN_API_KEY is not the server's, 429 that the tier's limit was reached",
                  times->probe->name, "%u of %u requests failed, the last with status %ld",
                  times->errors, times->errors + times->ms->len, times->last_status);
        if (goal > 0 && times->ms->len > 0 && p95 > goal)
            found(self, "see which of cache, database and queue below was busy meanwhile",
                  times->probe->name, "p95 %.1f ms is over %.0f ms", p95, goal);
        if (times->ms->len >= FEWEST && p50 > 0 && p99 / p50 > TAIL && p99 > 20)
            found(self, "some requests wait: for a connection of the pool, a worker or the processor",
                  times->probe->name, "p99 %.1f ms is %.0f times the median of %.1f ms", p99, p99 / p50,
                  p50);
    }
}

static void find_in_cache(Profile *self)
{
    double hits = number_at(self->after, "cache", "hits") - number_at(self->before, "cache", "hits");
    double misses =
        number_at(self->after, "cache", "misses") - number_at(self->before, "cache", "misses");

    if (self->after == NULL || hits + misses < FEWEST)
        return;
    double rate = 100 * hits / (hits + misses);
    if (rate < LOW_HIT_RATE)
        found(self, "give the cache more items or bytes, or Redis behind it", "cache",
              "%.1f %% of %.0f look-ups during the run were hits", rate, hits + misses);
}

static void find_in_database(Profile *self)
{
    double size = number_at(self->after, "database", "pool_size");
    double active = number_at(self->after, "database", "active");
    double mean = number_at(self->after, "database", "avg_query_ms");
    const json_t *list = json_is_array(self->slow) ? self->slow : json_object_get(self->slow, "items");
    gsize i;
    json_t *query;

    if (size > 0 && active >= size)
        found(self, "enlarge the pool, or look for statements that hold a connection long", "database",
              "all %.0f connections were in use at the end of the run", size);
    if (mean > SLOW_QUERY_MS)
        found(self, "see the slow queries", "database", "a query takes %.1f ms on average", mean);
    json_array_foreach(list, i, query) {
        const char *advice = json_string_value(json_object_get(query, "recommendation"));
        found(self, advice != NULL ? advice : "its plan shows no missing index",
              "slow query", "%s: up to %.0f ms, %.0f ms on average, %lld times",
              json_string_value(json_object_get(query, "name")),
              json_number_value(json_object_get(query, "max_ms")),
              json_number_value(json_object_get(query, "avg_ms")),
              (long long)json_integer_value(json_object_get(query, "count")));
    }
}

static void find_in_memory(Profile *self)
{
    guint n = self->samples->len;

    if (n < 2)
        return;
    const ProfileSample *first = &g_array_index(self->samples, ProfileSample, 0);
    const ProfileSample *last = &g_array_index(self->samples, ProfileSample, n - 1);
    double most = 0;
    for (guint i = 0; i < n; i++)
        most = MAX(most, g_array_index(self->samples, ProfileSample, i).queued);
    if (last->rss_bytes - first->rss_bytes > MOST_GROWTH)
        found(self, "run it again: caches fill once, a leak grows each time", "memory",
              "the server grew from %.0f to %.0f MiB in %.0f s", first->rss_bytes / MIB,
              last->rss_bytes / MIB, last->at_s - first->at_s);
    if (most > 1)
        found(self, "more workers, here or on other machines, shorten the wait", "queue",
              "up to %.0f pieces waited for a worker", most);
}

void profile_find(Profile *self)
{
    self->findings = json_array();
    find_in_times(self);
    find_in_cache(self);
    find_in_database(self);
    find_in_memory(self);
}
