/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "score-input.h"

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size);

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size)
{
    return read_input(tune_score_read_midi, data, size);
}
