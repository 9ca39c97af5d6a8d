/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "api/upload-form.h"
#include "api/api.h"

#include <string.h>
#include <unistd.h>

#define BLOCK     65536u
#define MOST_HEAD 8192u
#define MOST_PARTS 32

void tune_upload_name_clean(const char *name, char out[201])
{
    g_autofree char *valid = g_utf8_make_valid(name, -1);
    const char *from = valid;
    gsize n = 0;

    for (const char *c = valid; *c != '\0'; c++)
        if (*c == '/' || *c == '\\')
            from = c + 1;
    for (const char *c = from; *c != '\0'; c = g_utf8_next_char(c)) {
        gsize length = (gsize)(g_utf8_next_char(c) - c);
        if (g_unichar_iscntrl(g_utf8_get_char(c)))
            continue;
        if (n + length > 200)
            break;
        memcpy(out + n, c, length);
        n += length;
    }
    out[n] = '\0';
}

static gboolean broken(GError **error, const char *what)
{
    g_set_error(error, TUNE_API_ERROR, 422, "the form cannot be read: %s", what);
    return FALSE;
}

/* The value of @name in a field's parameters ("form-data; name=\"file\"; filename=\"a b.wav\"").
 * (transfer full) (nullable) */
static char *parameter(const char *field, const char *name)
{
    gsize length = strlen(name);

    for (const char *c = strchr(field, ';'); c != NULL; c = strchr(c, ';')) {
        c += 1 + strspn(c + 1, " \t");
        if (g_ascii_strncasecmp(c, name, length) != 0 || c[length] != '=')
            continue;
        c += length + 1;
        if (*c != '"')
            return g_strndup(c, strcspn(c, "; \t"));
        GString *value = g_string_new(NULL);
        for (c++; *c != '\0' && *c != '"'; c++) {
            if (*c == '\\' && (c[1] == '"' || c[1] == '\\'))
                c++;
            g_string_append_c(value, *c);
        }
        return g_string_free(value, FALSE);
    }
    return NULL;
}

/* Where @needle begins at or behind @from; -1: nowhere. */
static gint64 find(int fd, guint64 size, guint64 from, const char *needle, gsize n_needle)
{
    g_autofree char *block = g_malloc(BLOCK);

    while (from + n_needle <= size) {
        gssize n = pread(fd, block, BLOCK, (off_t)from);
        if (n < (gssize)n_needle)
            return -1;
        const char *hit = memmem(block, (gsize)n, needle, n_needle);
        if (hit != NULL)
            return (gint64)from + (hit - block);
        from += (guint64)n - n_needle + 1;
    }
    return -1;
}

/* Fields of a part's head that matter; lines of @head are cut in place. */
static void read_head(char *head, char **name, char **file_name)
{
    g_auto(GStrv) lines = g_strsplit(head, "\r\n", -1);

    for (guint i = 0; lines[i] != NULL; i++) {
        if (g_ascii_strncasecmp(lines[i], "content-disposition:", 20) != 0)
            continue;
        g_free(*name);
        g_free(*file_name);
        *name = parameter(lines[i], "name");
        *file_name = parameter(lines[i], "filename");
    }
}

/* The part whose head begins at @at; *next: behind its last boundary.  FALSE with @error: broken. */
static gboolean read_part(int fd, guint64 size, guint64 at, const char *boundary,
                          TuneUploadPart *out, gboolean *is_file, guint64 *next, GError **error)
{
    char head[MOST_HEAD + 1];
    gssize n = pread(fd, head, MOST_HEAD, (off_t)at);
    const char *end = n > 4 ? memmem(head, (gsize)n, "\r\n\r\n", 4) : NULL;
    g_autofree char *name = NULL, *file_name = NULL;

    if (end == NULL)
        return broken(error, "a part has no head, or one that is too long");
    gsize length = (gsize)(end - head);
    head[length] = '\0';
    if (strlen(head) != length)
        return broken(error, "a part's head has a zero byte");
    read_head(head, &name, &file_name);
    out->offset = at + length + 4;
    /* The line end before a boundary belongs to it; an empty part has that of its head. */
    gint64 stop = find(fd, size, out->offset - 2, boundary, strlen(boundary));
    if (stop < 0)
        return broken(error, "the last part does not end");
    out->length = (guint64)stop > out->offset ? (guint64)stop - out->offset : 0;
    *next = (guint64)stop + strlen(boundary);
    *is_file = file_name != NULL || g_strcmp0(name, "file") == 0;
    tune_upload_name_clean(file_name != NULL ? file_name : "", out->name);
    return TRUE;
}

static gboolean find_in_form(int fd, guint64 size, const char *mark, TuneUploadPart *out,
                             GError **error)
{
    g_autofree char *boundary = g_strconcat("\r\n--", mark, NULL);
    gsize length = strlen(boundary);
    char start[80] = "";
    gboolean is_file = FALSE;
    guint64 at = length - 2;

    if (pread(fd, start, length - 2, 0) != (gssize)length - 2 ||
        memcmp(start, boundary + 2, length - 2) != 0)
        return broken(error, "it does not begin with its boundary");
    for (guint i = 0; i < MOST_PARTS; i++) {
        char line[2] = "";
        if (pread(fd, line, 2, (off_t)at) != 2 || memcmp(line, "\r\n", 2) != 0)
            break; /* "--": the end */
        if (!read_part(fd, size, at + 2, boundary, out, &is_file, &at, error))
            return FALSE;
        if (is_file)
            return TRUE;
    }
    return broken(error, "there is no file in it");
}

gboolean tune_upload_part_find(int fd, guint64 size, const char *content_type, TuneUploadPart *out,
                               GError **error)
{
    *out = (TuneUploadPart){.length = size};
    if (content_type == NULL || g_ascii_strncasecmp(content_type, "multipart/form-data", 19) != 0)
        return TRUE;
    g_autofree char *mark = parameter(content_type, "boundary");
    if (mark == NULL || *mark == '\0' || strlen(mark) > 70)
        return broken(error, "its boundary is missing or too long");
    return find_in_form(fd, size, mark, out, error);
}
