/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "api/shape.h"

#include <errno.h>
#include <math.h>
#include <string.h>

/* The largest whole number that a double holds exactly; JSON numbers beyond lose digits in most clients. */
#define EXACT_LIMIT 9007199254740992.0

typedef struct {
    TuneShapeMode mode;
    json_t *errors;
} Check;

void tune_shape_fault(json_t *errors, const char *where, const char *message, const char *type)
{
    json_array_append_new(errors, json_pack("{s:s, s:s, s:s}", "field", where, "message", message,
                                            "type", type));
}

static json_t *fault(const Check *check, const char *where, const char *type, const char *format,
                     ...) G_GNUC_PRINTF(4, 5);
static json_t *fault(const Check *check, const char *where, const char *type, const char *format,
                     ...)
{
    va_list args;

    va_start(args, format);
    g_autofree char *message = g_strdup_vprintf(format, args);
    va_end(args);
    tune_shape_fault(check->errors, where, message, type);
    return NULL;
}

static gboolean has_range(const TuneField *field)
{
    return field->low != 0 || field->high != 0;
}

static gboolean has_upper(const TuneField *field)
{
    return has_range(field) && field->high >= field->low;
}

/* ---- loose values: what old clients and queries send ---- */

/* A finite decimal number and nothing else. */
static gboolean number_of_text(const char *text, double *out)
{
    g_autofree char *bare = g_strstrip(g_strdup(text));
    char *end = NULL;

    if (*bare == '\0' || strspn(bare, "+-.0123456789eE") != strlen(bare))
        return FALSE;
    *out = g_ascii_strtod(bare, &end);
    return *end == '\0' && isfinite(*out);
}

static gboolean truth_of_text(const char *text, gboolean *out)
{
    static const char *const yes[] = {"true", "yes", "on", "1", "t", "y", NULL};
    static const char *const no[] = {"false", "no", "off", "0", "f", "n", NULL};
    g_autofree char *bare = g_ascii_strdown(text, -1);

    g_strstrip(bare);
    *out = g_strv_contains(yes, bare);
    return *out || g_strv_contains(no, bare);
}

/* ---- one value of each type ---- */

static json_t *in_range(const Check *check, const TuneField *field, const char *where, double value,
                        json_t *result)
{
    g_autoptr(json_t) kept = result;

    if (has_range(field) && value < field->low)
        return fault(check, where, "greater_than_equal", "must be %.15g or more", field->low);
    if (has_upper(field) && value > field->high)
        return fault(check, where, "less_than_equal", "must be %.15g or less", field->high);
    return g_steal_pointer(&kept);
}

static json_t *check_integer(const Check *check, const TuneField *field, const char *where,
                             const json_t *value)
{
    gboolean loose = check->mode == TUNE_SHAPE_LOOSE;
    double number;

    if (json_is_integer(value))
        return in_range(check, field, where, (double)json_integer_value(value),
                        json_integer(json_integer_value(value)));
    if (json_is_real(value)) /* 120.0 is a whole number in JSON Schema too */
        number = json_real_value(value);
    else if (loose && json_is_boolean(value))
        number = json_is_true(value) ? 1 : 0;
    else if (!loose || !json_is_string(value))
        return fault(check, where, "int_type", "must be a whole number");
    else if (!number_of_text(json_string_value(value), &number))
        return fault(check, where, "int_parsing", "must be a whole number");
    if (number != floor(number))
        return fault(check, where, "int_from_float", "must be a whole number, without a fraction");
    if (fabs(number) > EXACT_LIMIT)
        return fault(check, where, "int_parsing_size", "is too large");
    return in_range(check, field, where, number, json_integer((json_int_t)number));
}

static json_t *check_number(const Check *check, const TuneField *field, const char *where,
                            const json_t *value)
{
    gboolean loose = check->mode == TUNE_SHAPE_LOOSE;
    double number;

    if (json_is_number(value))
        number = json_number_value(value);
    else if (loose && json_is_boolean(value))
        number = json_is_true(value) ? 1 : 0;
    else if (!loose || !json_is_string(value))
        return fault(check, where, "float_type", "must be a number");
    else if (!number_of_text(json_string_value(value), &number))
        return fault(check, where, "float_parsing", "must be a finite number");
    return in_range(check, field, where, number, json_real(number));
}

static json_t *check_boolean(const Check *check, const char *where, const json_t *value)
{
    gboolean loose = check->mode == TUNE_SHAPE_LOOSE;
    gboolean truth = FALSE;

    if (json_is_boolean(value))
        return json_boolean(json_is_true(value));
    if (loose && json_is_number(value) &&
        (json_number_value(value) == 0 || json_number_value(value) == 1))
        return json_boolean(json_number_value(value) == 1);
    if (loose && json_is_string(value) && truth_of_text(json_string_value(value), &truth))
        return json_boolean(truth);
    return fault(check, where, loose ? "bool_parsing" : "bool_type", "must be true or false");
}

static json_t *check_choice(const Check *check, const TuneField *field, const char *where,
                            const char *text)
{
    g_autofree char *all = NULL;

    if (field->choices == NULL || g_strv_contains(field->choices, text))
        return json_string(text);
    all = g_strjoinv(", ", (char **)field->choices);
    return fault(check, where, "literal_error", "must be one of %s", all);
}

static json_t *check_string(const Check *check, const TuneField *field, const char *where,
                            const json_t *value)
{
    if (!json_is_string(value))
        return fault(check, where, "string_type", "must be text");
    const char *text = json_string_value(value);
    double length = (double)g_utf8_strlen(text, -1);
    if (has_range(field) && length < field->low)
        return fault(check, where, "string_too_short", "must have at least %.0f character%s",
                     field->low, field->low == 1 ? "" : "s");
    if (has_upper(field) && length > field->high)
        return fault(check, where, "string_too_long", "must have at most %.0f characters",
                     field->high);
    if (field->pattern != NULL) {
        g_autofree char *whole = g_strdup_printf("^(?:%s)$", field->pattern);
        if (!g_regex_match_simple(whole, text, G_REGEX_DOLLAR_ENDONLY, 0))
            return fault(check, where, "string_pattern_mismatch", "must match %s", field->pattern);
    }
    return check_choice(check, field, where, text);
}

/* ---- objects and arrays ---- */

static json_t *check_value(const Check *check, const TuneField *field, const char *where,
                           const json_t *value);
static json_t *check_object(const Check *check, const TuneShape *shape, const char *where,
                            const json_t *value);

static json_t *check_items(const Check *check, const TuneShape *shape, const TuneField *list,
                           const char *where, const json_t *value)
{
    g_autoptr(json_t) result = json_array();
    TuneField item = {.name = "", .type = list->items, .high = list->item_high};
    gboolean good = TRUE;
    gsize index;
    json_t *member;

    json_array_foreach((json_t *)value, index, member) {
        g_autofree char *inner = g_strdup_printf("%s.%" G_GSIZE_FORMAT, where, index);
        json_t *clean = shape != NULL ? check_object(check, shape, inner, member)
                                      : check_value(check, &item, inner, member);
        good = good && clean != NULL;
        if (clean != NULL)
            json_array_append_new(result, clean);
    }
    return good ? g_steal_pointer(&result) : NULL;
}

static json_t *check_array(const Check *check, const TuneField *field, const TuneShape *shape,
                           const char *where, const json_t *value)
{
    double length = (double)json_array_size(value);

    if (!json_is_array(value))
        return fault(check, where, "list_type", "must be a list");
    if (has_range(field) && length < field->low)
        return fault(check, where, "too_short", "must have at least %.0f item%s", field->low,
                     field->low == 1 ? "" : "s");
    if (has_upper(field) && length > field->high)
        return fault(check, where, "too_long", "must have at most %.0f items", field->high);
    return check_items(check, shape, field, where, value);
}

static json_t *check_member(const Check *check, const TuneField *field, const char *where,
                            const json_t *value)
{
    const TuneShape *object = field->shape, *array = field->shape;

    if (field->or_shape != NULL && field->type == TUNE_FIELD_OBJECT)
        array = field->or_shape;
    else if (field->or_shape != NULL)
        object = field->or_shape;
    gboolean both = field->or_shape != NULL;
    if (field->type == TUNE_FIELD_ARRAY ? !both || json_is_array(value)
                                        : both && json_is_array(value))
        return check_array(check, field, array, where, value);
    if (object != NULL)
        return check_object(check, object, where, value);
    return json_is_object(value) ? json_deep_copy(value)
                                 : fault(check, where, "dict_type", "must be an object");
}

static json_t *check_value(const Check *check, const TuneField *field, const char *where,
                           const json_t *value)
{
    switch (field->type) {
    case TUNE_FIELD_STRING:
        return check_string(check, field, where, value);
    case TUNE_FIELD_INTEGER:
        return check_integer(check, field, where, value);
    case TUNE_FIELD_NUMBER:
        return check_number(check, field, where, value);
    case TUNE_FIELD_BOOLEAN:
        return check_boolean(check, where, value);
    case TUNE_FIELD_OBJECT:
    case TUNE_FIELD_ARRAY:
        return check_member(check, field, where, value);
    case TUNE_FIELD_ANY:
        break;
    }
    return json_deep_copy(value);
}

static json_t *default_of(const TuneField *field)
{
    return field->otherwise != NULL ? json_loads(field->otherwise, JSON_DECODE_ANY, NULL) : NULL;
}

/* One field of @value into @result. */
static gboolean take_field(const Check *check, const TuneField *field, const char *where,
                           const json_t *value, json_t *result)
{
    const json_t *given = json_object_get(value, field->name);
    g_autofree char *inner = g_strconcat(where, ".", field->name, NULL);

    if (json_is_null(given) && field->nullable) {
        json_object_set_new(result, field->name, json_null());
        return TRUE;
    }
    if (json_is_null(given) && !field->required)
        given = NULL;
    if (given == NULL && field->required) {
        fault(check, inner, "missing", "is needed");
        return FALSE;
    }
    json_t *clean = given != NULL ? check_value(check, field, inner, given) : default_of(field);
    if (clean != NULL)
        json_object_set_new(result, field->name, clean);
    return clean != NULL || given == NULL;
}

static json_t *check_object(const Check *check, const TuneShape *shape, const char *where,
                            const json_t *value)
{
    g_autoptr(json_t) result = json_object();
    gboolean good = TRUE;

    if (!json_is_object(value))
        return fault(check, where, "model_type", "must be an object");
    for (guint i = 0; i < shape->n_fields; i++)
        good = take_field(check, &shape->fields[i], where, value, result) && good;
    if (shape->open)
        json_object_update_missing(result, (json_t *)value);
    return good ? g_steal_pointer(&result) : NULL;
}

json_t *tune_shape_check(const TuneShape *shape, const json_t *value, const char *where,
                         TuneShapeMode mode, json_t *errors)
{
    Check check = {mode, errors};
    const TuneField list = {.name = "", .type = TUNE_FIELD_ARRAY, .items = TUNE_FIELD_OBJECT};

    if (!shape->is_array)
        return check_object(&check, shape, where, value);
    if (!json_is_array(value))
        return fault(&check, where, "list_type", "must be a list");
    return check_items(&check, shape, &list, where, value);
}

gboolean tune_shape_has_field(const TuneShape *shape, const char *name)
{
    for (guint i = 0; i < shape->n_fields; i++)
        if (strcmp(shape->fields[i].name, name) == 0)
            return TRUE;
    return FALSE;
}
