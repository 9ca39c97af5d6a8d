/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A real Redis of the test's own, on a Unix socket in a temporary folder, to be killed, frozen and
 * lied for.
 */
#pragma once
#include <glib.h>
#include <hiredis/hiredis.h>

typedef struct {
    char *folder, *socket, *url;
    GPid pid;             /* 0: stopped */
    char *option, *value; /* (nullable) */
} RedisServer;

/* Is there a redis-server?  Otherwise the test is marked as skipped. */
gboolean redis_server_there(void);
/* @option, @value: one more of the command line (nullable). */
RedisServer *redis_server_new(const char *option, const char *value);
void redis_server_free(RedisServer *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(RedisServer, redis_server_free)
void redis_server_kill(RedisServer *self); /* -9 */
void redis_server_start(RedisServer *self);
void redis_server_freeze(RedisServer *self, gboolean frozen);

/* One command over a connection of its own. (transfer full) */
redisReply *redis_server_ask(RedisServer *self, const char *format, ...);
/* The same, when the answer does not matter. */
void redis_server_tell(RedisServer *self, const char *format, ...);
