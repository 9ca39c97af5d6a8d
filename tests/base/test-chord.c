/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/chord.h"

static void test_every_symbol_reads_back(void)
{
    for (gint q = 0; q < TUNE_N_CHORDS; q++)
        for (TuneFifths root = -6; root <= 6; root++)
            for (gint slash = 0; slash < 2; slash++) {
                TuneChord chord = {root, (TuneFifths)(slash ? root + 1 : root),
                                   (TuneChordQuality)q},
                          back;
                g_autofree char *text = tune_chord_to_string(chord);
                g_assert_true(tune_chord_parse(text, &back));
                g_assert_cmpint(chord.root, ==, back.root);
                g_assert_cmpint(chord.bass, ==, back.bass);
                g_assert_cmpint(chord.quality, ==, back.quality);
            }
}

static void test_words_are_not_chords(void)
{
    static const char *const words[] = {"Add", "Bass", "Cello", "Drum", "Gospel", "Dark", "a", "H", ""};
    TuneChord chord;

    for (gsize i = 0; i < G_N_ELEMENTS(words); i++)
        g_assert_false(tune_chord_parse(words[i], &chord));
}

static void test_roman_numerals(void)
{
    static const struct {
        const char *roman, *key, *symbol;
    } cases[] = {{"I/5", "C", "C/G"},
        {"V7/3", "G", "D7/F#"},
        {"iv7/7", "A minor", "Dm7/C"},
        {"ii7", "C", "Dm7"},      {"V7", "A minor", "E7"},   {"VI", "A minor", "F"},
                 {"V7/V", "C", "D7"},      {"bVII", "D", "C"},        {"viio7", "C", "Bdim7"},
                 {"#viio7", "A minor", "G#dim7"}, {"IVmaj7", "Eb", "Abmaj7"}, {"V7/ii", "C", "A7"},
                 {"i", "F# minor", "F#m"}, {"iiø7", "C", "Dm7b5"},    {"bII", "E minor", "F"}};

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        TuneKey key;
        TuneChord chord;
        g_assert_true(tune_key_parse(cases[i].key, &key, NULL, NULL));
        g_assert_true(tune_chord_parse_roman(cases[i].roman, key, &chord));
        g_autofree char *text = tune_chord_to_string(chord);
        g_assert_cmpstr(text, ==, cases[i].symbol);
    }
    TuneChord chord;
    g_assert_false(tune_chord_parse_roman("Vi", (TuneKey){0, TUNE_MODE_MAJOR}, &chord));
    g_assert_false(tune_chord_parse_roman("VV", (TuneKey){0, TUNE_MODE_MAJOR}, &chord));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/base/chord/every-symbol-reads-back", test_every_symbol_reads_back);
    g_test_add_func("/base/chord/words-are-not-chords", test_words_are_not_chords);
    g_test_add_func("/base/chord/roman-numerals", test_roman_numerals);
    return g_test_run();
}
