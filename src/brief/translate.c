/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A sentence of another language becomes segments (a word or phrase, its English, and what stood
 * before it); segments that rule what stands before them are moved; then they are joined again.
 */
#include "brief/language-private.h"
#include "brief/lexicon.h"
#include "brief/text.h"

#include <string.h>

#define MAX_CHARACTERS 24 /* of a phrase without blanks */

typedef struct {
    char *lead;    /* what stands before it: blanks, marks */
    char *said;    /* as written */
    char *english; /* NULL: stays as it is */
    SenseKind kind;
    gboolean known;  /* found in the dictionary */
    gboolean mended; /* as the slip of a word */
} Segment;

static void segment_clear(gpointer data)
{
    Segment *self = data;

    g_free(self->lead);
    g_free(self->said);
    g_free(self->english);
}

static void span_clear(gpointer data)
{
    g_free(((TranslationSpan *)data)->said);
}

void translation_clear(Translation *self)
{
    g_clear_pointer(&self->text, g_free);
    g_clear_pointer(&self->spans, g_array_unref);
    self->language = NULL;
}

/* ---- cutting ---- */

static gboolean is_wordly(const char *p)
{
    gunichar c = g_utf8_get_char(p);

    return c < 0x80 ? g_ascii_isalnum((char)c) : g_unichar_isalnum(c) || g_unichar_ismark(c);
}

static gboolean is_cjk(gunichar c)
{
    return (c >= 0x2E80 && c <= 0x9FFF) || (c >= 0xAC00 && c <= 0xD7AF) ||
           (c >= 0xF900 && c <= 0xFAFF);
}

static const char *word_end(const char *p)
{
    const char *start = p;

    while (*p != '\0' && (is_wordly(p) || ((*p == '#' || *p == '&') && p > start)))
        p = g_utf8_next_char(p);
    return p;
}

/* A text in quotation marks is a title or lyrics: it stays. */
static const char *quote_end(const char *p)
{
    const char *close = *p == '"' ? strchr(p + 1, '"') : NULL;

    return close == NULL || close - p > 200 ? NULL : close + 1;
}

static void add_segment(GArray *out, const char *lead, const char *from, const char *to,
                        const Sense *sense)
{
    Segment segment = {.lead = g_strndup(lead, (gsize)(from - lead)),
                       .said = g_strndup(from, (gsize)(to - from)),
                       .known = sense != NULL};

    if (sense != NULL) {
        segment.english = g_strdup(sense->english);
        segment.kind = sense->kind;
    }
    g_array_append_val(out, segment);
}

/* ---- one word ---- */

static const Sense *sense_of_part(const Language *self, const TuneVocabulary *vocabulary,
                                  const char *part, Sense *borrowed)
{
    const Sense *sense = language_find(self, part);

    if (sense == NULL && strlen(part) >= 3 && tune_lexicon_find(vocabulary, part) != NULL) {
        *borrowed = (Sense){g_intern_string(part), SENSE_WORD};
        sense = borrowed;
    }
    return sense;
}

static gboolean says_something(const Sense *sense)
{
    return *sense->english != '\0' && strcmp(sense->english, "the") != 0;
}

/* "klavierballade": two words of the dictionary, the first perhaps with a letter that joins. */
static char *split_compound(const Language *self, const TuneVocabulary *vocabulary,
                            const char *word)
{
    static const char *const joints[] = {"", "s", "n", "en", "e", "-"};
    gsize n = strlen(word);

    for (gsize at = n - 3; n >= 7 && at >= 3; at--) {
        Sense borrowed[2];
        const Sense *right = sense_of_part(self, vocabulary, word + at, &borrowed[1]);
        for (gsize k = 0; right != NULL && k < G_N_ELEMENTS(joints); k++) {
            gsize size = strlen(joints[k]);
            if (at < size + 3 || strncmp(word + at - size, joints[k], size) != 0)
                continue;
            g_autofree char *left = g_strndup(word, at - size);
            const Sense *first = sense_of_part(self, vocabulary, left, &borrowed[0]);
            if (first != NULL && says_something(first) && says_something(right))
                return g_strdup_printf("%s %s", first->english, right->english);
        }
    }
    return NULL;
}

static const Sense *mend(const Language *self, const char *word)
{
    gsize n = strlen(word);
    gint limit = n >= 8 ? 2 : 1;
    const char *best = NULL;

    for (guint i = 0; n >= 5 && limit > 0 && i < self->words->len; i++) {
        const char *candidate = g_ptr_array_index(self->words, i);
        gint distance =
            candidate[0] == word[0] ? tune_text_distance(word, candidate, limit) : limit + 1;
        if (distance <= limit) {
            best = candidate;
            limit = distance - 1;
        }
    }
    return best == NULL ? NULL : g_hash_table_lookup(self->senses, best);
}

/* ---- languages with blanks ---- */

/* The longest phrase at @p, words parted by one blank, hyphen or apostrophe; sets @end. */
static const Sense *match_words(const Language *self, const char *p, const char **end)
{
    const char *ends[8];
    gsize cuts[8];
    guint n = 0;
    GString *key = g_string_new(NULL);
    const Sense *sense = NULL;

    for (const char *at = p;
         n < MIN(self->most, G_N_ELEMENTS(ends)) && *at != '\0' && is_wordly(at);) {
        const char *stop = word_end(at);
        g_autofree char *folded = language_fold(at, stop - at);
        if (key->len > 0)
            g_string_append_c(key, ' ');
        g_string_append(key, folded);
        cuts[n] = key->len;
        ends[n++] = stop;
        at = *stop == ' ' || *stop == '-' || *stop == '\'' ? stop + 1 : stop;
        if (at == stop)
            break;
    }
    for (; n > 0 && sense == NULL; n--) {
        g_string_truncate(key, cuts[n - 1]);
        sense = language_find(self, key->str);
        *end = ends[n - 1];
    }
    g_string_free(key, TRUE);
    return sense;
}

static gboolean english_knows(const TuneVocabulary *vocabulary, const char *from, const char *to)
{
    g_autofree char *word = g_utf8_strdown(from, to - from);

    return tune_lexicon_knows(vocabulary, word);
}

static void add_unmatched(const Language *self, const TuneVocabulary *vocabulary, const char *lead,
                          const char *p, const char *end, GArray *out)
{
    g_autofree char *folded = language_fold(p, end - p);
    g_autofree char *parts = NULL;
    const Sense *sense = NULL;

    if (!g_ascii_isdigit(*p) && !english_knows(vocabulary, p, end)) {
        parts = self->compounds ? split_compound(self, vocabulary, folded) : NULL;
        sense = parts == NULL ? mend(self, folded) : NULL;
    }
    add_segment(out, lead, p, end, sense);
    Segment *segment = &g_array_index(out, Segment, out->len - 1);
    segment->mended = sense != NULL;
    if (parts != NULL) {
        segment->english = g_steal_pointer(&parts);
        segment->known = TRUE;
    }
}

static void cut_words(const Language *self, const TuneVocabulary *vocabulary, const char *text,
                      GArray *out)
{
    const char *lead = text;

    for (const char *p = text; *p != '\0';) {
        const char *end = quote_end(p);
        if (end != NULL) {
            p = end;
            continue;
        }
        if (!is_wordly(p)) {
            p = g_utf8_next_char(p);
            continue;
        }
        const Sense *sense = match_words(self, p, &end);
        if (sense != NULL) {
            add_segment(out, lead, p, end, sense);
        } else {
            end = word_end(p);
            add_unmatched(self, vocabulary, lead, p, end, out);
        }
        lead = p = end;
    }
    add_segment(out, lead, text + strlen(text), text + strlen(text), NULL);
}

/* ---- languages without blanks ---- */

static const Sense *match_characters(const Language *self, const char *p, const char **end)
{
    const char *ends[MAX_CHARACTERS];
    guint n = 0, most = MIN(self->most, MAX_CHARACTERS);

    for (const char *at = p; *at != '\0' && *at != '\n' && n < most;)
        ends[n++] = at = g_utf8_next_char(at);
    for (; n > 0; n--) {
        if (g_ascii_isalnum(ends[n - 1][-1]) && g_ascii_isalnum(*ends[n - 1]))
            continue; /* not inside of a word or number */
        g_autofree char *folded = language_fold(p, ends[n - 1] - p);
        const Sense *sense = g_hash_table_lookup(self->senses, folded);
        *end = ends[n - 1];
        if (sense != NULL)
            return sense;
    }
    return NULL;
}

/* "九十" -> 90; NULL when @p is no such number. */
static char *han_number(const char *p, const char **end)
{
    static const char digits[] = "〇一二三四五六七八九";
    gint sum = 0, digit = -1;
    gboolean any = FALSE;

    for (; *p != '\0'; p = g_utf8_next_char(p)) {
        gunichar c = g_utf8_get_char(p);
        const char *found = g_utf8_strchr(digits, -1, c);
        if (found != NULL) {
            digit = MAX(digit, 0) * 10 + (gint)g_utf8_pointer_to_offset(digits, found);
        } else if (c == 0x4E24 || c == 0x4E21) { /* two */
            digit = 2;
        } else if (c == 0x5341 || c == 0x767E) { /* ten, hundred */
            sum += (digit < 0 ? 1 : digit) * (c == 0x5341 ? 10 : 100);
            digit = -1;
        } else {
            break;
        }
        any = TRUE;
        if (sum > 100000 || digit > 100000)
            return NULL;
    }
    *end = p;
    return any ? g_strdup_printf("%d", sum + MAX(digit, 0)) : NULL;
}

/* A run of letters, digits or unknown characters of one kind. */
static const char *run_end(const Language *self, const char *p)
{
    const char *end;
    gboolean ascii = (guchar)*p < 0x80;
    const char *start = p;

    for (p = g_utf8_next_char(p); *p != '\0' && is_wordly(p); p = g_utf8_next_char(p)) {
        if (((guchar)*p < 0x80) != ascii)
            break;
        if (ascii ? g_ascii_isdigit(*p) != g_ascii_isdigit(*start) && g_ascii_isdigit(*p)
                  : match_characters(self, p, &end) != NULL)
            break;
    }
    return p;
}

static void cut_characters(const Language *self, const char *text, GArray *out)
{
    const char *lead = text, *end = NULL;

    for (const char *p = text; *p != '\0';) {
        if ((end = quote_end(p)) != NULL) {
            p = end;
            continue;
        }
        gboolean fraction = p > text && p[-1] == '/';
        const Sense *sense =
            fraction && g_ascii_isdigit(*p) ? NULL : match_characters(self, p, &end);
        if (sense == NULL && !is_wordly(p)) {
            p = g_utf8_next_char(p);
            continue;
        }
        g_autofree char *number = sense != NULL ? NULL : han_number(p, &end);
        if (sense == NULL && number == NULL)
            end = run_end(self, p);
        add_segment(out, lead, p, end, sense);
        Segment *segment = &g_array_index(out, Segment, out->len - 1);
        if (number != NULL) {
            segment->english = g_steal_pointer(&number);
            segment->known = TRUE;
        }
        lead = p = end;
    }
    add_segment(out, lead, text + strlen(text), text + strlen(text), NULL);
}

/* ---- order of words ---- */

static Segment *segment_at(GArray *segments, gint at)
{
    return at < 0 || (guint)at >= segments->len ? NULL : &g_array_index(segments, Segment, at);
}

static gboolean says(const Segment *segment, const char *english)
{
    return segment != NULL && g_strcmp0(segment->english, english) == 0;
}

/* Stands @segment right behind the one before it, without a mark between? */
static gboolean is_close(const Segment *segment)
{
    return segment != NULL && segment->lead[strspn(segment->lead, " -")] == '\0';
}

static const char *text_of(const Segment *segment)
{
    return segment->english != NULL ? segment->english : segment->said;
}

static void put_before(Segment *segment, const char *word)
{
    char *joined = g_strdup_printf("%s %s", word, text_of(segment));

    g_free(segment->english);
    segment->english = joined;
}

static void set_english(Segment *segment, const char *english)
{
    g_free(segment->english);
    segment->english = g_strdup(english);
}

/* "ドラムとベースなし": the first of the nouns that the word at @at excludes. */
static gint first_of_list(GArray *segments, gint at)
{
    gint i = at - 1;

    while (i > 0 && *text_of(segment_at(segments, i)) == '\0' && is_close(segment_at(segments, i)))
        i--; /* particles */
    while (i >= 2 && is_close(segment_at(segments, i)) &&
           says(segment_at(segments, i - 1), "and") && is_close(segment_at(segments, i - 1)))
        i -= 2;
    return i;
}

/* "0:45に", "30秒に": the number of the moment. */
static gint first_of_moment(GArray *segments, gint at)
{
    gint i = at - 1;

    while (i > 0 && is_close(segment_at(segments, i)) &&
           !g_ascii_isdigit(*text_of(segment_at(segments, i))))
        i--;
    while (i > 0 && strcmp(segment_at(segments, i)->lead, ":") == 0)
        i--;
    return i >= 0 && at - i <= 4 && g_ascii_isdigit(*text_of(segment_at(segments, i))) ? i : -1;
}

static gboolean names_player(const TuneVocabulary *vocabulary, const Segment *segment)
{
    const LexiconEntry *entry =
        segment == NULL ? NULL : tune_lexicon_find(vocabulary, text_of(segment));

    return entry != NULL && (entry->kind == LEXICON_INSTRUMENT || entry->kind == LEXICON_GENERIC ||
                             entry->kind == LEXICON_GROUP);
}

/* "solo de guitarra" is a guitar solo, "guitarra solo" a guitar alone, "solo guitarra" only a
 * guitar. Returns how many segments behind @at are done with. */
static gint order_solo(const TuneVocabulary *vocabulary, GArray *segments, gint at)
{
    Segment *solo = segment_at(segments, at), *before = segment_at(segments, at - 1);
    Segment *of = segment_at(segments, at + 1), *noun = segment_at(segments, at + 2);

    if (says(of, "of") && is_close(of) && noun != NULL && is_close(noun) &&
        names_player(vocabulary, noun)) {
        set_english(solo, text_of(noun));
        set_english(of, "solo");
        set_english(noun, "");
        return 2;
    } else if (is_close(solo) && names_player(vocabulary, before) &&
               !names_player(vocabulary, of)) {
        put_before(before, "solo");
        set_english(solo, "");
    } else if (is_close(of) && names_player(vocabulary, of)) {
        set_english(solo, "only");
    }
    return 0;
}

static void order_words(const TuneVocabulary *vocabulary, GArray *segments)
{
    for (gint i = 0; i < (gint)segments->len; i++) {
        Segment *segment = segment_at(segments, i);
        gint first = -1;

        Segment *next = segment_at(segments, i + 1);
        if (next != NULL && (says(next, "first") || says(next, "last")) && is_close(next) &&
            g_ascii_isdigit(*text_of(segment))) { /* "les 20 premières secondes" */
            g_autofree char *number = g_strdup(text_of(segment));
            set_english(segment, next->english);
            set_english(next, number);
        }
        if (segment->kind == SENSE_BEHIND_WITHOUT && i > 0)
            first = first_of_list(segments, i);
        else if (segment->kind == SENSE_BEHIND_AT && i > 0)
            first = first_of_moment(segments, i);
        else if (segment->kind == SENSE_BEHIND_SOLO && i > 0)
            first = i - 1;
        else if (says(segment, "solo"))
            i += order_solo(vocabulary, segments, i);
        if (first >= 0)
            put_before(segment_at(segments, first), segment->english);
        if (segment->kind != SENSE_WORD)
            set_english(segment, "");
    }
}

/* ---- joining ---- */

static void join_segments(const GArray *segments, gboolean unspaced, Translation *out)
{
    GString *text = g_string_new(NULL);

    out->spans = g_array_new(FALSE, FALSE, sizeof(TranslationSpan));
    g_array_set_clear_func(out->spans, span_clear);
    for (guint i = 0; i < segments->len; i++) {
        const Segment *segment = &g_array_index(segments, Segment, i);
        const char *shown = text_of(segment);
        g_string_append(text, segment->lead);
        gboolean glued = *segment->lead == '\0' && text->len > 0 && *shown != '\0';
        if (glued && (unspaced || segment->english != NULL))
            g_string_append_c(text, ' ');
        if (segment->english != NULL && *shown != '\0') {
            TranslationSpan span = {text->len, text->len + strlen(shown), g_strdup(segment->said)};
            g_array_append_val(out->spans, span);
        }
        g_string_append(text, shown);
    }
    out->text = g_string_free(text, FALSE);
}

/* ---- which language ---- */

/* Words count two each, words of three letters one, slips are no evidence of a language; where
 * there are no blanks, a run of n characters counts n * n, because the longer the entries that are
 * found the surer the language. */
typedef struct {
    guint own;     /* words that only the language has */
    guint matched; /* words that it has */
    guint english; /* words that only English has, and that are not the same everywhere */
} Evidence;

/* Genres, instruments and Italian terms are the same in all languages. */
static gboolean is_proper(const LexiconEntry *entry)
{
    switch (entry->kind) {
    case LEXICON_STOP:
    case LEXICON_ORDINARY:
    case LEXICON_NEGATION:
    case LEXICON_NUMBER:
    case LEXICON_MOOD:
        return TRUE;
    case LEXICON_UNIT:
        return entry->value != UNIT_BPM && entry->value != UNIT_SOLO && entry->value != UNIT_TEMPO;
    default:
        return FALSE;
    }
}

/* "F", "Em", "Bb7": a note or a chord in any language. */
static gboolean is_symbol(const char *word)
{
    TuneChord chord;

    return word[1] == '\0' || tune_chord_parse(word, &chord);
}

static guint weight_of(const Segment *segment, gboolean unspaced, guint n_words)
{
    guint n = (guint)g_utf8_strlen(segment->said, -1);

    if (unspaced) /* Latin letters tell nothing */
        return g_str_is_ascii(segment->said) ? 0 : n * n;
    return segment->mended || n <= 3 ? 1 : 2 * n_words;
}

static Evidence weigh(const TuneVocabulary *vocabulary, const GArray *segments, GHashTable *english,
                      gboolean unspaced)
{
    Evidence evidence = {0};

    for (guint i = 0; i < segments->len; i++) {
        const Segment *segment = &g_array_index(segments, Segment, i);
        if (*segment->said == '\0' || g_ascii_isdigit(*segment->said) || is_symbol(segment->said))
            continue; /* "Em" is no Portuguese */
        gboolean known = FALSE, proper = FALSE;
        g_auto(GStrv) words = g_strsplit_set(segment->said, " -'", -1);
        for (guint k = 0; words[k] != NULL; k++) {
            g_autofree char *lower = g_utf8_strdown(words[k], -1);
            const LexiconEntry *entry = tune_lexicon_find(vocabulary, lower);
            known = (k == 0 || known) && g_hash_table_contains(english, lower);
            proper = proper || (entry != NULL && is_proper(entry));
        }
        guint weight = weight_of(segment, unspaced, g_strv_length(words));
        evidence.matched += segment->known ? weight : 0;
        evidence.own += segment->known && !known && !segment->mended ? weight : 0;
        evidence.english += !segment->known && proper ? weight : 0;
    }
    return evidence;
}

/* Reads @text as English: puts the words that mean something, alone or in a phrase, into @known.
 * TRUE when no language can win, because there are more words of English than words that English
 * lacks.  Words of one or two letters are no evidence: "a", "in" and "no" are words of several
 * languages. */
static gboolean is_surely_english(const TuneVocabulary *vocabulary, const char *text,
                                  GHashTable *known)
{
    g_autoptr(GArray) tokens = tune_text_tokenise(text);
    guint strange = 0, english = 0, n = 1;

    for (guint i = 0; i < tokens->len; i += n) {
        const TuneToken *token = &g_array_index(tokens, TuneToken, i);
        const LexiconEntry *entry = tune_lexicon_match(vocabulary, tokens, i, &n);
        g_autofree char *word = g_strndup(text + token->start, token->end - token->start);
        if (entry == NULL)
            n = 1;
        for (guint k = i; entry != NULL && k < i + n; k++)
            g_hash_table_add(known, g_strdup(g_array_index(tokens, TuneToken, k).word));
        if (token->kind != TUNE_TOKEN_WORD || (entry == NULL && is_symbol(word)))
            continue;
        strange += entry == NULL;
        english += entry != NULL && (n > 1 || strlen(word) > 2) && is_proper(entry);
    }
    return strange <= english && (strange == 0 || english > 1);
}

static gboolean has_cjk(const char *text)
{
    for (; *text != '\0'; text = g_utf8_next_char(text))
        if (is_cjk(g_utf8_get_char(text)))
            return TRUE;
    return FALSE;
}

/* Kana are Japanese; Han characters alone may be either, and are Chinese in doubt. */
static gboolean has_kana(const char *text)
{
    for (; *text != '\0'; text = g_utf8_next_char(text)) {
        gunichar c = g_utf8_get_char(text);
        if (c >= 0x3041 && c <= 0x30FF)
            return TRUE;
    }
    return FALSE;
}

static GArray *cut(const Language *self, const TuneVocabulary *vocabulary, const char *text)
{
    GArray *segments = g_array_new(FALSE, FALSE, sizeof(Segment));

    g_array_set_clear_func(segments, segment_clear);
    if (self->unspaced)
        cut_characters(self, text, segments);
    else
        cut_words(self, vocabulary, text, segments);
    return segments;
}

static gboolean is_better(Evidence a, Evidence b)
{
    if (a.own + b.english != b.own + a.english)
        return a.own + b.english > b.own + a.english;
    return a.matched > b.matched;
}

gboolean tune_languages_translate(const TuneVocabulary *vocabulary, const char *text,
                                  Translation *out, GError **error)
{
    gboolean characters = has_cjk(text), kana = has_kana(text);
    g_autoptr(GHashTable) english = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_autoptr(GArray) best = NULL;
    const Language *chosen = NULL;
    Evidence most = {0};

    *out = (Translation){0};
    if (is_surely_english(vocabulary, text, english) && !characters) {
        out->text = g_strdup(text);
        return TRUE;
    }
    for (guint i = 0; i < vocabulary->languages->all->len; i++) {
        Language *language = g_ptr_array_index(vocabulary->languages->all, i);
        if (language->unspaced != characters || (kana && strcmp(language->code, "ja") != 0))
            continue;
        if (!language_require(language, error))
            return FALSE;
        g_autoptr(GArray) segments = cut(language, vocabulary, text);
        Evidence evidence = weigh(vocabulary, segments, english, characters);
        if (evidence.own <= evidence.english || (chosen != NULL && !is_better(evidence, most) &&
                                                 (!characters || is_better(most, evidence))))
            continue;
        g_clear_pointer(&best, g_array_unref);
        best = g_steal_pointer(&segments);
        chosen = language;
        most = evidence;
    }
    if (chosen == NULL) {
        out->text = g_strdup(text);
        return TRUE;
    }
    order_words(vocabulary, best);
    join_segments(best, chosen->unspaced, out);
    out->language = chosen->name;
    return TRUE;
}
