/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The listening thread: it hears what other servers drop, notices when it may have missed some, and
 * is the only one that talks to a Redis that has failed.
 */
#include "cache/redis-private.h"

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#define CONNECT_US    G_USEC_PER_SEC
#define PING_US       G_USEC_PER_SEC
#define FIRST_WAIT_US (50 * 1000)
#define LAST_WAIT_US  (2 * G_USEC_PER_SEC)
#define CALM_US       (5 * G_USEC_PER_SEC) /* who fails again sooner is left alone longer each time */

typedef struct {
    TuneRedis *redis;
    TuneRedisLink *link;    /* subscribed; NULL: not */
    gint64 wait_us;         /* before the next try */
    gint64 up_us;           /* since when it answers; 0: it does not */
    gint64 try_us, ping_us; /* when */
    gboolean pinged;        /* and not yet answered */
} Watcher;

/* ---- connecting ---- */

static void remember_host(TuneRedis *self, const char *numeric_host)
{
    pthread_mutex_lock(&self->lock);
    g_free(self->numeric_host);
    self->numeric_host = g_strdup(numeric_host);
    pthread_mutex_unlock(&self->lock);
}

/* Names are looked up here only: that may take seconds, which callers do not have. */
static TuneRedisLink *connect_tcp(TuneRedis *self, char **reason)
{
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM}, *found = NULL;
    TuneRedisLink *link = NULL;
    int code = getaddrinfo(self->address.host, NULL, &hints, &found);

    if (code != 0) {
        *reason = g_strdup(gai_strerror(code));
        return NULL;
    }
    for (struct addrinfo *a = found; a != NULL && link == NULL; a = a->ai_next) {
        char host[NI_MAXHOST];

        if (getnameinfo(a->ai_addr, a->ai_addrlen, host, sizeof host, NULL, 0, NI_NUMERICHOST) != 0)
            continue;
        g_clear_pointer(reason, g_free);
        link =
            tune_redis_link_new(&self->address, host, g_get_monotonic_time() + CONNECT_US, reason);
        if (link != NULL)
            remember_host(self, host);
    }
    freeaddrinfo(found);
    if (link == NULL && *reason == NULL)
        *reason = g_strdup("its name has no address");
    return link;
}

static TuneRedisLink *connect_any(TuneRedis *self, char **reason)
{
    if (self->address.path == NULL)
        return connect_tcp(self, reason);
    return tune_redis_link_new(&self->address, NULL, g_get_monotonic_time() + CONNECT_US, reason);
}

static TuneRedisLink *subscribe(TuneRedis *self, char **reason)
{
    const char *words[] = {"SUBSCRIBE", self->channel};
    TuneRedisCommand command = {2, words, NULL};
    g_autoptr(TuneRedisLink) link = connect_any(self, reason);
    g_autoptr(redisReply) reply = NULL;

    if (link == NULL)
        return NULL;
    if (!tune_redis_link_call(link, &command, 1, &reply, g_get_monotonic_time() + CONNECT_US)) {
        *reason = g_strdup(tune_redis_link_reason(link));
        return NULL;
    }
    if (reply->type == REDIS_REPLY_ARRAY)
        return g_steal_pointer(&link);
    *reason = g_strdup(reply->type == REDIS_REPLY_ERROR ? reply->str : "it does not subscribe");
    return NULL;
}

/* ---- reviving ---- */

/* "run_id:..." of INFO; NULL where INFO is not allowed. (transfer full) */
static char *ask_run(TuneRedisLink *link, gint64 deadline_us)
{
    const char *words[] = {"INFO", "server"};
    TuneRedisCommand command = {2, words, NULL};
    g_autoptr(redisReply) reply = NULL;

    if (!tune_redis_link_call(link, &command, 1, &reply, deadline_us) ||
        reply->type != REDIS_REPLY_STRING)
        return NULL;
    const char *at = strstr(reply->str, "run_id:");
    return at != NULL ? g_strndup(at + 7, strcspn(at + 7, "\r\n")) : NULL;
}

/* A Redis that was started anew, or another one in its place, may have older keys than the last. */
static gboolean check_run(TuneRedis *self, TuneRedisLink *link, gint64 deadline_us)
{
    static const char script[] = "if redis.call('GET', KEYS[1]) ~= ARGV[1] then\n"
                                 "  redis.call('SET', KEYS[2], ARGV[2])\n"
                                 "  redis.call('SET', KEYS[1], ARGV[1])\n"
                                 "end\n"
                                 "return 1\n";
    g_autofree char *run = ask_run(link, deadline_us);
    g_autofree char *run_key = tune_redis_key(self, "#run", "");
    g_autofree char *epoch_key = tune_redis_key(self, "#epoch", "");
    char epoch[TUNE_REDIS_VERSION_BYTES];
    const char *words[] = {"EVAL", script, "2", run_key, epoch_key, run, epoch};
    TuneRedisCommand command = {7, words, NULL};
    g_autoptr(redisReply) reply = NULL;

    if (run == NULL)
        return TRUE;
    tune_redis_version_text(tune_redis_new_version(), epoch);
    return tune_redis_link_call(link, &command, 1, &reply, deadline_us) &&
           reply->type == REDIS_REPLY_INTEGER;
}

static gboolean revive(TuneRedis *self)
{
    gint64 deadline_us = g_get_monotonic_time() + CONNECT_US;
    g_autofree char *reason = NULL;
    g_autoptr(TuneRedisLink) link =
        tune_redis_link_new(&self->address, self->numeric_host, deadline_us, &reason);

    if (link == NULL || !check_run(self, link, deadline_us))
        return FALSE;
    do {
        if (atomic_load(&self->stopping) || !tune_redis_do_pending(self, link))
            return FALSE;
    } while (!tune_redis_close_breaker(self, link));
    link = NULL; /* the pool has it now */
    return TRUE;
}

/* ---- listening ---- */

static void hear(TuneRedis *self, const char *message)
{
    gsize id = TUNE_REDIS_VERSION_BYTES - 1;

    if (strlen(message) < id + 3 || message[id] != ' ' || message[id + 2] != ' ' ||
        strncmp(message, self->server_id, id) == 0)
        return;
    const char *name = message + id + 3;
    switch (message[id + 1]) {
    case 'k':
        self->events.drop_key(self->events.user_data, name);
        break;
    case 't':
        self->events.drop_tag(self->events.user_data, name);
        break;
    case 'e':
        self->events.lost_track(self->events.user_data);
        break;
    default: /* of a newer server: better too much than too little */
        self->events.lost_track(self->events.user_data);
    }
}

static void take_message(Watcher *self, const redisReply *reply)
{
    if (reply->type != REDIS_REPLY_ARRAY || reply->elements < 2 ||
        reply->element[0]->type != REDIS_REPLY_STRING)
        return;
    if (strcmp(reply->element[0]->str, "pong") == 0)
        self->pinged = FALSE;
    else if (strcmp(reply->element[0]->str, "message") == 0 && reply->elements == 3 &&
             reply->element[2]->type == REDIS_REPLY_STRING)
        hear(self->redis, reply->element[2]->str);
}

/* All that has arrived.  FALSE: the link is broken. */
static gboolean receive(Watcher *self)
{
    for (;;) {
        gboolean timed_out;
        g_autoptr(redisReply) reply =
            tune_redis_link_receive(self->link, g_get_monotonic_time(), &timed_out);

        if (reply == NULL)
            return timed_out;
        take_message(self, reply);
    }
}

/* A link that says nothing may be dead without a word. */
static gboolean keep_alive(Watcher *self)
{
    const char *words[] = {"PING"};
    TuneRedisCommand command = {1, words, NULL};
    gint64 now_us = g_get_monotonic_time();

    if (now_us < self->ping_us)
        return TRUE;
    if (self->pinged)
        return FALSE;
    self->pinged = TRUE;
    self->ping_us = now_us + PING_US;
    return tune_redis_link_send(self->link, &command, now_us + CONNECT_US);
}

static gboolean is_up(TuneRedis *self)
{
    pthread_mutex_lock(&self->lock);
    gboolean up = self->up;
    pthread_mutex_unlock(&self->lock);
    return up;
}

static void put_off(Watcher *self)
{
    gint64 now_us = g_get_monotonic_time();

    if (self->up_us != 0 && now_us - self->up_us > CALM_US)
        self->wait_us = FIRST_WAIT_US;
    self->up_us = 0;
    self->try_us = now_us + self->wait_us;
    self->wait_us = MIN(2 * self->wait_us, LAST_WAIT_US);
}

static void sleep_until(Watcher *self, gint64 until_us)
{
    gint64 left_us = MAX(until_us - g_get_monotonic_time(), 0);
    struct pollfd fds[2] = {
        {.fd = self->redis->wake_fd, .events = POLLIN},
        {.fd = self->link != NULL ? tune_redis_link_fd(self->link) : -1, .events = POLLIN}};
    guint64 n_wakes;

    if (poll(fds, 2, (int)((left_us + 999) / 1000)) > 0 && (fds[0].revents & POLLIN) != 0 &&
        read(self->redis->wake_fd, &n_wakes, sizeof n_wakes) > 0 && self->try_us == G_MAXINT64)
        put_off(self);
}

static void try_subscribe(Watcher *self)
{
    g_autofree char *reason = NULL;

    self->link = subscribe(self->redis, &reason);
    if (self->link == NULL) {
        tune_redis_open_breaker(self->redis, reason);
        put_off(self);
        return;
    }
    self->pinged = FALSE;
    self->ping_us = g_get_monotonic_time() + PING_US;
    self->redis->events.lost_track(self->redis->events.user_data);
}

static void try_what_is_due(Watcher *self)
{
    if (g_get_monotonic_time() < self->try_us)
        return;
    if (self->link == NULL)
        try_subscribe(self);
    if (self->link == NULL)
        return;
    if (is_up(self->redis) || revive(self->redis)) {
        self->up_us = self->up_us != 0 ? self->up_us : g_get_monotonic_time();
        self->try_us = G_MAXINT64;
    } else {
        put_off(self);
    }
}

static void say_tried(TuneRedis *self)
{
    pthread_mutex_lock(&self->lock);
    self->tried = TRUE;
    pthread_cond_broadcast(&self->freed);
    pthread_mutex_unlock(&self->lock);
}

void *tune_redis_watch(void *data)
{
    Watcher self = {.redis = data, .wait_us = FIRST_WAIT_US};

    while (!atomic_load(&self.redis->stopping)) {
        try_what_is_due(&self);
        say_tried(self.redis);
        sleep_until(&self, self.link != NULL ? MIN(self.try_us, self.ping_us) : self.try_us);
        if (self.link != NULL && (!receive(&self) || !keep_alive(&self))) {
            /* Perhaps it was started anew: nobody asks it before its run has been looked at. */
            tune_redis_open_breaker(self.redis, "it has closed the connection or does not answer");
            g_clear_pointer(&self.link, tune_redis_link_free);
            put_off(&self);
        }
    }
    tune_redis_link_free(self.link);
    return NULL;
}
