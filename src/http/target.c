/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Path and query, percent-decoded once (RFC 3986 section 2.1; "+" is a space in a query, as forms
 * send it); ranges (RFC 9110 section 14).
 */
#include "http/parse.h"

#include <string.h>

/* Decodes up to a byte of @stops or @end; returns where it stopped, NULL if an escape is broken. */
static const char *decode(const char *p, const char *end, const char *stops, gboolean plus,
                          char **out)
{
    char *o = *out;

    for (; p < end && strchr(stops, *p) == NULL; p++) {
        if (*p == '%') {
            if (end - p < 3 || !g_ascii_isxdigit(p[1]) || !g_ascii_isxdigit(p[2]))
                return NULL;
            *o = (char)(g_ascii_xdigit_value(p[1]) << 4 | g_ascii_xdigit_value(p[2]));
            if (*o++ == '\0')
                return NULL;
            p += 2;
        } else {
            *o++ = plus && *p == '+' ? ' ' : *p;
        }
    }
    *o++ = '\0';
    *out = o;
    return p;
}

static const char *check_path(const char *path)
{
    if (!g_utf8_validate(path, -1, NULL))
        return "The path is not UTF-8.";
    for (const char *p = path; *p != '\0'; p++)
        if ((guint8)*p < 0x20 || *p == 0x7f || *p == '\\')
            return "The path has a character that no path has.";
    for (const char *p = strchr(path, '/'); p != NULL; p = strchr(p + 1, '/')) {
        const gsize length = strcspn(p + 1, "/");

        if (p[1] == '.' && (length == 1 || (length == 2 && p[2] == '.')))
            return "The path has a segment of dots.";
    }
    return NULL;
}

static gboolean has_encoded_slash(const char *target, const char *end)
{
    for (const char *p = target; p + 2 < end; p++)
        if (p[0] == '%' && p[1] == '2' && (p[2] == 'F' || p[2] == 'f'))
            return TRUE;
    return FALSE;
}

const char *tune_http_target_decode(const char *target, gsize length, char *out, GArray *query)
{
    const char *end = target + length, *path = out, *wrong;
    const char *mark = (const char *)memchr(target, '?', length), *p;

    if (has_encoded_slash(target, mark != NULL ? mark : end))
        return "The path has an encoded slash.";
    p = decode(target, end, "?", FALSE, &out);
    if (p == NULL)
        return "The path has a broken percent escape.";
    wrong = check_path(path);
    if (wrong != NULL)
        return wrong;
    while (p < end) { /* at "?" or "&" */
        TuneHttpQuery member = {.name = out};

        p = decode(p + 1, end, "=&", TRUE, &out);
        member.value = p == NULL || p == end || *p == '&' ? out - 1 : out;
        if (p != NULL && p < end && *p == '=')
            p = decode(p + 1, end, "&", TRUE, &out);
        if (p == NULL)
            return "The query has a broken percent escape.";
        if (!g_utf8_validate(member.name, -1, NULL) || !g_utf8_validate(member.value, -1, NULL))
            return "The query is not UTF-8.";
        if (*member.name != '\0')
            g_array_append_val(query, member);
    }
    return NULL;
}

/* Digits at *@p; a number too large counts as the largest.  FALSE: there are none. */
static gboolean take_number(const char **p, guint64 *out)
{
    char *end = (char *)*p;

    if (!g_ascii_isdigit(**p))
        return FALSE;
    *out = g_ascii_strtoull(*p, &end, 10);
    *p = end;
    return TRUE;
}

TuneHttpRange tune_http_range_parse(const char *field, guint64 size, guint64 *first,
                                    guint64 *length)
{
    guint64 from = 0, to = G_MAXUINT64;
    gboolean has_from, has_to;

    if (field == NULL || g_ascii_strncasecmp(field, "bytes=", 6) != 0)
        return TUNE_HTTP_RANGE_WHOLE;
    field += 6;
    has_from = take_number(&field, &from);
    if (*field++ != '-')
        return TUNE_HTTP_RANGE_WHOLE;
    has_to = take_number(&field, &to);
    if (*field != '\0' || (!has_from && !has_to) || (has_from && to < from))
        return TUNE_HTTP_RANGE_WHOLE; /* several, or nothing that we understand */
    if (has_from ? from >= size : MIN(to, size) == 0)
        return TUNE_HTTP_RANGE_UNSATISFIABLE;
    *first = has_from ? from : size - MIN(to, size); /* or the last so many */
    *length = MIN(has_from ? to : size, size - 1) - *first + 1;
    return TUNE_HTTP_RANGE_PART;
}
