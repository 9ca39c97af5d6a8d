/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "brief/preset.h"
#include "base/data.h"
#include "brief/prompt.h"

#include <glib/gstdio.h>
#include <string.h>

static void test_built_in_ones_are_there(void)
{
    static const struct {
        const char *name, *genre;
        gint verses, choruses;
        gboolean outro;
        double temperature;
    } wanted[] = {{"classical_orchestral", "classical", 3, 2, TRUE, 0.5},
                  {"electronic_dance", "electronic", 2, 3, TRUE, 0.9},
                  {"jazz_smooth", "jazz", 2, 2, TRUE, 0.6},
                  {"pop_catchy", "pop", 2, 3, FALSE, 0.7},
                  {"rock_anthem", "rock", 2, 3, TRUE, 0.8}};
    g_autoptr(GPtrArray) names = tune_preset_list();

    for (gsize i = 0; i < G_N_ELEMENTS(wanted); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(TunePreset) preset = tune_preset_load(wanted[i].name, &error);
        g_assert_no_error(error);
        g_assert_cmpstr(preset->genre, ==, wanted[i].genre);
        g_assert_cmpint(preset->structure.verse_count, ==, wanted[i].verses);
        g_assert_cmpint(preset->structure.chorus_count, ==, wanted[i].choruses);
        g_assert_cmpint(preset->structure.outro, ==, wanted[i].outro);
        g_assert_cmpfloat(preset->temperature, ==, wanted[i].temperature);
        g_assert_cmpuint(preset->style_references->len, >, 0);
        g_assert_true(g_ptr_array_find_with_equal_func(names, wanted[i].name, g_str_equal, NULL));
    }
}

static void test_built_in_ones_apply(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(TuneVocabulary) vocabulary = tune_vocabulary_load(&error);
    g_autoptr(GPtrArray) names = tune_preset_list();

    g_assert_no_error(error);
    for (guint i = 0; i < names->len; i++) {
        g_autoptr(TunePreset) preset = tune_preset_load(g_ptr_array_index(names, i), &error);
        g_autoptr(TuneBrief) brief = tune_brief_new();
        g_assert_true(tune_brief_apply_preset(brief, vocabulary, preset, &error));
        g_assert_true(tune_brief_complete(brief, vocabulary, &error));
        g_assert_no_error(error);
        g_assert_cmpstr(tune_style_name(brief->style), ==, preset->genre);
        g_assert_cmpint(brief->style_origin, ==, TUNE_ORIGIN_PRESET);
        g_assert_false(brief->only_instruments);
        for (guint k = 0; k < brief->instruments->len; k++)
            g_assert_cmpint(g_array_index(brief->instruments, TuneBriefInstrument, k).origin, <=,
                            TUNE_ORIGIN_PRESET);
    }
}

static void test_save_load_delete(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(TunePreset) preset = tune_preset_new("my-own_1", "folk");

    preset->description = g_strdup("Say \"hi\":\n\ttab \\ back, é #");
    preset->tips = g_strdup("- no: list");
    preset->temperature = 0.25;
    preset->commercial = TRUE;
    preset->structure = (TuneSongStructure){FALSE, 5, 4, FALSE, FALSE};
    g_assert_true(tune_preset_add_reference(preset, "similar_to", "rain: soft"));
    g_assert_false(tune_preset_add_reference(preset, "nonsense", "x"));
    g_assert_true(tune_preset_save(preset, &error));
    g_assert_no_error(error);
    g_autoptr(TunePreset) again = tune_preset_load("my-own_1", &error);
    g_assert_no_error(error);
    g_autoptr(json_t) a = tune_preset_to_json(preset), b = tune_preset_to_json(again);
    g_assert_true(json_equal(a, b));
    g_assert_true(again->commercial);
    g_autoptr(TuneVocabulary) vocabulary = tune_vocabulary_load(&error);
    g_autoptr(TuneBrief) brief = tune_brief_new(), refused = tune_brief_new();
    g_assert_true(tune_brief_apply_preset(brief, vocabulary, again, &error));
    g_assert_true(brief->commercial);
    g_assert_cmpint(brief->commercial_origin, ==, TUNE_ORIGIN_PRESET);
    g_assert_true(tune_brief_set_field(refused, vocabulary, "commercial", "no", &error));
    g_assert_true(tune_brief_apply_preset(refused, vocabulary, again, &error));
    g_assert_false(refused->commercial);
    g_assert_true(tune_preset_delete("my-own_1", &error));
    g_assert_false(tune_preset_delete("my-own_1", &error));
    g_assert_error(error, TUNE_PRESET_ERROR, TUNE_PRESET_ERROR_UNKNOWN);
    g_clear_error(&error);
    g_assert_false(tune_preset_delete("rock_anthem", &error));
    g_assert_error(error, TUNE_PRESET_ERROR, TUNE_PRESET_ERROR_BUILTIN);
}

static void test_names_are_checked(void)
{
    static const char *const bad[] = {"", "../x", "a b", "ä", "a/b", ".",
                                      "12345678901234567890123456789012345678901234567890123456789012345"};

    for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(TunePreset) preset = tune_preset_new(bad[i], "pop");
        g_assert_false(tune_preset_save(preset, &error));
        g_assert_error(error, TUNE_PRESET_ERROR, TUNE_PRESET_ERROR_NAME);
        g_clear_error(&error);
        g_assert_null(tune_preset_load(bad[i], &error));
        g_assert_error(error, TUNE_PRESET_ERROR, TUNE_PRESET_ERROR_NAME);
    }
}

static void test_malformed_files_name_file_and_line(void)
{
    static const struct {
        const char *text, *message;
    } cases[] = {{"genre: rock\nverses: 3\n", "p.yaml:2: unknown key"},
                 {"description: x\n", "p.yaml:1: a preset needs \"genre\""},
                 {"genre: rock\nstructure: {verse_count: 9}\n", "p.yaml:2: 9 is outside"},
                 {"genre: rock\ntemperature: hot\n", "p.yaml:2: "},
                 {"genre: rock\nstyle_references:\n  - {type: shoe, value: x}\n", "p.yaml:3: "},
                 {"genre: [", "p.yaml:"},
                 {"- a\n", "p.yaml:1: a preset is a map"}};

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        g_assert_null(tune_preset_parse("p", "p.yaml", cases[i].text, strlen(cases[i].text), &error));
        g_assert_error(error, TUNE_PRESET_ERROR, TUNE_PRESET_ERROR_SYNTAX);
        if (!g_str_has_prefix(error->message, cases[i].message))
            g_error("%s", error->message);
    }
}

static void test_sections_take_turns(void)
{
    static const TuneSectionRole wanted[] = {
        TUNE_SECTION_INTRO,  TUNE_SECTION_VERSE,  TUNE_SECTION_CHORUS, TUNE_SECTION_VERSE,
        TUNE_SECTION_CHORUS, TUNE_SECTION_CHORUS, TUNE_SECTION_BRIDGE, TUNE_SECTION_OUTRO};
    TuneSongStructure structure = {TRUE, 2, 3, TRUE, TRUE};
    g_autoptr(GArray) order = tune_song_structure_order(&structure);

    g_assert_cmpmem(order->data, (gint)(order->len * sizeof(TuneSectionRole)), wanted, (gint)sizeof wanted);
}

static void test_prompt_says_everything(void)
{
    g_autoptr(GPtrArray) references = g_ptr_array_new();
    TunePromptParts parts = {.genre = "rock",
                             .duration_seconds = 185,
                             .text = "We ride at dawn",
                             .structure = {TRUE, 2, 1, FALSE, TRUE},
                             .references = references,
                             .temperature = 0.7};
    static const char *const wanted[] = {"rock", "185 seconds", "3:05", "We ride at dawn",
                                         "intro, verse 1, chorus, verse 2, outro",
                                         "style: anthem", "sound: drums", "0.7"};

    g_ptr_array_add(references, "style: anthem");
    g_ptr_array_add(references, "sound: drums");
    g_autofree char *prompt = tune_prompt_build(&parts);
    for (gsize i = 0; i < G_N_ELEMENTS(wanted); i++)
        g_assert_nonnull(strstr(prompt, wanted[i]));
    g_autofree char *again = tune_prompt_build(&parts);
    g_assert_cmpstr(prompt, ==, again);
}

static void test_long_prompts_stay_linear(void)
{
    g_autofree char *text = g_strnfill(1 << 20, 'a');
    TunePromptParts parts = {.genre = "pop", .duration_seconds = 60, .text = text,
                             .structure = TUNE_SONG_STRUCTURE_DEFAULT, .temperature = 0.7};
    gint64 start = g_get_monotonic_time();
    g_autofree char *prompt = tune_prompt_build(&parts);

    g_assert_cmpuint(strlen(prompt), >, 1 << 20);
    g_test_message("a prompt of 1 MiB: %.2f ms", (double)(g_get_monotonic_time() - start) / 1000);
}

static void remove_folder(const char *path)
{
    g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);

    for (const char *name; dir != NULL && (name = g_dir_read_name(dir)) != NULL;) {
        g_autofree char *inner = g_build_filename(path, name, NULL);
        if (g_file_test(inner, G_FILE_TEST_IS_DIR))
            remove_folder(inner);
        else
            g_unlink(inner);
    }
    g_rmdir(path);
}

int main(int argc, char **argv)
{
    g_autofree char *home = g_dir_make_tmp("tune-presets-XXXXXX", NULL);

    g_setenv("XDG_DATA_HOME", home, TRUE);
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/brief/preset/built-in", test_built_in_ones_are_there);
    g_test_add_func("/brief/preset/apply", test_built_in_ones_apply);
    g_test_add_func("/brief/preset/save-load-delete", test_save_load_delete);
    g_test_add_func("/brief/preset/names", test_names_are_checked);
    g_test_add_func("/brief/preset/malformed", test_malformed_files_name_file_and_line);
    g_test_add_func("/brief/preset/order", test_sections_take_turns);
    g_test_add_func("/brief/prompt/complete", test_prompt_says_everything);
    g_test_add_func("/brief/prompt/linear", test_long_prompts_stay_linear);
    int result = g_test_run();
    remove_folder(home);
    return result;
}
