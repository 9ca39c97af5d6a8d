/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Streams from another thread: whole, framed, bounded, and cancelled when nobody listens.
 */
#include "http-client.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static guint8 byte_at(guint64 i)
{
    return (guint8)("0123456789abcdefghijklmnopqrstuvwxyz"[(i * 7 + i / 1000) % 36]);
}

static void check_content(const GString *body, gsize n)
{
    g_assert_cmpuint(body->len, ==, n);
    for (gsize i = 0; i < n; i++)
        if ((guint8)body->str[i] != byte_at(i))
            g_error("byte %zu of the stream is wrong", i);
}

static void test_chunked(void)
{
    g_autoptr(HttpSite) site = http_site_new(NULL);
    static const gsize sizes[] = {0, 1, 4095, 65536, 3000001};
    const int fd = http_connect(site->port);

    for (guint i = 0; i < G_N_ELEMENTS(sizes); i++) {
        http_sendf(fd, "GET /stream?n=%zu%s HTTP/1.1\r\nHost: a\r\n\r\n", sizes[i],
                   i % 2 ? "&worker=1" : "");
        g_autoptr(HttpAnswer) answer = http_read_answer(fd, FALSE);
        g_assert_true(answer->whole);
        check_content(answer->body, sizes[i]);
    }
    g_assert_true(http_wait_for(&site->complete, G_N_ELEMENTS(sizes)));
    g_assert_cmpuint(site->cancelled, ==, 0);
    close(fd);
}

static void test_known_length(void)
{
    g_autoptr(HttpSite) site = http_site_new(NULL);
    const int fd = http_connect(site->port);

    http_send(fd,
              "GET /known?n=100000 HTTP/1.1\r\nHost: a\r\n\r\nGET /x HTTP/1.1\r\nHost: a\r\n\r\n",
              -1);
    g_autoptr(HttpAnswer) answer = http_read_answer(fd, FALSE);
    g_autoptr(HttpAnswer) next = http_read_answer(fd, FALSE);
    g_autofree char *length = http_answer_field(answer, "Content-Length");
    g_assert_cmpstr(length, ==, "100000");
    check_content(answer->body, 100000);
    g_assert_cmpuint(next->status, ==, 200);
    close(fd);
}

/* HTTP/1.0 has no chunks: the end of the connection is the end of the body. */
static void test_until_close(void)
{
    g_autoptr(HttpSite) site = http_site_new(NULL);
    const int fd = http_connect(site->port);

    http_send(fd, "GET /stream?n=100000 HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", -1);
    g_autoptr(HttpAnswer) answer = http_read_answer(fd, FALSE);
    g_autofree char *connection = http_answer_field(answer, "Connection");
    g_assert_cmpstr(connection, ==, "close");
    check_content(answer->body, 100000);
    close(fd);
}

/* A listener who does not read stops the producer long before the end, and costs no memory for it.
 */
static void test_back_pressure(void)
{
    g_autoptr(HttpSite) site = http_site_new(NULL);
    const int fd = http_connect(site->port);
    guint64 before;

    http_send(fd, "GET /stream?n=1000000000 HTTP/1.1\r\nHost: a\r\n\r\n", -1);
    do { /* until it stands still */
        before = site->produced;
        g_usleep(200000);
    } while (site->produced != before || before == 0);
    /* What the client's socket took is the client's; 64 KiB ahead, 16 in hand, 128 in ours. */
    g_assert_cmpuint(before, <, 64 << 20);
    g_assert_cmpuint(site->cancelled, ==, 0);
    close(fd);
    g_assert_true(http_wait_for(&site->cancelled, 1));
}

static void test_client_leaves(void)
{
    g_autoptr(HttpSite) site = http_site_new(NULL);
    TuneHttpStats stats;

    for (guint i = 0; i < 3; i++) { /* closes, half-closes, resets; the stream has nothing to say */
        const int fd = http_connect(site->port);
        const struct linger now = {.l_onoff = 1};
        char buffer[32];

        http_send(fd, "GET /wait HTTP/1.1\r\nHost: a\r\n\r\n", -1);
        g_assert_cmpint(recv(fd, buffer, sizeof buffer, 0), >, 0); /* the head is sent at once */
        g_assert_cmpuint(site->cancelled, ==, i);
        if (i == 1)
            shutdown(fd, SHUT_WR);
        if (i == 2)
            setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
        if (i != 1)
            close(fd);
        g_assert_true(http_wait_for(&site->cancelled, i + 1));
        if (i == 1)
            close(fd);
    }
    g_assert_true(http_wait_for(&site->done, 3));
    tune_http_server_stats(site->server, &stats);
    g_assert_cmpuint(stats.streams, ==, 0);
    g_assert_cmpuint(site->complete, ==, 0);
}

static void test_wake_after(void)
{
    g_autoptr(HttpSite) site = http_site_new(NULL);
    g_autoptr(HttpAnswer) answer = http_ask(site->port, "GET /ticker HTTP/1.1\r\nHost: a\r\n\r\n");

    g_assert_cmpstr(answer->body->str, ==, "123");
    g_assert_true(answer->whole);
}

/* A stream that fails is seen to be cut, chunked or not. */
static void test_failure(void)
{
    g_autoptr(HttpSite) site = http_site_new(NULL);
    g_autoptr(HttpAnswer) answer = http_ask(site->port, "GET /broken HTTP/1.1\r\nHost: a\r\n\r\n");
    const int fd = http_connect(site->port);
    char buffer[4096];
    gssize n;

    g_assert_false(answer->whole);
    http_send(fd, "GET /broken HTTP/1.0\r\n\r\n", -1);
    while ((n = recv(fd, buffer, sizeof buffer, 0)) > 0)
        ;
    g_assert_cmpint(n, ==, -1); /* reset: an end would look like the end of the body */
    close(fd);
}

static void *listen_to(void *data)
{
    const HttpSite *site = (const HttpSite *)data;
    g_autoptr(HttpAnswer) answer =
        http_ask(site->port, "GET /stream?n=1000000 HTTP/1.1\r\nHost: a\r\n\r\n");

    check_content(answer->body, 1000000);
    return NULL;
}

/* Some leave, some stall, the others hear all. */
static void test_many_listeners(void)
{
    g_autoptr(HttpSite) site = http_site_new(NULL);
    pthread_t threads[10];
    int stalled[5];

    for (guint i = 0; i < G_N_ELEMENTS(stalled); i++) {
        stalled[i] = http_connect(site->port);
        http_send(stalled[i], "GET /stream?n=100000000 HTTP/1.1\r\nHost: a\r\n\r\n", -1);
    }
    for (guint i = 0; i < G_N_ELEMENTS(threads); i++)
        g_assert_cmpint(pthread_create(&threads[i], NULL, listen_to, site), ==, 0);
    for (guint i = 0; i < G_N_ELEMENTS(threads); i++)
        pthread_join(threads[i], NULL);
    for (guint i = 0; i < G_N_ELEMENTS(stalled); i++)
        close(stalled[i]);
    g_assert_true(http_wait_for(&site->cancelled, G_N_ELEMENTS(stalled)));
    g_assert_true(http_wait_for(&site->complete, G_N_ELEMENTS(threads)));
}

/* Wakers are used after their stream, and even after the server. */
static TuneHttpWaker *kept;

static gssize no_pull(gpointer stream, guint8 *buffer, gsize size)
{
    return TUNE_HTTP_PULL_END;
}

static void no_close(gpointer stream, gboolean complete)
{
}

static void begin_kept(TuneHttpRequest *request, TuneHttpResponse *response, TuneHttpPlan *plan,
                       gpointer user_data)
{
    static const TuneHttpStreamClass class = {no_pull, no_close};

    kept = tune_http_response_waker(response);
    tune_http_response_set_status(response, 200);
    tune_http_response_set_stream(response, NULL, -1, &class, NULL);
    plan->answered = TRUE;
}

static void handle_nothing(TuneHttpRequest *request, TuneHttpResponse *response, gpointer user_data)
{
}

static void test_late_waker(void)
{
    TuneHttpConfig config = TUNE_HTTP_CONFIG_DEFAULT;
    g_autoptr(GError) error = NULL;

    config.begin = begin_kept;
    config.handle = handle_nothing;
    TuneHttpServer *server = tune_http_server_new(&config);
    g_assert_true(tune_http_server_listen(server, "127.0.0.1", 0, &error));
    g_assert_true(tune_http_server_start(server, &error));
    g_autoptr(HttpAnswer) answer =
        http_ask(tune_http_server_port(server), "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    g_assert_true(answer->whole);
    tune_http_waker_wake(kept);
    tune_http_server_free(server);
    tune_http_waker_wake(kept);
    tune_http_waker_unref(kept);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/http/stream/chunked", test_chunked);
    g_test_add_func("/http/stream/known-length", test_known_length);
    g_test_add_func("/http/stream/until-close", test_until_close);
    g_test_add_func("/http/stream/back-pressure", test_back_pressure);
    g_test_add_func("/http/stream/client-leaves", test_client_leaves);
    g_test_add_func("/http/stream/wake-after", test_wake_after);
    g_test_add_func("/http/stream/failure-is-seen", test_failure);
    g_test_add_func("/http/stream/many-listeners", test_many_listeners);
    g_test_add_func("/http/stream/late-waker", test_late_waker);
    return g_test_run();
}
