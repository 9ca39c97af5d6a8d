/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The stored form of a value as Redis may give it back.  The checksum is put right first, or
 * nothing behind it would ever be reached.
 */
#include "cache/redis-private.h"

#include <string.h>
#include <zlib.h>

#define NOW_US G_GINT64_CONSTANT(1700000000000000)

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size);

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size)
{
    g_autofree guint8 *copy = g_memdup2(data, MAX(size, 1));
    TuneRedisValue value;
    guint64 *versions;

    if (size == 0)
        return 0;
    if (size >= 8) {
        guint32 crc = (guint32)crc32_z(crc32_z(0, (const Bytef *)"k", 2), copy + 8, size - 8);

        crc = GUINT32_TO_LE(crc);
        memcpy(copy + 4, &crc, 4);
    }
    if (!tune_redis_value_unpack("k", copy, size, NOW_US, &value, &versions))
        return 0;
    g_assert(g_bytes_get_size(value.value) <= TUNE_REDIS_MAX_RAW);
    g_assert(value.fresh_us > 0 || value.stale_us > 0);
    /* What was believed can be written again and says the same. */
    g_autoptr(GByteArray) again = tune_redis_value_pack(
        "k", value.value, 10, 10, (const char *const *)value.tags, versions, 16, NOW_US);
    TuneRedisValue second;
    guint64 *second_versions;
    if (again != NULL) {
        g_assert(tune_redis_value_unpack("k", again->data, again->len, NOW_US, &second,
                                         &second_versions));
        g_assert(g_bytes_equal(second.value, value.value));
        tune_redis_value_clear(&second);
        g_free(second_versions);
    }
    tune_redis_value_clear(&value);
    g_free(versions);
    return 0;
}
