/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What the writer and the reader of MusicXML share.  Source: MusicXML 4.0 (W3C community group
 * final report, 2021).
 */
#pragma once
#include "score/score.h"

/* Fifths by which written notes are sounded, for a transposition of @semitones (sounding minus
 * written): -2, a B flat instrument, gives -2. */
gint tune_musicxml_transpose_fifths(gint semitones);

/* Steps (lines and spaces) of the same interval without its octaves, with the sign of @semitones.
 */
gint tune_musicxml_transpose_steps(gint semitones);

/* Staff position and head of a General MIDI drum key on a five-line percussion staff. */
typedef struct {
    char step;
    gint8 octave;
    gboolean cross; /* cymbals and hi-hats */
    const char *name;
} TuneDrumLook;
TuneDrumLook tune_musicxml_drum_look(guint8 key);

/* Velocity of a dynamic mark "ppp" .. "fff", 0 for other words. */
guint8 tune_musicxml_velocity_of(const char *mark);
/* The mark whose velocity is nearest. */
const char *tune_musicxml_mark_of(gint velocity);
