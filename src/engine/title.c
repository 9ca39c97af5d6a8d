/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/title.h"

#include <string.h>

#define MOST_WORDS 7

static const char *const fillers[] = {"please", "bpm", "make", "me",   "create", "compose", "write",
                                      "generate", "some", "song:", "it", "i", "want", "need", "would",
                                      NULL};
/* Names of fields, as in "Genre: folk | Tempo: 92": no name for a piece. */
static const char *const labels[] = {"genre", "style", "tempo", "bpm", "key", "mood", "instruments",
                                     "title", "length", "duration", "tags", "prompt", NULL};
static const char *const small[] = {"a",  "an", "the", "and", "or",   "of",  "in",
                                    "on", "for", "with", "to", "at", "by", "like", NULL};

static gboolean is_in(const char *const *list, const char *word)
{
    g_autofree char *lower = g_utf8_strdown(word, -1);

    return g_strv_contains(list, lower);
}

static gboolean has_digit(const char *word)
{
    return strpbrk(word, "0123456789") != NULL;
}

static void put_capital(GString *out, const char *word, gboolean first)
{
    if (!first && is_in(small, word)) {
        g_string_append(out, word);
        return;
    }
    g_string_append_unichar(out, g_unichar_toupper(g_utf8_get_char(word)));
    g_string_append(out, g_utf8_next_char(word));
}

static char *title_of_sentence(const char *sentence)
{
    gsize end = strcspn(sentence, ",.;:!?\n[(");
    g_autofree char *head = g_strndup(sentence, end);
    if (sentence[end] == ':' && is_in(labels, g_strstrip(head)))
        return g_strdup("");
    g_auto(GStrv) words = g_strsplit_set(head, " \t\"", -1);
    g_autoptr(GPtrArray) kept = g_ptr_array_new();
    GString *out = g_string_new(NULL);

    for (guint i = 0; words[i] != NULL && kept->len < MOST_WORDS; i++)
        if (*words[i] != '\0' && !has_digit(words[i]) && !is_in(fillers, words[i]) &&
            (kept->len > 0 || !is_in(small, words[i])))
            g_ptr_array_add(kept, words[i]);
    while (kept->len > 0 && is_in(small, kept->pdata[kept->len - 1]) )
        g_ptr_array_set_size(kept, (gint)kept->len - 1);
    for (guint i = 0; i < kept->len; i++) {
        if (i > 0)
            g_string_append_c(out, ' ');
        put_capital(out, kept->pdata[i], i == 0);
    }
    return g_string_free(out, FALSE);
}

static char *title_of_style(const TuneBrief *brief)
{
    GString *out = g_string_new(NULL);

    if (brief->moods->len > 0) {
        put_capital(out, brief->moods->pdata[0], TRUE);
        g_string_append_c(out, ' ');
    }
    const char *style = brief->style != NULL ? tune_style_title(brief->style) : "Piece";
    gsize end = strcspn(style, "(");
    g_string_append_len(out, style, (gssize)end);
    return g_strstrip(g_string_free(out, FALSE));
}

char *tune_title_of_brief(const TuneBrief *brief)
{
    if (brief->title != NULL && *brief->title != '\0')
        return g_strdup(brief->title);
    g_autofree char *title = title_of_sentence(brief->prompt != NULL ? brief->prompt : "");
    if (*title != '\0')
        return g_steal_pointer(&title);
    return title_of_style(brief);
}

gboolean tune_title_complete(TuneBrief *brief, const TuneVocabulary *vocabulary, GError **error)
{
    gboolean named = brief->title != NULL && *brief->title != '\0';

    if (!tune_brief_complete(brief, vocabulary, error))
        return FALSE;
    if (named)
        return TRUE;
    g_clear_pointer(&brief->title, g_free);
    brief->title = tune_title_of_brief(brief);
    return TRUE;
}
