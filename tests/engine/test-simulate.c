/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/json.h"
#include "engine/simulate.h"

#include <string.h>

static void test_metadata_has_three_keys(void)
{
    g_autoptr(GArray) references = g_array_new(FALSE, FALSE, sizeof(TuneStyleReference));
    TuneStyleReference one = {(char *)"sound", (char *)"warm tape"};
    g_array_append_val(references, one);
    TuneSimulateRequest request = {.text = "the words",
                                   .genre = "rock",
                                   .duration_seconds = 95,
                                   .structure = {TRUE, 3, 1, FALSE, TRUE},
                                   .references = references,
                                   .temperature = 0.8};
    g_autoptr(json_t) result = tune_simulate(&request);
    const json_t *metadata = json_object_get(result, "metadata");
    const json_t *structure = json_object_get(metadata, "structure");
    const char *prompt = json_string_value(json_object_get(result, "prompt"));

    g_assert_cmpstr(json_string_value(json_object_get(result, "status")), ==, "simulated");
    g_assert_cmpuint(json_object_size(metadata), ==, 3);
    g_assert_cmpint(json_integer_value(json_object_get(structure, "verse_count")), ==, 3);
    g_assert_true(json_is_false(json_object_get(structure, "bridge")));
    g_assert_true(json_is_integer(json_object_get(result, "duration_seconds")));
    g_assert_nonnull(strstr(prompt, "the words"));
    g_assert_nonnull(strstr(prompt, "sound: warm tape"));
    g_assert_cmpuint(json_array_size(json_object_get(metadata, "style_references")), ==, 1);
}

static void test_empty_words_are_allowed(void)
{
    TuneSimulateRequest request = {.text = "",
                                   .genre = "",
                                   .duration_seconds = 60.5,
                                   .structure = TUNE_SONG_STRUCTURE_DEFAULT,
                                   .temperature = 0};
    g_autoptr(json_t) result = tune_simulate(&request);

    g_assert_true(json_is_real(json_object_get(result, "duration_seconds")));
    g_assert_cmpuint(
        json_array_size(json_object_get(json_object_get(result, "metadata"), "style_references")), ==,
        0);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/engine/simulate/metadata-has-three-keys", test_metadata_has_three_keys);
    g_test_add_func("/engine/simulate/empty-words", test_empty_words_are_allowed);
    return g_test_run();
}
