/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The server's workers without the server: the same queue, elsewhere.
 */
#include "api/rooms.h"
#include "cli/cli.h"
#include "cli/exit.h"
#include "cli/memory.h"
#include "cli/notify.h"
#include "cli/voice.h"

#include <signal.h>
#include <string.h>
#include <time.h>

#define DRAIN_MS 500 /* for jobs that are nearly done; the others go back into the queue */

/* An SQLite file has one process: the server, which has workers of its own. */
static gboolean check_database(const TuneSettings *settings, GError **error)
{
    if (g_str_has_prefix(settings->database, "postgres"))
        return TRUE;
    g_set_error(error, TUNE_CLI_ERROR, TUNE_CLI_ERROR_USAGE,
                "--database: a worker of its own needs PostgreSQL, as an SQLite file belongs to one "
                "process; `tunesmith serve` has workers in it (--render-workers)");
    return FALSE;
}

/* Of a worker's settings only what it tells can change while it works. */
static void reload(TuneCli *cli, TuneVoice *voice)
{
    g_autoptr(GError) error = NULL;

    tune_notify("RELOADING=1");
    g_autoptr(TuneSettings) settings = tune_cli_settings(cli, &error);
    if (settings == NULL) {
        tune_voice_tell(TUNE_LOG_ERROR, error->message, voice);
        tune_voice_tell(TUNE_LOG_WARNING, "the settings stay as they were", voice);
    } else {
        if (!cli->quiet)
            g_atomic_int_set(&voice->level, (gint)tune_voice_level(settings->log_level));
        tune_voice_tell(TUNE_LOG_INFO, "settings are read again", voice);
    }
    tune_notify("READY=1");
}

static void wait_for_end(TuneCli *cli, const sigset_t *set, TuneVoice *voice)
{
    gint64 beat = tune_notify_watchdog_us();
    gint64 us = beat > 0 ? beat : 3600 * G_TIME_SPAN_SECOND;
    struct timespec patience = {us / G_USEC_PER_SEC, us % G_USEC_PER_SEC * 1000};

    tune_notify("READY=1");
    for (;;) {
        int number = sigtimedwait(set, NULL, &patience);
        if (beat > 0)
            tune_notify("WATCHDOG=1");
        if (number == SIGHUP)
            reload(cli, voice);
        else if (number == SIGINT || number == SIGTERM)
            break;
    }
    tune_notify("STOPPING=1");
}

static gboolean tell_what_is_up(TuneCli *cli, TuneApi *api, GError **error)
{
    TuneJobsStats stats;

    if (!tune_jobs_stats(api->jobs, &stats, error))
        return FALSE;
    g_autofree char *text = g_strdup_printf("working: %u at a time, %.0f MiB of memory\n",
                                            stats.workers, (double)stats.memory_limit / (1 << 20));
    return tune_cli_print(text, error);
}

static gint work(TuneCli *cli, const TuneSettings *settings, TuneVoice *voice, GError **error)
{
    TuneLog log = {tune_voice_tell, voice};
    TuneApi api = {.settings = settings, .log = &log};
    sigset_t set;
    gint status = TUNE_EXIT_FAULT;

    tune_memory_share_pools();
    signal(SIGPIPE, SIG_IGN);
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGHUP);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    if (tune_rooms_open(&api, settings, error) && tune_jobs_start(api.jobs, error) &&
        tell_what_is_up(cli, &api, error)) {
        wait_for_end(cli, &set, voice);
        tune_log(&log, TUNE_LOG_INFO, "ending: what is not done in time goes back into the queue");
        tune_jobs_drain(api.jobs, DRAIN_MS);
        status = TUNE_EXIT_DONE;
    }
    tune_rooms_close(&api);
    return status;
}

gint tune_command_worker(TuneCli *cli, GError **error)
{
    g_autoptr(TuneSettings) settings = tune_cli_settings(cli, error);

    if (settings == NULL || !check_database(settings, error))
        return TUNE_EXIT_USAGE;
    if (settings->render_workers < 0) {
        g_set_error_literal(error, TUNE_CLI_ERROR, TUNE_CLI_ERROR_USAGE,
                            "--render-workers: a worker that renders nothing has nothing to do");
        return TUNE_EXIT_USAGE;
    }
    TuneVoice voice = {cli->quiet ? TUNE_LOG_WARNING : (gint)tune_voice_level(settings->log_level),
                       strcmp(settings->access_log, "json") == 0};
    return work(cli, settings, &voice, error);
}
