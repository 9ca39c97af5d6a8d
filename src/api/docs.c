/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "api/docs.h"
#include "api/api-private.h"
#include "api/openapi.h"
#include "tune-config.h"

#include <sodium.h>
#include <string.h>

static const char style_sheet[] =
    ":root{color-scheme:light dark}"
    "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}"
    "h1{font-size:1.6rem}h2{font-size:1.2rem;margin-top:2.5rem;text-transform:capitalize}"
    "details{border:1px solid #8886;border-radius:6px;margin:.4rem 0;padding:.4rem .8rem}"
    "summary{cursor:pointer}code,pre{font-family:ui-monospace,monospace;font-size:.9em}"
    "pre{background:#8882;padding:.6rem;border-radius:6px;overflow-x:auto}"
    "b{display:inline-block;min-width:4.5rem}table{border-collapse:collapse;width:100%}"
    "th,td{text-align:left;vertical-align:top;padding:.2rem .8rem .2rem 0;border-top:1px solid #8884}"
    "a{color:inherit}small{opacity:.75}";

const char *tune_docs_policy(void)
{
    static gsize made;
    static char *policy;

    if (g_once_init_enter(&made)) {
        guint8 hash[crypto_hash_sha256_BYTES];
        crypto_hash_sha256(hash, (const guint8 *)style_sheet, strlen(style_sheet));
        g_autofree char *text = g_base64_encode(hash, sizeof hash);
        policy = g_strdup_printf("default-src 'none'; style-src 'sha256-%s'; base-uri 'none'; "
                                 "form-action 'none'; frame-ancestors 'none'", text);
        g_once_init_leave(&made, 1);
    }
    return policy;
}

static void put(GString *out, const char *text)
{
    g_autofree char *escaped = g_markup_escape_text(text, -1);

    g_string_append(out, escaped);
}

static const char *type_of(const TuneField *field)
{
    static const char *const names[] = {"text",  "whole number", "number", "true or false",
                                        "object", "list",        "anything"};

    return names[field->type];
}

static void put_limits(GString *out, const TuneField *field)
{
    if (field->low != 0 || field->high != 0) {
        if (field->high >= field->low)
            g_string_append_printf(out, ", %g to %g", field->low, field->high);
        else
            g_string_append_printf(out, ", %g or more", field->low);
        if (field->type == TUNE_FIELD_STRING)
            g_string_append(out, " characters");
        if (field->type == TUNE_FIELD_ARRAY)
            g_string_append(out, " items");
    }
    for (guint i = 0; field->choices != NULL && field->choices[i] != NULL; i++) {
        g_string_append(out, i == 0 ? ": " : ", ");
        put(out, field->choices[i]);
    }
    if (field->otherwise != NULL) {
        g_string_append(out, "; otherwise ");
        put(out, field->otherwise);
    }
}

static void put_fields(GString *out, const TuneShape *shape, const char *prefix, guint depth)
{
    for (guint i = 0; i < shape->n_fields; i++) {
        const TuneField *field = &shape->fields[i];
        g_autofree char *name = g_strconcat(prefix, field->name, NULL);
        g_autofree char *inner =
            g_strconcat(name, field->type == TUNE_FIELD_ARRAY ? "[]." : ".", NULL);
        g_string_append(out, "<tr><td><code>");
        put(out, name);
        g_string_append_printf(out, "</code>%s</td><td>%s", field->required ? " *" : "",
                               type_of(field));
        put_limits(out, field);
        g_string_append(out, "</td><td>");
        if (field->says != NULL)
            put(out, field->says);
        g_string_append(out, "</td></tr>\n");
        if (field->shape != NULL && depth < 3)
            put_fields(out, field->shape, inner, depth + 1);
    }
}

static void put_table(GString *out, const char *title, const TuneShape *shape)
{
    if (shape == NULL || shape->n_fields == 0)
        return;
    g_string_append_printf(out, "<p>%s</p><table>", title);
    put_fields(out, shape, "", 0);
    g_string_append(out, "</table>\n");
}

/* An example of every required field. */
static json_t *example_of(const TuneShape *shape)
{
    json_t *example = json_object();

    for (guint i = 0; i < shape->n_fields; i++) {
        const TuneField *field = &shape->fields[i];
        const char *text = field->example != NULL ? field->example : field->otherwise;
        json_t *value = text != NULL ? json_loads(text, JSON_DECODE_ANY, NULL) : NULL;
        if (value == NULL && field->required && field->type == TUNE_FIELD_OBJECT &&
            field->shape != NULL)
            value = example_of(field->shape);
        if (value != NULL && (field->required || field->example != NULL))
            json_object_set(example, field->name, value);
        json_decref(value);
    }
    return example;
}

static void put_curl(GString *out, const TuneRoute *route)
{
    g_string_append(out, "<pre>curl ");
    if (route->method != TUNE_HTTP_GET)
        g_string_append_printf(out, "-X %s ", tune_route_method_name(route->method));
    if ((route->flags & TUNE_ROUTE_OPEN) == 0)
        g_string_append(out, "-H \"X-API-Key: $KEY\" ");
    if ((route->flags & TUNE_ROUTE_UPLOAD) != 0)
        g_string_append(out, "--data-binary @FILE ");
    g_string_append(out, "http://localhost:8080");
    put(out, route->path);
    if (route->body != NULL && (route->flags & TUNE_ROUTE_UPLOAD) == 0) {
        g_autoptr(json_t) example = example_of(route->body);
        g_autofree char *text = json_dumps(example, JSON_COMPACT);
        g_string_append(out, " \\\n  --json '");
        put(out, text);
        g_string_append(out, "'");
    }
    g_string_append(out, "</pre>\n");
}

static void put_route(GString *out, const TuneRoute *route)
{
    g_autofree char *id = tune_openapi_operation_id(route);

    g_string_append_printf(out, "<details id=\"%s\"><summary><b>%s</b> <code>", id,
                           tune_route_method_name(route->method));
    put(out, route->path);
    g_string_append(out, "</code> <small>");
    put(out, route->summary);
    g_string_append(out, "</small></summary>\n");
    if (route->details != NULL) {
        g_string_append(out, "<p>");
        put(out, route->details);
        g_string_append(out, "</p>\n");
    }
    put_curl(out, route);
    if ((route->flags & TUNE_ROUTE_LIST) != 0)
        put_table(out, "Page", &tune_page_shape);
    if ((route->flags & (TUNE_ROUTE_LIST | TUNE_ROUTE_FIELDS)) != 0)
        put_table(out, "Filter", &tune_filter_shape);
    put_table(out, "Query", route->query);
    put_table(out, "Body (* is needed)", route->body);
    put_table(out, (route->flags & TUNE_ROUTE_LIST) != 0 ? "Each of <code>items</code>" : "Answer",
              route->answer);
    for (const TuneRouteError *e = route->errors; e != NULL && e->status != 0; e++) {
        g_string_append_printf(out, "<p><code>%u</code> ", e->status);
        put(out, e->says);
        g_string_append(out, "</p>\n");
    }
    g_string_append(out, "</details>\n");
}

GBytes *tune_docs_page(const TuneRouter *router)
{
    GString *out = g_string_new(NULL);
    guint n = tune_router_n_routes(router);
    g_autoptr(GPtrArray) tags = g_ptr_array_new();

    g_string_append_printf(out,
                           "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">"
                           "<meta name=\"viewport\" content=\"width=device-width\">"
                           "<title>tunesmith %s</title><style>%s</style></head><body>"
                           "<h1>tunesmith %s</h1><p>Music from a sentence. The same as data: "
                           "<a href=\"/openapi.json\">openapi.json</a> (OpenAPI 3.1).</p>\n",
                           TUNE_VERSION, style_sheet, TUNE_VERSION);
    for (guint i = 0; i < n; i++)
        if (!g_ptr_array_find_with_equal_func(tags, tune_router_route(router, i)->tag, g_str_equal,
                                              NULL))
            g_ptr_array_add(tags, (gpointer)tune_router_route(router, i)->tag);
    for (guint t = 0; t < tags->len; t++) {
        g_string_append_printf(out, "<h2>%s</h2>\n", (const char *)tags->pdata[t]);
        for (guint i = 0; i < n; i++)
            if (strcmp(tune_router_route(router, i)->tag, tags->pdata[t]) == 0)
                put_route(out, tune_router_route(router, i));
    }
    g_string_append(out, "</body></html>\n");
    gsize length = out->len;
    return g_bytes_new_take(g_string_free(out, FALSE), length);
}
