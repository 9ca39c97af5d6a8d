/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * T5's tokenizer: sentencepiece's unigram model (Kudo, 2018) with its normaliser, giving the same
 * ids as Hugging Face's tokenizers 0.23 for the same tokenizer.json.
 *
 *     g_autoptr(TuneTokenizer) tokenizer = tune_tokenizer_new_json(text, n_bytes, &error);
 *     g_autoptr(GArray) ids = tune_tokenizer_encode(tokenizer, "80s pop");   // gint32
 *
 * Immutable after making, shared by threads.
 */
#pragma once
#include "neural/tensor.h"

typedef struct TuneTokenizer TuneTokenizer;

/* tokenizer.json; what it asks for and we do not do is refused by name. (transfer full) */
TuneTokenizer *tune_tokenizer_new_json(const char *text, gsize n_bytes, GError **error);
/* spiece.model, sentencepiece's protocol buffer; 100 <extra_id_N> are added as T5 does. */
TuneTokenizer *tune_tokenizer_new_sentencepiece(GBytes *model, GError **error);
void tune_tokenizer_free(TuneTokenizer *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TuneTokenizer, tune_tokenizer_free)

/* Ids of valid UTF-8 @text with </s> at the end; never empty, nothing cut off. (transfer full) */
GArray *tune_tokenizer_encode(const TuneTokenizer *self, const char *text);
/* The same of [n] bytes, among which may be zeros. (transfer full) */
GArray *tune_tokenizer_encode_bytes(const TuneTokenizer *self, const char *text, gsize n);
/* After the normaliser, before splitting; for tests. (transfer full) */
char *tune_tokenizer_normalize(const TuneTokenizer *self, const char *text);
/* One more than the largest id; must not exceed the text encoder's rows. */
guint tune_tokenizer_size(const TuneTokenizer *self);
const char *tune_tokenizer_piece(const TuneTokenizer *self, guint id); /* (nullable) */
