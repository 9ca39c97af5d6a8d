/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The stored form of a value, all numbers little-endian:
 *
 *      0  "TNC1"
 *      4  u32  CRC-32 of the key, a zero byte, and all from offset 8 on
 *      8  u8   how the bytes are packed: 0 as they are, 1 zstd; u8[3] zero
 *     12  u32  bytes of the value unpacked
 *     16  i64  when it was made, microseconds of the maker's wall clock
 *     24  u32  seconds it is fresh; u32 seconds it is usable after that
 *     32  u64  the version of everything; u16 number of tags; for each u16 bytes, the name, u64 its
 * version .  the bytes
 *
 * A value is believed only when all of it fits: cut, overwritten, moved to another key, or damaged
 * in any bit it is nobody's value.  Its age is told by the wall clocks of maker and reader, so that
 * a value outlives its time neither when Redis' clock stands still nor when it goes back; clocks
 * that are more than a minute apart cost hits, nothing else.
 */
#include "cache/redis-private.h"

#include <string.h>
#include <sys/random.h>
#include <zlib.h>
#include <zstd.h>

#define HEAD_BYTES    42u
#define MAX_TAGS      64u
#define CLOCK_SKEW_US (60 * (gint64)G_USEC_PER_SEC)

/* ---- writing ---- */

static void put(GByteArray *out, guint64 number, guint n_bytes)
{
    guint8 bytes[8];

    for (guint i = 0; i < n_bytes; i++)
        bytes[i] = (guint8)(number >> (8 * i));
    g_byte_array_append(out, bytes, n_bytes);
}

static guint32 checksum(const char *key, const guint8 *data, gsize n_bytes)
{
    uLong crc = crc32_z(0, (const Bytef *)key, strlen(key) + 1);

    return (guint32)crc32_z(crc, data + 8, n_bytes - 8);
}

static void put_head(GByteArray *out, GBytes *value, gboolean packed, guint ttl_s, guint stale_s,
                     gint64 now_us)
{
    g_byte_array_append(out, (const guint8 *)"TNC1", 4);
    put(out, 0, 4);
    put(out, packed, 4);
    put(out, g_bytes_get_size(value), 4);
    put(out, (guint64)now_us, 8);
    put(out, ttl_s, 4);
    put(out, stale_s, 4);
}

static gboolean put_tags(GByteArray *out, const char *const *tags, const guint64 *versions)
{
    guint n = tags != NULL ? g_strv_length((char **)tags) : 0;

    if (n > MAX_TAGS)
        return FALSE;
    put(out, versions[0], 8);
    put(out, n, 2);
    for (guint i = 0; i < n; i++) {
        gsize length = strlen(tags[i]);

        if (length > G_MAXUINT16)
            return FALSE;
        put(out, length, 2);
        g_byte_array_append(out, (const guint8 *)tags[i], (guint)length);
        put(out, versions[1 + i], 8);
    }
    return TRUE;
}

/* NULL when it does not become smaller. */
static GBytes *squeeze(GBytes *value)
{
    gsize n_bytes;
    const void *data = g_bytes_get_data(value, &n_bytes);
    gsize room = ZSTD_compressBound(n_bytes);
    g_autofree guint8 *packed = g_try_malloc(room);

    if (packed == NULL)
        return NULL;
    gsize n = ZSTD_compress(packed, room, data, n_bytes, 1);
    if (ZSTD_isError(n) || n >= n_bytes)
        return NULL;
    return g_bytes_new(packed, n);
}

GByteArray *tune_redis_value_pack(const char *key, GBytes *value, guint ttl_s, guint stale_s,
                                  const char *const *tags, const guint64 *versions,
                                  gsize compress_above, gint64 now_us)
{
    if (g_bytes_get_size(value) > TUNE_REDIS_MAX_RAW)
        return NULL;
    g_autoptr(GBytes) packed = g_bytes_get_size(value) > compress_above ? squeeze(value) : NULL;
    GBytes *payload = packed != NULL ? packed : value;
    if (g_bytes_get_size(payload) > TUNE_REDIS_MAX_BYTES)
        return NULL;
    g_autoptr(GByteArray) out =
        g_byte_array_sized_new((guint)(g_bytes_get_size(payload) + HEAD_BYTES + 128));
    put_head(out, value, packed != NULL, ttl_s, stale_s, now_us);
    if (!put_tags(out, tags, versions))
        return NULL;
    if (g_bytes_get_size(payload) > 0)
        g_byte_array_append(out, g_bytes_get_data(payload, NULL), (guint)g_bytes_get_size(payload));
    guint32 crc = GUINT32_TO_LE(checksum(key, out->data, out->len));
    memcpy(out->data + 4, &crc, 4);
    return g_steal_pointer(&out);
}

/* ---- reading ---- */

typedef struct {
    const guint8 *at;
    gsize left;
    gboolean bad;
} Reader;

static const guint8 *take(Reader *self, gsize n_bytes)
{
    const guint8 *at = self->at;

    self->bad = self->bad || n_bytes > self->left;
    if (self->bad)
        return NULL;
    self->at += n_bytes;
    self->left -= n_bytes;
    return at;
}

static guint64 take_number(Reader *self, guint n_bytes)
{
    const guint8 *bytes = take(self, n_bytes);
    guint64 number = 0;

    for (guint i = 0; i < n_bytes && bytes != NULL; i++)
        number |= (guint64)bytes[i] << (8 * i);
    return number;
}

static gboolean take_tags(Reader *self, char ***tags, guint64 **versions)
{
    guint64 epoch = take_number(self, 8);
    guint n = (guint)take_number(self, 2);

    if (self->bad || n > MAX_TAGS)
        return FALSE;
    *tags = g_new0(char *, n + 1);
    *versions = g_new0(guint64, n + 1);
    (*versions)[0] = epoch;
    for (guint i = 0; i < n; i++) {
        gsize length = (gsize)take_number(self, 2);
        const guint8 *name = take(self, length);

        if (name == NULL || memchr(name, '\0', length) != NULL)
            return FALSE;
        (*tags)[i] = g_strndup((const char *)name, length);
        (*versions)[1 + i] = take_number(self, 8);
    }
    return !self->bad;
}

static GBytes *unpack_payload(const Reader *reader, guint how, gsize n_raw)
{
    if (how == 0)
        return reader->left == n_raw ? g_bytes_new(reader->at, n_raw) : NULL;
    if (how != 1 || n_raw > TUNE_REDIS_MAX_RAW)
        return NULL;
    g_autofree guint8 *raw = g_try_malloc(MAX(n_raw, 1));
    if (raw == NULL || ZSTD_decompress(raw, n_raw, reader->at, reader->left) != n_raw)
        return NULL;
    return g_bytes_new_take(g_steal_pointer(&raw), n_raw);
}

static gboolean take_times(Reader *self, gint64 now_us, TuneRedisValue *out)
{
    gint64 age_us = now_us - (gint64)take_number(self, 8);

    out->fresh_us = (gint64)take_number(self, 4) * G_USEC_PER_SEC - MAX(age_us, 0);
    out->stale_us = (gint64)take_number(self, 4) * G_USEC_PER_SEC + out->fresh_us;
    return !self->bad && age_us > -CLOCK_SKEW_US && (out->fresh_us > 0 || out->stale_us > 0);
}

gboolean tune_redis_value_unpack(const char *key, gconstpointer data, gsize n_bytes, gint64 now_us,
                                 TuneRedisValue *out, guint64 **versions)
{
    Reader reader = {data, n_bytes, FALSE};

    *out = (TuneRedisValue){0};
    *versions = NULL;
    if (n_bytes < HEAD_BYTES || memcmp(data, "TNC1", 4) != 0)
        return FALSE;
    take(&reader, 4);
    if (take_number(&reader, 4) != checksum(key, data, n_bytes))
        return FALSE;
    guint how = (guint)take_number(&reader, 4);
    gsize n_raw = (gsize)take_number(&reader, 4);
    if (take_times(&reader, now_us, out) && take_tags(&reader, &out->tags, versions))
        out->value = unpack_payload(&reader, how, n_raw);
    if (out->value != NULL)
        return TRUE;
    tune_redis_value_clear(out);
    g_clear_pointer(versions, g_free);
    return FALSE;
}

void tune_redis_value_clear(TuneRedisValue *self)
{
    g_clear_pointer(&self->value, g_bytes_unref);
    g_clear_pointer(&self->tags, g_strfreev);
}

void tune_redis_ticket_clear(TuneRedisTicket *self)
{
    g_clear_pointer(&self->versions, g_free);
    self->seen = FALSE;
}

/* ---- versions and tombstones ---- */

guint64 tune_redis_new_version(void)
{
    guint64 version = 0;

    while (version == 0)
        if (getrandom(&version, sizeof version, 0) != sizeof version)
            version = 0;
    return version;
}

void tune_redis_version_text(guint64 version, char out[TUNE_REDIS_VERSION_BYTES])
{
    g_snprintf(out, TUNE_REDIS_VERSION_BYTES, "%016" G_GINT64_MODIFIER "x", version);
}

guint64 tune_redis_version_parse(const char *text, gsize n_bytes)
{
    guint64 version = 0;

    if (text == NULL || n_bytes != TUNE_REDIS_VERSION_BYTES - 1)
        return 0;
    for (gsize i = 0; i < n_bytes; i++) {
        if (!g_ascii_isxdigit(text[i]))
            return 0;
        version = version << 4 | (guint64)g_ascii_xdigit_value(text[i]);
    }
    return version;
}

void tune_redis_make_tombstone(char out[TUNE_REDIS_TOMB_BYTES + 1])
{
    char version[TUNE_REDIS_VERSION_BYTES];

    tune_redis_version_text(tune_redis_new_version(), version);
    g_snprintf(out, TUNE_REDIS_TOMB_BYTES + 1, "TNX1%s", version);
}

gboolean tune_redis_is_tombstone(const char *data, gsize n_bytes)
{
    return n_bytes == TUNE_REDIS_TOMB_BYTES && memcmp(data, "TNX1", 4) == 0;
}
