/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Checkpoints of random weights for tests and benchmarks: any sizes, nobody's licence.
 */
#pragma once
#include <glib.h>

/* Write a Hugging Face folder (config.json, an empty tokenizer.json, model.safetensors in F32) at
 * @folder, which must exist, for the configuration @config (JSON).  Rows of matrices have a length
 * near 1, so that signals neither die nor grow.  FALSE with the reason. */
gboolean random_model_write(const char *folder, const char *config, GError **error);
/* config.json with the codec of the 32 kHz release and smallest other parts. */
extern const char random_model_codec_config[];
/* Remove what random_model_write() has written, and @folder. */
void random_model_remove(const char *folder);
