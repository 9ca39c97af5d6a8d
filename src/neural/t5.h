/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * T5's encoder (Raffel et al., 2020): RMS norm, attention without scaling and with a bias by
 * relative position taken from the first block, feed-forward with ReLU.  Immutable after loading.
 */
#pragma once
#include "neural/checkpoint.h"
#include "neural/compute.h"

typedef struct TuneT5 TuneT5;

/* @type: F32 or F16 of the matrices (quantised models keep the text encoder at F16).  Rows of the
 * embedding are read from the mapped file when wanted.  (transfer full) */
TuneT5 *tune_t5_new(TuneCheckpoint *checkpoint, TuneCompute *compute, TuneWeightType type,
                    GError **error);
void tune_t5_free(TuneT5 *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TuneT5, tune_t5_free)
guint64 tune_t5_bytes(const TuneT5 *self);

/* @ids: [n > 0]; one beyond the vocabulary is TUNE_NEURAL_ERROR_REQUEST.  @out: [n * d_model]. Rows
 * do not depend on the number of threads. */
gboolean tune_t5_encode(const TuneT5 *self, TuneCompute *compute, const gint32 *ids, gsize n,
                        float *out, GError **error);

/* For tests: called with the hidden rows after @stage blocks; after the last one, with the final
 * norm's. */
typedef void (*TuneT5Watch)(guint stage, const float *hidden, gsize n, gpointer data);
gboolean tune_t5_encode_watched(const TuneT5 *self, TuneCompute *compute, const gint32 *ids,
                                gsize n, float *out, TuneT5Watch watch, gpointer data,
                                GError **error);
/* Bucket of a distance key - query. */
guint tune_t5_bucket(gint distance, guint n_buckets, guint max_distance);
