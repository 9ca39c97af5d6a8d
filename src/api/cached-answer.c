/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * An answer as one value of the cache: a head, the media type, the body and its compressed forms one behind
 * the other.  A value that comes from Redis may be anything, so everything is checked.
 */
#include "api/api-private.h"

#include <sodium.h>
#include <string.h>

#define MAGIC 0x31534e41u /* "ANS1" */

typedef struct {
    guint32 magic, status;
    char etag[40];
    guint32 n_type, n_body, n_packed[2];
} Head;

void tune_etag_of(GBytes *body, char out[48])
{
    guint8 hash[16];
    gsize size = 0;
    gconstpointer data = g_bytes_get_data(body, &size);

    crypto_generichash(hash, sizeof hash, data, size, NULL, 0);
    sodium_bin2hex(out, 2 * sizeof hash + 1, hash, sizeof hash);
}

static void append(GByteArray *out, GBytes *bytes)
{
    gsize size = 0;
    const guint8 *data = bytes != NULL ? g_bytes_get_data(bytes, &size) : NULL;

    if (size > 0)
        g_byte_array_append(out, data, (guint)size);
}

static guint32 size_of(GBytes *bytes)
{
    return bytes != NULL ? (guint32)g_bytes_get_size(bytes) : 0;
}

GBytes *tune_cached_answer_pack(const TuneCallState *state)
{
    Head head = {.magic = MAGIC, .status = state->status};
    gsize size = sizeof head + strlen(state->content_type) + size_of(state->body) +
                 size_of(state->packed[TUNE_CODING_GZIP]) + size_of(state->packed[TUNE_CODING_ZSTD]);
    GByteArray *out = g_byte_array_sized_new((guint)size);

    g_strlcpy(head.etag, state->etag, sizeof head.etag);
    head.n_type = (guint32)strlen(state->content_type);
    head.n_body = size_of(state->body);
    for (guint i = 0; i < G_N_ELEMENTS(head.n_packed); i++)
        head.n_packed[i] = size_of(state->packed[i]);
    g_byte_array_append(out, (const guint8 *)&head, sizeof head);
    g_byte_array_append(out, (const guint8 *)state->content_type, head.n_type);
    append(out, state->body);
    append(out, state->packed[TUNE_CODING_GZIP]);
    append(out, state->packed[TUNE_CODING_ZSTD]);
    return g_byte_array_free_to_bytes(out);
}

gboolean tune_cached_answer_unpack(TuneCallState *state, GBytes *value)
{
    gsize size = 0;
    const guint8 *data = g_bytes_get_data(value, &size);
    Head head;

    if (size < sizeof head)
        return FALSE;
    memcpy(&head, data, sizeof head);
    gsize whole = sizeof head + (gsize)head.n_type + head.n_body + head.n_packed[0] +
                  head.n_packed[1];
    if (head.magic != MAGIC || whole != size || head.n_type == 0 || head.n_type > 100 ||
        head.status != 200 || head.etag[sizeof head.etag - 1] != '\0')
        return FALSE;
    char type[101];
    memcpy(type, data + sizeof head, head.n_type);
    type[head.n_type] = '\0';
    gsize at = sizeof head + head.n_type;
    state->answered = TRUE;
    state->status = head.status;
    state->content_type = g_str_is_ascii(type) ? g_intern_string(type) : "application/json";
    g_strlcpy(state->etag, head.etag, sizeof state->etag);
    state->body = g_bytes_new_from_bytes(value, at, head.n_body);
    at += head.n_body;
    for (guint i = 0; i < G_N_ELEMENTS(head.n_packed); at += head.n_packed[i], i++)
        if (head.n_packed[i] > 0)
            state->packed[i] = g_bytes_new_from_bytes(value, at, head.n_packed[i]);
    return TRUE;
}
