/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "database.h"

#include <glib/gstdio.h>
#include <libpq-fe.h>
#include <string.h>
#include <unistd.h>

void test_remove_folder(const char *folder)
{
    const char *argv[] = {"rm", "-rf", "--", folder, NULL};
    g_spawn_sync("/", (char **)argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL, NULL, NULL);
}

char *test_sql(const char *url, const char *sql)
{
    PGconn *pg = PQconnectdb(url);
    g_assert_cmpstr(PQerrorMessage(pg), ==, "");
    PGresult *result = PQexec(pg, sql);
    g_assert_cmpstr(PQresultErrorMessage(result), ==, "");
    char *value = PQntuples(result) > 0 ? g_strdup(PQgetvalue(result, 0, 0)) : NULL;
    PQclear(result);
    PQfinish(pg);
    return value;
}

static gboolean make_on_server(TestDatabase *self, const char *server)
{
    if (server == NULL) {
        g_test_skip("no PostgreSQL: run through tests/with-servers.sh with PostgreSQL installed");
        return FALSE;
    }
    g_autofree char *id = tune_store_new_id();
    self->name = g_strconcat("test_", id, NULL);
    g_strdelimit(self->name, "-", '_');
    g_autofree char *sql = g_strdup_printf("CREATE DATABASE %s", self->name);
    g_free(test_sql(server, sql));
    const char *socket = strstr(server, "/postgres?");
    g_assert_nonnull(socket);
    g_autofree char *front = g_strndup(server, (gsize)(socket - server));
    self->url = g_strdup_printf("%s/%s?%s", front, self->name, socket + strlen("/postgres?"));
    return TRUE;
}

TestDatabase *test_database_new(gboolean postgres)
{
    g_autoptr(TestDatabase) self = g_new0(TestDatabase, 1);

    self->postgres = postgres;
    self->folder = g_dir_make_tmp("tune-store-XXXXXX", NULL);
    if (!postgres)
        self->url = g_strdup_printf("sqlite://%s/tunesmith.db", self->folder);
    else if (!make_on_server(self, g_getenv("TUNE_TEST_POSTGRES")))
        return NULL;
    return g_steal_pointer(&self);
}

void test_database_free(TestDatabase *self)
{
    if (self == NULL)
        return;
    if (self->name != NULL) {
        g_autofree char *sql = g_strdup_printf("DROP DATABASE %s WITH (FORCE)", self->name);
        g_free(test_sql(g_getenv("TUNE_TEST_POSTGRES"), sql));
    }
    if (self->folder != NULL)
        test_remove_folder(self->folder);
    g_free(self->folder);
    g_free(self->url);
    g_free(self->name);
    g_free(self);
}

TuneStore *test_database_open(const TestDatabase *self)
{
    g_autoptr(GError) error = NULL;
    TuneStoreConfig config = TUNE_STORE_CONFIG_DEFAULT;
    config.url = self->url;
    TuneStore *store = tune_store_open(&config, &error);
    g_assert_no_error(error);
    return store;
}

/* ---- servers ---- */

/* tests/postgres.sh @arguments; what it printed. (transfer full) */
static char *run_script(const char *const *arguments, int *status)
{
    g_autofree char *script = g_test_build_filename(G_TEST_DIST, "postgres.sh", NULL);
    g_autoptr(GPtrArray) argv = g_ptr_array_new();
    char *output = NULL;

    g_ptr_array_add(argv, script);
    for (guint i = 0; arguments[i] != NULL; i++)
        g_ptr_array_add(argv, (gpointer)arguments[i]);
    g_ptr_array_add(argv, NULL);
    g_assert_true(g_spawn_sync(NULL, (char **)argv->pdata, NULL, G_SPAWN_DEFAULT, NULL, NULL,
                               &output, NULL, status, NULL));
    return g_strstrip(output);
}

static TestServer *server_at(char *folder, char *url, int status)
{
    if (status != 0) {
        test_remove_folder(folder);
        g_free(folder);
        g_free(url);
        g_test_skip("no PostgreSQL could be started");
        return NULL;
    }
    TestServer *self = g_new(TestServer, 1);
    *self = (TestServer){.folder = folder, .url = url};
    return self;
}

TestServer *test_server_start(const char *const *settings)
{
    char *folder = g_dir_make_tmp("tune-pg-XXXXXX", NULL);
    g_autoptr(GPtrArray) arguments = g_ptr_array_new();
    int status;

    g_ptr_array_add(arguments, "start");
    g_ptr_array_add(arguments, folder);
    for (guint i = 0; settings != NULL && settings[i] != NULL; i++)
        g_ptr_array_add(arguments, (gpointer)settings[i]);
    g_ptr_array_add(arguments, NULL);
    char *url = run_script((const char *const *)arguments->pdata, &status);
    return server_at(folder, url, status);
}

TestServer *test_server_copy(const TestServer *self)
{
    char *folder = g_dir_make_tmp("tune-pg-XXXXXX", NULL);
    int status;
    char *url = run_script((const char *const[]){"copy", self->folder, folder, NULL}, &status);
    return server_at(folder, url, status);
}

void test_server_stop(const TestServer *self, const char *mode)
{
    int status;
    g_free(run_script((const char *const[]){"stop", self->folder, mode, NULL}, &status));
    g_assert_cmpint(status, ==, 0);
}

void test_server_start_again(const TestServer *self)
{
    int status;
    g_free(run_script((const char *const[]){"start", self->folder, NULL}, &status));
    g_assert_cmpint(status, ==, 0);
}

void test_server_free(TestServer *self)
{
    if (self == NULL)
        return;
    int status;
    g_free(run_script((const char *const[]){"stop", self->folder, "immediate", NULL}, &status));
    test_remove_folder(self->folder);
    g_free(self->folder);
    g_free(self->url);
    g_free(self);
}

/* ---- logs ---- */

static void collect(TuneLogLevel level, const char *message, gpointer user_data)
{
    TestLog *self = user_data;
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&self->lock);
    g_ptr_array_add(self->lines, g_strdup(message));
}

void test_log_init(TestLog *self)
{
    g_mutex_init(&self->lock);
    self->lines = g_ptr_array_new_with_free_func(g_free);
    self->log = (TuneLog){collect, self};
}

void test_log_clear(TestLog *self)
{
    g_ptr_array_unref(self->lines);
    g_mutex_clear(&self->lock);
}

char *test_log_wait(TestLog *self, const char *part)
{
    gint64 until = g_get_monotonic_time() + 10 * G_TIME_SPAN_SECOND;
    while (g_get_monotonic_time() < until) {
        {
            g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&self->lock);
            for (guint i = 0; i < self->lines->len; i++)
                if (strstr(self->lines->pdata[i], part) != NULL)
                    return g_strdup(self->lines->pdata[i]);
        }
        g_usleep(5000);
    }
    return NULL;
}
