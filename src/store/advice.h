/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The index that a plan lacks.  A reader of plans (advice-postgres.c, advice-sqlite.c) collects what one scan
 * compares and what is sorted behind it; this makes the index of it: columns compared for equality, then the
 * order, or else one column compared by range; bare conditions as its WHERE.
 */
#pragma once
#include <glib.h>

typedef struct {
    char *table;         /* NULL: nothing was found */
    GPtrArray *equal;    /* of column names */
    GPtrArray *range;
    GPtrArray *sorted;   /* "created_at DESC" */
    GPtrArray *holds;    /* boolean columns that must be true */
} TuneAdvice;

TuneAdvice *tune_advice_new(void);
void tune_advice_free(TuneAdvice *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TuneAdvice, tune_advice_free)
/* Once each. */
void tune_advice_add(GPtrArray *columns, const char *column);
/* "user_id, created_at DESC"; NULL: there is nothing to index. (transfer full) */
char *tune_advice_columns(const TuneAdvice *self);
/* "tracks_user_id_created_at" of @columns. (transfer full) */
char *tune_advice_name(const TuneAdvice *self, const char *columns);
/* "CREATE INDEX tracks_user_id_created_at ON tracks (user_id, created_at DESC)" (transfer full) (nullable) */
char *tune_advice_sql(const TuneAdvice *self);
