/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "audio/intact.h"

#include <string.h>

/* Sizes from here on mean "not known when the header was written". */
#define STREAMED 0x7FFFF000u

static gboolean riff_is_cut(FILE *file, gint64 length)
{
    guint8 header[8];
    gint64 at = 12;

    for (guint n = 0; n < 1000 && at + 8 <= length; n++) {
        if (fseeko(file, (off_t)at, SEEK_SET) != 0 || fread(header, 1, 8, file) != 8)
            return TRUE;
        guint32 size = (guint32)header[4] | (guint32)header[5] << 8 | (guint32)header[6] << 16 |
                       (guint32)header[7] << 24;
        if (memcmp(header, "data", 4) == 0)
            return size < STREAMED && at + 8 + (gint64)size > length;
        at += 8 + (gint64)size + (gint64)(size % 2);
    }
    return TRUE;
}

/* The last page is at most 65307 bytes from the end. */
static gboolean ogg_is_cut(FILE *file, gint64 length)
{
    gint64 from = MAX(0, length - 65307);
    gsize n = (gsize)(length - from);
    g_autofree guint8 *tail = g_malloc(n);

    if (fseeko(file, (off_t)from, SEEK_SET) != 0 || fread(tail, 1, n, file) != n)
        return TRUE;
    for (gsize i = n; i-- > 0;) {
        if (n - i < 27 || memcmp(tail + i, "OggS", 4) != 0 || tail[i + 4] != 0 ||
            n - i < 27u + tail[i + 26])
            continue;
        gsize size = 27u + tail[i + 26];
        for (guint s = 0; s < tail[i + 26]; s++)
            size += tail[i + 27 + s];
        return size > n - i || (tail[i + 5] & 4) == 0;
    }
    return TRUE;
}

gboolean tune_file_is_cut(FILE *file)
{
    guint8 head[12];

    if (fseeko(file, 0, SEEK_END) != 0)
        return FALSE;
    gint64 length = ftello(file);
    if (length < 12 || fseeko(file, 0, SEEK_SET) != 0 || fread(head, 1, 12, file) != 12)
        return FALSE;
    if (memcmp(head, "RIFF", 4) == 0 && memcmp(head + 8, "WAVE", 4) == 0)
        return riff_is_cut(file, length);
    return memcmp(head, "OggS", 4) == 0 && ogg_is_cut(file, length);
}
