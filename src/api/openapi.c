/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "api/openapi.h"
#include "api/api-private.h"
#include "tune-config.h"

#include <string.h>

static const TuneField error_entry_fields[] = {
    {"field", TUNE_FIELD_STRING, .required = TRUE, .says = "Where: body.duration_seconds"},
    {"message", TUNE_FIELD_STRING, .required = TRUE},
    {"type", TUNE_FIELD_STRING, .required = TRUE},
};
static const TuneShape error_entry_shape = {"ErrorEntry", error_entry_fields,
                                            G_N_ELEMENTS(error_entry_fields), .answers = TRUE};
static const TuneField error_fields[] = {
    {"detail", TUNE_FIELD_STRING, .required = TRUE, .says = "What is wrong, as a sentence"},
    {"errors", TUNE_FIELD_ARRAY, .shape = &error_entry_shape},
    {"request_id", TUNE_FIELD_STRING, .required = TRUE},
};
static const TuneShape error_shape = {"Error", error_fields, G_N_ELEMENTS(error_fields),
                                      .answers = TRUE};

char *tune_openapi_operation_id(const TuneRoute *route)
{
    g_autofree char *method = g_ascii_strdown(tune_route_method_name(route->method), -1);
    GString *id = g_string_new(method);

    for (const char *p = route->path; *p != '\0'; p++) {
        if (*p == '{')
            g_string_append(id, "by_");
        else if (g_ascii_isalnum(*p))
            g_string_append_c(id, *p);
        else if (*p != '}' && *p != '.' && id->str[id->len - 1] != '_')
            g_string_append_c(id, '_');
    }
    if (strcmp(route->path, "/") == 0)
        g_string_append(id, "root");
    return g_string_free(id, FALSE);
}

/* "{name...}" is "{name}" in the document. */
static char *document_path(const TuneRoute *route)
{
    g_auto(GStrv) parts = g_strsplit(route->path, "...}", 2);

    return g_strjoinv("}", parts);
}

/* ---- parameters ---- */

static json_t *parameter(const char *name, const char *in, gboolean required, json_t *schema,
                         const char *says)
{
    json_t *result = json_pack("{s:s, s:s, s:b, s:o}", "name", name, "in", in, "required", required,
                               "schema", schema);

    if (says != NULL)
        json_object_set_new(result, "description", json_string(says));
    return result;
}

static void add_path_names(const TuneRoute *route, json_t *parameters)
{
    for (const char *p = route->path; (p = strchr(p, '{')) != NULL; p++) {
        g_autofree char *name = g_strndup(p + 1, strcspn(p + 1, ".}"));
        json_array_append_new(parameters,
                              parameter(name, "path", TRUE,
                                        json_pack("{s:s, s:i, s:s}", "type", "string", "maxLength", 200,
                                                  "pattern", "^[A-Za-z0-9_-][A-Za-z0-9._~-]*$"),
                                        NULL));
    }
}

static void add_query(const TuneShape *shape, json_t *parameters)
{
    for (guint i = 0; i < shape->n_fields; i++) {
        const TuneField *field = &shape->fields[i];
        json_t *schema = tune_shape_field_schema(field, FALSE);
        json_object_del(schema, "description");
        json_array_append_new(parameters,
                              parameter(field->name, "query", field->required, schema, field->says));
    }
}

/* Names of the answer's fields, separated by commas. */
static void add_filter(const TuneShape *answer, json_t *parameters)
{
    g_autoptr(GString) names = g_string_new(NULL);

    for (guint i = 0; answer != NULL && i < answer->n_fields; i++)
        g_string_append_printf(names, "%s%s", i > 0 ? "|" : "", answer->fields[i].name);
    g_autofree char *pattern = g_strdup_printf("^((%s)(,(%s))*)?$", names->str, names->str);
    json_array_append_new(parameters,
                          parameter("fields", "query", FALSE,
                                    json_pack("{s:s, s:s}", "type", "string", "pattern", pattern),
                                    tune_filter_shape.fields[0].says));
}

static void add_header(json_t *parameters, const char *name, const char *says)
{
    json_array_append_new(parameters,
                          parameter(name, "header", FALSE,
                                    json_pack("{s:s, s:i, s:i, s:s}", "type", "string", "minLength", 1,
                                              "maxLength", 255, "pattern", "^[!-~]+$"),
                                    says));
}

static json_t *parameters_of(const TuneRoute *route)
{
    json_t *parameters = json_array();

    add_path_names(route, parameters);
    if ((route->flags & TUNE_ROUTE_LIST) != 0)
        add_query(&tune_page_shape, parameters);
    if ((route->flags & (TUNE_ROUTE_LIST | TUNE_ROUTE_FIELDS)) != 0)
        add_filter(route->answer, parameters);
    if (route->query != NULL)
        add_query(route->query, parameters);
    if ((route->flags & TUNE_ROUTE_CREATES) != 0)
        add_header(parameters, "Idempotency-Key",
                   "The same request with the same key makes nothing twice");
    return parameters;
}

/* ---- bodies and answers ---- */

static json_t *content(const char *type, json_t *schema)
{
    return json_pack("{s:{s:o}}", type, "schema", schema);
}

static json_t *body_of(const TuneRoute *route)
{
    gboolean required = (route->flags & TUNE_ROUTE_BODY_OPTIONAL) == 0;

    if ((route->flags & TUNE_ROUTE_UPLOAD) != 0)
        return json_pack("{s:b, s:o}", "required", 1, "content",
                         content("application/octet-stream",
                                 json_pack("{s:s, s:s}", "type", "string", "format", "binary")));
    if (route->body == NULL)
        return NULL;
    return json_pack("{s:b, s:o}", "required", required, "content",
                     content("application/json", tune_shape_schema(route->body)));
}

/* The page around the records of a list. */
static json_t *list_schema(const TuneRoute *route)
{
    TuneShape items = *route->answer;

    items.is_array = TRUE;
    return json_pack(
        "{s:s, s:[s, s, s], s:{s:o, s:{s:s}, s:{s:[s, s]}, s:{s:s}}}", "type", "object", "required",
        "items", "limit", "next_cursor", "properties", "items", tune_shape_schema(&items), "limit",
        "type", "integer", "next_cursor", "type", "string", "null", "total", "type", "integer");
}

/* With ?fields= any member may be left out, so a record of such a route needs none. */
static json_t *answer_schema(const TuneRoute *route, json_t *schemas)
{
    if (route->answer == NULL)
        return json_object();
    if ((route->flags & (TUNE_ROUTE_LIST | TUNE_ROUTE_FIELDS)) != 0)
        json_object_del(json_object_get(schemas, route->answer->name), "required");
    return (route->flags & TUNE_ROUTE_LIST) != 0 ? list_schema(route)
                                                 : tune_shape_schema(route->answer);
}

static json_t *success_of(const TuneRoute *route, json_t *schemas)
{
    json_t *answer = json_pack("{s:s}", "description", "Done");

    if (route->status == 204)
        return answer;
    if (route->produces != NULL)
        json_object_set_new(answer, "content",
                            content(route->produces, json_pack("{s:s}", "type", "string")));
    else
        json_object_set_new(answer, "content",
                            content("application/json", answer_schema(route, schemas)));
    return answer;
}

static void add_worded(json_t *responses, guint status, const char *says, const TuneShape *shape)
{
    char code[16];

    g_snprintf(code, sizeof code, "%u", status);
    if (json_object_get(responses, code) == NULL)
        json_object_set_new(responses, code,
                            json_pack("{s:s, s:o}", "description", says, "content",
                                      content("application/json", tune_shape_schema(shape))));
}

static void add_error(json_t *responses, guint status, const char *says)
{
    add_worded(responses, status, says, &error_shape);
}

static json_t *responses_of(const TuneRoute *route, json_t *schemas)
{
    json_t *responses = json_object();
    gboolean body = route->body != NULL || (route->flags & TUNE_ROUTE_UPLOAD) != 0;
    gboolean input = body || route->query != NULL || (route->flags & TUNE_ROUTE_CREATES) != 0 ||
                     (route->flags & (TUNE_ROUTE_LIST | TUNE_ROUTE_FIELDS)) != 0;
    char code[16];

    g_snprintf(code, sizeof code, "%u", route->status != 0 ? route->status : 200);
    json_object_set_new(responses, code, success_of(route, schemas));
    for (const TuneRouteError *e = route->errors; e != NULL && e->status != 0; e++)
        add_worded(responses, e->status, e->says, e->shape != NULL ? e->shape : &error_shape);
    if ((route->flags & TUNE_ROUTE_OPEN) == 0)
        add_error(responses, 401, "A key or token is needed, or is not valid");
    if ((route->flags & (TUNE_ROUTE_USER | TUNE_ROUTE_ADMIN)) != 0)
        add_error(responses, 403, "Not for this caller");
    if ((route->flags & TUNE_ROUTE_CREATES) != 0)
        add_error(responses, 409, "A request with this Idempotency-Key is under way");
    if (body)
        add_error(responses, 413, "The body is too large");
    if (body && (route->flags & TUNE_ROUTE_ROOT) == 0)
        add_error(responses, 415, "Not a media type that is taken here");
    if (input)
        add_error(responses, 422, "Something in the request cannot be taken; errors say what");
    if ((route->flags & TUNE_ROUTE_UNLIMITED) == 0)
        add_error(responses, 429, "Too many requests; Retry-After says when to come back");
    add_error(responses, 503, "Not now; Retry-After says when to come back");
    json_object_set_new(responses, "default",
                        json_pack("{s:s, s:o}", "description", "Any other error", "content",
                                  content("application/json", tune_shape_schema(&error_shape))));
    return responses;
}

/* ---- the whole ---- */

static json_t *operation_of(const TuneRoute *route, json_t *schemas)
{
    g_autofree char *id = tune_openapi_operation_id(route);
    json_t *operation = json_pack("{s:s, s:s, s:[s], s:o}", "operationId", id, "summary",
                                  route->summary, "tags", route->tag, "responses",
                                  responses_of(route, schemas));
    json_t *parameters = parameters_of(route), *body = body_of(route);

    if (route->details != NULL)
        json_object_set_new(operation, "description", json_string(route->details));
    if (json_array_size(parameters) > 0)
        json_object_set(operation, "parameters", parameters);
    json_decref(parameters);
    if (body != NULL)
        json_object_set_new(operation, "requestBody", body);
    if ((route->flags & TUNE_ROUTE_OPEN) != 0)
        json_object_set_new(operation, "security", json_array());
    return operation;
}

static json_t *schemes(void)
{
    return json_pack("{s:{s:s, s:s, s:s, s:s}, s:{s:s, s:s, s:s}}", "key", "type", "apiKey", "in",
                     "header", "name", "X-API-Key", "description",
                     "The service key or a user's API key", "token", "type", "http", "scheme",
                     "bearer", "description", "The service key, an API key or an access token");
}

json_t *tune_openapi_document(const TuneRouter *router, const TuneSettings *settings)
{
    json_t *paths = json_object(), *schemas = json_object();

    tune_shape_collect(&error_shape, schemas);
    for (guint i = 0; i < tune_router_n_routes(router); i++) {
        const TuneRoute *route = tune_router_route(router, i);
        if (route->body != NULL)
            tune_shape_collect(route->body, schemas);
        if (route->answer != NULL)
            tune_shape_collect(route->answer, schemas);
        for (const TuneRouteError *e = route->errors; e != NULL && e->status != 0; e++)
            if (e->shape != NULL)
                tune_shape_collect(e->shape, schemas);
    }
    for (guint i = 0; i < tune_router_n_routes(router); i++) {
        const TuneRoute *route = tune_router_route(router, i);
        g_autofree char *path = document_path(route);
        g_autofree char *method = g_ascii_strdown(tune_route_method_name(route->method), -1);
        json_t *entry = json_object_get(paths, path);
        if (entry == NULL) {
            entry = json_object();
            json_object_set_new(paths, path, entry);
        }
        json_object_set_new(entry, method, operation_of(route, schemas));
    }
    return json_pack(
        "{s:s, s:{s:s, s:s, s:s, s:{s:s, s:s}}, s:[{s:s}], s:o, s:{s:o, s:o}, s:[{s:[]}, {s:[]}, {}]}",
        "openapi", "3.1.0", "info", "title", "tunesmith", "version", TUNE_VERSION, "description",
        "Music from a sentence: composed, rendered, streamed.", "license", "name",
        "LGPL-2.1-or-later", "identifier", "LGPL-2.1-or-later", "servers", "url",
        settings->public_url != NULL ? settings->public_url : "/", "paths", paths, "components",
        "schemas", schemas, "securitySchemes", schemes(), "security", "key", "token");
}
