/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * GET /api/v1/generate/{id}/events: progress as server-sent events (WHATWG HTML, section 9.2).
 *
 * An event is the whole status, so nothing is lost by a listener that comes late, comes again
 * (Last-Event-ID) or is too slow: it gets the newest state, then the final one, and the stream ends.  A
 * comment every fifteen seconds keeps proxies from closing a quiet stream.
 */

#include "api/api.h"

#include <string.h>

#define PING_MS 15000

typedef struct {
    TuneJobs *jobs;
    TuneHttpWaker *waker;
    guint watch;
    GMutex lock;      /* of the following, which the watcher's thread writes */
    char *next;       /* newest event not yet begun */
    gboolean over;    /* @next, or what was sent last, is final */
    guint counter;    /* id of the newest event */
    /* of the loop thread */
    char *sending;
    gsize offset;
    gint64 ping_at_us;
} EventStream;

static gboolean is_final(const char *status)
{
    return g_strcmp0(status, "completed") == 0 || g_strcmp0(status, "failed") == 0 ||
           g_strcmp0(status, "cancelled") == 0;
}

/* The event of a status; ids count up from where the client was. */
static char *event_text(guint id, const json_t *status)
{
    const char *name = json_string_value(json_object_get(status, "status"));
    g_autofree char *data = json_dumps(status, JSON_COMPACT | JSON_ENSURE_ASCII);

    return g_strdup_printf("id: %u\nevent: %s\ndata: %s\n\n", id, is_final(name) ? name : "progress",
                           data);
}

static void changed(const char *id, const json_t *status, gpointer user_data)
{
    EventStream *self = user_data;

    g_mutex_lock(&self->lock);
    if (!self->over) {
        g_free(self->next);
        self->next = event_text(++self->counter, status);
        self->over = is_final(json_string_value(json_object_get(status, "status")));
    }
    g_mutex_unlock(&self->lock);
    tune_http_waker_wake(self->waker);
}

/* The event to be sent now; NULL when there is none. */
static char *take(EventStream *self, gboolean *over)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&self->lock);

    *over = self->over;
    return g_steal_pointer(&self->next);
}

static gssize pull(gpointer stream, guint8 *buffer, gsize size)
{
    EventStream *self = stream;
    gboolean over = FALSE;

    if (self->sending == NULL) {
        self->sending = take(self, &over);
        self->offset = 0;
    }
    if (self->sending == NULL && over)
        return TUNE_HTTP_PULL_END;
    if (self->sending == NULL && g_get_monotonic_time() >= self->ping_at_us)
        self->sending = g_strdup(":\n\n");
    if (self->sending == NULL) {
        tune_http_waker_wake_after(self->waker, PING_MS);
        return TUNE_HTTP_PULL_LATER;
    }
    gsize left = strlen(self->sending + self->offset), n = MIN(left, size);
    memcpy(buffer, self->sending + self->offset, n);
    self->offset += n;
    self->ping_at_us = g_get_monotonic_time() + PING_MS * 1000;
    if (n == left)
        g_clear_pointer(&self->sending, g_free);
    return (gssize)n;
}

static void stream_close(gpointer stream, gboolean complete)
{
    EventStream *self = stream;

    tune_jobs_unwatch(self->jobs, self->watch);
    tune_http_waker_unref(self->waker);
    g_mutex_clear(&self->lock);
    g_free(self->next);
    g_free(self->sending);
    g_free(self);
}

static const TuneHttpStreamClass EVENT_STREAM = {pull, stream_close};

static void events(TuneCall *call)
{
    g_autoptr(GError) error = NULL;
    const char *id = call->path[0];
    const char *last = tune_http_request_field(call->request, "last-event-id");
    g_autoptr(json_t) status =
        tune_jobs_status(call->api->jobs, id, tune_call_owner(call), &error);

    if (status == NULL) {
        tune_call_fail(call, error);
        return;
    }
    EventStream *self = g_new0(EventStream, 1);
    g_mutex_init(&self->lock);
    self->jobs = call->api->jobs;
    self->waker = tune_http_response_waker(call->response);
    self->counter = last != NULL ? (guint)CLAMP(g_ascii_strtoll(last, NULL, 10), 0, G_MAXINT) : 0;
    self->ping_at_us = g_get_monotonic_time() + PING_MS * 1000;
    self->watch = tune_jobs_watch(self->jobs, id, changed, self);
    /* What happened between the status above and the watch is in the status of now. */
    g_autoptr(json_t) now = tune_jobs_status(self->jobs, id, tune_call_owner(call), NULL);
    changed(id, now != NULL ? now : status, self);
    tune_http_response_set_status(call->response, 200);
    tune_http_response_set_field(call->response, "Cache-Control", "no-store");
    tune_http_response_set_field(call->response, "X-Accel-Buffering", "no");
    tune_http_response_set_stream(call->response, "text/event-stream", -1, &EVENT_STREAM, self);
}

static const TuneRouteError event_errors[] = {{404, "No such generation"}, {0, NULL}};

static const TuneRoute routes[] = {
    {TUNE_HTTP_GET, "/api/v1/generate/{task_id}/events", 0, events, "generate",
     "Progress as server-sent events", .produces = "text/event-stream", .errors = event_errors},
};
const TuneRouteTable tune_routes_events = {routes, G_N_ELEMENTS(routes)};
