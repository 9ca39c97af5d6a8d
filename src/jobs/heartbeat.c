/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Renews the leases of what runs here, on a thread that does nothing else: a worker that is busy rendering
 * cannot be late with it.  The answer says what has been cancelled elsewhere and what is lost.  In between,
 * progress is told to those who watch from other processes.
 */
#include "jobs/jobs-private.h"

#include <string.h>

#define TELL_US (G_USEC_PER_SEC / 2)

/* Copies, so that no lock is held while the database is asked. */
typedef struct {
    GArray *renewals;      /* TuneRenewal */
    GArray *audio_seconds; /* double */
    GPtrArray *texts;      /* ids and stages */
} Round;

static void round_init(Round *self)
{
    self->renewals = g_array_new(FALSE, TRUE, sizeof(TuneRenewal));
    self->audio_seconds = g_array_new(FALSE, TRUE, sizeof(double));
    self->texts = g_ptr_array_new_with_free_func(g_free);
}

static void round_clear(Round *self)
{
    g_array_unref(self->renewals);
    g_array_unref(self->audio_seconds);
    g_ptr_array_unref(self->texts);
}

static char *keep(Round *self, const char *text)
{
    char *copy = g_strdup(text);

    g_ptr_array_add(self->texts, copy);
    return copy;
}

/* @fresh_only: those whose progress has not been told yet. */
static void gather(TuneJobs *jobs, Round *out, gboolean fresh_only)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&jobs->lock);
    GHashTableIter iter;
    gpointer value;

    g_hash_table_iter_init(&iter, jobs->running);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        TuneTask *task = value;

        if (fresh_only && task->told)
            continue;
        task->told = TRUE;
        TuneRenewal one = {.id = keep(out, task->claim->id), .attempt = task->claim->attempt,
                           .progress = task->progress, .stage = keep(out, task->stage)};
        g_array_append_val(out->renewals, one);
        g_array_append_val(out->audio_seconds, task->audio_seconds);
    }
}

static void tell(TuneJobs *jobs)
{
    Round round;

    round_init(&round);
    gather(jobs, &round, TRUE);
    (void)tune_queue_tell_progress(jobs->config.store,
                                   (const TuneRenewal *)(void *)round.renewals->data,
                                   (const double *)(void *)round.audio_seconds->data,
                                   round.renewals->len, NULL);
    round_clear(&round);
}

static void renew(TuneJobs *jobs)
{
    g_autoptr(GError) error = NULL;
    Round round;

    round_init(&round);
    gather(jobs, &round, FALSE);
    TuneRenewal *renewals = (TuneRenewal *)(void *)round.renewals->data;
    if (!tune_queue_renew(jobs->config.store, jobs->worker, renewals, round.renewals->len,
                          jobs->config.lease_s, &error))
        tune_log(jobs->config.log, TUNE_LOG_WARNING, "leases cannot be renewed: %s", error->message);
    for (guint i = 0; error == NULL && i < round.renewals->len; i++) {
        if (!renewals[i].held)
            tune_jobs_stop_task(jobs, renewals[i].id, TUNE_STOP_LOST);
        else if (renewals[i].cancelled)
            tune_jobs_stop_task(jobs, renewals[i].id, TUNE_STOP_CANCELLED);
    }
    round_clear(&round);
}

/* TRUE: stop.  Nobody wakes this thread but the end: tune_jobs_wait_until() is for the foreman. */
static gboolean wait_until(TuneJobs *jobs, gint64 until_us)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&jobs->lock);

    while (!jobs->stopping)
        if (!g_cond_wait_until(&jobs->changed, &jobs->lock, until_us))
            break;
    return jobs->stopping;
}

gpointer tune_heartbeat_run(gpointer data)
{
    TuneJobs *jobs = data;
    gint64 beat_us = (gint64)jobs->config.lease_s * G_USEC_PER_SEC * 3 / 10;
    gboolean others = tune_store_is_postgres(jobs->config.store);
    gint64 next = g_get_monotonic_time() + beat_us;

    for (;;) {
        gint64 now = g_get_monotonic_time();

        if (wait_until(jobs, others ? MIN(next, now + TELL_US) : next))
            return NULL;
        if (g_get_monotonic_time() >= next) {
            renew(jobs);
            next = g_get_monotonic_time() + beat_us;
        } else {
            tell(jobs);
        }
    }
}
