/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/time.h"

#define US_PER_DAY (24 * G_TIME_SPAN_HOUR)

/* The Gregorian date of a day since 1970-01-01, counted from 1 March of the year 0 on, so that leap days
 * end years: 400 years have 146097 days, and March to July have 153 days as August to December have. */
static void date_of(gint64 day, gint64 *year, guint *month, guint *date)
{
    day += 719468; /* from 0000-03-01 to 1970-01-01 */
    gint64 era = (day >= 0 ? day : day - 146096) / 146097;
    guint in_era = (guint)(day - era * 146097);
    guint year_of_era = (in_era - in_era / 1460 + in_era / 36524 - in_era / 146096) / 365;
    guint in_year = in_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    guint from_march = (5 * in_year + 2) / 153;

    *date = in_year - (153 * from_march + 2) / 5 + 1;
    *month = from_march < 10 ? from_march + 3 : from_march - 9;
    *year = (gint64)year_of_era + era * 400 + (*month <= 2);
}

static char *put(char *at, guint64 value, guint digits, char behind)
{
    for (guint i = digits; i > 0; i--, value /= 10)
        at[i - 1] = (char)('0' + value % 10);
    at[digits] = behind;
    return at + digits + 1;
}

/* Lists write it many times an answer: no lock of the C library's time zone, no format to be read. */
gsize tune_time_write(gint64 us, char out[TUNE_TIME_SIZE])
{
    gint64 rest = us % US_PER_DAY;
    gint64 day = us / US_PER_DAY - (rest < 0);
    guint64 left = (guint64)(rest < 0 ? rest + US_PER_DAY : rest);
    gint64 year;
    guint month, date;
    char *at = out;

    date_of(day, &year, &month, &date);
    if (year >= 0 && year <= 9999)
        at = put(at, (guint64)year, 4, '-');
    else
        at += g_snprintf(at, TUNE_TIME_SIZE / 2, "%04" G_GINT64_FORMAT "-", year);
    at = put(at, month, 2, '-');
    at = put(at, date, 2, 'T');
    at = put(at, left / G_TIME_SPAN_HOUR, 2, ':');
    at = put(at, left / G_TIME_SPAN_MINUTE % 60, 2, ':');
    at = put(at, left / G_TIME_SPAN_SECOND % 60, 2, '.');
    at = put(at, left % G_TIME_SPAN_SECOND, 6, 'Z');
    *at = '\0';
    return (gsize)(at - out);
}

char *tune_time_text(gint64 us)
{
    char text[TUNE_TIME_SIZE];

    tune_time_write(us, text);
    return g_strdup(text);
}

gboolean tune_time_parse(const char *text, gint64 *us)
{
    g_autoptr(GDateTime) when = g_date_time_new_from_iso8601(text, NULL);

    if (when == NULL)
        return FALSE;
    *us = g_date_time_to_unix(when) * G_USEC_PER_SEC + g_date_time_get_microsecond(when);
    return TRUE;
}
