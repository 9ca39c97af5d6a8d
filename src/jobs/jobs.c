/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The room as a whole: threads start and stop here, messages of other processes arrive here.
 */
#include "jobs/live-private.h"

#include <string.h>
#include <unistd.h>

#define MAX_ENCODERS 64
#define MAX_COURIERS 8
#define DRAIN_US     G_USEC_PER_SEC /* what runs must be back in the queue by then */

G_DEFINE_QUARK(tune-jobs-error-quark, tune_jobs_error)

static void apply_defaults(TuneJobsConfig *config)
{
    config->max_queued = config->max_queued != 0 ? config->max_queued : 100000;
    config->max_attempts = config->max_attempts != 0 ? config->max_attempts : 5;
    config->lease_s = config->lease_s != 0 ? config->lease_s : 10;
    config->result_age_s = config->result_age_s != 0 ? config->result_age_s : 30 * 24 * 3600;
    config->file_age_s = config->file_age_s != 0 ? config->file_age_s : 3600;
}

TuneJobs *tune_jobs_new(const TuneJobsConfig *config, GError **error)
{
    TuneJobs *self = g_new0(TuneJobs, 1);
    g_autofree char *id = tune_store_new_id();

    self->config = *config;
    self->config.webhook_secret =
        g_strdup(config->webhook_secret != NULL ? config->webhook_secret : "");
    apply_defaults(&self->config);
    g_snprintf(self->worker, sizeof self->worker, "%.20s-%d-%s", g_get_host_name(), (int)getpid(),
               id + strlen(id) - 12);
    self->accepts_only = config->n_workers == G_MAXUINT;
    self->n_workers = self->accepts_only      ? 0
                      : config->n_workers > 0 ? config->n_workers
                                              : g_get_num_processors();
    tune_admission_init(&self->admission, config->memory_bytes);
    g_mutex_init(&self->lock);
    g_cond_init(&self->changed);
    self->running = g_hash_table_new(g_str_hash, g_str_equal);
    self->lives = g_hash_table_new(g_str_hash, g_str_equal);
    self->estimates = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    self->data = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    self->intake = tune_intake_new(config->store);
    self->line = tune_line_new(config->store);
    self->herald = tune_herald_new(self);
    self->encoders = g_thread_pool_new(tune_rendition_run, self, MAX_ENCODERS, FALSE, error);
    if (self->encoders == NULL)
        g_clear_pointer(&self, tune_jobs_free);
    return self;
}

/* ---- messages ---- */

void tune_jobs_wake(TuneJobs *self)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&self->lock);

    self->wake = TRUE;
    g_cond_broadcast(&self->changed);
}

void tune_jobs_stop_task(TuneJobs *self, const char *job_id, TuneStop why)
{
    g_autoptr(GCancellable) cancellable = NULL;

    g_mutex_lock(&self->lock);
    TuneTask *task = g_hash_table_lookup(self->running, job_id);
    if (task != NULL && task->stop == TUNE_STOP_NONE) {
        task->stop = why;
        cancellable = g_object_ref(task->cancellable);
    }
    g_mutex_unlock(&self->lock);
    if (cancellable != NULL)
        g_cancellable_cancel(cancellable);
}

static void hear_progress(TuneJobs *self, const char *text)
{
    g_auto(GStrv) words = g_strsplit(text, " ", 4);
    gboolean ours;

    if (g_strv_length(words) != 4)
        return;
    g_mutex_lock(&self->lock);
    ours = g_hash_table_contains(self->running, words[0]);
    g_mutex_unlock(&self->lock);
    if (!ours)
        tune_herald_progress(self->herald, words[0], g_ascii_strtod(words[1], NULL),
                             g_ascii_strtod(words[2], NULL), words[3]);
}

/* On a thread of the store. */
static void hear(const char *channel, const char *payload, gpointer user_data)
{
    TuneJobs *self = user_data;

    if (payload == NULL || strcmp(payload, "new") == 0)
        tune_jobs_wake(self);
    if (payload == NULL)
        tune_herald_changed(self->herald, NULL);
    else if (g_str_has_prefix(payload, "cancel "))
        tune_jobs_stop_task(self, payload + strlen("cancel "), TUNE_STOP_CANCELLED);
    else if (g_str_has_prefix(payload, "end "))
        tune_herald_changed(self->herald, payload + strlen("end "));
    else if (g_str_has_prefix(payload, "progress "))
        hear_progress(self, payload + strlen("progress "));
}

gboolean tune_jobs_wait_until(TuneJobs *self, gint64 until_us)
{
    while (!self->wake && !self->stopping)
        if (!g_cond_wait_until(&self->changed, &self->lock, until_us))
            break;
    return !self->stopping;
}

/* ---- start and stop ---- */

gboolean tune_jobs_start(TuneJobs *self, GError **error)
{
    g_return_val_if_fail(!self->started, FALSE);

    if (!tune_store_is_postgres(self->config.store) && !tune_foreman_rescue_all(self, error))
        return FALSE;
    if (!self->accepts_only)
        /* Of its own: its threads stand behind others. */
        self->workers = g_thread_pool_new(tune_worker_run, self, (gint)self->n_workers, TRUE, error);
    if (!self->accepts_only && self->workers != NULL)
        self->couriers = g_thread_pool_new(tune_courier_run, self, MAX_COURIERS, FALSE, error);
    if (!self->accepts_only && self->couriers == NULL)
        return FALSE;
    self->started = self->wake = TRUE;
    self->listener = tune_store_listen(self->config.store, TUNE_QUEUE_CHANNEL, hear, self);
    tune_herald_start(self->herald);
    self->heartbeat = g_thread_new("tune-heartbeat", tune_heartbeat_run, self);
    self->foreman = g_thread_new("tune-foreman", tune_foreman_run, self);
    self->keeper = g_thread_new("tune-keeper", tune_keeper_run, self);
    return TRUE;
}

/* Until nothing runs or @until_us.  TRUE: nothing runs. */
static gboolean wait_for_workers(TuneJobs *self, gint64 until_us)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&self->lock);

    while (g_hash_table_size(self->running) > 0)
        if (!g_cond_wait_until(&self->changed, &self->lock, until_us))
            return FALSE;
    return TRUE;
}

static void stop_tasks(TuneJobs *self, TuneStop why)
{
    g_autoptr(GPtrArray) ids = g_ptr_array_new_with_free_func(g_free);
    GHashTableIter iter;
    gpointer id;

    g_mutex_lock(&self->lock);
    g_hash_table_iter_init(&iter, self->running);
    while (g_hash_table_iter_next(&iter, &id, NULL))
        g_ptr_array_add(ids, g_strdup(id));
    g_mutex_unlock(&self->lock);
    for (guint i = 0; i < ids->len; i++)
        tune_jobs_stop_task(self, ids->pdata[i], why);
}

void tune_jobs_close(TuneJobs *self)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&self->lock);

    self->draining = self->wake = TRUE;
    g_cond_broadcast(&self->changed);
}

void tune_jobs_drain(TuneJobs *self, guint ms)
{
    gint64 start = g_get_monotonic_time();

    tune_jobs_close(self);
    if (wait_for_workers(self, start + (gint64)ms * 1000))
        return;
    stop_tasks(self, TUNE_STOP_DRAIN);
    if (!wait_for_workers(self, g_get_monotonic_time() + DRAIN_US))
        tune_log(self->config.log, TUNE_LOG_WARNING,
                 "some jobs could not be handed back in time; their leases will expire");
}

/* Renditions that wait for sound end. */
static void free_lives(TuneJobs *self)
{
    g_autoptr(GPtrArray) lives = g_ptr_array_new_with_free_func((GDestroyNotify)tune_live_unref);
    GHashTableIter iter;
    gpointer live;

    g_mutex_lock(&self->lock);
    g_hash_table_iter_init(&iter, self->lives);
    while (g_hash_table_iter_next(&iter, NULL, &live))
        g_ptr_array_add(lives, tune_live_ref(live));
    g_mutex_unlock(&self->lock);
    for (guint i = 0; i < lives->len; i++)
        tune_live_fail(lives->pdata[i]);
}

static void stop_threads(TuneJobs *self)
{
    tune_jobs_drain(self, 0);
    g_mutex_lock(&self->lock);
    self->stopping = TRUE;
    g_cond_broadcast(&self->changed);
    g_mutex_unlock(&self->lock);
    g_thread_join(self->foreman);
    if (self->workers != NULL)
        g_thread_pool_free(self->workers, FALSE, TRUE);
    if (self->couriers != NULL)
        g_thread_pool_free(self->couriers, FALSE, TRUE);
    g_thread_join(self->heartbeat);
    g_thread_join(self->keeper);
    tune_store_unlisten(self->config.store, self->listener);
    tune_herald_stop(self->herald);
}

void tune_jobs_free(TuneJobs *self)
{
    if (self == NULL)
        return;
    if (self->started)
        stop_threads(self);
    free_lives(self);
    if (self->encoders != NULL)
        g_thread_pool_free(self->encoders, FALSE, TRUE);
    tune_herald_free(self->herald);
    tune_intake_free(self->intake);
    tune_line_free(self->line);
    g_hash_table_unref(self->running);
    g_hash_table_unref(self->lives);
    g_hash_table_unref(self->estimates);
    g_clear_pointer(&self->data, g_hash_table_unref);
    g_free((char *)self->config.webhook_secret);
    tune_admission_clear(&self->admission);
    g_mutex_clear(&self->lock);
    g_cond_clear(&self->changed);
    g_free(self);
}
