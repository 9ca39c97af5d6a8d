/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "audio/spill.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#define BUFFER_BYTES (64u * 1024u)

struct TuneSpill {
    int fd;
    guint rate, n_channels;
    gint64 n_frames;
    gsize n_buffered; /* bytes */
    guint8 buffer[BUFFER_BYTES];
};

static gboolean fail(int code, GError **error)
{
    g_set_error(error, TUNE_AUDIO_ERROR, TUNE_AUDIO_ERROR_IO,
                "the temporary folder %s: %s (TMPDIR names another one)", g_get_tmp_dir(),
                code == ENOSPC ? "the disk is full" : g_strerror(code));
    return FALSE;
}

static int open_nameless(void)
{
    int fd = open(g_get_tmp_dir(), O_RDWR | O_TMPFILE | O_CLOEXEC, 0600);

    if (fd >= 0 || (errno != EOPNOTSUPP && errno != EISDIR && errno != ENOENT))
        return fd;
    /* A file system without O_TMPFILE. */
    g_autofree char *path = g_build_filename(g_get_tmp_dir(), "tunesmith-XXXXXX", NULL);
    fd = g_mkstemp_full(path, O_RDWR | O_CLOEXEC, 0600);
    int code = errno;
    if (fd >= 0)
        g_unlink(path);
    errno = code;
    return fd;
}

TuneSpill *tune_spill_new(guint rate, guint n_channels, GError **error)
{
    g_return_val_if_fail(n_channels == 1 || n_channels == 2, NULL);
    int fd = open_nameless();

    if (fd < 0) {
        fail(errno, error);
        return NULL;
    }
    TuneSpill *self = g_new0(TuneSpill, 1);
    self->fd = fd;
    self->rate = rate;
    self->n_channels = n_channels;
    return self;
}

static gboolean flush(TuneSpill *self, GError **error)
{
    for (gsize at = 0; at < self->n_buffered;) {
        gssize n = write(self->fd, self->buffer + at, self->n_buffered - at);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return fail(errno, error);
        at += (gsize)n;
    }
    self->n_buffered = 0;
    return TRUE;
}

gboolean tune_spill_write(TuneSpill *self, const float *frames, gsize n, GError **error)
{
    const guint8 *bytes = (const guint8 *)frames;
    gsize left = n * self->n_channels * sizeof *frames;

    self->n_frames += (gint64)n;
    while (left > 0) {
        gsize piece = MIN(left, BUFFER_BYTES - self->n_buffered);

        memcpy(self->buffer + self->n_buffered, bytes, piece);
        self->n_buffered += piece;
        bytes += piece;
        left -= piece;
        if (self->n_buffered == BUFFER_BYTES && !flush(self, error))
            return FALSE;
    }
    return TRUE;
}

gboolean tune_spill_write_all(TuneSpill *self, TuneSource *source, GCancellable *cancellable,
                              GError **error)
{
    g_return_val_if_fail(source->n_channels == self->n_channels, FALSE);
    float block[2 * 1024];
    gsize got;

    do {
        if (g_cancellable_set_error_if_cancelled(cancellable, error) ||
            !tune_source_read(source, block, 1024, &got, error) ||
            !tune_spill_write(self, block, got, error))
            return FALSE;
    } while (got > 0);
    return TRUE;
}

gint64 tune_spill_n_frames(const TuneSpill *self)
{
    return self->n_frames;
}

void tune_spill_free(TuneSpill *self)
{
    if (self == NULL)
        return;
    close(self->fd);
    g_free(self);
}

typedef struct {
    TuneSource base;
    TuneSpill *spill;
    gboolean owned;
    gint64 at; /* frames */
} SpillSource;

static gboolean spill_read(TuneSource *base, float *out, gsize n_frames, gsize *n_got,
                           GError **error)
{
    SpillSource *self = (SpillSource *)base;
    gsize frame = base->n_channels * sizeof *out;
    gsize n = (gsize)MIN((gint64)MIN(n_frames, (gsize)G_MAXINT32), base->n_frames - self->at);
    guint8 *bytes = (guint8 *)out;

    for (gsize done = 0; done < n * frame;) {
        gssize got = pread(self->spill->fd, bytes + done, n * frame - done,
                           (off_t)((gsize)self->at * frame + done));

        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return fail(got < 0 ? errno : EIO, error);
        done += (gsize)got;
    }
    self->at += (gint64)n;
    *n_got = n;
    return TRUE;
}

static void spill_source_free(TuneSource *base)
{
    SpillSource *self = (SpillSource *)base;

    if (self->owned)
        tune_spill_free(self->spill);
    g_free(self);
}

static const TuneSourceClass spill_class = {spill_read, spill_source_free};

static TuneSource *new_source(TuneSpill *spill, gboolean owned)
{
    SpillSource *self = g_new0(SpillSource, 1);

    self->base = (TuneSource){&spill_class, spill->rate, spill->n_channels, spill->n_frames};
    self->spill = spill;
    self->owned = owned;
    return &self->base;
}

TuneSource *tune_spill_source_new(TuneSpill *self, GError **error)
{
    return flush(self, error) ? new_source(self, FALSE) : NULL;
}

TuneSource *tune_spill_into_source(TuneSpill *self, GError **error)
{
    if (flush(self, error))
        return new_source(self, TRUE);
    tune_spill_free(self);
    return NULL;
}
