/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/random.h"
#include "random-score.h"

#include <glib/gstdio.h>
#include <string.h>

static const TuneScoreFormat formats[] = {TUNE_SCORE_JSON, TUNE_SCORE_MIDI, TUNE_SCORE_MUSICXML,
                                          TUNE_SCORE_ABC};
static const char *const suffixes[] = {"json", "mid", "musicxml", "abc"};

static void test_save_and_load(void)
{
    g_autofree char *folder = g_dir_make_tmp("tune-score-XXXXXX", NULL);
    g_autoptr(TuneScore) score = random_score(5);

    for (gsize i = 0; i < G_N_ELEMENTS(formats); i++) {
        g_autofree char *path = g_strdup_printf("%s/a.%s", folder, suffixes[i]);
        g_autofree char *other = g_strdup_printf("%s/unknown", folder);
        g_autoptr(GError) error = NULL;
        g_assert_true(tune_score_format_of_path(path) == formats[i]);
        g_assert_true(tune_score_save(score, path, formats[i], &error));
        g_assert_no_error(error);
        g_assert_cmpint(g_rename(path, other), ==, 0);
        g_autoptr(TuneScore) back = tune_score_load(other, &error); /* by content alone */
        g_assert_no_error(error);
        g_assert_cmpuint(tune_score_n_notes(back), ==, tune_score_n_notes(score));
        g_remove(other);
    }
    g_assert_cmpint(g_rmdir(folder), ==, 0); /* nothing else was left behind */
}

static void test_failures_of_the_disk(void)
{
    g_autoptr(TuneScore) score = random_score(5);
    g_autoptr(GError) error = NULL;

    g_assert_false(tune_score_save(score, "/nonexistent/a.mid", TUNE_SCORE_MIDI, &error));
    g_assert_error(error, TUNE_SCORE_ERROR, TUNE_SCORE_ERROR_IO);
    g_clear_error(&error);
    g_assert_null(tune_score_load("/nonexistent/a.mid", &error));
    g_assert_error(error, TUNE_SCORE_ERROR, TUNE_SCORE_ERROR_IO);
    g_clear_error(&error);
    g_assert_null(tune_score_load("/", &error));
    g_assert_error(error, TUNE_SCORE_ERROR, TUNE_SCORE_ERROR_IO);
    g_clear_error(&error);
    g_assert_false(tune_score_save(score, "/tmp/a.xyz", TUNE_SCORE_UNKNOWN, &error));
    g_assert_error(error, TUNE_SCORE_ERROR, TUNE_SCORE_ERROR_UNSUPPORTED);
}

static void read_broken(const guint8 *data, gsize size)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(TuneScore) score = tune_score_read("broken", data, size, &error);

    g_assert_true((score != NULL) != (error != NULL));
    if (error != NULL) {
        g_assert_true(error->domain == TUNE_SCORE_ERROR);
        g_assert_true(g_str_has_prefix(error->message, "broken"));
    }
}

/* A short piece with everything in it, so that all its bytes can be broken. */
static TuneScore *small_score(void)
{
    TuneScore *score = random_score(2);

    for (guint i = 0; i < score->tracks->len; i++) {
        TuneTrack *track = score->tracks->pdata[i];
        g_array_set_size(track->notes, MIN(track->notes->len, 12));
        g_array_set_size(track->controls, MIN(track->controls->len, 4));
    }
    g_array_set_size(score->chords, 2);
    g_array_set_size(score->sections, 1);
    g_assert_true(tune_score_finish(score, NULL));
    return score;
}

static void test_cut_at_every_byte(void)
{
    g_autoptr(TuneScore) score = small_score();

    for (gsize f = 0; f < G_N_ELEMENTS(formats); f++) {
        g_autoptr(GBytes) bytes = tune_score_write(score, formats[f], NULL);
        gsize size = 0;
        const guint8 *data = g_bytes_get_data(bytes, &size);
        gsize step = size > 6000 ? 7 : 1;
        for (gsize n = 0; n < size; n += step) {
            g_autofree guint8 *copy = g_memdup2(data, n); /* so that ASan sees the end */
            read_broken(copy, n);
        }
    }
}

static void test_flipped_bits(void)
{
    g_autoptr(TuneScore) score = small_score();
    TuneRandom r;

    tune_random_init(&r, 7, "test/flip");
    for (gsize f = 0; f < G_N_ELEMENTS(formats); f++) {
        g_autoptr(GBytes) bytes = tune_score_write(score, formats[f], NULL);
        gsize size = 0;
        const guint8 *data = g_bytes_get_data(bytes, &size);
        for (gint i = 0; i < 600; i++) {
            g_autofree guint8 *copy = g_memdup2(data, size);
            for (gint n = tune_random_int(&r, 1, 4); n > 0; n--)
                copy[tune_random_int(&r, 0, (gint)size - 1)] ^=
                    (guint8)(1 << tune_random_int(&r, 0, 7));
            read_broken(copy, size);
        }
    }
}

static void test_nothing_and_noise(void)
{
    TuneRandom r;

    tune_random_init(&r, 9, "test/noise");
    for (gint i = 0; i < 300; i++) {
        guint8 noise[256];
        for (gsize n = 0; n < sizeof noise; n++)
            noise[n] = (guint8)tune_random_int(&r, 0, 255);
        read_broken(noise, (gsize)tune_random_int(&r, 0, 256));
    }
}

/* Whatever one format holds can be written in the others and read again. */
static void test_formats_convert_into_each_other(void)
{
    for (guint64 seed = 20; seed < 26; seed++)
        for (gsize a = 0; a < G_N_ELEMENTS(formats); a++)
            for (gsize b = 0; b < G_N_ELEMENTS(formats); b++) {
                g_autoptr(TuneScore) score = random_score(seed);
                g_autoptr(TuneScore) once = write_and_read(score, formats[a]);
                g_autoptr(TuneScore) twice = write_and_read(once, formats[b]);
                g_assert_cmpuint(tune_score_n_notes(twice), ==, tune_score_n_notes(score));
            }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/score/file/save-and-load", test_save_and_load);
    g_test_add_func("/score/file/failures-of-the-disk", test_failures_of_the_disk);
    g_test_add_func("/score/file/cut-at-every-byte", test_cut_at_every_byte);
    g_test_add_func("/score/file/flipped-bits", test_flipped_bits);
    g_test_add_func("/score/file/nothing-and-noise", test_nothing_and_noise);
    g_test_add_func("/score/file/formats-convert-into-each-other",
                    test_formats_convert_into_each_other);
    return g_test_run();
}
