/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The strict parser of requests: heads, chunked bodies, targets, ranges (RFC 9112, RFC 9110).  Pure: no
 * sockets, no clock, no options.  What two readers could frame differently is refused: bare CR or LF, folded
 * lines, NUL, space before the colon, two lengths, a length with a transfer coding, codings but "chunked", ...
 *
 *     TuneHttpHead head;
 *     tune_http_head_start(&head);
 *     while ((result = tune_http_head_parse(&head, bytes, size)) == TUNE_HTTP_PARSE_MORE)
 *         size += read more behind bytes + size;
 *
 * Bytes may come in any pieces; each is looked at a bounded number of times.
 */
#pragma once
#include "http/http.h"

enum {
    TUNE_HTTP_MAX_LINE = 8192,  /* bytes of a request line or a field */
    TUNE_HTTP_MAX_HEAD = 32768, /* of all together */
    TUNE_HTTP_MAX_FIELDS = 100,
    TUNE_HTTP_MAX_EXTENSION = 256, /* bytes of extension of a chunk */
    TUNE_HTTP_MAX_TRAILERS = 4096, /* bytes of all trailers */
};

typedef enum { TUNE_HTTP_PARSE_MORE, TUNE_HTTP_PARSE_DONE, TUNE_HTTP_PARSE_BAD } TuneHttpParse;

/* Offsets from the first byte of the head; both strings are ended by NUL once their line was taken. */
typedef struct {
    guint32 name, name_length, value, value_length;
} TuneHttpField;

typedef struct {
    guint32 line, scanned; /* start of the line under way; bytes looked at */
    guint8 stage;
    guint8 minor; /* HTTP/1.x */
    gboolean has_length, has_host, chunked, close, keep_alive, expect_continue;
    TuneHttpMethod method;
    guint32 method_at, target_at, target_length, host_at;
    guint64 length;     /* of the body; 0 without Content-Length */
    guint32 size;       /* of the head, when done */
    guint status;       /* when bad: 400, 414, 417, 431, 501, 505 */
    const char *reason; /* when bad: a sentence for the client */
    guint n_fields;
    TuneHttpField fields[TUNE_HTTP_MAX_FIELDS];
} TuneHttpHead;

void tune_http_head_start(TuneHttpHead *self);
/* @bytes: all bytes of this head so far, @size never smaller than before; the buffer may have moved.  Lines
 * that are complete are changed in place (NUL behind names and values).  In the end an absolute target is
 * reduced to path and query. */
TuneHttpParse tune_http_head_parse(TuneHttpHead *self, char *bytes, gsize size);

/* The way through a body. */
typedef struct {
    gboolean is_plain; /* @left bytes, not chunks */
    guint8 stage;
    guint16 trailers;  /* bytes of them so far */
    guint64 left;      /* of the chunk, or of all */
} TuneHttpFraming;     /* all zero at the start of a chunked body */

/* Takes from @size bytes of a body.  MORE: @used bytes were taken, of which @n_data at @data are the body's;
 * call again with the rest, or, when none were taken, with the same and more behind it.  DONE: the body ended
 * behind @used.  Trailers are checked and dropped; those that would frame the message anew are refused. */
TuneHttpParse tune_http_body_parse(TuneHttpFraming *self, const char *bytes, gsize size,
                                   gsize *used, const char **data, gsize *n_data);

/* "name", "name:port", "[v6]:port" */
gboolean tune_http_host_is_valid(const char *host);
/* A token; and no CR, LF, NUL or other control character but the tab. */
gboolean tune_http_is_field(const char *name, const char *value);

/* ---- target.c: path and query, decoded; ranges ---- */
/* @path (transfer full, nullable) and what is added to @query (names and values in turn; of char *, to be freed)
 * are the caller's even when something is wrong.  NULL, or what is wrong with @target. */
const char *tune_http_target_decode(const char *target, char **path, GPtrArray *query);
/* The one range that a Range field's value (nullable) asks of @size bytes.  200: none, several, or nothing that is
 * understood, the field is to be ignored.  206: @length bytes from @first.  416: there are none there; @length
 * is 0. */
guint tune_http_range_parse(const char *field, guint64 size, guint64 *first, guint64 *length);
