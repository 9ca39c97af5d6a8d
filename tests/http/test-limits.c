/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Deadlines, limits, overload, sockets that were passed, and the end of a server.  Times
 * are short and only their order of size is asserted: a dripping client would otherwise go on for
 * ever.
 */
#include "http-client.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define GET(path) "GET " path " HTTP/1.1\r\nHost: a\r\n\r\n"

static void be_short(TuneHttpConfig *config)
{
    config->head_ms = config->body_ms = config->write_ms = config->idle_ms = 400;
    config->body_min_rate = 1 << 20;
}

/* Sends @text slowly until the server has had enough; everything it said. */
static GString *drip(int fd, const char *text)
{
    char buffer[4096];
    GString *said = g_string_new(NULL);

    for (guint i = 0; i < 2000; i++) { /* 100 s */
        gssize n;

        send(fd, text + (i % strlen(text)), 1, MSG_NOSIGNAL);
        while ((n = recv(fd, buffer, sizeof buffer, MSG_DONTWAIT)) > 0)
            g_string_append_len(said, buffer, n);
        if (n == 0 || (errno != EAGAIN && errno != EWOULDBLOCK))
            return said;
        g_usleep(50000);
    }
    g_error("the server bore it for ever");
}

static void test_slow_clients(void)
{
    g_autoptr(HttpSite) site = http_site_new(be_short);
    int fd = http_connect(site->port);

    g_autoptr(GString) head =
        drip(fd, "GET /aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
    g_assert_true(g_str_has_prefix(head->str, "HTTP/1.1 408 "));
    close(fd);

    fd = http_connect(site->port);
    http_send(fd, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n", -1);
    g_autoptr(GString) body = drip(fd, "x");
    g_assert_true(g_str_has_prefix(body->str, "HTTP/1.1 408 "));
    close(fd);

    fd = http_connect(site->port);
    http_send(fd, "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", -1);
    g_autoptr(GString) chunks = drip(fd, "1\r\nx\r\n");
    g_assert_true(g_str_has_prefix(chunks->str, "HTTP/1.1 408 "));
    close(fd);

    fd = http_connect(site->port); /* says nothing at all */
    g_assert_true(http_is_closed(fd));
    close(fd);

    fd = http_connect(site->port); /* nothing more */
    http_send(fd, GET("/"), -1);
    g_autoptr(HttpAnswer) answer = http_read_answer(fd, FALSE);
    g_assert_cmpuint(answer->status, ==, 200);
    g_assert_true(http_is_closed(fd));
    close(fd);
}

static void test_slow_reader(void)
{
    g_autoptr(HttpSite) site = http_site_new(be_short);
    const int fd = http_connect(site->port), size = 4096;

    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
    for (guint i = 0; i < 20; i++)
        http_send(fd, GET("/file"), -1);
    g_usleep(300000);
    TuneHttpStats stats = {.open = 1};
    for (guint i = 0; i < 1200 && stats.open > 0; i++) {
        g_usleep(50000);
        tune_http_server_stats(site->server, &stats);
    }
    g_assert_cmpuint(stats.open, ==, 0);
    close(fd);
}

static void be_small(TuneHttpConfig *config)
{
    config->max_connections = 3;
}

static void test_connections_in_total(void)
{
    g_autoptr(HttpSite) site = http_site_new(be_small);
    int fds[3];

    for (guint i = 0; i < 3; i++) {
        fds[i] = http_connect(site->port);
        http_send(fds[i], GET("/"), -1);
        g_autoptr(HttpAnswer) answer = http_read_answer(fds[i], FALSE);
        g_assert_cmpuint(answer->status, ==, 200);
    }
    g_autoptr(HttpAnswer) refused = http_ask(site->port, GET("/"));
    g_autofree char *retry = http_answer_field(refused, "Retry-After");
    g_assert_cmpuint(refused->status, ==, 503);
    g_assert_nonnull(retry);
    for (guint i = 0; i < 3; i++)
        close(fds[i]);
    guint status = 503;
    for (guint i = 0; i < 1200 && status == 503; i++) {
        g_autoptr(HttpAnswer) again = http_ask(site->port, GET("/"));
        status = again->status;
        g_usleep(status == 503 ? 50000 : 0);
    }
    g_assert_cmpuint(status, ==, 200);
}

static void be_stingy(TuneHttpConfig *config)
{
    config->max_per_address = 2;
}

static void test_connections_per_address(void)
{
    g_autoptr(HttpSite) site = http_site_new(be_stingy);
    const int one = http_connect(site->port), two = http_connect(site->port);

    http_send(one, GET("/"), -1);
    http_send(two, GET("/"), -1);
    g_autoptr(HttpAnswer) first = http_read_answer(one, FALSE);
    g_autoptr(HttpAnswer) second = http_read_answer(two, FALSE);
    g_autoptr(HttpAnswer) third = http_ask(site->port, GET("/"));
    g_assert_cmpuint(first->status, ==, 200);
    g_assert_cmpuint(second->status, ==, 200);
    g_assert_cmpuint(third->status, ==, 503);
    close(one);
    close(two);
}

static gboolean take_for_proxy(GInetAddress *address, gpointer user_data)
{
    return g_inet_address_get_is_loopback(address);
}

static void be_stingy_but_to_proxies(TuneHttpConfig *config)
{
    config->max_per_address = 1;
    config->is_proxy = take_for_proxy;
}

static void test_proxies_are_not_counted(void)
{
    g_autoptr(HttpSite) site = http_site_new(be_stingy_but_to_proxies);
    const int held = http_connect(site->port);

    http_send(held, GET("/"), -1);
    g_autoptr(HttpAnswer) first = http_read_answer(held, FALSE);
    g_autoptr(HttpAnswer) second = http_ask(site->port, GET("/"));
    g_assert_cmpuint(first->status, ==, 200);
    g_assert_cmpuint(second->status, ==, 200);
    close(held);
}

/* Without a descriptor left the server waits, and goes on when there is one again. */
static void test_no_descriptors(void)
{
    g_autoptr(HttpSite) site = http_site_new(NULL);
    struct rlimit before, low;
    GArray *taken = g_array_new(FALSE, FALSE, sizeof(int));
    int fd;

    g_assert_cmpint(getrlimit(RLIMIT_NOFILE, &before), ==, 0);
    low = before;
    low.rlim_cur = 64;
    g_assert_cmpint(setrlimit(RLIMIT_NOFILE, &low), ==, 0);
    const int client = http_connect(site->port);
    http_send(client, GET("/"), -1);
    g_autoptr(HttpAnswer) accepted = http_read_answer(client, FALSE);
    g_assert_cmpuint(accepted->status, ==, 200);
    while ((fd = dup(client)) >= 0)
        g_array_append_val(taken, fd);
    g_assert_cmpint(errno, ==, EMFILE);
    /* One descriptor for a client, none for the server's end of it. */
    close(g_array_index(taken, int, taken->len - 1));
    const int waiting = http_connect(site->port);
    http_send(waiting, GET("/"), -1);
    g_usleep(300000);
    for (guint i = 0; i + 1 < taken->len; i++)
        close(g_array_index(taken, int, i));
    g_autoptr(HttpAnswer) answer = http_read_answer(waiting, FALSE);
    g_assert_cmpuint(answer->status, ==, 200);
    g_assert_cmpint(setrlimit(RLIMIT_NOFILE, &before), ==, 0);
    close(waiting);
    close(client);
    g_array_unref(taken);
}

static void have_one_worker(TuneHttpConfig *config)
{
    config->n_workers = 1;
    config->max_queued = 2;
}

/* Loops go on while the workers are busy; who finds the queue full hears so at once. */
static void test_overload(void)
{
    g_autoptr(HttpSite) site = http_site_new(have_one_worker);
    TuneHttpStats stats = {0};
    int fds[3];

    for (guint i = 0; i < 3; i++) {
        fds[i] = http_connect(site->port);
        http_send(fds[i], GET("/block"), -1);
        if (i == 0)
            g_assert_true(http_wait_for(&site->blocked, 1));
    }
    for (guint i = 0; i < 1200 && stats.queued < 2; i++) {
        g_usleep(10000);
        tune_http_server_stats(site->server, &stats);
    }
    g_assert_cmpuint(stats.queued, ==, 2);
    g_assert_cmpuint(stats.busy_workers, ==, 1);
    g_autoptr(HttpAnswer) full = http_ask(site->port, GET("/block"));
    g_autoptr(HttpAnswer) swift = http_ask(site->port, GET("/"));
    g_assert_cmpuint(full->status, ==, 503);
    g_assert_cmpuint(swift->status, ==, 200);
    http_site_release(site);
    for (guint i = 0; i < 3; i++) {
        g_autoptr(HttpAnswer) answer = http_read_answer(fds[i], FALSE);
        g_assert_cmpstr(answer->body->str, ==, "released");
        close(fds[i]);
    }
}

/* The connection outlives its client until the worker is done with it. */
static void test_client_leaves_a_worker(void)
{
    g_autoptr(HttpSite) site = http_site_new(NULL);
    const struct linger now = {.l_onoff = 1};
    const int fd = http_connect(site->port);

    http_send(fd, GET("/block"), -1);
    g_assert_true(http_wait_for(&site->blocked, 1));
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    close(fd);
    g_usleep(50000);
    g_assert_cmpuint(site->done, ==, 0);
    http_site_release(site);
    g_assert_true(http_wait_for(&site->done, 1));
    g_assert_cmpuint(site->left, ==, 1);
}

static void test_bad_addresses(void)
{
    g_autoptr(HttpSite) site = http_site_new(NULL);

    g_autoptr(HttpSite) second = http_site_new_stopped(NULL);
    g_autoptr(GError) in_use = NULL, no_name = NULL, no_socket = NULL;
    g_assert_false(tune_http_server_listen(second->server, "127.0.0.1", site->port, &in_use));
    g_assert_error(in_use, TUNE_HTTP_ERROR, TUNE_HTTP_ERROR_ADDRESS);
    g_assert_false(tune_http_server_listen(second->server, "256.1.1.1.invalid", 0, &no_name));
    g_assert_error(no_name, TUNE_HTTP_ERROR, TUNE_HTTP_ERROR_ADDRESS);
    g_assert_false(tune_http_server_listen_fd(second->server, dup(0), &no_socket));
    g_assert_error(no_socket, TUNE_HTTP_ERROR, TUNE_HTTP_ERROR_ADDRESS);
}

static void test_passed_sockets(void)
{
    g_autoptr(HttpSite) site = http_site_new_stopped(NULL);
    g_autofree char *folder = g_dir_make_tmp("tunesmith-http-XXXXXX", NULL);
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const int listener = socket(AF_UNIX, SOCK_STREAM, 0), client = socket(AF_UNIX, SOCK_STREAM, 0);
    g_autoptr(GError) error = NULL;

    g_snprintf(address.sun_path, sizeof address.sun_path, "%s/socket", folder);
    g_assert_cmpint(bind(listener, (struct sockaddr *)&address, sizeof address), ==, 0);
    g_assert_cmpint(listen(listener, 10), ==, 0);
    /* Who comes before the server has started waits. */
    g_assert_cmpint(connect(client, (struct sockaddr *)&address, sizeof address), ==, 0);
    http_send(client, GET("/peer"), -1);
    g_assert_true(tune_http_server_listen_fd(site->server, listener, &error));
    g_assert_true(tune_http_server_listen(site->server, "localhost", 0, &error));
    g_assert_true(tune_http_server_start(site->server, &error));
    g_autoptr(HttpAnswer) answer = http_read_answer(client, FALSE);
    g_assert_cmpstr(answer->body->str, ==, "unix: a");
    close(client);
    unlink(address.sun_path);
    rmdir(folder);
}

static void test_ipv6(void)
{
    g_autoptr(HttpSite) site = http_site_new_stopped(NULL);
    g_autoptr(GError) error = NULL;
    struct sockaddr_in6 address = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    const int client = socket(AF_INET6, SOCK_STREAM, 0);

    if (client < 0 || !tune_http_server_listen(site->server, "::", 0, &error)) {
        g_test_skip("there is no IPv6 here");
        return;
    }
    g_assert_true(tune_http_server_start(site->server, &error));
    address.sin6_port = htons((guint16)tune_http_server_port(site->server));
    if (connect(client, (struct sockaddr *)&address, sizeof address) < 0) {
        g_test_skip("there is no IPv6 loopback here");
        close(client);
        return;
    }
    http_send(client, GET("/peer"), -1);
    g_autoptr(HttpAnswer) six = http_read_answer(client, FALSE);
    g_assert_cmpstr(six->body->str, ==, "::1 a");
    close(client);
    g_autoptr(HttpAnswer) four = http_ask(tune_http_server_port(site->server), GET("/peer"));
    g_assert_cmpstr(four->body->str, ==, "127.0.0.1 a");
}

static void *release_soon(void *data)
{
    g_usleep(300000);
    http_site_release((HttpSite *)data);
    return NULL;
}

/* What is under way ends well, what is idle is closed, who comes late finds nobody. */
static void test_drain(void)
{
    g_autoptr(HttpSite) site = http_site_new(NULL);
    const int busy = http_connect(site->port), idle = http_connect(site->port);
    const int listening = http_connect(site->port);
    pthread_t thread;

    http_send(idle, GET("/"), -1);
    g_autoptr(HttpAnswer) first = http_read_answer(idle, FALSE);
    http_send(listening, GET("/ticker"), -1);
    http_send(busy, GET("/block"), -1);
    g_assert_true(http_wait_for(&site->blocked, 1));
    g_assert_cmpint(pthread_create(&thread, NULL, release_soon, site), ==, 0);
    g_assert_true(tune_http_server_drain(site->server, 60000));
    pthread_join(thread, NULL);
    g_autoptr(HttpAnswer) answer = http_read_answer(busy, FALSE);
    g_autoptr(HttpAnswer) ticks = http_read_answer(listening, FALSE);
    g_autofree char *connection = http_answer_field(answer, "Connection");
    g_assert_cmpstr(answer->body->str, ==, "released");
    g_assert_cmpstr(connection, ==, "close");
    g_assert_cmpstr(ticks->body->str, ==, "123");
    g_assert_true(http_is_closed(idle));
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((guint16)site->port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const int late = socket(AF_INET, SOCK_STREAM, 0);
    g_assert_cmpint(connect(late, (struct sockaddr *)&address, sizeof address), ==, -1);
    close(late);
    close(busy);
    close(idle);
    close(listening);
}

static void test_drain_cuts(void)
{
    g_autoptr(HttpSite) site = http_site_new(NULL);
    const int fd = http_connect(site->port);
    char byte;

    http_send(fd, GET("/wait"), -1);
    g_assert_cmpint(recv(fd, &byte, 1, 0), ==, 1);
    g_assert_false(tune_http_server_drain(site->server, 100));
    g_assert_cmpuint(site->cancelled, ==, 1);
    close(fd);
}

typedef struct {
    guint port;
    _Atomic gboolean stop;
    _Atomic guint answered, broken;
} Load;

/* One connection at a time, used until it is closed.  The first request of a connection must be
 * answered; a later one may find it closed after an idle while, as with any server. */
static void *load(void *data)
{
    Load *self = (Load *)data;
    int fd = -1;
    gboolean used = FALSE;

    while (!self->stop) {
        used = fd >= 0;
        if (!used)
            fd = http_connect(self->port);
        http_send(fd, GET("/?worker=1"), -1);
        g_autoptr(HttpAnswer) answer = http_read_answer(fd, FALSE);
        g_autofree char *connection =
            answer->status ? http_answer_field(answer, "Connection") : NULL;
        if (answer->status == 200)
            self->answered++;
        else if (!used || answer->status != 0)
            self->broken++;
        if (answer->status != 200 || connection != NULL) {
            close(fd);
            fd = -1;
        }
    }
    if (fd >= 0)
        close(fd);
    return NULL;
}

/* The listening socket stays, servers come and go on it: no request fails. */
static void test_restarts_under_load(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t length = sizeof address;
    const int listener = socket(AF_INET, SOCK_STREAM, 0);
    pthread_t threads[4];
    Load state = {0};

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    g_assert_cmpint(bind(listener, (struct sockaddr *)&address, sizeof address), ==, 0);
    g_assert_cmpint(listen(listener, 100), ==, 0);
    getsockname(listener, (struct sockaddr *)&address, &length);
    state.port = ntohs(address.sin_port);
    for (guint i = 0; i < 4; i++)
        g_assert_cmpint(pthread_create(&threads[i], NULL, load, &state), ==, 0);
    for (guint i = 0; i < 10; i++) {
        g_autoptr(HttpSite) site = http_site_new_stopped(NULL);
        g_autoptr(GError) error = NULL;

        g_assert_true(tune_http_server_listen_fd(site->server, dup(listener), &error));
        g_assert_true(tune_http_server_start(site->server, &error));
        g_assert_true(http_wait_for(&state.answered, state.answered + 20));
        if (i == 9)
            state.stop = TRUE;
        g_assert_true(tune_http_server_drain(site->server, 60000));
    }
    for (guint i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    g_assert_cmpuint(state.broken, ==, 0);
    close(listener);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/http/limits/slow-clients", test_slow_clients);
    g_test_add_func("/http/limits/slow-reader", test_slow_reader);
    g_test_add_func("/http/limits/connections-in-total", test_connections_in_total);
    g_test_add_func("/http/limits/connections-per-address", test_connections_per_address);
    g_test_add_func("/http/limits/proxies-are-not-counted", test_proxies_are_not_counted);
    g_test_add_func("/http/limits/no-descriptors", test_no_descriptors);
    g_test_add_func("/http/limits/overload", test_overload);
    g_test_add_func("/http/limits/client-leaves-a-worker", test_client_leaves_a_worker);
    g_test_add_func("/http/limits/bad-addresses", test_bad_addresses);
    g_test_add_func("/http/limits/passed-sockets", test_passed_sockets);
    g_test_add_func("/http/limits/ipv6", test_ipv6);
    g_test_add_func("/http/limits/drain", test_drain);
    g_test_add_func("/http/limits/drain-cuts", test_drain_cuts);
    g_test_add_func("/http/limits/restarts-under-load", test_restarts_under_load);
    return g_test_run();
}
