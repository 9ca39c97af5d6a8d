/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A tokenizer of a dozen pieces, as both kinds of file, and files that lie.
 */
#include "neural/tokenizer.h"

#include <math.h>
#include <string.h>

static const struct {
    const char *piece;
    float score;
} vocabulary[] = {
    {"<pad>", 0}, {"</s>", 0},    {"<unk>", 0}, {"\u2581", -2},   {"\u2581a", -3},
    {"a", -4},    {"b", -4.5f},   {"ab", -5},   {"\u2581ab", -9}, {"c", -6},
    {"bc", -7},   {"\u00e9", -8}, {"ghi", -9},  {"hi", 5},
};

#define METASPACE                                                                                  \
    "{\"type\":\"Metaspace\",\"replacement\":\"\u2581\",\"prepend_scheme\":\"always\"}"
#define SPLIT                                                                                      \
    "{\"type\":\"Sequence\",\"pretokenizers\":[{\"type\":\"WhitespaceSplit\"}," METASPACE "]}"
#define TEMPLATE                                                                                   \
    "{\"type\":\"TemplateProcessing\",\"single\":[{\"Sequence\":{\"id\":\"A\"}},{"                 \
    "\"SpecialToken\":"                                                                            \
    "{\"id\":\"</s>\"}}],\"special_tokens\":{\"</s>\":{\"ids\":[1]}}}"
#define ADDED "[{\"id\":1,\"content\":\"</s>\"},{\"id\":200,\"content\":\"<x>\",\"rstrip\":true}]"

/* A trie of the one key "A", replaced by "a": the root's children lie at 256, the leaf at 2. */
static GBytes *charsmap(void)
{
    guint32 units[1 + 322] = {322 * 4};
    g_autoptr(GByteArray) bytes = g_byte_array_new();

    units[1 + 0] = 256 << 10;
    units[1 + (256 ^ 'A')] = (guint32)((256 ^ 'A' ^ 2) << 10) | 0x100 | 'A';
    units[1 + 2] = 0x80000000;
    for (gsize i = 0; i < G_N_ELEMENTS(units); i++)
        units[i] = GUINT32_TO_LE(units[i]);
    g_byte_array_append(bytes, (const guint8 *)units, sizeof units);
    g_byte_array_append(bytes, (const guint8 *)"a", 2);
    return g_bytes_new(bytes->data, bytes->len);
}

static char *vocabulary_json(void)
{
    g_autoptr(GString) list = g_string_new("[");

    for (guint i = 0; i < G_N_ELEMENTS(vocabulary); i++)
        g_string_append_printf(list, "%s[\"%s\",%.1f]", i > 0 ? "," : "", vocabulary[i].piece,
                               (double)vocabulary[i].score);
    return g_strconcat(list->str, "]", NULL);
}

static char *normalizer_json(void)
{
    g_autoptr(GBytes) table = charsmap();
    gsize n;
    const guchar *bytes = g_bytes_get_data(table, &n);
    g_autofree char *text = g_base64_encode(bytes, n);

    return g_strdup_printf("{\"type\":\"Precompiled\",\"precompiled_charsmap\":\"%s\"}", text);
}

/* A file; NULL for a part means the usual one. */
static char *file_json(const char *model, const char *normalizer, const char *split,
                       const char *template, const char *added)
{
    g_autofree char *vocab = vocabulary_json(), *precompiled = normalizer_json();
    g_autofree char *usual =
        g_strdup_printf("{\"type\":\"Unigram\",\"unk_id\":2,\"vocab\":%s}", vocab);

    return g_strdup_printf(
        "{\"model\":%s,\"normalizer\":%s,\"pre_tokenizer\":%s,\"post_processor\":%s,"
        "\"added_tokens\":%s}",
        model ? model : usual, normalizer ? normalizer : precompiled, split ? split : SPLIT,
        template ? template : TEMPLATE, added ? added : ADDED);
}

static TuneTokenizer *from_json(const char *text)
{
    g_autoptr(GError) error = NULL;
    TuneTokenizer *tokenizer = tune_tokenizer_new_json(text, strlen(text), &error);

    g_assert_no_error(error);
    return tokenizer;
}

static void check_ids(const TuneTokenizer *tokenizer, const char *text, const char *want)
{
    g_autoptr(GArray) ids = tune_tokenizer_encode(tokenizer, text);
    g_autoptr(GString) got = g_string_new(NULL);

    for (guint i = 0; i < ids->len; i++)
        g_string_append_printf(got, "%s%d", i > 0 ? " " : "", g_array_index(ids, gint32, i));
    g_assert_cmpstr(got->str, ==, want);
}

static void check_texts(const TuneTokenizer *tokenizer)
{
    check_ids(tokenizer, "", "1");
    check_ids(tokenizer, "a", "4 1");
    check_ids(tokenizer, "ab", "3 7 1");           /* -7 against -7.5 and -9 */
    check_ids(tokenizer, "abc", "4 10 1");         /* -10 against -13 */
    check_ids(tokenizer, "  a \t b\n", "4 3 6 1"); /* white space goes */
    check_ids(tokenizer, "a\u3000a", "4 4 1");
    check_ids(tokenizer, "Ab", "3 7 1");    /* the table */
    check_ids(tokenizer, "A\u0301", "4 1"); /* a short cluster is replaced whole */
    check_ids(tokenizer, "xyz", "3 2 1");   /* unknowns become one */
    check_ids(tokenizer, "xa\U0001f3b5y", "3 2 5 2 1");
    check_ids(tokenizer, "\u00e9", "3 11 1");
    check_ids(tokenizer, "xabc", "3 2 5 10 1"); /* of equals the one that is found first */
    check_ids(tokenizer, "ghi", "3 12 1"); /* an unknown g costs 10 more than the worst piece */
    check_ids(tokenizer, "a</s>a", "4 1 4 1");
    check_ids(tokenizer, "a\u2581b", "4 3 6 1");
}

static void test_json_gives_ids(void)
{
    g_autofree char *text = file_json(NULL, NULL, NULL, NULL, NULL);
    g_autoptr(TuneTokenizer) tokenizer = from_json(text);

    check_texts(tokenizer);
    check_ids(tokenizer, "a<x>  a", "4 200 4 1");
    g_assert_cmpuint(tune_tokenizer_size(tokenizer), ==, 201);
    g_assert_cmpstr(tune_tokenizer_piece(tokenizer, 7), ==, "ab");
    g_assert_cmpstr(tune_tokenizer_piece(tokenizer, 200), ==, "<x>");
    g_assert_null(tune_tokenizer_piece(tokenizer, 100));
}

/* Newer exports have no WhitespaceSplit but strip the end and turn runs of spaces into one mark. */
static void test_other_steps_of_t5(void)
{
    static const char steps[] =
        "{\"type\":\"Sequence\",\"normalizers\":[{\"type\":\"Strip\",\"strip_left\":false,"
        "\"strip_right\":true},{\"type\":\"Replace\",\"pattern\":{\"Regex\":\" {2,}\"},"
        "\"content\":\"\u2581\"},{\"type\":\"Replace\",\"pattern\":{\"String\":\"q\"},"
        "\"content\":\"bc\"}]}";
    static const char never[] =
        "{\"type\":\"Metaspace\",\"replacement\":\"\u2581\",\"add_prefix_space\":false}";
    static const char first[] =
        "{\"type\":\"Metaspace\",\"replacement\":\"\u2581\",\"prepend_scheme\":\"first\"}";
    g_autofree char *text = file_json(NULL, steps, METASPACE, NULL, NULL);
    g_autofree char *without = file_json(NULL, steps, never, NULL, NULL);
    g_autofree char *once = file_json(NULL, steps, first, NULL, NULL);
    g_autoptr(TuneTokenizer) tokenizer = from_json(text);
    g_autoptr(TuneTokenizer) unmarked = from_json(without);
    g_autoptr(TuneTokenizer) marked = from_json(once);

    check_ids(tokenizer, "a   a b  \n", "4 4 3 6 1");
    check_ids(tokenizer, "aq", "4 10 1");
    check_ids(tokenizer, "", "1");
    check_ids(unmarked, "a a", "5 4 1");
    check_ids(marked, "a</s>a", "4 1 5 1");
}

static void put_varint(GByteArray *out, guint64 value)
{
    do {
        guint8 byte = (guint8)((value & 0x7f) | (value > 0x7f ? 0x80 : 0));
        g_byte_array_append(out, &byte, 1);
    } while ((value >>= 7) > 0);
}

static void put_bytes(GByteArray *out, guint field, gconstpointer bytes, gsize n)
{
    put_varint(out, field << 3 | 2);
    put_varint(out, n);
    g_byte_array_append(out, bytes, (guint)n);
}

static GBytes *sentencepiece(guint model_type, guint unknown)
{
    GByteArray *out = g_byte_array_new();
    g_autoptr(GByteArray) trainer = g_byte_array_new(), normalizer = g_byte_array_new();
    g_autoptr(GBytes) table = charsmap();
    const guint64 options[] = {3, model_type, 40, unknown, 41, G_MAXUINT64, 42, 1, 43, 0};

    for (guint i = 0; i < G_N_ELEMENTS(vocabulary); i++) {
        g_autoptr(GByteArray) piece = g_byte_array_new();
        guint32 bits;

        memcpy(&bits, &vocabulary[i].score, sizeof bits);
        bits = GUINT32_TO_LE(bits);
        put_bytes(piece, 1, vocabulary[i].piece, strlen(vocabulary[i].piece));
        put_varint(piece, 2 << 3 | 5);
        g_byte_array_append(piece, (const guint8 *)&bits, 4);
        put_bytes(out, 1, piece->data, piece->len);
    }
    for (guint i = 0; i < G_N_ELEMENTS(options); i += 2) {
        put_varint(trainer, options[i] << 3);
        put_varint(trainer, options[i + 1]);
    }
    put_bytes(normalizer, 2, g_bytes_get_data(table, NULL), g_bytes_get_size(table));
    put_bytes(out, 2, trainer->data, trainer->len);
    put_bytes(out, 3, normalizer->data, normalizer->len);
    return g_byte_array_free_to_bytes(out);
}

static void test_sentencepiece_gives_the_same(void)
{
    g_autoptr(GBytes) model = sentencepiece(1, 2);
    g_autoptr(GError) error = NULL;
    g_autoptr(TuneTokenizer) tokenizer = tune_tokenizer_new_sentencepiece(model, &error);

    g_assert_no_error(error);
    check_texts(tokenizer);
    g_assert_cmpuint(tune_tokenizer_size(tokenizer), ==, G_N_ELEMENTS(vocabulary) + 100);
    check_ids(tokenizer, "<extra_id_0><extra_id_99>", "113 14 1");
}

static void refuse_json(const char *text, const char *word)
{
    g_autoptr(GError) error = NULL;

    g_assert_null(tune_tokenizer_new_json(text, strlen(text), &error));
    g_assert_nonnull(error);
    g_assert_true(error->domain == TUNE_NEURAL_ERROR);
    g_assert_true(g_str_has_prefix(error->message, "tokenizer.json"));
    if (strstr(error->message, word) == NULL)
        g_error("\"%s\" does not speak of %s", error->message, word);
}

static void test_a_lying_json_is_refused(void)
{
    static const struct {
        const char *parts[5];
        const char *word;
    } cases[] = {
        {{"{\"type\":\"BPE\"}"}, "BPE"},
        {{"7"}, "no model"},
        {{"{\"type\":\"Unigram\",\"unk_id\":2,\"vocab\":[[\"a\",0],[\"b\",\"x\"]]}"}, "vocab[1]"},
        {{"{\"type\":\"Unigram\",\"unk_id\":2,\"vocab\":{}}"}, "list"},
        {{"{\"type\":\"Unigram\",\"unk_id\":1,\"vocab\":[[\"a\",0]]}"}, "1 pieces"},
        {{"{\"type\":\"Unigram\",\"unk_id\":-1,\"vocab\":[[\"a\",0]]}"}, "out of range"},
        {{"{\"type\":\"Unigram\",\"unk_id\":null,\"vocab\":[[\"a\",0]]}"}, "unk_id"},
        {{"{\"type\":\"Unigram\",\"unk_id\":0,\"vocab\":[[\"a\",1e999]]}"}, "overflow"},
        {{"{\"type\":\"Unigram\",\"unk_id\":0,\"vocab\":[[\"a\",0]],\"byte_fallback\":true}"},
         "byte_fallback"},
        {{NULL, "{\"type\":\"NFKC\"}"}, "NFKC"},
        {{NULL, "{\"type\":\"Precompiled\"}"}, "precompiled_charsmap"},
        {{NULL, "{\"type\":\"Precompiled\",\"precompiled_charsmap\":\"A*==\"}"}, "base64"},
        {{NULL, "{\"type\":\"Precompiled\",\"precompiled_charsmap\":\"AAA\"}"}, "base64"},
        {{NULL, "{\"type\":\"Precompiled\",\"precompiled_charsmap\":\"AAAA\"}"}, "too short"},
        {{NULL, "{\"type\":\"Precompiled\",\"precompiled_charsmap\":\"/////wAAAAAAAAAA\"}"},
         "longer"},
        {{NULL, "{\"type\":\"Precompiled\",\"precompiled_charsmap\":\"BAAAAAAAAABh\"}"}, "cut off"},
        {{NULL, "{\"type\":\"Precompiled\",\"precompiled_charsmap\":\"BAAAAAAAAAD/AAAA\"}"},
         "UTF-8"},
        {{NULL, "{\"type\":\"Replace\",\"pattern\":{\"Regex\":\".*\"},\"content\":\"\"}"}, ".*"},
        {{NULL, "{\"type\":\"Sequence\",\"normalizers\":3}"}, "normalizers"},
        {{NULL, NULL, "{\"type\":\"ByteLevel\"}"}, "ByteLevel"},
        {{NULL, NULL, "{\"type\":\"Metaspace\"}"}, "replacement"},
        {{NULL, NULL,
          "{\"type\":\"Metaspace\",\"replacement\":\"_\",\"prepend_scheme\":\"often\"}"},
         "often"},
        {{NULL, NULL, NULL, "null"}, "post-processor"},
        {{NULL, NULL, NULL, "{\"type\":\"TemplateProcessing\",\"single\":[{\"Sequence\":{}}]}"},
         "no token"},
        {{NULL, NULL, NULL, NULL, "[{\"id\":4,\"content\":\"q\"}]"}, "another piece"},
        {{NULL, NULL, NULL, NULL, "[{\"id\":-4,\"content\":\"q\"}]"}, "in range"},
        {{NULL, NULL, NULL, NULL, "[{\"id\":99,\"content\":\"q\",\"normalized\":true}]"},
         "normalized"},
    };

    refuse_json("", "empty");
    refuse_json("[]", "object");
    refuse_json("{\"model\":", "tokenizer.json:1");
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        const char *const *part = cases[i].parts;
        g_autofree char *text = file_json(part[0], part[1], part[2], part[3], part[4]);
        refuse_json(text, cases[i].word);
    }
}

static void refuse_model(GBytes *model, const char *word)
{
    g_autoptr(GError) error = NULL;

    g_assert_null(tune_tokenizer_new_sentencepiece(model, &error));
    g_assert_nonnull(error);
    g_assert_true(error->domain == TUNE_NEURAL_ERROR);
    if (strstr(error->message, word) == NULL)
        g_error("\"%s\" does not speak of %s", error->message, word);
}

static void test_a_lying_sentencepiece_is_refused(void)
{
    g_autoptr(GBytes) bpe = sentencepiece(2, 2);
    g_autoptr(GBytes) unknown = sentencepiece(1, 4000);
    g_autoptr(GBytes) whole = sentencepiece(1, 2);
    g_autoptr(GBytes) text = g_bytes_new_static("{\"a\": 1}", 8);
    g_autoptr(GBytes) nothing = g_bytes_new_static("", 0);

    refuse_model(bpe, "unigram");
    refuse_model(unknown, "unknown");
    refuse_model(text, "protocol buffer");
    refuse_model(nothing, "no pieces");
    for (gsize n = 1; n < g_bytes_get_size(whole);
         n += 5) { /* cut anywhere: an error or a tokenizer */
        g_autoptr(GBytes) cut = g_bytes_new_from_bytes(whole, 0, n);
        g_autoptr(GError) error = NULL;
        g_autoptr(TuneTokenizer) tokenizer = tune_tokenizer_new_sentencepiece(cut, &error);
        g_assert_true((tokenizer == NULL) == (error != NULL));
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/neural/tokenizer/json-gives-ids", test_json_gives_ids);
    g_test_add_func("/neural/tokenizer/other-steps-of-t5", test_other_steps_of_t5);
    g_test_add_func("/neural/tokenizer/sentencepiece-gives-the-same",
                    test_sentencepiece_gives_the_same);
    g_test_add_func("/neural/tokenizer/a-lying-json-is-refused", test_a_lying_json_is_refused);
    g_test_add_func("/neural/tokenizer/a-lying-sentencepiece-is-refused",
                    test_a_lying_sentencepiece_is_refused);
    return g_test_run();
}
