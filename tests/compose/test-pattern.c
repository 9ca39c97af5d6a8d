/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "plan-fixture.h"

static const char text[] = "grooves:\n"
                           "  - {name: quiet, energy: [0, 0.4], rows: {kick: 'x...x...'}}\n"
                           "  - {name: loud, energy: [0.4, 1], rows: {kick: 'xxxxxxxx'}}\n"
                           "  - {name: bridge, sections: [bridge], rows: {snare: '..x.'}}\n"
                           "comping:\n"
                           "  - {name: a, group: g, cells: 'x.x.'}\n"
                           "  - {name: b, group: g, cells: '.x.x'}\n"
                           "  - {name: c, group: g, cells: 'xx..', instruments: [guitar]}\n";

static void parse(StyleGrooves *out)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(TuneYaml) doc = tune_yaml_parse("style", text, strlen(text), &error);

    g_assert_no_error(error);
    g_assert_true(tune_style_groove_parse(tune_yaml_root(doc), out, &error));
}

static void test_picks_what_fits(void)
{
    StyleGrooves grooves;
    Plan plan = {.metre = {4, 4}};

    parse(&grooves);
    for (gint seed = 0; seed < 50; seed++) {
        TuneRandom random;
        PatternWant want = {.section = TUNE_SECTION_VERSE, .energy = 0.2};
        tune_random_init(&random, (guint64)seed, "test");
        g_assert_cmpstr(plan_pattern_pick(&plan, grooves.grooves, &want, &random)->name, ==,
                        "quiet");
        want.energy = 0.9;
        g_assert_cmpstr(plan_pattern_pick(&plan, grooves.grooves, &want, &random)->name, ==,
                        "loud");
    }
    tune_style_groove_clear(&grooves);
}

static void test_groups_take_turns(void)
{
    StyleGrooves grooves;
    Plan plan = {.metre = {4, 4}};
    TuneInstrument piano = {.key = "piano", .family = "keys"};
    PatternWant want = {
        .section = TUNE_SECTION_VERSE, .energy = 0.5, .role = TUNE_ROLE_COMP, .instrument = &piano};
    TuneRandom random;

    parse(&grooves);
    tune_random_init(&random, 1, "test");
    const StylePattern *now = grooves.comping->pdata[0];
    for (gint i = 0; i < 20; i++) {
        const StylePattern *next = plan_pattern_turn(&plan, grooves.comping, now, &want, &random);
        g_assert_true(next != now);
        g_assert_cmpstr(next->name, !=, "c"); /* for guitars */
        now = next;
    }
    tune_style_groove_clear(&grooves);
}

static void test_carries_over_to_other_metres(void)
{
    StyleGrooves grooves;
    g_autoptr(GArray) hits = g_array_new(FALSE, FALSE, sizeof(StyleHit));
    static const struct {
        TuneMetre metre;
        guint n;
        gint last;
    } cases[] = {
        {{4, 4, 0}, 8, 7 * 480},           {{3, 4, 0}, 6, 5 * 480}, {{5, 4, 0}, 10, 9 * 480},
        {{6, 8, 0}, 4, 3 * 480 + 2 * 480}, {{7, 8, 0}, 7, 6 * 480}, {{2, 4, 0}, 4, 3 * 480},
        {{12, 8, 0}, 8, 3 * 1440 + 2 * 480}, {{9, 8, 0}, 6, 2 * 1440 + 2 * 480},
        {{2, 2, 0}, 8, 7 * 480},           {{3, 8, 0}, 6, 5 * 240},
    };

    parse(&grooves);
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        plan_pattern_bar(grooves.grooves->pdata[1], cases[i].metre, 0, hits);
        g_assert_cmpuint(hits->len, ==, cases[i].n);
        for (guint k = 0; k < hits->len; k++) {
            const StyleHit *hit = &g_array_index(hits, StyleHit, k);
            g_assert_cmpint(hit->tick + hit->ticks, <=, tune_metre_bar_ticks(cases[i].metre));
            g_assert_true(k == 0 || hit->tick > hit[-1].tick);
        }
        g_assert_cmpint(g_array_index(hits, StyleHit, hits->len - 1).tick, ==, cases[i].last);
    }
    tune_style_groove_clear(&grooves);
}

/* Kick and snare by turns: each group of a bar has its backbeat, and bars of half the length take turns. */
static void test_backbeats_fall_on_group_beats(void)
{
    static const char backbeat[] = "grooves:\n  - {name: b, rows: {kick: 'x.x.', snare: '.x.x'}}\n";
    static const struct {
        TuneMetre metre;
        gint bar;
        gint n;
        gint tick[3];
    } cases[] = {
        {{4, 4, 0}, 0, 2, {960, 2880}},   {{2, 4, 0}, 0, 1, {960}},         {{2, 4, 0}, 1, 1, {960}},
        {{3, 4, 0}, 0, 2, {960, 1920}},   {{5, 4, 0}, 0, 3, {960, 1920, 3840}}, {{7, 8, 0}, 0, 2, {960, 2880}},
        {{6, 8, 0}, 0, 1, {1440}},        {{12, 8, 0}, 0, 2, {1440, 4320}}, {{9, 8, 0}, 0, 2, {1440, 2880}},
    };
    g_autoptr(GError) error = NULL;
    g_autoptr(TuneYaml) doc = tune_yaml_parse("style", backbeat, strlen(backbeat), &error);
    g_autoptr(GArray) hits = g_array_new(FALSE, FALSE, sizeof(StyleHit));
    StyleGrooves grooves;

    g_assert_true(tune_style_groove_parse(tune_yaml_root(doc), &grooves, &error));
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        gint n = 0;
        plan_pattern_bar(grooves.grooves->pdata[0], cases[i].metre, cases[i].bar, hits);
        for (guint k = 0; k < hits->len; k++)
            if (g_array_index(hits, StyleHit, k).key == 38) {
                g_assert_cmpint(n, <, cases[i].n);
                g_assert_cmpint(g_array_index(hits, StyleHit, k).tick, ==, cases[i].tick[n]);
                n++;
            }
        g_assert_cmpint(n, ==, cases[i].n);
        g_assert_cmpint(g_array_index(hits, StyleHit, 0).key, ==, 36);
        g_assert_cmpint(g_array_index(hits, StyleHit, 0).tick, ==, 0);
    }
    tune_style_groove_clear(&grooves);
}

/* What a loop ends on leads to its first chord: the bass is a step away from it. */
static void test_loop_leads_back(void)
{
    gint near = 0, n = 0;

    for (guint64 seed = 0; seed < 12; seed++) {
        g_autoptr(PlanFixture) f = plan_fixture_new("jazz", "4/4", 140, seed, TUNE_ENDING_LOOP, 4);
        plan_fixture_play(f);
        const GArray *notes = plan_fixture_part(f, TUNE_ROLE_BASS)->track->notes;
        gint last = g_array_index(notes, TuneNote, notes->len - 1).pitch;
        gint first = g_array_index(notes, TuneNote, 0).pitch, pc = ABS(last - first) % 12;
        near += pc <= 2 || pc >= 10;
        n++;
        g_assert_cmpint(f->plan.ticks, >=,
                        g_array_index(notes, TuneNote, notes->len - 1).onset + 480);
    }
    g_assert_cmpint(near * 100, >=, n * 75);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/compose/pattern/picks-what-fits", test_picks_what_fits);
    g_test_add_func("/compose/pattern/groups-take-turns", test_groups_take_turns);
    g_test_add_func("/compose/pattern/carries-over", test_carries_over_to_other_metres);
    g_test_add_func("/compose/pattern/backbeats", test_backbeats_fall_on_group_beats);
    g_test_add_func("/compose/pattern/loop-leads-back", test_loop_leads_back);
    return g_test_run();
}
