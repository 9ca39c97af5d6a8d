/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Answers kept: an LRU in this process, and behind it Redis when there is one.
 *
 *     TuneCachePolicy policy = {.ttl_s = 300, .stale_s = 60, .tags = (const char *[]){"tracks", NULL}};
 *     g_autoptr(GBytes) body = tune_cache_get_or_make(cache, "trending:tracks:limit:10", &policy,
 *                                                     make, user_data, &error);
 *
 * Bounded by items and by bytes.  What a reader holds stays valid after it was dropped (GBytes are
 * counted).  One flight per missing key: the others wait for the one that makes it.  A value past its
 * ttl but within stale_s is answered at once while one caller makes it anew; should that fail, the old one
 * is still good.  What was dropped while it was being made is not kept.  Redis slow, away or lying never
 * fails a call: after repeated failures a breaker leaves it alone until it answers again; a value that does
 * not check out is a miss; what was dropped meanwhile is dropped there before it is asked again.
 * Thread-safe.
 */
#pragma once
#include "base/log.h"
#include "base/json.h"

#define TUNE_CACHE_ERROR (tune_cache_error_quark())
GQuark tune_cache_error_quark(void);
typedef enum {
    TUNE_CACHE_ERROR_URL, /* not a redis URL */
} TuneCacheError;

typedef struct TuneCache TuneCache;

typedef struct {
    guint max_items;       /* 100 */
    guint64 max_bytes;     /* 2048 MiB */
    const char *redis_url; /* redis://[[user]:password@]host[:port][/db] or unix:///path; NULL: none */
    const char *prefix;    /* "musicgen" */
    gsize compress_above;  /* bytes; 1024 */
    guint timeout_ms;      /* of one Redis call, all in all; 50 */
    const TuneLog *log;    /* (nullable) outliving the cache */
    gint64 (*clock_us)(gpointer clock_data); /* NULL: the monotonic clock; for tests */
    gpointer clock_data;
} TuneCacheConfig;
#define TUNE_CACHE_CONFIG_DEFAULT                                                                  \
    {                                                                                              \
        .max_items = 100, .max_bytes = G_GUINT64_CONSTANT(2048) << 20, .prefix = "musicgen",       \
        .compress_above = 1024, .timeout_ms = 50                                                   \
    }

typedef struct {
    guint ttl_s;             /* 0: 3600 */
    guint stale_s;           /* answered while being made anew */
    const char *const *tags; /* NULL-ended (nullable) */
    gboolean local;          /* never in Redis */
} TuneCachePolicy;

/* Does not fail when Redis is away; only on a URL that is none.  With Redis there is one thread more,
 * which hears of what other servers drop and asks whether a lost Redis is back. */
TuneCache *tune_cache_new(const TuneCacheConfig *config, GError **error);
void tune_cache_free(TuneCache *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TuneCache, tune_cache_free)

/* Fresh values only. (transfer full) (nullable) */
GBytes *tune_cache_get(TuneCache *self, const char *key);
/* Memory only, never blocks: for loop threads. (transfer full) (nullable) */
GBytes *tune_cache_peek(TuneCache *self, const char *key);
void tune_cache_set(TuneCache *self, const char *key, GBytes *value, const TuneCachePolicy *policy);

/* Memory only: what is kept as @old (the very value that was found) becomes @value, another form of the same, as
 * fresh and with the tags that it has.  Nothing happens where @old is not there any more. */
void tune_cache_amend(TuneCache *self, const char *key, GBytes *old, GBytes *value);

typedef GBytes *(*TuneCacheMake)(gpointer user_data, GError **error); /* (transfer full) */
/* Errors are make()'s; they are given to all who waited and are not kept.  @make must return, and may use
 * the cache itself. */
GBytes *tune_cache_get_or_make(TuneCache *self, const char *key, const TuneCachePolicy *policy,
                               TuneCacheMake make, gpointer user_data, GError **error);

void tune_cache_drop(TuneCache *self, const char *key);
/* All values with @tag, here, in Redis (without KEYS or SCAN) and in the first level of every other
 * server on the same Redis. */
void tune_cache_drop_tag(TuneCache *self, const char *tag);
void tune_cache_clear(TuneCache *self); /* this process' memory */

/* A token bucket: may one more happen for @key, @rate (> 0) a second with bursts of @burst (>= 1)?  Shared
 * through Redis when it is there, else in memory.  *retry_after_s: seconds until the next token, 0 when
 * there is one; *remaining: tokens left.  Both (nullable). */
gboolean tune_cache_take(TuneCache *self, const char *key, double rate, double burst,
                         double *retry_after_s, double *remaining);

typedef struct {
    guint64 hits, misses, stale, flights_shared, evictions;
    guint64 redis_hits, redis_misses, redis_errors;
    guint items;
    guint64 bytes;
    gboolean redis, redis_up; /* configured; breaker closed */
} TuneCacheStats;
void tune_cache_stats(TuneCache *self, TuneCacheStats *out);
/* Keys, bytes and seconds to live of the first level, newest first, at most @limit. (transfer full) */
json_t *tune_cache_list(TuneCache *self, guint limit);
