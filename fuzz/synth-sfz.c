/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "synth/sfz.h"

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size);
int LLVMFuzzerTestOneInput(const guint8 *data, gsize size)
{
    g_autofree char *text = g_strndup((const char *)data, size);
    g_autoptr(TuneSfz) sfz = tune_sfz_parse("fuzz.sfz", text, NULL);

    for (guint i = 0; sfz != NULL && i < sfz->regions->len; i++)
        if (g_array_index(sfz->regions, TuneSfzRegion, i).file >= sfz->files->len)
            g_error("a region without a file");
    return 0;
}
