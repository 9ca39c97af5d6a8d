/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * RFC 9110 section 14.
 */
#include "http/http-private.h"

/* Digits at *@p; a number too large counts as the largest.  FALSE: there are none. */
static gboolean take_number(const char **p, guint64 *out)
{
    const char *start = *p;

    for (*out = 0; g_ascii_isdigit(**p); (*p)++)
        if (__builtin_mul_overflow(*out, 10, out) ||
            __builtin_add_overflow(*out, (guint64)(**p - '0'), out))
            *out = G_MAXUINT64;
    return *p > start;
}

TuneHttpRange tune_http_range_parse(const char *field, guint64 size, guint64 *first,
                                    guint64 *length)
{
    const char *p = field;
    guint64 from = 0, to = G_MAXUINT64;
    gboolean has_from;

    if (p == NULL || g_ascii_strncasecmp(p, "bytes=", 6) != 0)
        return TUNE_HTTP_RANGE_WHOLE;
    p += 6;
    has_from = take_number(&p, &from);
    if (*p++ != '-' || (!take_number(&p, &to) && !has_from) || *p != '\0')
        return TUNE_HTTP_RANGE_WHOLE; /* several, or nothing that we understand */
    if (!has_from) {                  /* the last so many */
        if (to == 0 || size == 0)
            return TUNE_HTTP_RANGE_UNSATISFIABLE;
        *length = MIN(to, size);
        *first = size - *length;
        return TUNE_HTTP_RANGE_PART;
    }
    if (to == 0 && p[-1] == '-')
        to = G_MAXUINT64;
    if (to < from)
        return TUNE_HTTP_RANGE_WHOLE;
    if (from >= size)
        return TUNE_HTTP_RANGE_UNSATISFIABLE;
    *first = from;
    *length = MIN(to, size - 1) - from + 1;
    return TUNE_HTTP_RANGE_PART;
}

void tune_http_response_set_ranged_file(TuneHttpResponse *self, const TuneHttpRequest *request,
                                        const char *content_type, const char *etag, int fd,
                                        guint64 size)
{
    const char *condition = tune_http_request_field(request, "If-Range");
    const char *field = tune_http_request_field(request, "Range");
    guint64 first = 0, length = size;
    TuneHttpRange range = TUNE_HTTP_RANGE_WHOLE;
    char text[80];

    /* If-Range takes the strong comparison; only GET has ranges. */
    if (request->head.method == TUNE_HTTP_GET &&
        (condition == NULL || (etag != NULL && etag[0] == '"' && strcmp(condition, etag) == 0)))
        range = tune_http_range_parse(field, size, &first, &length);
    tune_http_response_set_field(self, "Accept-Ranges", "bytes");
    if (etag != NULL)
        tune_http_response_set_field(self, "ETag", etag);
    tune_http_response_set_status(self, range == TUNE_HTTP_RANGE_WHOLE  ? 200
                                        : range == TUNE_HTTP_RANGE_PART ? 206
                                                                        : 416);
    if (range == TUNE_HTTP_RANGE_UNSATISFIABLE)
        g_snprintf(text, sizeof text, "bytes */%" G_GUINT64_FORMAT, size);
    else
        g_snprintf(text, sizeof text,
                   "bytes %" G_GUINT64_FORMAT "-%" G_GUINT64_FORMAT "/%" G_GUINT64_FORMAT, first,
                   first + length - 1, size);
    if (range != TUNE_HTTP_RANGE_WHOLE)
        tune_http_response_set_field(self, "Content-Range", text);
    tune_http_response_set_file(self, content_type, fd, first,
                                range == TUNE_HTTP_RANGE_UNSATISFIABLE ? 0 : length);
}
