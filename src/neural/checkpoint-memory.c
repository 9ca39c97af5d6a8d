/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What t5.c, decoder.c and encodec.c will take, told before they are asked.
 */
#include "neural/checkpoint-private.h"

/* Rows and columns of the matrix that is made of @expected.  Convolutions become products with
 * windows (encodec-layers.c): a transposed one gives the outputs of one stride, a narrow one
 * several outputs. */
static guint64 panel_bytes(TuneWeightType type, const TuneExpected *expected)
{
    guint64 rows = expected->shape[0], columns = expected->shape[1];

    if (expected->transposed) {
        rows = expected->shape[1] * expected->shape[2] / 2;
        columns = expected->shape[0] * 2;
    } else if (expected->convolution) {
        guint64 kernel = expected->shape[2];
        guint64 unroll = rows < TUNE_PANEL_ROWS && kernel > 1 ? TUNE_PANEL_ROWS / rows : 1;

        rows *= unroll;
        columns *= kernel + unroll - 1;
    }
    return (rows + TUNE_PANEL_ROWS - 1) / TUNE_PANEL_ROWS * tune_panel_bytes(type, columns);
}

/* Beside quantised and half weights, text encoder, codec and embeddings are half. */
static guint64 loaded_bytes(const TuneExpected *expected, TuneWeightType type)
{
    const TuneWeightType wide = type == TUNE_WEIGHTS_F32 ? TUNE_WEIGHTS_F32 : TUNE_WEIGHTS_F16;
    const guint64 n = tune_expected_n_values(expected);

    switch (expected->role) {
    case TUNE_TENSOR_ROLE_LINEAR:
        return panel_bytes(type, expected);
    case TUNE_TENSOR_ROLE_TEXT:
    case TUNE_TENSOR_ROLE_CODEC:
        return panel_bytes(wide, expected);
    case TUNE_TENSOR_ROLE_PROJECTION:
        return panel_bytes(TUNE_WEIGHTS_F32, expected);
    case TUNE_TENSOR_ROLE_EMBEDDING:
        return n * (wide == TUNE_WEIGHTS_F32 ? sizeof(float) : sizeof(guint16));
    case TUNE_TENSOR_ROLE_EXACT:
        return expected->optional ? 0 : n * sizeof(float); /* positions stay in the file */
    default:
        return 0; /* read from the file, or only for what few requests need */
    }
}

guint64 tune_checkpoint_loaded_bytes(const TuneCheckpoint *self, gint type)
{
    guint64 bytes = 0;

    for (guint i = 0; i < self->layout->len; i++)
        bytes += loaded_bytes(&g_array_index(self->layout, TuneExpected, i), (TuneWeightType)type);
    return bytes;
}
