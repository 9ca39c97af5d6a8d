/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Encoding a live sound into one format.
 */
#include "jobs/live-private.h"

#include <string.h>

#define BLOCK 1024

/* ---- the PCM as a source ---- */

typedef struct {
    TuneSource base;
    TuneLive *live;     /* a reference */
    gint64 at;          /* frames given */
    TuneSource *master; /* (nullable) when reading from the stored master; at its frame @at */
} LivePcm;

typedef enum { FROM_SPOOL, FROM_MASTER, AT_END, NO_MORE } Feed;

/* Wait for the next frames; *spool (transfer full) and *n, how many frames it has from @at on. */
static Feed wait_for_feed(LivePcm *self, TuneGrowing **spool, gsize *n)
{
    TuneLive *live = self->live;
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&live->lock);

    for (;;) {
        if (live->failed)
            return NO_MORE;
        if (self->master != NULL)
            return FROM_MASTER;
        if (live->spool != NULL && live->spool_frames > self->at) {
            *spool = tune_growing_ref(live->spool);
            *n = (gsize)(live->spool_frames - self->at);
            return FROM_SPOOL;
        }
        if (live->spool != NULL && live->spool_done)
            return AT_END;
        if (live->spool == NULL && live->master != NULL)
            return FROM_MASTER;
        g_cond_wait(&live->changed, &live->lock);
    }
}

static gboolean read_spool(LivePcm *self, TuneGrowing *spool, float *out, gsize n, GError **error)
{
    guint8 bytes[TUNE_SPOOL_FRAME * BLOCK];

    while (n > 0) {
        gsize piece = MIN(n, BLOCK), size = piece * TUNE_SPOOL_FRAME;

        for (gsize got = 0; got < size;) {
            gssize m = tune_growing_pread(spool, bytes + got, size - got,
                                          (guint64)self->at * TUNE_SPOOL_FRAME + got);
            if (m <= 0) {
                g_set_error_literal(error, TUNE_FILES_ERROR, TUNE_FILES_ERROR_IO,
                                    "the sound being made cannot be read back");
                return FALSE;
            }
            got += (gsize)m;
        }
        for (gsize i = 0; i < 2 * piece; i++) {
            guint32 bits = (guint32)bytes[3 * i] << 8 | (guint32)bytes[3 * i + 1] << 16 |
                           (guint32)bytes[3 * i + 2] << 24;
            out[i] = (float)((gint32)bits >> 8) / 8388608.0f;
        }
        self->at += (gint64)piece;
        out += 2 * piece;
        n -= piece;
    }
    return TRUE;
}

/* Decode up to where we are: the same samples. */
static gboolean open_master(LivePcm *self, GError **error)
{
    TuneLive *live = self->live;
    float block[2 * BLOCK];
    TuneTags *tags = NULL;

    g_mutex_lock(&live->lock);
    g_autofree char *sha256 = g_strdup(live->master);
    g_mutex_unlock(&live->lock);
    g_autofree char *path = tune_files_path(live->jobs->config.files, sha256, error);
    if (path == NULL)
        return FALSE;
    self->master = tune_decoder_new(path, &tags, error);
    g_mutex_lock(&live->lock);
    if (live->tags == NULL && self->master != NULL)
        live->tags = g_steal_pointer(&tags);
    g_mutex_unlock(&live->lock);
    tune_tags_free(tags);
    if (self->master == NULL)
        return FALSE;
    for (gint64 left = self->at; left > 0;) {
        gsize got;

        if (!tune_source_read(self->master, block, (gsize)MIN(left, BLOCK), &got, error))
            return FALSE;
        if (got == 0) {
            g_set_error_literal(error, TUNE_FILES_ERROR, TUNE_FILES_ERROR_BROKEN,
                                "the stored sound is shorter than what was heard of it");
            return FALSE;
        }
        left -= (gint64)got;
    }
    return TRUE;
}

static gboolean pcm_read(TuneSource *source, float *out, gsize n_frames, gsize *n_got,
                         GError **error)
{
    LivePcm *self = (LivePcm *)source;

    for (*n_got = 0; *n_got < n_frames;) {
        g_autoptr(TuneGrowing) spool = NULL;
        gsize n = 0;

        switch (wait_for_feed(self, &spool, &n)) {
        case AT_END:
            return TRUE;
        case NO_MORE:
            g_set_error_literal(error, TUNE_JOBS_ERROR, TUNE_JOBS_ERROR_FAILED,
                                "the generation ended without a sound");
            return FALSE;
        case FROM_SPOOL:
            n = MIN(n, n_frames - *n_got);
            if (!read_spool(self, spool, out + 2 * *n_got, n, error))
                return FALSE;
            break;
        case FROM_MASTER:
            if ((self->master == NULL && !open_master(self, error)) ||
                !tune_source_read(self->master, out + 2 * *n_got, n_frames - *n_got, &n, error))
                return FALSE;
            if (n == 0)
                return TRUE;
            self->at += (gint64)n;
            break;
        }
        *n_got += n;
    }
    return TRUE;
}

static void pcm_free(TuneSource *source)
{
    LivePcm *self = (LivePcm *)source;

    tune_source_free(self->master);
    tune_live_unref(self->live);
    g_free(self);
}

TuneSource *tune_live_pcm_new(TuneLive *live, GError **error)
{
    static const TuneSourceClass class = {pcm_read, pcm_free};
    LivePcm *self = g_new0(LivePcm, 1);

    self->base = (TuneSource){&class, 0, 2, -1};
    self->live = tune_live_ref(live);
    g_mutex_lock(&live->lock);
    self->base.rate = live->rate;
    self->base.n_frames = live->n_frames;
    g_mutex_unlock(&live->lock);
    if (self->base.rate != 0)
        return &self->base;
    if (!open_master(self, error)) {
        pcm_free(&self->base);
        return NULL;
    }
    self->base.rate = self->master->rate;
    self->base.n_frames = self->master->n_frames;
    return &self->base;
}

/* ---- encoding ---- */

/* What @format can hold of @rate. */
static guint rate_for(TuneAudioFormat format, guint rate)
{
    static const guint mp3[] = {22050, 24000, 32000, 44100, 48000};

    if (format == TUNE_AUDIO_OPUS)
        return rate == 24000 ? 24000 : 48000;
    if (format != TUNE_AUDIO_MP3)
        return rate;
    for (guint i = 0; i < G_N_ELEMENTS(mp3); i++)
        if (mp3[i] == rate)
            return rate;
    return rate % 44100 == 0 ? 44100 : 48000;
}

static TuneSource *open_source(TuneRendition *self, GError **error)
{
    TuneSource *source = tune_live_pcm_new(self->live, error);
    guint rate = source != NULL ? rate_for(self->format, source->rate) : 0;

    return source != NULL && rate != source->rate ? tune_resample_new(source, rate, error) : source;
}

static gboolean append(gconstpointer data, gsize n_bytes, gpointer user_data, GError **error)
{
    return tune_growing_append(user_data, data, n_bytes, error);
}

static TuneEncoder *open_encoder(TuneRendition *self, const TuneSource *source, GError **error)
{
    TuneLive *live = self->live;
    g_autoptr(TuneTags) tags = NULL;

    g_mutex_lock(&live->lock);
    tags = live->tags != NULL ? tune_tags_copy(live->tags) : tune_tags_new();
    guint rate = live->rate;
    g_mutex_unlock(&live->lock);
    if (rate != 0 && source->rate != rate) { /* loop points count frames */
        tags->loop_start = tags->loop_start * source->rate / rate;
        tags->loop_end = tags->loop_end * source->rate / rate;
    }
    return tune_encoder_new_to("the stream", append, self->growing, self->format, source->rate, 2,
                               source->n_frames, tags, error);
}

static gboolean encode(TuneRendition *self, TuneStored *stored, GError **error)
{
    g_autoptr(TuneSource) source = open_source(self, error);
    g_autoptr(TuneEncoder) encoder = source != NULL ? open_encoder(self, source, error) : NULL;
    float block[2 * BLOCK];
    gsize got;

    if (encoder == NULL)
        return FALSE;
    do {
        if (!tune_source_read(source, block, BLOCK, &got, error) ||
            (got > 0 && !tune_encoder_write(encoder, block, got, error)))
            return FALSE;
    } while (got > 0);
    return tune_encoder_finish(encoder, error) && tune_growing_commit(self->growing, stored, error);
}

void tune_rendition_run(gpointer data, gpointer user_data)
{
    TuneRendition *self = data;
    TuneLive *live = self->live;
    GError *error = NULL;
    TuneStored stored;
    gboolean done = encode(self, &stored, &error), record = FALSE;

    if (!done)
        tune_growing_fail(self->growing);
    g_mutex_lock(&live->lock);
    self->queued = FALSE;
    if (done) {
        self->done = TRUE;
        self->stored = stored;
        record = live->recorded && !self->recorded;
        self->recorded = self->recorded || record;
    } else {
        self->failed = TRUE;
        self->error = error;
    }
    g_cond_broadcast(&live->changed);
    g_mutex_unlock(&live->lock);
    if (record)
        tune_rendition_record(self);
    tune_live_unref(live);
}
