/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Notated places for performed notes.
 */
#pragma once
#include "score/score.h"

/* @track's notes hold performed times as onset and duration, offsets 0, no two of a pitch
 * overlapping.  Each gets a place on a straight or triplet grid, chosen per quarter note from what
 * is played in it; the remainder goes to the offsets, so every note sounds exactly as before.
 * Notes of one pitch that would meet on the page keep apart, near where they are played. */
void tune_track_quantise(const TuneScore *score, TuneTrack *track);
