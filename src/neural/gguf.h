/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Reading and writing GGUF, version 3 (version 2 is read too), as described in ggml's docs/gguf.md:
 * little-endian header, typed keys, tensor table, aligned data.  Only what our own files need is kept:
 * string keys and tensors of the types of TuneDtype; other keys are skipped, other types refused.
 * GGUF writes dimensions fastest first; they are turned round here.
 */
#pragma once
#include "neural/tensor.h"

TuneTensorSet *tune_gguf_open(const char *path, GError **error); /* (transfer full) */
TuneTensorSet *tune_gguf_parse(GBytes *bytes, const char *name, GError **error);

/* Write piece by piece, so that a model need not be in memory: all tensors are announced first, in order,
 * then their data is given in the same order.  The file appears under its name only when finished. */
typedef struct TuneGgufWriter TuneGgufWriter;
TuneGgufWriter *tune_gguf_writer_new(const char *path, GError **error);
void tune_gguf_writer_put_text(TuneGgufWriter *self, const char *key, const char *value);
void tune_gguf_writer_put_u32(TuneGgufWriter *self, const char *key, guint32 value);
/* @name at most 63 bytes. */
void tune_gguf_writer_announce(TuneGgufWriter *self, const char *name, TuneDtype dtype, guint n_dims,
                               const guint64 *shape);
gboolean tune_gguf_writer_begin_data(TuneGgufWriter *self, GError **error);
/* The next bytes of the tensor at hand; a tensor may come in several pieces, padding is ours. */
gboolean tune_gguf_writer_write(TuneGgufWriter *self, gconstpointer data, gsize n_bytes, GError **error);
gboolean tune_gguf_writer_finish(TuneGgufWriter *self, GError **error);
void tune_gguf_writer_free(TuneGgufWriter *self); /* unfinished: nothing is left behind */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TuneGgufWriter, tune_gguf_writer_free)
