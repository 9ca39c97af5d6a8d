/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * How much is stored, how much may be.  Other processes may add and remove too, so that the count
 * drifts: a walk puts it right, every ten minutes and before anything is refused.
 */
#include "files/files-private.h"

#include <errno.h>
#include <sys/statvfs.h>

#define RECOUNT_US      (600 * G_USEC_PER_SEC)
#define REFUSAL_WALK_US (5 * G_USEC_PER_SEC) /* a full folder is not walked for each refusal */

static void add_one(const char *sha256, guint64 bytes, gint64 modified_us, gpointer user_data)
{
    TuneFilesStats *sum = user_data;

    sum->files++;
    sum->bytes += bytes;
}

void tune_files_count(TuneFiles *self)
{
    TuneFilesStats sum = {0};

    pthread_mutex_lock(&self->lock);
    guint64 changes = self->n_changes;
    self->counted_us = g_get_monotonic_time();
    pthread_mutex_unlock(&self->lock);
    tune_files_each(self, add_one, &sum);
    pthread_mutex_lock(&self->lock);
    if (self->n_changes == changes) {
        self->n_files = sum.files;
        self->n_bytes = sum.bytes;
    } else { /* some came or went during the walk: the next one gets it right */
        self->n_files = MAX(self->n_files, sum.files);
        self->n_bytes = MAX(self->n_bytes, sum.bytes);
    }
    pthread_mutex_unlock(&self->lock);
}

gboolean tune_files_check_free(TuneFiles *self, GError **error)
{
    struct statvfs disk;

    if (self->min_free_bytes == 0 || fstatvfs(self->folder_fd, &disk) != 0 ||
        (guint64)disk.f_bavail * disk.f_frsize >= self->min_free_bytes)
        return TRUE;
    g_set_error(error, TUNE_FILES_ERROR, TUNE_FILES_ERROR_FULL,
                "the disk of the file store has less than %" G_GUINT64_FORMAT " MiB left",
                self->min_free_bytes >> 20);
    return FALSE;
}

/* Called with the lock held. */
static gboolean fits(TuneFiles *self, guint64 n_more)
{
    guint64 used = self->n_bytes + self->writing;

    return self->quota_bytes == 0 ||
           (used <= self->quota_bytes && n_more <= self->quota_bytes - used);
}

/* Books when it fits.  *walk: whether the count is older than it should be for this answer. */
static gboolean try_book(TuneFiles *self, guint64 n_more, gboolean *walk)
{
    pthread_mutex_lock(&self->lock);
    gint64 age_us = g_get_monotonic_time() - self->counted_us;
    gboolean fit = fits(self, n_more);

    *walk = self->quota_bytes > 0 && age_us > (fit ? RECOUNT_US : REFUSAL_WALK_US);
    if (fit)
        self->writing += n_more;
    else if (*walk)
        self->counted_us = g_get_monotonic_time(); /* only one of many refused walks */
    pthread_mutex_unlock(&self->lock);
    return fit;
}

gboolean tune_files_book(TuneFiles *self, guint64 n_more, GError **error)
{
    gboolean walk, unused;
    gboolean fit = try_book(self, n_more, &walk);

    if (walk)
        tune_files_count(self);
    if (fit || (walk && try_book(self, n_more, &unused)))
        return TRUE;
    g_set_error(error, TUNE_FILES_ERROR, TUNE_FILES_ERROR_FULL,
                "the file store is full: its quota is %" G_GUINT64_FORMAT " MiB",
                self->quota_bytes >> 20);
    return FALSE;
}

void tune_files_unbook(TuneFiles *self, guint64 n_bytes)
{
    pthread_mutex_lock(&self->lock);
    self->writing -= MIN(n_bytes, self->writing);
    pthread_mutex_unlock(&self->lock);
}

void tune_files_stats(TuneFiles *self, TuneFilesStats *out)
{
    struct statvfs disk;
    gboolean known = fstatvfs(self->folder_fd, &disk) == 0;

    pthread_mutex_lock(&self->lock);
    *out = (TuneFilesStats){self->n_files, self->n_bytes, self->quota_bytes,
                            known ? (guint64)disk.f_bavail * disk.f_frsize : 0};
    pthread_mutex_unlock(&self->lock);
}
