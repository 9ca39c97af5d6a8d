/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The service as a whole: its parts opened in order, the server on top, and down again.
 *
 *     g_autoptr(TuneService) service = tune_service_open(settings, &log, &error);
 *     tune_service_listen(service, fds, n_fds, &error);
 *     tune_service_start(service, &error);
 *     ... tune_service_reload() on SIGHUP ...
 *     tune_service_drain(service);
 *
 * Also used in process by tests.
 */
#pragma once
#include "api/api.h"
#include "api/settings.h"

#define TUNE_SERVICE_ERROR (tune_service_error_quark())
GQuark tune_service_error_quark(void);
typedef enum {
    TUNE_SERVICE_ERROR_INSECURE, /* a public address without asking callers who they are; says what to do */
    TUNE_SERVICE_ERROR_SETTING,  /* a setting that cannot be met: unknown engine */
} TuneServiceError;

typedef struct TuneService TuneService;

/* What can be refused before anything is opened: an unknown engine, a public address without asking callers
 * who they are.  @n_fds: sockets that were passed, which are looked at by tune_service_listen(). */
gboolean tune_service_check(const TuneSettings *settings, guint n_fds, GError **error);
/* @settings (transfer full), checked. */
TuneService *tune_service_open(TuneSettings *settings, const TuneLog *log, GError **error);
void tune_service_free(TuneService *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TuneService, tune_service_free)

/* @fds: sockets that were passed (n_fds 0: host and port of the settings). */
gboolean tune_service_listen(TuneService *self, const int *fds, guint n_fds, GError **error);
/* Workers of jobs, upkeep, the server. */
gboolean tune_service_start(TuneService *self, GError **error);
/* New values of the settings that can be reloaded.  @settings (transfer full).  FALSE, with the old ones
 * kept: nobody would be asked any more who they are where others can reach the service. */
gboolean tune_service_reload(TuneService *self, TuneSettings *settings, GError **error);
/* Requests under way and renders end; TRUE when all had ended in time. */
gboolean tune_service_drain(TuneService *self);
TuneApi *tune_service_api(TuneService *self);
guint tune_service_port(const TuneService *self);

/* ---- for the stages ---- */
void tune_service_begin(TuneHttpRequest *request, TuneHttpResponse *response, TuneHttpPlan *plan,
                        gpointer user_data);
void tune_service_handle(TuneHttpRequest *request, TuneHttpResponse *response, gpointer user_data);
void tune_service_done(TuneHttpRequest *request, guint status, guint64 body_bytes,
                       gint64 duration_us, gpointer user_data);
void tune_service_refuse(TuneHttpRequest *request, TuneHttpResponse *response, const char *reason,
                         gpointer user_data);
/* The request's own X-Request-ID if it is sane, else a new one. */
void tune_service_name_request(TuneApi *api, TuneCall *call);
