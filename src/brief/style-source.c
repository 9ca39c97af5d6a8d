/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * From file to document: what a style takes from the one it is based on, and the head alone.
 */
#include "base/data.h"
#include "base/hash.h"
#include "base/music.h"
#include "brief/style-private.h"

#include <string.h>

#define MAX_GENERATIONS 4

/* The first of these keys ends the head. */
static const char *const rest_keys[] = {"forms", "harmony", "melody", "parts",   "textures", "mix",
                                        "grooves", "fills", "bass",   "comping", "riffs",    "perform",
                                        "builds",  "gaps",  "curves", NULL};
/* Maps that are completed key by key; all other values are taken whole. */
static const char *const merged_keys[] = {"harmony", "melody", "mix", "perform", NULL};
/* What makes a style itself. */
static const char *const own_keys[] = {"name", "title", "summary", "words", "based_on", NULL};

static gboolean starts_rest(const char *line)
{
    for (gsize i = 0; rest_keys[i] != NULL; i++) {
        gsize n = strlen(rest_keys[i]);
        if (strncmp(line, rest_keys[i], n) == 0 && line[n] == ':')
            return TRUE;
    }
    return FALSE;
}

/* Bytes of @text before the line that ends the head. */
static gsize head_length(const char *text)
{
    const char *line = text;

    while (line != NULL && *line != '\0' && !starts_rest(line)) {
        line = strchr(line, '\n');
        line = line != NULL ? line + 1 : NULL;
    }
    return line != NULL ? (gsize)(line - text) : strlen(text);
}

/* A key of the head behind it would be heard only half of the time. */
static gboolean check_order(const TuneYamlNode *root, GError **error)
{
    const char *rest = NULL;

    for (guint i = 0; tune_yaml_kind(root) == TUNE_YAML_MAP && i < tune_yaml_size(root); i++) {
        const char *key = tune_yaml_key(root, i);
        if (g_strv_contains(rest_keys, key))
            rest = key;
        else if (rest != NULL)
            return tune_yaml_fail(tune_yaml_at(root, i), error,
                                  "%s belongs to the head of the file: put it before %s", key, rest);
    }
    return TRUE;
}

static TuneYaml *load_one(const char *path, gboolean head_only, char **hash, GError **error)
{
    g_autofree char *text = NULL;
    gsize length = 0;
    g_autoptr(GError) failure = NULL;

    if (!g_file_get_contents(path, &text, &length, &failure)) {
        g_set_error_literal(error, TUNE_BASE_ERROR, TUNE_BASE_ERROR_IO, failure->message);
        return NULL;
    }
    if (hash != NULL)
        *hash = tune_hash_bytes(text, length);
    if (head_only && memchr(text, '\0', length) == NULL)
        length = head_length(text);
    g_autoptr(TuneYaml) doc = tune_yaml_parse(path, text, length, error);
    if (doc == NULL || !check_order(tune_yaml_root(doc), error)) {
        if (hash != NULL)
            g_clear_pointer(hash, g_free);
        return NULL;
    }
    return g_steal_pointer(&doc);
}

static TuneYaml *load_with_base(const char *path, gboolean head_only, char **hash, gint generation,
                                GError **error)
{
    g_autoptr(TuneYaml) doc = load_one(path, head_only, hash, error);
    const char *name = NULL;

    if (doc == NULL)
        return NULL;
    const TuneYamlNode *root = tune_yaml_root(doc);
    if (!tune_yaml_get_string(root, "based_on", &name, error))
        return NULL;
    if (name == NULL)
        return g_steal_pointer(&doc);
    const TuneYamlNode *node = tune_yaml_get(root, "based_on");
    g_autofree char *file = g_strdup_printf("styles/%s.yaml", name);
    g_autofree char *base = strchr(name, '/') == NULL ? tune_data_find(file, NULL) : NULL;
    g_autofree char *base_hash = NULL;
    if (base == NULL || generation >= MAX_GENERATIONS || strcmp(base, path) == 0) {
        tune_yaml_fail(node, error,
                       base == NULL ? "based_on: there is no style \"%s\""
                                    : "based_on: %s leads back to this style, or too far", name);
        return NULL;
    }
    TuneYaml *under = load_with_base(base, head_only, hash != NULL ? &base_hash : NULL,
                                     generation + 1, error);
    if (under == NULL)
        return NULL;
    if (hash != NULL) {
        g_autofree char *both = g_strconcat(*hash, base_hash, NULL);
        g_free(*hash);
        *hash = tune_hash_bytes(both, strlen(both));
    }
    tune_yaml_overlay(doc, under, merged_keys, own_keys);
    return g_steal_pointer(&doc);
}

TuneYaml *style_source_load(const char *path, gboolean head_only, char **hash, GError **error)
{
    g_autofree char *found = NULL;
    TuneYaml *doc = load_with_base(path, head_only, hash != NULL ? &found : NULL, 0, error);

    if (doc != NULL && hash != NULL)
        *hash = g_steal_pointer(&found);
    return doc;
}
