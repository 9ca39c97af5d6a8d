/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "brief/instrument.h"
#include "base/data.h"

#include <glib/gstdio.h>
#include <string.h>

static TuneInstruments *load(void)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *path = tune_data_find("instruments.yaml", &error);
    TuneInstruments *all = path == NULL ? NULL : tune_instruments_load(path, &error);

    g_assert_no_error(error);
    return all;
}

static void test_what_a_composer_needs_is_there(void)
{
    static const char *const keys[] = {
        "acoustic-piano", "upright-bass", "electric-bass", "fretless-bass", "synth-bass",
        "nylon-guitar", "steel-guitar", "electric-guitar", "distorted-guitar", "overdriven-guitar",
        "violin", "viola", "cello", "contrabass", "string-section", "slow-strings", "flute", "oboe",
        "clarinet", "bassoon", "french-horn", "trumpet", "trombone", "tuba", "brass-section",
        "alto-sax", "tenor-sax", "timpani", "harp", "choir", "rhodes", "organ", "saw-lead",
        "square-lead", "warm-pad", "drum-kit", "room-kit", "power-kit", "electronic-kit", "808-kit",
        "jazz-kit", "brush-kit", "orchestral-kit"};
    g_autoptr(TuneInstruments) all = load();

    g_assert_cmpuint(tune_instruments_count(all), >=, 90);
    for (gsize i = 0; i < G_N_ELEMENTS(keys); i++) {
        const TuneInstrument *found = tune_instruments_find(all, keys[i]);
        g_assert_nonnull(found);
        g_assert_cmpstr(found->key, ==, keys[i]);
        g_assert_true(tune_instruments_by_word(all, keys[i]) == found);
    }
    g_assert_cmpuint(strlen(tune_instruments_hash(all)), ==, 64);
}

static void test_figures_are_those_of_the_instruments(void)
{
    g_autoptr(TuneInstruments) all = load();
    const TuneInstrument *clarinet = tune_instruments_find(all, "clarinet");
    const TuneInstrument *bass = tune_instruments_find(all, "upright-bass");
    const TuneInstrument *violin = tune_instruments_find(all, "violin");

    /* A B flat clarinet sounds a whole tone below what is written. */
    g_assert_cmpint(clarinet->transpose, ==, -2);
    g_assert_cmpint(clarinet->low, ==, 50);
    g_assert_true(clarinet->breath && !clarinet->plucked);
    g_assert_cmpint(bass->low, ==, 28);
    g_assert_cmpint(bass->transpose, ==, -12);
    g_assert_cmpint(bass->program, ==, 32);
    g_assert_true(bass->roles & (1u << TUNE_ROLE_BASS));
    g_assert_true(violin->bowed);
    g_assert_cmpint(violin->low, ==, 55);
}

static void test_words_and_plurals(void)
{
    static const struct {
        const char *word, *key;
    } cases[] = {{"double bass", "upright-bass"}, {"Brushes", "brush-kit"}, {"drums", "drum-kit"},
                 {"Tenor Saxophones", "tenor-sax"}, {"violins", "violin"}, {"vibes", "vibraphone"},
                 {"electric guitars", "electric-guitar"}, {"TR-808", "808-kit"}};
    g_autoptr(TuneInstruments) all = load();

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        const TuneInstrument *found = tune_instruments_by_word(all, cases[i].word);
        g_assert_nonnull(found);
        g_assert_cmpstr(found->key, ==, cases[i].key);
    }
    g_assert_null(tune_instruments_by_word(all, "vuvuzela"));
    g_assert_null(tune_instruments_by_word(all, ""));
    g_assert_null(tune_instruments_by_word(all, "s"));
}

static void test_programs_of_scores_from_outside(void)
{
    g_autoptr(TuneInstruments) all = load();

    for (guint i = 0; i < 119; i++) /* the rest of General MIDI are noises */
        g_assert_nonnull(tune_instruments_by_program(all, (guint8)i, FALSE));
    g_assert_cmpstr(tune_instruments_by_program(all, 25, FALSE)->key, ==, "steel-guitar");
    g_assert_cmpstr(tune_instruments_by_program(all, 0, TRUE)->key, ==, "drum-kit");
    g_assert_cmpstr(tune_instruments_by_program(all, 40, TRUE)->key, ==, "brush-kit");
    g_assert_null(tune_instruments_by_program(all, 127, FALSE));
}

static void test_complaints_name_file_and_line(void)
{
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"[1]\n", ":1: a file of instruments"},
        {"kazoo:\n  name: Kazoo\n", ":2: \"kazoo\" needs name, family and program"},
        {"kazoo: 3\n", ":1: \"kazoo\" must be a map"},
        {"kazoo:\n  name: Kazoo\n  family: winds\n  program: 200\n", ":4: 200 is outside"},
        {"kazoo:\n  name: Kazoo\n  family: winds\n  program: 2\n  range: [H2, C4]\n", ":5: \"H2\""},
        {"kazoo:\n  name: Kazoo\n  family: winds\n  program: 2\n  range: [C5, C4]\n", ":5: the first"},
        {"kazoo:\n  nane: Kazoo\n", ":2: unknown key \"nane\""},
    };
    g_autofree char *path = NULL;
    gint fd = g_file_open_tmp("tune-instruments-XXXXXX.yaml", &path, NULL);

    g_close(fd, NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        g_assert_true(g_file_set_contents(path, cases[i].text, -1, NULL));
        g_assert_null(tune_instruments_load(path, &error));
        g_assert_nonnull(strstr(error->message, cases[i].message));
        g_assert_true(g_str_has_prefix(error->message, path));
    }
    g_unlink(path);
    g_autoptr(GError) error = NULL;
    g_assert_null(tune_instruments_load(path, &error));
    g_assert_nonnull(error);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/brief/instrument/needed-ones-exist", test_what_a_composer_needs_is_there);
    g_test_add_func("/brief/instrument/figures", test_figures_are_those_of_the_instruments);
    g_test_add_func("/brief/instrument/words-and-plurals", test_words_and_plurals);
    g_test_add_func("/brief/instrument/programs", test_programs_of_scores_from_outside);
    g_test_add_func("/brief/instrument/complaints", test_complaints_name_file_and_line);
    return g_test_run();
}
