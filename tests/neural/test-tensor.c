/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "model-maker.h"

#include <math.h>
#include <string.h>

static TuneTensor tensor_of(TuneDtype dtype, guint64 n, gconstpointer data)
{
    TuneTensor tensor = {.name = "x", .dtype = dtype, .n_dims = 1, .shape = {n}, .data = data};

    g_assert_true(tune_tensor_measure(&tensor));
    return tensor;
}

static void measures_shapes(void)
{
    static const struct {
        TuneDtype dtype;
        guint n_dims;
        guint64 shape[TUNE_TENSOR_MAX_DIMS];
        guint64 bytes; /* G_MAXUINT64: refused */
    } cases[] = {
        {TUNE_DTYPE_F32, 0, {0}, 4},
        {TUNE_DTYPE_F32, 2, {3, 5}, 60},
        {TUNE_DTYPE_F16, 3, {3, 5, 2}, 60},
        {TUNE_DTYPE_I64, 1, {3}, 24},
        {TUNE_DTYPE_BOOL, 1, {3}, 3},
        {TUNE_DTYPE_F32, 2, {0, 5}, 0},
        {TUNE_DTYPE_Q8, 2, {3, 64}, 3 * 2 * 34},
        {TUNE_DTYPE_Q4, 2, {3, 64}, 3 * 2 * 18},
        {TUNE_DTYPE_Q8, 2, {64, 3}, G_MAXUINT64}, /* rows are not whole blocks */
        {TUNE_DTYPE_Q4, 0, {0}, G_MAXUINT64},
        {TUNE_DTYPE_F32, 1, {G_MAXUINT64 / 4 + 1}, G_MAXUINT64},
        {TUNE_DTYPE_F32,
         2,
         {G_GUINT64_CONSTANT(1) << 32, G_GUINT64_CONSTANT(1) << 32},
         G_MAXUINT64},
        {TUNE_DTYPE_F32, 4, {0, 1, G_MAXUINT64, G_MAXUINT64}, 0},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        TuneTensor tensor = {.dtype = cases[i].dtype, .n_dims = cases[i].n_dims};

        memcpy(tensor.shape, cases[i].shape, sizeof tensor.shape);
        g_assert_cmpint(tune_tensor_measure(&tensor), ==, cases[i].bytes != G_MAXUINT64);
        if (cases[i].bytes != G_MAXUINT64)
            g_assert_cmpuint(tensor.n_bytes, ==, cases[i].bytes);
    }
    g_assert_cmpuint(tune_dtype_bytes(TUNE_DTYPE_I64, G_MAXUINT64), ==, 0);
    g_assert_cmpuint(tune_dtype_bytes(TUNE_DTYPE_Q8, 33), ==, 0);
}

static void reads_floats_at_any_alignment(void)
{
    const float values[] = {0.0f, -1.5f, 3e38f, INFINITY, NAN};
    guint8 bytes[1 + sizeof values];
    float out[G_N_ELEMENTS(values)];

    memcpy(bytes + 1, values, sizeof values);
    TuneTensor tensor = tensor_of(TUNE_DTYPE_F32, G_N_ELEMENTS(values), bytes + 1);
    tune_tensor_read(&tensor, 0, G_N_ELEMENTS(values), out);
    g_assert_cmpmem(out, sizeof out, values, sizeof values);
    tune_tensor_read(&tensor, 1, 2, out);
    g_assert_cmpfloat(out[0], ==, -1.5f);
    g_assert_cmpfloat(out[1], ==, 3e38f);
}

static void reads_halves(void)
{
    /* 1, -2, the largest, the smallest normal and subnormal, infinity */
    const guint16 halves[] = {0x3c00, 0xc000, 0x7bff, 0x0400, 0x0001, 0xfc00, 0x7e00};
    const guint16 brains[] = {0x3f80, 0xc000, 0x7f80, 0x0001};
    float out[7];

    TuneTensor tensor = tensor_of(TUNE_DTYPE_F16, 7, halves);
    tune_tensor_read(&tensor, 0, 7, out);
    g_assert_cmpfloat(out[0], ==, 1.0f);
    g_assert_cmpfloat(out[1], ==, -2.0f);
    g_assert_cmpfloat(out[2], ==, 65504.0f);
    g_assert_cmpfloat(out[3], ==, 0x1p-14f);
    g_assert_cmpfloat(out[4], ==, 0x1p-24f);
    g_assert_true(isinf(out[5]) && out[5] < 0);
    g_assert_true(isnan(out[6]));
    tensor = tensor_of(TUNE_DTYPE_BF16, 4, brains);
    tune_tensor_read(&tensor, 0, 4, out);
    g_assert_cmpfloat(out[0], ==, 1.0f);
    g_assert_cmpfloat(out[1], ==, -2.0f);
    g_assert_true(isinf(out[2]));
    g_assert_cmpfloat(out[3], ==, 0x1p-133f);
}

static void reads_blocks(void)
{
    guint8 q8[2 * 34] = {0}, q4[2 * 18] = {0};
    float out[64];

    q8[0] = q4[0] = 0x00;
    q8[1] = q4[1] = 0x38; /* one half */
    q8[34] = q4[18] = 0x00;
    q8[35] = q4[19] = 0xc0; /* minus two */
    for (guint i = 0; i < 32; i++) {
        q8[2 + i] = (guint8)(gint8)(4 * (gint)i - 64);
        q8[36 + i] = (guint8)i;
    }
    for (guint i = 0; i < 16; i++) {
        q4[2 + i] = (guint8)(i | (15 - i) << 4);
        q4[20 + i] = 0x8f;
    }
    TuneTensor tensor = tensor_of(TUNE_DTYPE_Q8, 64, q8);
    tune_tensor_read(&tensor, 0, 64, out);
    for (guint i = 0; i < 32; i++) {
        g_assert_cmpfloat(out[i], ==, 0.5f * (4.0f * (float)i - 64.0f));
        g_assert_cmpfloat(out[32 + i], ==, -2.0f * (float)i);
    }
    tensor = tensor_of(TUNE_DTYPE_Q4, 64, q4);
    tune_tensor_read(&tensor, 0, 64, out);
    for (guint i = 0; i < 16; i++) {
        g_assert_cmpfloat(out[i], ==, 0.5f * ((float)i - 8.0f));
        g_assert_cmpfloat(out[16 + i], ==, 0.5f * (7.0f - (float)i));
        g_assert_cmpfloat(out[32 + i], ==, -14.0f);
        g_assert_cmpfloat(out[48 + i], ==, 0.0f);
    }
    tune_tensor_read(&tensor, 32, 32, out);
    g_assert_cmpfloat(out[0], ==, -14.0f);
}

static void reads_integers(void)
{
    const gint32 small[] = {-7, G_MAXINT32};
    const gint64 large[] = {-7, G_GINT64_CONSTANT(1) << 40};
    const guint8 truths[] = {0, 1, 5};
    float out[3];

    TuneTensor tensor = tensor_of(TUNE_DTYPE_I32, 2, small);
    tune_tensor_read(&tensor, 0, 2, out);
    g_assert_cmpfloat(out[0], ==, -7.0f);
    tensor = tensor_of(TUNE_DTYPE_I64, 2, large);
    tune_tensor_read(&tensor, 0, 2, out);
    g_assert_cmpfloat(out[0], ==, -7.0f);
    g_assert_cmpfloat(out[1], ==, 0x1p40f);
    tensor = tensor_of(TUNE_DTYPE_BOOL, 3, truths);
    tune_tensor_read(&tensor, 0, 3, out);
    g_assert_true(out[0] == 0.0f && out[1] == 1.0f && out[2] == 1.0f);
}

static void keeps_names_and_order(void)
{
    g_autoptr(TuneTensorSet) set = tune_tensor_set_new(), other = tune_tensor_set_new();
    char name[] = "first";
    const float values[2] = {1, 2};
    TuneTensor tensor = tensor_of(TUNE_DTYPE_F32, 2, values);
    const char *twice = NULL;

    tensor.name = name;
    g_assert_true(tune_tensor_set_add(set, &tensor));
    memcpy(name, "other", 5);
    g_assert_true(tune_tensor_set_add(set, &tensor));
    g_assert_false(tune_tensor_set_add(set, &tensor));
    g_assert_cmpuint(tune_tensor_set_size(set), ==, 2);
    g_assert_cmpstr(tune_tensor_set_get(set, 0)->name, ==, "first");
    g_assert_true(tune_tensor_set_find(set, "other") == tune_tensor_set_get(set, 1));
    g_assert_null(tune_tensor_set_find(set, "none"));
    g_assert_cmpuint(tune_tensor_set_bytes(set), ==, 16);
    tune_tensor_set_put_text(set, "key", "a");
    tune_tensor_set_put_text(set, "key", "b");
    g_assert_cmpstr(tune_tensor_set_text(set, "key"), ==, "b");
    g_assert_null(tune_tensor_set_text(set, "none"));
    g_assert_true(tune_tensor_set_merge(other, set, &twice));
    g_assert_false(tune_tensor_set_merge(other, set, &twice));
    g_assert_cmpstr(twice, ==, "first");
}

static void describes(void)
{
    TuneTensor tensor = {.dtype = TUNE_DTYPE_BF16, .n_dims = 2, .shape = {1024, 768}};
    g_autofree char *matrix = tune_tensor_describe(&tensor), *scalar = NULL;

    g_assert_cmpstr(matrix, ==, "BF16 [1024, 768]");
    tensor.n_dims = 0;
    scalar = tune_tensor_describe(&tensor);
    g_assert_cmpstr(scalar, ==, "BF16 []");
}

/* Pages of a mapped file come back from it; bytes in memory are left alone. */
static void forgets_only_what_can_be_read_again(void)
{
    g_autofree char *folder = test_model_folder(), *path = NULL;
    const gsize n = 40000;
    g_autofree float *values = g_new(float, n), *out = g_new(float, n);

    for (gsize i = 0; i < n; i++)
        values[i] = (float)i;
    path = g_build_filename(folder, "floats", NULL);
    g_assert_true(
        g_file_set_contents(path, (const char *)values, (gssize)(n * sizeof *values), NULL));
    g_autoptr(GBytes) bytes = tune_model_file_map(path, NULL);
    TuneTensor mapped = tensor_of(TUNE_DTYPE_F32, n, g_bytes_get_data(bytes, NULL));
    TuneTensor plain = tensor_of(TUNE_DTYPE_F32, n, values);
    mapped.mapped = TRUE;
    for (guint i = 0; i < 2; i++) {
        tune_tensor_read(i == 0 ? &mapped : &plain, 0, n, out);
        tune_tensor_forget(i == 0 ? &mapped : &plain);
        tune_tensor_read(i == 0 ? &mapped : &plain, 0, n, out);
        for (gsize k = 0; k < n; k++)
            g_assert_cmpfloat(out[k], ==, (float)k);
    }
    test_model_remove(folder);
}

static void maps_only_files(void)
{
    g_autoptr(GError) error = NULL;

    g_assert_null(tune_model_file_map("/dev/zero", &error));
    g_assert_error(error, TUNE_NEURAL_ERROR, TUNE_NEURAL_ERROR_IO);
    g_clear_error(&error);
    g_assert_null(tune_model_file_map("/no/such/file", &error));
    g_assert_error(error, TUNE_NEURAL_ERROR, TUNE_NEURAL_ERROR_IO);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/neural/tensor/measures-shapes", measures_shapes);
    g_test_add_func("/neural/tensor/reads-floats-at-any-alignment", reads_floats_at_any_alignment);
    g_test_add_func("/neural/tensor/reads-halves", reads_halves);
    g_test_add_func("/neural/tensor/reads-blocks", reads_blocks);
    g_test_add_func("/neural/tensor/reads-integers", reads_integers);
    g_test_add_func("/neural/tensor/keeps-names-and-order", keeps_names_and_order);
    g_test_add_func("/neural/tensor/describes", describes);
    g_test_add_func("/neural/tensor/forgets-only-what-can-be-read-again",
                    forgets_only_what_can_be_read_again);
    g_test_add_func("/neural/tensor/maps-only-files", maps_only_files);
    return g_test_run();
}
