/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What compute.c and matrix.c share: the inside of a packed matrix.
 */
#pragma once
#include "neural/chunk.h"
#include "neural/compute.h"

struct TuneMatrix {
    TuneWeightType type;
    gsize rows, columns;
    gsize n_panels, panel_bytes; /* panels lie one after another, each aligned to 64 bytes */
    TuneChunk *chunk;            /* where they lie */
    guint8 *panels;              /* as kernels.h tells */
    guint64 n_bytes;             /* taken */
};

/* The chunk that takes the next matrices: (nullable) owned by the compute; its caller's thread
 * only. */
TuneChunk **tune_compute_chunk(TuneCompute *self);
