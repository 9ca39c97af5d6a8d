/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Uploads as forms (multipart/form-data): the first line of the input is the media type, the rest the body.
 */
#include "api/upload-form.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size);

static void check(const TuneUploadPart *part, const char *body, gsize n_body)
{
    g_assert(part->offset <= n_body && part->length <= n_body - part->offset);
    g_assert(g_utf8_validate(part->name, -1, NULL) && strlen(part->name) <= 200);
    g_assert(strpbrk(part->name, "/\\\r\n\t") == NULL);
    if (part->offset == 0) { /* no form: all of it */
        g_assert(part->length == n_body);
        return;
    }
    /* Between its head and a boundary, which is not in it. */
    g_assert(memcmp(body + part->offset - 4, "\r\n\r\n", 4) == 0);
    const char *end = body + part->offset + part->length;
    gsize left = n_body - part->offset - part->length;
    g_assert(part->length == 0 || (left >= 4 && memcmp(end, "\r\n--", 4) == 0));
}

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size)
{
    const guint8 *line = size > 0 ? memchr(data, '\n', size) : NULL;
    gsize n_type = line != NULL ? (gsize)(line - data) : 0;
    const char *body = line != NULL ? (const char *)line + 1 : "";
    gsize n_body = line != NULL ? size - n_type - 1 : 0;
    g_autofree char *type = g_strndup((const char *)data, n_type);
    TuneUploadPart part;
    g_autoptr(GError) error = NULL;
    int fd = memfd_create("form", MFD_CLOEXEC);

    g_assert(fd >= 0 && write(fd, body, n_body) == (gssize)n_body);
    if (tune_upload_part_find(fd, n_body, n_type > 0 ? type : NULL, &part, &error))
        check(&part, body, n_body);
    else
        g_assert(error != NULL && *error->message != '\0');
    close(fd);
    return 0;
}
