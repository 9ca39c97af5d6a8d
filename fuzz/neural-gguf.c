/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The reader of GGUF files.
 */
#include "neural-input.h"
#include "neural/gguf.h"

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size);

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size)
{
    g_autoptr(GBytes) bytes = g_bytes_new_static(data, size);
    g_autoptr(GError) error = NULL;
    g_autoptr(TuneTensorSet) set = tune_gguf_parse(bytes, "x", &error);

    g_assert_true((set == NULL) == (error != NULL));
    if (set != NULL)
        fuzz_check_tensors(set, data, size);
    else
        g_assert_true(error->domain == TUNE_NEURAL_ERROR &&
                      g_utf8_validate(error->message, -1, NULL));
    return 0;
}
