/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "brief-fixture.h"

#include <math.h>
#include <string.h>

static const char *const styles[] = {"ambient", "cinematic", "classical", "electronic",
                                     "folk",    "jazz",      "pop",       "rock"};

static double last_chord_at(const TuneScore *score)
{
    guint n = score->chords->len;

    return tune_score_seconds(score, g_array_index(score->chords, TuneScoreChord, n - 1).tick);
}

static void assert_sections_cover(const TuneScore *score)
{
    gint at = 0;

    for (guint i = 0; i < score->sections->len; i++) {
        const TuneSection *s = &g_array_index(score->sections, TuneSection, i);
        g_assert_cmpint(s->tick, ==, at);
        g_assert_cmpint(s->ticks, >, 0);
        at += s->ticks;
    }
    g_assert_cmpint(at, ==, score->ticks);
}

static void test_exact_lengths(void)
{
    g_autoptr(BriefFixture) f = brief_fixture_new("pop");
    static const double seconds[] = {5, 7.5, 11, 20, 31.7, 60, 95, 180, 417, 600};

    for (gsize i = 0; i < G_N_ELEMENTS(styles); i++) {
        brief_fixture_reset(f, styles[i]);
        for (gsize k = 0; k < G_N_ELEMENTS(seconds); k++) {
            f->brief.seconds = seconds[k];
            g_autoptr(TuneScore) score = brief_fixture_compose(f, 100 + k);
            g_assert_cmpint(score->length_us, ==, llround(seconds[k] * 1e6));
            assert_sections_cover(score);
            if (score->ending == TUNE_ENDING_FADE)
                continue;
            /* The last chord comes late enough to be the end and early enough to die away. */
            g_assert_cmpfloat(last_chord_at(score), <, seconds[k] - 0.15 * MIN(seconds[k], 5));
            g_assert_cmpfloat(last_chord_at(score), >, seconds[k] - 9);
            g_assert_cmpfloat(tune_score_seconds(score, score->ticks), <, seconds[k] + 0.01);
        }
    }
}

static void test_said_tempo(void)
{
    g_autoptr(BriefFixture) f = brief_fixture_new("pop");
    static const double bpms[] = {48, 61.5, 90, 120, 173, 240};

    for (gsize k = 0; k < G_N_ELEMENTS(bpms); k++) {
        brief_fixture_reset(f, styles[k]);
        brief_fixture_bpm(f, bpms[k]);
        for (double seconds = 12; seconds < 130; seconds *= 1.7) {
            f->brief.seconds = seconds;
            g_autoptr(TuneScore) score = brief_fixture_compose(f, k);
            double beat = tune_metre_beat_bpm(f->brief.metre, tune_score_tempo_at(score, 0));
            g_assert_cmpfloat(fabs(beat - bpms[k]), <, 1e-9);
            g_assert_cmpint(score->length_us, ==, llround(seconds * 1e6));
            /* Only the last bars may slow down. */
            gint bar = tune_metre_bar_ticks(f->brief.metre);
            for (guint i = 1; i < score->tempos->len; i++)
                g_assert_cmpint(g_array_index(score->tempos, TuneTempo, i).tick, >=,
                                score->ticks - 4 * bar);
        }
    }
}

/* Less time than a bar takes, or a bar and too little to hold a chord: what there is fades, at the said tempo. */
static void test_less_than_a_bar(void)
{
    static const TuneEnding endings[] = {TUNE_ENDING_AUTO, TUNE_ENDING_COLD, TUNE_ENDING_FERMATA,
                                         TUNE_ENDING_FADE};
    g_autoptr(BriefFixture) f = brief_fixture_new("classical");

    for (double bpm = 40; bpm <= 60; bpm += 2)
        for (gsize e = 0; e < G_N_ELEMENTS(endings); e++) {
            brief_fixture_reset(f, "classical");
            brief_fixture_bpm(f, bpm);
            f->brief.seconds = 5;
            f->brief.ending = endings[e];
            g_autoptr(TuneScore) score = brief_fixture_compose(f, e);
            g_assert_cmpint(score->length_us, ==, 5000000);
            g_assert_cmpfloat(fabs(tune_score_tempo_at(score, 0) - bpm), <, 1e-9);
            g_assert_cmpuint(score->tracks->len, >, 0);
            if (score->ending == TUNE_ENDING_FADE)
                g_assert_cmpint(score->fade_us, >, 0);
            else
                g_assert_cmpfloat(tune_score_seconds(score, score->ticks), <, 5.1);
        }
}

static void test_open_tempo_stays_near(void)
{
    g_autoptr(BriefFixture) f = brief_fixture_new("pop");

    for (gsize i = 0; i < G_N_ELEMENTS(styles); i++) {
        brief_fixture_reset(f, styles[i]);
        f->brief.bpm_low = 80;
        f->brief.bpm_high = 90;
        for (gint seed = 0; seed < 12; seed++) {
            f->brief.seconds = 40 + 7.3 * seed;
            g_autoptr(TuneScore) score = brief_fixture_compose(f, (guint64)seed);
            double beat = tune_metre_beat_bpm(f->brief.metre, tune_score_tempo_at(score, 0));
            g_assert_cmpfloat(beat, >=, 80 - 1e-6);
            g_assert_cmpfloat(beat, <=, 90 + 1e-6);
        }
    }
}

static void test_loops(void)
{
    g_autoptr(BriefFixture) f = brief_fixture_new("pop");

    for (gsize i = 0; i < G_N_ELEMENTS(styles); i++) {
        brief_fixture_reset(f, styles[i]);
        f->brief.loop = TRUE;
        f->brief.seconds = 16 + (double)i;
        g_autoptr(TuneScore) score = brief_fixture_compose(f, i);
        g_assert_true(score->loop);
        g_assert_cmpint(score->length_us, ==, llround(f->brief.seconds * 1e6));
        g_assert_cmpfloat(fabs(tune_score_seconds(score, score->ticks) - f->brief.seconds), <, 2e-6);
        brief_fixture_bpm(f, 100);
        g_autoptr(TuneScore) said = brief_fixture_compose(f, i);
        double bar = 60.0 / 100 * tune_metre_bar_ticks(f->brief.metre) /
                     tune_metre_beat_ticks(f->brief.metre);
        double bars = (double)said->length_us / 1e6 / bar;
        g_assert_cmpfloat(fabs(bars - floor(bars + 0.5)), <, 1e-5);
        g_assert_cmpfloat(fabs(bars * bar - f->brief.seconds), <=, bar / 2 + 1e-5);
    }
}

static void test_bars(void)
{
    g_autoptr(BriefFixture) f = brief_fixture_new("pop");

    for (gint bars = 1; bars < 40; bars += 3) {
        brief_fixture_reset(f, styles[bars % 8]);
        f->brief.bars = bars;
        g_autoptr(TuneScore) score = brief_fixture_compose(f, (guint64)bars);
        g_assert_cmpint(score->ticks, ==, bars * tune_metre_bar_ticks(f->brief.metre));
        assert_sections_cover(score);
    }
}

static void test_sections_in_order(void)
{
    g_autoptr(BriefFixture) f = brief_fixture_new("pop");
    static const TuneSectionRole roles[] = {TUNE_SECTION_INTRO,  TUNE_SECTION_VERSE,
                                            TUNE_SECTION_CHORUS, TUNE_SECTION_VERSE,
                                            TUNE_SECTION_BRIDGE, TUNE_SECTION_CHORUS,
                                            TUNE_SECTION_OUTRO};

    for (double seconds = 14; seconds < 200; seconds *= 1.6) {
        brief_fixture_reset(f, "rock");
        for (gsize i = 0; i < G_N_ELEMENTS(roles); i++)
            brief_fixture_section(f, roles[i], 0);
        f->brief.seconds = seconds;
        g_autoptr(TuneScore) score = brief_fixture_compose(f, 5);
        g_assert_cmpuint(score->sections->len, ==, G_N_ELEMENTS(roles));
        for (gsize i = 0; i < G_N_ELEMENTS(roles); i++)
            g_assert_cmpint(g_array_index(score->sections, TuneSection, i).role, ==, roles[i]);
        g_assert_cmpint(score->length_us, ==, llround(seconds * 1e6));
    }
}

static void test_said_section_bars(void)
{
    g_autoptr(BriefFixture) f = brief_fixture_new("pop");

    brief_fixture_section(f, TUNE_SECTION_VERSE, 8);
    brief_fixture_section(f, TUNE_SECTION_CHORUS, 5);
    brief_fixture_section(f, TUNE_SECTION_OUTRO, 3);
    g_autoptr(TuneScore) score = brief_fixture_compose(f, 5);
    g_assert_cmpint(g_array_index(score->sections, TuneSection, 0).ticks, ==, 8 * 4 * TUNE_PPQ);
    g_assert_cmpint(g_array_index(score->sections, TuneSection, 1).ticks, ==, 5 * 4 * TUNE_PPQ);
    g_assert_cmpint(g_array_index(score->sections, TuneSection, 2).ticks, ==, 3 * 4 * TUNE_PPQ);
}

static void test_timed_section(void)
{
    g_autoptr(BriefFixture) f = brief_fixture_new("electronic");

    brief_fixture_section(f, TUNE_SECTION_BUILD, 0);
    brief_fixture_section(f, TUNE_SECTION_DROP, 0);
    brief_fixture_section(f, TUNE_SECTION_OUTRO, 0);
    g_array_index(f->brief.sections, TuneBriefSection, 1).at_seconds = 45;
    f->brief.seconds = 90;
    g_autoptr(TuneScore) score = brief_fixture_compose(f, 3);
    double at = tune_score_seconds(score, g_array_index(score->sections, TuneSection, 1).tick);
    g_assert_cmpfloat(fabs(at - 45), <, 0.3);
}

static void test_impossible(void)
{
    g_autoptr(BriefFixture) f = brief_fixture_new("pop");
    g_autoptr(GError) error = NULL;

    for (gint i = 0; i < 40; i++)
        brief_fixture_section(f, TUNE_SECTION_VERSE, 0);
    f->brief.seconds = 5;
    g_assert_null(tune_compose(&f->brief, f->vocabulary, 1, NULL, &error));
    g_assert_error(error, TUNE_COMPOSE_ERROR, TUNE_COMPOSE_ERROR_IMPOSSIBLE);
    g_assert_nonnull(strstr(error->message, "40 sections"));
    g_clear_error(&error);

    g_autoptr(BriefFixture) g = brief_fixture_new("pop");
    brief_fixture_bpm(g, 120);
    g->brief.bars = 16;
    g->brief.seconds = 90;
    g_assert_null(tune_compose(&g->brief, g->vocabulary, 1, NULL, &error));
    g_assert_error(error, TUNE_COMPOSE_ERROR, TUNE_COMPOSE_ERROR_IMPOSSIBLE);
    g_assert_nonnull(strstr(error->message, "16 bars"));
    g_assert_nonnull(strstr(error->message, "bpm 120"));
}

static void test_metres(void)
{
    g_autoptr(BriefFixture) f = brief_fixture_new("pop");
    static const char *const metres[] = {"2/4", "3/4", "4/4", "5/4", "6/4", "7/4", "2/2", "3/2", "3/8",
                                         "5/8", "6/8", "7/8", "9/8", "12/8", "15/8", "1/4", "11/16", "15/16"};

    for (gsize m = 0; m < G_N_ELEMENTS(metres); m++) {
        brief_fixture_reset(f, styles[m % 8]);
        brief_fixture_metre(f, metres[m]);
        f->brief.seconds = 30;
        g_autoptr(TuneScore) score = brief_fixture_compose(f, m);
        g_assert_cmpint(score->length_us, ==, 30000000);
        g_assert_cmpint(score->ticks % tune_metre_bar_ticks(f->brief.metre), ==, 0);
        assert_sections_cover(score);
    }
}

static void test_endings(void)
{
    g_autoptr(BriefFixture) f = brief_fixture_new("pop");

    for (TuneEnding e = TUNE_ENDING_RIT; e <= TUNE_ENDING_TAG; e++)
        for (gsize i = 0; i < G_N_ELEMENTS(styles); i++) {
            brief_fixture_reset(f, styles[i]);
            f->brief.ending = e;
            f->brief.ending_origin = TUNE_ORIGIN_SAID;
            f->brief.seconds = 33;
            g_autoptr(TuneScore) score = brief_fixture_compose(f, i);
            g_assert_cmpint(score->ending, ==, e);
            g_assert_cmpint(score->fade_us > 0, ==, e == TUNE_ENDING_FADE);
            g_assert_cmpint(score->length_us, ==, 33000000);
        }
}

/* "Drop at 1:00" without a length: a whole piece, and the drop begins there. */
/* What is left out for want of time never leaves a piece in the middle part: the romantic song without words
 * goes a third up for its contrast and has to come back. */
static void test_short_forms_end_at_home(void)
{
    g_autoptr(BriefFixture) f = brief_fixture_new("romantic-piano");

    for (gint seconds = 45; seconds <= 150; seconds += 15)
        for (guint64 seed = 0; seed < 12; seed++) {
            brief_fixture_reset(f, "romantic-piano");
            f->brief.seconds = seconds;
            g_autoptr(TuneScore) score = brief_fixture_compose(f, seed);
            TuneKey home = g_array_index(score->keys, TuneKeyChange, 0).key;
            TuneKey end = g_array_index(score->keys, TuneKeyChange, score->keys->len - 1).key;
            g_assert_cmpint(home.tonic, ==, end.tonic);
        }
}

/* A break is not kept for its fitting length when the chorus that it leads to has gone. */
static void test_no_piece_ends_on_a_break(void)
{
    g_autoptr(BriefFixture) f = brief_fixture_new("pop");

    for (gint seconds = 60; seconds <= 120; seconds += 15)
        for (guint64 seed = 0; seed < 24; seed++) {
            brief_fixture_reset(f, "pop");
            f->brief.seconds = seconds;
            g_autoptr(TuneScore) score = brief_fixture_compose(f, seed);
            TuneSectionRole last = g_array_index(score->sections, TuneSection, score->sections->len - 1).role;
            g_assert_true(last == TUNE_SECTION_CHORUS || last == TUNE_SECTION_OUTRO);
        }
}

static void test_moment_without_length(void)
{
    g_autoptr(BriefFixture) f = brief_fixture_new("pop");

    for (guint64 seed = 0; seed < 6; seed++) {
        brief_fixture_reset(f, seed % 2 == 0 ? "trance" : "electronic");
        brief_fixture_section(f, TUNE_SECTION_DROP, 0);
        g_array_index(f->brief.sections, TuneBriefSection, 0).at_seconds = 60;
        f->brief.sections_partial = TRUE;
        g_autoptr(TuneScore) score = brief_fixture_compose(f, seed);
        double at = -1;
        for (guint i = 0; i < score->sections->len && at < 0; i++)
            if (g_array_index(score->sections, TuneSection, i).role == TUNE_SECTION_DROP)
                at = tune_score_seconds(score, g_array_index(score->sections, TuneSection, i).tick);
        g_assert_cmpfloat(fabs(at - 60), <, 4);
        g_assert_cmpint(score->length_us, >, 75 * G_USEC_PER_SEC);
    }
}

/* Twelve bars of blues and the eight of a dance are never cut or stretched, whatever the length. */
static void test_strophes_stay_whole(void)
{
    static const struct {
        const char *style;
        gint bars;
    } cases[] = {{"blues", 12}, {"celtic", 8}, {"bluegrass", 8}};
    g_autoptr(BriefFixture) f = brief_fixture_new("blues");

    for (gsize c = 0; c < G_N_ELEMENTS(cases); c++)
        for (gint seconds = 60; seconds <= 220; seconds += 16) {
            brief_fixture_reset(f, cases[c].style);
            f->brief.seconds = seconds;
            g_autoptr(TuneScore) score = brief_fixture_compose(f, (guint64)seconds);
            gint bar = tune_metre_bar_ticks(g_array_index(score->metres, TuneMetreChange, 0).metre);
            gint broken = 0;
            for (guint i = 0; i + 1 < score->sections->len; i++) {
                const TuneSection *s = &g_array_index(score->sections, TuneSection, i);
                if (s->role != TUNE_SECTION_INTRO)
                    broken += s->ticks % (cases[c].bars * bar) != 0;
            }
            g_assert_cmpint(broken, ==, 0);
        }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/compose/form/length-is-exact", test_exact_lengths);
    g_test_add_func("/compose/form/said-tempo-is-exact", test_said_tempo);
    g_test_add_func("/compose/form/less-than-a-bar-fades", test_less_than_a_bar);
    g_test_add_func("/compose/form/open-tempo-stays-in-range", test_open_tempo_stays_near);
    g_test_add_func("/compose/form/loops-are-whole-bars", test_loops);
    g_test_add_func("/compose/form/said-bars-are-exact", test_bars);
    g_test_add_func("/compose/form/said-sections-keep-their-order", test_sections_in_order);
    g_test_add_func("/compose/form/said-section-bars-are-exact", test_said_section_bars);
    g_test_add_func("/compose/form/timed-section-begins-in-time", test_timed_section);
    g_test_add_func("/compose/form/impossible-names-fields", test_impossible);
    g_test_add_func("/compose/form/every-metre-works", test_metres);
    g_test_add_func("/compose/form/endings-are-kept", test_endings);
    g_test_add_func("/compose/form/short-forms-end-at-home", test_short_forms_end_at_home);
    g_test_add_func("/compose/form/no-piece-ends-on-a-break", test_no_piece_ends_on_a_break);
    g_test_add_func("/compose/form/moment-without-length", test_moment_without_length);
    g_test_add_func("/compose/form/strophes-stay-whole", test_strophes_stay_whole);
    return g_test_run();
}
