/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Requests, one behind another, to the parser: the whole must give what byte by byte gives, and
 * what was accepted must lie within the input.  The first byte chooses the size of the pieces.
 */
#include "http/parse.h"

#include <string.h>

typedef struct {
    gsize end;    /* behind the last whole request */
    guint n;      /* of them */
    gboolean bad; /* refused there */
    guint64 sum;  /* of what was read */
} Outcome;

static void mix(Outcome *out, const char *bytes, gsize size)
{
    for (gsize i = 0; i < size; i++)
        out->sum = (out->sum ^ (guint8)bytes[i]) * G_GUINT64_CONSTANT(1099511628211);
}

static void take_head(Outcome *out, const TuneHttpHead *head, const char *bytes, gsize size)
{
    g_autofree char *path = NULL;
    g_autoptr(GPtrArray) query = g_ptr_array_new_with_free_func(g_free);

    g_assert_true(head->size <= size && head->target_at + head->target_length < head->size);
    g_assert_cmpuint(strlen(bytes + head->target_at), ==, head->target_length);
    for (guint i = 0; i < head->n_fields; i++) {
        const TuneHttpField *field = &head->fields[i];

        g_assert_cmpuint(strlen(bytes + field->name), ==, field->name_length);
        g_assert_cmpuint(strlen(bytes + field->value), ==, field->value_length);
        mix(out, bytes + field->value, field->value_length);
    }
    if (tune_http_target_decode(bytes + head->target_at, &path, query) != NULL)
        return;
    mix(out, path, strlen(path));
    for (guint i = 0; i < query->len; i++)
        mix(out, query->pdata[i], strlen(query->pdata[i]));
}

/* FALSE: not whole, or refused. */
static gboolean read_chunks(Outcome *out, const char *bytes, gsize *at, gsize size, gsize step)
{
    TuneHttpFraming chunks = {0};

    for (gsize there = MIN(size - *at, step);;) {
        const char *data;
        gsize used = 0, n = 0;
        const TuneHttpParse result =
            tune_http_body_parse(&chunks, bytes + *at, there, &used, &data, &n);

        out->bad = result == TUNE_HTTP_PARSE_BAD;
        if (out->bad)
            return FALSE;
        g_assert_true(used <= there && n <= used);
        if (n > 0)
            mix(out, data, n);
        *at += used;
        if (result == TUNE_HTTP_PARSE_DONE)
            return TRUE;
        if (used == 0 && there == size - *at)
            return FALSE;
        there = MIN(size - *at, used > 0 ? step : there + step);
    }
}

static Outcome read_all(const char *input, gsize size, gsize step)
{
    g_autofree char *bytes = (char *)g_memdup2(input, size);
    Outcome out = {0};

    while (out.end < size) {
        TuneHttpHead head;
        TuneHttpParse result = TUNE_HTTP_PARSE_MORE;
        gsize at = out.end;

        tune_http_head_start(&head);
        for (gsize there = 0; result == TUNE_HTTP_PARSE_MORE && at + there < size;) {
            there = MIN(size - at, there + step);
            result = tune_http_head_parse(&head, bytes + at, there);
        }
        out.bad = result == TUNE_HTTP_PARSE_BAD;
        if (result != TUNE_HTTP_PARSE_DONE)
            break;
        take_head(&out, &head, bytes + at, size - at);
        at += head.size;
        if (head.chunked && !read_chunks(&out, bytes, &at, size, step))
            break;
        if (head.length > size - at)
            break;
        out.end = at + (gsize)head.length;
        out.n++;
    }
    return out;
}

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size);
int LLVMFuzzerTestOneInput(const guint8 *data, gsize size)
{
    if (size < 2)
        return 0;
    const Outcome whole = read_all((const char *)data + 1, size - 1, size);
    const Outcome pieces = read_all((const char *)data + 1, size - 1, 1 + data[0] % 16);

    g_assert_true(whole.end == pieces.end && whole.n == pieces.n && whole.bad == pieces.bad);
    g_assert_true(whole.bad || whole.sum == pieces.sum);
    return 0;
}
