/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/music.h"

static void test_bars_and_beats(void)
{
    static const struct {
        TuneMetre metre;
        gint bar, beat;
    } cases[] = {{{4, 4, 0}, 3840, 960}, {{3, 4, 0}, 2880, 960}, {{6, 8, 0}, 2880, 1440},
                 {{12, 8, 0}, 5760, 1440}, {{7, 8, 0}, 3360, 960}, {{2, 2, 0}, 3840, 1920}};

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_assert_cmpint(tune_metre_bar_ticks(cases[i].metre), ==, cases[i].bar);
        g_assert_cmpint(tune_metre_beat_ticks(cases[i].metre), ==, cases[i].beat);
        double quarter = tune_metre_quarter_bpm(cases[i].metre, 100);
        g_assert_cmpfloat(tune_metre_beat_bpm(cases[i].metre, quarter), ==, 100);
    }
}

static void test_downbeats_weigh_most(void)
{
    static const TuneMetre metres[] = {{4, 4, 0}, {3, 4, 0}, {6, 8, 0}, {5, 4, 0}, {7, 8, 0}, {12, 8, 0}};

    for (gsize i = 0; i < G_N_ELEMENTS(metres); i++) {
        gint bar = tune_metre_bar_ticks(metres[i]);
        g_assert_cmpfloat(tune_metre_weight(metres[i], 0), ==, 1.0);
        g_assert_cmpfloat(tune_metre_weight(metres[i], bar * 3), ==, 1.0);
        for (gint t = 240; t < bar; t += 240)
            g_assert_cmpfloat(tune_metre_weight(metres[i], t), <, 1.0);
    }
    static const struct {
        TuneMetre metre;
        gint n, first, last;
    } groups[] = {{{4, 4, 0}, 2, 1920, 1920}, {{3, 4, 0}, 1, 2880, 2880}, {{5, 4, 0}, 2, 2880, 1920},
                  {{7, 8, 0}, 3, 960, 1440},  {{6, 8, 0}, 2, 1440, 1440}, {{12, 8, 0}, 4, 1440, 1440},
                  {{5, 4, 1}, 2, 1920, 2880}, {{7, 8, 1}, 3, 1440, 960},
                  {{2, 4, 0}, 1, 1920, 1920}, {{3, 8, 0}, 1, 1440, 1440}, {{8, 8, 0}, 3, 1440, 960}};
    for (gsize i = 0; i < G_N_ELEMENTS(groups); i++) {
        gint out[TUNE_METRE_MOST_GROUPS], n = tune_metre_groups(groups[i].metre, out);
        g_assert_cmpint(n, ==, groups[i].n);
        g_assert_cmpint(out[0], ==, groups[i].first);
        g_assert_cmpint(out[n - 1], ==, groups[i].last);
    }
    for (guint8 beats = 1; beats <= 15; beats++)
        for (guint8 unit = 2; unit <= 16; unit = (guint8)(unit * 2)) {
            gint out[TUNE_METRE_MOST_GROUPS], sum = 0;
            TuneMetre metre = {beats, unit, 0};
            for (gint k = 0, n = tune_metre_groups(metre, out); k < n; k++)
                sum += out[k];
            g_assert_cmpint(sum, ==, tune_metre_bar_ticks(metre));
        }
    g_assert_cmpfloat(tune_metre_weight((TuneMetre){4, 4, 0}, 1920), ==, 0.75);
    g_assert_cmpfloat(tune_metre_weight((TuneMetre){5, 4, 0}, 2880), ==, 0.75);
    g_assert_cmpfloat(tune_metre_weight((TuneMetre){7, 8, 0}, 1920), ==, 0.75);
    g_assert_cmpfloat(tune_metre_weight((TuneMetre){6, 8, 0}, 1440), ==, 0.75);
    g_assert_cmpfloat(tune_metre_weight((TuneMetre){3, 4, 0}, 960), ==, 0.5);
}

static void test_names_read_back(void)
{
    for (gint i = 0; i < TUNE_N_SECTIONS; i++) {
        TuneSectionRole role;
        g_assert_true(tune_section_role_parse(tune_section_role_name((TuneSectionRole)i), &role));
        g_assert_cmpint(role, ==, i);
    }
    for (gint i = 0; i < TUNE_N_ENDINGS; i++) {
        TuneEnding ending;
        g_assert_true(tune_ending_parse(tune_ending_name((TuneEnding)i), &ending));
        g_assert_cmpint(ending, ==, i);
    }
    TuneMetre metre;
    g_assert_true(tune_metre_parse("6/8", &metre));
    g_assert_false(tune_metre_parse("6/7", &metre));
    g_assert_false(tune_metre_parse("0/4", &metre));
    g_assert_false(tune_metre_parse("4/4x", &metre));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/base/music/bars-and-beats", test_bars_and_beats);
    g_test_add_func("/base/music/downbeats-weigh-most", test_downbeats_weigh_most);
    g_test_add_func("/base/music/names-read-back", test_names_read_back);
    return g_test_run();
}
