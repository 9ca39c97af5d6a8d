/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Answers of handlers.
 */
#include "api/api-private.h"
#include "api/status.h"

#include <math.h>
#include <string.h>

static void set_answer(TuneCallState *state, guint status, const char *content_type, GBytes *body)
{
    tune_call_clear_answer(state);
    state->answered = TRUE;
    state->status = status;
    state->content_type = content_type;
    state->body = body;
}

void tune_call_clear_answer(TuneCallState *state)
{
    state->answered = FALSE;
    state->status = 0;
    state->content_type = NULL;
    state->etag[0] = '\0';
    g_clear_pointer(&state->body, g_bytes_unref);
    g_clear_pointer(&state->kept, g_bytes_unref);
    for (guint i = 0; i < G_N_ELEMENTS(state->packed); i++)
        g_clear_pointer(&state->packed[i], g_bytes_unref);
}

static GBytes *bytes_of_json(const json_t *value)
{
    char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY | JSON_REAL_PRECISION(15));

    return g_bytes_new_take(text, strlen(text));
}

/* ---- ?fields= ---- */

static json_t *filtered(const TuneCallState *state, const json_t *record)
{
    json_t *result = json_object();

    for (guint i = 0; state->fields->pdata[i] != NULL; i++) {
        json_t *value = json_object_get(record, state->fields->pdata[i]);
        if (value != NULL)
            json_object_set(result, state->fields->pdata[i], value);
    }
    return result;
}

const char *const *tune_call_fields(TuneCall *call)
{
    const GPtrArray *fields = tune_call_state(call)->fields;

    return fields != NULL ? (const char *const *)fields->pdata : NULL;
}

static json_t *with_fields(const TuneCallState *state, const json_t *value)
{
    if (state->fields == NULL)
        return json_incref((json_t *)value);
    const json_t *items = json_object_get(value, "items");
    if ((state->call.route->flags & TUNE_ROUTE_LIST) == 0 || items == NULL)
        return filtered(state, value);
    json_t *list = json_array(), *result = json_copy((json_t *)value);
    gsize index;
    json_t *item;
    json_array_foreach((json_t *)items, index, item)
        json_array_append_new(list, filtered(state, item));
    json_object_set_new(result, "items", list);
    return result;
}

/* ---- answers ---- */

/* For tests: does the answer look as the document says? */
static char *breach(TuneCallState *state, guint status, const json_t *value)
{
    const TuneRoute *route = state->call.route;
    guint success = route->status != 0 ? route->status : 200;

    if (!state->settings->check_answers || route->answer == NULL || status != success)
        return NULL;
    g_autoptr(json_t) errors = json_array();
    if ((route->flags & TUNE_ROUTE_LIST) != 0) {
        TuneShape list = *route->answer;
        list.is_array = TRUE;
        json_decref(tune_shape_check(&list, json_object_get(value, "items"), "answer.items",
                                     TUNE_SHAPE_STRICT, errors));
    } else {
        json_decref(tune_shape_check(route->answer, value, "answer", TUNE_SHAPE_STRICT, errors));
    }
    return json_array_size(errors) > 0 ? tune_json_canonical(errors) : NULL;
}

/* TRUE: it does not, and that is answered. */
static gboolean refuse_breach(TuneCall *call, guint status, const json_t *value)
{
    g_autofree char *wrong = breach(tune_call_state(call), status, value);

    if (wrong == NULL)
        return FALSE;
    tune_log(call->api->log, TUNE_LOG_ERROR, "%s: the answer is not as documented: %s",
             call->request_id, wrong);
    tune_call_error(call, 500, "the answer is not as documented: %s", wrong);
    return TRUE;
}

void tune_call_json(TuneCall *call, guint status, const json_t *value)
{
    TuneCallState *state = tune_call_state(call);

    if (refuse_breach(call, status, value))
        return;
    g_autoptr(json_t) shown = with_fields(state, value);
    set_answer(state, status, "application/json", bytes_of_json(shown));
}

/* Checked only where all fields are there. */
void tune_call_json_bytes(TuneCall *call, guint status, GBytes *body)
{
    TuneCallState *state = tune_call_state(call);

    if (state->settings->check_answers && state->fields == NULL) {
        gsize size = 0;
        const char *text = g_bytes_get_data(body, &size);
        g_autoptr(json_t) value = tune_json_parse("answer", text, size, NULL);
        if (refuse_breach(call, status, value))
            return;
    }
    set_answer(state, status, "application/json", g_bytes_ref(body));
}

void tune_call_bytes(TuneCall *call, guint status, const char *content_type, GBytes *body)
{
    set_answer(tune_call_state(call), status, g_intern_string(content_type), g_bytes_ref(body));
}

void tune_call_nothing(TuneCall *call)
{
    set_answer(tune_call_state(call), 204, NULL, NULL);
}

static void answer_error(TuneCall *call, guint status, const char *detail, json_t *errors)
{
    g_autoptr(json_t) body = json_pack("{s:s}", "detail", detail);

    if (errors != NULL)
        json_object_set(body, "errors", errors);
    json_object_set_new(body, "request_id", json_string(call->request_id));
    set_answer(tune_call_state(call), status, "application/json", bytes_of_json(body));
}

void tune_call_error(TuneCall *call, guint status, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    g_autofree char *text = g_strdup_vprintf(format, args);
    va_end(args);
    g_autofree char *detail = g_utf8_make_valid(text, -1);
    answer_error(call, status, detail, NULL);
}

void tune_call_faults(TuneCall *call, guint status, json_t *errors)
{
    g_autoptr(GString) detail = g_string_new(NULL);
    gsize index;
    json_t *one;

    json_array_foreach(errors, index, one)
        if (index < 3)
            g_string_append_printf(detail, "%s%s: %s", index > 0 ? "; " : "",
                                   json_string_value(json_object_get(one, "field")),
                                   json_string_value(json_object_get(one, "message")));
    if (json_array_size(errors) > 3)
        g_string_append_printf(detail, "; and %" G_GSIZE_FORMAT " more",
                               json_array_size(errors) - 3);
    answer_error(call, status, detail->str, errors);
}

void tune_call_invalid(TuneCall *call, const char *field, const char *message, const char *type)
{
    g_autoptr(json_t) errors = json_array();

    tune_shape_fault(errors, field, message, type);
    tune_call_faults(call, 422, errors);
}

void tune_call_fail(TuneCall *call, const GError *error)
{
    guint status = tune_status_of_error(error);

    if (status == 500) {
        tune_log(call->api->log, TUNE_LOG_ERROR, "%s %s %s: %s", call->request_id,
                 call->request->method_name, call->request->path, error->message);
        tune_call_error(call, 500, "something went wrong on our side; the log has it under %s",
                        call->request_id);
        return;
    }
    if (status == 503) {
        tune_log(call->api->log, TUNE_LOG_WARNING, "%s: %s", call->request_id, error->message);
        tune_call_retry_after(call, 5);
    }
    /* What the database says is not for clients. */
    if (error->domain == TUNE_STORE_ERROR)
        tune_call_error(call, status, "%s",
                        status == 503   ? "the database is away for a moment; try again"
                        : status == 409 ? "there is one like that already"
                        : status == 507 ? "the disk is full"
                                        : "what this belongs to is not there");
    else
        tune_call_error(call, status, "%s", error->message);
}

void tune_call_retry_after(TuneCall *call, double seconds)
{
    g_autofree char *text = g_strdup_printf("%.0f", CLAMP(ceil(seconds), 1, 86400));

    tune_http_response_set_field(call->response, "Retry-After", text);
}

/* ---- what a handler asks ---- */

const char *tune_call_idempotency_key(const TuneCall *call)
{
    return tune_http_request_field(call->request, "Idempotency-Key");
}

const char *tune_call_owner(const TuneCall *call)
{
    return call->caller.admin ? NULL : call->caller.user_id;
}

gboolean tune_call_is_nameless(const TuneCall *call)
{
    return !call->caller.admin && *call->caller.user_id == '\0';
}

const char *tune_call_query_text(const TuneCall *call, const char *name)
{
    return json_string_value(json_object_get(call->query, name));
}

gint64 tune_call_query_int(const TuneCall *call, const char *name, gint64 otherwise)
{
    const json_t *value = json_object_get(call->query, name);

    return json_is_integer(value) ? json_integer_value(value) : otherwise;
}
