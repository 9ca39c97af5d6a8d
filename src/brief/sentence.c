/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Understanding a sentence.
 *
 * The text becomes tokens; slips of the pen are mended against the vocabulary; the longest phrases of the
 * lexicon are laid over the tokens from left to right; negations mark what they cover; then one
 * parser after the other takes what it knows.  No parser looks at what another one used, except where a
 * meaning depends on its neighbour ("8 bar intro" is no length).
 */
#include "brief/sentence-private.h"
#include "brief/lyrics.h"

#include <string.h>

/* ---- looking at tokens ---- */

TuneToken *tune_reader_token(const Reader *self, gint at)
{
    return at < 0 || (guint)at >= self->tokens->len ? NULL
                                                     : &g_array_index(self->tokens, TuneToken, at);
}

gboolean tune_reader_is_word(const Reader *self, gint at, const char *word)
{
    const TuneToken *token = tune_reader_token(self, at);

    return token != NULL && token->kind == TUNE_TOKEN_WORD && strcmp(token->word, word) == 0;
}

gboolean tune_reader_is_mark(const Reader *self, gint at, char mark)
{
    const TuneToken *token = tune_reader_token(self, at);

    return token != NULL && token->kind == TUNE_TOKEN_MARK && token->word[0] == mark &&
           token->word[1] == '\0';
}

gboolean tune_reader_is_edge(const Reader *self, gint at)
{
    const TuneToken *token = tune_reader_token(self, at);

    return token == NULL || token->kind == TUNE_TOKEN_MARK;
}

ReaderMatch *tune_reader_match(const Reader *self, gint at, LexiconKind kind)
{
    const TuneToken *token = tune_reader_token(self, at);

    if (token == NULL || token->match < 0)
        return NULL;
    ReaderMatch *match = &g_array_index(self->matches, ReaderMatch, token->match);
    return kind == LEXICON_N_KINDS || match->entry->kind == kind ? match : NULL;
}

gint tune_reader_unit(const Reader *self, gint at, LexiconUnit unit)
{
    const ReaderMatch *match = tune_reader_match(self, at, LEXICON_UNIT);

    if (match == NULL || (gint)match->entry->value != (gint)unit || match->at != (guint)at)
        return 0;
    return (gint)match->n;
}

/* One number word; "hundred" and "zero" included. */
static gboolean word_number(const Reader *self, gint at, double *value, gint *n)
{
    const ReaderMatch *match = tune_reader_match(self, at, LEXICON_NUMBER);

    if (match == NULL || match->at != (guint)at)
        return FALSE;
    *value = match->entry->value;
    *n = (gint)match->n;
    return TRUE;
}

/* May number word @value follow one of kind @last (0 none, 1 unit, 2 teen, 3 tens, 4 hundred)? */
static gboolean number_goes_on(double sum, double value, gint last, gint *kind)
{
    *kind = value == 100 ? 4 : value >= 20 ? 3 : value >= 10 ? 2 : 1;
    switch (*kind) {
    case 4:
        return last <= 1;
    case 1:
        return last == 0 || last >= 3;
    default:
        return last == 0 || last == 4 || (last == 1 && sum == 1); /* "one twenty" */
    }
}

/* "one hundred and twenty-five": sums up words as long as they can belong to one number. */
static gint words_number(const Reader *self, gint at, double *value)
{
    double sum = 0, part = 0;
    gint n = 0, used = 0, last = 0, kind = 0;

    if (tune_reader_is_word(self, at, "a") && word_number(self, at + 1, &part, &n) && part == 100)
        used = 1;
    for (;;) {
        gint skip = last == 4 && tune_reader_is_word(self, at + used, "and") ? 1 : 0;
        const TuneToken *token = tune_reader_token(self, at + used + skip);
        if (token == NULL || token->glue == '/' || !word_number(self, at + used + skip, &part, &n) ||
            !number_goes_on(sum, part, last, &kind))
            break;
        if (kind == 4 || (last == 1 && kind > 1))
            sum = MAX(sum, 1) * 100 + (kind == 4 ? 0 : part);
        else
            sum += part;
        last = kind;
        used += skip + n;
    }
    *value = sum;
    return used;
}

gint tune_reader_number(const Reader *self, gint at, double *value)
{
    const TuneToken *token = tune_reader_token(self, at);
    gint used = 0;

    if (token == NULL)
        return 0;
    if (token->kind == TUNE_TOKEN_NUMBER) {
        *value = token->value;
        used = 1;
    } else {
        used = words_number(self, at, value);
    }
    /* "two and a half" */
    if (used > 0 && tune_reader_is_word(self, at + used, "and") &&
        tune_reader_is_word(self, at + used + 1, "a") &&
        tune_reader_unit(self, at + used + 2, UNIT_HALF) > 0) {
        *value += 0.5;
        used += 3;
    }
    return used;
}

void tune_reader_use(const Reader *self, gint at, gint n)
{
    for (gint i = at; i < at + n; i++) {
        TuneToken *token = tune_reader_token(self, i);
        if (token != NULL)
            token->used = TRUE;
    }
}

void tune_reader_forget(Reader *self, gint at, gint n)
{
    for (guint m = self->matches->len; m-- > 0;) {
        const ReaderMatch *match = &g_array_index(self->matches, ReaderMatch, m);
        if ((gint)(match->at + match->n) <= at || (gint)match->at >= at + n)
            continue;
        g_array_remove_index(self->matches, m);
        for (guint i = 0; i < self->tokens->len; i++) {
            gint *of = &g_array_index(self->tokens, TuneToken, i).match;
            *of = *of == (gint)m ? -1 : *of - (*of > (gint)m);
        }
    }
}

gboolean tune_reader_is_used(const Reader *self, gint at, gint n)
{
    for (gint i = at; i < at + n; i++) {
        const TuneToken *token = tune_reader_token(self, i);
        if (token != NULL && token->used)
            return TRUE;
    }
    return FALSE;
}

gint tune_reader_skip_stops(const Reader *self, gint at, gint most)
{
    for (gint i = 0; i < most; i++) {
        const ReaderMatch *match = tune_reader_match(self, at, LEXICON_STOP);
        if (match == NULL)
            break;
        at += (gint)match->n;
    }
    return at;
}

gint tune_reader_chunk(const Reader *self, gint at, char **chunk)
{
    const TuneToken *first = tune_reader_token(self, at);
    gint n = 0;
    gsize end;

    *chunk = NULL;
    if (first == NULL)
        return 0;
    end = first->start;
    for (gint i = at;; i++) {
        const TuneToken *token = tune_reader_token(self, i);
        if (token == NULL || (i > at && token->glue == ' ') || tune_reader_is_mark(self, i, '\n') ||
            (i > at && memchr(self->text + end, ' ', token->start - end) != NULL))
            break;
        if (token->kind == TUNE_TOKEN_MARK && strchr(",;:!?()[]\"|>.", token->word[0]) != NULL)
            break;
        end = token->end;
        n++;
    }
    *chunk = g_strndup(self->text + first->start, end - first->start);
    return n;
}

/* ---- laying the lexicon over the tokens ---- */

/* "doublebass" -> "double bass": two words of one phrase written as one. */
static char *split_word(const TuneVocabulary *vocabulary, const char *word)
{
    gsize n = strlen(word);

    for (gsize at = 3; n >= 6 && at + 3 <= n; at++) {
        g_autofree char *parted = g_strdup_printf("%.*s %s", (int)at, word, word + at);
        if (tune_lexicon_find(vocabulary, parted) != NULL)
            return g_steal_pointer(&parted);
    }
    return NULL;
}

/* "SATB" is no slip of anything. */
static gboolean is_abbreviation(const Reader *self, const TuneToken *token)
{
    for (gsize i = token->start; i < token->end; i++)
        if (!g_ascii_isupper(self->text[i]))
            return FALSE;
    return token->end - token->start <= 4;
}

static void mend_slips(Reader *self)
{
    for (guint i = 0; i < self->tokens->len; i++) {
        TuneToken *token = &g_array_index(self->tokens, TuneToken, i);
        if (token->kind != TUNE_TOKEN_WORD || tune_lexicon_knows(self->vocabulary, token->word) ||
            is_abbreviation(self, token))
            continue;
        g_autofree char *parted = split_word(self->vocabulary, token->word);
        const char *meant =
            parted != NULL ? parted : tune_lexicon_correct(self->vocabulary, token->word);
        if (meant == NULL)
            continue;
        tune_brief_note(self->brief, "\"%s\" was read as \"%s\"", token->word, meant);
        g_free(token->word);
        token->word = g_strdup(meant);
        token->corrected = TRUE;
    }
}

static void add_match(Reader *self, guint at, guint n, const LexiconEntry *entry)
{
    ReaderMatch match = {.entry = entry, .at = at, .n = n};

    for (guint k = at; k < at + n; k++)
        g_array_index(self->tokens, TuneToken, k).match = (gint)self->matches->len;
    g_array_append_val(self->matches, match);
}

/* "drumless", "drum-free", "piano-free": the stem's entry, excluded. */
static gboolean match_suffix(Reader *self, guint at)
{
    const TuneToken *token = &g_array_index(self->tokens, TuneToken, at);
    gsize n = strlen(token->word);
    const LexiconEntry *entry = NULL;
    guint tokens = 1;

    if (n > 6 && g_str_has_suffix(token->word, "less")) {
        g_autofree char *stem = g_strndup(token->word, n - 4);
        entry = tune_lexicon_find(self->vocabulary, stem);
    } else if (tune_reader_is_word(self, (gint)at + 1, "free") &&
               tune_reader_token(self, (gint)at + 1)->glue == '-') {
        entry = tune_lexicon_find(self->vocabulary, token->word);
        tokens = 2;
    }
    if (entry == NULL || (entry->kind != LEXICON_INSTRUMENT && entry->kind != LEXICON_GENERIC))
        return FALSE;
    add_match(self, at, tokens, entry);
    ReaderMatch *match = &g_array_index(self->matches, ReaderMatch, self->matches->len - 1);
    match->negated = TRUE;
    match->negation = NEGATION_NO;
    return TRUE;
}

static gboolean is_one_of(const Reader *self, gint at, const char *const *words)
{
    for (; *words != NULL; words++)
        if (tune_reader_is_word(self, at, *words))
            return TRUE;
    return FALSE;
}

/* Stands @n tokens from @at where an artist is named: "like Queen", "Prince style"? */
static gboolean is_reference(const Reader *self, gint at, gint n)
{
    static const char *const before[] = {"like", "style", "vein", "manner", "similar", "inspired", "la",
                                         "think", "reminiscent", "by", "homage", "tribute", NULL};
    static const char *const behind[] = {"style", "styled", "esque", "like", "type", "vibe", "vibes",
                                         "feel", "sound", "inspired", "meets", "ish", NULL};

    for (gint i = at - 1; i >= at - 4 && !tune_reader_is_edge(self, i); i--)
        if (is_one_of(self, i, before))
            return TRUE;
    return is_one_of(self, at + n, behind);
}

/* "queen" and "nirvana" are words before they are bands. */
static gboolean is_doubtful(const Reader *self, const LexiconEntry *entry, guint at, guint n)
{
    GString *name = g_string_new(NULL);
    gboolean careful = FALSE;

    for (guint i = at; i < at + n; i++)
        g_string_append_printf(name, "%s%s", i > at ? " " : "",
                               g_array_index(self->tokens, TuneToken, i).word);
    if (g_str_has_suffix(name->str, "'s"))
        g_string_truncate(name, name->len - 2);
    for (guint i = 0; entry->careful != NULL && entry->careful[i] != NULL; i++)
        careful = careful || strcmp(entry->careful[i], name->str) == 0;
    g_string_free(name, TRUE);
    return careful && !is_reference(self, (gint)at, (gint)n);
}

/* "epic drum and bass" is no epic drum: two words for an instrument give way to a genre of three and more that
 * begins with the second. */
static gboolean gives_way(const Reader *self, const LexiconEntry *entry, guint at, guint n)
{
    guint longer = 0;

    if (entry == NULL || n != 2 || entry->kind != LEXICON_INSTRUMENT)
        return FALSE;
    const LexiconEntry *genre = tune_lexicon_match(self->vocabulary, self->tokens, at + 1, &longer);
    return genre != NULL && genre->kind == LEXICON_GENRE && longer > 2;
}

static void match_phrases(Reader *self)
{
    for (guint i = 0; i < self->tokens->len;) {
        guint n = 0;
        const LexiconEntry *entry = tune_lexicon_match(self->vocabulary, self->tokens, i, &n);
        const TuneToken *token = &g_array_index(self->tokens, TuneToken, i);
        if (gives_way(self, entry, i, n)) {
            entry = tune_lexicon_find(self->vocabulary, token->word);
            n = 1;
        }
        if ((entry == NULL || n == 1) && token->kind == TUNE_TOKEN_WORD && match_suffix(self, i)) {
            i += g_array_index(self->matches, ReaderMatch, self->matches->len - 1).n;
            continue;
        }
        if (entry != NULL && entry->kind == LEXICON_ARTIST && is_doubtful(self, entry, i, n)) {
            entry = NULL;
            n = 1;
        }
        if (entry != NULL)
            add_match(self, i, n, entry);
        i += MAX(n, 1);
    }
}

/* ---- negation ---- */

static gboolean is_thing(const ReaderMatch *match)
{
    switch (match->entry->kind) {
    case LEXICON_INSTRUMENT:
    case LEXICON_GENERIC:
    case LEXICON_GROUP:
    case LEXICON_SECTION:
        return TRUE;
    case LEXICON_ROLE: /* "no melody" */
        return (gint)match->entry->value == TUNE_ROLE_LEAD;
    case LEXICON_UNIT: /* "no beat" */
        return (gint)match->entry->value == UNIT_BEAT;
    default:
        return FALSE;
    }
}

static gboolean is_quality(const ReaderMatch *match)
{
    return match->entry->kind == LEXICON_MOOD || match->entry->kind == LEXICON_TEMPO ||
           match->entry->kind == LEXICON_GENRE || match->entry->kind == LEXICON_TAG ||
           match->entry->kind == LEXICON_PHRASE || match->entry->kind == LEXICON_MODE ||
           match->entry->kind == LEXICON_ARTIST;
}

/* The match to which a negation before token @at applies: qualities before a thing belong to it
 * ("no heavy drums").  -1 when a clause ends before anything comes. */
static gint negated_match(const Reader *self, gint at, LexiconNegation how)
{
    gint quality = -1;

    for (gint i = at, skipped = 0; skipped < 6; skipped++) {
        if (tune_reader_is_edge(self, i))
            break;
        const ReaderMatch *match = tune_reader_match(self, i, LEXICON_N_KINDS);
        if (match == NULL) {
            if (quality >= 0)
                break;
            i++;
            continue;
        }
        if (match->entry->kind == LEXICON_NEGATION)
            break;
        const ReaderMatch *next = tune_reader_match(self, i + (gint)match->n, LEXICON_N_KINDS);
        if (match->entry->kind == LEXICON_ROLE && next != NULL && is_thing(next)) {
            i += (gint)match->n; /* "no lead guitar" */
            continue;
        }
        if (is_thing(match) && (how != NEGATION_NOT || quality < 0))
            return tune_reader_token(self, i)->match;
        if (is_quality(match)) {
            if (how == NEGATION_NOT)
                return tune_reader_token(self, i)->match;
            quality = tune_reader_token(self, i)->match;
        } else if (quality >= 0) {
            break;
        }
        i += (gint)match->n;
    }
    return quality;
}

static void negate(Reader *self, gint from, gint index, LexiconNegation how)
{
    ReaderMatch *match = &g_array_index(self->matches, ReaderMatch, index);

    match->negated = TRUE;
    match->negation = how;
    for (gint i = from; i < (gint)(match->at + match->n); i++) {
        ReaderMatch *between = tune_reader_match(self, i, LEXICON_N_KINDS);
        if (between != NULL && between != match && is_quality(between)) {
            between->negated = TRUE; /* "no heavy drums" does not ask for heaviness */
            between->negation = NEGATION_NO;
        }
        tune_reader_token(self, i)->negated = TRUE;
    }
}

/* Does a list that goes on at the comma @at end in "or", "nor" (or "and", when @and_too)? */
static gboolean list_ends_in_or(const Reader *self, gint at, gboolean and_too)
{
    for (gint i = at, things = 0; things < 8;) {
        const ReaderMatch *match;
        if (tune_reader_is_word(self, i, "or") || tune_reader_is_word(self, i, "nor"))
            return TRUE;
        if (tune_reader_is_word(self, i, "and"))
            return and_too;
        match = tune_reader_match(self, i, LEXICON_N_KINDS);
        if (match != NULL && is_thing(match)) {
            things++;
            i += (gint)match->n;
        } else if (tune_reader_is_mark(self, i, ',')) {
            i++;
        } else {
            return FALSE;
        }
    }
    return FALSE;
}

/* Index of the token at which the negated list goes on behind @at, or -1. */
static gint list_goes_on(const Reader *self, gint at, LexiconNegation how)
{
    gboolean comma = tune_reader_is_mark(self, at, ',');
    gint i = comma ? at + 1 : at;

    if (tune_reader_is_word(self, i, "or") || tune_reader_is_word(self, i, "nor"))
        return i + 1;
    if (how == NEGATION_NOT)
        return -1;
    if (tune_reader_is_word(self, i, "and")) {
        const ReaderMatch *next = tune_reader_match(self, i + 1, LEXICON_N_KINDS);
        return next != NULL && is_thing(next) ? i + 1 : -1;
    }
    if (tune_reader_token(self, i) != NULL && tune_reader_token(self, i)->glue == '/' && !comma)
        return i;
    return comma && list_ends_in_or(self, i, how == NEGATION_WITHOUT) ? i : -1;
}

static void find_negations(Reader *self)
{
    for (guint m = 0; m < self->matches->len; m++) {
        const ReaderMatch *match = &g_array_index(self->matches, ReaderMatch, m);
        if (match->entry->kind != LEXICON_NEGATION)
            continue;
        LexiconNegation how = (LexiconNegation)(gint)match->entry->value;
        gint at = (gint)(match->at + match->n), index;
        gboolean first = TRUE;
        tune_reader_use(self, (gint)match->at, (gint)match->n);
        while (at >= 0 && (index = negated_match(self, at, how)) >= 0) {
            const ReaderMatch *hit = &g_array_index(self->matches, ReaderMatch, index);
            if (!first && !is_thing(hit) && how != NEGATION_NOT)
                break;
            negate(self, at, index, how);
            at = list_goes_on(self, (gint)(hit->at + hit->n), how);
            first = FALSE;
        }
    }
}

/* ---- the whole ---- */

/* What stood where token @index is: the word itself, or what it translates; NULL when the token before it
 * stands for the same words. */
static char *said_at(const Reader *self, const TuneToken *token, guint index)
{
    const GArray *spans = self->translation.spans;

    for (guint i = 0; spans != NULL && i < spans->len; i++) {
        const TranslationSpan *span = &g_array_index(spans, TranslationSpan, i);
        if (token->start < span->start || token->end > span->end)
            continue;
        const TuneToken *before = tune_reader_token(self, (gint)index - 1);
        return before != NULL && before->start >= span->start && !before->used ? NULL
                                                                               : g_strdup(span->said);
    }
    return g_strndup(self->text + token->start, token->end - token->start);
}

/* A mark that says something rather than divides: a drum drawn as a picture, an infinity.  Arrows, boxes and
 * bullets (U+2190..21FF, U+2500..25FF) only lay a text out. */
static gboolean is_sign(const TuneToken *token)
{
    gunichar c = g_utf8_get_char(token->word);
    GUnicodeType type = g_unichar_type(c);

    return c >= 0x80 && !(c >= 0x2190 && c < 0x2200) && !(c >= 0x2500 && c < 0x2600) &&
           (type == G_UNICODE_MATH_SYMBOL || type == G_UNICODE_OTHER_SYMBOL ||
            type == G_UNICODE_CURRENCY_SYMBOL);
}

static gboolean is_same_as_before(const Reader *self, guint index)
{
    const TuneToken *token = tune_reader_token(self, (gint)index);
    const TuneToken *before = tune_reader_token(self, (gint)index - 1);

    return before != NULL && strcmp(before->word, token->word) == 0;
}

static void list_not_understood(Reader *self)
{
    for (guint i = 0; i < self->tokens->len; i++) {
        const TuneToken *token = &g_array_index(self->tokens, TuneToken, i);
        const ReaderMatch *match = tune_reader_match(self, (gint)i, LEXICON_N_KINDS);
        if (token->used || (token->kind == TUNE_TOKEN_MARK &&
                            (!is_sign(token) || is_same_as_before(self, i))))
            continue;
        if (match != NULL && match->entry->kind == LEXICON_STOP)
            continue;
        g_autofree char *word = said_at(self, token, i);
        if (word == NULL)
            continue;
        if (token->kind == TUNE_TOKEN_WORD && strlen(word) == 1 && g_ascii_isalpha(*word) &&
            i > 0 && g_array_index(self->tokens, TuneToken, i - 1).used)
            continue; /* the "s" of "80s" and "'s" */
        g_ptr_array_add(self->brief->not_understood, g_steal_pointer(&word));
    }
}

static void reader_clear(Reader *self)
{
    g_free(self->text);
    translation_clear(&self->translation);
    g_clear_pointer(&self->tokens, g_array_unref);
    g_clear_pointer(&self->matches, g_array_unref);
    g_clear_pointer(&self->numerals, g_ptr_array_unref);
    g_clear_pointer(&self->blocks, g_array_unref);
    g_clear_pointer(&self->moments, g_array_unref);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Reader, reader_clear)

gboolean tune_sentence_understand(const TuneVocabulary *vocabulary, const char *sentence,
                                  const TuneBrief *context, TuneBrief *heard, GError **error)
{
    typedef gboolean (*Parser)(Reader *, GError **);
    static const Parser parsers[] = {
        tune_parse_title, tune_parse_timed,  tune_parse_chords,      tune_parse_key,
        tune_parse_metre, tune_parse_tempo,  tune_find_moments,      tune_parse_form,
        tune_parse_length, tune_parse_words, tune_parse_instruments, tune_cast_moments,
        tune_resolve_numerals};
    g_auto(Reader) self = {.vocabulary = vocabulary, .brief = heard, .context = context};

    g_autofree char *plain = tune_text_normalise(sentence, error);
    if (plain == NULL || !tune_languages_translate(vocabulary, plain, &self.translation, error))
        return FALSE;
    self.text = g_steal_pointer(&self.translation.text);
    if (self.translation.language != NULL)
        tune_brief_note(heard, "understood as %s: %s", self.translation.language, self.text);
    self.tokens = tune_text_tokenise(self.text);
    self.matches = g_array_new(FALSE, FALSE, sizeof(ReaderMatch));
    self.numerals = g_ptr_array_new_with_free_func(g_free);
    mend_slips(&self);
    match_phrases(&self);
    find_negations(&self);
    for (gsize i = 0; i < G_N_ELEMENTS(parsers); i++)
        if (!parsers[i](&self, error))
            return FALSE;
    list_not_understood(&self);
    return TRUE;
}

static gboolean is_blank(const char *text)
{
    for (; *text != '\0'; text = g_utf8_next_char(text)) {
        gunichar c = g_utf8_get_char(text);
        if (!g_unichar_isspace(c) && !g_unichar_iscntrl(c))
            return FALSE;
    }
    return TRUE;
}

/* Text before the first tag of lyrics that have tags: it may describe the music. */
static char *heading_of_lyrics(const char *text)
{
    const char *tag = strchr(text, '[');

    return tag == NULL ? g_strdup("") : g_strndup(text, (gsize)(tag - text));
}

gboolean tune_brief_read_sentence(TuneBrief *self, const TuneVocabulary *vocabulary,
                                  const char *sentence, GError **error)
{
    g_autofree char *plain = tune_text_normalise(sentence, error);
    g_autoptr(TuneBrief) heard = tune_brief_new();

    if (plain == NULL) {
        g_prefix_error(error, "sentence: ");
        return FALSE;
    }
    if (is_blank(plain)) {
        g_set_error(error, TUNE_BRIEF_ERROR, TUNE_BRIEF_ERROR_EMPTY,
                    "the sentence is empty: say what the music should be like");
        return FALSE;
    }
    if (tune_lyrics_detect(vocabulary, plain)) {
        g_autofree char *heading = heading_of_lyrics(plain);
        g_array_unref(heard->lyrics);
        heard->lyrics = tune_lyrics_parse(plain + strlen(heading));
        heard->lyrics_origin = TUNE_ORIGIN_SAID;
        if (!tune_sentence_understand(vocabulary, heading, self, heard, error))
            return FALSE;
    } else if (!tune_sentence_understand(vocabulary, plain, self, heard, error)) {
        return FALSE;
    }
    tune_brief_merge(self, heard, TUNE_ORIGIN_SAID);
    g_free(self->prompt);
    self->prompt = g_strdup(sentence);
    return TRUE;
}
