/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Leases, rescue, cancel.
 */
#include "store/queue.h"
#include "store/queue-private.h"

#include <string.h>

#define LEASES_SQL(now)                                                                            \
    "SELECT id, coalesce(worker, ''), attempt, coalesce(lease_until, 0), "                         \
    "coalesce(lease_until, 0) < " now " FROM jobs WHERE state = 'running'"
static const TuneStatement LEASES = {"rescue-leases", LEASES_SQL(TUNE_NOW_SQLITE),
                                     LEASES_SQL(TUNE_NOW_POSTGRES)};

GArray *tune_queue_leases(TuneStore *store, GError **error)
{
    g_autoptr(GArray) leases = g_array_new(FALSE, FALSE, sizeof(TuneLease));
    g_autoptr(TuneRows) rows = tune_store_query(store, &LEASES, TUNE_READ_PRIMARY, error, "");

    if (rows == NULL)
        return NULL;
    for (guint row = 0; row < tune_rows_count(rows); row++) {
        TuneLease lease = {.attempt = (guint)tune_rows_int(rows, row, 2),
                           .lease_until_us = tune_rows_int(rows, row, 3),
                           .expired = tune_rows_bool(rows, row, 4)};

        g_strlcpy(lease.id, tune_rows_text(rows, row, 0), sizeof lease.id);
        g_strlcpy(lease.worker, tune_rows_text(rows, row, 1), sizeof lease.worker);
        g_array_append_val(leases, lease);
    }
    return g_steal_pointer(&leases);
}

/* ---- rescue ---- */

static const TuneStatement LOCK_LEASE = {
    "rescue-lock",
    "SELECT cancelled, attempt - excused >= max_attempts, attempt, coalesce(started_at, "
    "created_at) "
    "FROM jobs WHERE id = $1 AND attempt = $2 AND lease_until = $3 AND state = 'running'",
    "SELECT cancelled, attempt - excused >= max_attempts, attempt, coalesce(started_at, "
    "created_at) "
    "FROM jobs WHERE id = $1 AND attempt = $2 AND lease_until = $3 AND state = 'running' "
    "FOR UPDATE SKIP LOCKED"};

#define DIED "its worker stopped without a word"

typedef struct {
    const TuneLease *leases;
    guint n, n_rescued;
} Rescuing;

/* A job may be what killed its worker: the third attempt and those after it wait. */
static gint64 pause_us(guint attempt)
{
    return attempt < 3 ? 0 : G_USEC_PER_SEC << MIN(attempt - 2, 6);
}

static gboolean rescue_one(TuneTx *tx, const TuneLease *lease, guint *n_rescued, GError **error)
{
    g_autoptr(TuneRows) rows = tune_tx_query(tx, &LOCK_LEASE, error, "tii", lease->id,
                                             (gint64)lease->attempt, lease->lease_until_us);

    if (rows == NULL)
        return FALSE;
    if (tune_rows_count(rows) == 0)
        return TRUE; /* renewed or ended meanwhile */
    if (tune_rows_bool(rows, 0, 0))
        return tune_queue_delete_unwanted(tx, lease->id, error);
    guint attempt = (guint)tune_rows_int(rows, 0, 2);
    if (!tune_rows_bool(rows, 0, 1)) {
        (*n_rescued)++;
        return tune_queue_run_again(tx, lease->id, tune_tx_now_us(tx) + pause_us(attempt), DIED,
                                    error);
    }
    return tune_queue_bury(tx, lease->id, DIED, error) && tune_queue_delete(tx, lease->id, error) &&
           tune_queue_end_generations(tx, lease->id, "failed",
                                      "given up: every attempt stopped without a word", attempt,
                                      tune_rows_int(rows, 0, 3), error);
}

static gboolean rescue(TuneTx *tx, gpointer user_data, GError **error)
{
    Rescuing *asked = user_data;

    asked->n_rescued = 0;
    for (guint i = 0; i < asked->n; i++)
        if (!rescue_one(tx, &asked->leases[i], &asked->n_rescued, error))
            return FALSE;
    return TRUE;
}

gboolean tune_queue_rescue(TuneStore *store, const TuneLease *leases, guint n, guint *n_rescued,
                           GError **error)
{
    Rescuing asked = {leases, n, 0};

    *n_rescued = 0;
    if (n > 0 && !tune_store_transact(store, rescue, &asked, error))
        return FALSE;
    *n_rescued = asked.n_rescued;
    return TRUE;
}

/* ---- cancel ---- */

const TuneStatement tune_queue_soon = {"soon", "SELECT 1",
                                       "SELECT set_config('synchronous_commit', 'off', true)"};

static const TuneStatement FIND = {
    "cancel-find",
    "SELECT status, coalesce(job_id, '') FROM generations "
    "WHERE id = $1 AND ($2 IS NULL OR coalesce(user_id, '') = $2)",
    "SELECT status, coalesce(job_id, '') FROM generations "
    "WHERE id = $1 AND ($2::text IS NULL OR coalesce(user_id, '') = $2::text)"};

/* Held until the end, so that nobody attaches a generation meanwhile. */
static const TuneStatement LOCK_JOB = {"cancel-lock", "SELECT state FROM jobs WHERE id = $1",
                                       "SELECT state FROM jobs WHERE id = $1 FOR UPDATE"};

#define CANCEL_SQL(now)                                                                            \
    "UPDATE generations SET status = 'cancelled', finished_at = " now                              \
    " WHERE id = $1 AND status = 'queued'"
static const TuneStatement CANCEL = {"cancel-generation", CANCEL_SQL(TUNE_NOW_SQLITE),
                                     CANCEL_SQL(TUNE_NOW_POSTGRES)};

#define UNWANTED                                                                                   \
    "NOT EXISTS (SELECT 1 FROM generations WHERE job_id = $1 AND status = 'queued')"
static const TuneStatement STOP = {
    "cancel-stop", "UPDATE jobs SET cancelled = true WHERE id = $1 AND state = 'running' AND " UNWANTED,
    NULL};

static const TuneStatement UNQUEUE = {
    "cancel-unqueue", "DELETE FROM jobs WHERE id = $1 AND state = 'queued' AND " UNWANTED, NULL};

static const TuneStatement OUTCOME = {
    "cancel-outcome",
    "SELECT g.status, coalesce(j.cancelled, false) FROM generations AS g "
    "LEFT JOIN jobs AS j ON j.id = g.job_id WHERE g.id = $1",
    NULL};

typedef struct {
    const char *id, *owner;
    TuneCancelled *out;
} Cancelling;

/* The job goes when nobody wants it; what runs is told to stop.  One round trip. */
static TuneRows *cancel_queued(TuneTx *tx, const char *id, const char *job_id, GError **error)
{
    return tune_tx_send(tx, &tune_queue_soon, error, "") && tune_tx_send(tx, &LOCK_JOB, error, "t", job_id) &&
                   tune_tx_send(tx, &CANCEL, error, "t", id) &&
                   tune_tx_send(tx, &UNQUEUE, error, "t", job_id) &&
                   tune_tx_send(tx, &STOP, error, "t", job_id)
               ? tune_tx_query(tx, &OUTCOME, error, "t", id)
               : NULL;
}

static gboolean cancel(TuneTx *tx, gpointer user_data, GError **error)
{
    const Cancelling *asked = user_data;
    TuneCancelled *out = asked->out;
    g_autoptr(TuneRows) found = tune_tx_query(tx, &FIND, error, "tt", asked->id, asked->owner);

    if (found == NULL)
        return FALSE;
    *out = (TuneCancelled){.found = tune_rows_count(found) == 1};
    if (!out->found)
        return TRUE;
    g_strlcpy(out->status, tune_rows_text(found, 0, 0), sizeof out->status);
    g_strlcpy(out->job_id, tune_rows_text(found, 0, 1), sizeof out->job_id);
    if (strcmp(out->status, "queued") != 0)
        return TRUE;
    g_autoptr(TuneRows) now = cancel_queued(tx, asked->id, out->job_id, error);
    if (now == NULL)
        return FALSE;
    out->found = tune_rows_count(now) == 1;
    const char *status = out->found ? tune_rows_text(now, 0, 0) : "";
    if (strcmp(status, "cancelled") != 0) { /* it ended meanwhile */
        g_strlcpy(out->status, status, sizeof out->status);
        return TRUE;
    }
    out->stop = tune_rows_bool(now, 0, 1);
    g_autofree char *text = g_strconcat(out->stop ? "cancel " : "end ", out->job_id, NULL);
    return tune_tx_notify(tx, TUNE_QUEUE_CHANNEL, text, error);
}

gboolean tune_queue_cancel(TuneStore *store, const char *id, const char *owner, TuneCancelled *out,
                           GError **error)
{
    Cancelling asked = {id, owner, out};

    return tune_store_transact(store, cancel, &asked, error);
}
