/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * From a method and a path to its route: a tree of path segments, built once from the tables.
 *
 *     TuneRouteMatch match;
 *     if (!tune_router_match(router, method, path, &match)) ... match.allowed says 404 (0) or 405
 *
 * A literal segment is preferred to a name, a name to the rest of the path ("{name...}"): a path that is spelt
 * out has only the methods that are said for it.  Immutable after new, so thread-safe; a match costs one binary search a segment and no memory.
 */
#pragma once
#include "api/api.h"

#define TUNE_ROUTE_MAX_NAMES 4
#define TUNE_ROUTE_MAX_SEGMENTS 16

typedef struct TuneRouter TuneRouter;

typedef struct {
    const TuneRoute *route; /* NULL: none */
    guint index;            /* of the route, 0 .. tune_router_n_routes() - 1: for metrics */
    guint allowed;          /* TuneHttpMethod bits that the path takes, HEAD and OPTIONS included; 0: no such
                               path */
    struct {
        guint offset, length;
    } names[TUNE_ROUTE_MAX_NAMES]; /* values of the path's names, in order */
    guint n_names;
} TuneRouteMatch;

/* @tables: ended by NULL, kept.  Aborts on a table that contradicts itself: two routes for one method and
 * path, more than four names. (transfer full) */
TuneRouter *tune_router_new(const TuneRouteTable *const *tables);
void tune_router_free(TuneRouter *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TuneRouter, tune_router_free)

/* @path: decoded, begins with "/".  A HEAD finds the GET.  FALSE: no route (404 or 405). */
gboolean tune_router_match(const TuneRouter *self, TuneHttpMethod method, const char *path,
                           TuneRouteMatch *out);

guint tune_router_n_routes(const TuneRouter *self);
const TuneRoute *tune_router_route(const TuneRouter *self, guint index);

/* "GET, HEAD, OPTIONS": the Allow field of TuneHttpMethod bits. (transfer full) */
char *tune_route_allow(guint methods);
/* "GET". */
const char *tune_route_method_name(TuneHttpMethod method);
