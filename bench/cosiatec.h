/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * How far a set of notes can be compressed by finding repeated patterns: COSIATEC (D. Meredith, "COSIATEC and
 * SIATECCompress: Pattern discovery by geometric compression", MIREX 2013, on SIATEC of Meredith, Lemström
 * and Wiggins, 2002).
 *
 * Notes are points (onset, pitch).  A translational equivalence class (TEC) is a pattern and all the
 * vectors by which it can be moved so that it lies in the set again; it stands for its covered points at the
 * price of pattern size + number of vectors - 1.  The set is covered greedily: the TEC of a maximal
 * translatable pattern with the best ratio of points covered to price (ties: the denser pattern within its
 * bounding box, then the larger coverage) is taken and its points removed, until nothing saves anything; what
 * is left is paid point by point.  The compression ratio is all points over the sum of prices: 1 for
 * noise, n / (pattern + repetitions - 1) for exact repetition.
 *
 * Memory about 10 n^2 bytes; a piece of three minutes (3,000 notes) takes seconds.
 */
#pragma once
#include <glib.h>

#define COSIATEC_MAX_POINTS 12000
#define COSIATEC_MAX_ONSET  (1 << 22) /* last less first, below this */

typedef struct {
    gint onset, pitch;
} CosiatecPoint;

typedef struct {
    guint n_points; /* without duplicates */
    guint price;    /* of all TECs and of what is left */
    guint n_tecs;
    guint n_left;   /* points that no pattern saves */
} CosiatecResult;

/* The compression ratio of @points (in any order, duplicates count once; pitches 0..511); 1 of an empty set. */
double cosiatec_ratio(const CosiatecPoint *points, guint n, CosiatecResult *out);
