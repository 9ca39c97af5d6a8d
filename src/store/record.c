/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store/record.h"

json_t *tune_record_time(gint64 us)
{
    g_autoptr(GDateTime) second = g_date_time_new_from_unix_utc(us / G_USEC_PER_SEC);

    if (second == NULL)
        return json_null();
    g_autofree char *text =
        g_strdup_printf("%04d-%02d-%02dT%02d:%02d:%02d.%06dZ", g_date_time_get_year(second),
                        g_date_time_get_month(second), g_date_time_get_day_of_month(second),
                        g_date_time_get_hour(second), g_date_time_get_minute(second),
                        g_date_time_get_second(second), (int)(us % G_USEC_PER_SEC));
    return json_string(text);
}

void tune_record_set_text(json_t *object, const char *key, const TuneRows *rows, guint row,
                          guint column)
{
    if (!tune_rows_is_null(rows, row, column))
        json_object_set_new(object, key, json_string(tune_rows_text(rows, row, column)));
}

void tune_record_set_time(json_t *object, const char *key, const TuneRows *rows, guint row,
                          guint column)
{
    if (!tune_rows_is_null(rows, row, column))
        json_object_set_new(object, key, tune_record_time(tune_rows_int(rows, row, column)));
}

void tune_record_set_json(json_t *object, const char *key, const TuneRows *rows, guint row,
                          guint column)
{
    if (tune_rows_is_null(rows, row, column))
        return;
    json_t *value = json_loads(tune_rows_text(rows, row, column), JSON_DECODE_ANY, NULL);
    json_object_set_new(object, key, value != NULL ? value : json_null());
}
