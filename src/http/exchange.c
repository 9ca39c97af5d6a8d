/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * One request: its head, what begin() wants, its body, its handler.
 */
#include "http/http-private.h"

enum { REQUEST_TURN = 4096 }; /* what a request counts for in its connection's turn */

void tune_http_exchange_end(TuneHttpConnection *self, guint status)
{
    const TuneHttpConfig *config = &self->loop->server->config;

    if (self->begun && config->done != NULL)
        config->done(&self->request, status, self->body_sent,
                     g_get_monotonic_time() - self->request.started_us, config->user_data);
    self->begun = FALSE;
    tune_http_response_clear(&self->response);
    tune_http_request_clear(&self->request);
    if (self->response.waker != NULL) {
        self->response.waker->connection = NULL;
        g_clear_pointer(&self->response.waker, tune_http_waker_unref);
    }
    if (self->streaming)
        atomic_fetch_sub_explicit(&self->loop->counters.streams, 1, memory_order_relaxed);
    self->streaming = self->stream_ended = FALSE;
    self->wake_at_us = 0;
    self->body_sent = 0;
}

void tune_http_exchange_refuse(TuneHttpConnection *self, guint status, const char *reason,
                               gboolean close)
{
    const TuneHttpConfig *config = &self->loop->server->config;
    TuneHttpResponse *response = &self->response;
    const char *type = "text/plain; charset=utf-8";
    g_autoptr(GBytes) body = NULL;

    atomic_fetch_add_explicit(&self->loop->counters.refused, 1, memory_order_relaxed);
    if (!self->begun) /* those that begin() saw are told to done() */
        tune_log(config->log, TUNE_LOG_INFO, "refused a request of %s with %u: %s", self->peer,
                 status, reason);
    tune_http_response_clear(response);
    if (config->refuse != NULL)
        body = config->refuse(status, reason, &type, config->user_data);
    if (body == NULL) {
        char *text = g_strconcat(reason, "\n", NULL);
        body = g_bytes_new_take(text, strlen(text));
    }
    tune_http_response_set_status(response, status);
    tune_http_response_set_body(response, type, body);
    if (status == 503)
        tune_http_response_set_field(response, "Retry-After", "1");
    response->close = close;
    tune_http_answer_start(self);
}

static void refuse_body(TuneHttpConnection *self, guint status)
{
    tune_http_exchange_refuse(self, status,
                              status == 413   ? "The body of the request is too large."
                              : status == 507 ? "There is no space for the body of the request."
                                              : "The body of the request could not be kept.",
                              TRUE);
}

void tune_http_exchange_handle(TuneHttpConnection *self)
{
    const TuneHttpConfig *config = &self->loop->server->config;

    config->handle(&self->request, &self->response, config->user_data);
}

static void dispatch(TuneHttpConnection *self)
{
    if (!self->plan.answered && self->plan.on_worker) {
        self->state = TUNE_HTTP_STATE_WORK;
        self->deadline_us = 0;
        if (!tune_http_workers_submit(self->loop->server->workers, self))
            tune_http_exchange_refuse(self, 503, "The server has too much to do.", FALSE);
        return;
    }
    if (!self->plan.answered)
        tune_http_exchange_handle(self);
    tune_http_answer_start(self);
}

void tune_http_exchange_returned(TuneHttpConnection *self)
{
    self->state = TUNE_HTTP_STATE_ANSWER;
    if (self->doomed) { /* nobody waits for the answer any more */
        self->response.status = 0;
        tune_http_connection_kill(self);
        return;
    }
    tune_http_answer_start(self);
    tune_http_connection_run(self);
}

static void start_body(TuneHttpConnection *self)
{
    TuneHttpRequest *request = &self->request;
    TuneHttpBody *body = &request->body;
    guint status;

    body->discard = self->plan.answered;
    body->to_file = self->plan.body_to_file && !body->discard;
    body->max = body->discard ? TUNE_HTTP_DISCARD : self->plan.max_body;
    self->body_left = request->head.length;
    self->chunks = (TuneHttpChunks){0};
    self->raw_body = 0;
    self->body_started_us = self->loop->now_us;
    self->deadline_us =
        self->loop->now_us + self->loop->server->config.body_ms * G_GINT64_CONSTANT(1000);
    self->state = TUNE_HTTP_STATE_BODY;
    status = tune_http_body_open(body, self->loop->server->config.temporary_folder);
    if (status != 0)
        refuse_body(self, status);
    else if (request->head.expect_continue && self->in.size == self->body_at)
        tune_http_buffer_add_text(&self->out, "HTTP/1.1 100 Continue\r\n\r\n");
}

/* The head is good: who asks, for what, and what shall happen with the body. */
static void begin(TuneHttpConnection *self)
{
    const TuneHttpServer *server = self->loop->server;
    TuneHttpRequest *request = &self->request;
    const TuneHttpHead *head = &request->head;
    const gboolean has_body = head->chunked || head->length > 0;

    request->peer = self->peer;
    request->scheme = "http";
    request->host = head->has_host ? request->bytes + head->host_at : "";
    tune_http_forwarded_apply(request, server->trusted);
    atomic_fetch_add_explicit(&self->loop->counters.requests, 1, memory_order_relaxed);
    self->plan = (TuneHttpPlan){0};
    self->begun = TRUE;
    server->config.begin(request, &self->response, &self->plan, server->config.user_data);
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
    const TuneHttpHead *head = &request->head;
    const guint64 expected = head->chunked ? TUNE_HTTP_WINDOW : head->length;
    const char *wrong;

    self->body_at = self->in_start + head->size;
    /* From begin() on the head must stay where it is: make room for the body now. */
    if (self->in.capacity - self->body_at < MIN(expected, TUNE_HTTP_WINDOW))
        tune_http_buffer_room(&self->in, TUNE_HTTP_WINDOW);
    request->bytes = self->in.data + self->in_start;
    request->decoded.size = 0;
    request->path = tune_http_buffer_room(&request->decoded, head->target_length + 2);
    wrong = tune_http_target_decode(request->bytes + head->target_at, head->target_length,
                                    request->decoded.data, request->query);
    if (wrong != NULL)
        tune_http_exchange_refuse(self, 400, wrong, TRUE);
    else
        begin(self);
}

gboolean tune_http_exchange_head(TuneHttpConnection *self)
{
    const TuneHttpServer *server = self->loop->server;
    TuneHttpHead *head = &self->request.head;
    const gsize have = self->in.size - self->in_start;

    if (have > 0 && self->turn > TUNE_HTTP_TURN) {
        tune_http_loop_ready(self->loop, self);
        return FALSE;
    }
    if (have > 0 && self->request.started_us == 0) {
        self->request.started_us = self->loop->now_us;
        self->deadline_us = self->loop->now_us + server->config.head_ms * G_GINT64_CONSTANT(1000);
        self->turn += REQUEST_TURN;
    }
    switch (tune_http_head_parse(head, self->in.data + self->in_start, have)) {
    case TUNE_HTTP_PARSE_DONE:
        take_head(self);
        return TRUE;
    case TUNE_HTTP_PARSE_BAD:
        tune_http_exchange_refuse(self, head->status, head->reason, TRUE);
        return TRUE;
    case TUNE_HTTP_PARSE_MORE:
        break;
    }
    return tune_http_connection_fill(self);
}

/* Body bytes with a length known, from @at on. */
static guint take_plain(TuneHttpConnection *self, gsize *at, gboolean *whole)
{
    const gsize n = (gsize)MIN(self->body_left, (guint64)(self->in.size - *at));
    const guint status = tune_http_body_add(&self->request.body, self->in.data + *at, n);

    *at += n;
    self->body_left -= n;
    *whole = self->body_left == 0;
    return status;
}

static guint take_chunks(TuneHttpConnection *self, gsize *at, gboolean *whole)
{
    const guint64 max = self->request.body.max;
    guint status = 0;
    gsize used, n;

    do {
        const char *data;
        const TuneHttpParse result = tune_http_chunks_parse(
            &self->chunks, self->in.data + *at, self->in.size - *at, &used, &data, &n);

        if (result == TUNE_HTTP_PARSE_BAD)
            return 400;
        if (n > 0)
            status = tune_http_body_add(&self->request.body, data, n);
        *at += used;
        *whole = result == TUNE_HTTP_PARSE_DONE;
        self->raw_body += used;
        if (self->raw_body > TUNE_HTTP_DISCARD && (self->raw_body - TUNE_HTTP_DISCARD) / 8 > max)
            return 413; /* many bytes of framing for few of body */
    } while (status == 0 && used > 0 && !*whole);
    return status;
}

gboolean tune_http_exchange_body(TuneHttpConnection *self)
{
    const TuneHttpConfig *config = &self->loop->server->config;
    TuneHttpBody *body = &self->request.body;
    gsize at = self->body_at; /* of what was not taken */
    gboolean whole = FALSE;
    const guint status =
        self->request.head.chunked ? take_chunks(self, &at, &whole) : take_plain(self, &at, &whole);

    if (status == 400) {
        tune_http_exchange_refuse(self, 400, "The chunks of the body are malformed.", TRUE);
    } else if (status != 0) {
        refuse_body(self, status);
    } else if (whole) {
        self->body_at = at;
        tune_http_body_finish(body);
        dispatch(self);
    } else {
        self->in.size -= at - self->body_at;
        memmove(self->in.data + self->body_at, self->in.data + at, self->in.size - self->body_at);
        self->deadline_us = self->body_started_us + config->body_ms * G_GINT64_CONSTANT(1000) +
                            (gint64)(body->size * 1000000 / MAX(config->body_min_rate, 1));
        return tune_http_connection_fill(self);
    }
    return TRUE;
}
