/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * One claimed job, from claim to end.  What becomes of its listeners is not decided here but by what the
 * database says afterwards (watch.c), because another process may have the last word.
 */
#include "jobs/jobs-private.h"

#include <string.h>
#include <sys/resource.h>

#define BEHIND 5 /* nice: a third of the processor time of a thread that answers, when both want it */
#define MAX_TRIES 40 /* of a write while the database is away: some 70 s */

void tune_made_result_clear(TuneMadeResult *self)
{
    g_clear_pointer(&self->report, json_decref);
    for (guint i = 0; self->files != NULL && i < self->files->len; i++)
        g_free(g_array_index(self->files, TuneMade, i).name);
    g_clear_pointer(&self->files, g_array_unref);
}

void tune_made_add(TuneMadeResult *self, const char *name, const char *mime, const TuneStored *stored)
{
    TuneMade made = {g_strdup(name), mime, *stored};

    g_array_append_val(self->files, made);
}

static TuneStop stop_of(TuneJobs *jobs, const TuneTask *task)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&jobs->lock);

    return task->stop;
}

/* ---- writes that must arrive ---- */

typedef struct {
    TuneJobs *jobs;
    const TuneTask *task;
    const TuneResult *result; /* complete */
    const char *reason;       /* fail */
    gboolean again;
    double delay_s;
} End;

typedef gboolean (*Write)(const End *end, gboolean *held, GError **error);

static gboolean write_complete(const End *end, gboolean *held, GError **error)
{
    return tune_queue_complete(end->jobs->config.store, end->jobs->worker, end->task->claim,
                               end->result, held, error);
}

static gboolean write_fail(const End *end, gboolean *held, GError **error)
{
    return tune_queue_fail(end->jobs->config.store, end->jobs->worker, end->task->claim, end->reason,
                           end->again, end->delay_s, held, error);
}

static gboolean write_hand_back(const End *end, gboolean *held, GError **error)
{
    return tune_queue_hand_back(end->jobs->config.store, end->jobs->worker, end->task->claim, held,
                                error);
}

static gboolean write_drop(const End *end, gboolean *held, GError **error)
{
    return tune_queue_drop(end->jobs->config.store, end->jobs->worker, end->task->claim, held, error);
}

/* While the database is away the work is kept; a lost lease shows when it is back.  TRUE: written, and the
 * job was ours. */
static gboolean insist(const End *end, Write write)
{
    const TuneLog *log = end->jobs->config.log;

    for (guint try = 1;; try++) {
        g_autoptr(GError) error = NULL;
        gboolean held = FALSE;

        if (write(end, &held, &error))
            return held;
        gboolean away = g_error_matches(error, TUNE_STORE_ERROR, TUNE_STORE_ERROR_UNAVAILABLE) ||
                        g_error_matches(error, TUNE_STORE_ERROR, TUNE_STORE_ERROR_TIMEOUT);
        g_mutex_lock(&end->jobs->lock);
        gboolean draining = end->jobs->draining;
        g_mutex_unlock(&end->jobs->lock);
        if (!away || draining || try >= MAX_TRIES) {
            tune_log(log, TUNE_LOG_ERROR, "the end of a job cannot be recorded: %s", error->message);
            return FALSE;
        }
        if (try == 1)
            tune_log(log, TUNE_LOG_WARNING, "the end of a job waits for the database: %s",
                     error->message);
        g_usleep(MIN(100000u * try, 2000000u));
    }
}

/* ---- ends ---- */

static void count(TuneJobs *jobs, guint64 *counter)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&jobs->lock);

    (*counter)++;
}

static void end_well(TuneJobs *jobs, TuneTask *task, TuneLive *live, const TuneMadeResult *made)
{
    g_autofree TuneResultFile *files = g_new0(TuneResultFile, made->files->len);
    g_autofree char *report = json_dumps(made->report, JSON_COMPACT);

    for (guint i = 0; i < made->files->len; i++) {
        const TuneMade *one = &g_array_index(made->files, TuneMade, i);
        files[i] = (TuneResultFile){one->name, one->stored.sha256, one->mime, one->stored.bytes};
    }
    TuneResult result = {task->claim->identity, made->recipe_sha256, report, made->seconds, files,
                         made->files->len};
    End end = {.jobs = jobs, .task = task, .result = &result};
    if (!insist(&end, write_complete)) {
        tune_live_abandon(live);
        return;
    }
    tune_live_recorded(live);
    count(jobs, &jobs->counts.completed);
}

/* Would it fail the same way the next time? */
static gboolean is_lasting(const GError *error)
{
    return g_error_matches(error, TUNE_AUDIO_ERROR, TUNE_AUDIO_ERROR_FORMAT) ||
           g_error_matches(error, TUNE_AUDIO_ERROR, TUNE_AUDIO_ERROR_BROKEN) ||
           error->domain == TUNE_BRIEF_ERROR || error->domain == TUNE_ENGINE_ERROR ||
           g_error_matches(error, TUNE_JOBS_ERROR, TUNE_JOBS_ERROR_ORDER) ||
           g_error_matches(error, TUNE_JOBS_ERROR, TUNE_JOBS_ERROR_TOO_LARGE);
}

static gboolean is_memory(const GError *error)
{
    return g_error_matches(error, TUNE_AUDIO_ERROR, TUNE_AUDIO_ERROR_MEMORY) ||
           g_error_matches(error, TUNE_SYNTH_ERROR, TUNE_SYNTH_ERROR_MEMORY);
}

/* 2^attempt seconds, a quarter more or less, so that what failed together does not come back together. */
static double delay_of(const TuneClaim *claim)
{
    guint spread = (g_str_hash(claim->id) ^ claim->attempt * 2654435761u) % 512;

    return (double)(1u << MIN(claim->attempt, 10u)) * (0.75 + (double)spread / 1024);
}

static void end_badly(TuneJobs *jobs, TuneTask *task, const GError *error)
{
    gboolean again = !is_lasting(error);
    End end = {.jobs = jobs, .task = task, .reason = error->message, .again = again,
               .delay_s = delay_of(task->claim)};

    if (is_memory(error)) {
        tune_admission_trip(&jobs->admission);
        tune_engine_pool_release_memory(jobs->config.pool, NULL);
    }
    tune_log(jobs->config.log, TUNE_LOG_WARNING, "job %s, attempt %u: %s", task->claim->id,
             task->claim->attempt, error->message);
    if (insist(&end, write_fail) && (!again || task->claim->attempts_left == 0))
        count(jobs, &jobs->counts.failed);
}

static void end_stopped(TuneJobs *jobs, TuneTask *task, TuneStop why)
{
    End end = {.jobs = jobs, .task = task};

    if (why == TUNE_STOP_DRAIN)
        (void)insist(&end, write_hand_back);
    else if (why == TUNE_STOP_CANCELLED && insist(&end, write_drop))
        count(jobs, &jobs->counts.cancelled);
}

void tune_task_dismiss(TuneJobs *jobs, TuneTask *task)
{
    tune_admission_give(&jobs->admission, task->claim->memory_bytes);
    g_mutex_lock(&jobs->lock);
    g_hash_table_remove(jobs->running, task->claim->id);
    jobs->n_couriers -= tune_courier_takes(task->claim);
    jobs->wake = TRUE;
    g_cond_broadcast(&jobs->changed);
    g_mutex_unlock(&jobs->lock);
    g_object_unref(task->cancellable);
    tune_claim_free(task->claim);
    g_free(task);
}

/* Sound is made behind the answers: renders fill every processor for minutes, and a request, a cancel or
 * the database passes through several threads that would each wait for its turn.  Threads that this one
 * starts are like it. */
static void stand_behind(void)
{
#ifdef __linux__ /* where 0 is the thread, not the process */
    if (getpriority(PRIO_PROCESS, 0) < BEHIND)
        (void)setpriority(PRIO_PROCESS, 0, BEHIND);
#endif
}

void tune_worker_run(gpointer data, gpointer user_data)
{
    TuneTask *task = data;
    TuneJobs *jobs = user_data;

    stand_behind();
    g_autoptr(TuneLive) live = tune_live_take(jobs, task->claim->identity);
    g_autofree char *job_id = g_strdup(task->claim->id);
    g_autoptr(GError) error = NULL;
    TuneMadeResult made = {.files = g_array_new(FALSE, FALSE, sizeof(TuneMade))};

    gboolean good = tune_optimize_takes(task->claim)
                        ? tune_optimize_job(jobs, task, &made, &error)
                        : tune_render_job(jobs, task, live, &made, &error);
    if (good) {
        end_well(jobs, task, live, &made);
    } else {
        TuneStop why = stop_of(jobs, task);

        tune_live_abandon(live);
        if (why == TUNE_STOP_NONE)
            end_badly(jobs, task, error);
        else
            end_stopped(jobs, task, why);
    }
    tune_made_result_clear(&made);
    tune_task_dismiss(jobs, task);
    tune_herald_changed(jobs->herald, job_id);
}
