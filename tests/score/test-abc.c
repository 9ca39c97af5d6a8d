/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "random-score.h"

#include <string.h>

static TuneScore *read_text(const char *text, GError **error)
{
    return tune_score_read_abc("t.abc", (const guint8 *)text, strlen(text), error);
}

static void test_round_trip_shows_the_same_page(void)
{
    for (guint64 seed = 0; seed < 60; seed++) {
        g_autoptr(TuneScore) score = random_score(seed);
        g_autoptr(TuneScore) back = write_and_read(score, TUNE_SCORE_ABC);
        g_test_message("seed %d", (gint)seed);
        assert_same_page(score, back);
        g_assert_cmpstr(score->title, ==, back->title);
        g_assert_cmpuint(score->chords->len, ==, back->chords->len);
        for (guint i = 0; i < score->chords->len; i++)
            g_assert_cmpint(g_array_index(score->chords, TuneScoreChord, i).tick, ==,
                            g_array_index(back->chords, TuneScoreChord, i).tick);
    }
}

static void assert_notes(const char *music, const char *expected)
{
    g_autofree char *text = g_strconcat("X:1\nT:t\nM:4/4\nL:1/4\nK:G\n", music, "\n", NULL);
    g_autoptr(GError) error = NULL;
    g_autoptr(TuneScore) score = read_text(text, &error);
    g_autoptr(GString) found = g_string_new(NULL);

    g_assert_no_error(error);
    const TuneTrack *track = score->tracks->pdata[0];
    for (guint i = 0; i < track->notes->len; i++) {
        const TuneNote *note = &g_array_index(track->notes, TuneNote, i);
        g_string_append_printf(
            found, "%s%d+%d:%u%s", i > 0 ? " " : "", note->onset, note->duration, note->pitch,
            note->syllable >= 0 ? (char *)track->syllables->pdata[note->syllable] : "");
    }
    g_assert_cmpstr(found->str, ==, expected);
}

static void test_reads_the_language(void)
{
    assert_notes("C F ^F =F |", "0+960:60 960+960:66 1920+960:66 2880+960:65");
    assert_notes("F =F F f | F", "0+960:66 960+960:65 1920+960:65 2880+960:77 3840+960:66");
    assert_notes("C,, c' z2", "0+960:36 960+960:84");
    assert_notes("(3CDE G2 z", "0+640:60 640+640:62 1280+640:64 1920+1920:67");
    assert_notes("C>D E<G", "0+1440:60 1440+480:62 1920+480:64 2400+1440:67");
    assert_notes("[CEG]4-|[CEG]2 z2", "0+5760:60 0+5760:64 0+5760:67");
    assert_notes("C4 & E2 G2 | D4", "0+3840:60 0+1920:64 1920+1920:67 3840+3840:62");
    assert_notes("^c4-|c2 c2", "0+5760:73 5760+1920:72");
    assert_notes("\"Am7\"C/ D// !f! .E {gag} F3/2", "0+480:60 480+240:62 720+960:64 1680+1440:66");
    assert_notes("[K:F]B2[M:3/4] B | [L:1/8] B4 z2", "0+1920:70 1920+960:70 2880+1920:70");
    assert_notes("|: C4 :|1 D4 :|2 E4 |]", "0+3840:60 3840+3840:62 7680+3840:64");
    assert_notes("C D E- E|G4\nw: glo-ry to_ *yes",
                 "0+960:60glo- 960+960:62ry 1920+1920:64to 3840+3840:67");
}

static void test_pick_up_bar(void)
{
    g_autoptr(TuneScore) score = read_text("X:1\nM:3/4\nL:1/4\nK:C\nG|C2 D|E3|]\n", NULL);

    g_assert_nonnull(score);
    g_assert_cmpint(tune_score_metre_at(score, 0).beats, ==, 1);
    g_assert_cmpint(tune_score_metre_at(score, 960).beats, ==, 3);
    g_assert_cmpint(score->ticks, ==, 7 * 960);
}

static void test_two_voices_and_drums(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(TuneScore) score = read_text("X:1\nL:1/4\nQ:1/4=90\nK:D\n"
                                           "V:a name=\"Flute\"\nV:b clef=perc\n"
                                           "[V:a] %%no\nf4|\n"
                                           "V:b\n%%MIDI channel 10\n=C,4|\n",
                                           &error);

    g_assert_no_error(error);
    g_assert_cmpuint(score->tracks->len, ==, 2);
    const TuneTrack *flute = score->tracks->pdata[0], *drums = score->tracks->pdata[1];
    g_assert_cmpstr(flute->name, ==, "Flute");
    g_assert_cmpint(g_array_index(flute->notes, TuneNote, 0).pitch, ==, 78);
    g_assert_true(drums->is_drums);
    g_assert_cmpint(g_array_index(drums->notes, TuneNote, 0).pitch, ==, 48);
    g_assert_cmpfloat(tune_score_tempo_at(score, 0), ==, 90.0);
}

static void test_refusals_name_line_and_column(void)
{
    static const struct {
        const char *text, *says;
    } cases[] = {
        {"", "t.abc:1:1: not an ABC tune"},
        {"X:1\nT:t\n", "no K: field"},
        {"X:1\nK:H\n", "t.abc:2:1: a key"},
        {"X:1\nM:0/4\nK:C\n", "t.abc:2:1: a metre"},
        {"X:1\nL:x\nK:C\n", "unit length"},
        {"X:1\nK:C\nCD [CE\n", "t.abc:3:4: a chord without"},
        {"X:1\nK:C\nC \"Am\n", "t.abc:3:3: a text"},
        {"X:1\nK:C\nC \x01 D\n", "t.abc:3:3: a character"},
        {"X:1\nK:C\nc''''''''''\n", "outside MIDI"},
        {"X:1\nK:C\nC99999 C99999 z99999 z99999 z99999 z99999 Z99999 Z99999\n", "too long"},
        {"X:1\nK:C\nC/99999//////\n", "without length"},
        {"X:1\nK:C\n(99CDE\n", "tuplet"},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        g_assert_null(read_text(cases[i].text, &error));
        g_assert_true(error->domain == TUNE_SCORE_ERROR);
        if (strstr(error->message, cases[i].says) == NULL)
            g_error("\"%s\" does not say \"%s\"", error->message, cases[i].says);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/score/abc/round-trip-shows-the-same-page",
                    test_round_trip_shows_the_same_page);
    g_test_add_func("/score/abc/reads-the-language", test_reads_the_language);
    g_test_add_func("/score/abc/pick-up-bar", test_pick_up_bar);
    g_test_add_func("/score/abc/two-voices-and-drums", test_two_voices_and_drums);
    g_test_add_func("/score/abc/refusals-name-line-and-column", test_refusals_name_line_and_column);
    return g_test_run();
}
