/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Sending: the head and a small body in one piece, a large one from where it is, a file by
 * sendfile, a stream as it is pulled.
 */
#include "http/http-private.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/sendfile.h>

enum {
    PULL = 16 * 1024, /* asked of a stream at a time */
    LINGER_MS = 1000,
    SEND_BUFFER = 64 * 1024, /* of a stream's socket; the kernel doubles it */
};

static void start_stream(TuneHttpConnection *self)
{
    const int size = SEND_BUFFER, on = 1, idle_s = 30;

    tune_http_count(self->loop, streams, 1);
    /* A listener who stalls holds this much, not the megabytes that the kernel would grant. */
    setsockopt(self->fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
    setsockopt(self->fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
    setsockopt(self->fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle_s, sizeof idle_s);
}

void tune_http_answer_start(TuneHttpConnection *self)
{
    TuneHttpResponse *response = &self->response;
    const TuneHttpHead *head = &self->head;

    self->state = TUNE_HTTP_STATE_ANSWER;
    if (response->status == 0) {
        tune_http_connection_refuse(self, 500, "There is no answer to this request.");
        return;
    }
    if (!head->keep_alive || self->loop->stage != TUNE_HTTP_RUNS)
        response->close = TRUE;
    tune_http_connection_within(self, self->loop->server->config.write_ms);
    self->body_sent =
        tune_http_response_write(response, head, tune_http_loop_common(self->loop), self->out);
    if (response->class != NULL)
        start_stream(self);
}

/* ---- bytes and files ---- */

/* What of a body of bytes or a file is to follow.  Before the answer the response is none, or a
 * worker's. */
static guint64 body_left(const TuneHttpConnection *self)
{
    const TuneHttpResponse *response = &self->response;

    return self->state == TUNE_HTTP_STATE_ANSWER && response->class == NULL ? response->left : 0;
}

/* Bytes go with what is before them. */
static gssize send_once(const TuneHttpConnection *self)
{
    const TuneHttpResponse *response = &self->response;
    const gsize left = (gsize)MIN(body_left(self), TUNE_HTTP_TURN);
    const gboolean is_file = left > 0 && response->fd >= 0;
    off_t offset = (off_t)response->offset;

    if (is_file && self->out->len == 0)
        return sendfile(self->fd, response->fd, &offset, left);
    struct iovec parts[2] = {{self->out->str, self->out->len}};
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = 1};
    if (left > 0 && !is_file)
        parts[message.msg_iovlen++] =
            (struct iovec){(char *)g_bytes_get_data(response->bytes, NULL) + offset, left};
    return sendmsg(self->fd, &message, MSG_NOSIGNAL | (is_file ? MSG_MORE : 0));
}

static void count_sent(TuneHttpConnection *self, gsize n)
{
    const gsize before = MIN(n, self->out->len), body = n - before;

    tune_http_count(self->loop, bytes_out, n);
    self->turn += n;
    if (self->state == TUNE_HTTP_STATE_ANSWER)
        tune_http_connection_within(self, self->loop->server->config.write_ms);
    g_string_erase(self->out, 0, (gssize)before);
    self->response.offset += body;
    self->response.left -= body;
    self->body_sent += body;
}

gboolean tune_http_flush(TuneHttpConnection *self)
{
    while (self->out->len > 0 || body_left(self) > 0) {
        if (!self->can_write || tune_http_loop_is_turn_over(self))
            return FALSE;
        const gssize n = send_once(self);
        if (n > 0) {
            count_sent(self, (gsize)n);
        } else if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
            self->can_write = errno == EINTR;
        } else { /* gone; or the file is shorter than it was, and the client must see that it was
                    cut */
            tune_http_connection_kill(self);
            return FALSE;
        }
    }
    tune_http_buffer_reset(&self->out, 2 * TUNE_HTTP_COPIED);
    return TRUE;
}

/* ---- streams ---- */

/* The stream failed: a reset tells it even to a client that reads until the end of the connection.
 */
static void cut(TuneHttpConnection *self)
{
    const struct linger now = {.l_onoff = 1};

    setsockopt(self->fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    self->reset = TRUE;
    tune_http_connection_kill(self);
}

/* One pull of the stream into out, framed: bytes, or LATER, END, FAILED. */
static gssize pull(TuneHttpConnection *self)
{
    TuneHttpResponse *response = &self->response;
    const gboolean known = response->left != TUNE_HTTP_UNKNOWN;
    const gsize most = (gsize)MIN(response->left, PULL);
    guint8 buffer[PULL];
    const gssize got = response->class->pull(response->stream, buffer, most);

    if (got > (gssize)most || (got == TUNE_HTTP_PULL_END && known)) /* not what was promised */
        return TUNE_HTTP_PULL_FAILED;
    if (got > 0 && response->chunked)
        g_string_append_printf(self->out, "%zx\r\n", (gsize)got);
    if (got > 0)
        g_string_append_len(self->out, (const char *)buffer, got);
    if (got != TUNE_HTTP_PULL_LATER && response->chunked)
        g_string_append(self->out, got > 0 ? "\r\n" : "0\r\n\r\n");
    if (got == TUNE_HTTP_PULL_END)
        response->left = 0;
    else if (known)
        response->left -= (guint64)got;
    self->body_sent += (guint64)MAX(got, 0);
    return got;
}

static gboolean send_stream(TuneHttpConnection *self)
{
    while (self->response.left > 0) {
        if (self->hung_up) { /* nobody listens; a plain answer still goes out */
            tune_http_connection_kill(self);
            return FALSE;
        }
        if (!tune_http_flush(self))
            return FALSE;
        self->wake_at_us = 0;
        const gssize got = pull(self);
        if (got == TUNE_HTTP_PULL_LATER) {
            self->deadline_us = 0; /* it is not the client who is slow */
            return FALSE;
        }
        tune_http_connection_within(self, self->loop->server->config.write_ms);
        if (got < TUNE_HTTP_PULL_END) {
            cut(self);
            return FALSE;
        }
    }
    return tune_http_flush(self);
}

gboolean tune_http_answer_step(TuneHttpConnection *self)
{
    const gboolean close = self->response.close;

    if (self->response.class != NULL ? !send_stream(self) : !tune_http_flush(self))
        return FALSE;
    tune_http_connection_end(self, TRUE);
    if (!close) {
        tune_http_connection_next(self);
        return TRUE;
    }
    /* What comes is read for a second more, or the answer would be lost by a reset. */
    self->state = TUNE_HTTP_STATE_LINGER;
    tune_http_connection_within(self, LINGER_MS);
    shutdown(self->fd, SHUT_WR);
    return TRUE;
}
