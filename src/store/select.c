/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store/select.h"

void tune_select_init(TuneSelect *self, const char *text)
{
    self->sql = g_string_new(text);
    self->params.n = 0;
    self->params.replan = self->params.quick = FALSE;
}

void tune_select_clear(TuneSelect *self)
{
    g_string_free(self->sql, TRUE);
}

void tune_select_add(TuneSelect *self, const char *text)
{
    g_string_append(self->sql, text);
}

static TuneParam *next_param(TuneSelect *self, const char *text, char type)
{
    g_assert(self->params.n < TUNE_PARAMS_MAX);
    TuneParam *param = &self->params.at[self->params.n++];
    g_string_append_printf(self->sql, "%s$%u", text, self->params.n);
    param->type = type;
    return param;
}

void tune_select_text(TuneSelect *self, const char *text, const char *value)
{
    next_param(self, text, 't')->text = value;
}

void tune_select_int(TuneSelect *self, const char *text, gint64 value)
{
    next_param(self, text, 'i')->integer = value;
}

void tune_select_real(TuneSelect *self, const char *text, double value)
{
    next_param(self, text, 'd')->real = value;
}

TuneRows *tune_select_run(TuneSelect *self, TuneStore *store, const char *name, TuneSelectKind kind,
                          TuneReadFrom from, GError **error)
{
    for (guint i = 0; i < self->params.n; i++) {
        const TuneParam *param = &self->params.at[i];
        if (param->type == 't' && !g_utf8_validate(param->text, -1, NULL)) {
            g_set_error(error, TUNE_STORE_ERROR, TUNE_STORE_ERROR_BROKEN,
                        "a text for the database is not UTF-8");
            return NULL;
        }
    }
    const TuneStatement *statement = tune_store_intern(store, name, self->sql->str);
    self->params.replan = kind == TUNE_SELECT_REPLAN;
    self->params.quick = kind == TUNE_SELECT_QUICK;
    return store->class->query(store, statement, &self->params, from, error);
}
