/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * POST /tracks/generate, as clients of the older service know it.
 */
#include "api/api-private.h"
#include "jobs/jobs.h"
#include "api/preset-routes.h"
#include "api/presets.h"
#include "base/hash.h"
#include "engine/simulate.h"
#include "engine/title.h"
#include "tune-config.h"

#include <string.h>

#define SEED_MASK ((G_GUINT64_CONSTANT(1) << 53) - 1)

static const TuneField request_fields[] = {
    {"text_input", TUNE_FIELD_STRING, .required = TRUE,
     .says = "Lyrics or a description; may be empty", .example = "\"A rainy night in the city\""},
    {"genre", TUNE_FIELD_STRING, .required = TRUE, .says = "Style of the music; may be empty",
     .example = "\"jazz\""},
    {"duration_seconds", TUNE_FIELD_INTEGER, .low = 60, .high = 240, .otherwise = "180",
     .says = "Length"},
    {"preset_name", TUNE_FIELD_STRING, .says = "Start from this preset; its genre stands",
     .example = "\"jazz_smooth\""},
    {"structure", TUNE_FIELD_OBJECT, .shape = &tune_shape_structure,
     .says = "Replaces the preset's; needed without a preset"},
    {"style_references", TUNE_FIELD_ARRAY, .high = 64, .shape = &tune_shape_reference,
     .says = "An empty list keeps the preset's"},
    {"temperature", TUNE_FIELD_NUMBER, .low = 0, .high = 1,
     .says = "How far from the style's typical choices (0.7, or the preset's)"},
};
static const TuneShape request_shape = {"TrackRequest", request_fields, G_N_ELEMENTS(request_fields)};

static const TuneField metadata_fields[] = {
    {"structure", TUNE_FIELD_OBJECT, .required = TRUE, .shape = &tune_shape_structure},
    {"style_references", TUNE_FIELD_ARRAY, .required = TRUE, .shape = &tune_shape_reference},
    {"temperature", TUNE_FIELD_NUMBER, .required = TRUE},
    {"interpretation", TUNE_FIELD_STRING, .says = "lyrics or description: how text_input was taken"},
    {"style", TUNE_FIELD_STRING, .says = "The style that the genre was taken as"},
    {"notes", TUNE_FIELD_ARRAY, .items = TUNE_FIELD_STRING, .says = "What gave way to what, and why"},
    {"seed", TUNE_FIELD_INTEGER},
};
static const TuneShape metadata_shape = {"TrackMetadata", metadata_fields,
                                         G_N_ELEMENTS(metadata_fields), .answers = TRUE};

static const TuneField answer_fields[] = {
    {"status", TUNE_FIELD_STRING, .required = TRUE, .says = "simulated, queued, running or completed"},
    {"mode", TUNE_FIELD_STRING, .required = TRUE},
    {"genre", TUNE_FIELD_STRING, .required = TRUE},
    {"duration_seconds", TUNE_FIELD_INTEGER, .required = TRUE},
    {"prompt", TUNE_FIELD_STRING, .required = TRUE},
    {"metadata", TUNE_FIELD_OBJECT, .required = TRUE, .shape = &metadata_shape},
    {"message", TUNE_FIELD_STRING, .required = TRUE},
    {"track_id", TUNE_FIELD_STRING},
    {"status_url", TUNE_FIELD_STRING},
    {"stream_url", TUNE_FIELD_STRING, .says = "Plays at once, while the rest is made"},
    {"download_url", TUNE_FIELD_STRING},
    {"recipe", TUNE_FIELD_OBJECT, .says = "What decides the result"},
};
static const TuneShape answer_shape = {"TrackAnswer", answer_fields, G_N_ELEMENTS(answer_fields),
                                       .answers = TRUE};

/* ---- the request, merged with its preset ---- */

/* A preset holds all that such a request says: the merged request is one. */
static gboolean merge(TuneCall *call, TunePreset **out)
{
    const char *name = json_string_value(json_object_get(call->body, "preset_name"));
    const json_t *structure = json_object_get(call->body, "structure");
    const json_t *references = json_object_get(call->body, "style_references");
    const json_t *temperature = json_object_get(call->body, "temperature");
    const char *genre = json_string_value(json_object_get(call->body, "genre"));
    g_autoptr(TunePresetRef) base = NULL;
    g_autoptr(GError) error = NULL;

    if (name != NULL && *name != '\0') {
        base = tune_preset_catalogue_get(call->api->presets, name, &error);
        if (base == NULL) {
            tune_call_fail(call, error);
            return FALSE;
        }
        genre = base->preset->genre;
    } else if (structure == NULL) {
        tune_call_invalid(call, "body.structure", "is needed without a preset_name", "missing");
        return FALSE;
    }
    g_autoptr(TunePreset) merged = tune_preset_new("request", genre);
    if (structure != NULL)
        tune_structure_of_json(structure, &merged->structure);
    else
        merged->structure = base->preset->structure;
    if (temperature != NULL)
        merged->temperature = json_number_value(temperature);
    else if (base != NULL)
        merged->temperature = base->preset->temperature;
    gsize index;
    json_t *one;
    json_array_foreach((json_t *)references, index, one)
        tune_preset_add_reference(merged, json_string_value(json_object_get(one, "type")),
                                  json_string_value(json_object_get(one, "value")));
    for (guint i = 0; base != NULL && json_array_size(references) == 0 &&
                      i < base->preset->style_references->len; i++) {
        const TuneStyleReference *r =
            &g_array_index(base->preset->style_references, TuneStyleReference, i);
        tune_preset_add_reference(merged, r->type, r->value);
    }
    *out = g_steal_pointer(&merged);
    return TRUE;
}

static json_t *simulated(const TuneCall *call, const TunePreset *merged)
{
    TuneSimulateRequest request = {
        .text = json_string_value(json_object_get(call->body, "text_input")),
        .genre = merged->genre,
        .duration_seconds = json_number_value(json_object_get(call->body, "duration_seconds")),
        .structure = merged->structure,
        .references = merged->style_references,
        .temperature = merged->temperature,
    };

    return tune_simulate(&request);
}

/* ---- a brief that is never refused ---- */

static gboolean set_form(TuneBrief *brief, const TuneVocabulary *vocabulary,
                         const TuneSongStructure *structure, GError **error)
{
    g_autoptr(GArray) order = tune_song_structure_order(structure);
    g_autoptr(GString) text = g_string_new(NULL);

    for (guint i = 0; i < order->len; i++)
        g_string_append_printf(text, "%s%s", i > 0 ? ", " : "",
                               tune_section_role_name(g_array_index(order, TuneSectionRole, i)));
    return tune_brief_set_field(brief, vocabulary, "structure", text->str, error);
}

/* @text NULL: what it says cannot be met beside the rest.  The genre stands as a field where there is such
 * a style, else the nearest is taken with a note. */
static TuneBrief *brief_of(const TuneCall *call, const TuneVocabulary *vocabulary,
                           const TunePreset *merged, const char *text, GError **error)
{
    g_autoptr(TuneBrief) brief = tune_brief_new();
    g_autofree char *seconds =
        g_strdup_printf("%" JSON_INTEGER_FORMAT,
                        json_integer_value(json_object_get(call->body, "duration_seconds")));
    char temperature[G_ASCII_DTOSTR_BUF_SIZE];

    g_ascii_formatd(temperature, sizeof temperature, "%.6g", merged->temperature);
    if (*merged->genre != '\0')
        tune_brief_set_field(brief, vocabulary, "genre", merged->genre, NULL);
    if (!tune_brief_set_field(brief, vocabulary, "duration", seconds, error) ||
        !tune_brief_set_field(brief, vocabulary, "temperature", temperature, error) ||
        !set_form(brief, vocabulary, &merged->structure, error))
        return NULL;
    if (text != NULL && *text != '\0' &&
        !tune_brief_read_sentence(brief, vocabulary, text, error))
        return NULL;
    TunePreset applied = *merged;
    if (*applied.genre == '\0') /* nobody asked for a genre, so none was missed */
        applied.genre = (char *)"pop";
    if (!tune_brief_apply_preset(brief, vocabulary, &applied, error) ||
        !tune_title_complete(brief, vocabulary, error))
        return NULL;
    return g_steal_pointer(&brief);
}

static TuneBrief *forgiving_brief(const TuneCall *call, const TuneVocabulary *vocabulary,
                                  TunePreset *merged, GError **error)
{
    const char *text = json_string_value(json_object_get(call->body, "text_input"));
    g_autoptr(GError) why = NULL;
    TuneBrief *brief = brief_of(call, vocabulary, merged, text, &why);

    if (brief != NULL)
        return brief;
    /* What the text or a reference asks for cannot be: the rest is made without it, and that is said. */
    brief = brief_of(call, vocabulary, merged, NULL, NULL);
    if (brief == NULL) {
        g_array_set_size(merged->style_references, 0);
        brief = brief_of(call, vocabulary, merged, NULL, error);
    }
    if (brief != NULL)
        g_ptr_array_add(brief->notes, g_strdup_printf("the text was not followed: %s", why->message));
    return brief;
}

/* The same request gives the same piece. */
static guint64 seed_of(const TuneCall *call)
{
    g_autofree char *text = tune_json_canonical(call->body);
    g_autofree char *hash = tune_hash_bytes(text, strlen(text));

    hash[16] = '\0';
    return g_ascii_strtoull(hash, NULL, 16) & SEED_MASK;
}

static void set_url(json_t *answer, const char *name, const char *format, const char *id)
{
    g_autofree char *url = g_strdup_printf("%s%s%s", strcmp(name, "stream_url") == 0
                                                         ? "/api/v1/stream/"
                                                         : "/api/v1/generate/",
                                           id, format);

    json_object_set_new(answer, name, json_string(url));
}

static void complete_answer(json_t *answer, const TuneSettings *settings, const TuneBrief *brief,
                            const TuneAccepted *accepted, guint64 seed)
{
    json_t *metadata = json_object_get(answer, "metadata"), *notes = json_array();

    for (guint i = 0; i < brief->notes->len; i++)
        json_array_append_new(notes, json_string(brief->notes->pdata[i]));
    json_object_set_new(metadata, "interpretation",
                        json_string(brief->lyrics->len > 0 ? "lyrics" : "description"));
    json_object_set_new(metadata, "style", json_string(tune_style_name(brief->style)));
    json_object_set_new(metadata, "notes", notes);
    json_object_set_new(metadata, "seed", json_integer((json_int_t)seed));
    json_object_set_new(answer, "status", json_string(accepted->status));
    json_object_set_new(answer, "mode", json_string(settings->engine));
    json_object_set_new(answer, "message",
                        json_string("The track is being made; stream_url plays at once."));
    if (strcmp(accepted->status, "completed") == 0)
        json_object_set_new(answer, "message", json_string("The track is ready."));
    json_object_set_new(answer, "track_id", json_string(accepted->id));
    set_url(answer, "status_url", "", accepted->id);
    set_url(answer, "stream_url", "", accepted->id);
    set_url(answer, "download_url", "/download", accepted->id);
    json_object_set_new(answer, "recipe",
                        json_pack("{s:s, s:s, s:I, s:i, s:o}", "engine", settings->engine, "version",
                                  TUNE_VERSION, "seed", (json_int_t)seed, "rate", 44100, "brief",
                                  tune_brief_to_json(brief)));
}

static void submit(TuneCall *call, TunePreset *merged, json_t *answer)
{
    const TuneSettings *settings = tune_call_state(call)->settings;
    g_autoptr(GError) error = NULL;
    TuneVocabulary *vocabulary = tune_engine_pool_vocabulary(call->api->pool, &error);
    g_autoptr(TuneBrief) brief =
        vocabulary != NULL ? forgiving_brief(call, vocabulary, merged, &error) : NULL;
    TuneAccepted accepted;

    if (brief == NULL) {
        tune_call_fail(call, error);
        return;
    }
    guint64 seed = seed_of(call);
    TuneOrder order = {
        .owner = call->caller.user_id,
        .kind = "generate",
        .engine = settings->engine,
        .brief = brief,
        .seed = seed,
        .rate = 44100,
        .format = TUNE_AUDIO_MP3,
        .prompt = json_string_value(json_object_get(call->body, "text_input")),
        .request = call->body,
        .idempotency_key = tune_call_idempotency_key(call),
    };
    if (!tune_jobs_submit(call->api->jobs, &order, &accepted, &error)) {
        tune_call_fail(call, error);
        return;
    }
    complete_answer(answer, settings, brief, &accepted, seed);
    tune_call_json(call, 200, answer);
}

static void generate(TuneCall *call)
{
    g_autoptr(TunePreset) merged = NULL;

    if (!merge(call, &merged))
        return;
    g_autoptr(json_t) answer = simulated(call, merged);
    if (strcmp(tune_api_settings(call->api)->engine, "simulate") == 0)
        tune_call_json(call, 200, answer);
    else
        submit(call, merged, answer);
}

/* Building a prompt waits for nothing; the answer depends on the body alone. */
static gboolean is_simulated(const TuneApi *api)
{
    return strcmp(tune_api_settings(api)->engine, "simulate") == 0;
}

static const TuneRouteError errors[] = {{404, "There is no preset of that name"}, {0, NULL}};
static const char *const tags[] = {"presets", NULL};

static const TuneRoute routes[] = {
    {TUNE_HTTP_POST, "/tracks/generate",
     TUNE_ROUTE_ROOT | TUNE_ROUTE_INLINE | TUNE_ROUTE_CREATES | TUNE_ROUTE_OWN_KEY, generate, "tracks",
     "Make a track from lyrics or a description", .body = &request_shape, .answer = &answer_shape,
     .errors = errors, .cache_ttl_s = 60, .cache_tags = tags, .inline_when = is_simulated,
     .details = "Needs a preset_name or a structure.  In the mode simulate the answer is the prompt alone; "
                "otherwise it does not wait for the sound, and stream_url plays while it is made."},
};
const TuneRouteTable tune_routes_generator = {routes, G_N_ELEMENTS(routes)};
