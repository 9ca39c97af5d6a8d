/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A connection's socket, its states, and the way of a request through them:
 *
 *     HEAD -> BODY -> WORK -> ANSWER -> HEAD ...       BODY and WORK may be left out
 *     ANSWER -> LINGER                                 after a refusal, or when the connection ends
 *
 * The socket is registered edge-triggered, so can_read and can_write remember what epoll said until
 * a call says otherwise.  A short read means that there is no more for now: with it, a request
 * costs one recv, one send and its share of an epoll_wait.
 */
#include "http/http-private.h"

#include <errno.h>
#include <sys/epoll.h>
#include <unistd.h>

enum {
    WINDOW = 16 * 1024,   /* of a body that comes in */
    REQUEST_TURN = 4096,  /* what a request counts for in its connection's turn */
    DRAIN_GRACE_MS = 500, /* for a request that may be on its way */
};

/* Room for @more behind what is there, which may move. */
static void make_room(GString *buffer, gsize more)
{
    const gsize length = buffer->len;

    g_string_set_size(buffer, length + more);
    g_string_truncate(buffer, length);
}

void tune_http_buffer_reset(GString **buffer, gsize keep)
{
    g_string_truncate(*buffer, 0);
    if (G_UNLIKELY((*buffer)->allocated_len > 2 * keep)) {
        g_string_free(*buffer, TRUE);
        *buffer = g_string_sized_new(keep);
    }
}

/* ---- beginning and end ---- */

static void find_peer(TuneHttpConnection *self, struct sockaddr_storage *from, socklen_t length)
{
    const TuneHttpConfig *config = &self->loop->server->config;
    g_autoptr(GSocketAddress) socket = g_socket_address_new_from_native(from, length);

    if (!G_IS_INET_SOCKET_ADDRESS(socket)) {
        self->peer = g_strdup("unix:");
        return;
    }
    /* IPv4 that came through an IPv6 socket is IPv4 here. */
    GInetAddress *address = g_inet_socket_address_get_address(G_INET_SOCKET_ADDRESS(socket));
    self->peer = g_inet_address_to_string(address);
    if (config->max_per_address > 0 &&
        (config->is_proxy == NULL || !config->is_proxy(address, config->user_data)))
        self->network =
            g_bytes_new(g_inet_address_to_bytes(address), /* of IPv6 a client has a /64 */
                        MIN(g_inet_address_get_native_size(address), 8));
}

TuneHttpConnection *tune_http_connection_new(TuneHttpLoop *loop, int fd,
                                             struct sockaddr_storage *from, socklen_t length)
{
    TuneHttpConnection *self = g_new0(TuneHttpConnection, 1);

    self->fd = fd;
    self->loop = loop;
    self->node.data = self;
    self->in = g_string_sized_new(TUNE_HTTP_BUFFER);
    self->out = g_string_sized_new(TUNE_HTTP_BUFFER);
    self->waker = tune_http_waker_new(self);
    self->request.query = g_ptr_array_new_with_free_func(g_free);
    self->kept = g_ptr_array_new_with_free_func(g_free);
    self->request.body_fd = -1;
    self->response =
        (TuneHttpResponse){.fields = g_string_new(NULL), .fd = -1, .waker = self->waker};
    find_peer(self, from, length);
    self->overload = !tune_http_server_count(loop->server, self->network, 1);
    return self;
}

void tune_http_connection_free(TuneHttpConnection *self)
{
    tune_http_server_count(self->loop->server, self->network, -1);
    tune_http_waker_part(self->waker);
    g_ptr_array_unref(self->request.query);
    g_ptr_array_unref(self->kept);
    g_string_free(self->response.fields, TRUE);
    g_string_free(self->in, TRUE);
    g_string_free(self->out, TRUE);
    g_clear_pointer(&self->network, g_bytes_unref);
    g_free(self->peer);
    g_free(self);
}

void tune_http_connection_within(TuneHttpConnection *self, guint ms)
{
    self->deadline_us = self->loop->now_us + (gint64)ms * 1000;
}

void tune_http_connection_kill(TuneHttpConnection *self)
{
    if (self->state == TUNE_HTTP_STATE_CLOSED)
        return;
    if (self->state == TUNE_HTTP_STATE_WORK) {
        self->doomed = TRUE;
        return;
    }
    tune_http_connection_end(self, FALSE);
    /* A process forked meanwhile may still hold the socket: close() alone would neither end the
     * registration nor tell the client. */
    epoll_ctl(self->loop->epoll_fd, EPOLL_CTL_DEL, self->fd, NULL);
    if (!self->reset)
        shutdown(self->fd, SHUT_RDWR);
    close(self->fd);
    self->state = TUNE_HTTP_STATE_CLOSED;
    g_queue_unlink(&self->loop->connections, &self->node);
    g_queue_push_tail_link(&self->loop->dead, &self->node);
}

void tune_http_connection_next(TuneHttpConnection *self)
{
    const gboolean last = self->loop->stage != TUNE_HTTP_RUNS;

    g_string_erase(self->in, 0, (gssize)self->body_at); /* what is left is of the next request */
    self->body_at = 0;
    if (self->in->len == 0)
        tune_http_buffer_reset(&self->in, TUNE_HTTP_BUFFER);
    tune_http_head_start(&self->head);
    self->started_us = 0;
    self->state = TUNE_HTTP_STATE_HEAD;
    tune_http_connection_within(self, last ? DRAIN_GRACE_MS : self->loop->server->config.idle_ms);
}

void tune_http_connection_end(TuneHttpConnection *self, gboolean complete)
{
    const TuneHttpConfig *config = &self->loop->server->config;
    TuneHttpRequest *request = &self->request;
    const gboolean answered = self->state == TUNE_HTTP_STATE_ANSWER;
    const guint status = answered ? self->response.status : 0;

    if (answered && self->response.class != NULL)
        tune_http_count(self->loop, streams, -1u);
    tune_http_response_clear(&self->response, complete);
    if (self->begun && config->done != NULL)
        config->done(request, status, self->body_sent, g_get_monotonic_time() - self->started_us,
                     config->user_data);
    g_clear_pointer(&self->memory, g_byte_array_unref);
    g_clear_pointer(&request->body, g_bytes_unref);
    g_clear_pointer(&request->path, g_free);
    if (request->body_fd >= 0)
        close(request->body_fd);
    request->body_fd = -1;
    request->body_size = 0;
    request->context = NULL;
    g_ptr_array_set_size(request->query, 0);
    g_ptr_array_set_size(self->kept, 0);
    self->begun = FALSE;
    self->wake_at_us = 0;
    self->body_sent = 0;
}

/* ---- what comes in ---- */

/* Reads once behind what is in.  FALSE: wait, or it is closed. */
static gboolean fill(TuneHttpConnection *self)
{
    GString *in = self->in;

    if (!self->can_read || tune_http_loop_is_turn_over(self))
        return FALSE;
    if (in->len + 1 == in->allocated_len) /* only in a head: for a body there is room */
        make_room(in, in->len);
    const gsize room = in->allocated_len - in->len - 1;
    const gssize n = recv(self->fd, in->str + in->len, room, 0);
    if (n > 0) {
        /* After a short read epoll tells of more, except of an end that it has told already. */
        self->can_read = self->hung_up || (gsize)n == room;
        self->turn += (guint64)n;
        in->len += (gsize)n;
        in->str[in->len] = '\0';
    } else if (n == 0 || errno != EINTR) {
        self->can_read = FALSE;
        if (n == 0 || errno != EAGAIN)
            tune_http_connection_kill(self);
        return FALSE;
    }
    return TRUE;
}

static gboolean step_linger(TuneHttpConnection *self)
{
    self->in->len = 0;
    return fill(self);
}

/* ---- refusals and handlers ---- */

void tune_http_connection_refuse(TuneHttpConnection *self, guint status, const char *reason)
{
    const TuneHttpConfig *config = &self->loop->server->config;
    TuneHttpResponse *response = &self->response;

    tune_http_count(self->loop, refused, 1);
    if (!self->begun) /* those that begin() saw are told to done() */
        tune_log(config->log, TUNE_LOG_INFO, "refused a request of %s with %u: %s", self->peer,
                 status, reason);
    tune_http_response_clear(response, FALSE);
    tune_http_response_set_status(response, status);
    if (config->refuse != NULL)
        config->refuse(self->begun ? &self->request : NULL, response, reason, config->user_data);
    if (status == 503)
        tune_http_response_set_field(response, "Retry-After", "1");
    response->close = self->state < TUNE_HTTP_STATE_WORK;
    tune_http_answer_start(self);
}

static void refuse_body(TuneHttpConnection *self, guint status)
{
    const char *reason = status == 400   ? "The chunks of the body are malformed."
                         : status == 413 ? "The body of the request is too large."
                         : status == 507 ? "There is no space for the body of the request."
                                         : "The body of the request could not be kept.";

    tune_http_connection_refuse(self, status, reason);
}

static void dispatch(TuneHttpConnection *self)
{
    TuneHttpRequest *request = &self->request;
    const TuneHttpConfig *config = &self->loop->server->config;

    if (self->memory != NULL)
        request->body = g_byte_array_free_to_bytes(g_steal_pointer(&self->memory));
    else if (request->body_fd >= 0)
        lseek(request->body_fd, 0, SEEK_SET);
    else
        request->body = g_bytes_ref(self->loop->server->nothing);
    if (!self->plan.answered && self->plan.on_worker) {
        self->state = TUNE_HTTP_STATE_WORK;
        self->deadline_us = 0;
        if (!tune_http_server_submit(self->loop->server, self))
            tune_http_connection_refuse(self, 503, "The server has too much to do.");
        return;
    }
    if (!self->plan.answered)
        config->handle(&self->request, &self->response, config->user_data);
    tune_http_answer_start(self);
}

void tune_http_connection_returned(TuneHttpConnection *self)
{
    if (!self->doomed) {
        tune_http_answer_start(self);
    } else { /* nobody waits for the answer any more */
        self->state = TUNE_HTTP_STATE_BODY;
        tune_http_connection_kill(self);
    }
}

/* ---- bodies ---- */

static void start_body(TuneHttpConnection *self)
{
    const TuneHttpHead *head = &self->head;
    guint status = 0;

    self->max_body = self->plan.answered ? TUNE_HTTP_DISCARD : self->plan.max_body;
    self->framing = (TuneHttpFraming){.is_plain = !head->chunked, .left = head->length};
    self->raw_body = 0;
    self->body_started_us = self->loop->now_us;
    tune_http_connection_within(self, self->loop->server->config.body_ms);
    self->state = TUNE_HTTP_STATE_BODY;
    if (!self->plan.answered && self->plan.body_to_file)
        status = tune_http_body_open_file(&self->request);
    else if (!self->plan.answered)
        self->memory = g_byte_array_new();
    if (status != 0)
        refuse_body(self, status);
    else if (head->expect_continue && self->in->len == self->body_at)
        g_string_append(self->out, "HTTP/1.1 100 Continue\r\n\r\n");
}

static gboolean step_body(TuneHttpConnection *self)
{
    const TuneHttpConfig *config = &self->loop->server->config;
    gsize at = self->body_at, used, n; /* at: behind what was taken */
    TuneHttpParse result;
    guint status;

    do {
        const char *data;

        result = tune_http_body_parse(&self->framing, self->in->str + at, self->in->len - at, &used,
                                      &data, &n);
        status = result == TUNE_HTTP_PARSE_BAD ? 400 : tune_http_body_add(self, data, n);
        at += used;
        self->raw_body += used;
        if (self->raw_body / 8 > self->max_body + TUNE_HTTP_DISCARD / 8)
            status = 413; /* many bytes of framing for few of body */
    } while (status == 0 && result == TUNE_HTTP_PARSE_MORE && used > 0);
    if (status != 0) {
        refuse_body(self, status);
    } else if (result == TUNE_HTTP_PARSE_DONE) {
        self->body_at = at;
        dispatch(self);
    } else {
        g_string_erase(self->in, (gssize)self->body_at, (gssize)(at - self->body_at));
        self->deadline_us =
            self->body_started_us + config->body_ms * G_GINT64_CONSTANT(1000) +
            (gint64)(self->request.body_size * 1000000 / MAX(config->body_min_rate, 1));
        return fill(self);
    }
    return TRUE;
}

/* ---- heads ---- */

/* The head is good: who asks, for what, and what shall happen with the body. */
static void begin(TuneHttpConnection *self)
{
    const TuneHttpConfig *config = &self->loop->server->config;
    const TuneHttpHead *head = &self->head;
    const gboolean has_body = head->chunked || head->length > 0;

    tune_http_count(self->loop, requests, 1);
    self->plan = (TuneHttpPlan){0};
    self->begun = TRUE;
    config->begin(&self->request, &self->response, &self->plan, config->user_data);
    if (self->plan.answered && has_body &&
        (head->chunked || head->expect_continue || head->length > TUNE_HTTP_DISCARD)) {
        self->response.close = TRUE; /* the body will not be read, or may never come */
        tune_http_answer_start(self);
    } else if (!self->plan.answered && head->length > self->plan.max_body) {
        refuse_body(self, 413);
    } else if (has_body || self->plan.body_to_file) {
        start_body(self);
    } else {
        dispatch(self);
    }
}

static void take_head(TuneHttpConnection *self)
{
    TuneHttpRequest *request = &self->request;
    const TuneHttpHead *head = &self->head;
    const char *wrong;

    self->body_at = head->size;
    /* From begin() on the head must stay where it is: make room for the body now. */
    make_room(self->in, head->chunked ? WINDOW : (gsize)MIN(head->length, WINDOW));
    request->method = head->method;
    request->method_name = self->in->str + head->method_at;
    request->target = self->in->str + head->target_at;
    request->host = head->has_host ? self->in->str + head->host_at : "";
    request->peer = self->peer;
    wrong = tune_http_target_decode(request->target, &request->path, request->query);
    if (wrong != NULL)
        tune_http_connection_refuse(self, 400, wrong);
    else
        begin(self);
}

static gboolean step_head(TuneHttpConnection *self)
{
    TuneHttpHead *head = &self->head;
    const gsize have = self->in->len;

    if (have > 0 && tune_http_loop_is_turn_over(self))
        return FALSE;
    if (have > 0 && self->started_us == 0) {
        self->started_us = self->loop->now_us;
        tune_http_connection_within(self, self->loop->server->config.head_ms);
        self->turn += REQUEST_TURN;
    }
    switch (tune_http_head_parse(head, self->in->str, have)) {
    case TUNE_HTTP_PARSE_DONE:
        take_head(self);
        return TRUE;
    case TUNE_HTTP_PARSE_BAD:
        tune_http_connection_refuse(self, head->status, head->reason);
        return TRUE;
    default:
        return fill(self);
    }
}

/* ---- events ---- */

void tune_http_connection_run(TuneHttpConnection *self)
{
    static gboolean (*const steps[])(TuneHttpConnection *) = {
        [TUNE_HTTP_STATE_HEAD] = step_head,
        [TUNE_HTTP_STATE_BODY] = step_body,
        [TUNE_HTTP_STATE_ANSWER] = tune_http_answer_step,
        [TUNE_HTTP_STATE_LINGER] = step_linger,
        [TUNE_HTTP_STATE_CLOSED] = NULL,
    };

    self->turn = 0;
    while (steps[self->state] != NULL && steps[self->state](self))
        ;
    if (self->state == TUNE_HTTP_STATE_BODY) /* 100 Continue */
        tune_http_flush(self);
}

/* The first event: the connection becomes its loop's. */
static void open_connection(TuneHttpConnection *self)
{
    const guint head_ms = self->loop->server->config.head_ms;

    g_queue_push_head_link(&self->loop->connections, &self->node);
    tune_http_count(self->loop, connections, 1);
    tune_http_connection_next(self);
    self->deadline_us = MIN(self->deadline_us, self->loop->now_us + head_ms * 1000LL);
    if (self->overload)
        tune_http_connection_refuse(self, 503, "There are too many connections.");
}

void tune_http_connection_events(TuneHttpConnection *self, guint32 events)
{
    if (self->state == TUNE_HTTP_STATE_NEW)
        open_connection(self);
    self->can_read = self->can_read || (events & (EPOLLIN | EPOLLRDHUP)) != 0;
    self->can_write = self->can_write || (events & EPOLLOUT) != 0;
    self->hung_up = self->hung_up || (events & EPOLLRDHUP) != 0;
    if ((events & (EPOLLERR | EPOLLHUP)) != 0 || self->loop->stage == TUNE_HTTP_CUTS)
        tune_http_connection_kill(self); /* reset, or closed both ways */
    else
        tune_http_connection_run(self);
}

void tune_http_connection_expire(TuneHttpConnection *self)
{
    if (self->state == TUNE_HTTP_STATE_HEAD && self->in->len > 0)
        tune_http_connection_refuse(self, 408, "The head of the request took too long.");
    else if (self->state == TUNE_HTTP_STATE_BODY)
        tune_http_connection_refuse(self, 408, "The body of the request took too long.");
    else
        tune_http_connection_kill(self);
    tune_http_connection_run(self);
}
