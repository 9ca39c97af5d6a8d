/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What long-running commands tell on standard error: lines, or JSON where the access log is JSON.
 */
#pragma once
#include "base/log.h"

typedef struct {
    gint level; /* TuneLogLevel; atomic */
    gboolean json;
} TuneVoice;

/* "debug", "info", "warning", "error"; anything else is info. */
TuneLogLevel tune_voice_level(const char *name);
/* A TuneLogSink; @voice is a TuneVoice. */
void tune_voice_tell(TuneLogLevel level, const char *message, gpointer voice);
