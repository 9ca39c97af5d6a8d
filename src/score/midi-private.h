/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What the writer and the reader of MIDI files share.  Source: the Standard MIDI Files 1.0
 * specification (RP-001) and the MIDI 1.0 controller table.
 */
#pragma once
#include "score/score.h"

enum {
    TUNE_MIDI_BANK = 0,
    TUNE_MIDI_DATA = 6,
    TUNE_MIDI_VOLUME = 7,
    TUNE_MIDI_PAN = 10,
    TUNE_MIDI_BANK_LOW = 32,
    TUNE_MIDI_DATA_LOW = 38,
    TUNE_MIDI_REVERB = 91,
    TUNE_MIDI_CHORUS = 93,
    TUNE_MIDI_RPN_LOW = 100,
    TUNE_MIDI_RPN_HIGH = 101,
};

#define TUNE_MIDI_DRUM_CHANNEL 9

/* Text events that carry what MIDI has no event for. */
#define TUNE_MIDI_CHORD_PREFIX   "chord "
#define TUNE_MIDI_NO_CHORD       "N.C."
#define TUNE_MIDI_CREATOR_PREFIX "creator "

/* Controller 7 for a level in dB and back: General MIDI's 40 log10(v / 127), shifted so that 100 is
 * 0 dB and leaves headroom above. */
guint8 tune_midi_volume_of_db(double db);
double tune_midi_db_of_volume(guint8 volume);
