/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "neural/checkpoint-private.h"
#include "neural/kernels/kernels.h"

/* As a matrix of panels (kernels/kernels.h): rows are the first dimension. */
static guint64 panel_bytes(TuneWeightType type, const TuneExpected *expected)
{
    guint64 rows = expected->shape[0], columns = 1;

    for (guint i = 1; i < expected->n_dims; i++)
        columns *= expected->shape[i];
    return (rows + TUNE_PANEL_ROWS - 1) / TUNE_PANEL_ROWS * tune_panel_bytes(type, columns);
}

static guint64 value_bytes(const TuneExpected *expected, gsize each)
{
    guint64 n = 1;

    for (guint i = 0; i < expected->n_dims; i++)
        n *= expected->shape[i];
    return n * each;
}

/* What the loaders of t5.c, decoder.c and encodec.c make of it: beside quantised and half weights,
 * text encoder, codec and embeddings are half. */
static guint64 loaded_bytes(const TuneExpected *expected, TuneWeightType type)
{
    const TuneWeightType wide = type == TUNE_WEIGHTS_F32 ? TUNE_WEIGHTS_F32 : TUNE_WEIGHTS_F16;

    switch (expected->role) {
    case TUNE_ROLE_LINEAR:
        return panel_bytes(type, expected);
    case TUNE_ROLE_TEXT:
    case TUNE_ROLE_CODEC:
        return panel_bytes(wide, expected);
    case TUNE_ROLE_EMBEDDING:
        return value_bytes(expected, wide == TUNE_WEIGHTS_F32 ? sizeof(float) : sizeof(guint16));
    case TUNE_ROLE_EXACT:
        return value_bytes(expected, sizeof(float));
    default:
        return 0; /* read from the mapped file, or only for what few requests need */
    }
}

guint64 tune_checkpoint_loaded_bytes(const TuneCheckpoint *self, gint type)
{
    guint64 bytes = 0;

    for (guint i = 0; i < self->layout->len; i++)
        bytes += loaded_bytes(&g_array_index(self->layout, TuneExpected, i), (TuneWeightType)type);
    return bytes;
}
