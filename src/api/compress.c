/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Content codings: which one a client wants, and making it.
 */
#include "api/api-private.h"

#include <string.h>
#include <zlib.h>
#include <zstd.h>

#define GZIP_LEVEL 6
#define ZSTD_LEVEL 3

const char *tune_coding_name(TuneCoding coding)
{
    return coding == TUNE_CODING_GZIP ? "gzip" : coding == TUNE_CODING_ZSTD ? "zstd" : "identity";
}

/* "gzip;q=0.5" -> its weight; 1 when none is said, 0 when it cannot be read. */
static double weight_of(const char *parameters, gsize length)
{
    g_autofree char *text = g_strndup(parameters, length);
    const char *q = strstr(text, "q=");
    char *end = NULL;

    if (q == NULL)
        return 1;
    double weight = g_ascii_strtod(q + 2, &end);
    return end != q + 2 && weight >= 0 && weight <= 1 ? weight : 0;
}

TuneCoding tune_coding_choose(const char *accept)
{
    double weights[TUNE_CODING_NONE] = {-1, -1}, any = -1;

    for (const char *p = accept; p != NULL && *p != '\0';) {
        p += strspn(p, " \t,");
        gsize length = strcspn(p, ","), name = strcspn(p, ",; \t");
        double weight = name < length ? weight_of(p + name, length - name) : 1;
        if (name == 4 && g_ascii_strncasecmp(p, "gzip", 4) == 0)
            weights[TUNE_CODING_GZIP] = weight;
        else if (name == 4 && g_ascii_strncasecmp(p, "zstd", 4) == 0)
            weights[TUNE_CODING_ZSTD] = weight;
        else if (name == 1 && *p == '*')
            any = weight;
        p += length;
    }
    for (guint i = 0; i < TUNE_CODING_NONE; i++)
        if (weights[i] < 0)
            weights[i] = any;
    if (weights[TUNE_CODING_ZSTD] > 0 && weights[TUNE_CODING_ZSTD] >= weights[TUNE_CODING_GZIP])
        return TUNE_CODING_ZSTD;
    return weights[TUNE_CODING_GZIP] > 0 ? TUNE_CODING_GZIP : TUNE_CODING_NONE;
}

gboolean tune_coding_suits(const char *content_type)
{
    return content_type != NULL &&
           (g_str_has_prefix(content_type, "application/json") ||
            g_str_has_prefix(content_type, "application/xml") ||
            g_str_has_prefix(content_type, "application/vnd.recordare.musicxml+xml") ||
            (g_str_has_prefix(content_type, "text/") &&
             !g_str_has_prefix(content_type, "text/event-stream")));
}

static GBytes *gzip_pack(gconstpointer data, gsize size)
{
    z_stream stream = {.next_in = (Bytef *)data, .avail_in = (uInt)size};

    /* 16 more window bits: the gzip format (RFC 1952). */
    if (size > G_MAXUINT ||
        deflateInit2(&stream, GZIP_LEVEL, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK)
        return NULL;
    gsize room = deflateBound(&stream, (uLong)size);
    g_autofree guint8 *out = g_malloc(room);
    stream.next_out = out;
    stream.avail_out = (uInt)room;
    int result = deflate(&stream, Z_FINISH);
    gsize length = stream.total_out;
    deflateEnd(&stream);
    return result == Z_STREAM_END ? g_bytes_new(out, length) : NULL;
}

static GBytes *zstd_pack(gconstpointer data, gsize size)
{
    gsize room = ZSTD_compressBound(size);
    g_autofree guint8 *out = g_malloc(room);
    gsize length = ZSTD_compress(out, room, data, size, ZSTD_LEVEL);

    return !ZSTD_isError(length) ? g_bytes_new(out, length) : NULL;
}

GBytes *tune_coding_pack(TuneCoding coding, GBytes *body)
{
    gsize size = 0;
    gconstpointer data = g_bytes_get_data(body, &size);
    g_autoptr(GBytes) packed = coding == TUNE_CODING_GZIP   ? gzip_pack(data, size)
                               : coding == TUNE_CODING_ZSTD ? zstd_pack(data, size)
                                                            : NULL;

    return packed != NULL && g_bytes_get_size(packed) < size ? g_steal_pointer(&packed) : NULL;
}
