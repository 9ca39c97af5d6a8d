/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Shapes as JSON Schema.
 */
#include "api/shape.h"

#include <math.h>

static json_t *reference(const TuneShape *shape)
{
    g_autofree char *pointer = g_strconcat("#/components/schemas/", shape->name, NULL);

    return json_pack("{s:s}", "$ref", pointer);
}

static const char *type_name(TuneFieldType type)
{
    switch (type) {
    case TUNE_FIELD_STRING:
        return "string";
    case TUNE_FIELD_INTEGER:
        return "integer";
    case TUNE_FIELD_NUMBER:
        return "number";
    case TUNE_FIELD_BOOLEAN:
        return "boolean";
    case TUNE_FIELD_OBJECT:
        return "object";
    case TUNE_FIELD_ARRAY:
        return "array";
    case TUNE_FIELD_ANY:
        break;
    }
    return NULL;
}

static json_t *bound(double value)
{
    return value == floor(value) ? json_integer((json_int_t)value) : json_real(value);
}

static void put_range(json_t *schema, const TuneField *field, const char *low, const char *high)
{
    if (field->low == 0 && field->high == 0)
        return;
    if (field->low != 0 || field->type == TUNE_FIELD_INTEGER || field->type == TUNE_FIELD_NUMBER)
        json_object_set_new(schema, low, bound(field->low));
    if (field->high >= field->low)
        json_object_set_new(schema, high, bound(field->high));
}

static json_t *items_schema(const TuneShape *shape, TuneFieldType items)
{
    if (shape != NULL)
        return reference(shape);
    const char *type = type_name(items);
    return type != NULL ? json_pack("{s:s}", "type", type) : json_object();
}

static json_t *array_schema(const TuneField *field, const TuneShape *shape)
{
    json_t *schema =
        json_pack("{s:s, s:o}", "type", "array", "items", items_schema(shape, field->items));

    if (shape == NULL && field->item_high > 0)
        json_object_set_new(json_object_get(schema, "items"), "maxLength",
                            json_integer(field->item_high));
    put_range(schema, field, "minItems", "maxItems");
    return schema;
}

static json_t *object_schema(const TuneShape *shape)
{
    return shape != NULL ? reference(shape) : json_pack("{s:s}", "type", "object");
}

static json_t *string_schema(const TuneField *field)
{
    json_t *schema = json_pack("{s:s}", "type", "string");

    put_range(schema, field, "minLength", "maxLength");
    if (field->pattern != NULL) {
        g_autofree char *whole = g_strconcat("^(?:", field->pattern, ")$", NULL);
        json_object_set_new(schema, "pattern", json_string(whole));
    }
    if (field->format != NULL)
        json_object_set_new(schema, "format", json_string(field->format));
    if (field->choices != NULL) {
        json_t *choices = json_array();
        for (guint i = 0; field->choices[i] != NULL; i++)
            json_array_append_new(choices, json_string(field->choices[i]));
        json_object_set_new(schema, "enum", choices);
    }
    return schema;
}

static json_t *bare_schema(const TuneField *field)
{
    const char *type = type_name(field->type);
    json_t *schema;

    switch (field->type) {
    case TUNE_FIELD_STRING:
        return string_schema(field);
    case TUNE_FIELD_OBJECT:
        return object_schema(field->shape);
    case TUNE_FIELD_ARRAY:
        return array_schema(field, field->shape);
    default:
        schema = type != NULL ? json_pack("{s:s}", "type", type) : json_object();
        put_range(schema, field, "minimum", "maximum");
        return schema;
    }
}

/* null beside the field's own type: optional fields take it as "not given". */
static json_t *with_null(json_t *schema)
{
    json_t *type = json_object_get(schema, "type");
    json_t *choices = json_object_get(schema, "enum");

    if (json_is_string(type)) {
        json_object_set_new(schema, "type", json_pack("[O, s]", type, "null"));
        if (choices != NULL)
            json_array_append_new(choices, json_null());
        return schema;
    }
    if (json_object_size(schema) == 0)
        return schema;
    json_t *either = json_object_get(schema, "anyOf");
    if (either == NULL)
        return json_pack("{s:[o, {s:s}]}", "anyOf", schema, "type", "null");
    json_array_append_new(either, json_pack("{s:s}", "type", "null"));
    return schema;
}

json_t *tune_shape_field_schema(const TuneField *field, gboolean null_allowed)
{
    json_t *schema = bare_schema(field);

    if (field->or_shape != NULL && field->type == TUNE_FIELD_OBJECT)
        schema = json_pack("{s:[o, o]}", "anyOf", schema, array_schema(field, field->or_shape));
    else if (field->or_shape != NULL)
        schema = json_pack("{s:[o, o]}", "anyOf", schema, object_schema(field->or_shape));
    if (null_allowed)
        schema = with_null(schema);
    if (field->says != NULL)
        json_object_set_new(schema, "description", json_string(field->says));
    if (field->otherwise != NULL)
        json_object_set_new(schema, "default", json_loads(field->otherwise, JSON_DECODE_ANY, NULL));
    if (field->example != NULL)
        json_object_set_new(schema, "examples",
                            json_pack("[o]", json_loads(field->example, JSON_DECODE_ANY, NULL)));
    return schema;
}

/* What one object of @shape looks like. */
static json_t *one_schema(const TuneShape *shape)
{
    json_t *schema = json_pack("{s:s}", "type", "object");
    json_t *properties = json_object(), *required = json_array();

    if (shape->says != NULL)
        json_object_set_new(schema, "description", json_string(shape->says));
    for (guint i = 0; i < shape->n_fields; i++) {
        const TuneField *field = &shape->fields[i];
        gboolean null_allowed = field->nullable || (!field->required && !shape->answers);
        json_object_set_new(properties, field->name, tune_shape_field_schema(field, null_allowed));
        if (field->required)
            json_array_append_new(required, json_string(field->name));
    }
    json_object_set_new(schema, "properties", properties);
    if (json_array_size(required) > 0)
        json_object_set(schema, "required", required);
    json_decref(required);
    return schema;
}

json_t *tune_shape_schema(const TuneShape *shape)
{
    if (shape->is_array)
        return json_pack("{s:s, s:o}", "type", "array", "items", reference(shape));
    return reference(shape);
}

void tune_shape_collect(const TuneShape *shape, json_t *schemas)
{
    if (json_object_get(schemas, shape->name) != NULL)
        return;
    json_object_set_new(schemas, shape->name, one_schema(shape));
    for (guint i = 0; i < shape->n_fields; i++) {
        if (shape->fields[i].shape != NULL)
            tune_shape_collect(shape->fields[i].shape, schemas);
        if (shape->fields[i].or_shape != NULL)
            tune_shape_collect(shape->fields[i].or_shape, schemas);
    }
}
