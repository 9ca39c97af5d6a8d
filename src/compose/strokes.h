/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Drum strokes before they are notes: who can play them, and which key or pitch sounds.
 */
#pragma once
#include "compose/pattern.h"

enum {
    KICK = 36,
    SNARE = 38,
    CLAP = 39,
    HAT = 42,
    PEDAL_HAT = 44,
    OPEN_HAT = 46,
    CRASH = 49,
    RIDE = 51,
    RIDE_BELL = 53,
    TAMBOURINE = 54,
    CHINA = 52,
    SPLASH = 55,
    CRASH_2 = 57,
};

/* One stroke of a General MIDI drum key or of a STYLE_DRUM_* row. */
typedef struct {
    gint tick, ticks;
    guint8 key;
    guint8 velocity;
    gboolean ghost;
} Stroke;

/* Thin @strokes (sorted by this call) to what can be played at once and write them as notes of @part.
 * @person: two hands and a foot on each pedal, unless the style's drums are a machine's; otherwise only
 * what one instrument cannot do twice at once is dropped. */
void plan_strokes_write(Plan *plan, PlanPart *part, GArray *strokes, gboolean person);
