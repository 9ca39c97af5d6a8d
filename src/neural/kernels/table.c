/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "neural/kernels/kernels.h"

#include <string.h>

static const char *const names[TUNE_N_WEIGHT_TYPES] = {"f32", "f16", "q8", "q4"};

const char *tune_weight_type_name(TuneWeightType type)
{
    return names[type];
}

gboolean tune_weight_type_from_name(const char *name, TuneWeightType *out)
{
    for (guint i = 0; i < TUNE_N_WEIGHT_TYPES; i++) {
        if (strcmp(names[i], name) == 0) {
            *out = (TuneWeightType)i;
            return TRUE;
        }
    }
    return FALSE;
}

gsize tune_panel_bytes(TuneWeightType type, gsize columns)
{
    gsize blocks = (columns + 31) / 32;

    switch (type) {
    case TUNE_WEIGHTS_F32:
        return columns * TUNE_PANEL_ROWS * sizeof(float);
    case TUNE_WEIGHTS_F16:
        return columns * TUNE_PANEL_ROWS * sizeof(guint16);
    case TUNE_WEIGHTS_Q8:
        return blocks * TUNE_PANEL_ROWS * (sizeof(guint16) + 32);
    case TUNE_WEIGHTS_Q4:
        return blocks * TUNE_PANEL_ROWS * (sizeof(guint16) + 16);
    default:
        g_assert_not_reached();
    }
}

static const TuneKernels *const all[] = {
    &tune_kernels_scalar,
};

const TuneKernels *const *tune_kernels_all(guint *n)
{
    *n = G_N_ELEMENTS(all);
    return all;
}

const TuneKernels *tune_kernels_best(void)
{
    guint i = 0;

    while (!all[i]->usable())
        i++;
    return all[i];
}

const TuneKernels *tune_kernels_named(const char *name)
{
    for (guint i = 0; i < G_N_ELEMENTS(all); i++)
        if (strcmp(all[i]->name, name) == 0 && all[i]->usable())
            return all[i];
    return NULL;
}
