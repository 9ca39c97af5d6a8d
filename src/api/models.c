/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * /api/v1/models: the engines, and the neural models that are installed.  A model goes by its name in the
 * folder of models; in the pool it is the engine "musicgen:NAME".
 */
#include "api/api-private.h"
#include "neural/checkpoint.h"
#include "neural/library.h"

#include <string.h>

#define NEURAL "musicgen"

static const TuneField model_fields[] = {
    {"id", TUNE_FIELD_STRING, .required = TRUE},
    {"engine", TUNE_FIELD_STRING, .required = TRUE},
    {"description", TUNE_FIELD_STRING, .required = TRUE},
    {"makes_sound", TUNE_FIELD_BOOLEAN, .required = TRUE},
    {"ai_model", TUNE_FIELD_BOOLEAN, .required = TRUE, .says = "Does a trained model make the sound?"},
    {"licence", TUNE_FIELD_STRING, .says = "Of a model's weights"},
    {"channels", TUNE_FIELD_INTEGER, .says = "1 or 2"},
    {"melody", TUNE_FIELD_BOOLEAN, .says = "Can it follow the tune of a recording?"},
    {"bytes", TUNE_FIELD_INTEGER, .says = "On disk"},
    {"loaded", TUNE_FIELD_BOOLEAN, .required = TRUE, .says = "In memory now"},
    {"in_use", TUNE_FIELD_BOOLEAN, .required = TRUE},
    {"uses", TUNE_FIELD_INTEGER, .required = TRUE, .says = "Since start"},
};
static const TuneShape model_shape = {"Model", model_fields, G_N_ELEMENTS(model_fields),
                                      .answers = TRUE};
static const TuneField models_fields[] = {
    {"items", TUNE_FIELD_ARRAY, .required = TRUE, .shape = &model_shape}};
static const TuneShape models_shape = {"Models", models_fields, G_N_ELEMENTS(models_fields),
                                       .answers = TRUE};

static const struct {
    const char *name, *description;
    gboolean sound, ai;
} engines[] = {
    {"compose", "Composes a score and plays it with sampled instruments; no trained model", TRUE, FALSE},
    {NEURAL, "Meta's MusicGen, run by this program: with the model that is configured, or one named", TRUE,
     TRUE},
    {"simulate", "The prompt and its metadata, without sound", FALSE, FALSE},
};

/* What the pool knows of an engine, added up over its configurations. */
static json_t *engine_json(const json_t *pool, const char *id, const char *spec, guint kind)
{
    gboolean loaded = FALSE, in_use = FALSE;
    json_int_t uses = 0;
    gsize index;
    json_t *one;

    json_array_foreach((json_t *)pool, index, one) {
        if (g_strcmp0(json_string_value(json_object_get(one, "engine")), spec) != 0)
            continue;
        loaded = loaded || json_is_true(json_object_get(one, "loaded"));
        in_use = in_use || json_integer_value(json_object_get(one, "in_use")) > 0;
        uses += json_integer_value(json_object_get(one, "uses"));
    }
    return json_pack("{s:s, s:s, s:s, s:b, s:b, s:b, s:b, s:I}", "id", id, "engine", engines[kind].name,
                     "description", engines[kind].description, "makes_sound", engines[kind].sound,
                     "ai_model", engines[kind].ai, "loaded", loaded, "in_use", in_use, "uses", uses);
}

/* A model that is installed; one that cannot be opened says why in its description. */
static json_t *model_json(const json_t *pool, const char *name)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *spec = g_strconcat(NEURAL ":", name, NULL);
    g_autofree char *path = tune_models_find(name, &error);
    g_autoptr(TuneCheckpoint) checkpoint =
        path != NULL ? tune_checkpoint_open(path, &error) : NULL;
    json_t *json = engine_json(pool, name, spec, 1);

    if (checkpoint == NULL) {
        json_object_set_new(json, "description", json_string("It cannot be read; `tunesmith models "
                                                             "inspect` says why"));
        json_object_set_new(json, "makes_sound", json_false());
        return json;
    }
    const TuneMusicgenConfig *config = tune_checkpoint_config(checkpoint);
    g_autofree char *description = g_strdup_printf(
        "MusicGen, %u layers of %u, %s%s", config->decoder.n_layers, config->decoder.d_model,
        config->decoder.n_channels == 2 ? "stereo" : "mono", config->melody ? ", follows melodies" : "");
    json_object_set_new(json, "description", json_string(description));
    json_object_set_new(json, "licence", json_string(tune_checkpoint_licence(checkpoint)));
    json_object_set_new(json, "channels", json_integer(config->decoder.n_channels));
    json_object_set_new(json, "melody", json_boolean(config->melody));
    json_object_set_new(json, "bytes", json_integer((json_int_t)tune_checkpoint_bytes(checkpoint)));
    return json;
}

static gint kind_of(const char *id)
{
    for (guint i = 0; i < G_N_ELEMENTS(engines); i++)
        if (strcmp(engines[i].name, id) == 0)
            return (gint)i;
    return -1;
}

static void list_models(TuneCall *call)
{
    g_autoptr(json_t) pool = tune_engine_pool_stats(call->api->pool);
    g_autoptr(json_t) body = json_pack("{s:[]}", "items");
    json_t *items = json_object_get(body, "items");
    g_autoptr(GPtrArray) names = tune_models_names();

    for (guint i = 0; i < G_N_ELEMENTS(engines); i++)
        json_array_append_new(items, engine_json(pool, engines[i].name, engines[i].name, i));
    for (guint i = 0; i < names->len; i++)
        json_array_append_new(items, model_json(pool, names->pdata[i]));
    tune_call_json(call, 200, body);
}

/* The pool's name for the model of the path; NULL: it was answered with 404. (transfer full) */
static char *spec_of(TuneCall *call)
{
    const char *id = call->path[0];

    if (kind_of(id) >= 0)
        return g_strdup(id);
    g_autofree char *path = tune_models_name_is_good(id) ? tune_models_find(id, NULL) : NULL;
    if (path != NULL)
        return g_strconcat(NEURAL ":", id, NULL);
    tune_call_error(call, 404, "there is no such model");
    return NULL;
}

static void answer(TuneCall *call)
{
    g_autoptr(json_t) pool = tune_engine_pool_stats(call->api->pool);
    gint kind = kind_of(call->path[0]);
    g_autoptr(json_t) model = kind >= 0
                                  ? engine_json(pool, call->path[0], call->path[0], (guint)kind)
                                  : model_json(pool, call->path[0]);
    tune_call_json(call, 200, model);
}

static void show_model(TuneCall *call)
{
    g_autofree char *spec = spec_of(call);

    if (spec != NULL)
        answer(call);
}

static void load_model(TuneCall *call)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *spec = spec_of(call);

    if (spec == NULL)
        return;
    g_autoptr(TuneEngineLease) lease = tune_engine_pool_take(call->api->pool, spec, &error);
    if (lease == NULL || !tune_engine_load(tune_engine_lease_engine(lease), &error)) {
        tune_call_fail(call, error);
        return;
    }
    g_clear_pointer(&lease, tune_engine_lease_release);
    answer(call);
}

static void unload_model(TuneCall *call)
{
    g_autofree char *spec = spec_of(call);

    if (spec == NULL)
        return;
    tune_engine_pool_release_memory(call->api->pool, spec);
    answer(call);
}

static const TuneRouteError no_model[] = {{404, "There is no such model"}, {0, NULL}};
static const TuneRouteError no_load[] = {{404, "There is no such model"},
                                         {503, "There is not enough memory for it"},
                                         {0, NULL}};

static const TuneRoute routes[] = {
    {TUNE_HTTP_GET, "/api/v1/models", 0, list_models, "models", "The engines and models there are",
     .answer = &models_shape},
    {TUNE_HTTP_GET, "/api/v1/models/{id}", TUNE_ROUTE_FIELDS, show_model, "models", "One of them",
     .answer = &model_shape, .errors = no_model},
    {TUNE_HTTP_POST, "/api/v1/models/{id}/load", TUNE_ROUTE_ADMIN, load_model, "models",
     "Load it now, not at its first use", .answer = &model_shape, .errors = no_load},
    {TUNE_HTTP_POST, "/api/v1/models/{id}/unload", TUNE_ROUTE_ADMIN, unload_model, "models",
     "Give its memory back", .answer = &model_shape, .errors = no_model},
};
const TuneRouteTable tune_routes_models = {routes, G_N_ELEMENTS(routes)};
