/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/json.h"
#include "base/music.h"

#include <math.h>

json_t *tune_json_parse(const char *name, const char *text, gsize length, GError **error)
{
    json_error_t problem;

    if (length == 0) {
        g_set_error(error, TUNE_BASE_ERROR, TUNE_BASE_ERROR_SYNTAX, "%s:1:1: the text is empty", name);
        return NULL;
    }
    json_t *value = json_loadb(text, length, JSON_REJECT_DUPLICATES, &problem);

    if (value == NULL)
        g_set_error(error, TUNE_BASE_ERROR, TUNE_BASE_ERROR_SYNTAX, "%s:%d:%d: %s", name,
                    problem.line, problem.column, problem.text);
    return value;
}

json_t *tune_json_load(const char *path, GError **error)
{
    g_autofree char *text = NULL;
    gsize length = 0;
    g_autoptr(GError) io_error = NULL;

    if (!g_file_get_contents(path, &text, &length, &io_error)) {
        g_set_error_literal(error, TUNE_BASE_ERROR, TUNE_BASE_ERROR_IO, io_error->message);
        return NULL;
    }
    return tune_json_parse(path, text, length, error);
}

/* jansson hands out memory of malloc(); GLib's free is the same one. */
char *tune_json_canonical(const json_t *value)
{
    return json_dumps(value, JSON_SORT_KEYS | JSON_COMPACT | JSON_ENCODE_ANY);
}

char *tune_json_pretty(const json_t *value)
{
    char *text = json_dumps(value, JSON_INDENT(2) | JSON_PRESERVE_ORDER | JSON_ENCODE_ANY |
                                       JSON_REAL_PRECISION(12));
    char *line = g_strconcat(text, "\n", NULL);

    free(text);
    return line;
}

json_t *tune_json_real(double value, gint decimals)
{
    double scale = 1.0;

    while (decimals-- > 0)
        scale *= 10.0;
    value = isfinite(value) ? round(value * scale) / scale : 0.0;
    return json_real(value == 0.0 ? 0.0 : value);
}

static gboolean fail(const char *path, const char *key, GError **error, const char *why)
{
    g_set_error(error, TUNE_BASE_ERROR, TUNE_BASE_ERROR_SYNTAX, "%s%s%s: %s", path,
                *path != '\0' ? "." : "", key, why);
    return FALSE;
}

/* Fetches member @key; *found is NULL when it is missing and that is allowed. */
static gboolean member(const json_t *object, const char *path, const char *key, gboolean optional,
                       json_t **found, GError **error)
{
    *found = json_object_get(object, key);
    if (json_is_null(*found))
        *found = NULL;
    return *found != NULL || optional || fail(path, key, error, "missing");
}

gboolean tune_json_get_int(const json_t *object, const char *path, const char *key, gint64 low,
                           gint64 high, gboolean optional, gint64 *out, GError **error)
{
    json_t *value;

    if (!member(object, path, key, optional, &value, error))
        return FALSE;
    if (value == NULL)
        return TRUE;
    if (!json_is_integer(value))
        return fail(path, key, error, "a whole number is expected");
    if (json_integer_value(value) < low || json_integer_value(value) > high) {
        g_autofree char *why = g_strdup_printf("%" JSON_INTEGER_FORMAT " is outside %" G_GINT64_FORMAT
                                               " .. %" G_GINT64_FORMAT,
                                               json_integer_value(value), low, high);
        return fail(path, key, error, why);
    }
    *out = json_integer_value(value);
    return TRUE;
}

gboolean tune_json_get_real(const json_t *object, const char *path, const char *key, double low,
                            double high, gboolean optional, double *out, GError **error)
{
    json_t *value;

    if (!member(object, path, key, optional, &value, error))
        return FALSE;
    if (value == NULL)
        return TRUE;
    if (!json_is_number(value))
        return fail(path, key, error, "a number is expected");
    double number = json_number_value(value);
    if (!(number >= low && number <= high)) {
        g_autofree char *why = g_strdup_printf("%g is outside %g .. %g", number, low, high);
        return fail(path, key, error, why);
    }
    *out = number;
    return TRUE;
}

gboolean tune_json_get_string(const json_t *object, const char *path, const char *key,
                              gboolean optional, const char **out, GError **error)
{
    json_t *value;

    if (!member(object, path, key, optional, &value, error))
        return FALSE;
    if (value == NULL)
        return TRUE;
    if (!json_is_string(value))
        return fail(path, key, error, "text is expected");
    *out = json_string_value(value);
    return TRUE;
}

gboolean tune_json_get_bool(const json_t *object, const char *path, const char *key,
                            gboolean optional, gboolean *out, GError **error)
{
    json_t *value;

    if (!member(object, path, key, optional, &value, error))
        return FALSE;
    if (value == NULL)
        return TRUE;
    if (!json_is_boolean(value))
        return fail(path, key, error, "true or false is expected");
    *out = json_is_true(value);
    return TRUE;
}

gboolean tune_json_get_array(const json_t *object, const char *path, const char *key,
                             gboolean optional, const json_t **out, GError **error)
{
    json_t *value;

    *out = NULL;
    if (!member(object, path, key, optional, &value, error))
        return FALSE;
    if (value != NULL && !json_is_array(value))
        return fail(path, key, error, "a list is expected");
    *out = value;
    return TRUE;
}
