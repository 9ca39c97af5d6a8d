/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "http/http-private.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

static guint status_of(int code)
{
    return code == ENOSPC || code == EDQUOT || code == EFBIG ? 507 : 500;
}

static int open_unlinked(const char *folder)
{
    int fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

    if (fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL)) {
        g_autofree char *path = g_build_filename(folder, "tunesmith-body-XXXXXX", NULL);

        fd = g_mkstemp_full(path, O_RDWR | O_CLOEXEC, 0600);
        if (fd >= 0)
            unlink(path);
    }
    return fd;
}

guint tune_http_body_open(TuneHttpBody *self, const char *folder)
{
    if (!self->to_file)
        return 0;
    self->fd = open_unlinked(folder != NULL ? folder : g_get_tmp_dir());
    return self->fd < 0 ? status_of(errno) : 0;
}

static guint write_all(int fd, const char *data, gsize size)
{
    while (size > 0) {
        const gssize n = write(fd, data, size);

        if (n < 0 && errno != EINTR)
            return status_of(errno);
        if (n > 0) {
            data += n;
            size -= (gsize)n;
        }
    }
    return 0;
}

guint tune_http_body_add(TuneHttpBody *self, const char *data, gsize size)
{
    if (size > self->max - self->size)
        return 413;
    self->size += size;
    if (self->discard)
        return 0;
    if (self->to_file)
        return write_all(self->fd, data, size);
    /* Memory follows what has come, never what was announced. */
    tune_http_buffer_add(&self->memory, data, size);
    return 0;
}

void tune_http_body_finish(TuneHttpBody *self)
{
    if (self->to_file) {
        if (self->fd >= 0)
            lseek(self->fd, 0, SEEK_SET);
        return;
    }
    self->bytes = g_bytes_new_take(self->memory.data, self->memory.size);
    self->memory = (TuneHttpBuffer){0};
}

void tune_http_body_clear(TuneHttpBody *self)
{
    g_clear_pointer(&self->bytes, g_bytes_unref);
    g_clear_pointer(&self->memory.data, g_free);
    if (self->fd >= 0)
        close(self->fd);
    *self = (TuneHttpBody){.fd = -1};
}
