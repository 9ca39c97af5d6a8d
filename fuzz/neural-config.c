/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * config.json, and what tensors it makes us expect.
 */
#include "neural/layout.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size);

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size)
{
    g_autoptr(json_t) json = tune_json_parse("x", (const char *)data, size, NULL);
    g_autoptr(GError) error = NULL;
    TuneMusicgenConfig config;

    if (json == NULL)
        return 0;
    gboolean good =
        tune_musicgen_config_read(&config, json, json_object_get(json, "generation"), &error);
    g_assert_true(good == (error == NULL));
    if (!good)
        return 0;
    g_autoptr(GArray) layout = tune_layout(&config);
    for (guint i = 0; i < layout->len; i++) {
        const TuneExpected *expected = &g_array_index(layout, TuneExpected, i);

        g_assert_cmpuint(strlen(expected->short_name), <=, 63);
        g_assert_cmpuint(expected->n_dims, >, 0);
        for (guint k = 0; k < expected->n_dims; k++)
            g_assert_true(expected->shape[k] > 0 && expected->shape[k] < G_GUINT64_CONSTANT(1)
                                                                             << 32);
    }
    return 0;
}
