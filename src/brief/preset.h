/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Presets: a named starting point for a request.  The built-in ones are data/presets/NAME.yaml, the
 * user's own lie in tune_data_user_folder("presets") and win over a built-in one of the same name.
 *
 *     g_autoptr(TunePreset) preset = tune_preset_load("rock_anthem", &error);
 *     tune_brief_apply_preset(brief, vocabulary, preset, &error);
 *
 * Saving is atomic: a reader sees the old file or the new one.
 */
#pragma once
#include "brief/brief.h"

#define TUNE_PRESET_ERROR (tune_preset_error_quark())
GQuark tune_preset_error_quark(void);
typedef enum {
    TUNE_PRESET_ERROR_NAME,    /* not [A-Za-z0-9_-]{1,64} */
    TUNE_PRESET_ERROR_UNKNOWN, /* no such preset; with suggestions */
    TUNE_PRESET_ERROR_SYNTAX,  /* file:line: reason */
    TUNE_PRESET_ERROR_BUILTIN, /* a built-in preset cannot be deleted */
    TUNE_PRESET_ERROR_IO,
} TunePresetError;

typedef struct {
    gboolean intro;
    gint verse_count;  /* 1..5 */
    gint chorus_count; /* 1..4 */
    gboolean bridge;
    gboolean outro;
} TuneSongStructure;

#define TUNE_SONG_STRUCTURE_DEFAULT ((TuneSongStructure){TRUE, 2, 2, TRUE, TRUE})

typedef struct {
    char *type; /* "style", "sound", "artist", "similar_to" */
    char *value;
} TuneStyleReference;

typedef struct {
    char *name;
    char *description; /* (nullable) */
    char *genre;
    TuneSongStructure structure;
    GArray *style_references; /* TuneStyleReference */
    double temperature;       /* 0..1 */
    gboolean commercial;      /* its pieces will be sold (brief.h) */
    char *tips;               /* (nullable) */
} TunePreset;

TunePreset *tune_preset_new(const char *name, const char *genre); /* (transfer full) */
void tune_preset_free(TunePreset *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TunePreset, tune_preset_free)

/* @type must be one of the four; returns FALSE otherwise. */
gboolean tune_preset_add_reference(TunePreset *self, const char *type, const char *value);

gboolean tune_preset_name_is_valid(const char *name);

/* Names of all presets, sorted. (transfer full) (element-type utf8) */
GPtrArray *tune_preset_list(void);
TunePreset *tune_preset_load(const char *name, GError **error);               /* (transfer full) */
TunePreset *tune_preset_parse(const char *name, const char *file, const char *text, gsize length,
                              GError **error);                                /* (transfer full) */
gboolean tune_preset_save(const TunePreset *self, GError **error); /* creates or replaces */
gboolean tune_preset_delete(const char *name, GError **error);
char *tune_preset_to_yaml(const TunePreset *self);                            /* (transfer full) */
json_t *tune_preset_to_json(const TunePreset *self);                          /* (transfer full) */

/* Sections in their order: intro, then verse 1, chorus, verse 2, chorus ... until both run out, bridge,
 * outro.  (element-type TuneSectionRole) (transfer full) */
GArray *tune_song_structure_order(const TuneSongStructure *structure);

/* Genre, structure, references and temperature with origin PRESET; a genre that no style has takes the
 * nearest one, with a note. */
gboolean tune_brief_apply_preset(TuneBrief *self, const TuneVocabulary *vocabulary,
                                 const TunePreset *preset, GError **error);

/* What a reference says ("distorted guitars") as wishes of origin @origin. */
gboolean tune_brief_add_reference(TuneBrief *self, const TuneVocabulary *vocabulary,
                                  const char *type, const char *value, TuneOrigin origin,
                                  GError **error);
