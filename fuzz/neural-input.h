/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What must hold of every set of tensors that a reader lets through, whatever the bytes were.
 */
#pragma once
#include "neural/tensor.h"

#define READ_VALUES ((guint64)1024) /* whole blocks of the quantised types */

static inline void fuzz_check_tensors(const TuneTensorSet *set, const guint8 *data, gsize size)
{
    float values[READ_VALUES];

    for (guint i = 0; i < tune_tensor_set_size(set); i++) {
        const TuneTensor *tensor = tune_tensor_set_get(set, i);
        const guint8 *start = tensor->data;
        const guint64 n = tune_tensor_n_values(tensor), part = MIN(n, READ_VALUES);
        g_autofree char *text = tune_tensor_describe(tensor);

        g_assert_true(start >= data && tensor->n_bytes <= size - (gsize)(start - data));
        g_assert_cmpuint(tensor->n_bytes, ==, tune_dtype_bytes(tensor->dtype, n));
        g_assert_true(tune_tensor_set_find(set, tensor->name) == tensor);
        g_assert_true(g_utf8_validate(tensor->name, -1, NULL));
        /* The sanitizer sees what is read outside. */
        tune_tensor_read(tensor, 0, part, values);
        tune_tensor_read(tensor, n - part, part, values);
    }
}
