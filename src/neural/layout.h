/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Which tensors a MusicGen checkpoint must have: one table of names and shapes in terms of the
 * configuration, written out for one configuration.  Opening, writing GGUF and telling memory all
 * walk through it.
 */
#pragma once
#include "neural/config.h"

/* What a tensor is for, which decides the type it is stored and loaded in. */
typedef enum {
    TUNE_TENSOR_ROLE_LINEAR, /* matrices of the decoder that each step multiplies by: quantised */
    TUNE_TENSOR_ROLE_TEXT,   /* matrices of the text encoder */
    TUNE_TENSOR_ROLE_PROJECTION, /* from text or melody to the decoder's width */
    TUNE_TENSOR_ROLE_TEXT_ROWS,  /* the text encoder's embedding: rows are read from the file */
    TUNE_TENSOR_ROLE_EMBEDDING,  /* of codes */
    TUNE_TENSOR_ROLE_CODEC,      /* convolutions and LSTM of the codec's decoder */
    TUNE_TENSOR_ROLE_CODEC_IN,   /* the same of its encoder: only needed for audio prompts */
    TUNE_TENSOR_ROLE_EXACT,      /* norms, biases, positions, codebooks: always float */
    TUNE_N_TENSOR_ROLES,
} TuneTensorRole;

typedef struct {
    char *name;       /* Hugging Face's; of a convolution without ".weight" */
    char *short_name; /* in GGUF, at most 63 bytes; of a convolution with ".weight" */
    char *other_name; /* (nullable) a second name that it may have */
    TuneTensorRole role;
    guint n_dims;
    guint64 shape[TUNE_TENSOR_MAX_DIMS];
    gboolean optional;
    gboolean transposed;  /* a convolution of [in, out, kernel] with a stride of half the kernel */
    gboolean convolution; /* the weight may be under weight norm: NAME.weight_g and NAME.weight_v,
                             or NAME.parametrizations.weight.original0 and 1 */
} TuneExpected;

/* Values of it. */
guint64 tune_expected_n_values(const TuneExpected *self);
/* All for @config, in the order of the table. (transfer full) (element-type TuneExpected) */
GArray *tune_layout(const TuneMusicgenConfig *config);
