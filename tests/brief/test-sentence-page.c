/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The examples of docs/sentence.md: in a row of a table, the first text in backticks is a sentence,
 * the others begin lines of what explain prints about it.
 */
#include "brief/brief.h"

#include <string.h>

/* The texts in backticks of @line, "\|" made plain. */
static GPtrArray *quoted(const char *line)
{
    GPtrArray *texts = g_ptr_array_new_with_free_func(g_free);
    g_auto(GStrv) parts = g_strsplit(line, "`", -1);

    for (guint i = 1; parts[i] != NULL && parts[i + 1] != NULL; i += 2) {
        GString *text = g_string_new(parts[i]);
        g_string_replace(text, "\\|", "|", 0);
        g_ptr_array_add(texts, g_string_free(text, FALSE));
    }
    return texts;
}

/* Runs of blanks become one. */
static char *squeezed(const char *text)
{
    GString *out = g_string_new(NULL);

    for (const char *p = text; *p != '\0'; p++)
        if (*p != ' ' || (out->len > 0 && out->str[out->len - 1] != ' '))
            g_string_append_c(out, *p);
    return g_string_free(out, FALSE);
}

static gboolean has_line(const char *explained, const char *start)
{
    g_auto(GStrv) lines = g_strsplit(explained, "\n", -1);

    for (guint i = 0; lines[i] != NULL; i++) {
        g_autofree char *line = squeezed(lines[i]);
        if (g_str_has_prefix(line, start))
            return TRUE;
    }
    return FALSE;
}

static void check_row(const TuneVocabulary *vocabulary, const GPtrArray *texts)
{
    g_autoptr(TuneBrief) brief = tune_brief_new();
    g_autoptr(GError) error = NULL;

    tune_brief_read_sentence(brief, vocabulary, g_ptr_array_index(texts, 0), &error);
    g_assert_no_error(error);
    tune_brief_complete(brief, vocabulary, &error);
    g_assert_no_error(error);
    g_autofree char *explained = tune_brief_explain(brief);
    for (guint i = 1; i < texts->len; i++) {
        if (!has_line(explained, g_ptr_array_index(texts, i)))
            g_test_message("\"%s\" is not in:\n%s", (char *)g_ptr_array_index(texts, i), explained);
        g_assert_true(has_line(explained, g_ptr_array_index(texts, i)));
    }
}

static void test_examples(void)
{
    g_autofree char *path = g_test_build_filename(G_TEST_DIST, "..", "docs", "sentence.md", NULL);
    g_autofree char *text = NULL;
    g_autoptr(GError) error = NULL;
    g_autoptr(TuneVocabulary) vocabulary = tune_vocabulary_load(&error);
    guint n = 0;

    g_assert_no_error(error);
    g_assert_true(g_file_get_contents(path, &text, NULL, &error));
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    for (guint i = 0; lines[i] != NULL; i++) {
        if (!g_str_has_prefix(lines[i], "| `"))
            continue;
        g_autoptr(GPtrArray) texts = quoted(lines[i]);
        g_assert_cmpuint(texts->len, >=, 2);
        check_row(vocabulary, texts);
        n++;
    }
    g_assert_cmpuint(n, >=, 40);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/brief/sentence-page/examples-are-understood-as-printed", test_examples);
    return g_test_run();
}
