/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The log of slow statements: what it says, and that the index it recommends is the one that the
 * database then uses.
 */
#include "database.h"
#include "store/advice.h"
#include "store/store-private.h"

#include <string.h>

typedef struct {
    TestDatabase *database;
    TestLog log;
    TuneStore *store;
} Fixture;

static const char TABLES[] =
    "CREATE TABLE songs (id TEXT PRIMARY KEY, user_id TEXT NOT NULL, made BIGINT NOT NULL,"
    " tempo DOUBLE PRECISION NOT NULL, shown BOOLEAN NOT NULL, title TEXT NOT NULL);"
    "CREATE INDEX songs_title ON songs (title);";
static const TuneStatement FILL = {
    "fill",
    "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000) "
    "INSERT INTO songs SELECT 's' || i, 'u' || (i % 500), i, 60 + i % 100, i % 2, 't' || (i % 100) "
    "FROM n",
    "INSERT INTO songs SELECT 's' || i, 'u' || (i % 500), i, 60 + i % 100, i % 2 = 1, "
    "'t' || (i % 100) FROM generate_series(1, 20000) i"};
static const TuneStatement ANALYZE = {"analyze", "ANALYZE", "ANALYZE songs"};

static void set_up(Fixture *self, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    TuneStoreConfig config = TUNE_STORE_CONFIG_DEFAULT;
    g_autoptr(GPtrArray) migrations =
        g_ptr_array_new_with_free_func((GDestroyNotify)tune_migration_free);

    test_log_init(&self->log);
    self->database = test_database_new(GPOINTER_TO_INT(data));
    if (self->database == NULL)
        return;
    config.url = self->database->url;
    config.log = &self->log.log;
    config.slow_ms = 20;
    g_ptr_array_add(migrations, tune_migration_new("001-songs", TABLES));
    self->store = tune_store_open_with(&config, migrations, &error);
    g_assert_no_error(error);
    tune_rows_free(tune_store_write(self->store, &FILL, &error, ""));
    tune_rows_free(tune_store_write(self->store, &ANALYZE, &error, ""));
    g_assert_no_error(error);
}

static void tear_down(Fixture *self, gconstpointer data)
{
    tune_store_free(self->store);
    test_database_free(self->database);
    test_log_clear(&self->log);
}

static void test_a_slow_statement_is_logged(Fixture *self, gconstpointer data)
{
    static const TuneStatement slow = {
        "slow",
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000000)\n"
        "    SELECT count(*) FROM n",
        "SELECT\n    pg_sleep(0.03)"};
    static const TuneStatement quick = {"quick", "SELECT title FROM songs WHERE id = $1", NULL};
    TuneStoreStats stats;

    if (self->store == NULL)
        return;
    tune_rows_free(tune_store_query(self->store, &quick, TUNE_READ, NULL, "t", "s7"));
    tune_rows_free(tune_store_query(self->store, &slow, TUNE_READ, NULL, ""));
    g_autofree char *line = test_log_wait(
        &self->log, self->database->postgres ? "ms: SELECT pg_sleep(0.03)"
                                             : "WHERE i < 2000000) SELECT count(*) FROM n");
    g_assert_nonnull(line);
    g_assert_true(g_str_has_prefix(line, "[SLOW QUERY] "));
    tune_store_stats(self->store, &stats);
    g_assert_cmpuint(stats.slow, >=, 1);
    g_autoptr(json_t) list = tune_store_slow(self->store, 10);
    gboolean found = FALSE;
    gsize index;
    const json_t *record;
    json_array_foreach(list, index, record)
    {
        found = found || g_str_equal(json_string_value(json_object_get(record, "name")), "slow");
        g_assert_cmpfloat(json_number_value(json_object_get(record, "max_ms")), >=, 20);
    }
    g_assert_true(found);
    g_autoptr(json_t) none = tune_store_slow(self->store, 0);
    g_assert_cmpuint(json_array_size(none), ==, 0);
}

/* Ran for half a second, as far as the log knows. (transfer full) */
static char *advice_for(Fixture *self, const TuneStatement *statement, const char *types, ...)
{
    TuneParams params;
    va_list arguments;

    va_start(arguments, types);
    g_assert_true(tune_params_collect(&params, types, arguments, NULL));
    va_end(arguments);
    tune_store_account(self->store, statement, &params, 523000, TRUE);
    g_autofree char *sql = g_strdup_printf("[SLOW QUERY] 523ms: %s", statement->sql);
    g_autofree char *line = test_log_wait(&self->log, sql);
    g_assert_nonnull(line);
    /* The list knows the advice before the log has it. */
    g_autoptr(json_t) list = tune_store_slow(self->store, 100);
    gsize index;
    const json_t *record;
    json_array_foreach(list, index, record)
    {
        const char *advice = json_string_value(json_object_get(record, "recommendation"));
        if (advice == NULL ||
            !g_str_equal(json_string_value(json_object_get(record, "name")), statement->name))
            continue;
        g_autofree char *logged = test_log_wait(&self->log, "[RECOMMENDATION] ");
        g_assert_cmpstr(logged + strlen("[RECOMMENDATION] "), ==, advice);
        return g_strdup(advice);
    }
    return NULL;
}

static const struct {
    TuneStatement statement;
    const char *index; /* NULL: none */
} CASES[] = {
    {{"filter", "SELECT id FROM songs WHERE user_id = $1", NULL},
     "CREATE INDEX songs_user_id ON songs (user_id)"},
    {{"filter-and-sort", "SELECT id FROM songs WHERE user_id = $1 ORDER BY made DESC LIMIT 5",
      NULL},
     "CREATE INDEX songs_user_id_made ON songs (user_id, made DESC)"},
    {{"alias", "SELECT s.id FROM songs s WHERE s.user_id = $1 AND s.made > 19000", NULL},
     "CREATE INDEX songs_user_id_made ON songs (user_id, made)"},
    {{"partial", "SELECT id FROM songs WHERE shown AND user_id = $1 ORDER BY made DESC LIMIT 5",
      NULL},
     "CREATE INDEX songs_user_id_made ON songs (user_id, made DESC) WHERE shown"},
    {{"sort", "SELECT id, $1 FROM songs ORDER BY tempo, made DESC LIMIT 5", NULL},
     "CREATE INDEX songs_tempo_made ON songs (tempo, made DESC)"},
    {{"update", "UPDATE songs SET title = 'x' WHERE user_id = $1", NULL},
     "CREATE INDEX songs_user_id ON songs (user_id)"},
    {{"served", "SELECT title FROM songs WHERE id = $1", NULL}, NULL},
    {{"either", "SELECT title FROM songs WHERE user_id = $1 OR tempo = 90", NULL}, NULL},
};

static void test_recommendations(Fixture *self, gconstpointer data)
{
    if (self->store == NULL)
        return;
    for (guint i = 0; i < G_N_ELEMENTS(CASES); i++) {
        g_autofree char *expected =
            CASES[i].index == NULL ? NULL : g_strdup_printf("Add index: %s;", CASES[i].index);
        g_autofree char *got = advice_for(self, &CASES[i].statement, "t", "u7");
        g_assert_cmpstr(got, ==, expected);
        g_ptr_array_set_size(self->log.lines, 0);
    }
    g_autoptr(json_t) list = tune_store_slow(self->store, 1);
    g_assert_nonnull(json_object_get(json_array_get(list, 0), "last"));
}

/* The database takes the index up: after it is made the same statement has nothing left to advise.
 */
static void test_the_index_serves(Fixture *self, gconstpointer data)
{
    static const TuneStatement asked = {
        "again", "SELECT id FROM songs WHERE user_id = $1 ORDER BY made DESC LIMIT 3", NULL};
    static const TuneStatement twin = {
        "again-2", "SELECT id FROM songs WHERE user_id = $1 ORDER BY made DESC LIMIT 3 ", NULL};
    static const TuneStatement plan = {
        "plan",
        "EXPLAIN QUERY PLAN SELECT id FROM songs WHERE user_id = 'u7' ORDER BY made DESC LIMIT 3",
        "EXPLAIN SELECT id FROM songs WHERE user_id = 'u7' ORDER BY made DESC LIMIT 3"};
    g_autoptr(GError) error = NULL;

    if (self->store == NULL)
        return;
    g_autofree char *advice = advice_for(self, &asked, "t", "u7");
    g_assert_nonnull(advice);
    TuneStatement make = {"make", advice + strlen("Add index: "), NULL};
    tune_rows_free(tune_store_write(self->store, &make, &error, ""));
    g_assert_no_error(error);
    g_ptr_array_set_size(self->log.lines, 0);
    g_autofree char *none = advice_for(self, &twin, "t", "u7");
    g_assert_null(none);
    g_autoptr(TuneRows) rows = tune_store_query(self->store, &plan, TUNE_READ_PRIMARY, &error, "");
    g_assert_no_error(error);
    gboolean used = FALSE;
    for (guint i = 0; i < tune_rows_count(rows); i++) {
        const char *line = tune_rows_text(rows, i, self->database->postgres ? 0 : 3);
        used = used || strstr(line, "songs_user_id_made") != NULL;
    }
    g_assert_true(used);
}

static void test_advice_columns(void)
{
    g_autoptr(TuneAdvice) advice = tune_advice_new();
    g_assert_null(tune_advice_columns(advice));
    advice->table = g_strdup("t");
    tune_advice_add(advice->equal, "a");
    tune_advice_add(advice->equal, "a");
    tune_advice_add(advice->range, "b");
    tune_advice_add(advice->range, "c");
    g_autofree char *ranged = tune_advice_sql(advice);
    g_assert_cmpstr(ranged, ==, "CREATE INDEX t_a_b ON t (a, b)");
    tune_advice_add(advice->sorted, "a DESC");
    tune_advice_add(advice->sorted, "d DESC");
    g_autofree char *sorted = tune_advice_sql(advice);
    g_assert_cmpstr(sorted, ==, "CREATE INDEX t_a_d ON t (a, d DESC)");
}

static void add(const char *name, void (*test)(Fixture *, gconstpointer))
{
    for (gint postgres = 0; postgres < 2; postgres++) {
        g_autofree char *path =
            g_strdup_printf("/store/%s/slow/%s", postgres ? "postgres" : "sqlite", name);
        g_test_add(path, Fixture, GINT_TO_POINTER(postgres), set_up, test, tear_down);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/store/advice/columns", test_advice_columns);
    add("is-logged", test_a_slow_statement_is_logged);
    add("names-the-index-that-serves", test_recommendations);
    add("index-serves", test_the_index_serves);
    return g_test_run();
}
