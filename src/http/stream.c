/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Streams, and the inbox through which other threads reach a loop.  A waker outlives its stream and
 * may outlive the loop: it holds the inbox, and the loop takes its connection away before that is
 * freed.
 */
#include "http/http-private.h"

#include <unistd.h>

TuneHttpPulled tune_http_stream_pull(TuneHttpResponse *self, TuneHttpBuffer *out, gsize *n)
{
    enum { SIZE_LINE = 6 }; /* "4000\r\n" */
    const gsize before = self->chunked ? SIZE_LINE : 0;
    const gsize most = self->stream_left < 0
                           ? TUNE_HTTP_PULL
                           : (gsize)MIN(self->stream_left, (gint64)TUNE_HTTP_PULL);
    char *room = tune_http_buffer_room(out, TUNE_HTTP_PULL + SIZE_LINE + 2);
    gssize got;

    *n = 0;
    if (self->stream_left == 0)
        return TUNE_HTTP_PULL_ENDED;
    got = self->class->pull(self->stream, (guint8 *)room + before, most);
    if (got == TUNE_HTTP_PULL_LATER)
        return TUNE_HTTP_PULL_WAITS;
    if (got == TUNE_HTTP_PULL_END && self->stream_left < 0) {
        if (self->chunked)
            tune_http_buffer_add(out, "0\r\n\r\n", 5);
        return TUNE_HTTP_PULL_ENDED;
    }
    if (got < 0 || (gsize)got > most) /* failed, or less than was promised */
        return TUNE_HTTP_PULL_BROKEN;
    *n = (gsize)got;
    if (self->stream_left > 0)
        self->stream_left -= got;
    if (self->chunked) { /* fixed width: leading zeros are legal (RFC 9112 section 7.1) */
        for (int i = 0; i < 4; i++)
            room[i] = "0123456789abcdef"[got >> (12 - 4 * i) & 15];
        memcpy(room + 4, "\r\n", 2);
        memcpy(room + before + got, "\r\n", 2);
    }
    out->size += before + (gsize)got + (self->chunked ? 2 : 0);
    return TUNE_HTTP_PULLED;
}

TuneHttpInbox *tune_http_inbox_new(int event_fd)
{
    TuneHttpInbox *self = g_new0(TuneHttpInbox, 1);

    atomic_init(&self->refs, 1);
    pthread_mutex_init(&self->lock, NULL);
    self->event_fd = event_fd;
    self->sockets = g_array_new(FALSE, FALSE, sizeof(int));
    return self;
}

void tune_http_inbox_unref(TuneHttpInbox *self)
{
    if (atomic_fetch_sub(&self->refs, 1) > 1)
        return;
    pthread_mutex_destroy(&self->lock);
    g_array_unref(self->sockets);
    g_free(self);
}

/* With the lock. */
static void signal_loop(TuneHttpInbox *self)
{
    const guint64 one = 1;

    if (self->signalled || self->event_fd < 0)
        return;
    self->signalled = TRUE;
    if (write(self->event_fd, &one, sizeof one) < 0)
        self->signalled = FALSE; /* cannot happen: the counter is far from full */
}

void tune_http_inbox_return(TuneHttpInbox *self, TuneHttpConnection *connection)
{
    pthread_mutex_lock(&self->lock);
    connection->next_returned = self->returned;
    self->returned = connection;
    signal_loop(self);
    pthread_mutex_unlock(&self->lock);
}

void tune_http_inbox_pass_socket(TuneHttpInbox *self, int fd)
{
    pthread_mutex_lock(&self->lock);
    g_array_append_val(self->sockets, fd);
    signal_loop(self);
    pthread_mutex_unlock(&self->lock);
}

void tune_http_inbox_nudge(TuneHttpInbox *self)
{
    pthread_mutex_lock(&self->lock);
    signal_loop(self);
    pthread_mutex_unlock(&self->lock);
}

TuneHttpWaker *tune_http_response_waker(TuneHttpResponse *self)
{
    TuneHttpWaker *waker = self->waker;

    if (waker == NULL) {
        waker = self->waker = g_new0(TuneHttpWaker, 1);
        atomic_init(&waker->refs, 1);
        waker->connection = self->connection;
        waker->inbox = self->connection->loop->inbox;
        atomic_fetch_add(&waker->inbox->refs, 1);
    }
    atomic_fetch_add(&waker->refs, 1);
    return waker;
}

void tune_http_waker_wake(TuneHttpWaker *self)
{
    TuneHttpInbox *inbox = self->inbox;

    pthread_mutex_lock(&inbox->lock);
    if (!self->queued && inbox->event_fd >= 0) {
        self->queued = TRUE;
        atomic_fetch_add(&self->refs, 1);
        self->next = inbox->woken;
        inbox->woken = self;
        signal_loop(inbox);
    }
    pthread_mutex_unlock(&inbox->lock);
}

void tune_http_waker_wake_after(TuneHttpWaker *self, guint ms)
{
    TuneHttpConnection *connection = self->connection;

    if (connection != NULL)
        connection->wake_at_us = connection->loop->now_us + (gint64)ms * 1000;
}

void tune_http_waker_unref(TuneHttpWaker *self)
{
    if (atomic_fetch_sub(&self->refs, 1) > 1)
        return;
    tune_http_inbox_unref(self->inbox);
    g_free(self);
}
