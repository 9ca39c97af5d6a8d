/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "api/health.h"
#include "jobs/jobs.h"
#include "api/settings.h"
#include "tune-config.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LOOK_US G_TIME_SPAN_SECOND
#define LATE_US (15 * G_TIME_SPAN_SECOND)
#define LOW_DISK (64u << 20)
#define LOW_MEMORY (128u << 20)

typedef enum { WELL, DEGRADED, UNWELL } Verdict;

struct TuneHealth {
    TuneApi *api;
    GThread *thread;
    GMutex lock; /* all below */
    GCond wake;
    GBytes *report;
    gboolean healthy, ready, draining, ending;
    gint64 looked_us;
};

guint64 tune_health_resident_bytes(void)
{
    g_autofree char *text = NULL;
    unsigned long long pages = 0, resident = 0;

    if (!g_file_get_contents("/proc/self/statm", &text, NULL, NULL) ||
        sscanf(text, "%llu %llu", &pages, &resident) != 2)
        return 0;
    return (guint64)resident * (guint64)sysconf(_SC_PAGESIZE);
}

guint64 tune_health_available_bytes(void)
{
    g_autofree char *text = NULL;
    const char *line;

    if (!g_file_get_contents("/proc/meminfo", &text, NULL, NULL) ||
        (line = strstr(text, "MemAvailable:")) == NULL)
        return G_MAXUINT64;
    return g_ascii_strtoull(line + strlen("MemAvailable:"), NULL, 10) * 1024;
}

/* ---- the checks ---- */

static void put(json_t *checks, const char *name, const char *status, const char *detail)
{
    json_object_set_new(checks, name,
                        detail != NULL ? json_pack("{s:s, s:s}", "status", status, "detail", detail)
                                       : json_pack("{s:s}", "status", status));
}

static Verdict check_store(const TuneApi *api, json_t *checks)
{
    g_autoptr(GError) error = NULL;

    if (tune_store_ping(api->store, &error)) {
        put(checks, "store", "ok", NULL);
        return WELL;
    }
    put(checks, "store", "failed", "the database does not answer");
    return UNWELL;
}

static Verdict check_cache(const TuneApi *api, json_t *checks)
{
    TuneCacheStats stats;

    tune_cache_stats(api->cache, &stats);
    if (!stats.redis || stats.redis_up) {
        put(checks, "cache", "ok", NULL);
        return WELL;
    }
    put(checks, "cache", "degraded", "Redis is away; memory of this process only");
    return DEGRADED;
}

static Verdict check_files(const TuneApi *api, json_t *checks)
{
    TuneFilesStats stats;

    tune_files_stats(api->files, &stats);
    gboolean full = stats.quota_bytes > 0 && stats.bytes >= stats.quota_bytes;
    put(checks, "files", full ? "degraded" : "ok", full ? "the quota is used up" : NULL);
    gboolean low = stats.free_bytes < LOW_DISK;
    put(checks, "disk", low ? "degraded" : "ok", low ? "almost full" : NULL);
    return full || low ? DEGRADED : WELL;
}

static Verdict check_queue(const TuneApi *api, json_t *checks)
{
    TuneJobsStats stats;

    if (!tune_jobs_stats(api->jobs, &stats, NULL)) {
        put(checks, "queue", "failed", "the queue does not answer");
        return DEGRADED;
    }
    put(checks, "queue", stats.breaker_open ? "degraded" : "ok",
        stats.breaker_open ? "work that needs much memory is refused for now" : NULL);
    return stats.breaker_open ? DEGRADED : WELL;
}

static Verdict check_memory(json_t *checks)
{
    gboolean low = tune_health_available_bytes() < LOW_MEMORY;

    put(checks, "memory", low ? "degraded" : "ok", low ? "the system is short of memory" : NULL);
    return low ? DEGRADED : WELL;
}

static void look(TuneHealth *self)
{
    static const char *const words[] = {"healthy", "degraded", "unhealthy"};
    const TuneApi *api = self->api;
    const TuneSettings *settings = tune_api_settings(api);
    json_t *checks = json_object();
    Verdict verdict = check_store(api, checks);

    verdict = MAX(verdict, check_cache(api, checks));
    verdict = MAX(verdict, check_files(api, checks));
    if (verdict != UNWELL)
        verdict = MAX(verdict, check_queue(api, checks));
    verdict = MAX(verdict, check_memory(checks));
    g_autoptr(json_t) report =
        json_pack("{s:s, s:s, s:s, s:o}", "status", words[verdict], "mode", settings->engine,
                  "version", TUNE_VERSION, "checks", checks);
    char *text = json_dumps(report, JSON_COMPACT);
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&self->lock);
    g_clear_pointer(&self->report, g_bytes_unref);
    self->report = g_bytes_new_take(text, strlen(text));
    self->healthy = verdict != UNWELL;
    self->ready = verdict != UNWELL;
    self->looked_us = g_get_monotonic_time();
}

static gpointer run(gpointer user_data)
{
    TuneHealth *self = user_data;
    gboolean ending = FALSE;

    while (!ending) {
        gint64 until = g_get_monotonic_time() + LOOK_US;
        g_mutex_lock(&self->lock);
        while (!self->ending && g_cond_wait_until(&self->wake, &self->lock, until))
            ;
        ending = self->ending;
        g_mutex_unlock(&self->lock);
        if (!ending)
            look(self);
    }
    return NULL;
}

/* ---- public ---- */

TuneHealth *tune_health_new(TuneApi *api)
{
    TuneHealth *self = g_new0(TuneHealth, 1);

    self->api = api;
    g_mutex_init(&self->lock);
    g_cond_init(&self->wake);
    return self;
}

void tune_health_start(TuneHealth *self)
{
    look(self);
    self->thread = g_thread_new("health", run, self);
}

void tune_health_free(TuneHealth *self)
{
    if (self == NULL)
        return;
    g_mutex_lock(&self->lock);
    self->ending = TRUE;
    g_cond_signal(&self->wake);
    g_mutex_unlock(&self->lock);
    if (self->thread != NULL)
        g_thread_join(self->thread);
    g_clear_pointer(&self->report, g_bytes_unref);
    g_mutex_clear(&self->lock);
    g_cond_clear(&self->wake);
    g_free(self);
}

void tune_health_set_draining(TuneHealth *self)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&self->lock);

    self->draining = TRUE;
}

GBytes *tune_health_report(TuneHealth *self, gboolean *healthy)
{
    static const char late[] = "{\"status\":\"unhealthy\",\"mode\":\"unknown\",\"version\":\"" TUNE_VERSION
                               "\",\"checks\":{\"service\":{\"status\":\"failed\",\"detail\":"
                               "\"the checks do not come to an end\"}}}";
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&self->lock);

    *healthy = self->healthy && g_get_monotonic_time() - self->looked_us < LATE_US;
    if (self->report == NULL || g_get_monotonic_time() - self->looked_us >= LATE_US)
        return g_bytes_new_static(late, strlen(late));
    return g_bytes_ref(self->report);
}

gboolean tune_health_is_ready(TuneHealth *self)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&self->lock);

    return self->ready && !self->draining;
}
