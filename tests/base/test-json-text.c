/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/json-text.h"
#include "base/json.h"
#include "base/random.h"
#include "base/time.h"

#include <math.h>
#include <string.h>

/* As the service has always written its answers. (transfer full) */
static char *by_jansson(json_t *value)
{
    char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY | JSON_REAL_PRECISION(15));

    json_decref(value);
    return text;
}

static void assert_string(const char *text, gsize length, const char *expected)
{
    g_autoptr(GString) out = g_string_new(NULL);

    tune_json_text_string(out, text, length);
    g_assert_cmpstr(out->str, ==, expected);
    g_assert_cmpuint(out->len, ==, strlen(expected));
}

#define TEXT(literal) literal, sizeof literal - 1

static void test_escapes(void)
{
    assert_string(TEXT(""), "\"\"");
    assert_string(TEXT("a/b 'c' \x7f"), "\"a/b 'c' \x7f\"");
    assert_string(TEXT("say \"hi\" \\ back"), "\"say \\\"hi\\\" \\\\ back\"");
    assert_string(TEXT("\b\f\n\r\t"), "\"\\b\\f\\n\\r\\t\"");
    assert_string(TEXT("\x01\x1f"), "\"\\u0001\\u001F\"");
    assert_string(TEXT("a\0b"), "\"a\\u0000b\"");
    assert_string(TEXT("</script>\xe2\x80\xa8\xe2\x80\xa9"),
                  "\"</script>\xe2\x80\xa8\xe2\x80\xa9\"");
    assert_string(TEXT("\xc3\xa6rlig \xf0\x9f\x8e\xb5"), "\"\xc3\xa6rlig \xf0\x9f\x8e\xb5\"");
    assert_string(TEXT("{[:,"), "\"{[:,\"");
}

#define BAD "\xef\xbf\xbd"

static void test_what_is_no_utf8_is_replaced(void)
{
    static const struct {
        const char *bytes, *expected;
    } cases[] = {
        {"a\x80z", "\"a" BAD "z\""}, /* nothing begins so */
        {"a\xffz", "\"a" BAD "z\""},
        {"\xc0\xaf", "\"" BAD BAD "\""}, /* overlong */
        {"\xc1\xbf", "\"" BAD BAD "\""},
        {"\xe0\x9f\xbf", "\"" BAD BAD BAD "\""},
        {"\xf0\x8f\xbf\xbf", "\"" BAD BAD BAD BAD "\""},
        {"\xed\xa0\x80", "\"" BAD BAD BAD "\""},         /* a surrogate */
        {"\xf4\x90\x80\x80", "\"" BAD BAD BAD BAD "\""}, /* above U+10FFFF */
        {"\xf5\x80\x80\x80", "\"" BAD BAD BAD BAD "\""},
        {"\xe2\x82", "\"" BAD BAD "\""}, /* cut off */
        {"\xf0\x9f\x8e", "\"" BAD BAD BAD "\""},
        {"\xe2\x82\"", "\"" BAD BAD "\\\"\""}, /* the quote stays one */
        {"\xc3\xc3\xa6", "\"" BAD "\xc3\xa6\""},
        {"\xed\x9f\xbf\xee\x80\x80\xf4\x8f\xbf\xbf",
         "\"\xed\x9f\xbf\xee\x80\x80\xf4\x8f\xbf\xbf\""},
    };

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++)
        assert_string(cases[i].bytes, strlen(cases[i].bytes), cases[i].expected);
}

/* Bytes that mean something and bytes that mean nothing, in any order. */
static void test_any_bytes_become_a_json_string(void)
{
    static const guint8 pool[] = {'a',  'Z',  ' ',  '"',  '\\', '\n', 0x01, 0x1f, 0x7f, 0x80, 0xbf,
                                  0xc2, 0xc3, 0xa6, 0xe0, 0xa0, 0xe2, 0x80, 0xa8, 0xed, 0x9f, 0xf0,
                                  0x9f, 0x8e, 0xb5, 0xf4, 0x8f, 0xff, '{',  '}',  ',',  ':'};
    TuneRandom random;

    tune_random_init(&random, 7, "test/json-text");
    for (guint round = 0; round < 20000; round++) {
        char bytes[24];
        guint length = (guint)tune_random_int(&random, 0, sizeof bytes - 1);
        for (guint i = 0; i < length; i++)
            bytes[i] = (char)pool[tune_random_int(&random, 0, sizeof pool - 1)];
        bytes[length] = '\0';
        g_autoptr(GString) out = g_string_new(NULL);
        tune_json_text_string(out, bytes, length);
        g_assert_true(g_utf8_validate(out->str, (gssize)out->len, NULL));
        if (g_utf8_validate(bytes, length, NULL)) {
            char *expected = by_jansson(json_string(bytes));
            g_assert_cmpstr(out->str, ==, expected);
            free(expected);
        } else {
            g_autoptr(json_t) read = json_loadb(out->str, out->len, JSON_DECODE_ANY, NULL);
            g_assert_true(json_is_string(read));
            g_assert_nonnull(strstr(json_string_value(read), BAD));
        }
    }
}

static void assert_int(gint64 value)
{
    g_autoptr(GString) out = g_string_new(NULL);
    char *expected = by_jansson(json_integer(value));

    tune_json_text_int(out, value);
    g_assert_cmpstr(out->str, ==, expected);
    free(expected);
}

static void assert_real(double value, gint decimals)
{
    g_autoptr(GString) out = g_string_new(NULL);
    json_t *made = tune_json_real(value, decimals);

    tune_json_text_real(out, value, decimals);
    if (made == NULL) { /* too large to be rounded */
        g_assert_cmpfloat(g_ascii_strtod(out->str, NULL), ==, value);
        return;
    }
    char *expected = by_jansson(made);
    g_assert_cmpstr(out->str, ==, expected);
    free(expected);
}

static void test_numbers(void)
{
    static const double reals[] = {0.0,
                                   -0.0,
                                   1.0,
                                   -1.0,
                                   0.5,
                                   0.1,
                                   120.0,
                                   0.0004,
                                   0.0005,
                                   -0.0001,
                                   0.00001,
                                   99.9995,
                                   3.14159,
                                   1e-9,
                                   1e11,
                                   123456.789,
                                   1e12,
                                   1e14,
                                   999999999999.999,
                                   1e15,
                                   1e17,
                                   -1e21,
                                   1.5e300,
                                   0.001,
                                   -7.25,
                                   2.675,
                                   100.10,
                                   1e-5};
    TuneRandom random;

    assert_int(0);
    assert_int(-1);
    assert_int(G_MAXINT64);
    assert_int(G_MININT64);
    for (guint i = 0; i < G_N_ELEMENTS(reals); i++)
        for (gint decimals = 0; decimals <= 9; decimals++)
            assert_real(reals[i], decimals);
    assert_real(NAN, 3);
    assert_real(INFINITY, 3);
    assert_real(-INFINITY, 3);
    tune_random_init(&random, 8, "test/json-text");
    for (guint i = 0; i < 20000; i++) {
        double size = pow(10, tune_random_range(&random, -8, 16));
        assert_real(tune_random_range(&random, -1, 1) * size, tune_random_int(&random, 0, 6));
        assert_int((gint64)(tune_random_range(&random, -1, 1) * size));
    }
}

static void test_nesting(void)
{
    g_autoptr(GString) out = g_string_new(NULL);

    tune_json_text_open(out, '[');
    g_string_append_c(out, ']');
    g_assert_cmpstr(out->str, ==, "[]");
    g_string_truncate(out, 0);
    tune_json_text_open(out, '{');
    tune_json_text_key(out, "a");
    tune_json_text_open(out, '[');
    tune_json_text_int(out, 1);
    tune_json_text_string(out, "[", 1);
    tune_json_text_string(out, "{\":", 3);
    tune_json_text_open(out, '{');
    g_string_append_c(out, '}');
    tune_json_text_open(out, '[');
    tune_json_text_null(out);
    g_string_append_c(out, ']');
    tune_json_text_bool(out, FALSE);
    g_string_append_c(out, ']');
    tune_json_text_key(out, "b");
    tune_json_text_bool(out, TRUE);
    tune_json_text_key(out, "c");
    tune_json_text_time(out, 0);
    tune_json_text_key(out, "d");
    tune_json_text_raw(out, "{\"x\":1}", 7);
    tune_json_text_key(out, "e");
    tune_json_text_real(out, 1.25, 3);
    g_string_append_c(out, '}');
    g_assert_cmpstr(out->str, ==,
                    "{\"a\":[1,\"[\",\"{\\\":\",{},[null],false],\"b\":true,"
                    "\"c\":\"1970-01-01T00:00:00.000000Z\",\"d\":{\"x\":1},\"e\":1.25}");
    g_autoptr(json_t) read = json_loadb(out->str, out->len, 0, NULL);
    g_assert_nonnull(read);
}

/* Against GLib's calendar. */
static void test_times(void)
{
    TuneRandom random;

    tune_random_init(&random, 9, "test/json-text");
    for (guint i = 0; i < 20000; i++) {
        /* the years 0001 to 9999 */
        gint64 second = (gint64)tune_random_range(&random, -62135596800.0, 253402300799.0);
        gint64 part = tune_random_int(&random, 0, 999999);
        g_autoptr(GDateTime) when = g_date_time_new_from_unix_utc(second);
        g_autofree char *seconds = g_date_time_format(when, "%Y-%m-%dT%H:%M:%S");
        g_autofree char *expected = g_strdup_printf("%s.%06" G_GINT64_FORMAT "Z", seconds, part);
        char text[TUNE_TIME_SIZE];
        gsize length = tune_time_write(second * G_USEC_PER_SEC + part, text);
        /* GLib writes years below 1000 without zeros in front. */
        g_assert_true(g_str_has_suffix(text, expected));
        g_assert_cmpuint(length, ==, 27);
        g_assert_cmpuint(strlen(text), ==, 27);
    }
    char text[TUNE_TIME_SIZE];
    g_assert_cmpuint(tune_time_write(G_MAXINT64, text), ==, strlen(text));
    g_assert_cmpuint(tune_time_write(G_MININT64, text), ==, strlen(text));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/base/json-text/escapes", test_escapes);
    g_test_add_func("/base/json-text/no-utf8-is-replaced", test_what_is_no_utf8_is_replaced);
    g_test_add_func("/base/json-text/any-bytes", test_any_bytes_become_a_json_string);
    g_test_add_func("/base/json-text/numbers", test_numbers);
    g_test_add_func("/base/json-text/nesting", test_nesting);
    g_test_add_func("/base/json-text/times", test_times);
    return g_test_run();
}
