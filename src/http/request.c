/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What handlers ask of a request, and its body.
 */
#include "http/http-private.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

const char *tune_http_request_query(const TuneHttpRequest *self, const char *name)
{
    for (guint i = 0; i < self->query->len; i += 2)
        if (strcmp(self->query->pdata[i], name) == 0)
            return self->query->pdata[i + 1];
    return NULL;
}

const char *tune_http_request_field(const TuneHttpRequest *self, const char *name)
{
    TuneHttpConnection *connection = (TuneHttpConnection *)self;
    const TuneHttpHead *head = &connection->head;
    const char *bytes = connection->in->str, *found = NULL;
    const gsize length = strlen(name);

    for (guint i = 0; i < head->n_fields; i++) {
        const TuneHttpField *field = &head->fields[i];

        if (field->name_length != length || g_ascii_strcasecmp(bytes + field->name, name) != 0)
            continue;
        if (found == NULL) {
            found = bytes + field->value;
        } else { /* one thread at a time has the request, so that it can keep what it answers */
            found = g_strconcat(found, ", ", bytes + field->value, NULL);
            g_ptr_array_add(connection->kept, (gpointer)found);
        }
    }
    return found;
}

/* ---- the body ---- */

static guint status_of(int code)
{
    return code == ENOSPC || code == EDQUOT || code == EFBIG ? 507 : 500;
}

guint tune_http_body_open_file(TuneHttpRequest *self)
{
    g_autofree char *path = g_build_filename(g_get_tmp_dir(), "tunesmith-body-XXXXXX", NULL);

    self->body_fd = g_mkstemp_full(path, O_RDWR | O_CLOEXEC, 0600);
    if (self->body_fd < 0)
        return status_of(errno);
    unlink(path);
    return 0;
}

guint tune_http_body_add(TuneHttpConnection *self, const char *data, gsize size)
{
    TuneHttpRequest *request = &self->request;

    if (size > self->max_body - request->body_size)
        return 413;
    request->body_size += size;
    if (self->memory != NULL) /* follows what has come, never what was announced */
        g_byte_array_append(self->memory, (const guint8 *)data, (guint)size);
    while (request->body_fd >= 0 && size > 0) {
        const gssize n = write(request->body_fd, data, size);

        if (n < 0 && errno != EINTR)
            return status_of(errno);
        data += MAX(n, 0);
        size -= (gsize)MAX(n, 0);
    }
    return 0;
}
