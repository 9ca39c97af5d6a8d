/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A part as a page shows it: bars, voices without overlap, and in each voice pieces whose lengths
 * single note heads can show (plain or dotted, straight or in a 3:2 tuplet).
 *
 * Times are snapped to multiples of 10 ticks, the grid on which every place has a notation (down to
 * 256th notes, straight or triplet): scores on the usual grids lose nothing.
 *
 *     g_autoptr(TuneNotation) page = tune_notation_new(score, track, FALSE);
 *     for each page->bars, page->voices: tune_notation_pieces(page, voice, bar, &n)
 *
 * Read-only after creation, so thread-safe.
 */
#pragma once
#include "score/score.h"

#define TUNE_NOTATION_GRID 10

typedef struct {
    gint tick;
    gint ticks;
    TuneMetre metre;
} TuneNotationBar;

/* One note head, chord or rest. */
typedef struct {
    gint tick;
    gint ticks;
    gint group;  /* index into the voice's groups, -1 for a rest */
    gint8 type;  /* 0 whole, 1 half, 2 quarter ... 8 256th: as printed, inside a tuplet longer */
    guint8 dots; /* 0 or 1 */
    gboolean whole_bar; /* a rest that fills the bar; type and dots do not count */
    gboolean tie_in, tie_out;
    gboolean in_tuplet;  /* printed length = 3/2 of ticks */
    gint8 tuplet_type;   /* type of the two normal notes that the tuplet replaces */
    guint16 tuplet_size; /* on the first piece of a tuplet: how many pieces it has; otherwise 0 */
    gboolean tuplet_end;
} TunePiece;

/* Notes of one voice that begin and end together. */
typedef struct {
    gint start, end; /* snapped */
    GArray *notes;   /* guint: indices into track->notes, by pitch */
} TuneNoteGroup;

typedef struct {
    guint staff;      /* 0 or 1 */
    guint number;     /* from 0 within the staff */
    GArray *groups;   /* TuneNoteGroup */
    GArray *pieces;   /* TunePiece, whole piece of music */
    guint *bar_first; /* [n bars + 1] index of each bar's first piece */
} TuneNotationVoice;

typedef struct {
    GArray *bars;      /* TuneNotationBar */
    GPtrArray *voices; /* TuneNotationVoice, by staff, then number; each staff has at least one */
} TuneNotation;

/* @split: notes from middle C on go to staff 0, those below to staff 1. */
TuneNotation *tune_notation_new(const TuneScore *score, const TuneTrack *track, gboolean split);
void tune_notation_free(TuneNotation *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TuneNotation, tune_notation_free)

/* Pieces of @voice in bar @bar.  The first voice of a staff fills every bar, others may be absent
 * from one (*n is 0). (transfer none) */
const TunePiece *tune_notation_pieces(const TuneNotationVoice *voice, guint bar, guint *n);
