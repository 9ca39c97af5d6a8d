/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/pitch.h"
#include "base/music.h"

#include <string.h>

static gint floor_div(gint a, gint b)
{
    return a / b - (a % b != 0 && (a ^ b) < 0);
}

static gint floor_mod(gint a, gint b)
{
    return ((a % b) + b) % b;
}

gint tune_fifths_pitch_class(TuneFifths f)
{
    return floor_mod(f * 7, 12);
}

gint tune_fifths_letter(TuneFifths f)
{
    return floor_mod(f * 4, 7);
}

gint tune_fifths_alter(TuneFifths f)
{
    return floor_div(f + 1, 7);
}

void tune_fifths_name(TuneFifths f, char out[8])
{
    gint alter = tune_fifths_alter(f);
    gsize n = 0;

    out[n++] = "CDEFGAB"[tune_fifths_letter(f)];
    for (; alter > 0 && n < 6; alter--)
        out[n++] = '#';
    for (; alter < 0 && n < 6; alter++)
        out[n++] = 'b';
    out[n] = '\0';
}

static const struct {
    const char *text;
    gint alter;
} accidentals[] = {
    {"##", 2},     {"#", 1},       {"♯", 1},    {"x", 2},      {"bb", -2},    {"b", -1},
    {"♭", -1},     {" sharp", 1},  {"-sharp", 1}, {"sharp", 1}, {" flat", -1}, {"-flat", -1},
    {"flat", -1},
};

gsize tune_fifths_parse(const char *text, TuneFifths *out)
{
    static const TuneFifths natural[7] = {3, 5, 0, 2, 4, -1, 1}; /* A B C D E F G */
    char letter = g_ascii_toupper(text[0]);

    if (letter < 'A' || letter > 'G')
        return 0;
    gint f = natural[letter - 'A'];
    gsize used = 1;
    for (gsize i = 0; i < G_N_ELEMENTS(accidentals); i++) {
        gsize n = strlen(accidentals[i].text);
        if (g_ascii_strncasecmp(text + 1, accidentals[i].text, n) == 0) {
            f += 7 * accidentals[i].alter;
            used += n;
            break;
        }
    }
    *out = (TuneFifths)f;
    return used;
}

TuneFifths tune_fifths_nearest(gint pc, gint signature)
{
    /* The window of twelve fifths around the key's own seven (signature-1 .. signature+5). */
    gint low = signature - 3;
    gint f = floor_mod(pc * 7, 12);

    return (TuneFifths)(low + floor_mod(f - low, 12));
}

gint tune_pitch_octave(gint pitch, TuneFifths f)
{
    return floor_div(pitch - tune_fifths_alter(f), 12) - 1;
}

gint tune_pitch_from_octave(TuneFifths f, gint octave)
{
    static const gint letter_pc[7] = {0, 2, 4, 5, 7, 9, 11};

    return (octave + 1) * 12 + letter_pc[tune_fifths_letter(f)] + tune_fifths_alter(f);
}

/* ---- modes and keys ---- */

static const struct {
    const char *name;
    gint8 n;
    gint8 scale[7];
    gint8 fifths[7];
    gint8 signature; /* relative to the tonic's own major signature */
    gboolean minor;
} modes[TUNE_N_MODES] = {
    [TUNE_MODE_MAJOR] = {"major", 7, {0, 2, 4, 5, 7, 9, 11}, {0, 2, 4, -1, 1, 3, 5}, 0, FALSE},
    [TUNE_MODE_MINOR] = {"minor", 7, {0, 2, 3, 5, 7, 8, 10}, {0, 2, -3, -1, 1, -4, -2}, -3, TRUE},
    [TUNE_MODE_DORIAN] = {"dorian", 7, {0, 2, 3, 5, 7, 9, 10}, {0, 2, -3, -1, 1, 3, -2}, -2, TRUE},
    [TUNE_MODE_PHRYGIAN] =
        {"phrygian", 7, {0, 1, 3, 5, 7, 8, 10}, {0, -5, -3, -1, 1, -4, -2}, -4, TRUE},
    [TUNE_MODE_LYDIAN] = {"lydian", 7, {0, 2, 4, 6, 7, 9, 11}, {0, 2, 4, 6, 1, 3, 5}, 1, FALSE},
    [TUNE_MODE_MIXOLYDIAN] =
        {"mixolydian", 7, {0, 2, 4, 5, 7, 9, 10}, {0, 2, 4, -1, 1, 3, -2}, -1, FALSE},
    [TUNE_MODE_LOCRIAN] =
        {"locrian", 7, {0, 1, 3, 5, 6, 8, 10}, {0, -5, -3, -1, -6, -4, -2}, -5, TRUE},
    [TUNE_MODE_HARMONIC_MINOR] =
        {"harmonic minor", 7, {0, 2, 3, 5, 7, 8, 11}, {0, 2, -3, -1, 1, -4, 5}, -3, TRUE},
    [TUNE_MODE_MELODIC_MINOR] =
        {"melodic minor", 7, {0, 2, 3, 5, 7, 9, 11}, {0, 2, -3, -1, 1, 3, 5}, -3, TRUE},
    [TUNE_MODE_PHRYGIAN_DOMINANT] =
        {"phrygian dominant", 7, {0, 1, 4, 5, 7, 8, 10}, {0, -5, 4, -1, 1, -4, -2}, -4, FALSE},
    [TUNE_MODE_MAJOR_PENTATONIC] =
        {"major pentatonic", 5, {0, 2, 4, 7, 9}, {0, 2, 4, 1, 3}, 0, FALSE},
    [TUNE_MODE_MINOR_PENTATONIC] =
        {"minor pentatonic", 5, {0, 3, 5, 7, 10}, {0, -3, -1, 1, -2}, -3, TRUE},
    [TUNE_MODE_BLUES] = {"blues", 6, {0, 3, 5, 6, 7, 10}, {0, -3, -1, -6, 1, -2}, -3, TRUE},
    [TUNE_MODE_DOUBLE_HARMONIC] =
        {"double harmonic", 7, {0, 1, 4, 5, 7, 8, 11}, {0, -5, 4, -1, 1, -4, 5}, -4, FALSE},
    [TUNE_MODE_HUNGARIAN_MINOR] =
        {"hungarian minor", 7, {0, 2, 3, 6, 7, 8, 11}, {0, 2, -3, 6, 1, -4, 5}, -3, TRUE},
    [TUNE_MODE_NIKRIZ] = {"nikriz", 7, {0, 2, 3, 6, 7, 9, 10}, {0, 2, -3, 6, 1, 3, -2}, -2, TRUE},
    [TUNE_MODE_SHANG] = {"shang", 5, {0, 2, 5, 7, 10}, {0, 2, -1, 1, -2}, -2, TRUE},
    [TUNE_MODE_ZHI] = {"zhi", 5, {0, 2, 5, 7, 9}, {0, 2, -1, 1, 3}, -1, FALSE},
    [TUNE_MODE_MIYAKO_BUSHI] = {"miyako-bushi", 5, {0, 1, 5, 7, 8}, {0, -5, -1, 1, -4}, -4, TRUE},
    [TUNE_MODE_HIRAJOSHI] = {"hirajoshi", 5, {0, 2, 3, 7, 8}, {0, 2, -3, 1, -4}, -3, TRUE},
    [TUNE_MODE_INSEN] = {"insen", 5, {0, 1, 5, 7, 10}, {0, -5, -1, 1, -2}, -4, TRUE},
};

const char *tune_mode_name(TuneMode mode)
{
    g_return_val_if_fail((guint)mode < TUNE_N_MODES, "?");
    return modes[mode].name;
}

gboolean tune_mode_parse(const char *text, TuneMode *out)
{
    static const struct {
        const char *word;
        TuneMode mode;
    } synonyms[] = {
        {"maj", TUNE_MODE_MAJOR},     {"ionian", TUNE_MODE_MAJOR},
        {"dur", TUNE_MODE_MAJOR},     {"min", TUNE_MODE_MINOR},
        {"aeolian", TUNE_MODE_MINOR}, {"moll", TUNE_MODE_MINOR},
        {"m", TUNE_MODE_MINOR},       {"natural minor", TUNE_MODE_MINOR},
        {"hijaz", TUNE_MODE_PHRYGIAN_DOMINANT},
        {"kurd", TUNE_MODE_PHRYGIAN},
        {"nahawand", TUNE_MODE_HARMONIC_MINOR},
        {"ajam", TUNE_MODE_MAJOR},
        {"hijaz kar", TUNE_MODE_DOUBLE_HARMONIC},
        {"byzantine", TUNE_MODE_DOUBLE_HARMONIC},
        {"nawa athar", TUNE_MODE_HUNGARIAN_MINOR},
        {"ukrainian dorian", TUNE_MODE_NIKRIZ},
        {"gong", TUNE_MODE_MAJOR_PENTATONIC},
        {"yu", TUNE_MODE_MINOR_PENTATONIC},
        {"yo scale", TUNE_MODE_ZHI},
        {"in scale", TUNE_MODE_MIYAKO_BUSHI},
    };

    for (gint i = 0; i < TUNE_N_MODES; i++)
        if (g_ascii_strcasecmp(text, modes[i].name) == 0) {
            *out = (TuneMode)i;
            return TRUE;
        }
    for (gsize i = 0; i < G_N_ELEMENTS(synonyms); i++)
        if (g_ascii_strcasecmp(text, synonyms[i].word) == 0) {
            *out = synonyms[i].mode;
            return TRUE;
        }
    return FALSE;
}

gboolean tune_mode_is_minor(TuneMode mode)
{
    g_return_val_if_fail((guint)mode < TUNE_N_MODES, FALSE);
    return modes[mode].minor;
}

TuneMode tune_mode_diatonic(TuneMode mode)
{
    static const TuneMode by_signature[] = {TUNE_MODE_LOCRIAN, TUNE_MODE_PHRYGIAN,
                                            TUNE_MODE_MINOR,   TUNE_MODE_DORIAN,
                                            TUNE_MODE_MIXOLYDIAN, TUNE_MODE_MAJOR,
                                            TUNE_MODE_LYDIAN};

    g_return_val_if_fail((guint)mode < TUNE_N_MODES, TUNE_MODE_MAJOR);
    return by_signature[modes[mode].signature + 5];
}

gsize tune_mode_scale(TuneMode mode, gint8 out[7])
{
    g_return_val_if_fail((guint)mode < TUNE_N_MODES, 0);
    memcpy(out, modes[mode].scale, 7);
    return (gsize)modes[mode].n;
}

gsize tune_mode_scale_fifths(TuneMode mode, gint8 out[7])
{
    g_return_val_if_fail((guint)mode < TUNE_N_MODES, 0);
    memcpy(out, modes[mode].fifths, 7);
    return (gsize)modes[mode].n;
}

guint16 tune_key_mask(TuneKey key)
{
    guint16 mask = 0;
    gint tonic = tune_fifths_pitch_class(key.tonic);

    for (gint i = 0; i < modes[key.mode].n; i++)
        mask |= (guint16)(1u << ((tonic + modes[key.mode].scale[i]) % 12));
    return mask;
}

gint tune_key_signature(TuneKey key)
{
    return key.tonic + modes[key.mode].signature;
}

TuneFifths tune_key_spell(TuneKey key, gint pc)
{
    pc = floor_mod(pc, 12);
    for (gint i = 0; i < modes[key.mode].n; i++) {
        TuneFifths f = (TuneFifths)(key.tonic + modes[key.mode].fifths[i]);
        if (tune_fifths_pitch_class(f) == pc)
            return f;
    }
    /* Leading notes of minor keys are raised, not a flattened octave. */
    if (modes[key.mode].minor) {
        TuneFifths leading = (TuneFifths)(key.tonic + 5), sixth = (TuneFifths)(key.tonic + 3);
        if (tune_fifths_pitch_class(leading) == pc)
            return leading;
        if (tune_fifths_pitch_class(sixth) == pc)
            return sixth;
    }
    return tune_fifths_nearest(pc, tune_key_signature(key));
}

char *tune_key_to_string(TuneKey key)
{
    char name[8];

    tune_fifths_name(key.tonic, name);
    return g_strdup_printf("%s %s", name, modes[key.mode].name);
}

/* Keys of more than seven accidentals are written as their enharmonic twin. */
static TuneKey respell(TuneKey key)
{
    while (tune_key_signature(key) > 7)
        key.tonic = (TuneFifths)(key.tonic - 12);
    while (tune_key_signature(key) < -7)
        key.tonic = (TuneFifths)(key.tonic + 12);
    return key;
}

gboolean tune_key_parse(const char *text, TuneKey *out, gboolean *mode_said, GError **error)
{
    g_autofree char *stripped = g_strstrip(g_strdup(text));
    TuneKey key = {0, TUNE_MODE_MAJOR};
    gsize used = tune_fifths_parse(stripped, &key.tonic);
    const char *rest = stripped + used;
    gboolean said = FALSE;

    while (*rest == ' ' || *rest == '-')
        rest++;
    if (*rest != '\0') {
        /* "M" alone is major, "m" alone minor. */
        if (strcmp(rest, "M") == 0)
            said = TRUE;
        else
            said = tune_mode_parse(rest, &key.mode);
    }
    if (used == 0 || (*rest != '\0' && !said)) {
        g_set_error(error, TUNE_BASE_ERROR, TUNE_BASE_ERROR_SYNTAX,
                    "\"%s\" is not a key (write it like \"F# minor\", \"Bb\" or \"D dorian\")", text);
        return FALSE;
    }
    *out = respell(key);
    if (mode_said != NULL)
        *mode_said = said;
    return TRUE;
}
