/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/json.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size);
int LLVMFuzzerTestOneInput(const guint8 *data, gsize size)
{
    g_autofree char *text = g_strndup((const char *)data, size);
    g_autoptr(json_t) value = tune_json_parse("fuzz.json", text, size, NULL);
    g_autofree char *canonical = value ? tune_json_canonical(value) : NULL;

    if (canonical != NULL) { /* what is written reads back the same */
        g_autoptr(json_t) again = tune_json_parse("again.json", canonical, strlen(canonical), NULL);
        g_assert_true(again != NULL && json_equal(value, again));
    }
    return 0;
}
