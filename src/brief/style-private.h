/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What the readers of a style file share.  Each reader fills its part of a zeroed TuneStyle whose arrays
 * exist, and returns FALSE with "file:line: reason" (TUNE_BASE_ERROR_SYNTAX).
 */
#pragma once
#include "base/yaml.h"
#include "brief/style-data.h"

/* style-source.c */
/* The document of a style file, completed from the styles it is based on; @hash (nullable) takes what
 * identifies their contents.  With @head_only what follows the head is left out, unread.
 * (transfer full) */
TuneYaml *style_source_load(const char *path, gboolean head_only, char **hash, GError **error);

/* style-read.c */
TuneStyle *style_read(const char *path, GError **error); /* the whole file (transfer full) */
TuneStyle *style_read_head(const char *path, GError **error); /* (transfer full) */
gboolean style_read_rest(TuneStyle *style, GError **error);
void style_free(TuneStyle *style);
/* Reads block @block of @doc, the document of file @path, by itself and keeps nothing.  Blocks count from 0,
 * in the order of their reading; @is_there is FALSE behind the last. */
gboolean style_check_block(const char *path, const TuneYaml *doc, guint block, gboolean *is_there,
                           GError **error);

/* {NAME: WEIGHT, ...} or [NAME, ...] (weight 1) under @key as StyleChoice appended to @out. */
gboolean style_read_choices(const TuneYamlNode *map, const char *key, GArray *out, GError **error);
GArray *style_choices_new(void);
/* A list of section names as a mask; missing is 0. */
gboolean style_read_sections(const TuneYamlNode *map, guint32 *out, GError **error);
/* "[low, high]" and single weights with the usual ranges. */
gboolean style_read_weight(const TuneYamlNode *map, double *out, GError **error);
gboolean style_read_metre(const TuneYamlNode *node, TuneMetre *out, GError **error);
/* "any", "major", "minor": -1, 0, 1; a mode's own name gives the mode in @mode (else -1). */
gboolean style_read_mode(const TuneYamlNode *map, gint *side, gint *mode, GError **error);

/* style-harmony.c */
void style_harmony_init(StyleHarmony *harmony);
void style_harmony_clear(StyleHarmony *harmony);
gboolean style_harmony_read(const TuneYamlNode *node, StyleHarmony *harmony, GError **error);

/* style-melody.c */
void style_melody_init(StyleMelody *melody);
void style_melody_clear(StyleMelody *melody);
gboolean style_melody_read(const TuneYamlNode *node, StyleMelody *melody, GError **error);

/* style-texture.c; @parts (StylePart) must be known, textures name them. */
GArray *style_textures_new(void);
gboolean style_textures_read(const TuneYamlNode *root, const GArray *parts, GArray *out,
                             GError **error);
