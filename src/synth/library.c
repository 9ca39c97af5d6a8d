/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "synth/library.h"
#include "base/data.h"
#include "base/json.h"
#include "base/music.h"
#include "base/yaml.h"
#include <string.h>

#define LEVELS_FILE "voices/levels.json"

struct TuneLibrary {
    GMutex lock;
    GHashTable *sounds; /* key -> TuneSound, or NULL for keys without a voice; @lock */
    json_t *levels;     /* (nullable): read with the first voice; @lock */
};

static void sound_free(gpointer data)
{
    TuneSound *self = data;

    if (self != NULL)
        tune_patch_unref(self->patch);
    g_free(self);
}

TuneLibrary *tune_library_new(void)
{
    TuneLibrary *self = g_new0(TuneLibrary, 1);

    g_mutex_init(&self->lock);
    self->sounds = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, sound_free);
    return self;
}

void tune_library_free(TuneLibrary *self)
{
    if (self == NULL)
        return;
    g_hash_table_unref(self->sounds);
    json_decref(self->levels);
    g_mutex_clear(&self->lock);
    g_free(self);
}

static gboolean read_row(const json_t *list, double *out, gsize n)
{
    if (json_array_size(list) != n)
        return FALSE;
    for (gsize i = 0; i < n; i++)
        out[i] = json_number_value(json_array_get(list, i));
    return TRUE;
}

/* The levels on file, if they were measured on this very patch. */
static gboolean known_levels(TuneLibrary *self, const TunePatch *patch, TuneVoiceLevels *out)
{
    if (self->levels == NULL) {
        g_autofree char *path = tune_data_find(LEVELS_FILE, NULL);

        self->levels = path != NULL ? tune_json_load(path, NULL) : NULL;
        if (self->levels == NULL)
            self->levels = json_object();
    }
    const json_t *entry = json_object_get(self->levels, patch->name);
    const char *hash = json_string_value(json_object_get(entry, "sha256"));

    if (hash == NULL || strcmp(hash, patch->hash) != 0)
        return FALSE;
    return patch->is_kit ? read_row(json_object_get(entry, "drums"), out->drums, TUNE_LEVELS_DRUMS)
                         : read_row(json_object_get(entry, "notes"), &out->notes[0][0],
                                    TUNE_CALIBRATION_OCTAVES * TUNE_CALIBRATION_STRETCHES);
}

static gboolean is_key(const char *key)
{
    return key[0] != '\0' && strlen(key) <= 64 &&
           strspn(key, "abcdefghijklmnopqrstuvwxyz0123456789-") == strlen(key);
}

static gboolean load(TuneLibrary *self, const char *key, TuneSound **out, GError **error)
{
    g_autofree char *name = g_strdup_printf("voices/%s.yaml", key);
    g_autofree char *path = is_key(key) ? tune_data_find(name, NULL) : NULL;

    *out = NULL;
    if (path == NULL)
        return TRUE;
    g_autoptr(TunePatch) patch = tune_patch_load(path, error);

    if (patch == NULL)
        return FALSE;
    if (strcmp(patch->name, key) != 0) {
        g_set_error(error, TUNE_BASE_ERROR, TUNE_BASE_ERROR_SYNTAX,
                    "%s: the name \"%s\" is not the file's", path, patch->name);
        return FALSE;
    }
    TuneSound *sound = g_new0(TuneSound, 1);

    if (!known_levels(self, patch, &sound->levels))
        tune_levels_measure(patch, &sound->levels);
    sound->patch = g_steal_pointer(&patch);
    *out = sound;
    return TRUE;
}

gboolean tune_library_find(TuneLibrary *self, const char *key, const TuneSound **out, GError **error)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&self->lock);
    gpointer found = NULL;

    *out = NULL;
    if (key == NULL || *key == '\0')
        return TRUE;
    if (!g_hash_table_lookup_extended(self->sounds, key, NULL, &found)) {
        TuneSound *sound;

        if (!load(self, key, &sound, error))
            return FALSE;
        found = sound;
        g_hash_table_insert(self->sounds, g_strdup(key), sound);
    }
    *out = found;
    return TRUE;
}

const TuneSound *tune_library_of_track(TuneLibrary *self, const TuneTrack *track)
{
    const TuneSound *sound = NULL;

    if (!tune_library_find(self, track->instrument, &sound, NULL))
        return NULL;
    return sound != NULL && sound->patch->is_kit == (track->is_drums != 0) ? sound : NULL;
}
