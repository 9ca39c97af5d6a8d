/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/time.h"

#include <time.h>

char *tune_time_text(gint64 us)
{
    gint64 part = us % G_USEC_PER_SEC;
    if (part < 0)
        part += G_USEC_PER_SEC;
    time_t seconds = (time_t)((us - part) / G_USEC_PER_SEC);
    struct tm utc;

    gmtime_r(&seconds, &utc);
    return g_strdup_printf("%04d-%02d-%02dT%02d:%02d:%02d.%06dZ", utc.tm_year + 1900,
                           utc.tm_mon + 1, utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec,
                           (int)part);
}

gboolean tune_time_parse(const char *text, gint64 *us)
{
    g_autoptr(GDateTime) when = g_date_time_new_from_iso8601(text, NULL);

    if (when == NULL)
        return FALSE;
    *us = g_date_time_to_unix(when) * G_USEC_PER_SEC + g_date_time_get_microsecond(when);
    return TRUE;
}
