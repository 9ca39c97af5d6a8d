/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Rows as JSON objects: a record's columns, in the order in which its statements select them.
 */
#pragma once
#include "store/store.h"

typedef enum {
    TUNE_COLUMN_TEXT, /* null stays null */
    TUNE_COLUMN_INT,
    TUNE_COLUMN_REAL, /* rounded to 1/1000 */
    TUNE_COLUMN_BOOL,
    TUNE_COLUMN_TIME,  /* microseconds since 1970, as text */
    TUNE_COLUMN_JSON,  /* text that holds JSON */
    TUNE_COLUMN_LINES, /* text of lines, as an array of texts */
} TuneColumnKind;

typedef struct {
    const char *key;
    TuneColumnKind kind;
} TuneColumn;

/* (transfer full) */
json_t *tune_rows_object(const TuneRows *rows, guint row, const TuneColumn *columns,
                         guint n_columns);
/* The rows, at most @limit, as an array of such objects. (transfer full) */
json_t *tune_rows_array(const TuneRows *rows, guint limit, const TuneColumn *columns,
                        guint n_columns);
/* An array of texts as lines; what is no text and empty ones are left out. (transfer full) */
char *tune_lines_of_array(const json_t *array);

/* ---- records that nobody looks into ----
 * A list on its way to a client: rows, and what their columns are.  Its records become text without becoming
 * values before. */
typedef struct TuneRecords TuneRecords;
/* The first @limit of @rows (transfer full) (nullable: NULL comes back).  @columns, at most 64 of them, are
 * borrowed for good. (transfer full) */
TuneRecords *tune_records_new(TuneRows *rows, guint limit, const TuneColumn *columns,
                              guint n_columns);
void tune_records_free(TuneRecords *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TuneRecords, tune_records_free)
guint tune_records_count(const TuneRecords *self);
/* Where a list goes on behind its record @row: "created_at" and "id".  FALSE: they have none. */
gboolean tune_records_place(const TuneRecords *self, guint row, gint64 *created_us,
                            const char **id);
/* The columns that are in @wanted (NULL: all) and not in @hidden (NULL: none), both ended by NULL, a bit
 * each. */
guint64 tune_records_choose(const TuneRecords *self, const char *const *wanted,
                            const char *const *hidden);
/* One record with the @chosen columns as the next value of @out (base/json-text.h): what json_dumps() makes
 * of tune_rows_object(). */
void tune_records_write(const TuneRecords *self, guint row, guint64 chosen, GString *out);
