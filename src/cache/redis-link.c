/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * One connection.  hiredis' own time-out is for each system call, so that a server that sends a
 * byte now and then could hold a caller for ever: here the socket does not block, and one deadline
 * covers the call as a whole.
 */
#include "cache/redis-private.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

struct TuneRedisLink {
    redisContext *context;
    GString *out; /* still to be sent */
    int code;     /* errno of a failed send */
};

static struct timeval left_until(gint64 deadline_us)
{
    gint64 left_us = MAX(deadline_us - g_get_monotonic_time(), 1000);

    return (struct timeval){.tv_sec = left_us / G_USEC_PER_SEC,
                            .tv_usec = left_us % G_USEC_PER_SEC};
}

static gboolean answered_ok(TuneRedisLink *self, const TuneRedisCommand *command,
                            gint64 deadline_us, char **reason)
{
    g_autoptr(redisReply) reply = NULL;

    if (!tune_redis_link_call(self, command, 1, &reply, deadline_us)) {
        *reason = g_strdup(tune_redis_link_reason(self));
        return FALSE;
    }
    if (reply->type == REDIS_REPLY_STATUS)
        return TRUE;
    *reason = g_strdup(reply->type == REDIS_REPLY_ERROR ? reply->str : "an answer that is none");
    return FALSE;
}

static gboolean introduce(TuneRedisLink *self, const TuneRedisAddress *address, gint64 deadline_us,
                          char **reason)
{
    char database[16];
    const char *with_user[] = {"AUTH", address->user, address->password};
    const char *password_only[] = {"AUTH", address->password};
    const char *select[] = {"SELECT", database}, *ping[] = {"PING"};
    TuneRedisCommand auth = address->user != NULL ? (TuneRedisCommand){3, with_user, NULL}
                                                  : (TuneRedisCommand){2, password_only, NULL};

    g_snprintf(database, sizeof database, "%u", address->database);
    if (address->password != NULL && !answered_ok(self, &auth, deadline_us, reason))
        return FALSE;
    if (address->database != 0 &&
        !answered_ok(self, &(TuneRedisCommand){2, select, NULL}, deadline_us, reason))
        return FALSE;
    /* A server that is still loading its data says so here. */
    return answered_ok(self, &(TuneRedisCommand){1, ping, NULL}, deadline_us, reason);
}

TuneRedisLink *tune_redis_link_new(const TuneRedisAddress *address, const char *numeric_host,
                                   gint64 deadline_us, char **reason)
{
    struct timeval left = left_until(deadline_us);
    redisContext *context = address->path != NULL
                                ? redisConnectUnixWithTimeout(address->path, left)
                                : redisConnectWithTimeout(numeric_host, address->port, left);

    if (context == NULL || context->err != 0) {
        *reason = g_strdup(context != NULL ? context->errstr : "out of memory");
        if (context != NULL)
            redisFree(context);
        return NULL;
    }
    TuneRedisLink *self = g_new0(TuneRedisLink, 1);
    self->context = context;
    self->out = g_string_new(NULL);
    fcntl(context->fd, F_SETFD, FD_CLOEXEC);
    fcntl(context->fd, F_SETFL, O_NONBLOCK);
    context->flags &= ~REDIS_BLOCK; /* so that EAGAIN is no failure to hiredis */
    if (introduce(self, address, deadline_us, reason))
        return self;
    tune_redis_link_free(self);
    return NULL;
}

void tune_redis_link_free(TuneRedisLink *self)
{
    if (self == NULL)
        return;
    redisFree(self->context);
    g_string_free(self->out, TRUE);
    g_free(self);
}

int tune_redis_link_fd(const TuneRedisLink *self)
{
    return self->context->fd;
}

const char *tune_redis_link_reason(const TuneRedisLink *self)
{
    if (self->context->err != 0)
        return self->context->errstr;
    return self->code != 0 ? g_strerror(self->code) : "no answer in time";
}

/* FALSE when the deadline has passed first. */
static gboolean wait_for(TuneRedisLink *self, short events, gint64 deadline_us)
{
    for (;;) {
        gint64 left_us = deadline_us - g_get_monotonic_time();
        struct pollfd wanted = {.fd = self->context->fd, .events = events};
        int n = poll(&wanted, 1, left_us > 0 ? (int)MIN((left_us + 999) / 1000, G_MAXINT) : 0);

        if (n > 0)
            return TRUE; /* also for a hang-up: reading says what it is */
        if (n == 0 || errno != EINTR)
            return FALSE;
    }
}

/* Not hiredis' own writing: that raises SIGPIPE when the server has gone. */
static gboolean flush(TuneRedisLink *self, gint64 deadline_us)
{
    for (gsize at = 0; at < self->out->len;) {
        gssize n = send(self->context->fd, self->out->str + at, self->out->len - at, MSG_NOSIGNAL);

        if (n >= 0)
            at += (gsize)n;
        else if (errno == EAGAIN && !wait_for(self, POLLOUT, deadline_us))
            return FALSE;
        else if (errno != EAGAIN && errno != EINTR) {
            self->code = errno;
            return FALSE;
        }
    }
    g_string_truncate(self->out, 0);
    return TRUE;
}

static gboolean append(TuneRedisLink *self, const TuneRedisCommand *command)
{
    g_autofree gsize *lengths = g_new(gsize, command->n);
    char *text = NULL;

    for (int i = 0; i < command->n; i++)
        lengths[i] = command->lengths != NULL ? command->lengths[i] : strlen(command->words[i]);
    int n_bytes = redisFormatCommandArgv(&text, command->n, command->words, lengths);
    if (n_bytes < 0)
        return FALSE;
    g_string_append_len(self->out, text, n_bytes);
    redisFreeCommand(text);
    return TRUE;
}

gboolean tune_redis_link_send(TuneRedisLink *self, const TuneRedisCommand *command,
                              gint64 deadline_us)
{
    return append(self, command) && flush(self, deadline_us);
}

redisReply *tune_redis_link_receive(TuneRedisLink *self, gint64 deadline_us, gboolean *timed_out)
{
    void *reply = NULL;

    *timed_out = FALSE;
    for (;;) {
        if (redisGetReplyFromReader(self->context, &reply) != REDIS_OK)
            return NULL;
        if (reply != NULL)
            return reply;
        if (!wait_for(self, POLLIN, deadline_us)) {
            *timed_out = TRUE;
            return NULL;
        }
        if (redisBufferRead(self->context) != REDIS_OK)
            return NULL;
    }
}

gboolean tune_redis_link_call(TuneRedisLink *self, const TuneRedisCommand *commands, guint n,
                              redisReply **replies, gint64 deadline_us)
{
    guint got = 0;
    gboolean timed_out, sent = TRUE;

    for (guint i = 0; i < n && sent; i++)
        sent = append(self, &commands[i]);
    sent = sent && flush(self, deadline_us);
    while (sent && got < n &&
           (replies[got] = tune_redis_link_receive(self, deadline_us, &timed_out)) != NULL)
        got++;
    if (got == n)
        return TRUE;
    while (got > 0)
        g_clear_pointer(&replies[--got], tune_redis_reply_free);
    return FALSE;
}
