/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * /presets and /prompt-tips, as clients of the older service know them.
 */
#include "api/preset-routes.h"
#include "api/presets.h"
#include "api/settings.h"

#include <string.h>

static const TuneField structure_fields[] = {
    {"intro", TUNE_FIELD_BOOLEAN, .otherwise = "true", .says = "With an introduction"},
    {"verse_count", TUNE_FIELD_INTEGER, .low = 1, .high = 5, .otherwise = "2", .says = "Verses"},
    {"chorus_count", TUNE_FIELD_INTEGER, .low = 1, .high = 4, .otherwise = "2", .says = "Choruses"},
    {"bridge", TUNE_FIELD_BOOLEAN, .otherwise = "true", .says = "With a bridge"},
    {"outro", TUNE_FIELD_BOOLEAN, .otherwise = "true", .says = "With an outro"},
};
const TuneShape tune_shape_structure = {"SongStructure", structure_fields,
                                        G_N_ELEMENTS(structure_fields),
                                        .says = "The sections of a song"};

static const char *const reference_types[] = {"style", "sound", "artist", "similar_to", NULL};
static const TuneField reference_fields[] = {
    {"type", TUNE_FIELD_STRING, .required = TRUE, .choices = reference_types,
     .says = "What kind of reference it is"},
    {"value", TUNE_FIELD_STRING, .required = TRUE, .low = 0, .high = 500,
     .says = "\"distorted guitars\"", .example = "\"distorted guitars\""},
};
const TuneShape tune_shape_reference = {"StyleReference", reference_fields,
                                        G_N_ELEMENTS(reference_fields),
                                        .says = "Something the music shall remind of"};

#define NAME_PATTERN "[A-Za-z0-9_-]{1,64}"

static const TuneField preset_fields[] = {
    {"name", TUNE_FIELD_STRING, .required = TRUE, .pattern = NAME_PATTERN, .says = "Its name",
     .example = "\"late_night\""},
    {"description", TUNE_FIELD_STRING, .high = 1000, .says = "What it is for"},
    {"genre", TUNE_FIELD_STRING, .required = TRUE, .low = 1, .high = 200, .example = "\"jazz\""},
    {"structure", TUNE_FIELD_OBJECT, .required = TRUE, .shape = &tune_shape_structure},
    {"style_references", TUNE_FIELD_ARRAY, .high = 64, .shape = &tune_shape_reference,
     .otherwise = "[]"},
    {"temperature", TUNE_FIELD_NUMBER, .low = 0, .high = 1, .otherwise = "0.7",
     .says = "How far from the style's typical choices"},
    {"tips", TUNE_FIELD_STRING, .high = 1000, .says = "Advice on what to write in the prompt"},
    {"commercial", TUNE_FIELD_BOOLEAN,
     .says = "Its pieces will be sold: models whose licence forbids that are refused"},
};
static const TuneShape preset_body = {"PresetInput", preset_fields, G_N_ELEMENTS(preset_fields)};

static const TuneField shown_fields[] = {
    {"name", TUNE_FIELD_STRING, .required = TRUE},
    {"description", TUNE_FIELD_STRING, .required = TRUE, .nullable = TRUE},
    {"genre", TUNE_FIELD_STRING, .required = TRUE},
    {"structure", TUNE_FIELD_OBJECT, .required = TRUE, .shape = &tune_shape_structure},
    {"style_references", TUNE_FIELD_ARRAY, .required = TRUE, .shape = &tune_shape_reference},
    {"temperature", TUNE_FIELD_NUMBER, .required = TRUE},
    {"tips", TUNE_FIELD_STRING, .required = TRUE, .nullable = TRUE},
    {"commercial", TUNE_FIELD_BOOLEAN, .says = "Only where it is true"},
};
static const TuneShape preset_shape = {"Preset", shown_fields, G_N_ELEMENTS(shown_fields),
                                       .says = "A named starting point for a request",
                                       .answers = TRUE};

static const TuneField entry_fields[] = {
    {"name", TUNE_FIELD_STRING, .required = TRUE},
    {"genre", TUNE_FIELD_STRING, .required = TRUE},
    {"description", TUNE_FIELD_STRING, .required = TRUE},
};
static const TuneShape entries_shape = {"PresetEntry", entry_fields, G_N_ELEMENTS(entry_fields),
                                        .is_array = TRUE, .answers = TRUE};

static const TuneField tips_fields[] = {
    {"preset_name", TUNE_FIELD_STRING, .required = TRUE},
    {"genre", TUNE_FIELD_STRING, .required = TRUE},
    {"tips", TUNE_FIELD_STRING, .required = TRUE, .nullable = TRUE},
};
static const TuneShape tips_shape = {"PromptTips", tips_fields, G_N_ELEMENTS(tips_fields),
                                     .is_array = TRUE, .answers = TRUE};

static const TuneField message_fields[] = {{"message", TUNE_FIELD_STRING, .required = TRUE}};
static const TuneShape message_shape = {"Message", message_fields, G_N_ELEMENTS(message_fields),
                                        .answers = TRUE};

/* ---- JSON to presets and back ---- */

static gboolean flag(const json_t *object, const char *name)
{
    return json_is_true(json_object_get(object, name));
}

void tune_structure_of_json(const json_t *json, TuneSongStructure *out)
{
    out->intro = flag(json, "intro");
    out->verse_count = (gint)json_integer_value(json_object_get(json, "verse_count"));
    out->chorus_count = (gint)json_integer_value(json_object_get(json, "chorus_count"));
    out->bridge = flag(json, "bridge");
    out->outro = flag(json, "outro");
}

static TunePreset *preset_of_json(const json_t *json)
{
    TunePreset *preset = tune_preset_new(json_string_value(json_object_get(json, "name")),
                                         json_string_value(json_object_get(json, "genre")));
    gsize index;
    json_t *one;

    preset->description = g_strdup(json_string_value(json_object_get(json, "description")));
    preset->tips = g_strdup(json_string_value(json_object_get(json, "tips")));
    preset->temperature = json_number_value(json_object_get(json, "temperature"));
    preset->commercial = flag(json, "commercial");
    tune_structure_of_json(json_object_get(json, "structure"), &preset->structure);
    json_array_foreach(json_object_get(json, "style_references"), index, one)
        tune_preset_add_reference(preset, json_string_value(json_object_get(one, "type")),
                                  json_string_value(json_object_get(one, "value")));
    return preset;
}

static json_t *text_or_null(const char *text)
{
    return text != NULL ? json_string(text) : json_null();
}

static json_t *json_of_preset(const TunePreset *preset)
{
    json_t *json = tune_preset_to_json(preset);

    json_object_set_new(json, "description", text_or_null(preset->description));
    json_object_set_new(json, "tips", text_or_null(preset->tips));
    return json;
}

/* ---- handlers ---- */

static void list(TuneCall *call)
{
    g_autoptr(json_t) all = tune_preset_catalogue_list(call->api->presets, call->api->log);

    tune_call_json(call, 200, all);
}

/* Presets are everybody's: a user who just registered must not change what others start from.  Where there
 * are no users, callers may, as those of the older service could. */
static gboolean may_change(TuneCall *call)
{
    if (call->caller.admin || *call->caller.user_id == '\0')
        return TRUE;
    tune_call_error(call, 403, "presets are everybody's; administrators change them");
    return FALSE;
}

/* Is there room for a preset of that name?  One that is there already is replaced.  FALSE: answered. */
static gboolean has_room(TuneCall *call, const char *name)
{
    gint64 most = tune_api_settings(call->api)->max_presets;
    g_autoptr(TunePresetRef) old = tune_preset_catalogue_get(call->api->presets, name, NULL);

    if (old != NULL)
        return TRUE;
    g_autoptr(json_t) all = tune_preset_catalogue_list(call->api->presets, call->api->log);
    if ((gint64)json_array_size(all) < most)
        return TRUE;
    tune_call_error(call, 409,
                    "there are %" G_GSIZE_FORMAT " presets, and %" G_GINT64_FORMAT
                    " are the most: delete one first",
                    json_array_size(all), most);
    return FALSE;
}

static void save(TuneCall *call)
{
    if (!may_change(call))
        return;
    g_autoptr(TunePreset) preset = preset_of_json(call->body);
    g_autoptr(GError) error = NULL;

    if (!has_room(call, preset->name))
        return;
    if (!tune_preset_catalogue_save(call->api->presets, preset, &error)) {
        tune_call_fail(call, error);
        return;
    }
    tune_cache_drop_tag(call->api->cache, "presets");
    g_autoptr(json_t) json = json_of_preset(preset);
    tune_call_json(call, 200, json);
}

static void show(TuneCall *call)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(TunePresetRef) ref =
        tune_preset_catalogue_get(call->api->presets, call->path[0], &error);

    if (ref == NULL) {
        tune_call_fail(call, error);
        return;
    }
    g_autoptr(json_t) json = json_of_preset(ref->preset);
    tune_call_json(call, 200, json);
}

static void remove_one(TuneCall *call)
{
    g_autoptr(GError) error = NULL;

    if (!may_change(call))
        return;
    if (!tune_preset_catalogue_delete(call->api->presets, call->path[0], &error)) {
        tune_call_fail(call, error);
        return;
    }
    tune_cache_drop_tag(call->api->cache, "presets");
    g_autofree char *text = g_strdup_printf("Preset '%s' deleted", call->path[0]);
    g_autoptr(json_t) json = json_pack("{s:s}", "message", text);
    tune_call_json(call, 200, json);
}

static json_t *tips_of(const TunePreset *preset)
{
    return json_pack("{s:s, s:s, s:o}", "preset_name", preset->name, "genre", preset->genre, "tips",
                     text_or_null(preset->tips));
}

static void tips_of_one(TuneCall *call, const char *name)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(TunePresetRef) ref = tune_preset_catalogue_get(call->api->presets, name, &error);

    if (ref == NULL) {
        tune_call_fail(call, error);
        return;
    }
    g_autoptr(json_t) json = json_pack("[o]", tips_of(ref->preset));
    tune_call_json(call, 200, json);
}

static void tips(TuneCall *call)
{
    const char *name = tune_call_query_text(call, "preset_name");
    g_autoptr(json_t) names = NULL, all = json_array();
    gsize index;
    json_t *one;

    if (name != NULL && *name != '\0') {
        tips_of_one(call, name);
        return;
    }
    names = tune_preset_catalogue_names(call->api->presets);
    json_array_foreach(names, index, one) {
        g_autoptr(TunePresetRef) ref =
            tune_preset_catalogue_get(call->api->presets, json_string_value(one), NULL);
        if (ref != NULL && ref->preset->tips != NULL)
            json_array_append_new(all, tips_of(ref->preset));
    }
    tune_call_json(call, 200, all);
}

/* ---- the table ---- */

static const TuneField tips_query_fields[] = {
    {"preset_name", TUNE_FIELD_STRING, .says = "Of this preset only"},
};
static const TuneShape tips_query = {"PromptTipsQuery", tips_query_fields,
                                     G_N_ELEMENTS(tips_query_fields)};

static const TuneRouteError no_preset[] = {{404, "There is no preset of that name"}, {0, NULL}};
static const TuneRouteError not_theirs[] = {{403, "A user who is no administrator"},
                                            {409, "There are as many as there may be"},
                                            {0, NULL}};
static const TuneRouteError not_changed[] = {
    {403, "A user who is no administrator"}, {404, "There is no preset of that name"}, {0, NULL}};
static const char *const preset_tags[] = {"presets", NULL};

static const TuneRoute routes[] = {
    {TUNE_HTTP_GET, "/presets", TUNE_ROUTE_ROOT, list, "presets", "All presets",
     .answer = &entries_shape, .cache_ttl_s = 10, .cache_tags = preset_tags},
    {TUNE_HTTP_POST, "/presets", TUNE_ROUTE_ROOT | TUNE_ROUTE_CREATES, save, "presets",
     "Save a preset: create or replace", .body = &preset_body, .answer = &preset_shape,
     .errors = not_theirs},
    {TUNE_HTTP_GET, "/presets/{name}", TUNE_ROUTE_ROOT, show, "presets", "One preset",
     .answer = &preset_shape, .errors = no_preset, .cache_ttl_s = 10, .cache_tags = preset_tags},
    {TUNE_HTTP_DELETE, "/presets/{name}", TUNE_ROUTE_ROOT, remove_one, "presets", "Delete a preset",
     .answer = &message_shape, .errors = not_changed,
     .details = "A built-in preset comes back when the service starts again."},
    {TUNE_HTTP_GET, "/prompt-tips", TUNE_ROUTE_ROOT, tips, "presets",
     "Advice on prompts, preset by preset", .query = &tips_query, .answer = &tips_shape,
     .errors = no_preset, .cache_ttl_s = 10, .cache_tags = preset_tags},
};
const TuneRouteTable tune_routes_presets = {routes, G_N_ELEMENTS(routes)};
