/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * English syllables.
 *
 * Hyphenation is not syllabification: patterns made for line breaks leave out cuts near the ends of a
 * word ("o-ver", "la-dy").  So the syllables are counted by rules of spelling first; the patterns are
 * then asked where to cut, with their margins set to one letter, and are believed when they find exactly
 * as many.  Otherwise the cut follows the usual rule: one consonant goes to the next syllable, two are
 * parted unless they are one sound.
 */
#include "brief/lyrics.h"
#include "base/hash.h"

#include "tune-config.h"
#include <hyphen.h>
#include <string.h>

#define MAX_LETTERS 48

struct TuneSyllables {
    HyphenDict *dict; /* (nullable) */
    char *hash;
};

TuneSyllables *tune_syllables_new(void)
{
    static const char *const files[] = {TUNE_HYPHEN_DIR "/hyph_en_US.dic",
                                        TUNE_HYPHEN_DIR "/hyph_en.dic"};
    TuneSyllables *self = g_new0(TuneSyllables, 1);

    for (gsize i = 0; i < G_N_ELEMENTS(files) && self->dict == NULL; i++) {
        if (!g_file_test(files[i], G_FILE_TEST_IS_REGULAR))
            continue;
        self->hash = tune_hash_file(files[i], NULL);
        self->dict = self->hash == NULL ? NULL : hnj_hyphen_load(files[i]);
    }
    if (self->dict == NULL) {
        g_free(self->hash);
        self->hash = g_strdup("rules");
    }
    return self;
}

void tune_syllables_free(TuneSyllables *self)
{
    if (self == NULL)
        return;
    if (self->dict != NULL)
        hnj_hyphen_free(self->dict);
    g_free(self->hash);
    g_free(self);
}

const char *tune_syllables_hash(const TuneSyllables *self)
{
    return self->hash;
}

/* ---- words whose spelling does not tell ---- */

static const char *const irregular[] = {
    "ev-ery", "eve-ning", "ev-ery-thing", "ev-ery-one", "ev-ery-bo-dy", "ev-ery-where", "i-de-a",
    "a-re-a", "cre-ate", "cre-a-tion", "po-em", "po-et", "po-e-try", "qui-et", "ri-ot", "di-a-mond",
    "li-on", "sci-ence", "be-ing", "see-ing", "go-ing", "do-ing", "re-al", "re-al-ly",
    "re-al-i-ty", "o-a-sis", "cha-os", "he-ro", "he-roes", "di-al", "tri-al", "vi-o-lin", "vi-o-let",
    "pi-an-o", "ra-di-o", "stu-di-o", "mu-se-um", "the-a-tre", "the-a-ter", "o-ce-an", "fire", "hour",
    "our", "ours", "flow-er", "pow-er", "tow-er", "show-er", "high-er", "fi-nal-ly", "busi-ness",
    "cam-er-a", "fam-ily", "dif-ferent", "in-terest", "fa-vorite", "beau-ti-ful",
    "beau-ty", "peo-ple", "eyes", "eye", "good-bye", "bye", "a-way", "maybe", "may-be", "to-geth-er",
    "for-ev-er", "nev-er", "ev-er", "riv-er", "o-ver", "un-der", "won-der", "heav-en", "lis-ten",
    "o-pen", "gold-en", "hid-den", "bro-ken", "cho-sen", "fro-zen", "sto-len", "with-out", "with-in",
    "a-lone", "some-one", "some-thing", "some-where", "some-times", "some-how", "some-bo-dy",
    "any-one", "an-y-thing", "an-y-where", "an-y-bo-dy", "an-y-more", "may-o", "co-op", "na-ive",
    "du-et", "flu-id", "ru-in", "ru-ins", "su-i-cide", "sky-line", "rhythm",
};

static const char *irregular_word(const char *letters)
{
    for (gsize i = 0; i < G_N_ELEMENTS(irregular); i++) {
        const char *a = irregular[i], *b = letters;
        while (*a != '\0' && (*a == *b || *a == '-')) {
            if (*a != '-')
                b++;
            a++;
        }
        if (*a == '\0' && *b == '\0')
            return irregular[i];
    }
    return NULL;
}

/* ---- counting ---- */

static gboolean is_vowel(const char *w, gsize i)
{
    if (w[i] == 'y')
        return i > 0 && !(strchr("aeiou", w[i + 1]) != NULL && w[i + 1] != '\0' &&
                          strchr("aeiou", w[i - 1]) != NULL);
    return w[i] != '\0' && strchr("aeiou", w[i]) != NULL && !(w[i] == 'u' && i > 0 && w[i - 1] == 'q');
}

/* Two vowels side by side that are two syllables: "quiet", "lion", "being". */
static gboolean is_hiatus(const char *w, gsize i)
{
    char a = w[i], b = w[i + 1];

    if (a == 'i' && b == 'o')
        return i == 0 || w[i + 2] != 'n' || strchr("tscgx", w[i - 1]) == NULL
                   ? !(i >= 2 && w[i + 2] == 'n' && (w[i - 1] == 'l' || w[i - 1] == 'n'))
                   : FALSE;
    if (a == 'i' && b == 'a')
        return i == 0 || strchr("tc", w[i - 1]) == NULL || w[i + 2] != 'l';
    if (a == 'i' && b == 'u')
        return TRUE;
    if (a == 'e' && b == 'o')
        return w[i + 2] != 'p' && w[i + 2] != 'u';
    if ((a == 'y' || a == 'o' || a == 'u' || a == 'e' || a == 'a') && b == 'i' &&
        strcmp(w + i + 1, "ing") == 0)
        return TRUE;
    if (a == 'u' && (b == 'a' || b == 'o'))
        return i == 0 || (w[i - 1] != 'g' && w[i - 1] != 'q');
    return a == 'i' && b == 'e' && w[i + 2] == 't' && w[i + 3] != 'y';
}

/* Vowel at @i of @n letters is not spoken: final e, -ed, -es, e before -ly, -ful, -less, ... */
static gboolean is_silent(const char *w, gsize n, gsize i)
{
    static const char *const tails[] = {"ly", "less", "ful", "ness", "ment", "thing", "times",
                                        "ward", "body", "where", "fully", "lessly", "work"};

    if (w[i] != 'e' || i == 0 || is_vowel(w, i - 1))
        return FALSE;
    if (i == n - 1)
        return !(w[i - 1] == 'l' && i >= 2 && !is_vowel(w, i - 2) && w[i - 2] != 'r' && w[i - 2] != 'l');
    if (i == n - 2 && w[n - 1] == 'd')
        return w[i - 1] != 't' && w[i - 1] != 'd';
    if (i == n - 2 && w[n - 1] == 's')
        return strchr("szxcg", w[i - 1]) == NULL && !(w[i - 1] == 'h' && strchr("cs", w[i - 2]) != NULL) &&
               !(w[i - 1] == 'l' && i >= 2 && !is_vowel(w, i - 2));
    for (gsize k = 0; k < G_N_ELEMENTS(tails); k++)
        if (strcmp(w + i + 1, tails[k]) == 0 && i >= 2)
            return w[i - 1] != 'l' || is_vowel(w, i - 2);
    return FALSE;
}

/* Positions of the spoken vowels' first letters; at least one. */
static gsize find_nuclei(const char *w, gsize n, gsize nuclei[MAX_LETTERS])
{
    gsize count = 0;

    for (gsize i = 0; i < n; i++) {
        if (!is_vowel(w, i))
            continue;
        gboolean inside = i > 0 && is_vowel(w, i - 1) && !is_hiatus(w, i - 1);
        if (!inside && !(is_silent(w, n, i) && count > 0))
            nuclei[count++] = i;
    }
    if (count == 0)
        nuclei[count++] = 0;
    return count;
}

/* ---- cutting ---- */

static gboolean is_one_sound(char a, char b)
{
    static const char *const pairs[] = {"th", "sh", "ch", "ph", "wh", "gh", "ck", "bl", "br", "cl", "cr",
                                        "dr", "fl", "fr", "gl", "gr", "pl", "pr", "tr", "sc", "sk",
                                        "sp", "st", "sw", "tw", "qu"};

    for (gsize i = 0; i < G_N_ELEMENTS(pairs); i++)
        if (pairs[i][0] == a && pairs[i][1] == b)
            return TRUE;
    return FALSE;
}

/* Cut between the nuclei at @a and @b: index of the first letter of the new syllable. */
static gsize cut_between(const char *w, gsize a, gsize b)
{
    gsize first = a + 1, consonants;

    while (first < b && is_vowel(w, first) && !is_hiatus(w, first - 1))
        first++;
    consonants = b - first;
    if (consonants <= 1)
        return first;
    if (consonants == 2)
        return is_one_sound(w[first], w[first + 1]) ? first : first + 1;
    return is_one_sound(w[b - 2], w[b - 1]) ? b - 2 : first + 1;
}

/* Asks the patterns for exactly @wanted cuts. */
static gboolean cuts_by_patterns(const TuneSyllables *self, const char *w, gsize n, gsize wanted,
                                 gsize *cuts)
{
    char marks[MAX_LETTERS + 8] = {0};
    char **rep = NULL;
    int *pos = NULL, *cut = NULL;
    gsize found = 0;

    if (self->dict == NULL ||
        hnj_hyphen_hyphenate3(self->dict, w, (int)n, marks, NULL, &rep, &pos, &cut, 1, 1, 1, 1) != 0)
        return FALSE;
    for (gsize i = 0; i + 1 < n; i++)
        if ((marks[i] - '0') % 2 == 1 && found < MAX_LETTERS)
            cuts[found++] = i + 1;
    for (gsize i = 0; rep != NULL && i < n; i++)
        g_clear_pointer(&rep[i], free);
    free(rep);
    free(pos);
    free(cut);
    return found == wanted;
}

/* Cuts of the word of @n lower-case letters; returns how many. */
static gsize find_cuts(const TuneSyllables *self, const char *w, gsize n, gsize *cuts)
{
    const char *known = irregular_word(w);
    gsize nuclei[MAX_LETTERS], count, n_cuts = 0;

    if (known != NULL) {
        gsize letter = 0;
        for (const char *p = known; *p != '\0'; p++)
            if (*p == '-')
                cuts[n_cuts++] = letter;
            else
                letter++;
        return n_cuts;
    }
    count = find_nuclei(w, n, nuclei);
    if (count < 2)
        return 0;
    if (cuts_by_patterns(self, w, n, count - 1, cuts))
        return count - 1;
    for (gsize i = 0; i + 1 < count; i++)
        cuts[n_cuts++] = cut_between(w, nuclei[i], nuclei[i + 1]);
    return n_cuts;
}

/* ---- stress ---- */

static gboolean is_function_word(const char *w)
{
    static const char *const words[] = {
        "a", "an", "the", "of", "to", "in", "on", "at", "and", "or", "but", "for", "with", "from",
        "my", "your", "his", "her", "our", "their", "its", "is", "are", "was", "were", "be", "am", "i",
        "you", "he", "she", "it", "we", "they", "me", "him", "them", "us", "as", "by", "if", "that",
        "this", "so", "than", "will", "would", "can", "could", "shall", "should", "may", "might",
        "must", "do", "does", "did", "have", "has", "had", "ill", "im", "ive", "its", "youre", "dont",
        "when", "where", "who", "what", "till", "up", "oer", "some", "been", "there", "into"};

    for (gsize i = 0; i < G_N_ELEMENTS(words); i++)
        if (strcmp(words[i], w) == 0)
            return TRUE;
    return FALSE;
}

/* Index of the stressed one of @n > 1 syllables. */
static gsize stressed_syllable(const char *w, gsize n)
{
    static const char *const prefixes[] = {"a", "be", "re", "de", "un", "in", "en", "ex", "con", "com",
                                           "to", "for", "per", "pre", "pro", "dis", "mis", "with", "o",
                                           "sur", "sub", "sup"};
    static const char *const plain[] = {"apple", "angel", "answer", "after", "any", "army", "arrow",
                                        "island", "into", "inside", "instant", "open", "over", "only",
                                        "other", "ocean", "often", "ever", "every", "even", "evening",
                                        "ready", "really", "real", "reason", "river", "better", "belly",
                                        "under", "until", "enter", "empty", "image", "today's",
                                        "person", "perfect", "promise", "present", "proper", "distant",
                                        "mister", "mystery", "able", "action", "ancient", "anchor",
                                        "angry", "animal", "autumn", "avenue", "comfort", "common",
                                        "forest", "forty", "fortune", "foreign", "morning", "total",
                                        "orange", "order", "open", "under", "uncle", "union", "summer",
                                        "sudden", "rebel", "record", "being", "bitter", "ashes"};
    gsize length = strlen(w);

    for (gsize i = 0; i < G_N_ELEMENTS(plain); i++)
        if (strcmp(plain[i], w) == 0)
            return 0;
    if (n >= 2 && (g_str_has_suffix(w, "tion") || g_str_has_suffix(w, "sion") ||
                   g_str_has_suffix(w, "cian") || g_str_has_suffix(w, "ic")))
        return n - 2;
    if (n >= 3 && (g_str_has_suffix(w, "ity") || g_str_has_suffix(w, "ical") ||
                   g_str_has_suffix(w, "ious") || g_str_has_suffix(w, "ogy")))
        return n - 3;
    for (gsize i = 0; i < G_N_ELEMENTS(prefixes); i++)
        if (g_str_has_prefix(w, prefixes[i]) && length > strlen(prefixes[i]) + 2 && n <= 3 &&
            !is_vowel(w, strlen(prefixes[i])) &&
            !(strlen(prefixes[i]) == 1 && !is_vowel(w, strlen(prefixes[i]) + 1) &&
              w[1] != w[2] && !is_one_sound(w[1], w[2])))
            return 1;
    return n >= 4 ? n - 3 : 0;
}

/* ---- lines ---- */

static void syllable_clear(gpointer data)
{
    g_free(((TuneSyllable *)data)->text);
}

typedef struct {
    char letters[MAX_LETTERS + 1];  /* a-z, accents taken off */
    gsize offsets[MAX_LETTERS + 1]; /* byte of each letter in the chunk */
    gsize n;
} Word;

/* Letters of @chunk without what is not a letter; apostrophes fall out ("don't" is "dont"). */
static void read_word(const char *chunk, Word *word)
{
    word->n = 0;
    for (const char *p = chunk; *p != '\0' && word->n < MAX_LETTERS; p = g_utf8_next_char(p)) {
        gunichar c = g_unichar_tolower(g_utf8_get_char(p)), base[4] = {0};
        if (c >= 0x80 && g_unichar_fully_decompose(c, FALSE, base, G_N_ELEMENTS(base)) > 0)
            c = base[0];
        if (c >= 0x80 && g_unichar_isalpha(c))
            c = 'a'; /* a letter we know nothing of is taken for a vowel */
        if (c < 0x80 && g_ascii_isalpha((char)c)) {
            word->offsets[word->n] = (gsize)(p - chunk);
            word->letters[word->n++] = (char)c;
        }
    }
    word->letters[word->n] = '\0';
}

static void add_syllable(GArray *out, const char *from, gsize bytes, gboolean stressed,
                         gboolean word_end)
{
    TuneSyllable syllable = {g_strndup(from, bytes), stressed, word_end};

    g_array_append_val(out, syllable);
}

static void add_word(const TuneSyllables *self, const char *chunk, gboolean goes_on, GArray *out)
{
    Word word;
    gsize cuts[MAX_LETTERS], n_cuts, stress;
    gsize from = 0;

    read_word(chunk, &word);
    if (word.n == 0) { /* a number is one syllable, a sign none */
        gboolean digits = strpbrk(chunk, "0123456789") != NULL;
        if (digits)
            add_syllable(out, chunk, strlen(chunk), TRUE, TRUE);
        return;
    }
    n_cuts = find_cuts(self, word.letters, word.n, cuts);
    stress = n_cuts == 0 ? (is_function_word(word.letters) ? 1 : 0)
                         : stressed_syllable(word.letters, n_cuts + 1);
    for (gsize i = 0; i <= n_cuts; i++) {
        gsize to = i < n_cuts ? word.offsets[cuts[i]] : strlen(chunk);
        add_syllable(out, chunk + from, to - from, i == stress, i == n_cuts && !goes_on);
        from = to;
    }
}

GArray *tune_syllables_of_line(const TuneSyllables *self, const char *line)
{
    GArray *out = g_array_new(FALSE, TRUE, sizeof(TuneSyllable));
    g_auto(GStrv) chunks = g_strsplit_set(line, " \t\n\r", -1);

    g_array_set_clear_func(out, syllable_clear);
    for (guint i = 0; chunks[i] != NULL; i++) {
        g_auto(GStrv) pieces = g_strsplit(chunks[i], "-", -1);
        for (guint k = 0; pieces[k] != NULL; k++)
            if (*pieces[k] != '\0')
                add_word(self, pieces[k], pieces[k + 1] != NULL && *pieces[k + 1] != '\0', out);
    }
    return out;
}

char *tune_syllable_score_text(const TuneSyllable *syllable)
{
    return syllable->word_end ? g_strdup(syllable->text) : g_strconcat(syllable->text, "-", NULL);
}
