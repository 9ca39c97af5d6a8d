/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The properties of a score, each against the request it was composed for (docs: the composer's
 * handbook, "What the tests assert").  Every function notes what it looked at and each breach.
 *
 * Statistical ones look only at pieces of at least 20 s and parts of at least 12 notes, and honour
 * what a style's file exempts with its reason.
 */
#pragma once
#include "score/score.h"
#include "violations.h"

#define LONG_ENOUGH_SECONDS 20.0
#define ENOUGH_NOTES        12

/* TRUE when the style's file excuses it from @property ("breath", "velocity-spread"), with its
 * reason. */
gboolean style_is_exempt(const TuneStyle *style, const char *property);
/* Every name in a style's list is one that a check asks for; notes "style/exemptions". */
void check_exemptions(Violations *found, const TuneStyle *style);

/* check-request.c: what was said by number or name, exactly */
void check_request(Violations *found, const Ask *ask, const TuneScore *score);

/* check-notes.c: ranges, stuck, overlapping, channels, velocities, fit to chord and scale */
void check_notes(Violations *found, const Ask *ask, const TuneScore *score,
                 const TuneInstruments *instruments);

/* check-music.c: breath, repeats of sections, the hook, fills, endings */
void check_music(Violations *found, const Ask *ask, const TuneScore *score);

/* The part with the melody: of role LEAD, the one with most notes. (nullable) */
const TuneTrack *lead_track(const TuneScore *score);

/* check-voices.c: no parallel fifths or octaves where the style asks for strict voices */
void check_voices(Violations *found, const Ask *ask, const TuneScore *score);

/* check-variety.c: the edit distance between the melodies of two scores, 0 same .. 1 nothing alike;
 * -1 when one has no melody of at least ENOUGH_NOTES notes. */
double melody_distance(const TuneScore *a, const TuneScore *b);

/* What a style measures like, from one score: for telling styles apart. */
typedef struct {
    double bpm, notes_per_second, drum_share, swing, chord_tones, minor_share;
    GHashTable *instruments; /* set of keys */
} StylePrint;
void style_print_init(StylePrint *print, const TuneScore *score);
void style_print_clear(StylePrint *print);

/* Length of the music's sound: as asked, or to the last bar line. */
double score_seconds(const TuneScore *score);
