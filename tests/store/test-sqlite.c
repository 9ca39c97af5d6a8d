/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What only SQLite promises, and its bad days.  Runs itself as the process that is killed:
 *
 *   test-sqlite --write FOLDER     writes with four threads for ever, prints the id of each that is
 * kept test-sqlite --migrate FOLDER   a migration that never ends
 */
#include "database.h"
#include "store/sqlite-private.h"

#include <glib/gstdio.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

static const char TABLES[] = "CREATE TABLE things (id TEXT PRIMARY KEY, raw BLOB) STRICT;";
static const TuneStatement PUT = {"put", "INSERT INTO things (id, raw) VALUES ($1, zeroblob($2))",
                                  NULL};
static const TuneStatement COUNT = {"count", "SELECT count(*) FROM things", NULL};
static const TuneStatement HAS = {"has", "SELECT 1 FROM things WHERE id = $1", NULL};
static const TuneStatement CHECK = {"check", "PRAGMA integrity_check", NULL};
static const TuneStatement DELETE_ALL = {"delete", "DELETE FROM things", NULL};

static TuneStore *open_in(const char *folder, const char *second_migration, GError **error)
{
    g_autofree char *path = g_build_filename(folder, "test.db", NULL);
    TuneStoreConfig config = TUNE_STORE_CONFIG_DEFAULT;
    g_autoptr(GPtrArray) migrations =
        g_ptr_array_new_with_free_func((GDestroyNotify)tune_migration_free);

    config.url = path;
    g_ptr_array_add(migrations, tune_migration_new("001-test", TABLES));
    if (second_migration != NULL)
        g_ptr_array_add(migrations, tune_migration_new("002-test", second_migration));
    return tune_store_open_with(&config, migrations, error);
}

static TuneStore *open_good(const char *folder)
{
    g_autoptr(GError) error = NULL;
    TuneStore *store = open_in(folder, NULL, &error);
    g_assert_no_error(error);
    return store;
}

static gint64 query_int(TuneStore *store, const TuneStatement *statement)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(TuneRows) rows = tune_store_query(store, statement, TUNE_READ, &error, "");
    g_assert_no_error(error);
    return tune_rows_int(rows, 0, 0);
}

static void assert_intact(TuneStore *store)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(TuneRows) rows = tune_store_query(store, &CHECK, TUNE_READ, &error, "");
    g_assert_no_error(error);
    g_assert_cmpstr(tune_rows_text(rows, 0, 0), ==, "ok");
}

static gboolean put(TuneStore *store, const char *id, gint64 size, GError **error)
{
    g_autoptr(TuneRows) rows = tune_store_write(store, &PUT, error, "ti", id, size);
    return rows != NULL;
}

/* ---- the processes that are killed ---- */

static gpointer write_for_ever(gpointer store)
{
    for (;;) {
        g_autofree char *id = tune_store_new_id();
        g_autofree char *line = g_strconcat(id, "\n", NULL);
        if (!put(store, id, 500, NULL) ||
            write(STDOUT_FILENO, line, strlen(line)) != (gssize)strlen(line))
            _exit(1);
    }
}

static int be_writer(const char *folder)
{
    TuneStore *store = open_in(folder, NULL, NULL);
    for (guint i = 0; i < 3; i++)
        g_thread_new("writer", write_for_ever, store);
    write_for_ever(store);
    return 0;
}

static int be_migrator(const char *folder)
{
    open_in(folder,
            "CREATE TABLE half (id INTEGER);"
            "INSERT INTO half WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) "
            "SELECT i FROM n",
            NULL);
    return 1;
}

static GPid start(const char *mode, const char *folder, int *output)
{
    g_autofree char *self = g_file_read_link("/proc/self/exe", NULL);
    const char *argv[] = {self, mode, folder, NULL};
    GPid pid;
    g_assert_true(g_spawn_async_with_pipes(NULL, (char **)argv, NULL, G_SPAWN_DO_NOT_REAP_CHILD,
                                           NULL, NULL, &pid, NULL, output, NULL, NULL));
    return pid;
}

static void kill_and_reap(GPid pid)
{
    g_assert_cmpint(kill(pid, SIGKILL), ==, 0);
    g_assert_cmpint(waitpid(pid, NULL, 0), ==, pid);
}

/* Every id that was printed before the kill is there afterwards. */
static void test_killed_writer_keeps_what_it_acknowledged(void)
{
    g_autofree char *folder = g_dir_make_tmp("tune-sqlite-XXXXXX", NULL);
    guint n_acknowledged = 0;

    for (guint round = 0; round < 5; round++) {
        char line[64];
        int output;
        guint n = 0;
        g_autoptr(GPtrArray) ids = g_ptr_array_new_with_free_func(g_free);
        GPid pid = start("--write", folder, &output);
        FILE *lines = fdopen(output, "r");
        while (fgets(line, sizeof line, lines) != NULL) {
            if (strchr(line, '\n') != NULL)
                g_ptr_array_add(ids, g_strndup(line, 36));
            if (++n == 40 + 37 * round)
                kill_and_reap(pid);
        }
        fclose(lines);
        g_autoptr(TuneStore) store = open_good(folder);
        for (guint i = 0; i < ids->len; i++) {
            g_autoptr(TuneRows) rows =
                tune_store_query(store, &HAS, TUNE_READ, NULL, "t", ids->pdata[i]);
            g_assert_cmpuint(tune_rows_count(rows), ==, 1);
        }
        n_acknowledged += ids->len;
        g_assert_cmpint(query_int(store, &COUNT), >=, n_acknowledged);
        assert_intact(store);
    }
    test_remove_folder(folder);
}

static void test_killed_migration_leaves_the_version_before(void)
{
    static const TuneStatement tables = {
        "tables", "SELECT count(*) FROM sqlite_schema WHERE name = 'half'", NULL};
    g_autofree char *folder = g_dir_make_tmp("tune-sqlite-XXXXXX", NULL);
    g_autofree char *database = g_build_filename(folder, "test.db", NULL);

    tune_store_free(open_good(folder));
    GPid pid = start("--migrate", folder, NULL);
    g_usleep(300000); /* any moment will do */
    kill_and_reap(pid);
    g_autoptr(TuneStore) store = open_good(folder);
    g_assert_cmpint(query_int(store, &tables), ==, 0);
    assert_intact(store);
    g_clear_pointer(&store, tune_store_free);
    test_remove_folder(folder);
}

/* ---- one process ---- */

static void test_second_process_is_refused(void)
{
    g_autofree char *folder = g_dir_make_tmp("tune-sqlite-XXXXXX", NULL);
    g_autofree char *pid = g_strdup_printf("process %d", (int)getpid());
    g_autoptr(GError) error = NULL;
    g_autoptr(TuneStore) store = open_good(folder);

    g_assert_null(open_in(folder, NULL, &error));
    g_assert_error(error, TUNE_STORE_ERROR, TUNE_STORE_ERROR_LOCKED);
    g_assert_nonnull(strstr(error->message, pid));
    g_assert_nonnull(strstr(error->message, "test.db"));
    g_clear_pointer(&store, tune_store_free);
    store = open_good(folder);
    g_clear_pointer(&store, tune_store_free);
    test_remove_folder(folder);
}

/* ---- sharing commits ---- */

#define MEMBERS 12

typedef struct {
    TuneStore *store;
    gint *gathered; /* atomic */
    char *id;
    gboolean fail, kept;
} Member;

static gboolean member_body(TuneTx *tx, gpointer user_data, GError **error)
{
    Member *self = user_data;
    TuneStoreStats stats;

    /* Whichever comes first runs while the others gather. */
    while (g_atomic_int_get(self->gathered) == 0) {
        tune_store_stats(self->store, &stats);
        if (stats.waiting == MEMBERS - 1)
            g_atomic_int_set(self->gathered, 1);
    }
    g_autoptr(TuneRows) rows = tune_tx_query(tx, &PUT, error, "ti", self->id, (gint64)10);
    if (rows == NULL || !self->fail)
        return rows != NULL;
    g_set_error(error, G_IO_ERROR, G_IO_ERROR_FAILED, "this one not");
    return FALSE;
}

static gpointer member_thread(gpointer data)
{
    Member *self = data;
    self->kept = tune_store_transact(self->store, member_body, self, NULL);
    return NULL;
}

static void test_waiting_transactions_share_a_commit(void)
{
    g_autofree char *folder = g_dir_make_tmp("tune-sqlite-XXXXXX", NULL);
    g_autoptr(TuneStore) store = open_good(folder);
    Member members[MEMBERS];
    gint gathered = 0;
    GThread *threads[MEMBERS];
    TuneStoreStats stats;

    for (guint i = 0; i < MEMBERS; i++) {
        members[i] = (Member){.store = store,
                              .gathered = &gathered,
                              .id = g_strdup_printf("%u", i),
                              .fail = i % 4 == 3};
        threads[i] = g_thread_new("member", member_thread, &members[i]);
    }
    for (guint i = 0; i < MEMBERS; i++)
        g_thread_join(threads[i]);
    for (guint i = 0; i < MEMBERS; i++) {
        g_autoptr(TuneRows) rows =
            tune_store_query(store, &HAS, TUNE_READ, NULL, "t", members[i].id);
        g_assert_cmpint(members[i].kept, ==, !members[i].fail);
        g_assert_cmpuint(tune_rows_count(rows), ==, !members[i].fail);
        g_free(members[i].id);
    }
    tune_store_stats(store, &stats);
    g_assert_cmpuint(stats.transactions, ==, MEMBERS);
    g_assert_cmpuint(stats.commits, <, MEMBERS / 2);
    g_clear_pointer(&store, tune_store_free);
    test_remove_folder(folder);
}

/* ---- checkpoints ---- */

#define WRITERS 8
#define WRITES  60

static gpointer write_some(gpointer store)
{
    for (guint i = 0; i < WRITES; i++) {
        g_autofree char *id = tune_store_new_id();
        g_assert_true(put(store, id, 20000, NULL));
        g_assert_cmpint(query_int(store, &COUNT), >, 0);
    }
    return NULL;
}

static gint64 size_of(const char *folder, const char *name)
{
    g_autofree char *path = g_build_filename(folder, name, NULL);
    GStatBuf info;
    return g_stat(path, &info) == 0 ? info.st_size : -1;
}

static void test_intact_after_many_writers(void)
{
    g_autofree char *folder = g_dir_make_tmp("tune-sqlite-XXXXXX", NULL);
    g_autoptr(TuneStore) store = open_good(folder);
    GThread *threads[WRITERS];

    for (guint i = 0; i < WRITERS; i++)
        threads[i] = g_thread_new("writer", write_some, store);
    for (guint i = 0; i < WRITERS; i++)
        g_thread_join(threads[i]);
    g_assert_cmpint(query_int(store, &COUNT), ==, WRITERS * WRITES);
    assert_intact(store);
    /* More than 9 MB were written: the writer has copied some back, and the log did not just grow.
     */
    g_assert_cmpint(size_of(folder, "test.db"), >, 1 << 20);
    g_clear_pointer(&store, tune_store_free);
    g_assert_cmpint(size_of(folder, "test.db-wal"), <=, 0);
    test_remove_folder(folder);
}

/* However a reader is asked, and also as the last one that closes. */
static void test_readers_never_checkpoint(void)
{
    static const TuneStatement checkpoint = {"cp", "PRAGMA wal_checkpoint(TRUNCATE)", NULL};
    static const TuneStatement pages = {"pages", "PRAGMA wal_autocheckpoint", NULL};
    g_autofree char *folder = g_dir_make_tmp("tune-sqlite-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(folder, "test.db", NULL);
    TuneParams none = {.n = 0};
    g_autoptr(TuneStore) store = open_good(folder);

    g_assert_true(put(store, "a", 100000, NULL));
    gint64 log = size_of(folder, "test.db-wal");
    g_assert_cmpint(log, >, 100000);
    TuneSqlite *reader = tune_sqlite_open(path, FALSE, 1000, NULL, NULL);
    g_assert_nonnull(reader);
    g_assert_cmpint(sqlite3_db_readonly(reader->db, "main"), ==, 1);
    g_autoptr(TuneRows) tried = tune_sqlite_run(reader, &checkpoint, &none, NULL);
    g_assert_true(tried == NULL || tune_rows_int(tried, 0, 0) != 0);
    g_autoptr(TuneRows) setting = tune_sqlite_run(reader, &pages, &none, NULL);
    g_assert_cmpint(tune_rows_int(setting, 0, 0), ==, 0);
    tune_sqlite_close(reader);
    g_assert_cmpint(size_of(folder, "test.db-wal"), ==, log);
    g_clear_pointer(&store, tune_store_free);
    test_remove_folder(folder);
}

/* ---- bad days ---- */

/* A small file system of its own, or NULL where mounting is refused. (transfer full) */
static char *mount_small(void)
{
    char *folder = g_dir_make_tmp("tune-full-XXXXXX", NULL);
    if (mount("tmpfs", folder, "tmpfs", 0, "size=4m") == 0)
        return folder;
    test_remove_folder(folder);
    g_free(folder);
    g_test_skip("a small file system cannot be mounted here");
    return NULL;
}

static void fill_up(TuneStore *store, guint *n_kept)
{
    g_autoptr(GError) error = NULL;
    while (error == NULL) {
        g_autofree char *id = g_strdup_printf("%u", *n_kept);
        if (put(store, id, 20000, &error))
            ++*n_kept;
    }
    g_assert_error(error, TUNE_STORE_ERROR, TUNE_STORE_ERROR_FULL);
}

static void test_full_disk(void)
{
    g_autofree char *folder = mount_small();
    g_autoptr(GError) error = NULL;
    guint n_kept = 0;

    if (folder == NULL)
        return;
    g_autofree char *filler = g_build_filename(folder, "filler", NULL);
    g_autofree char *zeros = g_malloc0(1 << 20);
    g_autoptr(TuneStore) store = open_good(folder);
    g_assert_true(g_file_set_contents(filler, zeros, 1 << 20, NULL));
    fill_up(store, &n_kept);
    g_assert_cmpint(query_int(store, &COUNT), ==, n_kept);
    fill_up(store, &n_kept);
    g_assert_cmpint(g_unlink(filler), ==, 0);
    g_assert_true(put(store, "after", 20000, &error));
    g_assert_no_error(error);
    g_assert_cmpint(query_int(store, &COUNT), ==, n_kept + 1);
    assert_intact(store);
    g_clear_pointer(&store, tune_store_free);
    store = open_good(folder);
    g_assert_cmpint(query_int(store, &COUNT), ==, n_kept + 1);
    g_clear_pointer(&store, tune_store_free);
    umount(folder);
    test_remove_folder(folder);
}

static void test_damage_is_told(void)
{
    g_autofree char *folder = g_dir_make_tmp("tune-sqlite-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(folder, "test.db", NULL);
    g_autoptr(GError) error = NULL;
    g_autofree char *content = NULL;
    gsize size;

    TuneStore *store = open_good(folder);
    for (guint i = 0; i < 200; i++) {
        g_autofree char *id = g_strdup_printf("%u", i);
        g_assert_true(put(store, id, 300, NULL));
    }
    tune_store_free(store);
    g_assert_true(g_file_get_contents(path, &content, &size, NULL));
    memset(content + 4096, 0x5a, size - 4096);
    g_assert_true(g_file_set_contents(path, content, (gssize)size, NULL));
    store = open_in(folder, NULL, &error);
    if (store != NULL) {
        g_autoptr(TuneRows) rows = tune_store_write(store, &DELETE_ALL, &error, "");
        g_assert_null(rows);
        tune_store_free(store);
    }
    g_assert_error(error, TUNE_STORE_ERROR, TUNE_STORE_ERROR_BROKEN);
    g_clear_error(&error);
    g_assert_true(
        g_file_set_contents(path, "This is no database, whatever it is called.....", -1, NULL));
    g_assert_null(open_in(folder, NULL, &error));
    g_assert_error(error, TUNE_STORE_ERROR, TUNE_STORE_ERROR_BROKEN);
    test_remove_folder(folder);
}

static void test_urls(void)
{
    static const char *const wrong[] = {
        "mysql://ann:hunter2@host/x",     "", "sqlite://", "sqlite://:memory:", "/dev/null/x.db",
        "postgresql://ann:hunter2@[::1/x"};
    for (guint i = 0; i < G_N_ELEMENTS(wrong); i++) {
        g_autoptr(GError) error = NULL;
        TuneStoreConfig config = TUNE_STORE_CONFIG_DEFAULT;
        config.url = wrong[i];
        g_assert_null(tune_store_open(&config, &error));
        g_assert_error(error, TUNE_STORE_ERROR, TUNE_STORE_ERROR_URL);
        g_assert_null(strstr(error->message, "hunter2"));
    }
}

int main(int argc, char **argv)
{
    if (argc == 3 && g_str_equal(argv[1], "--write"))
        return be_writer(argv[2]);
    if (argc == 3 && g_str_equal(argv[1], "--migrate"))
        return be_migrator(argv[2]);
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/store/sqlite/urls", test_urls);
    g_test_add_func("/store/sqlite/second-process-is-refused", test_second_process_is_refused);
    g_test_add_func("/store/sqlite/waiting-transactions-share-a-commit",
                    test_waiting_transactions_share_a_commit);
    g_test_add_func("/store/sqlite/intact-after-many-writers", test_intact_after_many_writers);
    g_test_add_func("/store/sqlite/readers-never-checkpoint", test_readers_never_checkpoint);
    g_test_add_func("/store/sqlite/full-disk", test_full_disk);
    g_test_add_func("/store/sqlite/damage-is-told", test_damage_is_told);
    g_test_add_func("/store/sqlite/killed-writer-keeps-what-it-acknowledged",
                    test_killed_writer_keeps_what_it_acknowledged);
    g_test_add_func("/store/sqlite/killed-migration-leaves-the-version-before",
                    test_killed_migration_leaves_the_version_before);
    return g_test_run();
}
