/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "golden.h"
#include "neural/tokenizer.h"

#include <string.h>

static TuneTokenizer *open_tokenizer(const TuneGolden *golden)
{
    g_autofree char *path = g_build_filename(golden->folder, "tokenizer.json", NULL);
    g_autofree char *text = NULL;
    g_autoptr(GError) error = NULL;
    gsize n;

    g_assert_true(g_file_get_contents(path, &text, &n, NULL));
    TuneTokenizer *tokenizer = tune_tokenizer_new_json(text, n, &error);
    g_assert_no_error(error);
    return tokenizer;
}

static gboolean same_ids(const json_t *want, const GArray *got)
{
    if (json_array_size(want) != got->len)
        return FALSE;
    for (guint i = 0; i < got->len; i++) {
        if (json_integer_value(json_array_get(want, i)) != g_array_index(got, gint32, i))
            return FALSE;
    }
    return TRUE;
}

static void check_list(const TuneTokenizer *tokenizer, const json_t *list)
{
    const json_t *entry;
    gsize i;

    g_assert_cmpuint(json_array_size(list), >, 20);
    json_array_foreach(list, i, entry)
    {
        const json_t *text = json_object_get(entry, "text");
        g_autoptr(GArray) ids = tune_tokenizer_encode_bytes(tokenizer, json_string_value(text),
                                                            json_string_length(text));

        if (!same_ids(json_object_get(entry, "ids"), ids))
            g_error("text %zu, \"%s\", gets other ids", i, json_string_value(text));
    }
}

static void test_ids_are_the_references(void)
{
    g_autoptr(TuneGolden) golden = tune_golden_open("tiny-mono");
    g_autoptr(TuneTokenizer) tokenizer = open_tokenizer(golden);

    check_list(tokenizer, json_object_get(golden->json, "tokenizer"));
    check_list(tokenizer, json_object_get(golden->json, "tokenizer_fuzz"));
}

/* The same model as sentencepiece writes it. */
static void test_sentencepiece_gives_the_same(void)
{
    g_autoptr(TuneGolden) golden = tune_golden_open("tiny-mono");
    g_autofree char *path = g_build_filename(g_getenv("TUNE_GOLDEN"), "spiece.model", NULL);
    g_autofree char *data = NULL;
    g_autoptr(GError) error = NULL;
    gsize n;

    g_assert_true(g_file_get_contents(path, &data, &n, NULL));
    g_autoptr(GBytes) model = g_bytes_new(data, n);
    g_autoptr(TuneTokenizer) tokenizer = tune_tokenizer_new_sentencepiece(model, &error);
    g_assert_no_error(error);
    check_list(tokenizer, json_object_get(golden->json, "tokenizer"));
    check_list(tokenizer, json_object_get(golden->json, "tokenizer_fuzz"));
}

static void test_the_normaliser_is_the_references(void)
{
    g_autoptr(TuneGolden) golden = tune_golden_open("tiny-mono");
    g_autoptr(TuneTokenizer) tokenizer = open_tokenizer(golden);
    const json_t *list = json_object_get(golden->json, "tokenizer_normalized"), *entry;
    gsize i;

    g_assert_cmpuint(json_array_size(list), >, 20);
    json_array_foreach(list, i, entry)
    {
        g_autofree char *got =
            tune_tokenizer_normalize(tokenizer, json_string_value(json_object_get(entry, "text")));
        g_assert_cmpstr(got, ==, json_string_value(json_object_get(entry, "out")));
    }
}

/* A prompt as long as a request may be; the figure is for people, the bound only for what got
 * quadratic. */
static void test_a_long_text_is_quick(void)
{
    g_autoptr(TuneGolden) golden = tune_golden_open("tiny-mono");
    gint64 start = g_get_monotonic_time();
    g_autoptr(TuneTokenizer) tokenizer = open_tokenizer(golden);
    gint64 opened = g_get_monotonic_time();
    g_autoptr(GString) text = g_string_new(NULL);

    while (text->len < 1 << 16)
        g_string_append(text, "slow strings é and bassy drums, 🎹 ");
    gint64 made = g_get_monotonic_time();
    g_autoptr(GArray) ids = tune_tokenizer_encode(tokenizer, text->str);
    g_test_message("opened in %.1f ms, %zu bytes encoded in %.1f ms",
                   (double)(opened - start) / 1000, text->len,
                   (double)(g_get_monotonic_time() - made) / 1000);
    g_assert_cmpuint(ids->len, >, 10000);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/neural/golden/tokenizer/ids-are-the-references", test_ids_are_the_references);
    g_test_add_func("/neural/golden/tokenizer/sentencepiece-gives-the-same",
                    test_sentencepiece_gives_the_same);
    g_test_add_func("/neural/golden/tokenizer/the-normaliser-is-the-references",
                    test_the_normaliser_is_the_references);
    g_test_add_func("/neural/golden/tokenizer/a-long-text-is-quick", test_a_long_text_is_quick);
    return g_test_run();
}
