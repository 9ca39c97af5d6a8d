/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A MusicGen checkpoint on disk: a Hugging Face folder (config.json, tokenizer.json or spiece.model,
 * model.safetensors or its shards) or one of our .gguf files.  Opening reads headers and checks each
 * expected tensor's name, shape and type against the configuration in one loop; weights stay on disk.
 *
 *     g_autoptr(TuneCheckpoint) checkpoint = tune_checkpoint_open("musicgen-small", &error);
 *
 * Tensors are asked for by their Hugging Face names; other namings (T5's two names of the embedding, GGUF's
 * short names, docs/MODEL.md) are resolved here.  Immutable, reference-counted, thread-safe.
 */
#pragma once
#include "neural/config.h"
#include "neural/kernels/kernels.h"
#include "neural/tokenizer.h"

typedef struct TuneCheckpoint TuneCheckpoint;

TuneCheckpoint *tune_checkpoint_open(const char *path, GError **error);
TuneCheckpoint *tune_checkpoint_ref(TuneCheckpoint *self);
void tune_checkpoint_unref(TuneCheckpoint *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TuneCheckpoint, tune_checkpoint_unref)

const char *tune_checkpoint_path(const TuneCheckpoint *self);
const TuneMusicgenConfig *tune_checkpoint_config(const TuneCheckpoint *self);
/* tokenizer.json's text, or NULL when the checkpoint has only spiece.model. */
const char *tune_checkpoint_tokenizer(const TuneCheckpoint *self, gsize *n_bytes);
GBytes *tune_checkpoint_sentencepiece(const TuneCheckpoint *self); /* (transfer none) (nullable) */
/* The tokenizer of either; BROKEN when it cannot be read, MISMATCH when it has more ids than the text
 * encoder has rows. (transfer full) */
TuneTokenizer *tune_checkpoint_new_tokenizer(const TuneCheckpoint *self, GError **error);
/* An expected tensor that opening has found; our own fault if it is not one. */
const TuneTensor *tune_checkpoint_tensor(const TuneCheckpoint *self, const char *format, ...)
    G_GNUC_PRINTF(2, 3);
/* One that may be absent ("decoder.model.decoder.embed_positions.weights"). (nullable) */
const TuneTensor *tune_checkpoint_find(const TuneCheckpoint *self, const char *name);
/* A convolution's weight with its weight norm folded: legacy weight_g/weight_v, torch's
 * parametrizations.weight.original0/1, or a plain weight.  W[c,...] = g[c] v[c,...] / |v[c,...]|, norms
 * summed in double.  @prefix: "audio_encoder.decoder.layers.0.conv".  (transfer full): @shape[3] */
float *tune_checkpoint_convolution(const TuneCheckpoint *self, const char *prefix, guint64 shape[3],
                                   GError **error);
/* All of a tensor as floats, g_free(); NULL with MEMORY, or BROKEN when it holds NaN or infinities.
 * (transfer full) */
float *tune_checkpoint_floats(const TuneCheckpoint *self, const TuneTensor *tensor, GError **error);
/* SHA-256 over all tensors' names, shapes, types and bytes: hex, same for folder and shards.  Reads
 * everything once, then remembered beside the file.  (transfer full) */
char *tune_checkpoint_hash(TuneCheckpoint *self, GCancellable *cancellable, GError **error);
/* "CC-BY-NC-4.0" for the released weights; from "license" of the model's README or the GGUF, else
 * "unknown". */
const char *tune_checkpoint_licence(const TuneCheckpoint *self);
/* Whether @licence (an SPDX name in any case) forbids commercial use; one that is not known counts as
 * forbidding. */
gboolean tune_licence_is_non_commercial(const char *licence);
/* "cc-by-nc-4.0" as "CC-BY-NC-4.0"; NULL as "unknown". (transfer full) */
char *tune_licence_canonical(const char *licence);
guint64 tune_checkpoint_bytes(const TuneCheckpoint *self); /* of all tensors in its files */
const TuneTensorSet *tune_checkpoint_tensors(const TuneCheckpoint *self); /* also those of no use here */
/* What it must have. (transfer none) (element-type TuneExpected of neural/layout.h) */
const GArray *tune_checkpoint_layout(const TuneCheckpoint *self);
/* Bytes of memory that it takes when loaded with weights of @type (a TuneWeightType). */
guint64 tune_checkpoint_loaded_bytes(const TuneCheckpoint *self, gint type);
/* The type its decoder's matrices are stored in (the first layer's; BF16 counts as F32): what loading
 * neither rounds nor blows up. */
TuneWeightType tune_checkpoint_weight_type(const TuneCheckpoint *self);
/* Whether all of the decoder's weights are halves already, whatever they are stored in.  Reads them all;
 * FALSE with an error when cancelled, or a value is not finite. */
gboolean tune_checkpoint_is_half(const TuneCheckpoint *self, gboolean *is_half,
                                 GCancellable *cancellable, GError **error);
