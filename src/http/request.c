/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A request as handlers see it, and its body.
 */
#include "http/http-private.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

/* ---- the body ---- */

static guint status_of(int code)
{
    return code == ENOSPC || code == EDQUOT || code == EFBIG ? 507 : 500;
}

guint tune_http_body_open(TuneHttpBody *self)
{
    g_autofree char *path = NULL;

    if (!self->to_file) {
        self->memory = g_byte_array_new();
        return 0;
    }
    path = g_build_filename(g_get_tmp_dir(), "tunesmith-body-XXXXXX", NULL);
    self->fd = g_mkstemp_full(path, O_RDWR | O_CLOEXEC, 0600);
    if (self->fd < 0)
        return status_of(errno);
    unlink(path);
    return 0;
}

guint tune_http_body_add(TuneHttpBody *self, const char *data, gsize size)
{
    if (size > self->max - self->size)
        return 413;
    self->size += size;
    if (self->discard)
        return 0;
    if (!self->to_file) /* memory follows what has come, never what was announced */
        g_byte_array_append(self->memory, (const guint8 *)data, (guint)size);
    while (self->to_file && size > 0) {
        const gssize n = write(self->fd, data, size);

        if (n < 0 && errno != EINTR)
            return status_of(errno);
        data += MAX(n, 0);
        size -= (gsize)MAX(n, 0);
    }
    return 0;
}

void tune_http_body_finish(TuneHttpBody *self)
{
    if (self->to_file)
        lseek(self->fd, 0, SEEK_SET);
    else
        self->bytes = g_byte_array_free_to_bytes(g_steal_pointer(&self->memory));
}

static void body_clear(TuneHttpBody *self)
{
    g_clear_pointer(&self->bytes, g_bytes_unref);
    g_clear_pointer(&self->memory, g_byte_array_unref);
    if (self->fd >= 0)
        close(self->fd);
    *self = (TuneHttpBody){.fd = -1};
}

/* ---- the life of a request ---- */

void tune_http_request_init(TuneHttpRequest *self)
{
    self->decoded = g_string_new(NULL);
    self->query = g_array_new(FALSE, FALSE, sizeof(TuneHttpQuery));
    self->body.fd = -1;
}

void tune_http_request_clear(TuneHttpRequest *self)
{
    tune_http_request_set_context(self, NULL, NULL);
    body_clear(&self->body);
    g_clear_pointer(&self->kept, g_ptr_array_unref);
    g_array_set_size(self->query, 0);
}

void tune_http_request_destroy(TuneHttpRequest *self)
{
    tune_http_request_clear(self);
    g_string_free(self->decoded, TRUE);
    g_array_unref(self->query);
}

const char *tune_http_request_keep(TuneHttpRequest *self, char *text)
{
    if (self->kept == NULL)
        self->kept = g_ptr_array_new_with_free_func(g_free);
    g_ptr_array_add(self->kept, text);
    return text;
}

void tune_http_request_set_context(TuneHttpRequest *self, gpointer context, GDestroyNotify free)
{
    if (self->context != NULL && self->context_free != NULL)
        self->context_free(self->context);
    self->context = context;
    self->context_free = free;
}

gpointer tune_http_request_context(const TuneHttpRequest *self)
{
    return self->context;
}

/* ---- what it says ---- */

TuneHttpMethod tune_http_request_method(const TuneHttpRequest *self)
{
    return self->head.method;
}

const char *tune_http_request_method_name(const TuneHttpRequest *self)
{
    return self->bytes + self->head.method_at;
}

const char *tune_http_request_target(const TuneHttpRequest *self)
{
    return self->bytes + self->head.target_at;
}

const char *tune_http_request_path(const TuneHttpRequest *self)
{
    return self->decoded->str;
}

const char *tune_http_request_query(const TuneHttpRequest *self, const char *name)
{
    for (guint i = 0; i < self->query->len; i++)
        if (strcmp(g_array_index(self->query, TuneHttpQuery, i).name, name) == 0)
            return g_array_index(self->query, TuneHttpQuery, i).value;
    return NULL;
}

guint tune_http_request_n_query(const TuneHttpRequest *self)
{
    return self->query->len;
}

void tune_http_request_query_at(const TuneHttpRequest *self, guint index, const char **name,
                                const char **value)
{
    g_return_if_fail(index < self->query->len);
    *name = g_array_index(self->query, TuneHttpQuery, index).name;
    *value = g_array_index(self->query, TuneHttpQuery, index).value;
}

const char *tune_http_request_field(const TuneHttpRequest *self, const char *name)
{
    const gsize length = strlen(name);
    const char *found = NULL;

    for (guint i = 0; i < self->head.n_fields; i++) {
        const TuneHttpField *field = &self->head.fields[i];
        const char *value = self->bytes + field->value;

        if (field->name_length != length ||
            g_ascii_strcasecmp(self->bytes + field->name, name) != 0)
            continue;
        /* One thread at a time has the request, so that it can keep what it answers. */
        found = found == NULL ? value
                              : tune_http_request_keep((TuneHttpRequest *)self,
                                                       g_strconcat(found, ", ", value, NULL));
    }
    return found;
}

const char *tune_http_request_peer(const TuneHttpRequest *self)
{
    return self->peer;
}

const char *tune_http_request_scheme(const TuneHttpRequest *self)
{
    return self->scheme;
}

const char *tune_http_request_host(const TuneHttpRequest *self)
{
    return self->host;
}

GBytes *tune_http_request_body(const TuneHttpRequest *self)
{
    if (self->body.bytes == NULL && !self->body.to_file)
        ((TuneHttpRequest *)self)->body.bytes = g_bytes_new_static("", 0);
    return self->body.bytes;
}

int tune_http_request_body_fd(const TuneHttpRequest *self, guint64 *size)
{
    if (size != NULL)
        *size = self->body.size;
    return self->body.fd;
}
