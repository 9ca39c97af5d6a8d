/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Sending: the head and a small body in one piece, a large body beside its head, a file by
 * sendfile, a stream as it is pulled.
 */
#include "http/http-private.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/sendfile.h>
#include <sys/uio.h>

enum { KEPT_BACK = 32 * 1024 }; /* answers to pipelined requests, before they are sent */

static gboolean end_answer(TuneHttpConnection *self)
{
    const gboolean close = self->response.close;

    tune_http_exchange_end(self, self->response.status);
    if (close)
        tune_http_connection_linger(self);
    else
        tune_http_connection_next(self);
    return TRUE;
}

static void start_stream(TuneHttpConnection *self)
{
    const int size = TUNE_HTTP_SEND_BUFFER, on = 1, idle_s = 30;

    self->streaming = TRUE;
    atomic_fetch_add_explicit(&self->loop->counters.streams, 1, memory_order_relaxed);
    /* A listener who stalls holds this much, not the megabytes that the kernel would grant. */
    setsockopt(self->fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
    setsockopt(self->fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
    setsockopt(self->fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle_s, sizeof idle_s);
}

void tune_http_answer_start(TuneHttpConnection *self)
{
    TuneHttpResponse *response = &self->response;
    const TuneHttpHead *head = &self->request.head;

    self->state = TUNE_HTTP_STATE_ANSWER;
    if (response->status == 0) {
        tune_http_exchange_refuse(self, 500, "There is no answer to this request.", FALSE);
        return;
    }
    if (!head->keep_alive || self->loop->draining)
        response->close = TRUE;
    self->deadline_us =
        self->loop->now_us + self->loop->server->config.write_ms * G_GINT64_CONSTANT(1000);
    self->body_sent =
        tune_http_response_write(response, head, tune_http_loop_common(self->loop), &self->out);
    if (response->kind == TUNE_HTTP_BODY_STREAM)
        start_stream(self);
    else if (response->kind == TUNE_HTTP_BODY_NONE && !response->close &&
             self->in.size > self->body_at && self->out.size - self->out_start < KEPT_BACK)
        end_answer(self); /* the next request is there: its answer goes with this one */
}

static gboolean send_bytes(TuneHttpConnection *self)
{
    TuneHttpResponse *response = &self->response;
    const char *data = (const char *)g_bytes_get_data(response->bytes, NULL);

    while (response->length > 0) {
        const gsize head = self->out.size - self->out_start;
        struct iovec parts[2] = {
            {.iov_base = self->out.data + self->out_start, .iov_len = head},
            {.iov_base = (char *)data + response->offset, .iov_len = (gsize)response->length}};
        const struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};
        const gssize n = self->can_write ? sendmsg(self->fd, &message, MSG_NOSIGNAL) : 0;

        if (!self->can_write || !tune_http_connection_sent(self, n))
            return FALSE;
        const gsize of_head = MIN((gsize)MAX(n, 0), head), of_body = (gsize)MAX(n, 0) - of_head;
        self->out_start += of_head;
        response->offset += of_body;
        response->length -= of_body;
        self->body_sent += of_body;
    }
    return tune_http_connection_flush(self, 0);
}

static gboolean send_file(TuneHttpConnection *self)
{
    TuneHttpResponse *response = &self->response;

    if (!tune_http_connection_flush(self, response->length > 0 ? MSG_MORE : 0))
        return FALSE;
    while (response->length > 0) {
        off_t offset = (off_t)response->offset;
        gssize n;

        if (self->turn > TUNE_HTTP_TURN) {
            tune_http_loop_ready(self->loop, self);
            return FALSE;
        }
        if (!self->can_write)
            return FALSE;
        n = sendfile(self->fd, response->fd, &offset, (gsize)MIN(response->length, TUNE_HTTP_TURN));
        if (n == 0) { /* shorter than it was: the client must see that it was cut */
            tune_http_connection_kill(self);
            return FALSE;
        }
        if (!tune_http_connection_sent(self, n))
            return FALSE;
        response->offset += (guint64)MAX(n, 0);
        response->length -= (guint64)MAX(n, 0);
        self->body_sent += (guint64)MAX(n, 0);
    }
    return TRUE;
}

/* The stream failed: a reset tells it even to a client that reads until the end of the connection.
 */
static void cut(TuneHttpConnection *self)
{
    const struct linger now = {.l_onoff = 1};

    setsockopt(self->fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    self->reset = TRUE;
    tune_http_connection_kill(self);
}

static gboolean send_stream(TuneHttpConnection *self)
{
    if (self->hung_up && !self->stream_ended) {
        tune_http_connection_kill(self);
        return FALSE;
    }
    while (!self->stream_ended) {
        TuneHttpPulled pulled = TUNE_HTTP_PULLED;
        gsize n = 0;

        if (!self->can_write)
            return FALSE;
        if (self->turn > TUNE_HTTP_TURN) {
            tune_http_loop_ready(self->loop, self);
            return FALSE;
        }
        if (self->out.size - self->out_start < TUNE_HTTP_PULL) {
            self->wake_at_us = 0;
            pulled = tune_http_stream_pull(&self->response, &self->out, &n);
        }
        self->body_sent += n;
        self->stream_ended = pulled == TUNE_HTTP_PULL_ENDED;
        if (pulled == TUNE_HTTP_PULL_BROKEN) {
            cut(self);
            return FALSE;
        }
        if (!tune_http_connection_flush(self, 0))
            return FALSE;
        if (pulled == TUNE_HTTP_PULL_WAITS) {
            self->deadline_us = 0; /* it is not the client who is slow */
            return FALSE;
        }
    }
    return tune_http_connection_flush(self, 0);
}

gboolean tune_http_answer_step(TuneHttpConnection *self)
{
    TuneHttpResponse *response = &self->response;
    gboolean sent;

    switch (response->kind) {
    case TUNE_HTTP_BODY_BYTES:
        sent = send_bytes(self);
        break;
    case TUNE_HTTP_BODY_FILE:
        sent = send_file(self);
        break;
    case TUNE_HTTP_BODY_STREAM:
        sent = send_stream(self);
        break;
    default:
        sent = tune_http_connection_flush(self, 0);
        break;
    }
    if (!sent)
        return FALSE;
    tune_http_response_drop_body(response, TRUE);
    return end_answer(self);
}
