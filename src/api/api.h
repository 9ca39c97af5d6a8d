/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The service: a table of routes over the rooms below.  One entry says everything about a route: who may
 * call it, what it takes, what it answers.  Router, checks, OpenAPI document and metrics read the same
 * entry.
 *
 *     static void show(TuneCall *call)
 *     {
 *         g_autoptr(GError) error = NULL;
 *         g_autoptr(json_t) track = tune_track_get(call->api->store, call->path[0], &error);
 *         if (track == NULL)
 *             tune_call_fail(call, error);
 *         else
 *             tune_call_json(call, 200, track);
 *     }
 *
 * Each area has a file with its handlers and its part of the table (api/tracks.c: tune_routes_tracks).
 * Handlers run on workers unless the route says INLINE; they never write to the socket.
 */
#pragma once
#include "api/shape.h"
#include "cache/cache.h"
#include "engine/pool.h"
#include "files/files.h"
#include "http/http.h"
#include "jobs/jobs.h"
#include "store/store.h"

typedef struct TuneApi TuneApi;
typedef struct TuneCall TuneCall;
typedef struct TuneRoute TuneRoute;

#define TUNE_API_ERROR (tune_api_error_quark())
GQuark tune_api_error_quark(void);
/* An error whose code is the status it becomes; its message goes to the client. */

typedef enum {
    TUNE_ROUTE_OPEN = 1 << 0,     /* no key or token needed */
    TUNE_ROUTE_USER = 1 << 1,     /* only a user (token or API key), not the service key alone */
    TUNE_ROUTE_ADMIN = 1 << 2,    /* the service key or an admin */
    TUNE_ROUTE_ROOT = 1 << 3,     /* old clients: 422 for unusable bodies and media types, loose values */
    TUNE_ROUTE_INLINE = 1 << 4,   /* runs on the loop thread: must not block */
    TUNE_ROUTE_CREATES = 1 << 5,  /* Idempotency-Key is honoured */
    TUNE_ROUTE_UPLOAD = 1 << 6,   /* the body goes to a file; not JSON; limit of uploads */
    TUNE_ROUTE_RAW = 1 << 7,      /* the handler fills the response itself (streams, files, text) */
    TUNE_ROUTE_LIST = 1 << 8,     /* limit, cursor, page, offset, fields are understood */
    TUNE_ROUTE_UNLIMITED = 1 << 9,/* not counted by the rate limit */
} TuneRouteFlags;

/* What a route may answer besides its success; the document lists them. */
typedef struct {
    guint status;
    const char *says;
} TuneRouteError;

struct TuneRoute {
    TuneHttpMethod method;
    const char *path;          /* "/api/v1/tracks/{id}"; a name stands for one segment, {name...} at the end
                                  for the rest */
    TuneRouteFlags flags;
    void (*handle)(TuneCall *call);
    const char *tag, *summary;
    const TuneShape *query, *body, *answer; /* (nullable) */
    guint status;              /* of success; 0: 200 */
    const char *produces;      /* media type of success; NULL: JSON */
    const char *cache_control; /* (nullable): "no-store" */
    guint cache_ttl_s;         /* a GET whose answer is kept in the cache under its path and query; 0: not */
    const char *const *cache_tags;
    const TuneRouteError *errors; /* ended by status 0 (nullable); 401, 405, 413, 422, 429, 500, 503 follow
                                     from the flags */
};

typedef struct {
    const TuneRoute *routes;
    guint n_routes;
} TuneRouteTable;

typedef enum { TUNE_TIER_ANONYMOUS, TUNE_TIER_FREE, TUNE_TIER_PRO, TUNE_TIER_UNLIMITED } TuneTier;

/* Who calls. */
typedef struct {
    char user_id[37];  /* "" when nobody in particular */
    TuneTier tier;
    gboolean admin;    /* the service key, or a user with the role */
    gboolean service;  /* the service key */
} TuneCaller;

struct TuneCall {
    TuneApi *api;
    const TuneRoute *route;
    TuneHttpRequest *request;
    TuneHttpResponse *response;
    const char *path[4];    /* values of the path's names, in order */
    json_t *query;          /* checked; defaults filled in (never NULL) */
    json_t *body;           /* checked; NULL when the route has no body shape */
    TuneCaller caller;
    char request_id[65];
};

/* The service's parts, for handlers.  All owned by the service. */
struct TuneApi {
    const struct TuneSettings *settings; /* api/settings.h */
    TuneStore *store;
    TuneCache *cache;
    TuneFiles *files;
    TuneEnginePool *pool;
    TuneJobs *jobs;
    TuneHttpServer *server;
    struct TuneMetrics *metrics;         /* api/metrics.h */
    struct TunePresetCatalogue *presets; /* api/presets.h */
    const TuneLog *log;
    gint64 started_us;
};

/* ---- answers ---- */
/* @value is borrowed.  ?fields=, ETag, If-None-Match, compression are applied afterwards. */
void tune_call_json(TuneCall *call, guint status, const json_t *value);
/* {"detail", "request_id"} */
void tune_call_error(TuneCall *call, guint status, const char *format, ...) G_GNUC_PRINTF(3, 4);
/* {"detail", "errors": [{"field", "message", "type"}], "request_id"}: 422. */
void tune_call_invalid(TuneCall *call, const char *field, const char *message, const char *type);
/* The status that api/status.c gives to @error; what is our fault is logged and told without detail. */
void tune_call_fail(TuneCall *call, const GError *error);
/* Retry-After in whole seconds. */
void tune_call_retry_after(TuneCall *call, double seconds);

/* ---- lists (TUNE_ROUTE_LIST) ---- */
typedef struct {
    guint limit;             /* 1..100 */
    gint64 before_us;        /* keyset: records older than this ... */
    char before_id[37];      /* ... or as old with a smaller id; "" = from the start */
    guint offset;            /* of old clients' page or offset; 0 with a cursor */
} TunePage;
/* Reads limit, cursor, page, offset; FALSE: the answer is already an error. */
gboolean tune_call_page(TuneCall *call, TunePage *out);
/* {"items", "limit", "next_cursor", "total"?} with Link: rel="next".  @items: at most limit + 1 of them,
 * each with "id" and "created_at"; the one too many only says that there is more.  @total < 0: unknown. */
void tune_call_list(TuneCall *call, const TunePage *page, json_t *items, gint64 total);

/* "2026-01-31T12:00:00.123456Z". (transfer full) */
char *tune_time_text(gint64 us);
gboolean tune_time_parse(const char *text, gint64 *us);
