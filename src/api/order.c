/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "api/order.h"
#include "api/preset-routes.h"
#include "api/presets.h"
#include "api/settings.h"
#include "api/uploads.h"
#include "compose/theme.h"
#include "engine/title.h"
#include "jobs/webhook.h"
#include "neural/library.h"

#include <string.h>
#include <sys/random.h>

#define LARGEST_SEED 9007199254740991.0 /* 2^53 - 1 */
#define DEFAULT_RATE 44100

/* ---- the body ---- */

static const char *const FORMATS[] = {"wav",  "wav24", "wav32f", "flac", "flac24",
                                      "mp3", "ogg",   "opus",   NULL};
static const char *const ENDINGS[] = {"auto", "rit",     "cold", "fade", "ring",
                                      "tag",  "fermata", "amen", "loop", NULL};

static const TuneField SECTION_FIELDS[] = {
    {"role", TUNE_FIELD_STRING, .required = TRUE, .low = 1, .high = 40,
     .says = "intro, verse, pre-chorus, chorus, bridge, solo, drop, break, outro, ..."},
    {"bars", TUNE_FIELD_INTEGER, .low = 1, .high = 256, .says = "Left open when not given"},
};
static const TuneShape SECTION = {"Section", SECTION_FIELDS, G_N_ELEMENTS(SECTION_FIELDS)};

static const TuneField GENERATE_FIELDS[] = {
    {"prompt", TUNE_FIELD_STRING, .required = TRUE, .low = 1, .high = 2000,
     .says = "What it shall be, in a sentence; or lyrics",
     .example = "\"slow jazz ballad in F minor, 70 bpm, brushes and upright bass\""},
    {"duration", TUNE_FIELD_NUMBER, .low = 0.1, .high = 600,
     .says = "Seconds; from 5 on when it is composed, 1 for a loop or jingle"},
    {"engine", TUNE_FIELD_STRING, .low = 1, .high = 40, .says = "GET /api/v1/models lists them"},
    {"model", TUNE_FIELD_STRING, .low = 1, .high = 100,
     .says = "A model of the engine musicgen, or an engine, as others call it"},
    {"preset", TUNE_FIELD_STRING, .pattern = "[A-Za-z0-9_-]{1,64}"},
    {"genre", TUNE_FIELD_STRING, .low = 1, .high = 80},
    {"bpm", TUNE_FIELD_NUMBER, .low = 20, .high = 400, .says = "Felt beats a minute"},
    {"key", TUNE_FIELD_STRING, .low = 1, .high = 40, .example = "\"F minor\""},
    {"metre", TUNE_FIELD_STRING, .low = 3, .high = 10, .example = "\"3/4\""},
    {"chords", TUNE_FIELD_STRING, .low = 1, .high = 2000, .example = "\"Am F C G\""},
    {"mood", TUNE_FIELD_STRING, .low = 1, .high = 200},
    {"instruments", TUNE_FIELD_ARRAY, .items = TUNE_FIELD_STRING, .item_high = 200, .low = 1,
     .high = 16},
    {"exclude", TUNE_FIELD_ARRAY, .items = TUNE_FIELD_STRING, .item_high = 200, .low = 1,
     .high = 16},
    {"lyrics", TUNE_FIELD_STRING, .low = 1, .high = 20000},
    {"structure", TUNE_FIELD_ARRAY, .shape = &SECTION, .or_shape = &tune_shape_structure, .low = 1,
     .high = 64, .says = "The sections in their order, or how many of each"},
    {"ending", TUNE_FIELD_STRING, .choices = ENDINGS},
    {"loop", TUNE_FIELD_BOOLEAN, .says = "Ends where it begins, in whole bars"},
    {"commercial", TUNE_FIELD_BOOLEAN,
     .says = "It will be sold: models whose licence forbids that are refused"},
    {"title", TUNE_FIELD_STRING, .low = 1, .high = 200},
    {"seed", TUNE_FIELD_INTEGER, .low = 0, .high = LARGEST_SEED,
     .says = "The same request with the same seed is the same music; drawn when not given"},
    {"temperature", TUNE_FIELD_NUMBER, .low = 0.1, .high = 2,
     .says = "How far from the usual; above 1 counts as 1 for composed music"},
    {"top_k", TUNE_FIELD_INTEGER, .low = 0, .high = 4096,
     .says = "Of musicgen: chosen among so many likeliest codes; 0 is all"},
    {"top_p", TUNE_FIELD_NUMBER, .low = 0, .high = 1,
     .says = "Of musicgen: chosen among the likeliest codes of this share"},
    {"guidance_scale", TUNE_FIELD_NUMBER, .low = 0, .high = 20,
     .says = "Of musicgen: how closely the words are followed; 1 is off"},
    {"greedy", TUNE_FIELD_BOOLEAN, .says = "Of musicgen: always the likeliest code"},
    {"format", TUNE_FIELD_STRING, .choices = FORMATS, .otherwise = "\"mp3\"",
     .says = "Made at once; every other can be asked for later"},
    {"sample_rate", TUNE_FIELD_INTEGER, .low = 22050, .high = 96000, .otherwise = "44100"},
    {"loudness", TUNE_FIELD_NUMBER, .low = -30, .high = -8, .says = "LUFS; -14"},
    {"stems", TUNE_FIELD_BOOLEAN, .otherwise = "false"},
    {"melody", TUNE_FIELD_STRING, .format = "uuid", .says = "An upload whose tune is arranged: notes, or sound for musicgen's melody models"},
    {"continue", TUNE_FIELD_STRING, .format = "uuid",
     .says = "Of musicgen: an upload of sound that is gone on from"},
    {"priority", TUNE_FIELD_INTEGER, .low = -10, .high = 10, .otherwise = "0",
     .says = "Above 0 counts for paying tiers only"},
    {"webhook", TUNE_FIELD_STRING, .low = 8, .high = 2000, .format = "uri",
     .says = "Called when it is done; signed"},
};
const TuneShape tune_shape_generate = {"GenerateRequest", GENERATE_FIELDS,
                                       G_N_ELEMENTS(GENERATE_FIELDS), .says = "A piece to be made"};

static const TuneField ESTIMATE_FIELDS[] = {
    {"memory_bytes", TUNE_FIELD_INTEGER, .required = TRUE},
    {"seconds", TUNE_FIELD_NUMBER, .required = TRUE, .says = "Of work, on this machine"},
};
static const TuneShape ESTIMATE = {"Estimate", ESTIMATE_FIELDS, G_N_ELEMENTS(ESTIMATE_FIELDS)};

static const TuneField ACCEPTED_FIELDS[] = {
    {"task_id", TUNE_FIELD_STRING, .required = TRUE, .format = "uuid"},
    {"status", TUNE_FIELD_STRING, .required = TRUE},
    {"queue_position", TUNE_FIELD_INTEGER, .required = TRUE, .says = "1 is next, 0 is not waiting"},
    {"eta_seconds", TUNE_FIELD_NUMBER, .required = TRUE},
    {"estimate", TUNE_FIELD_OBJECT, .required = TRUE, .shape = &ESTIMATE},
    {"seed", TUNE_FIELD_INTEGER, .required = TRUE},
    {"status_url", TUNE_FIELD_STRING, .required = TRUE},
    {"stream_url", TUNE_FIELD_STRING, .required = TRUE, .says = "Plays at once"},
    {"events_url", TUNE_FIELD_STRING, .required = TRUE},
    {"download_url", TUNE_FIELD_STRING, .required = TRUE},
};
const TuneShape tune_shape_accepted = {"Accepted", ACCEPTED_FIELDS, G_N_ELEMENTS(ACCEPTED_FIELDS)};

/* ---- from the body to the brief ---- */

/* Members of the body that are fields of the brief, in the order in which they are read. */
static const struct {
    const char *member, *field;
} FIELDS[] = {
    {"genre", "genre"},       {"bpm", "bpm"},
    {"key", "key"},           {"metre", "metre"},
    {"chords", "chords"},     {"duration", "duration"},
    {"structure", "structure"}, {"instruments", "instruments"},
    {"exclude", "exclude"},   {"mood", "mood"},
    {"lyrics", "lyrics"},     {"ending", "ending"},
    {"loop", "loop"},         {"title", "title"},
    {"temperature", "temperature"}, {"loudness", "loudness"},
    {"commercial", "commercial"},
};

static char *number_text(double value)
{
    char text[G_ASCII_DTOSTR_BUF_SIZE];

    return g_strdup(g_ascii_formatd(text, sizeof text, "%.9g", value));
}

static char *list_text(const json_t *list)
{
    g_autoptr(GString) text = g_string_new(NULL);
    gsize i;
    json_t *item;

    json_array_foreach(list, i, item) {
        const char *name = json_is_object(item) ? json_string_value(json_object_get(item, "role"))
                                                : json_string_value(item);
        const json_t *bars = json_is_object(item) ? json_object_get(item, "bars") : NULL;
        g_string_append_printf(text, "%s%s", i > 0 ? ", " : "", name);
        if (json_is_integer(bars))
            g_string_append_printf(text, ":%" JSON_INTEGER_FORMAT, json_integer_value(bars));
    }
    return g_string_free(g_steal_pointer(&text), FALSE);
}

static char *structure_text(const json_t *object)
{
    TuneSongStructure structure;

    tune_structure_of_json(object, &structure);
    g_autoptr(GArray) order = tune_song_structure_order(&structure);
    g_autoptr(GString) text = g_string_new(NULL);

    for (guint i = 0; i < order->len; i++)
        g_string_append_printf(text, "%s%s", i > 0 ? ", " : "",
                               tune_section_role_name(g_array_index(order, TuneSectionRole, i)));
    return g_string_free(g_steal_pointer(&text), FALSE);
}

static char *member_text(const json_t *value)
{
    if (json_is_array(value))
        return list_text(value);
    if (json_is_object(value))
        return structure_text(value);
    if (json_is_boolean(value))
        return g_strdup(json_is_true(value) ? "yes" : "no");
    if (json_is_number(value))
        return number_text(json_number_value(value));
    return g_strdup(json_string_value(value));
}

static gboolean set_fields(TuneBrief *brief, const TuneVocabulary *vocabulary, const json_t *body,
                           GError **error)
{
    for (guint i = 0; i < G_N_ELEMENTS(FIELDS); i++) {
        const json_t *value = json_object_get(body, FIELDS[i].member);
        if (value == NULL)
            continue;
        /* On this route temperatures go to 2; composing knows 1 as the furthest. */
        gboolean warm = strcmp(FIELDS[i].field, "temperature") == 0 && json_number_value(value) > 1;
        g_autofree char *text = warm ? g_strdup("1") : member_text(value);
        if (!tune_brief_set_field(brief, vocabulary, FIELDS[i].field, text, error))
            return FALSE;
    }
    return TRUE;
}

static gboolean apply_preset(TuneApi *api, TuneBrief *brief, const TuneVocabulary *vocabulary, const json_t *body,
                             GError **error)
{
    const char *name = json_string_value(json_object_get(body, "preset"));

    if (name == NULL)
        return TRUE;
    g_autoptr(TunePresetRef) preset = tune_preset_catalogue_get(api->presets, name, error);
    return preset != NULL && tune_brief_apply_preset(brief, vocabulary, preset->preset, error);
}

/* What neural engines take beside the brief; *out NULL when nothing was said. (transfer full) */
static gboolean read_take(TuneApi *api, const json_t *body, const TuneCaller *caller, json_t **out,
                          GError **error)
{
    static const char *const numbers[][2] = {{"guidance_scale", "guidance"},
                                             {"temperature", "temperature"},
                                             {"top_k", "top_k"},
                                             {"top_p", "top_p"},
                                             {"greedy", "greedy"}};
    static const char *const sounds[] = {"melody", "continue"};
    g_autoptr(json_t) take = json_object();

    for (guint i = 0; i < G_N_ELEMENTS(numbers); i++) {
        json_t *value = json_object_get(body, numbers[i][0]);
        if (value != NULL)
            json_object_set(take, numbers[i][1], value);
    }
    for (guint i = 0; i < G_N_ELEMENTS(sounds); i++) {
        const char *id = json_string_value(json_object_get(body, sounds[i]));
        g_autofree char *sha256 = id != NULL ? tune_upload_sound(api, id, caller, error) : NULL;
        if (id != NULL && sha256 == NULL) {
            g_prefix_error(error, "%s: ", sounds[i]);
            return FALSE;
        }
        if (id != NULL)
            json_object_set_new(take, sounds[i], json_string(sha256));
    }
    *out = json_object_size(take) > 0 ? g_steal_pointer(&take) : NULL;
    return TRUE;
}

static gboolean apply_melody(TuneApi *api, TuneBrief *brief, const json_t *body,
                             const TuneCaller *caller, GError **error)
{
    const char *id = json_string_value(json_object_get(body, "melody"));

    if (id == NULL)
        return TRUE;
    g_autoptr(TuneScore) score = tune_upload_score(api, id, caller, error);
    g_autoptr(TuneTheme) theme = score != NULL ? tune_theme_from_score(score, error) : NULL;
    if (theme == NULL) {
        g_prefix_error(error, "melody: ");
        return FALSE;
    }
    tune_brief_set_theme(brief, theme);
    return TRUE;
}

/* @model: a model takes the melody as sound. */
static TuneBrief *read_brief(TuneApi *api, const json_t *body, const TuneCaller *caller, gboolean model,
                             GError **error)
{
    g_autoptr(TuneBrief) brief = tune_brief_new();
    const char *prompt = json_string_value(json_object_get(body, "prompt"));
    TuneVocabulary *vocabulary = tune_engine_pool_vocabulary(api->pool, error);

    brief->by_model = model;
    if (vocabulary == NULL || !set_fields(brief, vocabulary, body, error) ||
        !tune_brief_read_sentence(brief, vocabulary, prompt, error) ||
        !apply_preset(api, brief, vocabulary, body, error) ||
        (!model && !apply_melody(api, brief, body, caller, error)) ||
        !tune_title_complete(brief, vocabulary, error))
        return NULL;
    return g_steal_pointer(&brief);
}

static gboolean draw_seed(const json_t *body, guint64 *out, GError **error)
{
    const json_t *given = json_object_get(body, "seed");
    guint32 drawn;

    if (given != NULL) {
        *out = (guint64)json_integer_value(given);
        return TRUE;
    }
    /* Short enough to be typed again: 32 of the 53 bits. */
    if (getrandom(&drawn, sizeof drawn, 0) != sizeof drawn) {
        g_set_error_literal(error, TUNE_API_ERROR, 503, "no random numbers to be had");
        return FALSE;
    }
    *out = drawn;
    return TRUE;
}

/* An engine's name, or "musicgen:NAME" of a model, by either member of the body. (transfer full) */
static char *pick_engine(const TuneApi *api, const json_t *body)
{
    const char *engine = json_string_value(json_object_get(body, "engine"));
    const char *model = json_string_value(json_object_get(body, "model"));

    if (model == NULL)
        return g_strdup(engine != NULL ? engine : tune_api_settings(api)->engine);
    if (g_strv_contains(tune_engine_names(), model))
        return g_strdup(engine != NULL ? engine : model);
    return g_strconcat(engine != NULL ? engine : "musicgen", ":", model, NULL);
}

/* Models go by the names of the folder of models: a request names no paths. */
static gboolean check_model(const char *name, GError **error)
{
    g_autofree char *path =
        tune_models_name_is_good(name) ? tune_models_find(name, NULL) : NULL;

    if (path != NULL)
        return TRUE;
    g_set_error(error, TUNE_API_ERROR, 422,
                "model: there is no \"%s\"; GET /api/v1/models lists what there is", name);
    return FALSE;
}

static gboolean check_engine(const char *name, GError **error)
{
    g_autofree char *all = g_strjoinv(", ", (char **)tune_engine_names());
    const char *colon = strchr(name, ':');

    if (!tune_engine_spec_is_known(name)) {
        g_set_error(error, TUNE_API_ERROR, 422, "engine: there is no \"%s\"; there are %s", name,
                    all);
        return FALSE;
    }
    if (colon != NULL)
        return check_model(colon + 1, error);
    if (strcmp(name, "simulate") == 0) {
        g_set_error_literal(error, TUNE_API_ERROR, 422,
                            "engine: simulate makes no sound; say \"engine\": \"compose\"");
        return FALSE;
    }
    return TRUE;
}

static gboolean check_webhook(const TuneApi *api, const char *url, GError **error)
{
    if (url == NULL || tune_webhook_check_url(url, tune_api_settings(api)->webhook_private, error))
        return TRUE;
    g_prefix_error(error, "webhook: ");
    return FALSE;
}

/* Ahead of others is for those who pay; behind them is for everybody. */
static gint priority_of(const TuneCaller *caller, const json_t *body)
{
    gint asked = (gint)json_integer_value(json_object_get(body, "priority"));
    gint most = caller->admin || caller->tier == TUNE_TIER_UNLIMITED ? 10
                : caller->tier == TUNE_TIER_PRO                      ? 5
                                                                     : 0;

    return MIN(asked, most);
}

TuneOrdered *tune_order_new(TuneApi *api, json_t *body, const TuneCaller *caller, GError **error)
{
    g_autoptr(TuneOrdered) self = g_new0(TuneOrdered, 1);
    TuneOrder *order = &self->order;
    const char *format = json_string_value(json_object_get(body, "format"));
    const json_t *rate = json_object_get(body, "sample_rate");

    self->body = json_incref(body);
    order->engine = self->engine = pick_engine(api, body);
    order->webhook = json_string_value(json_object_get(body, "webhook"));
    if (!check_engine(order->engine, error) || !check_webhook(api, order->webhook, error) ||
        !draw_seed(body, &order->seed, error))
        return NULL;
    gboolean model = tune_engine_spec_has_model(order->engine);
    if (model && !read_take(api, body, caller, &self->take, error))
        return NULL;
    order->take = self->take;
    self->brief = read_brief(api, body, caller, model, error);
    if (self->brief == NULL)
        return NULL;
    if (format == NULL || !tune_audio_format_parse(format, &order->format))
        order->format = TUNE_AUDIO_MP3;
    order->owner = caller->user_id;
    order->kind = "generate";
    order->brief = self->brief;
    order->rate = rate != NULL ? (guint)json_integer_value(rate) : DEFAULT_RATE;
    order->stems = json_is_true(json_object_get(body, "stems"));
    order->prompt = json_string_value(json_object_get(body, "prompt"));
    order->request = self->body;
    order->priority = priority_of(caller, body);
    return g_steal_pointer(&self);
}

void tune_ordered_free(TuneOrdered *self)
{
    if (self == NULL)
        return;
    tune_brief_free(self->brief);
    json_decref(self->body);
    json_decref(self->take);
    g_free(self->engine);
    g_free(self);
}

/* The seed of a request that was accepted before is that of then. */
static gboolean recall_seed(TuneApi *api, TuneOrdered *self, const char *id, GError **error)
{
    g_autoptr(json_t) then = tune_jobs_status(api->jobs, id, NULL, error);

    if (then == NULL)
        return FALSE;
    self->order.seed = (guint64)json_integer_value(json_object_get(then, "seed"));
    return TRUE;
}

gboolean tune_order_submit(TuneApi *api, TuneOrdered *self, TuneAccepted *out, GError **error)
{
    if (!tune_jobs_submit(api->jobs, &self->order, out, error) ||
        (out->replayed && !recall_seed(api, self, out->id, error)))
        return FALSE;
    if (*self->order.owner != '\0') {
        g_autofree char *tag = g_strconcat("user:", self->order.owner, NULL);
        tune_cache_drop_tag(api->cache, tag);
    }
    return TRUE;
}

json_t *tune_accepted_json(const TuneAccepted *accepted, guint64 seed)
{
    const char *id = accepted->id;
    g_autofree char *status = g_strdup_printf("/api/v1/generate/%s", id);
    g_autofree char *stream = g_strdup_printf("/api/v1/stream/%s", id);
    g_autofree char *events = g_strdup_printf("/api/v1/generate/%s/events", id);
    g_autofree char *download = g_strdup_printf("/api/v1/generate/%s/download", id);

    return json_pack("{s:s, s:s, s:I, s:o, s:{s:I, s:o}, s:I, s:s, s:s, s:s, s:s}", "task_id", id,
                     "status", accepted->status, "queue_position",
                     (json_int_t)accepted->queue_position, "eta_seconds",
                     tune_json_real(accepted->eta_seconds, 3), "estimate", "memory_bytes",
                     (json_int_t)accepted->estimate.memory_bytes, "seconds",
                     tune_json_real(accepted->estimate.seconds, 3), "seed",
                     (json_int_t)seed, "status_url", status, "stream_url", stream,
                     "events_url", events, "download_url", download);
}

json_t *tune_order_answer(const TuneOrdered *self, const TuneAccepted *accepted)
{
    return tune_accepted_json(accepted, self->order.seed);
}
