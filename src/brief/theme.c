/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "brief/theme.h"

#include "base/hash.h"

#include <string.h>

static char *hash_of(const TuneTheme *self)
{
    g_autoptr(GString) text = g_string_new(NULL);
    g_autofree char *key = tune_key_to_string(self->key);

    g_string_append_printf(text, "%u/%u %s %d", self->metre.beats, self->metre.unit, key, self->bars);
    for (guint i = 0; i < self->notes->len; i++) {
        const TuneThemeNote *n = &g_array_index(self->notes, TuneThemeNote, i);
        g_string_append_printf(text, " %d:%d:%d", n->onset, n->ticks, n->pitch);
    }
    return tune_hash_bytes(text->str, text->len);
}

static void theme_clear(gpointer data)
{
    TuneTheme *self = data;

    g_free(self->title);
    g_free(self->hash);
    g_clear_pointer(&self->notes, g_array_unref);
}

TuneTheme *tune_theme_new(const char *title, TuneMetre metre, TuneKey key, gint bars, GArray *notes)
{
    TuneTheme *self = g_atomic_rc_box_new0(TuneTheme);

    self->title = g_strdup(title != NULL ? title : "");
    self->metre = metre;
    self->key = key;
    self->bars = bars;
    self->notes = notes;
    self->hash = hash_of(self);
    return self;
}

TuneTheme *tune_theme_ref(const TuneTheme *self)
{
    return g_atomic_rc_box_acquire((TuneTheme *)self);
}

void tune_theme_unref(TuneTheme *self)
{
    if (self != NULL)
        g_atomic_rc_box_release_full(self, theme_clear);
}

json_t *tune_theme_to_json(const TuneTheme *self)
{
    g_autofree char *metre = tune_metre_to_string(self->metre);
    g_autofree char *key = tune_key_to_string(self->key);
    json_t *notes = json_array();

    for (guint i = 0; i < self->notes->len; i++) {
        const TuneThemeNote *n = &g_array_index(self->notes, TuneThemeNote, i);
        json_array_append_new(notes, json_pack("[iii]", n->onset, n->ticks, n->pitch));
    }
    return json_pack("{s:s, s:s, s:s, s:i, s:o, s:s}", "title", self->title, "metre", metre, "key", key,
                     "bars", self->bars, "notes", notes, "sha256", self->hash);
}

static gboolean fail(GError **error, const char *reason)
{
    g_set_error(error, TUNE_BASE_ERROR, TUNE_BASE_ERROR_SYNTAX, "theme: %s", reason);
    return FALSE;
}

static gboolean read_notes(const json_t *list, gint bar_ticks, gint bars, GArray *out, GError **error)
{
    gint until = -bar_ticks;

    if (!json_is_array(list) || json_array_size(list) == 0 ||
        json_array_size(list) > TUNE_THEME_MOST_NOTES)
        return fail(error, "1 to 512 notes are expected");
    for (gsize i = 0; i < json_array_size(list); i++) {
        const json_t *item = json_array_get(list, i);
        json_int_t value[3];
        for (gsize k = 0; k < 3; k++)
            value[k] = json_integer_value(json_array_get(item, k));
        if (value[0] < until || value[0] >= (json_int_t)bars * bar_ticks || value[1] < 1 ||
            value[1] > (json_int_t)4 * bars * bar_ticks || value[2] < 0 || value[2] > 127)
            return fail(error, "a note that is out of order or out of range");
        TuneThemeNote note = {(gint)value[0], (gint)value[1], (gint)value[2]};
        until = note.onset + note.ticks;
        g_array_append_val(out, note);
    }
    return TRUE;
}

TuneTheme *tune_theme_from_json(const json_t *json, GError **error)
{
    const char *metre_text = json_string_value(json_object_get(json, "metre"));
    const char *key_text = json_string_value(json_object_get(json, "key"));
    const char *hash = json_string_value(json_object_get(json, "sha256"));
    json_int_t bars = json_integer_value(json_object_get(json, "bars"));
    g_autoptr(GArray) notes = g_array_new(FALSE, FALSE, sizeof(TuneThemeNote));
    TuneMetre metre;
    TuneKey key;

    if (metre_text == NULL || !tune_metre_parse(metre_text, &metre) || key_text == NULL ||
        !tune_key_parse(key_text, &key, NULL, NULL) || bars < 1 || bars > TUNE_THEME_MOST_BARS) {
        fail(error, "metre, key or bars are missing");
        return NULL;
    }
    if (!read_notes(json_object_get(json, "notes"), tune_metre_bar_ticks(metre), (gint)bars, notes,
                    error))
        return NULL;
    g_autoptr(TuneTheme) self =
        tune_theme_new(json_string_value(json_object_get(json, "title")), metre, key, (gint)bars,
                       g_steal_pointer(&notes));
    if (hash != NULL && strcmp(hash, self->hash) != 0) {
        fail(error, "its hash is that of other notes");
        return NULL;
    }
    return g_steal_pointer(&self);
}
