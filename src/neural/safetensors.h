/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Reading Hugging Face safetensors files: u64 length, a JSON header, the data.  The format is described
 * at github.com/huggingface/safetensors.  Every count, offset and size is checked before use; tensors
 * must lie inside the data, neither overlap nor leave gaps, and have the bytes that shape and type ask
 * for.
 */
#pragma once
#include "neural/tensor.h"

/* Bytes.  The reference allows 100 MB; the largest MusicGen has 0.1 MB, and parsed JSON takes twenty times
 * its text. */
#define TUNE_SAFETENSORS_MAX_HEADER (16u << 20)

/* One file. (transfer full) */
TuneTensorSet *tune_safetensors_open(const char *path, GError **error);
/* What "model.safetensors.index.json" lists: {"weight_map": {tensor: file}}; files are names beside it,
 * never paths.  A tensor that is not in the file it is said to be in is an error. (transfer full) */
TuneTensorSet *tune_safetensors_open_index(const char *index_path, GError **error);
/* The bytes of one file, for tests and fuzzing; @bytes are kept. (transfer full) */
TuneTensorSet *tune_safetensors_parse(GBytes *bytes, const char *name, GError **error);
