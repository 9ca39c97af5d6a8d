/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The shape that clients of OpenAI's audio routes send, so that they can be pointed here: a model, words,
 * a format; sound comes back, from the first bar on while the rest is made.
 */
#include "api/order.h"
#include "api/sound.h"
#include "neural/library.h"

#include <string.h>

static const char *const FORMATS[] = {"mp3", "opus", "ogg", "flac", "wav", "url", NULL};

static const TuneField MUSIC_FIELDS[] = {
    {"model", TUNE_FIELD_STRING, .low = 1, .high = 100, .says = "As GET /v1/models lists them"},
    {"prompt", TUNE_FIELD_STRING, .low = 1, .high = 2000},
    {"input", TUNE_FIELD_STRING, .low = 1, .high = 2000, .says = "The same as prompt"},
    {"lyrics", TUNE_FIELD_STRING, .low = 1, .high = 20000},
    {"duration", TUNE_FIELD_NUMBER, .low = 1, .high = 600, .says = "Seconds"},
    {"seconds", TUNE_FIELD_NUMBER, .low = 1, .high = 600, .says = "The same as duration"},
    {"seed", TUNE_FIELD_INTEGER, .low = 0, .high = 9007199254740991.0},
    {"temperature", TUNE_FIELD_NUMBER, .low = 0.1, .high = 2},
    {"response_format", TUNE_FIELD_STRING, .choices = FORMATS, .otherwise = "\"mp3\"",
     .says = "url: an object with the address of the sound instead of the sound"},
};
static const TuneShape MUSIC = {"MusicRequest", MUSIC_FIELDS, G_N_ELEMENTS(MUSIC_FIELDS),
                                .says = "Words in, sound out"};

/* Other people's names for our own engine: a client that must send some model is served. */
static const char *model_of(const char *model)
{
    return model == NULL || g_str_has_prefix(model, "tunesmith") ? NULL : model;
}

/* The body as our own route has it. */
static json_t *translated(const json_t *body)
{
    static const char *const same[] = {"lyrics", "seed", "temperature"};
    const json_t *prompt = json_object_get(body, "prompt");
    const json_t *seconds = json_object_get(body, "duration");
    const char *model = model_of(json_string_value(json_object_get(body, "model")));
    const char *format = json_string_value(json_object_get(body, "response_format"));
    json_t *ours = json_object();

    if (prompt == NULL)
        prompt = json_object_get(body, "input");
    if (seconds == NULL)
        seconds = json_object_get(body, "seconds");
    if (prompt != NULL)
        json_object_set(ours, "prompt", (json_t *)prompt);
    if (seconds != NULL)
        json_object_set(ours, "duration", (json_t *)seconds);
    if (model != NULL)
        json_object_set_new(ours, "model", json_string(model));
    json_object_set_new(ours, "format",
                        json_string(g_strcmp0(format, "url") == 0 ? "mp3" : format));
    for (guint i = 0; i < G_N_ELEMENTS(same); i++)
        if (json_object_get(body, same[i]) != NULL)
            json_object_set(ours, same[i], json_object_get(body, same[i]));
    return ours;
}

static void answer_address(TuneCall *call, const char *id)
{
    g_autofree char *url = g_strdup_printf("%s://%s/api/v1/stream/%s",
                                           call->client.scheme, call->client.host, id);
    g_autoptr(json_t) answer =
        json_pack("{s:I, s:[{s:s, s:s}]}", "created", (json_int_t)(g_get_real_time() / G_USEC_PER_SEC),
                  "data", "url", url, "task_id", id);

    tune_call_json(call, 200, answer);
}

static void music(TuneCall *call)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(json_t) body = translated(call->body);
    const char *format = json_string_value(json_object_get(call->body, "response_format"));
    TuneAccepted accepted;

    if (json_object_get(body, "prompt") == NULL) {
        tune_call_invalid(call, "body.prompt", "a prompt (or input) is wanted", "missing");
        return;
    }
    g_autoptr(TuneOrdered) ordered = tune_order_new(call->api, body, &call->caller, &error);
    if (ordered != NULL)
        ordered->order.idempotency_key = tune_call_idempotency_key(call);
    if (ordered == NULL || !tune_order_submit(call->api, ordered, &accepted, &error)) {
        tune_call_fail(call, error);
        return;
    }
    tune_http_response_set_field(call->response, "X-Task-ID", accepted.id);
    if (strcmp(format, "url") == 0)
        answer_address(call, accepted.id);
    else
        tune_call_sound(call, accepted.id, tune_call_owner(call), ordered->order.format);
}

static void put_model(json_t *list, const char *id, const char *owner)
{
    json_array_append_new(list, json_pack("{s:s, s:s, s:i, s:s}", "id", id, "object", "model", "created",
                                          0, "owned_by", owner));
}

static void models(TuneCall *call)
{
    g_autoptr(json_t) list = json_array();

    g_autoptr(GPtrArray) installed = tune_models_names();

    for (const char *const *name = tune_engine_names(); *name != NULL; name++)
        put_model(list, *name, "tunesmith");
    for (guint i = 0; i < installed->len; i++)
        put_model(list, installed->pdata[i], "meta");
    g_autoptr(json_t) answer = json_pack("{s:s, s:O}", "object", "list", "data", list);
    tune_call_json(call, 200, answer);
}

static const TuneField MODEL_FIELDS[] = {
    {"id", TUNE_FIELD_STRING, .required = TRUE},
    {"object", TUNE_FIELD_STRING, .required = TRUE},
    {"created", TUNE_FIELD_INTEGER, .required = TRUE},
    {"owned_by", TUNE_FIELD_STRING, .required = TRUE},
};
static const TuneShape MODEL = {"OpenAIModel", MODEL_FIELDS, G_N_ELEMENTS(MODEL_FIELDS),
                                .answers = TRUE};
static const TuneField MODELS_FIELDS[] = {
    {"object", TUNE_FIELD_STRING, .required = TRUE},
    {"data", TUNE_FIELD_ARRAY, .required = TRUE, .shape = &MODEL},
};
static const TuneShape MODELS = {"OpenAIModelList", MODELS_FIELDS, G_N_ELEMENTS(MODELS_FIELDS),
                                 .answers = TRUE};

static const TuneRoute routes[] = {
    {TUNE_HTTP_POST, "/v1/audio/music", TUNE_ROUTE_CREATES | TUNE_ROUTE_OWN_KEY, music, "openai",
     "Sound from words, as OpenAI-style clients ask for it", .body = &MUSIC, .produces = "audio/*",
     .errors = tune_sound_errors},
    {TUNE_HTTP_GET, "/v1/models", TUNE_ROUTE_INLINE, models, "openai",
     "Engines, as OpenAI-style clients list them", .answer = &MODELS},
};
const TuneRouteTable tune_routes_openai = {routes, G_N_ELEMENTS(routes)};
