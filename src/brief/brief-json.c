/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A brief as JSON: all that decides a result, with origins, so that a recipe can bring it back.  Styles and
 * instruments go by name.  Open fields are left out.
 */
#include "brief/sentence-private.h"

#include <string.h>

static const char *const shape_names[] = {"auto", "build", "fall", "arch", "flat"};
static const char *const curve_names[] = {"steady",   "speed-up-end", "slow-down-end",
                                          "speed-up", "slow-down",    "half-time"};

/* ---- writing ---- */

static void put_string(json_t *object, const char *key, const char *value)
{
    if (value != NULL)
        json_object_set_new(object, key, json_string(value));
}

static json_t *strings_json(const GPtrArray *strings)
{
    json_t *list = json_array();

    for (guint i = 0; i < strings->len; i++)
        json_array_append_new(list, json_string(g_ptr_array_index(strings, i)));
    return list;
}

static void put_strings(json_t *object, const char *key, const GPtrArray *strings)
{
    if (strings->len > 0)
        json_object_set_new(object, key, strings_json(strings));
}

/* {"value": ..., "origin": "said"} */
static void put(json_t *object, const char *key, json_t *value, TuneOrigin origin)
{
    json_object_set_new(object, key,
                        json_pack("{s:o, s:s}", "value", value, "origin", tune_origin_name(origin)));
}

static json_t *keys_json(const GPtrArray *instruments)
{
    json_t *list = json_array();

    for (guint i = 0; i < instruments->len; i++) {
        const TuneInstrument *instrument = g_ptr_array_index(instruments, i);
        json_array_append_new(list, json_string(instrument->key));
    }
    return list;
}

static json_t *sections_json(const TuneBrief *self)
{
    json_t *list = json_array();

    for (guint i = 0; i < self->sections->len; i++) {
        const TuneBriefSection *section = &g_array_index(self->sections, TuneBriefSection, i);
        json_t *item = json_object();
        put_string(item, "role", tune_section_role_name(section->role));
        if (section->bars > 0)
            json_object_set_new(item, "bars", json_integer(section->bars));
        if (section->energy >= 0)
            json_object_set_new(item, "energy", tune_json_real(section->energy, 6));
        if (section->at_seconds >= 0)
            json_object_set_new(item, "at_seconds", tune_json_real(section->at_seconds, 6));
        if (section->feel != TUNE_FEEL_PLAIN)
            put_string(item, "feel", tune_feel_name(section->feel));
        json_object_set_new(item, "instruments", keys_json(section->instruments));
        if (section->silent != NULL && section->silent->len > 0)
            json_object_set_new(item, "silent", keys_json(section->silent));
        json_array_append_new(list, item);
    }
    return list;
}

static json_t *instruments_json(const TuneBrief *self)
{
    json_t *list = json_array();

    for (guint i = 0; i < self->instruments->len; i++) {
        const TuneBriefInstrument *asked = &g_array_index(self->instruments, TuneBriefInstrument, i);
        json_t *item = json_pack("{s:s, s:s, s:i}", "key", asked->instrument->key, "origin",
                                 tune_origin_name(asked->origin), "count", (int)asked->count);
        if (asked->role_said)
            put_string(item, "role", tune_role_name(asked->role));
        put_string(item, "generic", asked->generic);
        json_array_append_new(list, item);
    }
    return list;
}

static json_t *excluded_json(const TuneBrief *self)
{
    json_t *list = json_array();

    for (guint i = 0; i < self->excluded->len; i++) {
        const TuneInstrument *instrument = g_ptr_array_index(self->excluded, i);
        TuneOrigin origin = g_array_index(self->excluded_origins, TuneOrigin, i);
        json_array_append_new(list, json_pack("{s:s, s:s}", "key", instrument->key, "origin",
                                              tune_origin_name(origin)));
    }
    return list;
}

static json_t *chords_json(const TuneBrief *self)
{
    json_t *list = json_array();

    for (guint i = 0; i < self->chords->len; i++) {
        g_autofree char *symbol = tune_chord_to_string(g_array_index(self->chords, TuneChord, i));
        double beats = g_array_index(self->chord_beats, double, i);
        json_array_append_new(list, json_pack("{s:s, s:o}", "symbol", symbol, "beats",
                                              tune_json_real(beats, 9)));
    }
    return list;
}

static json_t *lyrics_json(const TuneBrief *self)
{
    json_t *list = json_array();

    for (guint i = 0; i < self->lyrics->len; i++) {
        const TuneLyricBlock *block = &g_array_index(self->lyrics, TuneLyricBlock, i);
        json_t *item = json_object();
        put_string(item, "role", tune_section_role_name(block->role));
        json_object_set_new(item, "role_said", json_boolean(block->role_said));
        json_object_set_new(item, "lines", strings_json(block->lines));
        json_array_append_new(list, item);
    }
    return list;
}

static void put_music(const TuneBrief *self, json_t *object)
{
    char tonic[8];

    if (self->bpm_origin != TUNE_ORIGIN_NONE) {
        put(object, "bpm",
            json_pack("[o, o]", tune_json_real(self->bpm_low, 6), tune_json_real(self->bpm_high, 6)),
            self->bpm_origin);
        json_object_set_new(object, "bpm_hard", json_boolean(self->bpm_hard));
    }
    if (self->tempo_curve_origin != TUNE_ORIGIN_NONE)
        put(object, "tempo_curve", json_string(curve_names[self->tempo_curve]),
            self->tempo_curve_origin);
    if (self->key_origin != TUNE_ORIGIN_NONE) {
        tune_fifths_name(self->key.tonic, tonic);
        put(object, "tonic", json_string(tonic), self->key_origin);
    }
    if (self->mode_origin != TUNE_ORIGIN_NONE)
        put(object, "mode", json_string(tune_mode_name(self->key.mode)), self->mode_origin);
    if (self->metre_origin != TUNE_ORIGIN_NONE) {
        g_autofree char *metre = tune_metre_to_string(self->metre);
        put(object, "metre", json_string(metre), self->metre_origin);
    }
    if (self->chords_origin != TUNE_ORIGIN_NONE)
        put(object, "chords", chords_json(self), self->chords_origin);
    if (self->blues_form)
        json_object_set_new(object, "blues_form", json_true());
}

static void put_form(const TuneBrief *self, json_t *object)
{
    if (self->seconds_origin != TUNE_ORIGIN_NONE)
        put(object, "seconds", tune_json_real(self->seconds, 6), self->seconds_origin);
    if (self->bars_origin != TUNE_ORIGIN_NONE)
        put(object, "bars", json_integer(self->bars), self->bars_origin);
    if (self->sections_origin != TUNE_ORIGIN_NONE) {
        put(object, "sections", sections_json(self), self->sections_origin);
        json_object_set_new(object, "sections_partial", json_boolean(self->sections_partial));
    }
    if (self->shape_origin != TUNE_ORIGIN_NONE)
        put(object, "shape", json_string(shape_names[self->shape]), self->shape_origin);
    if (self->ending_origin != TUNE_ORIGIN_NONE)
        put(object, "ending", json_string(tune_ending_name(self->ending)), self->ending_origin);
    if (self->loop_origin != TUNE_ORIGIN_NONE)
        put(object, "loop", json_boolean(self->loop), self->loop_origin);
    if (self->lyrics_origin != TUNE_ORIGIN_NONE)
        put(object, "lyrics", lyrics_json(self), self->lyrics_origin);
}

static void put_players(const TuneBrief *self, json_t *object)
{
    if (self->instruments->len > 0)
        json_object_set_new(object, "instruments", instruments_json(self));
    if (self->only_instruments)
        put(object, "only_instruments", json_true(), self->only_origin);
    if (self->excluded->len > 0)
        json_object_set_new(object, "excluded", excluded_json(self));
    if (self->no_drums_origin != TUNE_ORIGIN_NONE)
        put(object, "no_drums", json_boolean(self->no_drums), self->no_drums_origin);
    if (self->no_vocals_origin != TUNE_ORIGIN_NONE)
        put(object, "no_vocals", json_boolean(self->no_vocals), self->no_vocals_origin);
    if (self->no_bass_origin != TUNE_ORIGIN_NONE)
        put(object, "no_bass", json_boolean(self->no_bass), self->no_bass_origin);
    if (self->no_lead_origin != TUNE_ORIGIN_NONE)
        put(object, "no_lead", json_boolean(self->no_lead), self->no_lead_origin);
}

json_t *tune_brief_to_json(const TuneBrief *self)
{
    json_t *object = json_object();

    put_string(object, "prompt", self->prompt);
    if (self->style != NULL)
        put(object, "style", json_string(tune_style_name(self->style)), self->style_origin);
    if (self->blend != NULL)
        put_string(object, "blend", tune_style_name(self->blend));
    put_string(object, "style_asked", self->style_asked);
    if (self->theme != NULL)
        json_object_set_new(object, "theme", tune_theme_to_json(self->theme));
    put_music(self, object);
    put_form(self, object);
    put_players(self, object);
    if (self->commercial_origin != TUNE_ORIGIN_NONE)
        put(object, "commercial", json_boolean(self->commercial), self->commercial_origin);
    if (self->mood_origin != TUNE_ORIGIN_NONE)
        put(object, "mood",
            json_pack("[o, o, o]", tune_json_real(self->valence, 6), tune_json_real(self->arousal, 6),
                      tune_json_real(self->tension, 6)),
            self->mood_origin);
    put_strings(object, "moods", self->moods);
    put_strings(object, "tags", self->tags);
    put(object, "temperature", tune_json_real(self->temperature, 6), self->temperature_origin);
    put(object, "loudness_lufs", tune_json_real(self->loudness_lufs, 6), self->loudness_origin);
    put_string(object, "title", self->title);
    put_strings(object, "style_references", self->style_references);
    put_strings(object, "not_understood", self->not_understood);
    put_strings(object, "notes", self->notes);
    return object;
}

/* ---- reading ---- */

typedef struct {
    const json_t *json;
    const TuneVocabulary *vocabulary;
    TuneBrief *brief;
} Loader;

static gboolean fail(GError **error, const char *format, ...) G_GNUC_PRINTF(2, 3);
static gboolean fail(GError **error, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    g_autofree char *message = g_strdup_vprintf(format, args);
    va_end(args);
    g_set_error(error, TUNE_BRIEF_ERROR, TUNE_BRIEF_ERROR_FIELD, "brief: %s", message);
    return FALSE;
}

static gboolean origin_of(const json_t *holder, const char *key, TuneOrigin *out, GError **error)
{
    const char *name = json_string_value(json_object_get(holder, "origin"));

    for (gint i = 0; name != NULL && i <= TUNE_ORIGIN_FIELD; i++)
        if (strcmp(tune_origin_name((TuneOrigin)i), name) == 0) {
            *out = (TuneOrigin)i;
            return TRUE;
        }
    return fail(error, "\"%s\" has no origin", key);
}

/* The value of {"value", "origin"}; NULL when @key is missing.  Sets @error when it is broken. */
static const json_t *get(const Loader *self, const char *key, TuneOrigin *origin, GError **error)
{
    const json_t *holder = json_object_get(self->json, key);
    const json_t *value;

    if (holder == NULL)
        return NULL;
    value = json_object_get(holder, "value");
    if (value == NULL)
        fail(error, "\"%s\" has no value", key);
    else if (origin_of(holder, key, origin, error))
        return value;
    return NULL;
}

static gboolean get_number(const Loader *self, const char *key, double low, double high, double *out,
                           TuneOrigin *origin, GError **error)
{
    g_autoptr(GError) bad = NULL;
    const json_t *value = get(self, key, origin, &bad);

    if (bad != NULL) {
        g_propagate_error(error, g_steal_pointer(&bad));
        return FALSE;
    }
    if (value == NULL)
        return TRUE;
    if (!json_is_number(value) || !(json_number_value(value) >= low && json_number_value(value) <= high))
        return fail(error, "\"%s\" must be a number, %g .. %g", key, low, high);
    *out = json_number_value(value);
    return TRUE;
}

static gboolean get_flag(const Loader *self, const char *key, gboolean *out, TuneOrigin *origin,
                         GError **error)
{
    g_autoptr(GError) bad = NULL;
    const json_t *value = get(self, key, origin, &bad);

    if (bad != NULL) {
        g_propagate_error(error, g_steal_pointer(&bad));
        return FALSE;
    }
    if (value != NULL && !json_is_boolean(value))
        return fail(error, "\"%s\" must be true or false", key);
    if (value != NULL)
        *out = json_is_true(value);
    return TRUE;
}

/* *text is NULL when @key is missing. */
static gboolean get_text(const Loader *self, const char *key, const char **text, TuneOrigin *origin,
                         GError **error)
{
    g_autoptr(GError) bad = NULL;
    const json_t *value = get(self, key, origin, &bad);

    *text = NULL;
    if (bad != NULL) {
        g_propagate_error(error, g_steal_pointer(&bad));
        return FALSE;
    }
    if (value != NULL && !json_is_string(value))
        return fail(error, "\"%s\" must be a text", key);
    *text = json_string_value(value);
    return TRUE;
}

static gboolean read_strings(const json_t *list, const char *key, GPtrArray *out, GError **error)
{
    if (list != NULL && !json_is_array(list))
        return fail(error, "\"%s\" must be a list", key);
    for (gsize i = 0; i < json_array_size(list); i++) {
        const char *text = json_string_value(json_array_get(list, i));
        if (text == NULL)
            return fail(error, "%s[%zu] must be a text", key, i);
        g_ptr_array_add(out, g_strdup(text));
    }
    return TRUE;
}

static gboolean read_numbers(const Loader *self, const char *key, gsize n, double low, double high,
                             double *out, TuneOrigin *origin, gboolean *found, GError **error)
{
    g_autoptr(GError) bad = NULL;
    const json_t *list = get(self, key, origin, &bad);

    *found = list != NULL;
    if (bad != NULL) {
        g_propagate_error(error, g_steal_pointer(&bad));
        return FALSE;
    }
    if (list == NULL)
        return TRUE;
    if (json_array_size(list) != n)
        return fail(error, "\"%s\" must be a list of %zu numbers", key, n);
    for (gsize i = 0; i < n; i++) {
        const json_t *value = json_array_get(list, i);
        if (!json_is_number(value) || !(json_number_value(value) >= low) ||
            !(json_number_value(value) <= high))
            return fail(error, "%s[%zu] must be a number, %g .. %g", key, i, low, high);
        out[i] = json_number_value(value);
    }
    return TRUE;
}

static gboolean find_instrument(const Loader *self, const char *key, const TuneInstrument **out,
                                GError **error)
{
    *out = key == NULL ? NULL : tune_instruments_find(self->vocabulary->instruments, key);
    return *out != NULL || fail(error, "there is no instrument \"%s\"", key == NULL ? "" : key);
}

static gboolean index_of(const char *text, const char *const *names, gsize n, gint *out)
{
    for (gsize i = 0; i < n; i++)
        if (strcmp(text, names[i]) == 0) {
            *out = (gint)i;
            return TRUE;
        }
    return FALSE;
}

static gboolean load_style(Loader *self, GError **error)
{
    TuneBrief *brief = self->brief;
    const char *name = NULL, *blend = json_string_value(json_object_get(self->json, "blend"));

    if (!get_text(self, "style", &name, &brief->style_origin, error))
        return FALSE;
    brief->style_asked = g_strdup(json_string_value(json_object_get(self->json, "style_asked")));
    if (name != NULL && (brief->style = tune_styles_find(self->vocabulary->styles, name)) == NULL)
        return fail(error, "there is no style \"%s\"", name);
    if (blend != NULL && (brief->blend = tune_styles_find(self->vocabulary->styles, blend)) == NULL)
        return fail(error, "there is no style \"%s\"", blend);
    return TRUE;
}

static gboolean load_key(Loader *self, GError **error)
{
    TuneBrief *brief = self->brief;
    const char *tonic = NULL, *mode = NULL, *metre = NULL;

    if (!get_text(self, "tonic", &tonic, &brief->key_origin, error) ||
        !get_text(self, "mode", &mode, &brief->mode_origin, error) ||
        !get_text(self, "metre", &metre, &brief->metre_origin, error))
        return FALSE;
    if (tonic != NULL && tune_fifths_parse(tonic, &brief->key.tonic) != strlen(tonic))
        return fail(error, "\"%s\" is no tonic", tonic);
    if (mode != NULL && !tune_mode_parse(mode, &brief->key.mode))
        return fail(error, "\"%s\" is no mode", mode);
    return metre == NULL || tune_metre_parse(metre, &brief->metre) ||
           fail(error, "\"%s\" is no metre", metre);
}

static gboolean load_tempo(Loader *self, GError **error)
{
    TuneBrief *brief = self->brief;
    double bpm[2] = {0, 0}, mood[3] = {0, 0, 0};
    const char *curve = NULL;
    gboolean found = FALSE;
    gint value = 0;

    if (!read_numbers(self, "bpm", 2, 0, 1000, bpm, &brief->bpm_origin, &found, error) ||
        !get_text(self, "tempo_curve", &curve, &brief->tempo_curve_origin, error))
        return FALSE;
    brief->bpm_low = bpm[0];
    brief->bpm_high = bpm[1];
    brief->bpm_hard = json_is_true(json_object_get(self->json, "bpm_hard"));
    if (curve != NULL && !index_of(curve, curve_names, G_N_ELEMENTS(curve_names), &value))
        return fail(error, "\"%s\" is no tempo curve", curve);
    brief->tempo_curve = (TuneTempoCurve)value;
    if (!read_numbers(self, "mood", 3, -1, 1, mood, &brief->mood_origin, &found, error))
        return FALSE;
    brief->valence = mood[0];
    brief->arousal = mood[1];
    brief->tension = mood[2];
    return TRUE;
}

static gboolean load_chords(Loader *self, GError **error)
{
    TuneBrief *brief = self->brief;
    g_autoptr(GError) bad = NULL;
    const json_t *list = get(self, "chords", &brief->chords_origin, &bad);

    if (bad != NULL) {
        g_propagate_error(error, g_steal_pointer(&bad));
        return FALSE;
    }
    for (gsize i = 0; i < json_array_size(list); i++) {
        const json_t *item = json_array_get(list, i);
        const char *symbol = json_string_value(json_object_get(item, "symbol"));
        const json_t *beats = json_object_get(item, "beats");
        TuneChord chord;
        double length = json_number_value(beats);
        if (symbol == NULL || !tune_chord_parse(symbol, &chord) || !json_is_number(beats) ||
            !(length >= -4 && length <= 1000))
            return fail(error, "chords[%zu] is no chord with beats", i);
        g_array_append_val(brief->chords, chord);
        g_array_append_val(brief->chord_beats, length);
    }
    brief->blues_form = json_is_true(json_object_get(self->json, "blues_form"));
    return TRUE;
}

static gboolean load_keys(Loader *self, const json_t *keys, GPtrArray *instruments, GError **error)
{
    for (gsize i = 0; i < json_array_size(keys); i++) {
        const TuneInstrument *instrument;
        if (!find_instrument(self, json_string_value(json_array_get(keys, i)), &instrument, error))
            return FALSE;
        g_ptr_array_add(instruments, (gpointer)instrument);
    }
    return TRUE;
}

static gboolean load_section(Loader *self, const json_t *item, gsize index, GError **error)
{
    const char *role_name = json_string_value(json_object_get(item, "role"));
    const json_t *players = json_object_get(item, "instruments");
    const json_t *silent = json_object_get(item, "silent");
    const json_t *energy = json_object_get(item, "energy"), *at = json_object_get(item, "at_seconds");
    json_int_t bars = json_integer_value(json_object_get(item, "bars"));
    TuneSectionRole role;

    if (role_name == NULL || !tune_section_role_parse(role_name, &role) || bars < 0 || bars > 2000)
        return fail(error, "sections[%zu] has no role or wrong bars", index);
    tune_brief_add_section(self->brief, role, (gint)bars);
    TuneBriefSection *section =
        &g_array_index(self->brief->sections, TuneBriefSection, self->brief->sections->len - 1);
    if (json_is_number(energy))
        section->energy = CLAMP(json_number_value(energy), 0, 1);
    if (json_is_number(at))
        section->at_seconds = CLAMP(json_number_value(at), 0, 3600);
    const char *feel = json_string_value(json_object_get(item, "feel"));
    if (feel != NULL && !tune_feel_parse(feel, &section->feel))
        return fail(error, "sections[%zu]: \"%s\" is no feel", index, feel);
    section->silent = json_array_size(silent) > 0 ? g_ptr_array_new() : NULL;
    return load_keys(self, players, section->instruments, error) &&
           load_keys(self, silent, section->silent, error);
}

static gboolean load_form(Loader *self, GError **error)
{
    TuneBrief *brief = self->brief;
    g_autoptr(GError) bad = NULL;
    const json_t *list = get(self, "sections", &brief->sections_origin, &bad);
    const char *shape = NULL, *ending = NULL;
    double bars = 0;
    gint value = 0;

    if (bad != NULL) {
        g_propagate_error(error, g_steal_pointer(&bad));
        return FALSE;
    }
    for (gsize i = 0; i < json_array_size(list); i++)
        if (!load_section(self, json_array_get(list, i), i, error))
            return FALSE;
    brief->sections_partial = json_is_true(json_object_get(self->json, "sections_partial"));
    if (!get_number(self, "seconds", 0, 3600, &brief->seconds, &brief->seconds_origin, error) ||
        !get_number(self, "bars", 0, 10000, &bars, &brief->bars_origin, error) ||
        !get_text(self, "shape", &shape, &brief->shape_origin, error) ||
        !get_text(self, "ending", &ending, &brief->ending_origin, error) ||
        !get_flag(self, "loop", &brief->loop, &brief->loop_origin, error) ||
        !get_flag(self, "commercial", &brief->commercial, &brief->commercial_origin, error))
        return FALSE;
    brief->bars = (gint)bars;
    if (shape != NULL && !index_of(shape, shape_names, G_N_ELEMENTS(shape_names), &value))
        return fail(error, "\"%s\" is no shape", shape);
    brief->shape = (TuneEnergyShape)value;
    return ending == NULL || tune_ending_parse(ending, &brief->ending) ||
           fail(error, "\"%s\" is no ending", ending);
}

static gboolean load_lyrics(Loader *self, GError **error)
{
    TuneBrief *brief = self->brief;
    g_autoptr(GError) bad = NULL;
    const json_t *list = get(self, "lyrics", &brief->lyrics_origin, &bad);

    if (bad != NULL) {
        g_propagate_error(error, g_steal_pointer(&bad));
        return FALSE;
    }
    for (gsize i = 0; i < json_array_size(list); i++) {
        const json_t *item = json_array_get(list, i);
        const char *role = json_string_value(json_object_get(item, "role"));
        TuneLyricBlock block = {.lines = g_ptr_array_new_with_free_func(g_free)};
        gboolean good = role != NULL && tune_section_role_parse(role, &block.role);
        block.role_said = json_is_true(json_object_get(item, "role_said"));
        g_array_append_val(brief->lyrics, block);
        if (!good)
            return fail(error, "lyrics[%zu] has no role", i);
        if (!read_strings(json_object_get(item, "lines"), "lines", block.lines, error))
            return FALSE;
    }
    return TRUE;
}

static gboolean load_asked(Loader *self, const json_t *item, GError **error)
{
    TuneBriefInstrument asked = {0};
    const char *role = json_string_value(json_object_get(item, "role"));
    const char *generic = json_string_value(json_object_get(item, "generic"));
    json_int_t count = json_integer_value(json_object_get(item, "count"));

    if (!find_instrument(self, json_string_value(json_object_get(item, "key")), &asked.instrument,
                         error) ||
        !origin_of(item, "instruments", &asked.origin, error))
        return FALSE;
    asked.count = (guint)CLAMP(count, 1, 64);
    asked.role_said = role != NULL;
    if (role != NULL && !tune_role_parse(role, &asked.role))
        return fail(error, "\"%s\" is no role", role);
    if (generic != NULL) { /* only known names are interned: the text comes from outside */
        if (tune_lexicon_generic_named(self->vocabulary, generic) == NULL)
            return fail(error, "\"%s\" is no word for several instruments", generic);
        asked.generic = g_intern_string(generic);
    }
    g_array_append_val(self->brief->instruments, asked);
    return TRUE;
}

static gboolean load_players(Loader *self, GError **error)
{
    TuneBrief *brief = self->brief;
    const json_t *asked = json_object_get(self->json, "instruments");
    const json_t *excluded = json_object_get(self->json, "excluded");

    for (gsize i = 0; i < json_array_size(asked); i++)
        if (!load_asked(self, json_array_get(asked, i), error))
            return FALSE;
    for (gsize i = 0; i < json_array_size(excluded); i++) {
        const json_t *item = json_array_get(excluded, i);
        const TuneInstrument *instrument;
        TuneOrigin origin = TUNE_ORIGIN_NONE;
        if (!find_instrument(self, json_string_value(json_object_get(item, "key")), &instrument, error) ||
            !origin_of(item, "excluded", &origin, error))
            return FALSE;
        tune_brief_exclude(brief, instrument, origin);
    }
    return get_flag(self, "only_instruments", &brief->only_instruments, &brief->only_origin, error) &&
           get_flag(self, "no_lead", &brief->no_lead, &brief->no_lead_origin, error) &&
           get_flag(self, "no_drums", &brief->no_drums, &brief->no_drums_origin, error) &&
           get_flag(self, "no_vocals", &brief->no_vocals, &brief->no_vocals_origin, error) &&
           get_flag(self, "no_bass", &brief->no_bass, &brief->no_bass_origin, error);
}

static gboolean load_rest(Loader *self, GError **error)
{
    TuneBrief *brief = self->brief;
    const char *prompt = json_string_value(json_object_get(self->json, "prompt"));

    const json_t *theme = json_object_get(self->json, "theme");
    if (theme != NULL && (brief->theme = tune_theme_from_json(theme, error)) == NULL)
        return FALSE;
    g_free(brief->prompt);
    brief->prompt = g_strdup(prompt == NULL ? "" : prompt);
    brief->title = g_strdup(json_string_value(json_object_get(self->json, "title")));
    return get_number(self, "temperature", 0, 1, &brief->temperature, &brief->temperature_origin,
                      error) &&
           get_number(self, "loudness_lufs", -70, 0, &brief->loudness_lufs, &brief->loudness_origin,
                      error) &&
           read_strings(json_object_get(self->json, "moods"), "moods", brief->moods, error) &&
           read_strings(json_object_get(self->json, "tags"), "tags", brief->tags, error) &&
           read_strings(json_object_get(self->json, "style_references"), "style_references",
                        brief->style_references, error) &&
           read_strings(json_object_get(self->json, "not_understood"), "not_understood",
                        brief->not_understood, error) &&
           read_strings(json_object_get(self->json, "notes"), "notes", brief->notes, error);
}

TuneBrief *tune_brief_from_json(const json_t *json, const TuneVocabulary *vocabulary, GError **error)
{
    g_autoptr(TuneBrief) brief = tune_brief_new();
    Loader self = {json, vocabulary, brief};

    if (!json_is_object(json)) {
        fail(error, "it is no JSON object");
        return NULL;
    }
    if (load_style(&self, error) && load_key(&self, error) && load_tempo(&self, error) &&
        load_chords(&self, error) && load_form(&self, error) && load_lyrics(&self, error) &&
        load_players(&self, error) && load_rest(&self, error))
        return g_steal_pointer(&brief);
    return NULL;
}
