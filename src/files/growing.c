/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A file that is read while it is written.  The writer publishes how many bytes are there with a
 * release store; readers take them by pread() from a descriptor that stays good when the file gets
 * its final name or is removed.  Nothing is kept in memory, and no reader holds a lock that the
 * writer needs, but for the list of watchers.
 */
#include "files/files-private.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <unistd.h>

typedef struct {
    guint id; /* 0: removed while the list was being called */
    void (*changed)(gpointer user_data);
    gpointer user_data;
} Watch;

struct TuneGrowing {
    atomic_uint references;
    TuneFileWriter *writer; /* the writer's thread's; NULL when ended */
    int fd;                 /* read only */
    _Atomic guint64 bytes;
    atomic_int state; /* written after the last bytes */

    pthread_mutex_t
        lock; /* recursive: a watcher may watch and unwatch; held while they are called */
    GArray *watches;
    guint last_id;
    guint calling; /* depth */
};

static void init_lock(TuneGrowing *self)
{
    pthread_mutexattr_t kind;

    pthread_mutexattr_init(&kind);
    pthread_mutexattr_settype(&kind, PTHREAD_MUTEX_RECURSIVE);
    pthread_mutex_init(&self->lock, &kind);
    pthread_mutexattr_destroy(&kind);
}

TuneGrowing *tune_growing_new(TuneFiles *files, const char *label, GError **error)
{
    g_autoptr(TuneFileWriter) writer = tune_files_write(files, label, error);

    if (writer == NULL)
        return NULL;
    int fd = tune_file_writer_reader(writer, error);
    if (fd < 0)
        return NULL;
    TuneGrowing *self = g_new0(TuneGrowing, 1);
    atomic_init(&self->references, 1);
    atomic_init(&self->bytes, 0);
    atomic_init(&self->state, TUNE_GROWING_MORE);
    self->writer = g_steal_pointer(&writer);
    self->fd = fd;
    init_lock(self);
    self->watches = g_array_new(FALSE, FALSE, sizeof(Watch));
    return self;
}

TuneGrowing *tune_growing_ref(TuneGrowing *self)
{
    atomic_fetch_add(&self->references, 1);
    return self;
}

void tune_growing_unref(TuneGrowing *self)
{
    if (self == NULL || atomic_fetch_sub(&self->references, 1) != 1)
        return;
    tune_file_writer_free(self->writer);
    close(self->fd);
    pthread_mutex_destroy(&self->lock);
    g_array_unref(self->watches);
    g_free(self);
}

static void forget_removed(TuneGrowing *self)
{
    for (guint i = self->watches->len; i-- > 0;)
        if (g_array_index(self->watches, Watch, i).id == 0)
            g_array_remove_index(self->watches, i);
}

static void tell(TuneGrowing *self)
{
    pthread_mutex_lock(&self->lock);
    self->calling++;
    /* By index and by value: a watcher may add to the list. */
    for (guint i = 0; i < self->watches->len; i++) {
        Watch watch = g_array_index(self->watches, Watch, i);

        if (watch.id != 0)
            watch.changed(watch.user_data);
    }
    if (--self->calling == 0)
        forget_removed(self);
    pthread_mutex_unlock(&self->lock);
}

gboolean tune_growing_append(TuneGrowing *self, gconstpointer data, gsize n_bytes, GError **error)
{
    g_return_val_if_fail(self->writer != NULL, FALSE);
    if (!tune_file_writer_append(self->writer, data, n_bytes, error))
        return FALSE;
    atomic_fetch_add_explicit(&self->bytes, n_bytes, memory_order_release);
    tell(self);
    return TRUE;
}

gboolean tune_growing_commit(TuneGrowing *self, TuneStored *out, GError **error)
{
    g_return_val_if_fail(self->writer != NULL, FALSE);
    if (!tune_file_writer_commit(self->writer, out, error)) {
        tune_growing_fail(self);
        return FALSE;
    }
    g_clear_pointer(&self->writer, tune_file_writer_free);
    atomic_store(&self->state, TUNE_GROWING_DONE);
    tell(self);
    return TRUE;
}

void tune_growing_fail(TuneGrowing *self)
{
    if (self->writer == NULL)
        return;
    g_clear_pointer(&self->writer, tune_file_writer_free);
    atomic_store(&self->state, TUNE_GROWING_FAILED);
    tell(self);
}

TuneGrowingState tune_growing_state(TuneGrowing *self, guint64 *bytes)
{
    /* In this order: when the state says the end, the number is the final one. */
    TuneGrowingState state = (TuneGrowingState)atomic_load(&self->state);

    if (bytes != NULL)
        *bytes = atomic_load_explicit(&self->bytes, memory_order_acquire);
    return state;
}

gssize tune_growing_pread(TuneGrowing *self, void *buffer, gsize size, guint64 offset)
{
    guint64 bytes;
    TuneGrowingState state = tune_growing_state(self, &bytes);

    if (offset >= bytes)
        return state == TUNE_GROWING_FAILED ? -1 : 0;
    if (size == 0)
        return 0;
    size = (gsize)MIN((guint64)MIN(size, (gsize)G_MAXINT32), bytes - offset);
    for (;;) {
        gssize n = pread(self->fd, buffer, size, (off_t)offset);

        if (n < 0 && errno == EINTR)
            continue;
        return n > 0 ? n : -1; /* what was published is there, or the file was cut under us */
    }
}

guint tune_growing_watch(TuneGrowing *self, void (*changed)(gpointer user_data), gpointer user_data)
{
    pthread_mutex_lock(&self->lock);
    Watch watch = {++self->last_id, changed, user_data};
    g_array_append_val(self->watches, watch);
    pthread_mutex_unlock(&self->lock);
    return watch.id;
}

void tune_growing_unwatch(TuneGrowing *self, guint id)
{
    pthread_mutex_lock(&self->lock);
    for (guint i = 0; i < self->watches->len && id != 0; i++)
        if (g_array_index(self->watches, Watch, i).id == id)
            g_array_index(self->watches, Watch, i).id = 0;
    if (self->calling == 0)
        forget_removed(self);
    pthread_mutex_unlock(&self->lock);
}
