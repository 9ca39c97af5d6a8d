/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Messages for the person at the terminal.  Libraries never print: they pass a message to the sink
 * that the program installed in its configuration (or drop it when there is none).
 */
#pragma once
#include <glib.h>

typedef enum { TUNE_LOG_DEBUG, TUNE_LOG_INFO, TUNE_LOG_WARNING, TUNE_LOG_ERROR } TuneLogLevel;

/* May be called from any thread. */
typedef void (*TuneLogSink)(TuneLogLevel level, const char *message, gpointer user_data);

typedef struct {
    TuneLogSink sink; /* (nullable) */
    gpointer user_data;
} TuneLog;

/* @self may be NULL: then nothing happens. */
void tune_log(const TuneLog *self, TuneLogLevel level, const char *format, ...)
    G_GNUC_PRINTF(3, 4);
