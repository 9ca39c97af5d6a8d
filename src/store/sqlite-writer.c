/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * All writing happens on one thread with one connection.  What waits when the thread comes round is
 * run in one transaction, each body in a savepoint of its own, and shares one flush of the log: the
 * thread takes bodies until none is waiting (or the batch is large or old), commits, then tells all
 * who wait. Nobody is delayed to make a batch; under load the flush of one batch is the time in
 * which the next one gathers.
 *
 * When the whole transaction is lost (disk full, an error at commit), each body of the batch is run
 * again in a transaction of its own, so that one that cannot be kept fails alone.
 *
 * This connection is also the only one that checkpoints: two that do at the same moment can damage
 * the file (SQLite before 3.51.3).
 */
#include "store/sqlite-private.h"

#define BATCH_MAX           512
#define BATCH_MAX_US        20000
#define CHECKPOINT_AT_PAGES 1000  /* 4 MiB: copied back without stopping readers */
#define RESTART_AT_PAGES    16000 /* 64 MiB: readers are waited for, so that the log begins anew */

typedef struct {
    TuneTx tx;
    TuneTxBody body;
    gpointer user_data;
    gboolean ok, done; /* done: under the writer's lock */
    GError *error;
    GCond finished;
    TuneSqliteWriter *writer;
} Write;

struct TuneSqliteWriter {
    TuneStore *store;
    TuneSqlite *connection; /* the thread's */
    GThread *thread;
    int log_pages; /* the thread's: length of the write-ahead log */
    GMutex lock;
    GCond work;
    GQueue waiting; /* under lock; of Write, on the stacks of those who wait */
    gboolean stop;  /* under lock */
};

static const TuneStatement BEGIN = {"begin", "BEGIN IMMEDIATE", NULL};
static const TuneStatement SAVE = {"savepoint", "SAVEPOINT one", NULL};
static const TuneStatement KEEP = {"release", "RELEASE one", NULL};
static const TuneStatement UNDO = {"rollback-to", "ROLLBACK TO one", NULL};
static const TuneStatement COMMIT = {"commit", "COMMIT", NULL};
static const TuneStatement ROLLBACK = {"rollback", "ROLLBACK", NULL};

static gboolean command(TuneSqliteWriter *self, const TuneStatement *statement, GError **error)
{
    TuneParams none = {.n = 0};
    g_autoptr(TuneRows) rows = tune_sqlite_run(self->connection, statement, &none, error);
    return rows != NULL;
}

/* Some errors end the whole transaction. */
static gboolean is_lost(const TuneSqliteWriter *self)
{
    return sqlite3_get_autocommit(self->connection->db) != 0;
}

static void start_over(Write *write)
{
    write->tx.failed = FALSE;
    write->tx.now_us = 0;
    g_clear_pointer(&write->tx.messages, g_ptr_array_unref);
    g_clear_error(&write->error);
}

/* FALSE when the transaction around it is lost. */
static gboolean run_one(TuneSqliteWriter *self, Write *write)
{
    start_over(write);
    write->ok = command(self, &SAVE, &write->error) &&
                write->body(&write->tx, write->user_data, &write->error);
    if (write->ok && write->tx.failed) {
        write->ok = FALSE;
        g_set_error(&write->error, TUNE_STORE_ERROR, TUNE_STORE_ERROR_BROKEN,
                    "the transaction went on after an error");
    }
    if (is_lost(self))
        return FALSE;
    if (!write->ok && !command(self, &UNDO, NULL))
        return FALSE;
    return command(self, &KEEP, write->ok ? &write->error : NULL);
}

static gboolean commit(TuneSqliteWriter *self, GError **error)
{
    if (command(self, &COMMIT, error)) {
        __atomic_fetch_add(&self->store->commits, 1, __ATOMIC_RELAXED);
        return TRUE;
    }
    if (!is_lost(self))
        command(self, &ROLLBACK, NULL);
    return FALSE;
}

static Write *next_waiting(TuneSqliteWriter *self)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&self->lock);
    return g_queue_pop_head(&self->waiting);
}

/* FALSE: nothing of the batch is kept. */
static gboolean run_together(TuneSqliteWriter *self, Write *first, GPtrArray *batch)
{
    gint64 start = g_get_monotonic_time();

    if (!command(self, &BEGIN, NULL)) {
        g_ptr_array_add(batch, first);
        return FALSE;
    }
    for (Write *write = first; write != NULL; write = next_waiting(self)) {
        g_ptr_array_add(batch, write);
        if (!run_one(self, write)) {
            if (!is_lost(self))
                command(self, &ROLLBACK, NULL);
            return FALSE;
        }
        if (batch->len >= BATCH_MAX || g_get_monotonic_time() - start > BATCH_MAX_US)
            break;
    }
    return commit(self, NULL);
}

static void run_alone(TuneSqliteWriter *self, Write *write)
{
    start_over(write);
    write->ok = command(self, &BEGIN, &write->error);
    if (!write->ok)
        return;
    gboolean kept = run_one(self, write);
    if (!kept || !write->ok) {
        if (!is_lost(self))
            command(self, &ROLLBACK, NULL);
        write->ok = FALSE;
    } else {
        write->ok = commit(self, &write->error);
    }
    if (!write->ok && write->error == NULL)
        g_set_error(&write->error, TUNE_STORE_ERROR, TUNE_STORE_ERROR_UNAVAILABLE,
                    "the database could not keep a change");
}

static void tell(TuneSqliteWriter *self, GPtrArray *batch)
{
    for (guint i = 0; i < batch->len; i++) {
        Write *write = batch->pdata[i];
        if (write->ok)
            tune_messages_send(self->store->messages, g_steal_pointer(&write->tx.messages));
        g_clear_pointer(&write->tx.messages, g_ptr_array_unref);
    }
    __atomic_fetch_add(&self->store->transactions, batch->len, __ATOMIC_RELAXED);
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&self->lock);
    for (guint i = 0; i < batch->len; i++) {
        Write *write = batch->pdata[i];
        write->done = TRUE;
        g_cond_signal(&write->finished);
    }
}

static int note_log_pages(void *data, sqlite3 *db, const char *name, int pages)
{
    ((TuneSqliteWriter *)data)->log_pages = pages;
    return SQLITE_OK;
}

/* After the commit's waiters have been told. */
static void checkpoint(TuneSqliteWriter *self)
{
    if (self->log_pages < CHECKPOINT_AT_PAGES)
        return;
    int mode =
        self->log_pages < RESTART_AT_PAGES ? SQLITE_CHECKPOINT_PASSIVE : SQLITE_CHECKPOINT_RESTART;
    int pages = 0, copied = 0;

    sqlite3_busy_timeout(self->connection->db, 200);
    sqlite3_wal_checkpoint_v2(self->connection->db, NULL, mode, &pages, &copied);
    sqlite3_busy_timeout(self->connection->db, 5000);
    /* A log that was copied whole is written from its beginning next; the hook then counts anew. */
    if (pages == copied)
        self->log_pages = 0;
}

static Write *wait_for_work(TuneSqliteWriter *self)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&self->lock);
    while (self->waiting.length == 0 && !self->stop)
        g_cond_wait(&self->work, &self->lock);
    return g_queue_pop_head(&self->waiting);
}

static gpointer thread_main(gpointer data)
{
    TuneSqliteWriter *self = data;
    g_autoptr(GPtrArray) batch = g_ptr_array_new();
    Write *first;

    while ((first = wait_for_work(self)) != NULL) {
        g_ptr_array_set_size(batch, 0);
        if (!run_together(self, first, batch))
            for (guint i = 0; i < batch->len; i++)
                run_alone(self, batch->pdata[i]);
        tell(self, batch);
        checkpoint(self);
    }
    return NULL;
}

TuneSqliteWriter *tune_sqlite_writer_new(TuneStore *store, TuneSqlite *connection)
{
    TuneSqliteWriter *self = g_new0(TuneSqliteWriter, 1);
    self->store = store;
    self->connection = connection;
    g_mutex_init(&self->lock);
    g_cond_init(&self->work);
    g_queue_init(&self->waiting);
    sqlite3_wal_hook(connection->db, note_log_pages, self);
    self->thread = g_thread_new("store-writer", thread_main, self);
    return self;
}

void tune_sqlite_writer_free(TuneSqliteWriter *self)
{
    g_mutex_lock(&self->lock);
    self->stop = TRUE;
    g_cond_signal(&self->work);
    g_mutex_unlock(&self->lock);
    g_thread_join(self->thread);
    tune_sqlite_close(self->connection);
    g_mutex_clear(&self->lock);
    g_cond_clear(&self->work);
    g_free(self);
}

guint tune_sqlite_writer_waiting(TuneSqliteWriter *self)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&self->lock);
    return self->waiting.length;
}

gboolean tune_sqlite_writer_transact(TuneSqliteWriter *self, TuneTxBody body, gpointer user_data,
                                     GError **error)
{
    g_return_val_if_fail(g_thread_self() != self->thread, FALSE);
    Write write = {
        .tx = {.store = self->store}, .body = body, .user_data = user_data, .writer = self};

    g_cond_init(&write.finished);
    g_mutex_lock(&self->lock);
    g_queue_push_tail(&self->waiting, &write);
    g_cond_signal(&self->work);
    while (!write.done)
        g_cond_wait(&write.finished, &self->lock);
    g_mutex_unlock(&self->lock);
    g_cond_clear(&write.finished);
    if (write.error != NULL)
        g_propagate_error(error, write.error);
    return write.ok;
}

TuneRows *tune_sqlite_writer_query(TuneTx *tx, const TuneStatement *statement,
                                   const TuneParams *params, GError **error)
{
    TuneSqliteWriter *self = ((Write *)tx)->writer;
    gint64 start = g_get_monotonic_time();
    TuneRows *rows = tune_sqlite_run(self->connection, statement, params, error);
    tune_store_account(tx->store, statement, params, g_get_monotonic_time() - start, rows != NULL);
    return rows;
}
