/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A generation as JSON, its files, its cancel; the room's counts.
 */
#include "jobs/jobs-private.h"
#include "store/generations.h"

#include <string.h>

static gboolean unknown(GError **error)
{
    if (error == NULL || *error == NULL)
        g_set_error_literal(error, TUNE_JOBS_ERROR, TUNE_JOBS_ERROR_UNKNOWN, "no such generation");
    return FALSE;
}

static const char *text_of(const json_t *row, const char *key)
{
    const char *text = json_string_value(json_object_get(row, key));

    return text != NULL ? text : "";
}

json_t *tune_status_row(TuneJobs *self, const char *id, const char *owner, GError **error)
{
    GError *failure = NULL;
    json_t *row = tune_generation_get(self->config.store, id, owner, &failure);

    if (row == NULL) {
        if (failure != NULL)
            g_propagate_error(error, failure);
        else
            unknown(error);
        return NULL;
    }
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&self->lock);
    const TuneTask *task = g_hash_table_lookup(self->running, text_of(row, "job_id"));
    if (task == NULL || strcmp(text_of(row, "status"), "running") != 0)
        return row;
    json_object_set_new(row, "progress", tune_json_real(task->progress, 4));
    json_object_set_new(row, "stage", json_string(task->stage));
    json_object_set_new(row, "audio_seconds", tune_json_real(task->audio_seconds, 2));
    return row;
}

/* Hashes stay inside. */
static json_t *files_for_people(const json_t *files)
{
    json_t *out = json_object(), *file;
    const char *name;

    json_object_foreach((json_t *)files, name, file)
        json_object_set_new(out, name, json_pack("{s:O, s:O}", "mime", json_object_get(file, "mime"),
                                                 "bytes", json_object_get(file, "bytes")));
    return out;
}

static gboolean add_result(TuneJobs *self, json_t *row, GError **error)
{
    GError *failure = NULL;
    g_autoptr(json_t) result =
        tune_result_get(self->config.store, text_of(row, "identity"), &failure);

    if (failure != NULL) {
        g_propagate_error(error, failure);
        return FALSE;
    }
    if (result == NULL) /* cleaned up */
        return TRUE;
    json_object_set(row, "recipe_sha256", json_object_get(result, "recipe_sha256"));
    json_object_set(row, "report", json_object_get(result, "report"));
    json_object_set(row, "seconds", json_object_get(result, "seconds"));
    json_object_set_new(row, "files", files_for_people(json_object_get(result, "files")));
    return TRUE;
}

static gboolean add_place(TuneJobs *self, json_t *row, GError **error)
{
    guint position = 0;
    double eta = 0;

    if (!tune_line_find(self->line, text_of(row, "job_id"),
                        (gint)json_integer_value(json_object_get(row, "job_priority")),
                        json_integer_value(json_object_get(row, "turn")), self->n_workers, &position,
                        &eta, error))
        return FALSE;
    json_object_set_new(row, "queue_position", json_integer(position));
    json_object_set_new(row, "eta_seconds", tune_json_real(eta, 2));
    return TRUE;
}

json_t *tune_status_of(TuneJobs *self, json_t *row, GError **error)
{
    static const char *const inner[] = {"id", "identity", "job_id", "owner", "turn", "job_priority"};
    const char *status = text_of(row, "status");
    gboolean ok = strcmp(status, "completed") == 0 ? add_result(self, row, error)
                  : strcmp(status, "queued") == 0  ? add_place(self, row, error)
                                                   : TRUE;

    if (!ok) {
        json_decref(row);
        return NULL;
    }
    for (guint i = 0; i < G_N_ELEMENTS(inner); i++)
        json_object_del(row, inner[i]);
    return row;
}

json_t *tune_jobs_status(TuneJobs *self, const char *id, const char *owner, GError **error)
{
    json_t *row = tune_status_row(self, id, owner, error);

    return row != NULL ? tune_status_of(self, row, error) : NULL;
}

gboolean tune_jobs_cancel(TuneJobs *self, const char *id, const char *owner, GError **error)
{
    TuneCancelled done;

    if (!tune_queue_cancel(self->config.store, id, owner, &done, error))
        return FALSE;
    if (!done.found)
        return unknown(error);
    if (strcmp(done.status, "queued") != 0) {
        g_set_error(error, TUNE_JOBS_ERROR, TUNE_JOBS_ERROR_STATE,
                    "it is %s: there is nothing to cancel", done.status);
        return FALSE;
    }
    if (done.stop)
        tune_jobs_stop_task(self, done.job_id, TUNE_STOP_CANCELLED);
    else {
        g_mutex_lock(&self->lock);
        self->counts.cancelled++;
        g_mutex_unlock(&self->lock);
    }
    tune_line_touch(self->line);
    tune_herald_changed(self->herald, done.job_id);
    return TRUE;
}

/* ---- files ---- */

static gboolean no_such_file(const char *name, GError **error)
{
    if (error == NULL || *error == NULL)
        g_set_error(error, TUNE_JOBS_ERROR, TUNE_JOBS_ERROR_NO_SUCH_FILE,
                    "the result has no file \"%s\"", name);
    return FALSE;
}

int tune_jobs_file(TuneJobs *self, const char *id, const char *owner, const char *name, guint64 *bytes,
                   const char **mime, char sha256[65], GError **error)
{
    GError *failure = NULL;
    g_autoptr(json_t) row = tune_status_row(self, id, owner, error);

    if (row == NULL)
        return -1;
    if (strcmp(text_of(row, "status"), "completed") != 0) {
        g_set_error(error, TUNE_JOBS_ERROR, TUNE_JOBS_ERROR_STATE,
                    "the generation is %s: it has no files", text_of(row, "status"));
        return -1;
    }
    g_autoptr(json_t) result =
        tune_result_get(self->config.store, text_of(row, "identity"), &failure);
    if (failure != NULL) {
        g_propagate_error(error, failure);
        return -1;
    }
    const json_t *file = json_object_get(json_object_get(result, "files"), name);
    if (file == NULL) {
        no_such_file(name, error);
        return -1;
    }
    *mime = g_intern_string(text_of(file, "mime"));
    g_strlcpy(sha256, text_of(file, "sha256"), 65);
    (void)tune_result_touch(self->config.store, text_of(row, "identity"), NULL);
    return tune_files_read(self->config.files, sha256, bytes, error);
}

/* ---- counts ---- */

gboolean tune_jobs_stats(TuneJobs *self, TuneJobsStats *out, GError **error)
{
    TuneQueueView view;

    if (!tune_line_view(self->line, &view, error))
        return FALSE;
    g_mutex_lock(&self->lock);
    *out = self->counts;
    g_mutex_unlock(&self->lock);
    out->queued = view.queued;
    out->running = view.running;
    out->dead = view.dead;
    out->oldest_queued_s = view.oldest_s;
    out->workers = self->n_workers;
    out->memory_limit = self->admission.limit;
    out->breaker_open = tune_admission_is_open(&self->admission);
    g_mutex_lock(&self->admission.lock);
    out->memory_in_use = self->admission.in_use;
    g_mutex_unlock(&self->admission.lock);
    return TRUE;
}
