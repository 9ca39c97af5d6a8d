/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Jobs of the kind "optimize": a stored recording of somebody's made ready for the web (audio/optimize.h).  Its
 * sound is decoded in a confined child; what is made is a result like any other, with one file.
 */
#include "audio/aside.h"
#include "audio/optimize.h"
#include "base/hash.h"
#include "jobs/jobs-private.h"

#include <string.h>

#define MEMORY      (guint64)(96 << 20) /* both processes, whatever the length */
#define FASTER      40.0                /* than the sound is long, both passes */
#define MOST_SECONDS 3600

typedef struct {
    TuneJobs *jobs;
    TuneTask *task;
    char *path;
} Optimizing;

gboolean tune_optimize_takes(const TuneClaim *claim)
{
    return strcmp(claim->kind, "optimize") == 0;
}

/* ---- order ---- */

gboolean tune_jobs_optimize(TuneJobs *self, const TuneOptimizeOrder *order, TuneAccepted *out,
                            GError **error)
{
    g_autoptr(json_t) payload =
        json_pack("{s:s, s:o, s:b, s:b}", "sha256", order->sha256, "target_lufs",
                  tune_json_real(order->target_lufs, 2), "compress", order->compress, "vbr",
                  order->vbr);
    g_autofree char *text = tune_json_canonical(payload);
    g_autofree char *named = g_strconcat("optimize ", text, NULL);
    g_autofree char *identity = tune_hash_bytes(named, strlen(named));
    g_autofree char *request = tune_json_canonical(order->request);
    g_autofree char *request_hash = tune_hash_bytes(request, strlen(request));
    TuneEnqueue item = {.owner = order->owner,
                        .kind = "optimize",
                        .identity = identity,
                        .engine = "optimize",
                        .prompt = order->name,
                        .request = request,
                        .format = "mp3",
                        .payload = text,
                        .memory_bytes = MEMORY,
                        .seconds = MAX(0.1, order->seconds / FASTER),
                        .max_attempts = self->config.max_attempts,
                        .idempotency_key = order->idempotency_key,
                        .request_hash = request_hash};

    *out = (TuneAccepted){.status = "queued",
                          .estimate = {.memory_bytes = MEMORY,
                                       .seconds = item.seconds,
                                       .audio_seconds = order->seconds}};
    return tune_admission_check(&self->admission, MEMORY, error) &&
           tune_jobs_put(self, &item, out, error);
}

/* ---- work ---- */

static TuneSource *open_sound(gpointer data, GError **error)
{
    const Optimizing *self = data;
    TuneAsideLimits limits = TUNE_ASIDE_LIMITS_DEFAULT;

    limits.max_seconds = MOST_SECONDS;
    return tune_aside_new(self->path, &limits, self->task->cancellable, error);
}

static void tell(double fraction, gpointer data)
{
    Optimizing *self = data;
    double shown = MIN(fraction, 0.99); /* 1 is for what is recorded */

    g_mutex_lock(&self->jobs->lock);
    self->task->progress = shown;
    g_strlcpy(self->task->stage, "optimize", sizeof self->task->stage);
    self->task->told = FALSE;
    g_mutex_unlock(&self->jobs->lock);
    tune_herald_progress(self->jobs->herald, self->task->claim->id, shown, 0, "optimize");
}

static json_t *report_of(const TuneOptimized *made)
{
    return json_pack("{s:{s:o, s:o, s:o, s:o, s:o, s:i}}", "optimized", "before_lufs",
                     tune_json_real(made->before.integrated_lufs, 2), "gain_db",
                     tune_json_real(made->gain_db, 2), "after_lufs",
                     tune_json_real(made->after.integrated_lufs, 2), "true_peak_dbtp",
                     tune_json_real(made->after.true_peak_dbtp, 2), "seconds",
                     tune_json_real(made->seconds, 3), "rate", (int)made->rate);
}

static gboolean optimize(Optimizing *self, const json_t *payload, TuneMadeResult *out, GError **error)
{
    const TuneClaim *claim = self->task->claim;
    TuneFiles *files = self->jobs->config.files;
    TuneOptimizeConfig config = TUNE_OPTIMIZE_CONFIG_DEFAULT;
    g_autofree char *label = g_strdup_printf("%s-%u", claim->id, claim->attempt);
    TuneOptimized made;
    TuneStored stored;

    config.target_lufs = json_number_value(json_object_get(payload, "target_lufs"));
    config.compress = json_is_true(json_object_get(payload, "compress"));
    config.quality = json_is_true(json_object_get(payload, "vbr")) ? TUNE_MP3_V0 : TUNE_MP3_192;
    self->path = tune_files_path(files, json_string_value(json_object_get(payload, "sha256")), error);
    g_autoptr(TuneFileWriter) writer =
        self->path != NULL ? tune_files_write(files, label, error) : NULL;
    if (writer == NULL ||
        !tune_optimize(open_sound, self, &config, tune_file_writer_path(writer), NULL,
                       self->task->cancellable, tell, self, &made, error) ||
        !tune_file_writer_commit(writer, &stored, error))
        return FALSE;
    tune_made_add(out, "audio/mp3", "audio/mpeg", &stored);
    out->report = report_of(&made);
    out->seconds = made.seconds;
    g_strlcpy(out->recipe_sha256, claim->identity, sizeof out->recipe_sha256);
    return TRUE;
}

gboolean tune_optimize_job(TuneJobs *jobs, TuneTask *task, TuneMadeResult *out, GError **error)
{
    g_autoptr(json_t) payload =
        tune_json_parse("payload", task->claim->payload, strlen(task->claim->payload), error);
    Optimizing self = {.jobs = jobs, .task = task};
    gboolean done = payload != NULL && optimize(&self, payload, out, error);

    g_free(self.path);
    return done;
}
