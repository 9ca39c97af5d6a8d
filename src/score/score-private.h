/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What the files of this room share.
 */
#pragma once
#include "score/score.h"

#define TUNE_SCORE_MIN_FIFTHS (-15)
#define TUNE_SCORE_MAX_FIFTHS 19

/* A score is allocated as one of these; the public part comes first. */
typedef struct {
    TuneScore score;
    gboolean finished;
    double *tempo_seconds; /* [score.tempos->len] time of each tempo change; NULL until finished */
} TuneScoreBox;

/* Sets TUNE_SCORE_ERROR @code with a formatted message.  Always returns FALSE. */
gboolean tune_score_fail(GError **error, TuneScoreError code, const char *format, ...)
    G_GNUC_PRINTF(3, 4);

/* Any bytes as text that every format can hold: valid UTF-8, without control characters (line ends
 * and tabs become spaces) and non-characters, at most 4096 bytes.  (transfer full) */
char *tune_score_clean_text(const char *bytes, gsize length);
/* TRUE when @text is what tune_score_clean_text() would return. */
gboolean tune_score_text_is_clean(const char *text);

/* Replaces *@slot by a copy of @text. */
void tune_score_set_text(char **slot, const char *text);

/* Length in whole bars that covers @end_tick: at least one bar. */
gint tune_score_whole_bars(const TuneScore *self, gint end_tick);
