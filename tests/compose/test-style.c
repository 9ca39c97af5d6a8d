/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/data.h"
#include "base/music.h"
#include "brief/instrument.h"
#include "brief/style-data.h"

#include <glib/gstdio.h>
#include <string.h>

static const char minimal[] =
    "name: mine\ntitle: Mine\nsummary: A test\nwords: [mine]\ntempo: [60, 120]\n"
    "metres: {4/4: 1}\nmodes: {major: 1}\n"
    "forms:\n  - name: one\n    sections:\n      - {role: verse, bars: 8, energy: 0.5}\n"
    "harmony:\n  cadences:\n    - {kind: authentic, mode: major, chords: \"V I\"}\n"
    "melody:\n  range: 12\n"
    "parts:\n  - {id: a, role: lead, instruments: [flute]}\n";

/* Writes @text to a file named mine.yaml and validates it. */
static gboolean validate(const char *text, GError **error)
{
    g_autofree char *folder = g_dir_make_tmp("tune-style-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(folder, "mine.yaml", NULL);

    g_assert_true(g_file_set_contents(path, text, -1, NULL));
    gboolean good = tune_style_validate(path, error);
    g_unlink(path);
    g_rmdir(folder);
    return good;
}

static void test_minimal(void)
{
    g_autoptr(GError) error = NULL;

    g_assert_true(validate(minimal, &error));
    g_assert_no_error(error);
}

/* Replaces @from in the minimal style by @to: the complaint must hold the line and @reason. */
static void assert_refused(const char *from, const char *to, const char *reason)
{
    g_autoptr(GError) error = NULL;
    g_auto(GStrv) halves = g_strsplit(minimal, from, 2);

    g_assert_cmpuint(g_strv_length(halves), ==, 2);
    g_autofree char *text = g_strconcat(halves[0], to, halves[1], NULL);
    if (validate(text, &error))
        g_error("\"%s\" was accepted", to);
    g_assert_error(error, TUNE_BASE_ERROR, TUNE_BASE_ERROR_SYNTAX);
    g_assert_nonnull(strstr(error->message, "mine.yaml:"));
    if (strstr(error->message, reason) == NULL)
        g_error("\"%s\" does not say \"%s\"", error->message, reason);
}

static void test_refusals(void)
{
    assert_refused("summary:", "sumary:", "did you mean \"summary\"");
    assert_refused("name: mine", "name: other", "the file's own name");
    assert_refused("tempo: [60, 120]", "tempo: [120, 60]", "larger than the second");
    assert_refused("metres: {4/4: 1}", "metres: {4/3: 1}", "no metre");
    assert_refused("modes: {major: 1}", "modes: {mayor: 1}", "no mode");
    assert_refused("role: verse", "role: vers", "no kind of section");
    assert_refused("energy: 0.5", "energy: 1.5", "outside");
    assert_refused("\"V I\"", "\"V X\"", "no Roman numeral");
    assert_refused("role: lead", "role: leed", "none of lead");
    assert_refused("[flute]", "[]", "at least one");
    assert_refused("range: 12", "cells:\n    - {rhythm: \"x-x-x-x\"}", "evenly");
    assert_refused("modes: {major: 1}", "modes: {major: 1}\nkeys: {major: {H: 1}}", "no note name");
    assert_refused("  range: 12\n", "  range: 12\nlift: 0.5\n", "before");
}

/* Writes mine.yaml and its base parent.yaml into a data folder; what require says of the former. */
static const TuneStyle *load_based(const char *mine, const char *parent, TuneStyles **styles,
                                   GError **error)
{
    g_autofree char *root = g_dir_make_tmp("tune-style-XXXXXX", NULL);
    g_autofree char *folder = g_build_filename(root, "styles", NULL);
    g_autofree char *child = g_build_filename(folder, "mine.yaml", NULL);
    g_autofree char *base = g_build_filename(folder, "parent.yaml", NULL);
    g_autofree char *data = g_strdup(g_getenv("TUNESMITH_DATA")); /* the test runner sets it */
    g_assert_nonnull(data);

    g_mkdir(folder, 0700);
    g_assert_true(g_file_set_contents(child, mine, -1, NULL));
    g_assert_true(g_file_set_contents(base, parent, -1, NULL));
    g_setenv("TUNESMITH_DATA", root, TRUE);
    *styles = tune_styles_load(NULL);
    g_assert_nonnull(*styles);
    const TuneStyle *style = tune_styles_find(*styles, "mine");
    if (style != NULL)
        tune_style_require(style, error);
    g_setenv("TUNESMITH_DATA", data, TRUE);
    g_unlink(child);
    g_unlink(base);
    g_rmdir(folder);
    g_rmdir(root);
    return style;
}

static char *parent_style(void)
{
    g_auto(GStrv) halves = g_strsplit(minimal, "name: mine\ntitle: Mine", 2);

    return g_strconcat("name: parent\ntitle: Parent", halves[1], "mix: {reverb_seconds: 3, bus_drive: 0.7}\n",
                       NULL);
}

static void test_based_on(void)
{
    g_autofree char *parent = parent_style();
    g_autoptr(TuneStyles) styles = NULL;
    g_autoptr(GError) error = NULL;
    const TuneStyle *style =
        load_based("name: mine\ntitle: Mine\nsummary: Other\nwords: [mine]\nbased_on: parent\n"
                   "tempo: [70, 80]\nmix: {reverb_seconds: 1}\n", parent, &styles, &error);

    g_assert_no_error(error);
    g_assert_nonnull(style);
    g_assert_cmpstr(style->title, ==, "Mine");
    g_assert_cmpfloat(style->tempo[1], ==, 80);
    g_assert_cmpuint(style->forms->len, ==, 1);
    g_assert_cmpfloat(style->mix.reverb_seconds, ==, 1);
    g_assert_cmpfloat(style->mix.bus_drive, ==, 0.7);
    g_assert_cmpstr(tune_style_hash(style), !=,
                    tune_style_hash(tune_styles_find(styles, "parent")));
}

static void test_based_on_refused(void)
{
    g_autofree char *parent = parent_style();
    const char *const bases[] = {"nobody", "mine", "../styles/parent"};

    for (gsize i = 0; i < G_N_ELEMENTS(bases); i++) {
        g_autoptr(TuneStyles) styles = NULL;
        g_autofree char *text =
            g_strdup_printf("name: mine\ntitle: Mine\nsummary: Other\nbased_on: %s\n", bases[i]);

        g_assert_null(load_based(text, parent, &styles, NULL));
        g_assert_cmpuint(tune_styles_complaints(styles)->len, ==, 1);
        g_assert_nonnull(strstr(tune_styles_complaints(styles)->pdata[0], "mine.yaml:4: based_on"));
    }
}

/* A mistake in a block that was taken over names the file where it stands. */
static void test_based_on_names_the_base(void)
{
    g_autofree char *parent = parent_style();
    g_auto(GStrv) halves = g_strsplit(parent, "role: lead", 2);
    g_autofree char *broken = g_strconcat(halves[0], "role: leed", halves[1], NULL);
    g_autoptr(TuneStyles) styles = NULL;
    g_autoptr(GError) error = NULL;

    load_based("name: mine\ntitle: Mine\nsummary: Other\nbased_on: parent\n", broken, &styles, &error);
    g_assert_error(error, TUNE_BASE_ERROR, TUNE_BASE_ERROR_SYNTAX);
    if (strstr(error->message, "parent.yaml:18: role") == NULL)
        g_error("%s", error->message);
}

/* Heads are all that a load reads: what is wrong behind one is told when the style is needed. */
static void test_head_only(void)
{
    g_autofree char *parent = parent_style();
    g_auto(GStrv) halves = g_strsplit(minimal, "role: lead", 2);
    g_autofree char *broken = g_strconcat(halves[0], "role: leed", halves[1], NULL);
    g_autoptr(TuneStyles) styles = NULL;
    g_autoptr(GError) error = NULL;
    const TuneStyle *style = load_based(broken, parent, &styles, &error);

    g_assert_nonnull(style);
    g_assert_error(error, TUNE_BASE_ERROR, TUNE_BASE_ERROR_SYNTAX);
    g_assert_cmpuint(style->parts->len, ==, 0);
    g_assert_cmpstr(tune_style_hash(style), ==, "");
}

static void test_shipped(void)
{
    static const char *const wanted[] = {"ambient", "cinematic", "classical", "electronic",
                                         "folk",    "jazz",      "pop",       "rock"};
    g_autoptr(GError) error = NULL;
    g_autoptr(TuneStyles) styles = tune_styles_load(&error);

    g_assert_no_error(error);
    for (gsize i = 0; i < G_N_ELEMENTS(wanted); i++) {
        const TuneStyle *style = tune_styles_find(styles, wanted[i]);
        g_assert_nonnull(style);
        g_assert_true(tune_style_allows_metre(style, tune_style_metre(style)));
        g_assert_cmpuint(strlen(tune_style_hash(style)), ==, 64);
    }
    for (guint i = 1; i < tune_styles_count(styles); i++)
        g_assert_cmpstr(tune_style_name(tune_styles_at(styles, i - 1)), <,
                        tune_style_name(tune_styles_at(styles, i)));
}

static void assert_part_playable(const TuneStyle *style, const StylePart *part,
                                 const TuneInstruments *instruments)
{
    for (guint k = 0; k < part->instruments->len; k++) {
        const char *key = g_array_index(part->instruments, StyleChoice, k).name;
        const TuneInstrument *instrument = tune_instruments_find(instruments, key);
        if (instrument == NULL)
            g_error("%s/%s: no instrument \"%s\"", style->name, part->id, key);
        /* An octave of register is left inside the instrument's range. */
        gint span = MIN(part->high, instrument->high) - MAX(part->low, instrument->low);
        if (!instrument->is_drums && part->role != TUNE_ROLE_PERC && part->role != TUNE_ROLE_FX &&
            span < 12)
            g_error("%s/%s: %s has only %d semitones there", style->name, part->id, key, span);
    }
}

static void test_instruments_exist(void)
{
    g_autofree char *path = tune_data_find("instruments.yaml", NULL);
    g_autoptr(TuneInstruments) instruments = tune_instruments_load(path, NULL);
    g_autoptr(TuneStyles) styles = tune_styles_load(NULL);

    for (guint i = 0; i < tune_styles_count(styles); i++) {
        const TuneStyle *style = tune_styles_at(styles, i);
        g_autoptr(GError) error = NULL;

        tune_style_require(style, &error);
        g_assert_no_error(error);
        for (guint p = 0; p < style->parts->len; p++)
            assert_part_playable(style, &g_array_index(style->parts, StylePart, p), instruments);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/brief/style/minimal-file-loads", test_minimal);
    g_test_add_func("/brief/style/refusals-name-line-and-reason", test_refusals);
    g_test_add_func("/brief/style/based-on-takes-what-is-not-said", test_based_on);
    g_test_add_func("/brief/style/based-on-nobody-is-refused", test_based_on_refused);
    g_test_add_func("/brief/style/a-complaint-names-the-base", test_based_on_names_the_base);
    g_test_add_func("/brief/style/only-heads-are-read-at-first", test_head_only);
    g_test_add_func("/brief/style/shipped-styles-load", test_shipped);
    g_test_add_func("/brief/style/parts-name-playable-instruments", test_instruments_exist);
    return g_test_run();
}
