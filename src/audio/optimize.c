/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "audio/optimize.h"

#include <string.h>
#include "audio/decibel.h"
#include "audio/limiter.h"

#define CHUNK_SECONDS 10
#define BLOCK         4096 /* between two looks at the cancellable */
#define SILENT_LUFS   (-69.0)

/* One pass: the sound as stereo at the target's rate, compressed, a chunk at a time. */
typedef struct {
    TuneSource *source;
    TuneCompressor compressor;
    gboolean compress;
    gsize chunk;   /* frames */
    float *frames; /* [2 * chunk] */
    GCancellable *cancellable;
    TuneLoudnessMeter *before; /* (nullable) fed with what comes in */
} Pass;

typedef struct {
    TuneOptimizeProgress tell;
    gpointer data;
    guint pass; /* 0, 1 */
    gint64 n_frames, n_done;
} Progress;

static void tell(Progress *self, gsize n)
{
    self->n_done += (gint64)n;
    if (self->tell == NULL)
        return;
    double within =
        self->n_frames > 0 ? MIN((double)self->n_done / (double)self->n_frames, 1.0) : 0.0;
    self->tell(0.5 * ((double)self->pass + within), self->data);
}

/* ---- a pass ---- */

static guint pick_rate(const TuneOptimizeConfig *config, guint own)
{
    static const guint rates[] = {8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000};

    if (config->rate != 0)
        return config->rate;
    for (gsize i = 0; i < G_N_ELEMENTS(rates); i++)
        if (rates[i] == own)
            return own;
    return own % 44100 == 0 || own < 44100 ? 44100 : 48000; /* 88.2 and 176.4 kHz halve evenly */
}

static void pass_clear(Pass *self)
{
    tune_source_free(self->source);
    g_free(self->frames);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Pass, pass_clear)

static gboolean pass_init(Pass *self, TuneOptimizeOpen open, gpointer open_data,
                          const TuneOptimizeConfig *config, GCancellable *cancellable,
                          GError **error)
{
    TuneSource *source = open(open_data, error);

    *self = (Pass){.cancellable = cancellable, .compress = config->compress};
    if (source == NULL)
        return FALSE;
    self->source = tune_resample_new(source, pick_rate(config, source->rate), error);
    if (self->source == NULL)
        return FALSE;
    self->chunk = (gsize)CHUNK_SECONDS * self->source->rate;
    self->frames = g_try_malloc_n(2 * self->chunk, sizeof *self->frames);
    tune_compressor_init(&self->compressor, self->source->rate, &config->compressor);
    if (self->frames != NULL)
        return TRUE;
    g_set_error(error, TUNE_AUDIO_ERROR, TUNE_AUDIO_ERROR_MEMORY, "optimising: out of memory");
    return FALSE;
}

/* In place, from the end: [n] becomes [2 * n]. */
static void widen(float *frames, gsize n)
{
    for (gsize i = n; i-- > 0;)
        frames[2 * i] = frames[2 * i + 1] = frames[i];
}

/* Up to a chunk of compressed stereo in self->frames; *n 0: the end. */
static gboolean pass_read(Pass *self, gsize *n, GError **error)
{
    guint n_channels = self->source->n_channels;
    gsize got = 1;

    for (*n = 0; *n < self->chunk && got > 0; *n += got)
        if (g_cancellable_set_error_if_cancelled(self->cancellable, error) ||
            !tune_source_read(self->source, self->frames + *n * n_channels,
                              MIN(BLOCK, self->chunk - *n), &got, error))
            return FALSE;
    if (n_channels == 1)
        widen(self->frames, *n);
    if (self->before != NULL)
        tune_loudness_meter_feed(self->before, self->frames, *n);
    if (self->compress)
        tune_compressor_process(&self->compressor, self->frames, *n);
    return TRUE;
}

/* ---- first: how loud ---- */

static double gain_for(const TuneOptimizeConfig *config, double lufs)
{
    return lufs < SILENT_LUFS ? 0.0 : MIN(config->target_lufs - lufs, config->max_gain_db);
}

static gboolean measure(Pass *pass, const TuneOptimizeConfig *config, Progress *progress,
                        TuneOptimized *out, GError **error)
{
    guint rate = pass->source->rate;
    g_autoptr(TuneLoudnessMeter) before = tune_loudness_meter_new(rate, 2, TRUE, error);
    g_autoptr(TuneLoudnessMeter) compressed =
        before != NULL ? tune_loudness_meter_new(rate, 2, FALSE, error) : NULL;
    TuneLoudness loudness;
    gsize n;

    if (compressed == NULL)
        return FALSE;
    pass->before = before;
    do {
        if (!pass_read(pass, &n, error))
            return FALSE;
        tune_loudness_meter_feed(compressed, pass->frames, n);
        tell(progress, n);
    } while (n > 0);
    if (progress->n_done == 0) {
        g_set_error(error, TUNE_AUDIO_ERROR, TUNE_AUDIO_ERROR_BROKEN, "there is no sound in it");
        return FALSE;
    }
    tune_loudness_meter_read(before, &out->before);
    tune_loudness_meter_read(compressed, &loudness);
    out->compressed_lufs = loudness.integrated_lufs;
    out->gain_db = gain_for(config, loudness.integrated_lufs);
    out->rate = rate;
    out->seconds = (double)progress->n_done / rate;
    return TRUE;
}

/* ---- second: do it ---- */

typedef struct {
    TuneEncoder *encoder;
    TuneLimiter *limiter;
    TuneLoudnessMeter *after;
    float gain;
    gsize skip; /* frames that the limiter is still late by */
} Output;

static void output_clear(Output *self)
{
    tune_encoder_free(self->encoder);
    tune_limiter_free(self->limiter);
    tune_loudness_meter_free(self->after);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Output, output_clear)

static gboolean output_init(Output *self, const TuneOptimizeConfig *config, const char *path,
                            const TuneTags *tags, const TuneOptimized *plan, GError **error)
{
    *self = (Output){.gain = (float)tune_db_to_gain(plan->gain_db)};
    self->after = tune_loudness_meter_new(plan->rate, 2, TRUE, error);
    if (self->after == NULL)
        return FALSE;
    self->limiter = tune_limiter_new(plan->rate, config->ceiling_dbtp);
    self->skip = tune_limiter_latency(self->limiter);
    self->encoder = tune_encoder_new(path, TUNE_AUDIO_MP3, plan->rate, 2, -1, tags, error);
    if (self->encoder == NULL)
        return FALSE;
    tune_encoder_set_mp3_quality(self->encoder, config->quality);
    return TRUE;
}

/* @frames: [2 * n], changed. */
static gboolean output_write(Output *self, float *frames, gsize n, GError **error)
{
    for (gsize i = 0; i < 2 * n; i++)
        frames[i] *= self->gain;
    tune_limiter_process(self->limiter, frames, n);
    gsize skip = MIN(self->skip, n);
    self->skip -= skip;
    tune_loudness_meter_feed(self->after, frames + 2 * skip, n - skip);
    return tune_encoder_write(self->encoder, frames + 2 * skip, n - skip, error);
}

/* What is still in the limiter; short sounds may never have filled it. */
static gboolean output_finish(Output *self, TuneOptimized *out, GError **error)
{
    gsize latency = tune_limiter_latency(self->limiter);
    g_autofree float *silence = g_new0(float, 2 * latency);

    if (!output_write(self, silence, latency, error) || !tune_encoder_finish(self->encoder, error))
        return FALSE;
    tune_loudness_meter_read(self->after, &out->after);
    return TRUE;
}

static gboolean write_all(Pass *pass, Output *output, Progress *progress, TuneOptimized *out,
                          GError **error)
{
    gsize n;

    do {
        if (!pass_read(pass, &n, error))
            return FALSE;
        for (gsize at = 0; at < n; at += BLOCK) {
            gsize piece = MIN(BLOCK, n - at);

            if (g_cancellable_set_error_if_cancelled(pass->cancellable, error) ||
                !output_write(output, pass->frames + 2 * at, piece, error))
                return FALSE;
            tell(progress, piece);
        }
    } while (n > 0);
    return output_finish(output, out, error);
}

gboolean tune_optimize(TuneOptimizeOpen open, gpointer open_data, const TuneOptimizeConfig *config,
                       const char *path, const TuneTags *tags, GCancellable *cancellable,
                       TuneOptimizeProgress progress, gpointer progress_data, TuneOptimized *out,
                       GError **error)
{
    g_return_val_if_fail(open != NULL && config != NULL && path != NULL && out != NULL, FALSE);
    g_auto(Pass) first = {0}, second = {0};
    g_auto(Output) output = {0};
    Progress told = {progress, progress_data, 0, 0, 0};

    *out = (TuneOptimized){0};
    if (!pass_init(&first, open, open_data, config, cancellable, error))
        return FALSE;
    told.n_frames = first.source->n_frames;
    if (!measure(&first, config, &told, out, error))
        return FALSE;
    pass_clear(&first); /* its ten seconds are not needed beside those of the second */
    first = (Pass){0};
    told = (Progress){progress, progress_data, 1, told.n_done, 0};
    return pass_init(&second, open, open_data, config, cancellable, error) &&
           output_init(&output, config, path, tags, out, error) &&
           write_all(&second, &output, &told, out, error);
}
