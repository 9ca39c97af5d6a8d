/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Solving the length: how many bars at which tempo, so that the last sound has decayed when the asked
 * time is over.
 *
 * Every tempo change of a piece (ritardando, "speeds up") is relative to the base tempo, so the time of
 * a bar line is a weight in ticks divided by the base tempo: one multiplication solves the tempo for a
 * number of bars.  The search runs over bars and tempos and weighs how far the tempo lies from the wanted
 * one, how well the bars divide into phrases, and how long the last chord would hang.
 */
#pragma once
#include "compose/compose-private.h"

typedef struct {
    /* asked */
    double seconds;          /* exact length, 0 = free */
    gint bars;               /* exact number of bars, 0 = free */
    double bpm[2];           /* felt beats a minute: lowest and highest allowed */
    double wanted_bpm;
    gint unit;               /* phrase length in bars that the form likes */
    gint least_bars;         /* one for each section that must be there */
    double wanted_seconds;   /* when free */
    const double *anchors;   /* seconds at which a section should begin */
    gint n_anchors;
    gboolean tight;          /* set by the solver: the last chord may be as short as there is room */
    /* found */
    gint body_bars;          /* before the last chord */
    gint ending_bars;        /* the last chord's, 0 without one */
    double beat_bpm;
    gint64 length_us, fade_us;
    gint rit_bars;
} Length;

/* Fills the found members and plan->ending (which may have to change in very short pieces).  FALSE when
 * nothing fits: the caller knows which fields to name. */
gboolean plan_solve_length(Plan *plan, Length *length);

/* After plan->paces was filled: the tempo, or where no length was asked the length, that makes room for
 * slower and quicker sections.  FALSE when the style has no such tempo; then nothing has changed. */
gboolean plan_pace_length(Plan *plan, Length *length);

/* The score's tempo map for what was found; sets plan->rit_tick. */
void plan_write_tempos(Plan *plan, const Length *length);
