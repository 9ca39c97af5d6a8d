/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Chords: root, quality, bass, and their symbols ("F#m7b5/C", "Bbmaj9").
 * Plain values; all functions are pure and thread-safe.
 */
#pragma once
#include "base/pitch.h"

typedef enum {
    TUNE_CHORD_MAJOR,
    TUNE_CHORD_MINOR,
    TUNE_CHORD_DIM,
    TUNE_CHORD_AUG,
    TUNE_CHORD_POWER, /* root and fifth */
    TUNE_CHORD_SUS2,
    TUNE_CHORD_SUS4,
    TUNE_CHORD_6,
    TUNE_CHORD_MIN6,
    TUNE_CHORD_7,
    TUNE_CHORD_MAJ7,
    TUNE_CHORD_MIN7,
    TUNE_CHORD_MINMAJ7,
    TUNE_CHORD_M7B5,
    TUNE_CHORD_DIM7,
    TUNE_CHORD_AUG7,
    TUNE_CHORD_7SUS4,
    TUNE_CHORD_ADD9,
    TUNE_CHORD_MINADD9,
    TUNE_CHORD_69,
    TUNE_CHORD_9,
    TUNE_CHORD_MAJ9,
    TUNE_CHORD_MIN9,
    TUNE_CHORD_7B9,
    TUNE_CHORD_7S9,
    TUNE_CHORD_7ALT,
    TUNE_CHORD_11,
    TUNE_CHORD_MIN11,
    TUNE_CHORD_13,
    TUNE_CHORD_MAJ13,
    TUNE_CHORD_7S11,
    TUNE_CHORD_MAJ7S11,
    TUNE_N_CHORDS
} TuneChordQuality;

typedef struct {
    TuneFifths root;
    TuneFifths bass; /* equal to root unless inverted or a slash chord */
    TuneChordQuality quality;
} TuneChord;

#define TUNE_CHORD_MAX_TONES 7

/* Tones above the root in semitones (0..21, ascending by function: root third fifth seventh ...)
 * and as fifths relative to the root; @fifths may be NULL.  Returns how many (2..7). */
gsize tune_chord_tones(TuneChordQuality quality, gint8 semitones[TUNE_CHORD_MAX_TONES],
                       gint8 fifths[TUNE_CHORD_MAX_TONES]);

/* Bit pc is set when pitch class pc is a chord tone (the bass of a slash chord included). */
guint16 tune_chord_mask(TuneChord chord);

/* TRUE for chords with a minor third. */
gboolean tune_chord_is_minor(TuneChordQuality quality);

/* The suffix behind the root: "", "m", "maj7", "7b9". */
const char *tune_chord_suffix(TuneChordQuality quality);

/* MusicXML 4.0 <kind> value: "major", "minor-seventh", ...  Altered chords give the nearest. */
const char *tune_chord_musicxml_kind(TuneChordQuality quality);

/* "Am7/G"  (transfer full) */
char *tune_chord_to_string(TuneChord chord);

/* Whole-text parse of a chord symbol, usual spellings accepted: "CM7", "Cmaj7", "C-7", "Cø", "C+",
 * "Co7", "Csus", "C/E".  FALSE when @text is no chord symbol. */
gboolean tune_chord_parse(const char *text, TuneChord *out);

/* Parse a Roman numeral ("ii7", "V7/V", "bVII", "#ivo"; "I/3", "I/5", "V7/7" with the chord's own third,
 * fifth or seventh in the bass) in @key: upper case is major, lower case minor; the suffix is as in chord symbols; in minor keys
 * degrees are those of the natural minor ("VI" in A minor is F, "vii" is relative to G; write "#vii"
 * for the leading note).  FALSE when @text is no numeral. */
gboolean tune_chord_parse_roman(const char *text, TuneKey key, TuneChord *out);
