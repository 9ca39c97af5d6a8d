/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Spelled pitch classes, keys, modes, scales.
 *
 * A spelled pitch class is its place on the line of fifths: ... Bb -2, F -1, C 0, G 1, D 2, A 3,
 * E 4, B 5, F# 6, C# 7 ...  Adding an interval's fifths (major third 4, minor third -3, fifth 1)
 * gives the right spelling without tables.  Range used: -15 (Fbb) .. 19 (B##).
 * All functions are pure and thread-safe.
 */
#pragma once
#include <glib.h>

typedef gint8 TuneFifths;

/* 0..11, C = 0. */
gint tune_fifths_pitch_class(TuneFifths f);

/* Letter 0..6 (C D E F G A B) and alteration in semitones (-2..2). */
gint tune_fifths_letter(TuneFifths f);
gint tune_fifths_alter(TuneFifths f);

/* "F#", "Bb", "C".  @out holds at least 4 bytes. */
void tune_fifths_name(TuneFifths f, char out[8]);

/* Reads a letter A..G with any of # ♯ b ♭ x and the words "sharp", "flat" behind it; upper or lower
 * case.  Returns the number of bytes read, 0 if @text does not begin with a note name that exists
 * ("H#", "E###" do not). */
gsize tune_fifths_parse(const char *text, TuneFifths *out);

/* The spelling of pitch class @pc (0..11) that lies nearest to the key signature @signature
 * (sharps positive): chromatic notes rise as sharps in sharp keys, fall as flats in flat keys. */
TuneFifths tune_fifths_nearest(gint pc, gint signature);

/* Octave number (middle C = C4, MIDI 60) of MIDI @pitch when spelled as @f: B# below C. */
gint tune_pitch_octave(gint pitch, TuneFifths f);

/* MIDI pitch of spelled class and octave. */
gint tune_pitch_from_octave(TuneFifths f, gint octave);

/* ---- modes and keys ---- */

typedef enum {
    TUNE_MODE_MAJOR,
    TUNE_MODE_MINOR, /* natural; harmonic and melodic raise as the harmony asks */
    TUNE_MODE_DORIAN,
    TUNE_MODE_PHRYGIAN,
    TUNE_MODE_LYDIAN,
    TUNE_MODE_MIXOLYDIAN,
    TUNE_MODE_LOCRIAN,
    TUNE_MODE_HARMONIC_MINOR,
    TUNE_MODE_MELODIC_MINOR,
    TUNE_MODE_PHRYGIAN_DOMINANT,
    TUNE_MODE_MAJOR_PENTATONIC,
    TUNE_MODE_MINOR_PENTATONIC,
    TUNE_MODE_BLUES,
    TUNE_MODE_DOUBLE_HARMONIC, /* hijaz kar: two augmented seconds */
    TUNE_MODE_HUNGARIAN_MINOR, /* nawa athar */
    TUNE_MODE_NIKRIZ,          /* dorian with a raised fourth */
    TUNE_MODE_SHANG,           /* second of the Chinese five-note modes; gong is major pentatonic, yu
                                  minor pentatonic */
    TUNE_MODE_ZHI,             /* the fourth of them; the Japanese yo scale */
    TUNE_MODE_MIYAKO_BUSHI,    /* the Japanese in scale of koto and shamisen */
    TUNE_MODE_HIRAJOSHI,       /* a koto tuning, the in scale from another of its notes */
    TUNE_MODE_INSEN,           /* a koto tuning with a minor seventh */
    TUNE_N_MODES
} TuneMode;

typedef struct {
    TuneFifths tonic;
    TuneMode mode;
} TuneKey;

const char *tune_mode_name(TuneMode mode); /* "major", "dorian", ... */
gboolean tune_mode_parse(const char *text, TuneMode *out);

/* TRUE when the mode's third is minor. */
gboolean tune_mode_is_minor(TuneMode mode);

/* The church mode, major or minor with whose signature @mode is written: for formats that know no
 * others. */
TuneMode tune_mode_diatonic(TuneMode mode);

/* Scale of @mode as semitones above the tonic, ascending, first 0; returns how many (5..7). */
gsize tune_mode_scale(TuneMode mode, gint8 out[7]);

/* Scale of @mode as fifths relative to the tonic, in the order of tune_mode_scale(). */
gsize tune_mode_scale_fifths(TuneMode mode, gint8 out[7]);

/* Bit pc is set when pitch class pc belongs to the key's scale. */
guint16 tune_key_mask(TuneKey key);

/* Sharps (positive) or flats of the key signature, -7..7; modes use the signature of their
 * relative major (D dorian 0). */
gint tune_key_signature(TuneKey key);

/* How MIDI pitch class @pc is spelled in @key. */
TuneFifths tune_key_spell(TuneKey key, gint pc);

/* "F# minor", "Bb major", "D dorian"  (transfer full) */
char *tune_key_to_string(TuneKey key);

/* Whole-text parse of what tune_key_to_string() writes and of usual short forms: "F#m", "Bb", "a
 * minor", "D dorian", "c sharp minor", "Am", "E flat".  A missing mode is major (@mode_said, if not
 * NULL, tells).  FALSE with a message that names what is wrong ("H# is no note name"). Keys whose
 * signature needs more than seven accidentals are respelled (G# major is Ab major). */
gboolean tune_key_parse(const char *text, TuneKey *out, gboolean *mode_said, GError **error);
