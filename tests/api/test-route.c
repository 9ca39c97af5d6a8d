/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "api/openapi.h"
#include "api/route.h"

#include <string.h>

static void nothing(TuneCall *call)
{
}

static const TuneRoute routes[] = {
    {TUNE_HTTP_GET, "/", 0, nothing, "t", "root"},
    {TUNE_HTTP_GET, "/tracks", 0, nothing, "t", "list"},
    {TUNE_HTTP_POST, "/tracks", 0, nothing, "t", "create"},
    {TUNE_HTTP_GET, "/tracks/{id}", 0, nothing, "t", "one"},
    {TUNE_HTTP_DELETE, "/tracks/{id}", 0, nothing, "t", "remove"},
    {TUNE_HTTP_GET, "/tracks/trending", 0, nothing, "t", "trending"},
    {TUNE_HTTP_GET, "/tracks/{id}/stems/{name}", 0, nothing, "t", "stem"},
    {TUNE_HTTP_GET, "/files/{path...}", 0, nothing, "t", "rest"},
};
static const TuneRouteTable table = {routes, G_N_ELEMENTS(routes)};
static const TuneRouteTable *const tables[] = {&table, NULL};

static void test_finds(void)
{
    static const struct {
        TuneHttpMethod method;
        const char *path, *summary, *first, *second;
    } cases[] = {
        {TUNE_HTTP_GET, "/", "root", NULL, NULL},
        {TUNE_HTTP_HEAD, "/", "root", NULL, NULL},
        {TUNE_HTTP_GET, "/tracks", "list", NULL, NULL},
        {TUNE_HTTP_POST, "/tracks", "create", NULL, NULL},
        {TUNE_HTTP_GET, "/tracks/7", "one", "7", NULL},
        {TUNE_HTTP_HEAD, "/tracks/7", "one", "7", NULL},
        {TUNE_HTTP_DELETE, "/tracks/7", "remove", "7", NULL},
        {TUNE_HTTP_GET, "/tracks/trending", "trending", NULL, NULL},
        {TUNE_HTTP_DELETE, "/tracks/trending", NULL, NULL, NULL},
        {TUNE_HTTP_GET, "/tracks/trendin", "one", "trendin", NULL},
        {TUNE_HTTP_GET, "/tracks/trendingx", "one", "trendingx", NULL},
        {TUNE_HTTP_GET, "/tracks/7/stems/bass", "stem", "7", "bass"},
        {TUNE_HTTP_GET, "/tracks/trending/stems/bass", "stem", "trending", "bass"},
        {TUNE_HTTP_GET, "/files/a/b/c", "rest", "a/b/c", NULL},
        {TUNE_HTTP_GET, "/tracks/", NULL, NULL, NULL},
        {TUNE_HTTP_GET, "/tracks//stems/x", NULL, NULL, NULL},
        {TUNE_HTTP_GET, "/tracks/7/stems", NULL, NULL, NULL},
        {TUNE_HTTP_GET, "/files", NULL, NULL, NULL},
        {TUNE_HTTP_GET, "/nothing", NULL, NULL, NULL},
        {TUNE_HTTP_PUT, "/tracks", NULL, NULL, NULL},
        {TUNE_HTTP_OTHER, "/tracks", NULL, NULL, NULL},
    };
    g_autoptr(TuneRouter) router = tune_router_new(tables);

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        TuneRouteMatch match;
        gboolean found = tune_router_match(router, cases[i].method, cases[i].path, &match);
        const char *names[] = {cases[i].first, cases[i].second};
        g_assert_true(found == (cases[i].summary != NULL));
        if (!found)
            continue;
        g_assert_cmpstr(match.route->summary, ==, cases[i].summary);
        g_assert_true(tune_router_route(router, match.index) == match.route);
        for (guint n = 0; n < G_N_ELEMENTS(names); n++) {
            g_assert_true((n < match.n_names) == (names[n] != NULL));
            if (names[n] == NULL)
                continue;
            g_autofree char *value =
                g_strndup(cases[i].path + match.names[n].offset, match.names[n].length);
            g_assert_cmpstr(value, ==, names[n]);
        }
    }
}

static void test_says_what_is_allowed(void)
{
    g_autoptr(TuneRouter) router = tune_router_new(tables);
    TuneRouteMatch match;

    g_assert_false(tune_router_match(router, TUNE_HTTP_PUT, "/tracks", &match));
    g_autofree char *list = tune_route_allow(match.allowed);
    g_assert_cmpstr(list, ==, "GET, HEAD, POST, OPTIONS");
    g_assert_false(tune_router_match(router, TUNE_HTTP_POST, "/tracks/trending", &match));
    g_autofree char *one = tune_route_allow(match.allowed);
    g_assert_cmpstr(one, ==, "GET, HEAD, OPTIONS");
    g_assert_false(tune_router_match(router, TUNE_HTTP_GET, "/x/y", &match));
    g_assert_cmpuint(match.allowed, ==, 0);
}

static void test_deep_paths_end(void)
{
    g_autoptr(TuneRouter) router = tune_router_new(tables);
    g_autoptr(GString) path = g_string_new(NULL);
    TuneRouteMatch match;

    for (guint i = 0; i < 4000; i++)
        g_string_append(path, "/a");
    g_assert_false(tune_router_match(router, TUNE_HTTP_GET, path->str, &match));
}

/* Every route of the service: named once, its operation too, and all that it says is said. */
static void test_own_table(void)
{
    g_autoptr(TuneRouter) router = tune_router_new(tune_route_tables());
    g_autoptr(GHashTable) ids = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

    g_assert_cmpuint(tune_router_n_routes(router), >, 20);
    for (guint i = 0; i < tune_router_n_routes(router); i++) {
        const TuneRoute *route = tune_router_route(router, i);
        char *id = tune_openapi_operation_id(route);
        g_assert_true(g_hash_table_add(ids, id));
        g_assert_nonnull(route->tag);
        g_assert_nonnull(route->summary);
        g_assert_nonnull(route->handle);
        if (route->cache_ttl_s > 0)
            g_assert_true(route->method == TUNE_HTTP_GET || route->inline_when != NULL);
        if ((route->flags & TUNE_ROUTE_CREATES) != 0)
            g_assert_true(route->method == TUNE_HTTP_POST);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/api/route/finds", test_finds);
    g_test_add_func("/api/route/says-what-is-allowed", test_says_what_is_allowed);
    g_test_add_func("/api/route/deep-paths-end", test_deep_paths_end);
    g_test_add_func("/api/route/own-table", test_own_table);
    return g_test_run();
}
