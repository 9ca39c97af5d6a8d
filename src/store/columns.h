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
