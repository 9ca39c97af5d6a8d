/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "random-score.h"

#include <string.h>

static TuneScore *read_text(const char *text, GError **error)
{
    return tune_score_read_json("t", (const guint8 *)text, strlen(text), error);
}

static void test_round_trip_is_the_identity(void)
{
    for (guint64 seed = 0; seed < 100; seed++) {
        g_autoptr(TuneScore) score = random_score(seed);
        g_autoptr(GError) error = NULL;
        g_autoptr(GBytes) first = tune_score_write_json(score, &error);
        g_autoptr(TuneScore) back = tune_score_read_json("copy", g_bytes_get_data(first, NULL),
                                                         g_bytes_get_size(first), &error);
        g_assert_no_error(error);
        g_autoptr(GBytes) second = tune_score_write_json(back, &error);
        g_assert_true(g_bytes_equal(first, second));
        assert_same_page(score, back);
        assert_same_sound(score, back);
        for (guint t = 0; t < score->tracks->len; t++) {
            const TuneTrack *x = score->tracks->pdata[t], *y = back->tracks->pdata[t];
            g_assert_true(memcmp(&x->mix, &y->mix, sizeof x->mix) == 0);
        }
        g_assert_true(score->length_us == back->length_us && score->loop == back->loop &&
                      score->fade_us == back->fade_us && score->ending == back->ending);
    }
}

#define HEAD                                                                                       \
    "{\"format\": \"tunesmith-score\", \"version\": 1, \"ticks_per_quarter\": 960,"                \
    " \"ticks\": 3840, \"tempos\": [[0, 120]], \"metres\": [[0, \"4/4\"]],"                        \
    " \"keys\": [[0, \"C major\"]], "

static void test_a_small_file_written_by_hand(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(TuneScore) score = read_text(
        HEAD "\"tracks\": [{\"id\": \"a\", \"notes\": [[0, 960, 60, \"C\", 90]]}]}", &error);

    g_assert_no_error(error);
    g_assert_cmpuint(tune_score_n_notes(score), ==, 1);
}

static void test_errors_name_the_place(void)
{
    static const struct {
        const char *text, *says;
    } cases[] = {
        {"", "t:1:"},
        {"{", "t:1:1"},
        {"{\n\"a\": tru}", "t:2:"},
        {"[]", "t: an object"},
        {"{\"format\": \"x\", \"version\": 1}", "tunesmith-score"},
        {HEAD "\"tracks\": 1}", "tracks: a list"},
        {HEAD "\"tracks\": [{\"id\": \"A b\", \"notes\": []}]}", "tracks[0].id"},
        {HEAD "\"tracks\": [{\"id\": \"a\", \"notes\": [[0]]}]}", "tracks[0].notes[0]"},
        {HEAD "\"tracks\": [{\"id\": \"a\", \"notes\": [[0, 960, 60, \"D\", 90]]}]}", "spelling"},
        {HEAD "\"tracks\": [{\"id\": \"a\", \"notes\": [[0, 960, 60, \"C\", 900]]}]}", "notes[0]"},
        {HEAD "\"tracks\": [{\"id\": \"a\", \"notes\": [[0, 9600, 60, \"C\", 9]]}]}", "bar line"},
        {HEAD "\"tracks\": [], \"tracs\": []}", "tracs: unknown key"},
        {HEAD "\"chords\": [[0, 960, \"H\"]], \"tracks\": []}", "chords[0]"},
        {HEAD
         "\"sections\": [{\"tick\": 0, \"ticks\": 99999, \"role\": \"verse\"}], \"tracks\": []}",
         "section"},
        {HEAD "\"mix\": {\"reverb_seconds\": 1e9}, \"tracks\": []}", "mix.reverb_seconds"},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        g_assert_null(read_text(cases[i].text, &error));
        g_assert_true(error->domain == TUNE_SCORE_ERROR);
        if (strstr(error->message, cases[i].says) == NULL)
            g_error("\"%s\" does not say \"%s\"", error->message, cases[i].says);
    }
}

static void test_chords_keep_every_spelling(void)
{
    for (gint root = -15; root <= 19; root++)
        for (gint q = 0; q < TUNE_N_CHORDS; q++) {
            TuneChord chord = {(TuneFifths)root, (TuneFifths)(q % 2 ? root : 4 - root),
                               (TuneChordQuality)q},
                      back;
            g_autofree char *text = tune_chord_to_string(chord);
            g_assert_true(tune_chord_parse(text, &back));
            g_assert_true(back.root == chord.root && back.bass == chord.bass &&
                          back.quality == chord.quality);
        }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/score/json/round-trip-is-the-identity", test_round_trip_is_the_identity);
    g_test_add_func("/score/json/a-small-file-written-by-hand", test_a_small_file_written_by_hand);
    g_test_add_func("/score/json/errors-name-the-place", test_errors_name_the_place);
    g_test_add_func("/score/json/chords-keep-every-spelling", test_chords_keep_every_spelling);
    return g_test_run();
}
