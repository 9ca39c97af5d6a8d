/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Sound while it is made.  The worker appends PCM to a spool file; each rendition is a job of the encoders'
 * pool that pulls PCM from the spool, waiting where it has caught up, and appends to its own file.  What has
 * been appended is never changed, and is the file that is kept.  Nobody waits for a listener, and nothing is
 * in memory but a block.
 *
 * The PCM of an identity is always the same, so a rendition survives its worker: when an attempt stops, the
 * renditions wait where they are, and go on in the next attempt's spool, or, when another process finished
 * the job, in the stored master, whose samples are the spool's.
 */
#include "jobs/live-private.h"
#include "audio/dither.h"
#include "store/generations.h"

#include <string.h>

#define WRITE_FRAMES 1024

/* ---- life ---- */

TuneLive *tune_live_take(TuneJobs *jobs, const char *identity)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&jobs->lock);
    TuneLive *self = g_hash_table_lookup(jobs->lives, identity);

    if (self != NULL)
        return tune_live_ref(self);
    self = g_new0(TuneLive, 1);
    self->refs = 1;
    self->jobs = jobs;
    self->identity = g_strdup(identity);
    g_mutex_init(&self->lock);
    g_cond_init(&self->changed);
    for (guint i = 0; i < TUNE_N_AUDIO_FORMATS; i++)
        self->renditions[i] = (TuneRendition){.live = self, .format = (TuneAudioFormat)i};
    g_hash_table_insert(jobs->lives, self->identity, self);
    return self;
}

TuneLive *tune_live_ref(TuneLive *self)
{
    g_atomic_int_inc(&self->refs);
    return self;
}

/* What was never fed is told that nothing will come, so that its listeners end. */
static void free_live(TuneLive *self)
{
    for (guint i = 0; i < TUNE_N_AUDIO_FORMATS; i++) {
        TuneRendition *rendition = &self->renditions[i];

        g_clear_error(&rendition->error);
        if (rendition->growing == NULL)
            continue;
        if (!rendition->done)
            tune_growing_fail(rendition->growing);
        tune_growing_unref(rendition->growing);
    }
    tune_growing_unref(self->spool);
    tune_tags_free(self->tags);
    g_free(self->master);
    g_free(self->identity);
    g_mutex_clear(&self->lock);
    g_cond_clear(&self->changed);
    g_free(self);
}

void tune_live_unref(TuneLive *self)
{
    if (self == NULL)
        return;
    TuneJobs *jobs = self->jobs;
    g_mutex_lock(&jobs->lock);
    gboolean last = g_atomic_int_dec_and_test(&self->refs);
    if (last && g_hash_table_lookup(jobs->lives, self->identity) == self)
        g_hash_table_remove(jobs->lives, self->identity);
    g_mutex_unlock(&jobs->lock);
    if (last)
        free_live(self);
}

const char *tune_live_identity(const TuneLive *self)
{
    return self->identity;
}

gboolean tune_live_is_fed(TuneLive *self)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&self->lock);

    return self->spool != NULL || self->master != NULL || self->failed;
}

/* ---- renditions ---- */

void tune_audio_file_name(TuneAudioFormat format, char out[32])
{
    g_snprintf(out, 32, "audio/%s", tune_audio_format_name(format));
}

/* Called locked. */
static void start(TuneLive *self, TuneRendition *rendition)
{
    if (rendition->growing == NULL || rendition->queued || rendition->done || rendition->failed ||
        self->failed || (self->spool == NULL && self->master == NULL))
        return;
    rendition->queued = TRUE;
    tune_live_ref(self);
    g_thread_pool_push(self->jobs->encoders, rendition, NULL);
}

static void start_all(TuneLive *self)
{
    for (guint i = 0; i < TUNE_N_AUDIO_FORMATS; i++)
        start(self, &self->renditions[i]);
    g_cond_broadcast(&self->changed);
}

TuneGrowing *tune_live_rendition(TuneLive *self, TuneAudioFormat format, GError **error)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&self->lock);
    TuneRendition *rendition = &self->renditions[format];

    if (self->failed) {
        g_set_error_literal(error, TUNE_JOBS_ERROR, TUNE_JOBS_ERROR_FAILED,
                            "no sound will come: the generation failed");
        return NULL;
    }
    if (rendition->failed && !rendition->queued) { /* a full disk, say: once more */
        g_clear_pointer(&rendition->growing, tune_growing_unref);
        g_clear_error(&rendition->error);
        rendition->failed = FALSE;
    }
    if (rendition->growing == NULL) {
        g_autofree char *label = g_strdup_printf("%.16s-%s", self->identity,
                                                 tune_audio_format_name(format));
        rendition->growing = tune_growing_new(self->jobs->config.files, label, error);
        if (rendition->growing == NULL)
            return NULL;
        start(self, rendition);
    }
    return tune_growing_ref(rendition->growing);
}

gboolean tune_live_stored(TuneLive *self, TuneAudioFormat format, TuneStored *out)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&self->lock);

    if (self->renditions[format].done)
        *out = self->renditions[format].stored;
    return self->renditions[format].done;
}

void tune_live_await_stored(TuneLive *self, TuneAudioFormat format)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&self->lock);
    const TuneRendition *rendition = &self->renditions[format];

    while (rendition->queued && !rendition->done && !rendition->failed)
        g_cond_wait(&self->changed, &self->lock);
}

/* ---- the worker's side ---- */

gboolean tune_live_begin(TuneLive *self, const char *label, guint rate, gint64 n_frames,
                         const TuneTags *tags, GError **error)
{
    TuneGrowing *spool = tune_growing_new(self->jobs->config.files, label, error);

    if (spool == NULL)
        return FALSE;
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&self->lock);
    tune_growing_unref(self->spool);
    self->spool = spool;
    self->spool_frames = 0;
    self->spool_done = FALSE;
    self->rate = rate;
    self->n_frames = n_frames;
    if (self->tags == NULL)
        self->tags = tune_tags_copy(tags);
    start_all(self);
    return TRUE;
}

static void pack(const gint32 *samples, guint8 *out, gsize n)
{
    for (gsize i = 0; i < n; i++) {
        guint32 sample = (guint32)samples[i];

        out[3 * i] = (guint8)sample;
        out[3 * i + 1] = (guint8)(sample >> 8);
        out[3 * i + 2] = (guint8)(sample >> 16);
    }
}

gboolean tune_live_write(TuneLive *self, const float *frames, gsize n, GError **error)
{
    gint32 samples[2 * WRITE_FRAMES];
    guint8 bytes[TUNE_SPOOL_FRAME * WRITE_FRAMES];

    while (n > 0) {
        gsize piece = MIN(n, WRITE_FRAMES);

        tune_quantise_24(frames, samples, 2 * piece);
        pack(samples, bytes, 2 * piece);
        /* Only the worker changes what spool points to. */
        if (!tune_growing_append(self->spool, bytes, TUNE_SPOOL_FRAME * piece, error))
            return FALSE;
        frames += 2 * piece;
        n -= piece;
        g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&self->lock);
        self->spool_frames += (gint64)piece;
        g_cond_broadcast(&self->changed);
    }
    return TRUE;
}

/* Are they all encoded?  FALSE with @error when one cannot be.  Called locked. */
static gboolean are_done(TuneLive *self, const TuneAudioFormat *formats, gboolean *done,
                         GError **error)
{
    *done = TRUE;
    for (guint i = 0; formats[i] != TUNE_N_AUDIO_FORMATS; i++) {
        const TuneRendition *rendition = &self->renditions[formats[i]];

        if (rendition->failed) {
            g_propagate_error(error, g_error_copy(rendition->error));
            return FALSE;
        }
        *done = *done && rendition->done;
    }
    return TRUE;
}

gboolean tune_live_finish(TuneLive *self, const TuneAudioFormat *formats, GCancellable *cancellable,
                          GError **error)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&self->lock);
    gboolean done;

    self->spool_done = TRUE;
    g_cond_broadcast(&self->changed);
    for (;;) {
        if (!are_done(self, formats, &done, error))
            return FALSE;
        if (done)
            return TRUE;
        if (g_cancellable_set_error_if_cancelled(cancellable, error))
            return FALSE;
        g_cond_wait_until(&self->changed, &self->lock, g_get_monotonic_time() + 20000);
    }
}

void tune_live_collect(TuneLive *self, TuneMadeResult *out)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&self->lock);

    for (guint i = 0; i < TUNE_N_AUDIO_FORMATS; i++) {
        TuneRendition *rendition = &self->renditions[i];
        char name[32];

        if (!rendition->done)
            continue;
        tune_audio_file_name(rendition->format, name);
        tune_made_add(out, name, tune_audio_format_mime(rendition->format), &rendition->stored);
        rendition->recorded = TRUE;
    }
}

void tune_rendition_record(TuneRendition *self)
{
    const TuneJobsConfig *config = &self->live->jobs->config;
    g_autoptr(GError) error = NULL;
    char name[32];

    tune_audio_file_name(self->format, name);
    if (!tune_result_add_file(config->store, self->live->identity, name, self->stored.sha256,
                              tune_audio_format_mime(self->format), self->stored.bytes, &error))
        tune_log(config->log, TUNE_LOG_WARNING, "%s of a result was made and not recorded: %s", name,
                 error->message);
}

void tune_live_recorded(TuneLive *self)
{
    gboolean add[TUNE_N_AUDIO_FORMATS] = {FALSE};

    g_mutex_lock(&self->lock);
    self->recorded = TRUE;
    for (guint i = 0; i < TUNE_N_AUDIO_FORMATS; i++) {
        TuneRendition *rendition = &self->renditions[i];

        add[i] = rendition->done && !rendition->recorded;
        rendition->recorded = rendition->recorded || add[i];
    }
    g_mutex_unlock(&self->lock);
    for (guint i = 0; i < TUNE_N_AUDIO_FORMATS; i++)
        if (add[i])
            tune_rendition_record(&self->renditions[i]);
}

void tune_live_abandon(TuneLive *self)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&self->lock);

    g_clear_pointer(&self->spool, tune_growing_unref);
    self->spool_done = FALSE;
    self->spool_frames = 0;
    g_cond_broadcast(&self->changed);
}

/* From now on somebody else who wants this identity begins anew. */
static void leave_table(TuneLive *self)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&self->jobs->lock);

    if (g_hash_table_lookup(self->jobs->lives, self->identity) == self)
        g_hash_table_remove(self->jobs->lives, self->identity);
}

void tune_live_fail(TuneLive *self)
{
    g_autoptr(GPtrArray) failed =
        g_ptr_array_new_with_free_func((GDestroyNotify)tune_growing_unref);

    leave_table(self);
    g_mutex_lock(&self->lock);
    self->failed = TRUE;
    for (guint i = 0; i < TUNE_N_AUDIO_FORMATS; i++) {
        const TuneRendition *rendition = &self->renditions[i];

        if (rendition->growing != NULL && !rendition->queued && !rendition->done)
            g_ptr_array_add(failed, tune_growing_ref(rendition->growing));
    }
    g_cond_broadcast(&self->changed);
    g_mutex_unlock(&self->lock);
    for (guint i = 0; i < failed->len; i++) /* calls watchers: without the lock */
        tune_growing_fail(failed->pdata[i]);
}

void tune_live_set_master(TuneLive *self, const char *sha256)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&self->lock);

    if (self->master == NULL)
        self->master = g_strdup(sha256);
    self->recorded = TRUE;
    start_all(self);
}
