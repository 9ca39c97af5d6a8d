/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Keys, modes and chords of a sentence.
 */
#include "brief/sentence-private.h"

#include <string.h>

/* ---- note names ---- */

typedef struct {
    TuneFifths fifths;
    gint n;            /* tokens */
    gboolean exists;   /* FALSE: "H#", "E###" */
    gboolean capital;
    gboolean accidental;
    gboolean minor;    /* "F#m" */
    gboolean mode_said; /* "F#m", "Cmaj" */
} NoteName;

/* How many tokens from @at end at byte @end exactly; 0 when a token crosses it. */
static gint tokens_to(const Reader *self, gint at, gsize end)
{
    for (gint i = at; tune_reader_token(self, i) != NULL; i++) {
        const TuneToken *token = tune_reader_token(self, i);
        if (token->end == end)
            return i - at + 1;
        if (token->end > end)
            break;
    }
    return 0;
}

static gsize read_mode_suffix(const char *text, NoteName *note)
{
    static const struct {
        const char *text;
        gboolean minor;
    } suffixes[] = {{"maj", FALSE}, {"min", TRUE}, {"m", TRUE}};

    for (gsize i = 0; i < G_N_ELEMENTS(suffixes); i++) {
        gsize n = strlen(suffixes[i].text);
        if (strncmp(text, suffixes[i].text, n) == 0 && !g_ascii_isalnum(text[n])) {
            note->mode_said = TRUE;
            note->minor = suffixes[i].minor;
            return n;
        }
    }
    return 0;
}

/* "F#", "Bb", "E flat", "A-flat", "F#m" at token @at; also names that no note has. */
static gboolean read_note(const Reader *self, gint at, NoteName *note)
{
    const TuneToken *token = tune_reader_token(self, at);

    *note = (NoteName){.exists = TRUE};
    if (token == NULL || token->kind != TUNE_TOKEN_WORD || token->used || token->word[0] > 'z' ||
        token->word[0] < 'a')
        return FALSE;
    const char *text = self->text + token->start;
    gsize length = 1;
    note->capital = g_ascii_isupper(text[0]);
    while (text[length] == '#' || (text[length] == 'b' && length < 3))
        length++;
    note->accidental = length > 1;
    note->exists = token->word[0] <= 'g';
    if (note->exists) {
        g_autofree char *name = g_strndup(text, length);
        note->exists = tune_fifths_parse(name, &note->fifths) == length;
    }
    length += read_mode_suffix(text + length, note);
    if (g_ascii_isalnum(text[length]) || (guchar)text[length] >= 0x80)
        return FALSE;
    note->n = tokens_to(self, at, token->start + length);
    if (note->n == 0)
        return FALSE;
    if (note->accidental || note->mode_said)
        return TRUE;
    gint sign = tune_reader_is_word(self, at + note->n, "sharp") ? 7
                : tune_reader_is_word(self, at + note->n, "flat") ? -7 : 0;
    if (sign != 0) {
        note->fifths = (TuneFifths)(note->fifths + sign);
        note->accidental = TRUE;
        note->n++;
    }
    return TRUE;
}

/* ---- keys ---- */

static gboolean set_mode(Reader *self, TuneMode mode, GError **error)
{
    if (self->brief->mode_origin == TUNE_ORIGIN_SAID && self->brief->key.mode != mode) {
        g_set_error(error, TUNE_BRIEF_ERROR, TUNE_BRIEF_ERROR_CONFLICT,
                    "key: two modes are asked for: %s and %s", tune_mode_name(self->brief->key.mode),
                    tune_mode_name(mode));
        return FALSE;
    }
    self->brief->key.mode = mode;
    self->brief->mode_origin = TUNE_ORIGIN_SAID;
    return TRUE;
}

static gboolean set_key(Reader *self, const NoteName *note, gboolean mode_said, TuneMode mode,
                        GError **error)
{
    TuneBrief *brief = self->brief;
    char name[8];

    tune_fifths_name(note->fifths, name);
    if (brief->key_origin == TUNE_ORIGIN_SAID &&
        (brief->key.tonic != note->fifths ||
         (mode_said && brief->mode_origin == TUNE_ORIGIN_SAID && mode != brief->key.mode))) {
        char first[8];
        tune_fifths_name(brief->key.tonic, first);
        g_set_error(error, TUNE_BRIEF_ERROR, TUNE_BRIEF_ERROR_CONFLICT,
                    "key: two keys are asked for: %s %s and %s %s", first,
                    brief->mode_origin ? tune_mode_name(brief->key.mode) : "", name,
                    mode_said ? tune_mode_name(mode) : "");
        return FALSE;
    }
    g_autofree char *text =
        g_strdup_printf("%s%s%s", name, mode_said ? " " : "", mode_said ? tune_mode_name(mode) : "");
    TuneKey key;
    if (!tune_key_parse(text, &key, NULL, NULL)) {
        g_set_error(error, TUNE_BRIEF_ERROR, TUNE_BRIEF_ERROR_FIELD, "key: %s is no key", text);
        return FALSE;
    }
    brief->key.tonic = key.tonic;
    brief->key_origin = TUNE_ORIGIN_SAID;
    return !mode_said || set_mode(self, mode, error);
}

/* "ending in C major", "then in Bb": a key for later. */
static gboolean tells_later(const Reader *self, gint at)
{
    static const char *const words[] = {"ending", "ends", "end", "finishing", "finishes", "resolving",
                                        "resolves", "then", "later", "before"};

    for (gsize i = 0; i < G_N_ELEMENTS(words); i++)
        if (tune_reader_is_word(self, at, words[i]))
            return TRUE;
    return FALSE;
}

static gboolean is_modulation(const Reader *self, gint at)
{
    for (gint i = at - 1; i >= 0 && i > at - 5; i--)
        if (g_str_has_prefix(tune_reader_token(self, i)->word, "modulat"))
            return TRUE;
    for (gint i = at - 1; i >= 0 && i > at - 5; i--) {
        const TuneToken *token = tune_reader_token(self, i);
        if (tells_later(self, i))
            return self->brief->key_origin == TUNE_ORIGIN_SAID;
        if (token->kind == TUNE_TOKEN_WORD && strcmp(token->word, "to") == 0)
            return self->brief->key_origin == TUNE_ORIGIN_SAID;
    }
    return FALSE;
}

/* "in", "key of", "key:" before token @at. */
static gboolean has_key_prefix(const Reader *self, gint at)
{
    const TuneToken *before = tune_reader_token(self, at - 1);
    gint i = at - 1;

    if (before == NULL)
        return FALSE;
    if (before->kind == TUNE_TOKEN_WORD &&
        (strcmp(before->word, "in") == 0 || strcmp(before->word, "to") == 0))
        return TRUE;
    while (tune_reader_is_mark(self, i, ':') || tune_reader_is_mark(self, i, '=') ||
           tune_reader_is_word(self, i, "is") || tune_reader_is_word(self, i, "of"))
        i--;
    const ReaderMatch *match = tune_reader_match(self, i, LEXICON_UNIT);
    return match != NULL && (gint)match->entry->value == UNIT_KEY;
}

/* What may stand behind a tonic without a mode, or behind "a minor". */
static gboolean is_key_end(const Reader *self, gint at)
{
    const ReaderMatch *match = tune_reader_match(self, at, LEXICON_N_KINDS);

    return tune_reader_is_edge(self, at) ||
           (match != NULL &&
            (match->entry->kind == LEXICON_STOP || match->entry->kind == LEXICON_NEGATION ||
             match->entry->kind == LEXICON_UNIT || match->entry->kind == LEXICON_NUMBER)) ||
           tune_reader_token(self, at)->kind != TUNE_TOKEN_WORD;
}

/* The article "a" is the commonest lower-case letter: it is a tonic only where the grammar leaves no
 * other reading. */
static gboolean may_be_tonic(const Reader *self, gint at, const NoteName *note,
                             const ReaderMatch *mode, gboolean prefix)
{
    const ReaderMatch *own = tune_reader_match(self, at, LEXICON_N_KINDS);
    gboolean is_a = tune_reader_is_word(self, at, "a") && !note->accidental;
    gint behind = at + note->n + (mode == NULL ? 0 : (gint)mode->n);

    if (own != NULL && (own->n > 1 || own->entry->kind == LEXICON_SECTION) && !note->accidental)
        return FALSE;
    if (note->mode_said)
        return prefix || (tune_reader_is_edge(self, at - 1) && is_key_end(self, at + note->n) &&
                          note->capital && self->brief->chords->len == 0);
    if (mode != NULL && is_a && (mode->n > 1 && !g_str_has_prefix(mode->entry->name, "harmonic") &&
                                 strchr(mode->entry->name, ' ') == NULL))
        return FALSE; /* "in a minor key" */
    if (mode != NULL && is_a && !note->capital)
        return (prefix || tune_reader_is_edge(self, at - 1)) && is_key_end(self, behind);
    if (mode != NULL)
        return TRUE;
    if (!prefix && note->accidental && note->capital && tune_reader_is_edge(self, at - 1) &&
        tune_reader_is_edge(self, at + note->n) && self->brief->chords->len == 0)
        return TRUE; /* "march, Bb, 116 bpm" */
    if (!prefix || (is_a && !note->capital && !tune_reader_is_edge(self, at + note->n)))
        return FALSE;
    return (note->capital || note->accidental || tune_reader_is_edge(self, at + note->n)) &&
           is_key_end(self, behind);
}

static const ReaderMatch *mode_at(const Reader *self, gint at)
{
    const ReaderMatch *match = tune_reader_match(self, at, LEXICON_MODE);

    return match != NULL && match->at == (guint)at ? match : NULL;
}

static gboolean fail_note(const Reader *self, gint at, gint n, GError **error)
{
    const TuneToken *first = tune_reader_token(self, at), *last = tune_reader_token(self, at + n - 1);
    g_autofree char *name = g_strndup(self->text + first->start, last->end - first->start);

    g_set_error(error, TUNE_BRIEF_ERROR, TUNE_BRIEF_ERROR_FIELD,
                "key: \"%s\" is no note name (notes are A to G with # or b)", name);
    return FALSE;
}

/* FALSE with error, or the number of tokens it took in @n (0: no key here). */
static gboolean read_key(Reader *self, gint at, gint *n, GError **error)
{
    gboolean prefix = has_key_prefix(self, at);
    NoteName note;

    *n = 0;
    if (!read_note(self, at, &note))
        return TRUE;
    const ReaderMatch *mode = note.mode_said ? NULL : mode_at(self, at + note.n);
    if (!note.exists) {
        const ReaderMatch *match = tune_reader_match(self, at, LEXICON_N_KINDS);
        gboolean is_letter = strlen(tune_reader_token(self, at)->word) == 1 && match == NULL;
        if (is_letter && (note.accidental || (mode != NULL && note.capital)) &&
            (prefix || mode != NULL || tune_reader_is_edge(self, at - 1)))
            return fail_note(self, at, note.n, error);
        return TRUE;
    }
    if (!may_be_tonic(self, at, &note, mode, prefix))
        return TRUE;
    *n = note.n + (mode == NULL ? 0 : (gint)mode->n);
    if (is_modulation(self, at)) {
        tune_brief_note(self->brief, "where it modulates is the composer's choice");
        return TRUE;
    }
    TuneMode said = mode != NULL ? mode->entry->mode : note.minor ? TUNE_MODE_MINOR : TUNE_MODE_MAJOR;
    return set_key(self, &note, mode != NULL || note.mode_said, said, error);
}

static void use_key_words(const Reader *self, gint at)
{
    for (gint i = at - 1; i >= at - 3 && i >= 0; i--) {
        const ReaderMatch *match = tune_reader_match(self, i, LEXICON_UNIT);
        if (match != NULL && (gint)match->entry->value == UNIT_KEY)
            tune_reader_use(self, (gint)match->at, (gint)match->n);
    }
}

gboolean tune_parse_key(Reader *self, GError **error)
{
    for (gint i = 0; i < (gint)self->tokens->len; i++) {
        gint n = 0;
        if (!read_key(self, i, &n, error))
            return FALSE;
        if (n == 0)
            continue;
        tune_reader_use(self, i, n);
        use_key_words(self, i);
        i += n - 1;
    }
    for (guint m = 0; m < self->matches->len; m++) {
        ReaderMatch *match = &g_array_index(self->matches, ReaderMatch, m);
        TuneMode mode = match->entry->mode;
        if (match->entry->kind != LEXICON_MODE ||
            tune_reader_is_used(self, (gint)match->at, (gint)match->n))
            continue;
        tune_reader_use(self, (gint)match->at, (gint)match->n);
        if (match->negated)
            mode = tune_mode_is_minor(mode) ? TUNE_MODE_MAJOR : TUNE_MODE_MINOR;
        if (!set_mode(self, mode, error))
            return FALSE;
    }
    return TRUE;
}
