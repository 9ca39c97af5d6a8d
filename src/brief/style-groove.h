/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The rhythm section's part of a style file: the blocks `grooves:`, `fills:`, `bass:`, `comping:`, `riffs:`
 * and `perform:`, read into patterns that the composer plays.
 *
 *     grooves:
 *       - name: straight eighths
 *         metre: 4/4
 *         energy: [0.3, 0.7]
 *         sections: [verse, bridge]
 *         rows:
 *           hat:   "x.o.x.o.x.o.x.o."
 *           snare: "....X.......X..g|....X.......X.gg"
 *           kick:  "X.......x.x....."
 *
 * A row is a string of cells.  '|' divides bars; the cells of a bar share it evenly, so that 16 cells
 * of 4/4 are sixteenths and 12 are triplets; spaces are ignored.  A row of fewer bars than the longest
 * one comes round again.
 *
 * Drum cells: X accent, x full, o softer, g ghost, p and q full and ghost that come only now and then,
 * 1..9 a loudness, r t f two, three or four quick strokes in the cell, w a stroke that now and then becomes
 * such a roll, '.' or '-' nothing.
 * Bass cells: 1 root, 2 and 4 steps of the scale, 3 third, 5 fifth, 6 sixth, 7 seventh, 8 octave, v fifth
 * below, b the chord's bass note, a approach to the next chord by a half step, d by a scale step, > the bass
 * note of the chord that comes, held over the bar line, x dead note, '-' hold, '.' rest.
 * Comping cells: D and U full down and up strokes, d and u light ones, X accented chord, x chord, o soft
 * chord, > the next chord early (a push), m muted, c a scratch of damped strings, t upper voices only, b
 * lowest voice only, p lowest and highest together (a pinch), f s n root with fifth, sixth, flat seventh,
 * 1..8 one voice of the chord counted from the lowest (going on an octave higher beyond the top), '-' hold,
 * v the fifth below the lowest voice, '.' rest.
 * Riff cells: 1..8 degree of the chord's scale above its root, m the root muted with the palm, R the root as
 * a power chord, t its tritone, ? a tone that the piece chooses and keeps, x dead note, '-' hold, '.' rest.
 *
 * Four rows of a percussion groove are tuned by the chord of the moment: timpani and timpani-fifth (its
 * root and fifth), taiko and taiko-high; a drum set plays them on its toms.
 *
 * Values are immutable after parsing and belong to the style.  Thread-safe to read.
 */
#pragma once
#include "base/music.h"
#include "base/yaml.h"
#include "brief/style-automation.h"

typedef struct {
    gint tick;      /* from the first bar line of the pattern */
    gint ticks;     /* until the next cell that is not '-' */
    char cell;      /* as written in the file */
    guint8 key;     /* General MIDI drum key or STYLE_DRUM_*; 0 in bass and comping patterns */
    guint8 cells;   /* cells a felt beat: tells a triplet grid from a sixteenth grid */
    guint8 row;     /* grooves and fills: which row of the file, from 0 */
} StyleHit;

/* Drum keys below the General MIDI ones: tuned rows, see above. */
enum {
    STYLE_DRUM_TIMPANI = 1,
    STYLE_DRUM_TIMPANI_FIFTH,
    STYLE_DRUM_TAIKO,
    STYLE_DRUM_TAIKO_HIGH,
};

typedef enum {
    STYLE_IDIOM_PATTERN, /* the cells say it all */
    STYLE_IDIOM_WALK,    /* bass: a walking line, a note a beat */
    STYLE_IDIOM_KICK,    /* bass: with the bass drum, approach at the end */
    STYLE_IDIOM_HOLD,    /* bass: one long note a chord; comping: chords with held common tones */
    STYLE_IDIOM_PEDAL,   /* bass: the key's tonic under everything, except at cadences; comping: a drone on
                            tonic and fifth */
    STYLE_IDIOM_LINE,    /* bass: a melodic line in long notes; comping: inner voices of an ensemble */
    STYLE_IDIOM_TREMOLO, /* comping: measured tremolo on the held chord */
    STYLE_IDIOM_ARP,     /* comping: a sequencer goes through the chord's tones, a step a cell */
    STYLE_IDIOM_ANSWER,  /* comping: the cells sound only where the lead leaves room */
    STYLE_IDIOM_BLOCK,   /* comping: a section in block chords under the lead's own rhythm */
} StyleIdiom;

/* In which order an arpeggiator takes the tones. */
typedef enum {
    STYLE_ORDER_UP,
    STYLE_ORDER_DOWN,
    STYLE_ORDER_UP_DOWN,  /* the outer tones once */
    STYLE_ORDER_CONVERGE, /* from both ends to the middle */
    STYLE_ORDER_RANDOM,   /* no tone twice running; alike when the section comes again */
} StyleOrder;

/* Comping: how one hand at a keyboard lays out the chord, bass note included. */
typedef enum {
    STYLE_SHAPE_VOICED, /* as voicing.c leads the voices */
    STYLE_SHAPE_CLOSE,  /* within an octave: Alberti basses, broken chords */
    STYLE_SHAPE_TENTH,  /* root, fifth, tenth */
    STYLE_SHAPE_OPEN,   /* wide arpeggios under the pedal */
    STYLE_SHAPE_STRIDE, /* a low bass note and a chord above: waltz, stride, march */
    STYLE_SHAPE_OCTAVE, /* the bass in octaves */
    STYLE_SHAPE_FIFTHS, /* root, fifth, ninth */
} StyleShape;

typedef struct {
    char *name;
    StyleIdiom idiom;
    StyleShape shape;
    TuneMetre metre;
    double energy[2];    /* lowest and highest section energy */
    guint32 sections;    /* bit 1 << TuneSectionRole; 0 = everywhere */
    double tempo[2];     /* felt beats a minute that it is written for: half and double time */
    double weight;       /* how much it is liked among those that fit */
    double chance;       /* riffs: share of the materials that are built on one */
    gint bars;           /* length of the pattern; 0 of fills */
    gint beats;          /* fills: length in felt beats */
    gint ticks;          /* length of the pattern */
    gboolean build;      /* fills: a roll that grows, for what leads to a chorus or drop */
    gboolean percussion; /* grooves: hand or orchestral percussion, no drum set */
    gint layers;         /* grooves: rows come in one by one, each so many bars later; negative: they
                            leave one by one, the last row first; 0 all together */
    StyleOrder order;    /* arp */
    gint octaves;        /* arp: how many octaves of the chord */
    guint roles;         /* comping: bit 1 << TuneRole; 0 = COMP */
    char **instruments;  /* keys or families it is for; NULL = any */
    gboolean doubled;    /* comping: single voices sound with the octave above */
    gboolean early;      /* comping: what begins half a beat before a change has the new chord */
    char *group;         /* comping: patterns of one group take turns bar by bar (nullable) */
    GArray *hits;        /* StyleHit, sorted by tick, then key */
} StylePattern;

typedef struct {
    double swing;                    /* off-beat eighth in the beat at a medium tempo, 0.5..0.7 */
    gboolean swing_sixteenths;
    double late_ms[TUNE_N_ROLES];    /* each role's lean: positive lays back, negative pushes */
    double drift_ms;                 /* slow wander around it */
    double loudness[2];              /* velocity at energy 0 and at energy 1 */
    double accent;                   /* velocity between the weakest and the strongest place */
    double spread;                   /* velocity that no rule explains, standard deviation */
    double strum_ms;                 /* first to last string of a strum */
    double glide[TUNE_N_ROLES];      /* chance that a note slides in from the one before, 0..1 */
    double legato[TUNE_N_ROLES];     /* sounding share of a note's length, 0.2..1.1 */
    gboolean machine;                /* drums from a machine: no limbs to respect, tight timing */
    gboolean pedal;                  /* piano parts use the sustain pedal */
    gboolean bends;                  /* scoops and vibrato on lead guitar, saxophone, voice */
    double rit;                      /* how much an ending slows down, 0..1: 0.3 = to 70 % */
    double fills;                    /* how keen on fills at phrase ends, 0..1 */
    double crash;                    /* how keen on crashes at section heads, 0..1 */
    double clave;                    /* patterns of two bars keep their place in the piece whatever the
                                        sections do, and with this chance it begins with their second bar
                                        (3-2 of what is written in 2-3); -1: patterns begin with sections */
    gint n_beats;                    /* uneven beats: how many are said, 0 none */
    double beats[12];                /* where each beat of the bar falls, in beats early (-) or late */
} StylePerform;

typedef struct {
    GPtrArray *grooves; /* StylePattern */
    GPtrArray *fills;
    GPtrArray *bass;
    GPtrArray *comping;
    GPtrArray *riffs;
    StylePerform perform;
    StyleAutomation automation;
} StyleGrooves;

/* The keys of a style file that tune_style_groove_parse() reads, NULL-terminated: style.c allows them. */
extern const char *const tune_style_groove_keys[];

/* Read the six blocks of @root into @out, which may be uninitialised.  A missing block is empty, missing
 * perform values take the usual ones.  Returns FALSE with "file:line: reason" (TUNE_BASE_ERROR_SYNTAX);
 * then @out holds nothing. */
gboolean tune_style_groove_parse(const TuneYamlNode *root, StyleGrooves *out, GError **error);

/* Frees what @grooves holds, not itself; harmless on a zeroed one. */
void tune_style_groove_clear(StyleGrooves *grooves);

/* As a style file writes it: "walk". */
const char *tune_style_idiom_name(StyleIdiom idiom);

/* General MIDI key of a drum's name ("snare", "open-hat"); 0 when there is none. */
guint8 tune_drum_key(const char *name);
/* The name of a drum key, or "?". */
const char *tune_drum_name(guint8 key);
