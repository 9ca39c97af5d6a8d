/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Points in time as text: RFC 3339, in UTC, to the microsecond.  Thread-safe.
 */
#pragma once
#include <glib.h>

/* "2026-01-31T12:00:00.123456Z" of microseconds since 1970. (transfer full) */
char *tune_time_text(gint64 us);
/* The same into @out, ended by NUL; its length. */
#define TUNE_TIME_SIZE 64
gsize tune_time_write(gint64 us, char out[TUNE_TIME_SIZE]);
/* Any ISO 8601 date and time with an offset. */
gboolean tune_time_parse(const char *text, gint64 *us);
