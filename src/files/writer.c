/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * One new file: written in FOLDER/tmp, hashed on the way, synced, put in place.
 *
 * The order of the commit is the promise: the bytes are on the disk before the name is, and the
 * name is before the caller hears of it.  A sync that failed is not tried again: the kernel may
 * have dropped the pages and would say yes.
 */
#include "files/files-private.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define FREE_CHECK_BYTES (4u << 20) /* the disk is asked once for so many */

struct TuneFileWriter {
    TuneFiles *files;
    char *name; /* in FOLDER/tmp */
    char *path;
    int fd;
    GChecksum *sum;
    guint64 n_bytes, n_booked, n_unchecked;
    gboolean by_name; /* the path was given away */
};

static char *temporary_name(const char *label)
{
    GString *name = g_string_new(NULL);

    for (const char *c = label; *c != '\0' && name->len < 100; c++)
        g_string_append_c(name, g_ascii_isalnum(*c) || strchr("-_.", *c) != NULL ? *c : '_');
    if (name->str[0] == '.')
        name->str[0] = '_';
    g_string_append_printf(name, ".%d.%08x%08x", (int)getpid(), g_random_int(), g_random_int());
    return g_string_free(name, FALSE);
}

TuneFileWriter *tune_files_write(TuneFiles *self, const char *label, GError **error)
{
    g_return_val_if_fail(self != NULL && label != NULL, NULL);
    g_autofree char *name = temporary_name(label);

    if (!tune_files_check_free(self, error) || !tune_files_book(self, 0, error))
        return NULL;
    int fd = openat(self->temporary_fd, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0640);
    if (fd < 0) {
        tune_files_fail(errno, "making a temporary file", error);
        return NULL;
    }
    flock(fd,
          LOCK_SH | LOCK_NB); /* says that somebody writes; where locks do not work, age decides */
    TuneFileWriter *writer = g_new0(TuneFileWriter, 1);
    writer->files = self;
    writer->path = g_build_filename(self->folder, "tmp", name, NULL);
    writer->name = g_steal_pointer(&name);
    writer->fd = fd;
    writer->sum = g_checksum_new(G_CHECKSUM_SHA256);
    return writer;
}

const char *tune_file_writer_path(TuneFileWriter *self)
{
    self->by_name = TRUE;
    return self->path;
}

int tune_file_writer_reader(TuneFileWriter *self, GError **error)
{
    int fd = openat(self->files->temporary_fd, self->name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

    if (fd < 0)
        tune_files_fail(errno, "reading a file that is being written", error);
    return fd;
}

static gboolean book(TuneFileWriter *self, guint64 n_more, GError **error)
{
    self->n_unchecked += n_more;
    if (self->n_unchecked >= FREE_CHECK_BYTES) {
        self->n_unchecked = 0;
        if (!tune_files_check_free(self->files, error))
            return FALSE;
    }
    if (!tune_files_book(self->files, n_more, error))
        return FALSE;
    self->n_booked += n_more;
    return TRUE;
}

gboolean tune_file_writer_append(TuneFileWriter *self, gconstpointer data, gsize n_bytes,
                                 GError **error)
{
    g_return_val_if_fail(!self->by_name, FALSE);
    const guint8 *bytes = data;

    if (!book(self, n_bytes, error))
        return FALSE;
    for (gsize at = 0; at < n_bytes;) {
        gssize n = write(self->fd, bytes + at, n_bytes - at);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return tune_files_fail(errno, "writing a file", error);
        g_checksum_update(self->sum, bytes + at, n);
        at += (gsize)n;
        self->n_bytes += (gsize)n;
    }
    return TRUE;
}

gboolean tune_files_hash(int fd, TuneStored *out, GError **error)
{
    g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
    g_autofree guint8 *block = g_malloc(TUNE_FILES_BLOCK);

    out->bytes = 0;
    for (;;) {
        gssize n = pread(fd, block, TUNE_FILES_BLOCK, (off_t)out->bytes);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return tune_files_fail(errno, "reading a file", error);
        if (n == 0)
            break;
        g_checksum_update(sum, block, n);
        out->bytes += (guint64)n;
    }
    g_strlcpy(out->sha256, g_checksum_get_string(sum), sizeof out->sha256);
    return TRUE;
}

/* What was written by name may be another file by now: whoever wrote it may have renamed one over.
 */
static gboolean reopen(TuneFileWriter *self, GError **error)
{
    struct stat info;
    int fd = openat(self->files->temporary_fd, self->name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

    if (fd < 0)
        return tune_files_fail(errno, "reading a file that was written", error);
    close(self->fd);
    self->fd = fd;
    flock(fd, LOCK_SH | LOCK_NB);
    if (fstat(fd, &info) != 0)
        return tune_files_fail(errno, "reading a file that was written", error);
    if (!S_ISREG(info.st_mode))
        return tune_files_fail(EINVAL, "reading a file that was written", error);
    guint64 size = (guint64)info.st_size;
    return size <= self->n_booked || book(self, size - self->n_booked, error);
}

gboolean tune_file_writer_commit(TuneFileWriter *self, TuneStored *out, GError **error)
{
    g_return_val_if_fail(self->name != NULL, FALSE);
    TuneStored stored = {.bytes = self->n_bytes};

    if (self->by_name && !reopen(self, error))
        return FALSE;
    if (fsync(self->fd) != 0)
        return tune_files_fail(errno, "writing a file to the disk", error);
    if (!self->by_name)
        g_strlcpy(stored.sha256, g_checksum_get_string(self->sum), sizeof stored.sha256);
    else if (!tune_files_hash(self->fd, &stored, error))
        return FALSE;
    if (!tune_files_put(self->files, self->name, &stored, self->n_booked, error))
        return FALSE;
    self->n_booked = 0;
    g_clear_pointer(&self->name, g_free);
    *out = stored;
    return TRUE;
}

void tune_file_writer_free(TuneFileWriter *self)
{
    if (self == NULL)
        return;
    if (self->name != NULL)
        unlinkat(self->files->temporary_fd, self->name, 0);
    tune_files_unbook(self->files, self->n_booked);
    close(self->fd);
    g_checksum_free(self->sum);
    g_free(self->name);
    g_free(self->path);
    g_free(self);
}
