/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * FLAC (RFC 9639): the metadata before the first frame is held back, the length put into
 * STREAMINFO, our comments put in place of the library's.  STREAMINFO stays at its offset, so that
 * the library's later correction of it goes where it should.
 */
#include "audio/encode-private.h"

#include <string.h>

#define STREAMINFO_END 42u /* "fLaC", block header, 34 bytes */

typedef struct {
    TuneShaper base;
    GByteArray *head; /* until complete, then NULL */
} FlacShaper;

/* Bytes of the metadata, or 0 when it is not yet all there. */
static gsize metadata_length(const GByteArray *head)
{
    gsize at = 4;

    while (at + 4 <= head->len) {
        const guint8 *block = head->data + at;

        at += 4 + ((gsize)block[1] << 16 | (gsize)block[2] << 8 | block[3]);
        if (block[0] & 0x80)
            return at <= head->len ? at : 0;
    }
    return 0;
}

/* 36 bits, the last four of byte 21 and the four bytes after it. */
static void set_length(guint8 *head, gint64 n_frames)
{
    if (n_frames <= 0 || n_frames >= (gint64)1 << 36)
        return;
    head[21] = (guint8)((head[21] & 0xF0) | ((n_frames >> 32) & 0x0F));
    for (gsize i = 0; i < 4; i++)
        head[22 + i] = (guint8)(n_frames >> (24 - 8 * i));
}

static char *vendor_of(const guint8 *block, gsize n)
{
    guint32 length;

    if (n < 4)
        return g_strdup("");
    memcpy(&length, block, 4);
    length = GUINT32_FROM_LE(length);
    return length <= n - 4 ? g_strndup((const char *)block + 4, length) : g_strdup("");
}

static gboolean write_head(FlacShaper *self, gsize length, GError **error)
{
    TuneEncoder *encoder = self->base.encoder;
    guint8 *data = self->head->data;
    g_autofree char *vendor = g_strdup("");

    if (length < STREAMINFO_END || memcmp(data, "fLaC", 4) != 0)
        return tune_sink_write(encoder->sink, data, self->head->len, error);
    for (gsize at = 4, size; at < length; at += 4 + size) {
        size = (gsize)data[at + 1] << 16 | (gsize)data[at + 2] << 8 | data[at + 3];
        if ((data[at] & 0x7F) == 4) {
            g_free(vendor);
            vendor = vendor_of(data + at + 4, size);
        }
    }
    g_autoptr(GByteArray) comments = tune_tags_vorbis_write(encoder->tags, vendor);
    if (comments->len > TUNE_TAGS_MAX_BYTES - 1) {
        g_set_error(error, TUNE_AUDIO_ERROR, TUNE_AUDIO_ERROR_FORMAT,
                    "%s: the tags are larger than the 16 MB that FLAC allows", encoder->path);
        return FALSE;
    }
    guint8 block[4] = {0x84, (guint8)(comments->len >> 16), (guint8)(comments->len >> 8),
                       (guint8)comments->len};
    set_length(data, encoder->n_expected);
    data[4] &= 0x7F;
    return tune_sink_write(encoder->sink, data, STREAMINFO_END, error) &&
           tune_sink_write(encoder->sink, block, sizeof block, error) &&
           tune_sink_write(encoder->sink, comments->data, comments->len, error) &&
           tune_sink_write(encoder->sink, data + length, self->head->len - length, error);
}

static gboolean flac_append(TuneShaper *base, const guint8 *data, gsize n, GError **error)
{
    FlacShaper *self = (FlacShaper *)base;

    if (self->head == NULL)
        return tune_sink_write(base->encoder->sink, data, n, error);
    g_byte_array_append(self->head, data, (guint)n);
    gsize length = metadata_length(self->head);
    if (length == 0)
        return TRUE;
    gboolean ok = write_head(self, length, error);
    g_clear_pointer(&self->head, g_byte_array_unref);
    return ok;
}

static gboolean flac_patch(TuneShaper *base, guint64 offset, const guint8 *data, gsize n,
                           GError **error)
{
    FlacShaper *self = (FlacShaper *)base;

    if (self->head != NULL && offset + n <= self->head->len) {
        memcpy(self->head->data + offset, data, n);
        return TRUE;
    }
    if (offset >= STREAMINFO_END || !tune_sink_seekable(base->encoder->sink))
        return TRUE;
    /* The block header's "last" bit is ours. */
    if (offset <= 4 && offset + n > 4) {
        gsize skip = (gsize)(5 - offset);

        data += skip;
        n -= skip;
        offset = 5;
    }
    return tune_sink_write_at(base->encoder->sink, offset, data,
                              (gsize)MIN((guint64)n, STREAMINFO_END - offset), error);
}

static gboolean flac_finish(TuneShaper *base, GError **error)
{
    FlacShaper *self = (FlacShaper *)base;

    return self->head == NULL ||
           tune_sink_write(base->encoder->sink, self->head->data, self->head->len, error);
}

static void flac_free(TuneShaper *base)
{
    FlacShaper *self = (FlacShaper *)base;

    if (self->head != NULL)
        g_byte_array_unref(self->head);
    g_free(self);
}

TuneShaper *tune_shape_flac_new(TuneEncoder *encoder)
{
    FlacShaper *self = g_new0(FlacShaper, 1);

    self->base = (TuneShaper){encoder, flac_append, flac_patch, flac_finish, flac_free};
    self->head = g_byte_array_new();
    return &self->base;
}
