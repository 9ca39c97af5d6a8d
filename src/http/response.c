/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * An answer as handlers make it, and how its head is written.
 */
#include "http/http-private.h"

#include <unistd.h>

/* Statuses and reason phrases (RFC 9110 section 15); the phrase is for people. */
static const char statuses[] =
    "200 OK\n201 Created\n202 Accepted\n204 No Content\n206 Partial Content\n304 Not Modified"
    "\n400 Bad Request\n401 Unauthorized\n403 Forbidden\n404 Not Found\n405 Method Not Allowed"
    "\n408 Request Timeout\n409 Conflict\n413 Content Too Large\n414 URI Too Long"
    "\n415 Unsupported Media Type\n416 Range Not Satisfiable\n417 Expectation Failed"
    "\n422 Unprocessable Content\n429 Too Many Requests\n431 Request Header Fields Too Large"
    "\n500 Internal Server Error\n501 Not Implemented\n502 Bad Gateway\n503 Service Unavailable"
    "\n505 HTTP Version Not Supported\n507 Insufficient Storage\n";

/* g_string_append_len() for the way of every answer: inline, since a head is a dozen short pieces.
 */
static inline void put(GString *out, const char *text, gsize length)
{
    if (G_UNLIKELY(out->len + length >= out->allocated_len)) {
        g_string_append_len(out, text, (gssize)length);
        return;
    }
    memcpy(out->str + out->len, text, length);
    out->len += length;
    out->str[out->len] = '\0';
}

static inline void put_text(GString *out, const char *text)
{
    put(out, text, strlen(text));
}

static void drop_body(TuneHttpResponse *self, gboolean complete)
{
    if (self->class != NULL)
        self->class->close(self->stream, complete);
    self->class = NULL;
    g_clear_pointer(&self->bytes, g_bytes_unref);
    if (self->fd >= 0)
        close(self->fd);
    self->fd = -1;
    self->left = self->offset = 0;
}

void tune_http_response_clear(TuneHttpResponse *self, gboolean complete)
{
    drop_body(self, complete);
    self->status = 0;
    self->close = self->chunked = FALSE;
    g_string_truncate(self->fields, 0);
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

/* ---- fields ---- */

static char *find_field(const TuneHttpResponse *self, const char *name)
{
    const char *end = self->fields->str + self->fields->len;
    const gsize length = strlen(name);

    for (char *line = self->fields->str; line < end; line += strlen(line) + 2)
        if (length < (gsize)(end - line) && line[length] == ':' &&
            g_ascii_strncasecmp(line, name, length) == 0)
            return line;
    return NULL;
}

gboolean tune_http_response_add_field(TuneHttpResponse *self, const char *name, const char *value)
{
    static const char *const ours[] = {"Connection", "Content-Length", "Transfer-Encoding", "Date",
                                       "Server"};

    for (guint i = 0; i < G_N_ELEMENTS(ours); i++)
        if (g_ascii_strcasecmp(name, ours[i]) == 0)
            return FALSE;
    if (!tune_http_is_field(name, value))
        return FALSE;
    put_text(self->fields, name);
    put(self->fields, ": ", 2);
    put_text(self->fields, value);
    put(self->fields, "\0\n", 2);
    return TRUE;
}

gboolean tune_http_response_set_field(TuneHttpResponse *self, const char *name, const char *value)
{
    gsize added = self->fields->len;

    if (!tune_http_response_add_field(self, name, value))
        return FALSE;
    for (char *line; (line = find_field(self, name)) != self->fields->str + added;) {
        const gsize length = strlen(line) + 2;

        g_string_erase(self->fields, line - self->fields->str, (gssize)length);
        added -= length;
    }
    return TRUE;
}

const char *tune_http_response_field(const TuneHttpResponse *self, const char *name)
{
    const char *line = find_field(self, name);

    return line != NULL ? line + strlen(name) + 2 : NULL;
}

/* ---- bodies ---- */

/* @length bytes of the body that the caller sets. */
static void start_body(TuneHttpResponse *self, const char *content_type, guint64 length)
{
    drop_body(self, FALSE);
    if (content_type != NULL)
        tune_http_response_set_field(self, "Content-Type", content_type);
    self->left = length;
}

void tune_http_response_set_body(TuneHttpResponse *self, const char *content_type, GBytes *body)
{
    GBytes *kept = g_bytes_ref(body); /* may be the one that is there */

    start_body(self, content_type, g_bytes_get_size(body));
    self->bytes = kept;
}

void tune_http_response_set_stream(TuneHttpResponse *self, const char *content_type, gint64 length,
                                   const TuneHttpStreamClass *class, gpointer stream)
{
    start_body(self, content_type, length < 0 ? TUNE_HTTP_UNKNOWN : (guint64)length);
    self->class = class;
    self->stream = stream;
}

void tune_http_response_set_ranged_file(TuneHttpResponse *self, const TuneHttpRequest *request,
                                        const char *content_type, const char *etag, int fd,
                                        guint64 size)
{
    const char *range = tune_http_request_field(request, "Range");
    const char *condition = tune_http_request_field(request, "If-Range");
    guint64 first = 0, length = size;
    g_autofree char *text = NULL;

    /* If-Range takes the strong comparison; only GET has ranges. */
    if (request->method != TUNE_HTTP_GET ||
        (condition != NULL && (etag == NULL || *etag != '"' || strcmp(condition, etag) != 0)))
        range = NULL;
    self->status = tune_http_range_parse(range, size, &first, &length);
    if (self->status == 206)
        text =
            g_strdup_printf("bytes %" G_GUINT64_FORMAT "-%" G_GUINT64_FORMAT "/%" G_GUINT64_FORMAT,
                            first, first + length - 1, size);
    else if (self->status == 416)
        text = g_strdup_printf("bytes */%" G_GUINT64_FORMAT, size);
    if (text != NULL)
        tune_http_response_set_field(self, "Content-Range", text);
    if (etag != NULL)
        tune_http_response_set_field(self, "ETag", etag);
    tune_http_response_set_field(self, "Accept-Ranges", "bytes");
    start_body(self, content_type, length);
    self->fd = fd;
    self->offset = first;
}

/* ---- the head ---- */

static void put_number(GString *out, guint64 number)
{
    char digits[20], *p = digits + sizeof digits;

    do
        *--p = (char)('0' + number % 10);
    while ((number /= 10) > 0);
    put(out, p, (gsize)(digits + sizeof digits - p));
}

static void write_status(guint status, GString *out)
{
    const gsize at = out->len + strlen("HTTP/1.1 ");
    const char *line;

    put_text(out, "HTTP/1.1 ");
    put_number(out, status);
    put_text(out, " ");
    line = strstr(statuses, out->str + at);
    if (line != NULL)
        put(out, line + 4, strcspn(line + 4, "\n"));
    put_text(out, "\r\n");
}

static void write_fields(const TuneHttpResponse *self, GString *out)
{
    const gsize before = out->len;

    put(out, self->fields->str, self->fields->len);
    for (gsize at = before; at < out->len; at += 2) {
        at += strlen(out->str + at);
        out->str[at] = '\r';
    }
}

/* How the end of the body is told (RFC 9112 section 6). */
static void write_framing(TuneHttpResponse *self, const TuneHttpHead *head, GString *out)
{
    if (self->left != TUNE_HTTP_UNKNOWN) {
        put_text(out, "Content-Length: ");
        put_number(out, self->left);
        put_text(out, "\r\n");
    } else if (head->minor > 0) {
        self->chunked = TRUE;
        put_text(out, "Transfer-Encoding: chunked\r\n");
    } else {
        self->close = TRUE;
    }
}

guint64 tune_http_response_write(TuneHttpResponse *self, const TuneHttpHead *head,
                                 const GString *common, GString *out)
{
    const gboolean bodiless = self->status == 204 || self->status == 304;
    gsize small = 0;

    write_status(self->status, out);
    put(out, common->str, common->len);
    write_fields(self, out);
    if (!bodiless)
        write_framing(self, head, out);
    if (self->close)
        put_text(out, "Connection: close\r\n");
    else if (head->minor == 0)
        put_text(out, "Connection: keep-alive\r\n");
    put_text(out, "\r\n");
    if (bodiless || head->method == TUNE_HTTP_HEAD) {
        drop_body(self, TRUE);
    } else if (self->bytes != NULL && self->left <= TUNE_HTTP_COPIED) {
        const char *bytes = g_bytes_get_data(self->bytes, &small);

        put(out, bytes != NULL ? bytes : "", small); /* memcpy() takes no NULL */
        drop_body(self, TRUE);
    }
    return small;
}
