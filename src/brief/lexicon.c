/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "brief/lexicon.h"
#include "base/data.h"
#include "base/hash.h"
#include "brief/style-data.h"
#include "brief/text.h"

#include <string.h>

#define MAX_PHRASE_WORDS 6
#define MAX_PHRASE_BYTES 128

static void choice_clear(gpointer data)
{
    g_free(((LexiconChoice *)data)->style);
    g_free(((LexiconChoice *)data)->instrument);
}

static void member_clear(gpointer data)
{
    g_free(((LexiconMember *)data)->instrument);
}

static void entry_free(gpointer data)
{
    LexiconEntry *self = data;

    g_free(self->name);
    g_free(self->style);
    g_free(self->family);
    g_free(self->form);
    g_strfreev(self->tags);
    g_strfreev(self->careful);
    g_clear_pointer(&self->members, g_array_unref);
    g_clear_pointer(&self->choices, g_array_unref);
    g_free(self);
}

LexiconEntry *tune_lexicon_entry_new(TuneVocabulary *self, LexiconKind kind, const char *name)
{
    LexiconEntry *entry = g_new0(LexiconEntry, 1);

    entry->kind = kind;
    entry->name = g_strdup(name);
    entry->members = g_array_new(FALSE, FALSE, sizeof(LexiconMember));
    entry->choices = g_array_new(FALSE, FALSE, sizeof(LexiconChoice));
    g_array_set_clear_func(entry->members, member_clear);
    g_array_set_clear_func(entry->choices, choice_clear);
    g_ptr_array_add(self->entries, entry);
    return entry;
}

/* ---- phrases ---- */

static gboolean names_music(const LexiconEntry *entry)
{
    return entry->kind == LEXICON_INSTRUMENT || entry->kind == LEXICON_GENERIC ||
           entry->kind == LEXICON_GENRE;
}

/* Most phrases are plain words with blanks or hyphens between: they need no tokeniser.  Returns the number
 * of words, 0 when @phrase has anything else; @joined holds them with single blanks. */
static guint join_plain(const char *phrase, char joined[MAX_PHRASE_BYTES])
{
    gsize size = 0;
    guint n = 0;

    for (const char *p = phrase; *p != '\0'; p++) {
        gboolean first = p == phrase || p[-1] == ' ' || p[-1] == '-';
        if (*p == ' ' || *p == '-')
            continue;
        if (!g_ascii_isalpha(*p) || size + 3 > MAX_PHRASE_BYTES)
            return 0;
        if (first && n++ > 0)
            joined[size++] = ' ';
        joined[size++] = g_ascii_tolower(*p);
    }
    joined[size] = '\0';
    return n;
}

/* The same for any phrase; 0 when it is empty or too long. */
static guint join_tokens(const char *phrase, char joined[MAX_PHRASE_BYTES])
{
    g_autofree char *plain = g_str_is_ascii(phrase) ? NULL : tune_text_normalise(phrase, NULL);
    g_autoptr(GArray) tokens = tune_text_tokenise(plain == NULL ? phrase : plain);
    gsize size = 0;
    guint n = 0;

    joined[0] = '\0';
    for (guint i = 0; i < tokens->len; i++) {
        const TuneToken *token = &g_array_index(tokens, TuneToken, i);
        gsize more = strlen(token->word);
        if (token->kind == TUNE_TOKEN_MARK)
            continue;
        if (size + more + 2 > MAX_PHRASE_BYTES)
            return 0;
        if (n++ > 0)
            joined[size++] = ' ';
        memcpy(joined + size, token->word, more + 1);
        size += more;
    }
    return n;
}

static void learn_words(TuneVocabulary *self, const char *joined, const LexiconEntry *entry)
{
    gint rank = names_music(entry) && strchr(joined, ' ') == NULL ? 2 : 1;

    for (const char *p = joined; *p != '\0';) {
        const char *end = p + strcspn(p, " ");
        g_autofree char *word = g_strndup(p, (gsize)(end - p));
        if (GPOINTER_TO_INT(g_hash_table_lookup(self->known_words, word)) < rank)
            g_hash_table_replace(self->known_words, g_steal_pointer(&word), GINT_TO_POINTER(rank));
        p = *end == ' ' ? end + 1 : end;
    }
}

void tune_lexicon_add_phrase(TuneVocabulary *self, const char *phrase, LexiconEntry *entry,
                             gboolean override)
{
    char joined[MAX_PHRASE_BYTES], first[MAX_PHRASE_BYTES];
    guint n = join_plain(phrase, joined);

    if (n == 0)
        n = join_tokens(phrase, joined);
    if (n == 0)
        return;
    learn_words(self, joined, entry);
    if (n > MAX_PHRASE_WORDS || (!override && g_hash_table_contains(self->phrases, joined)))
        return;
    gsize size = strcspn(joined, " ");
    memcpy(first, joined, size);
    first[size] = '\0';
    if (GPOINTER_TO_UINT(g_hash_table_lookup(self->first_words, first)) < n)
        g_hash_table_replace(self->first_words, g_strdup(first), GUINT_TO_POINTER(n));
    g_hash_table_replace(self->phrases, g_strdup(joined), entry);
}

/* A phrase as it is, or with its last word made singular. */
static const LexiconEntry *find_joined(const TuneVocabulary *self, const char *joined)
{
    const LexiconEntry *entry = g_hash_table_lookup(self->phrases, joined);
    char single[MAX_PHRASE_BYTES];

    for (gint attempt = 0; entry == NULL && attempt < 3; attempt++) {
        const char *form = tune_text_singular(joined, attempt, single, sizeof single);
        if (form != NULL)
            entry = g_hash_table_lookup(self->phrases, form);
    }
    gsize n = strlen(joined);
    if (entry == NULL && n > 2 && n < sizeof single && strcmp(joined + n - 2, "'s") == 0) {
        memcpy(single, joined, n - 2);
        single[n - 2] = '\0';
        entry = g_hash_table_lookup(self->phrases, single);
    }
    return entry;
}

const LexiconEntry *tune_lexicon_find(const TuneVocabulary *self, const char *phrase)
{
    g_autofree char *plain = tune_text_normalise(phrase, NULL);
    g_autoptr(GArray) tokens = plain == NULL ? NULL : tune_text_tokenise(plain);
    guint n = 0;

    if (tokens == NULL || tokens->len == 0)
        return NULL;
    const LexiconEntry *entry = tune_lexicon_match(self, tokens, 0, &n);
    return n == tokens->len ? entry : NULL;
}

static guint longest_from(const TuneVocabulary *self, const char *word)
{
    guint n = GPOINTER_TO_UINT(g_hash_table_lookup(self->first_words, word));

    return MAX(n, 1);
}

const LexiconEntry *tune_lexicon_match(const TuneVocabulary *self, const GArray *tokens, guint at,
                                       guint *n_tokens)
{
    const TuneToken *first = &g_array_index(tokens, TuneToken, at);
    char joined[MAX_PHRASE_BYTES];
    gsize ends[MAX_PHRASE_WORDS];
    gsize length = 0;
    guint n = 0, most, slash = MAX_PHRASE_WORDS + 1;

    if (first->kind == TUNE_TOKEN_MARK)
        return NULL;
    most = longest_from(self, first->word);
    for (guint i = at; i < tokens->len && n < most; i++) {
        const TuneToken *token = &g_array_index(tokens, TuneToken, i);
        gsize size = strlen(token->word);
        if (token->kind == TUNE_TOKEN_MARK || length + size + 2 > sizeof joined)
            break;
        if (i > at && token->glue == '/')
            slash = MIN(slash, n);
        if (i > at)
            joined[length++] = ' ';
        memcpy(joined + length, token->word, size);
        length += size;
        ends[n++] = length;
    }
    for (; n > 0; n--) {
        joined[ends[n - 1]] = '\0';
        const LexiconEntry *entry = find_joined(self, joined);
        if (entry != NULL && (n <= slash || entry->kind == LEXICON_ARTIST)) { /* "AC/DC" */
            *n_tokens = n;
            return entry;
        }
    }
    return NULL;
}

gboolean tune_lexicon_knows(const TuneVocabulary *self, const char *word)
{
    char single[64];

    if (g_hash_table_contains(self->known_words, word))
        return TRUE;
    for (gint attempt = 0; attempt < 3; attempt++) {
        const char *form = tune_text_singular(word, attempt, single, sizeof single);
        if (form != NULL && g_hash_table_contains(self->known_words, form))
            return TRUE;
    }
    return FALSE;
}

/* A slip's best reading so far: the smaller @cost the better. */
typedef struct {
    const char *word;
    gint cost;
} Reading;

static gint rank_of(const TuneVocabulary *self, const char *word)
{
    return GPOINTER_TO_INT(g_hash_table_lookup(self->known_words, word));
}

/* How many slips a candidate may be away from a word of @n letters. */
static gint slips_allowed(gsize n, gint rank)
{
    return n >= 10 || (n >= 8 && rank == 2) ? 2 : 1;
}

static void try_letter(const TuneVocabulary *self, const char *word, gsize n, guint letter,
                       gint least_rank, Reading *best)
{
    const GPtrArray *candidates = self->by_letter[letter];

    for (guint i = 0; i < candidates->len; i++) {
        const char *candidate = g_ptr_array_index(candidates, i);
        gint limit = slips_allowed(n, 2);
        if (ABS((gint)strlen(candidate) - (gint)n) > limit)
            continue;
        gint distance = tune_text_distance(word, candidate, limit);
        if (distance > limit || distance * 2 > best->cost)
            continue;
        gint rank = rank_of(self, candidate), cost = distance * 2 + (rank == 2 ? 0 : 1);
        if ((rank < 2 && strlen(candidate) < 5) || (n < 5 && strlen(candidate) != n + 1))
            continue; /* short words: a letter was left out ("hapy"), or it is another word */
        if (rank >= least_rank && distance <= slips_allowed(MIN(n, strlen(candidate) + 1), rank) &&
            (cost < best->cost || (cost == best->cost && strlen(candidate) > strlen(best->word))))
            *best = (Reading){candidate, cost};
    }
}

const char *tune_lexicon_correct(const TuneVocabulary *self, const char *word)
{
    gsize n = strlen(word);
    Reading best = {NULL, 100};
    char single[64];

    if (n < 4 || n > 31 || word[0] < 'a' || word[0] > 'z')
        return NULL;
    try_letter(self, word, n, (guint)(word[0] - 'a'), 1, &best);
    const char *form = tune_text_singular(word, 0, single, sizeof single);
    if (form != NULL && strlen(form) >= 4)
        try_letter(self, form, strlen(form), (guint)(word[0] - 'a'), 1, &best);
    for (guint letter = 0; letter < 26 && best.word == NULL && n >= 8; letter++)
        try_letter(self, word, n, letter, 2, &best); /* "sinematic", "zylophone" */
    return best.word;
}

/* ---- what entries stand for ---- */

gboolean tune_lexicon_is_of(const LexiconEntry *entry, const TuneInstrument *instrument)
{
    const char *family = entry->family;

    if (family == NULL)
        return FALSE;
    if (strcmp(family, "piano") == 0)
        return strcmp(instrument->family, "keys") == 0 && strstr(instrument->name, "iano") != NULL &&
               strstr(instrument->name, "electric") == NULL;
    if (strcmp(family, "sax") == 0)
        return g_str_has_suffix(instrument->key, "-sax");
    if (strcmp(family, "pad") == 0)
        return g_str_has_suffix(instrument->key, "-pad");
    return strcmp(instrument->family, family) == 0;
}

const TuneStyle *tune_lexicon_style(const TuneVocabulary *self, const LexiconEntry *entry,
                                    gboolean *is_own)
{
    const TuneStyle *style = entry->own_style;

    if (is_own != NULL)
        *is_own = style != NULL;
    for (gint depth = 0; style == NULL && depth < 4 && entry != NULL && entry->style != NULL; depth++) {
        style = tune_lexicon_first_style(self, entry->style);
        if (style == NULL) {
            entry = tune_lexicon_genre(self, entry->style);
            style = entry == NULL ? NULL : entry->own_style;
        }
    }
    return style;
}

const TuneStyle *tune_lexicon_first_style(const TuneVocabulary *self, const char *names)
{
    if (strchr(names, ',') == NULL)
        return tune_styles_find(self->styles, names);
    g_auto(GStrv) list = g_strsplit(names, ",", -1);
    const TuneStyle *style = NULL;
    for (guint i = 0; style == NULL && list[i] != NULL; i++)
        style = tune_styles_find(self->styles, g_strstrip(list[i]));
    return style;
}

const LexiconEntry *tune_lexicon_alone(const TuneVocabulary *self, const TuneInstrument *instrument)
{
    const LexiconEntry *entry = g_hash_table_lookup(self->alone, instrument->key);

    return entry != NULL ? entry : g_hash_table_lookup(self->alone, instrument->family);
}

const LexiconEntry *tune_lexicon_genre(const TuneVocabulary *self, const char *word)
{
    const LexiconEntry *entry = tune_lexicon_find(self, word);

    return entry != NULL && entry->kind == LEXICON_GENRE ? entry : NULL;
}

const LexiconEntry *tune_lexicon_generic_named(const TuneVocabulary *self, const char *name)
{
    for (guint i = 0; i < self->entries->len; i++) {
        const LexiconEntry *entry = g_ptr_array_index(self->entries, i);
        if (entry->kind == LEXICON_GENERIC && strcmp(entry->name, name) == 0)
            return entry;
    }
    return NULL;
}

static gboolean is_chosen(const LexiconEntry *entry, const TuneStyle *style)
{
    for (guint i = 0; i < entry->choices->len; i++)
        if (strcmp(g_array_index(entry->choices, LexiconChoice, i).style, tune_style_name(style)) == 0)
            return TRUE;
    return FALSE;
}

/* The instrument of generic @entry's kind that @style itself uses: of its most needed part the likeliest. */
static const TuneInstrument *style_instrument(const TuneVocabulary *self, const LexiconEntry *entry,
                                              const TuneStyle *style)
{
    const TuneInstrument *best = NULL;
    double best_weight = 0;

    if (!tune_style_require(style, NULL))
        return NULL;
    for (guint i = 0; i < style->parts->len; i++) {
        const StylePart *part = &g_array_index(style->parts, StylePart, i);
        for (guint k = 0; k < part->instruments->len; k++) {
            const StyleChoice *choice = &g_array_index(part->instruments, StyleChoice, k);
            const TuneInstrument *in = tune_instruments_find(self->instruments, choice->name);
            double weight = choice->weight / MAX(1, part->rank);
            if (in != NULL && weight > best_weight && tune_lexicon_is_of(entry, in)) {
                best = in;
                best_weight = weight;
            }
        }
    }
    return best;
}

const TuneInstrument *tune_lexicon_generic(const TuneVocabulary *self, const LexiconEntry *entry,
                                           const TuneStyle *style)
{
    const char *key = NULL;

    for (guint i = 0; i < entry->choices->len; i++) {
        const LexiconChoice *choice = &g_array_index(entry->choices, LexiconChoice, i);
        if (*choice->style == '\0' ? key == NULL
                                   : style != NULL &&
                                         strcmp(choice->style, tune_style_name(style)) == 0)
            key = choice->instrument;
    }
    const TuneInstrument *own = style == NULL || !entry->by_style || is_chosen(entry, style)
                                    ? NULL : style_instrument(self, entry, style);
    if (own != NULL)
        return own;
    return key == NULL ? NULL : tune_instruments_find(self->instruments, key);
}

/* Where @kind is instruments, words for several of them ("saxophone", "strings") are as good. */
static gboolean may_be_meant(const LexiconEntry *entry, LexiconKind kind)
{
    if (kind == LEXICON_INSTRUMENT && (entry->kind == LEXICON_GENERIC || entry->kind == LEXICON_GROUP))
        return TRUE;
    return entry->kind == kind && (kind != LEXICON_GENRE || entry->own_style != NULL);
}

char *tune_lexicon_suggest(const TuneVocabulary *self, LexiconKind kind, const char *word)
{
    g_autofree char *lower = g_utf8_strdown(word, -1);
    const char *best = NULL, *shown = NULL;
    gsize n = strlen(lower);
    gint best_distance = MIN(3, (gint)n / 2) + 1;
    GHashTableIter iter;
    gpointer key, value;

    g_hash_table_iter_init(&iter, self->phrases);
    while (g_hash_table_iter_next(&iter, &key, &value)) {
        const char *phrase = key;
        if (!may_be_meant(value, kind))
            continue;
        gint distance = tune_text_distance(lower, phrase, best_distance);
        if (n >= 4 && g_str_has_prefix(phrase, lower))
            distance = MIN(distance, 1);
        /* Half of the letters may differ where the word at least begins right, else a third. */
        if (distance * 3 > (gint)n + 1 && *phrase != *lower)
            continue;
        /* Among equals the first of the alphabet: the table has no order of its own. */
        if (distance < best_distance ||
            (best != NULL && distance == best_distance && strcmp(phrase, best) < 0)) {
            const LexiconEntry *entry = value;
            best = phrase;
            shown = kind == LEXICON_GENRE ? entry->name : phrase;
            best_distance = distance;
        }
    }
    return best == NULL ? g_strdup("") : g_strdup_printf(", did you mean \"%s\"?", shown);
}

/* ---- loading ---- */

static gboolean load_lexicon(TuneVocabulary *self, GError **error)
{
    g_autoptr(GPtrArray) names = tune_data_list("lexicon", "yaml");
    GString *hashes = g_string_new(NULL);
    gboolean good = TRUE;

    for (guint i = 0; i < names->len && good; i++) {
        const char *name = g_ptr_array_index(names, i);
        g_autofree char *relative = g_strdup_printf("lexicon/%s.yaml", name);
        g_autofree char *path = tune_data_find(relative, error);
        g_autofree char *text = NULL;
        gsize length = 0;
        good = path != NULL && g_file_get_contents(path, &text, &length, error);
        if (!good)
            break;
        g_autofree char *hash = tune_hash_bytes(text, length);
        g_string_append_printf(hashes, "%s %s\n", name, hash);
        if (strlen(name) == 2)
            tune_languages_add(self->languages, name, path, g_steal_pointer(&text), length);
        else
            good = tune_lexicon_read_file(self, path, text, length, error);
    }
    self->hash = tune_hash_bytes(hashes->str, hashes->len);
    g_string_free(hashes, TRUE);
    if (good && names->len == 0) {
        g_set_error(error, TUNE_BASE_ERROR, TUNE_BASE_ERROR_MISSING,
                    "no lexicon is installed (data folder \"lexicon\")");
        return FALSE;
    }
    return good;
}

static GHashTable *genres_by_name(const TuneVocabulary *self)
{
    GHashTable *genres = g_hash_table_new(g_str_hash, g_str_equal);

    for (guint i = 0; i < self->entries->len; i++) {
        LexiconEntry *entry = g_ptr_array_index(self->entries, i);
        if (entry->kind == LEXICON_GENRE && !g_hash_table_contains(genres, entry->name))
            g_hash_table_insert(genres, entry->name, entry);
    }
    return genres;
}

/* Drums and basses are in the names of styles ("drum n bass"), other instruments are asked for. */
static gboolean is_player(const LexiconEntry *entry)
{
    const char *family = entry == NULL               ? ""
                         : entry->instrument != NULL ? entry->instrument->family
                         : entry->family != NULL     ? entry->family : "";

    return entry != NULL && (entry->kind == LEXICON_INSTRUMENT || entry->kind == LEXICON_GENERIC) &&
           strcmp(family, "drums") != 0 && strcmp(family, "bass") != 0 && strcmp(family, "synth") != 0;
}

/* "jazz ballad", "piano sonata", "uplifting trance", "piano and strings": its last word or its first has a
 * meaning besides the style, which the phrase would swallow. */
static gboolean says_more(const TuneVocabulary *self, const char *phrase)
{
    const char *last = strrchr(phrase, ' '), *space = strchr(phrase, ' ');
    const LexiconEntry *entry = last == NULL ? NULL : tune_lexicon_find(self, last + 1);

    if (last == NULL)
        return FALSE;
    g_autofree char *first = g_strndup(phrase, (gsize)(space - phrase));
    const LexiconEntry *head = tune_lexicon_find(self, first);
    if (is_player(head) || is_player(entry))
        return TRUE;
    if (head != NULL && (head->kind == LEXICON_MOOD || head->kind == LEXICON_TEMPO) &&
        tune_lexicon_genre(self, space + 1) != NULL)
        return TRUE;
    return entry != NULL && (entry->kind == LEXICON_TEMPO || entry->kind == LEXICON_GROUP);
}

/* Styles bring their own words.  A lexicon entry of a style's name belongs to that style, and one named
 * by a style's word is the style by another name. */
static void add_styles(TuneVocabulary *self)
{
    g_autoptr(GHashTable) genres = genres_by_name(self);

    for (guint i = 0; i < tune_styles_count(self->styles); i++) {
        const TuneStyle *style = tune_styles_at(self->styles, i);
        const char *name = tune_style_name(style);
        LexiconEntry *entry = g_hash_table_lookup(genres, name);
        if (entry == NULL) {
            entry = tune_lexicon_entry_new(self, LEXICON_GENRE, name);
            g_hash_table_insert(genres, entry->name, entry);
        }
        entry->own_style = style;
        tune_lexicon_add_phrase(self, name, entry, FALSE);
    }
    for (guint i = 0; i < tune_styles_count(self->styles); i++) {
        const TuneStyle *style = tune_styles_at(self->styles, i);
        const char *const *words = tune_style_words(style);
        for (guint k = 0; words != NULL && words[k] != NULL; k++) {
            LexiconEntry *same = g_hash_table_lookup(genres, words[k]);
            if (same != NULL && same->own_style == NULL)
                same->own_style = style;
            if (!says_more(self, words[k]))
                tune_lexicon_add_phrase(self, words[k],
                                        g_hash_table_lookup(genres, tune_style_name(style)), FALSE);
        }
    }
}

static void add_instruments(TuneVocabulary *self)
{
    for (guint i = 0; i < tune_instruments_count(self->instruments); i++) {
        const TuneInstrument *instrument = tune_instruments_at(self->instruments, i);
        LexiconEntry *entry = tune_lexicon_entry_new(self, LEXICON_INSTRUMENT, instrument->key);
        entry->instrument = instrument;
        for (guint k = 0; instrument->words[k] != NULL; k++)
            tune_lexicon_add_phrase(self, instrument->words[k], entry, FALSE);
    }
}

static gint compare_words(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void index_for_corrections(TuneVocabulary *self)
{
    GHashTableIter iter;
    gpointer key;

    for (guint i = 0; i < G_N_ELEMENTS(self->by_letter); i++)
        self->by_letter[i] = g_ptr_array_new();
    g_hash_table_iter_init(&iter, self->known_words);
    while (g_hash_table_iter_next(&iter, &key, NULL)) {
        const char *word = key;
        if (strlen(word) >= 4 && word[0] >= 'a' && word[0] <= 'z')
            g_ptr_array_add(self->by_letter[word[0] - 'a'], key);
    }
    for (guint i = 0; i < G_N_ELEMENTS(self->by_letter); i++)
        g_ptr_array_sort(self->by_letter[i], compare_words);
}

static gboolean load_instruments(TuneVocabulary *self, GError **error)
{
    g_autofree char *path = tune_data_find("instruments.yaml", error);

    if (path != NULL)
        self->instruments = tune_instruments_load(path, error);
    return self->instruments != NULL;
}

TuneVocabulary *tune_vocabulary_new_empty(void)
{
    TuneVocabulary *self = g_new0(TuneVocabulary, 1);

    g_atomic_ref_count_init(&self->refs);
    self->entries = g_ptr_array_new_with_free_func(entry_free);
    self->phrases = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    self->first_words = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    self->known_words = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    self->alone = g_hash_table_new(g_str_hash, g_str_equal);
    self->languages = tune_languages_new();
    return self;
}

TuneVocabulary *tune_vocabulary_load(GError **error)
{
    g_autoptr(TuneVocabulary) self = tune_vocabulary_new_empty();

    if (!load_instruments(self, error))
        return NULL;
    self->styles = tune_styles_load(error);
    if (self->styles == NULL || !load_lexicon(self, error))
        return NULL;
    add_instruments(self); /* before the styles' words: "drone" and "choir" are asked for by name */
    add_styles(self);
    index_for_corrections(self);
    return g_steal_pointer(&self);
}

TuneVocabulary *tune_vocabulary_ref(TuneVocabulary *self)
{
    g_atomic_ref_count_inc(&self->refs);
    return self;
}

void tune_vocabulary_unref(TuneVocabulary *self)
{
    if (self == NULL || !g_atomic_ref_count_dec(&self->refs))
        return;
    for (guint i = 0; i < G_N_ELEMENTS(self->by_letter); i++)
        g_clear_pointer(&self->by_letter[i], g_ptr_array_unref);
    g_hash_table_unref(self->phrases);
    g_hash_table_unref(self->first_words);
    g_hash_table_unref(self->known_words);
    g_hash_table_unref(self->alone);
    tune_languages_free(self->languages);
    g_ptr_array_unref(self->entries);
    g_clear_pointer(&self->instruments, tune_instruments_unref);
    g_clear_pointer(&self->styles, tune_styles_unref);
    g_free(self->hash);
    g_free(self);
}

TuneInstruments *tune_vocabulary_instruments(const TuneVocabulary *self)
{
    return self->instruments;
}

TuneStyles *tune_vocabulary_styles(const TuneVocabulary *self)
{
    return self->styles;
}

const char *tune_vocabulary_hash(const TuneVocabulary *self)
{
    return self->hash;
}
