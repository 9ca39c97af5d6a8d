/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * HTTP/1.1 itself: sockets, a strict parser, deadlines, bodies, responses, ranges, streams, drain.
 * No TLS, no HTTP/2 (nginx or HAProxy in front); knows nothing of routes or JSON.
 *
 *     TuneHttpConfig config = TUNE_HTTP_CONFIG_DEFAULT;
 *     config.begin = begin; config.handle = handle; config.user_data = service;
 *     g_autoptr(TuneHttpServer) server = tune_http_server_new(&config);
 *     tune_http_server_listen(server, "127.0.0.1", 8080, &error);
 *     tune_http_server_start(server, &error);
 *     ...
 *     tune_http_server_drain(server, 30 * 1000);
 *
 * Threads: N loops (epoll, one shared listener each) never block; what may block runs on the worker pool.
 * A request: its head is parsed, begin() says on the loop thread what shall happen with the body and where
 * handle() runs, the body is read, handle() fills the response.  A connection lives until its worker has
 * returned; it is freed by its loop only.
 *
 * RFC 9110, RFC 9112.  Whatever is ambiguous is refused with a 4xx and the connection closed.
 */
#pragma once
#include "base/log.h"
#include <gio/gio.h>

#define TUNE_HTTP_ERROR (tune_http_error_quark())
GQuark tune_http_error_quark(void);
typedef enum {
    TUNE_HTTP_ERROR_ADDRESS, /* cannot listen there: in use, no permission, no such address */
    TUNE_HTTP_ERROR_SYSTEM,  /* epoll, eventfd, threads, file descriptors */
} TuneHttpError;

typedef enum {
    TUNE_HTTP_GET = 1 << 0,
    TUNE_HTTP_HEAD = 1 << 1,
    TUNE_HTTP_POST = 1 << 2,
    TUNE_HTTP_PUT = 1 << 3,
    TUNE_HTTP_PATCH = 1 << 4,
    TUNE_HTTP_DELETE = 1 << 5,
    TUNE_HTTP_OPTIONS = 1 << 6,
    TUNE_HTTP_OTHER = 1 << 7, /* any other token; its name is in the request */
} TuneHttpMethod;

typedef struct TuneHttpServer TuneHttpServer;
typedef struct TuneHttpRequest TuneHttpRequest;
typedef struct TuneHttpResponse TuneHttpResponse;
typedef struct TuneHttpWaker TuneHttpWaker;

/* What begin() decides. */
typedef struct {
    gboolean answered;     /* begin() filled the response: the body is not wanted */
    gboolean on_worker;    /* handle() may block: run it on the worker pool */
    gboolean body_to_file; /* the body goes to an unlinked temporary file instead of memory */
    guint64 max_body;      /* bytes; more is 413 (0: any body is) */
} TuneHttpPlan;

/* On the loop thread, must not block.  The head is complete, the body is not read; @plan is all zero.  When
 * it answers at once, a small body is still read and dropped, before a large one the connection ends. */
typedef void (*TuneHttpBegin)(TuneHttpRequest *request, TuneHttpResponse *response,
                              TuneHttpPlan *plan, gpointer user_data);
/* With the whole body.  Must fill the response; a response without a status is sent as 500. */
typedef void (*TuneHttpHandle)(TuneHttpRequest *request, TuneHttpResponse *response,
                               gpointer user_data);
/* On the loop thread when an answer is out (or its client gone): for the access log and the metrics.  Once
 * for each request that begin() saw, whatever became of it.  @status 0: the client left before there was
 * an answer. */
typedef void (*TuneHttpDone)(TuneHttpRequest *request, guint status, guint64 body_bytes,
                             gint64 duration_us, gpointer user_data);
/* A refusal of this layer (400, 408, 413, 414, 417, 431, 500, 501, 503, 505, 507): puts into the response,
 * which has its status, the sentence @reason as the service words its errors.  On the loop thread.  @request
 * (nullable): one that begin() saw. */
typedef void (*TuneHttpRefuse)(TuneHttpRequest *request, TuneHttpResponse *response,
                               const char *reason, gpointer user_data);

typedef struct {
    guint n_loops;               /* 0: one a core, at most 4 */
    guint n_workers;             /* 0: 32 */
    guint max_queued;            /* hand-overs that may wait for a worker; beyond: 503 with Retry-After */
    guint max_connections;       /* in total; beyond: accepted and closed with 503 */
    guint max_per_address;       /* 0: no limit */
    guint head_ms;               /* absolute, from the first byte of a request */
    guint body_ms;               /* absolute base; plus body_bytes / body_min_rate seconds */
    guint body_min_rate;         /* bytes a second */
    guint write_ms;              /* without progress while there is something to send */
    guint idle_ms;               /* between requests */
    /* (nullable) A proxy, whose connections max_per_address does not count?  Any thread. */
    gboolean (*is_proxy)(GInetAddress *address, gpointer user_data);
    TuneHttpBegin begin;
    TuneHttpHandle handle;
    TuneHttpDone done;           /* (nullable) */
    TuneHttpRefuse refuse;       /* (nullable): else refusals have no body */
    gpointer user_data;
    const TuneLog *log;
} TuneHttpConfig;
#define TUNE_HTTP_CONFIG_DEFAULT                                                                   \
    {.max_queued = 4096, .max_connections = 10000, .head_ms = 10000, .body_ms = 10000,             \
     .body_min_rate = 16384, .write_ms = 20000, .idle_ms = 60000}

TuneHttpServer *tune_http_server_new(const TuneHttpConfig *config);
/* @host: numeric address or name; @port 0 picks one.  May be called several times, before start. */
gboolean tune_http_server_listen(TuneHttpServer *self, const char *host, guint port, GError **error);
/* A listening socket passed by the service supervisor (sd_listen_fds(3) protocol); owned from now on. */
gboolean tune_http_server_listen_fd(TuneHttpServer *self, int fd, GError **error);
gboolean tune_http_server_start(TuneHttpServer *self, GError **error);
guint tune_http_server_port(const TuneHttpServer *self); /* of the first listener */
/* Stop accepting, let requests under way and streams end, close idle connections; TRUE when all had
 * ended within @ms, else the rest is cut. Blocks; any thread but the loops'. */
gboolean tune_http_server_drain(TuneHttpServer *self, guint ms);
void tune_http_server_free(TuneHttpServer *self); /* drains for 0 ms if still running */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TuneHttpServer, tune_http_server_free)

typedef struct {
    guint64 connections, requests, refused, bytes_out; /* since start */
    guint open, streams, queued, busy_workers;         /* now */
} TuneHttpStats;
void tune_http_server_stats(TuneHttpServer *self, TuneHttpStats *out); /* any thread */

/* ---- the request: for reading only, but the context; valid until the response is done ---- */
struct TuneHttpRequest {
    TuneHttpMethod method;
    const char *method_name;
    const char *target; /* as sent: path and query */
    char *path;         /* decoded once: valid UTF-8, starts with "/", no control character, no "." or ".."
                           segment, no encoded slash (all refused with 400 before) */
    GPtrArray *query;   /* name, value, name, value ... as they came; decoded, UTF-8 */
    const char *host;   /* as sent; "" when there is none (HTTP/1.0) */
    const char *peer;   /* address of the socket's other end, "unix:" of a local one */
    GBytes *body;       /* in memory (empty if none), NULL when it went to a file */
    int body_fd;        /* of the body's file at offset 0, or -1 */
    guint64 body_size;
    gpointer context;   /* the service's own, NULL in begin(), freed by done() */
};
/* Value of the first query member @name, or NULL. */
const char *tune_http_request_query(const TuneHttpRequest *self, const char *name);
/* Field value, case-insensitive name; several lines joined by ", " (NULL if none). */
const char *tune_http_request_field(const TuneHttpRequest *self, const char *name);

/* ---- the response ---- */
void tune_http_response_set_status(TuneHttpResponse *self, guint status);
guint tune_http_response_status(const TuneHttpResponse *self);
/* Replaces a field of the same name; FALSE (and nothing is set) when @value has CR, LF or another control
 * character, or the layer writes that field itself (Connection, Content-Length, Transfer-Encoding, Date,
 * Server). */
gboolean tune_http_response_set_field(TuneHttpResponse *self, const char *name, const char *value);
/* One more line of that name ("Link", "Set-Cookie"). */
gboolean tune_http_response_add_field(TuneHttpResponse *self, const char *name, const char *value);
const char *tune_http_response_field(const TuneHttpResponse *self, const char *name);
/* @body (transfer none, a reference is taken).  HEAD and 304 send no body by themselves. */
void tune_http_response_set_body(TuneHttpResponse *self, const char *content_type, GBytes *body);
/* A whole file or the range that @request asks for: 200, 206 or 416 with Accept-Ranges, Content-Range,
 * ETag and If-Range as RFC 9110 section 14 has them, by sendfile.  @etag with quotes.  @fd is owned from now on.
 * One range; several are answered with the whole. */
void tune_http_response_set_ranged_file(TuneHttpResponse *self, const TuneHttpRequest *request,
                                        const char *content_type, const char *etag, int fd,
                                        guint64 size);

/* ---- streams: the body is pulled as the client takes it ---- */
enum { TUNE_HTTP_PULL_LATER = 0, TUNE_HTTP_PULL_END = -1, TUNE_HTTP_PULL_FAILED = -2 };
typedef struct {
    /* On the loop thread, must not block on anything but page cache: up to @size bytes into @buffer.
     * Returns their count or one of the above; after LATER it is called again when woken. */
    gssize (*pull)(gpointer stream, guint8 *buffer, gsize size);
    /* The last call: all was sent (@complete) or the client is gone.  Within a millisecond of its
     * leaving. */
    void (*close)(gpointer stream, gboolean complete);
} TuneHttpStreamClass;
/* @length: bytes if known (Content-Length), else -1 (chunked; HTTP/1.0: until close).  At most
 * 64 KiB of a stream are in memory. */
void tune_http_response_set_stream(TuneHttpResponse *self, const char *content_type, gint64 length,
                                   const TuneHttpStreamClass *class, gpointer stream);
/* To call the stream's pull() again, from any thread, also when the stream is gone. (transfer full) */
TuneHttpWaker *tune_http_response_waker(TuneHttpResponse *self);
void tune_http_waker_wake(TuneHttpWaker *self);
void tune_http_waker_wake_after(TuneHttpWaker *self, guint ms); /* from pull() only; the nearest 250 ms */
void tune_http_waker_unref(TuneHttpWaker *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TuneHttpWaker, tune_http_waker_unref)
