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
    gsize blocks = (columns + 31) / 32, bytes = 0;

    switch (type) {
    case TUNE_WEIGHTS_F32:
        bytes = columns * TUNE_PANEL_ROWS * sizeof(float);
        break;
    case TUNE_WEIGHTS_F16:
        bytes = columns * TUNE_PANEL_ROWS * sizeof(guint16);
        break;
    case TUNE_WEIGHTS_Q8:
        bytes = blocks * TUNE_PANEL_ROWS * (sizeof(guint16) + 32);
        break;
    case TUNE_WEIGHTS_Q4:
        bytes = blocks * TUNE_PANEL_ROWS * (sizeof(guint16) + 16);
        break;
    default:
        g_assert_not_reached();
    }
    return (bytes + 63) / 64 * 64;
}

static const TuneKernels *const all[] = {
#ifdef __x86_64__
    &tune_kernels_avx512_vnni,
    &tune_kernels_avx512,
    &tune_kernels_avx2,
#elif defined __aarch64__
    &tune_kernels_neon_dot,
    &tune_kernels_neon,
#endif
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
