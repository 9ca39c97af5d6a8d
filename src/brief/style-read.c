/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The head of a style file, its forms, parts and mix.
 */
#include "brief/instrument.h"
#include "brief/style-private.h"

#include <string.h>

/* ---- shared readers ---- */

static void choice_clear(gpointer data)
{
    g_free(((StyleChoice *)data)->name);
}

GArray *style_choices_new(void)
{
    GArray *out = g_array_new(FALSE, TRUE, sizeof(StyleChoice));

    g_array_set_clear_func(out, choice_clear);
    return out;
}

gboolean style_read_choices(const TuneYamlNode *map, const char *key, GArray *out, GError **error)
{
    const TuneYamlNode *node = tune_yaml_get(map, key);

    if (node == NULL)
        return TRUE;
    if (tune_yaml_kind(node) == TUNE_YAML_SCALAR)
        return tune_yaml_fail(node, error, "%s: a map NAME: WEIGHT or a list of names is expected",
                              key);
    for (guint i = 0; i < tune_yaml_size(node); i++) {
        const TuneYamlNode *item = tune_yaml_at(node, i);
        gboolean is_map = tune_yaml_kind(node) == TUNE_YAML_MAP;
        StyleChoice choice = {NULL, 1.0};
        if (is_map && !tune_yaml_to_double(item, 0, 1000, &choice.weight, error))
            return FALSE;
        if (!is_map && tune_yaml_kind(item) != TUNE_YAML_SCALAR)
            return tune_yaml_fail(item, error, "%s: a name is expected here", key);
        choice.name = g_strdup(is_map ? tune_yaml_key(node, i) : tune_yaml_text(item));
        g_array_append_val(out, choice);
    }
    return TRUE;
}

gboolean style_read_sections(const TuneYamlNode *map, guint32 *out, GError **error)
{
    const TuneYamlNode *node = tune_yaml_get(map, "sections");
    g_auto(GStrv) names = NULL;

    if (node == NULL)
        return TRUE;
    if (!tune_yaml_get_strings(map, "sections", &names, error))
        return FALSE;
    for (char **name = names; *name != NULL; name++) {
        TuneSectionRole role;
        if (!tune_section_role_parse(*name, &role))
            return tune_yaml_fail(node, error, "\"%s\" is no kind of section", *name);
        *out |= 1u << role;
    }
    return TRUE;
}

gboolean style_read_weight(const TuneYamlNode *map, double *out, GError **error)
{
    *out = 1.0;
    return tune_yaml_get_double(map, "weight", 0, 1000, out, error);
}

gboolean style_read_metre(const TuneYamlNode *node, TuneMetre *out, GError **error)
{
    if (tune_yaml_kind(node) == TUNE_YAML_SCALAR && tune_metre_parse(tune_yaml_text(node), out))
        return TRUE;
    return tune_yaml_fail(node, error, "\"%s\" is no metre (write it like 3/4)",
                          tune_yaml_text(node));
}

gboolean style_read_mode(const TuneYamlNode *map, gint *side, gint *mode, GError **error)
{
    const char *text = "any";
    TuneMode found;

    *side = *mode = -1;
    if (!tune_yaml_get_string(map, "mode", &text, error))
        return FALSE;
    if (strcmp(text, "any") == 0)
        return TRUE;
    if (!tune_mode_parse(text, &found))
        return tune_yaml_fail(tune_yaml_get(map, "mode"), error,
                              "\"%s\" is no mode (any, major, minor, dorian, ...)", text);
    *side = tune_mode_is_minor(found) ? 1 : 0;
    if (found != TUNE_MODE_MAJOR && found != TUNE_MODE_MINOR)
        *mode = (gint)found;
    return TRUE;
}

/* ---- head ---- */

static const char *const own_keys[] = {
    "name",    "title",   "summary", "words",    "based_on", "exempt", "tempo",   "usual_tempo", "metres",
    "modes",   "keys",    "lift",    "seconds",  "ensemble", "endings", "forms",  "harmony",
    "melody",  "parts",   "textures", "mix",     NULL};

static gboolean check_root(const TuneYamlNode *root, GError **error)
{
    g_autoptr(GPtrArray) allowed = g_ptr_array_new();

    for (gsize i = 0; own_keys[i] != NULL; i++)
        g_ptr_array_add(allowed, (gpointer)own_keys[i]);
    for (gsize i = 0; tune_style_groove_keys[i] != NULL; i++)
        g_ptr_array_add(allowed, (gpointer)tune_style_groove_keys[i]);
    g_ptr_array_add(allowed, NULL);
    return tune_yaml_check_keys(root, (const char *const *)allowed->pdata, error);
}

static gboolean read_metres(const TuneYamlNode *root, TuneStyle *style, GError **error)
{
    const TuneYamlNode *node = tune_yaml_get(root, "metres");

    if (node == NULL || tune_yaml_kind(node) != TUNE_YAML_MAP || tune_yaml_size(node) == 0)
        return tune_yaml_fail(node ? node : root, error, "metres: a map like {4/4: 5, 3/4: 1}");
    for (guint i = 0; i < tune_yaml_size(node); i++) {
        StyleMetre metre;
        if (!tune_metre_parse(tune_yaml_key(node, i), &metre.metre))
            return tune_yaml_fail(tune_yaml_at(node, i), error, "\"%s\" is no metre",
                                  tune_yaml_key(node, i));
        if (!tune_yaml_to_double(tune_yaml_at(node, i), 0, 1000, &metre.weight, error))
            return FALSE;
        g_array_append_val(style->metres, metre);
    }
    return TRUE;
}

static gboolean read_modes(const TuneYamlNode *root, TuneStyle *style, GError **error)
{
    const TuneYamlNode *node = tune_yaml_get(root, "modes");

    if (node == NULL || tune_yaml_kind(node) != TUNE_YAML_MAP || tune_yaml_size(node) == 0)
        return tune_yaml_fail(node ? node : root, error, "modes: a map like {major: 3, minor: 1}");
    for (guint i = 0; i < tune_yaml_size(node); i++) {
        StyleMode mode;
        if (!tune_mode_parse(tune_yaml_key(node, i), &mode.mode))
            return tune_yaml_fail(tune_yaml_at(node, i), error, "\"%s\" is no mode",
                                  tune_yaml_key(node, i));
        if (!tune_yaml_to_double(tune_yaml_at(node, i), 0, 1000, &mode.weight, error))
            return FALSE;
        g_array_append_val(style->modes, mode);
    }
    return TRUE;
}

static gboolean check_tonics(const TuneYamlNode *node, const char *key, GArray *tonics,
                             GError **error)
{
    for (guint i = 0; i < tonics->len; i++) {
        const char *name = g_array_index(tonics, StyleChoice, i).name;
        TuneFifths tonic;
        if (tune_fifths_parse(name, &tonic) != strlen(name))
            return tune_yaml_fail(node, error, "keys.%s: \"%s\" is no note name", key, name);
    }
    return TRUE;
}

static gboolean read_keys(const TuneYamlNode *root, TuneStyle *style, GError **error)
{
    static const char *const allowed[] = {"major", "minor", NULL};
    const TuneYamlNode *node = tune_yaml_get(root, "keys");

    if (node == NULL)
        return TRUE;
    if (!tune_yaml_check_keys(node, allowed, error))
        return FALSE;
    for (gsize i = 0; i < 2; i++)
        if (!style_read_choices(node, allowed[i], style->keys[i], error) ||
            !check_tonics(node, allowed[i], style->keys[i], error))
            return FALSE;
    return TRUE;
}

static gboolean read_endings(const TuneYamlNode *root, TuneStyle *style, GError **error)
{
    const TuneYamlNode *node = tune_yaml_get(root, "endings");

    if (node == NULL) {
        style->endings[TUNE_ENDING_RING] = 1.0;
        return TRUE;
    }
    for (guint i = 0; i < tune_yaml_size(node); i++) {
        TuneEnding ending;
        if (tune_yaml_kind(node) != TUNE_YAML_MAP ||
            !tune_ending_parse(tune_yaml_key(node, i), &ending) || ending == TUNE_ENDING_AUTO ||
            ending == TUNE_ENDING_LOOP)
            return tune_yaml_fail(node, error, "endings: a map of rit, cold, fade, ring, tag, fermata, amen");
        if (!tune_yaml_to_double(tune_yaml_at(node, i), 0, 1000, &style->endings[ending], error))
            return FALSE;
    }
    return TRUE;
}

static gboolean read_text(const TuneYamlNode *root, const char *key, char **out, GError **error)
{
    const char *text = "";

    if (!tune_yaml_get_string(root, key, &text, error))
        return FALSE;
    if (*text == '\0')
        return tune_yaml_fail(root, error, "%s is missing", key);
    *out = g_strdup(text);
    return TRUE;
}

static gboolean read_names(const TuneYamlNode *root, TuneStyle *style, GError **error)
{
    if (!read_text(root, "name", &style->name, error) ||
        !read_text(root, "title", &style->title, error) ||
        !read_text(root, "summary", &style->summary, error) ||
        !tune_yaml_get_strings(root, "words", &style->words, error) ||
        !tune_yaml_get_strings(root, "exempt", &style->exempt, error))
        return FALSE;
    g_autofree char *file = g_path_get_basename(style->path);
    g_autofree char *expected = g_strconcat(style->name, ".yaml", NULL);
    if (strcmp(file, expected) != 0)
        return tune_yaml_fail(root, error, "name \"%s\" must be the file's own name (%s)",
                              style->name, file);
    return TRUE;
}

static gboolean read_tempo(const TuneYamlNode *root, TuneStyle *style, GError **error)
{
    if (tune_yaml_get(root, "tempo") == NULL)
        return tune_yaml_fail(root, error, "tempo is missing: [low, high] in felt beats a minute");
    if (!tune_yaml_get_range(root, "tempo", 20, 300, style->tempo, error))
        return FALSE;
    memcpy(style->usual_tempo, style->tempo, sizeof style->tempo);
    return tune_yaml_get_range(root, "usual_tempo", style->tempo[0], style->tempo[1],
                               style->usual_tempo, error);
}

static gboolean read_sizes(const TuneYamlNode *root, TuneStyle *style, GError **error)
{
    return tune_yaml_get_range(root, "ensemble", 1, 16, style->ensemble, error) &&
           tune_yaml_get_double(root, "lift", 0, 1, &style->lift, error) &&
           tune_yaml_get_double(root, "seconds", 5, 600, &style->seconds, error);
}

/* ---- forms ---- */

static const char *const key_names[STYLE_N_KEYS] = {"home", "dominant", "subdominant", "relative",
                                                    "parallel"};
static const char *const variation_names[STYLE_N_VARIATIONS] = {
    "none",   "ornamented", "running", "triplets", "dotted",
    "syncopated", "chorale", "low",    "high"};

/* The place of the word behind @key in @names; *@out stays when the key is missing. */
static gboolean read_name(const TuneYamlNode *map, const char *key, const char *const *names, gint n,
                          gint *out, GError **error)
{
    const char *text = names[*out];

    if (!tune_yaml_get_string(map, key, &text, error))
        return FALSE;
    for (gint i = 0; i < n; i++)
        if (strcmp(text, names[i]) == 0) {
            *out = i;
            return TRUE;
        }
    g_autoptr(GString) known = g_string_new(NULL);
    for (gint i = 0; i < n; i++)
        g_string_append_printf(known, "%s%s", i > 0 ? ", " : "", names[i]);
    return tune_yaml_fail(tune_yaml_get(map, key), error, "%s: \"%s\" is none of %s", key, text,
                          known->str);
}

/* Key, feel and variation. */
static gboolean read_manner(const TuneYamlNode *node, StyleSection *out, GError **error)
{
    gint key = (gint)out->key, variation = (gint)out->variation;
    const char *feel = "plain";

    if (!read_name(node, "key", key_names, STYLE_N_KEYS, &key, error) ||
        !read_name(node, "variation", variation_names, STYLE_N_VARIATIONS, &variation, error) ||
        !tune_yaml_get_string(node, "feel", &feel, error))
        return FALSE;
    if (!tune_feel_parse(feel, &out->feel))
        return tune_yaml_fail(tune_yaml_get(node, "feel"), error,
                              "feel: \"%s\" is none of plain, half, double", feel);
    out->key = (StyleKey)key;
    out->variation = (StyleVariation)variation;
    return TRUE;
}

static gboolean read_section(const TuneYamlNode *node, StyleSection *out, GError **error)
{
    static const char *const allowed[] = {"role", "bars",  "least",     "phrase", "energy", "material",
                                          "drop", "cycle", "transpose", "texture", "key", "feel", "tempo",
                                          "variation", "trade", NULL};
    const char *role = "", *material = "A", *texture = NULL;

    *out = (StyleSection){.bars = 8, .least = 2, .phrase_bars = 4, .energy = 0.5, .tempo = 1};
    if (!tune_yaml_check_keys(node, allowed, error) ||
        !tune_yaml_get_string(node, "role", &role, error) ||
        !tune_yaml_get_string(node, "material", &material, error) ||
        !tune_yaml_get_string(node, "texture", &texture, error) ||
        !tune_yaml_get_int(node, "bars", 1, 64, &out->bars, error))
        return FALSE;
    out->least = MIN(2, out->bars);
    out->phrase_bars = MIN(4, out->bars);
    if (!tune_section_role_parse(role, &out->role))
        return tune_yaml_fail(node, error, "role: \"%s\" is no kind of section", role);
    if (material[0] < 'A' || material[0] > 'Z' || material[1] != '\0')
        return tune_yaml_fail(node, error, "material: one capital letter is expected");
    out->material = material[0];
    out->texture = g_strdup(texture);
    return tune_yaml_get_int(node, "least", 1, out->bars, &out->least, error) &&
           tune_yaml_get_int(node, "phrase", 1, 16, &out->phrase_bars, error) &&
           tune_yaml_get_double(node, "energy", 0, 1, &out->energy, error) &&
           tune_yaml_get_int(node, "drop", 0, 20, &out->drop, error) &&
           tune_yaml_get_bool(node, "cycle", &out->cycle, error) &&
           tune_yaml_get_int(node, "transpose", -6, 7, &out->transpose, error) &&
           tune_yaml_get_int(node, "trade", 0, 16, &out->trade, error) &&
           tune_yaml_get_double(node, "tempo", 0.5, 2, &out->tempo, error) &&
           read_manner(node, out, error);
}

static void section_clear(gpointer data)
{
    g_free(((StyleSection *)data)->texture);
}

static void form_clear(gpointer data)
{
    StyleForm *form = data;

    g_free(form->name);
    g_clear_pointer(&form->sections, g_array_unref);
}

static gboolean read_form(const TuneYamlNode *node, StyleForm *form, GError **error)
{
    static const char *const allowed[] = {"name", "weight", "sections", NULL};

    if (!tune_yaml_check_keys(node, allowed, error) ||
        !read_text(node, "name", &form->name, error) ||
        !style_read_weight(node, &form->weight, error))
        return FALSE;
    const TuneYamlNode *sections = tune_yaml_get(node, "sections");
    if (sections == NULL || tune_yaml_kind(sections) != TUNE_YAML_LIST ||
        tune_yaml_size(sections) == 0 || tune_yaml_size(sections) > 24)
        return tune_yaml_fail(sections ? sections : node, error,
                              "sections: a list of 1 to 24 sections is expected");
    for (guint i = 0; i < tune_yaml_size(sections); i++) {
        StyleSection section;
        gboolean good = read_section(tune_yaml_at(sections, i), &section, error);
        g_array_append_val(form->sections, section);
        if (!good)
            return FALSE;
    }
    return TRUE;
}

static gboolean read_forms(const TuneYamlNode *root, TuneStyle *style, GError **error)
{
    const TuneYamlNode *node = tune_yaml_get(root, "forms");

    if (node == NULL || tune_yaml_kind(node) != TUNE_YAML_LIST || tune_yaml_size(node) == 0)
        return tune_yaml_fail(node ? node : root, error, "forms: a list of forms is expected");
    for (guint i = 0; i < tune_yaml_size(node); i++) {
        StyleForm form = {NULL, 1.0, g_array_new(FALSE, TRUE, sizeof(StyleSection))};
        g_array_set_clear_func(form.sections, section_clear);
        gboolean good = read_form(tune_yaml_at(node, i), &form, error);
        g_array_append_val(style->forms, form);
        if (!good)
            return FALSE;
    }
    return TRUE;
}

static gboolean has_texture(const TuneStyle *style, const char *name)
{
    for (guint i = 0; i < style->textures->len; i++)
        if (strcmp(g_array_index(style->textures, StyleTexture, i).name, name) == 0)
            return TRUE;
    return FALSE;
}

/* The textures that sections ask for are there. */
static gboolean check_textures(const TuneYamlNode *root, const TuneStyle *style, GError **error)
{
    for (guint f = 0; f < style->forms->len; f++) {
        const GArray *sections = g_array_index(style->forms, StyleForm, f).sections;
        for (guint i = 0; i < sections->len; i++) {
            const char *name = g_array_index(sections, StyleSection, i).texture;
            if (name != NULL && !has_texture(style, name))
                return tune_yaml_fail(tune_yaml_get(root, "forms"), error,
                                      "forms: there is no texture \"%s\"", name);
        }
    }
    return TRUE;
}

/* ---- parts ---- */

static void part_clear(gpointer data)
{
    StylePart *part = data;

    g_free(part->id);
    g_free(part->name);
    g_free(part->doubles);
    g_clear_pointer(&part->instruments, g_array_unref);
}

static gboolean read_part_mix(const TuneYamlNode *node, StylePart *part, GError **error)
{
    return tune_yaml_get_double(node, "level", -40, 12, &part->level_db, error) &&
           tune_yaml_get_double(node, "pan", -1, 1, &part->pan, error) &&
           tune_yaml_get_double(node, "reverb", 0, 1, &part->reverb, error) &&
           tune_yaml_get_double(node, "delay", 0, 1, &part->delay, error) &&
           tune_yaml_get_double(node, "chorus", 0, 1, &part->chorus, error) &&
           tune_yaml_get_double(node, "high_pass", 0, 2000, &part->high_pass_hz, error) &&
           tune_yaml_get_double(node, "duck", 0, 1, &part->duck, error) &&
           tune_yaml_get_double(node, "drive", 0, 1, &part->drive, error) &&
           tune_yaml_get_double(node, "low", -18, 18, &part->low_db, error) &&
           tune_yaml_get_double(node, "mid", -18, 18, &part->mid_db, error) &&
           tune_yaml_get_double(node, "mid_hz", 100, 12000, &part->mid_hz, error) &&
           tune_yaml_get_double(node, "high", -18, 18, &part->high_db, error) &&
           tune_yaml_get_double(node, "compress", 0, 1, &part->compress, error);
}

static gboolean read_part_modes(const TuneYamlNode *node, guint32 *out, GError **error)
{
    g_auto(GStrv) names = NULL;

    if (!tune_yaml_get_strings(node, "modes", &names, error))
        return FALSE;
    for (gint i = 0; names != NULL && names[i] != NULL; i++) {
        TuneMode mode;
        if (!tune_mode_parse(names[i], &mode))
            return tune_yaml_fail(tune_yaml_get(node, "modes"), error, "\"%s\" is no mode",
                                  names[i]);
        *out |= 1u << mode;
    }
    return TRUE;
}

static gboolean read_follows(const TuneYamlNode *node, StyleFollows *out, GError **error)
{
    static const char *const names[STYLE_N_FOLLOWS] = {"nobody", "unison", "thirds", "heterophony",
                                                       "answer"};
    const char *text = names[0];

    if (!tune_yaml_get_string(node, "follows", &text, error))
        return FALSE;
    for (gsize i = 0; i < G_N_ELEMENTS(names); i++)
        if (strcmp(names[i], text) == 0) {
            *out = (StyleFollows)i;
            return TRUE;
        }
    return tune_yaml_fail(tune_yaml_get(node, "follows"), error,
                          "follows: nobody, unison, thirds, heterophony or answer");
}

static gint part_index(const TuneStyle *style, const char *id)
{
    for (guint i = 0; i < style->parts->len; i++)
        if (g_strcmp0(g_array_index(style->parts, StylePart, i).id, id) == 0)
            return (gint)i;
    return -1;
}

static gboolean read_effect(const TuneYamlNode *node, StylePart *part, GError **error)
{
    const TuneYamlNode *place = tune_yaml_get(node, "place");

    if (!tune_yaml_get_int(node, "bars", 1, 32, &part->bars, error))
        return FALSE;
    part->place = -1;
    if (place == NULL)
        return TRUE;
    if (part->role != TUNE_ROLE_FX)
        return tune_yaml_fail(place, error, "place: only parts with role fx have one");
    for (gint i = 0; tune_effect_place_names[i] != NULL; i++)
        if (g_strcmp0(tune_effect_place_names[i], tune_yaml_text(place)) == 0)
            part->place = i;
    return part->place >= 0 || tune_yaml_fail(place, error, "place: \"%s\" is none of rise, hit, fall, bed",
                                              tune_yaml_text(place));
}

static gboolean read_part(const TuneYamlNode *node, const TuneStyle *style, StylePart *part,
                          GError **error)
{
    static const char *const allowed[] = {
        "id",     "place", "bars", "low", "mid", "mid_hz", "high", "compress",     "role",  "instruments", "register", "enters_at", "leaves_at", "chance",
        "rank",   "level", "pan",         "reverb",   "delay",     "chorus",    "high_pass",
        "duck",   "drive", "sections",    "after",    "voices",    "modes",     "follows",
        "name",   "doubles", "interval",  NULL};
    const char *role = "", *name = NULL, *doubles = NULL;
    double range[2] = {0, 127};

    if (!tune_yaml_check_keys(node, allowed, error) || !read_text(node, "id", &part->id, error) ||
        !tune_yaml_get_string(node, "role", &role, error))
        return FALSE;
    if (part_index(style, part->id) >= 0)
        return tune_yaml_fail(node, error, "the part \"%s\" stands twice", part->id);
    if (!tune_role_parse(role, &part->role))
        return tune_yaml_fail(node, error,
                              "role: \"%s\" is none of lead, counter, comp, arp, pad, bass, drums, "
                              "perc, fx",
                              role);
    if (!style_read_choices(node, "instruments", part->instruments, error) ||
        !tune_yaml_get_range(node, "register", 0, 127, range, error))
        return FALSE;
    if (part->instruments->len == 0)
        return tune_yaml_fail(node, error, "instruments: at least one is expected");
    part->low = (gint)range[0];
    part->high = (gint)range[1];
    if (!tune_yaml_get_string(node, "name", &name, error) ||
        !tune_yaml_get_string(node, "doubles", &doubles, error) ||
        !tune_yaml_get_int(node, "interval", -36, 36, &part->interval, error))
        return FALSE;
    if (doubles != NULL && part_index(style, doubles) < 0)
        return tune_yaml_fail(node, error, "doubles: no part above is called \"%s\"", doubles);
    part->name = g_strdup(name);
    part->doubles = g_strdup(doubles);
    return tune_yaml_get_double(node, "enters_at", 0, 1, &part->enters_at, error) &&
           tune_yaml_get_double(node, "leaves_at", 0, 2, &part->leaves_at, error) &&
           tune_yaml_get_double(node, "chance", 0, 1, &part->chance, error) &&
           tune_yaml_get_int(node, "rank", 1, 20, &part->rank, error) &&
           tune_yaml_get_int(node, "after", 0, 32, &part->after, error) &&
           read_effect(node, part, error) &&
           tune_yaml_get_int(node, "voices", 1, 8, &part->voices, error) &&
           style_read_sections(node, &part->sections, error) &&
           read_part_modes(node, &part->modes, error) &&
           read_follows(node, &part->follows, error) && read_part_mix(node, part, error);
}

static gboolean read_parts(const TuneYamlNode *root, TuneStyle *style, GError **error)
{
    const TuneYamlNode *node = tune_yaml_get(root, "parts");

    if (node == NULL || tune_yaml_kind(node) != TUNE_YAML_LIST || tune_yaml_size(node) == 0 ||
        tune_yaml_size(node) > 24)
        return tune_yaml_fail(node ? node : root, error, "parts: a list of 1 to 24 is expected");
    for (guint i = 0; i < tune_yaml_size(node); i++) {
        StylePart part = {.instruments = style_choices_new(), .chance = 1.0, .rank = 5,
                          .leaves_at = 2.0, .reverb = 0.2, .high = 127};
        gboolean good = read_part(tune_yaml_at(node, i), style, &part, error);
        g_array_append_val(style->parts, part);
        if (!good)
            return FALSE;
    }
    return TRUE;
}

static gboolean read_mix(const TuneYamlNode *root, TuneStyle *style, GError **error)
{
    static const char *const allowed[] = {"reverb_seconds", "delay_beats", "delay_feedback", "bus_drive", "brightness",
                                          NULL};
    const TuneYamlNode *node = tune_yaml_get(root, "mix");
    StyleMix *mix = &style->mix;

    *mix = (StyleMix){.reverb_seconds = 1.5, .bus_drive = 0.4};
    if (node == NULL)
        return TRUE;
    return tune_yaml_check_keys(node, allowed, error) &&
           tune_yaml_get_double(node, "reverb_seconds", 0.2, 8, &mix->reverb_seconds, error) &&
           tune_yaml_get_double(node, "delay_beats", 0, 4, &mix->delay_beats, error) &&
           tune_yaml_get_double(node, "delay_feedback", 0, 0.8, &mix->delay_feedback, error) &&
           tune_yaml_get_double(node, "bus_drive", 0, 1, &mix->bus_drive, error) &&
           tune_yaml_get_double(node, "brightness", -1, 1, &mix->brightness, error);
}

/* ---- the whole ---- */

static TuneStyle *style_new(const char *path)
{
    TuneStyle *style = g_new0(TuneStyle, 1);

    g_mutex_init(&style->lock);
    style->path = g_strdup(path);
    style->seconds = 120;
    style->ensemble[0] = 3;
    style->ensemble[1] = 8;
    style->metres = g_array_new(FALSE, TRUE, sizeof(StyleMetre));
    style->modes = g_array_new(FALSE, TRUE, sizeof(StyleMode));
    style->keys[0] = style_choices_new();
    style->keys[1] = style_choices_new();
    style->forms = g_array_new(FALSE, TRUE, sizeof(StyleForm));
    g_array_set_clear_func(style->forms, form_clear);
    style->parts = g_array_new(FALSE, TRUE, sizeof(StylePart));
    g_array_set_clear_func(style->parts, part_clear);
    style->textures = style_textures_new();
    style_harmony_init(&style->harmony);
    style_melody_init(&style->melody);
    return style;
}

void style_free(TuneStyle *style)
{
    g_mutex_clear(&style->lock);
    g_free(style->path);
    g_free(style->hash);
    g_free(style->name);
    g_free(style->title);
    g_free(style->summary);
    g_strfreev(style->words);
    g_strfreev(style->exempt);
    g_array_unref(style->metres);
    g_array_unref(style->modes);
    g_array_unref(style->keys[0]);
    g_array_unref(style->keys[1]);
    g_array_unref(style->forms);
    g_array_unref(style->parts);
    g_array_unref(style->textures);
    style_harmony_clear(&style->harmony);
    style_melody_clear(&style->melody);
    tune_style_groove_clear(&style->grooves);
    g_free(style);
}

static gboolean check_keys(const TuneYamlNode *root, TuneStyle *style, GError **error)
{
    return check_root(root, error);
}

static gboolean read_harmony(const TuneYamlNode *root, TuneStyle *style, GError **error)
{
    const TuneYamlNode *harmony = tune_yaml_get(root, "harmony");

    return harmony != NULL ? style_harmony_read(harmony, &style->harmony, error)
                           : tune_yaml_fail(root, error, "harmony is missing");
}

static gboolean read_melody(const TuneYamlNode *root, TuneStyle *style, GError **error)
{
    const TuneYamlNode *melody = tune_yaml_get(root, "melody");

    return melody != NULL ? style_melody_read(melody, &style->melody, error)
                          : tune_yaml_fail(root, error, "melody is missing");
}

static gboolean read_grooves(const TuneYamlNode *root, TuneStyle *style, GError **error)
{
    return tune_style_groove_parse(root, &style->grooves, error);
}

static gboolean read_textures(const TuneYamlNode *root, TuneStyle *style, GError **error)
{
    return style_textures_read(root, style->parts, style->textures, error) &&
           check_textures(root, style, error);
}

/* The blocks of a file in the order of their reading.  Each can be read without the others. */
typedef gboolean (*ReadBlock)(const TuneYamlNode *root, TuneStyle *style, GError **error);
static const ReadBlock head_blocks[] = {check_keys,  read_names, read_tempo, read_sizes,
                                        read_metres, read_modes, read_keys,  read_endings};
static const ReadBlock rest_blocks[] = {check_keys,  read_forms, read_harmony, read_melody,
                                        read_parts,  read_textures, read_mix, read_grooves};

static gboolean read_blocks(const ReadBlock *blocks, gsize n, const TuneYamlNode *root,
                            TuneStyle *style, GError **error)
{
    for (gsize i = 0; i < n; i++)
        if (!blocks[i](root, style, error))
            return FALSE;
    return TRUE;
}

TuneStyle *style_read_head(const char *path, GError **error)
{
    g_autoptr(TuneYaml) doc = style_source_load(path, TRUE, NULL, error);

    if (doc == NULL)
        return NULL;
    TuneStyle *style = style_new(path);
    if (!read_blocks(head_blocks, G_N_ELEMENTS(head_blocks), tune_yaml_root(doc), style, error)) {
        style_free(style);
        return NULL;
    }
    if (style->words == NULL)
        style->words = g_new0(char *, 1);
    if (style->exempt == NULL)
        style->exempt = g_new0(char *, 1);
    return style;
}

/* What was read before a complaint. */
static void forget_rest(TuneStyle *style)
{
    g_array_set_size(style->forms, 0);
    g_array_set_size(style->parts, 0);
    g_array_set_size(style->textures, 0);
    style_harmony_clear(&style->harmony);
    style_harmony_init(&style->harmony);
    style_melody_clear(&style->melody);
    style_melody_init(&style->melody);
    tune_style_groove_clear(&style->grooves);
    style->grooves = (StyleGrooves){0};
}

gboolean style_read_rest(TuneStyle *style, GError **error)
{
    g_autofree char *hash = NULL;
    g_autoptr(TuneYaml) doc = style_source_load(style->path, FALSE, &hash, error);

    if (doc == NULL)
        return FALSE;
    if (!read_blocks(rest_blocks, G_N_ELEMENTS(rest_blocks), tune_yaml_root(doc), style, error)) {
        forget_rest(style);
        return FALSE;
    }
    style->hash = g_steal_pointer(&hash);
    g_atomic_int_set(&style->is_whole, TRUE);
    return TRUE;
}

TuneStyle *style_read(const char *path, GError **error)
{
    TuneStyle *style = style_read_head(path, error);

    if (style != NULL && !style_read_rest(style, error))
        g_clear_pointer(&style, style_free);
    return style;
}

gboolean style_check_block(const char *path, const TuneYaml *doc, guint block, gboolean *is_there,
                           GError **error)
{
    gsize n_head = G_N_ELEMENTS(head_blocks), at = block < n_head ? block : block - n_head + 1;
    const ReadBlock *blocks = block < n_head ? head_blocks : rest_blocks;

    *is_there = block < n_head || at < G_N_ELEMENTS(rest_blocks);
    if (!*is_there)
        return TRUE;
    TuneStyle *style = style_new(path);
    /* Textures name parts, whose own mistakes are told elsewhere. */
    if (blocks[at] == read_textures)
        (void)read_parts(tune_yaml_root(doc), style, NULL);
    gboolean good = blocks[at](tune_yaml_root(doc), style, error);
    style_free(style);
    return good;
}
