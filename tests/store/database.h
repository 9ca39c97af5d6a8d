/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Databases for tests: an empty one of its own for each test, in a temporary folder (SQLite) or on the
 * shared server of tests/with-servers.sh (PostgreSQL), and servers of one's own for tests that break them.
 *
 *     g_autoptr(TestDatabase) database = test_database_new(postgres);
 *     if (database == NULL)
 *         return; // skipped: no server
 *     g_autoptr(TuneStore) store = test_database_open(database);
 */
#pragma once
#include "store/store.h"

typedef struct {
    gboolean postgres;
    char *folder; /* temporary */
    char *url;    /* for TuneStoreConfig */
    char *name;   /* of the database on the shared server (nullable) */
} TestDatabase;

/* NULL: the test has been skipped. */
TestDatabase *test_database_new(gboolean postgres);
void test_database_free(TestDatabase *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TestDatabase, test_database_free)
/* With the default configuration and the installed migrations. */
TuneStore *test_database_open(const TestDatabase *self);

/* A PostgreSQL that nobody else uses; fsync is on unless @settings ("name=value", NULL-ended) say otherwise. */
typedef struct {
    char *folder;
    char *url;
} TestServer;
/* NULL: the test has been skipped. */
TestServer *test_server_start(const char *const *settings);
/* @replica: a streaming replica of this one. */
TestServer *test_server_copy(const TestServer *self);
void test_server_stop(const TestServer *self, const char *mode);
void test_server_start_again(const TestServer *self);
void test_server_free(TestServer *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TestServer, test_server_free)

/* Runs a statement on a connection of its own, past the store; the first value of the first row. (transfer full) */
char *test_sql(const char *url, const char *sql);
/* The folder and all in it. */
void test_remove_folder(const char *folder);

/* Collects what is logged. */
typedef struct {
    GMutex lock;
    GPtrArray *lines;
    TuneLog log;
} TestLog;
void test_log_init(TestLog *self);
void test_log_clear(TestLog *self);
/* Waits up to 10 s for a line that holds @part. (transfer full) (nullable) */
char *test_log_wait(TestLog *self, const char *part);
