/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/yaml.h"

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size);
int LLVMFuzzerTestOneInput(const guint8 *data, gsize size)
{
    g_autofree char *text = g_strndup((const char *)data, size);
    g_autoptr(TuneYaml) document = tune_yaml_parse("fuzz.yaml", text, size, NULL);

    if (document != NULL)
        tune_yaml_line(tune_yaml_root(document));
    return 0;
}
