/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What both databases promise (store/store.h), each case run against SQLite and PostgreSQL.
 */
#include "database.h"
#include "store/store-private.h"

#include <string.h>

static const char SQLITE_TABLES[] =
    "CREATE TABLE things (id TEXT PRIMARY KEY, whole INTEGER, part REAL, flag INTEGER, raw BLOB,"
    "  name TEXT UNIQUE) STRICT;"
    "CREATE TABLE parts (id INTEGER PRIMARY KEY, thing TEXT NOT NULL REFERENCES things (id)) "
    "STRICT;"
    "CREATE TABLE counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT;";
static const char POSTGRES_TABLES[] =
    "CREATE TABLE things (id TEXT PRIMARY KEY, whole BIGINT, part DOUBLE PRECISION, flag BOOLEAN,"
    "  raw BYTEA, name TEXT UNIQUE);"
    "CREATE TABLE parts (id INTEGER PRIMARY KEY, thing TEXT NOT NULL REFERENCES things (id));"
    "CREATE TABLE counters (name TEXT PRIMARY KEY, value BIGINT NOT NULL);";

static const TuneStatement PUT = {
    "put", "INSERT INTO things (id, whole, part, flag, raw, name) VALUES ($1, $2, $3, $4, $5, $6)",
    NULL};
static const TuneStatement GET = {
    "get", "SELECT whole, part, flag, raw, name FROM things WHERE id = $1", NULL};
static const TuneStatement COUNT = {"count", "SELECT count(*) FROM things", NULL};
static const TuneStatement PUT_PART = {"put-part", "INSERT INTO parts (id, thing) VALUES ($1, $2)",
                                       NULL};
static const TuneStatement WRONG = {"wrong", "SELECT nothing FROM nowhere", NULL};
static const TuneStatement SETUP_COUNTER = {
    "counter-new", "INSERT INTO counters (name, value) VALUES ($1, 0)", NULL};
static const TuneStatement READ_COUNTER = {"counter-read",
                                           "SELECT value FROM counters WHERE name = $1",
                                           "SELECT value FROM counters WHERE name = $1 FOR UPDATE"};
static const TuneStatement WRITE_COUNTER = {"counter-write",
                                            "UPDATE counters SET value = $2 WHERE name = $1", NULL};

typedef struct {
    TestDatabase *database;
    TuneStore *store;
    gboolean postgres;
} Fixture;

static GPtrArray *tables(gboolean postgres)
{
    GPtrArray *migrations = g_ptr_array_new_with_free_func((GDestroyNotify)tune_migration_free);
    g_ptr_array_add(migrations,
                    tune_migration_new("001-test", postgres ? POSTGRES_TABLES : SQLITE_TABLES));
    return migrations;
}

static TuneStore *open_with(const TestDatabase *database, TuneStoreConfig config)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) migrations = tables(database->postgres);
    config.url = database->url;
    TuneStore *store = tune_store_open_with(&config, migrations, &error);
    g_assert_no_error(error);
    return store;
}

static void set_up(Fixture *self, gconstpointer data)
{
    TuneStoreConfig config = TUNE_STORE_CONFIG_DEFAULT;
    self->postgres = GPOINTER_TO_INT(data);
    self->database = test_database_new(self->postgres);
    if (self->database != NULL)
        self->store = open_with(self->database, config);
}

static void tear_down(Fixture *self, gconstpointer data)
{
    tune_store_free(self->store);
    test_database_free(self->database);
}

/* ---- values ---- */

static void test_types(Fixture *self, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    static const guint8 raw[] = {0, 1, 255, 0, 39, 92};
    g_autoptr(GBytes) bytes = g_bytes_new_static(raw, sizeof raw);
    const double part = 0.1 + 0.2;
    const char *name = "Ünïcödé \xf0\x9f\x8e\xb5 'quoted' \\ $1 -- ;\n\ttab";

    if (self->store == NULL)
        return;
    g_autoptr(TuneRows) put = tune_store_write(self->store, &PUT, &error, "tidbxt", "a", G_MININT64,
                                               part, TRUE, bytes, name);
    g_assert_no_error(error);
    g_assert_cmpuint(tune_rows_changed(put), ==, 1);
    g_assert_cmpuint(tune_rows_count(put), ==, 0);
    g_autoptr(TuneRows) got =
        tune_store_query(self->store, &GET, TUNE_READ_PRIMARY, &error, "t", "a");
    g_assert_no_error(error);
    g_assert_cmpuint(tune_rows_count(got), ==, 1);
    g_assert_cmpuint(tune_rows_changed(got), ==, 0);
    g_assert_cmpint(tune_rows_int(got, 0, 0), ==, G_MININT64);
    g_assert_cmpfloat(tune_rows_real(got, 0, 1), ==, part);
    g_assert_true(tune_rows_bool(got, 0, 2));
    g_autoptr(GBytes) back = tune_rows_bytes(got, 0, 3);
    g_assert_true(g_bytes_equal(back, bytes));
    g_assert_cmpstr(tune_rows_text(got, 0, 4), ==, name);
}

static void test_nulls(Fixture *self, gconstpointer data)
{
    g_autoptr(GError) error = NULL;

    if (self->store == NULL)
        return;
    g_autoptr(TuneRows) put = tune_store_write(self->store, &PUT, &error, "tnnnxt", "a",
                                               (GBytes *)NULL, (const char *)NULL);
    g_assert_no_error(error);
    g_autoptr(TuneRows) got =
        tune_store_query(self->store, &GET, TUNE_READ_PRIMARY, &error, "t", "a");
    g_assert_no_error(error);
    for (guint i = 0; i < 5; i++)
        g_assert_true(tune_rows_is_null(got, 0, i));
    g_assert_null(tune_rows_text(got, 0, 4));
    g_assert_cmpint(tune_rows_int(got, 0, 0), ==, 0);
    /* The same statement with a value where a null was. */
    g_autoptr(TuneRows) again =
        tune_store_write(self->store, &PUT, &error, "tidbxt", "b", (gint64)5000000000, 1.5, FALSE,
                         (GBytes *)NULL, "");
    g_assert_no_error(error);
    g_autoptr(TuneRows) second =
        tune_store_query(self->store, &GET, TUNE_READ_PRIMARY, &error, "t", "b");
    g_assert_cmpint(tune_rows_int(second, 0, 0), ==, 5000000000);
    g_assert_false(tune_rows_is_null(second, 0, 2));
    g_assert_false(tune_rows_bool(second, 0, 2));
    g_assert_cmpstr(tune_rows_text(second, 0, 4), ==, "");
}

static void test_big_values(Fixture *self, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    gsize size = 8 << 20;
    g_autofree char *text = g_malloc(size + 1);

    if (self->store == NULL)
        return;
    for (gsize i = 0; i < size; i++)
        text[i] = (char)('a' + i * i % 26);
    text[size] = '\0';
    g_autoptr(GBytes) bytes = g_bytes_new(text, size);
    g_autoptr(TuneRows) put = tune_store_write(self->store, &PUT, &error, "tnnnxn", "big", bytes);
    g_assert_no_error(error);
    static const TuneStatement LENGTH = {
        "length", "SELECT length(raw), length($2) FROM things WHERE id = $1", NULL};
    g_autoptr(TuneRows) got =
        tune_store_query(self->store, &LENGTH, TUNE_READ_PRIMARY, &error, "tt", "big", text);
    g_assert_no_error(error);
    g_assert_cmpint(tune_rows_int(got, 0, 0), ==, (gint64)size);
    g_assert_cmpint(tune_rows_int(got, 0, 1), ==, (gint64)size);
    g_autoptr(TuneRows) whole =
        tune_store_query(self->store, &GET, TUNE_READ_PRIMARY, &error, "t", "big");
    g_autoptr(GBytes) back = tune_rows_bytes(whole, 0, 3);
    g_assert_true(g_bytes_equal(back, bytes));
}

static void test_bad_text(Fixture *self, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    if (self->store == NULL)
        return;
    g_autoptr(TuneRows) got =
        tune_store_query(self->store, &GET, TUNE_READ, &error, "t", "bad \xff text");
    g_assert_error(error, TUNE_STORE_ERROR, TUNE_STORE_ERROR_BROKEN);
    g_assert_null(got);
}

/* ---- errors ---- */

static void assert_plain(const GError *error)
{
    g_assert_null(strstr(error->message, "INSERT"));
    g_assert_null(strstr(error->message, "SELECT"));
    g_assert_null(strstr(error->message, "things"));
}

static void test_conflicts(Fixture *self, gconstpointer data)
{
    g_autoptr(GError) error = NULL;

    if (self->store == NULL)
        return;
    g_autoptr(TuneRows) first = tune_store_write(self->store, &PUT, &error, "tnnnnt", "a", "same");
    g_assert_no_error(error);
    g_autoptr(TuneRows) same_key =
        tune_store_write(self->store, &PUT, &error, "tnnnnt", "a", "other");
    g_assert_error(error, TUNE_STORE_ERROR, TUNE_STORE_ERROR_CONFLICT);
    assert_plain(error);
    g_clear_error(&error);
    g_autoptr(TuneRows) same_name =
        tune_store_write(self->store, &PUT, &error, "tnnnnt", "b", "same");
    g_assert_error(error, TUNE_STORE_ERROR, TUNE_STORE_ERROR_CONFLICT);
    g_clear_error(&error);
    g_autoptr(TuneRows) orphan =
        tune_store_write(self->store, &PUT_PART, &error, "it", (gint64)1, "nobody");
    g_assert_error(error, TUNE_STORE_ERROR, TUNE_STORE_ERROR_MISSING);
    assert_plain(error);
    g_clear_error(&error);
    g_autoptr(TuneRows) wrong = tune_store_query(self->store, &WRONG, TUNE_READ, &error, "");
    g_assert_error(error, TUNE_STORE_ERROR, TUNE_STORE_ERROR_BROKEN);
    assert_plain(error);
    g_clear_error(&error);
    /* And all goes on. */
    g_autoptr(TuneRows) got = tune_store_query(self->store, &COUNT, TUNE_READ_PRIMARY, &error, "");
    g_assert_no_error(error);
    g_assert_cmpint(tune_rows_int(got, 0, 0), ==, 1);
}

static void test_statement_time_out(Fixture *self, gconstpointer data)
{
    static const TuneStatement endless = {
        "endless",
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n",
        "SELECT pg_sleep(60)"};
    g_autoptr(GError) error = NULL;
    TuneStoreConfig config = TUNE_STORE_CONFIG_DEFAULT;

    if (self->store == NULL)
        return;
    g_clear_pointer(&self->store, tune_store_free);
    config.statement_ms = 100;
    self->store = open_with(self->database, config);
    g_autoptr(TuneRows) rows = tune_store_query(self->store, &endless, TUNE_READ, &error, "");
    g_assert_error(error, TUNE_STORE_ERROR, TUNE_STORE_ERROR_TIMEOUT);
    g_clear_error(&error);
    g_autoptr(TuneRows) written = tune_store_write(self->store, &endless, &error, "");
    g_assert_error(error, TUNE_STORE_ERROR, TUNE_STORE_ERROR_TIMEOUT);
    g_clear_error(&error);
    g_autoptr(TuneRows) got = tune_store_query(self->store, &COUNT, TUNE_READ, &error, "");
    g_assert_no_error(error);
}

/* ---- transactions ---- */

typedef struct {
    gboolean fail, ignore_error;
    guint runs;
    gint64 now[2];
} Body;

static gboolean two_things(TuneTx *tx, gpointer user_data, GError **error)
{
    Body *body = user_data;
    body->runs++;
    body->now[0] = tune_tx_now_us(tx);
    g_autoptr(TuneRows) one = tune_tx_query(tx, &PUT, error, "tnnnnn", "one");
    if (one == NULL)
        return FALSE;
    g_autoptr(TuneRows) two = tune_tx_query(tx, &PUT, error, "tnnnnn", "two");
    if (two == NULL)
        return FALSE;
    g_autoptr(TuneRows) seen = tune_tx_query(tx, &COUNT, error, "");
    g_assert_cmpint(tune_rows_int(seen, 0, 0), ==, 2);
    body->now[1] = tune_tx_now_us(tx);
    if (body->ignore_error) {
        g_autoptr(TuneRows) again = tune_tx_query(tx, &PUT, NULL, "tnnnnn", "one");
        g_assert_null(again);
        return TRUE;
    }
    if (body->fail) {
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_CANCELLED, "changed my mind");
        return FALSE;
    }
    return TRUE;
}

static gint64 count_things(TuneStore *store)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(TuneRows) rows = tune_store_query(store, &COUNT, TUNE_READ_PRIMARY, &error, "");
    g_assert_no_error(error);
    return tune_rows_int(rows, 0, 0);
}

static void test_transactions(Fixture *self, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    Body body = {.fail = TRUE};

    if (self->store == NULL)
        return;
    g_assert_false(tune_store_transact(self->store, two_things, &body, &error));
    g_assert_error(error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
    g_clear_error(&error);
    g_assert_cmpint(count_things(self->store), ==, 0);
    body = (Body){.ignore_error = TRUE};
    g_assert_false(tune_store_transact(self->store, two_things, &body, &error));
    g_assert_nonnull(error);
    g_clear_error(&error);
    g_assert_cmpint(count_things(self->store), ==, 0);
    body = (Body){.fail = FALSE};
    g_assert_true(tune_store_transact(self->store, two_things, &body, &error));
    g_assert_no_error(error);
    g_assert_cmpint(count_things(self->store), ==, 2);
    g_assert_cmpint(body.now[0], ==, body.now[1]);
    g_assert_cmpint(ABS(body.now[0] - g_get_real_time()), <, 60 * G_TIME_SPAN_SECOND);
}

static gboolean add_one(TuneTx *tx, gpointer user_data, GError **error)
{
    g_autoptr(TuneRows) rows = tune_tx_query(tx, &READ_COUNTER, error, "t", "n");
    if (rows == NULL)
        return FALSE;
    g_autoptr(TuneRows) written =
        tune_tx_query(tx, &WRITE_COUNTER, error, "ti", "n", tune_rows_int(rows, 0, 0) + 1);
    return written != NULL && tune_rows_changed(written) == 1;
}

#define WRITERS           8
#define WRITES_PER_THREAD 50

static gpointer add_many(gpointer data)
{
    for (guint i = 0; i < WRITES_PER_THREAD; i++) {
        g_autoptr(GError) error = NULL;
        g_assert_true(tune_store_transact(data, add_one, NULL, &error));
        g_assert_no_error(error);
    }
    return NULL;
}

static void test_concurrent_writers(Fixture *self, gconstpointer data)
{
    GThread *threads[WRITERS];
    g_autoptr(GError) error = NULL;

    if (self->store == NULL)
        return;
    g_autoptr(TuneRows) made = tune_store_write(self->store, &SETUP_COUNTER, &error, "t", "n");
    g_assert_no_error(error);
    for (guint i = 0; i < WRITERS; i++)
        threads[i] = g_thread_new("writer", add_many, self->store);
    for (guint i = 0; i < WRITERS; i++)
        g_thread_join(threads[i]);
    g_autoptr(TuneRows) rows =
        tune_store_query(self->store, &READ_COUNTER, TUNE_READ_PRIMARY, &error, "t", "n");
    g_assert_no_error(error);
    g_assert_cmpint(tune_rows_int(rows, 0, 0), ==, WRITERS * WRITES_PER_THREAD);
}

/* Two bodies that take the same two rows in opposite order: PostgreSQL ends one of them, which is
 * run again. */
typedef struct {
    TuneStore *store;
    const char *first, *second;
    gint *inside; /* atomic: bodies that hold their first row */
    guint runs;
} Crossing;

static gboolean cross(TuneTx *tx, gpointer user_data, GError **error)
{
    Crossing *self = user_data;
    self->runs++;
    g_autoptr(TuneRows) first =
        tune_tx_query(tx, &WRITE_COUNTER, error, "ti", self->first, (gint64)1);
    if (first == NULL)
        return FALSE;
    g_atomic_int_inc(self->inside);
    gint64 until = g_get_monotonic_time() + 300 * 1000;
    while (g_atomic_int_get(self->inside) < 2 && g_get_monotonic_time() < until)
        g_usleep(1000);
    g_autoptr(TuneRows) second =
        tune_tx_query(tx, &WRITE_COUNTER, error, "ti", self->second, (gint64)2);
    return second != NULL;
}

static gpointer cross_thread(gpointer data)
{
    Crossing *self = data;
    g_autoptr(GError) error = NULL;
    g_assert_true(tune_store_transact(self->store, cross, self, &error));
    g_assert_no_error(error);
    return NULL;
}

static void test_deadlock_is_retried(Fixture *self, gconstpointer data)
{
    gint inside = 0;
    if (self->store == NULL)
        return;
    for (const char *const *name = (const char *const[]){"a", "b", NULL}; *name != NULL; name++)
        tune_rows_free(tune_store_write(self->store, &SETUP_COUNTER, NULL, "t", *name));
    Crossing one = {.store = self->store, .first = "a", .second = "b", .inside = &inside};
    Crossing two = {.store = self->store, .first = "b", .second = "a", .inside = &inside};
    GThread *threads[] = {g_thread_new("one", cross_thread, &one),
                          g_thread_new("two", cross_thread, &two)};
    g_thread_join(threads[0]);
    g_thread_join(threads[1]);
    if (self->postgres)
        g_assert_cmpuint(one.runs + two.runs, >, 2);
    else
        g_assert_cmpuint(one.runs + two.runs, ==, 2);
}

/* ---- messages ---- */

typedef struct {
    GMutex lock;
    GCond heard;
    GPtrArray *payloads; /* NULL: something was missed */
} Ear;

static void listener(const char *channel, const char *payload, gpointer user_data)
{
    Ear *ear = user_data;
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&ear->lock);
    g_ptr_array_add(ear->payloads, g_strdup(payload));
    g_cond_broadcast(&ear->heard);
}

static void wait_heard(Ear *ear, guint n)
{
    gint64 until = g_get_monotonic_time() + 10 * G_TIME_SPAN_SECOND;
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&ear->lock);
    while (ear->payloads->len < n && g_cond_wait_until(&ear->heard, &ear->lock, until))
        ;
    g_assert_cmpuint(ear->payloads->len, ==, n);
}

static void wait_heard_some(Ear *ear)
{
    gint64 until = g_get_monotonic_time() + 10 * G_TIME_SPAN_SECOND;
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&ear->lock);
    while (ear->payloads->len == 0)
        g_assert_true(g_cond_wait_until(&ear->heard, &ear->lock, until));
}

static gboolean say(TuneTx *tx, gpointer user_data, GError **error)
{
    const char *text = user_data;
    if (!tune_tx_notify(tx, "test_channel", text, error) ||
        !tune_tx_notify(tx, "other", "unheard", error))
        return FALSE;
    if (!g_str_equal(text, "fail"))
        return TRUE;
    g_set_error(error, G_IO_ERROR, G_IO_ERROR_CANCELLED, "no");
    return FALSE;
}

static void test_messages(Fixture *self, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    Ear ear = {.payloads = g_ptr_array_new_with_free_func(g_free)};

    if (self->store == NULL)
        return;
    guint id = tune_store_listen(self->store, "test_channel", listener, &ear);
    g_assert_cmpuint(id, !=, 0);
    g_assert_false(tune_store_transact(self->store, say, "fail", NULL));
    g_assert_true(tune_store_transact(self->store, say, "first ♫", &error));
    g_assert_no_error(error);
    g_assert_true(tune_store_transact(self->store, say, "second", &error));
    wait_heard(&ear, 2);
    g_assert_cmpstr(ear.payloads->pdata[0], ==, "first ♫");
    g_assert_cmpstr(ear.payloads->pdata[1], ==, "second");
    tune_store_unlisten(self->store, id);
    g_assert_true(tune_store_transact(self->store, say, "third", &error));
    Ear later = {.payloads = g_ptr_array_new_with_free_func(g_free)};
    id = tune_store_listen(self->store, "other", listener, &later);
    g_assert_true(tune_store_transact(self->store, say, "fourth", &error));
    wait_heard_some(&later);
    tune_store_unlisten(self->store, id);
    g_assert_cmpuint(ear.payloads->len, ==, 2);
    g_ptr_array_unref(later.payloads);
    g_ptr_array_unref(ear.payloads);
}

/* ---- migrations ---- */

static void test_migrations(Fixture *self, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    TuneStoreConfig config = TUNE_STORE_CONFIG_DEFAULT;

    if (self->store == NULL)
        return;
    config.url = self->database->url;
    g_autoptr(GPtrArray) migrations = tables(self->postgres);
    /* Broken in the middle: the first statement of it is undone, the version before stays. */
    g_ptr_array_add(migrations,
                    tune_migration_new("002-broken", "CREATE TABLE half (id TEXT PRIMARY KEY);"
                                                     "INSERT INTO things (id) VALUES ('half');"
                                                     "CREATE TABLE half (id TEXT PRIMARY KEY);"));
    g_clear_pointer(&self->store, tune_store_free);
    g_assert_null(tune_store_open_with(&config, migrations, &error));
    g_assert_nonnull(error);
    g_assert_nonnull(strstr(error->message, "002-broken"));
    g_clear_error(&error);
    self->store = open_with(self->database, config);
    g_assert_cmpint(count_things(self->store), ==, 0);
    g_clear_pointer(&self->store, tune_store_free);
    /* Mended: only the new one runs (the first would fail on its tables). */
    g_ptr_array_remove_index(migrations, 1);
    g_ptr_array_add(migrations,
                    tune_migration_new("002-good", "CREATE TABLE half (id TEXT PRIMARY KEY);"
                                                   "INSERT INTO things (id) VALUES ('whole');"));
    self->store = tune_store_open_with(&config, migrations, &error);
    g_assert_no_error(error);
    g_assert_cmpint(count_things(self->store), ==, 1);
    g_clear_pointer(&self->store, tune_store_free);
    /* An older program refuses the newer schema. */
    g_ptr_array_remove_index(migrations, 1);
    g_assert_null(tune_store_open_with(&config, migrations, &error));
    g_assert_error(error, TUNE_STORE_ERROR, TUNE_STORE_ERROR_VERSION);
    g_clear_error(&error);
    /* So does one whose migration differs from what was applied. */
    g_ptr_array_set_size(migrations, 0);
    g_ptr_array_add(migrations, tune_migration_new("001-test", "SELECT 1"));
    g_ptr_array_add(migrations, tune_migration_new("002-good", "SELECT 1"));
    g_assert_null(tune_store_open_with(&config, migrations, &error));
    g_assert_error(error, TUNE_STORE_ERROR, TUNE_STORE_ERROR_VERSION);
}

static void test_installed_schema(Fixture *self, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    static const TuneStatement applied = {"applied", "SELECT count(*) FROM schema_migrations",
                                          NULL};
    g_autoptr(TestDatabase) database = test_database_new(GPOINTER_TO_INT(data));

    if (database == NULL)
        return;
    for (guint i = 0; i < 2; i++) {
        g_autoptr(TuneStore) store = test_database_open(database);
        g_autoptr(TuneRows) rows = tune_store_query(store, &applied, TUNE_READ, &error, "");
        g_assert_no_error(error);
        g_assert_cmpint(tune_rows_int(rows, 0, 0), >=, 1);
        g_assert_true(tune_store_ping(store, &error));
        g_assert_cmpint(tune_store_is_postgres(store), ==, database->postgres);
    }
}

static gpointer open_and_free(gpointer data)
{
    tune_store_free(test_database_open(data));
    return NULL;
}

static void test_servers_start_together(Fixture *self, gconstpointer data)
{
    GThread *threads[4];
    g_autoptr(TestDatabase) database = test_database_new(GPOINTER_TO_INT(data));

    if (database == NULL || !database->postgres) /* an SQLite file has one process */
        return;
    for (guint i = 0; i < G_N_ELEMENTS(threads); i++)
        threads[i] = g_thread_new("server", open_and_free, database);
    for (guint i = 0; i < G_N_ELEMENTS(threads); i++)
        g_thread_join(threads[i]);
}

/* ---- counts ---- */

static void test_stats(Fixture *self, gconstpointer data)
{
    TuneStoreStats stats;
    if (self->store == NULL)
        return;
    g_assert_cmpint(count_things(self->store), ==, 0);
    tune_rows_free(tune_store_query(self->store, &WRONG, TUNE_READ, NULL, ""));
    tune_store_stats(self->store, &stats);
    g_assert_cmpuint(stats.pool_size, >=, 1);
    g_assert_cmpuint(stats.active, ==, 0);
    g_assert_cmpuint(stats.waiting, ==, 0);
    g_assert_cmpuint(stats.queries, ==, 2);
    g_assert_cmpuint(stats.errors, ==, 1);
    g_assert_cmpuint(stats.slow, ==, 0);
    g_assert_cmpfloat(stats.avg_query_ms, >, 0);
}

static void add(const char *name, void (*test)(Fixture *, gconstpointer))
{
    for (gint postgres = 0; postgres < 2; postgres++) {
        g_autofree char *path =
            g_strdup_printf("/store/%s/%s", postgres ? "postgres" : "sqlite", name);
        g_test_add(path, Fixture, GINT_TO_POINTER(postgres), set_up, test, tear_down);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    add("keeps-types", test_types);
    add("keeps-nulls", test_nulls);
    add("keeps-big-values", test_big_values);
    add("refuses-text-that-is-no-utf8", test_bad_text);
    add("tells-conflicts-from-faults", test_conflicts);
    add("stops-endless-statements", test_statement_time_out);
    add("transactions-are-whole", test_transactions);
    add("concurrent-writers-lose-nothing", test_concurrent_writers);
    add("deadlocks-are-retried", test_deadlock_is_retried);
    add("messages-follow-commits", test_messages);
    add("migrations", test_migrations);
    add("installed-schema-is-applied-once", test_installed_schema);
    add("servers-start-together", test_servers_start_together);
    add("counts", test_stats);
    return g_test_run();
}
