/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The life of a claimed job.  A transaction that ends a job takes the job's row first and looks for
 * its generations afterwards: who attaches one more holds the row until it is there
 * (queue-enqueue.c), so none is overlooked.
 */
#include "store/queue.h"
#include "store/queue-private.h"
#include "store/webhooks.h"

#include <string.h>

/* ---- claim ---- */

#define CLAIM_SET "SET state = 'running', attempt = attempt + 1, progress = 0, stage = '', "
#define CLAIM_RETURNING                                                                            \
    "RETURNING jobs.id, kind, identity, payload, owner, attempt, "                                 \
    "max_attempts - (attempt - excused), memory_bytes, seconds, priority, turn, created_at"

static const TuneStatement CLAIM = {
    "claim",
    "UPDATE jobs " CLAIM_SET
    "worker = $1, lease_until = $2 + $3, started_at = coalesce(started_at, $2) WHERE id IN "
    "(SELECT id FROM jobs WHERE state = 'queued' AND run_at <= $2 AND memory_bytes <= $4 "
    "ORDER BY priority DESC, turn, created_at LIMIT $5) " CLAIM_RETURNING,
    "WITH next AS MATERIALIZED (SELECT id AS next_id FROM jobs WHERE state = 'queued' "
    "AND run_at <= $2::bigint AND memory_bytes <= $4::bigint "
    "ORDER BY priority DESC, turn, created_at LIMIT $5::bigint FOR NO KEY UPDATE SKIP LOCKED) "
    "UPDATE jobs " CLAIM_SET "worker = $1, lease_until = $2::bigint + $3::bigint, "
    "started_at = coalesce(started_at, $2::bigint) FROM next WHERE id = next_id " CLAIM_RETURNING};

#define HEAD_SQL(now)                                                                              \
    "SELECT memory_bytes FROM jobs WHERE state = 'queued' AND run_at <= " now                      \
    " ORDER BY priority DESC, turn, created_at LIMIT 1"
static const TuneStatement HEAD_MEMORY = {"claim-head", HEAD_SQL(TUNE_NOW_SQLITE),
                                          HEAD_SQL(TUNE_NOW_POSTGRES)};

typedef struct {
    const char *worker;
    guint limit;
    gint64 memory_bytes, lease_us;
    GPtrArray *claims;
} Claiming;

typedef struct {
    TuneClaim claim; /* first */
    gint64 priority, turn, created_at;
} Ordered;

void tune_claim_free(TuneClaim *self)
{
    if (self == NULL)
        return;
    g_free(self->id);
    g_free(self->kind);
    g_free(self->identity);
    g_free(self->payload);
    g_free(self->owner);
    g_free(self);
}

/* RETURNING comes in any order. */
static gint in_order(gconstpointer a, gconstpointer b)
{
    const Ordered *x = *(const Ordered *const *)a, *y = *(const Ordered *const *)b;

    if (x->priority != y->priority)
        return x->priority > y->priority ? -1 : 1;
    if (x->turn != y->turn)
        return x->turn < y->turn ? -1 : 1;
    return x->created_at < y->created_at ? -1 : x->created_at > y->created_at;
}

static gboolean claim(TuneTx *tx, gpointer user_data, GError **error)
{
    Claiming *asked = user_data;
    g_autoptr(TuneRows) rows =
        tune_tx_query(tx, &CLAIM, error, "tiiii", asked->worker, tune_tx_now_us(tx),
                      asked->lease_us, asked->memory_bytes, (gint64)asked->limit);

    if (rows == NULL)
        return FALSE;
    g_ptr_array_set_size(asked->claims, 0);
    for (guint row = 0; row < tune_rows_count(rows); row++) {
        Ordered *one = g_new0(Ordered, 1);

        one->claim.id = g_strdup(tune_rows_text(rows, row, 0));
        one->claim.kind = g_strdup(tune_rows_text(rows, row, 1));
        one->claim.identity = g_strdup(tune_rows_text(rows, row, 2));
        one->claim.payload = g_strdup(tune_rows_text(rows, row, 3));
        one->claim.owner = g_strdup(tune_rows_text(rows, row, 4));
        one->claim.attempt = (guint)tune_rows_int(rows, row, 5);
        one->claim.attempts_left = (guint)MAX(0, tune_rows_int(rows, row, 6));
        one->claim.memory_bytes = (guint64)tune_rows_int(rows, row, 7);
        one->claim.seconds = tune_rows_real(rows, row, 8);
        one->priority = tune_rows_int(rows, row, 9);
        one->turn = tune_rows_int(rows, row, 10);
        one->created_at = tune_rows_int(rows, row, 11);
        g_ptr_array_add(asked->claims, one);
    }
    g_ptr_array_sort(asked->claims, in_order);
    return TRUE;
}

GPtrArray *tune_queue_claim(TuneStore *store, const char *worker, guint limit, guint64 memory_bytes,
                            guint lease_s, GError **error)
{
    g_autoptr(GPtrArray) claims = g_ptr_array_new_with_free_func((GDestroyNotify)tune_claim_free);
    Claiming asked = {worker, limit, (gint64)MIN(memory_bytes, G_MAXINT64),
                      (gint64)lease_s * G_USEC_PER_SEC, claims};

    return tune_store_transact(store, claim, &asked, error) ? g_steal_pointer(&claims) : NULL;
}

gboolean tune_queue_head_memory(TuneStore *store, guint64 *memory_bytes, GError **error)
{
    g_autoptr(TuneRows) rows = tune_store_query(store, &HEAD_MEMORY, TUNE_READ_PRIMARY, error, "");

    if (rows == NULL)
        return FALSE;
    *memory_bytes = tune_rows_count(rows) > 0 ? (guint64)tune_rows_int(rows, 0, 0) : 0;
    return TRUE;
}

/* ---- renew ---- */

static const TuneStatement RENEW = {
    "renew",
    "UPDATE jobs SET lease_until = $3, progress = o.value ->> 'progress', "
    "stage = o.value ->> 'stage' FROM json_each($1) AS o WHERE jobs.id = o.value ->> 'id' "
    "AND jobs.attempt = o.value ->> 'attempt' AND jobs.worker = $2 AND jobs.state = 'running' "
    "RETURNING id, cancelled",
    "UPDATE jobs SET lease_until = $3::bigint, progress = o.progress, stage = o.stage "
    "FROM json_to_recordset($1::json) AS o(id text, attempt int, progress float8, stage text) "
    "WHERE jobs.id = o.id AND jobs.attempt = o.attempt AND jobs.worker = $2 "
    "AND jobs.state = 'running' RETURNING jobs.id, jobs.cancelled"};

typedef struct {
    const char *worker;
    TuneRenewal *renewals;
    guint n;
    gint64 lease_us;
} Renewing;

static gboolean renew(TuneTx *tx, gpointer user_data, GError **error)
{
    const Renewing *asked = user_data;
    g_autoptr(json_t) array = json_array();

    for (guint i = 0; i < asked->n; i++) {
        TuneRenewal *one = &asked->renewals[i];

        one->held = one->cancelled = FALSE;
        json_array_append_new(array, json_pack("{s:s, s:i, s:f, s:s}", "id", one->id, "attempt",
                                               (int)one->attempt, "progress", one->progress,
                                               "stage", one->stage));
    }
    g_autofree char *text = json_dumps(array, JSON_COMPACT);
    g_autoptr(TuneRows) rows =
        tune_tx_send(tx, &tune_queue_soon, error, "")
            ? tune_tx_query(tx, &RENEW, error, "tti", text, asked->worker,
                            tune_tx_now_us(tx) + asked->lease_us)
            : NULL;
    if (rows == NULL)
        return FALSE;
    for (guint row = 0; row < tune_rows_count(rows); row++)
        for (guint i = 0; i < asked->n; i++)
            if (strcmp(asked->renewals[i].id, tune_rows_text(rows, row, 0)) == 0) {
                asked->renewals[i].held = TRUE;
                asked->renewals[i].cancelled = tune_rows_bool(rows, row, 1);
            }
    return TRUE;
}

gboolean tune_queue_renew(TuneStore *store, const char *worker, TuneRenewal *renewals, guint n,
                          guint lease_s, GError **error)
{
    Renewing asked = {worker, renewals, n, (gint64)lease_s * G_USEC_PER_SEC};

    return n == 0 || tune_store_transact(store, renew, &asked, error);
}

typedef struct {
    const TuneRenewal *renewals;
    const double *audio_seconds;
    guint n;
} Telling;

static gboolean tell(TuneTx *tx, gpointer user_data, GError **error)
{
    const Telling *asked = user_data;

    for (guint i = 0; i < asked->n; i++) {
        char fraction[G_ASCII_DTOSTR_BUF_SIZE], seconds[G_ASCII_DTOSTR_BUF_SIZE];
        g_autofree char *text = g_strdup_printf(
            "progress %s %s %s %s", asked->renewals[i].id,
            g_ascii_formatd(fraction, sizeof fraction, "%.4f", asked->renewals[i].progress),
            g_ascii_formatd(seconds, sizeof seconds, "%.2f", asked->audio_seconds[i]),
            asked->renewals[i].stage);

        if (!tune_tx_notify(tx, TUNE_QUEUE_CHANNEL, text, error))
            return FALSE;
    }
    return TRUE;
}

gboolean tune_queue_tell_progress(TuneStore *store, const TuneRenewal *renewals,
                                  const double *audio_seconds, guint n, GError **error)
{
    Telling asked = {renewals, audio_seconds, n};

    return n == 0 || tune_store_transact(store, tell, &asked, error);
}

/* ---- end ---- */

static const TuneStatement TAKE_AWAY = {
    "end-delete",
    "DELETE FROM jobs WHERE id = $1 AND attempt = $2 AND worker = $3 AND state = 'running' "
    "RETURNING coalesce(started_at, created_at)",
    NULL};

static const TuneStatement END_GENERATIONS = {
    "end-generations",
    "UPDATE generations SET status = $2, error = $3, attempts = $4, started_at = $5, "
    "finished_at = $6 WHERE job_id = $1 AND status = 'queued' "
    "RETURNING id, webhook",
    NULL};

static const TuneStatement BURY = {
    "end-bury",
    "INSERT INTO dead_jobs (id, kind, identity, payload, owner, attempt, last_error, created_at, "
    "died_at) SELECT id, kind, identity, payload, owner, attempt, $2, created_at, $3 FROM jobs "
    "WHERE id = $1",
    "INSERT INTO dead_jobs (id, kind, identity, payload, owner, attempt, last_error, created_at, "
    "died_at) SELECT id, kind, identity, payload, owner, attempt, $2, created_at, $3::bigint "
    "FROM jobs WHERE id = $1"};

static const TuneStatement LOCK_HELD = {
    "end-lock",
    "SELECT coalesce(started_at, created_at) FROM jobs "
    "WHERE id = $1 AND attempt = $2 AND worker = $3 AND state = 'running'",
    "SELECT coalesce(started_at, created_at) FROM jobs WHERE id = $1 AND attempt = $2 "
    "AND worker = $3 AND state = 'running' FOR UPDATE"};

static const TuneStatement SAVE_RESULT = {
    "end-result",
    "INSERT INTO results (identity, recipe_sha256, report, seconds, created_at, used_at) "
    "VALUES ($1, $2, $3, $4, $5, $5) ON CONFLICT (identity) DO UPDATE SET "
    "recipe_sha256 = excluded.recipe_sha256, report = excluded.report, seconds = excluded.seconds, "
    "used_at = excluded.used_at",
    NULL};

static const TuneStatement SAVE_FILES = {
    "end-files",
    "INSERT INTO result_files (identity, name, sha256, mime, bytes) SELECT $2, value ->> 'name', "
    "value ->> 'sha256', value ->> 'mime', value ->> 'bytes' FROM json_each($1) WHERE true "
    "ON CONFLICT (identity, name) DO UPDATE SET sha256 = excluded.sha256, mime = excluded.mime, "
    "bytes = excluded.bytes",
    "INSERT INTO result_files (identity, name, sha256, mime, bytes) "
    "SELECT $2, name, sha256, mime, bytes FROM json_to_recordset($1::json) AS "
    "o(name text, sha256 text, mime text, bytes bigint) "
    "ON CONFLICT (identity, name) DO UPDATE SET sha256 = excluded.sha256, mime = excluded.mime, "
    "bytes = excluded.bytes"};

typedef struct {
    const char *worker;
    const TuneClaim *claim;
    const TuneResult *result; /* complete */
    const char *reason;       /* fail */
    gboolean again;
    gint64 delay_us;
    gboolean held;
} Ending;

static gboolean tell_end(TuneTx *tx, const char *job_id, GError **error)
{
    g_autofree char *text = g_strconcat("end ", job_id, NULL);

    return tune_tx_notify(tx, TUNE_QUEUE_CHANNEL, text, error);
}

gboolean tune_queue_end_generations(TuneTx *tx, const char *job_id, const char *status,
                                    const char *reason, guint attempts, gint64 started_us,
                                    GError **error)
{
    g_autoptr(TuneRows) rows =
        tune_tx_query(tx, &END_GENERATIONS, error, "tttiii", job_id, status, reason,
                      (gint64)attempts, started_us, tune_tx_now_us(tx));

    if (rows == NULL)
        return FALSE;
    for (guint row = 0; row < tune_rows_count(rows); row++)
        if (!tune_rows_is_null(rows, row, 1) &&
            !tune_webhooks_enqueue(tx, tune_rows_text(rows, row, 0), error))
            return FALSE;
    return tell_end(tx, job_id, error);
}

gboolean tune_queue_bury(TuneTx *tx, const char *job_id, const char *reason, GError **error)
{
    g_autoptr(TuneRows) rows =
        tune_tx_query(tx, &BURY, error, "tti", job_id, reason, tune_tx_now_us(tx));

    return rows != NULL;
}

/* The job's row, if it is still ours, by @statement; *held and, when held, *started_us. */
static gboolean hold(TuneTx *tx, const TuneStatement *statement, Ending *asked, gint64 *started_us,
                     GError **error)
{
    g_autoptr(TuneRows) rows = tune_tx_query(tx, statement, error, "tit", asked->claim->id,
                                             (gint64)asked->claim->attempt, asked->worker);

    if (rows == NULL)
        return FALSE;
    asked->held = tune_rows_count(rows) == 1;
    if (asked->held)
        *started_us = tune_rows_int(rows, 0, 0);
    return TRUE;
}

static gboolean save_result(TuneTx *tx, const TuneResult *result, GError **error)
{
    g_autoptr(json_t) files = json_array();
    g_autoptr(TuneRows) saved =
        tune_tx_query(tx, &SAVE_RESULT, error, "tttdi", result->identity, result->recipe_sha256,
                      result->report, result->seconds, tune_tx_now_us(tx));

    if (saved == NULL)
        return FALSE;
    for (guint i = 0; i < result->n_files; i++)
        json_array_append_new(
            files, json_pack("{s:s, s:s, s:s, s:I}", "name", result->files[i].name, "sha256",
                             result->files[i].sha256, "mime", result->files[i].mime, "bytes",
                             (json_int_t)result->files[i].bytes));
    g_autofree char *text = json_dumps(files, JSON_COMPACT);
    g_autoptr(TuneRows) rows = tune_tx_query(tx, &SAVE_FILES, error, "tt", text, result->identity);
    return rows != NULL;
}

static gboolean complete(TuneTx *tx, gpointer user_data, GError **error)
{
    Ending *asked = user_data;
    gint64 started = 0;

    if (!hold(tx, &TAKE_AWAY, asked, &started, error))
        return FALSE;
    return !asked->held || (save_result(tx, asked->result, error) &&
                            tune_queue_end_generations(tx, asked->claim->id, "completed", NULL,
                                                       asked->claim->attempt, started, error));
}

static gboolean end(TuneStore *store, TuneTxBody body, Ending *asked, gboolean *held,
                    GError **error)
{
    gboolean done = tune_store_transact(store, body, asked, error);

    *held = done && asked->held;
    return done;
}

gboolean tune_queue_complete(TuneStore *store, const char *worker, const TuneClaim *claim,
                             const TuneResult *result, gboolean *held, GError **error)
{
    Ending asked = {.worker = worker, .claim = claim, .result = result};

    return end(store, complete, &asked, held, error);
}

/* ---- not done ---- */

#define AGAIN_SET "UPDATE jobs SET state = 'queued', worker = NULL, lease_until = NULL, "

static const TuneStatement AGAIN = {"end-again",
                                    AGAIN_SET "run_at = $2, last_error = $3 WHERE id = $1",
                                    AGAIN_SET "run_at = $2::bigint, last_error = $3 WHERE id = $1"};

static const TuneStatement EXCUSE = {
    "end-excuse", AGAIN_SET "cancelled = false, excused = excused + 1 WHERE id = $1", NULL};

static const TuneStatement WANTED = {
    "end-wanted", "SELECT count(*) FROM generations WHERE job_id = $1 AND status = 'queued'", NULL};

static const TuneStatement DELETE = {"end-delete-any", "DELETE FROM jobs WHERE id = $1", NULL};

gboolean tune_queue_run_again(TuneTx *tx, const char *job_id, gint64 run_at_us, const char *reason,
                              GError **error)
{
    g_autoptr(TuneRows) rows = tune_tx_query(tx, &AGAIN, error, "tit", job_id, run_at_us, reason);

    return rows != NULL && tune_tx_notify(tx, TUNE_QUEUE_CHANNEL, "new", error);
}

gboolean tune_queue_delete(TuneTx *tx, const char *job_id, GError **error)
{
    g_autoptr(TuneRows) rows = tune_tx_query(tx, &DELETE, error, "t", job_id);

    return rows != NULL;
}

static gboolean excuse(TuneTx *tx, const char *job_id, GError **error)
{
    g_autoptr(TuneRows) rows = tune_tx_query(tx, &EXCUSE, error, "t", job_id);

    return rows != NULL && tune_tx_notify(tx, TUNE_QUEUE_CHANNEL, "new", error);
}

gboolean tune_queue_delete_unwanted(TuneTx *tx, const char *job_id, GError **error)
{
    g_autoptr(TuneRows) rows = tune_tx_query(tx, &WANTED, error, "t", job_id);

    if (rows == NULL)
        return FALSE;
    return tune_rows_int(rows, 0, 0) > 0
               ? excuse(tx, job_id, error)
               : tune_queue_delete(tx, job_id, error) && tell_end(tx, job_id, error);
}

static gboolean fail(TuneTx *tx, gpointer user_data, GError **error)
{
    Ending *asked = user_data;
    const TuneClaim *claim = asked->claim;
    gint64 started = 0;

    if (!hold(tx, &LOCK_HELD, asked, &started, error))
        return FALSE;
    if (!asked->held)
        return TRUE;
    if (asked->again && claim->attempts_left > 0)
        return tune_queue_run_again(tx, claim->id, tune_tx_now_us(tx) + asked->delay_us,
                                    asked->reason, error);
    if (asked->again && !tune_queue_bury(tx, claim->id, asked->reason, error))
        return FALSE;
    return tune_queue_delete(tx, claim->id, error) &&
           tune_queue_end_generations(tx, claim->id, "failed", asked->reason, claim->attempt,
                                      started, error);
}

gboolean tune_queue_fail(TuneStore *store, const char *worker, const TuneClaim *claim,
                         const char *reason, gboolean again, double delay_s, gboolean *held,
                         GError **error)
{
    Ending asked = {.worker = worker,
                    .claim = claim,
                    .reason = reason,
                    .again = again,
                    .delay_us = (gint64)(delay_s * G_USEC_PER_SEC)};

    return end(store, fail, &asked, held, error);
}

static gboolean hand_back(TuneTx *tx, gpointer user_data, GError **error)
{
    Ending *asked = user_data;
    gint64 started = 0;

    return hold(tx, &LOCK_HELD, asked, &started, error) &&
           (!asked->held || excuse(tx, asked->claim->id, error));
}

gboolean tune_queue_hand_back(TuneStore *store, const char *worker, const TuneClaim *claim,
                              gboolean *held, GError **error)
{
    Ending asked = {.worker = worker, .claim = claim};

    return end(store, hand_back, &asked, held, error);
}

static gboolean drop(TuneTx *tx, gpointer user_data, GError **error)
{
    Ending *asked = user_data;
    gint64 started = 0;

    return hold(tx, &LOCK_HELD, asked, &started, error) &&
           (!asked->held || tune_queue_delete_unwanted(tx, asked->claim->id, error));
}

gboolean tune_queue_drop(TuneStore *store, const char *worker, const TuneClaim *claim,
                         gboolean *held, GError **error)
{
    Ending asked = {.worker = worker, .claim = claim};

    return end(store, drop, &asked, held, error);
}
