/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Answers from the cache and into it, and their dress: validator, 304, compression.
 */
#include "api/api-private.h"

#include <string.h>

#define COMPRESS_ABOVE 1024

/* ---- from the cache ---- */

static void append_members(TuneCallState *state, const TuneShape *shape, GString *key)
{
    for (guint i = 0; i < shape->n_fields; i++) {
        const char *name = shape->fields[i].name;
        const char *value = tune_http_request_query(state->call.request, name);
        if (value == NULL)
            continue;
        g_autofree char *escaped = g_uri_escape_string(value, NULL, FALSE);
        g_string_append_printf(key, "%c%s=%s", strchr(key->str, '?') != NULL ? '&' : '?', name,
                               escaped);
    }
}

/* Path and known query members: what is unknown to the route makes no other answer. */
static char *key_of(TuneCallState *state)
{
    const TuneRoute *route = state->call.route;
    GString *key = g_string_new("http:");

    g_string_append(key, state->call.request->path);
    if (state->call.request->query->len == 0)
        return g_string_free(key, FALSE);
    if ((route->flags & TUNE_ROUTE_LIST) != 0)
        append_members(state, &tune_page_shape, key);
    if ((route->flags & (TUNE_ROUTE_LIST | TUNE_ROUTE_FIELDS)) != 0)
        append_members(state, &tune_filter_shape, key);
    if (route->query != NULL)
        append_members(state, route->query, key);
    return g_string_free(key, FALSE);
}

/* The coding in which the answer's body goes to this caller. */
static TuneCoding coding_for(const TuneCallState *state)
{
    if (!state->settings->compression || g_bytes_get_size(state->body) <= COMPRESS_ABOVE ||
        !tune_coding_suits(state->content_type))
        return TUNE_CODING_NONE;
    return tune_coding_choose(tune_http_request_field(state->call.request, "Accept-Encoding"));
}

/* The first who wants a kept answer in some coding has it packed, by a worker, and kept with the answer: many
 * are asked for in one coding only, or never again. */
static gboolean is_to_be_packed(const TuneCallState *state)
{
    TuneCoding coding = coding_for(state);

    return coding != TUNE_CODING_NONE && state->packed[coding] == NULL;
}

static TuneStageResult look_up(TuneCallState *state, TuneStageResult when_to_be_packed)
{
    g_autoptr(GBytes) value = tune_cache_peek(state->call.api->cache, state->cache_key);
    if (value == NULL || !tune_cached_answer_unpack(state, value))
        return TUNE_STAGE_ON;
    if (when_to_be_packed != TUNE_STAGE_ANSWERED && is_to_be_packed(state)) {
        tune_call_clear_answer(state);
        return when_to_be_packed;
    }
    state->kept = g_steal_pointer(&value);
    tune_metrics_count_cached(state->call.api->metrics, state->match.index);
    return TUNE_STAGE_ANSWERED;
}

TuneStageResult tune_stage_cached(TuneCallState *state)
{
    const TuneRoute *route = state->call.route;

    if (route->at_once != NULL && route->at_once(&state->call))
        return TUNE_STAGE_ANSWERED;
    if (route->cache_ttl_s == 0 || route->method != TUNE_HTTP_GET)
        return TUNE_STAGE_ON;
    if (state->cache_key == NULL) /* else it is the second time, on a worker */
        state->cache_key = key_of(state);
    return look_up(state, state->may_block ? TUNE_STAGE_ANSWERED : TUNE_STAGE_LATER);
}

/* A POST whose answer depends on its body alone. */
TuneStageResult tune_stage_cached_body(TuneCallState *state)
{
    const TuneRoute *route = state->call.route;
    char hash[48];

    if (route->cache_ttl_s == 0 || route->method != TUNE_HTTP_POST ||
        !route->inline_when(state->call.api))
        return TUNE_STAGE_ON;
    tune_etag_of(state->call.request->body, hash);
    state->cache_key = g_strconcat("http:", route->path, ":", hash, NULL);
    return look_up(state, TUNE_STAGE_ANSWERED);
}

/* ---- into the cache ---- */

/* Validator, and the coding that is wanted now, of an answer that will be kept. */
static void prepare(TuneCallState *state)
{
    if (state->etag[0] == '\0')
        tune_etag_of(state->body, state->etag);
    TuneCoding coding = coding_for(state);
    if (coding != TUNE_CODING_NONE && state->packed[coding] == NULL)
        state->packed[coding] = tune_coding_pack(coding, state->body);
}

/* The handler under the cache's single flight.  What is no 200 is an error to the cache, which does not
 * keep it; the answer itself stays in @state, and others who waited ask the handler themselves. */
static GBytes *make(gpointer user_data, GError **error)
{
    TuneCallState *state = user_data;

    tune_call_handle(state);
    if (state->answered && state->status == 200 && state->body != NULL) {
        prepare(state);
        return tune_cached_answer_pack(state);
    }
    g_set_error_literal(error, TUNE_API_ERROR, 0, "not kept");
    return NULL;
}

TuneStageResult tune_stage_handler(TuneCallState *state)
{
    const TuneRoute *route = state->call.route;
    TuneCachePolicy policy = {.ttl_s = route->cache_ttl_s,
                              .stale_s = route->cache_stale_s,
                              .tags = route->cache_tags};
    g_autoptr(GBytes) value = NULL;

    if (state->cache_key == NULL) {
        tune_call_handle(state);
    } else if (state->may_block) {
        value = tune_cache_get_or_make(state->call.api->cache, state->cache_key, &policy, make, state,
                                       NULL);
        if (!state->answered && value != NULL && tune_cached_answer_unpack(state, value)) {
            state->kept = g_steal_pointer(&value);
            tune_metrics_count_cached(state->call.api->metrics, state->match.index);
        }
        if (!state->answered && tune_http_response_status(state->call.response) == 0)
            tune_call_handle(state);
    } else {
        policy.local = TRUE; /* Redis would be waited for */
        value = make(state, NULL);
        if (value != NULL)
            tune_cache_set(state->call.api->cache, state->cache_key, value, &policy);
    }
    return TUNE_STAGE_ANSWERED;
}

/* ---- dress ---- */

/* Does If-None-Match name @etag?  Weak comparison (RFC 9110 section 13.1.2), whatever the coding. */
gboolean tune_etag_is_named(const char *field, const char *etag)
{
    if (field == NULL)
        return FALSE;
    const char *star = field + strspn(field, " \t");
    if (*star == '*')
        return TRUE;
    for (const char *p = field; (p = strchr(p, '"')) != NULL;) {
        const char *end = strchr(++p, '"');
        if (end == NULL)
            return FALSE;
        gsize length = strlen(etag);
        if ((gsize)(end - p) >= length && strncmp(p, etag, length) == 0 &&
            (p + length == end || p[length] == '-'))
            return TRUE;
        p = end + 1;
    }
    return FALSE;
}

static gboolean is_read(const TuneCallState *state)
{
    return (state->call.request->method & (TUNE_HTTP_GET | TUNE_HTTP_HEAD)) != 0;
}

static gboolean wants_etag(const TuneCallState *state)
{
    const char *control = state->call.route != NULL ? state->call.route->cache_control : NULL;

    return is_read(state) && state->status == 200 && state->body != NULL &&
           (control == NULL || strstr(control, "no-store") == NULL);
}

/* What is kept has the body in its new coding too from now on. */
static void keep_packed(TuneCallState *state)
{
    g_autoptr(GBytes) both = NULL;

    if (state->kept == NULL)
        return;
    if (state->etag[0] == '\0')
        tune_etag_of(state->body, state->etag);
    both = tune_cached_answer_pack(state);
    tune_cache_amend(state->call.api->cache, state->cache_key, state->kept, both);
}

/* What is sent of the body, in the coding that was chosen. */
static GBytes *coded_body(TuneCallState *state, TuneCoding *coding)
{
    *coding = TUNE_CODING_NONE;
    if (!state->settings->compression || g_bytes_get_size(state->body) <= COMPRESS_ABOVE ||
        !tune_coding_suits(state->content_type))
        return g_bytes_ref(state->body);
    tune_http_response_add_field(state->call.response, "Vary", "Accept-Encoding");
    TuneCoding chosen = coding_for(state);
    if (chosen == TUNE_CODING_NONE)
        return g_bytes_ref(state->body);
    if (state->packed[chosen] == NULL) {
        state->packed[chosen] = tune_coding_pack(chosen, state->body);
        if (state->packed[chosen] == NULL)
            return g_bytes_ref(state->body);
        keep_packed(state);
    }
    *coding = chosen;
    tune_http_response_set_field(state->call.response, "Content-Encoding", tune_coding_name(chosen));
    return g_bytes_ref(state->packed[chosen]);
}

/* Each coding is another representation, so its validator is another too. */
static void put_etag(TuneCallState *state, TuneCoding coding)
{
    char text[64];

    if (coding == TUNE_CODING_NONE)
        g_snprintf(text, sizeof text, "\"%s\"", state->etag);
    else
        g_snprintf(text, sizeof text, "\"%s-%s\"", state->etag, tune_coding_name(coding));
    tune_http_response_set_field(state->call.response, "ETag", text);
}

void tune_stage_dress(TuneCallState *state)
{
    TuneHttpResponse *response = state->call.response;
    TuneCoding coding = TUNE_CODING_NONE;

    if (!state->answered)
        return; /* the handler filled the response itself */
    tune_http_response_set_status(response, state->status);
    if (state->body == NULL)
        return;
    g_autoptr(GBytes) body = coded_body(state, &coding);
    if (wants_etag(state)) {
        if (state->etag[0] == '\0')
            tune_etag_of(state->body, state->etag);
        put_etag(state, coding);
        if (tune_etag_is_named(tune_http_request_field(state->call.request, "If-None-Match"), state->etag)) {
            tune_http_response_set_status(response, 304);
            return;
        }
    }
    tune_http_response_set_body(response, state->content_type, body);
}
