/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What the files of this room share.  Who owns what:
 *
 *   A connection belongs to its loop.  While its state is WORK, the request and the response in it belong to a
 * worker instead, and the loop touches neither.  Other threads reach a connection by its waker only; else they
 * touch what is atomic or under a lock here.
 *
 * Locks are GLib's, for which base/thread-sanitizer.c stands; atomics are C11's, which the sanitiser sees.
 */
#pragma once
#include "http/parse.h"

#include <stdatomic.h>
#include <string.h>
#include <sys/socket.h>

typedef struct TuneHttpLoop TuneHttpLoop;
typedef struct TuneHttpConnection TuneHttpConnection;

enum {
    TUNE_HTTP_BUFFER = 4096,       /* kept by an idle connection, each way */
    TUNE_HTTP_COPIED = 16 * 1024,  /* bodies up to here are sent with their head in one piece */
    TUNE_HTTP_DISCARD = 64 * 1024, /* an unwanted body of at most this is read and dropped */
    TUNE_HTTP_TURN = 1 << 20, /* bytes that one connection moves before others have their turn */
};
#define TUNE_HTTP_UNKNOWN G_MAXUINT64

/* ---- request.c ---- */
/* To an unlinked temporary one.  0, or the status of the refusal: 500, 507. */
guint tune_http_body_open_file(TuneHttpRequest *self);
/* To memory or the file, or nowhere if there is neither.  0, or 413, 500, 507. */
guint tune_http_body_add(TuneHttpConnection *self, const char *data, gsize size);

/* ---- response.c ---- */
struct TuneHttpResponse {
    guint status;
    gboolean close, chunked;
    GString *fields; /* each "Name: value\0\n": strings here, a line when sent */
    GBytes *bytes;   /* the body: these, a file or a stream; or none */
    int fd;          /* -1 */
    const TuneHttpStreamClass *class;
    gpointer stream;
    guint64 offset, left; /* to send of the body; a stream's may be UNKNOWN, and is 0 when it ended */
    TuneHttpWaker *waker; /* the connection's */
};
/* For the next one; a stream is closed as @complete says. */
void tune_http_response_clear(TuneHttpResponse *self, gboolean complete);
/* Writes the head behind @out, and the body too when it is small; what is left to send stays in the response.
 * @common: the lines that every answer has.  May set close.  Returns the body bytes written. */
guint64 tune_http_response_write(TuneHttpResponse *self, const TuneHttpHead *head,
                                 const GString *common, GString *out);

/* ---- connection.c: a socket, and the request it is at ---- */
typedef enum {
    TUNE_HTTP_STATE_NEW, /* accepted, not yet seen by its loop */
    TUNE_HTTP_STATE_HEAD,
    TUNE_HTTP_STATE_BODY,
    TUNE_HTTP_STATE_WORK,
    TUNE_HTTP_STATE_ANSWER,
    TUNE_HTTP_STATE_LINGER,
    TUNE_HTTP_STATE_CLOSED,
} TuneHttpState;

struct TuneHttpConnection {
    TuneHttpRequest request; /* first: a request is its connection */
    TuneHttpHead head;
    TuneHttpFraming framing;
    TuneHttpPlan plan;
    TuneHttpResponse response;
    GByteArray *memory; /* for the body; NULL when nobody wants that, or it goes to a file */
    GPtrArray *kept;    /* texts made for this request */
    guint64 max_body, raw_body, body_sent;
    gint64 started_us, body_started_us;
    gboolean begun;     /* begin() was called, done() was not */

    int fd;
    TuneHttpState state;
    TuneHttpLoop *loop;
    GList node; /* in the loop's queue of the living or the dead */
    TuneHttpWaker *waker;
    char *peer;         /* address, or "unix:" */
    GBytes *network;    /* what the limit per address counts: the peer, or its /64; NULL: nothing */
    gboolean overload;  /* gets 503 only */
    gboolean can_read, can_write, hung_up; /* as epoll told, until found otherwise */
    gboolean doomed;    /* to be closed as soon as its worker returns */
    gboolean reset;     /* close with RST */
    GString *in, *out;  /* what has come and is not done with; what is to be sent */
    gsize body_at;      /* in in: behind the head and all that was taken */
    guint64 turn;       /* bytes moved and requests begun since others had their turn */
    gint64 deadline_us;
    gint64 wake_at_us;  /* to pull the stream again; both 0: never */
};
/* @from: the peer's address.  Any thread; the first event makes it @loop's. */
TuneHttpConnection *tune_http_connection_new(TuneHttpLoop *loop, int fd,
                                             struct sockaddr_storage *from, socklen_t length);
void tune_http_connection_free(TuneHttpConnection *self);
void tune_http_connection_events(TuneHttpConnection *self, guint32 events);
/* On until it must wait. */
void tune_http_connection_run(TuneHttpConnection *self);
void tune_http_connection_expire(TuneHttpConnection *self); /* its deadline is over */
/* Closes at once; while a worker has it, as soon as that returns. */
void tune_http_connection_kill(TuneHttpConnection *self);
/* Ready for the next request, which may have been read already. */
void tune_http_connection_next(TuneHttpConnection *self);
void tune_http_connection_returned(TuneHttpConnection *self); /* a worker has filled the response */
/* The connection goes on after it only when the request was read to its end. */
void tune_http_connection_refuse(TuneHttpConnection *self, guint status, const char *reason);
/* The request is over: done(), and all that belongs to it. */
void tune_http_connection_end(TuneHttpConnection *self, gboolean complete);
void tune_http_connection_within(TuneHttpConnection *self, guint ms); /* sets the deadline */
/* Empties it, and gives back what one large request took. */
void tune_http_buffer_reset(GString **buffer, gsize keep);

/* ---- send.c.  FALSE: wait, or it is closed. ---- */
void tune_http_answer_start(TuneHttpConnection *self); /* the response is complete */
gboolean tune_http_answer_step(TuneHttpConnection *self);
gboolean tune_http_flush(TuneHttpConnection *self); /* what is in out, and a body of bytes or file */

/* ---- loop.c ---- */
struct TuneHttpWaker {
    _Atomic guint refs;
    _Atomic gboolean returned;      /* a worker is done with the request */
    GMutex lock;                    /* of all below; the loop alone writes connection */
    TuneHttpConnection *connection; /* NULL when it is closed */
    gboolean queued;
    GList node; /* in the loop's queue when queued */
};
TuneHttpWaker *tune_http_waker_new(TuneHttpConnection *connection);
TuneHttpWaker *tune_http_waker_ref(TuneHttpWaker *self);
void tune_http_waker_part(TuneHttpWaker *self); /* from its connection */

typedef enum { TUNE_HTTP_RUNS, TUNE_HTTP_DRAINS, TUNE_HTTP_CUTS } TuneHttpStage;

struct TuneHttpLoop {
    TuneHttpServer *server;
    GThread *thread;
    int epoll_fd, event_fd;
    GQueue connections, dead; /* the dead are freed when no event of this round points to them */
    gint64 now_us, swept_us;
    gint64 date_s;
    GString *common; /* Server and Date lines of this second */
    TuneHttpStage stage;
    gboolean listening;
    struct { /* written by loops, read by all */
        _Atomic guint64 connections, requests, refused, bytes_out;
        _Atomic guint open, streams;
    } counters;
    GMutex lock; /* of woken */
    GQueue woken; /* of wakers, with a reference each */
};
#define tune_http_count(loop, what, n)                                                             \
    atomic_fetch_add_explicit(&(loop)->counters.what, n, memory_order_relaxed)
TuneHttpLoop *tune_http_loop_new(TuneHttpServer *server, GError **error);
void tune_http_loop_free(TuneHttpLoop *self);
gpointer tune_http_loop_main(gpointer loop);
void tune_http_loop_nudge(TuneHttpLoop *self); /* to see what the server asks for; any thread */
const GString *tune_http_loop_common(TuneHttpLoop *self);
/* TRUE: it has moved so much that it waits; it comes again with the next round of events. */
gboolean tune_http_loop_is_turn_over(TuneHttpConnection *connection);

/* ---- server.c ---- */
struct TuneHttpServer {
    TuneHttpConfig config;
    GBytes *nothing;      /* the body of most requests */
    GPtrArray *listeners; /* of GSocket; closed by the last loop that stops accepting */
    TuneHttpLoop **loops;
    guint n_loops, port;
    gboolean started, stopped;
    GThreadPool *workers;
    _Atomic guint n_busy; /* workers */
    _Atomic TuneHttpStage stage;
    GMutex lock;          /* of all below */
    GCond changed;        /* open or accepting fell to 0 */
    _Atomic guint open;   /* connections; written with the lock */
    guint accepting;      /* loops that do */
    GQueue queued;        /* of connections whose requests wait for a worker */
    gboolean calling;     /* one was called and has not come yet */
    GHashTable *networks; /* GBytes to the number of their connections */
};
/* @change: a connection of @network (nullable) more or less.  FALSE: it is one too many, of that network or of
 * all. */
gboolean tune_http_server_count(TuneHttpServer *self, GBytes *network, int change);
void tune_http_server_stop_listening(TuneHttpServer *self); /* by each loop once */
/* To a worker.  FALSE: too many wait. */
gboolean tune_http_server_submit(TuneHttpServer *self, TuneHttpConnection *connection);
