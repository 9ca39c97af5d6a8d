/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store/advice.h"

#include <string.h>

TuneAdvice *tune_advice_new(void)
{
    TuneAdvice *self = g_new0(TuneAdvice, 1);
    self->equal = g_ptr_array_new_with_free_func(g_free);
    self->range = g_ptr_array_new_with_free_func(g_free);
    self->sorted = g_ptr_array_new_with_free_func(g_free);
    self->holds = g_ptr_array_new_with_free_func(g_free);
    return self;
}

void tune_advice_free(TuneAdvice *self)
{
    if (self == NULL)
        return;
    g_free(self->table);
    g_ptr_array_unref(self->equal);
    g_ptr_array_unref(self->range);
    g_ptr_array_unref(self->sorted);
    g_ptr_array_unref(self->holds);
    g_free(self);
}

static gboolean contains(const GPtrArray *columns, const char *column)
{
    for (guint i = 0; i < columns->len; i++)
        if (g_str_equal(columns->pdata[i], column))
            return TRUE;
    return FALSE;
}

void tune_advice_add(GPtrArray *columns, const char *column)
{
    if (!contains(columns, column))
        g_ptr_array_add(columns, g_strdup(column));
}

static void append(GString *list, const char *column)
{
    g_string_append_printf(list, "%s%s", list->len > 0 ? ", " : "", column);
}

char *tune_advice_columns(const TuneAdvice *self)
{
    GString *list = g_string_new(NULL);

    for (guint i = 0; i < self->equal->len; i++)
        append(list, self->equal->pdata[i]);
    for (guint i = 0; i < self->sorted->len; i++) {
        const char *key = self->sorted->pdata[i];
        g_autofree char *column = g_strndup(key, strcspn(key, " "));
        if (!contains(self->equal, column))
            append(list, key);
    }
    if (self->sorted->len == 0 && self->range->len > 0 &&
        !contains(self->equal, self->range->pdata[0]))
        append(list, self->range->pdata[0]);
    gboolean empty = list->len == 0;
    char *text = g_string_free(list, empty);
    return empty ? NULL : text;
}

char *tune_advice_name(const TuneAdvice *self, const char *columns)
{
    g_auto(GStrv) parts = g_strsplit(columns, ", ", -1);
    GString *name = g_string_new(self->table);

    for (guint i = 0; parts[i] != NULL; i++)
        g_string_append_printf(name, "_%.*s", (int)strcspn(parts[i], " "), parts[i]);
    return g_string_free(name, FALSE);
}

char *tune_advice_sql(const TuneAdvice *self)
{
    g_autofree char *columns = self->table == NULL ? NULL : tune_advice_columns(self);
    if (columns == NULL)
        return NULL;
    g_autofree char *name = tune_advice_name(self, columns);
    GString *sql = g_string_new(NULL);

    g_string_printf(sql, "CREATE INDEX %s ON %s (%s)", name, self->table, columns);
    for (guint i = 0; i < self->holds->len; i++)
        g_string_append_printf(sql, "%s%s", i == 0 ? " WHERE " : " AND ",
                               (char *)self->holds->pdata[i]);
    return g_string_free(sql, FALSE);
}
