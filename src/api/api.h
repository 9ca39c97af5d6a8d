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
 *     static const TuneRoute ROUTES[] = {
 *         {TUNE_HTTP_GET, "/api/v1/tracks/{id}", TUNE_ROUTE_FIELDS, show, "tracks", "One track",
 *          .answer = &TRACK, .errors = NO_TRACK},
 *     };
 *     const TuneRouteTable tune_routes_tracks = {ROUTES, G_N_ELEMENTS(ROUTES)};
 *
 * Each area has a file with its handlers and its part of the table (api/tracks.c: tune_routes_tracks).
 * Handlers run on workers unless the route says INLINE; they never write to the socket.
 */
#pragma once
#include "api/client.h"
#include "api/shape.h"
#include "cache/cache.h"
#include "engine/pool.h"
#include "files/files.h"
#include "http/http.h"
#include "jobs/jobs.h"
#include "store/columns.h"
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
    TUNE_ROUTE_LIST = 1 << 8,     /* limit, cursor, page, offset, fields are understood; @answer is the
                                     shape of one item */
    TUNE_ROUTE_UNLIMITED = 1 << 9,/* not counted by the rate limit */
    TUNE_ROUTE_FIELDS = 1 << 10,  /* one record: ?fields= is understood */
    TUNE_ROUTE_OWN_KEY = 1 << 11, /* with CREATES: the handler keeps the Idempotency-Key itself, in the
                                     transaction that creates (tune_call_idempotency_key) */
    TUNE_ROUTE_BODY_OPTIONAL = 1 << 12, /* no body is as good as {} */
} TuneRouteFlags;

/* What a route may answer besides its success; the document lists them. */
typedef struct {
    guint status;
    const char *says;
    const TuneShape *shape; /* of its body; NULL: as all errors are worded */
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
    guint cache_ttl_s;         /* a GET whose answer is the same for every caller: kept in the cache under its
                                  path and known query members, answered from there by the loop; 0: not */
    guint cache_stale_s;       /* and so long after that, while it is made anew */
    const char *const *cache_tags; /* tune_cache_drop_tag() of one of them makes it anew */
    const TuneRouteError *errors; /* ended by status 0 (nullable); 401, 405, 413, 422, 429, 500, 503 follow
                                     from the flags */
    const char *details;       /* more for the document (nullable) */
    gboolean (*inline_when)(const TuneApi *api); /* (nullable): INLINE only where this says so; with a
                                  cache_ttl_s on a POST (needed there): its answer depends on the body alone */
    gboolean (*at_once)(TuneCall *call); /* (nullable): a GET that can be answered from memory, on the loop
                                  thread, before its query is checked; FALSE: nothing was done, handle() is
                                  asked */
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
    json_t *query;          /* checked; defaults filled in (never NULL in a handler) */
    json_t *body;           /* checked; NULL when the route has no body shape */
    const json_t *given;    /* the body as it came (what was said and what was left out) */
    TuneCaller caller;
    TuneClient client;      /* who is at the other end, behind proxies */
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
    TuneProxies *proxies;                /* that are trusted */
    struct TuneRouter *router;           /* api/route.h */
    struct TuneMetrics *metrics;         /* api/metrics.h */
    struct TunePresetCatalogue *presets; /* api/presets.h */
    struct TuneAuth *auth;               /* api/auth.h */
    struct TuneAccessLog *access;        /* api/access.h */
    struct TuneHealth *health;           /* api/health.h */
    GBytes *document, *docs_page;        /* OpenAPI as JSON and as a page */
    const TuneLog *log;
    gint64 started_us;
    char name[13];                       /* of this run, random: begins the names of its requests */
    guint32 n_requests;                  /* atomic */
    gint n_mcp_waits;                    /* atomic: threads that the tool "wait" holds */
    gint n_sound_waits;                  /* atomic: threads that wait for a range to be encoded */
};

/* Those of now: a handler reads them once, since SIGHUP may bring others. */
static inline const struct TuneSettings *tune_api_settings(const TuneApi *api)
{
    return __atomic_load_n(&api->settings, __ATOMIC_ACQUIRE);
}

/* ---- answers ---- */
/* A handler answers once, by one of these, or by filling call->response itself (streams, files).
 * @value is borrowed.  ?fields=, ETag, If-None-Match, compression are applied afterwards. */
void tune_call_json(TuneCall *call, guint status, const json_t *value);
/* The same for JSON that is made already, and for other text.  @body (transfer none). */
void tune_call_bytes(TuneCall *call, guint status, const char *content_type, GBytes *body);
/* 204. */
void tune_call_nothing(TuneCall *call);
/* {"detail", "request_id"} */
void tune_call_error(TuneCall *call, guint status, const char *format, ...) G_GNUC_PRINTF(3, 4);
/* {"detail", "errors": [{"field", "message", "type"}], "request_id"}: 422. */
void tune_call_invalid(TuneCall *call, const char *field, const char *message, const char *type);
/* The status that api/status.c gives to @error; what is our fault is logged and told without detail. */
void tune_call_fail(TuneCall *call, const GError *error);
/* Retry-After in whole seconds. */
void tune_call_retry_after(TuneCall *call, double seconds);
/* The Idempotency-Key of the request, or NULL; checked (1..255 visible ASCII characters). */
const char *tune_call_idempotency_key(const TuneCall *call);
/* Whose records the caller may see and change: the user's id, "" for nobody in particular; NULL
 * (anybody's) for an admin. */
const char *tune_call_owner(const TuneCall *call);
/* Nobody in particular on a server that others reach: who has an id may use it, but gets no list of those of
 * other nobodies. */
gboolean tune_call_is_nameless(const TuneCall *call);
/* Members of the checked query and body, with defaults: NULL, 0, FALSE where there is none. */
const char *tune_call_query_text(const TuneCall *call, const char *name);
gint64 tune_call_query_int(const TuneCall *call, const char *name, gint64 otherwise);

/* ---- lists (TUNE_ROUTE_LIST) ---- */
typedef struct {
    guint limit;             /* 1..100 */
    gint64 before_us;        /* keyset: records older than this ... */
    char before_id[37];      /* ... or as old with a smaller id; "" = from the start */
    guint offset;            /* of old clients' page or offset; 0 with a cursor */
    gboolean ranked;         /* set by the handler: not by age, so that cursors are places in the list */
} TunePage;
/* Reads limit, cursor, page, offset; FALSE: the answer is already an error. */
gboolean tune_call_page(TuneCall *call, TunePage *out);
/* {"items", "limit", "next_cursor", "total"?} with Link: rel="next".  @items: at most limit + 1 of them,
 * each with "id" and "created_at"; the one too many only says that there is more.  @total < 0: unknown. */
void tune_call_list(TuneCall *call, const TunePage *page, json_t *items, gint64 total);
/* The same of records that become text as they are; members in @hidden (ended by NULL, nullable) are left
 * out. */
void tune_call_records(TuneCall *call, const TunePage *page, const TuneRecords *records,
                       const char *const *hidden);

/* Every area's part of the table; api/tables.c joins them. */
extern const TuneRouteTable tune_routes_root;
extern const TuneRouteTable tune_routes_presets;
extern const TuneRouteTable tune_routes_generator;
extern const TuneRouteTable tune_routes_generate;
extern const TuneRouteTable tune_routes_events;
extern const TuneRouteTable tune_routes_stream;
extern const TuneRouteTable tune_routes_tracks;
extern const TuneRouteTable tune_routes_own_pages;
extern const TuneRouteTable tune_routes_users;
extern const TuneRouteTable tune_routes_own_webhook;
extern const TuneRouteTable tune_routes_uploads;
extern const TuneRouteTable tune_routes_openai;
extern const TuneRouteTable tune_routes_mcp;
extern const TuneRouteTable tune_routes_models;
extern const TuneRouteTable tune_routes_operations;
/* All of them, ended by NULL. */
const TuneRouteTable *const *tune_route_tables(void);
