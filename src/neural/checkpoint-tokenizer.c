/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "neural/checkpoint-private.h"

TuneTokenizer *tune_checkpoint_new_tokenizer(const TuneCheckpoint *self, GError **error)
{
    g_autoptr(TuneTokenizer) tokenizer = NULL;
    gsize n_bytes;

    if (self->tokenizer != NULL) {
        const char *text = g_bytes_get_data(self->tokenizer, &n_bytes);
        tokenizer = tune_tokenizer_new_json(text == NULL ? "" : text, n_bytes, error);
    } else {
        tokenizer = tune_tokenizer_new_sentencepiece(self->sentencepiece, error);
    }
    if (tokenizer == NULL) {
        g_prefix_error(error, "%s: ", self->path);
        return NULL;
    }
    if (tune_tokenizer_size(tokenizer) > self->config.text.vocab_size) {
        g_set_error(error, TUNE_NEURAL_ERROR, TUNE_NEURAL_ERROR_MISMATCH,
                    "%s: the tokenizer has %u ids, the text encoder only %u rows", self->path,
                    tune_tokenizer_size(tokenizer), self->config.text.vocab_size);
        return NULL;
    }
    return g_steal_pointer(&tokenizer);
}
