/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "brief/lyrics.h"

#include <string.h>

static TuneSyllables *syllables;

/* "O-ver the hills" with the stressed ones in front of an apostrophe: "'o-ver the 'hills". */
static char *spelled(const char *line)
{
    g_autoptr(GArray) list = tune_syllables_of_line(syllables, line);
    GString *out = g_string_new(NULL);

    for (guint i = 0; i < list->len; i++) {
        const TuneSyllable *s = &g_array_index(list, TuneSyllable, i);
        g_string_append_printf(out, "%s%s%s", s->stressed ? "'" : "", s->text,
                               i + 1 == list->len ? "" : s->word_end ? " " : "-");
    }
    return g_string_free(out, FALSE);
}

static void test_lines_are_cut_and_stressed(void)
{
    static const struct {
        const char *line, *wanted;
    } cases[] = {
        {"Over the hills", "'O-ver the 'hills"},
        {"Let it shine,", "'Let it 'shine,"},
        {"beautiful morning", "'beau-ti-ful 'mor-ning|'beau-ti-ful 'morn-ing"},
        {"don't you worry", "don't you 'wor-ry|'don't you 'wor-ry"},
        {"", ""},
        {"...", ""},
        {"7", "'7"},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *got = spelled(cases[i].line);
        g_auto(GStrv) wanted = g_strsplit(cases[i].wanted, "|", -1);
        if (!g_strv_contains((const char *const *)wanted, got) && *cases[i].wanted != '\0')
            g_error("\"%s\" became \"%s\"", cases[i].line, got);
    }
}

/* Counts by a person. */
static void test_counts(void)
{
    static const struct {
        const char *word;
        guint n;
    } words[] = {
        {"love", 1},     {"lovely", 2},   {"table", 2},    {"walked", 1},   {"wanted", 2},
        {"roses", 2},    {"makes", 1},    {"every", 2},    {"evening", 2},  {"fire", 1},
        {"heaven", 2},   {"people", 2},   {"nation", 2},   {"million", 2},  {"lion", 2},
        {"quiet", 2},    {"being", 2},    {"the", 1},      {"queen", 1},    {"beautiful", 3},
        {"remember", 3}, {"tomorrow", 3}, {"yesterday", 3}, {"forever", 3}, {"somewhere", 2},
        {"careful", 2},  {"hopeless", 2}, {"rhythm", 1},   {"imagination", 5}, {"alone", 2},
        {"hallelujah", 4}, {"strength", 1}, {"through", 1}, {"eyes", 1},    {"young", 1},
        {"yellow", 2},   {"playing", 2},  {"beyond", 2},   {"radio", 3},    {"idea", 3},
        {"chocolate", 3}, {"city", 2},    {"skies", 1},    {"dreams", 1},   {"little", 2},
        {"again", 2},    {"shadows", 2},  {"river", 2},    {"moonlight", 2}, {"goodbye", 2},
    };
    guint wrong = 0;

    for (gsize i = 0; i < G_N_ELEMENTS(words); i++) {
        g_autoptr(GArray) list = tune_syllables_of_line(syllables, words[i].word);
        if (list->len != words[i].n) {
            g_test_message("%s: %u instead of %u", words[i].word, list->len, words[i].n);
            wrong++;
        }
    }
    g_assert_cmpuint(wrong, <=, 2);
}

static void test_no_letter_is_lost(void)
{
    static const char *const lines[] = {"Überall ist's schön, café-lights glow!", "a-b--c -- d's",
                                        "The quick, brown fox; jumps \"over\" 13 lazy dogs?",
                                        "日本語の歌 and more", "wwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwww"};

    for (gsize i = 0; i < G_N_ELEMENTS(lines); i++) {
        g_autoptr(GArray) list = tune_syllables_of_line(syllables, lines[i]);
        g_autoptr(GString) joined = g_string_new(NULL), wanted = g_string_new(NULL);
        for (guint k = 0; k < list->len; k++)
            g_string_append(joined, g_array_index(list, TuneSyllable, k).text);
        for (const char *p = lines[i]; *p != '\0'; p++)
            if (*p != ' ' && *p != '-')
                g_string_append_c(wanted, *p);
        g_assert_cmpstr(joined->str, ==, wanted->str);
        g_assert_true(g_utf8_validate(joined->str, -1, NULL));
        for (guint k = 0; k < list->len; k++)
            g_assert_true(g_utf8_validate(g_array_index(list, TuneSyllable, k).text, -1, NULL));
    }
}

static void test_score_text_marks_words_that_go_on(void)
{
    g_autoptr(GArray) list = tune_syllables_of_line(syllables, "over");
    g_autofree char *first = tune_syllable_score_text(&g_array_index(list, TuneSyllable, 0));
    g_autofree char *second = tune_syllable_score_text(&g_array_index(list, TuneSyllable, 1));

    g_assert_cmpstr(first, ==, "o-");
    g_assert_cmpstr(second, ==, "ver");
}

static void test_blocks(void)
{
    g_autoptr(GArray) blocks = tune_lyrics_parse("[Verse 1]\nOne\nTwo\n\nThree\n[Chorus x2]\nFour\n"
                                                 "Bridge:\nFive\n[Intro]\n");
    g_autoptr(GArray) plain = tune_lyrics_parse("A line\nB line\n\nHold on\nto me\n\nC line\n\nHold on\nto me");

    g_assert_cmpuint(blocks->len, ==, 4);
    g_assert_cmpint(g_array_index(blocks, TuneLyricBlock, 0).role, ==, TUNE_SECTION_VERSE);
    g_assert_cmpuint(g_array_index(blocks, TuneLyricBlock, 0).lines->len, ==, 3);
    g_assert_cmpint(g_array_index(blocks, TuneLyricBlock, 1).role, ==, TUNE_SECTION_CHORUS);
    g_assert_cmpint(g_array_index(blocks, TuneLyricBlock, 2).role, ==, TUNE_SECTION_BRIDGE);
    g_assert_cmpuint(plain->len, ==, 4);
    g_assert_cmpint(g_array_index(plain, TuneLyricBlock, 0).role, ==, TUNE_SECTION_VERSE);
    g_assert_cmpint(g_array_index(plain, TuneLyricBlock, 1).role, ==, TUNE_SECTION_CHORUS);
    g_assert_cmpint(g_array_index(plain, TuneLyricBlock, 3).role, ==, TUNE_SECTION_CHORUS);
}

static void test_lyrics_or_description(void)
{
    static const struct {
        const char *text;
        gboolean lyrics;
    } cases[] = {
        {"[Verse]\nHello my friend\n", TRUE},
        {"Jazz\n120 bpm\npiano\nupright bass\nD minor", FALSE},
        {"I walk alone\nalong the shore\nthe waves roll in\nand nothing more", TRUE},
        {"I walk alone\nalong the shore", FALSE},
        {"[Intro]\n[Verse]\n[Chorus]", FALSE},
        {"[0:00 - 0:10] solo piano\n[0:10 - 0:20] strings\n[0:20 - 0:30] choir\n[0:30 - 0:40] fade", FALSE},
        {"a happy song with piano", FALSE},
    };
    g_autoptr(GError) error = NULL;
    g_autoptr(TuneVocabulary) vocabulary = tune_vocabulary_load(&error);

    g_assert_no_error(error);
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++)
        g_assert_cmpint(tune_lyrics_detect(vocabulary, cases[i].text), ==, cases[i].lyrics);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    syllables = tune_syllables_new();
    g_test_add_func("/brief/lyrics/cut-and-stress", test_lines_are_cut_and_stressed);
    g_test_add_func("/brief/lyrics/counts", test_counts);
    g_test_add_func("/brief/lyrics/lossless", test_no_letter_is_lost);
    g_test_add_func("/brief/lyrics/score-text", test_score_text_marks_words_that_go_on);
    g_test_add_func("/brief/lyrics/blocks", test_blocks);
    g_test_add_func("/brief/lyrics/detect", test_lyrics_or_description);
    gint result = g_test_run();
    tune_syllables_free(syllables);
    return result;
}
