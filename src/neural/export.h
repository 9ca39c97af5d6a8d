/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Writing a checkpoint as one GGUF file with weights of a smaller type (docs/MODEL.md says which tensor
 * gets which).
 *
 *     tune_checkpoint_export(checkpoint, "small-q8.gguf", &options, &error);
 */
#pragma once
#include "neural/checkpoint.h"
#include "neural/layout.h"

typedef struct {
    TuneWeightType weights;
    const char *name;  /* the model's, for general.name */
    guint n_threads;   /* 0: the machine's cores */
    void (*progress)(guint64 done, guint64 total, gpointer data); /* (nullable) bytes written */
    gpointer data;
    GCancellable *cancellable; /* (nullable) */
} TuneExportOptions;

/* Type of @expected in a file of @weights; what has rows that are no whole blocks stays F16. */
TuneDtype tune_export_dtype(const TuneExpected *expected, TuneWeightType weights);
/* Bytes of data that the file will have. */
guint64 tune_checkpoint_export_bytes(const TuneCheckpoint *self, TuneWeightType weights);
/* REQUEST when the checkpoint is quantised already; BROKEN when a value is not finite, or too large for
 * the type; IO; G_IO_ERROR_CANCELLED.  On failure no file is left. */
gboolean tune_checkpoint_export(TuneCheckpoint *self, const char *path, const TuneExportOptions *options,
                                GError **error);
