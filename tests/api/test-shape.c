/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "api/shape.h"

#include <string.h>

static const char *const colours[] = {"red", "green", NULL};
static const TuneField inner_fields[] = {
    {"role", TUNE_FIELD_STRING, .required = TRUE},
    {"bars", TUNE_FIELD_INTEGER, .low = 1, .high = 64},
};
static const TuneShape inner = {"Inner", inner_fields, G_N_ELEMENTS(inner_fields)};
static const TuneField other_fields[] = {{"intro", TUNE_FIELD_BOOLEAN, .otherwise = "true"}};
static const TuneShape other = {"Other", other_fields, G_N_ELEMENTS(other_fields)};
static const TuneField fields[] = {
    {"name", TUNE_FIELD_STRING, .required = TRUE, .low = 1, .high = 4},
    {"count", TUNE_FIELD_INTEGER, .low = 60, .high = 240, .otherwise = "180"},
    {"share", TUNE_FIELD_NUMBER, .low = 0, .high = 1},
    {"flag", TUNE_FIELD_BOOLEAN},
    {"colour", TUNE_FIELD_STRING, .choices = colours},
    {"code", TUNE_FIELD_STRING, .pattern = "[a-z]{2}"},
    {"parts", TUNE_FIELD_ARRAY, .low = 1, .high = 2, .shape = &inner},
    {"names", TUNE_FIELD_ARRAY, .items = TUNE_FIELD_STRING, .item_high = 3},
    {"form", TUNE_FIELD_OBJECT, .shape = &other, .or_shape = &inner},
    {"note", TUNE_FIELD_STRING, .nullable = TRUE},
};
static const TuneShape shape = {"Thing", fields, G_N_ELEMENTS(fields), .says = "A thing"};

/* @expected: the clean value as canonical text, or "FIELD TYPE" of the first fault. */
static void check(const char *given, TuneShapeMode mode, const char *expected)
{
    g_autoptr(json_t) value = json_loads(given, JSON_DECODE_ANY, NULL);
    g_autoptr(json_t) errors = json_array();
    g_autoptr(json_t) clean = tune_shape_check(&shape, value, "body", mode, errors);
    g_autofree char *got = NULL;

    g_assert_nonnull(value);
    g_assert_true((clean == NULL) == (json_array_size(errors) > 0));
    if (clean != NULL) {
        got = tune_json_canonical(clean);
    } else {
        const json_t *first = json_array_get(errors, 0);
        got = g_strdup_printf("%s %s", json_string_value(json_object_get(first, "field")),
                              json_string_value(json_object_get(first, "type")));
        g_assert_nonnull(json_object_get(first, "message"));
    }
    g_assert_cmpstr(got, ==, expected);
}

static void test_takes_and_completes(void)
{
    check("{\"name\":\"a\"}", TUNE_SHAPE_STRICT, "{\"count\":180,\"name\":\"a\"}");
    check("{\"name\":\"a\",\"unknown\":1,\"count\":null}", TUNE_SHAPE_STRICT,
          "{\"count\":180,\"name\":\"a\"}");
    check("{\"name\":\"äöüß\",\"count\":60.0,\"note\":null}", TUNE_SHAPE_STRICT,
          "{\"count\":60,\"name\":\"äöüß\",\"note\":null}");
    check("{\"name\":\"a\",\"parts\":[{\"role\":\"x\",\"bars\":8}],\"names\":[\"p\"]}",
          TUNE_SHAPE_STRICT,
          "{\"count\":180,\"name\":\"a\",\"names\":[\"p\"],\"parts\":[{\"bars\":8,\"role\":\"x\"}]}");
    check("{\"name\":\"a\",\"form\":{}}", TUNE_SHAPE_STRICT,
          "{\"count\":180,\"form\":{\"intro\":true},\"name\":\"a\"}");
    check("{\"name\":\"a\",\"form\":[{\"role\":\"verse\"}]}", TUNE_SHAPE_STRICT,
          "{\"count\":180,\"form\":[{\"role\":\"verse\"}],\"name\":\"a\"}");
}

static void test_names_what_is_wrong(void)
{
    static const struct {
        const char *given, *expected;
    } cases[] = {
        {"{}", "body.name missing"},
        {"{\"name\":null}", "body.name string_type"},
        {"[]", "body model_type"},
        {"\"x\"", "body model_type"},
        {"{\"name\":1}", "body.name string_type"},
        {"{\"name\":\"\"}", "body.name string_too_short"},
        {"{\"name\":\"abcde\"}", "body.name string_too_long"},
        {"{\"name\":\"a\",\"count\":59}", "body.count greater_than_equal"},
        {"{\"name\":\"a\",\"count\":241}", "body.count less_than_equal"},
        {"{\"name\":\"a\",\"count\":100.5}", "body.count int_from_float"},
        {"{\"name\":\"a\",\"count\":\"120\"}", "body.count int_type"},
        {"{\"name\":\"a\",\"count\":1e300}", "body.count int_parsing_size"},
        {"{\"name\":\"a\",\"count\":true}", "body.count int_type"},
        {"{\"name\":\"a\",\"share\":\"0.5\"}", "body.share float_type"},
        {"{\"name\":\"a\",\"share\":-0.1}", "body.share greater_than_equal"},
        {"{\"name\":\"a\",\"share\":1.01}", "body.share less_than_equal"},
        {"{\"name\":\"a\",\"flag\":1}", "body.flag bool_type"},
        {"{\"name\":\"a\",\"colour\":\"blue\"}", "body.colour literal_error"},
        {"{\"name\":\"a\",\"code\":\"abc\"}", "body.code string_pattern_mismatch"},
        {"{\"name\":\"a\",\"code\":\"ab\\n\"}", "body.code string_pattern_mismatch"},
        {"{\"name\":\"a\",\"parts\":{}}", "body.parts list_type"},
        {"{\"name\":\"a\",\"parts\":[]}", "body.parts too_short"},
        {"{\"name\":\"a\",\"parts\":[{\"role\":\"x\"},{\"role\":\"x\"},{\"role\":\"x\"}]}",
         "body.parts too_long"},
        {"{\"name\":\"a\",\"parts\":[{\"role\":\"x\"},{}]}", "body.parts.1.role missing"},
        {"{\"name\":\"a\",\"parts\":[3]}", "body.parts.0 model_type"},
        {"{\"name\":\"a\",\"names\":[1]}", "body.names.0 string_type"},
        {"{\"name\":\"a\",\"names\":[\"abc\",\"abcd\"]}", "body.names.1 string_too_long"},
        {"{\"name\":\"a\",\"form\":3}", "body.form model_type"},
        {"{\"name\":\"a\",\"form\":[{}]}", "body.form.0.role missing"},
    };

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++)
        check(cases[i].given, TUNE_SHAPE_STRICT, cases[i].expected);
}

static void test_takes_what_old_clients_send(void)
{
    static const struct {
        const char *given, *expected;
    } cases[] = {
        {"{\"name\":\"a\",\"count\":\"120\"}", "{\"count\":120,\"name\":\"a\"}"},
        {"{\"name\":\"a\",\"count\":\" 120.0 \"}", "{\"count\":120,\"name\":\"a\"}"},
        {"{\"name\":\"a\",\"count\":120.0}", "{\"count\":120,\"name\":\"a\"}"},
        {"{\"name\":\"a\",\"count\":\"120.5\"}", "body.count int_from_float"},
        {"{\"name\":\"a\",\"count\":\"\"}", "body.count int_parsing"},
        {"{\"name\":\"a\",\"count\":\"12x\"}", "body.count int_parsing"},
        {"{\"name\":\"a\",\"count\":\"NaN\"}", "body.count int_parsing"},
        {"{\"name\":\"a\",\"count\":\"inf\"}", "body.count int_parsing"},
        {"{\"name\":\"a\",\"share\":\"NaN\"}", "body.share float_parsing"},
        {"{\"name\":\"a\",\"share\":\"0x1\"}", "body.share float_parsing"},
        {"{\"name\":\"a\",\"share\":\"1e400\"}", "body.share float_parsing"},
        {"{\"name\":\"a\",\"share\":\"0.5\"}", "{\"count\":180,\"name\":\"a\",\"share\":0.5}"},
        {"{\"name\":\"a\",\"flag\":\"yes\"}", "{\"count\":180,\"flag\":true,\"name\":\"a\"}"},
        {"{\"name\":\"a\",\"flag\":\"OFF\"}", "{\"count\":180,\"flag\":false,\"name\":\"a\"}"},
        {"{\"name\":\"a\",\"flag\":0}", "{\"count\":180,\"flag\":false,\"name\":\"a\"}"},
        {"{\"name\":\"a\",\"flag\":2}", "body.flag bool_parsing"},
        {"{\"name\":\"a\",\"flag\":\"perhaps\"}", "body.flag bool_parsing"},
        {"{\"name\":5}", "body.name string_type"},
    };

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++)
        check(cases[i].given, TUNE_SHAPE_LOOSE, cases[i].expected);
}

static void test_finds_every_fault(void)
{
    g_autoptr(json_t) value = json_pack("{s:i, s:i, s:s}", "name", 1, "count", 1, "flag", "x");
    g_autoptr(json_t) errors = json_array();

    g_assert_null(tune_shape_check(&shape, value, "body", TUNE_SHAPE_STRICT, errors));
    g_assert_cmpuint(json_array_size(errors), ==, 3);
}

static void test_is_a_schema(void)
{
    g_autoptr(json_t) schemas = json_object();

    tune_shape_collect(&shape, schemas);
    g_assert_cmpuint(json_object_size(schemas), ==, 3);
    const json_t *thing = json_object_get(schemas, "Thing");
    const json_t *properties = json_object_get(thing, "properties");
    g_autofree char *required = tune_json_canonical(json_object_get(thing, "required"));
    g_autofree char *count = tune_json_canonical(json_object_get(properties, "count"));
    g_autofree char *colour = tune_json_canonical(json_object_get(properties, "colour"));
    g_autofree char *form = tune_json_canonical(json_object_get(properties, "form"));
    g_assert_cmpstr(required, ==, "[\"name\"]");
    g_assert_cmpstr(count, ==,
                    "{\"default\":180,\"maximum\":240,\"minimum\":60,\"type\":[\"integer\",\"null\"]}");
    g_assert_cmpstr(colour, ==, "{\"enum\":[\"red\",\"green\",null],\"type\":[\"string\",\"null\"]}");
    g_assert_cmpstr(form, ==,
                    "{\"anyOf\":[{\"$ref\":\"#/components/schemas/Other\"},{\"items\":{\"$ref\":"
                    "\"#/components/schemas/Inner\"},\"type\":\"array\"},{\"type\":\"null\"}]}");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/api/shape/takes-and-completes", test_takes_and_completes);
    g_test_add_func("/api/shape/names-what-is-wrong", test_names_what_is_wrong);
    g_test_add_func("/api/shape/takes-what-old-clients-send", test_takes_what_old_clients_send);
    g_test_add_func("/api/shape/finds-every-fault", test_finds_every_fault);
    g_test_add_func("/api/shape/is-a-schema", test_is_a_schema);
    return g_test_run();
}
