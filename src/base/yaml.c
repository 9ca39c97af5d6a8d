/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/yaml.h"
#include "base/music.h"

#include <math.h>
#include <string.h>
#include <yaml.h>

#define MAX_DEPTH 32
#define MAX_NODES 200000

struct TuneYamlNode {
    const TuneYaml *doc;
    TuneYamlKind kind;
    gint line;
    char *text;        /* scalar */
    GPtrArray *keys;   /* map: char* */
    GPtrArray *values; /* map and list: TuneYamlNode* */
};

struct TuneYaml {
    char *name;
    TuneYamlNode *root;
    guint n_nodes;
    GPtrArray *under; /* TuneYaml*: documents that nodes were taken from; NULL without */
};

static void node_free(gpointer data)
{
    TuneYamlNode *node = data;

    g_free(node->text);
    g_clear_pointer(&node->keys, g_ptr_array_unref);
    g_clear_pointer(&node->values, g_ptr_array_unref);
    g_free(node);
}

void tune_yaml_free(TuneYaml *self)
{
    if (self == NULL)
        return;
    if (self->root != NULL)
        node_free(self->root);
    g_clear_pointer(&self->under, g_ptr_array_unref);
    g_free(self->name);
    g_free(self);
}

static TuneYamlNode *node_new(TuneYaml *doc, TuneYamlKind kind, const yaml_event_t *event)
{
    TuneYamlNode *node = g_new0(TuneYamlNode, 1);

    node->doc = doc;
    node->kind = kind;
    node->line = (gint)event->start_mark.line + 1;
    doc->n_nodes++;
    return node;
}

static gboolean next_event(yaml_parser_t *parser, TuneYaml *doc, yaml_event_t *event,
                           GError **error)
{
    if (yaml_parser_parse(parser, event))
        return TRUE;
    g_set_error(error, TUNE_BASE_ERROR, TUNE_BASE_ERROR_SYNTAX, "%s:%zu: %s", doc->name,
                parser->problem_mark.line + 1, parser->problem ? parser->problem : "not YAML");
    return FALSE;
}

static gboolean fail_at(TuneYaml *doc, const yaml_event_t *event, GError **error, const char *why)
{
    g_set_error(error, TUNE_BASE_ERROR, TUNE_BASE_ERROR_SYNTAX, "%s:%zu: %s", doc->name,
                event->start_mark.line + 1, why);
    return FALSE;
}

/* Reads one node, of which @event is the first, consumed, event.  NULL with error set on failure. */
static TuneYamlNode *read_node(yaml_parser_t *parser, TuneYaml *doc, yaml_event_t *event, gint depth,
                               GError **error);

static gboolean read_children(yaml_parser_t *parser, TuneYaml *doc, TuneYamlNode *node, gint depth,
                              GError **error)
{
    gboolean is_map = node->kind == TUNE_YAML_MAP;
    yaml_event_type_t end = is_map ? YAML_MAPPING_END_EVENT : YAML_SEQUENCE_END_EVENT;

    node->values = g_ptr_array_new_with_free_func(node_free);
    if (is_map)
        node->keys = g_ptr_array_new_with_free_func(g_free);
    for (;;) {
        yaml_event_t event;
        if (!next_event(parser, doc, &event, error))
            return FALSE;
        if (event.type == end) {
            yaml_event_delete(&event);
            return TRUE;
        }
        if (is_map) {
            gboolean good = event.type == YAML_SCALAR_EVENT;
            const char *key = good ? (const char *)event.data.scalar.value : NULL;
            if (!good)
                fail_at(doc, &event, error, "a key must be plain text");
            else if (tune_yaml_get(node, key) != NULL)
                good = fail_at(doc, &event, error, "this key stands twice in the same map");
            else
                g_ptr_array_add(node->keys, g_strdup(key));
            yaml_event_delete(&event);
            if (!good || !next_event(parser, doc, &event, error))
                return FALSE;
        }
        TuneYamlNode *child = read_node(parser, doc, &event, depth + 1, error);
        if (child == NULL)
            return FALSE;
        g_ptr_array_add(node->values, child);
    }
}

static TuneYamlNode *read_node(yaml_parser_t *parser, TuneYaml *doc, yaml_event_t *event, gint depth,
                               GError **error)
{
    TuneYamlNode *node = NULL;

    if (depth > MAX_DEPTH || doc->n_nodes > MAX_NODES) {
        fail_at(doc, event, error, "nested too deeply or too large");
    } else if (event->type == YAML_SCALAR_EVENT) {
        const char *text = (const char *)event->data.scalar.value;
        if (event->data.scalar.anchor != NULL || event->data.scalar.tag != NULL)
            fail_at(doc, event, error, "anchors and tags are not used in data files");
        else if (strlen(text) != event->data.scalar.length)
            fail_at(doc, event, error, "text holds a NUL byte");
        else {
            node = node_new(doc, TUNE_YAML_SCALAR, event);
            node->text = g_strdup(text);
        }
    } else if (event->type == YAML_SEQUENCE_START_EVENT) {
        node = node_new(doc, TUNE_YAML_LIST, event);
    } else if (event->type == YAML_MAPPING_START_EVENT) {
        node = node_new(doc, TUNE_YAML_MAP, event);
    } else {
        fail_at(doc, event, error, "anchors and aliases are not used in data files");
    }
    yaml_event_delete(event);
    if (node != NULL && node->kind != TUNE_YAML_SCALAR &&
        !read_children(parser, doc, node, depth, error))
        g_clear_pointer(&node, node_free);
    return node;
}

static gboolean read_document(yaml_parser_t *parser, TuneYaml *doc, GError **error)
{
    for (;;) {
        yaml_event_t event;
        if (!next_event(parser, doc, &event, error))
            return FALSE;
        switch (event.type) {
        case YAML_STREAM_START_EVENT:
        case YAML_DOCUMENT_START_EVENT:
        case YAML_DOCUMENT_END_EVENT:
            yaml_event_delete(&event);
            break;
        case YAML_STREAM_END_EVENT:
            yaml_event_delete(&event);
            if (doc->root == NULL)
                g_set_error(error, TUNE_BASE_ERROR, TUNE_BASE_ERROR_SYNTAX, "%s:1: the file is empty",
                            doc->name);
            return doc->root != NULL;
        default:
            if (doc->root != NULL) {
                fail_at(doc, &event, error, "more than one document");
                yaml_event_delete(&event);
                return FALSE;
            }
            doc->root = read_node(parser, doc, &event, 0, error);
            if (doc->root == NULL)
                return FALSE;
        }
    }
}

TuneYaml *tune_yaml_parse(const char *name, const char *text, gsize length, GError **error)
{
    yaml_parser_t parser;
    g_autoptr(TuneYaml) doc = g_new0(TuneYaml, 1);

    doc->name = g_strdup(name);
    yaml_parser_initialize(&parser);
    yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&parser, (const guchar *)text, length);
    gboolean good = read_document(&parser, doc, error);
    yaml_parser_delete(&parser);
    return good ? g_steal_pointer(&doc) : NULL;
}

TuneYaml *tune_yaml_load(const char *path, GError **error)
{
    g_autofree char *text = NULL;
    gsize length = 0;
    g_autoptr(GError) io_error = NULL;

    if (!g_file_get_contents(path, &text, &length, &io_error)) {
        g_set_error_literal(error, TUNE_BASE_ERROR, TUNE_BASE_ERROR_IO, io_error->message);
        return NULL;
    }
    return tune_yaml_parse(path, text, length, error);
}

const TuneYamlNode *tune_yaml_root(const TuneYaml *self)
{
    return self->root;
}

TuneYamlKind tune_yaml_kind(const TuneYamlNode *node)
{
    return node->kind;
}

gint tune_yaml_line(const TuneYamlNode *node)
{
    return node->line;
}

const char *tune_yaml_text(const TuneYamlNode *node)
{
    return node->text != NULL ? node->text : "";
}

guint tune_yaml_size(const TuneYamlNode *node)
{
    return node->values != NULL ? node->values->len : 0;
}

const TuneYamlNode *tune_yaml_at(const TuneYamlNode *node, guint index)
{
    g_return_val_if_fail(index < tune_yaml_size(node), NULL);
    return node->values->pdata[index];
}

const char *tune_yaml_key(const TuneYamlNode *map, guint index)
{
    g_return_val_if_fail(map->keys != NULL && index < map->keys->len, "");
    return map->keys->pdata[index];
}

const TuneYamlNode *tune_yaml_get(const TuneYamlNode *map, const char *key)
{
    if (map == NULL || map->keys == NULL)
        return NULL;
    for (guint i = 0; i < MIN(map->keys->len, map->values->len); i++)
        if (strcmp(map->keys->pdata[i], key) == 0)
            return map->values->pdata[i];
    return NULL;
}

/* Moves the pairs that @over lacks. */
static void complete_map(TuneYamlNode *over, TuneYamlNode *under, const char *const *merged,
                         const char *const *own)
{
    if (over->kind != TUNE_YAML_MAP || under->kind != TUNE_YAML_MAP)
        return;
    for (guint i = 0; i < under->keys->len;) {
        const char *key = under->keys->pdata[i];
        const TuneYamlNode *mine = tune_yaml_get(over, key);
        if (mine == NULL && !g_strv_contains(own, key)) {
            g_ptr_array_add(over->keys, g_ptr_array_steal_index(under->keys, i));
            g_ptr_array_add(over->values, g_ptr_array_steal_index(under->values, i));
            continue;
        }
        if (mine != NULL && g_strv_contains(merged, key)) {
            static const char *const none[] = {NULL};
            complete_map((TuneYamlNode *)mine, under->values->pdata[i], none, none);
        }
        i++;
    }
}

void tune_yaml_overlay(TuneYaml *self, TuneYaml *under, const char *const *merged,
                       const char *const *own)
{
    complete_map(self->root, under->root, merged, own);
    if (self->under == NULL)
        self->under = g_ptr_array_new_with_free_func((GDestroyNotify)tune_yaml_free);
    g_ptr_array_add(self->under, under);
}

static gboolean has_line(const TuneYaml *doc, const TuneYamlNode *node, gint line)
{
    gboolean has = node->doc == doc && node->line == line;

    for (guint i = 0; node->values != NULL && i < node->values->len && !has; i++)
        has = has_line(doc, node->values->pdata[i], line);
    return has;
}

static gboolean drop_below(const TuneYaml *doc, TuneYamlNode *node, gint line, GArray *around)
{
    for (guint i = 0; node->values != NULL && i < node->values->len; i++) {
        TuneYamlNode *value = node->values->pdata[i];
        gboolean dropped = drop_below(doc, value, line, around);
        if (!dropped && node->kind == TUNE_YAML_LIST && value->kind == TUNE_YAML_MAP &&
            has_line(doc, value, line)) {
            g_ptr_array_remove_index(node->values, i);
            dropped = TRUE;
        }
        if (dropped) {
            g_array_append_val(around, node->line);
            return TRUE;
        }
    }
    return FALSE;
}

gboolean tune_yaml_drop_item(TuneYaml *self, gint line, GArray *around)
{
    return drop_below(self, self->root, line, around);
}

gboolean tune_yaml_fail(const TuneYamlNode *node, GError **error, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    g_autofree char *message = g_strdup_vprintf(format, args);
    va_end(args);
    g_set_error(error, TUNE_BASE_ERROR, TUNE_BASE_ERROR_SYNTAX, "%s:%d: %s", node->doc->name,
                node->line, message);
    return FALSE;
}

gboolean tune_yaml_check_keys(const TuneYamlNode *map, const char *const *allowed, GError **error)
{
    if (map->kind != TUNE_YAML_MAP)
        return tune_yaml_fail(map, error, "a map of keys is expected here");
    for (guint i = 0; i < map->keys->len; i++) {
        const char *key = map->keys->pdata[i];
        if (g_strv_contains(allowed, key))
            continue;
        const char *nearest = NULL;
        for (const char *const *a = allowed; *a != NULL && nearest == NULL; a++)
            if (g_ascii_strncasecmp(*a, key, MIN(strlen(key), 3)) == 0)
                nearest = *a;
        g_autofree char *all = g_strjoinv(", ", (char **)allowed);
        return tune_yaml_fail(map->values->pdata[i], error, "unknown key \"%s\"%s%s%s (known: %s)",
                              key, nearest ? ", did you mean \"" : "", nearest ? nearest : "",
                              nearest ? "\"?" : "", all);
    }
    return TRUE;
}

static gboolean want_scalar(const TuneYamlNode *node, const char *what, GError **error)
{
    if (node->kind == TUNE_YAML_SCALAR)
        return TRUE;
    return tune_yaml_fail(node, error, "%s is expected here", what);
}

gboolean tune_yaml_get_string(const TuneYamlNode *map, const char *key, const char **out,
                              GError **error)
{
    const TuneYamlNode *node = tune_yaml_get(map, key);

    if (node == NULL)
        return TRUE;
    if (!want_scalar(node, "text", error))
        return FALSE;
    *out = node->text;
    return TRUE;
}

gboolean tune_yaml_to_double(const TuneYamlNode *node, double low, double high, double *out,
                             GError **error)
{
    if (!want_scalar(node, "a number", error))
        return FALSE;
    char *end = NULL;
    double value = g_ascii_strtod(node->text, &end);
    if (end == node->text || *end != '\0' || !isfinite(value))
        return tune_yaml_fail(node, error, "\"%s\" is not a number", node->text);
    if (value < low || value > high)
        return tune_yaml_fail(node, error, "%g is outside %g .. %g", value, low, high);
    *out = value;
    return TRUE;
}

gboolean tune_yaml_get_double(const TuneYamlNode *map, const char *key, double low, double high,
                              double *out, GError **error)
{
    const TuneYamlNode *node = tune_yaml_get(map, key);

    return node == NULL || tune_yaml_to_double(node, low, high, out, error);
}

gboolean tune_yaml_get_int(const TuneYamlNode *map, const char *key, gint low, gint high, gint *out,
                           GError **error)
{
    const TuneYamlNode *node = tune_yaml_get(map, key);
    double value = 0;

    if (node == NULL)
        return TRUE;
    if (!tune_yaml_to_double(node, low, high, &value, error))
        return FALSE;
    if (value != floor(value))
        return tune_yaml_fail(node, error, "a whole number is expected here");
    *out = (gint)value;
    return TRUE;
}

gboolean tune_yaml_get_bool(const TuneYamlNode *map, const char *key, gboolean *out, GError **error)
{
    const TuneYamlNode *node = tune_yaml_get(map, key);

    if (node == NULL)
        return TRUE;
    if (!want_scalar(node, "true or false", error))
        return FALSE;
    if (strcmp(node->text, "true") == 0 || strcmp(node->text, "yes") == 0)
        *out = TRUE;
    else if (strcmp(node->text, "false") == 0 || strcmp(node->text, "no") == 0)
        *out = FALSE;
    else
        return tune_yaml_fail(node, error, "\"%s\" is neither true nor false", node->text);
    return TRUE;
}

gboolean tune_yaml_get_range(const TuneYamlNode *map, const char *key, double low, double high,
                             double out[2], GError **error)
{
    const TuneYamlNode *node = tune_yaml_get(map, key);

    if (node == NULL)
        return TRUE;
    if (node->kind == TUNE_YAML_SCALAR) {
        if (!tune_yaml_to_double(node, low, high, &out[0], error))
            return FALSE;
        out[1] = out[0];
        return TRUE;
    }
    if (node->kind != TUNE_YAML_LIST || tune_yaml_size(node) != 2)
        return tune_yaml_fail(node, error, "%s: [low, high] or one number is expected", key);
    if (!tune_yaml_to_double(tune_yaml_at(node, 0), low, high, &out[0], error) ||
        !tune_yaml_to_double(tune_yaml_at(node, 1), low, high, &out[1], error))
        return FALSE;
    if (out[0] > out[1])
        return tune_yaml_fail(node, error, "%s: the first number is larger than the second", key);
    return TRUE;
}

gboolean tune_yaml_get_strings(const TuneYamlNode *map, const char *key, char ***out,
                               GError **error)
{
    const TuneYamlNode *node = tune_yaml_get(map, key);

    if (node == NULL)
        return TRUE;
    g_autoptr(GStrvBuilder) builder = g_strv_builder_new();
    if (node->kind == TUNE_YAML_MAP)
        return tune_yaml_fail(node, error, "%s: a list is expected here", key);
    if (node->kind == TUNE_YAML_SCALAR)
        g_strv_builder_add(builder, node->text);
    for (guint i = 0; i < tune_yaml_size(node); i++) {
        const TuneYamlNode *item = tune_yaml_at(node, i);
        if (!want_scalar(item, "text", error))
            return FALSE;
        g_strv_builder_add(builder, item->text);
    }
    *out = g_strv_builder_end(builder);
    return TRUE;
}
