/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * YAML files as a tree whose nodes know their line, so that every complaint about a data file can
 * name file, line and reason:
 *
 *     g_autoptr(TuneYaml) doc = tune_yaml_load(path, &error);
 *     const TuneYamlNode *root = tune_yaml_root(doc);
 *     double bpm = 120;
 *     tune_yaml_get_double(root, "tempo", 20, 300, &bpm, &error)
 *
 * Nodes belong to the document.  Getters return FALSE only when the value is there and wrong; a
 * missing key leaves *out alone and returns TRUE.  Read-only after load, so thread-safe.
 * Anchors, aliases and tags are refused: data files stay plain.  Depth <= 32, nodes <= 200,000.
 */
#pragma once
#include <glib.h>

typedef struct TuneYaml TuneYaml;
typedef struct TuneYamlNode TuneYamlNode;

typedef enum { TUNE_YAML_SCALAR, TUNE_YAML_LIST, TUNE_YAML_MAP } TuneYamlKind;

TuneYaml *tune_yaml_load(const char *path, GError **error);                  /* (transfer full) */
/* @name stands for the path in messages. */
TuneYaml *tune_yaml_parse(const char *name, const char *text, gsize length, GError **error);
void tune_yaml_free(TuneYaml *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TuneYaml, tune_yaml_free)

const TuneYamlNode *tune_yaml_root(const TuneYaml *self);

TuneYamlKind tune_yaml_kind(const TuneYamlNode *node);
gint tune_yaml_line(const TuneYamlNode *node); /* from 1 */
const char *tune_yaml_text(const TuneYamlNode *node); /* of a scalar; "" of others */
guint tune_yaml_size(const TuneYamlNode *node);       /* items or pairs */
const TuneYamlNode *tune_yaml_at(const TuneYamlNode *node, guint index); /* item, or pair's value */
const char *tune_yaml_key(const TuneYamlNode *map, guint index);
const TuneYamlNode *tune_yaml_get(const TuneYamlNode *map, const char *key); /* (nullable) */

/* A complaint "file:line: message" in TUNE_BASE_ERROR_SYNTAX.  Always returns FALSE. */
gboolean tune_yaml_fail(const TuneYamlNode *node, GError **error, const char *format, ...)
    G_GNUC_PRINTF(3, 4);

/* What @self's root map lacks is taken from @under's; the maps under the keys @merged are completed pair
 * by pair in the same way, one level deep.  Keys in @own are never taken.  Nodes keep the name and line of
 * the file they came from.  @under: (transfer full), a map at its root like @self. */
void tune_yaml_overlay(TuneYaml *self, TuneYaml *under, const char *const *merged,
                       const char *const *own);

/* For a checker that wants more than the first complaint: drops the innermost map that is an item of a list
 * and has something on @line of @self's own file, and appends to @around (of gint) the lines on which the
 * lists and maps around it begin, as what they lack from now on is no complaint of its own.  FALSE when
 * there is no such item. */
gboolean tune_yaml_drop_item(TuneYaml *self, gint line, GArray *around);

/* The keys of @map must all be among the NULL-terminated @allowed; the message suggests the nearest. */
gboolean tune_yaml_check_keys(const TuneYamlNode *map, const char *const *allowed, GError **error);

gboolean tune_yaml_get_string(const TuneYamlNode *map, const char *key, const char **out,
                              GError **error); /* *out belongs to the document */
gboolean tune_yaml_get_double(const TuneYamlNode *map, const char *key, double low, double high,
                              double *out, GError **error);
gboolean tune_yaml_get_int(const TuneYamlNode *map, const char *key, gint low, gint high,
                           gint *out, GError **error);
gboolean tune_yaml_get_bool(const TuneYamlNode *map, const char *key, gboolean *out,
                            GError **error);
/* [low, high] or one number for both. */
gboolean tune_yaml_get_range(const TuneYamlNode *map, const char *key, double low, double high,
                             double out[2], GError **error);
/* List of scalars, or one scalar as a list of one, as a new NULL-terminated array; NULL if missing.
 * (transfer full) */
gboolean tune_yaml_get_strings(const TuneYamlNode *map, const char *key, char ***out,
                               GError **error);

/* A whole scalar as a number. */
gboolean tune_yaml_to_double(const TuneYamlNode *node, double low, double high, double *out,
                             GError **error);
