/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "api/auth.h"
#include "api/service.h"
#include "cli/cli.h"
#include "cli/exit.h"
#include "cli/memory.h"
#include "cli/notify.h"
#include "cli/voice.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

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

static void reload(TuneCli *cli, TuneService *service, TuneVoice *voice)
{
    g_autoptr(GError) error = NULL;
    TuneSettings *settings = tune_cli_settings(cli, &error);

    tune_notify("RELOADING=1");
    gint level = settings != NULL ? (gint)tune_voice_level(settings->log_level) : 0;
    if (settings == NULL || !tune_service_reload(service, settings, &error)) {
        tune_voice_tell(TUNE_LOG_ERROR, error->message, voice);
        tune_voice_tell(TUNE_LOG_WARNING, "the settings stay as they were", voice);
    } else {
        g_atomic_int_set(&voice->level, level);
        tune_voice_tell(TUNE_LOG_INFO, "settings and presets are read again", voice);
    }
    tune_notify("READY=1");
}

/* Until somebody wants it to end. */
static void wait_for_end(TuneCli *cli, TuneService *service, const sigset_t *set, TuneVoice *voice)
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

static void say_what_is_used(const TuneSettings *settings, const TuneVoice *voice)
{
    gboolean postgres = g_str_has_prefix(settings->database, "postgres");
    g_autofree char *text = g_strdup_printf(
        "tunesmith: engine %s, data in %s, %s, cache in %s, callers %s", settings->engine,
        settings->data, postgres ? "PostgreSQL" : "SQLite",
        settings->redis != NULL ? "memory and Redis" : "memory",
        tune_auth_is_on(settings) ? "need a key or token" : "are not asked who they are");

    tune_voice_tell(TUNE_LOG_INFO, text, (gpointer)voice);
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
        g_autofree char *line = json_dumps(json, JSON_COMPACT);
        g_free(text);
        text = g_strconcat(line, "\n", NULL);
    }
    return tune_cli_print(text, error);
}

static gint serve(TuneCli *cli, TuneSettings *settings, TuneVoice *voice, GError **error)
{
    TuneLog log = {tune_voice_tell, voice};
    sigset_t set;
    int first;
    guint n_fds = tune_notify_sockets(&first);
    int fds[64];

    for (guint i = 0; i < n_fds; i++)
        fds[i] = first + (int)i;
    tune_memory_share_pools();
    block_signals(&set);
    if (!tune_service_check(settings, n_fds, error)) {
        tune_settings_free(settings);
        return TUNE_EXIT_USAGE;
    }
    say_what_is_used(settings, voice);
    g_autoptr(TuneService) service = tune_service_open(settings, &log, error);
    if (service == NULL || !tune_service_listen(service, fds, n_fds, error) ||
        !tune_service_start(service, error) || !say_where(cli, service, n_fds, error))
        return TUNE_EXIT_FAULT;
    tune_notify("READY=1");
    wait_for_end(cli, service, &set, voice);
    tune_notify("STOPPING=1");
    tune_voice_tell(TUNE_LOG_INFO, "ending: requests under way may finish", voice);
    g_thread_unref(g_thread_new("second-signal", end_at_once, &set));
    if (!tune_service_drain(service))
        tune_voice_tell(TUNE_LOG_WARNING, "not all requests had ended in time", voice);
    g_clear_pointer(&service, tune_service_free);
    tune_voice_tell(TUNE_LOG_INFO, "ended", voice);
    return TUNE_EXIT_DONE;
}

gint tune_command_serve(TuneCli *cli, GError **error)
{
    TuneSettings *settings = tune_cli_settings(cli, error);

    if (settings == NULL)
        return TUNE_EXIT_USAGE;
    TuneVoice voice = {cli->quiet ? TUNE_LOG_WARNING : tune_voice_level(settings->log_level),
                   strcmp(settings->access_log, "json") == 0};
    return serve(cli, settings, &voice, error);
}
