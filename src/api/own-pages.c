/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What is one's own: /api/v1/user/generations, /user/tracks and /generate/history.
 *
 * Pages are kept for an hour under the tag of the user, which every order, save and change drops.  A
 * page with a piece that is not done is not kept: its state changes without anybody asking for it.
 */
#include "api/kept.h"
#include "api/tracks.h"
#include "store/generations.h"
#include "store/tracks.h"

#include <string.h>

#define PAGE_TTL_S 3600

typedef struct {
    const char *owner;
    const TunePage *page;
} Asked;

static void hide_inside(json_t *item)
{
    static const char *const inside[] = {"identity", "job_id", "owner", "turn", "job_priority"};

    for (guint i = 0; i < G_N_ELEMENTS(inside); i++)
        json_object_del(item, inside[i]);
}

static json_t *make_generations(TuneApi *api, gpointer user_data, gboolean *keep, GError **error)
{
    const Asked *asked = user_data;
    const TunePage *page = asked->page;
    json_t *items = tune_generation_list(api->store, asked->owner, page->before_us, page->before_id,
                                         page->offset, page->limit + 1, error);
    gsize index;
    json_t *item;

    *keep = TRUE;
    json_array_foreach(items, index, item) {
        const char *status = json_string_value(json_object_get(item, "status"));
        if (g_strcmp0(status, "queued") == 0 || g_strcmp0(status, "running") == 0)
            *keep = FALSE;
        hide_inside(item);
    }
    return items;
}

static json_t *make_tracks(TuneApi *api, gpointer user_data, gboolean *keep, GError **error)
{
    const Asked *asked = user_data;
    const TunePage *page = asked->page;
    TuneTrackPage wanted = {page->before_us, page->before_id, page->offset, page->limit + 1};
    json_t *items = tune_tracks_of_user(api->store, asked->owner, &wanted, error);
    gsize index;
    json_t *item;

    json_array_foreach(items, index, item)
        json_object_del(item, "identity");
    return items;
}

/* One page of @what; who is nobody in particular shares no cache. */
static json_t *own_page(TuneCall *call, const char *what, TuneKeptMake make, const TunePage *page,
                        GError **error)
{
    const char *owner = call->caller.user_id;
    Asked asked = {owner, page};
    gboolean keep;

    if (tune_call_is_nameless(call))
        return json_array();
    if (*owner == '\0')
        return make(call->api, &asked, &keep, error);
    g_autofree char *tag = g_strconcat("user:", owner, NULL);
    g_autofree char *key =
        g_strdup_printf("user:%s:%s:page:%u+%u:%" G_GINT64_FORMAT ":%s", what, owner, page->offset,
                        page->limit, page->before_us, page->before_id);
    TuneCachePolicy policy = {.ttl_s = PAGE_TTL_S, .tags = (const char *const[]){tag, NULL}};
    return tune_kept_json(call->api, key, &policy, make, &asked, error);
}

static void answer_page(TuneCall *call, const char *what, TuneKeptMake make)
{
    g_autoptr(GError) error = NULL;
    TunePage page;

    if (!tune_call_page(call, &page))
        return;
    g_autoptr(json_t) items = own_page(call, what, make, &page, &error);
    if (items == NULL)
        tune_call_fail(call, error);
    else
        tune_call_list(call, &page, items, -1);
}

static void generations(TuneCall *call)
{
    answer_page(call, "generations", make_generations);
}

static void tracks(TuneCall *call)
{
    answer_page(call, "tracks", make_tracks);
}

static const TuneField generation_fields[] = {
    {"id", TUNE_FIELD_STRING, .required = TRUE, .format = "uuid"},
    {"task_id", TUNE_FIELD_STRING, .required = TRUE, .format = "uuid", .says = "The same"},
    {"status", TUNE_FIELD_STRING, .required = TRUE},
    {"progress", TUNE_FIELD_NUMBER},
    {"stage", TUNE_FIELD_STRING},
    {"attempts", TUNE_FIELD_INTEGER},
    {"error", TUNE_FIELD_STRING, .nullable = TRUE},
    {"seed", TUNE_FIELD_INTEGER},
    {"engine", TUNE_FIELD_STRING},
    {"prompt", TUNE_FIELD_STRING},
    {"format", TUNE_FIELD_STRING},
    {"priority", TUNE_FIELD_INTEGER},
    {"track_id", TUNE_FIELD_STRING, .nullable = TRUE, .says = "What it was kept as"},
    {"created_at", TUNE_FIELD_STRING, .required = TRUE, .format = "date-time"},
    {"started_at", TUNE_FIELD_STRING, .nullable = TRUE, .format = "date-time"},
    {"finished_at", TUNE_FIELD_STRING, .nullable = TRUE, .format = "date-time"},
};
static const TuneShape generation_shape = {"PastGeneration", generation_fields,
                                           G_N_ELEMENTS(generation_fields),
                                           .says = "What was ordered; GET /api/v1/generate/{task_id} has the request itself", .open = TRUE, .answers = TRUE};

static const TuneRoute routes[] = {
    {TUNE_HTTP_GET, "/api/v1/generate/history", TUNE_ROUTE_LIST, generations, "generate",
     "What I ordered, newest first", .answer = &generation_shape,
     .cache_control = "private, no-cache"},
    {TUNE_HTTP_GET, "/api/v1/user/generations", TUNE_ROUTE_LIST | TUNE_ROUTE_USER, generations,
     "users", "What I ordered, newest first", .answer = &generation_shape,
     .cache_control = "private, no-cache"},
    {TUNE_HTTP_GET, "/api/v1/user/tracks", TUNE_ROUTE_LIST | TUNE_ROUTE_USER, tracks, "users",
     "What I kept, newest first", .answer = &tune_shape_track,
     .cache_control = "private, no-cache"},
};
const TuneRouteTable tune_routes_own_pages = {routes, G_N_ELEMENTS(routes)};
