/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/json.h"

#include <string.h>

static void test_canonical_text_ignores_order_and_space(void)
{
    static const char one[] = "{\"b\": [1, 2],  \"a\": 0.5}", two[] = "{\"a\":0.5,\"b\":[1,2]}";
    g_autoptr(json_t) first = tune_json_parse("one", one, strlen(one), NULL);
    g_autoptr(json_t) second = tune_json_parse("two", two, strlen(two), NULL);
    g_autofree char *a = tune_json_canonical(first), *b = tune_json_canonical(second);

    g_assert_cmpstr(a, ==, two);
    g_assert_cmpstr(b, ==, two);
}

static void test_wrong_members_are_named(void)
{
    static const char text[] = "{\"n\": \"x\", \"m\": 300, \"r\": 2}";
    g_autoptr(json_t) object = tune_json_parse("t", text, strlen(text), NULL);
    g_autoptr(GError) error = NULL;
    gint64 value = 7;
    double real = 0;

    g_assert_false(tune_json_get_int(object, "tracks[1]", "n", 0, 9, FALSE, &value, &error));
    g_assert_cmpstr(error->message, ==, "tracks[1].n: a whole number is expected");
    g_clear_error(&error);
    g_assert_false(tune_json_get_int(object, "", "m", 0, 127, FALSE, &value, &error));
    g_assert_cmpstr(error->message, ==, "m: 300 is outside 0 .. 127");
    g_clear_error(&error);
    g_assert_false(tune_json_get_int(object, "", "gone", 0, 127, FALSE, &value, &error));
    g_clear_error(&error);
    g_assert_true(tune_json_get_int(object, "", "gone", 0, 127, TRUE, &value, &error));
    g_assert_cmpint(value, ==, 7);
    g_assert_true(tune_json_get_real(object, "", "r", 0, 9, FALSE, &real, &error));
    g_assert_cmpfloat(real, ==, 2.0);
}

static void test_bad_text_has_a_position(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(json_t) value = tune_json_parse("song.json", "{\n \"a\": }", 9, &error);

    g_assert_null(value);
    g_assert_true(g_str_has_prefix(error->message, "song.json:2:"));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/base/json/canonical", test_canonical_text_ignores_order_and_space);
    g_test_add_func("/base/json/wrong-members-are-named", test_wrong_members_are_named);
    g_test_add_func("/base/json/position", test_bad_text_has_a_position);
    return g_test_run();
}
