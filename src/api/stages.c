/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The way of a request through the stages, and the small ones.
 */
#include "api/api-private.h"
#include "api/service.h"

#include <string.h>

/* The order matters: who calls is known before anything is told about what there is, a body is read only
 * for somebody who may send it, and leaving goes backwards, so that the body of an answer is settled before
 * the fields of its head. */
const TuneStage tune_stages[] = {
    {"client", FALSE, tune_stage_client, NULL},
    {"head", FALSE, NULL, tune_stage_head},
    {"dress", FALSE, NULL, tune_stage_dress},
    {"route", FALSE, tune_stage_route, NULL},
    {"auth", FALSE, tune_stage_auth, tune_stage_auth_leave},
    {"limit", FALSE, tune_stage_limit, NULL},
    {"cached", FALSE, tune_stage_cached, NULL},
    {"cached-body", TRUE, tune_stage_cached_body, NULL},
    {"input", TRUE, tune_stage_input, NULL},
    {"wrote", TRUE, NULL, tune_stage_wrote_leave},
    {"idempotency", TRUE, tune_stage_idempotency, tune_stage_idempotency_leave},
    {"handler", TRUE, tune_stage_handler, NULL},
};
const guint tune_n_stages = G_N_ELEMENTS(tune_stages);

static void leave(TuneCallState *state, guint entered)
{
    while (entered > 0)
        if (tune_stages[--entered].leave != NULL)
            tune_stages[entered].leave(state);
}

/* TRUE: there is an answer, dressed. */
static gboolean advance(TuneCallState *state, gboolean with_body)
{
    for (; state->stage < tune_n_stages; state->stage++) {
        const TuneStage *stage = &tune_stages[state->stage];
        if (stage->needs_body && !with_body)
            return FALSE;
        TuneStageResult result = stage->enter != NULL ? stage->enter(state) : TUNE_STAGE_ON;
        if (result == TUNE_STAGE_LATER && !with_body)
            return FALSE;
        if (result == TUNE_STAGE_ANSWERED)
            break;
    }
    leave(state, MIN(state->stage + 1, tune_n_stages));
    return TRUE;
}

static void state_free(TuneCallState *state)
{
    tune_call_clear_answer(state);
    tune_client_clear(&state->call.client);
    json_decref(state->call.query);
    json_decref(state->call.body);
    json_decref(state->given);
    g_clear_pointer(&state->fields, g_ptr_array_unref);
    g_free(state->path);
    g_free(state->cache_key);
    g_free(state->idempotency_hash);
    g_free(state);
}

static gboolean runs_inline(const TuneCallState *state)
{
    const TuneRoute *route = state->call.route;

    return (route->flags & TUNE_ROUTE_INLINE) != 0 &&
           (route->inline_when == NULL || route->inline_when(state->call.api));
}

static guint64 body_limit(const TuneCallState *state)
{
    if ((state->call.route->flags & TUNE_ROUTE_UPLOAD) != 0)
        return (guint64)state->settings->upload_megabytes << 20;
    return (guint64)state->settings->body_kilobytes << 10;
}

/* Parsing a long body takes too long for a thread that serves others. */
#define INLINE_BODY 16384

static gboolean body_is_short(const TuneHttpRequest *request)
{
    const char *length = tune_http_request_field(request, "Content-Length");

    if (length == NULL)
        return tune_http_request_field(request, "Transfer-Encoding") == NULL;
    return g_ascii_strtoull(length, NULL, 10) <= INLINE_BODY;
}

void tune_service_begin(TuneHttpRequest *request, TuneHttpResponse *response, TuneHttpPlan *plan,
                        gpointer user_data)
{
    TuneApi *api = user_data;
    TuneCallState *state = g_new0(TuneCallState, 1);

    state->call = (TuneCall){.api = api, .request = request, .response = response};
    state->settings = tune_api_settings(api);
    request->context = state;
    tune_service_name_request(api, &state->call);
    if (advance(state, FALSE)) {
        plan->answered = TRUE;
        return;
    }
    const TuneStage *stage = &tune_stages[state->stage];
    plan->on_worker = !stage->needs_body || !runs_inline(state) || !body_is_short(request);
    plan->body_to_file = (state->call.route->flags & TUNE_ROUTE_UPLOAD) != 0;
    plan->max_body = body_limit(state);
    state->may_block = plan->on_worker;
}

void tune_service_handle(TuneHttpRequest *request, TuneHttpResponse *response, gpointer user_data)
{
    TuneCallState *state = request->context;

    state->call.response = response;
    advance(state, TRUE);
}

void tune_service_done(TuneHttpRequest *request, guint status, guint64 body_bytes,
                       gint64 duration_us, gpointer user_data)
{
    TuneApi *api = user_data;
    TuneCallState *state = request->context;
    const TuneRoute *route = state->call.route;
    TuneAccessEntry entry = {
        .time_us = g_get_real_time(),
        .address = state->call.client.address,
        .method = request->method_name,
        .target = request->target,
        .user = state->call.caller.service ? "service" : state->call.caller.user_id,
        .route = route != NULL ? route->path : NULL,
        .request_id = state->call.request_id,
        .status = status,
        .bytes = body_bytes,
        .duration_us = duration_us,
    };

    tune_metrics_count(api->metrics, route != NULL ? state->match.index : G_MAXUINT, status,
                       body_bytes, duration_us);
    tune_access_log_add(api->access, &entry);
    state_free(state);
}

void tune_service_refuse(TuneHttpRequest *request, TuneHttpResponse *response, const char *reason,
                         gpointer user_data)
{
    const TuneCallState *state = request != NULL ? request->context : NULL;
    TuneCall call = {.api = user_data};

    if (state == NULL)
        tune_service_name_request(user_data, &call);
    const char *id = state != NULL ? state->call.request_id : call.request_id;
    g_autoptr(json_t) body = json_pack("{s:s, s:s}", "detail", reason, "request_id", id);
    char *text = json_dumps(body, JSON_COMPACT);
    g_autoptr(GBytes) bytes = g_bytes_new_take(text, strlen(text));
    tune_http_response_set_field(response, "X-Request-ID", id);
    tune_http_response_set_body(response, "application/json", bytes);
}

/* ---- who is at the other end ---- */

TuneStageResult tune_stage_client(TuneCallState *state)
{
    tune_client_find(&state->call.client, state->call.api->proxies, state->call.request);
    return TUNE_STAGE_ON;
}

/* ---- reading one's own writes ---- */

/* What may have been written must be seen by whoever asks next, with replicas or not.  An admin's things may
 * be read as nobody's (tune_call_owner).  Requests that may not wait write nothing. */
void tune_stage_wrote_leave(TuneCallState *state)
{
    const TuneCall *call = &state->call;
    const TuneHttpMethod reading = TUNE_HTTP_GET | TUNE_HTTP_HEAD | TUNE_HTTP_OPTIONS;
    guint status = state->answered ? state->status : tune_http_response_status(call->response);

    if (!state->may_block || status >= 400 || (call->request->method & reading) != 0)
        return;
    tune_store_wrote(call->api->store, call->caller.user_id);
    if (call->caller.admin && *call->caller.user_id != '\0')
        tune_store_wrote(call->api->store, "");
}

/* ---- the last stage ---- */

void tune_call_handle(TuneCallState *state)
{
    state->call.route->handle(&state->call);
    if (!state->answered && tune_http_response_status(state->call.response) == 0)
        tune_call_error(&state->call, 500, "the route gave no answer");
}

/* ---- fields of every head ---- */

void tune_stage_head(TuneCallState *state)
{
    TuneHttpResponse *response = state->call.response;
    const TuneRoute *route = state->call.route;
    guint status = tune_http_response_status(response);

    tune_http_response_set_field(response, "X-Request-ID", state->call.request_id);
    tune_http_response_set_field(response, "X-Content-Type-Options", "nosniff");
    if (status >= 400)
        tune_http_response_set_field(response, "Cache-Control", "no-store");
    else if (route != NULL && route->cache_control != NULL &&
             tune_http_response_field(response, "Cache-Control") == NULL)
        tune_http_response_set_field(response, "Cache-Control", route->cache_control);
}
