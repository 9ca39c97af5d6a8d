/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What the files of the ABC reader share: abc-file.c (lines, fields, voices), abc-read.c (a line of
 * music) and abc-words.c (a w: line).
 */
#pragma once
#include "score/score.h"

/* Something that a w: line counts: a note or chord of the first layer. */
typedef struct {
    gint note; /* index of the top note; -1 when a tie continues it */
    guint bar;
} TuneAbcSlot;

typedef struct {
    char *id;
    TuneTrack *track;
    gboolean is_first;
    TuneMetre metre;
    gint signature;
    double unit;               /* ticks of L: */
    double cursor;             /* ticks */
    double bar_start, bar_end; /* of the bar that is being read; bar_end over all layers */
    guint bar, layer;
    gboolean altered[7];
    gint8 alter[7];                /* of letters altered in this bar */
    GArray *ties; /* TuneTie, by staff position */
    gint tuplet_left;              /* notes still in it */
    double tuplet_factor;
    double next_factor; /* of broken rhythm, for the next note */
    gint slurs;
    guint8 velocity, articulation;  /* for the next note */
    double last_start, last_length; /* the last note, chord or rest */
    GArray *last_notes;             /* gint: its notes */
    GArray *last_positions;         /* gint: their staff positions, letter + 7 * octave */
    GArray *slots;                  /* TuneAbcSlot of the current line */
    gboolean line_has_words;
} TuneAbcVoice;

typedef struct {
    const char *name;
    GError **error;
    TuneScore *score;
    GPtrArray *voices; /* TuneAbcVoice */
    TuneAbcVoice *now; /* (nullable) until the first music */
    TuneMetre metre;   /* of the head */
    TuneKey key;
    double unit; /* of the head, 0: from the metre */
    gint line, column;
    gint n_notes;
    GArray *metres; /* TuneMetreChange, of the first voice */
    GArray *tempos; /* TuneTempo */
    GArray *keys;   /* TuneKeyChange */
} TuneAbcReader;

/* "NAME:line:column: why"; always FALSE. */
gboolean tune_abc_fail(TuneAbcReader *self, const char *why);

/* A line of music for self->now. */
gboolean tune_abc_read_music(TuneAbcReader *self, const char *line);

/* A field inside the tune, "K:G" or "[K:G]": @letter and its text. */
gboolean tune_abc_read_field(TuneAbcReader *self, char letter, const char *text);

/* A w: line under the last line of music. */
void tune_abc_read_words(TuneAbcVoice *voice, const char *text);
