/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Score files: JSON (docs/score.schema.json), Standard MIDI File type 1, MusicXML 4.0, ABC 2.1.
 *
 * What survives a round trip: JSON everything; MIDI everything that sounds, at 960 ticks a quarter;
 * MusicXML and ABC part, notated onset and duration, pitch with spelling, lyric.
 * Readers take untrusted bytes: every count, offset and size is checked; errors are
 * TUNE_SCORE_ERROR with the position (line, or byte offset for MIDI).
 * All functions are thread-safe.
 */
#pragma once
#include "score/score.h"

typedef enum {
    TUNE_SCORE_JSON,
    TUNE_SCORE_MIDI,
    TUNE_SCORE_MUSICXML,
    TUNE_SCORE_ABC,
    TUNE_SCORE_UNKNOWN,
} TuneScoreFormat;

/* By suffix (.json .mid .midi .musicxml .xml .abc). */
TuneScoreFormat tune_score_format_of_path(const char *path);
/* By content. */
TuneScoreFormat tune_score_format_of_bytes(const guint8 *data, gsize size);

/* Writers give the whole file as bytes (transfer full). */
GBytes *tune_score_write_json(const TuneScore *score, GError **error);
GBytes *tune_score_write_midi(const TuneScore *score, GError **error);
GBytes *tune_score_write_musicxml(const TuneScore *score, GError **error);
GBytes *tune_score_write_abc(const TuneScore *score, GError **error);
GBytes *tune_score_write(const TuneScore *score, TuneScoreFormat format, GError **error);

/* Readers: @name stands for the file in messages.  (transfer full) */
TuneScore *tune_score_read_json(const char *name, const guint8 *data, gsize size, GError **error);
TuneScore *tune_score_read_midi(const char *name, const guint8 *data, gsize size, GError **error);
TuneScore *tune_score_read_musicxml(const char *name, const guint8 *data, gsize size,
                                    GError **error);
TuneScore *tune_score_read_abc(const char *name, const guint8 *data, gsize size, GError **error);
/* Format by content, then suffix of @name; at most 64 MiB. */
TuneScore *tune_score_read(const char *name, const guint8 *data, gsize size, GError **error);
TuneScore *tune_score_load(const char *path, GError **error);

/* Temporary file in the same folder, fsync, rename: never half a file. */
gboolean tune_score_save(const TuneScore *score, const char *path, TuneScoreFormat format,
                         GError **error);
