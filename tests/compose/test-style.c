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
        for (guint p = 0; p < style->parts->len; p++)
            assert_part_playable(style, &g_array_index(style->parts, StylePart, p), instruments);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/brief/style/minimal-file-loads", test_minimal);
    g_test_add_func("/brief/style/refusals-name-line-and-reason", test_refusals);
    g_test_add_func("/brief/style/shipped-styles-load", test_shipped);
    g_test_add_func("/brief/style/parts-name-playable-instruments", test_instruments_exist);
    return g_test_run();
}
