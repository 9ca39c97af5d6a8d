/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "model-maker.h"
#include "neural/compute.h"
#include "neural/gguf.h"

#include <glib/gstdio.h>
#include <string.h>

/* Two texts, a number and five tensors, one of each type that we write. */
static char *write_small(const char *folder)
{
    char *path = g_build_filename(folder, "small.gguf", NULL);
    g_autoptr(GError) error = NULL;
    g_autoptr(TuneGgufWriter) writer = tune_gguf_writer_new(path, &error);
    float values[96];
    guint8 q8[3 * 34], q4[3 * 18];
    guint16 halves[3] = {0x3c00, 0xc000, 0x3800};

    for (guint i = 0; i < G_N_ELEMENTS(values); i++)
        values[i] = test_model_value("gguf", i);
    tune_quantize_row(TUNE_DTYPE_Q8, values, 96, q8);
    tune_quantize_row(TUNE_DTYPE_Q4, values, 96, q4);
    g_assert_no_error(error);
    tune_gguf_writer_put_text(writer, "general.architecture", "musicgen");
    tune_gguf_writer_put_u32(writer, "general.file_type", 7);
    tune_gguf_writer_put_text(writer, "text", "caf\xc3\xa9\n");
    tune_gguf_writer_announce(writer, "floats", TUNE_DTYPE_F32, 2, (guint64[]){3, 5});
    tune_gguf_writer_announce(writer, "halves", TUNE_DTYPE_F16, 1, (guint64[]){3});
    tune_gguf_writer_announce(writer, "empty", TUNE_DTYPE_F32, 1, (guint64[]){0});
    tune_gguf_writer_announce(writer, "eights", TUNE_DTYPE_Q8, 2, (guint64[]){3, 32});
    tune_gguf_writer_announce(writer, "fours", TUNE_DTYPE_Q4, 3, (guint64[]){1, 3, 32});
    g_assert_true(tune_gguf_writer_begin_data(writer, &error));
    g_assert_true(tune_gguf_writer_write(writer, values, 20, &error));
    g_assert_true(tune_gguf_writer_write(writer, values + 5, 40, &error));
    g_assert_true(tune_gguf_writer_write(writer, halves, sizeof halves, &error));
    g_assert_true(tune_gguf_writer_write(writer, q8, sizeof q8, &error));
    g_assert_true(tune_gguf_writer_write(writer, q4, sizeof q4, &error));
    g_assert_false(g_file_test(path, G_FILE_TEST_EXISTS));
    g_assert_true(tune_gguf_writer_finish(writer, &error));
    g_assert_no_error(error);
    return path;
}

static void reads_what_it_wrote(void)
{
    g_autofree char *folder = test_model_folder();
    g_autofree char *path = write_small(folder);
    g_autoptr(GError) error = NULL;
    g_autoptr(TuneTensorSet) set = tune_gguf_open(path, &error);
    float out[96];

    g_assert_no_error(error);
    g_assert_cmpstr(tune_tensor_set_text(set, "general.architecture"), ==, "musicgen");
    g_assert_cmpstr(tune_tensor_set_text(set, "text"), ==, "caf\xc3\xa9\n");
    g_assert_cmpuint(tune_tensor_set_size(set), ==, 5);
    const TuneTensor *tensor = tune_tensor_set_find(set, "floats");
    g_autofree char *floats = tune_tensor_describe(tensor);
    g_assert_cmpstr(floats, ==, "F32 [3, 5]");
    tune_tensor_read(tensor, 0, 15, out);
    for (guint i = 0; i < 15; i++)
        g_assert_cmpfloat(out[i], ==, test_model_value("gguf", i));
    tensor = tune_tensor_set_find(set, "fours");
    g_autofree char *fours = tune_tensor_describe(tensor);
    g_assert_cmpstr(fours, ==, "Q4 [1, 3, 32]");
    tune_tensor_read(tune_tensor_set_find(set, "eights"), 0, 96, out);
    for (guint i = 0; i < 96; i++)
        g_assert_cmpfloat_with_epsilon(out[i], test_model_value("gguf", i), 0.5f / 126);
    tune_tensor_read(tensor, 0, 96, out);
    for (guint i = 0; i < 96; i++)
        g_assert_cmpfloat_with_epsilon(out[i], test_model_value("gguf", i), 0.16f);
    for (guint i = 0; i < 5; i++)
        g_assert_cmpuint((gsize)tune_tensor_set_get(set, i)->data % 32, ==, 0);
    test_model_remove(folder);
}

static void leaves_nothing_unfinished(void)
{
    g_autofree char *folder = test_model_folder();
    g_autofree char *path = g_build_filename(folder, "x.gguf", NULL);
    g_autoptr(GError) error = NULL;
    TuneGgufWriter *writer = tune_gguf_writer_new(path, &error);

    tune_gguf_writer_announce(writer, "a", TUNE_DTYPE_F32, 1, (guint64[]){4});
    g_assert_true(tune_gguf_writer_begin_data(writer, &error));
    tune_gguf_writer_free(writer);
    g_assert_cmpint(g_rmdir(folder), ==, 0);
    g_assert_null(tune_gguf_writer_new("/no/such/folder/x.gguf", &error));
    g_assert_error(error, TUNE_NEURAL_ERROR, TUNE_NEURAL_ERROR_IO);
}

/* ---- broken files, written byte by byte ---- */

static void put(GByteArray *out, guint64 value, guint n_bytes)
{
    for (guint i = 0; i < n_bytes; i++)
        g_byte_array_append(out, (guint8[]){(guint8)(i < 8 ? value >> (8 * i) : 0)}, 1);
}

static void put_text(GByteArray *out, const char *text)
{
    put(out, strlen(text), 8);
    g_byte_array_append(out, (const guint8 *)text, (guint)strlen(text));
}

static GByteArray *head(guint64 version, guint64 n_tensors, guint64 n_keys)
{
    GByteArray *out = g_byte_array_new();

    g_byte_array_append(out, (const guint8 *)"GGUF", 4);
    put(out, version, 4);
    put(out, n_tensors, 8);
    put(out, n_keys, 8);
    return out;
}

static void put_tensor(GByteArray *out, const char *name, guint64 size, guint64 type,
                       guint64 offset)
{
    put_text(out, name);
    put(out, 1, 4);
    put(out, size, 8);
    put(out, type, 4);
    put(out, offset, 8);
}

static void put_data(GByteArray *out, guint n)
{
    while (out->len % 32 != 0)
        put(out, 0, 1);
    for (guint i = 0; i < n; i++)
        put(out, i, 1);
}

static TuneTensorSet *parse(GByteArray *array, GError **error)
{
    g_autoptr(GBytes) bytes = g_byte_array_free_to_bytes(array);

    return tune_gguf_parse(bytes, "x", error);
}

static void assert_refused(GByteArray *array, const char *says)
{
    g_autoptr(GError) error = NULL;

    g_assert_null(parse(array, &error));
    g_assert_error(error, TUNE_NEURAL_ERROR, TUNE_NEURAL_ERROR_BROKEN);
    if (strstr(error->message, says) == NULL)
        g_error("says \"%s\", not \"%s\"", error->message, says);
}

static void refuses_broken_headers(void)
{
    GByteArray *out = head(3, 0, 0);

    out->data[3] = 'G';
    assert_refused(out, "not a GGUF file");
    assert_refused(g_byte_array_new(), "not a GGUF file");
    assert_refused(head(1, 0, 0), "version 1");
    assert_refused(head(0x03000000, 0, 0), "version 50331648"); /* big-endian */
    assert_refused(head(3, 0, G_MAXUINT64), "are too many");
    assert_refused(head(3, G_MAXUINT64, 0), "are too many");
    assert_refused(head(3, 0, 5), "cut off");
    assert_refused(head(3, 5, 0), "cut off");
}

static void refuses_broken_keys(void)
{
    GByteArray *out = head(3, 0, 1);

    put(out, G_MAXUINT64, 8);
    assert_refused(out, "a text of 18446744073709551615 bytes");
    out = head(3, 0, 1);
    put_text(out, "\xff\xfe");
    assert_refused(out, "is not UTF-8");
    out = head(3, 0, 1);
    put_text(out, "key");
    put(out, 13, 4);
    assert_refused(out, "type is not known");
    out = head(3, 0, 1);
    put_text(out, "key");
    put(out, 9, 4); /* a list of 2^63 numbers of eight bytes */
    put(out, 10, 4);
    put(out, G_GUINT64_CONSTANT(1) << 63, 8);
    assert_refused(out, "a list of");
    out = head(3, 0, 1);
    put_text(out, "key");
    put(out, 9, 4); /* lists of lists of lists ... */
    for (guint i = 0; i < 10; i++) {
        put(out, 9, 4);
        put(out, 1, 8);
    }
    assert_refused(out, "type is not known");
    out = head(3, 0, 2);
    for (guint i = 0; i < 2; i++) {
        put_text(out, "key");
        put(out, 8, 4);
        put_text(out, "x");
    }
    assert_refused(out, "key key is there twice");
    out = head(3, 0, 1);
    put_text(out, "general.alignment");
    put(out, 4, 4);
    put(out, 48, 4);
    assert_refused(out, "power of two");
}

static void refuses_broken_tensors(void)
{
    GByteArray *out = head(3, 1, 0);

    put_tensor(out, "0123456789012345678901234567890123456789012345678901234567890123", 4, 0, 0);
    assert_refused(out, "a text of 64 bytes");
    out = head(3, 1, 0);
    put_text(out, "a");
    put(out, 5, 4);
    assert_refused(out, "a has 5 dimensions");
    out = head(3, 1, 0);
    put_tensor(out, "a", 4, 13, 0); /* Q5_K */
    put_data(out, 64);
    assert_refused(out, "a is of type 13");
    out = head(3, 1, 0);
    put_tensor(out, "a", 33, 8, 0);
    put_data(out, 64);
    assert_refused(out, "no whole blocks");
    out = head(3, 1, 0);
    put_tensor(out, "a", G_MAXUINT64, 0, 0);
    put_data(out, 64);
    assert_refused(out, "too large");
    out = head(3, 1, 0);
    put_tensor(out, "a", 4, 0, 8);
    put_data(out, 64);
    assert_refused(out, "not aligned");
    out = head(3, 1, 0);
    put_tensor(out, "a", 17, 0, 0);
    put_data(out, 64);
    assert_refused(out, "the data of a ends outside");
    out = head(3, 1, 0);
    put_tensor(out, "a", 4, 0, G_MAXUINT64 - 31);
    put_data(out, 64);
    assert_refused(out, "the data of a ends outside");
    out = head(3, 2, 0);
    put_tensor(out, "a", 16, 0, 0);
    put_tensor(out, "b", 4, 0, 32);
    put_data(out, 64);
    assert_refused(out, "the data of a and b overlap");
    out = head(3, 2, 0);
    put_tensor(out, "a", 4, 0, 0);
    put_tensor(out, "a", 4, 0, 32);
    put_data(out, 64);
    assert_refused(out, "tensor a is there twice");
}

static void skips_keys_that_are_not_ours(void)
{
    GByteArray *out = head(2, 1, 4);
    g_autoptr(GError) error = NULL;
    static const guint8 bytes[] = {1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8};

    put_text(out, "number");
    put(out, 12, 4);
    put(out, 77, 8);
    put_text(out, "texts");
    put(out, 9, 4);
    put(out, 8, 4);
    put(out, 2, 8);
    put_text(out, "one");
    put_text(out, "two");
    put_text(out, "general.alignment");
    put(out, 4, 4);
    put(out, 64, 4);
    put_text(out, "lists");
    put(out, 9, 4);
    put(out, 9, 4);
    put(out, 2, 8);
    for (guint i = 0; i < 2; i++) {
        put(out, i + 5, 4);
        put(out, 3, 8);
        put(out, 0, 3 * bytes[i + 5]);
    }
    put_tensor(out, "a", 2, 0, 0);
    while (out->len % 64 != 0)
        put(out, 0, 1);
    put(out, 0x3f800000, 4);
    put(out, 0x40000000, 4);
    g_autoptr(TuneTensorSet) set = parse(out, &error);
    g_assert_no_error(error);
    float values[2];
    tune_tensor_read(tune_tensor_set_find(set, "a"), 0, 2, values);
    g_assert_cmpfloat(values[0], ==, 1.0f);
    g_assert_cmpfloat(values[1], ==, 2.0f);
}

/* Each beginning of a file is refused, and no changed byte leads outside. */
static void survives_damage(void)
{
    g_autofree char *folder = test_model_folder();
    g_autofree char *path = write_small(folder), *data = NULL;
    gsize size;

    g_assert_true(g_file_get_contents(path, &data, &size, NULL));
    for (gsize n = 0; n < size; n++) {
        /* What follows the last tensor is padding. */
        GByteArray *cut = g_byte_array_new();
        g_byte_array_append(cut, (const guint8 *)data, (guint)n);
        g_autoptr(TuneTensorSet) set = parse(cut, NULL);
        g_assert_true(set == NULL || n + 32 > size);
    }
    for (gsize i = 0; i < size; i++) {
        g_autofree guint8 *damaged = g_memdup2(data, size);
        damaged[i] ^= (guint8)(1u << i % 8);
        g_autoptr(GBytes) bytes = g_bytes_new(damaged, size);
        g_autoptr(TuneTensorSet) set = tune_gguf_parse(bytes, "x", NULL);
        const guint8 *start = g_bytes_get_data(bytes, NULL);

        for (guint k = 0; set != NULL && k < tune_tensor_set_size(set); k++) {
            const TuneTensor *tensor = tune_tensor_set_get(set, k);
            g_assert_true((const guint8 *)tensor->data >= start);
            g_assert_true((const guint8 *)tensor->data + tensor->n_bytes <= start + size);
        }
    }
    test_model_remove(folder);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/neural/gguf/reads-what-it-wrote", reads_what_it_wrote);
    g_test_add_func("/neural/gguf/leaves-nothing-unfinished", leaves_nothing_unfinished);
    g_test_add_func("/neural/gguf/refuses-broken-headers", refuses_broken_headers);
    g_test_add_func("/neural/gguf/refuses-broken-keys", refuses_broken_keys);
    g_test_add_func("/neural/gguf/refuses-broken-tensors", refuses_broken_tensors);
    g_test_add_func("/neural/gguf/skips-keys-that-are-not-ours", skips_keys_that_are_not_ours);
    g_test_add_func("/neural/gguf/survives-damage", survives_damage);
    return g_test_run();
}
