/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "random-score.h"

#include <string.h>

static void test_round_trip_shows_the_same_page(void)
{
    for (guint64 seed = 0; seed < 60; seed++) {
        g_autoptr(TuneScore) score = random_score(seed);
        g_autoptr(TuneScore) back = write_and_read(score, TUNE_SCORE_MUSICXML);
        g_test_message("seed %d", (gint)seed);
        assert_same_page(score, back);
        assert_same_tempo(score, back);
        g_assert_cmpuint(score->sections->len, ==, back->sections->len);
        g_assert_cmpuint(score->chords->len, ==, back->chords->len);
        for (guint i = 0; i < score->chords->len; i++) {
            const TuneScoreChord *x = &g_array_index(score->chords, TuneScoreChord, i);
            const TuneScoreChord *y = &g_array_index(back->chords, TuneScoreChord, i);
            g_assert_true(x->tick == y->tick && x->ticks == y->ticks);
            g_assert_true(x->chord.root == y->chord.root && x->chord.quality == y->chord.quality);
        }
    }
}

static TuneScore *read_text(const char *text, GError **error)
{
    return tune_score_read_musicxml("t.xml", (const guint8 *)text, strlen(text), error);
}

#define PART(measures)                                                                             \
    "<score-partwise><part-list><score-part id=\"P1\"><part-name>A</part-name></score-part>"       \
    "</part-list><part id=\"P1\">" measures "</part></score-partwise>"
#define ATTRIBUTES                                                                                 \
    "<attributes><divisions>2</divisions><time><beats>3</beats><beat-type>4</beat-type></time>"    \
    "</attributes>"
#define NOTE(step, length, more)                                                                   \
    "<note><pitch><step>" step "</step><octave>4</octave></pitch><duration>" length                \
    "</duration>" more "</note>"

static void test_pick_up_and_ties(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(TuneScore) score = read_text(
        PART("<measure number=\"0\" implicit=\"yes\">" ATTRIBUTES NOTE(
            "G", "2",
            "") "</measure>"
                "<measure number=\"1\">" NOTE(
                    "C", "6",
                    "<tie type=\"start\"/>") "</measure>"
                                             "<measure number=\"2\">" NOTE("C", "4",
                                                                           "<tie type=\"stop\"/>")
                                                 NOTE("E", "2", "<voice>2</voice>") "</measure>"),
        &error);

    g_assert_no_error(error);
    const TuneTrack *track = score->tracks->pdata[0];
    const TuneNote *notes = (const TuneNote *)(const void *)track->notes->data;
    g_assert_cmpuint(track->notes->len, ==, 3);
    g_assert_cmpint(notes[1].onset, ==, 960);
    g_assert_cmpint(notes[1].duration, ==, 5 * 960);
    g_assert_cmpint(notes[2].voice, ==, 2);
    g_assert_cmpint(tune_score_metre_at(score, 0).beats, ==, 1);
    g_assert_cmpint(tune_score_metre_at(score, 960).beats, ==, 3);
    g_assert_cmpint(score->ticks, ==, 7 * 960);
}

static void test_refusals_name_the_line(void)
{
    static const struct {
        const char *text, *says;
    } cases[] = {
        {"", "t.xml:"},
        {"<score-partwise>\n\n<part></score-partwise>", "t.xml:3"},
        {"<html/>", "no <score-partwise>"},
        {"<score-timewise/>", "timewise"},
        {"<score-partwise/>", "no <part>"},
        {"<!DOCTYPE score-partwise [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;\">]>"
         "<score-partwise>&b;</score-partwise>",
         "DOCTYPE"},
        {"<!DOCTYPE score-partwise [<!ENTITY x SYSTEM \"file:///etc/passwd\">]>"
         "<score-partwise>&x;</score-partwise>",
         "DOCTYPE"},
        {PART("<measure>\n<note><pitch><step>H</step></pitch><duration>1</duration></note>"
              "</measure>"),
         "t.xml:2: <pitch>: a pitch needs a step"},
        {PART("<measure>" NOTE("C", "-5", "") "</measure>"), "<duration>"},
        {PART("<measure>" NOTE("C", "1e300", "") "</measure>"), "<duration>"},
        {PART("<measure><note><duration>1</duration></note></measure>"), "neither pitch nor rest"},
        {PART("<measure><attributes><divisions>0</divisions></attributes></measure>"),
         "<divisions>"},
        {PART("<measure><attributes><time><beats>x</beats><beat-type>4</beat-type></time>"
              "</attributes></measure>"),
         "beats are numbers"},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        g_assert_null(read_text(cases[i].text, &error));
        g_assert_true(error->domain == TUNE_SCORE_ERROR);
        if (strstr(error->message, cases[i].says) == NULL)
            g_error("\"%s\" does not say \"%s\"", error->message, cases[i].says);
    }
}

static void test_transposing_part_is_written_as_played(void)
{
    g_autoptr(TuneScore) score = random_score(3);
    TuneNote note = {.onset = 0,
                     .duration = 960,
                     .syllable = -1,
                     .pitch = 58,
                     .spelling = -2,
                     .velocity = 64,
                     .voice = 1};

    g_ptr_array_set_size(score->tracks, 0);
    TuneTrack *track = tune_score_add_track(score, "clarinet", "Clarinet");
    track->transpose = -2;
    g_array_append_val(track->notes, note);
    g_assert_true(tune_score_finish(score, NULL));
    g_autoptr(GBytes) bytes = tune_score_write_musicxml(score, NULL);
    g_autofree char *text = g_strndup(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes));
    g_assert_nonnull(strstr(text, "<step>C</step>")); /* sounding B flat, written C */
    g_assert_nonnull(strstr(text, "<chromatic>-2</chromatic>"));
    g_assert_nonnull(strstr(text, "<diatonic>-1</diatonic>"));
}

static void test_written_lengths_fill_every_bar(void)
{
    for (guint64 seed = 100; seed < 110; seed++) {
        g_autoptr(TuneScore) score = random_score(seed);
        g_autoptr(GBytes) bytes = tune_score_write_musicxml(score, NULL);
        g_autofree char *text = g_strndup(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes));
        gint64 sum = 0, bars = 0;
        gboolean chord = FALSE;
        /* Notes and rests minus backups give, over all parts, the piece's length. */
        g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
        gint sign = 1;
        for (gint i = 0; lines[i] != NULL; i++) {
            const char *line = lines[i] + strspn(lines[i], " ");
            if (g_str_has_prefix(line, "<note"))
                chord = FALSE;
            if (g_str_has_prefix(line, "<chord/>"))
                chord = TRUE;
            if (g_str_has_prefix(line, "<backup"))
                sign = -1;
            if (g_str_has_prefix(line, "<duration>") && (sign < 0 || !chord))
                sum += sign * g_ascii_strtoll(line + 10, NULL, 10);
            if (g_str_has_prefix(line, "</backup"))
                sign = 1;
            bars += g_str_has_prefix(line, "<measure");
        }
        g_assert_cmpint(sum, ==, (gint64)score->ticks * score->tracks->len);
        gint last_bar = tune_score_bar_at(score, score->ticks - 1, NULL);
        g_assert_cmpint(bars, ==, (gint64)(last_bar + 1) * score->tracks->len);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/score/musicxml/round-trip-shows-the-same-page",
                    test_round_trip_shows_the_same_page);
    g_test_add_func("/score/musicxml/pick-up-and-ties", test_pick_up_and_ties);
    g_test_add_func("/score/musicxml/refusals-name-the-line", test_refusals_name_the_line);
    g_test_add_func("/score/musicxml/transposing-part-is-written-as-played",
                    test_transposing_part_is_written_as_played);
    g_test_add_func("/score/musicxml/written-lengths-fill-every-bar",
                    test_written_lengths_fill_every_bar);
    return g_test_run();
}
