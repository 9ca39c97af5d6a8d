/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "golden.h"
#include "neural/sampling.h"

#include <string.h>

static TuneSampling settings_of(const json_t *entry)
{
    return (TuneSampling){
        .guidance = json_number_value(json_object_get(entry, "guidance_scale")),
        .temperature = json_number_value(json_object_get(entry, "temperature")),
        .top_k = (guint)json_integer_value(json_object_get(entry, "top_k")),
        .top_p = json_number_value(json_object_get(entry, "top_p")),
    };
}

static void check_row(const TuneGolden *golden, guint setting, guint row,
                      const TuneSampling *sampling, gsize kept)
{
    const TuneTensor *logits = tune_golden_tensor(golden, "sampling.logits");
    g_autofree char *name = g_strdup_printf("sampling.probs.%u", setting);
    g_autofree float *want = tune_golden_floats(golden, name, NULL);
    gsize n_rows = logits->shape[0] / 2, n = logits->shape[1];
    g_autofree float *guided = g_new(float, n), *null = g_new(float, n), *got = g_new(float, n);

    tune_tensor_read(logits, row * n, n, guided);
    tune_tensor_read(logits, (n_rows + row) * n, n, null);
    if (sampling->guidance > 1)
        tune_guide(guided, null, n, sampling->guidance);
    g_assert_cmpuint(tune_sampling_probabilities(sampling, guided, n, got), ==, kept);
    tune_golden_compare_floats(name, got, want + row * n, n, 1e-6);
    for (gsize i = 0; i < n; i++)
        g_assert_true((got[i] > 0) == (want[row * n + i] > 0));
}

static void test_probabilities(void)
{
    g_autoptr(TuneGolden) golden = tune_golden_open("tiny-mono");
    const json_t *list = json_object_get(golden->json, "sampling"), *entry;
    gsize i;

    g_assert_cmpuint(json_array_size(list), >=, 8);
    json_array_foreach(list, i, entry)
    {
        TuneSampling sampling = settings_of(entry);
        const json_t *kept = json_object_get(entry, "kept");

        for (guint row = 0; row < json_array_size(kept); row++)
            check_row(golden, (guint)i, row, &sampling,
                      (gsize)json_integer_value(json_array_get(kept, row)));
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/neural/golden/sampling/probabilities", test_probabilities);
    return g_test_run();
}
