/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "brief/preset.h"
#include "base/data.h"
#include "base/yaml.h"
#include "brief/sentence-private.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>

G_DEFINE_QUARK(tune-preset-error-quark, tune_preset_error)

#define MAX_TEXT 4000

static void reference_clear(gpointer data)
{
    g_free(((TuneStyleReference *)data)->type);
    g_free(((TuneStyleReference *)data)->value);
}

TunePreset *tune_preset_new(const char *name, const char *genre)
{
    TunePreset *self = g_new0(TunePreset, 1);

    self->name = g_strdup(name);
    self->genre = g_strdup(genre);
    self->structure = TUNE_SONG_STRUCTURE_DEFAULT;
    self->temperature = 0.7;
    self->style_references = g_array_new(FALSE, TRUE, sizeof(TuneStyleReference));
    g_array_set_clear_func(self->style_references, reference_clear);
    return self;
}

void tune_preset_free(TunePreset *self)
{
    if (self == NULL)
        return;
    g_free(self->name);
    g_free(self->description);
    g_free(self->genre);
    g_free(self->tips);
    g_array_unref(self->style_references);
    g_free(self);
}

static gboolean is_reference_type(const char *type)
{
    static const char *const types[] = {"style", "sound", "artist", "similar_to", NULL};

    return g_strv_contains(types, type);
}

gboolean tune_preset_add_reference(TunePreset *self, const char *type, const char *value)
{
    if (!is_reference_type(type))
        return FALSE;
    TuneStyleReference reference = {g_strdup(type), g_strdup(value)};
    g_array_append_val(self->style_references, reference);
    return TRUE;
}

gboolean tune_preset_name_is_valid(const char *name)
{
    gsize n = strlen(name);

    if (n < 1 || n > 64)
        return FALSE;
    for (gsize i = 0; i < n; i++)
        if (!g_ascii_isalnum(name[i]) && name[i] != '_' && name[i] != '-')
            return FALSE;
    return TRUE;
}

static gboolean check_name(const char *name, GError **error)
{
    if (tune_preset_name_is_valid(name))
        return TRUE;
    g_autofree char *shown = g_utf8_make_valid(name, -1);
    g_set_error(error, TUNE_PRESET_ERROR, TUNE_PRESET_ERROR_NAME,
                "\"%.80s\" is no name for a preset: 1 to 64 of A-Z a-z 0-9 _ -", shown);
    return FALSE;
}

/* ---- reading ---- */

static gboolean read_structure(const TuneYamlNode *root, TuneSongStructure *out, GError **error)
{
    static const char *const allowed[] = {"intro", "verse_count", "chorus_count",
                                          "bridge", "outro", NULL};
    const TuneYamlNode *map = tune_yaml_get(root, "structure");

    if (map == NULL)
        return TRUE;
    if (tune_yaml_kind(map) != TUNE_YAML_MAP)
        return tune_yaml_fail(map, error, "\"structure\" must be a map");
    return tune_yaml_check_keys(map, allowed, error) &&
           tune_yaml_get_bool(map, "intro", &out->intro, error) &&
           tune_yaml_get_int(map, "verse_count", 1, 5, &out->verse_count, error) &&
           tune_yaml_get_int(map, "chorus_count", 1, 4, &out->chorus_count, error) &&
           tune_yaml_get_bool(map, "bridge", &out->bridge, error) &&
           tune_yaml_get_bool(map, "outro", &out->outro, error);
}

static gboolean read_references(const TuneYamlNode *root, TunePreset *self, GError **error)
{
    static const char *const allowed[] = {"type", "value", NULL};
    const TuneYamlNode *list = tune_yaml_get(root, "style_references");

    if (list == NULL)
        return TRUE;
    if (tune_yaml_kind(list) != TUNE_YAML_LIST || tune_yaml_size(list) > 64)
        return tune_yaml_fail(list, error, "\"style_references\" must be a list of at most 64");
    for (guint i = 0; i < tune_yaml_size(list); i++) {
        const TuneYamlNode *item = tune_yaml_at(list, i);
        const char *type = NULL, *value = NULL;
        if (tune_yaml_kind(item) != TUNE_YAML_MAP)
            return tune_yaml_fail(item, error, "a style reference has \"type\" and \"value\"");
        if (!tune_yaml_check_keys(item, allowed, error) ||
            !tune_yaml_get_string(item, "type", &type, error) ||
            !tune_yaml_get_string(item, "value", &value, error))
            return FALSE;
        if (type == NULL || value == NULL || !tune_preset_add_reference(self, type, value))
            return tune_yaml_fail(item, error, "\"type\" is style, sound, artist or similar_to, and a "
                                               "reference needs a \"value\"");
    }
    return TRUE;
}

static gboolean read_preset(const TuneYamlNode *root, TunePreset *self, GError **error)
{
    static const char *const allowed[] = {"name",      "description", "genre",
                                          "structure", "style_references", "temperature",
                                          "tips",      "commercial", NULL};
    const char *genre = NULL, *description = NULL, *tips = NULL, *name = NULL;

    if (tune_yaml_kind(root) != TUNE_YAML_MAP)
        return tune_yaml_fail(root, error, "a preset is a map");
    if (!tune_yaml_check_keys(root, allowed, error) ||
        !tune_yaml_get_string(root, "name", &name, error) ||
        !tune_yaml_get_string(root, "genre", &genre, error) ||
        !tune_yaml_get_string(root, "description", &description, error) ||
        !tune_yaml_get_string(root, "tips", &tips, error) ||
        !tune_yaml_get_bool(root, "commercial", &self->commercial, error) ||
        !tune_yaml_get_double(root, "temperature", 0, 1, &self->temperature, error))
        return FALSE;
    if (genre == NULL || *genre == '\0')
        return tune_yaml_fail(root, error, "a preset needs \"genre\"");
    g_free(self->genre);
    self->genre = g_strdup(genre);
    self->description = g_strdup(description);
    self->tips = g_strdup(tips);
    return read_structure(root, &self->structure, error) && read_references(root, self, error);
}

TunePreset *tune_preset_parse(const char *name, const char *file, const char *text, gsize length,
                              GError **error)
{
    g_autoptr(GError) why = NULL;
    g_autoptr(TuneYaml) doc = tune_yaml_parse(file, text, length, &why);
    g_autoptr(TunePreset) self = tune_preset_new(name, "");

    if (doc != NULL && read_preset(tune_yaml_root(doc), self, &why))
        return g_steal_pointer(&self);
    g_set_error_literal(error, TUNE_PRESET_ERROR, TUNE_PRESET_ERROR_SYNTAX, why->message);
    return NULL;
}

/* ---- files ---- */

static char *user_path(const char *name)
{
    g_autofree char *folder = tune_data_user_folder("presets");
    g_autofree char *file = g_strconcat(name, ".yaml", NULL);

    return g_build_filename(folder, file, NULL);
}

static char *find_path(const char *name)
{
    g_autofree char *own = user_path(name);
    g_autofree char *relative = g_strdup_printf("presets/%s.yaml", name);

    if (g_file_test(own, G_FILE_TEST_EXISTS))
        return g_steal_pointer(&own);
    return tune_data_find(relative, NULL);
}

static gint compare_strings(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

GPtrArray *tune_preset_list(void)
{
    GPtrArray *names = tune_data_list("presets", "yaml");
    g_autofree char *folder = tune_data_user_folder("presets");
    g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
    const char *file;

    while (dir != NULL && (file = g_dir_read_name(dir)) != NULL) {
        g_autofree char *name = g_str_has_suffix(file, ".yaml") ? g_strndup(file, strlen(file) - 5) : NULL;
        if (name != NULL && !g_ptr_array_find_with_equal_func(names, name, g_str_equal, NULL))
            g_ptr_array_add(names, g_steal_pointer(&name));
    }
    for (guint i = names->len; i > 0; i--)
        if (!tune_preset_name_is_valid(g_ptr_array_index(names, i - 1)))
            g_ptr_array_remove_index(names, i - 1);
    g_ptr_array_sort(names, compare_strings);
    return names;
}

static void set_unknown(const char *name, GError **error)
{
    g_autoptr(GPtrArray) names = tune_preset_list();
    g_autoptr(GString) known = g_string_new(NULL);

    for (guint i = 0; i < names->len; i++)
        g_string_append_printf(known, "%s%s", i > 0 ? ", " : "", (char *)g_ptr_array_index(names, i));
    g_set_error(error, TUNE_PRESET_ERROR, TUNE_PRESET_ERROR_UNKNOWN,
                "there is no preset \"%s\"; there are %s", name, known->str);
}

TunePreset *tune_preset_load(const char *name, GError **error)
{
    g_autofree char *text = NULL;
    gsize length = 0;

    if (!check_name(name, error))
        return NULL;
    g_autofree char *path = find_path(name);
    if (path == NULL) {
        set_unknown(name, error);
        return NULL;
    }
    g_autoptr(GError) why = NULL;
    if (!g_file_get_contents(path, &text, &length, &why)) {
        g_set_error_literal(error, TUNE_PRESET_ERROR, TUNE_PRESET_ERROR_IO, why->message);
        return NULL;
    }
    return tune_preset_parse(name, path, text, length, error);
}

/* A double-quoted YAML scalar. */
static void append_quoted(GString *out, const char *key, const char *text)
{
    if (text == NULL)
        return;
    g_string_append_printf(out, "%s: \"", key);
    for (const char *p = text; *p != '\0'; p++) {
        if (*p == '"' || *p == '\\')
            g_string_append_c(out, '\\');
        if (*p == '\n')
            g_string_append(out, "\\n");
        else if ((guchar)*p < 0x20 || *p == 0x7f)
            g_string_append_printf(out, "\\x%02x", (guchar)*p);
        else
            g_string_append_c(out, *p);
    }
    g_string_append(out, "\"\n");
}

char *tune_preset_to_yaml(const TunePreset *self)
{
    GString *out = g_string_new(NULL);
    const TuneSongStructure *s = &self->structure;
    char number[G_ASCII_DTOSTR_BUF_SIZE];

    append_quoted(out, "name", self->name);
    append_quoted(out, "description", self->description);
    append_quoted(out, "genre", self->genre);
    g_string_append_printf(out,
                           "structure: {intro: %s, verse_count: %d, chorus_count: %d, bridge: %s, "
                           "outro: %s}\n",
                           s->intro ? "true" : "false", s->verse_count, s->chorus_count,
                           s->bridge ? "true" : "false", s->outro ? "true" : "false");
    if (self->style_references->len > 0)
        g_string_append(out, "style_references:\n");
    for (guint i = 0; i < self->style_references->len; i++) {
        const TuneStyleReference *r = &g_array_index(self->style_references, TuneStyleReference, i);
        g_string_append_printf(out, "  - type: %s\n    ", r->type);
        append_quoted(out, "value", r->value);
    }
    g_string_append_printf(out, "temperature: %s\n",
                           g_ascii_formatd(number, sizeof number, "%.6g", self->temperature));
    append_quoted(out, "tips", self->tips);
    if (self->commercial)
        g_string_append(out, "commercial: true\n");
    return g_string_free(out, FALSE);
}

static gboolean check_preset(const TunePreset *self, GError **error)
{
    const TuneSongStructure *s = &self->structure;
    const char *texts[] = {self->genre, self->description, self->tips};

    if (!check_name(self->name, error))
        return FALSE;
    for (gsize i = 0; i < G_N_ELEMENTS(texts); i++)
        if (texts[i] != NULL && (!g_utf8_validate(texts[i], -1, NULL) || strlen(texts[i]) > MAX_TEXT)) {
            g_set_error(error, TUNE_PRESET_ERROR, TUNE_PRESET_ERROR_SYNTAX,
                        "a text of the preset is not UTF-8 or longer than %d bytes", MAX_TEXT);
            return FALSE;
        }
    if (self->genre == NULL || *self->genre == '\0' || s->verse_count < 1 || s->verse_count > 5 ||
        s->chorus_count < 1 || s->chorus_count > 4 ||
        !(self->temperature >= 0 && self->temperature <= 1)) {
        g_set_error(error, TUNE_PRESET_ERROR, TUNE_PRESET_ERROR_SYNTAX,
                    "a preset needs a genre, 1 to 5 verses, 1 to 4 choruses and a temperature of 0 to 1");
        return FALSE;
    }
    return TRUE;
}

gboolean tune_preset_save(const TunePreset *self, GError **error)
{
    g_autoptr(GError) why = NULL;

    if (!check_preset(self, error))
        return FALSE;
    g_autofree char *folder = tune_data_user_folder("presets");
    g_autofree char *path = user_path(self->name);
    g_autofree char *yaml = tune_preset_to_yaml(self);
    if (g_mkdir_with_parents(folder, 0755) != 0) {
        g_set_error(error, TUNE_PRESET_ERROR, TUNE_PRESET_ERROR_IO, "%s: %s", folder,
                    g_strerror(errno));
        return FALSE;
    }
    if (!g_file_set_contents_full(path, yaml, -1,
                                  G_FILE_SET_CONTENTS_CONSISTENT | G_FILE_SET_CONTENTS_DURABLE, 0644,
                                  &why)) {
        g_set_error_literal(error, TUNE_PRESET_ERROR, TUNE_PRESET_ERROR_IO, why->message);
        return FALSE;
    }
    return TRUE;
}

gboolean tune_preset_delete(const char *name, GError **error)
{
    if (!check_name(name, error))
        return FALSE;
    g_autofree char *own = user_path(name);
    if (g_unlink(own) == 0)
        return TRUE;
    gint code = errno;
    g_autofree char *any = find_path(name);
    if (code != ENOENT)
        g_set_error(error, TUNE_PRESET_ERROR, TUNE_PRESET_ERROR_IO, "%s: %s", own, g_strerror(code));
    else if (any != NULL)
        g_set_error(error, TUNE_PRESET_ERROR, TUNE_PRESET_ERROR_BUILTIN,
                    "preset \"%s\" is built in and cannot be deleted", name);
    else
        set_unknown(name, error);
    return FALSE;
}

json_t *tune_preset_to_json(const TunePreset *self)
{
    const TuneSongStructure *s = &self->structure;
    json_t *references = json_array();
    json_t *object;

    for (guint i = 0; i < self->style_references->len; i++) {
        const TuneStyleReference *r = &g_array_index(self->style_references, TuneStyleReference, i);
        json_array_append_new(references, json_pack("{s:s, s:s}", "type", r->type, "value", r->value));
    }
    object = json_pack("{s:s, s:s?, s:s, s:{s:b, s:i, s:i, s:b, s:b}, s:o, s:o, s:s?}", "name",
                       self->name, "description", self->description, "genre", self->genre, "structure",
                       "intro", s->intro, "verse_count", s->verse_count, "chorus_count",
                       s->chorus_count, "bridge", s->bridge, "outro", s->outro, "style_references",
                       references, "temperature", tune_json_real(self->temperature, 6), "tips",
                       self->tips);
    /* Old clients know a preset by exactly the fields above. */
    if (self->commercial)
        json_object_set_new(object, "commercial", json_true());
    return object;
}

/* ---- what a preset means ---- */

GArray *tune_song_structure_order(const TuneSongStructure *structure)
{
    GArray *order = g_array_new(FALSE, FALSE, sizeof(TuneSectionRole));
    TuneSectionRole intro = TUNE_SECTION_INTRO, verse = TUNE_SECTION_VERSE,
                    chorus = TUNE_SECTION_CHORUS, bridge = TUNE_SECTION_BRIDGE,
                    outro = TUNE_SECTION_OUTRO;

    if (structure->intro)
        g_array_append_val(order, intro);
    for (gint i = 0; i < MAX(structure->verse_count, structure->chorus_count); i++) {
        if (i < structure->verse_count)
            g_array_append_val(order, verse);
        if (i < structure->chorus_count)
            g_array_append_val(order, chorus);
    }
    if (structure->bridge)
        g_array_append_val(order, bridge);
    if (structure->outro)
        g_array_append_val(order, outro);
    return order;
}

gboolean tune_brief_add_reference(TuneBrief *self, const TuneVocabulary *vocabulary,
                                  const char *type, const char *value, TuneOrigin origin,
                                  GError **error)
{
    g_autoptr(TuneBrief) heard = tune_brief_new();

    if (!is_reference_type(type) || *value == '\0') {
        g_set_error(error, TUNE_BRIEF_ERROR, TUNE_BRIEF_ERROR_FIELD,
                    "style: \"%s:%s\" must be TYPE:VALUE (style, sound, artist or similar_to)", type,
                    value);
        return FALSE;
    }
    g_ptr_array_add(self->style_references, g_strdup_printf("%s: %s", type, value));
    if (!tune_sentence_understand(vocabulary, value, self, heard, error)) {
        g_prefix_error(error, "style: ");
        return FALSE;
    }
    /* A reference colours: it is no request for a form, and words that say nothing are no failure. */
    g_ptr_array_set_size(heard->not_understood, 0);
    tune_brief_clear_sections(heard);
    heard->sections_origin = TUNE_ORIGIN_NONE;
    heard->only_instruments = FALSE;
    if (self->style != NULL)
        heard->style = NULL, heard->style_origin = TUNE_ORIGIN_NONE;
    tune_brief_merge(self, heard, origin);
    return TRUE;
}

static gboolean apply_genre(TuneBrief *self, const TuneVocabulary *vocabulary, const char *genre,
                            GError **error)
{
    g_autoptr(TuneBrief) heard = tune_brief_new();

    if (self->style_origin >= TUNE_ORIGIN_PRESET)
        return TRUE;
    if (!tune_sentence_understand(vocabulary, genre, NULL, heard, error))
        return FALSE;
    if (heard->style == NULL) {
        heard->style = tune_styles_find(tune_vocabulary_styles(vocabulary), "pop");
        heard->style_asked = g_strdup(genre);
        heard->style_origin = TUNE_ORIGIN_SAID;
        if (heard->style != NULL)
            tune_brief_note(heard, "\"%s\" is no known genre: pop is taken", genre);
    }
    g_ptr_array_set_size(heard->not_understood, 0);
    if (heard->style != NULL)
        tune_brief_merge(self, heard, TUNE_ORIGIN_PRESET);
    return TRUE;
}

gboolean tune_brief_apply_preset(TuneBrief *self, const TuneVocabulary *vocabulary,
                                 const TunePreset *preset, GError **error)
{
    if (!apply_genre(self, vocabulary, preset->genre, error))
        return FALSE;
    if (self->sections_origin < TUNE_ORIGIN_PRESET) {
        g_autoptr(GArray) order = tune_song_structure_order(&preset->structure);
        tune_brief_clear_sections(self);
        for (guint i = 0; i < order->len; i++)
            tune_brief_add_section(self, g_array_index(order, TuneSectionRole, i), 0);
        self->sections_origin = TUNE_ORIGIN_PRESET;
        self->sections_partial = FALSE;
    }
    if (self->temperature_origin < TUNE_ORIGIN_PRESET) {
        self->temperature = preset->temperature;
        self->temperature_origin = TUNE_ORIGIN_PRESET;
    }
    if (preset->commercial && self->commercial_origin < TUNE_ORIGIN_PRESET) {
        self->commercial = TRUE;
        self->commercial_origin = TUNE_ORIGIN_PRESET;
    }
    for (guint i = 0; i < preset->style_references->len; i++) {
        const TuneStyleReference *r = &g_array_index(preset->style_references, TuneStyleReference, i);
        if (!tune_brief_add_reference(self, vocabulary, r->type, r->value, TUNE_ORIGIN_PRESET, error))
            return FALSE;
    }
    return TRUE;
}
