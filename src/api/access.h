/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A line for every request, written by a thread of its own, so that a slow disk or pipe holds no request.
 *
 * When the writer cannot keep up, lines are dropped and their number is told in a line.
 */
#pragma once
#include "base/log.h"

typedef struct TuneAccessLog TuneAccessLog;

typedef enum { TUNE_ACCESS_OFF, TUNE_ACCESS_TEXT, TUNE_ACCESS_JSON } TuneAccessForm;

typedef struct {
    gint64 time_us; /* since 1970 */
    const char *address, *method, *target, *user, *route, *request_id;
    guint status;
    guint64 bytes;
    gint64 duration_us;
} TuneAccessEntry;

/* @form: "off", "text", "json".  @fd stays the caller's. (transfer full) */
TuneAccessLog *tune_access_log_new(const char *form, int fd);
void tune_access_log_free(TuneAccessLog *self); /* what is queued is written */
void tune_access_log_set_form(TuneAccessLog *self, const char *form); /* any thread */
/* Any thread; never blocks. */
void tune_access_log_add(TuneAccessLog *self, const TuneAccessEntry *entry);
/* One line with its newline. (transfer full) */
char *tune_access_line(TuneAccessForm form, const TuneAccessEntry *entry);
