/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/random.h"
#include "score/score.h"

#include <string.h>

static TuneScore *new_score(gint bars)
{
    TuneScore *score = tune_score_new();
    TuneTempo tempo = {0, 120};
    TuneMetreChange metre = {0, {4, 4, 0}};
    TuneKeyChange key = {0, {0, TUNE_MODE_MAJOR}};

    g_array_append_val(score->tempos, tempo);
    g_array_append_val(score->metres, metre);
    g_array_append_val(score->keys, key);
    score->ticks = bars * 4 * TUNE_PPQ;
    return score;
}

static void add_note(TuneTrack *track, gint onset, gint duration, guint8 pitch)
{
    TuneNote note = {.onset = onset,
                     .duration = duration,
                     .syllable = -1,
                     .pitch = pitch,
                     .spelling = tune_fifths_nearest(pitch % 12, 0),
                     .velocity = 80,
                     .voice = 1};

    g_array_append_val(track->notes, note);
}

static void assert_invalid(TuneScore *score, const char *word)
{
    g_autoptr(GError) error = NULL;

    g_assert_false(tune_score_finish(score, &error));
    g_assert_error(error, TUNE_SCORE_ERROR, TUNE_SCORE_ERROR_INVALID);
    if (strstr(error->message, word) == NULL)
        g_error("\"%s\" does not say \"%s\"", error->message, word);
}

static void test_sorts_and_accepts(void)
{
    g_autoptr(TuneScore) score = new_score(2);
    TuneTrack *track = tune_score_add_track(score, "piano", "Piano");
    g_autoptr(GError) error = NULL;

    add_note(track, 960, 960, 64);
    add_note(track, 0, 960, 67);
    add_note(track, 0, 960, 60);
    g_assert_true(tune_score_finish(score, &error));
    g_assert_no_error(error);
    g_assert_cmpuint(g_array_index(track->notes, TuneNote, 0).pitch, ==, 60);
    g_assert_cmpuint(g_array_index(track->notes, TuneNote, 1).pitch, ==, 67);
    g_assert_cmpuint(g_array_index(track->notes, TuneNote, 2).pitch, ==, 64);
    g_assert_cmpuint(tune_score_n_notes(score), ==, 3);
}

static void test_refuses_and_names_the_place(void)
{
    g_autoptr(TuneScore) score = new_score(4);
    TuneTrack *track = tune_score_add_track(score, "bass", "Bass");

    add_note(track, 4000, 960, 40);
    add_note(track, 4500, 960, 40);
    assert_invalid(score, "track \"bass\", bar 2");
    tune_track_resolve_overlaps(track);
    g_assert_true(tune_score_finish(score, NULL));

    g_array_index(track->notes, TuneNote, 1).spelling = 1;
    assert_invalid(score, "spelling");
    g_array_index(track->notes, TuneNote, 1).spelling = 4;
    g_array_index(track->notes, TuneNote, 0).duration_offset = 3;
    assert_invalid(score, "as performed");
    g_array_index(track->notes, TuneNote, 0).duration_offset = 0;
    g_array_index(track->notes, TuneNote, 1).duration = 20000;
    assert_invalid(score, "last bar line");
    g_array_index(track->notes, TuneNote, 1).duration = 10;
    score->ticks += 1;
    assert_invalid(score, "bar line");
    score->ticks -= 1;
    g_array_index(score->tempos, TuneTempo, 0).bpm = 0.0 / 0.0;
    assert_invalid(score, "tempo");
    g_array_index(score->tempos, TuneTempo, 0).bpm = 100;
    g_assert_true(tune_score_finish(score, NULL));
}

static void test_ids_are_unique_and_safe(void)
{
    g_autoptr(TuneScore) score = new_score(1);

    g_assert_cmpstr(tune_score_add_track(score, "Upright Bass!", "")->id, ==, "upright-bass");
    g_assert_cmpstr(tune_score_add_track(score, "upright bass", "")->id, ==, "upright-bass-2");
    g_assert_cmpstr(tune_score_add_track(score, "///", "")->id, ==, "part");
    g_assert_true(tune_score_finish(score, NULL));
}

static void test_tempo_map(void)
{
    g_autoptr(TuneScore) score = new_score(8);
    TuneTempo slow = {4 * TUNE_PPQ, 60}, fast = {8 * TUNE_PPQ, 240};

    g_array_append_val(score->tempos, slow);
    g_array_append_val(score->tempos, fast);
    for (gint finished = 0; finished < 2; finished++) {
        g_assert_cmpfloat(tune_score_seconds(score, 4 * TUNE_PPQ), ==, 2.0);
        g_assert_cmpfloat(tune_score_seconds(score, 6 * TUNE_PPQ), ==, 4.0);
        g_assert_cmpfloat(tune_score_seconds(score, 12 * TUNE_PPQ), ==, 7.0);
        g_assert_cmpfloat(tune_score_tempo_at(score, 8 * TUNE_PPQ - 1), ==, 60.0);
        for (gint tick = 0; tick < score->ticks; tick += 37)
            g_assert_cmpint(tune_score_tick_at(score, tune_score_seconds(score, tick)), ==, tick);
        g_assert_true(tune_score_finish(score, NULL));
    }
}

static void test_bars_follow_the_metre(void)
{
    g_autoptr(TuneScore) score = new_score(2);
    TuneMetreChange waltz = {8 * TUNE_PPQ, {3, 4, 0}};
    gint bar_tick;

    g_array_append_val(score->metres, waltz);
    score->ticks = 14 * TUNE_PPQ;
    g_assert_true(tune_score_finish(score, NULL));
    g_assert_cmpint(tune_score_bar_at(score, 0, &bar_tick), ==, 0);
    g_assert_cmpint(tune_score_bar_at(score, 8 * TUNE_PPQ - 1, &bar_tick), ==, 1);
    g_assert_cmpint(bar_tick, ==, 4 * TUNE_PPQ);
    g_assert_cmpint(tune_score_bar_at(score, 12 * TUNE_PPQ, &bar_tick), ==, 3);
    g_assert_cmpint(bar_tick, ==, 11 * TUNE_PPQ);
    g_assert_cmpint(tune_score_metre_at(score, 8 * TUNE_PPQ).beats, ==, 3);
}

static void test_spans(void)
{
    g_autoptr(TuneScore) score = new_score(4);
    TuneScoreChord c = {0, 960, {0, 0, TUNE_CHORD_MAJOR}}, g = {1920, 960, {1, 1, TUNE_CHORD_7}};
    TuneSection verse = {.tick = 0, .ticks = 3840, .name = g_strdup("verse")};

    g_array_append_val(score->chords, g);
    g_array_append_val(score->chords, c);
    g_array_append_val(score->sections, verse);
    g_assert_true(tune_score_finish(score, NULL));
    g_assert_cmpint(tune_score_chord_at(score, 959)->chord.root, ==, 0);
    g_assert_null(tune_score_chord_at(score, 960));
    g_assert_cmpint(tune_score_chord_at(score, 2000)->chord.root, ==, 1);
    g_assert_cmpstr(tune_score_section_at(score, 3839)->name, ==, "verse");
    g_assert_null(tune_score_section_at(score, 3840));
    g_array_index(score->chords, TuneScoreChord, 0).ticks = 2000;
    assert_invalid(score, "chord");
}

/* Whatever notes come in, what comes out is valid, and untouched when it was valid before. */
static void test_overlaps_are_resolved(void)
{
    TuneRandom r;

    tune_random_init(&r, 1, "test/overlap");
    for (gint round = 0; round < 300; round++) {
        g_autoptr(TuneScore) score = new_score(4);
        TuneTrack *track = tune_score_add_track(score, "a", "A");
        g_autoptr(GError) error = NULL;
        for (gint i = tune_random_int(&r, 0, 60); i > 0; i--) {
            gint onset = tune_random_int(&r, 0, 15000);
            add_note(track, onset, tune_random_int(&r, 1, 15360 - onset),
                     (guint8)tune_random_int(&r, 60, 63));
            TuneNote *note = &g_array_index(track->notes, TuneNote, track->notes->len - 1);
            gint reach = round % 2 ? 32767 : 100;
            note->onset_offset = (gint16)tune_random_int(&r, -reach, reach);
            note->duration_offset = (gint16)tune_random_int(&r, -reach, reach);
        }
        tune_track_resolve_overlaps(track);
        tune_score_finish(score, &error);
        g_assert_no_error(error);
        g_autoptr(GArray) before = g_array_copy(track->notes);
        tune_track_resolve_overlaps(track);
        g_assert_cmpuint(before->len, ==, track->notes->len);
        for (guint i = 0; i < before->len; i++)
            g_assert_true(memcmp(&g_array_index(before, TuneNote, i),
                                 &g_array_index(track->notes, TuneNote, i), sizeof(TuneNote)) == 0);
    }
}

static void test_shared_by_reference(void)
{
    TuneScore *score = new_score(1);
    TuneScore *other = tune_score_ref(score);

    g_assert_true(score == other);
    tune_score_unref(score);
    g_assert_cmpstr(other->title, ==, "");
    tune_score_unref(other);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/score/score/sorts-and-accepts", test_sorts_and_accepts);
    g_test_add_func("/score/score/refuses-and-names-the-place", test_refuses_and_names_the_place);
    g_test_add_func("/score/score/ids-are-unique-and-safe", test_ids_are_unique_and_safe);
    g_test_add_func("/score/score/tempo-map", test_tempo_map);
    g_test_add_func("/score/score/bars-follow-the-metre", test_bars_follow_the_metre);
    g_test_add_func("/score/score/spans", test_spans);
    g_test_add_func("/score/score/overlaps-are-resolved", test_overlaps_are_resolved);
    g_test_add_func("/score/score/shared-by-reference", test_shared_by_reference);
    return g_test_run();
}
