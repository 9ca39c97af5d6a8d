/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * /api/v1/generate: order a piece, look at it, cancel it, several at once, keep it as a track.
 */
#include "api/order.h"
#include "api/tracks.h"
#include "store/generations.h"
#include "store/tracks.h"

#define MOST_IN_A_BATCH 10

/* ---- one ---- */

static void accept(TuneCall *call)
{
    g_autoptr(GError) error = NULL;
    TuneAccepted accepted;
    g_autoptr(TuneOrdered) ordered = tune_order_new(call->api, call->body, &call->caller, &error);

    if (ordered != NULL)
        ordered->order.idempotency_key = tune_call_idempotency_key(call);
    if (ordered == NULL || !tune_order_submit(call->api, ordered, &accepted, &error)) {
        tune_call_fail(call, error);
        return;
    }
    g_autoptr(json_t) answer = tune_order_answer(ordered, &accepted);
    tune_http_response_set_field(call->response, "Location",
                                 json_string_value(json_object_get(answer, "status_url")));
    if (accepted.replayed)
        tune_http_response_set_field(call->response, "Idempotent-Replayed", "true");
    tune_call_json(call, 202, answer);
}

/* The body it was ordered with, unless ?fields= wants others only. */
static void add_request(TuneCall *call, json_t *status)
{
    const char *fields = tune_call_query_text(call, "fields");

    if (fields != NULL && *fields != '\0' && strstr(fields, "request") == NULL)
        return;
    g_autoptr(json_t) ordered =
        tune_generation_get_request(call->api->store, call->path[0], tune_call_owner(call), NULL);
    json_t *request = json_object_get(ordered, "request");
    if (request != NULL)
        json_object_set(status, "request", request);
}

static void show(TuneCall *call)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(json_t) status =
        tune_jobs_status(call->api->jobs, call->path[0], tune_call_owner(call), &error);

    if (status == NULL) {
        tune_call_fail(call, error);
        return;
    }
    add_request(call, status);
    tune_call_json(call, 200, status);
}

static void cancel(TuneCall *call)
{
    g_autoptr(GError) error = NULL;

    if (!tune_jobs_cancel(call->api->jobs, call->path[0], tune_call_owner(call), &error)) {
        tune_call_fail(call, error);
        return;
    }
    show(call);
}

/* ---- several ---- */

/* All are understood before the first is ordered, so that one that cannot be met refuses the batch. */
static GPtrArray *read_batch(TuneCall *call, GError **error)
{
    const json_t *requests = json_object_get(call->body, "requests");
    g_autoptr(GPtrArray) all = g_ptr_array_new_with_free_func((GDestroyNotify)tune_ordered_free);
    gsize i;
    json_t *body;

    json_array_foreach(requests, i, body) {
        TuneOrdered *ordered = tune_order_new(call->api, body, &call->caller, error);
        if (ordered == NULL) {
            g_prefix_error(error, "requests[%" G_GSIZE_FORMAT "]: ", i);
            return NULL;
        }
        g_ptr_array_add(all, ordered);
    }
    return g_steal_pointer(&all);
}

/* One of a batch, under a key of its own, so that the batch may be sent again. */
static json_t *submit_one(TuneCall *call, TuneOrdered *ordered, guint index, GError **error)
{
    const char *key = tune_call_idempotency_key(call);
    g_autofree char *own = key != NULL ? g_strdup_printf("%s#%u", key, index) : NULL;
    TuneAccepted accepted;

    ordered->order.idempotency_key = own;
    if (!tune_order_submit(call->api, ordered, &accepted, error))
        return NULL;
    return tune_order_answer(ordered, &accepted);
}

/* When the queue fills up on the way, those that were accepted are told, and the first that was not. */
static void accept_batch(TuneCall *call)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) all = read_batch(call, &error);
    g_autoptr(json_t) items = json_array();

    for (guint i = 0; all != NULL && i < all->len && error == NULL; i++) {
        json_t *item = submit_one(call, all->pdata[i], i, &error);
        if (item != NULL)
            json_array_append_new(items, item);
    }
    if (json_array_size(items) == 0) {
        tune_call_fail(call, error);
        return;
    }
    g_autoptr(json_t) answer = json_pack("{s:O}", "items", items);
    if (error != NULL)
        json_object_set_new(answer, "refused", json_string(error->message));
    tune_call_json(call, 202, answer);
}

/* ---- kept as a track ---- */

static const char *text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));

    return text != NULL && *text != '\0' ? text : NULL;
}

/* What a finished generation says of itself, as a track's fields; what the body says comes first. */
static json_t *keep(TuneCall *call, const json_t *status, const json_t *row, GError **error)
{
    const json_t *report = json_object_get(status, "report");
    const json_t *piece = json_object_get(report, "piece");
    const char *title = text_of(call->body, "title"), *genre = text_of(piece, "style");

    if (title == NULL)
        title = text_of(report, "title");
    TuneTrackDraft draft = {
        .user_id = *call->caller.user_id != '\0' ? call->caller.user_id : NULL,
        .generation_id = call->path[0],
        .identity = text_of(row, "identity"),
        .title = title != NULL ? title : "Untitled",
        .genre = genre != NULL ? genre : "",
        .engine = json_string_value(json_object_get(status, "engine")),
        .description = text_of(call->body, "description"),
        .mood = text_of(piece, "mood"),
        .key = text_of(piece, "key"),
        .prompt = text_of(status, "prompt"),
        .tags = json_object_get(call->body, "tags"),
        .bpm = json_number_value(json_object_get(piece, "bpm")),
        .seconds = json_number_value(json_object_get(piece, "seconds")),
        .is_public = json_is_true(json_object_get(call->body, "is_public")),
    };
    json_t *track = tune_track_create(call->api->store, &draft, error);
    if (track != NULL &&
        !tune_generation_set_track(call->api->store, call->path[0],
                                   json_string_value(json_object_get(track, "id")), error))
        g_clear_pointer(&track, json_decref);
    return track;
}

static void save(TuneCall *call)
{
    g_autoptr(GError) error = NULL;
    const char *id = call->path[0], *owner = tune_call_owner(call);
    g_autoptr(json_t) status = tune_jobs_status(call->api->jobs, id, owner, &error);
    g_autoptr(json_t) row =
        status != NULL ? tune_generation_get(call->api->store, id, owner, &error) : NULL;
    const char *state = json_string_value(json_object_get(status, "status"));

    if (error != NULL) {
        tune_call_fail(call, error);
        return;
    }
    if (row == NULL || g_strcmp0(state, "completed") != 0) {
        tune_call_error(call, 409, "only a finished piece can be kept; this one is %s",
                        state != NULL ? state : "gone");
        return;
    }
    if (g_strcmp0(json_string_value(json_object_get(row, "engine")), "optimize") == 0) {
        tune_call_error(call, 409, "an optimized recording is not kept as a track; download it");
        return;
    }
    g_autoptr(json_t) track = keep(call, status, row, &error);
    if (track == NULL) {
        tune_call_fail(call, error);
        return;
    }
    tune_tracks_changed(call);
    tune_track_show(call, 201, track);
}

/* ---- the table ---- */

static const char *const states[] = {"queued", "running", "completed", "failed", "cancelled", NULL};
static const TuneField status_fields[] = {
    {"task_id", TUNE_FIELD_STRING, .required = TRUE, .format = "uuid"},
    {"status", TUNE_FIELD_STRING, .required = TRUE, .choices = states},
    {"progress", TUNE_FIELD_NUMBER, .required = TRUE, .low = 0, .high = 1},
    {"stage", TUNE_FIELD_STRING, .says = "compose, render, master"},
    {"queue_position", TUNE_FIELD_INTEGER, .says = "1 is next"},
    {"eta_seconds", TUNE_FIELD_NUMBER, .says = "Until it is done"},
    {"attempts", TUNE_FIELD_INTEGER},
    {"error", TUNE_FIELD_STRING, .says = "Why it failed"},
    {"report", TUNE_FIELD_OBJECT, .says = "Asked against got, measured"},
    {"files", TUNE_FIELD_OBJECT, .says = "Of a finished piece: name to mime and bytes"},
    {"recipe_sha256", TUNE_FIELD_STRING, .says = "Of all that decides the result"},
    {"seed", TUNE_FIELD_INTEGER, .required = TRUE},
    {"engine", TUNE_FIELD_STRING, .required = TRUE},
    {"prompt", TUNE_FIELD_STRING, .required = TRUE},
    {"request", TUNE_FIELD_OBJECT, .says = "As it was ordered; lists leave it out"},
    {"created_at", TUNE_FIELD_STRING, .required = TRUE, .format = "date-time"},
    {"started_at", TUNE_FIELD_STRING, .format = "date-time"},
    {"finished_at", TUNE_FIELD_STRING, .format = "date-time"},
};
static const TuneShape status_shape = {"Generation", status_fields, G_N_ELEMENTS(status_fields),
                                       .says = "A piece being made, or made", .open = TRUE,
                                       .answers = TRUE};

static const TuneField batch_fields[] = {
    {"requests", TUNE_FIELD_ARRAY, .required = TRUE, .low = 1, .high = MOST_IN_A_BATCH,
     .shape = &tune_shape_generate},
};
static const TuneShape batch_shape = {"BatchRequest", batch_fields, G_N_ELEMENTS(batch_fields),
                                      .says = "Several pieces at once: all or none is understood"};
static const TuneField batch_answer_fields[] = {
    {"items", TUNE_FIELD_ARRAY, .required = TRUE, .shape = &tune_shape_accepted},
    {"refused", TUNE_FIELD_STRING, .says = "Why those that are missing were not accepted"},
};
static const TuneShape batch_answer = {"BatchAccepted", batch_answer_fields,
                                       G_N_ELEMENTS(batch_answer_fields), .answers = TRUE};

static const TuneField save_fields[] = {
    {"title", TUNE_FIELD_STRING, .low = 1, .high = 200, .says = "Else the piece's own"},
    {"description", TUNE_FIELD_STRING, .high = 5000},
    {"tags", TUNE_FIELD_ARRAY, .items = TUNE_FIELD_STRING, .item_high = 80, .high = 20},
    {"is_public", TUNE_FIELD_BOOLEAN, .otherwise = "false", .says = "May others hear and find it?"},
};
static const TuneShape save_shape = {"SaveRequest", save_fields, G_N_ELEMENTS(save_fields)};

static const TuneRouteError no_such[] = {{404, "No such generation"}, {0, NULL}};
static const TuneRouteError not_now[] = {
    {404, "No such generation"}, {409, "Not possible in the state it is in"}, {0, NULL}};

static const TuneRoute routes[] = {
    {TUNE_HTTP_POST, "/api/v1/generate", TUNE_ROUTE_CREATES | TUNE_ROUTE_OWN_KEY, accept, "generate",
     "Order a piece", .body = &tune_shape_generate, .answer = &tune_shape_accepted, .status = 202,
     .details = "Durable when it answers; the stream plays from the first bar on."},
    {TUNE_HTTP_POST, "/api/v1/generate/batch", TUNE_ROUTE_CREATES | TUNE_ROUTE_OWN_KEY, accept_batch,
     "generate", "Order up to ten pieces", .body = &batch_shape, .answer = &batch_answer,
     .status = 202},
    {TUNE_HTTP_GET, "/api/v1/generate/{task_id}", TUNE_ROUTE_FIELDS, show, "generate",
     "How far it is", .answer = &status_shape, .errors = no_such, .cache_control = "no-cache"},
    {TUNE_HTTP_DELETE, "/api/v1/generate/{task_id}", 0, cancel, "generate", "Cancel it",
     .answer = &status_shape, .errors = not_now},
    {TUNE_HTTP_POST, "/api/v1/generate/{task_id}/save",
     TUNE_ROUTE_CREATES | TUNE_ROUTE_BODY_OPTIONAL, save, "generate", "Keep it as a track",
     .body = &save_shape, .answer = &tune_shape_track, .status = 201, .errors = not_now},
};
const TuneRouteTable tune_routes_generate = {routes, G_N_ELEMENTS(routes)};
