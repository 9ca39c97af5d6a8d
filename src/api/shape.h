/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What a JSON body or a query looks like, as data: the same table checks a request and writes the
 * OpenAPI document, so that they cannot disagree.
 *
 *     static const TuneField FIELDS[] = {
 *         {"name", TUNE_FIELD_STRING, .required = TRUE, .low = 1, .high = 64, .says = "What it is called"},
 *         {"limit", TUNE_FIELD_INTEGER, .low = 1, .high = 100, .otherwise = "10"},
 *     };
 *     static const TuneShape SHAPE = {"Thing", FIELDS, G_N_ELEMENTS(FIELDS)};
 *     g_autoptr(json_t) clean = tune_shape_check(&SHAPE, body, "body", TUNE_SHAPE_STRICT, errors);
 */
#pragma once
#include "base/json.h"

typedef enum {
    TUNE_FIELD_STRING,
    TUNE_FIELD_INTEGER,
    TUNE_FIELD_NUMBER,
    TUNE_FIELD_BOOLEAN,
    TUNE_FIELD_OBJECT, /* of @shape; without one: any object */
    TUNE_FIELD_ARRAY,  /* of @shape, or of @items */
    TUNE_FIELD_ANY,
} TuneFieldType;

typedef struct TuneShape TuneShape;
typedef struct {
    const char *name;
    TuneFieldType type;
    gboolean required;
    gboolean nullable;     /* null is kept; otherwise null counts as absent where not required */
    double low, high;      /* numbers: range; strings: length in characters; arrays: items.  Both 0: none */
    const char *const *choices; /* NULL-ended (nullable) */
    const char *pattern;   /* regular expression of the whole string (nullable) */
    const char *format;    /* OpenAPI's: "uuid", "email", "date-time", "uri" (nullable) */
    const TuneShape *shape;
    TuneFieldType items;
    guint item_high;       /* longest text in a list of texts, in characters; 0: any */
    const TuneShape *or_shape; /* an object or an array may be given: the other of the two (nullable) */
    const char *otherwise; /* JSON text of the default (nullable) */
    const char *says;      /* description */
    const char *example;   /* JSON text (nullable) */
} TuneField;

struct TuneShape {
    const char *name; /* of the schema in the document */
    const TuneField *fields;
    guint n_fields;
    const char *says;
    gboolean is_array;  /* the shape is an array of objects with these fields */
    gboolean open;      /* other members are kept (free objects, answers) */
    gboolean answers;   /* used in answers only: an optional field is there or not, never null unless
                           it is nullable */
};

typedef enum {
    TUNE_SHAPE_STRICT, /* types as JSON has them */
    TUNE_SHAPE_LOOSE,  /* numbers and booleans may be strings ("120", 120.0, "yes"); queries, root routes */
} TuneShapeMode;

/* @value checked: a new object with only the known members, converted, defaults filled in; NULL when
 * anything is wrong, with every fault appended to @errors [{"field": "body.genre", "message",
 * "type"}].  Unknown members are dropped. (transfer full) */
json_t *tune_shape_check(const TuneShape *shape, const json_t *value, const char *where,
                         TuneShapeMode mode, json_t *errors);
/* One more entry for an errors list. */
void tune_shape_fault(json_t *errors, const char *where, const char *message, const char *type);
gboolean tune_shape_has_field(const TuneShape *shape, const char *name);

/* JSON Schema (draft 2020-12, as OpenAPI 3.1 has it): "#/components/schemas/NAME", or a list of that.
 * (transfer full) */
json_t *tune_shape_schema(const TuneShape *shape);
/* Of one field alone, as a parameter of a query. (transfer full) */
json_t *tune_shape_field_schema(const TuneField *field, gboolean null_allowed);
/* The shape and all shapes it needs, into @schemas by name. */
void tune_shape_collect(const TuneShape *shape, json_t *schemas);
