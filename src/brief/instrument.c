/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "brief/instrument.h"
#include "base/hash.h"
#include "base/pitch.h"
#include "base/yaml.h"

#include <string.h>

struct TuneInstruments {
    gatomicrefcount refs;
    GPtrArray *all;     /* TuneInstrument*, in the order of the file */
    GHashTable *by_key; /* key -> TuneInstrument* */
    GHashTable *words;  /* spoken form -> TuneInstrument* */
    char *hash;
};

static void instrument_free(gpointer data)
{
    TuneInstrument *self = data;

    g_free(self->key);
    g_free(self->name);
    g_free(self->family);
    g_strfreev(self->words);
    g_free(self);
}

/* "Tenor-Sax " -> "tenor sax" */
static char *spoken_form(const char *text)
{
    g_autofree char *lower = g_utf8_strdown(text, -1);
    GString *out = g_string_new(NULL);

    for (const char *p = lower; *p != '\0'; p++) {
        char c = *p == '-' || *p == '_' || g_ascii_isspace(*p) ? ' ' : *p;
        if (c == ' ' && (out->len == 0 || out->str[out->len - 1] == ' '))
            continue;
        g_string_append_c(out, c);
    }
    if (out->len > 0 && out->str[out->len - 1] == ' ')
        g_string_truncate(out, out->len - 1);
    return g_string_free(out, FALSE);
}

/* "E1", "A#3", "Bb2" -> MIDI pitch */
static gboolean read_pitch(const TuneYamlNode *node, guint8 *out, GError **error)
{
    const char *text = tune_yaml_text(node);
    TuneFifths f = 0;
    gsize used = tune_fifths_parse(text, &f);
    char *end = NULL;
    gint64 octave = used > 0 ? g_ascii_strtoll(text + used, &end, 10) : 0;

    if (used == 0 || end == text + used || *end != '\0' || octave < -1 || octave > 9)
        return tune_yaml_fail(node, error, "\"%s\" is not a note with its octave, like F#3", text);
    gint pitch = tune_pitch_from_octave(f, (gint)octave);
    if (pitch < 0 || pitch > 127)
        return tune_yaml_fail(node, error, "%s lies outside the notes of MIDI", text);
    *out = (guint8)pitch;
    return TRUE;
}

static gboolean read_range(const TuneYamlNode *map, const char *key, guint8 *low, guint8 *high,
                           GError **error)
{
    const TuneYamlNode *node = tune_yaml_get(map, key);

    if (node == NULL)
        return tune_yaml_fail(map, error, "an instrument needs \"%s\"", key);
    if (tune_yaml_kind(node) != TUNE_YAML_LIST || tune_yaml_size(node) != 2)
        return tune_yaml_fail(node, error, "\"%s\" is a list of two notes", key);
    if (!read_pitch(tune_yaml_at(node, 0), low, error) ||
        !read_pitch(tune_yaml_at(node, 1), high, error))
        return FALSE;
    return *low < *high ||
           tune_yaml_fail(node, error, "the first note of \"%s\" must be the lower one", key);
}

/* Index of the text of @key among @names. */
static gboolean read_choice(const TuneYamlNode *map, const char *key, const char *const *names,
                            gint *out, GError **error)
{
    const TuneYamlNode *node = tune_yaml_get(map, key);

    if (node == NULL)
        return tune_yaml_fail(map, error, "an instrument needs \"%s\"", key);
    for (gint i = 0; names[i] != NULL; i++)
        if (strcmp(tune_yaml_text(node), names[i]) == 0) {
            *out = i;
            return TRUE;
        }
    g_autofree char *known = g_strjoinv(", ", (char **)names);
    return tune_yaml_fail(node, error, "\"%s\" is none of %s", tune_yaml_text(node), known);
}

static gboolean read_sound(const TuneYamlNode *map, TuneInstrument *self, GError **error)
{
    static const char *const sounds[] = {"plucked", "breath", "bowed", "sustained", "drums", NULL};
    static const char *const clefs[] = {"treble", "bass", "alto", "percussion", "guitar", NULL};
    gint sound = 0, clef = 0;

    if (!read_choice(map, "sound", sounds, &sound, error) ||
        !read_choice(map, "clef", clefs, &clef, error))
        return FALSE;
    self->plucked = sound == 0;
    self->breath = sound == 1;
    self->bowed = sound == 2;
    self->is_drums = sound == 4;
    self->clef = (guint8)clef;
    return TRUE;
}

const char *const tune_effect_place_names[] = {"rise", "hit", "fall", "bed", NULL};

static gboolean read_place(const TuneYamlNode *map, TuneInstrument *self, GError **error)
{
    gint place = TUNE_PLACE_RISE;

    if (tune_yaml_get(map, "place") != NULL &&
        !read_choice(map, "place", tune_effect_place_names, &place, error))
        return FALSE;
    self->place = (TuneEffectPlace)place;
    return TRUE;
}

static gboolean read_roles(const TuneYamlNode *map, TuneInstrument *self, GError **error)
{
    g_auto(GStrv) names = NULL;

    if (!tune_yaml_get_strings(map, "roles", &names, error))
        return FALSE;
    for (guint i = 0; names != NULL && names[i] != NULL; i++) {
        TuneRole role;
        if (!tune_role_parse(names[i], &role))
            return tune_yaml_fail(tune_yaml_get(map, "roles"), error, "\"%s\" is no role", names[i]);
        self->roles |= 1u << role;
    }
    return self->roles != 0 || tune_yaml_fail(map, error, "an instrument needs \"roles\"");
}

static void add_word(GPtrArray *words, const char *text)
{
    g_autofree char *word = spoken_form(text);

    for (guint i = 0; i < words->len; i++)
        if (strcmp(g_ptr_array_index(words, i), word) == 0)
            return;
    if (*word != '\0')
        g_ptr_array_add(words, g_steal_pointer(&word));
}

static gboolean read_words(const TuneYamlNode *map, TuneInstrument *self, GError **error)
{
    g_auto(GStrv) given = NULL;
    const char *text = NULL;
    GPtrArray *words;

    if (!tune_yaml_get_string(map, "words", &text, error))
        return FALSE;
    given = g_strsplit(text == NULL ? "" : text, ",", -1);
    words = g_ptr_array_new();
    add_word(words, self->key);
    add_word(words, self->name);
    for (guint i = 0; given != NULL && given[i] != NULL; i++)
        add_word(words, given[i]);
    g_ptr_array_add(words, NULL);
    self->words = (GStrv)g_ptr_array_free(words, FALSE);
    return TRUE;
}

static gboolean key_is_sane(const char *key)
{
    gsize n = strlen(key);

    if (n == 0 || n > 32 || !g_ascii_isalnum(key[0]))
        return FALSE;
    for (gsize i = 0; i < n; i++)
        if (!g_ascii_islower(key[i]) && !g_ascii_isdigit(key[i]) && key[i] != '-')
            return FALSE;
    return TRUE;
}

static gboolean read_instrument(const TuneYamlNode *map, TuneInstrument *self, GError **error)
{
    static const char *const allowed[] = {"name",      "family",    "program", "range",
                                          "comfort",   "transpose", "polyphony", "sound",
                                          "clef",      "roles",     "words",   "place", "glides", NULL};
    const char *name = NULL, *family = NULL;
    gint program = -1, transpose = 0, polyphony = 1;

    if (!key_is_sane(self->key))
        return tune_yaml_fail(map, error, "an instrument's key is a-z, 0-9 and hyphens");
    if (tune_yaml_kind(map) != TUNE_YAML_MAP)
        return tune_yaml_fail(map, error, "\"%s\" must be a map", self->key);
    if (!tune_yaml_check_keys(map, allowed, error) ||
        !tune_yaml_get_string(map, "name", &name, error) ||
        !tune_yaml_get_string(map, "family", &family, error) ||
        !tune_yaml_get_int(map, "program", 0, 127, &program, error) ||
        !tune_yaml_get_int(map, "transpose", -36, 36, &transpose, error) ||
        !tune_yaml_get_int(map, "polyphony", 1, 32, &polyphony, error))
        return FALSE;
    if (name == NULL || family == NULL || program < 0)
        return tune_yaml_fail(map, error, "\"%s\" needs name, family and program", self->key);
    self->name = g_strdup(name);
    self->family = g_strdup(family);
    self->program = (guint8)program;
    self->transpose = (gint8)transpose;
    self->polyphony = (guint)polyphony;
    if (!read_range(map, "range", &self->low, &self->high, error) ||
        !read_range(map, "comfort", &self->comfort_low, &self->comfort_high, error))
        return FALSE;
    if (self->comfort_low < self->low || self->comfort_high > self->high)
        return tune_yaml_fail(map, error, "\"comfort\" must lie inside \"range\"");
    return read_sound(map, self, error) && read_roles(map, self, error) && read_place(map, self, error) &&
           tune_yaml_get_bool(map, "glides", &self->glides, error) &&
           read_words(map, self, error);
}

static gboolean index_words(TuneInstruments *self, TuneInstrument *instrument,
                            const TuneYamlNode *map, GError **error)
{
    for (guint i = 0; instrument->words[i] != NULL; i++) {
        const TuneInstrument *other = g_hash_table_lookup(self->words, instrument->words[i]);
        if (other != NULL)
            return tune_yaml_fail(map, error, "\"%s\" already means %s", instrument->words[i],
                                  other->key);
        g_hash_table_insert(self->words, instrument->words[i], instrument);
    }
    return TRUE;
}

static gboolean read_all(TuneInstruments *self, const TuneYamlNode *root, GError **error)
{
    if (tune_yaml_kind(root) != TUNE_YAML_MAP || tune_yaml_size(root) == 0)
        return tune_yaml_fail(root, error, "a file of instruments is a map from key to instrument");
    for (guint i = 0; i < tune_yaml_size(root); i++) {
        TuneInstrument *instrument = g_new0(TuneInstrument, 1);
        instrument->key = g_strdup(tune_yaml_key(root, i));
        g_ptr_array_add(self->all, instrument);
        g_hash_table_insert(self->by_key, instrument->key, instrument);
        if (!read_instrument(tune_yaml_at(root, i), instrument, error) ||
            !index_words(self, instrument, tune_yaml_at(root, i), error))
            return FALSE;
    }
    return TRUE;
}

TuneInstruments *tune_instruments_load(const char *path, GError **error)
{
    g_autofree char *text = NULL;
    gsize length = 0;

    if (!g_file_get_contents(path, &text, &length, error))
        return NULL;
    g_autoptr(TuneYaml) doc = tune_yaml_parse(path, text, length, error);
    if (doc == NULL)
        return NULL;
    TuneInstruments *self = g_new0(TuneInstruments, 1);
    g_atomic_ref_count_init(&self->refs);
    self->all = g_ptr_array_new_with_free_func(instrument_free);
    self->by_key = g_hash_table_new(g_str_hash, g_str_equal);
    self->words = g_hash_table_new(g_str_hash, g_str_equal);
    self->hash = tune_hash_bytes(text, length);
    if (!read_all(self, tune_yaml_root(doc), error))
        g_clear_pointer(&self, tune_instruments_unref);
    return self;
}

TuneInstruments *tune_instruments_ref(TuneInstruments *self)
{
    g_atomic_ref_count_inc(&self->refs);
    return self;
}

void tune_instruments_unref(TuneInstruments *self)
{
    if (self == NULL || !g_atomic_ref_count_dec(&self->refs))
        return;
    g_hash_table_unref(self->words);
    g_hash_table_unref(self->by_key);
    g_ptr_array_unref(self->all);
    g_free(self->hash);
    g_free(self);
}

guint tune_instruments_count(const TuneInstruments *self)
{
    return self->all->len;
}

const TuneInstrument *tune_instruments_at(const TuneInstruments *self, guint index)
{
    g_return_val_if_fail(index < self->all->len, NULL);
    return g_ptr_array_index(self->all, index);
}

const TuneInstrument *tune_instruments_find(const TuneInstruments *self, const char *key)
{
    return g_hash_table_lookup(self->by_key, key);
}

/* "guitars" -> "guitar", "brushes" -> "brush", "timpanis" -> "timpani"; NULL when none fits. */
static const TuneInstrument *by_plural(const TuneInstruments *self, char *word)
{
    const TuneInstrument *found;
    gsize n = strlen(word);

    if (n < 3 || word[n - 1] != 's')
        return NULL;
    word[n - 1] = '\0';
    found = g_hash_table_lookup(self->words, word);
    if (found == NULL && n > 4 && word[n - 2] == 'e') {
        word[n - 2] = '\0';
        found = g_hash_table_lookup(self->words, word);
    }
    return found;
}

const TuneInstrument *tune_instruments_by_word(const TuneInstruments *self, const char *word)
{
    g_autofree char *spoken = spoken_form(word);
    const TuneInstrument *found = g_hash_table_lookup(self->words, spoken);

    return found != NULL ? found : by_plural(self, spoken);
}

const TuneInstrument *tune_instruments_by_program(const TuneInstruments *self, guint8 program,
                                                  gboolean is_drums)
{
    for (guint i = 0; i < self->all->len; i++) {
        const TuneInstrument *instrument = g_ptr_array_index(self->all, i);
        if (instrument->program == program && instrument->is_drums == (is_drums != FALSE))
            return instrument;
    }
    return NULL;
}

const char *tune_instruments_hash(const TuneInstruments *self)
{
    return self->hash;
}
