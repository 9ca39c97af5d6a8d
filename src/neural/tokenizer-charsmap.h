/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The table of replacements that a sentencepiece model carries ("precompiled_charsmap"): u32 length
 * of a double-array trie (Darts-clone: little-endian u32 units), the trie, and a pool of
 * zero-terminated UTF-8 strings; a leaf's value is the offset of its replacement.
 */
#pragma once
#include <gio/gio.h>

typedef struct TuneCharsmap TuneCharsmap;

/* Every branch of the trie is looked at once: one that ends in no replacement is
 * TUNE_NEURAL_ERROR_BROKEN. (A trie that runs in a circle does no harm: texts end.)  @bytes is
 * kept. (transfer full) */
TuneCharsmap *tune_charsmap_new(GBytes *bytes, GError **error);
void tune_charsmap_free(TuneCharsmap *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TuneCharsmap, tune_charsmap_free)

/* Append normalised @text to @out, by the rule of Hugging Face's tokenizers (which for clusters of
 * several code points is not sentencepiece's): a grapheme cluster below six bytes of which any
 * beginning is in the table is replaced as a whole by the shortest such beginning's replacement;
 * else each of its code points by itself.  @text: valid UTF-8. */
void tune_charsmap_apply(const TuneCharsmap *self, const char *text, gsize n, GString *out);
