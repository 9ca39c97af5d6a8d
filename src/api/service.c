/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "api/service.h"
#include "api/api-private.h"
#include "api/docs.h"
#include "api/health.h"
#include "api/openapi.h"
#include "api/presets.h"
#include "api/rooms.h"
#include "api/tracks.h"
#include "base/machine.h"
#include "store/idempotency.h"

#include <arpa/inet.h>
#include <errno.h>
#include <glib/gstdio.h>
#include <netinet/in.h>
#include <sodium.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

G_DEFINE_QUARK(tune-service-error-quark, tune_service_error)

#define CLEAN_US (3600 * G_TIME_SPAN_SECOND)

struct TuneService {
    TuneApi api;
    TuneLog log;
    GPtrArray *settings; /* every TuneSettings ever used: requests may hold the older ones */
    GThread *upkeep;
    gboolean is_public; /* others than this machine can reach it */
    GMutex lock;
    GCond wake;
    gboolean ending; /* under lock */
};

/* ---- names of requests ---- */

void tune_service_name_request(TuneApi *api, TuneCall *call)
{
    const char *said = call->request != NULL
                           ? tune_http_request_field(call->request, "X-Request-ID")
                           : NULL;
    gsize length = said != NULL ? strlen(said) : 0;
    gboolean sane = length >= 1 && length < sizeof call->request_id;

    for (gsize i = 0; sane && i < length; i++)
        sane = g_ascii_isalnum(said[i]) || strchr("-_.:", said[i]) != NULL;
    if (sane) {
        memcpy(call->request_id, said, length + 1);
        return;
    }
    guint32 number = __atomic_fetch_add(&api->n_requests, 1, __ATOMIC_RELAXED);
    g_snprintf(call->request_id, sizeof call->request_id, "%s-%08x", api->name, number);
}

/* ---- opening the parts ---- */

static gboolean check_settings(const TuneSettings *settings, GError **error)
{
    if (strcmp(settings->engine, "gcp") == 0 && settings->project == NULL) {
        g_set_error(error, TUNE_SERVICE_ERROR, TUNE_SERVICE_ERROR_SETTING,
                    "engine: gcp needs a project; set GOOGLE_CLOUD_PROJECT");
        return FALSE;
    }
    if (tune_engine_spec_is_known(settings->engine))
        return TRUE;
    g_autofree char *all = g_strjoinv(", ", (char **)tune_engine_names());
    g_set_error(error, TUNE_SERVICE_ERROR, TUNE_SERVICE_ERROR_SETTING,
                "engine (MUSIC_GEN_MODE): no engine is called \"%s\"; there are %s",
                settings->engine, all);
    return FALSE;
}

/* A public address without asking callers who they are. */
static gboolean refuse_open_door(const TuneSettings *settings, const char *address, GError **error)
{
    if (tune_auth_is_on(settings) || settings->insecure)
        return TRUE;
    g_set_error(error, TUNE_SERVICE_ERROR, TUNE_SERVICE_ERROR_INSECURE,
                "%s can be reached from outside, and nobody would be asked who they are: set a key "
                "(MUSIC_GEN_API_KEY), say --auth on, or --insecure if that is meant",
                address);
    return FALSE;
}

static gboolean is_proxy(GInetAddress *address, gpointer user_data)
{
    const TuneApi *api = user_data;

    return tune_proxies_trust(api->proxies, address);
}

static gboolean open_server(TuneApi *api, const TuneSettings *settings, GError **error)
{
    TuneHttpConfig config = TUNE_HTTP_CONFIG_DEFAULT;

    config.n_loops = (guint)settings->loops;
    config.n_workers = (guint)settings->workers;
    config.max_queued = (guint)settings->max_waiting;
    config.max_connections = (guint)settings->max_connections;
    config.max_per_address = (guint)settings->max_per_address;
    config.head_ms = (guint)settings->head_timeout * 1000;
    config.body_ms = (guint)settings->body_timeout * 1000;
    config.write_ms = (guint)settings->write_timeout * 1000;
    config.idle_ms = (guint)settings->idle_timeout * 1000;
    config.is_proxy = is_proxy;
    config.begin = tune_service_begin;
    config.handle = tune_service_handle;
    config.done = tune_service_done;
    config.refuse = tune_service_refuse;
    config.user_data = api;
    config.log = api->log;
    api->proxies = tune_proxies_new((const char *const *)settings->trusted_proxies, error);
    api->server = api->proxies != NULL ? tune_http_server_new(&config) : NULL;
    return api->server != NULL;
}

/* The table as router, document and page. */
static void open_table(TuneApi *api, const TuneSettings *settings)
{
    api->router = tune_router_new(tune_route_tables());
    api->metrics = tune_metrics_new(tune_router_n_routes(api->router));
    g_autoptr(json_t) document = tune_openapi_document(api->router, settings);
    char *text = json_dumps(document, JSON_COMPACT | JSON_REAL_PRECISION(12));
    api->document = g_bytes_new_take(text, strlen(text));
    api->docs_page = tune_docs_page(api->router);
}

TuneService *tune_service_open(TuneSettings *settings, const TuneLog *log, GError **error)
{
    g_autoptr(TuneService) self = g_new0(TuneService, 1);
    TuneApi *api = &self->api;
    guint8 name[6];

    g_mutex_init(&self->lock);
    g_cond_init(&self->wake);
    self->settings = g_ptr_array_new_with_free_func((GDestroyNotify)tune_settings_free);
    g_ptr_array_add(self->settings, settings);
    self->log = log != NULL ? *log : (TuneLog){NULL, NULL};
    api->log = &self->log;
    api->settings = settings;
    api->started_us = g_get_monotonic_time();
    g_assert(sodium_init() >= 0);
    randombytes_buf(name, sizeof name);
    sodium_bin2hex(api->name, sizeof api->name, name, sizeof name);
    open_table(api, settings);
    api->presets = tune_preset_catalogue_new();
    api->access = tune_access_log_new(settings->access_log, STDERR_FILENO);
    if (!tune_rooms_open(api, settings, error))
        return NULL;
    api->auth = tune_auth_new(settings, api->store, api->log, error);
    api->health = tune_health_new(api);
    if (api->auth == NULL || !open_server(api, settings, error))
        return NULL;
    return g_steal_pointer(&self);
}

void tune_service_free(TuneService *self)
{
    if (self == NULL)
        return;
    TuneApi *api = &self->api;
    g_mutex_lock(&self->lock);
    self->ending = TRUE;
    g_cond_signal(&self->wake);
    g_mutex_unlock(&self->lock);
    if (self->upkeep != NULL)
        g_thread_join(self->upkeep);
    /* The server first: nobody asks the other parts any more. */
    g_clear_pointer(&api->server, tune_http_server_free);
    g_clear_pointer(&api->proxies, tune_proxies_free);
    g_clear_pointer(&api->health, tune_health_free);
    g_clear_pointer(&api->jobs, tune_jobs_free);
    g_clear_pointer(&api->auth, tune_auth_free);
    tune_rooms_close(api);
    g_clear_pointer(&api->access, tune_access_log_free);
    g_clear_pointer(&api->presets, tune_preset_catalogue_free);
    g_clear_pointer(&api->metrics, tune_metrics_free);
    g_clear_pointer(&api->router, tune_router_free);
    g_clear_pointer(&api->document, g_bytes_unref);
    g_clear_pointer(&api->docs_page, g_bytes_unref);
    g_ptr_array_unref(self->settings);
    g_mutex_clear(&self->lock);
    g_cond_clear(&self->wake);
    g_free(self);
}

/* ---- listening ---- */

/* Is a passed socket one that others can reach?  Unix sockets have the file system's rights. */
static gboolean socket_is_public(int fd)
{
    struct sockaddr_storage address;
    socklen_t length = sizeof address;
    char text[INET6_ADDRSTRLEN] = "";

    if (getsockname(fd, (struct sockaddr *)&address, &length) != 0)
        return TRUE;
    if (address.ss_family == AF_INET)
        inet_ntop(AF_INET, &((struct sockaddr_in *)&address)->sin_addr, text, sizeof text);
    else if (address.ss_family == AF_INET6)
        inet_ntop(AF_INET6, &((struct sockaddr_in6 *)&address)->sin6_addr, text, sizeof text);
    else
        return address.ss_family != AF_UNIX;
    return tune_settings_host_is_public(text);
}

gboolean tune_service_check(const TuneSettings *settings, guint n_fds, GError **error)
{
    return check_settings(settings, error) &&
           (n_fds > 0 || !tune_settings_host_is_public(settings->host) ||
            refuse_open_door(settings, settings->host, error));
}

gboolean tune_service_listen(TuneService *self, const int *fds, guint n_fds, GError **error)
{
    const TuneSettings *settings = self->api.settings;

    for (guint i = 0; i < n_fds; i++) {
        gboolean is_public = socket_is_public(fds[i]);
        self->is_public = self->is_public || is_public;
        if ((is_public && !refuse_open_door(settings, "a passed socket", error)) ||
            !tune_http_server_listen_fd(self->api.server, fds[i], error))
            return FALSE;
    }
    if (n_fds > 0)
        return TRUE;
    self->is_public = tune_settings_host_is_public(settings->host);
    if (self->is_public && !refuse_open_door(settings, settings->host, error))
        return FALSE;
    return tune_http_server_listen(self->api.server, settings->host, (guint)settings->port, error);
}

/* ---- upkeep ---- */

static void clean(TuneService *self)
{
    g_autoptr(GError) error = NULL;
    guint removed;

    if (!tune_sessions_clean(self->api.store, &removed, &error) ||
        !tune_idempotency_clean(self->api.store, &removed, &error))
        tune_log(&self->log, TUNE_LOG_WARNING, "the hourly clean-up failed: %s", error->message);
}

static gpointer run_upkeep(gpointer user_data)
{
    TuneService *self = user_data;
    gint64 next_clean = g_get_monotonic_time() + CLEAN_US / 60;
    gboolean ending = FALSE;

    tune_tracks_warm(&self->api);
    while (!ending) {
        gint64 until = g_get_monotonic_time() + 10 * G_TIME_SPAN_SECOND;
        g_mutex_lock(&self->lock);
        while (!self->ending && g_cond_wait_until(&self->wake, &self->lock, until))
            ;
        ending = self->ending;
        g_mutex_unlock(&self->lock);
        if (ending)
            break;
        tune_engine_pool_relieve(self->api.pool);
        tune_machine_memory_trim();
        if (g_get_monotonic_time() < next_clean)
            continue;
        clean(self);
        next_clean = g_get_monotonic_time() + CLEAN_US;
    }
    return NULL;
}

gboolean tune_service_start(TuneService *self, GError **error)
{
    if (!tune_jobs_start(self->api.jobs, error))
        return FALSE;
    tune_health_start(self->api.health);
    self->upkeep = g_thread_new("upkeep", run_upkeep, self);
    return tune_http_server_start(self->api.server, error);
}

/* A setting that cannot be reloaded keeps its value: its parts were built with it. */
gboolean tune_service_reload(TuneService *self, TuneSettings *settings, GError **error)
{
    tune_settings_keep(settings, self->api.settings);
    if (self->is_public && !refuse_open_door(settings, "this service", error)) {
        tune_settings_free(settings);
        return FALSE;
    }
    g_ptr_array_add(self->settings, settings);
    __atomic_store_n(&self->api.settings, settings, __ATOMIC_RELEASE);
    tune_access_log_set_form(self->api.access, settings->access_log);
    tune_preset_catalogue_forget(self->api.presets);
    tune_cache_drop_tag(self->api.cache, "presets");
    return TRUE;
}

gboolean tune_service_drain(TuneService *self)
{
    guint ms = (guint)self->api.settings->drain * 1000;

    tune_health_set_draining(self->api.health);
    tune_jobs_close(self->api.jobs);
    gboolean whole = tune_http_server_drain(self->api.server, ms);
    /* Listeners have had their time; what is left of the renders goes back into the queue. */
    tune_jobs_drain(self->api.jobs, MIN(ms, 500));
    return whole;
}

TuneApi *tune_service_api(TuneService *self)
{
    return &self->api;
}

guint tune_service_port(const TuneService *self)
{
    return tune_http_server_port(self->api.server);
}
