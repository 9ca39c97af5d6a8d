/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "http/http-private.h"

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
    return self->path;
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

const char *tune_http_request_next(const TuneHttpRequest *self, const char *name, guint *index)
{
    const gsize length = strlen(name);

    while (*index < self->head.n_fields) {
        const TuneHttpField *field = &self->head.fields[(*index)++];

        if (field->name_length == length &&
            g_ascii_strcasecmp(self->bytes + field->name, name) == 0)
            return self->bytes + field->value;
    }
    return NULL;
}

const char *tune_http_request_field(const TuneHttpRequest *self, const char *name)
{
    guint index = 0;
    const char *first = tune_http_request_next(self, name, &index);
    const char *more = first != NULL ? tune_http_request_next(self, name, &index) : NULL;

    if (G_LIKELY(more == NULL))
        return first;
    GString *all = g_string_new(first);
    for (; more != NULL; more = tune_http_request_next(self, name, &index))
        g_string_append_printf(all, ", %s", more);
    /* Kept for the caller; one thread at a time has the request. */
    TuneHttpRequest *owner = (TuneHttpRequest *)self;
    if (owner->joined == NULL)
        owner->joined = g_ptr_array_new_with_free_func(g_free);
    g_ptr_array_add(owner->joined, all->str);
    return g_string_free(all, FALSE);
}

const char *tune_http_request_peer(const TuneHttpRequest *self)
{
    return self->peer;
}

gboolean tune_http_request_peer_is_loopback(const TuneHttpRequest *self)
{
    return self->peer_is_loopback;
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
    if (self->body.to_file)
        return NULL;
    if (self->body.bytes == NULL) /* one thread at a time has the request */
        ((TuneHttpRequest *)self)->body.bytes = g_bytes_new_static("", 0);
    return self->body.bytes;
}

int tune_http_request_body_fd(const TuneHttpRequest *self, guint64 *size)
{
    if (size != NULL)
        *size = self->body.size;
    return self->body.fd;
}

gint64 tune_http_request_started_us(const TuneHttpRequest *self)
{
    return self->started_us;
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

void tune_http_request_clear(TuneHttpRequest *self)
{
    tune_http_request_set_context(self, NULL, NULL);
    tune_http_body_clear(&self->body);
    g_clear_pointer(&self->joined, g_ptr_array_unref);
    g_clear_pointer(&self->forwarded[0], g_free);
    g_clear_pointer(&self->forwarded[1], g_free);
    if (self->query->len > 0)
        g_array_set_size(self->query, 0);
}
