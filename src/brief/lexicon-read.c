/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Reading a lexicon file.  Two forms of block: a map from a name to what it means (genres, moods, tempos,
 * tags, groups, generics, phrases, artists, alone) and a map from a name to its words (sections, modes, units, numbers,
 * ordinals, roles, negations) or words alone (stop, ordinary).  Words are a list or, quicker, one text with
 * commas.
 */
#include "brief/lexicon.h"
#include "base/yaml.h"

#include <string.h>

static const char *const unit_names[UNIT_N] = {"bpm",   "second", "minute", "hour",   "bar",
                                               "beat",  "time",   "key",    "tempo",  "chords",
                                               "length", "half",  "title",  "solo",   "only",
                                               "about"};
static const char *const negation_names[] = {"no", "without", "not"};
static const char *const shape_names[] = {"auto", "build", "fall", "arch", "flat"};
static const char *const curve_names[] = {"steady",   "speed-up-end", "slow-down-end",
                                          "speed-up", "slow-down",    "half-time"};

static gboolean index_of(const char *text, const char *const *names, gsize n, gint *out)
{
    for (gsize i = 0; i < n; i++)
        if (strcmp(text, names[i]) == 0) {
            *out = (gint)i;
            return TRUE;
        }
    return FALSE;
}

/* ---- blocks of words ---- */

static gboolean named_value(const TuneYamlNode *node, LexiconEntry *entry, GError **error)
{
    gint value = 0;
    TuneSectionRole section;
    TuneRole role;

    switch (entry->kind) {
    case LEXICON_SECTION:
        if (!tune_section_role_parse(entry->name, &section))
            return tune_yaml_fail(node, error, "\"%s\" is no section", entry->name);
        entry->section = section;
        return TRUE;
    case LEXICON_MODE:
        if (!tune_mode_parse(entry->name, &entry->mode))
            return tune_yaml_fail(node, error, "\"%s\" is no mode", entry->name);
        entry->has_mode = TRUE;
        return TRUE;
    case LEXICON_ROLE:
        if (!tune_role_parse(entry->name, &role))
            return tune_yaml_fail(node, error, "\"%s\" is no role", entry->name);
        entry->value = role;
        return TRUE;
    case LEXICON_UNIT:
        if (!index_of(entry->name, unit_names, UNIT_N, &value))
            return tune_yaml_fail(node, error, "\"%s\" is no unit", entry->name);
        entry->value = value;
        return TRUE;
    case LEXICON_NEGATION:
        if (!index_of(entry->name, negation_names, G_N_ELEMENTS(negation_names), &value))
            return tune_yaml_fail(node, error, "\"%s\" is no negation", entry->name);
        entry->value = value;
        return TRUE;
    default: {
        char *end = NULL;
        entry->value = g_ascii_strtod(entry->name, &end);
        return end != entry->name ||
               tune_yaml_fail(node, error, "\"%s\" is no number", entry->name);
    }
    }
}

static void add_words(TuneVocabulary *self, const TuneYamlNode *list, LexiconEntry *entry)
{
    /* One text with commas is read several times faster than a list. */
    if (tune_yaml_kind(list) == TUNE_YAML_SCALAR) {
        g_auto(GStrv) words = g_strsplit(tune_yaml_text(list), ",", -1);
        for (guint i = 0; words[i] != NULL; i++)
            tune_lexicon_add_phrase(self, words[i], entry, FALSE);
    }
    for (guint i = 0; i < tune_yaml_size(list); i++)
        tune_lexicon_add_phrase(self, tune_yaml_text(tune_yaml_at(list, i)), entry, FALSE);
}

static gboolean read_word_block(TuneVocabulary *self, const TuneYamlNode *block, LexiconKind kind,
                                GError **error)
{
    if (kind == LEXICON_STOP || kind == LEXICON_ORDINARY) {
        LexiconEntry *entry = tune_lexicon_entry_new(self, kind, "");
        add_words(self, block, entry);
        return TRUE;
    }
    for (guint i = 0; i < tune_yaml_size(block); i++) {
        LexiconEntry *entry = tune_lexicon_entry_new(self, kind, tune_yaml_key(block, i));
        if (!named_value(block, entry, error))
            return FALSE;
        add_words(self, tune_yaml_at(block, i), entry);
    }
    return TRUE;
}

/* ---- blocks of meanings ---- */

static gboolean read_feel(const TuneYamlNode *map, LexiconEntry *entry, GError **error)
{
    const TuneYamlNode *node = tune_yaml_get(map, "feel");
    double *const values[] = {&entry->valence, &entry->arousal, &entry->tension};

    if (node == NULL)
        return TRUE;
    if (tune_yaml_kind(node) != TUNE_YAML_LIST || tune_yaml_size(node) != 3)
        return tune_yaml_fail(node, error, "\"feel\" is [valence, arousal, tension]");
    for (guint i = 0; i < 3; i++)
        if (!tune_yaml_to_double(tune_yaml_at(node, i), -1, 1, values[i], error))
            return FALSE;
    entry->has_mood = TRUE;
    return TRUE;
}

static gboolean read_music(const TuneYamlNode *map, LexiconEntry *entry, GError **error)
{
    const char *metre = NULL, *mode = NULL;
    double tempo[2] = {0, 0};

    if (!tune_yaml_get_range(map, "tempo", 20, 400, tempo, error) ||
        !tune_yaml_get_string(map, "metre", &metre, error) ||
        !tune_yaml_get_string(map, "mode", &mode, error))
        return FALSE;
    entry->tempo_low = tempo[0];
    entry->tempo_high = tempo[1];
    entry->has_metre = metre != NULL;
    entry->has_mode = mode != NULL;
    if (metre != NULL && !tune_metre_parse(metre, &entry->metre))
        return tune_yaml_fail(tune_yaml_get(map, "metre"), error, "\"%s\" is no metre", metre);
    if (mode != NULL && !tune_mode_parse(mode, &entry->mode))
        return tune_yaml_fail(tune_yaml_get(map, "mode"), error, "\"%s\" is no mode", mode);
    return TRUE;
}

static gboolean read_shape(const TuneYamlNode *map, LexiconEntry *entry, GError **error)
{
    const char *ending = NULL, *shape = NULL, *curve = NULL;
    gint value = 0;

    if (!tune_yaml_get_string(map, "ending", &ending, error) ||
        !tune_yaml_get_string(map, "shape", &shape, error) ||
        !tune_yaml_get_string(map, "curve", &curve, error))
        return FALSE;
    entry->has_ending = ending != NULL;
    if (ending != NULL && !tune_ending_parse(ending, &entry->ending))
        return tune_yaml_fail(tune_yaml_get(map, "ending"), error, "\"%s\" is no ending", ending);
    if (shape != NULL) {
        if (!index_of(shape, shape_names, G_N_ELEMENTS(shape_names), &value))
            return tune_yaml_fail(tune_yaml_get(map, "shape"), error, "\"%s\" is no shape", shape);
        entry->shape = (TuneEnergyShape)value;
    }
    if (curve != NULL) {
        if (!index_of(curve, curve_names, G_N_ELEMENTS(curve_names), &value))
            return tune_yaml_fail(tune_yaml_get(map, "curve"), error, "\"%s\" is no curve", curve);
        entry->curve = (TuneTempoCurve)value;
    }
    return TRUE;
}

static gboolean read_switches(const TuneYamlNode *map, LexiconEntry *entry, GError **error)
{
    return tune_yaml_get_bool(map, "loop", &entry->loop, error) &&
           tune_yaml_get_bool(map, "blues", &entry->blues, error) &&
           tune_yaml_get_bool(map, "no_drums", &entry->no_drums, error) &&
           tune_yaml_get_bool(map, "no_vocals", &entry->no_vocals, error) &&
           tune_yaml_get_bool(map, "no_bass", &entry->no_bass, error) &&
           tune_yaml_get_bool(map, "only", &entry->only, error) &&
           tune_yaml_get_bool(map, "by_style", &entry->by_style, error);
}

/* [violin 2, viola, cello] */
static gboolean read_members(const TuneVocabulary *self, const TuneYamlNode *map,
                             LexiconEntry *entry, GError **error)
{
    const TuneYamlNode *list = tune_yaml_get(map, "members");

    for (guint i = 0; list != NULL && i < tune_yaml_size(list); i++) {
        const TuneYamlNode *node = tune_yaml_at(list, i);
        g_auto(GStrv) parts = g_strsplit(tune_yaml_text(node), " ", 2);
        if (parts[0] == NULL || tune_instruments_find(self->instruments, parts[0]) == NULL)
            return tune_yaml_fail(node, error, "\"%s\" is no instrument", tune_yaml_text(node));
        LexiconMember member = {g_strdup(parts[0]), 1};
        if (parts[1] != NULL)
            member.count = (guint)CLAMP(g_ascii_strtoll(parts[1], NULL, 10), 1, 16);
        g_array_append_val(entry->members, member);
    }
    return TRUE;
}

/* {default: electric-bass, jazz: upright-bass} */
static gboolean read_choices(const TuneVocabulary *self, const TuneYamlNode *map,
                             LexiconEntry *entry, GError **error)
{
    const TuneYamlNode *choose = tune_yaml_get(map, "choose");

    for (guint i = 0; choose != NULL && i < tune_yaml_size(choose); i++) {
        const char *style = tune_yaml_key(choose, i);
        const TuneYamlNode *node = tune_yaml_at(choose, i);
        if (style == NULL || tune_instruments_find(self->instruments, tune_yaml_text(node)) == NULL)
            return tune_yaml_fail(node, error, "\"%s\" is no instrument", tune_yaml_text(node));
        LexiconChoice choice = {g_strdup(strcmp(style, "default") == 0 ? "" : style),
                                g_strdup(tune_yaml_text(node))};
        g_array_append_val(entry->choices, choice);
    }
    return TRUE;
}

static gboolean read_names(const TuneVocabulary *self, const TuneYamlNode *map,
                           LexiconEntry *entry, GError **error)
{
    const char *style = NULL, *family = NULL, *form = NULL, *is = NULL;
    gboolean is_genre = entry->kind == LEXICON_GENRE;

    if (!tune_yaml_get_string(map, is_genre ? "nearest" : "style", &style, error) ||
        !tune_yaml_get_string(map, "is", &is, error) ||
        !tune_yaml_get_string(map, "family", &family, error) ||
        !tune_yaml_get_string(map, "form", &form, error) ||
        !tune_yaml_get_strings(map, "tags", &entry->tags, error))
        return FALSE;
    entry->style = g_strdup(style);
    if (is != NULL && self->styles != NULL)
        entry->own_style = tune_lexicon_first_style(self, is);
    entry->family = g_strdup(family);
    entry->form = g_strdup(form);
    return TRUE;
}

/* careful: "queen": names of an artist that are words as well. */
static gboolean read_careful(TuneVocabulary *self, const TuneYamlNode *map, LexiconEntry *entry,
                             GError **error)
{
    const TuneYamlNode *node = tune_yaml_get(map, "careful");
    const char *text = NULL;

    if (node == NULL)
        return TRUE;
    if (!tune_yaml_get_string(map, "careful", &text, error))
        return FALSE;
    entry->careful = g_strsplit(text, ",", -1);
    for (guint i = 0; entry->careful[i] != NULL; i++)
        g_strstrip(entry->careful[i]);
    add_words(self, node, entry);
    return TRUE;
}

static gboolean read_meaning(TuneVocabulary *self, const TuneYamlNode *map, LexiconEntry *entry,
                             GError **error)
{
    static const char *const allowed[] = {
        "words",    "feel",  "tempo", "metre",    "mode",      "form",    "ending",
        "shape",    "curve", "loop",  "blues",    "no_drums",  "no_vocals", "no_bass", "only",
        "members",  "choose", "nearest", "style", "family",    "tags",    "silent",  "careful",
        "is",       "by_style", NULL};
    const TuneYamlNode *words = tune_yaml_get(map, "words");
    gboolean silent = FALSE;

    if (tune_yaml_kind(map) != TUNE_YAML_MAP)
        return tune_yaml_fail(map, error, "\"%s\" must be a map", entry->name);
    if (!tune_yaml_check_keys(map, allowed, error) || !read_feel(map, entry, error) ||
        !read_music(map, entry, error) || !read_shape(map, entry, error) ||
        !read_switches(map, entry, error) || !read_members(self, map, entry, error) ||
        !read_choices(self, map, entry, error) || !read_names(self, map, entry, error) ||
        !tune_yaml_get_bool(map, "silent", &silent, error))
        return FALSE;
    if (entry->kind == LEXICON_ALONE)
        g_hash_table_insert(self->alone, entry->name, entry);
    else if (!silent) /* a silent name is no word of the language */
        tune_lexicon_add_phrase(self, entry->name, entry, FALSE);
    if (words != NULL)
        add_words(self, words, entry);
    return read_careful(self, map, entry, error);
}

static gboolean read_meaning_block(TuneVocabulary *self, const TuneYamlNode *block,
                                   LexiconKind kind, GError **error)
{
    for (guint i = 0; i < tune_yaml_size(block); i++) {
        LexiconEntry *entry = tune_lexicon_entry_new(self, kind, tune_yaml_key(block, i));
        if (!read_meaning(self, tune_yaml_at(block, i), entry, error))
            return FALSE;
    }
    return TRUE;
}

gboolean tune_lexicon_read_file(TuneVocabulary *self, const char *path, const char *text,
                                gsize length, GError **error)
{
    static const char *const blocks[] = {
        "genres",     "moods", "tempos", "tags",  "groups",  "generics", "phrases",
        "artists", "alone", "(instruments)", "sections", "modes", "units", "numbers", "ordinals", "roles",
        "negations",  "stop",  "ordinary", NULL};
    g_autoptr(TuneYaml) doc = tune_yaml_parse(path, text, length, error);

    if (doc == NULL)
        return FALSE;
    const TuneYamlNode *root = tune_yaml_root(doc);
    if (tune_yaml_kind(root) != TUNE_YAML_MAP)
        return tune_yaml_fail(root, error, "a lexicon is a map of blocks");
    if (!tune_yaml_check_keys(root, blocks, error))
        return FALSE;
    for (guint i = 0; i < tune_yaml_size(root); i++) {
        const TuneYamlNode *block = tune_yaml_at(root, i);
        gint kind = 0;
        index_of(tune_yaml_key(root, i), blocks, G_N_ELEMENTS(blocks) - 1, &kind);
        gboolean is_list = kind == LEXICON_STOP || kind == LEXICON_ORDINARY;
        if ((tune_yaml_kind(block) == TUNE_YAML_MAP) == is_list)
            return tune_yaml_fail(block, error, "block \"%s\" must be a %s", tune_yaml_key(root, i),
                                  is_list ? "list of words" : "map");
        if (!(kind <= LEXICON_ALONE ? read_meaning_block(self, block, (LexiconKind)kind, error)
                                     : read_word_block(self, block, (LexiconKind)kind, error)))
            return FALSE;
    }
    return TRUE;
}
