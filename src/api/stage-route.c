/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Which route, and who may use it how often.
 */
#include "api/api-private.h"
#include "api/foreign.h"

#include <math.h>
#include <string.h>

/* ---- the route ---- */

static TuneStageResult no_route(TuneCallState *state, TuneHttpMethod method)
{
    TuneCall *call = &state->call;

    if (state->match.allowed == 0) {
        tune_call_error(call, 404, "there is nothing at this address");
        return TUNE_STAGE_ANSWERED;
    }
    g_autofree char *allow = tune_route_allow(state->match.allowed);
    tune_http_response_set_field(call->response, "Allow", allow);
    if (method == TUNE_HTTP_OPTIONS)
        tune_call_nothing(call);
    else
        tune_call_error(call, 405, "%s is not possible here, but %s",
                        call->request->method_name, allow);
    return TUNE_STAGE_ANSWERED;
}

TuneStageResult tune_stage_route(TuneCallState *state)
{
    TuneCall *call = &state->call;
    TuneHttpMethod method = call->request->method;
    const char *path = call->request->path;

    if (!tune_router_match(call->api->router, method, path, &state->match))
        return no_route(state, method);
    call->route = state->match.route;
    if (state->match.n_names == 0)
        return TUNE_STAGE_ON;
    state->path = g_strdup(path);
    for (guint i = 0; i < state->match.n_names; i++) {
        call->path[i] = state->path + state->match.names[i].offset;
        state->path[state->match.names[i].offset + state->match.names[i].length] = '\0';
    }
    return TUNE_STAGE_ON;
}

/* ---- who calls ---- */

/* The value of X-API-Key or of Authorization: Bearer; the scheme in any case. */
static const char *credential_of(const TuneHttpRequest *request)
{
    const char *key = tune_http_request_field(request, "X-API-Key");
    const char *authorization = tune_http_request_field(request, "Authorization");

    if (key != NULL)
        return key;
    if (authorization == NULL)
        return NULL;
    if (g_ascii_strncasecmp(authorization, "Bearer ", 7) != 0)
        return ""; /* another scheme: a credential that is not good */
    return authorization + 7 + strspn(authorization + 7, " ");
}

static TuneStageResult refuse(TuneCallState *state, const char *why)
{
    tune_http_response_set_field(state->call.response, "WWW-Authenticate",
                                 "Bearer realm=\"tunesmith\"");
    tune_call_error(&state->call, 401, "%s", why);
    return TUNE_STAGE_ANSWERED;
}

static TuneStageResult forbid(TuneCallState *state, const char *why)
{
    tune_call_error(&state->call, 403, "%s", why);
    return TUNE_STAGE_ANSWERED;
}

/* Where nobody is asked who they are, pages of other hosts must not speak through somebody's browser. */
static TuneStageResult keep_pages_out(TuneCallState *state)
{
    const TuneSettings *settings = state->settings;
    const TuneClient *client = &state->call.client;
    const TuneHttpMethod reading = TUNE_HTTP_GET | TUNE_HTTP_HEAD | TUNE_HTTP_OPTIONS;
    gboolean reads = (state->call.request->method & reading) != 0;

    if (!reads && tune_foreign_origin(&state->call, settings->public_url))
        return forbid(state, "pages of other hosts may not use this");
    if (settings->insecure || (reads && (state->call.route->flags & TUNE_ROUTE_OPEN) != 0) ||
        strcmp(client->address, "unix:") == 0 ||
        tune_host_is_local(client->host, settings->public_url))
        return TUNE_STAGE_ON;
    return forbid(state, "without keys this answers to names of its own machine only: say localhost, set a "
                         "key (MUSIC_GEN_API_KEY), or name the service's address as public-url");
}

/* Nobody said who they are. */
static TuneStageResult admit_nobody(TuneCallState *state)
{
    const TuneSettings *settings = state->settings;
    TuneRouteFlags flags = state->call.route->flags;

    if (!tune_auth_is_on(settings)) {
        /* Only this machine can call, so it is the owner; not so where --insecure opened the door. */
        state->call.caller = (TuneCaller){.tier = TUNE_TIER_ANONYMOUS, .admin = !settings->insecure};
        if ((flags & TUNE_ROUTE_USER) != 0)
            return refuse(state, "this needs a user: log in and send the access token or an API key");
        if ((flags & TUNE_ROUTE_ADMIN) != 0 && settings->insecure)
            return refuse(state, "this needs the service key");
        return keep_pages_out(state);
    }
    state->call.caller = (TuneCaller){.tier = TUNE_TIER_ANONYMOUS};
    if ((flags & TUNE_ROUTE_OPEN) != 0)
        return TUNE_STAGE_ON;
    return refuse(state, "this needs a key or a token: X-API-Key, or Authorization: Bearer");
}

static TuneStageResult admit(TuneCallState *state)
{
    const TuneCaller *caller = &state->call.caller;
    TuneRouteFlags flags = state->call.route->flags;

    state->authenticated = TRUE;
    if ((flags & TUNE_ROUTE_USER) != 0 && *caller->user_id == '\0') {
        tune_call_error(&state->call, 403, "this needs a user; the service key is nobody's");
        return TUNE_STAGE_ANSWERED;
    }
    if ((flags & TUNE_ROUTE_ADMIN) != 0 && !caller->admin) {
        tune_call_error(&state->call, 403, "this is for administrators");
        return TUNE_STAGE_ANSWERED;
    }
    return TUNE_STAGE_ON;
}

TuneStageResult tune_stage_auth(TuneCallState *state)
{
    TuneCall *call = &state->call;
    const char *credential = credential_of(call->request);
    g_autoptr(GError) error = NULL;

    switch (tune_auth_judge(call->api->auth, state->settings, credential, state->may_block,
                            &call->caller, &error)) {
    case TUNE_AUTH_NOBODY:
        return admit_nobody(state);
    case TUNE_AUTH_KNOWN:
        return admit(state);
    case TUNE_AUTH_LATER:
        return TUNE_STAGE_LATER;
    case TUNE_AUTH_FAILED:
        tune_call_fail(call, error);
        return TUNE_STAGE_ANSWERED;
    case TUNE_AUTH_REFUSED:
        break;
    }
    /* Who wants to log in may still send the token that ran out. */
    if ((call->route->flags & TUNE_ROUTE_OPEN) != 0)
        return admit_nobody(state);
    return refuse(state, "this key or token is not valid, or not any more");
}

/* What one caller is told, shared caches must not give to another. */
void tune_stage_auth_leave(TuneCallState *state)
{
    const TuneRoute *route = state->call.route;

    if (state->authenticated && route->cache_ttl_s == 0 &&
        tune_http_response_field(state->call.response, "Cache-Control") == NULL &&
        route->cache_control == NULL)
        tune_http_response_set_field(state->call.response, "Cache-Control", "private, no-cache");
}

/* ---- how often ---- */

/* One household or server has a /64 of IPv6 addresses, so that is what counts. */
static char *address_key(const char *peer)
{
    g_autoptr(GInetAddress) address =
        strchr(peer, ':') != NULL ? g_inet_address_new_from_string(peer) : NULL;

    if (address == NULL || g_inet_address_get_native_size(address) != 16)
        return g_strdup(peer);
    const guint8 *bytes = g_inet_address_to_bytes(address);
    return g_strdup_printf("%02x%02x:%02x%02x:%02x%02x:%02x%02x::", bytes[0], bytes[1], bytes[2],
                           bytes[3], bytes[4], bytes[5], bytes[6], bytes[7]);
}

static TuneRate rate_of(const TuneCallState *state)
{
    const TuneSettings *settings = state->settings;

    switch (state->call.caller.tier) {
    case TUNE_TIER_ANONYMOUS:
        return settings->rate_anonymous;
    case TUNE_TIER_FREE:
        return settings->rate_free;
    case TUNE_TIER_PRO:
        return settings->rate_pro;
    case TUNE_TIER_UNLIMITED:
        break;
    }
    return (TuneRate){0, 0};
}

static void put_number(TuneHttpResponse *response, const char *name, double value)
{
    char text[32];

    g_snprintf(text, sizeof text, "%.0f", value);
    tune_http_response_set_field(response, name, text);
}

TuneStageResult tune_call_take(TuneCall *call, const char *what, const TuneRate *rate)
{
    g_autofree char *address =
        *call->caller.user_id == '\0' ? address_key(call->client.address) : NULL;
    g_autofree char *key =
        g_strdup_printf("rate:%s:%s", what, address != NULL ? address : call->caller.user_id);
    double retry = 0, remaining = 0;
    gboolean may = tune_cache_take(call->api->cache, key, rate->rate, rate->burst, &retry,
                                   &remaining);

    put_number(call->response, "RateLimit-Limit", rate->burst);
    put_number(call->response, "RateLimit-Remaining", floor(MAX(remaining, 0)));
    put_number(call->response, "RateLimit-Reset",
               ceil((rate->burst - MAX(remaining, 0)) / rate->rate));
    if (may)
        return TUNE_STAGE_ON;
    tune_call_retry_after(call, retry);
    tune_call_error(call, 429, "too many requests; try again in %.0f s", MAX(ceil(retry), 1));
    return TUNE_STAGE_ANSWERED;
}

TuneStageResult tune_stage_limit(TuneCallState *state)
{
    TuneCall *call = &state->call;
    TuneRate rate = rate_of(state);

    if ((call->route->flags & TUNE_ROUTE_UNLIMITED) != 0 || rate.rate <= 0 ||
        !tune_auth_limits_are_on(state->settings))
        return TUNE_STAGE_ON;
    /* A bucket that several servers share lies in Redis, and asking it takes waiting. */
    if (state->settings->redis != NULL && !state->may_block)
        return TUNE_STAGE_LATER;
    return tune_call_take(call, tune_tier_name(call->caller.tier), &rate);
}
