/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "redis-server.h"

#include <glib/gstdio.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

gboolean redis_server_there(void)
{
    g_autofree char *program = g_find_program_in_path("redis-server");

    if (program == NULL)
        g_test_skip("there is no redis-server");
    return program != NULL;
}

static void die_with_parent(gpointer unused)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
}

static gboolean answers(RedisServer *self)
{
    redisContext *context = redisConnectUnix(self->socket);
    redisReply *reply = context != NULL && context->err == 0 ? redisCommand(context, "PING") : NULL;
    /* One that wants a password first is there too. */
    gboolean there = reply != NULL &&
                     (reply->type == REDIS_REPLY_STATUS || g_str_has_prefix(reply->str, "NOAUTH"));

    if (reply != NULL)
        freeReplyObject(reply);
    if (context != NULL)
        redisFree(context);
    return there;
}

void redis_server_start(RedisServer *self)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) words = g_ptr_array_new();
    const char *fixed[] = {"redis-server", "--port",       "0",       "--save",     "",
                           "--unixsocket", self->socket,   "--dir",   self->folder, "--daemonize",
                           "no",           "--dbfilename", "dump.rdb"};

    for (gsize i = 0; i < G_N_ELEMENTS(fixed); i++)
        g_ptr_array_add(words, (gpointer)fixed[i]);
    if (self->option != NULL) {
        g_ptr_array_add(words, self->option);
        g_ptr_array_add(words, self->value);
    }
    g_ptr_array_add(words, NULL);
    g_spawn_async(NULL, (char **)words->pdata, NULL,
                  G_SPAWN_SEARCH_PATH | G_SPAWN_DO_NOT_REAP_CHILD | G_SPAWN_STDOUT_TO_DEV_NULL |
                      G_SPAWN_STDERR_TO_DEV_NULL,
                  die_with_parent, NULL, &self->pid, &error);
    g_assert_no_error(error);
    for (guint i = 0; i < 1000 && !answers(self); i++)
        g_usleep(20000);
    g_assert_true(answers(self));
}

RedisServer *redis_server_new(const char *option, const char *value)
{
    g_autoptr(GError) error = NULL;
    RedisServer *self = g_new0(RedisServer, 1);

    self->option = g_strdup(option);
    self->value = g_strdup(value);
    self->folder = g_dir_make_tmp("tune-redis-XXXXXX", &error);
    g_assert_no_error(error);
    self->socket = g_build_filename(self->folder, "redis.sock", NULL);
    self->url = g_strconcat("unix://", self->socket, NULL);
    redis_server_start(self);
    return self;
}

void redis_server_kill(RedisServer *self)
{
    if (self->pid == 0)
        return;
    kill(self->pid, SIGKILL);
    waitpid(self->pid, NULL, 0);
    self->pid = 0;
    g_unlink(self->socket);
}

void redis_server_freeze(RedisServer *self, gboolean frozen)
{
    kill(self->pid, frozen ? SIGSTOP : SIGCONT);
}

void redis_server_free(RedisServer *self)
{
    redis_server_kill(self);
    g_autofree char *dump = g_build_filename(self->folder, "dump.rdb", NULL);
    g_unlink(dump);
    g_rmdir(self->folder);
    g_free(self->option);
    g_free(self->value);
    g_free(self->folder);
    g_free(self->socket);
    g_free(self->url);
    g_free(self);
}

static redisReply *ask(RedisServer *self, const char *format, va_list args)
{
    redisContext *context = redisConnectUnix(self->socket);

    g_assert_nonnull(context);
    g_assert_cmpint(context->err, ==, 0);
    redisReply *reply = redisvCommand(context, format, args);
    g_assert_nonnull(reply);
    redisFree(context);
    return reply;
}

redisReply *redis_server_ask(RedisServer *self, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    redisReply *reply = ask(self, format, args);
    va_end(args);
    return reply;
}

void redis_server_tell(RedisServer *self, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    redisReply *reply = ask(self, format, args);
    va_end(args);
    if (reply->type == REDIS_REPLY_ERROR)
        g_error("redis: %s", reply->str);
    freeReplyObject(reply);
}
