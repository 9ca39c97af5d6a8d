/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store/record.h"
#include "base/time.h"

json_t *tune_record_time(gint64 us)
{
    char text[TUNE_TIME_SIZE];

    tune_time_write(us, text);
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
