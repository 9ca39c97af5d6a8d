/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "brief/style.h"

#include "base/data.h"
#include "brief/style-private.h"

#include <string.h>

struct TuneStyles {
    GPtrArray *styles;     /* TuneStyle, sorted by name */
    GPtrArray *complaints; /* char* */
    GPtrArray *broken;     /* char*: the names of the files complained of */
};

static void styles_clear(gpointer data)
{
    TuneStyles *self = data;

    g_ptr_array_unref(self->styles);
    g_ptr_array_unref(self->complaints);
    g_ptr_array_unref(self->broken);
}

TuneStyles *tune_styles_load(GError **error)
{
    g_autoptr(GPtrArray) names = tune_data_list("styles", "yaml");
    g_autoptr(GPtrArray) styles = g_ptr_array_new_with_free_func((GDestroyNotify)style_free);
    g_autoptr(GPtrArray) complaints = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GPtrArray) left_out = g_ptr_array_new_with_free_func(g_free);

    if (names->len == 0) {
        g_set_error_literal(error, TUNE_BASE_ERROR, TUNE_BASE_ERROR_MISSING,
                            "no styles are installed: the folder \"styles\" of the data is missing");
        return NULL;
    }
    for (guint i = 0; i < names->len; i++) {
        g_autofree char *file = g_strdup_printf("styles/%s.yaml", (char *)names->pdata[i]);
        g_autoptr(GError) broken = NULL;
        g_autofree char *path = tune_data_find(file, &broken);
        TuneStyle *style = path != NULL ? style_read_head(path, &broken) : NULL;
        if (style != NULL) {
            g_ptr_array_add(styles, style);
            continue;
        }
        g_ptr_array_add(complaints, g_strdup(broken->message));
        g_ptr_array_add(left_out, g_strdup(names->pdata[i]));
    }
    if (styles->len == 0) {
        g_set_error_literal(error, TUNE_BASE_ERROR, TUNE_BASE_ERROR_SYNTAX, complaints->pdata[0]);
        return NULL;
    }
    TuneStyles *self = g_atomic_rc_box_new0(TuneStyles);
    self->styles = g_steal_pointer(&styles);
    self->complaints = g_steal_pointer(&complaints);
    self->broken = g_steal_pointer(&left_out);
    return self;
}

const GPtrArray *tune_styles_complaints(const TuneStyles *self)
{
    return self->complaints;
}

const char *tune_styles_complaint(const TuneStyles *self, const char *name)
{
    guint index;

    return g_ptr_array_find_with_equal_func(self->broken, name, g_str_equal, &index)
               ? self->complaints->pdata[index]
               : NULL;
}

TuneStyles *tune_styles_ref(TuneStyles *self)
{
    return g_atomic_rc_box_acquire(self);
}

void tune_styles_unref(TuneStyles *self)
{
    if (self != NULL)
        g_atomic_rc_box_release_full(self, styles_clear);
}

guint tune_styles_count(const TuneStyles *self)
{
    return self->styles->len;
}

const TuneStyle *tune_styles_at(const TuneStyles *self, guint index)
{
    g_return_val_if_fail(index < self->styles->len, NULL);
    return self->styles->pdata[index];
}

const TuneStyle *tune_styles_find(const TuneStyles *self, const char *name)
{
    for (guint i = 0; i < self->styles->len; i++) {
        const TuneStyle *style = self->styles->pdata[i];
        if (strcmp(style->name, name) == 0)
            return style;
    }
    return NULL;
}

gboolean tune_style_require(const TuneStyle *style, GError **error)
{
    TuneStyle *self = (TuneStyle *)style; /* only what is not there yet is written */

    if (g_atomic_int_get(&self->is_whole))
        return TRUE;
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&self->lock);
    return g_atomic_int_get(&self->is_whole) || style_read_rest(self, error);
}

gboolean tune_style_validate(const char *path, GError **error)
{
    TuneStyle *style = style_read(path, error);

    if (style == NULL)
        return FALSE;
    style_free(style);
    return TRUE;
}

const char *tune_style_name(const TuneStyle *style)
{
    return style->name;
}

const char *tune_style_title(const TuneStyle *style)
{
    return style->title;
}

const char *tune_style_summary(const TuneStyle *style)
{
    return style->summary;
}

const char *const *tune_style_words(const TuneStyle *style)
{
    return (const char *const *)style->words;
}

void tune_style_tempo(const TuneStyle *style, double *low, double *high)
{
    *low = style->tempo[0];
    *high = style->tempo[1];
}

gboolean tune_style_allows_metre(const TuneStyle *style, TuneMetre metre)
{
    for (guint i = 0; i < style->metres->len; i++) {
        TuneMetre known = g_array_index(style->metres, StyleMetre, i).metre;
        if (known.beats == metre.beats && known.unit == metre.unit)
            return TRUE;
    }
    return FALSE;
}

TuneMetre tune_style_metre(const TuneStyle *style)
{
    return g_array_index(style->metres, StyleMetre, 0).metre;
}

const char *tune_style_hash(const TuneStyle *style)
{
    return tune_style_require(style, NULL) ? style->hash : "";
}
