/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Finds the tags in a file: the chunks of RIFF, the metadata blocks of FLAC, the second packet of
 * an Ogg stream (RFC 3533), an ID3v2 tag in front.
 */
#include "audio/tags-private.h"

#include <string.h>

static gboolean read_at(FILE *file, gint64 offset, void *out, gsize n)
{
    return fseeko(file, (off_t)offset, SEEK_SET) == 0 && fread(out, 1, n, file) == n;
}

/* NULL when there are not that many bytes, or too many; grows with what is really there, so that a
 * lying size costs nothing. */
static GByteArray *read_block(FILE *file, gint64 offset, gsize n)
{
    g_autoptr(GByteArray) block = g_byte_array_new();

    if (n > TUNE_TAGS_MAX_BYTES || fseeko(file, (off_t)offset, SEEK_SET) != 0)
        return NULL;
    while (block->len < n) {
        guint8 piece[4096];
        gsize want = MIN(n - block->len, sizeof piece);

        if (fread(piece, 1, want, file) != want)
            return NULL;
        g_byte_array_append(block, piece, (guint)want);
    }
    return g_steal_pointer(&block);
}

static void read_riff(TuneTags *self, FILE *file)
{
    guint8 header[8];
    gint64 at = 12;

    for (guint n = 0; n < 1000 && read_at(file, at, header, sizeof header); n++) {
        gsize size = (gsize)header[4] | (gsize)header[5] << 8 | (gsize)header[6] << 16 |
                     (gsize)header[7] << 24;

        if (memcmp(header, "data", 4) != 0 && size <= TUNE_TAGS_MAX_BYTES) {
            g_autoptr(GByteArray) block = read_block(file, at + 8, size);

            if (block == NULL)
                return;
            tune_tags_riff_parse(self, (const char *)header, block->data, block->len);
        }
        at += 8 + (gint64)size + (gint64)(size % 2);
    }
}

static void read_flac(TuneTags *self, FILE *file, gint64 at)
{
    guint8 header[4];

    at += 4;
    for (guint n = 0; n < 1000 && read_at(file, at, header, sizeof header); n++) {
        gsize size = (gsize)header[1] << 16 | (gsize)header[2] << 8 | header[3];

        if ((header[0] & 0x7F) == 4) {
            g_autoptr(GByteArray) block = read_block(file, at + 4, size);

            if (block != NULL)
                tune_tags_vorbis_parse(self, block->data, block->len);
        }
        if (header[0] & 0x80)
            return;
        at += 4 + (gint64)size;
    }
}

/* The second packet, gathered from the pages it spans. */
static void read_ogg(TuneTags *self, FILE *file)
{
    g_autoptr(GByteArray) packet = g_byte_array_new();
    guint8 head[27], lacing[255];
    guint n_packets = 0;
    gint64 at = 0;

    for (guint n = 0; n < 10000 && n_packets < 2 && read_at(file, at, head, sizeof head); n++) {
        if (memcmp(head, "OggS", 4) != 0 || !read_at(file, at + 27, lacing, head[26]))
            return;
        at += 27 + head[26];
        for (guint i = 0; i < head[26] && n_packets < 2; at += lacing[i], i++) {
            guint8 piece[255];

            if (!read_at(file, at, piece, lacing[i]))
                return;
            if (n_packets == 1)
                g_byte_array_append(packet, piece, lacing[i]);
            if (lacing[i] < 255)
                n_packets++;
        }
        if (packet->len > TUNE_TAGS_MAX_BYTES)
            return;
    }
    if (packet->len > 7 && memcmp(packet->data, "\x03vorbis", 7) == 0)
        tune_tags_vorbis_parse(self, packet->data + 7, packet->len - 7);
    else if (packet->len > 8 && memcmp(packet->data, "OpusTags", 8) == 0)
        tune_tags_vorbis_parse(self, packet->data + 8, packet->len - 8);
}

void tune_tags_read(TuneTags *self, FILE *file)
{
    guint8 head[12];
    gint64 at = 0;

    if (!read_at(file, 0, head, sizeof head))
        return;
    if (memcmp(head, "ID3", 3) == 0) {
        gsize size = (gsize)(head[6] & 0x7F) << 21 | (gsize)(head[7] & 0x7F) << 14 |
                     (gsize)(head[8] & 0x7F) << 7 | (head[9] & 0x7F);
        g_autoptr(GByteArray) block = read_block(file, 0, 10 + size);

        if (block != NULL)
            tune_tags_id3_parse(self, block->data, block->len);
        at = 10 + (gint64)size; /* some put one before FLAC too */
        if (!read_at(file, at, head, 4))
            return;
    }
    if (at == 0 && memcmp(head, "RIFF", 4) == 0 && memcmp(head + 8, "WAVE", 4) == 0)
        read_riff(self, file);
    else if (memcmp(head, "fLaC", 4) == 0)
        read_flac(self, file, at);
    else if (at == 0 && memcmp(head, "OggS", 4) == 0)
        read_ogg(self, file);
}
