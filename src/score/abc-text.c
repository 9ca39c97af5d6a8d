/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "score/abc-private.h"

#include <string.h>

gint tune_abc_signature_alter(gint signature, gint letter)
{
    static const gint8 natural[7] = {0, 2, 4, -1, 1, 3, 5}; /* fifths of C D E F G A B */

    if (signature > 0)
        return natural[letter] + 1 < signature ? 1 : 0;
    return 5 - natural[letter] < -signature ? -1 : 0;
}

static const struct {
    const char *suffix; /* as written */
    TuneMode mode;
} modes[] = {
    {"", TUNE_MODE_MAJOR},       {"m", TUNE_MODE_MINOR},    {"dor", TUNE_MODE_DORIAN},
    {"phr", TUNE_MODE_PHRYGIAN}, {"lyd", TUNE_MODE_LYDIAN}, {"mix", TUNE_MODE_MIXOLYDIAN},
    {"loc", TUNE_MODE_LOCRIAN},
};

char *tune_abc_key_name(TuneKey key)
{
    TuneMode mode = tune_mode_diatonic(key.mode);
    char name[8];

    tune_fifths_name(key.tonic, name);
    for (gsize i = 0; i < G_N_ELEMENTS(modes); i++)
        if (modes[i].mode == mode)
            return g_strconcat(name, modes[i].suffix, NULL);
    return g_strdup(name);
}

static gboolean parse_mode(const char *text, TuneMode *out)
{
    char word[4];

    g_strlcpy(word, text, sizeof word);
    if (g_ascii_strcasecmp(word, "maj") == 0 || g_ascii_strcasecmp(word, "ion") == 0 ||
        *text == '\0')
        *out = TUNE_MODE_MAJOR;
    else if (g_ascii_strcasecmp(word, "min") == 0 || g_ascii_strcasecmp(word, "aeo") == 0 ||
             g_ascii_strcasecmp(text, "m") == 0)
        *out = TUNE_MODE_MINOR;
    else {
        for (gsize i = 2; i < G_N_ELEMENTS(modes); i++)
            if (g_ascii_strcasecmp(word, modes[i].suffix) == 0) {
                *out = modes[i].mode;
                return TRUE;
            }
        return FALSE;
    }
    return TRUE;
}

gboolean tune_abc_key_parse(const char *text, TuneKey *out)
{
    g_auto(GStrv) words = g_strsplit_set(text, " \t", 8);
    const char *first = words[0] != NULL ? words[0] : "";
    TuneKey key = {0, TUNE_MODE_MAJOR};

    if (*first == '\0' || g_ascii_strcasecmp(first, "none") == 0) {
        *out = key;
        return TRUE;
    }
    if (strcmp(first, "HP") == 0 || strcmp(first, "Hp") == 0) {
        *out = (TuneKey){2, TUNE_MODE_MAJOR}; /* Highland pipes: F and C sharp */
        return TRUE;
    }
    if (*first < 'A' || *first > 'G')
        return FALSE;
    char note[3] = {first[0], first[1] == '#' || first[1] == 'b' ? first[1] : '\0', '\0'};
    gsize used = tune_fifths_parse(note, &key.tonic);
    const char *rest = first + used;
    if (*rest == '\0' && words[1] != NULL && strchr(words[1], '=') == NULL &&
        parse_mode(words[1], &key.mode))
        rest = "";
    else if (!parse_mode(rest, &key.mode))
        return FALSE;
    if (ABS(tune_key_signature(key)) > 7)
        return FALSE;
    *out = key;
    return TRUE;
}

char *tune_abc_escape(const char *text, const char *special)
{
    GString *out = g_string_new(NULL);

    for (; *text != '\0'; text++) {
        if (strchr("\\%&\"", *text) != NULL || strchr(special, *text) != NULL)
            g_string_append_printf(out, "\\u%04x", (guint8)*text);
        else
            g_string_append_c(out, *text);
    }
    return g_string_free(out, FALSE);
}

static gboolean read_hex(const char *text, gunichar *out)
{
    gunichar value = 0;

    for (gint i = 0; i < 4; i++) {
        gint digit = g_ascii_xdigit_value(text[i]);
        if (digit < 0)
            return FALSE;
        value = value * 16 + (gunichar)digit;
    }
    *out = value;
    return value >= 0x20 && g_unichar_validate(value);
}

char *tune_abc_unescape(const char *text)
{
    GString *out = g_string_new(NULL);
    gunichar c;

    while (*text != '\0') {
        if (text[0] == '\\' && text[1] == 'u' && read_hex(text + 2, &c)) {
            g_string_append_unichar(out, c);
            text += 6;
        } else if (text[0] == '\\' && text[1] != '\0' && strchr("\\%&\"-", text[1]) != NULL) {
            g_string_append_c(out, text[1]);
            text += 2;
        } else
            g_string_append_c(out, *text++);
    }
    return g_string_free(out, FALSE);
}
