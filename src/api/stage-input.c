/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Query and body, checked against the shapes of the route.
 */
#include "api/api-private.h"

#include <string.h>

static const TuneField page_fields[] = {
    {"limit", TUNE_FIELD_INTEGER, .low = 1, .high = 100, .otherwise = "10", .says = "At most so many"},
    {"cursor", TUNE_FIELD_STRING, .says = "next_cursor of the page before"},
    {"page", TUNE_FIELD_INTEGER, .low = 1, .high = 1000000,
     .says = "Page from 1, for old clients; a cursor is faster"},
    {"offset", TUNE_FIELD_INTEGER, .low = 0, .high = 1000000,
     .says = "So many left out, for old clients; a cursor is faster"},
};
const TuneShape tune_page_shape = {"Page", page_fields, G_N_ELEMENTS(page_fields)};

static const TuneField filter_fields[] = {
    {"fields", TUNE_FIELD_STRING, .says = "Only these fields of each record, separated by commas"},
};
const TuneShape tune_filter_shape = {"Fields", filter_fields, G_N_ELEMENTS(filter_fields)};

/* ---- the query ---- */

static void check_query(TuneCallState *state, const TuneShape *shape, const json_t *query,
                        json_t *errors)
{
    g_autoptr(json_t) clean = tune_shape_check(shape, query, "query", TUNE_SHAPE_LOOSE, errors);

    if (clean != NULL)
        json_object_update(state->call.query, clean);
}

static void take_fields(TuneCallState *state, json_t *errors)
{
    const char *said = tune_call_query_text(&state->call, "fields");
    const TuneShape *answer = state->call.route->answer;

    if (said == NULL || *said == '\0' || answer == NULL)
        return;
    g_auto(GStrv) names = g_strsplit(said, ",", 100);
    state->fields = g_ptr_array_new_with_free_func(g_free);
    for (guint i = 0; names[i] != NULL; i++) {
        g_strstrip(names[i]);
        if (tune_shape_has_field(answer, names[i])) {
            g_ptr_array_add(state->fields, g_strdup(names[i]));
            continue;
        }
        g_autofree char *message = g_strdup_printf("\"%.60s\" is no field of %s", names[i],
                                                   answer->name);
        g_autofree char *valid = g_utf8_make_valid(message, -1);
        tune_shape_fault(errors, "query.fields", valid, "unknown_field");
    }
    g_ptr_array_add(state->fields, NULL);
}

/* The first of several members of one name counts; unknown ones are ignored. */
static json_t *query_of(const TuneHttpRequest *request)
{
    json_t *query = json_object();

    for (guint i = 0; i < request->query->len; i += 2) {
        const char *name = request->query->pdata[i], *value = request->query->pdata[i + 1];
        if (json_object_get(query, name) == NULL)
            json_object_set_new(query, name, json_string(value));
    }
    return query;
}

static gboolean take_query(TuneCallState *state)
{
    const TuneRoute *route = state->call.route;
    gboolean list = (route->flags & TUNE_ROUTE_LIST) != 0;

    state->call.query = json_object();
    if (route->query == NULL && !list && (route->flags & TUNE_ROUTE_FIELDS) == 0)
        return TRUE;
    g_autoptr(json_t) errors = json_array();
    g_autoptr(json_t) query = query_of(state->call.request);
    if (list)
        check_query(state, &tune_page_shape, query, errors);
    if (list || (route->flags & TUNE_ROUTE_FIELDS) != 0)
        check_query(state, &tune_filter_shape, query, errors);
    if (route->query != NULL)
        check_query(state, route->query, query, errors);
    take_fields(state, errors);
    if (json_array_size(errors) == 0)
        return TRUE;
    tune_call_faults(&state->call, 422, errors);
    return FALSE;
}

/* ---- the body ---- */

/* application/json or something+json, in UTF-8.  A body without a type is taken as JSON. */
static gboolean is_json(const char *content_type)
{
    if (content_type == NULL)
        return TRUE;
    g_autofree char *type = g_ascii_strdown(content_type, -1);
    char *charset = strstr(type, "charset=");
    if (charset != NULL && !g_str_has_prefix(charset + 8, "utf-8") &&
        !g_str_has_prefix(charset + 8, "\"utf-8\""))
        return FALSE;
    type[strcspn(type, "; \t")] = '\0';
    return strcmp(type, "application/json") == 0 ||
           (g_str_has_prefix(type, "application/") && g_str_has_suffix(type, "+json"));
}

static gboolean invalid(TuneCallState *state, const char *message, const char *type)
{
    tune_call_invalid(&state->call, "body", message, type);
    return FALSE;
}

static gboolean parse_body(TuneCallState *state)
{
    const char *type = tune_http_request_field(state->call.request, "Content-Type");
    gboolean root = (state->call.route->flags & TUNE_ROUTE_ROOT) != 0;
    gsize size = 0;
    const char *text = g_bytes_get_data(state->call.request->body, &size);
    json_error_t problem;

    if (size == 0) {
        if ((state->call.route->flags & TUNE_ROUTE_BODY_OPTIONAL) == 0)
            return invalid(state, "is needed", "missing");
        state->given = json_object();
        return TRUE;
    }
    if (!is_json(type)) {
        if (root)
            return invalid(state, "must be application/json", "media_type");
        tune_call_error(&state->call, 415, "the body must be application/json");
        return FALSE;
    }
    state->given = json_loadb(text, size, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, &problem);
    if (state->given != NULL)
        return TRUE;
    if (strstr(problem.text, "JSON_ALLOW_NUL") != NULL)
        return invalid(state, "may not hold the character U+0000", "json_invalid");
    g_autofree char *message = g_strdup_printf("is no JSON: line %d, column %d: %s", problem.line,
                                               problem.column, problem.text);
    g_autofree char *valid = g_utf8_make_valid(message, -1);
    return invalid(state, valid, "json_invalid");
}

static gboolean take_body(TuneCallState *state)
{
    const TuneRoute *route = state->call.route;
    gboolean root = (route->flags & TUNE_ROUTE_ROOT) != 0;

    if (route->body == NULL || (route->flags & TUNE_ROUTE_UPLOAD) != 0)
        return TRUE;
    if (!parse_body(state))
        return FALSE;
    g_autoptr(json_t) errors = json_array();
    state->call.given = state->given;
    state->call.body = tune_shape_check(route->body, state->given, "body",
                                        root ? TUNE_SHAPE_LOOSE : TUNE_SHAPE_STRICT, errors);
    if (state->call.body == NULL)
        tune_call_faults(&state->call, 422, errors);
    return state->call.body != NULL;
}

TuneStageResult tune_stage_input(TuneCallState *state)
{
    return take_query(state) && take_body(state) ? TUNE_STAGE_ON : TUNE_STAGE_ANSWERED;
}
