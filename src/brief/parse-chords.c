/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Chord progressions of a sentence: "Am F C G", "C - G - Am - F", "Dm7 | G7 Cmaj7", "ii-V-I in C".
 *
 * A bar's worth of chords is kept as shares of a bar, negative, until the metre is known
 * (tune_brief_complete() turns them into felt beats).
 */
#include "brief/sentence-private.h"

#include <string.h>

typedef struct {
    GPtrArray *symbols; /* char* */
    GArray *bars;       /* gint: which bar each one is in; counts up at '|' */
    gboolean has_bars;
    gboolean roman;
    gint n;             /* tokens */
} Progression;

static void progression_clear(Progression *self)
{
    g_clear_pointer(&self->symbols, g_ptr_array_unref);
    g_clear_pointer(&self->bars, g_array_unref);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Progression, progression_clear)

static gboolean is_symbol(const char *text, gboolean roman)
{
    TuneChord chord;

    if (*text == '\0')
        return FALSE;
    return roman ? tune_chord_parse_roman(text, (TuneKey){0, TUNE_MODE_MAJOR}, &chord)
                 : tune_chord_parse(text, &chord);
}

/* One chunk may be one chord, or several with hyphens or slashes between them. */
static gboolean add_chunk(Progression *self, const char *chunk, gint bar)
{
    const char *separators[] = {NULL, "-", "/", "->"};

    for (gsize s = 0; s < G_N_ELEMENTS(separators); s++) {
        g_auto(GStrv) parts = separators[s] == NULL ? g_strdupv((char *[]){(char *)chunk, NULL})
                                                     : g_strsplit(chunk, separators[s], -1);
        gboolean good = g_strv_length(parts) > (s == 0 ? 0 : s == 2 ? 2 : 1);
        for (guint i = 0; good && parts[i] != NULL; i++)
            good = is_symbol(parts[i], self->roman);
        for (guint i = 0; good && parts[i] != NULL; i++) {
            g_ptr_array_add(self->symbols, g_strdup(parts[i]));
            g_array_append_val(self->bars, bar);
        }
        if (good)
            return TRUE;
    }
    return FALSE;
}

static gboolean is_separator(const Reader *self, gint at)
{
    return tune_reader_is_mark(self, at, ',') || tune_reader_is_mark(self, at, '|') ||
           tune_reader_is_mark(self, at, '>') || tune_reader_is_mark(self, at, '-') ||
           tune_reader_is_word(self, at, "then");
}

/* A letter that a mode, "sharp" or "flat" follows is a key. */
static gboolean is_key_here(const Reader *self, gint behind)
{
    return tune_reader_match(self, behind, LEXICON_MODE) != NULL ||
           tune_reader_is_word(self, behind, "flat") || tune_reader_is_word(self, behind, "sharp");
}

/* "%": the bar before once more. */
static void repeat_bar(Progression *self, gint bar)
{
    guint n = self->symbols->len;
    gint last = n == 0 ? 0 : g_array_index(self->bars, gint, n - 1);

    for (guint i = 0; i < n; i++)
        if (g_array_index(self->bars, gint, i) == last) {
            g_ptr_array_add(self->symbols, g_strdup(g_ptr_array_index(self->symbols, i)));
            g_array_append_val(self->bars, bar);
        }
}

/* Reads from token @at as far as chords go. */
static void read_progression(const Reader *self, gint at, Progression *out)
{
    gint i = at, bar = 0;

    out->symbols = g_ptr_array_new_with_free_func(g_free);
    out->bars = g_array_new(FALSE, FALSE, sizeof(gint));
    while (out->symbols->len < 64) {
        g_autofree char *chunk = NULL;
        gint n = tune_reader_chunk(self, i, &chunk), behind = i + n;
        gboolean article = chunk != NULL && strcmp(chunk, "A") == 0 && out->symbols->len == 0 &&
                           tune_reader_is_edge(self, at - 1) && !is_separator(self, behind) &&
                           !tune_reader_is_mark(self, at - 1, ':');
        gboolean again = n == 1 && out->has_bars && strcmp(chunk, "%") == 0;
        if (again)
            repeat_bar(out, bar);
        else if (n == 0 || is_key_here(self, behind) || article || !add_chunk(out, chunk, bar))
            break;
        out->n = behind - at;
        gboolean last = out->symbols->len >= 2 && tune_reader_is_word(self, behind, "and");
        for (i = behind + last; is_separator(self, i); i++)
            if (tune_reader_is_mark(self, i, '|')) {
                out->has_bars = TRUE;
                bar++;
            }
    }
}

static gboolean is_form_pattern(const Progression *p)
{
    char next = 'A';

    for (guint i = 0; i < p->symbols->len; i++) {
        const char *symbol = g_ptr_array_index(p->symbols, i);
        if (symbol[1] != '\0' || symbol[0] > next)
            return FALSE;
        if (symbol[0] == next)
            next++;
    }
    return next > 'B';
}

static guint n_plain(const Progression *p)
{
    guint n = 0;

    for (guint i = 0; i < p->symbols->len; i++)
        n += strlen(g_ptr_array_index(p->symbols, i)) == 1;
    return n;
}

/* TRUE when "chords", "progression" stands close before or behind. */
static gboolean has_chord_word(const Reader *self, gint at, gint n)
{
    for (gint i = at - 4; i <= at + n + 1; i++) {
        const ReaderMatch *match = tune_reader_match(self, i, LEXICON_UNIT);
        if (match != NULL && (gint)match->entry->value == UNIT_CHORDS && (i < at || i >= at + n)) {
            tune_reader_use(self, (gint)match->at, (gint)match->n);
            return TRUE;
        }
    }
    return FALSE;
}

static gboolean all_same(const Progression *p)
{
    for (guint i = 1; i < p->symbols->len; i++)
        if (strcmp(g_ptr_array_index(p->symbols, i), g_ptr_array_index(p->symbols, 0)) != 0)
            return FALSE;
    return TRUE;
}

static gboolean is_convincing(const Reader *self, gint at, const Progression *p)
{
    guint n = p->symbols->len;
    gboolean after_in = tune_reader_is_word(self, at - 1, "in") || tune_reader_is_word(self, at - 1, "of");

    if (n == 0 || (n < 2 && !has_chord_word(self, at, p->n)))
        return FALSE;
    if (n < 2)
        return !p->roman;
    if (!p->roman && is_form_pattern(p) && !has_chord_word(self, at, p->n))
        return FALSE;
    if (all_same(p) && !has_chord_word(self, at, p->n))
        return FALSE;
    if (p->roman || has_chord_word(self, at, p->n))
        return TRUE;
    return n >= 3 ? TRUE : n_plain(p) == 0 || (n_plain(p) < n && !after_in);
}

/* Share of a bar that chord @i has, negative. */
static double share_of(const Progression *p, guint i)
{
    gint bar = g_array_index(p->bars, gint, i), n = 0;

    if (!p->has_bars)
        return -1;
    for (guint k = 0; k < p->bars->len; k++)
        n += g_array_index(p->bars, gint, k) == bar;
    return -1.0 / n;
}

static void keep(Reader *self, const Progression *p)
{
    TuneBrief *brief = self->brief;

    for (guint i = 0; i < p->symbols->len; i++) {
        const char *symbol = g_ptr_array_index(p->symbols, i);
        double share = share_of(p, i);
        TuneChord chord = {0};
        if (p->roman)
            g_ptr_array_add(self->numerals, g_strdup(symbol));
        else
            tune_chord_parse(symbol, &chord);
        g_array_append_val(brief->chords, chord);
        g_array_append_val(brief->chord_beats, share);
    }
    brief->chords_origin = TUNE_ORIGIN_SAID;
}

gboolean tune_parse_chords(Reader *self, GError **error)
{
    for (gint i = 0; i < (gint)self->tokens->len; i++) {
        const TuneToken *token = tune_reader_token(self, i);
        for (gint roman = 0; roman < 2 && self->brief->chords->len == 0; roman++) {
            g_auto(Progression) p = {.roman = roman};
            if (token->kind != TUNE_TOKEN_WORD && !(roman && tune_reader_is_mark(self, i, '#')))
                continue;
            if (i > 0 && token->glue != ' ' && !tune_reader_is_edge(self, i - 1))
                continue;
            read_progression(self, i, &p);
            if (!is_convincing(self, i, &p))
                continue;
            keep(self, &p);
            tune_reader_use(self, i, p.n);
            tune_reader_forget(self, i, p.n); /* "Ebm" is no EBM */
            i += p.n - 1;
            break;
        }
    }
    return TRUE;
}

/* ---- numerals ---- */

static TuneKey key_of_numerals(Reader *self)
{
    TuneBrief *brief = self->brief;
    const TuneBrief *context = self->context;
    gboolean minor = FALSE, major = FALSE;
    TuneKey key = brief->key;

    for (guint i = 0; i < self->numerals->len; i++) {
        const char *numeral = g_ptr_array_index(self->numerals, i);
        minor = minor || (numeral[0] == 'i' && numeral[1] != 'i' && numeral[1] != 'v');
        major = major || (numeral[0] == 'I' && numeral[1] != 'I' && numeral[1] != 'V');
    }
    if (brief->mode_origin < TUNE_ORIGIN_SAID) {
        key.mode = context != NULL && context->mode_origin != TUNE_ORIGIN_NONE ? context->key.mode
                   : minor && !major ? TUNE_MODE_MINOR : TUNE_MODE_MAJOR;
        brief->key.mode = key.mode;
        brief->mode_origin = TUNE_ORIGIN_INFERRED;
    }
    if (brief->key_origin == TUNE_ORIGIN_NONE) {
        if (context != NULL && context->key_origin != TUNE_ORIGIN_NONE)
            key.tonic = context->key.tonic;
        else
            key.tonic = tune_mode_is_minor(key.mode) ? 3 : 0;
        brief->key.tonic = key.tonic;
        brief->key_origin = TUNE_ORIGIN_INFERRED;
        tune_brief_note(brief, "numerals without a key are read in %s",
                        tune_mode_is_minor(key.mode) ? "A minor" : "C major");
    }
    return key;
}

gboolean tune_resolve_numerals(Reader *self, GError **error)
{
    if (self->numerals->len == 0)
        return TRUE;
    TuneKey key = key_of_numerals(self);
    for (guint i = 0; i < self->numerals->len; i++) {
        const char *numeral = g_ptr_array_index(self->numerals, i);
        if (!tune_chord_parse_roman(numeral, key,
                                    &g_array_index(self->brief->chords, TuneChord, i))) {
            g_set_error(error, TUNE_BRIEF_ERROR, TUNE_BRIEF_ERROR_FIELD,
                        "chords: \"%s\" is no chord in this key", numeral);
            return FALSE;
        }
    }
    return TRUE;
}
