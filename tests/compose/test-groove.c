/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "brief/style-groove.h"

static gboolean parse(const char *text, StyleGrooves *out, GError **error)
{
    g_autoptr(TuneYaml) doc = tune_yaml_parse("funk.yaml", text, strlen(text), error);

    g_assert_nonnull(doc);
    return tune_style_groove_parse(tune_yaml_root(doc), out, error);
}

static void test_reads_rows(void)
{
    StyleGrooves grooves;
    g_autoptr(GError) error = NULL;

    g_assert_true(parse("grooves:\n"
                        "  - name: two bars\n"
                        "    energy: [0.2, 0.6]\n"
                        "    sections: [verse, chorus]\n"
                        "    rows:\n"
                        "      kick: 'X...x...|X.......'\n"
                        "      ride: 'x..x.xx..x.x'\n",
                        &grooves, &error));
    g_assert_no_error(error);
    const StylePattern *pattern = grooves.grooves->pdata[0];
    g_assert_cmpint(pattern->bars, ==, 2);
    g_assert_cmpint(pattern->ticks, ==, 2 * 4 * TUNE_PPQ);
    g_assert_cmpuint(pattern->sections, ==, 1u << TUNE_SECTION_VERSE | 1u << TUNE_SECTION_CHORUS);
    gint kicks = 0, rides = 0;
    for (guint i = 0; i < pattern->hits->len; i++) {
        const StyleHit *hit = &g_array_index(pattern->hits, StyleHit, i);
        kicks += hit->key == 36;
        rides += hit->key == 51;
        if (hit->key == 51)
            g_assert_cmpint(hit->cells, ==, 3);
    }
    g_assert_cmpint(kicks, ==, 3);
    g_assert_cmpint(rides, ==, 2 * 6); /* the one-bar row comes round again */
    tune_style_groove_clear(&grooves);
}

static void test_holds_prolong(void)
{
    StyleGrooves grooves;
    g_autoptr(GError) error = NULL;

    g_assert_true(parse("bass:\n  - name: long\n    cells: '1--.5---'\n", &grooves, &error));
    const StylePattern *pattern = grooves.bass->pdata[0];
    g_assert_cmpint(pattern->hits->len, ==, 2);
    g_assert_cmpint(g_array_index(pattern->hits, StyleHit, 0).ticks, ==, 3 * TUNE_PPQ / 2);
    g_assert_cmpint(g_array_index(pattern->hits, StyleHit, 1).tick, ==, 2 * TUNE_PPQ);
    g_assert_cmpint(g_array_index(pattern->hits, StyleHit, 1).ticks, ==, 2 * TUNE_PPQ);
    tune_style_groove_clear(&grooves);
}

static void test_missing_blocks_are_empty(void)
{
    StyleGrooves grooves;
    g_autoptr(GError) error = NULL;

    g_assert_true(parse("name: nothing\n", &grooves, &error));
    g_assert_cmpuint(grooves.grooves->len, ==, 0);
    g_assert_cmpfloat(grooves.perform.swing, ==, 0.5);
    tune_style_groove_clear(&grooves);
    tune_style_groove_clear(&grooves);
}

static void test_complaints_name_line_and_reason(void)
{
    static const struct {
        const char *text, *expected;
    } cases[] = {
        {"grooves:\n  - name: a\n    rows:\n      kick: 'x..z'\n", "funk.yaml:4: unknown cell 'z'"},
        {"grooves:\n  - name: a\n    rows:\n      kick: 'x......'\n",
         "funk.yaml:4: 7 cells do not"},
        {"grooves:\n  - name: a\n    rows:\n      kik: 'x...'\n",
         "funk.yaml:4: \"kik\" is no drum"},
        {"grooves:\n  - name: a\n", "funk.yaml:2: a: rows"},
        {"grooves:\n  - rows: {kick: x}\n", "funk.yaml:2: name is missing"},
        {"grooves:\n  - name: a\n    pace: 3\n", "funk.yaml:3: unknown key \"pace\""},
        {"riffs:\n  - name: a\n    cells: x-9-\n", "funk.yaml:3: unknown cell '9'"},
        {"grooves:\n  - name: a\n    metre: 4/5\n", "funk.yaml:3: \"4/5\" is no metre"},
        {"grooves: 3\n", "funk.yaml:1: grooves: a list"},
        {"fills:\n  - name: a\n    beats: 0\n", "funk.yaml:3: 0 is outside"},
        {"bass:\n  - name: a\n    idiom: slapp\n", "funk.yaml:3: \"slapp\" is no idiom"},
        {"bass:\n  - name: a\n", "funk.yaml:2: a: cells are missing"},
        {"comping:\n  - name: a\n    roles: [tuba]\n", "funk.yaml:3: \"tuba\" is no role"},
        {"comping:\n  - name: a\n    sections: [attic]\n", "funk.yaml:3: \"attic\" is no section"},
        {"comping:\n  - name: a\n    cells: []\n", "funk.yaml:3: a row of cells"},
        {"perform:\n  swing: 0.9\n", "funk.yaml:2: 0.9 is outside"},
        {"perform:\n  late: {bas: 3}\n", "funk.yaml:2: \"bas\" is no role"},
        {"grooves:\n  - name: a\n    rows:\n      kick: 'x|x|x|x|x|x|x|x|x'\n", "at most 8 bars"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        StyleGrooves grooves;
        g_autoptr(GError) error = NULL;
        g_test_message("%s", cases[i].expected);
        g_assert_false(parse(cases[i].text, &grooves, &error));
        g_assert_nonnull(error);
        g_assert_nonnull(strstr(error->message, cases[i].expected));
        g_assert_null(grooves.grooves);
    }
}

static void test_drum_names_round_trip(void)
{
    g_assert_cmpuint(tune_drum_key("snare"), ==, 38);
    g_assert_cmpuint(tune_drum_key("gong of doom"), ==, 0);
    for (guint8 key = 35; key <= 81; key++)
        if (strcmp(tune_drum_name(key), "?") != 0)
            g_assert_cmpuint(tune_drum_key(tune_drum_name(key)), ==, key);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/brief/groove/reads-rows", test_reads_rows);
    g_test_add_func("/brief/groove/holds-prolong", test_holds_prolong);
    g_test_add_func("/brief/groove/missing-blocks-are-empty", test_missing_blocks_are_empty);
    g_test_add_func("/brief/groove/complaints-name-line-and-reason",
                    test_complaints_name_line_and_reason);
    g_test_add_func("/brief/groove/drum-names-round-trip", test_drum_names_round_trip);
    return g_test_run();
}
