/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "audio/memory.h"

#include <string.h>

typedef struct {
    TuneSource base;
    float *frames; /* [n_channels * base.n_frames] */
    gsize position;
} MemorySource;

static gboolean memory_read(TuneSource *base, float *out, gsize n_frames, gsize *n_got,
                            GError **error)
{
    MemorySource *self = (MemorySource *)base;
    gsize n = MIN(n_frames, (gsize)base->n_frames - self->position);

    if (n > 0)
        memcpy(out, self->frames + self->position * base->n_channels,
               n * base->n_channels * sizeof *out);
    self->position += n;
    *n_got = n;
    return TRUE;
}

static void memory_free(TuneSource *base)
{
    MemorySource *self = (MemorySource *)base;

    g_free(self->frames);
    g_free(self);
}

static const TuneSourceClass memory_class = {memory_read, memory_free};

TuneSource *tune_memory_source_new(const float *frames, gsize n_frames, guint n_channels,
                                   guint rate)
{
    MemorySource *self = g_new0(MemorySource, 1);

    self->base = (TuneSource){&memory_class, rate, n_channels, (gint64)n_frames};
    self->frames = g_memdup2(frames, n_frames * n_channels * sizeof *frames);
    return &self->base;
}

typedef struct {
    TuneSource base;
    TuneSource *source;
    gint64 left;
    gboolean ended; /* the source has; what is left is silence */
} ExactSource;

static gboolean exact_read(TuneSource *base, float *out, gsize n_frames, gsize *n_got,
                           GError **error)
{
    ExactSource *self = (ExactSource *)base;
    gsize want = (gsize)MIN((gint64)MIN(n_frames, (gsize)G_MAXINT32), self->left), got = 0;

    if (want > 0 && !self->ended) {
        if (!tune_source_read(self->source, out, want, &got, error))
            return FALSE;
        self->ended = got < want;
    }
    memset(out + got * base->n_channels, 0, (want - got) * base->n_channels * sizeof *out);
    self->left -= (gint64)want;
    *n_got = want;
    return TRUE;
}

static void exact_free(TuneSource *base)
{
    ExactSource *self = (ExactSource *)base;

    tune_source_free(self->source);
    g_free(self);
}

static const TuneSourceClass exact_class = {exact_read, exact_free};

TuneSource *tune_exact_source_new(TuneSource *source, gint64 n_frames)
{
    g_return_val_if_fail(n_frames >= 0, NULL);
    ExactSource *self = g_new0(ExactSource, 1);

    self->base = (TuneSource){&exact_class, source->rate, source->n_channels, n_frames};
    self->source = source;
    self->left = n_frames;
    return &self->base;
}
