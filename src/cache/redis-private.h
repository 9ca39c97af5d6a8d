/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Inside of the second level: address, one connection, the stored form of values, the breaker.
 */
#pragma once
#include "cache/redis.h"

#include <hiredis/hiredis.h>
#include <pthread.h>
#include <stdatomic.h>

/* ---- redis-url.c ---- */

typedef struct {
    char *host; /* NULL for a socket */
    char *path; /* of the socket */
    int port;
    char *user, *password; /* (nullable) */
    guint database;
} TuneRedisAddress;
/* redis://[[user]:password@]host[:port][/db], unix:///path[?db=N].  The message never shows a
 * password. */
gboolean tune_redis_address_parse(const char *url, TuneRedisAddress *out, GError **error);
void tune_redis_address_clear(TuneRedisAddress *self);
/* "host:port" or the path, for messages. (transfer full) */
char *tune_redis_address_text(const TuneRedisAddress *self);

/* ---- redis-link.c ---- */

typedef struct TuneRedisLink TuneRedisLink;

/* Connected, authenticated, database selected, all before @deadline_us (monotonic).  @reason: set
 * on NULL. (transfer full) */
TuneRedisLink *tune_redis_link_new(const TuneRedisAddress *address, const char *numeric_host,
                                   gint64 deadline_us, char **reason);
void tune_redis_link_free(TuneRedisLink *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TuneRedisLink, tune_redis_link_free)
int tune_redis_link_fd(const TuneRedisLink *self);

/* One command of @n arguments. */
typedef struct {
    int n;
    const char **words;
    const gsize *lengths; /* NULL: C strings */
} TuneRedisCommand;
/* Send @n commands at once and wait for as many answers; FALSE when one did not come in time: the
 * link is of no use any more then. @replies: [@n], to be freed; an error reply is an answer. */
gboolean tune_redis_link_call(TuneRedisLink *self, const TuneRedisCommand *commands, guint n,
                              redisReply **replies, gint64 deadline_us);
/* The next answer or message; *timed_out: none came, the link is still good. NULL else: broken. */
redisReply *tune_redis_link_receive(TuneRedisLink *self, gint64 deadline_us, gboolean *timed_out);
gboolean tune_redis_link_send(TuneRedisLink *self, const TuneRedisCommand *command,
                              gint64 deadline_us);
const char *tune_redis_link_reason(const TuneRedisLink *self);

static inline void tune_redis_reply_free(redisReply *reply)
{
    if (reply != NULL)
        freeReplyObject(reply);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(redisReply, tune_redis_reply_free)

/* ---- redis-value.c ---- */

#define TUNE_REDIS_MAX_BYTES  (4u << 20)  /* larger values stay at home */
#define TUNE_REDIS_MAX_RAW    (64u << 20) /* and none unpacks to more */
#define TUNE_REDIS_TOMB_BYTES 20u

/* The stored form.  @versions: [1 + tags].  NULL when it is too large. (transfer full) */
GByteArray *tune_redis_value_pack(const char *key, GBytes *value, guint ttl_s, guint stale_s,
                                  const char *const *tags, const guint64 *versions,
                                  gsize compress_above, gint64 now_us);
/* A value that checks out; *versions: [1 + tags] it was made under (transfer full).  FALSE for
 * anything else.  @now_us: of the wall clock. */
gboolean tune_redis_value_unpack(const char *key, gconstpointer data, gsize n_bytes, gint64 now_us,
                                 TuneRedisValue *out, guint64 **versions);
/* "TNX1" and 16 digits. */
void tune_redis_make_tombstone(char out[TUNE_REDIS_TOMB_BYTES + 1]);
gboolean tune_redis_is_tombstone(const char *data, gsize n_bytes);
/* Never 0. */
guint64 tune_redis_new_version(void);
#define TUNE_REDIS_VERSION_BYTES 17
void tune_redis_version_text(guint64 version, char out[TUNE_REDIS_VERSION_BYTES]);
/* 0 for anything that is no version. */
guint64 tune_redis_version_parse(const char *text, gsize n_bytes);

/* ---- redis.c, redis-ops.c, redis-watch.c ---- */

#define TUNE_REDIS_MAX_LINKS 8

struct TuneRedis {
    TuneRedisAddress address;
    char *prefix, *channel;
    char server_id[TUNE_REDIS_VERSION_BYTES]; /* of this cache: knows its own messages */
    gsize compress_above;
    guint timeout_ms;
    const TuneLog *log;
    TuneRedisEvents events;
    _Atomic guint64 hits, misses, errors;

    pthread_mutex_t lock; /* what follows */
    pthread_cond_t freed; /* a link has become idle */
    gboolean up;          /* the breaker is closed */
    gboolean said_away;   /* the log has it */
    gboolean tried;       /* the watcher has tried to connect */
    guint n_failures;     /* one after another */
    char *numeric_host;   /* of the address; NULL until it was looked up */
    TuneRedisLink *idle[TUNE_REDIS_MAX_LINKS];
    guint n_idle, n_links; /* n_links: idle and in use */
    guint generation;      /* of links: those from before the breaker opened are not kept */
    GHashTable *pending;   /* drops to be done: "k" KEY and "t" TAG; a set */
    gboolean pending_all;  /* too many: a new epoch */

    pthread_t watcher;
    int wake_fd; /* eventfd: the watcher has something to do */
    atomic_bool stopping;
};

/* P:NAME, P:#KIND:NAME (transfer full) */
char *tune_redis_key(const TuneRedis *self, const char *kind, const char *name);
gint64 tune_redis_deadline(const TuneRedis *self);

/* Open the breaker because of @reason. */
void tune_redis_open_breaker(TuneRedis *self, const char *reason);
/* Close it over @link (transfer full), unless drops came in meanwhile: FALSE then, and @link stays
 * the caller's. */
gboolean tune_redis_close_breaker(TuneRedis *self, TuneRedisLink *link);

/* The commands of one drop; @kind 'k', 't', or 'e' for everything. */
gboolean tune_redis_send_drop(TuneRedis *self, TuneRedisLink *link, char kind, const char *name,
                              gint64 deadline_us);
void tune_redis_remember_drop(TuneRedis *self, char kind, const char *name);
/* Do all that is pending over @link. */
gboolean tune_redis_do_pending(TuneRedis *self, TuneRedisLink *link);

/* The listening thread. */
void *tune_redis_watch(void *self);
