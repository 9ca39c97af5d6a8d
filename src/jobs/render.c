/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What a worker does to make a generation: the engine's render is pulled block by block into the live
 * sound's spool, while encoders read it; the rest of the files follow.
 */
#include "audio/aside.h"
#include "engine/tags.h"
#include "jobs/jobs-private.h"

#include <string.h>

#define BLOCK 1024

/* A claimed job's payload. */
typedef struct {
    const char *engine;
    const json_t *brief;
    gint64 seed, rate;
    gboolean stems;
    TuneAudioFormat format;
    const json_t *take; /* (nullable) */
} Payload;

typedef struct {
    TuneJobs *jobs;
    TuneTask *task;
    TuneStemFiles *stems; /* (nullable) */
    guint64 memory_bytes; /* allowed */
    TuneTakeOptions take;
    TuneClip *melody, *continuation; /* (nullable) */
} Rendering;

static gboolean read_payload(const json_t *json, Payload *out, GError **error)
{
    const char *format = NULL;

    out->brief = json_object_get(json, "brief");
    out->take = json_object_get(json, "take");
    out->stems = FALSE;
    if (tune_json_get_string(json, "payload", "engine", FALSE, &out->engine, error) &&
        tune_json_get_string(json, "payload", "format", FALSE, &format, error) &&
        tune_json_get_int(json, "payload", "seed", 0, G_MAXINT64, FALSE, &out->seed, error) &&
        tune_json_get_int(json, "payload", "rate", 22050, 96000, FALSE, &out->rate, error) &&
        tune_json_get_bool(json, "payload", "stems", TRUE, &out->stems, error)) {
        if (tune_audio_format_parse(format, &out->format))
            return TRUE;
        g_set_error(error, TUNE_JOBS_ERROR, TUNE_JOBS_ERROR_ORDER, "payload: no format is \"%s\"",
                    format);
    }
    return FALSE;
}

static void tell_progress(double fraction, const char *stage, double audio_seconds,
                          gpointer user_data)
{
    Rendering *self = user_data;
    TuneTask *task = self->task;

    g_mutex_lock(&self->jobs->lock);
    task->progress = MIN(fraction, 0.99); /* 1 is for what is recorded */
    task->audio_seconds = audio_seconds;
    g_strlcpy(task->stage, stage, sizeof task->stage);
    task->told = FALSE;
    g_mutex_unlock(&self->jobs->lock);
    tune_herald_progress(self->jobs->herald, task->claim->id, MIN(fraction, 0.99), audio_seconds,
                         stage);
}

static gboolean check_room(const TuneScore *score, gint64 n_frames, guint64 memory_bytes,
                           gpointer user_data, GError **error)
{
    Rendering *self = user_data;

    if (self->stems != NULL)
        tune_stem_files_set_length(self->stems, n_frames);
    return memory_bytes <= self->memory_bytes ||
           tune_admission_check(&self->jobs->admission, memory_bytes, error);
}

/* A recording that somebody brought, decoded aside. */
static gboolean read_clip(Rendering *self, const json_t *take, const char *key, TuneClip **out,
                          GError **error)
{
    TuneAsideLimits limits = TUNE_ASIDE_LIMITS_DEFAULT;
    const char *sha256 = json_string_value(json_object_get(take, key));

    if (sha256 == NULL)
        return TRUE;
    g_autofree char *path = tune_files_path(self->jobs->config.files, sha256, error);
    TuneSource *source =
        path != NULL ? tune_aside_new(path, &limits, self->task->cancellable, error) : NULL;
    *out = source != NULL ? tune_clip_read(source, TUNE_CLIP_MAX_SECONDS, error) : NULL;
    if (*out == NULL)
        g_prefix_error(error, "%s: ", key);
    return *out != NULL;
}

static double number_of(const json_t *take, const char *key)
{
    const json_t *number = json_object_get(take, key);

    return json_is_number(number) ? json_number_value(number) : -1;
}

static gboolean read_take(Rendering *self, const json_t *take, GError **error)
{
    self->take = (TuneTakeOptions)TUNE_TAKE_OPTIONS_DEFAULT;
    self->take.guidance = number_of(take, "guidance");
    self->take.temperature = number_of(take, "temperature");
    self->take.top_k = (gint)number_of(take, "top_k");
    self->take.top_p = number_of(take, "top_p");
    self->take.greedy = json_is_true(json_object_get(take, "greedy"));
    if (!read_clip(self, take, "melody", &self->melody, error) ||
        !read_clip(self, take, "continue", &self->continuation, error))
        return FALSE;
    self->take.melody = self->melody;
    self->take.continuation = self->continuation;
    return TRUE;
}

static TuneRender *start(Rendering *self, TuneEngine *engine, const Payload *payload, GError **error)
{
    TuneRenderOptions options = TUNE_RENDER_OPTIONS_DEFAULT;
    TuneVocabulary *vocabulary = tune_engine_pool_vocabulary(self->jobs->config.pool, error);

    if (vocabulary == NULL || !read_take(self, payload->take, error))
        return NULL;
    options.take = &self->take;
    g_autoptr(TuneBrief) brief = tune_brief_from_json(payload->brief, vocabulary, error);
    if (brief == NULL)
        return NULL;
    options.rate = (guint)payload->rate;
    options.master = TUNE_MASTER_LIVE;
    options.cancellable = self->task->cancellable;
    options.progress = tell_progress;
    options.progress_user_data = self;
    options.room = check_room;
    options.room_user_data = self;
    if (self->stems != NULL) {
        options.stem_sink = tune_stem_files_sink;
        options.stem_user_data = self->stems;
    }
    return tune_engine_start(engine, brief, (guint64)payload->seed, &options, error);
}

/* What must be there when the job is done. */
static gboolean want_formats(TuneLive *live, const TuneAudioFormat *formats, GError **error)
{
    for (guint i = 0; formats[i] != TUNE_N_AUDIO_FORMATS; i++) {
        g_autoptr(TuneGrowing) growing = tune_live_rendition(live, formats[i], error);

        if (growing == NULL)
            return FALSE;
    }
    return TRUE;
}

static gboolean pull(Rendering *self, TuneRender *render, TuneLive *live, TuneWaveform *waveform,
                     const TuneAudioFormat *formats, GError **error)
{
    float block[2 * BLOCK];
    gsize got;

    do {
        if (!tune_render_read(render, block, BLOCK, &got, error) ||
            !tune_live_write(live, block, got, error))
            return FALSE;
        tune_waveform_add(waveform, block, got);
    } while (got > 0);
    return tune_live_finish(live, formats, self->task->cancellable, error);
}

static gboolean render_all(Rendering *self, TuneEngine *engine, const Payload *payload, TuneLive *live,
                           TuneMadeResult *out, GError **error)
{
    const TuneClaim *claim = self->task->claim;
    const TuneAudioFormat formats[] = {payload->format, TUNE_MASTER_FORMAT, TUNE_N_AUDIO_FORMATS};
    g_autofree char *label = g_strdup_printf("%s-%u", claim->id, claim->attempt);

    if (payload->stems)
        self->stems = tune_stem_files_new(self->jobs->config.files, label, (guint)payload->rate);
    g_autoptr(TuneRender) render = start(self, engine, payload, error);
    if (render == NULL)
        return FALSE;
    gint64 n_frames = tune_render_n_frames(render);
    g_autoptr(TuneTags) tags = tune_render_tags(render);
    g_autoptr(TuneWaveform) waveform = tune_waveform_new(tune_render_rate(render), n_frames);
    if (!tune_live_begin(live, label, tune_render_rate(render), n_frames, tags, error) ||
        !want_formats(live, formats, error) ||
        !pull(self, render, live, waveform, formats, error))
        return FALSE;
    tune_live_collect(live, out);
    if (self->stems != NULL &&
        !tune_stem_files_finish(self->stems, tune_render_score(render), out, error))
        return FALSE;
    out->report = tune_render_report(render);
    out->seconds = (double)tune_waveform_frames(waveform) / tune_render_rate(render);
    g_strlcpy(out->recipe_sha256, tune_render_recipe_hash(render), sizeof out->recipe_sha256);
    return tune_result_files(self->jobs, label, render, waveform, out, error);
}

gboolean tune_render_job(TuneJobs *jobs, TuneTask *task, TuneLive *live, TuneMadeResult *out,
                         GError **error)
{
    g_autoptr(json_t) json =
        tune_json_parse("payload", task->claim->payload, strlen(task->claim->payload), error);
    Rendering self = {.jobs = jobs, .task = task, .memory_bytes = task->claim->memory_bytes};
    Payload payload;

    if (json == NULL || !read_payload(json, &payload, error) ||
        g_cancellable_set_error_if_cancelled(task->cancellable, error))
        return FALSE;
    g_autoptr(TuneEngineLease) lease =
        tune_engine_pool_take(jobs->config.pool, payload.engine, error);
    if (lease == NULL)
        return FALSE;
    gboolean done =
        render_all(&self, tune_engine_lease_engine(lease), &payload, live, out, error) &&
        !g_cancellable_set_error_if_cancelled(task->cancellable, error);
    tune_stem_files_free(self.stems);
    g_clear_pointer(&self.melody, tune_clip_unref);
    g_clear_pointer(&self.continuation, tune_clip_unref);
    return done;
}
