/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A track as a player sees it: note and controller events in order of time, in frames.
 */
#pragma once
#include "score/score.h"

typedef enum { TUNE_EVENT_OFF, TUNE_EVENT_CONTROL, TUNE_EVENT_ON } TuneEventKind;

typedef struct {
    gint64 frame;   /* a multiple of TUNE_VOICE_GRID */
    gint32 length;  /* of a note: frames until it ends */
    gint16 value;   /* velocity, controller value or bend */
    guint8 kind;    /* TuneEventKind; at one frame: notes end, controllers move, notes begin */
    guint8 number;  /* key or controller */
} TuneEvent;

/* Events of track @index, onsets rounded to the nearest grid point (at 44.1 kHz within 0.73 ms).
 * Only controllers that belong to the playing are passed on: modulation (1), expression (11), pedal
 * (64) and bend; volume, pan and effect sends are the mix's.  The pedal is up after the last note.
 * (transfer full) (element-type TuneEvent) */
GArray *tune_events_new(const TuneScore *score, guint index, guint rate);

/* Frame of @tick on the grid. */
gint64 tune_event_frame(const TuneScore *score, gint tick, guint rate);
