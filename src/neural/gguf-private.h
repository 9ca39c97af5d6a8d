/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Numbers of the format that reader and writer share.
 */
#pragma once
#include "neural/tensor.h"

#define TUNE_GGUF_ALIGNMENT 32

/* Types of keys. */
enum { TUNE_GGUF_U32 = 4, TUNE_GGUF_TEXT = 8, TUNE_GGUF_LIST = 9, TUNE_GGUF_N_TYPES = 13 };

/* Types of tensors. */
#define TUNE_GGUF_N_DTYPES 7
extern const struct TuneGgufDtype {
    TuneDtype dtype;
    guint32 type;
} tune_gguf_dtypes[TUNE_GGUF_N_DTYPES];
