/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Carrying rhythms from one metre to another: which stretch of a pattern sounds where in a bar.
 *
 * Both metres are taken apart into beats (quarters, dotted quarters in compound metres, eighths in 3/8)
 * and the target's beats into groups.  A group of two plays half a bar of four beats, one half after the
 * other, so that the backbeat stays on the second beat of each group; a group of three plays the first
 * half and one beat more, which at the end of a bar is the pattern's last one, because that leads on.  A
 * bar of 2/4 or 6/8 has half a bar of 4/4, one of 12/8 the whole, 5/4 (3+2) a longer first half and the
 * second, 7/8 (2+2+3) all but the last eighth.  What lies inside a beat moves to the nearest place of the
 * other division: an off-beat eighth of 4/4 falls on the last third of a dotted quarter.
 */
#pragma once
#include "base/music.h"

/* A stretch of a pattern, one beat or less, and where it goes. */
typedef struct {
    gint from, from_ticks; /* from the pattern's beginning */
    gint from_beat;        /* the whole beat's length there */
    gint to, to_ticks;     /* from the bar line of the target */
    gint to_beat;
} CarrySpan;

#define CARRY_MOST 16

/* The spans of bar @bar (0..) of @to out of a pattern of @bars bars of @from.  @leads: where three beats
 * are taken from four, the third is the pattern's fourth, else its third.  Returns how many. */
gint carry_spans(TuneMetre from, gint bars, gboolean leads, TuneMetre to, gint bar,
                 CarrySpan out[CARRY_MOST]);

/* Where the place @inside the span's source beat lies in the target's bar, or -1 when the span is shorter
 * than its beat and the place is cut off. */
gint carry_place(const CarrySpan *span, gint inside);

/* Ticks of the beat by which patterns are carried: a quarter, a dotted quarter, an eighth in 3/8. */
gint carry_beat_ticks(TuneMetre metre);

/* TRUE for metres that need no carrying: the same, or 2/2 beside 4/4. */
gboolean carry_is_same(TuneMetre a, TuneMetre b);

/* 0..1: how well a rhythm of @from serves @to when it is carried over; 1 for the same metre. */
double carry_kinship(TuneMetre from, TuneMetre to);
