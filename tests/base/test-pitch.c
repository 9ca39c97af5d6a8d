/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/pitch.h"

static void test_names_and_classes(void)
{
    static const struct {
        const char *name;
        gint fifths, pc, letter, alter;
    } cases[] = {{"C", 0, 0, 0, 0},   {"F#", 6, 6, 3, 1},  {"Gb", -6, 6, 4, -1}, {"B", 5, 11, 6, 0},
                 {"Cb", -7, 11, 0, -1}, {"E#", 11, 5, 2, 1}, {"Bbb", -9, 9, 6, -2}};

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        TuneFifths f = 0;
        char name[8];
        g_assert_cmpuint(tune_fifths_parse(cases[i].name, &f), >, 0);
        g_assert_cmpint(f, ==, cases[i].fifths);
        g_assert_cmpint(tune_fifths_pitch_class(f), ==, cases[i].pc);
        g_assert_cmpint(tune_fifths_letter(f), ==, cases[i].letter);
        g_assert_cmpint(tune_fifths_alter(f), ==, cases[i].alter);
        tune_fifths_name(f, name);
        g_assert_cmpstr(name, ==, cases[i].name);
    }
}

static void test_octaves_follow_the_letter(void)
{
    g_assert_cmpint(tune_pitch_octave(60, 0), ==, 4);  /* C4 */
    g_assert_cmpint(tune_pitch_octave(60, 12), ==, 3); /* B#3 */
    g_assert_cmpint(tune_pitch_octave(59, -7), ==, 4); /* Cb4 */
    for (gint pitch = 12; pitch < 120; pitch++)
        for (gint f = -9; f <= 12; f++)
            if (tune_fifths_pitch_class((TuneFifths)f) == pitch % 12)
                g_assert_cmpint(
                    tune_pitch_from_octave((TuneFifths)f, tune_pitch_octave(pitch, (TuneFifths)f)),
                    ==, pitch);
}

static void test_keys_are_read_in_usual_forms(void)
{
    static const struct {
        const char *text, *canonical;
    } cases[] = {{"F#m", "F# minor"},         {"bb", "Bb major"},      {"a minor", "A minor"},
                 {"D dorian", "D dorian"},    {"c sharp minor", "C# minor"}, {"E flat", "Eb major"},
                 {"G# major", "Ab major"},    {"Am", "A minor"},       {"CM", "C major"},
                 {"e harmonic minor", "E harmonic minor"}};

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        TuneKey key;
        g_autoptr(GError) error = NULL;
        g_assert_true(tune_key_parse(cases[i].text, &key, NULL, &error));
        g_autofree char *text = tune_key_to_string(key);
        g_assert_cmpstr(text, ==, cases[i].canonical);
    }
    static const char *const bad[] = {"H#", "", "C weird", "123", "F## #"};
    for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
        TuneKey key;
        g_autoptr(GError) error = NULL;
        g_assert_false(tune_key_parse(bad[i], &key, NULL, &error));
        g_assert_nonnull(error);
    }
}

static void test_spelling_follows_the_key(void)
{
    TuneKey a_minor = {3, TUNE_MODE_MINOR}, f_minor = {-1, TUNE_MODE_MINOR};
    char name[8];

    tune_fifths_name(tune_key_spell(a_minor, 8), name);
    g_assert_cmpstr(name, ==, "G#");
    tune_fifths_name(tune_key_spell(f_minor, 8), name);
    g_assert_cmpstr(name, ==, "Ab");
    g_assert_cmpint(tune_key_signature((TuneKey){2, TUNE_MODE_DORIAN}), ==, 0);
    g_assert_cmpint(tune_key_mask((TuneKey){0, TUNE_MODE_MAJOR}), ==, 0xAB5);
}

static void test_modes_of_other_traditions(void)
{
    static const struct {
        const char *name, *notes; /* above C */
        const char *diatonic;
    } cases[] = {{"hijaz", "C Db E F G Ab Bb", "phrygian"},
                 {"hijaz kar", "C Db E F G Ab B", "phrygian"},
                 {"hungarian minor", "C D Eb F# G Ab B", "minor"},
                 {"nikriz", "C D Eb F# G A Bb", "dorian"},
                 {"gong", "C D E G A", "major"},
                 {"shang", "C D F G Bb", "dorian"},
                 {"zhi", "C D F G A", "mixolydian"},
                 {"yu", "C Eb F G Bb", "minor"},
                 {"miyako-bushi", "C Db F G Ab", "phrygian"},
                 {"hirajoshi", "C D Eb G Ab", "minor"},
                 {"insen", "C Db F G Bb", "phrygian"}};

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GString) notes = g_string_new(NULL);
        gint8 semitones[7], fifths[7];
        TuneMode mode;
        g_assert_true(tune_mode_parse(cases[i].name, &mode));
        gsize n = tune_mode_scale(mode, semitones);
        g_assert_cmpuint(tune_mode_scale_fifths(mode, fifths), ==, n);
        for (gsize k = 0; k < n; k++) {
            char name[8];
            tune_fifths_name(fifths[k], name);
            g_assert_cmpint(tune_fifths_pitch_class(fifths[k]), ==, semitones[k]);
            g_string_append_printf(notes, "%s%s", k > 0 ? " " : "", name);
        }
        g_assert_cmpstr(notes->str, ==, cases[i].notes);
        g_assert_cmpstr(tune_mode_name(tune_mode_diatonic(mode)), ==, cases[i].diatonic);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/base/pitch/names-and-classes", test_names_and_classes);
    g_test_add_func("/base/pitch/octaves-follow-the-letter", test_octaves_follow_the_letter);
    g_test_add_func("/base/pitch/keys-in-usual-forms", test_keys_are_read_in_usual_forms);
    g_test_add_func("/base/pitch/spelling-follows-the-key", test_spelling_follows_the_key);
    g_test_add_func("/base/pitch/modes-of-other-traditions", test_modes_of_other_traditions);
    return g_test_run();
}
