/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "api/rooms.h"
#include "store/secrets.h"

#include <errno.h>

static gboolean make_folder(const TuneSettings *settings, GError **error)
{
    if (g_mkdir_with_parents(settings->data, 0700) == 0)
        return TRUE;
    g_set_error(error, G_FILE_ERROR, (gint)g_file_error_from_errno(errno), "%s: %s", settings->data,
                g_strerror(errno));
    return FALSE;
}

static gboolean open_store(TuneApi *api, const TuneSettings *settings, GError **error)
{
    TuneStoreConfig config = TUNE_STORE_CONFIG_DEFAULT;

    config.url = settings->database;
    config.replica_urls = (const char *const *)settings->replicas;
    config.pool_size = (guint)settings->pool_size;
    config.pool_overflow = (guint)settings->pool_overflow;
    config.pool_wait_ms = (guint)settings->pool_wait * 1000;
    config.recycle_s = (guint)settings->pool_recycle;
    config.statement_ms = (guint)settings->statement_timeout * 1000;
    config.slow_ms = (guint)settings->slow_query;
    config.log = api->log;
    api->store = tune_store_open(&config, error);
    return api->store != NULL;
}

static gboolean open_cache(TuneApi *api, const TuneSettings *settings, GError **error)
{
    TuneCacheConfig config = TUNE_CACHE_CONFIG_DEFAULT;

    config.max_items = (guint)settings->cache_items;
    config.max_bytes = (guint64)settings->cache_megabytes << 20;
    config.redis_url = settings->redis;
    config.prefix = settings->cache_prefix;
    config.log = api->log;
    api->cache = tune_cache_new(&config, error);
    return api->cache != NULL;
}

static gboolean open_files(TuneApi *api, const TuneSettings *settings, GError **error)
{
    g_autofree char *folder = g_build_filename(settings->data, "files", NULL);
    TuneFilesConfig config = {.folder = folder,
                              .quota_bytes = (guint64)settings->quota_megabytes << 20,
                              .min_free_bytes = 64u << 20,
                              .temporary_age_s = 3600,
                              .log = api->log};

    api->files = tune_files_open(&config, error);
    return api->files != NULL;
}

static gboolean open_music(TuneApi *api, const TuneSettings *settings, GError **error)
{
    TuneEnginePoolConfig pool = {.engine = {.log = api->log}};

    pool.engine.synth.soundfont = settings->soundfont;
    pool.engine.synth.sounds = settings->sounds;
    pool.engine.synth.n_threads = (guint)settings->threads;
    pool.engine.synth.log = api->log;
    pool.engine.neural.model = settings->model;
    pool.engine.neural.weights = settings->weights;
    pool.engine.neural.n_threads = (guint)MIN(settings->threads, 64);
    pool.engine.neural.max_batch = (guint)settings->batch;
    pool.engine.neural.low_memory = settings->low_memory;
    api->pool = tune_engine_pool_new(&pool);
    g_autofree char *secret = settings->webhook_secret != NULL
                                  ? g_strdup(settings->webhook_secret)
                                  : tune_secret_get(api->store, "webhook", error);
    if (secret == NULL)
        return FALSE;
    TuneJobsConfig jobs = {
        .store = api->store,
        .cache = api->cache,
        .files = api->files,
        .pool = api->pool,
        .n_workers = settings->render_workers < 0 ? G_MAXUINT : (guint)settings->render_workers,
        .memory_bytes = (guint64)settings->render_megabytes << 20,
        .max_queued = (guint)settings->max_queued,
        .max_attempts = (guint)settings->max_attempts,
        .webhook_secret = secret,
        .webhook_private = settings->webhook_private,
        .log = api->log,
    };
    api->jobs = tune_jobs_new(&jobs, error);
    return api->jobs != NULL;
}

gboolean tune_rooms_open(TuneApi *api, const TuneSettings *settings, GError **error)
{
    return make_folder(settings, error) && open_store(api, settings, error) &&
           open_cache(api, settings, error) && open_files(api, settings, error) &&
           open_music(api, settings, error);
}

void tune_rooms_close(TuneApi *api)
{
    g_clear_pointer(&api->jobs, tune_jobs_free);
    g_clear_pointer(&api->pool, tune_engine_pool_free);
    g_clear_pointer(&api->files, tune_files_free);
    g_clear_pointer(&api->cache, tune_cache_free);
    g_clear_pointer(&api->store, tune_store_free);
}
