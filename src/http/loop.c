/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * One thread with one epoll set.  Connections are registered once, edge-triggered; listeners are
 * shared by the loops, level-triggered and exclusive.  Whoever accepts gives the socket to the loop
 * that has the fewest.  Deadlines are swept every 250 ms, which costs less than keeping them in
 * order.
 */
#include "http/http-private.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

enum { EVENTS = 256, ACCEPTS = 64, KEPT_FREE = 256 };

TuneHttpLoop *tune_http_loop_new(TuneHttpServer *server, GError **error)
{
    TuneHttpLoop *self = g_new0(TuneHttpLoop, 1);
    struct epoll_event event = {.events = EPOLLIN | EPOLLET, .data.ptr = NULL};

    self->server = server;
    self->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    self->event_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    self->inbox = tune_http_inbox_new(self->event_fd);
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
    if (self == NULL)
        return;
    pthread_mutex_lock(&self->inbox->lock);
    self->inbox->event_fd = -1; /* wakers that are left do nothing from now on */
    g_autoptr(GArray) unopened = self->inbox->sockets;
    self->inbox->sockets = g_array_new(FALSE, FALSE, sizeof(int));
    pthread_mutex_unlock(&self->inbox->lock);
    for (guint i = 0; i < unopened->len; i++)
        close(g_array_index(unopened, int, i));
    tune_http_inbox_unref(self->inbox);
    while (self->free != NULL) {
        TuneHttpConnection *connection = self->free;

        self->free = connection->next;
        tune_http_connection_free(connection);
    }
    if (self->epoll_fd >= 0)
        close(self->epoll_fd);
    if (self->event_fd >= 0)
        close(self->event_fd);
    g_free(self->common.data);
    g_free(self);
}

/* An element of the listeners stands for its socket in the epoll set. */
static gboolean is_listener(const TuneHttpLoop *self, const void *pointer)
{
    const GArray *listeners = self->server->listeners;
    const int *first = &g_array_index(listeners, int, 0);

    return (const int *)pointer >= first && (const int *)pointer < first + listeners->len;
}

static void listen_on_all(TuneHttpLoop *self, gboolean listen)
{
    GArray *listeners = self->server->listeners;

    for (guint i = 0; i < listeners->len && self->listening != listen; i++) {
        int *fd = &g_array_index(listeners, int, i);
        struct epoll_event event = {.events = EPOLLIN | EPOLLEXCLUSIVE, .data.ptr = fd};

        epoll_ctl(self->epoll_fd, listen ? EPOLL_CTL_ADD : EPOLL_CTL_DEL, *fd, &event);
    }
    self->listening = listen;
}

static void open_socket(TuneHttpLoop *self, int fd, gboolean overload)
{
    TuneHttpConnection *connection = self->free;

    if (connection != NULL) {
        self->free = connection->next;
        self->n_free--;
    } else {
        connection = tune_http_connection_new(self);
    }
    connection->previous = NULL;
    connection->next = self->connections;
    if (self->connections != NULL)
        self->connections->previous = connection;
    self->connections = connection;
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET,
                                .data.ptr = connection};
    tune_http_connection_open(connection, fd, overload);
    if (epoll_ctl(self->epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0)
        tune_http_connection_kill(connection);
    else
        tune_http_connection_run(connection);
}

static TuneHttpLoop *least_busy(TuneHttpLoop *self)
{
    TuneHttpServer *server = self->server;
    TuneHttpLoop *best = self;

    for (guint i = 0; i < server->n_loops; i++)
        if (atomic_load_explicit(&server->loops[i]->counters.open, memory_order_relaxed) <
            atomic_load_explicit(&best->counters.open, memory_order_relaxed))
            best = server->loops[i];
    return best;
}

static void admit(TuneHttpLoop *self, int fd)
{
    TuneHttpServer *server = self->server;
    const guint open = atomic_fetch_add(&server->open, 1) + 1;
    TuneHttpLoop *loop = least_busy(self);

    if (open > server->config.max_connections + 256) { /* no room even to say so */
        close(fd);
        tune_http_server_one_ended(server);
        return;
    }
    atomic_fetch_add_explicit(&loop->counters.open, 1, memory_order_relaxed);
    if (open > server->config.max_connections || loop == self)
        open_socket(self, fd, open > server->config.max_connections);
    else
        tune_http_inbox_pass_socket(loop->inbox, fd);
}

static void accept_some(TuneHttpLoop *self, int listener, guint most)
{
    for (guint i = 0; i < most; i++) {
        const int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

        if (fd >= 0) {
            admit(self, fd);
        } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
            /* Level-triggered: without a pause it would spin.  The sweep listens again. */
            tune_log(self->server->config.log, TUNE_LOG_WARNING, "no more connections for now: %s",
                     g_strerror(errno));
            listen_on_all(self, FALSE);
            self->out_of_fds = TRUE;
            return;
        } else if (errno != EINTR && errno != ECONNABORTED) {
            return;
        }
    }
}

static void take_inbox(TuneHttpLoop *self)
{
    TuneHttpInbox *inbox = self->inbox;
    g_autoptr(GArray) sockets = NULL;

    pthread_mutex_lock(&inbox->lock);
    TuneHttpConnection *returned = g_steal_pointer(&inbox->returned);
    TuneHttpWaker *woken = g_steal_pointer(&inbox->woken);
    for (TuneHttpWaker *waker = woken; waker != NULL; waker = waker->next)
        waker->queued = FALSE;
    if (inbox->sockets->len > 0) {
        sockets = inbox->sockets;
        inbox->sockets = g_array_new(FALSE, FALSE, sizeof(int));
    }
    inbox->signalled = FALSE;
    /* A waker that is woken again now would overwrite next: walk our own copy. */
    g_autoptr(GPtrArray) wakers = woken != NULL ? g_ptr_array_new() : NULL;
    for (TuneHttpWaker *waker = woken; waker != NULL; waker = waker->next)
        g_ptr_array_add(wakers, waker);
    pthread_mutex_unlock(&inbox->lock);

    while (returned != NULL) {
        TuneHttpConnection *connection = returned;

        returned = connection->next_returned;
        tune_http_exchange_returned(connection);
    }
    for (guint i = 0; wakers != NULL && i < wakers->len; i++) {
        TuneHttpWaker *waker = (TuneHttpWaker *)wakers->pdata[i];

        if (waker->connection != NULL && waker->connection->state == TUNE_HTTP_STATE_ANSWER)
            tune_http_connection_run(waker->connection);
        tune_http_waker_unref(waker);
    }
    for (guint i = 0; sockets != NULL && i < sockets->len; i++)
        open_socket(self, g_array_index(sockets, int, i), FALSE);
}

static void sweep(TuneHttpLoop *self)
{
    TuneHttpConnection *next;

    self->swept_us = self->now_us;
    for (TuneHttpConnection *c = self->connections; c != NULL; c = next) {
        next = c->next; /* only @c itself may leave the list here */
        if (c->deadline_us > 0 && self->now_us >= c->deadline_us)
            tune_http_connection_expire(c);
        else if (c->wake_at_us > 0 && self->now_us >= c->wake_at_us &&
                 c->state == TUNE_HTTP_STATE_ANSWER)
            tune_http_connection_run(c);
    }
    if (self->out_of_fds && !self->draining) {
        self->out_of_fds = FALSE;
        listen_on_all(self, TRUE);
    }
}

void tune_http_loop_ready(TuneHttpLoop *self, TuneHttpConnection *connection)
{
    if (connection->on_ready)
        return;
    connection->on_ready = TRUE;
    connection->next_ready = self->ready;
    self->ready = connection;
}

static void run_ready(TuneHttpLoop *self)
{
    TuneHttpConnection *ready = g_steal_pointer(&self->ready);

    while (ready != NULL) {
        TuneHttpConnection *connection = ready;

        ready = connection->next_ready;
        connection->on_ready = FALSE;
        if (connection->state != TUNE_HTTP_STATE_CLOSED)
            tune_http_connection_run(connection);
        else
            tune_http_loop_forget(self, connection);
    }
}

void tune_http_loop_forget(TuneHttpLoop *self, TuneHttpConnection *connection)
{
    if (connection->on_ready)
        return; /* run_ready() comes back to it */
    if (connection->previous != NULL)
        connection->previous->next = connection->next;
    else
        self->connections = connection->next;
    if (connection->next != NULL)
        connection->next->previous = connection->previous;
    connection->next_ready = self->dead; /* events of this round may still point to it */
    self->dead = connection;
}

static void bury_dead(TuneHttpLoop *self)
{
    while (self->dead != NULL) {
        TuneHttpConnection *connection = self->dead;

        self->dead = connection->next_ready;
        atomic_fetch_sub_explicit(&self->counters.open, 1, memory_order_relaxed);
        if (self->n_free < KEPT_FREE) {
            connection->next = self->free;
            self->free = connection;
            self->n_free++;
        } else {
            tune_http_connection_free(connection);
        }
        tune_http_server_one_ended(self->server);
    }
}

/* What drain() asks for. */
static void follow_server(TuneHttpLoop *self)
{
    TuneHttpServer *server = self->server;
    TuneHttpConnection *next;
    const gboolean drain = atomic_load(&server->draining) && !self->draining;
    const gboolean cut = atomic_load(&server->cutting) && !self->cutting;

    if (drain) { /* those who have connected already are served */
        for (guint i = 0; i < server->listeners->len; i++)
            accept_some(self, g_array_index(server->listeners, int, i), G_MAXUINT);
        listen_on_all(self, FALSE);
        tune_http_server_stop_listening(server);
        self->draining = TRUE;
    }
    self->cutting = self->cutting || cut;
    for (TuneHttpConnection *c = drain || cut ? self->connections : NULL; c != NULL; c = next) {
        next = c->next;
        if (cut)
            tune_http_connection_kill(c);
        else
            tune_http_connection_drain(c);
    }
}

const TuneHttpBuffer *tune_http_loop_common(TuneHttpLoop *self)
{
    const time_t now = time(NULL);

    if (G_UNLIKELY(now != self->date_s)) {
        static const char days[] = "SunMonTueWedThuFriSat";
        static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
        char line[64];
        struct tm tm;

        gmtime_r(&now, &tm); /* strftime would follow the locale */
        g_snprintf(line, sizeof line, "Date: %.3s, %02d %.3s %d %02d:%02d:%02d GMT\r\n",
                   days + 3 * tm.tm_wday, tm.tm_mday, months + 3 * tm.tm_mon, tm.tm_year + 1900,
                   tm.tm_hour, tm.tm_min, tm.tm_sec);
        self->common.size = 0;
        if (self->server->config.server_name != NULL) {
            tune_http_buffer_add_text(&self->common, "Server: ");
            tune_http_buffer_add_text(&self->common, self->server->config.server_name);
            tune_http_buffer_add_text(&self->common, "\r\n");
        }
        tune_http_buffer_add_text(&self->common, line);
        self->date_s = now;
    }
    return &self->common;
}

void *tune_http_loop_main(void *data)
{
    TuneHttpLoop *self = (TuneHttpLoop *)data;
    struct epoll_event events[EVENTS];

    self->now_us = self->swept_us = g_get_monotonic_time();
    listen_on_all(self, TRUE);
    while (!self->cutting || self->connections != NULL) {
        const gboolean idle = self->connections == NULL && !self->out_of_fds;
        const int wait = self->ready != NULL ? 0 : idle ? -1 : TUNE_HTTP_SWEEP_MS;
        const int n = epoll_wait(self->epoll_fd, events, EVENTS, wait);
        gboolean inbox = FALSE;

        self->now_us = g_get_monotonic_time();
        for (int i = 0; i < n; i++) {
            void *pointer = events[i].data.ptr;

            if (pointer == NULL)
                inbox = TRUE;
            else if (is_listener(self, pointer))
                accept_some(self, *(int *)pointer, ACCEPTS);
            else
                tune_http_connection_events((TuneHttpConnection *)pointer, events[i].events);
        }
        if (inbox) {
            take_inbox(self);
            follow_server(self);
        }
        run_ready(self);
        if (self->now_us - self->swept_us >= TUNE_HTTP_SWEEP_MS * 1000)
            sweep(self);
        bury_dead(self);
    }
    return NULL;
}
