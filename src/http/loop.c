/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * One thread with one epoll set.  Connections are registered once, edge-triggered; listeners are
 * shared by the loops, level-triggered and exclusive.  Whoever accepts a connection puts it into
 * the set of the loop that has the fewest.  Deadlines are swept every 250 ms, which costs less than
 * keeping them in order.
 *
 * Other threads reach a loop by the wakers of its connections.  A waker outlives its stream and may
 * outlive the server: its connection is taken from it first.
 */
#include "http/http-private.h"

#include <errno.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

/* SPARE: connections beyond the most, to be told so. */
enum { SWEEP_MS = 250, EVENTS = 256, ACCEPTS = 64, SPARE = 256 };

/* ---- wakers ---- */

TuneHttpWaker *tune_http_waker_new(TuneHttpConnection *connection)
{
    TuneHttpWaker *self = g_new0(TuneHttpWaker, 1);

    g_mutex_init(&self->lock);
    self->connection = connection;
    self->node.data = self;
    self->refs = 1;
    return self;
}

TuneHttpWaker *tune_http_waker_ref(TuneHttpWaker *self)
{
    atomic_fetch_add(&self->refs, 1);
    return self;
}

void tune_http_waker_unref(TuneHttpWaker *self)
{
    if (atomic_fetch_sub(&self->refs, 1) > 1)
        return;
    g_mutex_clear(&self->lock);
    g_free(self);
}

void tune_http_waker_part(TuneHttpWaker *self)
{
    g_mutex_lock(&self->lock);
    self->connection = NULL;
    g_mutex_unlock(&self->lock);
    tune_http_waker_unref(self);
}

TuneHttpWaker *tune_http_response_waker(TuneHttpResponse *self)
{
    return tune_http_waker_ref(self->waker);
}

void tune_http_waker_wake(TuneHttpWaker *self)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&self->lock);

    if (self->connection == NULL || self->queued)
        return;
    TuneHttpLoop *loop = self->connection->loop;
    self->queued = TRUE;
    g_mutex_lock(&loop->lock);
    g_queue_push_tail_link(&loop->woken, &tune_http_waker_ref(self)->node);
    const gboolean first = loop->woken.length == 1;
    g_mutex_unlock(&loop->lock);
    if (first)
        tune_http_loop_nudge(loop);
}

void tune_http_waker_wake_after(TuneHttpWaker *self, guint ms)
{
    TuneHttpConnection *connection = self->connection;

    if (connection != NULL)
        connection->wake_at_us = connection->loop->now_us + (gint64)ms * 1000;
}

static void run_woken(TuneHttpLoop *self)
{
    g_mutex_lock(&self->lock);
    GQueue woken = self->woken;
    g_queue_init(&self->woken);
    g_mutex_unlock(&self->lock);
    for (GList *node; (node = g_queue_pop_head_link(&woken)) != NULL;) {
        g_autoptr(TuneHttpWaker) waker = node->data;

        g_mutex_lock(&waker->lock);
        waker->queued = FALSE;
        g_mutex_unlock(&waker->lock);
        if (waker->connection == NULL)
            continue;
        if (atomic_exchange(&waker->returned, FALSE))
            tune_http_connection_returned(waker->connection);
        tune_http_connection_run(waker->connection);
    }
}

/* ---- the loop ---- */

TuneHttpLoop *tune_http_loop_new(TuneHttpServer *server, GError **error)
{
    TuneHttpLoop *self = g_new0(TuneHttpLoop, 1);
    struct epoll_event event = {.events = EPOLLIN | EPOLLET, .data.ptr = NULL};

    self->server = server;
    g_mutex_init(&self->lock);
    self->common = g_string_new(NULL);
    self->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    self->event_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (self->epoll_fd < 0 || self->event_fd < 0 ||
        epoll_ctl(self->epoll_fd, EPOLL_CTL_ADD, self->event_fd, &event) < 0) {
        g_set_error(error, TUNE_HTTP_ERROR, TUNE_HTTP_ERROR_SYSTEM, "cannot make a loop: %s",
                    g_strerror(errno));
        tune_http_loop_free(self);
        return NULL;
    }
    return self;
}

void tune_http_loop_free(TuneHttpLoop *self)
{
    if (self->epoll_fd >= 0)
        close(self->epoll_fd);
    if (self->event_fd >= 0)
        close(self->event_fd);
    run_woken(self); /* of connections that are gone */
    g_string_free(self->common, TRUE);
    g_mutex_clear(&self->lock);
    g_free(self);
}

void tune_http_loop_nudge(TuneHttpLoop *self)
{
    eventfd_write(self->event_fd, 1);
}

/* @operation: EPOLL_CTL_ADD, or _MOD, which tells once more what is ready. */
static gboolean watch(TuneHttpLoop *self, TuneHttpConnection *connection, int operation)
{
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET,
                                .data.ptr = connection};

    return epoll_ctl(self->epoll_fd, operation, connection->fd, &event) == 0;
}

gboolean tune_http_loop_is_turn_over(TuneHttpConnection *connection)
{
    if (connection->turn <= TUNE_HTTP_TURN)
        return FALSE;
    if (!watch(connection->loop, connection, EPOLL_CTL_MOD))
        tune_http_connection_kill(connection);
    return TRUE;
}

/* ---- listening ---- */

static void listen_on_all(TuneHttpLoop *self, gboolean listen)
{
    const GPtrArray *listeners = self->server->listeners;

    for (guint i = 0; i < listeners->len && self->listening != listen; i++) {
        struct epoll_event event = {.events = EPOLLIN | EPOLLEXCLUSIVE,
                                    .data.ptr = listeners->pdata[i]};

        epoll_ctl(self->epoll_fd, listen ? EPOLL_CTL_ADD : EPOLL_CTL_DEL,
                  g_socket_get_fd(listeners->pdata[i]), &event);
    }
    self->listening = listen;
}

static TuneHttpLoop *least_busy(TuneHttpLoop *self)
{
    TuneHttpServer *server = self->server;
    TuneHttpLoop *best = self;

    for (guint i = 0; i < server->n_loops; i++)
        if (server->loops[i]->counters.open < best->counters.open)
            best = server->loops[i];
    return best;
}

static void bury(TuneHttpConnection *connection)
{
    tune_http_count(connection->loop, open, -1u);
    tune_http_connection_free(connection);
}

static void accept_some(TuneHttpLoop *self, GSocket *listener, guint most)
{
    for (guint i = 0; i < most; i++) {
        struct sockaddr_storage from;
        socklen_t length = sizeof from;
        const int fd = accept4(g_socket_get_fd(listener), (struct sockaddr *)&from, &length,
                               SOCK_NONBLOCK | SOCK_CLOEXEC);

        if (fd >= 0 && self->server->open >= self->server->config.max_connections + SPARE) {
            close(fd);
        } else if (fd >= 0) {
            TuneHttpLoop *loop = least_busy(self);
            TuneHttpConnection *connection = tune_http_connection_new(loop, fd, &from, length);

            tune_http_count(loop, open, 1);
            if (!watch(loop, connection, EPOLL_CTL_ADD)) {
                close(fd);
                bury(connection);
            }
        } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
            /* Level-triggered: without a pause it would spin.  The sweep listens again. */
            tune_log(self->server->config.log, TUNE_LOG_WARNING, "no more connections for now: %s",
                     g_strerror(errno));
            listen_on_all(self, FALSE);
            return;
        } else if (errno != EINTR && errno != ECONNABORTED) {
            return;
        }
    }
}

/* ---- a round ---- */

static void sweep(TuneHttpLoop *self)
{
    self->swept_us = self->now_us;
    for (GList *node = self->connections.head, *next; node != NULL; node = next) {
        TuneHttpConnection *connection = node->data;

        next = node->next; /* only this one may leave the queue here */
        if (connection->deadline_us > 0 && self->now_us >= connection->deadline_us)
            tune_http_connection_expire(connection);
        else if (connection->wake_at_us > 0 && self->now_us >= connection->wake_at_us)
            tune_http_connection_run(connection);
    }
    if (!self->listening && self->stage == TUNE_HTTP_RUNS)
        listen_on_all(self, TRUE);
}

/* What drain() asks for. */
static void follow_server(TuneHttpLoop *self)
{
    const TuneHttpStage stage = self->server->stage;
    const GPtrArray *listeners = self->server->listeners;

    if (stage == self->stage)
        return;
    if (self->stage == TUNE_HTTP_RUNS) { /* those who have connected already are served */
        for (guint i = 0; i < listeners->len; i++)
            accept_some(self, listeners->pdata[i], G_MAXUINT);
        listen_on_all(self, FALSE);
        tune_http_server_stop_listening(self->server);
    }
    self->stage = stage;
    for (GList *node = self->connections.head, *next; node != NULL; node = next) {
        TuneHttpConnection *connection = node->data;

        next = node->next;
        if (stage == TUNE_HTTP_CUTS)
            tune_http_connection_kill(connection);
        else if (connection->state == TUNE_HTTP_STATE_HEAD && connection->in->len == 0)
            tune_http_connection_next(connection); /* idle: it has little time left */
    }
}

static void take_event(TuneHttpLoop *self, const struct epoll_event *event)
{
    void *pointer = event->data.ptr;

    if (pointer == NULL) {
        run_woken(self);
        follow_server(self);
    } else if (g_ptr_array_find(self->server->listeners, pointer, NULL)) {
        accept_some(self, pointer, ACCEPTS);
    } else {
        tune_http_connection_events(pointer, event->events);
    }
}

gpointer tune_http_loop_main(gpointer data)
{
    TuneHttpLoop *self = data;
    struct epoll_event events[EVENTS];
    GList *dead;
    sigset_t pipe;

    sigemptyset(&pipe); /* sendfile() has no MSG_NOSIGNAL */
    sigaddset(&pipe, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe, NULL);
    self->now_us = self->swept_us = g_get_monotonic_time();
    listen_on_all(self, TRUE);
    while (self->stage != TUNE_HTTP_CUTS || self->counters.open > 0) {
        const gboolean idle = self->connections.head == NULL && self->listening;
        const int n = epoll_wait(self->epoll_fd, events, EVENTS, idle ? -1 : SWEEP_MS);

        self->now_us = g_get_monotonic_time();
        for (int i = 0; i < n; i++)
            take_event(self, &events[i]);
        if (self->now_us - self->swept_us >= SWEEP_MS * 1000)
            sweep(self);
        while ((dead = g_queue_pop_head_link(&self->dead)) != NULL)
            bury(dead->data);
    }
    return NULL;
}

const GString *tune_http_loop_common(TuneHttpLoop *self)
{
    const time_t now = time(NULL);

    if (G_UNLIKELY(now != self->date_s)) {
        static const char days[] = "SunMonTueWedThuFriSat";
        static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
        struct tm tm;

        gmtime_r(&now, &tm); /* strftime would follow the locale */
        g_string_printf(self->common,
                        "Server: tunesmith\r\nDate: %.3s, %02d %.3s %d %02d:%02d:%02d GMT\r\n",
                        days + 3 * tm.tm_wday, tm.tm_mday, months + 3 * tm.tm_mon,
                        tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec);
        self->date_s = now;
    }
    return self->common;
}
