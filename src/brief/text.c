/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "brief/text.h"
#include "brief/brief.h"

#include <string.h>

/* ---- normalising ---- */

static const struct {
    gunichar from;
    const char *to;
} replacements[] = {
    {0x2018, "'"},   {0x2019, "'"},   {0x02BC, "'"},  {0x201C, "\""}, {0x201D, "\""},
    {0x201E, "\""},  {0x00AB, "\""},  {0x00BB, "\""}, {0x2010, "-"},  {0x2011, "-"},
    {0x2012, "-"},   {0x2013, "-"},   {0x2014, " , "}, {0x2212, "-"}, {0x266F, "#"},
    {0x266D, "b"},   {0x266E, ""},    {0x2192, ">"},  {0x2026, ". "}, {0x00A0, " "},
    {0x202F, " "},   {0x3000, " "},   {0x200B, ""},   {0x200C, ""},   {0x200D, ""},
    {0xFEFF, ""},    {0x2009, " "},   {0x00D7, "x"},  {0x2044, "/"},  {0x2028, "\n"},
    {0x2029, "\n"},  {0x3001, ", "}, {0x3002, ". "}, {0x30FB, " "},  {0x300C, "\""},
    {0x300D, "\""}, {0x300E, "\""}, {0x300F, "\""}, {0x301C, "-"},  {0x3010, "["},
    {0x3011, "]"},
};

static const char *replacement(gunichar c)
{
    for (gsize i = 0; i < G_N_ELEMENTS(replacements); i++)
        if (replacements[i].from == c)
            return replacements[i].to;
    return NULL;
}

/* Full-width digits, letters and marks: they become the ordinary ones. */
static gboolean has_wide(const char *text)
{
    for (; *text != '\0'; text = g_utf8_next_char(text))
        if (g_utf8_get_char(text) >= 0xFF00 && g_utf8_get_char(text) <= 0xFFEF)
            return TRUE;
    return FALSE;
}

char *tune_text_normalise(const char *text, GError **error)
{
    gsize length = strnlen(text, TUNE_BRIEF_MAX_TEXT + 1);

    if (length > TUNE_BRIEF_MAX_TEXT) {
        g_set_error(error, TUNE_BRIEF_ERROR, TUNE_BRIEF_ERROR_TEXT,
                    "the text is longer than %d KiB", TUNE_BRIEF_MAX_TEXT / 1024);
        return NULL;
    }
    const char *bad = NULL;
    if (!g_utf8_validate(text, (gssize)length, &bad)) {
        g_set_error(error, TUNE_BRIEF_ERROR, TUNE_BRIEF_ERROR_TEXT,
                    "the text is not UTF-8 (byte %td)", bad - text);
        return NULL;
    }
    g_autofree char *composed = g_utf8_normalize(text, (gssize)length,
                                                 has_wide(text) ? G_NORMALIZE_ALL_COMPOSE
                                                                : G_NORMALIZE_DEFAULT_COMPOSE);
    if (composed == NULL)
        composed = g_strdup(text);
    GString *out = g_string_sized_new(length + 16);
    for (const char *p = composed; *p != '\0'; p = g_utf8_next_char(p)) {
        gunichar c = g_utf8_get_char(p);
        const char *to = c < 0x80 && c != '\r' ? NULL : replacement(c);

        if (to != NULL)
            g_string_append(out, to);
        else if (c == '\r')
            g_string_append_c(out, p[1] == '\n' ? ' ' : '\n');
        else if (c != '\n' && (c == '\t' || g_unichar_iscntrl(c)))
            g_string_append_c(out, ' ');
        else
            g_string_append_unichar(out, c);
    }
    return g_string_free(out, FALSE);
}

/* ---- tokens ---- */

static void token_clear(gpointer data)
{
    g_free(((TuneToken *)data)->word);
}

static gboolean is_letter(const char *p)
{
    gunichar c = g_utf8_get_char(p);

    return c < 0x80 ? g_ascii_isalpha((char)c) : g_unichar_isalpha(c);
}

static gboolean is_word_char(const char *p)
{
    return is_letter(p) || g_ascii_isdigit(*p) || g_unichar_ismark(g_utf8_get_char(p));
}

/* End of the word that starts at @p: "don't", "r&b", "dx7". */
static const char *word_end(const char *p)
{
    const char *start = p;

    while (*p != '\0') {
        if (is_word_char(p))
            p = g_utf8_next_char(p);
        else if ((*p == '\'' || *p == '&') && p > start && p[1] != '\0' && is_letter(p + 1))
            p++;
        else
            break;
    }
    return p;
}

/* Reads "120", "1,200" (but "808,140" is two: it stands in lists of tags), "120.5", "2:30", "1:02:03" at @p. */
static const char *read_number(const char *p, TuneToken *token)
{
    char *end = NULL;
    double value = 0;

    token->kind = TUNE_TOKEN_NUMBER;
    gboolean grouped = !(g_ascii_isdigit(p[0]) && g_ascii_isdigit(p[1]) && g_ascii_isdigit(p[2]));
    while (g_ascii_isdigit(*p) || (grouped && *p == ',' && g_ascii_isdigit(p[1]) && g_ascii_isdigit(p[2]) &&
                                   g_ascii_isdigit(p[3]) && !g_ascii_isdigit(p[4]))) {
        if (*p != ',')
            value = MIN(value * 10 + (*p - '0'), 1e12);
        p++;
    }
    while (*p == ':' && g_ascii_isdigit(p[1]) && g_ascii_isdigit(p[2]) && !g_ascii_isdigit(p[3])) {
        token->kind = TUNE_TOKEN_CLOCK;
        value = value * 60 + (p[1] - '0') * 10 + (p[2] - '0');
        p += 3;
    }
    if (*p == '.' && g_ascii_isdigit(p[1])) {
        value += g_ascii_strtod(p, &end);
        for (p++; g_ascii_isdigit(*p);)
            p++;
    }
    token->value = value;
    return p;
}

/* Adds the token that starts at @p and returns where it ends. */
static const char *add_token(GArray *tokens, const char *text, const char *p, char glue)
{
    TuneToken token = {.kind = TUNE_TOKEN_MARK, .glue = glue, .match = -1};
    const char *end;

    if (g_ascii_isdigit(*p)) {
        end = read_number(p, &token);
    } else if (is_letter(p)) {
        token.kind = TUNE_TOKEN_WORD;
        end = word_end(p);
    } else {
        end = g_utf8_next_char(p);
    }
    token.start = (gsize)(p - text);
    token.end = (gsize)(end - text);
    if (token.kind == TUNE_TOKEN_WORD)
        token.word = g_utf8_strdown(p, end - p);
    else
        token.word = g_strndup(p, (gsize)(end - p));
    g_array_append_val(tokens, token);
    return end;
}

GArray *tune_text_tokenise(const char *normalised)
{
    GArray *tokens = g_array_new(FALSE, FALSE, sizeof(TuneToken));
    char glue = ' ';
    const char *p = normalised;

    g_array_set_clear_func(tokens, token_clear);
    while (*p != '\0') {
        gboolean inner = p > normalised && p[1] != '\0' && is_word_char(g_utf8_prev_char(p)) &&
                         (is_word_char(p + 1) || p[1] == '#');
        if (*p == ' ') {
            glue = ' ';
            p++;
        } else if ((*p == '-' || *p == '/') && (inner || (*p == '-' && glue == 0 && p[1] != ' '))) {
            glue = *p++;
        } else if (*p == '&' || *p == '\'' || *p == '`' || *p == '*' || *p == '_') {
            if (*p == '&') {
                add_token(tokens, normalised, p, glue);
                TuneToken *token = &g_array_index(tokens, TuneToken, tokens->len - 1);
                token->kind = TUNE_TOKEN_WORD;
                g_free(token->word);
                token->word = g_strdup("and");
            }
            p++;
            glue = ' ';
        } else {
            p = add_token(tokens, normalised, p, glue);
            glue = 0;
        }
    }
    return tokens;
}

/* ---- words ---- */

gint tune_text_distance(const char *a, const char *b, gint limit)
{
    gsize na = strlen(a), nb = strlen(b);
    gint rows[3][33];

    if (na > 31 || nb > 31 || ABS((gint)na - (gint)nb) > limit)
        return limit + 1;
    for (gsize j = 0; j <= nb; j++)
        rows[0][j] = (gint)j;
    for (gsize i = 1; i <= na; i++) {
        gint *now = rows[i % 3], *last = rows[(i + 2) % 3], *before = rows[(i + 1) % 3];
        gint best = now[0] = (gint)i;
        for (gsize j = 1; j <= nb; j++) {
            gint cost = a[i - 1] != b[j - 1];
            now[j] = MIN(MIN(last[j] + 1, now[j - 1] + 1), last[j - 1] + cost);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                now[j] = MIN(now[j], before[j - 2] + 1);
            best = MIN(best, now[j]);
        }
        if (best > limit)
            return limit + 1;
    }
    return MIN(rows[na % 3][nb], limit + 1);
}

const char *tune_text_singular(const char *word, gint attempt, char *out, gsize size)
{
    gsize n = strlen(word);

    if (n < 3 || n >= size || word[n - 1] != 's' || word[n - 2] == 's')
        return NULL;
    memcpy(out, word, n + 1);
    if (attempt == 0) {
        out[n - 1] = '\0';
        return out;
    }
    if (n > 4 && word[n - 2] == 'e' && attempt == 1) {
        out[n - 2] = '\0';
        return out;
    }
    if (n > 4 && word[n - 2] == 'e' && word[n - 3] == 'i' && attempt == 2) {
        out[n - 3] = 'y';
        out[n - 2] = '\0';
        return out;
    }
    return NULL;
}
