/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store/search.h"

#include <string.h>

#define TERMS_MAX  16
#define PREFIX_MIN 3 /* letters: shorter words would find too much by their beginnings */

typedef struct {
    GPtrArray *words; /* of one phrase, or a single word */
    gboolean excluded, quoted;
    gboolean beginning; /* stands for all words that begin with it */
} Term;

static void term_free(Term *self)
{
    g_ptr_array_unref(self->words);
    g_free(self);
}

static gboolean is_of_word(gunichar c)
{
    return g_unichar_isalnum(c) || g_unichar_ismark(c);
}

/* Takes words up to @end (exclusive). */
static void take_words(GPtrArray *words, const char *from, const char *end)
{
    const char *start = NULL;

    for (const char *p = from;; p = g_utf8_next_char(p)) {
        gboolean inside = p < end && is_of_word(g_utf8_get_char(p));
        if (inside && start == NULL)
            start = p;
        if (!inside && start != NULL) {
            g_ptr_array_add(words, g_strndup(start, (gsize)(p - start)));
            start = NULL;
        }
        if (p >= end)
            break;
    }
}

/* "lo-fi" and phrases are several words, which stand as they are. */
static gboolean is_beginning(const Term *term, const char *end, gboolean beginnings)
{
    if (term->quoted || term->excluded || term->words->len != 1)
        return FALSE;
    return end[-1] == '*' || (beginnings && g_utf8_strlen(term->words->pdata[0], -1) >= PREFIX_MIN);
}

/* (transfer full) (element-type Term) */
static GPtrArray *read_terms(const char *text, gboolean beginnings)
{
    GPtrArray *terms = g_ptr_array_new_with_free_func((GDestroyNotify)term_free);
    const char *p = text;

    while (*p != '\0' && terms->len < TERMS_MAX) {
        p += strspn(p, " \t\r\n");
        gboolean excluded = *p == '-' && p[1] != ' ' && p[1] != '\0';
        p += excluded;
        gboolean quoted = *p == '"';
        p += quoted;
        gsize length = strcspn(p, quoted ? "\"" : " \t\r\n\"");
        Term *term = g_new(Term, 1);
        *term = (Term){.words = g_ptr_array_new_with_free_func(g_free),
                       .excluded = excluded,
                       .quoted = quoted};
        take_words(term->words, p, p + length);
        if (term->words->len > 0)
            term->beginning = is_beginning(term, p + length, beginnings);
        if (term->words->len > 0)
            g_ptr_array_add(terms, term);
        else
            term_free(term);
        p += length;
        p += quoted && *p == '"';
    }
    return terms;
}

static void add_postgres(GString *query, const Term *term)
{
    g_string_append(query, query->len > 0 ? " & " : "");
    g_string_append(query, term->excluded ? "!(" : "(");
    for (guint i = 0; i < term->words->len; i++)
        g_string_append_printf(query, "%s'%s'%s", i > 0 ? " <-> " : "",
                               (char *)term->words->pdata[i], term->beginning ? ":*" : "");
    g_string_append(query, ")");
}

static void add_sqlite(GString *query, const Term *term)
{
    g_string_append(query, query->len == 0 ? "" : term->excluded ? " NOT " : " AND ");
    g_string_append(query, "\"");
    for (guint i = 0; i < term->words->len; i++)
        g_string_append_printf(query, "%s%s", i > 0 ? " " : "", (char *)term->words->pdata[i]);
    g_string_append(query, term->beginning ? "\"*" : "\"");
}

char *tune_search_query(const char *words, gboolean beginnings, gboolean postgres)
{
    g_autoptr(GPtrArray) terms = read_terms(words, beginnings);
    GString *query = g_string_new(NULL);

    /* What is excluded comes last: it cannot be looked for alone. */
    for (gint excluded = 0; excluded < 2; excluded++) {
        if (excluded && query->len == 0)
            break;
        for (guint i = 0; i < terms->len; i++) {
            const Term *term = terms->pdata[i];
            if (term->excluded != excluded)
                continue;
            if (postgres)
                add_postgres(query, term);
            else
                add_sqlite(query, term);
        }
    }
    gboolean empty = query->len == 0;
    char *text = g_string_free(query, empty);
    return empty ? NULL : text;
}
