/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "http-cases.h"

#include <string.h>

#define GET     "GET / HTTP/1.1\r\nHost: a\r\n"
#define POST    "POST / HTTP/1.1\r\nHost: a\r\n"
#define CHUNKED POST "Transfer-Encoding: chunked\r\n\r\n"
/* What would run as a second request if the first were framed otherwise. */
#define SMUGGLED    "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n"
#define BYTES(text) text, sizeof(text) - 1

static const struct {
    const char *name, *bytes;
    gsize size;
    guint status;
} refused[] = {
    {"two lengths", BYTES(POST "Content-Length: 5\r\nContent-Length: 0\r\n\r\n" SMUGGLED), 400},
    {"list of lengths", BYTES(POST "Content-Length: 0, 5\r\n\r\n" SMUGGLED), 400},
    {"length and coding",
     BYTES(POST "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" SMUGGLED), 400},
    {"coding and length",
     BYTES(POST "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n" SMUGGLED), 400},
    {"negative length", BYTES(POST "Content-Length: -1\r\n\r\n"), 400},
    {"length with plus", BYTES(POST "Content-Length: +5\r\n\r\nhello"), 400},
    {"length with junk", BYTES(POST "Content-Length: 5x\r\n\r\nhello"), 400},
    {"length of 2^64+3", BYTES(POST "Content-Length: 18446744073709551619\r\n\r\nabc"), 400},
    {"empty length", BYTES(POST "Content-Length: \r\n\r\n"), 400},
    {"same length twice", BYTES(POST "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello"), 400},
    {"length with a dot", BYTES(POST "Content-Length: 5.0\r\n\r\nhello"), 400},

    {"chunk size of letters", BYTES(CHUNKED "xyz\r\nhello\r\n0\r\n\r\n"), 400},
    {"chunk size 0x5", BYTES(CHUNKED "0x5\r\nhello\r\n0\r\n\r\n"), 400},
    {"negative chunk size", BYTES(CHUNKED "-5\r\nhello\r\n0\r\n\r\n"), 400},
    {"chunk size of 2^64", BYTES(CHUNKED "10000000000000000\r\nhello\r\n0\r\n\r\n"), 400},
    {"empty chunk size", BYTES(CHUNKED "\r\nhello\r\n0\r\n\r\n"), 400},
    {"chunk size ended by LF", BYTES(CHUNKED "5\nhello\r\n0\r\n\r\n"), 400},
    {"chunk size ended by CR", BYTES(CHUNKED "5\rhello\r\n0\r\n\r\n"), 400},
    {"no CRLF behind a chunk", BYTES(CHUNKED "5\r\nhello0\r\n\r\n" SMUGGLED), 400},
    {"LF behind a chunk", BYTES(CHUNKED "5\r\nhello\n0\r\n\r\n"), 400},
    {"NUL in an extension", BYTES(CHUNKED "5;a=\0\r\nhello\r\n0\r\n\r\n"), 400},
    {"LF in an extension", BYTES(CHUNKED "5;a\nhello\r\n0\r\n\r\n"), 400},
    {"space before a chunk size", BYTES(CHUNKED " 5\r\nhello\r\n0\r\n\r\n"), 400},
    {"trailer without colon", BYTES(CHUNKED "0\r\nabc\r\n\r\n"), 400},
    {"trailer with a length", BYTES(CHUNKED "0\r\nContent-Length: 5\r\n\r\n"), 400},
    {"trailer with a coding", BYTES(CHUNKED "0\r\ntransfer-Encoding: chunked\r\n\r\n"), 400},
    {"extension without name", BYTES(CHUNKED "5;\r\nhello\r\n0\r\n\r\n"), 400},
    {"extension with open quotes", BYTES(CHUNKED "5;a=\"b\r\nhello\r\n0\r\n\r\n"), 400},
    {"trailer ended by LF", BYTES(CHUNKED "0\r\na: b\n\r\n"), 400},

    {"coding gzip", BYTES(POST "Transfer-Encoding: gzip\r\n\r\n0\r\n\r\n"), 501},
    {"coding xchunked", BYTES(POST "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n"), 501},
    {"coding gzip, chunked", BYTES(POST "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"), 501},
    {"chunked twice",
     BYTES(POST "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"), 400},
    {"chunked and identity",
     BYTES(POST "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n"), 400},
    {"coding in HTTP/1.0",
     BYTES("POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"), 400},
    {"empty coding", BYTES(POST "Transfer-Encoding: \r\n\r\n0\r\n\r\n"), 501},

    {"folded field", BYTES(GET "A: b\r\n c\r\n\r\n"), 400},
    {"folded with a tab", BYTES(GET "A: b\r\n\tc\r\n\r\n"), 400},
    {"first line folded", BYTES("GET / HTTP/1.1\r\n Host: a\r\n\r\n"), 400},
    {"space before the colon", BYTES(POST "Content-Length : 5\r\n\r\nhello"), 400},
    {"no colon", BYTES(GET "abc\r\n\r\n"), 400},
    {"space in a name", BYTES(GET "A b: c\r\n\r\n"), 400},
    {"empty name", BYTES(GET ": c\r\n\r\n"), 400},
    {"bare CR in a value", BYTES(GET "A: b\rc\r\n\r\n"), 400},
    {"two CR", BYTES(GET "A: b\r\r\n\r\n"), 400},
    {"NUL in a value", BYTES(GET "A: b\0c\r\n\r\n"), 400},
    {"control in a value",
     BYTES(GET "A: b\x01"
               "c\r\n\r\n"),
     400},
    {"DEL in a value",
     BYTES(GET "A: b\x7f"
               "c\r\n\r\n"),
     400},
    {"control in a name", BYTES(GET "A\x01: b\r\n\r\n"), 400},
    {"all lines end with LF", BYTES("GET / HTTP/1.1\nHost: a\n\n"), 400},
    {"one line ends with LF", BYTES("GET / HTTP/1.1\r\nHost: a\nA: b\r\n\r\n"), 400},
    {"empty line is a LF", BYTES(GET "\n"), 400},

    {"NUL in the target", BYTES("GET /\0 HTTP/1.1\r\nHost: a\r\n\r\n"), 400},
    {"byte 0xFF in the target", BYTES("GET /\xff HTTP/1.1\r\nHost: a\r\n\r\n"), 400},
    {"no slash", BYTES("GET abc HTTP/1.1\r\nHost: a\r\n\r\n"), 400},
    {"authority form", BYTES("CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\n\r\n"), 400},
    {"star for GET", BYTES("GET * HTTP/1.1\r\nHost: a\r\n\r\n"), 400},
    {"other scheme", BYTES("GET ftp://a/ HTTP/1.1\r\nHost: a\r\n\r\n"), 400},
    {"target of another host", BYTES("GET http://b/ HTTP/1.1\r\nHost: a\r\n\r\n"), 400},
    {"target with a longer host", BYTES("GET http://ab/ HTTP/1.1\r\nHost: a\r\n\r\n"), 400},
    {"no host", BYTES("GET / HTTP/1.1\r\n\r\n"), 400},
    {"two hosts", BYTES("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"), 400},
    {"bad host", BYTES("GET / HTTP/1.1\r\nHost: a b\r\n\r\n"), 400},
    {"host with a user", BYTES("GET / HTTP/1.1\r\nHost: me@a\r\n\r\n"), 400},
    {"empty host", BYTES("GET / HTTP/1.1\r\nHost:\r\n\r\n"), 400},

    {"bad method", BYTES("G(T / HTTP/1.1\r\nHost: a\r\n\r\n"), 400},
    {"two spaces", BYTES("GET  / HTTP/1.1\r\nHost: a\r\n\r\n"), 400},
    {"two spaces before the version", BYTES("GET /  HTTP/1.1\r\nHost: a\r\n\r\n"), 400},
    {"tab for a space", BYTES("GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n"), 400},
    {"space before the method", BYTES(" GET / HTTP/1.1\r\nHost: a\r\n\r\n"), 400},
    {"http/1.1 in small letters", BYTES("GET / http/1.1\r\nHost: a\r\n\r\n"), 400},
    {"HTTP/1.1x", BYTES("GET / HTTP/1.1x\r\nHost: a\r\n\r\n"), 400},
    {"HTTP/1.10", BYTES("GET / HTTP/1.10\r\nHost: a\r\n\r\n"), 400},
    {"HTTP/0.9", BYTES("GET / HTTP/0.9\r\nHost: a\r\n\r\n"), 505},
    {"no version", BYTES("GET /\r\n\r\n"), 400},
    {"HTTP/2.0", BYTES("GET / HTTP/2.0\r\nHost: a\r\n\r\n"), 505},
    {"HTTP/2 preface", BYTES("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), 505},
    {"TLS", BYTES("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"), 400},
    {"unknown expectation", BYTES(POST "Expect: 200-ok\r\nContent-Length: 0\r\n\r\n"), 417},
};

static const struct {
    const char *name, *bytes;
    gsize size;
    guint n_answers;
} accepted[] = {
    {"GET", BYTES(GET "\r\n"), 1},
    {"POST", BYTES(POST "Content-Length: 5\r\n\r\nhello"), 1},
    {"extension and trailer", BYTES(CHUNKED "5;a=\"b c\"\r\nhello\r\n0\r\nX-Sum: 1\r\n\r\n"), 1},
    {"three in a row", BYTES(GET "\r\n" POST "Content-Length: 3\r\n\r\nabc" GET "\r\n"), 3},
    {"absolute form", BYTES("GET http://a/?x=1 HTTP/1.1\r\nHost: a\r\n\r\n"), 1},
    {"absolute form without path", BYTES("GET HTTP://A HTTP/1.1\r\nHost: a\r\n\r\n"), 1},
    {"leading CRLF", BYTES("\r\n" GET "\r\n"), 1},
    {"HTTP/1.2", BYTES("GET / HTTP/1.2\r\nHost: a\r\n\r\n"), 1},
    {"HTTP/1.0", BYTES("GET / HTTP/1.0\r\n\r\n"), 1},
    {"Expect", BYTES(POST "Expect: 100-continue\r\nContent-Length: 5\r\n\r\nhello"), 1},
    {"UTF-8 in a value", BYTES(GET "A: caf\xc3\xa9\r\n\r\n"), 1},
    {"HEAD", BYTES("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n"), 1},
    {"address as host", BYTES("GET / HTTP/1.1\r\nHost: [::1]:8080\r\n\r\n"), 1},
    {"no space behind the colon", BYTES("GET / HTTP/1.1\r\nHost:a\r\n\r\n"), 1},
    {"chunks in capital digits", BYTES(CHUNKED "00A\r\n0123456789\r\n1\r\na\r\n0\r\n\r\n"), 1},
    {"star for OPTIONS", BYTES("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n"), 1},
};

static void case_free(gpointer data)
{
    HttpCase *one = (HttpCase *)data;

    g_string_free(one->bytes, TRUE);
    g_free(one);
}

static GString *add(GPtrArray *cases, const char *name, guint status)
{
    HttpCase *one = g_new0(HttpCase, 1);

    one->name = name;
    one->status = status;
    one->bytes = g_string_new(NULL);
    g_ptr_array_add(cases, one);
    return one->bytes;
}

static void fill(GString *bytes, char byte, gsize n)
{
    const gsize before = bytes->len;

    g_string_set_size(bytes, before + n);
    memset(bytes->str + before, byte, n);
}

static void add_large(GPtrArray *cases)
{
    GString *bytes = add(cases, "extension of 64 KiB", 400);
    g_string_append(bytes, CHUNKED "5;a=");
    fill(bytes, 'x', 65536);
    g_string_append(bytes, "\r\nhello\r\n0\r\n\r\n");

    bytes = add(cases, "trailer of 64 KiB", 400);
    g_string_append(bytes, CHUNKED "0\r\nA: ");
    fill(bytes, 'x', 65536);
    g_string_append(bytes, "\r\n\r\n");

    bytes = add(cases, "target of 64 KiB", 414);
    g_string_append(bytes, "GET /");
    fill(bytes, 'x', 65536);
    g_string_append(bytes, " HTTP/1.1\r\nHost: a\r\n\r\n");

    bytes = add(cases, "field of 64 KiB", 431);
    g_string_append(bytes, GET "A: ");
    fill(bytes, 'x', 65536);
    g_string_append(bytes, "\r\n\r\n");

    bytes = add(cases, "2,000 fields", 431);
    g_string_append(bytes, GET);
    for (guint i = 0; i < 2000; i++)
        g_string_append_printf(bytes, "A%u: b\r\n", i);
    g_string_append(bytes, "\r\n");

    bytes = add(cases, "fields of 40 KiB together", 431);
    g_string_append(bytes, GET);
    for (guint i = 0; i < 5; i++) {
        g_string_append(bytes, "A: ");
        fill(bytes, 'x', 8000);
        g_string_append(bytes, "\r\n");
    }
    g_string_append(bytes, "\r\n");

    bytes = add(cases, "method of 4,000 letters", 501);
    fill(bytes, 'G', 4000);
    g_string_append(bytes, " / HTTP/1.1\r\nHost: a\r\n\r\n");
}

GPtrArray *http_cases_new(void)
{
    GPtrArray *cases = g_ptr_array_new_with_free_func(case_free);

    for (guint i = 0; i < G_N_ELEMENTS(refused); i++)
        g_string_append_len(add(cases, refused[i].name, refused[i].status), refused[i].bytes,
                            (gssize)refused[i].size);
    add_large(cases);
    for (guint i = 0; i < G_N_ELEMENTS(accepted); i++) {
        g_string_append_len(add(cases, accepted[i].name, 0), accepted[i].bytes,
                            (gssize)accepted[i].size);
        ((HttpCase *)cases->pdata[cases->len - 1])->n_answers = accepted[i].n_answers;
    }
    return cases;
}
