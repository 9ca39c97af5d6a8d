/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The queue as people see it: positions, counts; and what is forgotten with time.
 */
#include "store/queue.h"
#include "store/queue-private.h"

static const TuneStatement FIRST = {
    "view-first",
    "SELECT priority, turn, seconds, id FROM jobs WHERE state = 'queued' "
    "ORDER BY priority DESC, turn, created_at LIMIT $1",
    "SELECT priority, turn, seconds, id FROM jobs WHERE state = 'queued' "
    "ORDER BY priority DESC, turn, created_at LIMIT $1::bigint"};

#define QUEUED_SQL(now)                                                                        \
    "SELECT count(*), coalesce(sum(seconds), 0.0), coalesce(" now " - min(created_at), 0), " \
    "coalesce(max(turn), 0) FROM jobs WHERE state = 'queued'"
static const TuneStatement QUEUED = {"view-queued", QUEUED_SQL(TUNE_NOW_SQLITE),
                                     QUEUED_SQL(TUNE_NOW_POSTGRES)};

static const TuneStatement RUNNING = {
    "view-running",
    "SELECT count(*), coalesce(sum(seconds * (1 - progress)), 0.0) FROM jobs "
    "WHERE state = 'running'",
    NULL};

static const TuneStatement DEAD = {"view-dead", "SELECT count(*) FROM dead_jobs", NULL};

static gboolean fill(TuneStore *store, guint limit, TuneQueueView *out, GError **error)
{
    TuneReadFrom from = TUNE_READ_PRIMARY;
    g_autoptr(TuneRows) first = tune_store_query(store, &FIRST, from, error, "i", (gint64)limit);
    g_autoptr(TuneRows) queued =
        first != NULL ? tune_store_query(store, &QUEUED, from, error, "") : NULL;
    g_autoptr(TuneRows) running =
        queued != NULL ? tune_store_query(store, &RUNNING, from, error, "") : NULL;
    g_autoptr(TuneRows) dead =
        running != NULL ? tune_store_query(store, &DEAD, from, error, "") : NULL;

    if (dead == NULL)
        return FALSE;
    for (guint row = 0; row < tune_rows_count(first); row++) {
        TuneWaiting waiting = {.priority = (gint)tune_rows_int(first, row, 0),
                               .turn = tune_rows_int(first, row, 1),
                               .seconds = tune_rows_real(first, row, 2)};

        g_strlcpy(waiting.id, tune_rows_text(first, row, 3), sizeof waiting.id);
        g_array_append_val(out->first, waiting);
    }
    out->queued = (guint)tune_rows_int(queued, 0, 0);
    out->queued_seconds = tune_rows_real(queued, 0, 1);
    out->oldest_s = MAX(0.0, (double)tune_rows_int(queued, 0, 2) / 1e6);
    out->last_turn = tune_rows_int(queued, 0, 3);
    out->running = (guint)tune_rows_int(running, 0, 0);
    out->running_seconds = tune_rows_real(running, 0, 1);
    out->dead = (guint)tune_rows_int(dead, 0, 0);
    return TRUE;
}

gboolean tune_queue_view(TuneStore *store, guint limit, TuneQueueView *out, GError **error)
{
    *out = (TuneQueueView){.first = g_array_new(FALSE, FALSE, sizeof(TuneWaiting))};
    if (fill(store, limit, out, error))
        return TRUE;
    tune_queue_view_clear(out);
    return FALSE;
}

void tune_queue_view_clear(TuneQueueView *self)
{
    g_clear_pointer(&self->first, g_array_unref);
}

static const TuneStatement ACTIVE = {"view-active", "SELECT 1 FROM jobs WHERE identity = $1", NULL};

gboolean tune_queue_is_active(TuneStore *store, const char *identity, gboolean *active,
                              GError **error)
{
    g_autoptr(TuneRows) rows =
        tune_store_query(store, &ACTIVE, TUNE_READ_PRIMARY, error, "t", identity);

    if (rows != NULL)
        *active = tune_rows_count(rows) > 0;
    return rows != NULL;
}

static const TuneStatement FORGET_KEYS = {
    "forget-keys",
    "DELETE FROM idempotency WHERE (owner, key) IN "
    "(SELECT owner, key FROM idempotency WHERE created_at < $1 ORDER BY created_at LIMIT 1000)",
    "DELETE FROM idempotency WHERE (owner, key) IN "
    "(SELECT owner, key FROM idempotency WHERE created_at < $1::bigint ORDER BY created_at "
    "LIMIT 1000)"};

static gboolean forget(TuneTx *tx, gpointer user_data, GError **error)
{
    gint64 before = tune_tx_now_us(tx) - *(const gint64 *)user_data;
    g_autoptr(TuneRows) rows = tune_tx_query(tx, &FORGET_KEYS, error, "i", before);

    return rows != NULL;
}

gboolean tune_queue_forget_keys(TuneStore *store, guint age_s, GError **error)
{
    gint64 age_us = (gint64)age_s * G_USEC_PER_SEC;

    return tune_store_transact(store, forget, &age_us, error);
}
