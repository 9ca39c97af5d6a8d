/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A statement is one round trip: parse when new, bind, execute, commit.  A transaction's BEGIN
 * travels with its first statement, and what was sent without waiting for its answer with the next one or
 * with COMMIT.  What may be done again is done again: reads after a lost
 * connection, transactions after one that was lost before COMMIT was sent, after a serialisation
 * failure and a deadlock.  A COMMIT whose answer is lost is reported: nobody knows whether it was
 * kept.
 */
#include "base/random.h"
#include "store/advice.h"
#include "store/postgres-private.h"

#include <string.h>

#define ATTEMPTS      5
#define LOST_ATTEMPTS 3
#define GRACE_MS      1000 /* what an answer may take beyond the server's own time-out */
#define CONNECT_MS    3000

typedef struct {
    TuneStore store;
    TunePgPool *pool;
    TunePgReplicas *replicas; /* (nullable) */
} PostgresStore;

typedef struct {
    TuneTx tx;
    TunePg *connection;
    gboolean begun;
    GPtrArray *sent; /* of Sent, to go with the next (nullable) */
    char state[6];
} PostgresTx;

typedef struct {
    const TuneStatement *statement;
    TuneParams *params;
} Sent;

static const TuneStatement NOW = {
    "now", "SELECT (extract(epoch FROM transaction_timestamp()) * 1000000)::bigint", NULL};
/* Transactions look things up by their keys.  Plans are kept, and a queue that was empty when one was made has a
 * hundred thousand rows before the statistics tell. */
static const TuneStatement BY_INDEX = {"by-index", "SELECT set_config('enable_seqscan', 'off', true)",
                                       NULL};
static const TuneStatement PING = {"ping", "SELECT 1", NULL};

static guint wait_ms(const PostgresStore *self)
{
    guint ms = self->store.config.statement_ms;
    return ms == 0 ? G_MAXINT / 2 : ms + GRACE_MS;
}

/* ---- single statements ---- */

/* NULL without an error: it was not asked. */
static TuneRows *run_along(PostgresStore *self, TunePgPool *pool, const TuneStatement *statement,
                           const TuneParams *params, char state[6], gboolean *lost, GError **error)
{
    TunePgAsk ask = {.statement = statement, .params = params};
    TuneRows *rows = NULL;

    tune_pg_trips_read(tune_pg_pool_trips(pool), &ask, self->store.config.pool_wait_ms,
                       wait_ms(self));
    g_strlcpy(state, ask.state, sizeof ask.state);
    *lost = ask.lost;
    if (ask.result != NULL) {
        rows = tune_pg_rows(ask.result);
        PQclear(ask.result);
    }
    if (rows != NULL || ask.error != NULL)
        tune_store_account(&self->store, statement, params, ask.us, rows != NULL);
    if (ask.error != NULL)
        g_propagate_error(error, ask.error);
    return rows;
}

static TuneRows *run_alone(PostgresStore *self, TunePgPool *pool, const TuneStatement *statement,
                           const TuneParams *params, char state[6], gboolean *lost, GError **error)
{
    TunePg *connection = tune_pg_pool_take(pool, self->store.config.pool_wait_ms, error);
    TunePgCommand command = {.statement = statement, .params = params};

    *lost = FALSE;
    state[0] = '\0';
    if (connection == NULL)
        return NULL;
    gint64 start = g_get_monotonic_time();
    TuneRows *rows = tune_pg_run(connection, &command, 1, wait_ms(self), state, error);
    gint64 us = g_get_monotonic_time() - start;
    *lost = connection->lost;
    tune_pg_pool_give(pool, connection);
    tune_store_account(&self->store, statement, params, us, rows != NULL);
    return rows;
}

/* A read; what writes goes alone, and once. */
static TuneRows *run_read(PostgresStore *self, TunePgPool *pool, const TuneStatement *statement,
                          const TuneParams *params, char state[6], gboolean *lost, GError **error)
{
    if (params->quick) {
        g_autoptr(GError) local = NULL;
        TuneRows *rows = run_along(self, pool, statement, params, state, lost, &local);
        if (rows != NULL)
            return rows;
        if (local != NULL) {
            g_propagate_error(error, g_steal_pointer(&local));
            return NULL;
        }
    }
    return run_alone(self, pool, statement, params, state, lost, error);
}

/* NULL without an error: the primary is to be asked. */
static TuneRows *query_replica(PostgresStore *self, const TuneStatement *statement,
                               const TuneParams *params, GError **error)
{
    TunePgPool *pool = tune_pg_replicas_choose(self->replicas);
    g_autoptr(GError) local = NULL;
    gboolean lost;
    char state[6];

    if (pool == NULL)
        return NULL;
    TuneRows *rows = run_read(self, pool, statement, params, state, &lost, &local);
    if (rows != NULL)
        return rows;
    if (!g_error_matches(local, TUNE_STORE_ERROR, TUNE_STORE_ERROR_UNAVAILABLE))
        g_propagate_error(error, g_steal_pointer(&local));
    else if (lost)
        tune_pg_replicas_failed(self->replicas, pool);
    return NULL;
}

static TuneRows *postgres_query(TuneStore *store, const TuneStatement *statement,
                                const TuneParams *params, TuneReadFrom from, GError **error)
{
    PostgresStore *self = (PostgresStore *)store;

    if (from == TUNE_READ && self->replicas != NULL) {
        g_autoptr(GError) local = NULL;
        TuneRows *rows = query_replica(self, statement, params, &local);
        if (rows != NULL || local != NULL) {
            if (local != NULL)
                g_propagate_error(error, g_steal_pointer(&local));
            return rows;
        }
    }
    for (guint attempt = 1;; attempt++) {
        g_autoptr(GError) local = NULL;
        gboolean lost;
        char state[6];
        TuneRows *rows = run_read(self, self->pool, statement, params, state, &lost, &local);
        if (rows != NULL)
            return rows;
        if (!lost || attempt == LOST_ATTEMPTS) {
            g_propagate_error(error, g_steal_pointer(&local));
            return NULL;
        }
    }
}

/* Not kept, and worth another try. */
static gboolean is_collision(const char *state)
{
    return g_str_equal(state, "40001") || g_str_equal(state, "40P01");
}

/* Those who collided wait for different times. */
static void pause_before(guint attempt)
{
    TuneRandom random;
    tune_random_init(&random, (guint64)g_get_monotonic_time(), "store/again");
    g_usleep((gulong)(tune_random_range(&random, 1000, 5000) * (1u << attempt)));
}

static TuneRows *postgres_write(TuneStore *store, const TuneStatement *statement,
                                const TuneParams *params, GError **error)
{
    PostgresStore *self = (PostgresStore *)store;

    __atomic_fetch_add(&store->transactions, 1, __ATOMIC_RELAXED);
    for (guint attempt = 1;; attempt++) {
        g_autoptr(GError) local = NULL;
        gboolean lost;
        char state[6];
        TuneRows *rows = run_alone(self, self->pool, statement, params, state, &lost, &local);
        if (rows != NULL) {
            __atomic_fetch_add(&store->commits, 1, __ATOMIC_RELAXED);
            return rows;
        }
        if (!is_collision(state) || attempt == ATTEMPTS) {
            if (lost)
                g_prefix_error(&local, "it is not known whether a change was kept: ");
            g_propagate_error(error, g_steal_pointer(&local));
            return NULL;
        }
        pause_before(attempt);
    }
}

/* ---- transactions ---- */

static void sent_free(gpointer data)
{
    Sent *self = data;

    tune_params_free(self->params);
    g_free(self);
}

static void postgres_tx_send(TuneTx *tx, const TuneStatement *statement, const TuneParams *params)
{
    PostgresTx *self = (PostgresTx *)tx;
    Sent *sent = g_new(Sent, 1);

    *sent = (Sent){statement, tune_params_copy(params)};
    if (self->sent == NULL)
        self->sent = g_ptr_array_new_with_free_func(sent_free);
    g_ptr_array_add(self->sent, sent);
    tune_store_account(tx->store, statement, params, 0, TRUE);
}

/* @last and all that has to go before it, in one round trip. */
static TuneRows *run_in_tx(PostgresTx *self, const TunePgCommand *last, GError **error)
{
    static const TuneParams none = {.n = 0};
    PostgresStore *store = (PostgresStore *)self->tx.store;
    g_autoptr(GPtrArray) sent = g_steal_pointer(&self->sent);
    guint n_sent = sent != NULL ? sent->len : 0, n = 0;
    g_autofree TunePgCommand *commands = g_new0(TunePgCommand, n_sent + 3);

    if (!self->begun) {
        commands[n++].text = "BEGIN";
        commands[n++] = (TunePgCommand){.statement = &BY_INDEX, .params = &none};
    }
    self->begun = TRUE;
    for (guint i = 0; i < n_sent; i++) {
        const Sent *one = sent->pdata[i];
        commands[n++] = (TunePgCommand){.statement = one->statement, .params = one->params};
    }
    commands[n++] = *last;
    return tune_pg_run(self->connection, commands, n, wait_ms(store), self->state, error);
}

static TuneRows *postgres_tx_query(TuneTx *tx, const TuneStatement *statement,
                                   const TuneParams *params, GError **error)
{
    gint64 start = g_get_monotonic_time();
    TunePgCommand command = {.statement = statement, .params = params};
    TuneRows *rows = run_in_tx((PostgresTx *)tx, &command, error);
    tune_store_account(tx->store, statement, params, g_get_monotonic_time() - start, rows != NULL);
    return rows;
}

static gint64 postgres_tx_now_us(TuneTx *tx)
{
    TuneParams none = {.n = 0};
    TunePgCommand command = {.statement = &NOW, .params = &none};
    g_autoptr(TuneRows) rows = run_in_tx((PostgresTx *)tx, &command, NULL);
    if (rows != NULL)
        return tune_rows_int(rows, 0, 0);
    tx->failed = TRUE; /* the next statement says so */
    return g_get_real_time();
}

typedef enum { TX_KEPT, TX_REFUSED, TX_AGAIN, TX_LOST } TxEnd;

/* How a transaction that is not kept ends. */
static TxEnd give_up(PostgresTx *self)
{
    TunePgCommand rollback = {.text = "ROLLBACK"};

    if (self->connection->lost)
        return TX_LOST;
    if (self->begun) {
        g_autoptr(TuneRows) rows =
            tune_pg_run(self->connection, &rollback, 1, GRACE_MS, NULL, NULL);
        if (rows == NULL)
            self->connection->lost = TRUE;
    }
    return is_collision(self->state) ? TX_AGAIN : TX_REFUSED;
}

static TxEnd commit(PostgresTx *self, GError **error)
{
    TunePgCommand command = {.text = "COMMIT"};

    if (!self->begun && self->sent == NULL)
        return TX_KEPT;
    /* When something sent along fails, COMMIT is skipped. */
    g_autoptr(TuneRows) rows = run_in_tx(self, &command, error);
    if (rows != NULL)
        return TX_KEPT;
    if (!self->connection->lost)
        return give_up(self);
    g_prefix_error(error, "it is not known whether a change was kept: ");
    return TX_REFUSED;
}

static TxEnd run_once(PostgresStore *self, TuneTxBody body, gpointer user_data, GError **error)
{
    PostgresTx tx = {.tx = {.store = &self->store}};
    tx.connection = tune_pg_pool_take(self->pool, self->store.config.pool_wait_ms, error);
    if (tx.connection == NULL)
        return TX_REFUSED;
    gboolean ok = body(&tx.tx, user_data, error);
    TxEnd end;

    if (ok && tx.tx.failed) {
        g_set_error(error, TUNE_STORE_ERROR, TUNE_STORE_ERROR_BROKEN,
                    "the transaction went on after an error");
        ok = FALSE;
    }
    end = ok ? commit(&tx, error) : give_up(&tx);
    tune_pg_pool_give(self->pool, tx.connection);
    if (end == TX_KEPT) {
        __atomic_fetch_add(&self->store.commits, 1, __ATOMIC_RELAXED);
        tune_messages_send(self->store.messages, g_steal_pointer(&tx.tx.messages));
    }
    g_clear_pointer(&tx.tx.messages, g_ptr_array_unref);
    g_clear_pointer(&tx.sent, g_ptr_array_unref);
    return end;
}

static gboolean postgres_transact(TuneStore *store, TuneTxBody body, gpointer user_data,
                                  GError **error)
{
    PostgresStore *self = (PostgresStore *)store;

    __atomic_fetch_add(&store->transactions, 1, __ATOMIC_RELAXED);
    for (guint attempt = 1;; attempt++) {
        g_autoptr(GError) local = NULL;
        TxEnd end = run_once(self, body, user_data, &local);
        if (end == TX_KEPT)
            return TRUE;
        gboolean again =
            (end == TX_AGAIN && attempt < ATTEMPTS) || (end == TX_LOST && attempt < LOST_ATTEMPTS);
        if (!again) {
            if (local != NULL)
                g_propagate_error(error, g_steal_pointer(&local));
            return FALSE;
        }
        if (end == TX_AGAIN)
            pause_before(attempt);
    }
}

/* ---- the rest of the class ---- */

static gboolean postgres_ping(TuneStore *store, GError **error)
{
    PostgresStore *self = (PostgresStore *)store;
    TuneParams none = {.n = 0};
    TunePgCommand command = {.statement = &PING, .params = &none};
    TunePg *connection = tune_pg_pool_take(self->pool, 500, error);

    if (connection == NULL)
        return FALSE;
    g_autoptr(TuneRows) rows = tune_pg_run(connection, &command, 1, 500, NULL, error);
    tune_pg_pool_give(self->pool, connection);
    return rows != NULL;
}

static void postgres_wrote(TuneStore *store, const char *session)
{
    static const TuneStatement position = {
        "position", "SELECT (pg_current_wal_lsn() - '0/0'::pg_lsn)::bigint", NULL};
    PostgresStore *self = (PostgresStore *)store;
    TuneParams none = {.n = 0};
    gboolean lost;
    char state[6];

    if (self->replicas == NULL)
        return;
    g_autoptr(TuneRows) rows = run_alone(self, self->pool, &position, &none, state, &lost, NULL);
    tune_pg_replicas_wrote(self->replicas, session,
                           rows != NULL ? tune_rows_int(rows, 0, 0) : TUNE_PG_POSITION_UNKNOWN);
}

static TuneReadFrom postgres_read_for(TuneStore *store, const char *session)
{
    PostgresStore *self = (PostgresStore *)store;
    return self->replicas == NULL || tune_pg_replicas_show(self->replicas, session)
               ? TUNE_READ
               : TUNE_READ_PRIMARY;
}

static void postgres_stats(TuneStore *store, TuneStoreStats *out)
{
    PostgresStore *self = (PostgresStore *)store;
    TunePgPoolStats pool;
    tune_pg_pool_stats(self->pool, &pool);
    out->pool_size = store->config.pool_size;
    out->active = pool.active;
    out->waiting = pool.waiting;
    out->reconnects = pool.reconnects;
    if (self->replicas != NULL)
        out->replicas_up = tune_pg_replicas_up(self->replicas, &out->replicas);
}

/* EXPLAIN plans the statement for these very values and runs nothing. */
static TuneAdvice *explain(TunePg *connection, TuneStore *store, const TuneStatement *statement,
                           const TuneParams *params)
{
    g_autofree char *sql =
        g_strconcat("EXPLAIN (FORMAT JSON) ", tune_store_sql(store, statement), NULL);
    TuneStatement explained = {"explain", sql, NULL};
    TunePgCommand command = {.statement = &explained, .params = params};
    g_autoptr(TuneRows) rows = tune_pg_run(connection, &command, 1, GRACE_MS, NULL, NULL);

    return rows == NULL || tune_rows_count(rows) != 1
               ? NULL
               : tune_postgres_advise(tune_rows_text(rows, 0, 0));
}

/* The planner may have had its reasons not to use an index that is there. */
static gboolean exists(TunePg *connection, const TuneAdvice *advice)
{
    static const TuneStatement statement = {
        "indexes-of",
        "SELECT 1 FROM pg_indexes WHERE tablename = $1 AND position('(' || $2 IN indexdef) > 0",
        NULL};
    g_autofree char *columns = tune_advice_columns(advice);
    TuneParams params = {
        .n = 2, .at = {{.type = 't', .text = advice->table}, {.type = 't', .text = columns}}};
    TunePgCommand command = {.statement = &statement, .params = &params};
    g_autoptr(TuneRows) rows = tune_pg_run(connection, &command, 1, GRACE_MS, NULL, NULL);

    return rows == NULL || tune_rows_count(rows) > 0;
}

static char *postgres_advise(TuneStore *store, const TuneStatement *statement,
                             const TuneParams *params)
{
    TunePg *connection = tune_pg_pool_open(((PostgresStore *)store)->pool, NULL);
    if (connection == NULL)
        return NULL;
    g_autoptr(TuneAdvice) advice = explain(connection, store, statement, params);
    g_autofree char *sql = NULL;

    if (advice != NULL && !exists(connection, advice))
        sql = tune_advice_sql(advice);
    tune_pg_close(connection);
    return sql == NULL ? NULL : g_strdup_printf("Add index: %s;", sql);
}

static void postgres_close(TuneStore *store)
{
    PostgresStore *self = (PostgresStore *)store;
    tune_pg_replicas_free(self->replicas);
    tune_pg_pool_free(self->pool);
}

static const TuneStoreClass POSTGRES = {
    .postgres = TRUE,
    .query = postgres_query,
    .write = postgres_write,
    .transact = postgres_transact,
    .tx_query = postgres_tx_query,
    .tx_send = postgres_tx_send,
    .tx_now_us = postgres_tx_now_us,
    .ping = postgres_ping,
    .wrote = postgres_wrote,
    .read_for = postgres_read_for,
    .stats = postgres_stats,
    .advise = postgres_advise,
    .close = postgres_close,
};

/* ---- opening ---- */

static gboolean migrator_exec(gpointer connection, const char *sql, GError **error)
{
    return tune_pg_exec(connection, sql, error);
}

static TuneRows *migrator_rows(gpointer connection, const TuneStatement *statement,
                               const TuneParams *params, GError **error)
{
    TunePgCommand command = {.statement = statement, .params = params};
    return tune_pg_run(connection, &command, 1, 60000, NULL, error);
}

/* On a connection of its own, which may take its time.  The lock's number is any, as long as every
 * tunesmith takes the same. */
static gboolean migrate(PostgresStore *self, const char *url, const GPtrArray *migrations,
                        GError **error)
{
    static const char *const begin = "BEGIN; SELECT pg_advisory_xact_lock(7407015325226001516)";
    TunePg *connection = tune_pg_open(url, "SET client_min_messages = error", CONNECT_MS * 2,
                                      &self->store.log, error);
    if (connection == NULL)
        return FALSE;
    TuneMigrator migrator = {connection, migrator_exec, migrator_rows, begin};
    gboolean ok = tune_migrate(&migrator, migrations, &self->store.log, error);
    tune_pg_close(connection);
    return ok;
}

TuneStore *tune_postgres_store_open(const TuneStoreConfig *config, const GPtrArray *migrations,
                                    GError **error)
{
    if (!tune_pg_check_url(config->url, error))
        return NULL;
    for (guint i = 0; config->replica_urls != NULL && config->replica_urls[i] != NULL; i++)
        if (!tune_pg_check_url(config->replica_urls[i], error))
            return NULL;
    PostgresStore *self = g_new0(PostgresStore, 1);
    tune_store_init(&self->store, &POSTGRES, config);
    if (!migrate(self, config->url, migrations, error)) {
        tune_store_clear(&self->store);
        g_free(self);
        return NULL;
    }
    TunePgPoolConfig pool = {.url = config->url,
                             .size = MAX(config->pool_size, 1),
                             .overflow = config->pool_overflow,
                             .wait_ms = config->pool_wait_ms,
                             .recycle_s = config->recycle_s,
                             .spare_s = config->spare_s,
                             .connect_ms = CONNECT_MS,
                             .statement_ms = config->statement_ms,
                             .log = &self->store.log};
    self->pool = tune_pg_pool_new(&pool);
    if (config->replica_urls != NULL && config->replica_urls[0] != NULL)
        self->replicas = tune_pg_replicas_new(config->replica_urls, self->pool, &pool);
    self->store.messages = tune_messages_new(
        &(TuneMessageCarrier){.run = tune_pg_carry_messages, .user_data = self->pool});
    self->store.slow = tune_slow_new(&self->store);
    return &self->store;
}
