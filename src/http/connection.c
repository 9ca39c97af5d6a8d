/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A connection's socket and its states:
 *
 *     HEAD -> BODY -> WORK -> ANSWER -> HEAD ...       the way of a request; BODY and WORK may be
 * left out ANSWER -> LINGER         after a refusal, or when the connection ends
 *
 * The socket is registered edge-triggered, so can_read and can_write remember what epoll said until
 * a call says otherwise.  A short read means that there is no more for now: with it, a request
 * costs one recv, one send and its share of an epoll_wait.
 */
#include "http/http-private.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { DRAIN_GRACE_MS = 500 };

TuneHttpConnection *tune_http_connection_new(TuneHttpLoop *loop)
{
    TuneHttpConnection *self = g_new0(TuneHttpConnection, 1);

    self->fd = -1;
    self->loop = loop;
    tune_http_buffer_room(&self->in, TUNE_HTTP_BUFFER);
    self->request.query = g_array_new(FALSE, FALSE, sizeof(TuneHttpQuery));
    self->request.body.fd = -1;
    tune_http_response_init(&self->response, self);
    return self;
}

void tune_http_connection_free(TuneHttpConnection *self)
{
    g_array_unref(self->request.query);
    g_array_unref(self->response.lines);
    g_free(self->response.text.data);
    g_free(self->request.decoded.data);
    g_free(self->in.data);
    g_free(self->out.data);
    g_free(self);
}

/* Who is at the other end; IPv4 that came through an IPv6 socket is IPv4. */
static void find_peer(TuneHttpConnection *self)
{
    union {
        struct sockaddr any;
        struct sockaddr_in four;
        struct sockaddr_in6 six;
        struct sockaddr_storage storage;
    } peer = {0};
    socklen_t length = sizeof peer;
    const int code = getpeername(self->fd, &peer.any, &length);
    const struct in6_addr *six = &peer.six.sin6_addr;
    struct in_addr four = peer.four.sin_addr;

    if (code < 0 || (peer.any.sa_family != AF_INET && peer.any.sa_family != AF_INET6)) {
        g_strlcpy(self->peer, "unix:", sizeof self->peer);
        self->request.peer_is_loopback = code == 0;
        return;
    }
    if (peer.any.sa_family == AF_INET6 && !IN6_IS_ADDR_V4MAPPED(six)) {
        inet_ntop(AF_INET6, six, self->peer, sizeof self->peer);
        self->request.peer_is_loopback = IN6_IS_ADDR_LOOPBACK(six);
        memset(peer.six.sin6_addr.s6_addr + 8, 0, 8); /* a client has a whole /64 */
        inet_ntop(AF_INET6, six, self->network, sizeof self->network);
        return;
    }
    if (peer.any.sa_family == AF_INET6)
        memcpy(&four, six->s6_addr + 12, 4);
    inet_ntop(AF_INET, &four, self->peer, sizeof self->peer);
    self->request.peer_is_loopback = ntohl(four.s_addr) >> 24 == 127;
    memcpy(self->network, self->peer, sizeof self->network);
}

static gint64 after_ms(const TuneHttpConnection *self, gint64 ms)
{
    return self->loop->now_us + ms * 1000;
}

void tune_http_connection_open(TuneHttpConnection *self, int fd, gboolean overload)
{
    TuneHttpServer *server = self->loop->server;

    self->fd = fd;
    self->can_read = self->can_write = self->hung_up = self->doomed = FALSE;
    self->in.size = self->out.size = self->in_start = self->out_start = self->body_at = 0;
    self->counted = self->reset = FALSE;
    find_peer(self);
    atomic_fetch_add_explicit(&self->loop->counters.connections, 1, memory_order_relaxed);
    tune_http_connection_next(self);
    self->deadline_us = MIN(self->deadline_us, after_ms(self, server->config.head_ms));
    if (!overload && server->config.max_per_address > 0 && strcmp(self->peer, "unix:") != 0 &&
        !tune_http_networks_have(server->trusted, self->peer)) {
        self->counted = tune_http_server_enter(server, self->network);
        overload = !self->counted;
    }
    if (overload)
        tune_http_exchange_refuse(self, 503, "There are too many connections.", TRUE);
}

void tune_http_connection_next(TuneHttpConnection *self)
{
    self->in_start = self->body_at;
    if (self->in_start == self->in.size) {
        tune_http_buffer_reset(&self->in, TUNE_HTTP_BUFFER);
        self->in_start = self->body_at = 0;
    }
    tune_http_head_start(&self->request.head);
    self->request.started_us = 0;
    self->deadline_us = after_ms(self, self->loop->server->config.idle_ms);
    self->state = TUNE_HTTP_STATE_HEAD;
    if (self->loop->draining)
        tune_http_connection_drain(self);
}

void tune_http_connection_kill(TuneHttpConnection *self)
{
    if (self->state == TUNE_HTTP_STATE_CLOSED)
        return;
    if (self->state == TUNE_HTTP_STATE_WORK) {
        self->doomed = TRUE;
        return;
    }
    tune_http_exchange_end(self, self->state == TUNE_HTTP_STATE_ANSWER ? self->response.status : 0);
    /* A process forked meanwhile may still hold the socket: close() alone would neither end the
     * registration nor tell the client. */
    epoll_ctl(self->loop->epoll_fd, EPOLL_CTL_DEL, self->fd, NULL);
    if (!self->reset)
        shutdown(self->fd, SHUT_RDWR);
    close(self->fd);
    self->fd = -1;
    if (self->counted)
        tune_http_server_leave(self->loop->server, self->network);
    tune_http_buffer_reset(&self->in, TUNE_HTTP_BUFFER);
    tune_http_buffer_reset(&self->out, TUNE_HTTP_BUFFER);
    self->state = TUNE_HTTP_STATE_CLOSED;
    self->deadline_us = 0;
    tune_http_loop_forget(self->loop, self);
}

void tune_http_connection_linger(TuneHttpConnection *self)
{
    self->state = TUNE_HTTP_STATE_LINGER;
    self->deadline_us = after_ms(self, TUNE_HTTP_LINGER_MS);
    shutdown(self->fd, SHUT_WR);
}

static gboolean step_linger(TuneHttpConnection *self)
{
    gssize n = 1;

    while (self->can_read && self->turn < TUNE_HTTP_TURN) {
        n = recv(self->fd, self->loop->scratch, sizeof self->loop->scratch, 0);
        if (n == 0 || (n < 0 && errno != EINTR && errno != EAGAIN)) {
            tune_http_connection_kill(self);
            return FALSE;
        }
        self->can_read = n > 0 || errno == EINTR;
        self->turn += (guint64)MAX(n, 1);
    }
    if (self->can_read)
        tune_http_loop_ready(self->loop, self);
    return FALSE;
}

/* The client sends no more.  It may still read: what is ready for it goes out first. */
static gboolean end_of_input(TuneHttpConnection *self)
{
    if (self->state == TUNE_HTTP_STATE_HEAD && self->out_start < self->out.size) {
        self->response.close = TRUE;
        self->state = TUNE_HTTP_STATE_ANSWER;
        return TRUE;
    }
    if (tune_http_connection_flush(self, 0))
        tune_http_connection_kill(self);
    return FALSE;
}

gboolean tune_http_connection_fill(TuneHttpConnection *self)
{
    TuneHttpBuffer *in = &self->in;
    gssize n;

    if (!self->can_read)
        return FALSE;
    if (self->turn > TUNE_HTTP_TURN) {
        tune_http_loop_ready(self->loop, self);
        return FALSE;
    }
    if (in->size == in->capacity && self->in_start > 0) { /* only between requests */
        in->size -= self->in_start;
        memmove(in->data, in->data + self->in_start, in->size);
        self->body_at = self->in_start = 0;
    }
    if (in->size == in->capacity)
        tune_http_buffer_room(in, in->capacity);
    n = recv(self->fd, in->data + in->size, in->capacity - in->size, 0);
    if (n == 0)
        return end_of_input(self);
    if (n < 0 && errno != EINTR) {
        self->can_read = FALSE;
        if (errno != EAGAIN)
            tune_http_connection_kill(self);
        return FALSE;
    }
    if (n > 0) {
        /* After a short read epoll tells of more, except of an end that it has told already. */
        self->can_read = self->hung_up || (gsize)n == in->capacity - in->size;
        in->size += (gsize)n;
        self->turn += (guint64)n;
    }
    return TRUE;
}

gboolean tune_http_connection_sent(TuneHttpConnection *self, gssize n)
{
    if (n >= 0) {
        self->turn += (guint64)n;
        atomic_fetch_add_explicit(&self->loop->counters.bytes_out, (guint64)n,
                                  memory_order_relaxed);
        if (self->state == TUNE_HTTP_STATE_ANSWER)
            self->deadline_us = after_ms(self, self->loop->server->config.write_ms);
        return TRUE;
    }
    if (errno == EINTR)
        return TRUE;
    self->can_write = FALSE;
    if (errno != EAGAIN)
        tune_http_connection_kill(self);
    return FALSE;
}

gboolean tune_http_connection_flush(TuneHttpConnection *self, int flags)
{
    TuneHttpBuffer *out = &self->out;

    while (self->out_start < out->size) {
        gssize n;

        if (!self->can_write)
            return FALSE;
        n = send(self->fd, out->data + self->out_start, out->size - self->out_start,
                 MSG_NOSIGNAL | flags);
        if (!tune_http_connection_sent(self, n))
            return FALSE;
        self->out_start += (gsize)MAX(n, 0);
    }
    self->out_start = 0;
    tune_http_buffer_reset(out, 2 * TUNE_HTTP_COPIED);
    return TRUE;
}

static gboolean step(TuneHttpConnection *self)
{
    switch (self->state) {
    case TUNE_HTTP_STATE_HEAD:
        return tune_http_exchange_head(self);
    case TUNE_HTTP_STATE_BODY:
        return tune_http_exchange_body(self);
    case TUNE_HTTP_STATE_ANSWER:
        return tune_http_answer_step(self);
    case TUNE_HTTP_STATE_LINGER:
        return step_linger(self);
    case TUNE_HTTP_STATE_WORK:
    case TUNE_HTTP_STATE_CLOSED:
        break;
    }
    return FALSE;
}

void tune_http_connection_run(TuneHttpConnection *self)
{
    self->turn = 0;
    while (step(self))
        ;
    /* Answers to pipelined requests are kept back until there is no further one. */
    if (self->out_start < self->out.size && self->state < TUNE_HTTP_STATE_ANSWER)
        tune_http_connection_flush(self, 0);
}

void tune_http_connection_events(TuneHttpConnection *self, guint32 events)
{
    if (self->state == TUNE_HTTP_STATE_CLOSED)
        return;
    self->can_read = self->can_read || (events & (EPOLLIN | EPOLLRDHUP)) != 0;
    self->can_write = self->can_write || (events & EPOLLOUT) != 0;
    self->hung_up = self->hung_up || (events & EPOLLRDHUP) != 0;
    if ((events & (EPOLLERR | EPOLLHUP)) != 0) /* reset, or closed both ways */
        tune_http_connection_kill(self);
    else if (self->hung_up && self->streaming && !self->stream_ended)
        tune_http_connection_kill(
            self); /* who does not listen any more; a plain answer still goes out */
    else
        tune_http_connection_run(self);
}

void tune_http_connection_expire(TuneHttpConnection *self)
{
    if (self->state == TUNE_HTTP_STATE_HEAD && self->in.size > self->in_start)
        tune_http_exchange_refuse(self, 408, "The head of the request took too long.", TRUE);
    else if (self->state == TUNE_HTTP_STATE_BODY)
        tune_http_exchange_refuse(self, 408, "The body of the request took too long.", TRUE);
    else
        tune_http_connection_kill(self);
    tune_http_connection_run(self);
}

void tune_http_connection_drain(TuneHttpConnection *self)
{
    /* A request may be on its way: it is waited for a little, answered, and the connection ended.
     */
    if (self->state == TUNE_HTTP_STATE_HEAD && self->in.size == self->in_start)
        self->deadline_us = MIN(self->deadline_us, after_ms(self, DRAIN_GRACE_MS));
}
