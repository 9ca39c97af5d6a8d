/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The words that a brief and a score share: metre, section roles, endings, durations in ticks.
 * Plain values; all functions are pure and thread-safe.
 */
#pragma once
#include <glib.h>

/* Ticks per quarter note, everywhere in the program and in every MIDI file it writes. */
#define TUNE_PPQ 960

#define TUNE_BASE_ERROR (tune_base_error_quark())
GQuark tune_base_error_quark(void);
typedef enum {
    TUNE_BASE_ERROR_SYNTAX,  /* a text that cannot be read: the message says where and why */
    TUNE_BASE_ERROR_MISSING, /* a data file that should be installed is not */
    TUNE_BASE_ERROR_IO,      /* a path that cannot be read or written */
} TuneBaseError;

/* ---- metre ---- */

typedef struct {
    guint8 beats; /* numerator, 1..15 */
    guint8 unit;  /* denominator: 2, 4, 8 or 16 */
    guint8 turn;  /* 0, or 1 for the other way to count fives and sevens: 2+3 and 3+2+2 */
} TuneMetre;

/* Ticks of one bar. */
gint tune_metre_bar_ticks(TuneMetre metre);

/* TRUE for 3/8, 6/8, 9/8, 12/8: the beat is a dotted quarter (three of the unit). */
gboolean tune_metre_is_compound(TuneMetre metre);

#define TUNE_METRE_MOST_GROUPS 8

/* The groups in which a bar is counted, in ticks: 4/4 2+2 quarters, 3/4 one of three, 5/4 3+2 (turned 2+3), 7/8
 * 2+2+3 eighths (turned 3+2+2), compound metres a dotted quarter each.  Their sum is the bar.  Returns how many (1..8). */
gint tune_metre_groups(TuneMetre metre, gint out[TUNE_METRE_MOST_GROUPS]);

/* Ticks of the felt beat: a dotted quarter in compound metres, one unit otherwise (7/8 and other
 * odd eighths: a quarter).  A tempo in bpm counts these. */
gint tune_metre_beat_ticks(TuneMetre metre);

/* How strongly tick @in_bar is accented: 1.0 downbeat, 0.75 half bar, 0.5 beats, 0.25 eighths,
 * 0.1 and less for what lies between. */
double tune_metre_weight(TuneMetre metre, gint in_bar);

/* "3/4", "6/8".  Returns FALSE if @text is no metre that the program can write. */
gboolean tune_metre_parse(const char *text, TuneMetre *out);
char *tune_metre_to_string(TuneMetre metre); /* (transfer full) */

/* A tempo of @bpm felt beats a minute as quarter notes a minute, and back. */
double tune_metre_quarter_bpm(TuneMetre metre, double beat_bpm);
double tune_metre_beat_bpm(TuneMetre metre, double quarter_bpm);

/* ---- form ---- */

typedef enum {
    TUNE_SECTION_INTRO,
    TUNE_SECTION_VERSE,
    TUNE_SECTION_PRECHORUS,
    TUNE_SECTION_CHORUS,
    TUNE_SECTION_BRIDGE,
    TUNE_SECTION_SOLO,
    TUNE_SECTION_BREAKDOWN,
    TUNE_SECTION_BUILD,
    TUNE_SECTION_DROP,
    TUNE_SECTION_INTERLUDE,
    TUNE_SECTION_THEME, /* A of AABA, the theme of a classical form */
    TUNE_SECTION_CONTRAST, /* B of AABA, the middle of a ternary form, a couplet */
    TUNE_SECTION_VARIATION,
    TUNE_SECTION_OUTRO,
    TUNE_SECTION_CODA,
    TUNE_N_SECTIONS
} TuneSectionRole;

/* "verse", "pre-chorus", ...; parsing ignores case, spaces and hyphens and knows common synonyms
 * ("hook" and "refrain" are the chorus, "middle eight" the bridge). */
const char *tune_section_role_name(TuneSectionRole role);
gboolean tune_section_role_parse(const char *text, TuneSectionRole *out);

typedef enum {
    TUNE_ENDING_AUTO,    /* what the style does */
    TUNE_ENDING_RIT,     /* final cadence with ritardando */
    TUNE_ENDING_COLD,    /* a stop on the beat */
    TUNE_ENDING_FADE,    /* fade-out */
    TUNE_ENDING_RING,    /* last chord held until it has decayed */
    TUNE_ENDING_TAG,     /* the last phrase repeated, then a held chord */
    TUNE_ENDING_LOOP,    /* leads back to bar 1 */
    TUNE_ENDING_FERMATA, /* the last beat before the last chord is held, then the chord */
    TUNE_ENDING_AMEN,    /* after the close a plagal cadence, slowing */
    TUNE_N_ENDINGS
} TuneEnding;

const char *tune_ending_name(TuneEnding ending);
gboolean tune_ending_parse(const char *text, TuneEnding *out);

/* How fast the beat of a section feels against its tempo: in half time the backbeat comes once where it
 * came twice; the notes of the melody stay as they are. */
typedef enum {
    TUNE_FEEL_PLAIN,
    TUNE_FEEL_HALF,
    TUNE_FEEL_DOUBLE,
    TUNE_N_FEELS
} TuneFeel;

/* "plain", "half", "double"; parsing also knows "half-time", "double-time", "normal". */
const char *tune_feel_name(TuneFeel feel);
gboolean tune_feel_parse(const char *text, TuneFeel *out);

/* ---- who plays what ---- */

typedef enum {
    TUNE_ROLE_LEAD,    /* the melody */
    TUNE_ROLE_COUNTER, /* counter-melody, answers, second voice */
    TUNE_ROLE_COMP,    /* chords in rhythm: strums, piano comping, riffs */
    TUNE_ROLE_ARP,     /* broken chords */
    TUNE_ROLE_PAD,     /* sustained chords */
    TUNE_ROLE_BASS,
    TUNE_ROLE_DRUMS,
    TUNE_ROLE_PERC,    /* pitched or hand percussion beside the drum set */
    TUNE_ROLE_FX,      /* risers, swells */
    TUNE_N_ROLES
} TuneRole;

const char *tune_role_name(TuneRole role);
gboolean tune_role_parse(const char *text, TuneRole *out);
