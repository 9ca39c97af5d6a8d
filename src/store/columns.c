/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store/columns.h"
#include "base/json-text.h"
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

/* ---- records as text ---- */

struct TuneRecords {
    TuneRows *rows;
    guint n;
    const TuneColumn *columns;
    guint n_columns;
};

TuneRecords *tune_records_new(TuneRows *rows, guint limit, const TuneColumn *columns,
                              guint n_columns)
{
    g_assert(n_columns <= 64);
    if (rows == NULL)
        return NULL;
    TuneRecords *self = g_new(TuneRecords, 1);
    *self = (TuneRecords){rows, MIN(tune_rows_count(rows), limit), columns, n_columns};
    return self;
}

void tune_records_free(TuneRecords *self)
{
    if (self == NULL)
        return;
    tune_rows_free(self->rows);
    g_free(self);
}

guint tune_records_count(const TuneRecords *self)
{
    return self->n;
}

gboolean tune_records_place(const TuneRecords *self, guint row, gint64 *created_us, const char **id)
{
    gboolean found_time = FALSE, found_id = FALSE;

    for (guint i = 0; i < self->n_columns; i++) {
        const TuneColumn *column = &self->columns[i];
        if (tune_rows_is_null(self->rows, row, i))
            continue;
        if (column->kind == TUNE_COLUMN_TEXT && g_str_equal(column->key, "id")) {
            *id = tune_rows_text(self->rows, row, i);
            found_id = TRUE;
        } else if (column->kind == TUNE_COLUMN_TIME && g_str_equal(column->key, "created_at")) {
            *created_us = tune_rows_int(self->rows, row, i);
            found_time = TRUE;
        }
    }
    return found_time && found_id;
}

guint64 tune_records_choose(const TuneRecords *self, const char *const *wanted,
                            const char *const *hidden)
{
    guint64 chosen = 0;

    for (guint i = 0; i < self->n_columns; i++) {
        const char *key = self->columns[i].key;
        if ((wanted == NULL || g_strv_contains(wanted, key)) &&
            (hidden == NULL || !g_strv_contains(hidden, key)))
            chosen |= G_GUINT64_CONSTANT(1) << i;
    }
    return chosen;
}

static void write_lines(GString *out, const char *text, gsize size)
{
    tune_json_text_open(out, '[');
    for (const char *end = text + size, *next; text < end; text = next + 1) {
        next = memchr(text, '\n', (gsize)(end - text));
        if (next == NULL)
            next = end;
        if (next > text)
            tune_json_text_string(out, text, (gsize)(next - text));
    }
    g_string_append_c(out, ']');
}

static void write_value(GString *out, const TuneRows *rows, guint row, guint column,
                        TuneColumnKind kind)
{
    gsize size = 0;
    const char *text;

    if (tune_rows_is_null(rows, row, column)) {
        tune_json_text_null(out);
        return;
    }
    switch (kind) {
    case TUNE_COLUMN_TEXT:
        text = tune_rows_text_sized(rows, row, column, &size);
        tune_json_text_string(out, text, size);
        break;
    case TUNE_COLUMN_INT:
        tune_json_text_int(out, tune_rows_int(rows, row, column));
        break;
    case TUNE_COLUMN_REAL:
        tune_json_text_real(out, tune_rows_real(rows, row, column), 3);
        break;
    case TUNE_COLUMN_BOOL:
        tune_json_text_bool(out, tune_rows_bool(rows, row, column));
        break;
    case TUNE_COLUMN_TIME:
        tune_json_text_time(out, tune_rows_int(rows, row, column));
        break;
    case TUNE_COLUMN_JSON: {
        /* What is in the table may be spelt in any way, and is seldom asked for in lists. */
        g_autoptr(json_t) made = value(rows, row, column, kind);
        char *dumped = json_dumps(made, JSON_COMPACT | JSON_ENCODE_ANY | JSON_REAL_PRECISION(15));
        tune_json_text_raw(out, dumped, strlen(dumped));
        free(dumped);
        break;
    }
    case TUNE_COLUMN_LINES:
        text = tune_rows_text_sized(rows, row, column, &size);
        write_lines(out, text, size);
        break;
    }
}

void tune_records_write(const TuneRecords *self, guint row, guint64 chosen, GString *out)
{
    tune_json_text_open(out, '{');
    for (guint i = 0; i < self->n_columns; i++) {
        if ((chosen >> i & 1) == 0)
            continue;
        tune_json_text_key(out, self->columns[i].key);
        write_value(out, self->rows, row, i, self->columns[i].kind);
    }
    g_string_append_c(out, '}');
}
