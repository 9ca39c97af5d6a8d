/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Pages of lists: by key (cursor) or, for old clients, by offset.
 *
 * A cursor is base64url of "TIME:ID", the last record that was shown; of a ranked list "PLACE:@".  It is no secret: who makes one up
 * sees the records that are older than what it says, which are the same that a true one would show.
 */
#include "api/api-private.h"
#include "base/json-text.h"
#include "base/time.h"

#include <string.h>

#define MAX_OFFSET 1000000
#define DEFAULT_LIMIT 10
#define RANKED "@"

static char *cursor_text(gint64 us, const char *id)
{
    g_autofree char *plain = g_strdup_printf("%" G_GINT64_FORMAT ":%s", us, id);
    char *text = g_base64_encode((const guchar *)plain, strlen(plain));

    g_strdelimit(text, "+", '-');
    g_strdelimit(text, "/", '_');
    text[strcspn(text, "=")] = '\0';
    return text;
}

static gboolean cursor_parse(const char *text, TunePage *out)
{
    gsize length = strlen(text), got = 0;
    g_autoptr(GString) padded = g_string_new(text);

    if (length == 0 || length > 128)
        return FALSE;
    g_strdelimit(padded->str, "-", '+');
    g_strdelimit(padded->str, "_", '/');
    while (padded->len % 4 != 0)
        g_string_append_c(padded, '=');
    g_autofree guchar *plain = g_base64_decode(padded->str, &got);
    g_autofree char *words = g_strndup((const char *)plain, got);
    char *end = NULL;
    gint64 us = g_ascii_strtoll(words, &end, 10);
    if (strlen(words) != got || end == words || *end != ':' || end[1] == '\0' || us < 0 ||
        strlen(end + 1) >= sizeof out->before_id || !g_str_is_ascii(end + 1))
        return FALSE;
    if (strcmp(end + 1, RANKED) == 0) {
        out->offset = (guint)MIN(us, MAX_OFFSET);
        return TRUE;
    }
    out->before_us = us;
    g_strlcpy(out->before_id, end + 1, sizeof out->before_id);
    return TRUE;
}

gboolean tune_call_page(TuneCall *call, TunePage *out)
{
    const char *cursor = tune_call_query_text(call, "cursor");
    gint64 page = tune_call_query_int(call, "page", 0);

    *out = (TunePage){.limit = (guint)tune_call_query_int(call, "limit", DEFAULT_LIMIT)};
    out->offset = (guint)tune_call_query_int(call, "offset", 0);
    if (cursor != NULL && *cursor != '\0') {
        out->offset = 0;
        if (cursor_parse(cursor, out))
            return TRUE;
        tune_call_invalid(call, "query.cursor", "is no cursor of this service", "cursor");
        return FALSE;
    }
    if (page > 1)
        out->offset = (guint)MIN((page - 1) * out->limit, MAX_OFFSET);
    return TRUE;
}

/* The request's own query with another cursor or offset. */
static void add_link(TuneCall *call, const char *name, const char *value)
{
    static const char *const replaced[] = {"cursor", "page", "offset", NULL};
    g_autoptr(GString) link = g_string_new("<");
    g_autofree char *path = g_uri_escape_string(call->request->path, "/", FALSE);
    const GPtrArray *query = call->request->query;

    g_string_append_printf(link, "%s?%s=%s", path, name, value);
    for (guint i = 0; i < query->len; i += 2) {
        const char *other = query->pdata[i], *said = query->pdata[i + 1];
        if (g_strv_contains(replaced, other))
            continue;
        g_autofree char *left = g_uri_escape_string(other, NULL, FALSE);
        g_autofree char *right = g_uri_escape_string(said, NULL, FALSE);
        g_string_append_printf(link, "&%s=%s", left, right);
    }
    g_string_append(link, ">; rel=\"next\"");
    tune_http_response_add_field(call->response, "Link", link->str);
}

static char *next_cursor(const json_t *last)
{
    const char *id = json_string_value(json_object_get(last, "id"));
    const char *when = json_string_value(json_object_get(last, "created_at"));
    gint64 us = 0;

    if (id == NULL || when == NULL || !tune_time_parse(when, &us))
        return NULL;
    return cursor_text(us, id);
}

/* The Link of the page behind this one. */
static void add_next(TuneCall *call, const TunePage *page, const char *cursor)
{
    if (cursor != NULL) {
        add_link(call, "cursor", cursor);
    } else {
        g_autofree char *offset = g_strdup_printf("%u", page->offset + page->limit);
        add_link(call, "offset", offset);
    }
}

void tune_call_list(TuneCall *call, const TunePage *page, json_t *items, gint64 total)
{
    g_autofree char *cursor = NULL;
    gboolean more = json_array_size(items) > page->limit;

    while (json_array_size(items) > page->limit)
        json_array_remove(items, json_array_size(items) - 1);
    if (more && page->ranked)
        cursor = cursor_text(page->offset + page->limit, RANKED);
    else if (more)
        cursor = next_cursor(json_array_get(items, page->limit - 1));
    if (more)
        add_next(call, page, cursor);
    g_autoptr(json_t) body = json_pack("{s:O, s:i, s:s?}", "items", items, "limit",
                                       (int)page->limit, "next_cursor", cursor);
    if (total >= 0)
        json_object_set_new(body, "total", json_integer(total));
    tune_call_json(call, 200, body);
}

void tune_call_records(TuneCall *call, const TunePage *page, const TuneRecords *records,
                       const char *const *hidden)
{
    guint n = MIN(tune_records_count(records), page->limit);
    gboolean more = tune_records_count(records) > page->limit;
    guint64 chosen = tune_records_choose(records, tune_call_fields(call), hidden);
    GString *out = g_string_sized_new(n * 640 + 256);
    g_autofree char *cursor = NULL;
    const char *id = NULL;
    gint64 us = 0;

    if (more && tune_records_place(records, page->limit - 1, &us, &id))
        cursor = cursor_text(us, id);
    if (more)
        add_next(call, page, cursor);
    tune_json_text_open(out, '{');
    tune_json_text_key(out, "items");
    tune_json_text_open(out, '[');
    for (guint i = 0; i < n; i++)
        tune_records_write(records, i, chosen, out);
    g_string_append_c(out, ']');
    tune_json_text_key(out, "limit");
    tune_json_text_int(out, page->limit);
    tune_json_text_key(out, "next_cursor");
    if (cursor != NULL)
        tune_json_text_string(out, cursor, strlen(cursor));
    else
        tune_json_text_null(out);
    g_string_append_c(out, '}');
    g_autoptr(GBytes) body = g_string_free_to_bytes(out);
    tune_call_json_bytes(call, 200, body);
}
