/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Bytes of a tokenizer: of tokenizer.json when they begin with a brace, else of spiece.model.  One
 * that is taken encodes some texts, its own pieces among them.
 */
#include "neural/tokenizer.h"

#include <stdlib.h>
#include <string.h>

static void encode(const TuneTokenizer *tokenizer, const char *text, gsize n)
{
    g_autoptr(GArray) ids = tune_tokenizer_encode_bytes(tokenizer, text, n);

    if (ids->len == 0)
        abort();
    for (guint i = 0; i < ids->len; i++) {
        gint32 id = g_array_index(ids, gint32, i);
        if (id < 0 || (guint)id >= tune_tokenizer_size(tokenizer))
            abort();
    }
}

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size);
int LLVMFuzzerTestOneInput(const guint8 *data, gsize size)
{
    static const char text[] = "80s pop <x> re\u0301sume\u0301 \uff76\uff9e </s>\r\n\u2581\u2581 "
                               "\U0001f3b5\0 \u3000\x01 aab";
    g_autoptr(GBytes) bytes = g_bytes_new(data, size);
    g_autoptr(TuneTokenizer) tokenizer =
        size > 0 && data[0] == '{' ? tune_tokenizer_new_json((const char *)data, size, NULL)
                                   : tune_tokenizer_new_sentencepiece(bytes, NULL);

    if (tokenizer == NULL)
        return 0;
    encode(tokenizer, text, sizeof text - 1);
    for (guint id = 0; id < MIN(tune_tokenizer_size(tokenizer), 300); id++) {
        const char *piece = tune_tokenizer_piece(tokenizer, id);
        if (piece != NULL)
            encode(tokenizer, piece, strlen(piece));
    }
    return 0;
}
