/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "model-maker.h"
#include "neural/safetensors.h"

#include <string.h>

#define ENTRY(name, dtype, shape, offsets)                                                         \
    "\"" name "\":{\"dtype\":\"" dtype "\",\"shape\":" shape ",\"data_offsets\":" offsets "}"

static void reads_a_file(void)
{
    const char *header =
        "{\"__metadata__\":{\"format\":\"pt\"}," ENTRY("b", "F16", "[2,3]", "[8,20]") "," ENTRY(
            "a", "F32", "[2]", "[0,8]") "," ENTRY("s", "I64", "[]",
                                                  "[20,28]") "," ENTRY("e", "BOOL", "[0]",
                                                                       "[28,28]") "}  ";
    g_autoptr(GBytes) bytes = test_safetensors(header, 28, 0);
    g_autoptr(GError) error = NULL;
    g_autoptr(TuneTensorSet) set = tune_safetensors_parse(bytes, "x", &error);
    const guint8 *data = (const guint8 *)g_bytes_get_data(bytes, NULL) + 8 + strlen(header);

    g_assert_no_error(error);
    g_assert_cmpuint(tune_tensor_set_size(set), ==, 4);
    g_assert_cmpstr(tune_tensor_set_get(set, 0)->name, ==, "a");
    g_assert_cmpstr(tune_tensor_set_text(set, "format"), ==, "pt");
    const TuneTensor *tensor = tune_tensor_set_find(set, "b");
    g_assert_cmpint(tensor->dtype, ==, TUNE_DTYPE_F16);
    g_assert_cmpuint(tensor->n_dims, ==, 2);
    g_assert_cmpuint(tensor->shape[1], ==, 3);
    g_assert_true((const guint8 *)tensor->data == data + 8);
    g_assert_cmpuint(tune_tensor_n_values(tune_tensor_set_find(set, "s")), ==, 1);
    g_assert_cmpuint(tune_tensor_n_values(tune_tensor_set_find(set, "e")), ==, 0);
}

static void refuses_broken_files(void)
{
    static const struct {
        const char *header;
        gsize n_data;
        guint64 length;
        const char *says;
    } cases[] = {
        {"", 0, 0, "are no safetensors file"},
        {"{}", 0, 100, "cut off: the header has 100 bytes, only 2 are there"},
        {"{}", 0, G_MAXUINT64, "would have 18446744073709551615 bytes"},
        {"{}", 0, TUNE_SAFETENSORS_MAX_HEADER + 1, "more than the 16777216 that are allowed"},
        {"[1,2]", 0, 0, "does not begin with"},
        {"{\"a\":", 0, 0, "x:1:"},
        {"{\"a\":3}", 0, 0, "a: a JSON object is expected"},
        {"{\"\xff\":3}", 0, 0, "x:1:"},
        {"{" ENTRY("a", "F8_E4M3", "[4]", "[0,4]") "}", 4, 0, "a: type F8_E4M3 is not known"},
        {"{\"a\":{\"shape\":[],\"data_offsets\":[0,4]}}", 4, 0, "type (none) is not known"},
        {"{" ENTRY("a", "Q8", "[32]", "[0,34]") "}", 34, 0, "type Q8 is not known"},
        {"{" ENTRY("a", "F32", "[1,1,1,1,1]", "[0,4]") "}", 4, 0, "shape is not a list"},
        {"{" ENTRY("a", "F32", "[-1]", "[0,4]") "}", 4, 0, "shape is not a list"},
        {"{" ENTRY("a", "F32", "[1.0]", "[0,4]") "}", 4, 0, "shape is not a list"},
        {"{" ENTRY("a", "F32", "4", "[0,4]") "}", 4, 0, "shape is not a list"},
        {"{" ENTRY("a", "F32", "[99999999999999999999]", "[0,4]") "}", 4, 0, "x:1:"},
        {"{" ENTRY("a", "F32", "[4294967296,4294967296]", "[0,4]") "}", 4, 0, "too large"},
        {"{" ENTRY("a", "F32", "[4611686018427387904]", "[0,4]") "}", 4, 0, "too large"},
        {"{" ENTRY("a", "F32", "[1]", "[0]") "}", 4, 0, "data_offsets is not a list"},
        {"{" ENTRY("a", "F32", "[1]", "[0,4,8]") "}", 4, 0, "data_offsets is not a list"},
        {"{" ENTRY("a", "F32", "[1]", "[4,0]") "}", 4, 0, "ends before it begins"},
        {"{" ENTRY("a", "F32", "[2]", "[0,8]") "}", 4, 0,
         "ends at byte 8 of 4: the file is cut off"},
        {"{" ENTRY("a", "F32", "[1]", "[9223372036854775803,9223372036854775807]") "}", 4, 0,
         "cut off or its header lies"},
        {"{" ENTRY("a", "F32", "[2]", "[0,4]") "}", 4, 0,
         "F32 [2] takes 8 bytes, the header gives it 4"},
        {"{" ENTRY("a", "F32", "[1]", "[0,4]") "," ENTRY("b", "F32", "[1]", "[0,4]") "}", 4, 0,
         "the data of a and b overlap"},
        {"{" ENTRY("a", "F32", "[2]", "[0,8]") "," ENTRY("b", "F32", "[2]", "[4,12]") "}", 12, 0,
         "the data of a and b overlap"},
        {"{" ENTRY("a", "F32", "[1]", "[4,8]") "}", 8, 0, "nothing owns the 4 bytes before a"},
        {"{" ENTRY("a", "F32", "[1]", "[0,4]") "}", 8, 0, "4 bytes follow the last tensor"},
        {"{" ENTRY("a", "F32", "[1]", "[0,4]") "," ENTRY("a", "F32", "[1]", "[4,8]") "}", 8, 0,
         "duplicate"},
        {"{\"__metadata__\":[]}", 0, 0, "__metadata__ is not a JSON object"},
        {"{\"__metadata__\":{\"a\":1}}", 0, 0, "__metadata__.a is not a text"},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GBytes) bytes =
            test_safetensors(cases[i].header, cases[i].n_data, cases[i].length);
        g_autoptr(GError) error = NULL;

        g_assert_null(tune_safetensors_parse(bytes, "x", &error));
        g_assert_error(error, TUNE_NEURAL_ERROR, TUNE_NEURAL_ERROR_BROKEN);
        if (strstr(error->message, cases[i].says) == NULL)
            g_error("case %" G_GSIZE_FORMAT " says \"%s\", not \"%s\"", i, error->message,
                    cases[i].says);
        g_assert_true(g_str_has_prefix(error->message, "x:"));
    }
}

/* Every beginning of a file is refused. */
static void refuses_cut_files(void)
{
    g_autoptr(GBytes) bytes = test_safetensors("{" ENTRY("a", "F32", "[2]", "[0,8]") "}", 8, 0);
    gsize size = g_bytes_get_size(bytes);

    for (gsize n = 0; n < size; n++) {
        g_autoptr(GBytes) cut = g_bytes_new_from_bytes(bytes, 0, n);
        g_autoptr(GError) error = NULL;

        g_assert_null(tune_safetensors_parse(cut, "x", &error));
        g_assert_error(error, TUNE_NEURAL_ERROR, TUNE_NEURAL_ERROR_BROKEN);
    }
}

/* ---- shards ---- */

static void write_shard(const char *folder, const char *name, const char *tensor)
{
    g_autofree char *path = g_build_filename(folder, name, NULL);
    g_autofree char *header = g_strdup_printf(
        "{\"%s\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}", tensor);
    g_autoptr(GBytes) bytes = test_safetensors(header, 4, 0);

    g_assert_true(g_file_set_contents(path, g_bytes_get_data(bytes, NULL),
                                      (gssize)g_bytes_get_size(bytes), NULL));
}

static TuneTensorSet *open_index(const char *folder, const char *index, GError **error)
{
    g_autofree char *path = g_build_filename(folder, "index.json", NULL);

    test_write_text(folder, "index.json", index);
    return tune_safetensors_open_index(path, error);
}

static void reads_shards(void)
{
    g_autofree char *folder = test_model_folder();
    g_autoptr(GError) error = NULL;

    write_shard(folder, "1.safetensors", "a");
    write_shard(folder, "2.safetensors", "b");
    g_autoptr(TuneTensorSet) set = open_index(
        folder, "{\"weight_map\":{\"b\":\"2.safetensors\",\"a\":\"1.safetensors\"}}", &error);
    g_assert_no_error(error);
    g_assert_cmpuint(tune_tensor_set_size(set), ==, 2);
    g_assert_nonnull(tune_tensor_set_find(set, "a"));
    g_assert_true(tune_tensor_set_find(set, "b")->mapped);
    test_model_remove(folder);
}

static void refuses_broken_indexes(void)
{
    static const struct {
        const char *index, *says;
        gint code;
    } cases[] = {
        {"{", "index.json:1:", TUNE_NEURAL_ERROR_BROKEN},
        {"", "empty", TUNE_NEURAL_ERROR_BROKEN},
        {"{}", "weight_map is missing", TUNE_NEURAL_ERROR_BROKEN},
        {"{\"weight_map\":[]}", "weight_map is missing", TUNE_NEURAL_ERROR_BROKEN},
        {"{\"weight_map\":{\"a\":3}}", "a is said to be in what is no file name",
         TUNE_NEURAL_ERROR_BROKEN},
        {"{\"weight_map\":{\"a\":\"../1.safetensors\"}}", "no file name", TUNE_NEURAL_ERROR_BROKEN},
        {"{\"weight_map\":{\"a\":\"/etc/passwd\"}}", "no file name", TUNE_NEURAL_ERROR_BROKEN},
        {"{\"weight_map\":{\"a\":\"..\"}}", "no file name", TUNE_NEURAL_ERROR_BROKEN},
        {"{\"weight_map\":{\"a\":\"\"}}", "no file name", TUNE_NEURAL_ERROR_BROKEN},
        {"{\"weight_map\":{\"a\":\"1.safetensors\",\"a\":\"1.safetensors\"}}", "duplicate",
         TUNE_NEURAL_ERROR_BROKEN},
        {"{\"weight_map\":{\"z\":\"1.safetensors\"}}", "z should be in 1.safetensors and is not",
         TUNE_NEURAL_ERROR_BROKEN},
        {"{\"weight_map\":{\"a\":\"none.safetensors\"}}", "none.safetensors", TUNE_NEURAL_ERROR_IO},
        {"{\"weight_map\":{\"a\":\"1.safetensors\",\"b\":\"twice.safetensors\"}}",
         "b should be in twice.safetensors and is not", TUNE_NEURAL_ERROR_BROKEN},
        {"{\"weight_map\":{\"a\":\"1.safetensors\",\"c\":\"same.safetensors\"}}",
         "a is in same.safetensors and in another file", TUNE_NEURAL_ERROR_BROKEN},
        {"{\"weight_map\":{\"a\":\"index.json\"}}", "not a safetensors file",
         TUNE_NEURAL_ERROR_BROKEN},
    };
    g_autofree char *folder = test_model_folder();

    write_shard(folder, "1.safetensors", "a");
    write_shard(folder, "twice.safetensors", "c");
    write_shard(folder, "same.safetensors", "a");
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;

        g_assert_null(open_index(folder, cases[i].index, &error));
        g_assert_error(error, TUNE_NEURAL_ERROR, cases[i].code);
        if (strstr(error->message, cases[i].says) == NULL)
            g_error("case %" G_GSIZE_FORMAT " says \"%s\", not \"%s\"", i, error->message,
                    cases[i].says);
    }
    test_model_remove(folder);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/neural/safetensors/reads-a-file", reads_a_file);
    g_test_add_func("/neural/safetensors/refuses-broken-files", refuses_broken_files);
    g_test_add_func("/neural/safetensors/refuses-cut-files", refuses_cut_files);
    g_test_add_func("/neural/safetensors/reads-shards", reads_shards);
    g_test_add_func("/neural/safetensors/refuses-broken-indexes", refuses_broken_indexes);
    return g_test_run();
}
