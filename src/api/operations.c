/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * /performance, /cache: what operators look at.
 */
#include "api/api-private.h"
#include "api/health.h"
#include "jobs/jobs.h"
#include "api/presets.h"

#include <string.h>

/* ---- performance ---- */

#define OBJECT(name_, says_)                                                                       \
    {                                                                                              \
        name_, TUNE_FIELD_OBJECT, .required = TRUE, .says = says_                                   \
    }
static const TuneField stats_fields[] = {
    OBJECT("cache", "hit_rate, hits, misses, items, bytes, redis"),
    OBJECT("memory", "system, process and gpu, in bytes"),
    OBJECT("database", "kind, pool_size, active, waiting, avg_query_ms, queries, slow"),
    OBJECT("queue", "queued, running, workers, completed, failed"),
    OBJECT("http", "connections, streams, requests, refused, busy workers"),
    OBJECT("files", "files, bytes, free_bytes"),
    OBJECT("presets", "cached, scans, loads, hits"),
    {"engines", TUNE_FIELD_ARRAY, .required = TRUE, .items = TUNE_FIELD_OBJECT},
    {"routes", TUNE_FIELD_ARRAY, .required = TRUE, .items = TUNE_FIELD_OBJECT,
     .says = "requests, errors, cached, p50_ms, p95_ms, p99_ms of each"},
    {"uptime_seconds", TUNE_FIELD_NUMBER, .required = TRUE},
};
static const TuneShape stats_shape = {"PerformanceStats", stats_fields, G_N_ELEMENTS(stats_fields),
                                      .answers = TRUE};

static json_t *cache_json(const TuneApi *api)
{
    TuneCacheStats s;

    tune_cache_stats(api->cache, &s);
    double asked = (double)(s.hits + s.misses);
    return json_pack("{s:o, s:I, s:I, s:I, s:I, s:i, s:I, s:I, s:b, s:b}", "hit_rate",
                     tune_json_real(asked > 0 ? (double)s.hits / asked : 0, 4), "hits",
                     (json_int_t)s.hits, "misses", (json_int_t)s.misses, "stale",
                     (json_int_t)s.stale, "flights_shared", (json_int_t)s.flights_shared, "items",
                     (int)s.items, "bytes", (json_int_t)s.bytes, "evictions",
                     (json_int_t)s.evictions, "redis", s.redis, "redis_up", s.redis_up);
}

static json_t *memory_json(const TuneApi *api)
{
    return json_pack("{s:{s:I}, s:{s:I}, s:n}", "system", "available_bytes",
                     (json_int_t)MIN(tune_health_available_bytes(), (guint64)G_MAXINT64), "process",
                     "resident_bytes", (json_int_t)tune_health_resident_bytes(), "gpu");
}

static json_t *database_json(const TuneApi *api)
{
    TuneStoreStats s;

    tune_store_stats(api->store, &s);
    return json_pack("{s:s, s:i, s:i, s:i, s:o, s:I, s:I, s:I, s:i, s:i}", "kind",
                     tune_store_is_postgres(api->store) ? "postgresql" : "sqlite", "pool_size",
                     (int)s.pool_size, "active", (int)s.active, "waiting", (int)s.waiting,
                     "avg_query_ms", tune_json_real(s.avg_query_ms, 3), "queries",
                     (json_int_t)s.queries, "errors", (json_int_t)s.errors, "slow",
                     (json_int_t)s.slow, "replicas", (int)s.replicas, "replicas_up",
                     (int)s.replicas_up);
}

static json_t *queue_json(const TuneApi *api)
{
    TuneJobsStats s = {0};

    tune_jobs_stats(api->jobs, &s, NULL);
    return json_pack("{s:i, s:i, s:i, s:i, s:I, s:I, s:I, s:I, s:I, s:I, s:b, s:o}", "queued",
                     (int)s.queued, "running", (int)s.running, "workers", (int)s.workers, "dead",
                     (int)s.dead, "accepted", (json_int_t)s.accepted, "completed",
                     (json_int_t)s.completed, "failed", (json_int_t)s.failed, "cancelled",
                     (json_int_t)s.cancelled, "shared", (json_int_t)s.shared, "memory_in_use",
                     (json_int_t)s.memory_in_use, "breaker_open", s.breaker_open,
                     "oldest_queued_seconds", tune_json_real(s.oldest_queued_s, 1));
}

static json_t *http_json(const TuneApi *api)
{
    TuneHttpStats s;

    tune_http_server_stats(api->server, &s);
    return json_pack("{s:I, s:I, s:I, s:I, s:i, s:i, s:i, s:i}", "connections",
                     (json_int_t)s.connections, "requests", (json_int_t)s.requests, "refused",
                     (json_int_t)s.refused, "bytes_out", (json_int_t)s.bytes_out, "open",
                     (int)s.open, "streams", (int)s.streams, "queued", (int)s.queued,
                     "busy_workers", (int)s.busy_workers);
}

static json_t *files_json(const TuneApi *api)
{
    TuneFilesStats s;

    tune_files_stats(api->files, &s);
    return json_pack("{s:I, s:I, s:I, s:I}", "files", (json_int_t)s.files, "bytes",
                     (json_int_t)s.bytes, "quota_bytes", (json_int_t)s.quota_bytes, "free_bytes",
                     (json_int_t)s.free_bytes);
}

static json_t *presets_json(const TuneApi *api)
{
    TunePresetCatalogueStats s;

    tune_preset_catalogue_stats(api->presets, &s);
    return json_pack("{s:i, s:I, s:I, s:I}", "cached", (int)s.cached, "scans", (json_int_t)s.scans,
                     "loads", (json_int_t)s.loads, "hits", (json_int_t)s.hits);
}

static void stats(TuneCall *call)
{
    const TuneApi *api = call->api;
    g_autoptr(json_t) body = json_pack(
        "{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "cache", cache_json(api), "memory",
        memory_json(api), "database", database_json(api), "queue", queue_json(api), "http",
        http_json(api), "files", files_json(api), "presets", presets_json(api), "engines",
        tune_engine_pool_stats(api->pool), "routes", tune_metrics_json(api->metrics, api->router),
        "uptime_seconds",
        tune_json_real((double)(g_get_monotonic_time() - api->started_us) / 1e6, 3));

    tune_call_json(call, 200, body);
}

static const TuneField slow_fields[] = {
    {"name", TUNE_FIELD_STRING, .required = TRUE},
    {"sql", TUNE_FIELD_STRING, .required = TRUE},
    {"count", TUNE_FIELD_INTEGER, .required = TRUE},
    {"max_ms", TUNE_FIELD_NUMBER, .required = TRUE},
    {"avg_ms", TUNE_FIELD_NUMBER, .required = TRUE},
    {"last", TUNE_FIELD_ANY, .says = "When it was last slow"},
    {"recommendation", TUNE_FIELD_STRING, .says = "Taken from the statement's plan"},
};
static const TuneShape slow_shape = {"SlowQuery", slow_fields, G_N_ELEMENTS(slow_fields),
                                     .answers = TRUE};
static const TuneField slow_list_fields[] = {
    {"items", TUNE_FIELD_ARRAY, .required = TRUE, .shape = &slow_shape},
    {"threshold_ms", TUNE_FIELD_INTEGER, .required = TRUE},
};
static const TuneShape slow_list = {"SlowQueries", slow_list_fields, G_N_ELEMENTS(slow_list_fields),
                                    .answers = TRUE};

static const TuneField limit_fields[] = {
    {"limit", TUNE_FIELD_INTEGER, .low = 1, .high = 100, .otherwise = "20", .says = "At most so many"},
};
static const TuneShape limit_query = {"Limit", limit_fields, G_N_ELEMENTS(limit_fields)};

static void slow_queries(TuneCall *call)
{
    g_autoptr(json_t) body = json_pack(
        "{s:o, s:I}", "items",
        tune_store_slow(call->api->store, (guint)tune_call_query_int(call, "limit", 20)),
        "threshold_ms", (json_int_t)tune_call_state(call)->settings->slow_query);

    tune_call_json(call, 200, body);
}

/* ---- the cache ---- */

static const TuneField cache_fields[] = {
    OBJECT("stats", "hit_rate, hits, misses, items, bytes, redis"),
    {"items", TUNE_FIELD_ARRAY, .required = TRUE, .items = TUNE_FIELD_OBJECT,
     .says = "Newest first: key, bytes, seconds to live"},
};
static const TuneShape cache_shape = {"Cache", cache_fields, G_N_ELEMENTS(cache_fields),
                                      .answers = TRUE};
static const TuneField tag_fields[] = {
    {"tag", TUNE_FIELD_STRING, .low = 1, .high = 200,
     .says = "What carries this tag; without it this process' whole memory is emptied",
     .example = "\"presets\""},
};
static const TuneShape tag_query = {"Tag", tag_fields, G_N_ELEMENTS(tag_fields)};

static void show_cache(TuneCall *call)
{
    guint limit = (guint)tune_call_query_int(call, "limit", 20);
    g_autoptr(json_t) body = json_pack("{s:o, s:o}", "stats", cache_json(call->api), "items",
                                       tune_cache_list(call->api->cache, limit));

    tune_call_json(call, 200, body);
}

static void drop_cache(TuneCall *call)
{
    const char *tag = tune_call_query_text(call, "tag");

    if (tag != NULL)
        tune_cache_drop_tag(call->api->cache, tag);
    else
        tune_cache_clear(call->api->cache);
    tune_call_nothing(call);
}

/* ---- the table ---- */

static const TuneRoute routes[] = {
    {TUNE_HTTP_GET, "/api/v1/performance/stats", TUNE_ROUTE_ADMIN, stats, "operations",
     "How the service is doing", .answer = &stats_shape, .cache_control = "no-store"},
    {TUNE_HTTP_GET, "/api/v1/performance/slow-queries", TUNE_ROUTE_ADMIN, slow_queries, "operations",
     "Slow statements, slowest first", .query = &limit_query, .answer = &slow_list,
     .cache_control = "no-store"},
    {TUNE_HTTP_GET, "/api/v1/cache", TUNE_ROUTE_ADMIN, show_cache, "operations", "What the cache holds",
     .query = &limit_query, .answer = &cache_shape, .cache_control = "no-store"},
    {TUNE_HTTP_DELETE, "/api/v1/cache", TUNE_ROUTE_ADMIN, drop_cache, "operations",
     "Drop what carries a tag, or all", .query = &tag_query, .status = 204},
};
const TuneRouteTable tune_routes_operations = {routes, G_N_ELEMENTS(routes)};
