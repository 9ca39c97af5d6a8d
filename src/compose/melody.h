/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What the melody's files share.
 *
 *   motif.c   rhythm cells and contours: what a melody is made of
 *   line.c    pitches for a rhythm and a contour over chords, by shortest path
 *   melody.c  phrases, sections, repeats: the lead
 *   ornament.c what a player adds: chromatic approaches, blue notes, mordents
 *   counter.c answers and guide-tone lines
 *   words.c   lyrics: rhythms that syllables ask for
 */
#pragma once
#include "compose/compose-private.h"

#define LINE_MAX_NOTES 160

/* A note of a phrase being made; ticks from the phrase's start. */
typedef struct {
    gint tick, ticks;
    gint want;          /* scale steps from the note before; LINE_FREE = no wish */
    gint pitch;         /* found, or 0 */
    gboolean fixed;     /* @pitch is decided */
    gboolean ends;      /* last note of a phrase */
    gint syllable;      /* index into the track's syllables, or -1 */
} LineNote;
#define LINE_FREE 99

typedef struct {
    LineNote note[LINE_MAX_NOTES];
    gint n;
    gint start;         /* absolute tick of the phrase */
    gint ticks;
    gboolean closes;    /* ends on a stable note of the key */
} Line;

/* A motif: rhythm of one or two bars and how it moves. */
typedef struct {
    gint bars;
    gint n;
    gint tick[32], ticks[32];
    gint step[32];      /* scale steps from the note before; the first is LINE_FREE */
} Motif;

/* The highest energy of a material's sections: one for all, so that its motif is the same in each. */
double material_energy(const Plan *plan, gint material);
/* The motif @name of a material: rhythm by the style's cells, contour by its habits. */
void motif_make(const Plan *plan, const PlanSection *section, const char *name, double density,
                Motif *out);
/* Turned upside down; its first half twice; twice as slow (needs twice the room). */
void motif_invert(Motif *motif);
void motif_fragment(const Plan *plan, Motif *motif);
void motif_augment(Motif *motif);
/* Appends the motif's notes from @tick on, at most @ticks long. */
void motif_lay(const Motif *motif, gint tick, gint ticks, Line *line);

/* Other voices that sound with a line: a pitch for each of its notes, 0 when silent. */
#define LINE_MOST_OTHERS 5
typedef struct {
    gint n;
    gint16 pitch[LINE_MOST_OTHERS][LINE_MAX_NOTES]; /* as the note begins */
    gint16 before[LINE_MOST_OTHERS][LINE_MAX_NOTES]; /* as the line's note before it began */
    gint side[LINE_MOST_OTHERS]; /* 1 the other voice lies above, -1 below */
} LineOthers;

typedef struct {
    gint low, high;     /* allowed pitches */
    double target[2];   /* where the line lies at its start and end */
    double peak;        /* height of an arch between them, semitones */
    double peak_at;     /* 0..1 */
    double noise;       /* how much chance has a say */
    gint before;        /* pitch of the last note before the line, 0 = none */
    gint tonic_wish;    /* pitch class that the last note likes, -1 = any chord tone */
    const LineOthers *others; /* (nullable) counterpoint: consonance, no parallels, no crossing */
} LineShape;

/* Finds the pitches of all notes that are not fixed. */
void line_solve(const Plan *plan, Line *line, const LineShape *shape, TuneRandom *random);

/* TRUE when a note of @ticks at @tick falls where the ear wants a chord tone. */
gboolean line_is_strong(const Plan *plan, gint tick, gint ticks);

/* A tune that returns over other chords keeps its notes, except for those that grate there now: @line has
 * the pitches of @old, which says over which chords it was made, @shift semitones higher (octaves aside). */
void line_settle(const Plan *plan, const PlanPart *part, const Line *old, gint shift, Line *line);

/* Adds what players of the style add, up to pitch @high; fixed notes stay. */
void line_adorn(const Plan *plan, Line *line, gint high, TuneRandom *random);

/* Writes the line into the part's track. */
void line_write(Plan *plan, PlanPart *part, const Line *line, gint velocity);

/* melody.c: the part that has the tune in section @index: the first lead that plays there; -1 when the piece
 * has no lead. */
gint plan_singer(const Plan *plan, gint index);

/* counter.c: @part's second voice, in the sections in which it plays and another leads. */
void counter_write(Plan *plan, PlanPart *part, gint index);

/* The pitch that @track sounds at @tick by notation, 0 when silent.  Notes must be in order. */
gint track_pitch_at(const TuneTrack *track, gint tick);

/* words.c: the syllables of a section's lines, laid as rhythms. NULL when the brief has no lyrics. */
typedef struct Words Words;
Words *words_new(const Plan *plan);
void words_free(Words *words);
gboolean words_has(const Words *words, gint index); /* section @index is sung */
/* TRUE when section @index is sung; then the line's notes are its syllables in phrase @phrase of
 * @n_phrases.  They like the places of @old (nullable), the stanza before. */
gboolean words_lay(Words *words, const Plan *plan, PlanPart *part, gint index, gint phrase,
                   gint n_phrases, const Line *old, Line *line);
