/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Our parser against llhttp's: good requests are mutated at random (fixed seed); whatever ours
 * accepts must be accepted by llhttp with the same end, length and coding, or a proxy built on it
 * and we could see different requests.  Left out, since llhttp 8 differs knowingly: methods that it
 * does not have, HTTP versions besides 1.0 and 1.1, and tabs (it refuses a legal one behind a
 * length).
 */
#include "base/random.h"
#include "http/parse.h"

#include <llhttp.h>
#include <string.h>

enum { ROUNDS = 400000, THOROUGH_ROUNDS = 20000000 }; /* -m thorough */

#define HOST "Host: example.com\r\n"
static const char *const seeds[] = {
    "GET / HTTP/1.1\r\n" HOST "\r\n",
    "GET /a/b?c=d&e=%20f HTTP/1.0\r\nAccept: */*\r\n\r\n",
    "POST /upload HTTP/1.1\r\n" HOST "Content-Length: 5\r\nContent-Type: a/b\r\n\r\nhello",
    "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
    "PUT / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n"
    "a;name=value\r\n0123456789\r\n00001\r\nx\r\n0\r\nX-Sum: 12\r\n\r\n",
    "DELETE /x HTTP/1.1\r\n" HOST "Connection: keep-alive, x\r\nX-A:  b \r\nX-B:\r\n\r\n",
    "\r\nHEAD http://example.com/p HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n",
    "OPTIONS * HTTP/1.1\r\n" HOST "Expect: 100-continue\r\nContent-Length: 3\r\n\r\nabc",
    "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 4\r\n" HOST "\r\n0\r\n\r\n",
    "POST / HTTP/1.1\r\nContent-Length: 3\r\nContent-Length: 3\r\n" HOST "\r\nabc",
    "PATCH /q HTTP/1.1\r\n" HOST
    "Upgrade: websocket\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
};

/* What mutations put in: the bytes and words on which parsers disagree. */
static const char *const words[] = {
    "\r\n",
    "\n",
    "\r",
    " ",
    "  ",
    ":",
    ": ",
    ",",
    ";",
    "0",
    "1",
    "5",
    "f",
    "0x",
    "+",
    "-",
    "%",
    "\x01",
    "\x7f",
    "\xc3\xa9",
    "\xff",
    "\x0b",
    "\"",
    "/",
    "//",
    "?",
    "#",
    "*",
    "GET ",
    "HTTP/1.1",
    "HTTP/1.0",
    "chunked",
    "identity",
    "close",
    "keep-alive",
    "Content-Length: 1\r\n",
    "Content-Length:2\r\n",
    "content-length : 3\r\n",
    "Transfer-Encoding: chunked\r\n",
    "Transfer-Encoding: chunked, chunked\r\n",
    "Transfer-Encoding:\r\n chunked\r\n",
    "Host: b\r\n",
    "\r\n\r\n",
    "0\r\n\r\n",
    "GET /2 HTTP/1.1\r\nHost: example.com\r\n\r\n",
    "Connection: upgrade\r\n",
};

static void mutate(TuneRandom *random, GString *bytes)
{
    const gint n = tune_random_int(random, 1, 4);

    for (gint i = 0; i < n; i++) {
        const gsize at = (gsize)tune_random_int(random, 0, (gint)bytes->len);
        const gsize wanted = (gsize)tune_random_int(random, 1, 8);
        const gsize length = MIN(bytes->len - at, wanted);
        const char *word = words[tune_random_int(random, 0, G_N_ELEMENTS(words) - 1)];

        switch (tune_random_int(random, 0, 5)) {
        case 0:
            g_string_erase(bytes, (gssize)at, (gssize)length);
            break;
        case 1: {
            g_autofree char *piece = g_strndup(bytes->str + at, length);
            g_string_insert_len(bytes, tune_random_int(random, 0, (gint)bytes->len), piece,
                                (gssize)length);
            break;
        }
        case 2:
            if (at < bytes->len)
                bytes->str[at] = (char)tune_random_int(random, 0, 255);
            break;
        case 3:
            if (at < bytes->len)
                bytes->str[at] ^= 32; /* letter case, and more */
            break;
        default:
            g_string_insert(bytes, (gssize)at, word);
            break;
        }
    }
}

typedef struct {
    gboolean whole;
    gsize end; /* of the message */
    gboolean chunked, has_length, keep_alive;
    guint64 length;
    guint8 minor;
    TuneHttpMethod method;
    gsize body;         /* bytes */
    gboolean undecided; /* ends within a line of chunk framing: ours judges it when it is whole */
} Framing;

static gboolean read_ours(const GString *bytes, Framing *out)
{
    g_autofree char *copy = (char *)g_memdup2(bytes->str, bytes->len + 1);
    TuneHttpHead head;
    TuneHttpFraming chunks = {0};
    TuneHttpParse result;
    gsize used;

    *out = (Framing){0};
    tune_http_head_start(&head);
    if (tune_http_head_parse(&head, copy, bytes->len) != TUNE_HTTP_PARSE_DONE)
        return FALSE;
    out->chunked = head.chunked;
    out->has_length = head.has_length;
    out->length = head.length;
    out->keep_alive = head.keep_alive;
    out->minor = head.minor;
    out->method = head.method;
    out->end = head.size;
    if (!head.chunked) {
        out->whole = head.length <= bytes->len - head.size;
        out->body = out->whole ? (gsize)head.length : 0;
        out->end += out->body;
        return TRUE;
    }
    do {
        const char *data;
        gsize n;

        result =
            tune_http_body_parse(&chunks, copy + out->end, bytes->len - out->end, &used, &data, &n);
        if (result == TUNE_HTTP_PARSE_BAD)
            return FALSE;
        out->end += used;
        out->body += n;
    } while (result == TUNE_HTTP_PARSE_MORE && used > 0);
    out->whole = result == TUNE_HTTP_PARSE_DONE;
    out->undecided = !out->whole && out->end < bytes->len;
    return TRUE;
}

static int count_body(llhttp_t *parser, const char *at, size_t length)
{
    ((Framing *)parser->data)->body += length;
    return 0;
}

static int take_head(llhttp_t *parser)
{
    Framing *out = (Framing *)parser->data;

    out->chunked = (parser->flags & F_CHUNKED) != 0;
    out->has_length = (parser->flags & F_CONTENT_LENGTH) != 0;
    out->length = out->has_length ? parser->content_length : 0;
    return 0;
}

static int stop(llhttp_t *parser)
{
    ((Framing *)parser->data)->whole = TRUE;
    return HPE_PAUSED;
}

/* NULL, or why llhttp refuses it. */
static const char *read_llhttp(const GString *bytes, Framing *out)
{
    llhttp_settings_t settings;
    llhttp_t parser;
    llhttp_errno_t code;

    *out = (Framing){0};
    llhttp_settings_init(&settings);
    settings.on_headers_complete = take_head;
    settings.on_body = count_body;
    settings.on_message_complete = stop;
    llhttp_init(&parser, HTTP_REQUEST, &settings);
    parser.data = out;
    code = llhttp_execute(&parser, bytes->str, bytes->len);
    out->minor = parser.http_minor;
    if (out->whole) {
        out->end = (gsize)(llhttp_get_error_pos(&parser) - bytes->str);
        out->keep_alive = llhttp_should_keep_alive(&parser) != 0;
        return NULL;
    }
    return code == HPE_OK ? NULL : llhttp_get_error_reason(&parser);
}

static void differ(const GString *bytes, const char *what)
{
    g_autofree char *shown = g_strescape(bytes->str, NULL);

    g_error("%s:\n%s", what, shown);
}

static gboolean is_known_difference(const GString *bytes, const Framing *ours)
{
    gboolean semicolon = FALSE;

    if (ours->method == TUNE_HTTP_OTHER || ours->minor > 1)
        return TRUE;
    for (gsize i = 0; i < bytes->len; i++) {
        if (bytes->str[i] == '\t' || (bytes->str[i] == ';' && semicolon))
            return TRUE;
        semicolon = bytes->str[i] == ';' || (semicolon && bytes->str[i] != '\n');
    }
    return FALSE;
}

static void compare(const GString *bytes, guint *n_accepted)
{
    Framing ours, theirs;
    const char *wrong;

    if (!read_ours(bytes, &ours) || is_known_difference(bytes, &ours))
        return;
    ++*n_accepted;
    wrong = read_llhttp(bytes, &theirs);
    if (wrong != NULL && !ours.undecided)
        differ(bytes, wrong);
    if (ours.whole != theirs.whole)
        differ(bytes, ours.whole ? "llhttp waits for more" : "llhttp is at the end");
    if (!ours.whole)
        return;
    if (ours.chunked != theirs.chunked || ours.has_length != theirs.has_length ||
        ours.length != theirs.length)
        differ(bytes, "another framing");
    if (ours.end != theirs.end || ours.body != theirs.body)
        differ(bytes, "another end");
    if (ours.minor != theirs.minor || ours.keep_alive != theirs.keep_alive)
        differ(bytes, "another version or life of the connection");
}

static void test_mutations(void)
{
    const guint n_rounds = g_test_thorough() ? THOROUGH_ROUNDS : ROUNDS;
    guint n_accepted = 0;

    for (guint i = 0; i < n_rounds; i++) {
        TuneRandom random;
        g_autoptr(GString) bytes = NULL;

        tune_random_init(&random, 1, "llhttp/%u", i);
        bytes = g_string_new(seeds[tune_random_int(&random, 0, G_N_ELEMENTS(seeds) - 1)]);
        mutate(&random, bytes);
        compare(bytes, &n_accepted);
    }
    g_test_message("%u of %u were accepted by ours", n_accepted, n_rounds);
    g_assert_cmpuint(n_accepted, >, n_rounds / 20); /* or nothing was compared */
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/http/parse/accepts-nothing-that-llhttp-frames-otherwise", test_mutations);
    return g_test_run();
}
