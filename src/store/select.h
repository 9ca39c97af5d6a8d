/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A statement put together from fixed pieces of text, because which conditions it has depends on the call.
 * Values are always parameters.  Each combination of pieces is one statement of the store for good, so that
 * it is prepared once like any other; there must be few of them.
 */
#pragma once
#include "store/store-private.h"

typedef struct {
    GString *sql;
    TuneParams params;
} TuneSelect;

void tune_select_init(TuneSelect *self, const char *text);
void tune_select_clear(TuneSelect *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(TuneSelect, tune_select_clear)
/* @text is constant. */
void tune_select_add(TuneSelect *self, const char *text);
/* @text, then the parameter's number: tune_select_text(s, " AND genre = ", genre). */
void tune_select_text(TuneSelect *self, const char *text, const char *value);
void tune_select_int(TuneSelect *self, const char *text, gint64 value);
void tune_select_real(TuneSelect *self, const char *text, double value);
typedef enum {
    TUNE_SELECT_PLAIN,
    TUNE_SELECT_REPLAN, /* plan for these values each time: the best plan depends on them */
    TUNE_SELECT_QUICK,  /* served by an index in well under a millisecond, whatever the values: others may
                           wait behind it */
} TuneSelectKind;
/* (transfer full) */
TuneRows *tune_select_run(TuneSelect *self, TuneStore *store, const char *name, TuneSelectKind kind,
                          TuneReadFrom from, GError **error);
