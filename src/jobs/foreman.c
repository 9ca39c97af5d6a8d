/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Gives work to free workers and puts back what dead workers held.
 *
 * A lease has expired when the database's clock says so and nobody renewed it while we watched for longer
 * than a beat; or when nobody renewed it while we watched for a whole lease, whatever the clock says.  So a
 * clock that jumps, in either direction, neither takes a job from a live worker nor leaves it with a dead
 * one.
 */
#include "jobs/jobs-private.h"

#include <string.h>

#define LOOK_US        G_USEC_PER_SEC
#define STARVING_US    (20 * G_USEC_PER_SEC)

typedef struct {
    guint attempt;
    gint64 lease_until_us;
    gint64 since_us; /* monotonic: unchanged since */
    gboolean seen;   /* in this look */
} Watched;

typedef struct {
    TuneJobs *jobs;
    GHashTable *watched; /* job id to Watched* */
    gint64 look_us;      /* when to look for dead workers */
    gint64 hungry_us;    /* since when the first job does not fit; 0: it does */
} Foreman;

/* ---- rescue ---- */

static gboolean is_ours(TuneJobs *jobs, const TuneLease *lease)
{
    if (strcmp(lease->worker, jobs->worker) != 0)
        return FALSE;
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&jobs->lock);
    const TuneTask *task = g_hash_table_lookup(jobs->running, lease->id);
    return task != NULL && task->claim->attempt == lease->attempt;
}

static gboolean is_dead(Foreman *self, const TuneLease *lease, gint64 now)
{
    gint64 lease_us = (gint64)self->jobs->config.lease_s * G_USEC_PER_SEC;
    Watched *known = g_hash_table_lookup(self->watched, lease->id);

    if (known == NULL) {
        known = g_new0(Watched, 1);
        known->since_us = now;
        g_hash_table_insert(self->watched, g_strdup(lease->id), known);
    } else if (known->attempt != lease->attempt || known->lease_until_us != lease->lease_until_us) {
        known->since_us = now;
    }
    known->attempt = lease->attempt;
    known->lease_until_us = lease->lease_until_us;
    known->seen = TRUE;
    gint64 unchanged = now - known->since_us;
    return (lease->expired && unchanged > lease_us * 35 / 100) || unchanged > lease_us * 11 / 10;
}

static gboolean forget_unseen(gpointer key, gpointer value, gpointer user_data)
{
    Watched *known = value;
    gboolean gone = !known->seen;

    known->seen = FALSE;
    return gone;
}

static void put_back(TuneJobs *jobs, const GArray *dead)
{
    g_autoptr(GError) error = NULL;
    guint n = 0;

    if (dead->len == 0)
        return;
    if (!tune_queue_rescue(jobs->config.store, (const TuneLease *)(void *)dead->data, dead->len, &n,
                           &error)) {
        tune_log(jobs->config.log, TUNE_LOG_WARNING, "rescue: %s", error->message);
        return;
    }
    tune_log(jobs->config.log, TUNE_LOG_WARNING, "%u of %u jobs whose worker died are queued again",
             n, dead->len);
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&jobs->lock);
    jobs->counts.rescued += n;
    jobs->wake = TRUE;
}

static void look_for_dead(Foreman *self)
{
    TuneJobs *jobs = self->jobs;
    g_autoptr(GError) error = NULL;
    g_autoptr(GArray) leases = tune_queue_leases(jobs->config.store, &error);
    g_autoptr(GArray) dead = g_array_new(FALSE, FALSE, sizeof(TuneLease));
    gint64 now = g_get_monotonic_time();

    if (leases == NULL) { /* what was seen before says nothing now */
        g_hash_table_remove_all(self->watched);
        return;
    }
    for (guint i = 0; i < leases->len; i++) {
        const TuneLease *lease = &g_array_index(leases, TuneLease, i);

        if (!is_ours(jobs, lease) && is_dead(self, lease, now))
            g_array_append_vals(dead, lease, 1);
    }
    g_hash_table_foreach_remove(self->watched, forget_unseen, NULL);
    put_back(jobs, dead);
}

gboolean tune_foreman_rescue_all(TuneJobs *self, GError **error)
{
    g_autoptr(GArray) leases = tune_queue_leases(self->config.store, error);
    guint n = 0;

    if (leases == NULL || !tune_queue_rescue(self->config.store,
                                             (const TuneLease *)(void *)leases->data, leases->len, &n,
                                             error))
        return FALSE;
    self->counts.rescued += n;
    return TRUE;
}

/* ---- claim ---- */

static void hire(TuneJobs *jobs, TuneClaim *claim)
{
    TuneTask *task = g_new0(TuneTask, 1);

    task->claim = claim;
    task->cancellable = g_cancellable_new();
    tune_admission_take(&jobs->admission, claim->memory_bytes);
    g_mutex_lock(&jobs->lock);
    g_hash_table_insert(jobs->running, claim->id, task);
    jobs->n_couriers += tune_courier_takes(claim);
    g_mutex_unlock(&jobs->lock);
    tune_herald_changed(jobs->herald, claim->id);
    g_thread_pool_push(tune_courier_takes(claim) ? jobs->couriers : jobs->workers, task, NULL);
}

/* How many jobs to claim, of how much memory each: as many as there are workers when the first of the queue
 * needs no more than its share, else that one alone.  One that does not fit lets smaller ones pass for a
 * while; then all that comes free is kept for it.  0: none. */
static guint plan(Foreman *self, guint n_running, guint64 head, guint64 *bytes)
{
    guint n_free = self->jobs->n_workers - n_running;
    guint64 room = tune_admission_free(&self->jobs->admission);
    gint64 now = g_get_monotonic_time();

    if (head <= room || n_running == 0) {
        gboolean all = head <= room / n_free;

        self->hungry_us = 0;
        *bytes = all ? room / n_free : MAX(room, head);
        return all ? n_free : 1;
    }
    if (self->hungry_us == 0)
        self->hungry_us = now;
    *bytes = room;
    return now - self->hungry_us < STARVING_US ? 1 : 0;
}

/* TRUE: there may be more. */
static gboolean claim(Foreman *self)
{
    TuneJobs *jobs = self->jobs;
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) claims = NULL;
    guint64 head = 0, bytes = 0;

    g_mutex_lock(&jobs->lock);
    guint n_running = g_hash_table_size(jobs->running) - jobs->n_couriers;
    gboolean draining = jobs->draining;
    g_mutex_unlock(&jobs->lock);
    if (draining || n_running >= jobs->n_workers)
        return FALSE;
    gboolean asked = tune_queue_head_memory(jobs->config.store, &head, &error);
    guint limit = head > 0 ? plan(self, n_running, head, &bytes) : 0;
    if (asked && limit == 0)
        return FALSE;
    if (asked)
        claims = tune_queue_claim(jobs->config.store, jobs->worker, limit, bytes,
                                  jobs->config.lease_s, &error);
    if (claims == NULL) {
        tune_log(jobs->config.log, TUNE_LOG_WARNING, "no work can be taken: %s", error->message);
        return FALSE;
    }
    guint n = claims->len;
    while (claims->len > 0)
        hire(jobs, g_ptr_array_steal_index(claims, 0));
    if (n > 0)
        tune_line_touch(jobs->line);
    return n > 0;
}

gpointer tune_foreman_run(gpointer data)
{
    TuneJobs *jobs = data;
    Foreman self = {.jobs = jobs,
                    .watched = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free)};
    gboolean going = TRUE;

    while (going) {
        gint64 now = g_get_monotonic_time();

        if (now >= self.look_us) {
            look_for_dead(&self);
            self.look_us = now + LOOK_US;
        }
        while (!jobs->accepts_only && claim(&self))
            ;
        g_mutex_lock(&jobs->lock);
        going = tune_jobs_wait_until(jobs, self.look_us);
        jobs->wake = FALSE;
        g_mutex_unlock(&jobs->lock);
    }
    g_hash_table_unref(self.watched);
    return NULL;
}
