/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Many orders, one transaction.  Each step is one statement over all of them: they travel as one
 * JSON array, which both databases take apart themselves.
 *
 * Two servers may do this at once.  Rows of jobs that get one more generation are locked (FOR KEY
 * SHARE) against the worker's DELETE until the generation is there to be completed with the others;
 * a job that the other server inserted a moment earlier is seen by the insert (fewer rows than
 * given), and all is done again.
 */
#include "store/queue.h"
#include "store/webhooks.h"

#include <string.h>

#define MAX_TRIES 5
#define HOUR_US   G_GINT64_CONSTANT(3600000000)

static const TuneStatement KEYS = {
    "enqueue-keys",
    "SELECT o.value ->> 'n', i.request_hash, i.answer FROM json_each($1) AS o "
    "JOIN idempotency AS i ON i.owner = o.value ->> 'owner' AND i.key = o.value ->> 'key'",
    "SELECT o.n, i.request_hash, i.answer "
    "FROM json_to_recordset($1::json) AS o(n bigint, owner text, key text) CROSS JOIN LATERAL "
    "(SELECT request_hash, answer FROM idempotency WHERE owner = o.owner AND key = o.key LIMIT 1) "
    "AS i"};

/* PostgreSQL: one look into the index for each, whatever the planner thinks of the size of a table that was empty a
 * moment ago; in order, so that two servers lock in the same order. */
#define IDENTITIES                                                                             \
    "(SELECT DISTINCT identity FROM json_to_recordset($1::json) AS x(identity text) ORDER BY 1) AS o"

static const TuneStatement ACTIVE = {
    "enqueue-active",
    "SELECT identity, id, state, priority, turn FROM jobs "
    "WHERE identity IN (SELECT value ->> 'identity' FROM json_each($1))",
    "SELECT j.* FROM " IDENTITIES " CROSS JOIN LATERAL "
    "(SELECT identity, id, state, priority, turn FROM jobs WHERE identity = o.identity LIMIT 1 "
    "FOR KEY SHARE) AS j"};

static const TuneStatement FINISHED = {
    "enqueue-finished",
    "SELECT identity FROM results "
    "WHERE identity IN (SELECT value ->> 'identity' FROM json_each($1))",
    "SELECT r.identity FROM " IDENTITIES " CROSS JOIN LATERAL "
    "(SELECT identity FROM results WHERE identity = o.identity LIMIT 1 FOR KEY SHARE) AS r"};

static const TuneStatement TOUCH = {
    "enqueue-touch",
    "UPDATE results SET used_at = $2 WHERE used_at < $2 - $3 "
    "AND identity IN (SELECT value ->> 'identity' FROM json_each($1))",
    "UPDATE results SET used_at = $2::bigint WHERE used_at < $2::bigint - $3::bigint AND identity "
    "IN "
    "(SELECT o.identity FROM json_to_recordset($1::json) AS o(identity text))"};

static const TuneStatement TURNS = {
    "enqueue-turns",
    "SELECT o.value ->> 'n', (SELECT max(turn) FROM jobs WHERE owner = o.value ->> 'owner' "
    "AND priority = o.value ->> 'priority'), (SELECT turn FROM jobs WHERE state = 'queued' "
    "AND priority = o.value ->> 'priority' ORDER BY turn LIMIT 1) FROM json_each($1) AS o",
    "SELECT o.n, (SELECT max(turn) FROM jobs WHERE owner = o.owner AND priority = o.priority), "
    "(SELECT turn FROM jobs WHERE state = 'queued' AND priority = o.priority "
    "ORDER BY turn LIMIT 1) "
    "FROM json_to_recordset($1::json) AS o(n bigint, owner text, priority int)"};

static const TuneStatement INSERT_JOBS = {
    "enqueue-jobs",
    "INSERT INTO jobs (id, kind, identity, payload, owner, priority, turn, state, max_attempts, "
    "memory_bytes, seconds, run_at, created_at) "
    "SELECT value ->> 'job_id', value ->> 'kind', value ->> 'identity', value ->> 'payload', "
    "value ->> 'owner', value ->> 'priority', value ->> 'turn', 'queued', value ->> "
    "'max_attempts', "
    "value ->> 'memory_bytes', value ->> 'seconds', $2, $2 + (value ->> 'n') "
    "FROM json_each($1) WHERE true ON CONFLICT (identity) DO NOTHING",
    "INSERT INTO jobs (id, kind, identity, payload, owner, priority, turn, state, max_attempts, "
    "memory_bytes, seconds, run_at, created_at) "
    "SELECT job_id, kind, identity, payload, owner, priority, turn, 'queued', max_attempts, "
    "memory_bytes, seconds, $2::bigint, $2::bigint + n FROM json_to_recordset($1::json) AS "
    "o(n bigint, job_id text, kind text, identity text, payload text, owner text, priority int, "
    "turn bigint, max_attempts int, memory_bytes bigint, seconds float8) "
    "ORDER BY identity ON CONFLICT (identity) DO NOTHING"};

/* How many of the jobs are not in the queue, or have a result. */
static const TuneStatement TAKEN = {
    "enqueue-taken", "SELECT 0",
    "SELECT count(*) FROM json_to_recordset($1::json) AS o(job_id text, identity text) "
    "LEFT JOIN LATERAL (SELECT true AS yes FROM jobs WHERE id = o.job_id LIMIT 1) AS j ON true "
    "LEFT JOIN LATERAL (SELECT true AS yes FROM results WHERE identity = o.identity LIMIT 1) AS r "
    "ON true WHERE j.yes IS NULL OR r.yes"};

static const TuneStatement RAISE = {
    "enqueue-raise",
    "UPDATE jobs SET priority = o.value ->> 'priority' FROM json_each($1) AS o "
    "WHERE jobs.identity = o.value ->> 'identity' AND jobs.state = 'queued' "
    "AND jobs.priority < o.value ->> 'priority'",
    "UPDATE jobs SET priority = o.priority "
    "FROM json_to_recordset($1::json) AS o(identity text, priority int) "
    "WHERE jobs.identity = o.identity AND jobs.state = 'queued' AND jobs.priority < o.priority"};

static const TuneStatement INSERT_GENERATIONS = {
    "enqueue-generations",
    "INSERT INTO generations (id, user_id, kind, status, identity, job_id, prompt, request, "
    "engine, "
    "format, seed, priority, webhook, created_at, finished_at) "
    "SELECT value ->> 'id', nullif(value ->> 'owner', ''), value ->> 'kind', value ->> 'status', "
    "value ->> 'identity', value ->> 'job_id', value ->> 'prompt', value ->> 'request', "
    "value ->> 'engine', value ->> 'format', value ->> 'seed', value ->> 'priority', "
    "value ->> 'webhook', $2 + (value ->> 'n'), "
    "CASE value ->> 'status' WHEN 'completed' THEN $2 + (value ->> 'n') END "
    "FROM json_each($1)",
    "INSERT INTO generations (id, user_id, kind, status, identity, job_id, prompt, request, "
    "engine, "
    "format, seed, priority, webhook, created_at, finished_at) "
    "SELECT id, nullif(owner, ''), kind, status, identity, job_id, prompt, request, engine, "
    "format, "
    "seed, priority, webhook, $2::bigint + n, "
    "CASE status WHEN 'completed' THEN $2::bigint + n END "
    "FROM json_to_recordset($1::json) AS o(n bigint, id text, owner text, kind text, status text, "
    "identity text, job_id text, prompt text, request text, engine text, format text, seed bigint, "
    "priority int, webhook text)"};

static const TuneStatement INSERT_KEYS = {
    "enqueue-insert-keys",
    "INSERT INTO idempotency (owner, key, request_hash, status, answer, created_at) "
    "SELECT value ->> 'owner', value ->> 'key', value ->> 'request_hash', 202, value ->> 'id', $2 "
    "FROM json_each($1) WHERE true ON CONFLICT (owner, key) DO NOTHING",
    "INSERT INTO idempotency (owner, key, request_hash, status, answer, created_at) "
    "SELECT owner, key, request_hash, 202, id, $2::bigint FROM json_to_recordset($1::json) AS "
    "o(owner text, key text, request_hash text, id text) ON CONFLICT (owner, key) DO NOTHING"};

typedef struct {
    const TuneEnqueue *const *items;
    TuneEnqueued *out;
    gboolean *raises; /* it shares a job of lower priority */
    guint n;
    gboolean again; /* another server was quicker */
} Batch;

static char *array_text(json_t *array)
{
    return json_dumps(array, JSON_COMPACT);
}

/* Run @statement over @array, unless that is empty; @types "t" or "ti" (with the time). */
static gboolean run(TuneTx *tx, const TuneStatement *statement, const char *types, json_t *array,
                    gint64 now, GError **error)
{
    if (json_array_size(array) == 0)
        return TRUE;
    g_autofree char *text = array_text(array);
    return tune_tx_send(tx, statement, error, types, text, now);
}

/* The same; FALSE with *fewer when it inserted fewer rows than it was given. */
static gboolean insert_all(TuneTx *tx, const TuneStatement *statement, json_t *array, gint64 now,
                           gboolean *fewer, GError **error)
{
    if (json_array_size(array) == 0)
        return TRUE;
    g_autofree char *text = array_text(array);
    g_autoptr(TuneRows) rows = tune_tx_query(tx, statement, error, "ti", text, now);
    *fewer = rows != NULL && tune_rows_changed(rows) < json_array_size(array);
    return rows != NULL && !*fewer;
}

/* ---- what is known ---- */

static gboolean find_keys(Batch *batch, TuneTx *tx, GError **error)
{
    g_autoptr(json_t) asked = json_array();

    for (guint i = 0; i < batch->n; i++)
        if (batch->items[i]->idempotency_key != NULL)
            json_array_append_new(asked, json_pack("{s:i, s:s, s:s}", "n", (int)i, "owner",
                                                   batch->items[i]->owner, "key",
                                                   batch->items[i]->idempotency_key));
    if (json_array_size(asked) == 0)
        return TRUE;
    g_autofree char *text = array_text(asked);
    g_autoptr(TuneRows) rows = tune_tx_query(tx, &KEYS, error, "t", text);
    if (rows == NULL)
        return FALSE;
    for (guint row = 0; row < tune_rows_count(rows); row++) {
        guint i = (guint)tune_rows_int(rows, row, 0);
        TuneEnqueued *out = &batch->out[i];

        if (strcmp(tune_rows_text(rows, row, 1), batch->items[i]->request_hash) != 0)
            out->key_misused = TRUE;
        else
            out->replayed = TRUE;
        g_strlcpy(out->id, tune_rows_text(rows, row, 2), sizeof out->id);
    }
    return TRUE;
}

static gboolean is_open(const Batch *batch, guint i)
{
    return !batch->out[i].replayed && !batch->out[i].key_misused;
}

/* Jobs and results of the same identities. */
static gboolean find_same(Batch *batch, TuneTx *tx, GHashTable *active, GHashTable *finished,
                          gint64 now, GError **error)
{
    g_autoptr(json_t) asked = json_array();

    for (guint i = 0; i < batch->n; i++)
        if (is_open(batch, i))
            json_array_append_new(asked, json_pack("{s:s}", "identity", batch->items[i]->identity));
    g_autofree char *text = array_text(asked);
    g_autoptr(TuneRows) jobs = tune_tx_query(tx, &ACTIVE, error, "t", text);
    if (jobs == NULL)
        return FALSE;
    for (guint row = 0; row < tune_rows_count(jobs); row++) {
        TuneEnqueued *same = g_new0(TuneEnqueued, 1);

        g_strlcpy(same->job_id, tune_rows_text(jobs, row, 1), sizeof same->job_id);
        same->running = strcmp(tune_rows_text(jobs, row, 2), "running") == 0;
        same->priority = (gint)tune_rows_int(jobs, row, 3);
        same->turn = tune_rows_int(jobs, row, 4);
        g_hash_table_insert(active, g_strdup(tune_rows_text(jobs, row, 0)), same);
    }
    g_autoptr(TuneRows) results = tune_tx_query(tx, &FINISHED, error, "t", text);
    if (results == NULL)
        return FALSE;
    for (guint row = 0; row < tune_rows_count(results); row++)
        g_hash_table_add(finished, g_strdup(tune_rows_text(results, row, 0)));
    if (tune_rows_count(results) == 0)
        return TRUE;
    g_autoptr(TuneRows) touched = tune_tx_query(tx, &TOUCH, error, "tii", text, now, HOUR_US);
    return touched != NULL;
}

/* ---- turns ---- */

typedef struct {
    gint64 last; /* the owner's last turn; -1: none */
    gint64 head;
} Share;

static char *share_key(const TuneEnqueue *item)
{
    return g_strdup_printf("%d %s", item->priority, item->owner);
}

/* One row for each owner and priority of the new jobs. */
static gboolean find_turns(const Batch *batch, TuneTx *tx, GHashTable *shares, GError **error)
{
    g_autoptr(json_t) asked = json_array();

    for (guint i = 0; i < batch->n; i++) {
        const TuneEnqueue *item = batch->items[i];
        g_autofree char *key = share_key(item);

        if (!is_open(batch, i) || batch->out[i].how != TUNE_ENQUEUED_NEW ||
            g_hash_table_contains(shares, key))
            continue;
        g_hash_table_insert(shares, g_steal_pointer(&key), g_new0(Share, 1));
        json_array_append_new(asked, json_pack("{s:i, s:s, s:i}", "n", (int)i, "owner", item->owner,
                                               "priority", item->priority));
    }
    if (json_array_size(asked) == 0)
        return TRUE;
    g_autofree char *text = array_text(asked);
    g_autoptr(TuneRows) rows = tune_tx_query(tx, &TURNS, error, "t", text);
    if (rows == NULL)
        return FALSE;
    for (guint row = 0; row < tune_rows_count(rows); row++) {
        g_autofree char *key = share_key(batch->items[tune_rows_int(rows, row, 0)]);
        Share *share = g_hash_table_lookup(shares, key);

        share->last = tune_rows_is_null(rows, row, 1) ? -1 : tune_rows_int(rows, row, 1);
        share->head = tune_rows_int(rows, row, 2);
    }
    return TRUE;
}

static gboolean give_turns(Batch *batch, TuneTx *tx, GError **error)
{
    g_autoptr(GHashTable) shares = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);

    if (!find_turns(batch, tx, shares, error))
        return FALSE;
    for (guint i = 0; i < batch->n; i++) {
        if (!is_open(batch, i) || batch->out[i].how != TUNE_ENQUEUED_NEW)
            continue;
        g_autofree char *key = share_key(batch->items[i]);
        Share *share = g_hash_table_lookup(shares, key);
        gint64 cost = MAX(1, (gint64)(batch->items[i]->seconds * 1000));

        share->last = share->last < 0 ? share->head : MAX(share->head, share->last + cost);
        batch->out[i].turn = share->last;
    }
    return TRUE;
}

/* ---- what becomes of each ---- */

static void decide(Batch *batch, GHashTable *active, GHashTable *finished)
{
    for (guint i = 0; i < batch->n; i++) {
        const TuneEnqueue *item = batch->items[i];
        TuneEnqueued *out = &batch->out[i];
        const TuneEnqueued *same = g_hash_table_lookup(active, item->identity);

        if (!is_open(batch, i))
            continue;
        out->priority = item->priority;
        if (same != NULL) {
            out->how = TUNE_ENQUEUED_SHARED;
            out->running = same->running;
            out->priority = MAX(item->priority, same->priority);
            batch->raises[i] = item->priority > same->priority;
            out->turn = same->turn;
            g_strlcpy(out->job_id, same->job_id, sizeof out->job_id);
        } else if (g_hash_table_contains(finished, item->identity)) {
            out->how = TUNE_ENQUEUED_COMPLETED;
        } else {
            g_autofree char *id = tune_store_new_id();

            out->how = TUNE_ENQUEUED_NEW;
            g_strlcpy(out->job_id, id, sizeof out->job_id);
            g_hash_table_insert(active, g_strdup(item->identity), g_memdup2(out, sizeof *out));
        }
    }
}

static json_t *job_row(const TuneEnqueue *item, const TuneEnqueued *out, guint i)
{
    return json_pack("{s:i, s:s, s:s, s:s, s:s, s:s, s:i, s:I, s:i, s:I, s:f}", "n", (int)i,
                     "job_id", out->job_id, "kind", item->kind, "identity", item->identity,
                     "payload", item->payload, "owner", item->owner, "priority", item->priority,
                     "turn", (json_int_t)out->turn, "max_attempts", (int)item->max_attempts,
                     "memory_bytes", (json_int_t)item->memory_bytes, "seconds", item->seconds);
}

static json_t *generation_row(const TuneEnqueue *item, const TuneEnqueued *out, guint i)
{
    gboolean done = out->how == TUNE_ENQUEUED_COMPLETED;

    return json_pack("{s:i, s:s, s:s, s:s, s:s, s:s, s:s?, s:s, s:s, s:s, s:s, s:I, s:i, s:s?}",
                     "n", (int)i, "id", out->id, "owner", item->owner, "kind", item->kind, "status",
                     done ? "completed" : "queued", "identity", item->identity, "job_id",
                     done ? NULL : out->job_id, "prompt", item->prompt, "request", item->request,
                     "engine", item->engine, "format", item->format, "seed", (json_int_t)item->seed,
                     "priority", item->priority, "webhook", item->webhook);
}

/* FALSE with batch->again when a job of the same identity came from elsewhere, or came, was done and deleted, since
 * this batch looked: then there is a result, which every statement of PostgreSQL from here on sees. */
static gboolean insert_jobs(Batch *batch, TuneTx *tx, json_t *jobs, gint64 now, GError **error)
{
    if (!tune_store_is_postgres(tune_tx_store(tx)) || json_array_size(jobs) == 0)
        return insert_all(tx, &INSERT_JOBS, jobs, now, &batch->again, error);
    g_autofree char *text = array_text(jobs);
    g_autoptr(TuneRows) taken = tune_tx_send(tx, &INSERT_JOBS, error, "ti", text, now)
                                    ? tune_tx_query(tx, &TAKEN, error, "t", text)
                                    : NULL;
    batch->again = taken != NULL && tune_rows_int(taken, 0, 0) > 0;
    return taken != NULL && !batch->again;
}

/* Webhooks of those that are complete at once. */
static gboolean tell_of_finished(const Batch *batch, TuneTx *tx, GError **error)
{
    for (guint i = 0; i < batch->n; i++)
        if (is_open(batch, i) && batch->out[i].how == TUNE_ENQUEUED_COMPLETED &&
            batch->items[i]->webhook != NULL &&
            !tune_webhooks_enqueue(tx, batch->out[i].id, error))
            return FALSE;
    return TRUE;
}

static gboolean write_all(Batch *batch, TuneTx *tx, gint64 now, GError **error)
{
    g_autoptr(json_t) jobs = json_array(), raised = json_array(), generations = json_array(),
                      keys = json_array();

    for (guint i = 0; i < batch->n; i++) {
        const TuneEnqueue *item = batch->items[i];
        TuneEnqueued *out = &batch->out[i];

        if (!is_open(batch, i))
            continue;
        if (out->how == TUNE_ENQUEUED_NEW)
            json_array_append_new(jobs, job_row(item, out, i));
        else if (batch->raises[i])
            json_array_append_new(raised, json_pack("{s:s, s:i}", "identity", item->identity,
                                                    "priority", item->priority));
        json_array_append_new(generations, generation_row(item, out, i));
        if (item->idempotency_key != NULL)
            json_array_append_new(keys, json_pack("{s:s, s:s, s:s, s:s}", "owner", item->owner,
                                                  "key", item->idempotency_key, "request_hash",
                                                  item->request_hash, "id", out->id));
    }
    return insert_jobs(batch, tx, jobs, now, error) && run(tx, &RAISE, "t", raised, now, error) &&
           run(tx, &INSERT_GENERATIONS, "ti", generations, now, error) &&
           insert_all(tx, &INSERT_KEYS, keys, now, &batch->again, error) &&
           tell_of_finished(batch, tx, error) &&
           (json_array_size(jobs) == 0 || tune_tx_notify(tx, TUNE_QUEUE_CHANNEL, "new", error));
}

static gboolean enqueue(TuneTx *tx, gpointer user_data, GError **error)
{
    Batch *batch = user_data;
    g_autoptr(GHashTable) active = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    g_autoptr(GHashTable) finished = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    gint64 now = tune_tx_now_us(tx);

    batch->again = FALSE;
    memset(batch->out, 0, batch->n * sizeof *batch->out);
    memset(batch->raises, 0, batch->n * sizeof *batch->raises);
    for (guint i = 0; i < batch->n; i++) {
        g_autofree char *id = tune_store_new_id();
        g_strlcpy(batch->out[i].id, id, sizeof batch->out[i].id);
    }
    if (!find_keys(batch, tx, error) || !find_same(batch, tx, active, finished, now, error))
        return FALSE;
    decide(batch, active, finished);
    if (!give_turns(batch, tx, error) || !write_all(batch, tx, now, error)) {
        if (batch->again)
            g_set_error_literal(error, TUNE_STORE_ERROR, TUNE_STORE_ERROR_CONFLICT,
                                "another server was quicker");
        return FALSE;
    }
    return TRUE;
}

gboolean tune_queue_enqueue(TuneStore *store, const TuneEnqueue *const *items, TuneEnqueued *out,
                            guint n, GError **error)
{
    g_autofree gboolean *raises = g_new(gboolean, n);
    Batch batch = {.items = items, .out = out, .raises = raises, .n = n};

    for (guint try = 1;; try++) {
        g_autoptr(GError) failure = NULL;

        if (tune_store_transact(store, enqueue, &batch, &failure))
            return TRUE;
        if (!batch.again || try >= MAX_TRIES) {
            g_propagate_error(error, g_steal_pointer(&failure));
            return FALSE;
        }
    }
}
