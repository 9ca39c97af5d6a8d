/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What the program needs on top of jansson: canonical text, checked getters with dotted paths in
 * their messages, deterministic numbers.
 */
#pragma once
#include <glib.h>
#include <jansson.h>

G_DEFINE_AUTOPTR_CLEANUP_FUNC(json_t, json_decref)

/* Parse text of at most @length bytes: UTF-8, no duplicate keys, depth limited by jansson.
 * TUNE_BASE_ERROR_SYNTAX "NAME:line:column: reason".  (transfer full) */
json_t *tune_json_parse(const char *name, const char *text, gsize length, GError **error);
json_t *tune_json_load(const char *path, GError **error);

/* Keys sorted, no spaces: the bytes whose hash identifies a recipe.  (transfer full) */
char *tune_json_canonical(const json_t *value);

/* Two-space indent, keys in insertion order, ends with a newline.  (transfer full) */
char *tune_json_pretty(const json_t *value);

/* A real rounded to @decimals, so that texts do not depend on the last bit. (transfer full) */
json_t *tune_json_real(double value, gint decimals);

/* Checked members: FALSE when missing (unless optional) or of a wrong type or range; @path names the
 * object in the message ("tracks[3].notes[17]").  Optional ones leave *out alone when missing. */
gboolean tune_json_get_int(const json_t *object, const char *path, const char *key, gint64 low,
                           gint64 high, gboolean optional, gint64 *out, GError **error);
gboolean tune_json_get_real(const json_t *object, const char *path, const char *key, double low,
                            double high, gboolean optional, double *out, GError **error);
gboolean tune_json_get_string(const json_t *object, const char *path, const char *key,
                              gboolean optional, const char **out, GError **error);
gboolean tune_json_get_bool(const json_t *object, const char *path, const char *key,
                            gboolean optional, gboolean *out, GError **error);
/* *out is borrowed; NULL when optional and missing. */
gboolean tune_json_get_array(const json_t *object, const char *path, const char *key,
                             gboolean optional, const json_t **out, GError **error);
