/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "api/kept.h"

#include <string.h>

typedef struct {
    TuneApi *api;
    TuneKeptMake make;
    gpointer user_data;
    json_t *made; /* by this call (nullable) */
} Making;

/* For the cache: what is not to be kept is an error there, and given to the caller past it. */
static GBytes *make_bytes(gpointer user_data, GError **error)
{
    Making *self = user_data;
    gboolean keep = TRUE;

    json_decref(self->made);
    self->made = self->make(self->api, self->user_data, &keep, error);
    if (self->made == NULL)
        return NULL;
    if (!keep) {
        g_set_error_literal(error, G_IO_ERROR, G_IO_ERROR_PENDING, "not to be kept");
        return NULL;
    }
    char *text = json_dumps(self->made, JSON_COMPACT);
    return g_bytes_new_take(text, strlen(text));
}

static json_t *parse(GBytes *bytes)
{
    gsize size;
    const char *text = g_bytes_get_data(bytes, &size);

    return json_loadb(text, size, 0, NULL);
}

json_t *tune_kept_json(TuneApi *api, const char *key, const TuneCachePolicy *policy,
                       TuneKeptMake make, gpointer user_data, GError **error)
{
    Making making = {api, make, user_data, NULL};
    g_autoptr(GError) failure = NULL;
    g_autoptr(GBytes) bytes =
        tune_cache_get_or_make(api->cache, key, policy, make_bytes, &making, &failure);

    if (making.made != NULL)
        return making.made;
    json_t *kept = bytes != NULL ? parse(bytes) : NULL;
    if (kept != NULL)
        return kept;
    if (bytes == NULL && !g_error_matches(failure, G_IO_ERROR, G_IO_ERROR_PENDING)) {
        g_propagate_error(error, g_steal_pointer(&failure));
        return NULL;
    }
    /* Somebody else made one that was not to be kept, or what was kept is no JSON. */
    gboolean keep;
    return make(api, user_data, &keep, error);
}
