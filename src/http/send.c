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

enum {
    PULL = 16 * 1024,        /* asked of a stream at a time */
    SIZE_LINE = 6,           /* "4000\r\n" */
    SEND_BUFFER = 64 * 1024, /* of a stream's socket; the kernel doubles it */
};

static void start_stream(TuneHttpConnection *self)
{
    const int size = SEND_BUFFER, on = 1, idle_s = 30;

    self->streaming = TRUE;
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
        tune_http_connection_refuse(self, 500, "There is no answer to this request.", FALSE);
        return;
    }
    if (!head->keep_alive || self->loop->stage != TUNE_HTTP_RUNS)
        response->close = TRUE;
    tune_http_connection_within(self, self->loop->server->config.write_ms);
    self->body_sent =
        tune_http_response_write(response, head, tune_http_loop_common(self->loop), self->out);
    if (response->kind == TUNE_HTTP_BODY_STREAM)
        start_stream(self);
}

/* One call for what is in out and, in an answer, a body of bytes or file. */
static gssize send_once(const TuneHttpConnection *self, gboolean body)
{
    const TuneHttpResponse *response = &self->response;
    const gsize head = self->out->len - self->out_start;
    struct iovec parts[2] = {{.iov_base = self->out->str + self->out_start, .iov_len = head}};
    const struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};
    off_t offset = (off_t)response->offset;

    if (body && response->bytes != NULL)
        parts[1] = (struct iovec){.iov_base = (char *)g_bytes_get_data(response->bytes, NULL) +
                                              response->offset,
                                  .iov_len = (gsize)response->left};
    else if (body && head == 0)
        return sendfile(self->fd, response->fd, &offset,
                        (gsize)MIN(response->left, TUNE_HTTP_TURN));
    return sendmsg(self->fd, &message,
                   MSG_NOSIGNAL | (body && response->bytes == NULL ? MSG_MORE : 0));
}

static void count_sent(TuneHttpConnection *self, gsize n)
{
    const gsize of_head = MIN(n, self->out->len - self->out_start), of_body = n - of_head;

    tune_http_count(self->loop, bytes_out, n);
    self->turn += n;
    self->out_start += of_head;
    if (self->state != TUNE_HTTP_STATE_ANSWER)
        return;
    self->body_sent += of_body;
    self->response.offset += of_body;
    if (of_body > 0)
        self->response.left -= of_body;
    tune_http_connection_within(self, self->loop->server->config.write_ms);
}

gboolean tune_http_flush(TuneHttpConnection *self)
{
    const TuneHttpResponse *response = &self->response;

    while (TRUE) {
        /* Before the answer, the response is none, or is a worker's. */
        const gboolean body = self->state == TUNE_HTTP_STATE_ANSWER && response->left > 0 &&
                              (response->bytes != NULL || response->fd >= 0);
        if (!body && self->out_start == self->out->len)
            break;
        if (!self->can_write)
            return FALSE;
        if (self->turn > TUNE_HTTP_TURN) {
            tune_http_loop_again(self->loop, self);
            return FALSE;
        }
        const gssize n = send_once(self, body);
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
    self->out_start = 0;
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

/* One pull of the stream behind out, framed: bytes, or LATER, END, FAILED. */
static gssize pull(TuneHttpConnection *self)
{
    TuneHttpResponse *response = &self->response;
    const gboolean known = response->left != TUNE_HTTP_UNKNOWN;
    const gsize start = self->out->len, most = (gsize)MIN(response->left, PULL);
    const gsize before = response->chunked ? SIZE_LINE : 0;
    char *room, size_line[SIZE_LINE + 1];
    gssize got;

    if (most == 0)
        return TUNE_HTTP_PULL_END;
    g_string_set_size(self->out, start + before + most);
    room = self->out->str + start;
    got = response->class->pull(response->stream, (guint8 *)room + before, most);
    g_string_truncate(self->out, got > 0 ? start + before + (gsize)got : start);
    if (got == TUNE_HTTP_PULL_END && response->chunked)
        g_string_append(self->out, "0\r\n\r\n");
    if (got > (gssize)most || (got == TUNE_HTTP_PULL_END && known)) /* not what was promised */
        return TUNE_HTTP_PULL_FAILED;
    if (got <= 0)
        return got;
    if (response->chunked) { /* leading zeros are legal (RFC 9112 section 7.1) */
        g_snprintf(size_line, sizeof size_line, "%04x\r\n", (guint)got);
        memcpy(room, size_line, SIZE_LINE);
        g_string_append(self->out, "\r\n");
    }
    self->body_sent += (guint64)got;
    response->left -= known ? (guint64)got : 0;
    return got;
}

static gboolean send_stream(TuneHttpConnection *self)
{
    while (!self->stream_ended) {
        gssize got = 0;

        if (self->hung_up) {
            tune_http_connection_kill(self);
            return FALSE;
        }
        if (!self->can_write)
            return FALSE;
        self->wake_at_us = 0;
        if (self->deadline_us == 0) /* it waited */
            tune_http_connection_within(self, self->loop->server->config.write_ms);
        got = pull(self);
        self->stream_ended = got == TUNE_HTTP_PULL_END;
        if (got < TUNE_HTTP_PULL_END) {
            cut(self);
            return FALSE;
        }
        if (!tune_http_flush(self))
            return FALSE;
        if (got == TUNE_HTTP_PULL_LATER) {
            self->deadline_us = 0; /* it is not the client who is slow */
            return FALSE;
        }
    }
    return tune_http_flush(self);
}

gboolean tune_http_answer_step(TuneHttpConnection *self)
{
    const gboolean close = self->response.close;

    if (self->response.kind == TUNE_HTTP_BODY_STREAM ? !send_stream(self) : !tune_http_flush(self))
        return FALSE;
    tune_http_response_drop_body(&self->response, TRUE);
    tune_http_connection_end(self, self->response.status);
    if (close)
        tune_http_connection_linger(self);
    else
        tune_http_connection_next(self);
    return TRUE;
}
