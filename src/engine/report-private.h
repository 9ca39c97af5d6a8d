/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The sheet on which a report notes, field by field, what was asked and what was made.
 */
#pragma once
#include "engine/engine-private.h"

typedef enum { REPORT_NOT_ASKED, REPORT_MET, REPORT_MISSED, REPORT_NOT_MEASURED } ReportStatus;

typedef struct {
    const TuneBrief *brief;
    const TuneScore *score; /* (nullable) */
    double seconds;  /* length of the sound */
    json_t *fields;  /* array */
    guint counts[4]; /* by status */
} ReportSheet;

/* @asked NULL: not asked. */
void report_put(ReportSheet *sheet, const char *field, TuneOrigin origin, gboolean hard,
                const char *asked, const char *got, ReportStatus status);

/* Sections in their order and, where a time was said, at it (to the nearest bar line); who plays in sections
 * for which that was said. */
void report_put_form(ReportSheet *sheet);

/* The same fields where there are no notes to count: tempo and key as they were measured on the sound once
 * @measured is (NULL: not yet), the rest as far as it can be told. */
void report_put_sound_fields(ReportSheet *sheet, const TuneMeterResult *measured);

/* Style, tempo, key, metre, length, chords, form, instruments, lyrics, ending, mood. */
void report_put_score_fields(ReportSheet *sheet);
