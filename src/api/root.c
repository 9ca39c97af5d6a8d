/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * /, /health, /config, /metrics, /openapi.json, /docs.
 */
#include "api/api-private.h"
#include "api/docs.h"
#include "api/health.h"
#include "jobs/jobs.h"
#include "api/presets.h"
#include "tune-config.h"

#include <string.h>

static const TuneField root_fields[] = {
    {"message", TUNE_FIELD_STRING, .required = TRUE},
    {"version", TUNE_FIELD_STRING, .required = TRUE},
    {"docs", TUNE_FIELD_STRING, .required = TRUE, .says = "Where to read about all routes"},
    {"mode", TUNE_FIELD_STRING, .required = TRUE, .says = "The engine"},
};
static const TuneShape root_shape = {"Root", root_fields, G_N_ELEMENTS(root_fields),
                                     .answers = TRUE};

static const char *const health_words[] = {"healthy", "degraded", "unhealthy", NULL};
static const TuneField health_fields[] = {
    {"status", TUNE_FIELD_STRING, .required = TRUE, .choices = health_words},
    {"mode", TUNE_FIELD_STRING, .required = TRUE},
    {"version", TUNE_FIELD_STRING, .required = TRUE},
    {"checks", TUNE_FIELD_OBJECT, .required = TRUE,
     .says = "store, cache, files, disk, queue, memory: each with a status and maybe a detail"},
};
static const TuneShape health_shape = {"Health", health_fields, G_N_ELEMENTS(health_fields),
                                       .answers = TRUE};
static const TuneField state_fields[] = {{"status", TUNE_FIELD_STRING, .required = TRUE}};
static const TuneShape state_shape = {"State", state_fields, G_N_ELEMENTS(state_fields),
                                      .answers = TRUE};

static const TuneField config_fields[] = {
    {"mode", TUNE_FIELD_STRING, .required = TRUE},
    {"region", TUNE_FIELD_STRING, .required = TRUE, .nullable = TRUE},
    {"project", TUNE_FIELD_STRING, .required = TRUE, .nullable = TRUE},
    {"presets_available", TUNE_FIELD_ARRAY, .required = TRUE, .items = TUNE_FIELD_STRING},
    {"auth_enabled", TUNE_FIELD_BOOLEAN, .required = TRUE},
};
static const TuneShape config_shape = {"Config", config_fields, G_N_ELEMENTS(config_fields),
                                       .answers = TRUE};

static void root(TuneCall *call)
{
    g_autoptr(json_t) body = json_pack("{s:s, s:s, s:s, s:s}", "message", "Music Track Generator API",
                                       "version", TUNE_VERSION, "docs", "/docs", "mode",
                                       tune_call_state(call)->settings->engine);

    tune_call_json(call, 200, body);
}

static void health(TuneCall *call)
{
    gboolean healthy;
    g_autoptr(GBytes) report = tune_health_report(call->api->health, &healthy);

    tune_call_bytes(call, healthy ? 200 : 503, "application/json", report);
}

static void live(TuneCall *call)
{
    g_autoptr(json_t) body = json_pack("{s:s}", "status", "alive");

    tune_call_json(call, 200, body);
}

static void ready(TuneCall *call)
{
    gboolean yes = tune_health_is_ready(call->api->health);
    g_autoptr(json_t) body = json_pack("{s:s}", "status", yes ? "ready" : "not ready");

    if (!yes)
        tune_call_retry_after(call, 5);
    tune_call_json(call, yes ? 200 : 503, body);
}

static void config(TuneCall *call)
{
    const TuneSettings *settings = tune_call_state(call)->settings;
    gboolean gcp = strcmp(settings->engine, "gcp") == 0;
    g_autoptr(json_t) body =
        json_pack("{s:s, s:s?, s:s?, s:o, s:b}", "mode", settings->engine, "region",
                  gcp ? settings->region : NULL, "project", gcp ? settings->project : NULL,
                  "presets_available", tune_preset_catalogue_names(call->api->presets),
                  "auth_enabled", tune_auth_is_on(settings));

    tune_call_json(call, 200, body);
}

/* ---- /metrics ---- */

static void gauge(GString *out, const char *name, const char *kind, const char *help, double value)
{
    char number[G_ASCII_DTOSTR_BUF_SIZE];

    g_ascii_formatd(number, sizeof number, "%.15g", value);
    g_string_append_printf(out, "# HELP tunesmith_%s %s\n# TYPE tunesmith_%s %s\ntunesmith_%s %s\n",
                           name, help, name, kind, name, number);
}

static void put_cache(const TuneApi *api, GString *out)
{
    TuneCacheStats s;

    tune_cache_stats(api->cache, &s);
    gauge(out, "cache_hits_total", "counter", "Answers of the cache.", (double)s.hits);
    gauge(out, "cache_misses_total", "counter", "What the cache did not have.", (double)s.misses);
    gauge(out, "cache_evictions_total", "counter", "Values dropped for want of room.",
          (double)s.evictions);
    gauge(out, "cache_items", "gauge", "Values in memory.", (double)s.items);
    gauge(out, "cache_bytes", "gauge", "Their bytes.", (double)s.bytes);
    gauge(out, "redis_errors_total", "counter", "Calls of Redis that failed.", (double)s.redis_errors);
    gauge(out, "redis_up", "gauge", "1 when Redis is used and answers.", s.redis && s.redis_up);
}

static void put_store(const TuneApi *api, GString *out)
{
    TuneStoreStats s;

    tune_store_stats(api->store, &s);
    gauge(out, "database_queries_total", "counter", "Statements.", (double)s.queries);
    gauge(out, "database_errors_total", "counter", "Statements that failed.", (double)s.errors);
    gauge(out, "database_slow_total", "counter", "Slow statements.", (double)s.slow);
    gauge(out, "database_connections", "gauge", "Connections of the pool.", (double)s.pool_size);
    gauge(out, "database_active", "gauge", "Connections in use.", (double)s.active);
    gauge(out, "database_waiting", "gauge", "Callers that wait for one.", (double)s.waiting);
}

static void put_jobs(const TuneApi *api, GString *out)
{
    TuneJobsStats s;

    if (!tune_jobs_stats(api->jobs, &s, NULL))
        return;
    gauge(out, "jobs_queued", "gauge", "Jobs that wait.", (double)s.queued);
    gauge(out, "jobs_running", "gauge", "Jobs that run.", (double)s.running);
    gauge(out, "jobs_workers", "gauge", "Workers of this process.", (double)s.workers);
    gauge(out, "jobs_dead", "gauge", "Jobs that were given up.", (double)s.dead);
    gauge(out, "jobs_oldest_queued_seconds", "gauge", "Age of the job that waits longest.",
          s.oldest_queued_s);
    gauge(out, "jobs_accepted_total", "counter", "Generations accepted.", (double)s.accepted);
    gauge(out, "jobs_completed_total", "counter", "Generations completed.", (double)s.completed);
    gauge(out, "jobs_failed_total", "counter", "Generations failed.", (double)s.failed);
    gauge(out, "jobs_memory_bytes", "gauge", "Memory stated by running jobs.", (double)s.memory_in_use);
}

static void put_process(const TuneApi *api, GString *out)
{
    TuneHttpStats s;
    TuneFilesStats f;

    tune_http_server_stats(api->server, &s);
    tune_files_stats(api->files, &f);
    gauge(out, "connections_total", "counter", "Connections accepted.", (double)s.connections);
    gauge(out, "connections_open", "gauge", "Connections open.", (double)s.open);
    gauge(out, "streams_open", "gauge", "Streams under way.", (double)s.streams);
    gauge(out, "requests_refused_total", "counter", "Requests that the parser refused.",
          (double)s.refused);
    gauge(out, "requests_queued", "gauge", "Requests that wait for a worker.", (double)s.queued);
    gauge(out, "files_bytes", "gauge", "Bytes of stored files.", (double)f.bytes);
    gauge(out, "disk_free_bytes", "gauge", "Free bytes where they lie.", (double)f.free_bytes);
    gauge(out, "resident_memory_bytes", "gauge", "Memory of this process.",
          (double)tune_health_resident_bytes());
    gauge(out, "uptime_seconds", "gauge", "Since the service started.",
          (double)(g_get_monotonic_time() - api->started_us) / 1e6);
}

static void metrics(TuneCall *call)
{
    const TuneSettings *settings = tune_call_state(call)->settings;
    const TuneApi *api = call->api;
    g_autoptr(GString) out = g_string_new(NULL);

    if (!settings->metrics_open && tune_auth_is_on(settings) && !call->caller.admin) {
        tune_http_response_set_field(call->response, "WWW-Authenticate", "Bearer realm=\"tunesmith\"");
        tune_call_error(call, 401, "this needs the service key");
        return;
    }
    tune_metrics_text(api->metrics, api->router, out);
    put_process(api, out);
    put_cache(api, out);
    put_store(api, out);
    put_jobs(api, out);
    g_autoptr(GBytes) body = g_bytes_new(out->str, out->len);
    tune_call_bytes(call, 200, "text/plain; version=0.0.4; charset=utf-8", body);
}

/* ---- the document ---- */

static void openapi(TuneCall *call)
{
    tune_call_bytes(call, 200, "application/json", call->api->document);
}

static void docs(TuneCall *call)
{
    tune_http_response_set_field(call->response, "Content-Security-Policy", tune_docs_policy());
    tune_http_response_set_field(call->response, "X-Frame-Options", "DENY");
    tune_http_response_set_field(call->response, "Referrer-Policy", "no-referrer");
    tune_call_bytes(call, 200, "text/html; charset=utf-8", call->api->docs_page);
}

static const TuneRouteError not_well[] = {{503, "A part that is needed does not work"}, {0, NULL}};
static const TuneRouteError not_ready[] = {{503, "Not now"}, {0, NULL}};
static const TuneRouteError closed[] = {{401, "Needs the service key here"}, {0, NULL}};

#define ALWAYS (TUNE_ROUTE_ROOT | TUNE_ROUTE_OPEN | TUNE_ROUTE_INLINE | TUNE_ROUTE_UNLIMITED)

static const TuneRoute routes[] = {
    {TUNE_HTTP_GET, "/", ALWAYS, root, "service", "What this is", .answer = &root_shape},
    {TUNE_HTTP_GET, "/health", ALWAYS, health, "service", "Is the service well?",
     .answer = &health_shape, .errors = not_well, .cache_control = "no-store"},
    {TUNE_HTTP_GET, "/health/live", ALWAYS, live, "service", "Does the process answer?",
     .answer = &state_shape, .cache_control = "no-store"},
    {TUNE_HTTP_GET, "/health/ready", ALWAYS, ready, "service", "May requests be sent here?",
     .answer = &state_shape, .errors = not_ready, .cache_control = "no-store"},
    {TUNE_HTTP_GET, "/config", TUNE_ROUTE_ROOT, config, "service", "What clients may know of the settings",
     .answer = &config_shape},
    {TUNE_HTTP_GET, "/metrics", TUNE_ROUTE_ROOT | TUNE_ROUTE_OPEN | TUNE_ROUTE_UNLIMITED, metrics,
     "service", "Figures in Prometheus' text format", .produces = "text/plain",
     .cache_control = "no-store", .errors = closed},
    {TUNE_HTTP_GET, "/openapi.json", ALWAYS, openapi, "service", "This document",
     .cache_ttl_s = 3600, .cache_control = "public, max-age=300"},
    {TUNE_HTTP_GET, "/docs", ALWAYS, docs, "service", "All routes as a page", .produces = "text/html",
     .cache_control = "public, max-age=300"},
};
const TuneRouteTable tune_routes_root = {routes, G_N_ELEMENTS(routes)};
