/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * One file, one process.  A lock file beside the database keeps a second process away: SQLite
 * itself would let it in, and then two connections could checkpoint.  (A lock on the database file
 * itself would be lost with the first of SQLite's own descriptors that is closed: that is how POSIX
 * locks work.)
 */
#include "store/sqlite-private.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#define READERS_MAX 8

typedef struct {
    TuneStore store;
    char *path;
    int lock_fd;
    TuneSqliteWriter *writer;
    GMutex lock;
    GCond returned;
    /* under lock */
    GQueue idle; /* of TuneSqlite */
    guint n_open, n_waiting;
} SqliteStore;

static const TuneStatement PING = {"ping", "SELECT 1", NULL};

/* ---- the lock ---- */

static gboolean take_lock(SqliteStore *self, GError **error)
{
    g_autofree char *path = g_strconcat(self->path, ".lock", NULL);
    char holder[32] = "";

    self->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (self->lock_fd < 0) {
        g_set_error(error, TUNE_STORE_ERROR, TUNE_STORE_ERROR_URL,
                    "the database %s cannot be opened: %s: %s", self->path, path,
                    g_strerror(errno));
        return FALSE;
    }
    if (flock(self->lock_fd, LOCK_EX | LOCK_NB) != 0) {
        gssize size = pread(self->lock_fd, holder, sizeof holder - 1, 0);
        holder[size > 0 ? strspn(holder, "0123456789") : 0] = '\0';
        g_set_error(error, TUNE_STORE_ERROR, TUNE_STORE_ERROR_LOCKED,
                    "the database %s is in use by another program%s%s: an SQLite file serves one "
                    "process, more than one needs postgresql://",
                    self->path, *holder != '\0' ? ", process " : "", holder);
        return FALSE;
    }
    int size = snprintf(holder, sizeof holder, "%d\n", (int)getpid());
    if (ftruncate(self->lock_fd, 0) != 0 || pwrite(self->lock_fd, holder, (gsize)size, 0) != size)
        return TRUE; /* the number is only for the other's message */
    return TRUE;
}

/* ---- readers ---- */

static TuneSqlite *open_reader(SqliteStore *self, GError **error)
{
    return tune_sqlite_open(self->path, FALSE, self->store.config.statement_ms, &self->store.log,
                            error);
}

/* Waits for its turn or counts a new one, to be opened; NULL without @error: open it. */
static TuneSqlite *take_idle(SqliteStore *self, GError **error)
{
    gint64 until = g_get_monotonic_time() + (gint64)self->store.config.pool_wait_ms * 1000;
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&self->lock);

    self->n_waiting++;
    while (self->idle.length == 0 && self->n_open >= self->store.config.pool_size) {
        if (!g_cond_wait_until(&self->returned, &self->lock, until)) {
            self->n_waiting--;
            g_set_error(error, TUNE_STORE_ERROR, TUNE_STORE_ERROR_UNAVAILABLE,
                        "the database is busy: no connection came free in %u ms",
                        self->store.config.pool_wait_ms);
            return NULL;
        }
    }
    self->n_waiting--;
    TuneSqlite *reader = g_queue_pop_head(&self->idle);
    if (reader == NULL)
        self->n_open++;
    return reader;
}

static TuneSqlite *take_reader(SqliteStore *self, GError **error)
{
    g_autoptr(GError) local = NULL;
    TuneSqlite *reader = take_idle(self, &local);

    if (reader != NULL || local != NULL) {
        if (local != NULL)
            g_propagate_error(error, g_steal_pointer(&local));
        return reader;
    }
    reader = open_reader(self, error);
    if (reader == NULL) {
        g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&self->lock);
        self->n_open--;
        g_cond_signal(&self->returned);
    }
    return reader;
}

static void give_reader(SqliteStore *self, TuneSqlite *reader)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&self->lock);
    g_queue_push_head(&self->idle, reader);
    g_cond_signal(&self->returned);
}

/* ---- the class ---- */

static TuneRows *sqlite_query(TuneStore *store, const TuneStatement *statement,
                              const TuneParams *params, TuneReadFrom from, GError **error)
{
    SqliteStore *self = (SqliteStore *)store;
    TuneSqlite *reader = take_reader(self, error);

    if (reader == NULL)
        return NULL;
    gint64 start = g_get_monotonic_time();
    TuneRows *rows = tune_sqlite_run(reader, statement, params, error);
    gint64 us = g_get_monotonic_time() - start;
    give_reader(self, reader);
    tune_store_account(store, statement, params, us, rows != NULL);
    return rows;
}

typedef struct {
    const TuneStatement *statement;
    const TuneParams *params;
    TuneRows *rows;
} SingleWrite;

static gboolean single_body(TuneTx *tx, gpointer user_data, GError **error)
{
    SingleWrite *single = user_data;
    g_clear_pointer(&single->rows, tune_rows_free);
    single->rows = tune_sqlite_writer_query(tx, single->statement, single->params, error);
    return single->rows != NULL;
}

static TuneRows *sqlite_write(TuneStore *store, const TuneStatement *statement,
                              const TuneParams *params, GError **error)
{
    SingleWrite single = {.statement = statement, .params = params};
    if (tune_sqlite_writer_transact(((SqliteStore *)store)->writer, single_body, &single, error))
        return single.rows;
    tune_rows_free(single.rows);
    return NULL;
}

static gboolean sqlite_transact(TuneStore *store, TuneTxBody body, gpointer user_data,
                                GError **error)
{
    return tune_sqlite_writer_transact(((SqliteStore *)store)->writer, body, user_data, error);
}

static gint64 sqlite_tx_now_us(TuneTx *tx)
{
    return g_get_real_time();
}

static gboolean sqlite_ping(TuneStore *store, GError **error)
{
    TuneParams none = {.n = 0};
    g_autoptr(TuneRows) rows = sqlite_query(store, &PING, &none, TUNE_READ, error);
    return rows != NULL;
}

static void sqlite_stats(TuneStore *store, TuneStoreStats *out)
{
    SqliteStore *self = (SqliteStore *)store;
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&self->lock);
    out->pool_size = store->config.pool_size;
    out->active = self->n_open - self->idle.length;
    out->waiting = self->n_waiting + tune_sqlite_writer_waiting(self->writer);
}

static char *sqlite_advise(TuneStore *store, const TuneStatement *statement,
                           const TuneParams *params)
{
    SqliteStore *self = (SqliteStore *)store;
    g_autoptr(GError) error = NULL;
    TuneSqlite *connection = open_reader(self, &error);
    char *advice = connection == NULL ? NULL : tune_sqlite_advise(connection, statement->sql);

    tune_sqlite_close(connection);
    return advice;
}

static void sqlite_close(TuneStore *store)
{
    SqliteStore *self = (SqliteStore *)store;
    TuneSqlite *reader;

    while ((reader = g_queue_pop_head(&self->idle)) != NULL)
        tune_sqlite_close(reader);
    /* Last, so that the log is copied back into the file by the one that may. */
    if (self->writer != NULL)
        tune_sqlite_writer_free(self->writer);
    if (self->lock_fd >= 0)
        close(self->lock_fd);
    g_mutex_clear(&self->lock);
    g_cond_clear(&self->returned);
    g_free(self->path);
}

static const TuneStoreClass SQLITE = {
    .query = sqlite_query,
    .write = sqlite_write,
    .transact = sqlite_transact,
    .tx_query = tune_sqlite_writer_query,
    .tx_now_us = sqlite_tx_now_us,
    .ping = sqlite_ping,
    .stats = sqlite_stats,
    .advise = sqlite_advise,
    .close = sqlite_close,
};

/* ---- opening ---- */

static gboolean migrator_exec(gpointer connection, const char *sql, GError **error)
{
    return tune_sqlite_exec(connection, sql, error);
}

static TuneRows *migrator_rows(gpointer connection, const TuneStatement *statement,
                               const TuneParams *params, GError **error)
{
    return tune_sqlite_run(connection, statement, params, error);
}

static gboolean open_writer(SqliteStore *self, const GPtrArray *migrations, GError **error)
{
    g_autofree char *folder = g_path_get_dirname(self->path);
    if (g_mkdir_with_parents(folder, 0755) != 0) {
        g_set_error(error, TUNE_STORE_ERROR, TUNE_STORE_ERROR_URL,
                    "the database %s cannot be opened: %s: %s", self->path, folder,
                    g_strerror(errno));
        return FALSE;
    }
    if (!take_lock(self, error))
        return FALSE;
    TuneSqlite *connection = tune_sqlite_open(self->path, TRUE, self->store.config.statement_ms,
                                              &self->store.log, error);
    if (connection == NULL)
        return FALSE;
    TuneMigrator migrator = {connection, migrator_exec, migrator_rows, "BEGIN IMMEDIATE"};
    if (!tune_migrate(&migrator, migrations, &self->store.log, error)) {
        g_prefix_error(error, "%s: ", self->path);
        tune_sqlite_close(connection);
        return FALSE;
    }
    self->writer = tune_sqlite_writer_new(&self->store, connection);
    return TRUE;
}

TuneStore *tune_sqlite_store_open(const TuneStoreConfig *config, const char *path,
                                  const GPtrArray *migrations, GError **error)
{
    SqliteStore *self = g_new0(SqliteStore, 1);

    tune_store_init(&self->store, &SQLITE, config);
    self->store.config.pool_size = CLAMP(config->pool_size, 1, READERS_MAX);
    self->path = g_strdup(path);
    self->lock_fd = -1;
    g_mutex_init(&self->lock);
    g_cond_init(&self->returned);
    g_queue_init(&self->idle);
    if (!open_writer(self, migrations, error)) {
        sqlite_close(&self->store);
        tune_store_clear(&self->store);
        g_free(self);
        return NULL;
    }
    self->store.messages = tune_messages_new(NULL);
    self->store.slow = tune_slow_new(&self->store);
    return &self->store;
}
