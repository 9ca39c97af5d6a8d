/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * libsoxr in one thread, 20 bit "high quality", linear phase: soxr aligns its output with its
 * input, so that only the end has to be made exact.
 */
#include "audio/encode.h"

#include <soxr.h>
#include <string.h>

#define BLOCK 4096

typedef struct {
    TuneSource base;
    TuneSource *source;
    soxr_t soxr;
    float *in; /* [n_channels * BLOCK] */
    gsize in_at, in_n;
    gint64 n_in, n_out;
    gboolean ended;
} Resampler;

static gint64 scaled_length(gint64 n, guint from, guint to)
{
    return (gint64)(((__int128)n * to + from / 2) / from);
}

static gboolean fill(Resampler *self, GError **error)
{
    if (self->in_at < self->in_n || self->ended)
        return TRUE;
    self->in_at = self->in_n = 0;
    if (!tune_source_read(self->source, self->in, BLOCK, &self->in_n, error))
        return FALSE;
    self->n_in += (gint64)self->in_n;
    self->ended = self->in_n < BLOCK;
    return TRUE;
}

static gboolean resample_read(TuneSource *base, float *out, gsize n_frames, gsize *n_got,
                              GError **error)
{
    Resampler *self = (Resampler *)base;
    gsize used = 0, got = 0;

    *n_got = 0;
    while (got == 0) {
        if (!fill(self, error))
            return FALSE;
        gboolean flush = self->ended && self->in_at == self->in_n;
        const float *in = flush ? NULL : self->in + self->in_at * base->n_channels;
        soxr_error_t failed =
            soxr_process(self->soxr, in, self->in_n - self->in_at, &used, out, n_frames, &got);

        if (failed != NULL) {
            g_set_error(error, TUNE_AUDIO_ERROR, TUNE_AUDIO_ERROR_MEMORY, "resampling: %s",
                        soxr_strerror(failed));
            return FALSE;
        }
        self->in_at += used;
        if (flush)
            break;
    }
    /* The end is known once the source has ended; until then more must come. */
    if (self->ended) {
        gint64 left = scaled_length(self->n_in, self->source->rate, base->rate) - self->n_out;

        if (got == 0 && left > 0) {
            got = (gsize)MIN((gint64)n_frames, left);
            memset(out, 0, got * base->n_channels * sizeof *out);
        }
        got = (gsize)CLAMP((gint64)got, 0, left);
    }
    self->n_out += (gint64)got;
    *n_got = got;
    return TRUE;
}

static void resample_free(TuneSource *base)
{
    Resampler *self = (Resampler *)base;

    soxr_delete(self->soxr);
    tune_source_free(self->source);
    g_free(self->in);
    g_free(self);
}

static const TuneSourceClass resample_class = {resample_read, resample_free};

TuneSource *tune_resample_new(TuneSource *source, guint rate, GError **error)
{
    g_return_val_if_fail(source != NULL && rate >= 1000 && rate <= 384000, NULL);
    soxr_error_t failed = NULL;
    soxr_quality_spec_t quality = soxr_quality_spec(SOXR_HQ, 0);
    soxr_runtime_spec_t runtime = soxr_runtime_spec(1);

    if (source->rate == rate)
        return source;
    soxr_t soxr =
        soxr_create(source->rate, rate, source->n_channels, &failed, NULL, &quality, &runtime);
    if (failed != NULL) {
        g_set_error(error, TUNE_AUDIO_ERROR, TUNE_AUDIO_ERROR_MEMORY,
                    "cannot resample from %u to %u Hz: %s", source->rate, rate,
                    soxr_strerror(failed));
        soxr_delete(soxr);
        tune_source_free(source);
        return NULL;
    }
    Resampler *self = g_new0(Resampler, 1);
    self->base = (TuneSource){
        &resample_class, rate, source->n_channels,
        source->n_frames < 0 ? -1 : scaled_length(source->n_frames, source->rate, rate)};
    self->source = source;
    self->soxr = soxr;
    self->in = g_new(float, BLOCK * source->n_channels);
    return &self->base;
}
