/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "api/route.h"

#include <string.h>

#define N_METHODS 8 /* bits of TuneHttpMethod */

typedef struct Node Node;
struct Node {
    char *segment;       /* literal; NULL of names */
    GPtrArray *literals; /* Node*, sorted by segment when the tree is complete */
    Node *name;          /* {name} (nullable) */
    gint routes[N_METHODS], rest[N_METHODS]; /* index of a route ending here, or -1 */
    guint allowed, rest_allowed;
};

struct TuneRouter {
    Node *root;
    GPtrArray *routes; /* const TuneRoute* */
};

static const char *const method_names[N_METHODS] = {"GET",   "HEAD",   "POST",    "PUT",
                                                    "PATCH", "DELETE", "OPTIONS", "OTHER"};

static guint bit_of(TuneHttpMethod method)
{
    guint bit = 0;

    while (bit < N_METHODS - 1 && (1u << bit) != (guint)method)
        bit++;
    return bit;
}

static void node_free(Node *self)
{
    if (self == NULL)
        return;
    g_free(self->segment);
    g_ptr_array_unref(self->literals);
    node_free(self->name);
    g_free(self);
}

static Node *node_new(const char *segment, gsize length)
{
    Node *self = g_new0(Node, 1);

    self->segment = segment != NULL ? g_strndup(segment, length) : NULL;
    self->literals = g_ptr_array_new_with_free_func((GDestroyNotify)node_free);
    for (guint i = 0; i < N_METHODS; i++)
        self->routes[i] = self->rest[i] = -1;
    return self;
}

static gint compare_segment(const char *segment, const char *text, gsize length)
{
    gint order = strncmp(segment, text, length);

    return order != 0 ? order : segment[length] != '\0';
}

static Node *find_literal(const Node *self, const char *text, gsize length)
{
    guint low = 0, high = self->literals->len;

    while (low < high) {
        guint middle = (low + high) / 2;
        Node *node = self->literals->pdata[middle];
        gint order = compare_segment(node->segment, text, length);
        if (order == 0)
            return node;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

static gint compare_nodes(gconstpointer a, gconstpointer b)
{
    return strcmp((*(Node *const *)a)->segment, (*(Node *const *)b)->segment);
}

/* ---- building ---- */

static Node *child_for(Node *self, const char *segment, gsize length)
{
    if (segment[0] == '{') {
        if (self->name == NULL)
            self->name = node_new(NULL, 0);
        return self->name;
    }
    Node *found = find_literal(self, segment, length);
    if (found == NULL) {
        found = node_new(segment, length);
        g_ptr_array_add(self->literals, found);
        g_ptr_array_sort(self->literals, compare_nodes);
    }
    return found;
}

static void set_route(gint *routes, guint *allowed, const TuneRoute *route, gint index)
{
    guint bit = bit_of(route->method);

    if (routes[bit] >= 0)
        g_error("two routes for %s %s", method_names[bit], route->path);
    routes[bit] = index;
    *allowed |= (guint)route->method | TUNE_HTTP_OPTIONS;
    if (route->method == TUNE_HTTP_GET)
        *allowed |= TUNE_HTTP_HEAD;
}

static void add_route(TuneRouter *self, const TuneRoute *route)
{
    Node *node = self->root;
    guint n_names = 0;

    for (const char *p = route->path; *p == '/' && p[1] != '\0';) {
        const char *segment = p + 1;
        gsize length = strcspn(segment, "/");
        n_names += segment[0] == '{';
        g_assert(n_names <= TUNE_ROUTE_MAX_NAMES);
        if (length > 4 && memcmp(segment + length - 4, "...}", 4) == 0) {
            set_route(node->rest, &node->rest_allowed, route, (gint)self->routes->len);
            g_ptr_array_add(self->routes, (gpointer)route);
            return;
        }
        node = child_for(node, segment, length);
        p = segment + length;
    }
    set_route(node->routes, &node->allowed, route, (gint)self->routes->len);
    g_ptr_array_add(self->routes, (gpointer)route);
}

TuneRouter *tune_router_new(const TuneRouteTable *const *tables)
{
    TuneRouter *self = g_new0(TuneRouter, 1);

    self->root = node_new(NULL, 0);
    self->routes = g_ptr_array_new();
    for (; *tables != NULL; tables++)
        for (guint i = 0; i < (*tables)->n_routes; i++)
            add_route(self, &(*tables)->routes[i]);
    return self;
}

void tune_router_free(TuneRouter *self)
{
    if (self == NULL)
        return;
    node_free(self->root);
    g_ptr_array_unref(self->routes);
    g_free(self);
}

/* ---- matching ---- */

typedef struct {
    const TuneRouter *router;
    guint bit; /* of the method; HEAD as GET */
    const char *path;
    TuneRouteMatch *out;
} Search;

static gboolean ends(const Search *search, const gint *routes, guint allowed)
{
    search->out->allowed |= allowed;
    if (routes[search->bit] < 0)
        return FALSE;
    search->out->index = (guint)routes[search->bit];
    search->out->route = search->router->routes->pdata[search->out->index];
    return TRUE;
}

static gboolean add_name(const Search *search, const char *text, gsize length)
{
    TuneRouteMatch *out = search->out;

    out->names[out->n_names].offset = (guint)(text - search->path);
    out->names[out->n_names++].length = (guint)length;
    return TRUE;
}

/* @at: the rest of the path, "" or beginning with "/".  Depth first: a literal, a name, the rest. */
static gboolean descend(const Search *search, const Node *node, const char *at, guint depth)
{
    if (*at == '\0')
        return ends(search, node->routes, node->allowed);
    const char *segment = at + 1;
    gsize length = strcspn(segment, "/");
    const Node *literal = find_literal(node, segment, length);
    guint n_names = search->out->n_names;

    if (depth >= TUNE_ROUTE_MAX_SEGMENTS)
        return FALSE;
    if (literal != NULL && descend(search, literal, segment + length, depth + 1))
        return TRUE;
    /* A path that is spelt out in the table is that path, whatever its method. */
    if (search->out->allowed != 0)
        return FALSE;
    search->out->n_names = n_names;
    if (node->name != NULL && length > 0 && add_name(search, segment, length) &&
        descend(search, node->name, segment + length, depth + 1))
        return TRUE;
    search->out->n_names = n_names;
    return node->rest_allowed != 0 && length > 0 &&
           add_name(search, segment, strlen(segment)) &&
           ends(search, node->rest, node->rest_allowed);
}

gboolean tune_router_match(const TuneRouter *self, TuneHttpMethod method, const char *path,
                           TuneRouteMatch *out)
{
    Search search = {self, bit_of(method == TUNE_HTTP_HEAD ? TUNE_HTTP_GET : method), path, out};

    out->route = NULL;
    out->n_names = 0;
    out->allowed = 0;
    return descend(&search, self->root, strcmp(path, "/") == 0 ? "" : path, 0);
}

guint tune_router_n_routes(const TuneRouter *self)
{
    return self->routes->len;
}

const TuneRoute *tune_router_route(const TuneRouter *self, guint index)
{
    return self->routes->pdata[index];
}

const char *tune_route_method_name(TuneHttpMethod method)
{
    return method_names[bit_of(method)];
}

char *tune_route_allow(guint methods)
{
    GString *out = g_string_new(NULL);

    for (guint i = 0; i < N_METHODS - 1; i++)
        if ((methods & (1u << i)) != 0)
            g_string_append_printf(out, "%s%s", out->len > 0 ? ", " : "", method_names[i]);
    return g_string_free(out, FALSE);
}
