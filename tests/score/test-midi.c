/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "random-score.h"

#include <string.h>

static TuneScore *read_back(GBytes *bytes, GError **error)
{
    return tune_score_read_midi("t.mid", g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes),
                                error);
}

static void test_round_trip_sounds_the_same(void)
{
    for (guint64 seed = 0; seed < 100; seed++) {
        g_autoptr(TuneScore) score = random_score(seed);
        g_autoptr(GError) error = NULL;
        g_autoptr(GBytes) bytes = tune_score_write_midi(score, &error);
        g_autoptr(TuneScore) back = read_back(bytes, &error);

        g_assert_no_error(error);
        assert_same_sound(score, back);
        g_assert_cmpstr(score->title, ==, back->title);
        g_assert_cmpstr(score->rights, ==, back->rights);
        g_assert_cmpuint(score->chords->len, ==, back->chords->len);
        for (guint i = 0; i < score->metres->len; i++) {
            TuneMetreChange m = g_array_index(score->metres, TuneMetreChange, i);
            TuneMetre n = tune_score_metre_at(back, m.tick);
            g_assert_true(m.metre.beats == n.beats && m.metre.unit == n.unit);
        }
    }
}

/* Quantised places are on the page's grid, and reading what was written again changes nothing. */
static void test_second_trip_is_stable(void)
{
    for (guint64 seed = 200; seed < 230; seed++) {
        g_autoptr(TuneScore) score = random_score(seed);
        g_autoptr(GBytes) bytes = tune_score_write_midi(score, NULL);
        g_autoptr(TuneScore) once = read_back(bytes, NULL);
        g_autoptr(GBytes) again = tune_score_write_midi(once, NULL);
        g_autoptr(TuneScore) twice = read_back(again, NULL);
        assert_same_sound(once, twice);
        assert_same_page(once, twice);
    }
}

#define FILE_HEAD(type, n, ppq) "MThd\0\0\0\6\0" type "\0" n ppq
#define READ(bytes, error)                                                                         \
    tune_score_read_midi("t", (const guint8 *)(bytes), sizeof(bytes) - 1, error)

static void test_running_status_exclusive_and_other_resolution(void)
{
    static const char bytes[] =
        FILE_HEAD("\0", "\1", "\0\x60") "MTrk\0\0\0\x1f"
                                        "\0\xff\x58\4\3\2\x18\x08" /* 3/4 */
                                        "\0\xf0\3\1\2\xf7"         /* exclusive */
                                        "\0\x90\x3c\x40"           /* on */
                                        "\x30\x3c\0" /* running status: off after half a quarter */
                                        "\0\x40\x40" /* on */
                                        "\x30\x40\0"
                                        "\0\xff\x2f\0";
    g_autoptr(GError) error = NULL;
    g_autoptr(TuneScore) score = READ(bytes, &error);

    g_assert_no_error(error);
    g_assert_cmpuint(score->tracks->len, ==, 1);
    const TuneTrack *track = score->tracks->pdata[0];
    g_assert_cmpuint(track->notes->len, ==, 2);
    const TuneNote *notes = (const TuneNote *)(const void *)track->notes->data;
    g_assert_cmpint(notes[0].onset, ==, 0);
    g_assert_cmpint(notes[0].duration, ==, 480);
    g_assert_cmpint(notes[1].onset, ==, 480);
    g_assert_cmpint(notes[1].pitch, ==, 0x40);
    g_assert_cmpint(tune_score_metre_at(score, 0).beats, ==, 3);
    g_assert_cmpint(score->ticks, ==, 3 * 960);
}

/* Played loosely, notated straight, and every tick of the performance kept. */
static void test_quantises_triplets_and_sixteenths(void)
{
    static const gint played[] = {7, 238, 470, 735, 960, 1290, 1588};
    static const gint shown[] = {0, 240, 480, 720, 960, 1280, 1600};
    g_autoptr(TuneScore) score = random_score(0);
    TuneTrack *track;

    g_ptr_array_set_size(score->tracks, 0);
    g_array_set_size(score->metres, 1);
    g_array_index(score->metres, TuneMetreChange, 0).metre = (TuneMetre){4, 4, 0};
    g_array_set_size(score->keys, 1);
    g_array_set_size(score->sections, 0);
    g_array_set_size(score->chords, 0);
    score->ticks = 3840;
    track = tune_score_add_track(score, "a", "A");
    for (guint i = 0; i < G_N_ELEMENTS(played); i++) {
        TuneNote note = {.onset = played[i],
                         .duration = 100,
                         .syllable = -1,
                         .pitch = 60,
                         .velocity = 64,
                         .voice = 1};
        g_array_append_val(track->notes, note);
    }
    g_assert_true(tune_score_finish(score, NULL));
    g_autoptr(GBytes) bytes = tune_score_write_midi(score, NULL);
    g_autoptr(TuneScore) back = read_back(bytes, NULL);
    const TuneTrack *copy = back->tracks->pdata[0];
    for (guint i = 0; i < G_N_ELEMENTS(played); i++) {
        const TuneNote *note = &g_array_index(copy->notes, TuneNote, i);
        g_assert_cmpint(note->onset, ==, shown[i]);
        g_assert_cmpint(tune_note_sounding_onset(note), ==, played[i]);
        g_assert_cmpint(tune_note_sounding_end(note), ==, played[i] + 100);
    }
}

static void test_lyrics_come_back(void)
{
    for (guint64 seed = 0; seed < 20; seed++) {
        g_autoptr(TuneScore) score = random_score(seed);
        g_autoptr(GBytes) bytes = tune_score_write_midi(score, NULL);
        g_autoptr(TuneScore) back = read_back(bytes, NULL);
        guint n[2] = {0, 0};
        const TuneScore *both[2] = {score, back};
        for (gint s = 0; s < 2; s++)
            for (guint t = 0; t < both[s]->tracks->len; t++) {
                const TuneTrack *track = both[s]->tracks->pdata[t];
                for (guint i = 0; i < track->notes->len; i++)
                    n[s] += g_array_index(track->notes, TuneNote, i).syllable >= 0;
            }
        g_assert_cmpuint(n[0], ==, n[1]);
    }
}

static void test_refusals_name_the_byte(void)
{
    static const struct {
        const char *bytes;
        gsize size;
        const char *says;
    } cases[] = {
#define CASE(b, s) {b, sizeof(b) - 1, s}
        CASE("", "MThd"),
        CASE("MThd\0\0\0\6\0\1", "MThd"),
        CASE(FILE_HEAD("\2", "\1", "\0\x60"), "types 0 and 1"),
        CASE(FILE_HEAD("\1", "\1", "\xe7\x28"), "SMPTE"),
        CASE(FILE_HEAD("\1", "\1", "\0\0"), "zero ticks"),
        CASE(FILE_HEAD("\1", "\1", "\0\x60"), "byte 14: the file is cut short"),
        CASE(FILE_HEAD("\1", "\1", "\0\x60") "MTrk\xff\xff\xff\xff", "byte 22: the file is cut"),
        CASE(FILE_HEAD("\1", "\1", "\0\x60") "MTrk\0\0\0\2\0\x40", "byte 23: a data byte where"),
        CASE(FILE_HEAD("\1", "\1", "\0\x60") "MTrk\0\0\0\4\0\x90\x40\x90", "above 127"),
        CASE(FILE_HEAD("\1", "\1", "\0\x60") "MTrk\0\0\0\4\0\xff\x01\x7f", "cut short"),
        CASE(FILE_HEAD("\1", "\1", "\0\x60") "MTrk\0\0\0\5\xff\xff\xff\xff\0", "four bytes"),
        CASE(FILE_HEAD("\1", "\1", "\0\1") "MTrk\0\0\0\6\xff\xff\xff\x7f\x90\x40", "cut short"),
        CASE(FILE_HEAD("\1", "\1", "\0\1") "MTrk\0\0\0\7\xff\xff\xff\x7f\x90\x40\x40", "too long"),
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        g_assert_null(
            tune_score_read_midi("t.mid", (const guint8 *)cases[i].bytes, cases[i].size, &error));
        if (strstr(error->message, cases[i].says) == NULL)
            g_error("case %u: \"%s\" does not say \"%s\"", (guint)i, error->message, cases[i].says);
    }
}

static void test_pitch_bend_range_is_scaled(void)
{
    static const char bytes[] =
        FILE_HEAD("\0", "\1", "\3\xc0") "MTrk\0\0\0\x20"
                                        "\0\xb0\x65\0\0\x64\0\0\x06\x01" /* one semitone */
                                        "\0\xe0\x00\x60"                 /* +4096 of 8192 */
                                        "\0\x90\x3c\x40\x87\x40\x80\x3c\x00"
                                        "\0\xff\x2f\0\0\0\0\0\0\0";
    g_autoptr(GError) error = NULL;
    g_autoptr(TuneScore) score = READ(bytes, &error);

    g_assert_no_error(error);
    const TuneTrack *track = score->tracks->pdata[0];
    g_assert_cmpuint(track->controls->len, ==, 1);
    g_assert_cmpint(g_array_index(track->controls, TuneControl, 0).value, ==, 2048);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/score/midi/round-trip-sounds-the-same", test_round_trip_sounds_the_same);
    g_test_add_func("/score/midi/second-trip-is-stable", test_second_trip_is_stable);
    g_test_add_func("/score/midi/running-status-exclusive-and-other-resolution",
                    test_running_status_exclusive_and_other_resolution);
    g_test_add_func("/score/midi/quantises-triplets-and-sixteenths",
                    test_quantises_triplets_and_sixteenths);
    g_test_add_func("/score/midi/lyrics-come-back", test_lyrics_come_back);
    g_test_add_func("/score/midi/refusals-name-the-byte", test_refusals_name_the_byte);
    g_test_add_func("/score/midi/pitch-bend-range-is-scaled", test_pitch_bend_range_is_scaled);
    return g_test_run();
}
