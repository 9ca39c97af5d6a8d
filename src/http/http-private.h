/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What the files of this room share.  Who owns what:
 *
 *   A connection belongs to its loop.  While its state is WORK, the request and the response in it
 * belong to a worker instead, and the loop touches neither; hand-over and return go through locked
 * queues. Only a loop's inbox, the atomics below and what their comments say is touched by other
 * threads.
 *
 * Locks and atomics are POSIX's and C11's, which the thread sanitiser understands.
 */
#pragma once
#include "http/buffer.h"
#include "http/parse.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>

typedef struct TuneHttpLoop TuneHttpLoop;
typedef struct TuneHttpConnection TuneHttpConnection;
typedef struct TuneHttpWorkers TuneHttpWorkers;
typedef struct TuneHttpNetworks TuneHttpNetworks;

enum {
    TUNE_HTTP_SWEEP_MS = 250,
    TUNE_HTTP_LINGER_MS = 1000,
    TUNE_HTTP_BUFFER = 4096,       /* kept by an idle connection, each way */
    TUNE_HTTP_COPIED = 16 * 1024,  /* bodies up to here are sent with their head in one piece */
    TUNE_HTTP_PULL = 16 * 1024,    /* asked of a stream at a time */
    TUNE_HTTP_WINDOW = 16 * 1024,  /* for bodies coming in */
    TUNE_HTTP_DISCARD = 64 * 1024, /* an unwanted body of at most this is read and dropped */
    TUNE_HTTP_TURN = 1 << 20, /* bytes that one connection sends before others have their turn */
    TUNE_HTTP_SEND_BUFFER = 64 * 1024, /* of a stream's socket; the kernel doubles it */
};

/* ---- body.c: memory, or an unlinked temporary file ---- */
typedef struct {
    gboolean to_file, discard;
    int fd; /* -1 */
    guint64 size, max;
    TuneHttpBuffer memory;
    GBytes *bytes; /* when finished */
} TuneHttpBody;
/* 0, or the status of the refusal: 500, 507. */
guint tune_http_body_open(TuneHttpBody *self, const char *folder);
/* 0, or 413, 500, 507. */
guint tune_http_body_add(TuneHttpBody *self, const char *data, gsize size);
void tune_http_body_finish(TuneHttpBody *self);
void tune_http_body_clear(TuneHttpBody *self);

/* ---- request.c ---- */
struct TuneHttpRequest {
    TuneHttpHead head;
    char *bytes; /* where the head's offsets count from */
    const char *path;
    GArray *query; /* of TuneHttpQuery, into decoded */
    TuneHttpBuffer decoded;
    TuneHttpBody body;
    const char *peer, *scheme, *host;
    gboolean peer_is_loopback;
    GPtrArray *joined;  /* texts made for field(); NULL until one was */
    char *forwarded[2]; /* peer and host, when a proxy told them */
    gpointer context;
    GDestroyNotify context_free;
    gint64 started_us;
};
void tune_http_request_clear(TuneHttpRequest *self);
/* Several lines of one field, for forwarded.c.  @index is advanced. (nullable) */
const char *tune_http_request_next(const TuneHttpRequest *self, const char *name, guint *index);

/* ---- response.c ---- */
typedef enum {
    TUNE_HTTP_BODY_NONE,
    TUNE_HTTP_BODY_BYTES,
    TUNE_HTTP_BODY_FILE,
    TUNE_HTTP_BODY_STREAM
} TuneHttpBodyKind;
struct TuneHttpResponse {
    TuneHttpConnection *connection;
    guint status;
    gboolean close;
    TuneHttpBuffer text; /* names and values, each ended by NUL */
    GArray *lines;       /* of offset pairs into text */
    TuneHttpBodyKind kind;
    GBytes *bytes;
    int fd;                 /* -1 */
    guint64 offset, length; /* what is left to send of bytes or file */
    gint64 stream_left;     /* -1: unknown */
    gboolean chunked;
    const TuneHttpStreamClass *class;
    gpointer stream;
    TuneHttpWaker *waker; /* NULL until asked for */
};
void tune_http_response_init(TuneHttpResponse *self, TuneHttpConnection *connection);
/* Drops the body; a stream is closed as @complete says. */
void tune_http_response_drop_body(TuneHttpResponse *self, gboolean complete);
void tune_http_response_clear(TuneHttpResponse *self);
/* Writes the head into @out, and the body too when it is small; what is left to send stays in the
 * response.
 * @common: the lines that every answer has.  May set close.  Returns the body bytes written. */
guint64 tune_http_response_write(TuneHttpResponse *self, const TuneHttpHead *head,
                                 const TuneHttpBuffer *common, TuneHttpBuffer *out);

/* ---- stream.c ---- */
typedef enum {
    TUNE_HTTP_PULLED,
    TUNE_HTTP_PULL_WAITS,
    TUNE_HTTP_PULL_ENDED,
    TUNE_HTTP_PULL_BROKEN
} TuneHttpPulled;
/* One pull of the response's stream, framed, into @out, which is empty. @n: bytes of body. */
TuneHttpPulled tune_http_stream_pull(TuneHttpResponse *self, TuneHttpBuffer *out, gsize *n);

/* What other threads push to a loop.  Counted, since wakers may outlive the loop. */
typedef struct {
    _Atomic guint refs;
    pthread_mutex_t lock; /* of all below */
    int event_fd;         /* -1: the loop is gone */
    gboolean signalled;
    TuneHttpConnection *returned; /* by workers */
    TuneHttpWaker *woken;
    GArray *sockets; /* accepted by another loop for this one */
} TuneHttpInbox;
TuneHttpInbox *tune_http_inbox_new(int event_fd);
void tune_http_inbox_unref(TuneHttpInbox *self);
void tune_http_inbox_return(TuneHttpInbox *self, TuneHttpConnection *connection);
void tune_http_inbox_pass_socket(TuneHttpInbox *self, int fd);
void tune_http_inbox_nudge(TuneHttpInbox *self);

struct TuneHttpWaker {
    _Atomic guint refs;
    TuneHttpInbox *inbox;
    TuneHttpConnection *connection; /* the loop's; NULL when the stream is gone */
    gboolean queued;                /* inbox lock */
    TuneHttpWaker *next;            /* inbox lock */
};

/* ---- forwarded.c ---- */
TuneHttpNetworks *tune_http_networks_new(const char *const *blocks, GError **error);
void tune_http_networks_free(TuneHttpNetworks *self);
gboolean tune_http_networks_have(const TuneHttpNetworks *self, const char *address);
/* Puts what trusted proxies say of peer, scheme and host into the request. */
void tune_http_forwarded_apply(TuneHttpRequest *request, const TuneHttpNetworks *trusted);

/* ---- worker.c ---- */
TuneHttpWorkers *tune_http_workers_new(guint n_threads, guint max_queued);
/* FALSE: the queue is full. */
gboolean tune_http_workers_submit(TuneHttpWorkers *self, TuneHttpConnection *connection);
void tune_http_workers_count(TuneHttpWorkers *self, guint *queued, guint *busy);
void tune_http_workers_free(TuneHttpWorkers *self); /* when none is queued or running */

/* ---- connection.c ---- */
typedef enum {
    TUNE_HTTP_STATE_HEAD,
    TUNE_HTTP_STATE_BODY,
    TUNE_HTTP_STATE_WORK,
    TUNE_HTTP_STATE_ANSWER,
    TUNE_HTTP_STATE_LINGER,
    TUNE_HTTP_STATE_CLOSED,
} TuneHttpState;

struct TuneHttpConnection {
    int fd;
    TuneHttpState state;
    TuneHttpLoop *loop;
    TuneHttpConnection *previous, *next; /* of the loop's, or next free one */
    TuneHttpConnection *next_ready, *next_job, *next_returned;
    gboolean can_read, can_write, hung_up; /* as epoll told, until found otherwise */
    gboolean on_ready, counted;            /* in the loop's list; in the table of addresses */
    gboolean doomed;                       /* to be closed as soon as its worker returns */
    gboolean begun;                        /* begin() was called, done() was not */
    gboolean streaming, stream_ended;
    gboolean reset; /* close with RST */
    TuneHttpBuffer in, out;
    gsize in_start, body_at,
        out_start; /* of the request, of body bytes not taken, of bytes not sent */
    guint64 body_left;
    TuneHttpChunks chunks;
    guint64 raw_body, body_sent;
    guint64 turn; /* bytes and requests since others had theirs */
    gint64 deadline_us, body_started_us, wake_at_us; /* 0: none */
    TuneHttpPlan plan;
    TuneHttpRequest request;
    TuneHttpResponse response;
    char peer[64];
    char network[64];       /* the peer, or its /64: what the limit per address counts */
};
TuneHttpConnection *tune_http_connection_new(TuneHttpLoop *loop);
void tune_http_connection_free(TuneHttpConnection *self);
/* @fd: a connected socket; @overload: it gets 503 only. */
void tune_http_connection_open(TuneHttpConnection *self, int fd, gboolean overload);
/* On until it must wait. */
void tune_http_connection_run(TuneHttpConnection *self);
void tune_http_connection_events(TuneHttpConnection *self, guint32 events);
void tune_http_connection_expire(TuneHttpConnection *self); /* its deadline is over */
/* Closes at once; while a worker has it, as soon as that returns. */
void tune_http_connection_kill(TuneHttpConnection *self);
void tune_http_connection_drain(TuneHttpConnection *self); /* no further request if it is idle */
/* Ready for the next request, which may have been read already. */
void tune_http_connection_next(TuneHttpConnection *self);
/* No more is sent; what comes is read for a second, or the last answer is lost by a reset. */
void tune_http_connection_linger(TuneHttpConnection *self);
/* Reads once into in.  FALSE: wait (or it is closed). */
gboolean tune_http_connection_fill(TuneHttpConnection *self);
/* Sends what is in out.  FALSE: wait (or it is closed). */
gboolean tune_http_connection_flush(TuneHttpConnection *self, int flags);
/* Bookkeeping of @n bytes sent, or of a failed call (@n < 0).  FALSE: wait (or it is closed). */
gboolean tune_http_connection_sent(TuneHttpConnection *self, gssize n);

/* ---- exchange.c: from the head to the answer.  Steps return FALSE when they must wait. ---- */
gboolean tune_http_exchange_head(TuneHttpConnection *self);
gboolean tune_http_exchange_body(TuneHttpConnection *self);
void tune_http_exchange_refuse(TuneHttpConnection *self, guint status, const char *reason,
                               gboolean close);
void tune_http_exchange_handle(TuneHttpConnection *self);   /* in the worker */
void tune_http_exchange_returned(TuneHttpConnection *self); /* from the worker, in the loop */
/* done() and all that belongs to this request.  @status 0: there was no answer. */
void tune_http_exchange_end(TuneHttpConnection *self, guint status);

/* ---- answer.c ---- */
void tune_http_answer_start(TuneHttpConnection *self); /* the response is complete */
gboolean tune_http_answer_step(TuneHttpConnection *self);

/* ---- loop.c ---- */
typedef struct {
    _Atomic guint64 connections, requests, refused, bytes_out;
    _Atomic guint open, streams;
} TuneHttpCounters;

struct TuneHttpLoop {
    TuneHttpServer *server;
    pthread_t thread;
    int epoll_fd, event_fd;
    TuneHttpInbox *inbox;
    TuneHttpConnection *connections, *ready, *dead, *free;
    guint n_free;
    gint64 now_us, swept_us;
    time_t date_s;
    TuneHttpBuffer common; /* Server and Date lines of this second */
    gboolean listening, draining, cutting, out_of_fds;
    TuneHttpCounters counters; /* written by the loop, read by all */
    char scratch[16 * 1024];   /* for what is read and dropped */
};
TuneHttpLoop *tune_http_loop_new(TuneHttpServer *server, GError **error);
void tune_http_loop_free(TuneHttpLoop *self);
void *tune_http_loop_main(void *loop);
const TuneHttpBuffer *tune_http_loop_common(TuneHttpLoop *self);
void tune_http_loop_ready(TuneHttpLoop *self, TuneHttpConnection *connection);
/* The connection is closed: leaves the lists, is freed when nobody looks at it any more. */
void tune_http_loop_forget(TuneHttpLoop *self, TuneHttpConnection *connection);

/* ---- server.c ---- */
struct TuneHttpServer {
    TuneHttpConfig config; /* its strings are ours */
    TuneHttpNetworks *trusted;
    TuneHttpWorkers *workers;
    GArray *listeners; /* of int; closed by the last loop that stops accepting */
    TuneHttpLoop **loops;
    guint n_loops, port;
    gboolean started, stopped;
    _Atomic guint open, accepting; /* connections; loops that accept */
    _Atomic gboolean draining, cutting;
    pthread_mutex_t lock; /* of all below */
    pthread_cond_t ended; /* open fell to 0 */
    GHashTable *addresses;
};
/* Counts a connection of that address; FALSE: it has too many. */
gboolean tune_http_server_enter(TuneHttpServer *self, const char *address);
void tune_http_server_leave(TuneHttpServer *self, const char *address);
void tune_http_server_one_ended(TuneHttpServer *self);
void tune_http_server_stop_listening(TuneHttpServer *self); /* by each loop once */
