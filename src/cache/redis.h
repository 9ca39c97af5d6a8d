/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Redis as second level: a few connections, a time-out for every call, a circuit breaker, and one
 * thread that listens to what other servers drop and asks whether a lost Redis is back.
 *
 * What is kept there (P is the prefix):
 *
 *     P:KEY          a value in the form of redis-value.c, or a tombstone for a minute after a drop
 *     P:#tag:NAME    the tag's version: 16 hexadecimal digits, made at random, made anew by a drop
 *     P:#epoch       the version of everything
 *     P:#run         the run of Redis that the epoch belongs to
 *     P:#bucket:KEY  a token bucket
 *     P:#drop        the channel on which drops are told
 *
 * A value carries the versions it was made under: those that stood when its maker first looked, so
 * that a drop during the making makes it worthless.  It counts as long as they stand, hence
 * dropping a tag writes one small key, however many values have the tag.  Versions are random, not
 * counted: a version that Redis threw away for want of memory never comes back with an old meaning.
 * A Redis that was started anew may have gone back to an older state of its keys: the first server
 * that sees it makes a new epoch.
 *
 * Nothing here fails a caller: no answer is a miss.  All functions are thread-safe.
 */
#pragma once
#include <glib.h>
#include "base/log.h"

typedef struct TuneRedis TuneRedis;

/* Called on the listening thread when another server has dropped something. */
typedef struct {
    void (*drop_key)(gpointer user_data, const char *key);
    void (*drop_tag)(gpointer user_data, const char *tag);
    /* Messages may have been missed. */
    void (*lost_track)(gpointer user_data);
    gpointer user_data;
} TuneRedisEvents;

typedef struct {
    const char *url;
    const char *prefix;
    gsize compress_above;
    guint timeout_ms;
    const TuneLog *log;
    TuneRedisEvents events;
} TuneRedisConfig;

/* NULL only with TUNE_CACHE_ERROR_URL.  Tries to connect, and goes on trying when that fails. */
TuneRedis *tune_redis_new(const TuneRedisConfig *config, GError **error);
void tune_redis_free(TuneRedis *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TuneRedis, tune_redis_free)

/* What stood when a value was looked for: needed to store the one that is made instead. */
typedef struct {
    gboolean seen;     /* FALSE: Redis was not reached; the value is not stored then */
    guint64 *versions; /* [1 + tags]: of everything, of each tag; 0: there was none */
    char tombstone[21];
} TuneRedisTicket;
void tune_redis_ticket_clear(TuneRedisTicket *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(TuneRedisTicket, tune_redis_ticket_clear)

typedef struct {
    GBytes *value;
    char **tags;
    gint64 fresh_us,
        stale_us; /* still to live; fresh_us <= 0: expired, stale_us > 0: still usable */
} TuneRedisValue;
void tune_redis_value_clear(TuneRedisValue *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(TuneRedisValue, tune_redis_value_clear)

/* @tags (nullable): those that the value would be stored under; knowing them saves a round trip. */
gboolean tune_redis_get(TuneRedis *self, const char *key, const char *const *tags,
                        TuneRedisTicket *ticket, TuneRedisValue *out);
/* @ticket NULL: as things stand now, and over whatever is there. */
void tune_redis_put(TuneRedis *self, const char *key, GBytes *value, guint ttl_s, guint stale_s,
                    const char *const *tags, const TuneRedisTicket *ticket);
/* When Redis is away it is remembered, and done before Redis is asked for anything again. */
void tune_redis_drop_key(TuneRedis *self, const char *key);
void tune_redis_drop_tag(TuneRedis *self, const char *tag);

/* FALSE: no answer.  *taken: there was a token; *remaining: 0 .. @burst. */
gboolean tune_redis_take(TuneRedis *self, const char *key, double rate, double burst,
                         gboolean *taken, double *remaining);

typedef struct {
    guint64 hits, misses, errors;
    gboolean up;
} TuneRedisStats;
void tune_redis_stats(TuneRedis *self, TuneRedisStats *out);
