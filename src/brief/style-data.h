/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The members of a style, for the composer.  style.c reads names, tempo, form, harmony, melody, parts,
 * mix; style-groove.c reads grooves, fills, bass, comping idioms and performance.  docs/styles.md is the
 * page for authors: every key below has its line there.
 *
 * Everything belongs to the style and is immutable after tune_style_require().  Arrays are never NULL;
 * before that, those behind the head are empty.
 */
#pragma once
#include "base/chord.h"
#include "brief/style-groove.h"
#include "brief/style.h"

/* A name (instrument key, numeral, tonic) and how much it is liked. */
typedef struct {
    char *name;
    double weight;
} StyleChoice;

typedef struct {
    TuneMode mode;
    double weight;
} StyleMode;

typedef struct {
    TuneMetre metre;
    double weight;
} StyleMetre;

/* ---- form ---- */

/* Where a section's key lies from the home key. */
typedef enum {
    STYLE_KEY_HOME,
    STYLE_KEY_DOMINANT,    /* a fifth up, same mode */
    STYLE_KEY_SUBDOMINANT, /* a fourth up, same mode */
    STYLE_KEY_RELATIVE,    /* of major its minor, of minor its major */
    STYLE_KEY_PARALLEL,    /* the same tonic in the other mode */
    STYLE_N_KEYS
} StyleKey;

/* What a variation does to the tune of its material. */
typedef enum {
    STYLE_VARIATION_NONE,
    STYLE_VARIATION_ORNAMENTED, /* neighbours and passing notes about the long notes */
    STYLE_VARIATION_RUNNING,    /* one even stream of quick notes through the tune's own */
    STYLE_VARIATION_TRIPLETS,   /* the same in threes */
    STYLE_VARIATION_DOTTED,     /* long and short */
    STYLE_VARIATION_SYNCOPATED, /* ahead of the beat */
    STYLE_VARIATION_CHORALE,    /* only the tune's strong notes, held */
    STYLE_VARIATION_LOW,        /* an octave lower */
    STYLE_VARIATION_HIGH,       /* an octave higher */
    STYLE_N_VARIATIONS
} StyleVariation;

typedef struct {
    TuneSectionRole role;
    gint bars;         /* usual length */
    gint least;        /* shortest sensible length, >= 1 */
    gint phrase_bars;  /* cadences fall at its multiples */
    double energy;     /* 0..1 */
    char material;     /* 'A'..'Z': sections of one letter share harmony and melody */
    gint drop;         /* 0 = never left out; the highest goes first when time is short */
    gboolean cycle;    /* belongs to the stretch that is repeated when there is much time */
    gint transpose;    /* semitones against the home key (a couplet in the dominant, a lifted chorus) */
    char *texture;     /* name of the texture it is written in (nullable) */
    StyleKey key;      /* or its relation to the home key */
    TuneFeel feel;     /* half or double time */
    double tempo;      /* against the piece's: 0.7 = slower; held back where a tempo was said by number */
    StyleVariation variation;
    gint trade;        /* bars after which band and drummer take turns, 0 = they do not */
} StyleSection;

typedef struct {
    char *name;
    double weight;
    GArray *sections;  /* StyleSection */
} StyleForm;

/* ---- harmony ---- */

typedef enum {
    STYLE_CADENCE_AUTHENTIC, /* V I: closes */
    STYLE_CADENCE_HALF,      /* ends on V: open */
    STYLE_CADENCE_PLAGAL,    /* IV I */
    STYLE_CADENCE_DECEPTIVE, /* V vi */
    STYLE_CADENCE_TURN,      /* turnaround or loop: leads on */
    STYLE_N_CADENCES
} StyleCadenceKind;

typedef struct {
    gboolean minor;      /* for modes with a minor third */
    gboolean any_mode;   /* for both */
    gint mode;           /* TuneMode, or -1 = by @minor */
    guint32 roles;       /* bit 1 << TuneSectionRole; 0 = everywhere */
    double weight;
    GPtrArray *numerals; /* char*: Roman numerals, one a slot */
    GArray *beats;       /* double: share of each slot in bars (1 = a bar); same length */
    gint bars;           /* sum of the shares, whole */
    gboolean whole;      /* a fixed form (blues): never cut or stretched */
} StyleProgression;

typedef struct {
    StyleCadenceKind kind;
    gboolean minor;
    double weight;
    GPtrArray *numerals; /* char*, the last one closes */
} StyleCadence;

/* How chords follow one another. */
typedef struct {
    char *from;
    GArray *to; /* StyleChoice */
} StyleMove;

/* How a plain numeral is dressed: "V" -> V7 3, V9 1. */
typedef struct {
    char *plain;
    GArray *dressed; /* StyleChoice */
} StyleDress;

typedef struct {
    double chords_per_bar[TUNE_N_SECTIONS]; /* 0.25 .. 4 */
    double loops;               /* 0..1: share of materials built on a progression, the others walk */
    GArray *progressions;       /* StyleProgression */
    GArray *moves[2];           /* StyleMove, [0] major [1] minor */
    GArray *cadences;           /* StyleCadence */
    GArray *dress[2];           /* StyleDress, [0] major [1] minor */
    double colour;              /* 0..1 how often a chord is dressed */
    double secondary;           /* chance of a secondary dominant before a chord that can have one */
    double mixture;             /* chance of a borrowed chord in a phrase */
    double two_five;            /* chance that a dominant is split into ii V */
    double tritone;             /* chance of a tritone substitute for a dominant */
    double inversion;           /* chance that a chord is inverted where the bass gains a line */
    double pedal;               /* chance of a pedal point in intros, builds and codas */
    double picardy;             /* chance that a minor piece ends major */
    double suspended;           /* chance that a dominant is suspended first */
    double scale_share;         /* least share of notes in chord or scale of the moment, 0.98 */
} StyleHarmony;

/* ---- melody ---- */

/* A rhythm cell: one bar (or two) of onsets in the metre it is for. */
typedef struct {
    TuneMetre metre;
    double energy[2];
    double weight;
    guint32 sections; /* bit 1 << TuneSectionRole; 0 = everywhere */
    gint bars;
    gint n;
    gint tick[32];    /* onsets */
    gint ticks[32];   /* lengths */
    gboolean rest[32];
} StyleCell;

/* What adorns a note. */
typedef enum {
    STYLE_ORNAMENT_MORDENT, /* the note, its upper neighbour, the note again */
    STYLE_ORNAMENT_CUT,     /* a flick from above before the note */
    STYLE_ORNAMENT_ROLL,    /* the note three times, parted by a flick from above and one from below */
    STYLE_ORNAMENT_TURN,    /* upper neighbour, note, lower neighbour, note */
    STYLE_ORNAMENT_SLIDE,   /* in from the half or whole step below */
    STYLE_ORNAMENT_TRILL,   /* note and upper neighbour in quick turns */
    STYLE_N_ORNAMENTS
} StyleOrnament;

typedef struct {
    gboolean strict;     /* voice leading without parallels (quartet, choir) */
    gint range;          /* usual span in semitones */
    double step, repeat, leap; /* how intervals divide; sum to about 1; leap = a fourth and more */
    double syncopation;  /* 0..1 */
    double density[2];   /* notes a felt beat at energy 0 and 1 */
    double chord_tones;  /* share of chord tones on strong beats, 0.6..0.95 */
    double chromatic;    /* chance of chromatic approach notes */
    double pentatonic;   /* 0..1 how far the scale thins to five notes */
    double rest;         /* share of a phrase that breathes, 0.05..0.5 */
    double call;         /* share of a phrase that the lead takes before others answer; 0 and 1 = all */
    double ornament;     /* grace notes, turns */
    double ornaments[STYLE_N_ORNAMENTS]; /* which: weights */
    double enclosure;    /* chance that a chord tone is reached from both its sides */
    double blue;         /* blue notes */
    gint phrase_bars;
    GArray *cells;       /* StyleCell */
} StyleMelody;

/* ---- textures ---- */

/* Who writes the voices of a section, and how they hang together. */
typedef enum {
    STYLE_WEAVE_FREE,      /* melody and accompaniment: each part writes its own */
    STYLE_WEAVE_CHORALE,   /* all voices move with the melody, by the rules of part-writing */
    STYLE_WEAVE_FUGUE,     /* voices enter one after the other with subject and answer */
    STYLE_WEAVE_IMITATION, /* all play; a motif wanders through the voices */
    STYLE_WEAVE_UNISON,    /* all voices play the melody in octaves */
} StyleWeave;

/* What the right hand of a keyboard adds under its melody. */
typedef enum {
    STYLE_HAND_PLAIN,
    STYLE_HAND_THIRDS,  /* thirds and sixths */
    STYLE_HAND_OCTAVES,
    STYLE_HAND_CHORDS,  /* chord tones on strong places, at most an octave below */
} StyleHand;

typedef struct {
    char *name;
    StyleWeave weave;
    StyleHand hand;
    double energy[2];   /* sections it is for */
    guint32 sections;   /* bit 1 << TuneSectionRole; 0 = everywhere */
    double weight;
    char **melody;      /* ids of parts that may sing instead of the lead (nullable) */
    char **rests;       /* ids of parts that are silent (nullable) */
    char **pizzicato;   /* ids of parts that pluck (nullable) */
    char **tremolo;     /* ids of parts that tremble (nullable) */
    char **staccato;    /* ids of parts that play short (nullable) */
} StyleTexture;

/* ---- parts ---- */

/* How a counter part goes with the lead. */
typedef enum {
    STYLE_FOLLOWS_NOBODY,      /* guide tones, and answers where the lead breathes */
    STYLE_FOLLOWS_UNISON,      /* the same notes, in the octave of its register */
    STYLE_FOLLOWS_THIRDS,      /* thirds and sixths */
    STYLE_FOLLOWS_HETEROPHONY, /* the same tune, adorned here and thinned there */
    STYLE_FOLLOWS_ANSWER,      /* only answers */
    STYLE_N_FOLLOWS
} StyleFollows;

typedef struct {
    char *id;            /* "rhythm-guitar": unique in the style */
    char *name;          /* for people, instead of the instrument's: "Soprano" (nullable) */
    char *doubles;       /* id of the part whose line it plays (nullable) */
    gint interval;       /* and how far away, in semitones */
    TuneRole role;
    GArray *instruments; /* StyleChoice: instrument keys */
    gint low, high;      /* register, MIDI pitches; 0, 127 when open */
    double enters_at;    /* energy from which it plays, 0 = always */
    double leaves_at;    /* energy from which it is silent again; above 1 = never */
    double chance;       /* that a piece has it at all */
    gint voices;         /* most notes of its chords; 0 = what its instrument usually plays */
    gint rank;           /* 1 = the style is not itself without it; higher is dropped first */
    guint32 sections;    /* bit 1 << TuneSectionRole where it may play; 0 = everywhere */
    gint after;          /* bars that it waits in a section with which it enters */
    gint place;          /* TuneEffectPlace of an fx part; -1 = its instrument's */
    gint bars;           /* how long its effects take; 0 = as the section allows */
    guint32 modes;       /* bit 1 << TuneMode in which the style has it; 0 = in all */
    StyleFollows follows;
    double level_db, pan, reverb, delay, chorus, high_pass_hz, duck, drive; /* see TuneTrackMix */
    double low_db, mid_db, mid_hz, high_db, compress;                      /* likewise */
} StylePart;

typedef struct {
    double reverb_seconds;
    double delay_beats;
    double delay_feedback;
    double bus_drive;
    double brightness;
} StyleMix;

struct TuneStyle {
    GMutex lock;           /* while the rest is read */
    gint is_whole;         /* atomic: everything below is there, not only the head */
    char *path;
    char *hash;            /* NULL before the whole is read */
    char *name, *title, *summary;
    char **words;          /* lower case */
    double tempo[2];       /* felt beats a minute: possible */
    double usual_tempo[2]; /* typical */
    GArray *metres;        /* StyleMetre, the usual one first */
    GArray *modes;         /* StyleMode */
    GArray *keys[2];       /* StyleChoice: tonics that suit, [0] major [1] minor */
    double lift;           /* chance that the last chorus is lifted a step */
    double seconds;        /* usual length when nothing is said */
    double ensemble[2];    /* fewest and most parts of a piece */
    double endings[TUNE_N_ENDINGS];
    GArray *forms;         /* StyleForm */
    StyleHarmony harmony;
    StyleMelody melody;
    GArray *parts;         /* StylePart */
    GArray *textures;      /* StyleTexture */
    StyleMix mix;
    char **exempt;         /* properties the style is excused from: "velocity-spread: harpsichord ..." */
    StyleGrooves grooves;
};
