/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store/store-private.h"

#include <string.h>

typedef enum { CELL_NULL, CELL_INT, CELL_REAL, CELL_TEXT, CELL_BYTES } CellKind;

typedef struct {
    CellKind kind;
    guint32 size; /* of text (without its end) and bytes */
    union {
        gint64 integer;
        double real;
        gsize at; /* in data */
    };
} Cell;

struct TuneRows {
    guint n_columns, n_rows, changed;
    GArray *cells;    /* of Cell, row by row */
    GByteArray *data; /* texts, each with its final NUL, and bytes */
};

TuneRows *tune_rows_new(guint n_columns)
{
    return tune_rows_new_sized(n_columns, 0);
}

TuneRows *tune_rows_new_sized(guint n_columns, guint n_rows)
{
    TuneRows *self = g_new0(TuneRows, 1);
    guint n_cells = MIN(n_rows, 1000) * n_columns;
    self->n_columns = n_columns;
    if (n_columns > 0) {
        self->cells = g_array_sized_new(FALSE, FALSE, sizeof(Cell), n_cells);
        self->data = g_byte_array_sized_new(n_cells * 24);
    }
    return self;
}

void tune_rows_free(TuneRows *self)
{
    if (self == NULL)
        return;
    if (self->cells != NULL)
        g_array_unref(self->cells);
    if (self->data != NULL)
        g_byte_array_unref(self->data);
    g_free(self);
}

void tune_rows_add_row(TuneRows *self)
{
    self->n_rows++;
}

void tune_rows_add_null(TuneRows *self)
{
    g_array_append_vals(self->cells, &(Cell){.kind = CELL_NULL}, 1);
}

void tune_rows_add_int(TuneRows *self, gint64 value)
{
    g_array_append_vals(self->cells, &(Cell){.kind = CELL_INT, .integer = value}, 1);
}

void tune_rows_add_real(TuneRows *self, double value)
{
    g_array_append_vals(self->cells, &(Cell){.kind = CELL_REAL, .real = value}, 1);
}

static void add_data(TuneRows *self, CellKind kind, gconstpointer bytes, gsize size)
{
    Cell cell = {.kind = kind, .size = (guint32)size, .at = self->data->len};
    g_byte_array_append(self->data, bytes, (guint)size);
    g_byte_array_append(self->data, (const guint8 *)"", 1);
    g_array_append_vals(self->cells, &cell, 1);
}

void tune_rows_add_text(TuneRows *self, const char *text, gsize size)
{
    add_data(self, CELL_TEXT, text, size);
}

void tune_rows_add_bytes(TuneRows *self, gconstpointer bytes, gsize size)
{
    add_data(self, CELL_BYTES, bytes, size);
}

void tune_rows_set_changed(TuneRows *self, guint changed)
{
    self->changed = changed;
}

guint tune_rows_count(const TuneRows *self)
{
    return self->n_rows;
}

guint tune_rows_changed(const TuneRows *self)
{
    return self->changed;
}

static const Cell *cell_at(const TuneRows *self, guint row, guint column)
{
    static const Cell nothing = {.kind = CELL_NULL};
    g_return_val_if_fail(row < self->n_rows && column < self->n_columns, &nothing);
    return &g_array_index(self->cells, Cell, (gsize)row * self->n_columns + column);
}

gboolean tune_rows_is_null(const TuneRows *self, guint row, guint column)
{
    return cell_at(self, row, column)->kind == CELL_NULL;
}

const char *tune_rows_text_sized(const TuneRows *self, guint row, guint column, gsize *size)
{
    const Cell *cell = cell_at(self, row, column);

    *size = 0;
    if (cell->kind == CELL_NULL)
        return NULL;
    g_return_val_if_fail(cell->kind == CELL_TEXT, NULL);
    *size = cell->size;
    return (const char *)self->data->data + cell->at;
}

const char *tune_rows_text(const TuneRows *self, guint row, guint column)
{
    gsize size;

    return tune_rows_text_sized(self, row, column, &size);
}

gint64 tune_rows_int(const TuneRows *self, guint row, guint column)
{
    const Cell *cell = cell_at(self, row, column);
    if (cell->kind == CELL_NULL)
        return 0;
    if (cell->kind == CELL_REAL)
        return (gint64)cell->real;
    g_return_val_if_fail(cell->kind == CELL_INT, 0);
    return cell->integer;
}

double tune_rows_real(const TuneRows *self, guint row, guint column)
{
    const Cell *cell = cell_at(self, row, column);
    if (cell->kind == CELL_NULL)
        return 0;
    if (cell->kind == CELL_INT)
        return (double)cell->integer;
    g_return_val_if_fail(cell->kind == CELL_REAL, 0);
    return cell->real;
}

gboolean tune_rows_bool(const TuneRows *self, guint row, guint column)
{
    return tune_rows_int(self, row, column) != 0;
}

GBytes *tune_rows_bytes(const TuneRows *self, guint row, guint column)
{
    const Cell *cell = cell_at(self, row, column);
    if (cell->kind == CELL_NULL)
        return NULL;
    g_return_val_if_fail(cell->kind == CELL_BYTES || cell->kind == CELL_TEXT, NULL);
    return g_bytes_new(self->data->data + cell->at, cell->size);
}
