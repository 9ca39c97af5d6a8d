/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A melody that was given to be arranged: one voice of notes with its metre and key.  It is part of the
 * brief, note for note, so that a recipe holds it and a replay needs no file.  compose/theme.h takes one from
 * a score.
 */
#pragma once
#include "base/json.h"
#include "base/music.h"
#include "base/pitch.h"

#define TUNE_THEME_MOST_NOTES 512
#define TUNE_THEME_MOST_BARS 64

typedef struct {
    gint onset; /* ticks from the theme's first bar line; a pick-up lies before it */
    gint ticks; /* > 0; ends before the next note begins */
    gint pitch; /* MIDI */
} TuneThemeNote;

/* Immutable after creation; atomic reference count. */
typedef struct {
    char *title;   /* of the score that it comes from, "" when it has none */
    TuneMetre metre;
    TuneKey key;
    gint bars;     /* of the theme's own metre, without the pick-up */
    GArray *notes; /* TuneThemeNote, in order */
    char *hash;    /* SHA-256 of metre, key and notes */
} TuneTheme;

/* Takes @notes (TuneThemeNote, in order; transfer full). */
TuneTheme *tune_theme_new(const char *title, TuneMetre metre, TuneKey key, gint bars, GArray *notes);
TuneTheme *tune_theme_ref(const TuneTheme *self);
void tune_theme_unref(TuneTheme *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TuneTheme, tune_theme_unref)

/* {title, metre, key, bars, notes: [[onset, ticks, pitch], ...], sha256} and back; NULL with a sentence
 * when the object is not one, or its hash belongs to other notes (TUNE_BASE_ERROR_SYNTAX). */
json_t *tune_theme_to_json(const TuneTheme *self);
TuneTheme *tune_theme_from_json(const json_t *json, GError **error);
