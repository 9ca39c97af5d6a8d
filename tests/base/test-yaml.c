/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/yaml.h"

#include <string.h>

static TuneYaml *parse(const char *text, GError **error)
{
    return tune_yaml_parse("t.yaml", text, strlen(text), error);
}

static void test_values_and_lines(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(TuneYaml) doc = parse("a: 3\nb:\n  - x\n  - y\nc: [1, 2.5]\nd: yes\n", &error);
    const TuneYamlNode *root = tune_yaml_root(doc);
    gint a = 0;
    double range[2] = {0};
    gboolean d = FALSE;
    g_auto(GStrv) b = NULL;

    g_assert_no_error(error);
    g_assert_true(tune_yaml_get_int(root, "a", 0, 9, &a, &error));
    g_assert_true(tune_yaml_get_range(root, "c", 0, 9, range, &error));
    g_assert_true(tune_yaml_get_bool(root, "d", &d, &error));
    g_assert_true(tune_yaml_get_strings(root, "b", &b, &error));
    g_assert_cmpint(a, ==, 3);
    g_assert_cmpfloat(range[1], ==, 2.5);
    g_assert_true(d);
    g_assert_cmpstr(b[1], ==, "y");
    g_assert_cmpint(tune_yaml_line(tune_yaml_get(root, "c")), ==, 5);
}

static void test_complaints_name_file_line_and_reason(void)
{
    static const struct {
        const char *text, *message;
    } cases[] = {{"a: 1\na: 2\n", "t.yaml:2: "}, {"a: [1\n", "t.yaml:"}, {"", "t.yaml:1: the file"},
                 {"a: &x 1\nb: *x\n", "t.yaml:1: anchors"}, {"a: 1\n---\nb: 2\n", "t.yaml:3: more"},
                 {"\xff\xfe", "t.yaml:"}};

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(TuneYaml) doc = parse(cases[i].text, &error);
        g_assert_null(doc);
        g_assert_true(g_str_has_prefix(error->message, cases[i].message));
    }
    g_autoptr(GError) error = NULL;
    g_autoptr(TuneYaml) doc = parse("tempo: 400\nmeter: 3\n", NULL);
    double tempo = 0;
    g_assert_false(tune_yaml_get_double(tune_yaml_root(doc), "tempo", 20, 300, &tempo, &error));
    g_assert_cmpstr(error->message, ==, "t.yaml:1: 400 is outside 20 .. 300");
    g_clear_error(&error);
    static const char *const allowed[] = {"tempo", "metre", NULL};
    g_assert_false(tune_yaml_check_keys(tune_yaml_root(doc), allowed, &error));
    g_assert_nonnull(strstr(error->message, "t.yaml:2: unknown key \"meter\", did you mean \"metre\""));
}

static void test_nesting_is_bounded(void)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *deep = g_strnfill(5000, '[');
    g_autoptr(TuneYaml) doc = parse(deep, &error);

    g_assert_null(doc);
    g_assert_nonnull(error);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/base/yaml/values-and-lines", test_values_and_lines);
    g_test_add_func("/base/yaml/complaints-name-line", test_complaints_name_file_line_and_reason);
    g_test_add_func("/base/yaml/nesting-is-bounded", test_nesting_is_bounded);
    return g_test_run();
}
