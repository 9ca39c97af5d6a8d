/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "http/http-private.h"

#include <unistd.h>

typedef struct {
    guint32 name, value; /* into text */
} Line;

const char *tune_http_status_text(guint status)
{
    static const struct {
        guint status;
        const char *text;
    } texts[] = {
        {200, "OK"},
        {100, "Continue"},
        {201, "Created"},
        {202, "Accepted"},
        {204, "No Content"},
        {206, "Partial Content"},
        {301, "Moved Permanently"},
        {302, "Found"},
        {303, "See Other"},
        {304, "Not Modified"},
        {307, "Temporary Redirect"},
        {308, "Permanent Redirect"},
        {400, "Bad Request"},
        {401, "Unauthorized"},
        {402, "Payment Required"},
        {403, "Forbidden"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {406, "Not Acceptable"},
        {408, "Request Timeout"},
        {409, "Conflict"},
        {410, "Gone"},
        {411, "Length Required"},
        {412, "Precondition Failed"},
        {413, "Content Too Large"},
        {414, "URI Too Long"},
        {415, "Unsupported Media Type"},
        {416, "Range Not Satisfiable"},
        {417, "Expectation Failed"},
        {422, "Unprocessable Content"},
        {425, "Too Early"},
        {426, "Upgrade Required"},
        {428, "Precondition Required"},
        {429, "Too Many Requests"},
        {431, "Request Header Fields Too Large"},
        {500, "Internal Server Error"},
        {501, "Not Implemented"},
        {502, "Bad Gateway"},
        {503, "Service Unavailable"},
        {504, "Gateway Timeout"},
        {505, "HTTP Version Not Supported"},
        {507, "Insufficient Storage"},
    };
    for (guint i = 0; i < G_N_ELEMENTS(texts); i++)
        if (texts[i].status == status)
            return texts[i].text;
    return "Status";
}

void tune_http_response_init(TuneHttpResponse *self, TuneHttpConnection *connection)
{
    *self = (TuneHttpResponse){.connection = connection, .fd = -1};
    self->lines = g_array_new(FALSE, FALSE, sizeof(Line));
}

void tune_http_response_drop_body(TuneHttpResponse *self, gboolean complete)
{
    if (self->kind == TUNE_HTTP_BODY_STREAM && self->class->close != NULL)
        self->class->close(self->stream, complete);
    g_clear_pointer(&self->bytes, g_bytes_unref);
    if (self->fd >= 0)
        close(self->fd);
    self->fd = -1;
    self->stream = NULL;
    self->kind = TUNE_HTTP_BODY_NONE;
    self->length = self->offset = 0;
}

void tune_http_response_clear(TuneHttpResponse *self)
{
    tune_http_response_drop_body(self, FALSE);
    self->status = 0;
    self->close = self->chunked = FALSE;
    tune_http_buffer_reset(&self->text, TUNE_HTTP_BUFFER);
    g_array_set_size(self->lines, 0);
}

void tune_http_response_set_status(TuneHttpResponse *self, guint status)
{
    g_return_if_fail(status >= 200 && status <= 599);
    self->status = status;
}

guint tune_http_response_status(const TuneHttpResponse *self)
{
    return self->status;
}

void tune_http_response_close(TuneHttpResponse *self)
{
    self->close = TRUE;
}

static int find_line(const TuneHttpResponse *self, const char *name)
{
    for (guint i = 0; i < self->lines->len; i++)
        if (g_ascii_strcasecmp(self->text.data + g_array_index(self->lines, Line, i).name, name) ==
            0)
            return (int)i;
    return -1;
}

/* What this layer writes by itself. */
static gboolean is_ours(const char *name)
{
    static const char *const ours[] = {"Connection", "Content-Length", "Transfer-Encoding", "Date",
                                       "Server"};
    for (guint i = 0; i < G_N_ELEMENTS(ours); i++)
        if (g_ascii_strcasecmp(name, ours[i]) == 0)
            return TRUE;
    return FALSE;
}

gboolean tune_http_response_add_field(TuneHttpResponse *self, const char *name, const char *value)
{
    if (!tune_http_is_token(name) || !tune_http_is_field_value(value) || is_ours(name))
        return FALSE;
    Line line = {.name = (guint32)self->text.size};
    tune_http_buffer_add(&self->text, name, strlen(name) + 1);
    line.value = (guint32)self->text.size;
    tune_http_buffer_add(&self->text, value, strlen(value) + 1);
    g_array_append_val(self->lines, line);
    return TRUE;
}

gboolean tune_http_response_set_field(TuneHttpResponse *self, const char *name, const char *value)
{
    const guint before = self->lines->len;

    if (!tune_http_response_add_field(self, name, value))
        return FALSE;
    for (guint i = before; i-- > 0;)
        if (g_ascii_strcasecmp(self->text.data + g_array_index(self->lines, Line, i).name, name) ==
            0)
            g_array_remove_index(self->lines, i);
    return TRUE;
}

const char *tune_http_response_field(const TuneHttpResponse *self, const char *name)
{
    const int i = find_line(self, name);

    return i < 0 ? NULL : self->text.data + g_array_index(self->lines, Line, i).value;
}

static void set_kind(TuneHttpResponse *self, const char *content_type, TuneHttpBodyKind kind)
{
    tune_http_response_drop_body(self, FALSE);
    if (content_type != NULL)
        tune_http_response_set_field(self, "Content-Type", content_type);
    self->kind = kind;
}

void tune_http_response_set_body(TuneHttpResponse *self, const char *content_type, GBytes *body)
{
    GBytes *kept = g_bytes_ref(body); /* may be the one that is there */

    set_kind(self, content_type, TUNE_HTTP_BODY_BYTES);
    self->bytes = kept;
    self->offset = 0;
    self->length = g_bytes_get_size(body);
}

GBytes *tune_http_response_body(const TuneHttpResponse *self)
{
    return self->bytes;
}

void tune_http_response_set_file(TuneHttpResponse *self, const char *content_type, int fd,
                                 guint64 offset, guint64 length)
{
    set_kind(self, content_type, TUNE_HTTP_BODY_FILE);
    self->fd = fd;
    self->offset = offset;
    self->length = length;
}

void tune_http_response_set_stream(TuneHttpResponse *self, const char *content_type, gint64 length,
                                   const TuneHttpStreamClass *class, gpointer stream)
{
    set_kind(self, content_type, TUNE_HTTP_BODY_STREAM);
    self->class = class;
    self->stream = stream;
    self->stream_left = length;
}

static void add_number(TuneHttpBuffer *out, guint64 number)
{
    char digits[20], *p = digits + sizeof digits;

    do
        *--p = (char)('0' + number % 10);
    while ((number /= 10) > 0);
    tune_http_buffer_add(out, p, (gsize)(digits + sizeof digits - p));
}

static void write_lines(const TuneHttpResponse *self, TuneHttpBuffer *out)
{
    for (guint i = 0; i < self->lines->len; i++) {
        const Line *line = &g_array_index(self->lines, Line, i);

        tune_http_buffer_add(out, self->text.data + line->name, line->value - line->name - 1);
        tune_http_buffer_add(out, ": ", 2);
        tune_http_buffer_add_text(out, self->text.data + line->value);
        tune_http_buffer_add(out, "\r\n", 2);
    }
}

/* How the end of the body is told (RFC 9112 section 6). */
static void write_framing(TuneHttpResponse *self, const TuneHttpHead *head, TuneHttpBuffer *out)
{
    const gboolean stream = self->kind == TUNE_HTTP_BODY_STREAM;

    if (self->status == 204 || self->status == 304)
        return;
    if (stream && self->stream_left < 0 && head->minor > 0) {
        self->chunked = TRUE;
        tune_http_buffer_add_text(out, "Transfer-Encoding: chunked\r\n");
    } else if (stream && self->stream_left < 0) {
        self->close = TRUE;
    } else {
        tune_http_buffer_add_text(out, "Content-Length: ");
        add_number(out, stream ? (guint64)self->stream_left : self->length);
        tune_http_buffer_add(out, "\r\n", 2);
    }
}

guint64 tune_http_response_write(TuneHttpResponse *self, const TuneHttpHead *head,
                                 const TuneHttpBuffer *common, TuneHttpBuffer *out)
{
    const gsize small = self->kind == TUNE_HTTP_BODY_BYTES && self->length <= TUNE_HTTP_COPIED
                            ? (gsize)self->length
                            : 0;

    tune_http_buffer_room(out, 512 + self->text.size + small);
    tune_http_buffer_add_text(out, "HTTP/1.1 ");
    add_number(out, self->status);
    tune_http_buffer_add(out, " ", 1);
    tune_http_buffer_add_text(out, tune_http_status_text(self->status));
    tune_http_buffer_add(out, "\r\n", 2);
    tune_http_buffer_add(out, common->data, common->size);
    write_lines(self, out);
    write_framing(self, head, out);
    if (self->close)
        tune_http_buffer_add_text(out, "Connection: close\r\n");
    else if (head->minor == 0)
        tune_http_buffer_add_text(out, "Connection: keep-alive\r\n");
    tune_http_buffer_add(out, "\r\n", 2);
    if (head->method == TUNE_HTTP_HEAD || self->status == 204 || self->status == 304) {
        tune_http_response_drop_body(self, TRUE);
        return 0;
    }
    if (small > 0)
        tune_http_buffer_add(out, (const char *)g_bytes_get_data(self->bytes, NULL), small);
    if (self->kind == TUNE_HTTP_BODY_BYTES && self->length <= TUNE_HTTP_COPIED)
        tune_http_response_drop_body(self, TRUE);
    return small;
}
