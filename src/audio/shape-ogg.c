/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Ogg (RFC 3533) with Vorbis (Vorbis I, section 4.2) or Opus (RFC 7845): our comments take the
 * place of the library's, and the stream's serial number, which the library draws at random,
 * becomes a constant, so that the same sound gives the same bytes.  Pages after the headers keep
 * their content and get a new serial, sequence number and checksum.
 */
#include "audio/encode-private.h"

#include <string.h>

#define PAGE_HEAD 27u
#define SERIAL    0x54756E65u

typedef struct {
    TuneShaper base;
    GByteArray *pending; /* bytes that are no whole page yet */
    GByteArray *packet;  /* the header packet being gathered */
    GPtrArray *headers;  /* GBytes: comment and setup packets, until they are written */
    guint n_packets;     /* of the headers, complete */
    guint n_headers;     /* 3 for Vorbis, 2 for Opus */
    guint32 sequence;
    guint32 crc[256];
} OggShaper;

static void make_crc_table(guint32 table[256])
{
    for (guint32 i = 0; i < 256; i++) {
        guint32 r = i << 24;

        for (guint bit = 0; bit < 8; bit++)
            r = (r << 1) ^ ((r & 0x80000000u) ? 0x04C11DB7u : 0);
        table[i] = r;
    }
}

static void put_u32(guint8 *out, guint32 value)
{
    value = GUINT32_TO_LE(value);
    memcpy(out, &value, 4);
}

static gboolean write_page(OggShaper *self, guint8 *page, gsize n, GError **error)
{
    guint32 crc = 0;

    put_u32(page + 14, SERIAL);
    put_u32(page + 18, self->sequence++);
    put_u32(page + 22, 0);
    for (gsize i = 0; i < n; i++)
        crc = (crc << 8) ^ self->crc[(crc >> 24) ^ page[i]];
    put_u32(page + 22, crc);
    return tune_sink_write(self->base.encoder->sink, page, n, error);
}

/* Our comments in the packet that the library made. */
static GBytes *rewrite_comments(const OggShaper *self, const GByteArray *packet)
{
    gsize skip = self->n_headers == 3 ? 7 : 8; /* "\3vorbis", "OpusTags" */
    g_autofree char *vendor = NULL;
    guint32 length = 0;

    if (packet->len >= skip + 4)
        memcpy(&length, packet->data + skip, 4);
    length = GUINT32_FROM_LE(length);
    vendor = packet->len < skip + 4 || length > packet->len - skip - 4
                 ? g_strdup("")
                 : g_strndup((const char *)packet->data + skip + 4, length);
    g_autoptr(GByteArray) comments = tune_tags_vorbis_write(self->base.encoder->tags, vendor);
    GByteArray *out = g_byte_array_new();
    g_byte_array_append(out, packet->data, (guint)MIN(skip, packet->len));
    g_byte_array_append(out, comments->data, comments->len);
    if (self->n_headers == 3)
        g_byte_array_append(out, (const guint8 *)"\1", 1); /* framing bit */
    return g_byte_array_free_to_bytes(out);
}

/* All header packets but the first, on as many pages as they need. */
static gboolean write_headers(OggShaper *self, GError **error)
{
    g_autoptr(GByteArray) page = g_byte_array_new();
    guint8 head[PAGE_HEAD] = "OggS", lacing[255];
    guint n_lacing = 0;
    gboolean ends = FALSE, continued = FALSE; /* a packet ends on this page; begins before it */

    for (guint i = 0; i < self->headers->len; i++) {
        gsize n;
        const guint8 *data = g_bytes_get_data(self->headers->pdata[i], &n);
        gboolean last = i + 1 == self->headers->len, whole = FALSE;

        while (!whole) {
            guint8 segment = (guint8)MIN(n, 255);

            whole = segment < 255;
            lacing[n_lacing++] = segment;
            g_byte_array_append(page, data, segment);
            data += segment;
            n -= segment;
            ends = ends || whole;
            if (n_lacing < 255 && !(last && whole))
                continue;
            head[5] = continued ? 1 : 0;
            memset(head + 6, ends ? 0 : 0xFF, 8); /* granule position: none when nothing ends */
            head[26] = (guint8)n_lacing;
            g_byte_array_prepend(page, lacing, n_lacing);
            g_byte_array_prepend(page, head, PAGE_HEAD);
            if (!write_page(self, page->data, page->len, error))
                return FALSE;
            g_byte_array_set_size(page, 0);
            n_lacing = 0;
            ends = FALSE;
            continued = !whole;
        }
    }
    return TRUE;
}

static void take_packet(OggShaper *self)
{
    if (self->n_packets == 1)
        g_ptr_array_add(self->headers, rewrite_comments(self, self->packet));
    else
        g_ptr_array_add(self->headers, g_bytes_new(self->packet->data, self->packet->len));
    g_byte_array_set_size(self->packet, 0);
    self->n_packets++;
}

static gboolean take_page(OggShaper *self, guint8 *page, gsize n, GError **error)
{
    const guint8 *lacing = page + PAGE_HEAD, *body = lacing + page[26];

    if (self->n_packets >= self->n_headers && self->n_packets > 0)
        return write_page(self, page, n, error);
    if (self->n_packets == 0) { /* the identification packet has a page of its own */
        gsize size = n - (gsize)(body - page);

        self->n_headers = size >= 8 && memcmp(body, "OpusHead", 8) == 0 ? 2 : 3;
        self->n_packets = 1;
        return write_page(self, page, n, error);
    }
    for (guint i = 0; i < page[26]; i++) {
        g_byte_array_append(self->packet, body, lacing[i]);
        body += lacing[i];
        if (lacing[i] < 255)
            take_packet(self);
    }
    return self->n_packets < self->n_headers || write_headers(self, error);
}

/* Bytes of the page at the start of @data, or 0 when it is not all there. */
static gsize page_length(const guint8 *data, gsize n)
{
    gsize length = PAGE_HEAD;

    if (n < PAGE_HEAD || n < PAGE_HEAD + data[26])
        return 0;
    length += data[26];
    for (guint i = 0; i < data[26]; i++)
        length += data[PAGE_HEAD + i];
    return length <= n ? length : 0;
}

static gboolean ogg_append(TuneShaper *base, const guint8 *data, gsize n, GError **error)
{
    OggShaper *self = (OggShaper *)base;
    gsize at = 0, length;

    g_byte_array_append(self->pending, data, (guint)n);
    while ((length = page_length(self->pending->data + at, self->pending->len - at)) > 0) {
        if (!take_page(self, self->pending->data + at, length, error))
            return FALSE;
        at += length;
    }
    if (at > 0)
        g_byte_array_remove_range(self->pending, 0, (guint)at);
    return TRUE;
}

/* Ogg is written in order. */
static gboolean ogg_patch(TuneShaper *base, guint64 offset, const guint8 *data, gsize n,
                          GError **error)
{
    return TRUE;
}

static gboolean ogg_finish(TuneShaper *base, GError **error)
{
    return TRUE;
}

static void ogg_free(TuneShaper *base)
{
    OggShaper *self = (OggShaper *)base;

    g_byte_array_unref(self->pending);
    g_byte_array_unref(self->packet);
    g_ptr_array_unref(self->headers);
    g_free(self);
}

TuneShaper *tune_shape_ogg_new(TuneEncoder *encoder)
{
    OggShaper *self = g_new0(OggShaper, 1);

    self->base = (TuneShaper){encoder, ogg_append, ogg_patch, ogg_finish, ogg_free};
    self->pending = g_byte_array_new();
    self->packet = g_byte_array_new();
    self->headers = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
    make_crc_table(self->crc);
    return &self->base;
}
