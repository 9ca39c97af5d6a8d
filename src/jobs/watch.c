/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The herald: one thread that tells watchers what became of their generations, and live sounds whether
 * anything will still come.  Progress is put into the last status that was read, ten times a second at
 * most; whatever else happens is read from the database, which has the last word.
 */
#include "jobs/jobs-private.h"
#include "store/generations.h"

#include <string.h>

#define PACE_US (G_USEC_PER_SEC / 10)
#define LOOK_US G_USEC_PER_SEC /* at live sounds that nobody feeds, and at watched jobs elsewhere */

typedef struct {
    guint id;
    char *generation;
    char *job_id; /* (nullable) until the first status */
    TuneJobsChanged changed;
    gpointer user_data;
    json_t *status;    /* (nullable) as told last */
    gboolean stale;    /* read it again */
    gboolean moved;    /* progress below is news */
    gboolean removed;  /* while it was being called */
    gboolean ended;    /* told of its end: nothing more will come */
    double fraction, seconds;
    char stage[16];
    gint64 told_us;    /* monotonic */
} Watch;

struct TuneHerald {
    TuneJobs *jobs;
    GThread *thread;
    GMutex lock;
    GCond changed;
    GPtrArray *watches; /* Watch; lock */
    gint n_watches;     /* atomic */
    guint last_id;
    Watch *calling;     /* lock */
    gboolean look;      /* at the lives; lock */
    gboolean stop;
};

static void watch_free(gpointer data)
{
    Watch *self = data;

    g_free(self->generation);
    g_free(self->job_id);
    g_clear_pointer(&self->status, json_decref);
    g_free(self);
}

TuneHerald *tune_herald_new(TuneJobs *jobs)
{
    TuneHerald *self = g_new0(TuneHerald, 1);

    self->jobs = jobs;
    self->watches = g_ptr_array_new();
    g_mutex_init(&self->lock);
    g_cond_init(&self->changed);
    return self;
}

void tune_herald_free(TuneHerald *self)
{
    if (self == NULL)
        return;
    for (guint i = 0; i < self->watches->len; i++)
        watch_free(self->watches->pdata[i]);
    g_ptr_array_unref(self->watches);
    g_mutex_clear(&self->lock);
    g_cond_clear(&self->changed);
    g_free(self);
}

/* ---- news ---- */

void tune_herald_progress(TuneHerald *self, const char *job_id, double fraction, double seconds,
                          const char *stage)
{
    if (g_atomic_int_get(&self->n_watches) == 0)
        return;
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&self->lock);
    for (guint i = 0; i < self->watches->len; i++) {
        Watch *watch = self->watches->pdata[i];

        if (g_strcmp0(watch->job_id, job_id) != 0 || watch->ended)
            continue;
        watch->fraction = fraction;
        watch->seconds = seconds;
        g_strlcpy(watch->stage, stage, sizeof watch->stage);
        watch->moved = TRUE;
        g_cond_signal(&self->changed);
    }
}

void tune_herald_changed(TuneHerald *self, const char *job_id)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&self->lock);

    for (guint i = 0; i < self->watches->len; i++) {
        Watch *watch = self->watches->pdata[i];

        if (job_id == NULL || watch->job_id == NULL || strcmp(watch->job_id, job_id) == 0)
            watch->stale = TRUE;
    }
    self->look = TRUE;
    g_cond_signal(&self->changed);
}

/* ---- telling ---- */

static gboolean is_end(const json_t *status)
{
    const char *text = json_string_value(json_object_get(status, "status"));

    return g_strcmp0(text, "completed") == 0 || g_strcmp0(text, "failed") == 0 ||
           g_strcmp0(text, "cancelled") == 0;
}

/* The status of @watch as it is now; *job_id (transfer full) when it was read. (transfer full)
 * (nullable) */
static json_t *read_status(TuneHerald *self, const char *generation, char **job_id)
{
    json_t *row = tune_status_row(self->jobs, generation, NULL, NULL);

    if (row == NULL)
        return NULL;
    *job_id = g_strdup(json_string_value(json_object_get(row, "job_id")));
    return tune_status_of(self->jobs, row, NULL);
}

static json_t *with_progress(const json_t *status, double fraction, double seconds, const char *stage)
{
    json_t *out = json_copy((json_t *)status);

    json_object_set_new(out, "status", json_string("running"));
    json_object_set_new(out, "progress", tune_json_real(fraction, 4));
    json_object_set_new(out, "stage", json_string(stage));
    json_object_set_new(out, "audio_seconds", tune_json_real(seconds, 2));
    json_object_del(out, "queue_position");
    return out;
}

/* The next watch that is due; *wait_us: until when otherwise.  Called locked. */
static Watch *next_due(TuneHerald *self, gint64 now, gint64 *wait_us)
{
    for (guint i = 0; i < self->watches->len; i++) {
        Watch *watch = self->watches->pdata[i];
        gint64 due = watch->told_us + PACE_US;

        if (watch->ended || !(watch->stale || watch->moved))
            continue;
        if (watch->stale || due <= now)
            return watch;
        *wait_us = MIN(*wait_us, due);
    }
    return NULL;
}

/* Called locked; unlocks while it reads and calls. */
static void tell(TuneHerald *self, Watch *watch, gint64 now)
{
    gboolean stale = watch->stale || watch->status == NULL;
    g_autoptr(json_t) fresh =
        stale ? NULL : with_progress(watch->status, watch->fraction, watch->seconds, watch->stage);
    char *job_id = NULL;

    watch->stale = watch->moved = FALSE;
    watch->told_us = now;
    self->calling = watch;
    g_mutex_unlock(&self->lock);
    if (stale)
        fresh = read_status(self, watch->generation, &job_id);
    if (fresh != NULL && (watch->status == NULL || !json_equal(fresh, watch->status)))
        watch->changed(watch->generation, fresh, watch->user_data);
    g_mutex_lock(&self->lock);
    self->calling = NULL;
    if (job_id != NULL) {
        g_free(watch->job_id);
        watch->job_id = job_id;
    }
    if (fresh != NULL) {
        watch->ended = is_end(fresh);
        json_decref(watch->status);
        watch->status = g_steal_pointer(&fresh);
    }
    if (watch->removed)
        watch_free(watch);
    g_cond_broadcast(&self->changed);
}

/* ---- live sounds that nobody feeds ---- */

static gboolean is_active(TuneJobs *jobs, const char *identity)
{
    gboolean active = TRUE; /* when it cannot be known, go on waiting */

    (void)tune_queue_is_active(jobs->config.store, identity, &active, NULL);
    return active;
}

/* Finished elsewhere: go on from its master.  Ended without: say so. */
static void look_at(TuneJobs *jobs, TuneLive *live)
{
    const char *identity = tune_live_identity(live);
    g_autoptr(GError) error = NULL;
    char master[32];

    gboolean active = is_active(jobs, identity); /* first: what ends leaves a result */
    g_autoptr(json_t) result = tune_result_get(jobs->config.store, identity, &error);
    if (error != NULL)
        return;
    tune_audio_file_name(TUNE_MASTER_FORMAT, master);
    const char *sha256 = json_string_value(
        json_object_get(json_object_get(json_object_get(result, "files"), master), "sha256"));
    if (sha256 != NULL)
        tune_live_set_master(live, sha256);
    else if (!active)
        tune_live_fail(live);
}

static void look_at_lives(TuneJobs *jobs)
{
    g_autoptr(GPtrArray) lives = g_ptr_array_new_with_free_func((GDestroyNotify)tune_live_unref);
    GHashTableIter iter;
    gpointer live;

    g_mutex_lock(&jobs->lock);
    g_hash_table_iter_init(&iter, jobs->lives);
    while (g_hash_table_iter_next(&iter, NULL, &live))
        g_ptr_array_add(lives, tune_live_ref(live));
    g_mutex_unlock(&jobs->lock);
    for (guint i = 0; i < lives->len; i++)
        if (!tune_live_is_fed(lives->pdata[i]))
            look_at(jobs, lives->pdata[i]);
}

static gpointer run(gpointer data)
{
    TuneHerald *self = data;
    gint64 look_us = 0;

    g_mutex_lock(&self->lock);
    while (!self->stop) {
        gint64 now = g_get_monotonic_time(), wait_us = look_us;
        Watch *due = next_due(self, now, &wait_us);

        if (due != NULL) {
            tell(self, due, now);
        } else if (self->look || now >= look_us) {
            self->look = FALSE;
            look_us = now + LOOK_US;
            g_mutex_unlock(&self->lock);
            look_at_lives(self->jobs);
            g_mutex_lock(&self->lock);
        } else {
            g_cond_wait_until(&self->changed, &self->lock, wait_us);
        }
    }
    g_mutex_unlock(&self->lock);
    return NULL;
}

void tune_herald_start(TuneHerald *self)
{
    self->thread = g_thread_new("tune-herald", run, self);
}

void tune_herald_stop(TuneHerald *self)
{
    g_mutex_lock(&self->lock);
    self->stop = TRUE;
    g_cond_broadcast(&self->changed);
    g_mutex_unlock(&self->lock);
    if (self->thread != NULL)
        g_thread_join(g_steal_pointer(&self->thread));
}

/* ---- the room's functions ---- */

guint tune_jobs_watch(TuneJobs *jobs, const char *id, TuneJobsChanged changed, gpointer user_data)
{
    TuneHerald *self = jobs->herald;
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&self->lock);
    Watch *watch = g_new0(Watch, 1);

    watch->id = ++self->last_id;
    watch->generation = g_strdup(id);
    watch->changed = changed;
    watch->user_data = user_data;
    watch->stale = TRUE;
    g_ptr_array_add(self->watches, watch);
    g_atomic_int_inc(&self->n_watches);
    g_cond_broadcast(&self->changed);
    return watch->id;
}

void tune_jobs_unwatch(TuneJobs *jobs, guint id)
{
    TuneHerald *self = jobs->herald;
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&self->lock);

    for (guint i = 0; i < self->watches->len; i++) {
        Watch *watch = self->watches->pdata[i];

        if (watch->id != id)
            continue;
        g_ptr_array_remove_index(self->watches, i);
        g_atomic_int_add(&self->n_watches, -1);
        if (self->calling != watch) {
            watch_free(watch);
            return;
        }
        watch->removed = TRUE; /* the herald frees it */
        while (self->calling == watch && g_thread_self() != self->thread)
            g_cond_wait(&self->changed, &self->lock);
        return;
    }
}
