/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Forgets what nobody needs: old idempotency keys, results that were not used for long, stored files that
 * no record names.  A stored file is older than its record by the time its job takes to end, so young ones
 * are left alone.  Several servers may do this at once.
 */
#include "jobs/jobs-private.h"
#include "store/generations.h"

#define EASE_US     (10 * G_USEC_PER_SEC)  /* memory */
#define CLEAN_US    (600 * G_USEC_PER_SEC) /* records and files */
#define KEY_AGE_S   (24 * 3600)
#define EXPIRE_STEP 500
#define FILES_STEP  500

typedef struct {
    gint64 before_us; /* wall clock, as file times are */
    GPtrArray *old;   /* char*: hashes */
} Sweep;

static void note_old(const char *sha256, guint64 bytes, gint64 modified_us, gpointer user_data)
{
    Sweep *self = user_data;

    if (modified_us < self->before_us)
        g_ptr_array_add(self->old, g_strdup(sha256));
}

/* FALSE: the database is away. */
static gboolean remove_unneeded(TuneJobs *jobs, const GPtrArray *hashes, guint from, guint n,
                                guint *n_removed)
{
    g_autofree gboolean *needed = g_new0(gboolean, n);
    g_autoptr(GError) error = NULL;

    if (!tune_files_needed(jobs->config.store, (const char *const *)hashes->pdata + from, n, needed,
                           &error)) {
        tune_log(jobs->config.log, TUNE_LOG_WARNING, "clean-up: %s", error->message);
        return FALSE;
    }
    for (guint i = 0; i < n; i++)
        if (!needed[i] && tune_files_remove(jobs->config.files, hashes->pdata[from + i], NULL))
            (*n_removed)++;
    return TRUE;
}

static void sweep_files(TuneJobs *jobs)
{
    Sweep sweep = {g_get_real_time() - (gint64)jobs->config.file_age_s * G_USEC_PER_SEC,
                   g_ptr_array_new_with_free_func(g_free)};
    guint n_removed = 0;

    tune_files_each(jobs->config.files, note_old, &sweep);
    for (guint i = 0; i < sweep.old->len; i += FILES_STEP)
        if (!remove_unneeded(jobs, sweep.old, i, MIN(FILES_STEP, sweep.old->len - i), &n_removed))
            break;
    if (n_removed > 0)
        tune_log(jobs->config.log, TUNE_LOG_INFO, "%u stored files that no record needs are removed",
                 n_removed);
    g_ptr_array_unref(sweep.old);
}

void tune_keeper_clean(TuneJobs *self)
{
    g_autoptr(GError) error = NULL;
    guint n = 0, total = 0;
    gboolean ok = tune_queue_forget_keys(self->config.store, KEY_AGE_S, &error);

    do {
        ok = ok && tune_result_expire(self->config.store, self->config.result_age_s, EXPIRE_STEP, &n,
                                      &error);
        total += n;
    } while (ok && n == EXPIRE_STEP);
    if (!ok)
        tune_log(self->config.log, TUNE_LOG_WARNING, "clean-up: %s", error->message);
    else if (total > 0)
        tune_log(self->config.log, TUNE_LOG_INFO, "%u results that nobody used are forgotten", total);
    sweep_files(self);
}

/* TRUE: go on. */
static gboolean wait(TuneJobs *jobs, gint64 until_us)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&jobs->lock);

    while (!jobs->stopping)
        if (!g_cond_wait_until(&jobs->changed, &jobs->lock, until_us))
            break;
    return !jobs->stopping;
}

gpointer tune_keeper_run(gpointer data)
{
    TuneJobs *jobs = data;
    gint64 clean_us = g_get_monotonic_time() + CLEAN_US / 10;

    while (wait(jobs, g_get_monotonic_time() + EASE_US)) {
        tune_engine_pool_relieve(jobs->config.pool);
        if (g_get_monotonic_time() < clean_us)
            continue;
        tune_keeper_clean(jobs);
        clean_us = g_get_monotonic_time() + CLEAN_US;
    }
    return NULL;
}
