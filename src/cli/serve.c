/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "api/auth.h"
#include "api/service.h"
#include "cli/cli.h"
#include "cli/exit.h"
#include "cli/notify.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* What the service tells, as lines or, beside an access log in JSON, as JSON. */
typedef struct {
    TuneLogLevel level;
    gboolean json;
} Voice;

static TuneLogLevel level_of(const char *name)
{
    static const char *const names[] = {"debug", "info", "warning", "error"};

    for (guint i = 0; i < G_N_ELEMENTS(names); i++)
        if (strcmp(names[i], name) == 0)
            return (TuneLogLevel)i;
    return TUNE_LOG_INFO;
}

static void tell(TuneLogLevel level, const char *message, gpointer user_data)
{
    static const char *const names[] = {"debug", "info", "warning", "error"};
    const Voice *voice = user_data;
    g_autoptr(GDateTime) now = g_date_time_new_now_utc();
    g_autofree char *when = g_date_time_format(now, "%Y-%m-%dT%H:%M:%SZ");

    if (level < (TuneLogLevel)g_atomic_int_get((const gint *)&voice->level))
        return;
    if (!voice->json) {
        fprintf(stderr, "%s %s %s\n", when, names[level], message);
        return;
    }
    g_autofree char *valid = g_utf8_make_valid(message, -1);
    g_autoptr(json_t) line =
        json_pack("{s:s, s:s, s:s}", "time", when, "level", names[level], "message", valid);
    g_autofree char *text = json_dumps(line, JSON_COMPACT);
    fprintf(stderr, "%s\n", text);
}

/* ---- signals ---- */

static void block_signals(sigset_t *set)
{
    signal(SIGPIPE, SIG_IGN);
    sigemptyset(set);
    sigaddset(set, SIGINT);
    sigaddset(set, SIGTERM);
    sigaddset(set, SIGHUP);
    pthread_sigmask(SIG_BLOCK, set, NULL);
}

static void reload(TuneCli *cli, TuneService *service, Voice *voice)
{
    g_autoptr(GError) error = NULL;
    TuneSettings *settings = tune_cli_settings(cli, &error);

    tune_notify("RELOADING=1");
    if (settings == NULL) {
        tell(TUNE_LOG_ERROR, error->message, voice);
        tell(TUNE_LOG_WARNING, "the settings stay as they were", voice);
    } else {
        g_atomic_int_set((gint *)&voice->level, (gint)level_of(settings->log_level));
        tune_service_reload(service, settings);
        tell(TUNE_LOG_INFO, "settings and presets are read again", voice);
    }
    tune_notify("READY=1");
}

/* Until somebody wants it to end. */
static void wait_for_end(TuneCli *cli, TuneService *service, const sigset_t *set, Voice *voice)
{
    gint64 beat = tune_notify_watchdog_us();

    for (;;) {
        gint64 us = beat > 0 ? beat : 3600 * G_TIME_SPAN_SECOND;
        struct timespec patience = {us / G_USEC_PER_SEC, us % G_USEC_PER_SEC * 1000};
        int number = sigtimedwait(set, NULL, &patience);
        if (beat > 0)
            tune_notify("WATCHDOG=1");
        if (number == SIGHUP)
            reload(cli, service, voice);
        else if (number == SIGINT || number == SIGTERM)
            return;
    }
}

/* Who asks a second time means at once. */
static gpointer end_at_once(gpointer user_data)
{
    int number;

    do
        sigwait(user_data, &number);
    while (number == SIGHUP);
    _exit(TUNE_EXIT_CANCELLED);
}

/* ---- what is told ---- */

static void say_what_is_used(const TuneSettings *settings, const Voice *voice)
{
    gboolean postgres = g_str_has_prefix(settings->database, "postgres");
    g_autofree char *text = g_strdup_printf(
        "tunesmith: engine %s, data in %s, %s, cache in %s, callers %s", settings->engine,
        settings->data, postgres ? "PostgreSQL" : "SQLite",
        settings->redis != NULL ? "memory and Redis" : "memory",
        tune_auth_is_on(settings) ? "need a key or token" : "are not asked who they are");

    tell(TUNE_LOG_INFO, text, (gpointer)voice);
}

static gboolean say_where(TuneCli *cli, TuneService *service, guint n_fds, GError **error)
{
    const TuneSettings *settings = tune_api_settings(tune_service_api(service));
    gboolean six = strchr(settings->host, ':') != NULL;
    g_autofree char *url = g_strdup_printf("http://%s%s%s:%u", six ? "[" : "", settings->host,
                                           six ? "]" : "", tune_service_port(service));
    g_autofree char *text =
        n_fds > 0 ? g_strdup_printf("listening on %u passed socket%s\n", n_fds, n_fds == 1 ? "" : "s")
                  : g_strdup_printf("listening on %s\n", url);

    if (cli->json) {
        g_autoptr(json_t) json = json_pack("{s:s?, s:i, s:i}", "listening",
                                           n_fds > 0 ? NULL : url, "sockets", (int)n_fds, "process",
                                           (int)getpid());
        g_free(text);
        text = g_strconcat(json_dumps(json, JSON_COMPACT), "\n", NULL);
    }
    return tune_cli_print(text, error);
}

static gint serve(TuneCli *cli, TuneSettings *settings, Voice *voice, GError **error)
{
    TuneLog log = {tell, voice};
    sigset_t set;
    int first;
    guint n_fds = tune_notify_sockets(&first);
    int fds[64];

    for (guint i = 0; i < n_fds; i++)
        fds[i] = first + (int)i;
    block_signals(&set);
    say_what_is_used(settings, voice);
    g_autoptr(TuneService) service = tune_service_open(settings, &log, error);
    if (service == NULL || !tune_service_listen(service, fds, n_fds, error) ||
        !tune_service_start(service, error) || !say_where(cli, service, n_fds, error))
        return TUNE_EXIT_FAULT;
    tune_notify("READY=1");
    wait_for_end(cli, service, &set, voice);
    tune_notify("STOPPING=1");
    tell(TUNE_LOG_INFO, "ending: requests under way may finish", voice);
    g_thread_unref(g_thread_new("second-signal", end_at_once, &set));
    if (!tune_service_drain(service))
        tell(TUNE_LOG_WARNING, "not all requests had ended in time", voice);
    g_clear_pointer(&service, tune_service_free);
    tell(TUNE_LOG_INFO, "ended", voice);
    return TUNE_EXIT_DONE;
}

gint tune_command_serve(TuneCli *cli, GError **error)
{
    TuneSettings *settings = tune_cli_settings(cli, error);

    if (settings == NULL)
        return TUNE_EXIT_USAGE;
    Voice voice = {cli->quiet ? TUNE_LOG_WARNING : level_of(settings->log_level),
                   strcmp(settings->access_log, "json") == 0};
    return serve(cli, settings, &voice, error);
}
