/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "http-cases.h"
#include "http/parse.h"

#include <string.h>

typedef struct {
    guint status;  /* of the first refusal, 0 */
    guint n;       /* requests that were whole */
    gboolean left; /* the last one was not */
    GString *bodies;
} Outcome;

/* Reads heads and bodies of @bytes, of which @step more are there at each call. */
typedef struct {
    GString *copy;
    gsize there, step;
} Wire;

static gboolean more(Wire *wire)
{
    const gsize before = wire->there;

    wire->there = MIN(wire->copy->len, wire->there + wire->step);
    return wire->there > before;
}

static guint read_chunks(Wire *wire, gsize *at, GString *body, gboolean *whole)
{
    TuneHttpFraming chunks = {0};

    for (*whole = FALSE; !*whole;) {
        const char *data;
        gsize used, n;
        const TuneHttpParse result = tune_http_body_parse(&chunks, wire->copy->str + *at,
                                                          wire->there - *at, &used, &data, &n);

        if (result == TUNE_HTTP_PARSE_BAD)
            return 400;
        g_assert_cmpuint(n, <=, used);
        g_assert_cmpuint(used, <=, wire->there - *at);
        if (n > 0)
            g_string_append_len(body, data, (gssize)n);
        *at += used;
        *whole = result == TUNE_HTTP_PARSE_DONE;
        if (!*whole && used == 0 && !more(wire))
            break;
    }
    return 0;
}

static Outcome read_all(const GString *bytes, gsize step)
{
    Wire wire = {g_string_new_len(bytes->str, (gssize)bytes->len), 0, step};
    Outcome out = {.bodies = g_string_new(NULL)};
    gsize at = 0;

    while (out.status == 0 && !out.left && (at < wire.there || more(&wire))) {
        TuneHttpHead head;
        TuneHttpParse result;

        tune_http_head_start(&head);
        do
            result = tune_http_head_parse(&head, wire.copy->str + at, wire.there - at);
        while (result == TUNE_HTTP_PARSE_MORE && more(&wire));
        out.status = result == TUNE_HTTP_PARSE_BAD ? head.status : 0;
        out.left = result == TUNE_HTTP_PARSE_MORE;
        if (result != TUNE_HTTP_PARSE_DONE)
            break;
        at += head.size;
        if (head.chunked) {
            gboolean whole;

            out.status = read_chunks(&wire, &at, out.bodies, &whole);
            out.left = !whole;
        } else {
            while (wire.there - at < head.length && more(&wire))
                ;
            out.left = wire.there - at < head.length;
            g_string_append_len(out.bodies, wire.copy->str + at,
                                (gssize)MIN(head.length, wire.there - at));
            at += MIN(head.length, wire.there - at);
        }
        out.n += out.status == 0 && !out.left;
    }
    g_string_free(wire.copy, TRUE);
    return out;
}

static void test_case(gconstpointer data)
{
    const HttpCase *one = (const HttpCase *)data;
    Outcome whole = read_all(one->bytes, one->bytes->len);

    g_assert_cmpuint(whole.status, ==, one->status);
    if (one->status == 0) {
        g_assert_cmpuint(whole.n, ==, one->n_answers);
        g_assert_false(whole.left);
    } else {
        g_assert_cmpuint(whole.n, ==, 0);
    }
    for (gsize step = 1; step <= 7; step += 3) {
        Outcome pieces = read_all(one->bytes, step);

        g_assert_cmpuint(pieces.n, ==, whole.n);
        g_assert_cmpint(pieces.status != 0, ==, whole.status != 0);
        if (whole.status == 0)
            g_assert_cmpstr(pieces.bodies->str, ==, whole.bodies->str);
        g_string_free(pieces.bodies, TRUE);
    }
    g_string_free(whole.bodies, TRUE);
}

static void test_result(void)
{
    char bytes[] = "\r\nPATCH http://Ab:8/a%20b/?x=1 HTTP/1.1\r\nhost: aB:8\r\nX-A:  one \t\r\n"
                   "CONNECTION: foo, Close\r\nx-a:two\r\nContent-Length: 0012\r\n\r\nrest";
    TuneHttpHead head;

    tune_http_head_start(&head);
    g_assert_cmpint(tune_http_head_parse(&head, bytes, sizeof bytes - 1), ==, TUNE_HTTP_PARSE_DONE);
    g_assert_cmpint(head.method, ==, TUNE_HTTP_PATCH);
    g_assert_cmpstr(bytes + head.method_at, ==, "PATCH");
    g_assert_cmpstr(bytes + head.target_at, ==, "/a%20b/?x=1");
    g_assert_cmpuint(head.target_length, ==, 11);
    g_assert_cmpstr(bytes + head.host_at, ==, "aB:8");
    g_assert_cmpuint(head.n_fields, ==, 5);
    g_assert_cmpstr(bytes + head.fields[1].name, ==, "X-A");
    g_assert_cmpstr(bytes + head.fields[1].value, ==, "one");
    g_assert_cmpstr(bytes + head.fields[3].value, ==, "two");
    g_assert_true(head.close && !head.keep_alive && head.has_length);
    g_assert_cmpuint(head.length, ==, 12);
    g_assert_cmpstr(bytes + head.size, ==, "rest");
}

static void test_target(void)
{
    static const struct {
        const char *target, *path, *query; /* path NULL: refused */
    } table[] = {
        {"/", "/", ""},
        {"/a%20b/c", "/a b/c", ""},
        {"/%C3%A9?a=1&b=%26+x&&c&=y&d=", "/\xc3\xa9", "a=1|b=& x|c=|d=|"},
        {"/a?b=%0A%3d=", "/a", "b=\n==|"},
        {"/...", "/...", ""},
        {"/.a/b..", "/.a/b..", ""},
        {"/a/../b", NULL, NULL},
        {"/a/%2e%2E", NULL, NULL},
        {"/.", NULL, NULL},
        {"/a/./b", NULL, NULL},
        {"/a%2Fb", NULL, NULL},
        {"/a%2fb", NULL, NULL},
        {"/a%5Cb", NULL, NULL},
        {"/a%00b", NULL, NULL},
        {"/a%0Ab", NULL, NULL},
        {"/a%FFb", NULL, NULL},
        {"/a%C3", NULL, NULL},
        {"/a%", NULL, NULL},
        {"/a%4", NULL, NULL},
        {"/a%zz", NULL, NULL},
        {"/a?b=%", NULL, NULL},
        {"/a?b=%ff", NULL, NULL},
        {"/a?b%00=1", NULL, NULL},
        {"/a?%2Fb=/../", "/a", "/b=/../|"},
    };
    for (guint i = 0; i < G_N_ELEMENTS(table); i++) {
        g_autofree char *path = NULL;
        g_autoptr(GPtrArray) query = g_ptr_array_new_with_free_func(g_free);
        g_autoptr(GString) joined = g_string_new(NULL);
        const char *wrong = tune_http_target_decode(table[i].target, &path, query);

        g_assert_cmpint(wrong == NULL, ==, table[i].path != NULL);
        if (wrong != NULL)
            continue;
        for (guint k = 0; k < query->len; k += 2)
            g_string_append_printf(joined, "%s=%s|", (char *)query->pdata[k],
                                   (char *)query->pdata[k + 1]);
        g_assert_cmpstr(path, ==, table[i].path);
        g_assert_cmpstr(joined->str, ==, table[i].query);
    }
}

static void test_range(void)
{
    static const struct {
        const char *field;
        guint status;
        guint64 first, length;
    } table[] = {
        {NULL, 200, 0, 0},
        {"bytes=0-0", 206, 0, 1},
        {"bytes=10-19", 206, 10, 10},
        {"Bytes=90-", 206, 90, 10},
        {"bytes=90-1000", 206, 90, 10},
        {"bytes=0-99999999999999999999999", 206, 0, 100},
        {"bytes=-10", 206, 90, 10},
        {"bytes=-1000", 206, 0, 100},
        {"bytes=100-", 416, 0, 0},
        {"bytes=99999999999999999999999-", 416, 0, 0},
        {"bytes=-0", 416, 0, 0},
        {"bytes=5-4", 200, 0, 0},
        {"bytes=5-0", 200, 0, 0},
        {"bytes=0-1,5-6", 200, 0, 0},
        {"bytes=", 200, 0, 0},
        {"bytes=-", 200, 0, 0},
        {"bytes=a-b", 200, 0, 0},
        {"lines=0-1", 200, 0, 0},
    };
    for (guint i = 0; i < G_N_ELEMENTS(table); i++) {
        guint64 first = 0, length = 0;

        g_assert_cmpuint(tune_http_range_parse(table[i].field, 100, &first, &length), ==,
                         table[i].status);
        g_assert_cmpuint(length, ==, table[i].length);
        if (table[i].status == 206)
            g_assert_cmpuint(first, ==, table[i].first);
    }
}

int main(int argc, char **argv)
{
    g_autoptr(GPtrArray) cases = http_cases_new();

    g_test_init(&argc, &argv, NULL);
    for (guint i = 0; i < cases->len; i++) {
        const HttpCase *one = (const HttpCase *)cases->pdata[i];
        g_autofree char *path =
            g_strdup_printf("/http/parse/%s/%s", one->status ? "refuses" : "accepts", one->name);
        g_test_add_data_func(path, one, test_case);
    }
    g_test_add_func("/http/parse/says-what-the-head-says", test_result);
    g_test_add_func("/http/target/is-decoded-once", test_target);
    g_test_add_func("/http/range/one-range", test_range);
    return g_test_run();
}
