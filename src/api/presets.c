/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "api/presets.h"
#include "base/data.h"

#include <glib/gstdio.h>
#include <string.h>

#define LOOK_US G_TIME_SPAN_SECOND

struct TunePresetCatalogue {
    GMutex lock;         /* all below */
    GPtrArray *names;    /* char*, sorted; NULL: not scanned */
    GHashTable *loaded;  /* name -> TunePresetRef */
    GHashTable *deleted; /* names that are gone until the next start */
    json_t *list;        /* what list() answers; NULL: not made */
    gint64 looked_us, folder_changed;
    TunePresetCatalogueStats stats;
};

static void clear_ref(gpointer data)
{
    tune_preset_free(((TunePresetRef *)data)->preset);
}

void tune_preset_ref_release(TunePresetRef *self)
{
    if (self != NULL)
        g_atomic_rc_box_release_full(self, clear_ref);
}

TunePresetCatalogue *tune_preset_catalogue_new(void)
{
    TunePresetCatalogue *self = g_new0(TunePresetCatalogue, 1);

    g_mutex_init(&self->lock);
    self->loaded = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
                                         (GDestroyNotify)tune_preset_ref_release);
    self->deleted = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    return self;
}

static void forget_all(TunePresetCatalogue *self)
{
    g_clear_pointer(&self->names, g_ptr_array_unref);
    g_clear_pointer(&self->list, json_decref);
    g_hash_table_remove_all(self->loaded);
}

void tune_preset_catalogue_free(TunePresetCatalogue *self)
{
    if (self == NULL)
        return;
    forget_all(self);
    g_hash_table_unref(self->loaded);
    g_hash_table_unref(self->deleted);
    g_mutex_clear(&self->lock);
    g_free(self);
}

void tune_preset_catalogue_forget(TunePresetCatalogue *self)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&self->lock);

    forget_all(self);
}

/* ---- with the lock held ---- */

static gint64 change_time(void)
{
    g_autofree char *folder = tune_data_user_folder("presets");
    GStatBuf state;

    return g_stat(folder, &state) == 0
               ? (gint64)state.st_mtim.tv_sec * 1000000000 + state.st_mtim.tv_nsec
               : 0;
}

/* Files that another program saved. */
static void look(TunePresetCatalogue *self)
{
    gint64 now = g_get_monotonic_time();

    if (self->names != NULL && now - self->looked_us < LOOK_US)
        return;
    gint64 changed = change_time();
    self->looked_us = now;
    if (changed != self->folder_changed)
        forget_all(self);
    self->folder_changed = changed;
}

static void scan(TunePresetCatalogue *self)
{
    look(self);
    if (self->names != NULL)
        return;
    self->names = tune_preset_list();
    self->stats.scans++;
    for (guint i = self->names->len; i > 0; i--)
        if (g_hash_table_contains(self->deleted, self->names->pdata[i - 1]))
            g_ptr_array_remove_index(self->names, i - 1);
}

static gboolean is_known(TunePresetCatalogue *self, const char *name)
{
    scan(self);
    return g_ptr_array_find_with_equal_func(self->names, name, g_str_equal, NULL);
}

static TunePresetRef *load(TunePresetCatalogue *self, const char *name, GError **error)
{
    TunePresetRef *found = g_hash_table_lookup(self->loaded, name);

    if (found != NULL) {
        self->stats.hits++;
        return found;
    }
    TunePreset *preset = tune_preset_load(name, error);
    if (preset == NULL)
        return NULL;
    self->stats.loads++;
    found = g_atomic_rc_box_new0(TunePresetRef);
    found->preset = preset;
    g_hash_table_replace(self->loaded, g_strdup(name), found);
    return found;
}

static gboolean unknown(TunePresetCatalogue *self, const char *name, GError **error)
{
    g_autofree char *all = NULL;

    if (!tune_preset_name_is_valid(name)) {
        g_set_error(error, TUNE_PRESET_ERROR, TUNE_PRESET_ERROR_UNKNOWN, "there is no such preset");
        return FALSE;
    }
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    g_ptr_array_extend(names, self->names, NULL, NULL);
    g_ptr_array_add(names, NULL);
    all = g_strjoinv(", ", (char **)names->pdata);
    g_set_error(error, TUNE_PRESET_ERROR, TUNE_PRESET_ERROR_UNKNOWN,
                "there is no preset \"%s\"; there are %s", name, all);
    return FALSE;
}

/* What is saved or deleted here changes the folder too; that is no news. */
static void note_own_change(TunePresetCatalogue *self, const char *name)
{
    g_clear_pointer(&self->names, g_ptr_array_unref);
    g_clear_pointer(&self->list, json_decref);
    g_hash_table_remove(self->loaded, name);
    self->folder_changed = change_time();
}

/* ---- public ---- */

json_t *tune_preset_catalogue_list(TunePresetCatalogue *self, const TuneLog *log)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&self->lock);

    scan(self);
    if (self->list != NULL) {
        self->stats.hits++;
        return json_incref(self->list);
    }
    self->list = json_array();
    for (guint i = 0; i < self->names->len; i++) {
        g_autoptr(GError) why = NULL;
        const TunePresetRef *ref = load(self, self->names->pdata[i], &why);
        if (ref == NULL) {
            tune_log(log, TUNE_LOG_WARNING, "a preset is left out: %s", why->message);
            continue;
        }
        json_array_append_new(self->list,
                              json_pack("{s:s, s:s, s:s}", "name", ref->preset->name, "genre",
                                        ref->preset->genre, "description",
                                        ref->preset->description != NULL
                                            ? ref->preset->description
                                            : ""));
    }
    return json_incref(self->list);
}

json_t *tune_preset_catalogue_names(TunePresetCatalogue *self)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&self->lock);
    json_t *names = json_array();

    scan(self);
    for (guint i = 0; i < self->names->len; i++)
        json_array_append_new(names, json_string(self->names->pdata[i]));
    return names;
}

TunePresetRef *tune_preset_catalogue_get(TunePresetCatalogue *self, const char *name, GError **error)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&self->lock);

    if (!is_known(self, name)) {
        unknown(self, name, error);
        return NULL;
    }
    TunePresetRef *ref = load(self, name, error);
    return ref != NULL ? g_atomic_rc_box_acquire(ref) : NULL;
}

gboolean tune_preset_catalogue_save(TunePresetCatalogue *self, const TunePreset *preset,
                                    GError **error)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&self->lock);

    if (!tune_preset_save(preset, error))
        return FALSE;
    g_hash_table_remove(self->deleted, preset->name);
    note_own_change(self, preset->name);
    return TRUE;
}

gboolean tune_preset_catalogue_delete(TunePresetCatalogue *self, const char *name, GError **error)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&self->lock);
    g_autoptr(GError) why = NULL;

    if (!is_known(self, name))
        return unknown(self, name, error);
    if (!tune_preset_delete(name, &why) &&
        !g_error_matches(why, TUNE_PRESET_ERROR, TUNE_PRESET_ERROR_BUILTIN)) {
        g_propagate_error(error, g_steal_pointer(&why));
        return FALSE;
    }
    g_hash_table_add(self->deleted, g_strdup(name));
    note_own_change(self, name);
    return TRUE;
}

void tune_preset_catalogue_stats(TunePresetCatalogue *self, TunePresetCatalogueStats *out)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&self->lock);

    *out = self->stats;
    out->cached = g_hash_table_size(self->loaded);
}
