/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Idempotency-Key: the same request again gets the answer of then.
 */
#include "api/api-private.h"
#include "base/hash.h"
#include "store/idempotency.h"

#include <string.h>

#define MAX_ANSWER (256 * 1024)

static gboolean is_sane(const char *key)
{
    gsize length = strlen(key);

    for (gsize i = 0; i < length; i++)
        if (!g_ascii_isgraph(key[i]))
            return FALSE;
    return length >= 1 && length <= 255;
}

static const char *owner_of(const TuneCall *call)
{
    return call->caller.service ? "service" : call->caller.user_id;
}

static char *hash_of_request(const TuneCallState *state)
{
    g_autofree char *body = state->given != NULL ? tune_json_canonical(state->given) : g_strdup("");
    const TuneHttpRequest *request = state->call.request;
    g_autofree char *whole = g_strconcat(request->method_name, " ", request->path, "\n", body, NULL);

    return tune_hash_bytes(whole, strlen(whole));
}

static void replay(TuneCallState *state, guint status, const char *answer)
{
    g_autoptr(GBytes) body = g_bytes_new(answer, strlen(answer));

    tune_http_response_set_field(state->call.response, "Idempotent-Replayed", "true");
    if (*answer == '\0')
        tune_call_nothing(&state->call);
    else
        tune_call_bytes(&state->call, status, "application/json", body);
}

TuneStageResult tune_stage_idempotency(TuneCallState *state)
{
    TuneCall *call = &state->call;
    const char *key = tune_call_idempotency_key(call);
    TuneIdempotency result;
    guint status = 0;
    g_autofree char *answer = NULL;
    g_autoptr(GError) error = NULL;

    if ((call->route->flags & TUNE_ROUTE_CREATES) == 0 || key == NULL)
        return TUNE_STAGE_ON;
    if (!is_sane(key)) {
        tune_call_invalid(call, "header.Idempotency-Key", "must be 1 to 255 visible ASCII characters",
                          "string_pattern_mismatch");
        return TUNE_STAGE_ANSWERED;
    }
    if ((call->route->flags & TUNE_ROUTE_OWN_KEY) != 0)
        return TUNE_STAGE_ON;
    g_autofree char *hash = hash_of_request(state);
    if (!tune_idempotency_claim(call->api->store, owner_of(call), key, hash, &result, &status,
                                &answer, &error)) {
        tune_call_fail(call, error);
        return TUNE_STAGE_ANSWERED;
    }
    if (result == TUNE_IDEMPOTENCY_CLAIMED) {
        state->idempotency_hash = g_steal_pointer(&hash);
        return TUNE_STAGE_ON;
    }
    if (result == TUNE_IDEMPOTENCY_KEPT) {
        replay(state, status, answer);
    } else if (result == TUNE_IDEMPOTENCY_OTHER) {
        tune_call_invalid(call, "header.Idempotency-Key", "was used with another request",
                          "idempotency_key");
    } else {
        tune_call_retry_after(call, 1);
        tune_call_error(call, 409, "a request with this Idempotency-Key is under way");
    }
    return TUNE_STAGE_ANSWERED;
}

void tune_stage_idempotency_leave(TuneCallState *state)
{
    TuneCall *call = &state->call;
    const char *key = tune_call_idempotency_key(call);
    g_autoptr(GError) error = NULL;
    gsize size = 0;

    if (state->idempotency_hash == NULL)
        return;
    const char *text = state->body != NULL ? g_bytes_get_data(state->body, &size) : "";
    g_autofree char *answer = g_strndup(text, size);
    gboolean good;
    /* A refusal that the next try may turn into success is not kept. */
    if (state->answered && state->status < 400 && size <= MAX_ANSWER)
        good = tune_idempotency_keep(call->api->store, owner_of(call), key, state->status, answer,
                                     &error);
    else
        good = tune_idempotency_release(call->api->store, owner_of(call), key, &error);
    if (!good)
        tune_log(call->api->log, TUNE_LOG_WARNING, "%s: an Idempotency-Key could not be kept: %s",
                 call->request_id, error->message);
}
