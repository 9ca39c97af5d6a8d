/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * PostgreSQL's bad days, on a server that nobody else uses: it is stopped, restarted, frozen and
 * loses connections at the worst moments.
 */
#include "database.h"
#include "store/select.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

static const char TABLES[] =
    "CREATE TABLE things (id TEXT PRIMARY KEY);"
    "CREATE FUNCTION die() RETURNS trigger LANGUAGE plpgsql AS "
    "$$ BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END $$;"
    "CREATE TABLE deadly (id TEXT PRIMARY KEY);"
    "CREATE CONSTRAINT TRIGGER deadly_commit AFTER INSERT ON deadly DEFERRABLE INITIALLY DEFERRED "
    "FOR EACH ROW EXECUTE FUNCTION die();";
static const TuneStatement PUT = {"put", "INSERT INTO things (id) VALUES ($1)", NULL};
static const TuneStatement PUT_DEADLY = {"put-deadly", "INSERT INTO deadly (id) VALUES ($1)", NULL};
static const TuneStatement COUNT = {"count", "SELECT count(*) FROM things", NULL};
static const TuneStatement HAS = {"has", "SELECT 1 FROM things WHERE id = $1", NULL};
static const TuneStatement BACKEND = {"backend", "SELECT pg_backend_pid()", NULL};

/* The one server of all tests; NULL: skipped. */
typedef struct {
    TestServer *server;
    TuneStore *store;
    TuneStoreConfig config;
} Fixture;

static TuneStore *open_store(const TuneStoreConfig *config)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) migrations =
        g_ptr_array_new_with_free_func((GDestroyNotify)tune_migration_free);
    g_ptr_array_add(migrations, tune_migration_new("001-test", TABLES));
    TuneStore *store = tune_store_open_with(config, migrations, &error);
    g_assert_no_error(error);
    return store;
}

static void set_up(Fixture *self, gconstpointer server)
{
    if (server == NULL) {
        g_test_skip("no PostgreSQL");
        return;
    }
    self->server = (TestServer *)server;
    self->config = (TuneStoreConfig)TUNE_STORE_CONFIG_DEFAULT;
    self->config.url = self->server->url;
    self->store = open_store(&self->config);
}

static void reopen(Fixture *self)
{
    tune_store_free(self->store);
    self->store = open_store(&self->config);
}

static void tear_down(Fixture *self, gconstpointer server)
{
    tune_store_free(self->store);
    if (self->server != NULL)
        g_free(test_sql(self->server->url,
                        "DROP TABLE things, deadly, schema_migrations; DROP FUNCTION die"));
}

static gint64 query_int(TuneStore *store, const TuneStatement *statement)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(TuneRows) rows = tune_store_query(store, statement, TUNE_READ_PRIMARY, &error, "");
    g_assert_no_error(error);
    return tune_rows_int(rows, 0, 0);
}

static gboolean has(TuneStore *store, const char *id)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(TuneRows) rows = tune_store_query(store, &HAS, TUNE_READ_PRIMARY, &error, "t", id);
    g_assert_no_error(error);
    return tune_rows_count(rows) == 1;
}

static void terminate_all(const TestServer *server)
{
    g_free(test_sql(server->url,
                    "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
                    "WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"));
}

/* ---- connections ---- */

static void test_refusals_name_no_password(Fixture *self, gconstpointer data)
{
    if (self->store == NULL)
        return;
    const char *socket = strchr(self->server->url, '?');
    g_autofree char *missing = g_strdup_printf("postgresql://tunesmith:hunter2@/nosuch%s", socket);
    g_autofree char *nobody = g_strdup_printf("postgresql://nobody:hunter2@/postgres%s", socket);
    const struct {
        const char *url;
        TuneStoreError code;
    } cases[] = {{missing, TUNE_STORE_ERROR_URL},
                 {nobody, TUNE_STORE_ERROR_URL},
                 {"postgresql://ann:hunter2@/x?host=/nowhere", TUNE_STORE_ERROR_UNAVAILABLE},
                 {"postgresql://ann:hunter2@/x?nonsense=1", TUNE_STORE_ERROR_URL}};
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        TuneStoreConfig config = TUNE_STORE_CONFIG_DEFAULT;
        config.url = cases[i].url;
        g_assert_null(tune_store_open(&config, &error));
        g_assert_error(error, TUNE_STORE_ERROR, (gint)cases[i].code);
        g_assert_null(strstr(error->message, "hunter2"));
    }
}

typedef struct {
    TuneStore *store;
    gint *holding, *let_go; /* atomic */
} Holder;

static gboolean hold(TuneTx *tx, gpointer user_data, GError **error)
{
    Holder *self = user_data;
    g_autoptr(TuneRows) rows = tune_tx_query(tx, &COUNT, error, "");
    g_atomic_int_inc(self->holding);
    while (!g_atomic_int_get(self->let_go))
        g_usleep(1000);
    return rows != NULL;
}

static gpointer hold_thread(gpointer data)
{
    Holder *self = data;
    g_assert_true(tune_store_transact(self->store, hold, self, NULL));
    return NULL;
}

static void test_pool_exhausted(Fixture *self, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    GThread *threads[3];
    gint holding = 0, let_go = 0;
    TuneStoreStats stats;

    if (self->store == NULL)
        return;
    self->config.pool_size = 2;
    self->config.pool_overflow = 1;
    self->config.pool_wait_ms = 50;
    reopen(self);
    Holder holder = {self->store, &holding, &let_go};
    for (guint i = 0; i < G_N_ELEMENTS(threads); i++)
        threads[i] = g_thread_new("holder", hold_thread, &holder);
    while (g_atomic_int_get(&holding) < 3)
        g_usleep(1000);
    g_autoptr(TuneRows) rows = tune_store_query(self->store, &COUNT, TUNE_READ, &error, "");
    g_assert_error(error, TUNE_STORE_ERROR, TUNE_STORE_ERROR_UNAVAILABLE);
    g_assert_null(rows);
    tune_store_stats(self->store, &stats);
    g_assert_cmpuint(stats.pool_size, ==, 2);
    g_assert_cmpuint(stats.active, ==, 3);
    g_atomic_int_set(&let_go, 1);
    for (guint i = 0; i < G_N_ELEMENTS(threads); i++)
        g_thread_join(threads[i]);
    g_assert_cmpint(query_int(self->store, &COUNT), ==, 0);
    tune_store_stats(self->store, &stats);
    g_assert_cmpuint(stats.active, ==, 0);
}

static gint n_open(const Fixture *self)
{
    g_autofree char *open = test_sql(
        self->server->url, "SELECT count(*) FROM pg_stat_activity WHERE application_name = "
                           "'tunesmith' AND query NOT LIKE '%LISTEN%' AND query <> ''");
    return atoi(open);
}

/* Three at once where two are to be kept. */
static void hold_three(Fixture *self)
{
    GThread *threads[3];
    gint holding = 0, let_go = 0;
    Holder holder = {self->store, &holding, &let_go};

    for (guint i = 0; i < G_N_ELEMENTS(threads); i++)
        threads[i] = g_thread_new("holder", hold_thread, &holder);
    while (g_atomic_int_get(&holding) < 3)
        g_usleep(1000);
    g_atomic_int_set(&let_go, 1);
    for (guint i = 0; i < G_N_ELEMENTS(threads); i++)
        g_thread_join(threads[i]);
}

static void test_spare_connections_stay_for_a_while(Fixture *self, gconstpointer data)
{
    if (self->store == NULL)
        return;
    self->config.pool_size = 2;
    self->config.pool_overflow = 1;
    self->config.spare_s = 3600;
    reopen(self);
    hold_three(self);
    g_assert_cmpint(n_open(self), >=, 3);
    self->config.spare_s = 0;
    reopen(self);
    hold_three(self);
    g_assert_cmpint(query_int(self->store, &COUNT), ==, 0);
    g_assert_cmpint(n_open(self), <=, 3); /* with the one that listens */
}

static void test_connections_are_kept_and_recycled(Fixture *self, gconstpointer data)
{
    if (self->store == NULL)
        return;
    gint64 first = query_int(self->store, &BACKEND);
    g_assert_cmpint(query_int(self->store, &BACKEND), ==, first);
    self->config.recycle_s = 0;
    reopen(self);
    first = query_int(self->store, &BACKEND);
    g_assert_cmpint(query_int(self->store, &BACKEND), !=, first);
}

static void test_dead_connections_are_noticed(Fixture *self, gconstpointer data)
{
    TuneStoreStats stats;
    if (self->store == NULL)
        return;
    gint64 before = query_int(self->store, &BACKEND);
    terminate_all(self->server);
    g_assert_cmpint(query_int(self->store, &BACKEND), !=, before);
    tune_store_stats(self->store, &stats);
    g_assert_cmpuint(stats.reconnects, >=, 1);
}

/* A server process that is stopped answers nothing and closes nothing. */
static void test_frozen_server_is_given_up(Fixture *self, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    if (self->store == NULL)
        return;
    self->config.statement_ms = 200;
    reopen(self);
    GPid backend = (GPid)query_int(self->store, &BACKEND);
    g_assert_cmpint(kill(backend, SIGSTOP), ==, 0);
    g_autoptr(TuneRows) rows = tune_store_write(self->store, &PUT, &error, "t", "frozen");
    g_assert_error(error, TUNE_STORE_ERROR, TUNE_STORE_ERROR_UNAVAILABLE);
    g_assert_null(rows);
    g_assert_cmpint(kill(backend, SIGCONT), ==, 0);
    g_assert_cmpint(query_int(self->store, &BACKEND), !=, backend);
}

/* ---- reads that travel together ---- */

enum { READERS = 24, READS = 150 };

typedef struct {
    TuneStore *store;
    gint number;
    gint n_right, n_away, n_refused;
} Reader;

/* 1000 / @number, which the server refuses for 0. */
static TuneRows *divide(TuneStore *store, gint64 number, GError **error)
{
    g_auto(TuneSelect) select;

    tune_select_init(&select, "SELECT ");
    tune_select_int(&select, "1000 / ", number);
    tune_select_int(&select, ", ", number);
    return tune_select_run(&select, store, "divide", TUNE_SELECT_QUICK, TUNE_READ, error);
}

/* Each gets its own answer, and its own error. */
static gpointer read_much(gpointer data)
{
    Reader *self = data;

    for (gint i = 0; i < READS; i++) {
        g_autoptr(GError) error = NULL;
        gint64 number = (self->number * READS + i) % 7;
        g_autoptr(TuneRows) rows = divide(self->store, number, &error);
        if (rows != NULL) {
            g_assert_cmpint(number, !=, 0);
            g_assert_cmpuint(tune_rows_count(rows), ==, 1);
            g_assert_cmpint(tune_rows_int(rows, 0, 0), ==, 1000 / number);
            g_assert_cmpint(tune_rows_int(rows, 0, 1), ==, number);
            self->n_right++;
        } else if (g_error_matches(error, TUNE_STORE_ERROR, TUNE_STORE_ERROR_UNAVAILABLE)) {
            self->n_away++;
        } else {
            g_assert_error(error, TUNE_STORE_ERROR, TUNE_STORE_ERROR_BROKEN);
            g_assert_cmpint(number, ==, 0);
            self->n_refused++;
        }
    }
    return NULL;
}

static Reader read_in_a_crowd(Fixture *self, gboolean kill)
{
    Reader readers[READERS], all = {.store = self->store};
    GThread *threads[READERS];

    for (gint i = 0; i < READERS; i++) {
        readers[i] = (Reader){.store = self->store, .number = i};
        threads[i] = g_thread_new("reader", read_much, &readers[i]);
    }
    if (kill)
        terminate_all(self->server);
    for (gint i = 0; i < READERS; i++) {
        g_thread_join(threads[i]);
        all.n_right += readers[i].n_right;
        all.n_away += readers[i].n_away;
        all.n_refused += readers[i].n_refused;
    }
    g_assert_cmpint(all.n_right + all.n_away + all.n_refused, ==, READERS * READS);
    return all;
}

static void test_reads_travel_together(Fixture *self, gconstpointer data)
{
    if (self->store == NULL)
        return;
    Reader all = read_in_a_crowd(self, FALSE);
    g_assert_cmpint(all.n_away, ==, 0);
    g_assert_cmpint(all.n_refused, ==, (READERS * READS + 6) / 7);
    self->config.pool_size = 1;
    self->config.pool_overflow = 0;
    reopen(self);
    all = read_in_a_crowd(self, FALSE);
    g_assert_cmpint(all.n_away, ==, 0);
    g_assert_cmpint(all.n_refused, ==, (READERS * READS + 6) / 7);
}

static void test_those_of_a_lost_connection_are_asked_again(Fixture *self, gconstpointer data)
{
    g_autoptr(GError) error = NULL;

    if (self->store == NULL)
        return;
    Reader all = read_in_a_crowd(self, TRUE);
    g_assert_cmpint(all.n_right, >, 0);
    g_autoptr(TuneRows) after = divide(self->store, 4, &error);
    g_assert_no_error(error);
    g_assert_cmpint(tune_rows_int(after, 0, 0), ==, 250);
}

/* ---- transactions that lose their connection ---- */

typedef struct {
    const TestServer *server;
    guint runs;
} Loser;

static gboolean lose_once(TuneTx *tx, gpointer user_data, GError **error)
{
    Loser *self = user_data;
    g_autoptr(TuneRows) first = tune_tx_query(tx, &PUT, error, "t", "first");
    if (first == NULL)
        return FALSE;
    if (self->runs++ == 0)
        terminate_all(self->server);
    g_autoptr(TuneRows) second = tune_tx_query(tx, &PUT, error, "t", "second");
    return second != NULL;
}

static void test_lost_before_commit_is_done_again(Fixture *self, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    Loser loser = {.server = self->server};

    if (self->store == NULL)
        return;
    g_assert_true(tune_store_transact(self->store, lose_once, &loser, &error));
    g_assert_no_error(error);
    g_assert_cmpuint(loser.runs, ==, 2);
    g_assert_cmpint(query_int(self->store, &COUNT), ==, 2);
}

static gboolean die_at_commit(TuneTx *tx, gpointer user_data, GError **error)
{
    ++*(guint *)user_data;
    g_autoptr(TuneRows) rows = tune_tx_query(tx, &PUT_DEADLY, error, "t", "x");
    return rows != NULL;
}

static void test_lost_at_commit_is_reported(Fixture *self, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    guint runs = 0;

    if (self->store == NULL)
        return;
    g_assert_false(tune_store_transact(self->store, die_at_commit, &runs, &error));
    g_assert_error(error, TUNE_STORE_ERROR, TUNE_STORE_ERROR_UNAVAILABLE);
    g_assert_nonnull(strstr(error->message, "not known"));
    g_assert_cmpuint(runs, ==, 1);
    g_clear_error(&error);
    g_autoptr(TuneRows) rows = tune_store_write(self->store, &PUT_DEADLY, &error, "t", "y");
    g_assert_error(error, TUNE_STORE_ERROR, TUNE_STORE_ERROR_UNAVAILABLE);
    g_assert_cmpint(query_int(self->store, &COUNT), ==, 0);
}

/* ---- the server goes and comes back ---- */

typedef struct {
    TuneStore *store;
    gint *stop;              /* atomic */
    GPtrArray *kept;         /* of ids that were acknowledged */
    guint n_errors, n_after; /* after: kept since the last error */
} Client;

static gboolean put_body(TuneTx *tx, gpointer user_data, GError **error)
{
    g_autoptr(TuneRows) rows = tune_tx_query(tx, &PUT, error, "t", user_data);
    return rows != NULL;
}

static gpointer client_thread(gpointer data)
{
    Client *self = data;
    for (guint i = 0; !g_atomic_int_get(self->stop); i++) {
        g_autoptr(GError) error = NULL;
        g_autofree char *id = tune_store_new_id();
        gboolean kept;
        if (i % 2 == 0) {
            kept = tune_store_transact(self->store, put_body, id, &error);
        } else {
            g_autoptr(TuneRows) rows = tune_store_write(self->store, &PUT, &error, "t", id);
            kept = rows != NULL;
        }
        if (kept) {
            g_ptr_array_add(self->kept, g_steal_pointer(&id));
            self->n_after++;
        } else {
            g_assert_error(error, TUNE_STORE_ERROR, TUNE_STORE_ERROR_UNAVAILABLE);
            self->n_errors++;
            self->n_after = 0;
            g_usleep(5000);
        }
    }
    return NULL;
}

#define CLIENTS 6

static void test_restart_under_load(Fixture *self, gconstpointer data)
{
    GThread *threads[CLIENTS];
    Client clients[CLIENTS];
    gint stop = 0;
    guint n_errors = 0, n_after = 0;

    if (self->store == NULL)
        return;
    for (guint i = 0; i < CLIENTS; i++) {
        clients[i] = (Client){.store = self->store, .stop = &stop};
        clients[i].kept = g_ptr_array_new_with_free_func(g_free);
        threads[i] = g_thread_new("client", client_thread, &clients[i]);
    }
    for (guint round = 0; round < 2; round++) {
        g_usleep(200000);
        test_server_stop(self->server, "immediate");
        g_autoptr(GError) error = NULL;
        g_assert_false(tune_store_ping(self->store, &error));
        g_assert_error(error, TUNE_STORE_ERROR, TUNE_STORE_ERROR_UNAVAILABLE);
        test_server_start_again(self->server);
    }
    while (!tune_store_ping(self->store, NULL))
        g_usleep(10000);
    g_usleep(300000);
    g_atomic_int_set(&stop, 1);
    for (guint i = 0; i < CLIENTS; i++) {
        g_thread_join(threads[i]);
        n_errors += clients[i].n_errors;
        n_after += clients[i].n_after;
        for (guint k = 0; k < clients[i].kept->len; k++)
            g_assert_true(has(self->store, clients[i].kept->pdata[k]));
        g_ptr_array_unref(clients[i].kept);
    }
    g_assert_cmpuint(n_errors, >, 0);
    g_assert_cmpuint(n_after, >, 0);
}

/* ---- messages ---- */

typedef struct {
    GMutex lock;
    GCond changed;
    guint n_missed;
    GString *heard;
} Ear;

static void listener(const char *channel, const char *payload, gpointer user_data)
{
    Ear *ear = user_data;
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&ear->lock);
    if (payload == NULL)
        ear->n_missed++;
    else
        g_string_append(ear->heard, payload);
    g_cond_broadcast(&ear->changed);
}

static void wait_until(Ear *ear, guint n_missed, const char *heard)
{
    gint64 until = g_get_monotonic_time() + 20 * G_TIME_SPAN_SECOND;
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&ear->lock);
    while (ear->n_missed < n_missed || strstr(ear->heard->str, heard) == NULL)
        g_assert_true(g_cond_wait_until(&ear->changed, &ear->lock, until));
}

static gboolean say(TuneTx *tx, gpointer user_data, GError **error)
{
    return tune_tx_notify(tx, "ear", user_data, error);
}

static void test_messages_between_stores(Fixture *self, gconstpointer data)
{
    Ear ear = {.heard = g_string_new(NULL)};

    if (self->store == NULL)
        return;
    g_autoptr(TuneStore) other = open_store(&self->config);
    tune_store_listen(self->store, "ear", listener, &ear);
    g_assert_true(tune_store_transact(other, say, "one;", NULL));
    wait_until(&ear, 0, "one;");
    terminate_all(self->server);
    wait_until(&ear, 1, "one;");
    g_assert_true(tune_store_transact(other, say, "two;", NULL));
    wait_until(&ear, 1, "two;");
    g_assert_true(tune_store_transact(self->store, say, "own;", NULL));
    wait_until(&ear, 1, "own;");
    g_assert_cmpstr(ear.heard->str, ==, "one;two;own;");
    g_clear_pointer(&self->store, tune_store_free);
    g_string_free(ear.heard, TRUE);
}

/* ---- replicas ---- */

static void wait_for_replicas(TuneStore *store, guint n_up)
{
    gint64 until = g_get_monotonic_time() + 20 * G_TIME_SPAN_SECOND;
    TuneStoreStats stats;
    do {
        g_assert_cmpint(g_get_monotonic_time(), <, until);
        g_usleep(10000);
        tune_store_stats(store, &stats);
    } while (stats.replicas_up != n_up);
}

/* Whether a read with @from is answered by a standby. */
static gboolean from_standby(TuneStore *store, TuneReadFrom from)
{
    static const TuneStatement standby = {"standby", "SELECT pg_is_in_recovery()", NULL};
    g_autoptr(GError) error = NULL;
    g_autoptr(TuneRows) rows = tune_store_query(store, &standby, from, &error, "");
    g_assert_no_error(error);
    return tune_rows_bool(rows, 0, 0);
}

static void test_replicas(Fixture *self, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    TuneStoreStats stats;

    if (self->store == NULL)
        return;
    g_autoptr(TestServer) replica = test_server_copy(self->server);
    if (replica == NULL)
        return;
    const char *const urls[] = {replica->url, NULL};
    self->config.replica_urls = urls;
    reopen(self);
    tune_store_stats(self->store, &stats);
    g_assert_cmpuint(stats.replicas, ==, 1);
    wait_for_replicas(self->store, 1);
    g_assert_true(from_standby(self->store, TUNE_READ));
    g_assert_false(from_standby(self->store, TUNE_READ_PRIMARY));
    /* Replay stops: the writer sees its own write, whatever others see. */
    g_free(test_sql(replica->url, "SELECT pg_wal_replay_pause()"));
    g_autoptr(TuneRows) put = tune_store_write(self->store, &PUT, &error, "t", "own");
    g_assert_no_error(error);
    tune_store_wrote(self->store, "ann");
    TuneReadFrom from = tune_store_read_for(self->store, "ann");
    g_autoptr(TuneRows) own = tune_store_query(self->store, &HAS, from, &error, "t", "own");
    g_assert_no_error(error);
    g_assert_cmpuint(tune_rows_count(own), ==, 1);
    /* Goes on: the replica comes back into use with all of it. */
    g_free(test_sql(replica->url, "SELECT pg_wal_replay_resume()"));
    gint64 until = g_get_monotonic_time() + 20 * G_TIME_SPAN_SECOND;
    while (tune_store_read_for(self->store, "ann") != TUNE_READ) {
        g_assert_cmpint(g_get_monotonic_time(), <, until);
        g_usleep(10000);
    }
    wait_for_replicas(self->store, 1);
    g_autoptr(TuneRows) there = tune_store_query(self->store, &HAS, TUNE_READ, &error, "t", "own");
    g_assert_cmpuint(tune_rows_count(there), ==, 1);
    /* Gone: the primary answers, nobody notices. */
    test_server_stop(replica, "immediate");
    g_assert_false(from_standby(self->store, TUNE_READ));
    wait_for_replicas(self->store, 0);
    g_assert_false(from_standby(self->store, TUNE_READ));
    test_server_start_again(replica);
    wait_for_replicas(self->store, 1);
    g_assert_true(from_standby(self->store, TUNE_READ));
    g_clear_pointer(&self->store, tune_store_free);
}

/* ---- migrations ---- */

static void test_killed_migration_leaves_the_version_before(Fixture *self, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) migrations =
        g_ptr_array_new_with_free_func((GDestroyNotify)tune_migration_free);

    if (self->store == NULL)
        return;
    g_ptr_array_add(migrations, tune_migration_new("001-test", TABLES));
    g_ptr_array_add(migrations,
                    tune_migration_new("002-test", "CREATE TABLE half (id TEXT);"
                                                   "SELECT pg_terminate_backend(pg_backend_pid());"
                                                   "CREATE TABLE other_half (id TEXT);"));
    g_assert_null(tune_store_open_with(&self->config, migrations, &error));
    g_assert_error(error, TUNE_STORE_ERROR, TUNE_STORE_ERROR_UNAVAILABLE);
    reopen(self);
    g_autofree char *left =
        test_sql(self->server->url,
                 "SELECT count(*) FROM pg_tables WHERE tablename IN ('half', 'other_half')");
    g_assert_cmpstr(left, ==, "0");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_autoptr(TestServer) server = test_server_start(
        (const char *const[]){"shared_buffers=16MB", "wal_level=replica", "fsync=off", NULL});
#define ADD(name, test)                                                                            \
    g_test_add("/store/postgres/" name, Fixture, server, set_up, test, tear_down)
    ADD("refusals-name-no-password", test_refusals_name_no_password);
    ADD("pool-exhausted", test_pool_exhausted);
    ADD("spare-connections-stay-for-a-while", test_spare_connections_stay_for_a_while);
    ADD("connections-are-kept-and-recycled", test_connections_are_kept_and_recycled);
    ADD("dead-connections-are-noticed", test_dead_connections_are_noticed);
    ADD("frozen-server-is-given-up", test_frozen_server_is_given_up);
    ADD("reads-travel-together", test_reads_travel_together);
    ADD("those-of-a-lost-connection-are-asked-again",
        test_those_of_a_lost_connection_are_asked_again);
    ADD("lost-before-commit-is-done-again", test_lost_before_commit_is_done_again);
    ADD("lost-at-commit-is-reported", test_lost_at_commit_is_reported);
    ADD("restart-under-load", test_restart_under_load);
    ADD("messages-between-stores", test_messages_between_stores);
    ADD("replicas", test_replicas);
    ADD("killed-migration-leaves-the-version-before",
        test_killed_migration_leaves_the_version_before);
    return g_test_run();
}
