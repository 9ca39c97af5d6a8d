/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Clients of every kind at once, by a fixed seed: polite, impatient, in pieces, pipelining, leaving
 * in the middle, half-closing, resetting, not reading.  Afterwards nothing is left open, each
 * request that began was told of once, and the server still answers.
 */
#include "base/random.h"
#include "http-client.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { THREADS = 4, SESSIONS = 250, THOROUGH_SESSIONS = 2500 }; /* -m thorough */

static const char *const requests[] = {
    "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
    "GET /x?worker=1 HTTP/1.1\r\nHost: a\r\n\r\n",
    "GET /big HTTP/1.1\r\nHost: a\r\n\r\n",
    "GET /file HTTP/1.1\r\nHost: a\r\nRange: bytes=1000-200000\r\n\r\n",
    "HEAD /file HTTP/1.1\r\nHost: a\r\n\r\n",
    "GET /stream?n=300000 HTTP/1.1\r\nHost: a\r\n\r\n",
    "GET /known?n=100000&worker=1 HTTP/1.1\r\nHost: a\r\n\r\n",
    "GET /wait HTTP/1.1\r\nHost: a\r\n\r\n",
    "GET /ticker HTTP/1.1\r\nHost: a\r\n\r\n",
    "GET /broken HTTP/1.1\r\nHost: a\r\n\r\n",
    "GET /none HTTP/1.1\r\nHost: a\r\n\r\n",
    "POST /early HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello",
    "POST /early HTTP/1.1\r\nHost: a\r\nContent-Length: 500000\r\n\r\nhello",
    "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n0123456789",
    "POST /?worker=1 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
    "5\r\nhello\r\n3\r\nabc\r\n0\r\nX: y\r\n\r\n",
    "POST /file-body HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n0123456789",
    "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\nabc",
    "GET / HTTP/1.0\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
    "GET /../ HTTP/1.1\r\nHost: a\r\n\r\n",
    "\x16\x03\x01",
};

static GString *make_bytes(TuneRandom *random)
{
    GString *bytes = g_string_new(NULL);
    const gint n = tune_random_int(random, 1, 6);

    for (gint i = 0; i < n; i++)
        g_string_append(bytes, requests[tune_random_int(random, 0, G_N_ELEMENTS(requests) - 1)]);
    if (tune_random_chance(random, 0.3)) /* leaves in the middle of something */
        g_string_truncate(bytes, (gsize)tune_random_int(random, 0, (gint)bytes->len));
    return bytes;
}

static void send_in_pieces(TuneRandom *random, int fd, const GString *bytes)
{
    const gint most = tune_random_chance(random, 0.5) ? 4096 : 7;

    for (gsize at = 0; at < bytes->len;) {
        const gsize wanted = (gsize)tune_random_int(random, 1, most);
        const gsize n = MIN(wanted, bytes->len - at);

        http_send(fd, bytes->str + at, (gssize)n);
        at += n;
    }
}

static void read_some(TuneRandom *random, int fd)
{
    const struct timeval patience = {.tv_usec = 20000};
    const gint limit = tune_random_chance(random, 0.5) ? 3000000 : 5000;
    char buffer[16384];
    gssize n;

    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    for (gint got = 0; got < limit && (n = recv(fd, buffer, sizeof buffer, 0)) > 0;)
        got += (gint)n;
}

typedef struct {
    const HttpSite *site;
    guint number, n_sessions;
} Client;

static void *be_clients(void *data)
{
    const Client *self = (const Client *)data;

    for (guint i = 0; i < self->n_sessions; i++) {
        const struct linger now = {.l_onoff = 1};
        TuneRandom random;
        const int fd = http_connect(self->site->port);

        tune_random_init(&random, 1, "client/%u/%u", self->number, i);
        g_autoptr(GString) bytes = make_bytes(&random);
        send_in_pieces(&random, fd, bytes);
        if (tune_random_chance(&random, 0.3))
            shutdown(fd, SHUT_WR);
        if (tune_random_chance(&random, 0.7))
            read_some(&random, fd);
        if (tune_random_chance(&random, 0.3))
            setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
        close(fd);
    }
    return NULL;
}

static void test_all_kinds(void)
{
    g_autoptr(HttpSite) site = http_site_new(NULL);
    TuneHttpStats stats = {.open = 1};
    pthread_t threads[THREADS];
    Client clients[THREADS];
    const guint n_sessions = g_test_thorough() ? THOROUGH_SESSIONS : SESSIONS;

    for (guint i = 0; i < THREADS; i++) {
        clients[i] = (Client){site, i, n_sessions};
        g_assert_cmpint(pthread_create(&threads[i], NULL, be_clients, &clients[i]), ==, 0);
    }
    for (guint i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    for (guint i = 0; i < 1200 && stats.open > 0; i++) {
        g_usleep(50000);
        tune_http_server_stats(site->server, &stats);
    }
    g_assert_cmpuint(stats.open, ==, 0);
    g_assert_cmpuint(stats.streams, ==, 0);
    g_assert_cmpuint(stats.queued + stats.busy_workers, ==, 0);
    g_assert_cmpuint(site->begun, ==, site->done);
    g_assert_cmpuint(site->begun, >, THREADS * n_sessions);
    g_autoptr(HttpAnswer) answer = http_ask(site->port, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    g_assert_cmpuint(answer->status, ==, 200);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/http/clients/of-every-kind", test_all_kinds);
    return g_test_run();
}
