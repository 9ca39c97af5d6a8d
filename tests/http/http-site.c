/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "http-client.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BIG = 1 << 20, MADE = 4096 };

/* ---- a stream whose bytes a thread makes, at most 64 KiB ahead ---- */
typedef struct {
    HttpSite *site;
    pthread_mutex_t lock;
    pthread_cond_t taken;
    guint64 wanted, made, pulled;
    gboolean stopped;
    TuneHttpWaker *waker;
    pthread_t thread;
    gboolean has_thread;
} Stream;

static guint8 byte_at(guint64 i)
{
    return (guint8)("0123456789abcdefghijklmnopqrstuvwxyz"[(i * 7 + i / 1000) % 36]);
}

static void *make(void *data)
{
    Stream *self = (Stream *)data;

    pthread_mutex_lock(&self->lock);
    while (!self->stopped && self->made < self->wanted) {
        while (!self->stopped && self->made - self->pulled > 65536 - MADE)
            pthread_cond_wait(&self->taken, &self->lock);
        self->made = MIN(self->wanted, self->made + MADE);
        tune_http_waker_wake(self->waker);
    }
    pthread_mutex_unlock(&self->lock);
    tune_http_waker_wake(self->waker);
    return NULL;
}

static gssize stream_pull(gpointer stream, guint8 *buffer, gsize size)
{
    Stream *self = (Stream *)stream;
    gssize result = TUNE_HTTP_PULL_LATER;

    pthread_mutex_lock(&self->lock);
    const gsize n = (gsize)MIN(self->made - self->pulled, (guint64)size);
    for (gsize i = 0; i < n; i++)
        buffer[i] = byte_at(self->pulled + i);
    self->pulled += n;
    self->site->produced += n;
    if (n > 0)
        result = (gssize)n;
    else if (self->pulled == self->wanted)
        result = TUNE_HTTP_PULL_END;
    pthread_cond_signal(&self->taken);
    pthread_mutex_unlock(&self->lock);
    return result;
}

static void stream_close(gpointer stream, gboolean complete)
{
    Stream *self = (Stream *)stream;

    pthread_mutex_lock(&self->lock);
    self->stopped = TRUE;
    pthread_cond_signal(&self->taken);
    pthread_mutex_unlock(&self->lock);
    if (self->has_thread)
        pthread_join(self->thread, NULL);
    g_clear_pointer(&self->waker, tune_http_waker_unref);
    *(complete ? &self->site->complete : &self->site->cancelled) += 1;
    pthread_mutex_destroy(&self->lock);
    pthread_cond_destroy(&self->taken);
    g_free(self);
}

static void answer_stream(HttpSite *site, TuneHttpResponse *response, guint64 n, gboolean known,
                          gboolean makes)
{
    static const TuneHttpStreamClass class = {stream_pull, stream_close};
    Stream *stream = g_new0(Stream, 1);

    stream->site = site;
    stream->wanted = n;
    pthread_mutex_init(&stream->lock, NULL);
    pthread_cond_init(&stream->taken, NULL);
    tune_http_response_set_status(response, 200);
    tune_http_response_set_stream(response, "audio/x-test", known ? (gint64)n : -1, &class, stream);
    if (makes) {
        stream->waker = tune_http_response_waker(response);
        stream->has_thread = pthread_create(&stream->thread, NULL, make, stream) == 0;
    }
}

/* ---- a stream that gives a byte every so often, by wake_after() alone ---- */
typedef struct {
    TuneHttpWaker *waker;
    guint given;
    gboolean waited;
} Ticker;

static gssize ticker_pull(gpointer stream, guint8 *buffer, gsize size)
{
    Ticker *self = (Ticker *)stream;

    if (self->given == 3)
        return TUNE_HTTP_PULL_END;
    self->waited = !self->waited;
    if (self->waited) {
        tune_http_waker_wake_after(self->waker, 10);
        return TUNE_HTTP_PULL_LATER;
    }
    buffer[0] = (guint8)('1' + self->given++);
    return 1;
}

static void ticker_close(gpointer stream, gboolean complete)
{
    Ticker *self = (Ticker *)stream;

    tune_http_waker_unref(self->waker);
    g_free(self);
}

static void answer_ticker(TuneHttpResponse *response)
{
    static const TuneHttpStreamClass class = {ticker_pull, ticker_close};
    Ticker *ticker = g_new0(Ticker, 1);

    ticker->waker = tune_http_response_waker(response);
    tune_http_response_set_status(response, 200);
    tune_http_response_set_stream(response, "text/plain", -1, &class, ticker);
}

static gssize broken_pull(gpointer stream, guint8 *buffer, gsize size)
{
    guint *calls = (guint *)stream;

    if ((*calls)++ > 0)
        return TUNE_HTTP_PULL_FAILED;
    memcpy(buffer, "start", 5);
    return 5;
}

static void broken_close(gpointer stream, gboolean complete)
{
    g_free(stream);
}

static void answer_broken(TuneHttpResponse *response)
{
    static const TuneHttpStreamClass class = {broken_pull, broken_close};

    tune_http_response_set_status(response, 200);
    tune_http_response_set_stream(response, "text/plain", -1, &class, g_new0(guint, 1));
}

/* ---- routes ---- */
static void answer_text(TuneHttpResponse *response, guint status, const char *format, ...)
    G_GNUC_PRINTF(3, 4);
static void answer_text(TuneHttpResponse *response, guint status, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    char *text = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    g_autoptr(GBytes) body = g_bytes_new_take(text, strlen(text));
    tune_http_response_set_status(response, status);
    tune_http_response_set_body(response, "text/plain", body);
}

static void answer_file_body(TuneHttpRequest *request, TuneHttpResponse *response)
{
    g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
    guchar buffer[65536];
    gssize n;

    g_assert_null(request->body);
    while ((n = read(request->body_fd, buffer, sizeof buffer)) > 0)
        g_checksum_update(sum, buffer, n);
    answer_text(response, 200, "%" G_GUINT64_FORMAT " %s", request->body_size,
                g_checksum_get_string(sum));
}

static void block(HttpSite *site)
{
    pthread_mutex_lock(&site->lock);
    site->blocked++;
    while (!site->released)
        pthread_cond_wait(&site->release, &site->lock);
    pthread_mutex_unlock(&site->lock);
}

static guint64 number_of(const TuneHttpRequest *request)
{
    const char *n = tune_http_request_query(request, "n");

    return n != NULL ? g_ascii_strtoull(n, NULL, 10) : 0;
}

static void echo(TuneHttpRequest *request, TuneHttpResponse *response)
{
    GBytes *body = request->body;
    const char *seen = tune_http_request_field(request, "X-Seen");

    tune_http_response_set_status(response, 200);
    tune_http_response_set_field(response, "X-Method", request->method_name);
    tune_http_response_set_field(response, "X-Path", request->path);
    if (seen != NULL)
        tune_http_response_set_field(response, "X-Seen", seen);
    tune_http_response_set_body(response, "application/octet-stream", body);
}

static void handle(TuneHttpRequest *request, TuneHttpResponse *response, gpointer user_data)
{
    HttpSite *site = (HttpSite *)user_data;
    const char *path = request->path;

    if (strcmp(path, "/file-body") == 0) {
        answer_file_body(request, response);
    } else if (strcmp(path, "/none") == 0) {
        return;
    } else if (strcmp(path, "/big") == 0) {
        tune_http_response_set_status(response, 200);
        tune_http_response_set_body(response, "application/octet-stream", site->big);
    } else if (strcmp(path, "/file") == 0) {
        tune_http_response_set_ranged_file(response, request, "audio/flac", "\"tag\"",
                                           open(site->file, O_RDONLY | O_CLOEXEC), BIG);
    } else if (strcmp(path, "/stream") == 0 || strcmp(path, "/known") == 0) {
        answer_stream(site, response, number_of(request), path[1] == 'k', TRUE);
    } else if (strcmp(path, "/wait") == 0) {
        answer_stream(site, response, 1, FALSE, FALSE);
    } else if (strcmp(path, "/ticker") == 0) {
        answer_ticker(response);
    } else if (strcmp(path, "/broken") == 0) {
        answer_broken(response);
    } else if (strcmp(path, "/field") == 0) {
        const char *value = tune_http_request_query(request, "value");
        answer_text(response, 200, "%s",
                    tune_http_response_set_field(response, "X-Value", value) ? "set" : "refused");
    } else if (strcmp(path, "/peer") == 0) {
        answer_text(response, 200, "%s %s", request->peer, request->host);
    } else if (strcmp(path, "/block") == 0) {
        block(site);
        answer_text(response, 200, "released");
    } else {
        echo(request, response);
    }
}

static void begin(TuneHttpRequest *request, TuneHttpResponse *response, TuneHttpPlan *plan,
                  gpointer user_data)
{
    HttpSite *site = (HttpSite *)user_data;
    const char *path = request->path;

    site->begun++;
    request->context = g_strdup(path);
    plan->max_body = 1 << 20;
    plan->body_to_file = strcmp(path, "/file-body") == 0;
    plan->on_worker = strcmp(path, "/block") == 0 || plan->body_to_file ||
                      tune_http_request_query(request, "worker") != NULL;
    if (plan->body_to_file)
        plan->max_body = 64 << 20;
    if (strcmp(path, "/early") == 0) {
        answer_text(response, 401, "no");
        plan->answered = TRUE;
    }
}

static void done(TuneHttpRequest *request, guint status, guint64 body_bytes, gint64 duration_us,
                 gpointer user_data)
{
    HttpSite *site = (HttpSite *)user_data;

    /* The context is still there. */
    g_assert_cmpstr((const char *)request->context, ==, request->path);
    g_assert_cmpint(duration_us, >=, 0);
    if (status == 0)
        site->left++;
    g_free(request->context);
    site->done++;
}

HttpSite *http_site_new_stopped(void (*tweak)(TuneHttpConfig *config))
{
    HttpSite *site = g_new0(HttpSite, 1);
    g_autoptr(GError) error = NULL;
    TuneHttpConfig config = TUNE_HTTP_CONFIG_DEFAULT;
    guint8 *bytes = (guint8 *)g_malloc(BIG);
    int fd;

    for (gsize i = 0; i < BIG; i++)
        bytes[i] = byte_at(i);
    site->big = g_bytes_new_take(bytes, BIG);
    fd = g_file_open_tmp("tunesmith-http-XXXXXX", &site->file, &error);
    g_assert_no_error(error);
    g_assert_cmpint(write(fd, bytes, BIG), ==, BIG);
    close(fd);
    pthread_mutex_init(&site->lock, NULL);
    pthread_cond_init(&site->release, NULL);
    config.n_loops = 2;
    config.n_workers = 4;
    config.begin = begin;
    config.handle = handle;
    config.done = done;
    config.user_data = site;
    if (tweak != NULL)
        tweak(&config);
    site->server = tune_http_server_new(&config);
    return site;
}

HttpSite *http_site_new(void (*tweak)(TuneHttpConfig *config))
{
    HttpSite *site = http_site_new_stopped(tweak);
    g_autoptr(GError) error = NULL;

    g_assert_true(tune_http_server_listen(site->server, "127.0.0.1", 0, &error));
    g_assert_true(tune_http_server_start(site->server, &error));
    g_assert_no_error(error);
    site->port = tune_http_server_port(site->server);
    return site;
}

void http_site_release(HttpSite *site)
{
    pthread_mutex_lock(&site->lock);
    site->released = TRUE;
    pthread_cond_broadcast(&site->release);
    pthread_mutex_unlock(&site->lock);
}

void http_site_free(HttpSite *site)
{
    http_site_release(site);
    tune_http_server_free(site->server);
    g_assert_cmpuint(site->begun, ==, site->done); /* whatever happened, each was told of once */
    unlink(site->file);
    g_free(site->file);
    g_bytes_unref(site->big);
    pthread_mutex_destroy(&site->lock);
    pthread_cond_destroy(&site->release);
    g_free(site);
}
