/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "synth/library.h"
#include "base/data.h"
#include "base/json.h"
#include "base/music.h"
#include "base/yaml.h"
#include "synth/fluid.h"
#include "synth/mapped-voice.h"
#include "synth/patch-voice.h"
#include "synth/sfz-voice.h"
#include "synth/soundfont.h"
#include <string.h>

#define LEVELS_FILE "voices/levels.json"

struct TuneLibrary {
    GMutex lock;
    GHashTable *sounds; /* key -> TuneSound, or NULL for keys without one; @lock */
    GHashTable *fonts;  /* path -> TuneVoiceBank of a mapped SoundFont; @lock */
    TuneMapping *mapping; /* (nullable) */
    const TuneLog *log;
    json_t *levels;     /* (nullable): read with the first voice; @lock */
};

static void sound_free(gpointer data)
{
    TuneSound *self = data;

    if (self == NULL)
        return;
    tune_patch_unref(self->patch);
    tune_sfz_free(self->sfz);
    g_free(self->hash);
    g_free(self);
}

static void font_free(gpointer data)
{
    tune_voice_bank_free(data);
}

TuneLibrary *tune_library_new(TuneMapping *mapping, const TuneLog *log)
{
    TuneLibrary *self = g_new0(TuneLibrary, 1);

    g_mutex_init(&self->lock);
    self->sounds = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, sound_free);
    self->fonts = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, font_free);
    self->mapping = mapping;
    self->log = log;
    return self;
}

void tune_library_release_memory(TuneLibrary *self)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&self->lock);
    GHashTableIter iter;
    gpointer font;

    g_hash_table_iter_init(&iter, self->fonts);
    while (g_hash_table_iter_next(&iter, NULL, &font))
        tune_voice_bank_release_memory(font);
}

const TuneMapping *tune_library_mapping(const TuneLibrary *self)
{
    return self->mapping;
}

void tune_library_free(TuneLibrary *self)
{
    if (self == NULL)
        return;
    g_hash_table_unref(self->sounds);
    g_hash_table_unref(self->fonts);
    tune_mapping_free(self->mapping);
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

/* ---- what a mapping names ---- */

static TuneVoiceBank *font_of(TuneLibrary *self, const char *path)
{
    TuneVoiceBank *font = g_hash_table_lookup(self->fonts, path);

    if (font == NULL) {
        font = tune_fluid_bank_new(path, self->log);
        g_hash_table_insert(self->fonts, g_strdup(path), font);
    }
    return font;
}

static TuneSound *load_mapped(TuneLibrary *self, const TuneMapped *mapped, GError **error)
{
    TuneSound *sound = g_new0(TuneSound, 1);

    sound->mapped = mapped;
    sound->is_kit = mapped->is_drums;
    if (mapped->is_sfz) {
        sound->sfz = tune_sfz_load(mapped->path, error);
        sound->hash = sound->sfz != NULL ? g_strdup(sound->sfz->hash) : NULL;
    } else {
        sound->font = font_of(self, mapped->path);
        sound->hash = tune_soundfont_hash(mapped->path, error);
    }
    if (sound->hash != NULL && tune_levels_measure(sound, &sound->levels, error))
        return sound;
    sound_free(sound);
    return NULL;
}

TuneVoice *tune_sound_voice_new(const TuneSound *self, const TuneVoiceRequest *request, GError **error)
{
    TuneVoiceRequest inner = *request;

    if (self->patch != NULL)
        return self->is_kit ? tune_kit_voice_new(self->patch, request)
                            : tune_patch_voice_new(self->patch, request);
    if (self->sfz != NULL)
        return tune_mapped_voice_new(tune_sfz_voice_new(self->sfz, request), self->mapped);
    inner.bank = (guint8)MIN(self->mapped->bank, 127);
    inner.program = (guint8)self->mapped->program;
    inner.is_drums = self->mapped->is_drums;
    TuneVoice *voice = tune_voice_bank_acquire(self->font, &inner, error);

    return voice != NULL ? tune_mapped_voice_new(voice, self->mapped) : NULL;
}

/* ---- electronic voices ---- */

static gboolean load(TuneLibrary *self, const char *key, TuneSound **out, GError **error)
{
    const TuneMapped *mapped = tune_mapping_find(self->mapping, key);

    *out = NULL;
    if (mapped != NULL)
        return (*out = load_mapped(self, mapped, error)) != NULL;
    g_autofree char *name = g_strdup_printf("voices/%s.yaml", key);
    g_autofree char *path = is_key(key) ? tune_data_find(name, NULL) : NULL;

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

    sound->is_kit = patch->is_kit;
    sound->hash = g_strdup(patch->hash);
    sound->patch = g_steal_pointer(&patch);
    if (!known_levels(self, sound->patch, &sound->levels))
        (void)tune_levels_measure(sound, &sound->levels, NULL); /* a patch can always be played */
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
    return sound != NULL && sound->is_kit == (track->is_drums != 0) ? sound : NULL;
}
