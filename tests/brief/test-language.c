/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "brief/brief.h"
#include "brief/language.h"
#include "brief/lexicon.h"

#include <string.h>

static TuneVocabulary *vocabulary;

static TuneBrief *understood(const char *sentence)
{
    TuneBrief *brief = tune_brief_new();
    g_autoptr(GError) error = NULL;

    tune_brief_read_sentence(brief, vocabulary, sentence, &error);
    g_assert_no_error(error);
    return brief;
}

static void assert_english(const char *text, const char *english)
{
    Translation said = {0};
    g_autoptr(GError) error = NULL;

    g_assert_true(tune_languages_translate(vocabulary, text, &said, &error));
    g_assert_no_error(error);
    g_assert_cmpstr(said.text, ==, english);
    translation_clear(&said);
}

static void test_order_of_words(void)
{
    assert_english("guitarra española solo, muy triste", "solo classical guitar , the sad");
    assert_english("solo de guitarra con batería", "guitar solo  with drums");
    assert_english("ドラムとベースなしのロック", "without drums and bass rock");
}

static void test_key_names(void)
{
    assert_english("in cis-Moll, ohne Schlagzeug", "in C# minor, without drums");
    assert_english("si bémol majeur, lent", "Bb major, slow");
    assert_english("嬰ヘ短調", "F# minor");
    assert_english("降E大调", "Eb major");
}

static void test_numbers(void)
{
    assert_english("fünfundvierzig Sekunden langsam", "45 second slow");
    assert_english("cuarenta y cinco segundos lento", "45 second slow");
    assert_english("九十秒", "90 seconds");
}

static void test_spelling_without_accents(void)
{
    assert_english("fuer Floete, froehlich", "for flute, happy");
    assert_english("para violin y percusion", "for violin and percussion");
}

static void test_english_stays(void)
{
    assert_english("a sad song to die for, in Em", "a sad song to die for, in Em");
    assert_english("Em G D C", "Em G D C");
    assert_english("la la land, a film score", "la la land, a film score");
}

static void test_unknown_words_are_told_as_written(void)
{
    g_autoptr(TuneBrief) german = understood("langsames Klavier mit Quietscheentchen");
    g_autoptr(TuneBrief) japanese = understood("静かなピアノと謎謎器");

    g_assert_cmpuint(german->not_understood->len, ==, 1);
    g_assert_cmpstr(g_ptr_array_index(german->not_understood, 0), ==, "Quietscheentchen");
    g_assert_cmpuint(japanese->not_understood->len, ==, 1);
    g_assert_cmpstr(g_ptr_array_index(japanese->not_understood, 0), ==, "謎謎器");
}

static void test_titles_stay(void)
{
    g_autoptr(TuneBrief) brief = understood("ein Lied namens \"Ohne dich\", traurig, mit Klavier");

    g_assert_cmpstr(brief->title, ==, "Ohne dich");
}

static void test_broken_dictionary(void)
{
    static const char text[] = "language: Broken\nwords:\n  slow: lento\nnonsense: 1\n";
    g_autoptr(TuneVocabulary) empty = tune_vocabulary_new_empty();
    g_autoptr(GError) error = NULL;
    Translation said = {0};

    tune_languages_add(empty->languages, "xx", "xx.yaml", g_strdup(text), strlen(text));
    for (gint again = 0; again < 2; again++) {
        g_clear_error(&error);
        g_assert_false(tune_languages_translate(empty, "molto lento", &said, &error));
        g_assert_nonnull(error);
        g_assert_nonnull(strstr(error->message, "xx.yaml:4"));
        translation_clear(&said);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_autoptr(GError) error = NULL;
    vocabulary = tune_vocabulary_load(&error);
    g_assert_no_error(error);
    g_test_add_func("/brief/language/order-of-words-becomes-english", test_order_of_words);
    g_test_add_func("/brief/language/key-names", test_key_names);
    g_test_add_func("/brief/language/numbers-in-words", test_numbers);
    g_test_add_func("/brief/language/accents-may-be-left-out", test_spelling_without_accents);
    g_test_add_func("/brief/language/english-stays-english", test_english_stays);
    g_test_add_func("/brief/language/unknown-words-are-told-as-written",
                    test_unknown_words_are_told_as_written);
    g_test_add_func("/brief/language/titles-are-not-translated", test_titles_stay);
    g_test_add_func("/brief/language/broken-dictionary-is-named-with-its-line",
                    test_broken_dictionary);
    int failed = g_test_run();
    tune_vocabulary_unref(vocabulary);
    return failed;
}
