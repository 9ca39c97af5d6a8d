/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The block `harmony:` of a style file.
 */
#include "brief/style-private.h"

#include <string.h>

static void progression_clear(gpointer data)
{
    StyleProgression *progression = data;

    g_clear_pointer(&progression->numerals, g_ptr_array_unref);
    g_clear_pointer(&progression->beats, g_array_unref);
}

static void cadence_clear(gpointer data)
{
    g_clear_pointer(&((StyleCadence *)data)->numerals, g_ptr_array_unref);
}

static void move_clear(gpointer data)
{
    StyleMove *move = data;

    g_free(move->from);
    g_clear_pointer(&move->to, g_array_unref);
}

static GArray *array_new(guint size, GDestroyNotify clear)
{
    GArray *out = g_array_new(FALSE, TRUE, size);

    g_array_set_clear_func(out, clear);
    return out;
}

G_STATIC_ASSERT(sizeof(StyleMove) == sizeof(StyleDress));

void style_harmony_init(StyleHarmony *harmony)
{
    for (gint i = 0; i < TUNE_N_SECTIONS; i++)
        harmony->chords_per_bar[i] = 1.0;
    harmony->loops = 0.5;
    harmony->colour = 0.3;
    harmony->inversion = 0.3;
    harmony->scale_share = 0.98;
    harmony->progressions = array_new(sizeof(StyleProgression), progression_clear);
    harmony->cadences = array_new(sizeof(StyleCadence), cadence_clear);
    for (gint i = 0; i < 2; i++) {
        harmony->moves[i] = array_new(sizeof(StyleMove), move_clear);
        harmony->dress[i] = array_new(sizeof(StyleDress), move_clear);
    }
}

void style_harmony_clear(StyleHarmony *harmony)
{
    g_array_unref(harmony->progressions);
    g_array_unref(harmony->cadences);
    for (gint i = 0; i < 2; i++) {
        g_array_unref(harmony->moves[i]);
        g_array_unref(harmony->dress[i]);
    }
}

static gboolean check_numeral(const TuneYamlNode *node, const char *text, GError **error)
{
    static const TuneKey c = {0, TUNE_MODE_MAJOR};
    TuneChord chord;

    if (tune_chord_parse_roman(text, c, &chord))
        return TRUE;
    return tune_yaml_fail(node, error, "\"%s\" is no Roman numeral (like ii7, V7/V or bVII)", text);
}

/* "I V | vi IV | % | V7": bars, chords sharing a bar evenly, % for the bar before again. */
static gboolean read_bar(const TuneYamlNode *node, char *bar, StyleProgression *out, GError **error)
{
    g_auto(GStrv) words = g_strsplit_set(g_strstrip(bar), " \t\n", -1);
    guint n = 0;

    for (char **word = words; *word != NULL; word++)
        n += **word != '\0';
    if (n == 0 || n > 8)
        return tune_yaml_fail(node, error, "chords: a bar holds 1 to 8 chords");
    double share = 1.0 / n;
    for (char **word = words; *word != NULL; word++) {
        if (**word == '\0')
            continue;
        if (strcmp(*word, "%") == 0 && out->beats->len > 0) {
            g_array_index(out->beats, double, out->beats->len - 1) += share;
            continue;
        }
        if (!check_numeral(node, *word, error))
            return FALSE;
        g_ptr_array_add(out->numerals, g_strdup(*word));
        g_array_append_val(out->beats, share);
    }
    return TRUE;
}

static gboolean read_progression(const TuneYamlNode *node, StyleProgression *out, GError **error)
{
    static const char *const allowed[] = {"mode", "sections", "weight", "chords", "whole", NULL};
    const char *chords = "";
    gint side;

    if (!tune_yaml_check_keys(node, allowed, error) ||
        !style_read_mode(node, &side, &out->mode, error) ||
        !style_read_sections(node, &out->roles, error) ||
        !style_read_weight(node, &out->weight, error) ||
        !tune_yaml_get_bool(node, "whole", &out->whole, error) ||
        !tune_yaml_get_string(node, "chords", &chords, error))
        return FALSE;
    out->any_mode = side < 0;
    out->minor = side > 0;
    if (*chords == '\0')
        return tune_yaml_fail(node, error, "chords: bars of numerals divided by | are expected");
    g_auto(GStrv) bars = g_strsplit(chords, "|", -1);
    for (char **bar = bars; *bar != NULL; bar++) {
        if (!read_bar(node, *bar, out, error))
            return FALSE;
        out->bars++;
    }
    return TRUE;
}

static gboolean read_progressions(const TuneYamlNode *root, StyleHarmony *harmony, GError **error)
{
    const TuneYamlNode *node = tune_yaml_get(root, "progressions");

    if (node == NULL)
        return TRUE;
    if (tune_yaml_kind(node) != TUNE_YAML_LIST)
        return tune_yaml_fail(node, error, "progressions: a list is expected");
    for (guint i = 0; i < tune_yaml_size(node); i++) {
        StyleProgression progression = {.mode = -1, .numerals = g_ptr_array_new_with_free_func(g_free),
                                        .beats = g_array_new(FALSE, FALSE, sizeof(double))};
        gboolean good = read_progression(tune_yaml_at(node, i), &progression, error);
        g_array_append_val(harmony->progressions, progression);
        if (!good)
            return FALSE;
    }
    return TRUE;
}

static gboolean read_cadence(const TuneYamlNode *node, StyleCadence *out, GError **error)
{
    static const char *const allowed[] = {"kind", "mode", "chords", "weight", NULL};
    static const char *const kinds[] = {"authentic", "half", "plagal", "deceptive", "turn"};
    const char *kind = "", *chords = "";
    gint side, mode;

    if (!tune_yaml_check_keys(node, allowed, error) ||
        !tune_yaml_get_string(node, "kind", &kind, error) ||
        !tune_yaml_get_string(node, "chords", &chords, error) ||
        !style_read_mode(node, &side, &mode, error) || !style_read_weight(node, &out->weight, error))
        return FALSE;
    out->minor = side > 0;
    gsize k = 0;
    while (k < G_N_ELEMENTS(kinds) && strcmp(kinds[k], kind) != 0)
        k++;
    if (k == G_N_ELEMENTS(kinds))
        return tune_yaml_fail(node, error, "kind: authentic, half, plagal, deceptive or turn");
    out->kind = (StyleCadenceKind)k;
    g_auto(GStrv) words = g_strsplit(chords, " ", -1);
    for (char **word = words; *word != NULL; word++) {
        if (**word == '\0')
            continue;
        if (!check_numeral(node, *word, error))
            return FALSE;
        g_ptr_array_add(out->numerals, g_strdup(*word));
    }
    if (out->numerals->len == 0 || out->numerals->len > 8)
        return tune_yaml_fail(node, error, "chords: 1 to 8 numerals are expected");
    return TRUE;
}

static gboolean read_cadences(const TuneYamlNode *root, StyleHarmony *harmony, GError **error)
{
    const TuneYamlNode *node = tune_yaml_get(root, "cadences");

    if (node == NULL || tune_yaml_kind(node) != TUNE_YAML_LIST)
        return tune_yaml_fail(node ? node : root, error, "cadences: a list is expected");
    for (guint i = 0; i < tune_yaml_size(node); i++) {
        StyleCadence cadence = {.numerals = g_ptr_array_new_with_free_func(g_free)};
        gboolean good = read_cadence(tune_yaml_at(node, i), &cadence, error);
        g_array_append_val(harmony->cadences, cadence);
        if (!good)
            return FALSE;
    }
    return TRUE;
}

/* {NUMERAL: {NUMERAL: WEIGHT}} for one mode. */
static gboolean read_table(const TuneYamlNode *node, GArray *out, GError **error)
{
    if (tune_yaml_kind(node) != TUNE_YAML_MAP)
        return tune_yaml_fail(node, error, "a map NUMERAL: {NUMERAL: WEIGHT} is expected");
    for (guint i = 0; i < tune_yaml_size(node); i++) {
        StyleMove move = {g_strdup(tune_yaml_key(node, i)), style_choices_new()};
        const TuneYamlNode *line = tune_yaml_at(node, i);
        gboolean good = check_numeral(line, move.from, error) &&
                        style_read_choices(node, move.from, move.to, error);
        for (guint k = 0; good && k < move.to->len; k++)
            good = check_numeral(line, g_array_index(move.to, StyleChoice, k).name, error);
        g_array_append_val(out, move);
        if (!good)
            return FALSE;
    }
    return TRUE;
}

static gboolean read_tables(const TuneYamlNode *root, const char *key, GArray *const out[2],
                            GError **error)
{
    static const char *const allowed[] = {"major", "minor", NULL};
    const TuneYamlNode *node = tune_yaml_get(root, key);

    if (node == NULL)
        return TRUE;
    if (!tune_yaml_check_keys(node, allowed, error))
        return FALSE;
    for (gsize i = 0; i < 2; i++) {
        const TuneYamlNode *table = tune_yaml_get(node, allowed[i]);
        if (table != NULL && !read_table(table, out[i], error))
            return FALSE;
    }
    return TRUE;
}

static gboolean read_rates(const TuneYamlNode *root, StyleHarmony *harmony, GError **error)
{
    const TuneYamlNode *node = tune_yaml_get(root, "chords_per_bar");

    if (node == NULL)
        return TRUE;
    if (tune_yaml_kind(node) != TUNE_YAML_MAP)
        return tune_yaml_fail(node, error, "chords_per_bar: a map SECTION: NUMBER is expected");
    double usual = 1.0;
    if (!tune_yaml_get_double(node, "default", 0.125, 4, &usual, error))
        return FALSE;
    for (gint i = 0; i < TUNE_N_SECTIONS; i++)
        harmony->chords_per_bar[i] = usual;
    for (guint i = 0; i < tune_yaml_size(node); i++) {
        TuneSectionRole role;
        if (strcmp(tune_yaml_key(node, i), "default") == 0)
            continue;
        if (!tune_section_role_parse(tune_yaml_key(node, i), &role))
            return tune_yaml_fail(tune_yaml_at(node, i), error, "\"%s\" is no kind of section",
                                  tune_yaml_key(node, i));
        if (!tune_yaml_to_double(tune_yaml_at(node, i), 0.125, 4, &harmony->chords_per_bar[role],
                                 error))
            return FALSE;
    }
    return TRUE;
}

gboolean style_harmony_read(const TuneYamlNode *node, StyleHarmony *harmony, GError **error)
{
    static const char *const allowed[] = {
        "chords_per_bar", "loops",    "progressions", "moves",   "cadences", "dress",
        "colour",         "secondary", "mixture",     "two_five", "tritone",  "inversion",
        "pedal",          "picardy",  "suspended",    "scale_share", NULL};

    return tune_yaml_check_keys(node, allowed, error) && read_rates(node, harmony, error) &&
           tune_yaml_get_double(node, "loops", 0, 1, &harmony->loops, error) &&
           tune_yaml_get_double(node, "colour", 0, 1, &harmony->colour, error) &&
           tune_yaml_get_double(node, "secondary", 0, 1, &harmony->secondary, error) &&
           tune_yaml_get_double(node, "mixture", 0, 1, &harmony->mixture, error) &&
           tune_yaml_get_double(node, "two_five", 0, 1, &harmony->two_five, error) &&
           tune_yaml_get_double(node, "tritone", 0, 1, &harmony->tritone, error) &&
           tune_yaml_get_double(node, "inversion", 0, 1, &harmony->inversion, error) &&
           tune_yaml_get_double(node, "pedal", 0, 1, &harmony->pedal, error) &&
           tune_yaml_get_double(node, "picardy", 0, 1, &harmony->picardy, error) &&
           tune_yaml_get_double(node, "suspended", 0, 1, &harmony->suspended, error) &&
           tune_yaml_get_double(node, "scale_share", 0.5, 1, &harmony->scale_share, error) &&
           read_progressions(node, harmony, error) && read_cadences(node, harmony, error) &&
           read_tables(node, "moves", harmony->moves, error) &&
           read_tables(node, "dress", harmony->dress, error);
}
