/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/chord.h"

#include <string.h>

/* Interval tokens as (semitones, fifths). */
#define R    {0, 0}
#define m3   {3, -3}
#define M3   {4, 4}
#define P4   {5, -1}
#define d5   {6, -6}
#define P5   {7, 1}
#define A5   {8, 8}
#define M6   {9, 3}
#define d7   {9, -9}
#define m7   {10, -2}
#define M7   {11, 5}
#define b9   {13, -5}
#define M9   {14, 2}
#define s9   {15, 9}
#define P11  {17, -1}
#define s11  {18, 6}
#define b13  {20, -4}
#define M13  {21, 3}

static const struct {
    const char *suffix;
    const char *kind;
    gboolean minor;
    gint8 n;
    gint8 tones[TUNE_CHORD_MAX_TONES][2];
} qualities[TUNE_N_CHORDS] = {
    [TUNE_CHORD_MAJOR] = {"", "major", FALSE, 3, {R, M3, P5}},
    [TUNE_CHORD_MINOR] = {"m", "minor", TRUE, 3, {R, m3, P5}},
    [TUNE_CHORD_DIM] = {"dim", "diminished", TRUE, 3, {R, m3, d5}},
    [TUNE_CHORD_AUG] = {"aug", "augmented", FALSE, 3, {R, M3, A5}},
    [TUNE_CHORD_POWER] = {"5", "power", FALSE, 2, {R, P5}},
    [TUNE_CHORD_SUS2] = {"sus2", "suspended-second", FALSE, 3, {R, {2, 2}, P5}},
    [TUNE_CHORD_SUS4] = {"sus4", "suspended-fourth", FALSE, 3, {R, P4, P5}},
    [TUNE_CHORD_6] = {"6", "major-sixth", FALSE, 4, {R, M3, P5, M6}},
    [TUNE_CHORD_MIN6] = {"m6", "minor-sixth", TRUE, 4, {R, m3, P5, M6}},
    [TUNE_CHORD_7] = {"7", "dominant", FALSE, 4, {R, M3, P5, m7}},
    [TUNE_CHORD_MAJ7] = {"maj7", "major-seventh", FALSE, 4, {R, M3, P5, M7}},
    [TUNE_CHORD_MIN7] = {"m7", "minor-seventh", TRUE, 4, {R, m3, P5, m7}},
    [TUNE_CHORD_MINMAJ7] = {"mMaj7", "major-minor", TRUE, 4, {R, m3, P5, M7}},
    [TUNE_CHORD_M7B5] = {"m7b5", "half-diminished", TRUE, 4, {R, m3, d5, m7}},
    [TUNE_CHORD_DIM7] = {"dim7", "diminished-seventh", TRUE, 4, {R, m3, d5, d7}},
    [TUNE_CHORD_AUG7] = {"7#5", "augmented-seventh", FALSE, 4, {R, M3, A5, m7}},
    [TUNE_CHORD_7SUS4] = {"7sus4", "suspended-fourth", FALSE, 4, {R, P4, P5, m7}},
    [TUNE_CHORD_ADD9] = {"add9", "major", FALSE, 4, {R, M3, P5, M9}},
    [TUNE_CHORD_MINADD9] = {"madd9", "minor", TRUE, 4, {R, m3, P5, M9}},
    [TUNE_CHORD_69] = {"6/9", "major-sixth", FALSE, 5, {R, M3, P5, M6, M9}},
    [TUNE_CHORD_9] = {"9", "dominant-ninth", FALSE, 5, {R, M3, P5, m7, M9}},
    [TUNE_CHORD_MAJ9] = {"maj9", "major-ninth", FALSE, 5, {R, M3, P5, M7, M9}},
    [TUNE_CHORD_MIN9] = {"m9", "minor-ninth", TRUE, 5, {R, m3, P5, m7, M9}},
    [TUNE_CHORD_7B9] = {"7b9", "dominant", FALSE, 5, {R, M3, P5, m7, b9}},
    [TUNE_CHORD_7S9] = {"7#9", "dominant", FALSE, 5, {R, M3, P5, m7, s9}},
    [TUNE_CHORD_7ALT] = {"7alt", "dominant", FALSE, 6, {R, M3, m7, b9, s9, b13}},
    [TUNE_CHORD_11] = {"11", "dominant-11th", FALSE, 6, {R, M3, P5, m7, M9, P11}},
    [TUNE_CHORD_MIN11] = {"m11", "minor-11th", TRUE, 6, {R, m3, P5, m7, M9, P11}},
    [TUNE_CHORD_13] = {"13", "dominant-13th", FALSE, 6, {R, M3, P5, m7, M9, M13}},
    [TUNE_CHORD_MAJ13] = {"maj13", "major-13th", FALSE, 6, {R, M3, P5, M7, M9, M13}},
    [TUNE_CHORD_7S11] = {"7#11", "dominant", FALSE, 6, {R, M3, P5, m7, M9, s11}},
    [TUNE_CHORD_MAJ7S11] = {"maj7#11", "major-seventh", FALSE, 5, {R, M3, P5, M7, s11}},
};

/* Other ways to write a suffix. */
static const struct {
    const char *text;
    TuneChordQuality quality;
} spellings[] = {
    {"M", TUNE_CHORD_MAJOR},      {"maj", TUNE_CHORD_MAJOR},     {"min", TUNE_CHORD_MINOR},
    {"-", TUNE_CHORD_MINOR},      {"o", TUNE_CHORD_DIM},         {"°", TUNE_CHORD_DIM},
    {"+", TUNE_CHORD_AUG},        {"sus", TUNE_CHORD_SUS4},      {"min6", TUNE_CHORD_MIN6},
    {"-6", TUNE_CHORD_MIN6},      {"dom7", TUNE_CHORD_7},        {"M7", TUNE_CHORD_MAJ7},
    {"Maj7", TUNE_CHORD_MAJ7},    {"ma7", TUNE_CHORD_MAJ7},      {"Δ", TUNE_CHORD_MAJ7},
    {"Δ7", TUNE_CHORD_MAJ7},      {"^7", TUNE_CHORD_MAJ7},       {"^", TUNE_CHORD_MAJ7},
    {"min7", TUNE_CHORD_MIN7},    {"-7", TUNE_CHORD_MIN7},       {"mi7", TUNE_CHORD_MIN7},
    {"m(maj7)", TUNE_CHORD_MINMAJ7}, {"mM7", TUNE_CHORD_MINMAJ7}, {"mmaj7", TUNE_CHORD_MINMAJ7},
    {"ø", TUNE_CHORD_M7B5},       {"ø7", TUNE_CHORD_M7B5},       {"h7", TUNE_CHORD_M7B5},
    {"min7b5", TUNE_CHORD_M7B5},  {"-7b5", TUNE_CHORD_M7B5},     {"m7(b5)", TUNE_CHORD_M7B5},
    {"o7", TUNE_CHORD_DIM7},      {"°7", TUNE_CHORD_DIM7},       {"+7", TUNE_CHORD_AUG7},
    {"aug7", TUNE_CHORD_AUG7},    {"7+", TUNE_CHORD_AUG7},       {"sus7", TUNE_CHORD_7SUS4},
    {"7sus", TUNE_CHORD_7SUS4},   {"9sus4", TUNE_CHORD_7SUS4},   {"9sus", TUNE_CHORD_7SUS4},
    {"add2", TUNE_CHORD_ADD9},    {"2", TUNE_CHORD_ADD9},        {"69", TUNE_CHORD_69},
    {"M9", TUNE_CHORD_MAJ9},      {"min9", TUNE_CHORD_MIN9},     {"-9", TUNE_CHORD_MIN9},
    {"7(b9)", TUNE_CHORD_7B9},    {"7(#9)", TUNE_CHORD_7S9},     {"alt", TUNE_CHORD_7ALT},
    {"min11", TUNE_CHORD_MIN11},  {"M13", TUNE_CHORD_MAJ13},     {"7(#11)", TUNE_CHORD_7S11},
    {"M7#11", TUNE_CHORD_MAJ7S11}, {"m(add9)", TUNE_CHORD_MINADD9}, {"(add9)", TUNE_CHORD_ADD9},
};

gsize tune_chord_tones(TuneChordQuality quality, gint8 semitones[TUNE_CHORD_MAX_TONES],
                       gint8 fifths[TUNE_CHORD_MAX_TONES])
{
    g_return_val_if_fail((guint)quality < TUNE_N_CHORDS, 0);
    gsize n = (gsize)qualities[quality].n;

    for (gsize i = 0; i < n; i++) {
        semitones[i] = qualities[quality].tones[i][0];
        if (fifths != NULL)
            fifths[i] = qualities[quality].tones[i][1];
    }
    return n;
}

guint16 tune_chord_mask(TuneChord chord)
{
    gint root = tune_fifths_pitch_class(chord.root);
    guint mask = 1u << tune_fifths_pitch_class(chord.bass);

    for (gint i = 0; i < qualities[chord.quality].n; i++)
        mask |= 1u << ((root + qualities[chord.quality].tones[i][0]) % 12);
    return (guint16)mask;
}

gboolean tune_chord_is_minor(TuneChordQuality quality)
{
    g_return_val_if_fail((guint)quality < TUNE_N_CHORDS, FALSE);
    return qualities[quality].minor;
}

const char *tune_chord_suffix(TuneChordQuality quality)
{
    g_return_val_if_fail((guint)quality < TUNE_N_CHORDS, "");
    return qualities[quality].suffix;
}

const char *tune_chord_musicxml_kind(TuneChordQuality quality)
{
    g_return_val_if_fail((guint)quality < TUNE_N_CHORDS, "major");
    return qualities[quality].kind;
}

char *tune_chord_to_string(TuneChord chord)
{
    char root[8], bass[8];

    tune_fifths_name(chord.root, root);
    if (chord.bass == chord.root)
        return g_strconcat(root, qualities[chord.quality].suffix, NULL);
    tune_fifths_name(chord.bass, bass);
    return g_strconcat(root, qualities[chord.quality].suffix, "/", bass, NULL);
}

static gboolean parse_suffix(const char *text, gsize length, TuneChordQuality *out)
{
    for (gint i = 0; i < TUNE_N_CHORDS; i++)
        if (strlen(qualities[i].suffix) == length && strncmp(text, qualities[i].suffix, length) == 0) {
            *out = (TuneChordQuality)i;
            return TRUE;
        }
    for (gsize i = 0; i < G_N_ELEMENTS(spellings); i++)
        if (strlen(spellings[i].text) == length && strncmp(text, spellings[i].text, length) == 0) {
            *out = spellings[i].quality;
            return TRUE;
        }
    return FALSE;
}

gboolean tune_chord_parse(const char *text, TuneChord *out)
{
    TuneChord chord;
    gsize used;

    if (text[0] < 'A' || text[0] > 'G')
        return FALSE;
    /* Only signs behind the letter: "Asharp" is not how a chord is written. */
    used = tune_fifths_parse(text, &chord.root);
    for (gsize i = 1; i < used; i++)
        if (g_ascii_isalpha(text[i]) && text[i] != 'b' && text[i] != 'x')
            return FALSE;
    chord.bass = chord.root;
    const char *suffix = text + used;
    if (parse_suffix(suffix, strlen(suffix), &chord.quality)) {
        *out = chord;
        return TRUE;
    }
    const char *slash = strrchr(suffix, '/');
    if (slash == NULL || !parse_suffix(suffix, (gsize)(slash - suffix), &chord.quality))
        return FALSE;
    if (slash[1] < 'A' || slash[1] > 'G')
        return FALSE;
    used = tune_fifths_parse(slash + 1, &chord.bass);
    if (used == 0 || slash[1 + used] != '\0')
        return FALSE;
    *out = chord;
    return TRUE;
}

/* ---- Roman numerals ---- */

/* Reads accidentals and the numeral; returns bytes used, 0 if none. */
static gsize parse_numeral(const char *text, gint *degree, gint *alter, gboolean *upper)
{
    static const char *const numerals[] = {"VII", "VI", "IV", "V", "III", "II", "I"};
    static const gint degrees[] = {7, 6, 4, 5, 3, 2, 1};
    gsize used = 0;

    *alter = 0;
    for (; text[used] == 'b' || text[used] == '#'; used++)
        *alter += text[used] == '#' ? 1 : -1;
    for (gsize i = 0; i < G_N_ELEMENTS(numerals); i++) {
        gsize n = strlen(numerals[i]);
        if (g_ascii_strncasecmp(text + used, numerals[i], n) != 0)
            continue;
        *upper = text[used] == 'I' || text[used] == 'V';
        for (gsize k = 0; k < n; k++)
            if ((g_ascii_isupper(text[used + k]) != 0) != *upper)
                return 0;
        *degree = degrees[i];
        return used + n;
    }
    return 0;
}

/* A key of degrees: seven notes even where the mode has five or six. */
static TuneFifths degree_root(TuneKey key, gint degree, gint alter)
{
    static const gint8 major[7] = {0, 2, 4, -1, 1, 3, 5};
    static const gint8 minor[7] = {0, 2, -3, -1, 1, -4, -2};
    gint8 scale[7];

    if (tune_mode_scale_fifths(key.mode, scale) != 7 || key.mode == TUNE_MODE_HARMONIC_MINOR ||
        key.mode == TUNE_MODE_MELODIC_MINOR)
        memcpy(scale, tune_mode_is_minor(key.mode) ? minor : major, 7);
    return (TuneFifths)(key.tonic + scale[degree - 1] + 7 * alter);
}

static gboolean roman_quality(const char *suffix, gsize length, gboolean upper,
                              TuneChordQuality *out)
{
    g_autofree char *text = g_strndup(suffix, length);

    if (upper)
        return parse_suffix(text, length, out);
    /* "ii7" is minor seventh, "vii" with o or ø says its own quality. */
    if (*text == 'o' || g_str_has_prefix(text, "ø") || g_str_has_prefix(text, "dim") ||
        g_str_has_prefix(text, "m7b5") || g_str_has_prefix(text, "m"))
        return parse_suffix(text, length, out);
    g_autofree char *minor = g_strconcat("m", text, NULL);
    return parse_suffix(minor, length + 1, out);
}

gboolean tune_chord_parse_roman(const char *text, TuneKey key, TuneChord *out)
{
    gint degree = 0, alter = 0;
    gboolean upper = FALSE;
    TuneChord chord;
    gsize used = parse_numeral(text, &degree, &alter, &upper);

    if (used == 0)
        return FALSE;
    const char *suffix = text + used;
    if (roman_quality(suffix, strlen(suffix), upper, &chord.quality)) {
        chord.root = chord.bass = degree_root(key, degree, alter);
        *out = chord;
        return TRUE;
    }
    /* "V7/ii": the dominant of another degree. */
    const char *slash = strchr(suffix, '/');
    if (slash == NULL || !roman_quality(suffix, (gsize)(slash - suffix), upper, &chord.quality))
        return FALSE;
    if (strchr("357", slash[1]) != NULL && slash[1] != '\0' && slash[2] == '\0') {
        /* "I/5": one of its own tones in the bass. */
        gint8 tones[TUNE_CHORD_MAX_TONES], fifths[TUNE_CHORD_MAX_TONES];
        gsize at = (gsize)(slash[1] - '0') / 2, n = tune_chord_tones(chord.quality, tones, fifths);
        chord.root = degree_root(key, degree, alter);
        chord.bass = at < n ? (TuneFifths)(chord.root + fifths[at]) : chord.root;
        *out = chord;
        return TRUE;
    }
    TuneChord target;
    if (strchr(slash + 1, '/') != NULL || !tune_chord_parse_roman(slash + 1, key, &target))
        return FALSE;
    TuneKey local = {target.root, tune_chord_is_minor(target.quality) ? TUNE_MODE_MINOR
                                                                       : TUNE_MODE_MAJOR};
    chord.root = chord.bass = degree_root(local, degree, alter);
    *out = chord;
    return TRUE;
}
