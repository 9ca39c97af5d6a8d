/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "brief/language-private.h"

#include "base/yaml.h"

#include <string.h>

/* ---- folding ---- */

static const struct {
    gunichar from;
    const char *to;
} folded_letters[] = {{0xDF, "ss"}, {0xE6, "ae"}, {0x153, "oe"}, {0xF8, "o"}, {0x142, "l"}};

static gboolean fold_letter(gunichar c, GString *out)
{
    for (gsize i = 0; i < G_N_ELEMENTS(folded_letters); i++)
        if (folded_letters[i].from == c) {
            g_string_append(out, folded_letters[i].to);
            return TRUE;
        }
    return FALSE;
}

char *language_fold(const char *text, gssize length)
{
    g_autofree char *lower = g_utf8_strdown(text, length);
    GString *out = g_string_sized_new(strlen(lower));

    for (const char *p = lower; *p != '\0'; p = g_utf8_next_char(p)) {
        gunichar c = g_utf8_get_char(p), parts[8];
        if (c < 0x80 || c >= 0x2E80) {
            g_string_append_unichar(out, c);
            continue;
        }
        gsize n = g_unichar_fully_decompose(c, FALSE, parts, G_N_ELEMENTS(parts));
        if (!fold_letter(c, out) && !g_unichar_ismark(c) && n > 0)
            g_string_append_unichar(out, parts[0]);
    }
    return g_string_free(out, FALSE);
}

/* "schön" may be written "schoen". */
static char *fold_umlauts(const char *text)
{
    g_autofree char *lower = g_utf8_strdown(text, -1);
    GString *out = g_string_new(lower);

    if (g_string_replace(out, "ä", "ae", 0) + g_string_replace(out, "ö", "oe", 0) +
            g_string_replace(out, "ü", "ue", 0) ==
        0) {
        g_string_free(out, TRUE);
        return NULL;
    }
    g_autofree char *with_e = g_string_free(out, FALSE);
    return language_fold(with_e, -1);
}

/* ---- entries ---- */

/* Words joined by single blanks: "H-Moll" and "l'intro" are two words each. */
static char *join_words(const char *folded)
{
    GString *out = g_string_new(NULL);

    for (const char *p = folded; *p != '\0'; p++) {
        gboolean gap = *p == ' ' || *p == '-' || *p == '\'';
        if (!gap)
            g_string_append_c(out, *p);
        else if (out->len > 0 && out->str[out->len - 1] != ' ')
            g_string_append_c(out, ' ');
    }
    while (out->len > 0 && out->str[out->len - 1] == ' ')
        g_string_truncate(out, out->len - 1);
    return g_string_free(out, FALSE);
}

static guint size_of(const Language *self, const char *key)
{
    guint n = 1;

    if (self->unspaced)
        return (guint)g_utf8_strlen(key, -1);
    for (const char *p = key; *p != '\0'; p++)
        n += *p == ' ';
    return n;
}

/* @word without its endings: "guitares" and "guitare" -> "guitar". */
static void stem(const Language *self, GString *word)
{
    for (guint i = 0; i < self->endings->len;) {
        const Ending *ending = &g_array_index(self->endings, Ending, i);
        gsize size = strlen(ending->from);
        if (word->len < size + 4 || !g_str_has_suffix(word->str, ending->from)) {
            i++;
            continue;
        }
        g_string_truncate(word, word->len - size);
        g_string_append(word, ending->to);
        i = *ending->to == '\0' ? 0 : i + 1;
    }
}

static char *stem_words(const Language *self, const char *key)
{
    g_auto(GStrv) words = g_strsplit(key, " ", -1);
    GString *out = g_string_new(NULL);

    for (guint i = 0; words[i] != NULL; i++) {
        GString *word = g_string_new(words[i]);
        stem(self, word);
        g_string_append_printf(out, "%s%s", i > 0 ? " " : "", word->str);
        g_string_free(word, TRUE);
    }
    return g_string_free(out, FALSE);
}

static void add_key(Language *self, const char *folded, const char *english, SenseKind kind)
{
    g_autofree char *key = self->unspaced ? g_strstrip(g_strdup(folded)) : join_words(folded);

    if (*key == '\0' || g_hash_table_contains(self->senses, key))
        return;
    Sense *sense = g_new(Sense, 1);
    sense->english = g_intern_string(english);
    sense->kind = kind;
    self->most = MAX(self->most, size_of(self, key));
    if (!self->unspaced && strlen(key) >= 5 && strchr(key, ' ') == NULL)
        g_ptr_array_add(self->words, g_strdup(key));
    if (!self->unspaced && strchr(key, ' ') != NULL)
        g_hash_table_insert(self->stems, stem_words(self, key), sense);
    g_hash_table_insert(self->senses, g_steal_pointer(&key), sense);
}

static void add_phrase(Language *self, const char *phrase, const char *english, SenseKind kind)
{
    g_autofree char *folded = language_fold(phrase, -1);
    g_autofree char *spelt_out =
        g_str_is_ascii(phrase) || self->unspaced ? NULL : fold_umlauts(phrase);

    add_key(self, folded, english, kind);
    if (spelt_out != NULL)
        add_key(self, spelt_out, english, kind);
}

static void add_list(Language *self, const char *list, const char *english, SenseKind kind)
{
    g_auto(GStrv) phrases = g_strsplit(list, ",", -1);

    for (guint i = 0; phrases[i] != NULL; i++)
        add_phrase(self, g_strstrip(phrases[i]), english, kind);
}

/* ---- reading ---- */

static void add_map(Language *self, const TuneYamlNode *map)
{
    for (guint i = 0; map != NULL && i < tune_yaml_size(map); i++)
        add_list(self, tune_yaml_text(tune_yaml_at(map, i)), tune_yaml_key(map, i), SENSE_WORD);
}

static gboolean add_behind(Language *self, const TuneYamlNode *map, GError **error)
{
    static const char *const names[] = {"without", "at", "solo"};

    for (guint i = 0; map != NULL && i < tune_yaml_size(map); i++) {
        const char *name = tune_yaml_key(map, i);
        gsize k = 0;
        while (k < G_N_ELEMENTS(names) && strcmp(names[k], name) != 0)
            k++;
        if (k == G_N_ELEMENTS(names))
            return tune_yaml_fail(tune_yaml_at(map, i), error,
                                  "\"%s\" cannot stand behind (without, at and solo can)", name);
        add_list(self, tune_yaml_text(tune_yaml_at(map, i)), name,
                 (SenseKind)(SENSE_BEHIND_WITHOUT + k));
    }
    return TRUE;
}

static GStrv list_of(const TuneYamlNode *root, const char *key)
{
    const TuneYamlNode *node = root == NULL ? NULL : tune_yaml_get(root, key);
    GStrv list = g_strsplit(node == NULL ? "" : tune_yaml_text(node), ",", -1);

    for (guint i = 0; list[i] != NULL; i++)
        g_strstrip(list[i]);
    return list;
}

#define N_MODES 6
static const char *const mode_names[N_MODES] = {"major",    "minor",  "dorian",
                                                "phrygian", "lydian", "mixolydian"};

typedef struct {
    GStrv sharp, flat, sharp_before, flat_before;
    GStrv modes[N_MODES]; /* words for each of mode_names */
} KeyWords;

static void key_words_clear(KeyWords *self)
{
    g_strfreev(self->sharp);
    g_strfreev(self->flat);
    g_strfreev(self->sharp_before);
    g_strfreev(self->flat_before);
    for (gsize i = 0; i < N_MODES; i++)
        g_strfreev(self->modes[i]);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(KeyWords, key_words_clear)

/* "la" + "menor": a note alone is a word of the language far more often than a key. */
static void add_key_names(Language *self, const KeyWords *words, const char *spoken,
                          const char *note)
{
    const char *gap = self->unspaced ? "" : " ";

    for (gsize m = 0; m < N_MODES; m++)
        for (guint i = 0; words->modes[m][i] != NULL; i++) {
            g_autofree char *phrase = g_strconcat(spoken, gap, words->modes[m][i], NULL);
            g_autofree char *english = g_strconcat(note, " ", mode_names[m], NULL);
            add_phrase(self, phrase, english, SENSE_WORD);
        }
}

static void add_altered(Language *self, const KeyWords *words, GStrv marks, gboolean before,
                        const char *spoken, const char *note, char sign)
{
    g_autofree char *altered = g_strdup_printf("%s%c", note, sign);

    for (guint i = 0; marks[i] != NULL; i++) {
        const char *gap = self->unspaced || strlen(marks[i]) == 1 ? "" : " ";
        g_autofree char *name = before ? g_strconcat(marks[i], gap, spoken, NULL)
                                       : g_strconcat(spoken, gap, marks[i], NULL);
        add_key_names(self, words, name, altered);
        if (!before && strlen(marks[i]) > 1)
            add_phrase(self, name, altered, SENSE_WORD); /* "si bemol" without a mode */
    }
}

static void add_notes(Language *self, const TuneYamlNode *root)
{
    const TuneYamlNode *notes = tune_yaml_get(root, "notes");
    g_auto(KeyWords) words = {.sharp = list_of(root, "sharp"),
                              .flat = list_of(root, "flat"),
                              .sharp_before = list_of(root, "sharp-before"),
                              .flat_before = list_of(root, "flat-before")};

    for (gsize m = 0; m < N_MODES; m++)
        words.modes[m] = list_of(m < 2 ? root : tune_yaml_get(root, "words"), mode_names[m]);

    for (guint i = 0; notes != NULL && i < tune_yaml_size(notes); i++) {
        const char *note = tune_yaml_key(notes, i);
        g_auto(GStrv) spoken = g_strsplit(tune_yaml_text(tune_yaml_at(notes, i)), ",", -1);
        for (guint k = 0; spoken[k] != NULL; k++) {
            g_strstrip(spoken[k]);
            add_key_names(self, &words, spoken[k], note);
            add_altered(self, &words, words.sharp, FALSE, spoken[k], note, '#');
            add_altered(self, &words, words.flat, FALSE, spoken[k], note, 'b');
            add_altered(self, &words, words.sharp_before, TRUE, spoken[k], note, '#');
            add_altered(self, &words, words.flat_before, TRUE, spoken[k], note, 'b');
        }
    }
    for (gsize m = 0; m < 2; m++)
        for (guint i = 0; words.modes[m][i] != NULL; i++)
            add_phrase(self, words.modes[m][i], mode_names[m], SENSE_WORD);
}

/* The first word of a number in the block of words, NULL when it is not there. */
static char *number_word(const TuneYamlNode *words, gint value)
{
    char key[8];

    g_snprintf(key, sizeof key, "%d", value);
    const TuneYamlNode *node = tune_yaml_get(words, key);
    if (node == NULL)
        return NULL;
    g_auto(GStrv) list = g_strsplit(tune_yaml_text(node), ",", 2);
    return g_strdup(g_strstrip(list[0]));
}

/* "cuarenta y cinco", "fünfundvierzig": tens and units. */
static void add_numbers(Language *self, const TuneYamlNode *root)
{
    const TuneYamlNode *words = tune_yaml_get(root, "words"), *node = tune_yaml_get(root, "joint");
    g_autofree char *joint = g_strdup(node == NULL ? NULL : tune_yaml_text(node));

    if (joint == NULL || words == NULL)
        return;
    gboolean one_word = g_str_has_suffix(joint, "+");
    joint[strlen(joint) - one_word] = '\0';
    for (gint tens = 20; tens <= 90; tens += 10)
        for (gint unit = 1; unit <= 9; unit++) {
            g_autofree char *ten = number_word(words, tens), *one = number_word(words, unit);
            char value[8];
            if (ten == NULL || one == NULL)
                continue;
            g_autofree char *phrase = one_word && *joint != '\0'
                                          ? g_strconcat(one, joint, ten, NULL)
                                      : one_word ? g_strconcat(ten, one, NULL)
                                                 : g_strjoin(" ", ten, *joint != '\0' ? joint : one,
                                                             *joint != '\0' ? one : NULL, NULL);
            g_snprintf(value, sizeof value, "%d", tens + unit);
            add_phrase(self, phrase, value, SENSE_WORD);
        }
}

static void add_endings(Language *self, const TuneYamlNode *root)
{
    g_auto(GStrv) list = list_of(root, "endings");

    for (guint i = 0; list[i] != NULL; i++) {
        g_auto(GStrv) parts = g_strsplit(list[i], ">", 2);
        if (parts[0] == NULL || *parts[0] == '\0')
            continue;
        Ending ending = {g_strdup(parts[0]), g_strdup(parts[1] == NULL ? "" : parts[1])};
        g_array_append_val(self->endings, ending);
    }
}

static gint compare_words(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static gboolean read_dictionary(Language *self, GError **error)
{
    static const char *const allowed[] = {
        "language",     "spaced",      "compounds", "endings", "joint", "notes",  "sharp", "flat",
        "sharp-before", "flat-before", "major",     "minor",   "words", "behind", NULL};
    g_autoptr(TuneYaml) doc = tune_yaml_parse(self->path, self->text, self->length, error);
    const char *name = NULL;
    gboolean spaced = TRUE;

    if (doc == NULL)
        return FALSE;
    const TuneYamlNode *root = tune_yaml_root(doc);
    if (tune_yaml_kind(root) != TUNE_YAML_MAP)
        return tune_yaml_fail(root, error, "a dictionary is a map");
    if (!tune_yaml_check_keys(root, allowed, error) ||
        !tune_yaml_get_string(root, "language", &name, error) ||
        !tune_yaml_get_bool(root, "spaced", &spaced, error) ||
        !tune_yaml_get_bool(root, "compounds", &self->compounds, error))
        return FALSE;
    if (name == NULL)
        return tune_yaml_fail(root, error, "a dictionary needs \"language\"");
    self->name = g_strdup(name);
    add_endings(self, root);
    add_notes(self, root);
    if (!add_behind(self, tune_yaml_get(root, "behind"), error))
        return FALSE;
    add_map(self, tune_yaml_get(root, "words"));
    add_numbers(self, root);
    g_ptr_array_sort(self->words, compare_words);
    return TRUE;
}

gboolean language_require(Language *self, GError **error)
{
    if (g_atomic_int_get(&self->is_parsed))
        return TRUE;
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&self->lock);
    if (g_atomic_int_get(&self->is_parsed))
        return TRUE;
    if (!read_dictionary(self, error)) {
        g_hash_table_remove_all(self->stems);
        g_hash_table_remove_all(self->senses);
        g_ptr_array_set_size(self->words, 0);
        g_array_set_size(self->endings, 0);
        g_clear_pointer(&self->name, g_free);
        return FALSE;
    }
    g_atomic_int_set(&self->is_parsed, TRUE);
    return TRUE;
}

const Sense *language_find(const Language *self, const char *folded)
{
    const Sense *sense = g_hash_table_lookup(self->senses, folded);
    gsize n = strlen(folded);

    for (guint i = 0; sense == NULL && i < self->endings->len; i++) {
        const Ending *ending = &g_array_index(self->endings, Ending, i);
        gsize size = strlen(ending->from);
        if (n < size + 3 || !g_str_has_suffix(folded, ending->from))
            continue;
        g_autofree char *base = g_strdup_printf("%.*s%s", (int)(n - size), folded, ending->to);
        sense = g_hash_table_lookup(self->senses, base);
    }
    if (sense == NULL && !self->unspaced && strchr(folded, ' ') != NULL) {
        g_autofree char *stems = stem_words(self, folded);
        sense = g_hash_table_lookup(self->stems, stems);
    }
    return sense;
}

/* ---- life ---- */

static void ending_clear(gpointer data)
{
    g_free(((Ending *)data)->from);
    g_free(((Ending *)data)->to);
}

static void language_free(gpointer data)
{
    Language *self = data;

    g_free(self->code);
    g_free(self->path);
    g_free(self->text);
    g_free(self->name);
    g_mutex_clear(&self->lock);
    g_hash_table_unref(self->stems);
    g_hash_table_unref(self->senses);
    g_array_unref(self->endings);
    g_ptr_array_unref(self->words);
    g_free(self);
}

TuneLanguages *tune_languages_new(void)
{
    TuneLanguages *self = g_new0(TuneLanguages, 1);

    self->all = g_ptr_array_new_with_free_func(language_free);
    return self;
}

void tune_languages_free(TuneLanguages *self)
{
    if (self == NULL)
        return;
    g_ptr_array_unref(self->all);
    g_free(self);
}

void tune_languages_add(TuneLanguages *self, const char *code, const char *path, char *text,
                        gsize length)
{
    Language *language = g_new0(Language, 1);

    language->code = g_strdup(code);
    language->path = g_strdup(path);
    language->text = text;
    language->length = length;
    language->unspaced = strstr(text, "\nspaced: false") != NULL; /* before it is parsed */
    language->senses = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    language->stems = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    language->endings = g_array_new(FALSE, FALSE, sizeof(Ending));
    g_array_set_clear_func(language->endings, ending_clear);
    language->words = g_ptr_array_new_with_free_func(g_free);
    g_mutex_init(&language->lock);
    g_ptr_array_add(self->all, language);
}
