/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Heads are taken line by line: a line is judged when it is whole, and what can never become a good
 * line (a control character, too many bytes) is refused at once.  So are the lines around chunks
 * and behind them.  RFC 9112 sections 2 to 7; where it leaves a choice, the stricter one.
 */
#include "http/parse.h"

#include <stddef.h>
#include <string.h>

enum { TOKEN = 1, VALUE = 2, TARGET = 4, HOST = 8 };
enum { MAX_METHOD = 32, MAX_CHUNK_DIGITS = 15 };
enum { BEFORE_REQUEST_LINE, REQUEST_LINE, FIELDS, WHOLE };  /* of a head */
enum { CHUNK_SIZE, CHUNK_DATA, CHUNK_END, CHUNK_TRAILERS }; /* of a body */
#define NO_METHOD "The request does not start with a method and one space."

/* Which byte may stand where.  TARGET leaves out "#" and "\", which readers take differently. */
static const guint8 classes[128] = {
    0,  0,  0,  0,  0,  0,  0,  0,  0,  2,  0,  0,  0,  0,  0,  0,  /* HT */
    0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  /* */
    2,  15, 6,  3,  15, 15, 15, 15, 14, 14, 15, 15, 14, 15, 15, 6,  /* SP ... / */
    15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 6,  14, 6,  14, 6,  6,  /* 0 ... ? */
    6,  15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, /* @ ... O */
    15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 6,  2,  6,  7,  15, /* P ... _ */
    7,  15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, /* ` ... o */
    15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 6,  7,  6,  15, 0,  /* p ... DEL */
};

static inline gboolean is_in(char byte, guint8 class)
{
    const guint8 b = (guint8)byte; /* from 128 on: UTF-8 in values, only there */

    return ((b < 128 ? classes[b] : VALUE) & class) != 0;
}

/* First byte from @p that is not of @class. */
static char *skip(const char *p, const char *end, guint8 class)
{
    while (p < end && is_in(*p, class))
        p++;
    return (char *)p;
}

static gboolean is_all(const char *text, guint8 class)
{
    while (is_in(*text, class))
        text++;
    return *text == '\0';
}

gboolean tune_http_is_field(const char *name, const char *value)
{
    return *name != '\0' && is_all(name, TOKEN) && is_all(value, VALUE);
}

gboolean tune_http_host_is_valid(const char *host)
{
    const char *p = host;

    if (*p == '[') {
        p += 1 + strspn(p + 1, "0123456789abcdefABCDEF:.");
        if (*p++ != ']' || p - host < 4)
            return FALSE;
    } else {
        p = skip(host, host + strlen(host), HOST);
        if (p == host)
            return FALSE;
    }
    if (*p == ':')
        p += 1 + strspn(p + 1, "0123456789");
    return *p == '\0';
}

/* FALSE, for a head that is refused. */
static gboolean bad(TuneHttpHead *self, guint status, const char *reason)
{
    self->status = status;
    self->reason = reason;
    return FALSE;
}

void tune_http_head_start(TuneHttpHead *self)
{
    memset(self, 0, offsetof(TuneHttpHead, fields));
}

static TuneHttpMethod method_of(const char *name)
{
    static const char *const known[] = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"};

    for (guint i = 0; i < G_N_ELEMENTS(known); i++)
        if (strcmp(known[i], name) == 0)
            return (TuneHttpMethod)(TUNE_HTTP_GET << i);
    return TUNE_HTTP_OTHER;
}

static gboolean take_version(TuneHttpHead *self, const char *version, gsize length)
{
    if (length != 8 || memcmp(version, "HTTP/", 5) != 0 || !g_ascii_isdigit(version[5]) ||
        version[6] != '.' || !g_ascii_isdigit(version[7]))
        return bad(self, 400, "The request line does not end with one space and HTTP/1.1.");
    if (version[5] != '1')
        return bad(self, 505, "Only HTTP/1.1 and HTTP/1.0 are spoken here.");
    self->minor = (guint8)(version[7] - '0');
    return TRUE;
}

static gboolean take_request_line(TuneHttpHead *self, char *bytes, char *line, char *end)
{
    char *method_end = skip(line, end, TOKEN), *target = method_end + 1, *target_end;

    if (method_end == line || method_end == end || *method_end != ' ')
        return bad(self, 400, NO_METHOD);
    if (method_end - line > MAX_METHOD)
        return bad(self, 501, "No such method.");
    target_end = skip(target, end, TARGET);
    if (target_end == target || target_end == end || *target_end != ' ')
        return bad(self, 400,
                   "The target of the request is empty or has a character that must be "
                   "percent-encoded.");
    *method_end = *target_end = '\0';
    self->method_at = (guint32)(line - bytes);
    self->method = method_of(line);
    self->target_at = (guint32)(target - bytes);
    self->target_length = (guint32)(target_end - target);
    return take_version(self, target_end + 1, (gsize)(end - target_end - 1));
}

static gboolean take_length(TuneHttpHead *self, const char *value)
{
    if (self->has_length)
        return bad(self, 400, "Content-Length is there twice.");
    self->has_length = TRUE;
    return g_ascii_string_to_unsigned(value, 10, 0, G_MAXINT64, &self->length, NULL) ||
           bad(self, 400, "Content-Length is not a number of bytes.");
}

static gboolean take_coding(TuneHttpHead *self, const char *value)
{
    if (self->chunked)
        return bad(self, 400, "Transfer-Encoding is there twice.");
    self->chunked = TRUE;
    return g_ascii_strcasecmp(value, "chunked") == 0 ||
           bad(self, 501, "The only transfer coding known here is chunked.");
}

static gboolean take_host(TuneHttpHead *self, const char *value)
{
    if (self->has_host)
        return bad(self, 400, "Host is there twice.");
    self->has_host = TRUE;
    self->host_at = self->fields[self->n_fields - 1].value;
    return tune_http_host_is_valid(value) || bad(self, 400, "Host is not a name or an address.");
}

static gboolean take_expect(TuneHttpHead *self, const char *value)
{
    self->expect_continue = TRUE;
    return g_ascii_strcasecmp(value, "100-continue") == 0 ||
           bad(self, 417, "The only expectation known here is 100-continue.");
}

static gboolean take_connection(TuneHttpHead *self, const char *value)
{
    g_auto(GStrv) options = g_strsplit(value, ",", -1);

    for (guint i = 0; options[i] != NULL; i++) {
        const char *option = g_strstrip(options[i]);

        self->close = self->close || g_ascii_strcasecmp(option, "close") == 0;
        self->keep_alive = self->keep_alive || g_ascii_strcasecmp(option, "keep-alive") == 0;
    }
    return TRUE;
}

/* The fields that decide about framing and the connection; all others are only kept. */
static gboolean take_known(TuneHttpHead *self, const TuneHttpField *field, const char *bytes)
{
    static const struct {
        const char *name;
        gsize length;
        gboolean (*take)(TuneHttpHead *, const char *value);
    } known[] = {
        {"Host", 4, take_host},
        {"Connection", 10, take_connection},
        {"Content-Length", 14, take_length},
        {"Transfer-Encoding", 17, take_coding},
        {"Expect", 6, take_expect},
    };
    for (guint i = 0; i < G_N_ELEMENTS(known); i++)
        if (known[i].length == field->name_length &&
            g_ascii_strcasecmp(known[i].name, bytes + field->name) == 0)
            return known[i].take(self, bytes + field->value);
    return TRUE;
}

static gboolean take_field(TuneHttpHead *self, char *bytes, char *line, char *end)
{
    char *colon = skip(line, end, TOKEN), *value = colon + 1;
    TuneHttpField *field = &self->fields[self->n_fields];

    if (*line == ' ' || *line == '\t')
        return bad(self, 400, "A field is folded over two lines.");
    if (colon == line || colon == end || *colon != ':')
        return bad(self, 400, "A field has no name that ends with a colon.");
    if (skip(value, end, VALUE) != end)
        return bad(self, 400, "The value of a field has a control character.");
    if (self->n_fields == TUNE_HTTP_MAX_FIELDS)
        return bad(self, 431, "There are too many fields.");
    while (value < end && (*value == ' ' || *value == '\t'))
        value++;
    while (end > value && (end[-1] == ' ' || end[-1] == '\t'))
        end--;
    *colon = *end = '\0';
    *field = (TuneHttpField){(guint32)(line - bytes), (guint32)(colon - line),
                             (guint32)(value - bytes), (guint32)(end - value)};
    self->n_fields++;
    return take_known(self, field, bytes);
}

/* "http://host/path?query" becomes "/path?query"; the authority must be the one of Host. */
static gboolean reduce_target(TuneHttpHead *self, char *bytes)
{
    char *target = bytes + self->target_at, *authority, *path;
    const char *host = bytes + self->host_at;

    if (*target == '/' || (strcmp(target, "*") == 0 && self->method == TUNE_HTTP_OPTIONS))
        return TRUE;
    if (g_ascii_strncasecmp(target, "http://", 7) == 0)
        authority = target + 7;
    else if (g_ascii_strncasecmp(target, "https://", 8) == 0)
        authority = target + 8;
    else
        return bad(self, 400, "The target of the request does not start with a slash.");
    path = authority + strcspn(authority, "/?");
    if (!self->has_host || strlen(host) != (gsize)(path - authority) ||
        g_ascii_strncasecmp(host, authority, (gsize)(path - authority)) != 0)
        return bad(self, 400, "The target of the request and Host name two servers.");
    if (*path != '/')
        *--path = '/'; /* over the end of the authority, which is not needed any more */
    self->target_length -= (guint32)(path - target);
    self->target_at = (guint32)(path - bytes);
    return TRUE;
}

static gboolean finish_head(TuneHttpHead *self, char *bytes)
{
    if (self->chunked && self->minor == 0)
        return bad(self, 400, "HTTP/1.0 has no Transfer-Encoding.");
    if (self->chunked && self->has_length)
        return bad(self, 400, "Content-Length and Transfer-Encoding exclude each other.");
    if (self->minor > 0 && !self->has_host)
        return bad(self, 400, "There is no Host.");
    self->expect_continue = self->expect_continue && self->minor > 0;
    self->keep_alive = !self->close && (self->minor > 0 || self->keep_alive);
    self->size = self->line;
    self->stage = WHOLE;
    return reduce_target(self, bytes);
}

static gboolean take_line(TuneHttpHead *self, char *bytes, char *line, char *end)
{
    if (self->stage == FIELDS)
        return line == end ? finish_head(self, bytes) : take_field(self, bytes, line, end);
    if (self->stage == BEFORE_REQUEST_LINE && line == end) {
        self->stage = REQUEST_LINE; /* old clients send one empty line behind a body */
        return TRUE;
    }
    self->stage = FIELDS;
    return take_request_line(self, bytes, line, end);
}

/* A line whose end has not come yet: can it become a good one?  @stop: behind what needs no second
 * look. */
static gboolean is_part_of_line(const char *part, const char *end, const char **stop)
{
    *stop = skip(part, end, VALUE);
    return *stop == end || (**stop == '\r' && *stop + 1 == end);
}

static gboolean take_part(TuneHttpHead *self, const char *bytes, gsize size)
{
    const char *stop;

    if (!is_part_of_line(bytes + self->scanned, bytes + size, &stop))
        return bad(self, 400, "There is a control character in the head.");
    if (self->stage != FIELDS && bytes[self->line] != '\r' && !is_in(bytes[self->line], TOKEN))
        return bad(self, 400, NO_METHOD);
    self->scanned = (guint32)(stop - bytes);
    return TRUE;
}

/* Takes the next line if it has come, else all that has. */
static gboolean take_next(TuneHttpHead *self, char *bytes, gsize size)
{
    char *feed = memchr(bytes + self->scanned, '\n', size - self->scanned);
    char *line = bytes + self->line, *end = feed != NULL ? feed : bytes + size;

    if (end - line > TUNE_HTTP_MAX_LINE + 1)
        return self->stage == FIELDS ? bad(self, 431, "A field is too long.")
                                     : bad(self, 414, "The target of the request is too long.");
    if (end - bytes >= TUNE_HTTP_MAX_HEAD)
        return bad(self, 431, "The fields are too long together.");
    if (feed == NULL)
        return take_part(self, bytes, size);
    if (feed == line || feed[-1] != '\r')
        return bad(self, 400, "A line does not end with CR and LF.");
    self->line = self->scanned = (guint32)(feed + 1 - bytes);
    return take_line(self, bytes, line, feed - 1);
}

TuneHttpParse tune_http_head_parse(TuneHttpHead *self, char *bytes, gsize size)
{
    gsize before;

    do {
        before = self->scanned;
        if (before < size && !take_next(self, bytes, size))
            return TUNE_HTTP_PARSE_BAD;
        if (self->stage == WHOLE)
            return TUNE_HTTP_PARSE_DONE;
    } while (self->scanned > before);
    return TUNE_HTTP_PARSE_MORE;
}

/* Behind the quoted string at @p; NULL if it has no end or a byte that may not be in it. */
static const char *skip_quoted(const char *p, const char *end)
{
    for (p++; p < end && *p != '"'; p++) {
        if (*p == '\\')
            p++;
        if (p == end || !is_in(*p, VALUE))
            return NULL;
    }
    return p < end ? p + 1 : NULL;
}

/* ";name", ";name=token", ";name="quoted"", any number of them (RFC 9112 section 7.1.1). */
static gboolean are_extensions(const char *p, const char *end)
{
    while (p != NULL && p < end) {
        const char *name = p + 1, *name_end = skip(name, end, TOKEN), *value = name_end + 1;

        if (*p != ';' || name_end == name)
            return FALSE;
        p = name_end;
        if (p < end && *p == '=')
            p = value < end && *value == '"' ? skip_quoted(value, end) : skip(value, end, TOKEN);
        if (p == value)
            return FALSE;
    }
    return p != NULL;
}

static gboolean take_chunk_size(TuneHttpFraming *self, const char *line, const char *end)
{
    const char *p = line;

    for (self->left = 0; p < end && g_ascii_isxdigit(*p); p++)
        self->left = self->left << 4 | (guint64)g_ascii_xdigit_value(*p);
    self->stage = self->left > 0 ? CHUNK_DATA : CHUNK_TRAILERS;
    return p > line && p - line <= MAX_CHUNK_DIGITS && end - p <= TUNE_HTTP_MAX_EXTENSION &&
           are_extensions(p, end);
}

/* A reader that takes trailers for fields must not find another framing in them. */
static gboolean is_trailer(const char *line, const char *end)
{
    const char *colon = skip(line, end, TOKEN);

    return colon > line && colon < end && *colon == ':' && skip(colon, end, VALUE) == end &&
           g_ascii_strncasecmp(line, "Content-Length:", 15) != 0 &&
           g_ascii_strncasecmp(line, "Transfer-Encoding:", 18) != 0;
}

/* Body bytes, of the chunk or of the whole. */
static TuneHttpParse take_data(TuneHttpFraming *self, gsize n)
{
    self->left -= n;
    if (self->left > 0)
        return TUNE_HTTP_PARSE_MORE;
    self->stage = CHUNK_END;
    return self->is_plain ? TUNE_HTTP_PARSE_DONE : TUNE_HTTP_PARSE_MORE;
}

TuneHttpParse tune_http_body_parse(TuneHttpFraming *self, const char *bytes, gsize size,
                                   gsize *used, const char **data, gsize *n_data)
{
    static const gsize lines[] = {
        [CHUNK_SIZE] = MAX_CHUNK_DIGITS + TUNE_HTTP_MAX_EXTENSION + 2,
        [CHUNK_END] = 2,
        [CHUNK_TRAILERS] = TUNE_HTTP_MAX_TRAILERS,
    };
    const gsize longest = lines[self->stage] - self->trailers;
    const char *stop;
    gboolean good;

    *used = *n_data = 0;
    *data = bytes;
    if (self->stage == CHUNK_DATA || self->is_plain) {
        *used = *n_data = (gsize)MIN(self->left, (guint64)size);
        return take_data(self, *used);
    }
    const char *feed = memchr(bytes, '\n', MIN(size, longest));
    if (feed == NULL)
        return size < longest && is_part_of_line(bytes, bytes + size, &stop) ? TUNE_HTTP_PARSE_MORE
                                                                             : TUNE_HTTP_PARSE_BAD;
    if (feed == bytes || feed[-1] != '\r')
        return TUNE_HTTP_PARSE_BAD;
    const char *end = feed - 1;
    *used = (gsize)(feed + 1 - bytes);
    if (self->stage == CHUNK_SIZE) {
        good = take_chunk_size(self, bytes, end);
    } else if (self->stage == CHUNK_END) {
        good = end == bytes;
        self->stage = CHUNK_SIZE;
    } else if (end == bytes) {
        return TUNE_HTTP_PARSE_DONE;
    } else {
        good = is_trailer(bytes, end);
        self->trailers = (guint16)(self->trailers + *used);
    }
    return good ? TUNE_HTTP_PARSE_MORE : TUNE_HTTP_PARSE_BAD;
}
