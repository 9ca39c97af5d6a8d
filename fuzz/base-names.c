/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Chord symbols, numerals, keys, metres: the small words that users type.
 */
#include "base/chord.h"
#include "base/music.h"

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size);
int LLVMFuzzerTestOneInput(const guint8 *data, gsize size)
{
    g_autofree char *text = g_strndup((const char *)data, size);
    TuneKey key = {0, TUNE_MODE_MAJOR};
    TuneChord chord;
    TuneMetre metre;
    TuneSectionRole role;

    if (tune_chord_parse(text, &chord)) {
        g_autofree char *symbol = tune_chord_to_string(chord);
        TuneChord again;
        g_assert_true(tune_chord_parse(symbol, &again) && again.quality == chord.quality);
    }
    tune_chord_parse_roman(text, key, &chord);
    if (tune_key_parse(text, &key, NULL, NULL)) {
        g_autofree char *name = tune_key_to_string(key);
        TuneKey again;
        g_assert_true(tune_key_parse(name, &again, NULL, NULL) && again.mode == key.mode);
    }
    tune_metre_parse(text, &metre);
    tune_section_role_parse(text, &role);
    return 0;
}
