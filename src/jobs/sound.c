/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A sound as its listeners have it: a stored file, or a rendition that grows.
 */
#include "jobs/jobs-private.h"
#include "store/generations.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

struct TuneSound {
    TuneJobs *jobs;
    TuneAudioFormat format;
    TuneLive *live;       /* (nullable) */
    TuneGrowing *growing; /* (nullable); with live */
    gboolean made;        /* the piece is done: growing is encoded from its master */
    TuneStored stored;    /* without live */
    int fd;               /* of the stored file; -1: with live */
};

/* The stored file, or its making from the master.  The live is held before the record is read: a rendition
 * that ends just now is in the one or in the other, and is not made twice. */
static gboolean open_finished(TuneSound *self, const char *identity, GError **error)
{
    const TuneJobsConfig *config = &self->jobs->config;
    char name[32], master[32];
    g_autoptr(TuneLive) live = tune_live_take(self->jobs, identity);
    g_autoptr(json_t) result = tune_result_get(config->store, identity, error);

    if (result == NULL) {
        if (error != NULL && *error == NULL)
            g_set_error_literal(error, TUNE_JOBS_ERROR, TUNE_JOBS_ERROR_NO_SUCH_FILE,
                                "the files of this generation have been cleaned up; order it again");
        return FALSE;
    }
    const json_t *files = json_object_get(result, "files");
    tune_audio_file_name(self->format, name);
    tune_audio_file_name(TUNE_MASTER_FORMAT, master);
    const json_t *file = json_object_get(files, name);
    const char *sha256 = json_string_value(json_object_get(file, "sha256"));
    if (sha256 != NULL && tune_files_has(config->files, sha256)) {
        g_strlcpy(self->stored.sha256, sha256, sizeof self->stored.sha256);
        self->fd = tune_files_read(config->files, sha256, &self->stored.bytes, error);
        return self->fd >= 0;
    }
    sha256 = json_string_value(json_object_get(json_object_get(files, master), "sha256"));
    if (sha256 == NULL || !tune_files_has(config->files, sha256)) {
        g_set_error_literal(error, TUNE_JOBS_ERROR, TUNE_JOBS_ERROR_NO_SUCH_FILE,
                            "the sound of this generation is not there any more; order it again");
        return FALSE;
    }
    self->live = g_steal_pointer(&live);
    self->made = TRUE;
    tune_live_set_master(self->live, sha256);
    self->growing = tune_live_rendition(self->live, self->format, error);
    return self->growing != NULL;
}

static gboolean open_growing(TuneSound *self, const char *identity, GError **error)
{
    self->live = tune_live_take(self->jobs, identity);
    self->growing = tune_live_rendition(self->live, self->format, error);
    if (self->growing == NULL)
        return FALSE;
    if (!tune_live_is_fed(self->live)) /* it may have ended since we looked */
        tune_herald_changed(self->jobs->herald, NULL);
    return TRUE;
}

TuneSound *tune_jobs_sound(TuneJobs *self, const char *id, const char *owner, TuneAudioFormat format,
                           GError **error)
{
    g_return_val_if_fail(format < TUNE_N_AUDIO_FORMATS, NULL);
    g_autoptr(json_t) row = tune_status_row(self, id, owner, error);

    if (row == NULL)
        return NULL;
    const char *status = json_string_value(json_object_get(row, "status"));
    const char *identity = json_string_value(json_object_get(row, "identity"));
    g_autoptr(TuneSound) sound = g_new0(TuneSound, 1);
    sound->jobs = self;
    sound->fd = -1;
    sound->format = format;
    if (strcmp(status, "failed") == 0) {
        const char *reason = json_string_value(json_object_get(row, "error"));
        g_set_error(error, TUNE_JOBS_ERROR, TUNE_JOBS_ERROR_FAILED, "the generation failed: %s",
                    reason != NULL ? reason : "no reason is known");
        return NULL;
    }
    if (strcmp(status, "cancelled") == 0) {
        g_set_error_literal(error, TUNE_JOBS_ERROR, TUNE_JOBS_ERROR_STATE,
                            "the generation was cancelled: it has no sound");
        return NULL;
    }
    gboolean opened = strcmp(status, "completed") == 0 ? open_finished(sound, identity, error)
                                                       : open_growing(sound, identity, error);
    return opened ? g_steal_pointer(&sound) : NULL;
}

int tune_sound_fd(TuneSound *self, guint64 *bytes, const char **sha256)
{
    if (self->growing != NULL && *self->stored.sha256 == '\0' &&
        tune_growing_state(self->growing, NULL) == TUNE_GROWING_DONE &&
        !tune_live_stored(self->live, self->format, &self->stored))
        return -1;
    if (*self->stored.sha256 == '\0')
        return -1;
    if (sha256 != NULL)
        *sha256 = self->stored.sha256;
    return tune_files_read(self->jobs->config.files, self->stored.sha256, bytes, NULL);
}

gssize tune_sound_pread(TuneSound *self, void *buffer, gsize size, guint64 offset)
{
    gssize n;

    if (self->growing != NULL)
        return tune_growing_pread(self->growing, buffer, size, offset);
    do
        n = pread(self->fd, buffer, size, (off_t)offset);
    while (n < 0 && errno == EINTR);
    return n;
}

TuneGrowingState tune_sound_state(TuneSound *self, guint64 *bytes)
{
    if (self->growing != NULL)
        return tune_growing_state(self->growing, bytes);
    if (bytes != NULL)
        *bytes = self->stored.bytes;
    return TUNE_GROWING_DONE;
}

guint tune_sound_watch(TuneSound *self, void (*changed)(gpointer user_data), gpointer user_data)
{
    return self->growing != NULL ? tune_growing_watch(self->growing, changed, user_data) : 0;
}

void tune_sound_unwatch(TuneSound *self, guint id)
{
    if (self->growing != NULL && id != 0)
        tune_growing_unwatch(self->growing, id);
}

gboolean tune_sound_is_made(const TuneSound *self)
{
    return self->growing == NULL || self->made;
}

typedef struct {
    GMutex lock;
    GCond grown;
} Wait;

static void grown(gpointer user_data)
{
    Wait *wait = user_data;
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&wait->lock);

    g_cond_signal(&wait->grown);
}

void tune_sound_wait(TuneSound *self, guint64 bytes, guint ms)
{
    gint64 until = g_get_monotonic_time() + (gint64)ms * 1000;
    Wait wait;
    guint64 there;

    if (self->growing == NULL)
        return;
    g_mutex_init(&wait.lock);
    g_cond_init(&wait.grown);
    guint id = tune_growing_watch(self->growing, grown, &wait);
    g_mutex_lock(&wait.lock);
    while (tune_growing_state(self->growing, &there) == TUNE_GROWING_MORE && there < bytes &&
           g_cond_wait_until(&wait.grown, &wait.lock, until))
        ;
    g_mutex_unlock(&wait.lock);
    tune_growing_unwatch(self->growing, id); /* takes its lock: not under ours, which grown() takes */
    g_cond_clear(&wait.grown);
    g_mutex_clear(&wait.lock);
    if (tune_growing_state(self->growing, NULL) == TUNE_GROWING_DONE)
        tune_live_await_stored(self->live, self->format);
}

void tune_sound_free(TuneSound *self)
{
    if (self == NULL)
        return;
    if (self->fd >= 0)
        close(self->fd);
    tune_growing_unref(self->growing);
    tune_live_unref(self->live);
    g_free(self);
}
