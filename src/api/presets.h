/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The presets as the service has them: one scan of the folders, each file read once, until one is saved or
 * deleted here, or the user's folder changes (looked at once a second at most).
 *
 *     g_autoptr(TunePresetRef) preset = tune_preset_catalogue_get(catalogue, "rock_anthem", &error);
 *     preset->preset->genre
 *
 * A built-in preset that is deleted here is gone until the service starts again, as it always was for
 * clients of the older service.  Thread-safe.
 */
#pragma once
#include "base/log.h"
#include "brief/preset.h"

typedef struct TunePresetCatalogue TunePresetCatalogue;

/* Counted; immutable. */
typedef struct {
    TunePreset *preset;
} TunePresetRef;
void tune_preset_ref_release(TunePresetRef *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TunePresetRef, tune_preset_ref_release)

TunePresetCatalogue *tune_preset_catalogue_new(void); /* (transfer full) */
void tune_preset_catalogue_free(TunePresetCatalogue *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TunePresetCatalogue, tune_preset_catalogue_free)

/* [{"name", "genre", "description"}] sorted by name.  A file that cannot be read is left out, with a line in
 * @log. (transfer full) */
json_t *tune_preset_catalogue_list(TunePresetCatalogue *self, const TuneLog *log);
/* Names, sorted. (transfer full) */
json_t *tune_preset_catalogue_names(TunePresetCatalogue *self);
/* TUNE_PRESET_ERROR_NAME, _UNKNOWN. (transfer full) */
TunePresetRef *tune_preset_catalogue_get(TunePresetCatalogue *self, const char *name, GError **error);
gboolean tune_preset_catalogue_save(TunePresetCatalogue *self, const TunePreset *preset,
                                    GError **error);
gboolean tune_preset_catalogue_delete(TunePresetCatalogue *self, const char *name, GError **error);
/* Scan and read again when next asked. */
void tune_preset_catalogue_forget(TunePresetCatalogue *self);

typedef struct {
    guint cached;                /* presets in memory now */
    guint64 scans, loads, hits;  /* since start: of folders, of files; answers from memory */
} TunePresetCatalogueStats;
void tune_preset_catalogue_stats(TunePresetCatalogue *self, TunePresetCatalogueStats *out);
