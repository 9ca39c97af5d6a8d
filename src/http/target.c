/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Path and query, percent-decoded once (RFC 3986 section 2.1; "+" is a space in a query, as forms
 * send it); ranges (RFC 9110 section 14).
 */
#include "http/parse.h"

#include <string.h>

static const char *check_path(const char *path)
{
    if (!g_utf8_validate(path, -1, NULL))
        return "The path is not UTF-8.";
    for (const char *p = path; *p != '\0'; p++)
        if (g_ascii_iscntrl(*p) || *p == '\\')
            return "The path has a character that no path has.";
    for (const char *p = strchr(path, '/'); p != NULL; p = strchr(p + 1, '/')) {
        const gsize length = strcspn(p + 1, "/");

        if (p[1] == '.' && (length == 1 || (length == 2 && p[2] == '.')))
            return "The path has a segment of dots.";
    }
    return NULL;
}

static gboolean add_decoded(const char *text, GPtrArray *query)
{
    char *decoded = g_uri_unescape_string(text, NULL);

    g_ptr_array_add(query, decoded);
    return decoded != NULL && g_utf8_validate(decoded, -1, NULL);
}

/* @member: "name=value" or "name"; it is changed. */
static gboolean take_member(char *member, GPtrArray *query)
{
    char *value = strchr(g_strdelimit(member, "+", ' '), '=');

    if (value != NULL)
        *value++ = '\0';
    if (!add_decoded(member, query) || !add_decoded(value != NULL ? value : "", query))
        return FALSE;
    if (*member == '\0') /* nobody can ask for it */
        g_ptr_array_set_size(query, (gint)query->len - 2);
    return TRUE;
}

const char *tune_http_target_decode(const char *target, char **path, GPtrArray *query)
{
    const char *mark = strchrnul(target, '?'), *wrong;
    g_autofree char *members = *mark != '\0' ? g_strdup(mark + 1) : NULL;
    char *rest = members, *member;

    *path = g_uri_unescape_segment(target, mark, "/");
    if (*path == NULL)
        return "The path has a broken percent escape, or one of a slash or a NUL.";
    wrong = check_path(*path);
    while (wrong == NULL && (member = strsep(&rest, "&")) != NULL)
        if (!take_member(member, query))
            wrong = "The query has a broken percent escape, or is not UTF-8.";
    return wrong;
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

guint tune_http_range_parse(const char *field, guint64 size, guint64 *first, guint64 *length)
{
    guint64 from = 0, to = G_MAXUINT64;
    gboolean has_from, has_to;

    if (field == NULL || g_ascii_strncasecmp(field, "bytes=", 6) != 0)
        return 200;
    field += 6;
    has_from = take_number(&field, &from);
    if (*field++ != '-')
        return 200;
    has_to = take_number(&field, &to);
    if (*field != '\0' || (!has_from && !has_to) || (has_from && to < from))
        return 200;  /* several, or nothing that we understand */
    if (!has_from) { /* the last so many */
        from = size - MIN(to, size);
        to = G_MAXUINT64;
    }
    *first = from;
    *length = from < size ? MIN(to, size - 1) - from + 1 : 0;
    return *length > 0 ? 206 : 416;
}
