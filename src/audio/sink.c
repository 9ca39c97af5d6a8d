/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "audio/sink.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <glib/gstdio.h>

struct TuneSink {
    char *path;      /* as the caller said it, for messages */
    char *target;    /* links followed; NULL where nothing is renamed */
    char *temporary; /* NULL once renamed or where there is none */
    int fd;
    TuneSinkWrite write; /* (nullable): instead of fd */
    gpointer user_data;
};

static gboolean fail(const TuneSink *self, int code, GError **error)
{
    const char *reason = code == ENOSPC   ? "the disk is full"
                         : code == EDQUOT ? "the disk quota is used up"
                                          : g_strerror(code);

    g_set_error(error, TUNE_AUDIO_ERROR, TUNE_AUDIO_ERROR_IO, "cannot write %s: %s",
                strcmp(self->path, "-") == 0 ? "to standard output" : self->path, reason);
    return FALSE;
}

/* The name is random (mkstemp), which decides nothing that is heard. */
static gboolean open_temporary(TuneSink *self, GError **error)
{
    g_autofree char *folder = g_path_get_dirname(self->target);
    g_autofree char *name = g_path_get_basename(self->target);

    if (strlen(name) > 200)
        name[200] = '\0'; /* room for the suffix within NAME_MAX */
    self->temporary = g_strdup_printf("%s/.%s.XXXXXX", folder, name);
    self->fd = g_mkstemp_full(self->temporary, O_RDWR | O_CLOEXEC, 0666);
    if (self->fd >= 0)
        return TRUE;
    int code = errno;
    g_clear_pointer(&self->temporary, g_free);
    if (code == ENOENT) {
        g_set_error(error, TUNE_AUDIO_ERROR, TUNE_AUDIO_ERROR_IO,
                    "cannot write %s: there is no folder %s", self->path, folder);
        return FALSE;
    }
    return fail(self, code, error);
}

static gboolean open_direct(TuneSink *self, GError **error)
{
    self->fd = open(self->path, O_WRONLY | O_CLOEXEC);
    return self->fd >= 0 || fail(self, errno, error);
}

TuneSink *tune_sink_new(const char *path, GError **error)
{
    g_return_val_if_fail(path != NULL && *path != '\0', NULL);
    g_autoptr(TuneSink) self = g_new0(TuneSink, 1);
    struct stat status;

    self->path = g_strdup(path);
    self->fd = -1;
    if (strcmp(path, "-") == 0) {
        self->fd = STDOUT_FILENO;
        return g_steal_pointer(&self);
    }
    gboolean exists = stat(path, &status) == 0;
    if (exists && S_ISDIR(status.st_mode)) {
        fail(self, EISDIR, error);
        return NULL;
    }
    if (exists && !S_ISREG(status.st_mode))
        return open_direct(self, error) ? g_steal_pointer(&self) : NULL;

    char *resolved = exists ? realpath(path, NULL) : NULL;
    self->target = g_strdup(resolved != NULL ? resolved : path);
    free(resolved);
    return open_temporary(self, error) ? g_steal_pointer(&self) : NULL;
}

TuneSink *tune_sink_new_to(const char *name, TuneSinkWrite write, gpointer user_data)
{
    TuneSink *self = g_new0(TuneSink, 1);

    self->path = g_strdup(name);
    self->fd = -1;
    self->write = write;
    self->user_data = user_data;
    return self;
}

gboolean tune_sink_seekable(const TuneSink *self)
{
    return self->target != NULL;
}

gboolean tune_sink_write(TuneSink *self, gconstpointer data, gsize n_bytes, GError **error)
{
    const guint8 *bytes = data;

    if (self->write != NULL)
        return n_bytes == 0 || self->write(data, n_bytes, self->user_data, error);
    while (n_bytes > 0) {
        gssize n = write(self->fd, bytes, n_bytes);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return fail(self, errno, error);
        bytes += n;
        n_bytes -= (gsize)n;
    }
    return TRUE;
}

gboolean tune_sink_write_at(TuneSink *self, guint64 offset, gconstpointer data, gsize n_bytes,
                            GError **error)
{
    const guint8 *bytes = data;

    g_return_val_if_fail(tune_sink_seekable(self), FALSE);
    while (n_bytes > 0) {
        gssize n = pwrite(self->fd, bytes, n_bytes, (off_t)offset);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return fail(self, errno, error);
        bytes += n;
        offset += (guint64)n;
        n_bytes -= (gsize)n;
    }
    return TRUE;
}

/* The rename itself must survive a power cut too. */
static void sync_folder(const char *path)
{
    g_autofree char *folder = g_path_get_dirname(path);
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd >= 0) {
        (void)fsync(fd);
        close(fd);
    }
}

gboolean tune_sink_finish(TuneSink *self, GError **error)
{
    if (self->target == NULL)
        return TRUE;
    g_return_val_if_fail(self->temporary != NULL, FALSE);
    if (fsync(self->fd) != 0)
        return fail(self, errno, error);
    int fd = self->fd;
    self->fd = -1;
    if (close(fd) != 0 || g_rename(self->temporary, self->target) != 0)
        return fail(self, errno, error);
    g_clear_pointer(&self->temporary, g_free);
    sync_folder(self->target);
    return TRUE;
}

void tune_sink_free(TuneSink *self)
{
    if (self == NULL)
        return;
    if (self->fd >= 0 && self->fd != STDOUT_FILENO)
        close(self->fd);
    if (self->temporary != NULL)
        g_unlink(self->temporary);
    g_free(self->temporary);
    g_free(self->target);
    g_free(self->path);
    g_free(self);
}
