/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The use of one link for one caller's question.
 *
 *     TuneRedisUse use;
 *     if (tune_redis_begin(redis, &use) && tune_redis_call(redis, &use, commands, n, replies)) {
 *         ...
 *         tune_redis_end(redis, &use);
 *     }
 */
#pragma once
#include "cache/redis-private.h"

typedef struct {
    TuneRedisLink *link;
    gint64 deadline_us;
    guint generation;
    gboolean reused; /* it lay idle before */
} TuneRedisUse;

/* FALSE: Redis is away, or all links are busy. */
gboolean tune_redis_begin(TuneRedis *self, TuneRedisUse *use);
/* FALSE: no answer; @use has ended by itself.  What is asked may be done twice. */
gboolean tune_redis_call(TuneRedis *self, TuneRedisUse *use, const TuneRedisCommand *commands,
                         guint n, redisReply **replies);
void tune_redis_end(TuneRedis *self, TuneRedisUse *use);
/* Ends @use because the answer was no good; the link is not used again. */
void tune_redis_fail(TuneRedis *self, TuneRedisUse *use, const char *reason);
