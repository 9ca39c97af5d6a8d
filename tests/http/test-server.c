/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The server over real sockets: what it refuses, answers, keeps open and closes.
 */
#include "http-cases.h"
#include "http-client.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define GET(path) "GET " path " HTTP/1.1\r\nHost: a\r\n\r\n"

static HttpSite *site;

static guint count(const GString *text, const char *what)
{
    guint n = 0;

    for (const char *p = text->str; (p = strstr(p, what)) != NULL; p++)
        n++;
    return n;
}

static void test_case(gconstpointer data)
{
    const HttpCase *one = (const HttpCase *)data;
    const guint begun = site->begun;
    const int fd = http_connect(site->port);
    g_autoptr(GString) all = NULL;

    http_send(fd, one->bytes->str, (gssize)one->bytes->len);
    if (one->status == 0)
        shutdown(fd, SHUT_WR); /* half-closed clients get their answers */
    all = http_read_all(fd);   /* until it is closed */
    close(fd);
    if (one->status == 0) {
        g_assert_cmpuint(count(all, "HTTP/1.1 200 "), ==, one->n_answers);
    } else {
        g_autofree char *line = g_strdup_printf("HTTP/1.1 %u ", one->status);
        g_assert_true(g_str_has_prefix(all->str, line));
        g_assert_cmpuint(count(all, "Date: "), ==, 1);
        g_assert_nonnull(strstr(all->str, "Connection: close\r\n"));
    }
    g_assert_cmpuint(site->begun - begun, <=, MAX(one->n_answers, 1));
    g_assert_null(strstr(all->str, "smuggled"));
}

static void test_garbage_behind(void)
{
    const int fd = http_connect(site->port);
    g_autoptr(GString) all = NULL;

    http_send(fd, GET("/a") "\x01garbage", -1);
    all = http_read_all(fd);
    g_assert_true(g_str_has_prefix(all->str, "HTTP/1.1 200 "));
    g_assert_cmpuint(count(all, "HTTP/1.1 400 "), ==, 1);
    g_assert_cmpuint(count(all, "HTTP/1.1 "), ==, 2);
    close(fd);
}

static void test_answer(void)
{
    g_autoptr(HttpAnswer) answer =
        http_ask(site->port, "POST /a%20b?x=1 HTTP/1.1\r\nHost: a\r\nX-Seen: one\r\nX-Seen: two\r\n"
                             "Content-Length: 5\r\n\r\nhello");
    g_autofree char *method = http_answer_field(answer, "X-Method");
    g_autofree char *path = http_answer_field(answer, "X-Path");
    g_autofree char *seen = http_answer_field(answer, "X-Seen");
    g_autofree char *date = http_answer_field(answer, "Date");
    g_autofree char *server = http_answer_field(answer, "Server");

    g_assert_cmpuint(answer->status, ==, 200);
    g_assert_cmpstr(answer->body->str, ==, "hello");
    g_assert_cmpstr(method, ==, "POST");
    g_assert_cmpstr(path, ==, "/a b");
    g_assert_cmpstr(seen, ==, "one, two");
    g_assert_cmpstr(server, ==, "tunesmith");
    g_assert_true(g_str_has_suffix(date, " GMT") && strlen(date) == 29);
}

static void test_head(void)
{
    const int fd = http_connect(site->port);
    static const char *const paths[] = {"/big", "/file", "/stream?n=5"};

    for (guint i = 0; i < G_N_ELEMENTS(paths); i++) {
        http_sendf(fd, "HEAD %s HTTP/1.1\r\nHost: a\r\n\r\n", paths[i]);
        g_autoptr(HttpAnswer) head = http_read_answer(fd, TRUE);
        g_autofree char *length = http_answer_field(head, "Content-Length");
        g_assert_cmpuint(head->status, ==, 200);
        g_assert_cmpstr(length, ==, i < 2 ? "1048576" : NULL);
    }
    http_send(fd, GET("/next"), -1); /* nothing of a body is in the way */
    g_autoptr(HttpAnswer) next = http_read_answer(fd, FALSE);
    g_assert_cmpuint(next->status, ==, 200);
    close(fd);
}

static void test_keep_alive(void)
{
    int fd = http_connect(site->port);

    for (guint i = 0; i < 20; i++) {
        http_sendf(fd, "GET /echo%s HTTP/1.1\r\nHost: a\r\n\r\n", i % 2 ? "?worker=1" : "");
        g_autoptr(HttpAnswer) answer = http_read_answer(fd, FALSE);
        g_assert_cmpuint(answer->status, ==, 200);
    }
    http_send(fd, "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", -1);
    g_autoptr(HttpAnswer) last = http_read_answer(fd, FALSE);
    g_assert_true(http_is_closed(fd));
    close(fd);

    fd = http_connect(site->port);
    http_send(fd, "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", -1);
    g_autoptr(HttpAnswer) kept = http_read_answer(fd, FALSE);
    g_autofree char *connection = http_answer_field(kept, "Connection");
    g_assert_cmpstr(connection, ==, "keep-alive");
    http_send(fd, "GET / HTTP/1.0\r\n\r\n", -1);
    g_autoptr(HttpAnswer) closed = http_read_answer(fd, FALSE);
    g_assert_cmpuint(closed->status, ==, 200);
    g_assert_true(http_is_closed(fd));
    close(fd);
}

typedef struct {
    int fd;
    GString *all;
} Sending;

static void *send_all(void *data)
{
    const Sending *sending = (const Sending *)data;

    http_send(sending->fd, sending->all->str, (gssize)sending->all->len);
    return NULL;
}

/* 2,000 requests in one piece: many reads, many writes, answers in order. */
static void test_pipelining(void)
{
    const int fd = http_connect(site->port);
    g_autoptr(GString) all = g_string_new(NULL);

    for (guint i = 0; i < 2000; i++)
        g_string_append_printf(all, "POST /%s HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n%05u",
                               i % 100 == 99 ? "?worker=1"
                               : i % 7 == 6  ? "big"
                                             : "",
                               i);
    /* A thread, so that neither side waits for the other for ever. */
    Sending sending = {fd, all};
    pthread_t writer;
    g_assert_cmpint(pthread_create(&writer, NULL, send_all, &sending), ==, 0);
    for (guint i = 0; i < 2000; i++) {
        g_autoptr(HttpAnswer) answer = http_read_answer(fd, FALSE);

        g_assert_cmpuint(answer->status, ==, 200);
        if (i % 100 == 99 || i % 7 != 6)
            g_assert_cmpuint(strtoul(answer->body->str, NULL, 10), ==, i);
        else
            g_assert_cmpuint(answer->body->len, ==, 1 << 20);
    }
    pthread_join(writer, NULL);
    close(fd);
}

static void test_expect_continue(void)
{
    const int fd = http_connect(site->port);

    http_send(fd, "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-Continue\r\nContent-Length: 3\r\n\r\n",
              -1);
    g_autoptr(HttpAnswer) first = http_read_answer(fd, FALSE);
    g_assert_cmpuint(first->status, ==, 100);
    http_send(fd, "abc", -1);
    g_autoptr(HttpAnswer) second = http_read_answer(fd, FALSE);
    g_assert_cmpuint(second->status, ==, 200);
    g_assert_cmpstr(second->body->str, ==, "abc");
    /* One who is refused is not asked for the body. */
    http_send(
        fd, "POST /early HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n",
        -1);
    g_autoptr(HttpAnswer) third = http_read_answer(fd, FALSE);
    g_assert_cmpuint(third->status, ==, 401);
    g_assert_true(http_is_closed(fd));
    close(fd);
}

static void test_early_answer(void)
{
    int fd = http_connect(site->port);

    /* A small body is dropped and the connection goes on. */
    http_send(fd, "POST /early HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello" GET("/x"),
              -1);
    g_autoptr(HttpAnswer) early = http_read_answer(fd, FALSE);
    g_autoptr(HttpAnswer) next = http_read_answer(fd, FALSE);
    g_assert_cmpuint(early->status, ==, 401);
    g_assert_cmpuint(next->status, ==, 200);
    close(fd);

    /* A large one ends it; the answer arrives although the client was still sending. */
    fd = http_connect(site->port);
    http_send(fd, "POST /early HTTP/1.1\r\nHost: a\r\nContent-Length: 10000000\r\n\r\n", -1);
    g_autofree char *block = g_strnfill(65536, 'x');
    http_send(fd, block, 65536);
    g_autoptr(HttpAnswer) large = http_read_answer(fd, FALSE);
    g_assert_cmpuint(large->status, ==, 401);
    g_assert_true(large->whole);
    g_assert_true(http_is_closed(fd));
    close(fd);

    g_autoptr(HttpAnswer) chunked =
        http_ask(site->port, "POST /early HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                             "0\r\n\r\n");
    g_autofree char *connection = http_answer_field(chunked, "Connection");
    g_assert_cmpuint(chunked->status, ==, 401);
    g_assert_cmpstr(connection, ==, "close");
}

static void test_body_limits(void)
{
    g_autoptr(HttpAnswer) length =
        http_ask(site->port, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1048577\r\n\r\n");
    g_assert_cmpuint(length->status, ==, 413);

    const int fd = http_connect(site->port);
    http_send(fd, "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", -1);
    g_autofree char *block = g_strnfill(65536, 'x');
    for (guint i = 0; i < 17; i++) {
        http_send(fd, "10000\r\n", -1);
        http_send(fd, block, 65536);
        http_send(fd, "\r\n", -1);
    }
    g_autoptr(HttpAnswer) chunked = http_read_answer(fd, FALSE);
    g_assert_cmpuint(chunked->status, ==, 413);
    g_assert_true(http_is_closed(fd));
    close(fd);
    /* Padding by extensions is no way round the limit: 256 bytes of them for one of body. */
    g_autoptr(GString) padded = g_string_new("POST /early2 HTTP/1.1\r\nHost: a\r\n"
                                             "Transfer-Encoding: chunked\r\n\r\n");
    g_autofree char *extension = g_strnfill(250, 'y');
    for (guint i = 0; i < 40000; i++)
        g_string_append_printf(padded, "1;%s\r\nx\r\n", extension);
    const int flood = http_connect(site->port);
    http_send(flood, padded->str, (gssize)padded->len);
    g_autoptr(HttpAnswer) refused = http_read_answer(flood, FALSE);
    g_assert_cmpuint(refused->status, ==, 413);
    close(flood);
}

static void test_field_injection(void)
{
    static const char *const bad[] = {"a%0d%0aSet-Cookie:%20x", "a%0ab", "a%0db", "a%01b", "a%7fb"};

    for (guint i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autofree char *request =
            g_strdup_printf("GET /field?value=%s HTTP/1.1\r\nHost: a\r\n\r\n", bad[i]);
        g_autoptr(HttpAnswer) answer = http_ask(site->port, request);

        g_assert_cmpstr(answer->body->str, ==, "refused");
        g_assert_null(strstr(answer->head, "X-Value"));
        g_assert_null(strstr(answer->head, "Set-Cookie"));
    }
    g_autoptr(HttpAnswer) good = http_ask(site->port, GET("/field?value=caf%C3%A9"));
    g_autofree char *value = http_answer_field(good, "X-Value");
    g_assert_cmpstr(value, ==, "caf\xc3\xa9");
}

static void test_forgotten_answer(void)
{
    const int fd = http_connect(site->port);

    http_send(fd, GET("/none") GET("/x"), -1);
    g_autoptr(HttpAnswer) none = http_read_answer(fd, FALSE);
    g_autoptr(HttpAnswer) next = http_read_answer(fd, FALSE);
    g_assert_cmpuint(none->status, ==, 500);
    g_assert_cmpuint(next->status, ==, 200);
    close(fd);
}

static void test_ranges(void)
{
    static const struct {
        const char *fields;
        guint status;
        const char *range;
        gsize first, length;
    } table[] = {
        {"", 200, NULL, 0, 1 << 20},
        {"Range: bytes=100-299\r\n", 206, "bytes 100-299/1048576", 100, 200},
        {"Range: bytes=-5\r\n", 206, "bytes 1048571-1048575/1048576", 1048571, 5},
        {"Range: bytes=1048576-\r\n", 416, "bytes */1048576", 0, 0},
        {"Range: bytes=0-1,3-4\r\n", 200, NULL, 0, 1 << 20},
        {"Range: bytes=0-9\r\nIf-Range: \"tag\"\r\n", 206, "bytes 0-9/1048576", 0, 10},
        {"Range: bytes=0-9\r\nIf-Range: \"other\"\r\n", 200, NULL, 0, 1 << 20},
        {"Range: bytes=0-9\r\nIf-Range: W/\"tag\"\r\n", 200, NULL, 0, 1 << 20},
    };
    const int fd = http_connect(site->port);
    const char *big = (const char *)g_bytes_get_data(site->big, NULL);

    for (guint i = 0; i < G_N_ELEMENTS(table); i++) {
        http_sendf(fd, "GET /file HTTP/1.1\r\nHost: a\r\n%s\r\n", table[i].fields);
        g_autoptr(HttpAnswer) answer = http_read_answer(fd, FALSE);
        g_autofree char *range = http_answer_field(answer, "Content-Range");
        g_autofree char *etag = http_answer_field(answer, "ETag");

        g_assert_cmpuint(answer->status, ==, table[i].status);
        g_assert_cmpstr(range, ==, table[i].range);
        g_assert_cmpstr(etag, ==, "\"tag\"");
        g_assert_cmpuint(answer->body->len, ==, table[i].length);
        g_assert_true(memcmp(answer->body->str, big + table[i].first, table[i].length) == 0);
    }
    close(fd);
}

static void test_large_body_out(void)
{
    g_autoptr(HttpAnswer) answer = http_ask(site->port, GET("/big"));

    g_assert_cmpuint(answer->body->len, ==, 1 << 20);
    g_assert_true(memcmp(answer->body->str, g_bytes_get_data(site->big, NULL), 1 << 20) == 0);
}

/* 20 MB in chunks of odd sizes; memory must not hold it. */
static void test_body_to_file(void)
{
    enum { SIZE = 20000000 };
    g_autofree guint8 *bytes = (guint8 *)g_malloc(SIZE);
    g_autofree char *sum = NULL, *expected = NULL;
    const int fd = http_connect(site->port);

    for (gsize i = 0; i < SIZE; i++)
        bytes[i] = (guint8)(i * 2654435761u >> 13);
    sum = g_compute_checksum_for_data(G_CHECKSUM_SHA256, bytes, SIZE);
    expected = g_strdup_printf("%d %s", SIZE, sum);
    http_send(fd, "POST /file-body HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", -1);
    for (gsize at = 0, n; at < SIZE; at += n) {
        n = MIN(SIZE - at, 1 + (at * 7 + 12345) % 100000);
        http_sendf(fd, "%zx\r\n", n);
        http_send(fd, (const char *)bytes + at, (gssize)n);
        http_send(fd, "\r\n", 2);
    }
    http_send(fd, "0\r\n\r\n", 5);
    g_autoptr(HttpAnswer) chunked = http_read_answer(fd, FALSE);
    g_assert_cmpstr(chunked->body->str, ==, expected);

    http_sendf(fd, "POST /file-body HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n", SIZE);
    http_send(fd, (const char *)bytes, SIZE);
    g_autoptr(HttpAnswer) plain = http_read_answer(fd, FALSE);
    g_assert_cmpstr(plain->body->str, ==, expected);

    http_send(fd, "POST /file-body HTTP/1.1\r\nHost: a\r\n\r\n", -1);
    g_autoptr(HttpAnswer) none = http_read_answer(fd, FALSE);
    g_assert_true(g_str_has_prefix(none->body->str, "0 e3b0c442"));
    close(fd);
}

static void test_body_in_pieces(void)
{
    const int fd = http_connect(site->port);
    static const char request[] = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                                  "3;x=y\r\nabc\r\nb\r\ndefghijklmn\r\n0\r\nT: 1\r\n\r\n" GET("/x");

    for (gsize i = 0; i < sizeof request - 1; i++) {
        http_send(fd, request + i, 1);
        if (i % 16 == 0)
            g_usleep(200);
    }
    g_autoptr(HttpAnswer) answer = http_read_answer(fd, FALSE);
    g_autoptr(HttpAnswer) next = http_read_answer(fd, FALSE);
    g_assert_cmpstr(answer->body->str, ==, "abcdefghijklmn");
    g_assert_cmpuint(next->status, ==, 200);
    close(fd);
}

static void test_stats(void)
{
    TuneHttpStats before, after;
    const int fd = http_connect(site->port);

    tune_http_server_stats(site->server, &before);
    http_send(fd, GET("/"), -1);
    g_autoptr(HttpAnswer) answer = http_read_answer(fd, FALSE);
    g_autoptr(HttpAnswer) bad = http_ask(site->port, "BAD\r\n\r\n");
    tune_http_server_stats(site->server, &after);
    g_assert_cmpuint(after.requests, ==, before.requests + 1);
    g_assert_cmpuint(after.refused, ==, before.refused + 1);
    g_assert_cmpuint(after.bytes_out, >, before.bytes_out);
    g_assert_cmpuint(after.open, >=, 1);
    close(fd);
}

int main(int argc, char **argv)
{
    g_autoptr(GPtrArray) cases = http_cases_new();
    int code;

    g_test_init(&argc, &argv, NULL);
    site = http_site_new(NULL);
    for (guint i = 0; i < cases->len; i++) {
        const HttpCase *one = (const HttpCase *)cases->pdata[i];
        g_autofree char *path =
            g_strdup_printf("/http/server/%s/%s", one->status ? "refuses" : "accepts", one->name);
        g_test_add_data_func(path, one, test_case);
    }
    g_test_add_func("/http/server/refuses/garbage behind a request", test_garbage_behind);
    g_test_add_func("/http/server/answers", test_answer);
    g_test_add_func("/http/server/head", test_head);
    g_test_add_func("/http/server/keep-alive", test_keep_alive);
    g_test_add_func("/http/server/pipelining", test_pipelining);
    g_test_add_func("/http/server/expect-continue", test_expect_continue);
    g_test_add_func("/http/server/early-answer", test_early_answer);
    g_test_add_func("/http/server/body-limits", test_body_limits);
    g_test_add_func("/http/server/field-injection", test_field_injection);
    g_test_add_func("/http/server/forgotten-answer", test_forgotten_answer);
    g_test_add_func("/http/server/ranges", test_ranges);
    g_test_add_func("/http/server/large-body-out", test_large_body_out);
    g_test_add_func("/http/server/body-to-file", test_body_to_file);
    g_test_add_func("/http/server/body-in-pieces", test_body_in_pieces);
    g_test_add_func("/http/server/stats", test_stats);
    code = g_test_run();
    http_site_free(site);
    return code;
}
