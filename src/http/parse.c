/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Heads are taken line by line: a line is judged when it is whole, and what can never become a good
 * line (a control character, too many bytes) is refused at once.  Chunks go through a machine of
 * bytes, except their data.  RFC 9112 sections 2 to 7; where it leaves a choice, the stricter one.
 */
#include "http/parse.h"

enum { TOKEN = 1, VALUE = 2, TARGET = 4, HOST = 8 };
enum { MAX_METHOD = 32 };
enum { BEFORE_REQUEST_LINE, REQUEST_LINE, FIELDS };

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
static char *skip(char *p, const char *end, guint8 class)
{
    while (p < end && is_in(*p, class))
        p++;
    return p;
}

gboolean tune_http_is_token(const char *text)
{
    const char *p = text;

    while (is_in(*p, TOKEN))
        p++;
    return p > text && *p == '\0';
}

gboolean tune_http_is_field_value(const char *text)
{
    while (is_in(*text, VALUE))
        text++;
    return *text == '\0';
}

gboolean tune_http_host_is_valid(const char *host, gsize length)
{
    const char *end = host + length, *p = host;

    if (p < end && *p == '[') {
        for (p++; p < end && (g_ascii_isxdigit(*p) || *p == ':' || *p == '.'); p++)
            ;
        if (p == end || *p != ']' || p - host < 3)
            return FALSE;
        p++;
    } else {
        while (p < end && is_in(*p, HOST))
            p++;
        if (p == host)
            return FALSE;
    }
    if (p < end && *p == ':')
        for (p++; p < end && g_ascii_isdigit(*p); p++)
            ;
    return p == end;
}

static TuneHttpParse bad(TuneHttpHead *self, guint status, const char *reason)
{
    self->status = status;
    self->reason = reason;
    return TUNE_HTTP_PARSE_BAD;
}

void tune_http_head_start(TuneHttpHead *self, TuneHttpField *fields)
{
    *self = (TuneHttpHead){.fields = fields};
}

static TuneHttpMethod method_of(const char *name, gsize length)
{
    static const struct {
        char name[8];
        guint8 length;
        TuneHttpMethod method;
    } known[] = {
        {"GET", 3, TUNE_HTTP_GET},         {"POST", 4, TUNE_HTTP_POST},
        {"HEAD", 4, TUNE_HTTP_HEAD},       {"PUT", 3, TUNE_HTTP_PUT},
        {"PATCH", 5, TUNE_HTTP_PATCH},     {"DELETE", 6, TUNE_HTTP_DELETE},
        {"OPTIONS", 7, TUNE_HTTP_OPTIONS},
    };
    for (guint i = 0; i < G_N_ELEMENTS(known); i++)
        if (known[i].length == length && memcmp(known[i].name, name, length) == 0)
            return known[i].method;
    return TUNE_HTTP_OTHER;
}

static TuneHttpParse take_version(TuneHttpHead *self, const char *version, gsize length)
{
    if (length != 8 || memcmp(version, "HTTP/", 5) != 0 || !g_ascii_isdigit(version[5]) ||
        version[6] != '.' || !g_ascii_isdigit(version[7]))
        return bad(self, 400, "The request line does not end with one space and HTTP/1.1.");
    if (version[5] != '1')
        return bad(self, 505, "Only HTTP/1.1 and HTTP/1.0 are spoken here.");
    self->minor = (guint8)(version[7] - '0');
    return TUNE_HTTP_PARSE_MORE;
}

static TuneHttpParse take_request_line(TuneHttpHead *self, char *bytes, char *line, char *end)
{
    char *method_end = skip(line, end, TOKEN), *target = method_end + 1, *target_end;

    if (method_end == line || method_end == end || *method_end != ' ')
        return bad(self, 400, "The request does not start with a method and one space.");
    if (method_end - line > MAX_METHOD)
        return bad(self, 501, "No such method.");
    target_end = skip(target, end, TARGET);
    if (target_end == target || target_end == end || *target_end != ' ')
        return bad(self, 400,
                   "The target of the request is empty or has a character that must be "
                   "percent-encoded.");
    self->method_at = (guint32)(line - bytes);
    self->method = method_of(line, (gsize)(method_end - line));
    self->target_at = (guint32)(target - bytes);
    self->target_length = (guint32)(target_end - target);
    if (take_version(self, target_end + 1, (gsize)(end - target_end - 1)) == TUNE_HTTP_PARSE_BAD)
        return TUNE_HTTP_PARSE_BAD;
    *method_end = *target_end = '\0';
    self->stage = FIELDS;
    return TUNE_HTTP_PARSE_MORE;
}

static TuneHttpParse take_length(TuneHttpHead *self, const char *value)
{
    guint64 length = 0;

    if (self->has_length)
        return bad(self, 400, "Content-Length is there twice.");
    for (const char *p = value; *p != '\0' || p == value; p++)
        if (!g_ascii_isdigit(*p) || __builtin_mul_overflow(length, 10, &length) ||
            __builtin_add_overflow(length, (guint64)(*p - '0'), &length) || length > G_MAXINT64)
            return bad(self, 400, "Content-Length is not a number of bytes.");
    self->has_length = TRUE;
    self->length = length;
    return TUNE_HTTP_PARSE_MORE;
}

static TuneHttpParse take_coding(TuneHttpHead *self, const char *value)
{
    if (self->chunked)
        return bad(self, 400, "Transfer-Encoding is there twice.");
    if (g_ascii_strcasecmp(value, "chunked") != 0)
        return bad(self, 501, "The only transfer coding known here is chunked.");
    self->chunked = TRUE;
    return TUNE_HTTP_PARSE_MORE;
}

static TuneHttpParse take_host(TuneHttpHead *self, const TuneHttpField *field, const char *value)
{
    if (self->has_host)
        return bad(self, 400, "Host is there twice.");
    if (!tune_http_host_is_valid(value, field->value_length))
        return bad(self, 400, "Host is not a name or an address.");
    self->has_host = TRUE;
    self->host_at = field->value;
    return TUNE_HTTP_PARSE_MORE;
}

static TuneHttpParse take_connection(TuneHttpHead *self, const char *value)
{
    while (*value != '\0') {
        gsize length;

        value += strspn(value, " \t,");
        length = strcspn(value, ",");
        const char *next = value + length;
        while (length > 0 && (value[length - 1] == ' ' || value[length - 1] == '\t'))
            length--;
        if (length == 5 && g_ascii_strncasecmp(value, "close", 5) == 0)
            self->close = TRUE;
        else if (length == 10 && g_ascii_strncasecmp(value, "keep-alive", 10) == 0)
            self->keep_alive = TRUE;
        value = next;
    }
    return TUNE_HTTP_PARSE_MORE;
}

/* The fields that decide about framing and the connection; all others are only kept. */
static TuneHttpParse take_known(TuneHttpHead *self, const TuneHttpField *field, const char *bytes)
{
    const char *name = bytes + field->name, *value = bytes + field->value;

    switch (field->name_length) {
    case 4:
        return g_ascii_strcasecmp(name, "Host") == 0 ? take_host(self, field, value)
                                                     : TUNE_HTTP_PARSE_MORE;
    case 6:
        if (g_ascii_strcasecmp(name, "Expect") != 0)
            return TUNE_HTTP_PARSE_MORE;
        if (g_ascii_strcasecmp(value, "100-continue") != 0)
            return bad(self, 417, "The only expectation known here is 100-continue.");
        self->expect_continue = TRUE;
        return TUNE_HTTP_PARSE_MORE;
    case 10:
        return g_ascii_strcasecmp(name, "Connection") == 0 ? take_connection(self, value)
                                                           : TUNE_HTTP_PARSE_MORE;
    case 14:
        return g_ascii_strcasecmp(name, "Content-Length") == 0 ? take_length(self, value)
                                                               : TUNE_HTTP_PARSE_MORE;
    case 17:
        return g_ascii_strcasecmp(name, "Transfer-Encoding") == 0 ? take_coding(self, value)
                                                                  : TUNE_HTTP_PARSE_MORE;
    default:
        return TUNE_HTTP_PARSE_MORE;
    }
}

static TuneHttpParse take_field(TuneHttpHead *self, const TuneHttpLimits *limits, char *bytes,
                                char *line, char *end)
{
    char *colon = skip(line, end, TOKEN), *value = colon + 1;
    TuneHttpField *field = &self->fields[self->n_fields];

    if (*line == ' ' || *line == '\t')
        return bad(self, 400, "A field is folded over two lines.");
    if (colon == line || colon == end || *colon != ':')
        return bad(self, 400, "A field has no name that ends with a colon.");
    if (skip(value, end, VALUE) != end)
        return bad(self, 400, "The value of a field has a control character.");
    if (self->n_fields == limits->max_fields)
        return bad(self, 431, "There are too many fields.");
    while (value < end && (*value == ' ' || *value == '\t'))
        value++;
    while (end > value && (end[-1] == ' ' || end[-1] == '\t'))
        end--;
    *colon = *end = '\0';
    *field = (TuneHttpField){.name = (guint32)(line - bytes),
                             .name_length = (guint32)(colon - line),
                             .value = (guint32)(value - bytes),
                             .value_length = (guint32)(end - value)};
    self->n_fields++;
    return take_known(self, field, bytes);
}

/* "http://host/path?query" becomes "/path?query"; the authority must be the one of Host. */
static TuneHttpParse reduce_target(TuneHttpHead *self, char *bytes)
{
    char *target = bytes + self->target_at, *authority, *path;

    if (*target == '/' || (strcmp(target, "*") == 0 && self->method == TUNE_HTTP_OPTIONS))
        return TUNE_HTTP_PARSE_MORE;
    if (g_ascii_strncasecmp(target, "http://", 7) == 0)
        authority = target + 7;
    else if (g_ascii_strncasecmp(target, "https://", 8) == 0)
        authority = target + 8;
    else
        return bad(self, 400, "The target of the request does not start with a slash.");
    path = authority + strcspn(authority, "/?");
    if (!self->has_host || strlen(bytes + self->host_at) != (gsize)(path - authority) ||
        g_ascii_strncasecmp(bytes + self->host_at, authority, (gsize)(path - authority)) != 0)
        return bad(self, 400, "The target of the request and Host name two servers.");
    if (*path != '/')
        *--path = '/'; /* over the end of the authority, which is not needed any more */
    self->target_length -= (guint32)(path - target);
    self->target_at = (guint32)(path - bytes);
    return TUNE_HTTP_PARSE_MORE;
}

static TuneHttpParse finish_head(TuneHttpHead *self, char *bytes)
{
    if (self->chunked && self->minor == 0)
        return bad(self, 400, "HTTP/1.0 has no Transfer-Encoding.");
    if (self->chunked && self->has_length)
        return bad(self, 400, "Content-Length and Transfer-Encoding exclude each other.");
    if (self->minor > 0 && !self->has_host)
        return bad(self, 400, "There is no Host.");
    if (reduce_target(self, bytes) == TUNE_HTTP_PARSE_BAD)
        return TUNE_HTTP_PARSE_BAD;
    self->expect_continue = self->expect_continue && self->minor > 0;
    self->keep_alive = !self->close && (self->minor > 0 || self->keep_alive);
    self->size = self->line;
    return TUNE_HTTP_PARSE_DONE;
}

static TuneHttpParse take_line(TuneHttpHead *self, const TuneHttpLimits *limits, char *bytes,
                               char *line, char *end)
{
    switch (self->stage) {
    case BEFORE_REQUEST_LINE: /* old clients send one empty line behind a body */
        self->stage = REQUEST_LINE;
        return line == end ? TUNE_HTTP_PARSE_MORE : take_request_line(self, bytes, line, end);
    case REQUEST_LINE:
        return take_request_line(self, bytes, line, end);
    default:
        return line == end ? finish_head(self, bytes) : take_field(self, limits, bytes, line, end);
    }
}

/* A line whose end has not come yet: can it become a good one? */
static TuneHttpParse look_at_part(TuneHttpHead *self, char *bytes, gsize size)
{
    char *end = bytes + size, *stop = skip(bytes + self->scanned, end, VALUE);

    if (stop != end && (*stop != '\r' || stop + 1 != end))
        return bad(self, 400, "There is a control character in the head.");
    if (self->stage != FIELDS && bytes[self->line] != '\r' && !is_in(bytes[self->line], TOKEN))
        return bad(self, 400, "The request does not start with a method and one space.");
    self->scanned = (guint32)(stop - bytes); /* a CR is looked at again with what follows it */
    return TUNE_HTTP_PARSE_MORE;
}

TuneHttpParse tune_http_head_parse(TuneHttpHead *self, const TuneHttpLimits *limits, char *bytes,
                                   gsize size)
{
    TuneHttpParse result = TUNE_HTTP_PARSE_MORE;

    while (result == TUNE_HTTP_PARSE_MORE && self->scanned < size) {
        char *feed = (char *)memchr(bytes + self->scanned, '\n', size - self->scanned);
        char *line = bytes + self->line, *end = feed != NULL ? feed : bytes + size;

        if ((gsize)(end - line) > limits->max_line + 1)
            return self->stage == FIELDS ? bad(self, 431, "A field is too long.")
                                         : bad(self, 414, "The target of the request is too long.");
        if ((gsize)(end - bytes) >= limits->max_head)
            return bad(self, 431, "The fields are too long together.");
        if (feed == NULL)
            return look_at_part(self, bytes, size);
        if (feed == line || feed[-1] != '\r')
            return bad(self, 400, "A line does not end with CR and LF.");
        self->line = self->scanned = (guint32)(feed + 1 - bytes);
        result = take_line(self, limits, bytes, line, feed - 1);
    }
    return result;
}

enum {
    SIZE,
    EXTENSION, /* behind ";" */
    EXTENSION_NAME,
    EXTENSION_EQUALS, /* behind "=" */
    EXTENSION_VALUE,
    EXTENSION_QUOTED,
    EXTENSION_ESCAPE, /* behind a backslash in quotes */
    EXTENSION_END,    /* behind the quotes */
    SIZE_LF,
    DATA,
    DATA_CR,
    DATA_LF,
    TRAILER_START,
    TRAILER_NAME,
    TRAILER_VALUE,
    TRAILER_LF,
    END_LF,
    FAILED,
};

static int next_of_size(TuneHttpChunks *self, char byte)
{
    if (byte == '\r' || byte == ';')
        return self->digits == 0 ? FAILED : byte == ';' ? EXTENSION : SIZE_LF;
    if (!g_ascii_isxdigit(byte) || ++self->digits > 15)
        return FAILED;
    self->left = self->left << 4 | (guint64)g_ascii_xdigit_value(byte);
    return SIZE;
}

static int next_of_extension(TuneHttpChunks *self, char byte)
{
    const gboolean may_end = self->state == EXTENSION_NAME || self->state == EXTENSION_VALUE ||
                             self->state == EXTENSION_END;

    if (may_end && byte == '\r')
        return SIZE_LF;
    if (++self->extension > TUNE_HTTP_MAX_EXTENSION)
        return FAILED;
    if (may_end && byte == ';')
        return EXTENSION;
    switch (self->state) {
    case EXTENSION:
        return is_in(byte, TOKEN) ? EXTENSION_NAME : FAILED;
    case EXTENSION_NAME:
        return byte == '=' ? EXTENSION_EQUALS : is_in(byte, TOKEN) ? EXTENSION_NAME : FAILED;
    case EXTENSION_EQUALS:
        return byte == '"' ? EXTENSION_QUOTED : is_in(byte, TOKEN) ? EXTENSION_VALUE : FAILED;
    case EXTENSION_VALUE:
        return is_in(byte, TOKEN) ? EXTENSION_VALUE : FAILED;
    case EXTENSION_QUOTED:
        return byte == '"'          ? EXTENSION_END
               : byte == '\\'       ? EXTENSION_ESCAPE
               : is_in(byte, VALUE) ? EXTENSION_QUOTED
                                    : FAILED;
    case EXTENSION_ESCAPE:
        return is_in(byte, VALUE) ? EXTENSION_QUOTED : FAILED;
    default:
        return FAILED;
    }
}

/* At the colon: a reader that takes trailers for fields must not find another framing in them. */
static gboolean is_framing(const TuneHttpChunks *self)
{
    return (self->name_length == 14 && memcmp(self->name, "content-length", 14) == 0) ||
           (self->name_length == 17 && memcmp(self->name, "transfer-encoding", 17) == 0);
}

static int next_of_trailer_name(TuneHttpChunks *self, char byte)
{
    if (byte == ':' && self->name_length > 0)
        return is_framing(self) ? FAILED : TRAILER_VALUE;
    if (!is_in(byte, TOKEN))
        return FAILED;
    if (self->name_length < sizeof self->name)
        self->name[self->name_length++] = g_ascii_tolower(byte);
    return TRAILER_NAME;
}

static int next_of_trailers(TuneHttpChunks *self, char byte)
{
    if (++self->trailers > TUNE_HTTP_MAX_TRAILERS)
        return FAILED;
    switch (self->state) {
    case TRAILER_START:
        self->name_length = 0;
        return byte == '\r' ? END_LF : next_of_trailer_name(self, byte);
    case TRAILER_NAME:
        return next_of_trailer_name(self, byte);
    case TRAILER_VALUE:
        return byte == '\r' ? TRAILER_LF : is_in(byte, VALUE) ? TRAILER_VALUE : FAILED;
    default:
        return byte == '\n' ? TRAILER_START : FAILED;
    }
}

static int next_of_chunks(TuneHttpChunks *self, char byte)
{
    switch (self->state) {
    case SIZE:
        return next_of_size(self, byte);
    case SIZE_LF:
        self->extension = self->digits = 0;
        return byte != '\n' ? FAILED : self->left > 0 ? DATA : TRAILER_START;
    case DATA_CR:
        return byte == '\r' ? DATA_LF : FAILED;
    case DATA_LF:
        return byte == '\n' ? SIZE : FAILED;
    case FAILED:
        return FAILED;
    default:
        return self->state < SIZE_LF ? next_of_extension(self, byte) : next_of_trailers(self, byte);
    }
}

TuneHttpParse tune_http_chunks_parse(TuneHttpChunks *self, const char *bytes, gsize size,
                                     gsize *used, const char **data, gsize *n_data)
{
    *n_data = 0;
    for (gsize i = 0; i < size;) {
        if (self->state == DATA) {
            *data = bytes + i;
            *n_data = (gsize)MIN(self->left, (guint64)(size - i));
            self->left -= *n_data;
            if (self->left == 0)
                self->state = DATA_CR;
            *used = i + *n_data;
            return TUNE_HTTP_PARSE_MORE;
        }
        if (self->state == END_LF) {
            *used = i + 1;
            return bytes[i] == '\n' ? TUNE_HTTP_PARSE_DONE : TUNE_HTTP_PARSE_BAD;
        }
        self->state = (guint8)next_of_chunks(self, bytes[i++]);
        if (self->state == FAILED)
            return TUNE_HTTP_PARSE_BAD;
    }
    *used = size;
    return TUNE_HTTP_PARSE_MORE;
}
