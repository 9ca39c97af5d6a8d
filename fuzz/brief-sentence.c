/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "brief/brief.h"
#include "brief/lyrics.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size);

/* What was understood must survive its own JSON. */
static void check_json(const TuneBrief *brief, const TuneVocabulary *vocabulary)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(json_t) json = tune_brief_to_json(brief);
    g_autoptr(TuneBrief) again = tune_brief_from_json(json, vocabulary, &error);

    g_assert_no_error(error);
    g_autoptr(json_t) json_again = tune_brief_to_json(again);
    g_assert_true(json_equal(json, json_again));
    g_autofree char *text = tune_brief_explain(brief);
    g_assert_true(g_utf8_validate(text, -1, NULL));
}

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size)
{
    static TuneVocabulary *vocabulary;
    static TuneSyllables *syllables;

    if (vocabulary == NULL) {
        vocabulary = tune_vocabulary_load(NULL);
        syllables = tune_syllables_new();
        g_assert_nonnull(vocabulary);
    }
    g_autofree char *text = g_strndup((const char *)data, size);
    g_autoptr(TuneBrief) brief = tune_brief_new();
    if (!tune_brief_read_sentence(brief, vocabulary, text, NULL))
        return 0;
    if (tune_brief_complete(brief, vocabulary, NULL))
        check_json(brief, vocabulary);
    for (guint i = 0; i < brief->lyrics->len; i++) {
        const TuneLyricBlock *block = &g_array_index(brief->lyrics, TuneLyricBlock, i);
        for (guint k = 0; k < block->lines->len; k++)
            g_array_unref(tune_syllables_of_line(syllables, g_ptr_array_index(block->lines, k)));
    }
    return 0;
}
