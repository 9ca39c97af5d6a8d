/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Jobs of the kind "webhook": one POST each, told again by the queue until it arrives.  They wait for other
 * people's servers, so they have threads of their own and no worker's place is taken.
 *
 * What was delivered may be delivered again when this process dies before it is noted: the id is the same, so
 * that the receiver can tell.
 */
#include "jobs/jobs-private.h"
#include "jobs/webhook.h"
#include "store/webhooks.h"

#include <string.h>

/* Seconds before the second, third ... attempt: minutes for a restart, hours for a night. */
static const double pauses[] = {5, 30, 120, 600, 1800, 7200, 18000};

gboolean tune_courier_takes(const TuneClaim *claim)
{
    return strcmp(claim->kind, "webhook") == 0;
}

/* {"type", "timestamp", "data": the status without its report} (transfer full) */
static char *body_of(TuneJobs *jobs, const char *id, const json_t *webhook, GError **error)
{
    g_autoptr(json_t) status = tune_jobs_status(jobs, id, NULL, error);
    g_autoptr(GDateTime) now = g_date_time_new_now_utc();
    g_autofree char *when = g_date_time_format(now, "%Y-%m-%dT%H:%M:%SZ");

    if (status == NULL)
        return NULL;
    json_object_del(status, "report");
    g_autoptr(json_t) body = json_pack("{s:O, s:s, s:O}", "type", json_object_get(webhook, "event"),
                                       "timestamp", when, "data", status);
    return json_dumps(body, JSON_COMPACT);
}

static gboolean deliver(TuneJobs *jobs, TuneTask *task, GError **error)
{
    const char *id = task->claim->id; /* of the generation and of its webhook too */
    g_autoptr(json_t) webhook = tune_webhook_get(jobs->config.store, id, error);
    g_autofree char *body = webhook != NULL ? body_of(jobs, id, webhook, error) : NULL;

    if (body == NULL) {
        /* Whoever ordered it was deleted meanwhile, and it with them. */
        if (error != NULL && *error == NULL)
            g_set_error_literal(error, TUNE_WEBHOOK_ERROR, TUNE_WEBHOOK_ERROR_REFUSED,
                                "there is nothing to tell any more");
        return FALSE;
    }
    g_autoptr(GError) unknown = NULL;
    g_autoptr(TuneWebhookSecret) own =
        tune_webhook_secret_get(jobs->config.store, task->claim->owner, &unknown);
    if (unknown != NULL) { /* not to be signed by another's */
        g_propagate_error(error, g_steal_pointer(&unknown));
        return FALSE;
    }
    TuneWebhookDelivery delivery = {
        .id = id,
        .url = json_string_value(json_object_get(webhook, "url")),
        .body = body,
        .secret = own != NULL ? own->secret : jobs->config.webhook_secret,
        .previous_secret = own != NULL ? own->previous : NULL,
        .timestamp = g_get_real_time() / G_USEC_PER_SEC,
        .allow_private = jobs->config.webhook_private,
    };
    return tune_webhook_deliver(&delivery, task->cancellable, error);
}

static void end(TuneJobs *jobs, TuneTask *task, GError *failure)
{
    TuneStore *store = jobs->config.store;
    const TuneClaim *claim = task->claim;
    g_autoptr(GError) error = NULL;
    gboolean held = FALSE, noted;
    gboolean lasting = g_error_matches(failure, TUNE_WEBHOOK_ERROR, TUNE_WEBHOOK_ERROR_URL) ||
                       g_error_matches(failure, TUNE_WEBHOOK_ERROR, TUNE_WEBHOOK_ERROR_REFUSED) ||
                       g_error_matches(failure, TUNE_JOBS_ERROR, TUNE_JOBS_ERROR_UNKNOWN);
    gboolean again = failure != NULL && !lasting && claim->attempts_left > 0;

    noted = tune_webhook_note(store, claim->id,
                              failure == NULL ? "delivered"
                              : again         ? "pending"
                                              : "failed",
                              failure != NULL ? failure->message : NULL, &error);
    if (noted && failure == NULL)
        noted = tune_queue_drop(store, jobs->worker, claim, &held, &error);
    else if (noted)
        noted = tune_queue_fail(store, jobs->worker, claim, failure->message, !lasting,
                                pauses[MIN(claim->attempt, G_N_ELEMENTS(pauses)) - 1], &held,
                                &error);
    /* When its end cannot be written its lease runs out, and it is tried again. */
    if (!noted)
        tune_log(jobs->config.log, TUNE_LOG_WARNING, "webhook of %s: %s", claim->id, error->message);
}

void tune_courier_run(gpointer data, gpointer user_data)
{
    TuneTask *task = data;
    TuneJobs *jobs = user_data;
    g_autoptr(GError) failure = NULL;
    gboolean held;

    if (deliver(jobs, task, &failure)) {
        end(jobs, task, NULL);
    } else {
        g_mutex_lock(&jobs->lock);
        TuneStop why = task->stop;
        g_mutex_unlock(&jobs->lock);
        if (why == TUNE_STOP_NONE)
            end(jobs, task, failure);
        else if (why == TUNE_STOP_DRAIN)
            tune_queue_hand_back(jobs->config.store, jobs->worker, task->claim, &held, NULL);
    }
    tune_task_dismiss(jobs, task);
}
