/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Fields by name: the first line names the field, the rest is its value.
 */
#include "brief/brief.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size);
int LLVMFuzzerTestOneInput(const guint8 *data, gsize size)
{
    static TuneVocabulary *vocabulary;

    if (vocabulary == NULL) {
        vocabulary = tune_vocabulary_load(NULL);
        g_assert_nonnull(vocabulary);
    }
    g_autofree char *text = g_strndup((const char *)data, size);
    char *value = strchr(text, '\n');
    const char *field = "chords";
    if (value != NULL) {
        *value++ = '\0';
        field = text;
    } else {
        value = text;
    }
    g_autoptr(TuneBrief) brief = tune_brief_new();
    if (tune_brief_set_field(brief, vocabulary, field, value, NULL))
        tune_brief_complete(brief, vocabulary, NULL);
    g_assert_cmpuint(brief->chords->len, ==, brief->chord_beats->len);
    return 0;
}
