/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "golden.h"

#include "neural/safetensors.h"

#include <math.h>

TuneGolden *tune_golden_open(const char *checkpoint)
{
    g_autoptr(GError) error = NULL;
    TuneGolden *self = g_new0(TuneGolden, 1);
    const char *root = g_getenv("TUNE_GOLDEN");

    g_assert_nonnull(root);
    self->folder = g_build_filename(root, checkpoint, NULL);
    g_autofree char *tensors = g_build_filename(self->folder, "golden.safetensors", NULL);
    g_autofree char *json = g_build_filename(self->folder, "golden.json", NULL);
    self->tensors = tune_safetensors_open(tensors, &error);
    g_assert_no_error(error);
    self->json = json_load_file(json, JSON_ALLOW_NUL, NULL);
    g_assert_nonnull(self->json);
    return self;
}

void tune_golden_free(TuneGolden *self)
{
    if (self == NULL)
        return;
    g_free(self->folder);
    tune_tensor_set_unref(self->tensors);
    json_decref(self->json);
    g_free(self);
}

const TuneTensor *tune_golden_tensor(const TuneGolden *self, const char *name)
{
    const TuneTensor *tensor = tune_tensor_set_find(self->tensors, name);

    if (tensor == NULL)
        g_error("no golden tensor %s in %s", name, self->folder);
    return tensor;
}

float *tune_golden_floats(const TuneGolden *self, const char *name, gsize *n)
{
    const TuneTensor *tensor = tune_golden_tensor(self, name);
    guint64 size = tune_tensor_n_values(tensor);
    float *values = g_new(float, size);

    tune_tensor_read(tensor, 0, size, values);
    if (n != NULL)
        *n = size;
    return values;
}

gint32 *tune_golden_ints(const TuneGolden *self, const char *name, gsize *n)
{
    const TuneTensor *tensor = tune_golden_tensor(self, name);

    g_assert_cmpint(tensor->dtype, ==, TUNE_DTYPE_I32);
    if (n != NULL)
        *n = tune_tensor_n_values(tensor);
    return g_memdup2(tensor->data, tensor->n_bytes);
}

void tune_golden_compare_floats(const char *what, const float *got, const float *want, gsize n,
                                double tolerance)
{
    gsize worst = 0;
    double most = -1;

    for (gsize i = 0; i < n; i++) {
        double apart = fabs((double)got[i] - (double)want[i]);
        if (!(apart <= most)) {
            most = isnan(apart) ? INFINITY : apart;
            worst = i;
        }
    }
    g_test_message("%s: largest difference %.3g of %g allowed", what, most, tolerance);
    if (most > tolerance)
        g_error("%s: value %zu is %.9g, should be %.9g (%.3g apart, %g allowed)", what, worst,
                (double)got[worst], (double)want[worst], most, tolerance);
}

void tune_golden_compare(const TuneGolden *self, const char *name, const float *got, gsize n,
                         double tolerance)
{
    gsize size;
    g_autofree float *want = tune_golden_floats(self, name, &size);

    g_assert_cmpuint(size, ==, n);
    tune_golden_compare_floats(name, got, want, n, tolerance);
}

void tune_golden_compare_ints(const char *what, const gint32 *got, const gint32 *want, gsize n)
{
    for (gsize i = 0; i < n; i++) {
        if (got[i] != want[i])
            g_error("%s: value %zu of %zu is %d, should be %d", what, i, n, got[i], want[i]);
    }
}
