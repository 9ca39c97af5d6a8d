/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store/webhooks.h"
#include "store/queue-private.h"
#include "store/queue.h"
#include "store/record.h"

/* So much is counted for each against the memory that jobs may take, and so often is each tried. */
#define MEMORY   "1048576"
#define ATTEMPTS "8"

/* What a cancelled one wanted to say its owner knows. */
#define DUE "WHERE g.id = $1 AND g.webhook IS NOT NULL AND g.status IN ('completed', 'failed')"

#define NOTE_SQL(now)                                                                          \
    "INSERT INTO webhooks (id, generation_id, url, event, payload, status, created_at) "       \
    "SELECT g.id, g.id, g.webhook, 'generation.' || g.status, '', 'pending', " now            \
    " FROM generations AS g " DUE " ON CONFLICT (id) DO NOTHING"

/* Ahead of all else: it takes no worker. */
#define JOB_SQL(now, payload)                                                                  \
    "INSERT INTO jobs (id, kind, identity, payload, owner, priority, turn, state, "            \
    "max_attempts, memory_bytes, seconds, run_at, created_at) "                                \
    "SELECT g.id, 'webhook', 'webhook:' || g.id, " payload ", coalesce(g.user_id, ''), 100, 0, " \
    "'queued', " ATTEMPTS ", " MEMORY ", 0.1, " now ", " now " FROM generations AS g " DUE     \
    " ON CONFLICT DO NOTHING"

static const TuneStatement NOTED = {"webhook-new", NOTE_SQL("$2"), NOTE_SQL("$2::bigint")};
static const TuneStatement JOB = {
    "webhook-job", JOB_SQL("$2", "json_object('webhook', g.id)"),
    JOB_SQL("$2::bigint", "json_build_object('webhook', g.id)::text")};

gboolean tune_webhooks_enqueue(TuneTx *tx, const char *generation_id, GError **error)
{
    gint64 now = tune_tx_now_us(tx);
    g_autoptr(TuneRows) noted = tune_tx_query(tx, &NOTED, error, "ti", generation_id, now);

    if (noted == NULL)
        return FALSE;
    if (tune_rows_changed(noted) == 0)
        return TRUE;
    g_autoptr(TuneRows) queued = tune_tx_query(tx, &JOB, error, "ti", generation_id, now);
    return queued != NULL && tune_tx_notify(tx, TUNE_QUEUE_CHANNEL, "new", error);
}

static const TuneStatement GET = {
    "webhook-get",
    "SELECT id, url, event, status, attempts, last_error, created_at, delivered_at FROM webhooks "
    "WHERE id = $1",
    NULL};

json_t *tune_webhook_get(TuneStore *store, const char *id, GError **error)
{
    g_autoptr(TuneRows) rows = tune_store_query(store, &GET, TUNE_READ_PRIMARY, error, "t", id);

    if (rows == NULL || tune_rows_count(rows) == 0)
        return NULL;
    json_t *out = json_object();
    tune_record_set_text(out, "id", rows, 0, 0);
    tune_record_set_text(out, "url", rows, 0, 1);
    tune_record_set_text(out, "event", rows, 0, 2);
    tune_record_set_text(out, "status", rows, 0, 3);
    json_object_set_new(out, "attempts", json_integer(tune_rows_int(rows, 0, 4)));
    tune_record_set_text(out, "last_error", rows, 0, 5);
    tune_record_set_time(out, "created_at", rows, 0, 6);
    tune_record_set_time(out, "delivered_at", rows, 0, 7);
    return out;
}

static const TuneStatement NOTE = {
    "webhook-note",
    "UPDATE webhooks SET status = $2, last_error = $3, attempts = attempts + 1, "
    "delivered_at = CASE WHEN $2 = 'delivered' THEN $4 ELSE delivered_at END WHERE id = $1",
    "UPDATE webhooks SET status = $2::text, last_error = $3, attempts = attempts + 1, "
    "delivered_at = CASE WHEN $2::text = 'delivered' THEN $4::bigint ELSE delivered_at END "
    "WHERE id = $1"};

gboolean tune_webhook_note(TuneStore *store, const char *id, const char *status,
                           const char *last_error, GError **error)
{
    g_autoptr(TuneRows) rows =
        tune_store_write(store, &NOTE, error, "ttti", id, status, last_error, g_get_real_time());

    return rows != NULL;
}

/* ---- secrets ---- */

void tune_webhook_secret_free(TuneWebhookSecret *self)
{
    if (self == NULL)
        return;
    g_free(self->secret);
    g_free(self->previous);
    g_free(self);
}

#define SECRET_SQL(now)                                                                        \
    "SELECT secret, CASE WHEN previous_until > " now " THEN previous END, created_at, "        \
    "coalesce(previous_until, 0) FROM webhook_secrets WHERE user_id = $1"
static const TuneStatement SECRET = {"webhook-secret", SECRET_SQL(TUNE_NOW_SQLITE),
                                     SECRET_SQL(TUNE_NOW_POSTGRES)};

TuneWebhookSecret *tune_webhook_secret_get(TuneStore *store, const char *user_id, GError **error)
{
    g_autoptr(TuneRows) rows = tune_store_query(store, &SECRET, TUNE_READ_PRIMARY, error, "t", user_id);

    if (rows == NULL || tune_rows_count(rows) == 0)
        return NULL;
    TuneWebhookSecret *out = g_new0(TuneWebhookSecret, 1);
    out->secret = g_strdup(tune_rows_text(rows, 0, 0));
    out->previous = g_strdup(tune_rows_text(rows, 0, 1));
    out->created_us = tune_rows_int(rows, 0, 2);
    out->previous_until_us = out->previous != NULL ? tune_rows_int(rows, 0, 3) : 0;
    return out;
}

#define SET_SECRET_SQL(now, overlap)                                                           \
    "INSERT INTO webhook_secrets (user_id, secret, created_at) VALUES ($1, $2, " now ") "      \
    "ON CONFLICT (user_id) DO UPDATE SET previous = webhook_secrets.secret, "                  \
    "previous_until = excluded.created_at + " overlap ", secret = excluded.secret, "           \
    "created_at = excluded.created_at"
static const TuneStatement SET_SECRET = {"webhook-secret-set", SET_SECRET_SQL(TUNE_NOW_SQLITE, "$3"),
                                         SET_SECRET_SQL(TUNE_NOW_POSTGRES, "$3::bigint")};

gboolean tune_webhook_secret_set(TuneStore *store, const char *user_id, const char *secret,
                                 gint64 overlap_us, GError **error)
{
    g_autoptr(TuneRows) rows =
        tune_store_write(store, &SET_SECRET, error, "tti", user_id, secret, overlap_us);

    return rows != NULL;
}

static const TuneStatement DROP_SECRET = {"webhook-secret-drop",
                                          "DELETE FROM webhook_secrets WHERE user_id = $1", NULL};

gboolean tune_webhook_secret_drop(TuneStore *store, const char *user_id, GError **error)
{
    g_autoptr(TuneRows) rows = tune_store_write(store, &DROP_SECRET, error, "t", user_id);

    return rows != NULL && tune_rows_changed(rows) > 0;
}
