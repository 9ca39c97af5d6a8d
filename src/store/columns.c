/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store/columns.h"
#include "base/time.h"

#include <string.h>

static json_t *lines(const char *text)
{
    json_t *array = json_array();
    g_auto(GStrv) parts = g_strsplit(text, "\n", -1);

    for (guint i = 0; parts[i] != NULL; i++)
        if (*parts[i] != '\0')
            json_array_append_new(array, json_string(parts[i]));
    return array;
}

static json_t *value(const TuneRows *rows, guint row, guint column, TuneColumnKind kind)
{
    if (tune_rows_is_null(rows, row, column))
        return json_null();
    switch (kind) {
    case TUNE_COLUMN_TEXT:
        return json_string(tune_rows_text(rows, row, column));
    case TUNE_COLUMN_INT:
        return json_integer(tune_rows_int(rows, row, column));
    case TUNE_COLUMN_REAL:
        return tune_json_real(tune_rows_real(rows, row, column), 3);
    case TUNE_COLUMN_BOOL:
        return json_boolean(tune_rows_bool(rows, row, column));
    case TUNE_COLUMN_TIME: {
        g_autofree char *text = tune_time_text(tune_rows_int(rows, row, column));
        return json_string(text);
    }
    case TUNE_COLUMN_JSON: {
        const char *text = tune_rows_text(rows, row, column);
        json_t *parsed = tune_json_parse("record", text, strlen(text), NULL);
        return parsed != NULL ? parsed : json_null();
    }
    case TUNE_COLUMN_LINES:
        return lines(tune_rows_text(rows, row, column));
    }
    g_return_val_if_reached(json_null());
}

json_t *tune_rows_object(const TuneRows *rows, guint row, const TuneColumn *columns,
                         guint n_columns)
{
    json_t *object = json_object();
    for (guint i = 0; i < n_columns; i++)
        json_object_set_new_nocheck(object, columns[i].key, value(rows, row, i, columns[i].kind));
    return object;
}

json_t *tune_rows_array(const TuneRows *rows, guint limit, const TuneColumn *columns,
                        guint n_columns)
{
    json_t *array = json_array();
    for (guint i = 0; i < tune_rows_count(rows) && i < limit; i++)
        json_array_append_new(array, tune_rows_object(rows, i, columns, n_columns));
    return array;
}

char *tune_lines_of_array(const json_t *array)
{
    GString *text = g_string_new(NULL);
    gsize index;
    const json_t *item;

    json_array_foreach(array, index, item)
    {
        g_autofree char *line = g_strdup(json_string_value(item));
        if (line == NULL || *g_strstrip(g_strdelimit(line, "\r\n", ' ')) == '\0')
            continue;
        if (text->len > 0)
            g_string_append_c(text, '\n');
        g_string_append(text, line);
    }
    return g_string_free(text, FALSE);
}
