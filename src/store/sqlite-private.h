/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * SQLite inside the room: one connection, and the thread that owns the one that writes.
 */
#pragma once
#include "store/store-private.h"

#include <sqlite3.h>

/* A connection, used by one thread at a time. */
typedef struct {
    sqlite3 *db;
    GHashTable *prepared; /* const TuneStatement * -> Prepared */
    guint statement_ms;
    gint64 deadline_us; /* monotonic; of the statement that runs */
    const TuneLog *log;
} TuneSqlite;

/* @writes: creates the file when it is not there.  A connection that does not write is read-only for the
 * library too, so that it can never checkpoint. */
TuneSqlite *tune_sqlite_open(const char *path, gboolean writes, guint statement_ms,
                             const TuneLog *log, GError **error);
void tune_sqlite_close(TuneSqlite *self); /* (nullable) */
TuneRows *tune_sqlite_run(TuneSqlite *self, const TuneStatement *statement,
                          const TuneParams *params, GError **error);
/* Text of any number of statements without parameters and rows. */
gboolean tune_sqlite_exec(TuneSqlite *self, const char *sql, GError **error);

/* ---- sqlite-writer.c ---- */
typedef struct TuneSqliteWriter TuneSqliteWriter;
/* Owns @connection from now on. */
TuneSqliteWriter *tune_sqlite_writer_new(TuneStore *store, TuneSqlite *connection);
/* Runs what is waiting, then ends. */
void tune_sqlite_writer_free(TuneSqliteWriter *self);
guint tune_sqlite_writer_waiting(TuneSqliteWriter *self);
gboolean tune_sqlite_writer_transact(TuneSqliteWriter *self, TuneTxBody body, gpointer user_data,
                                     GError **error);
TuneRows *tune_sqlite_writer_query(TuneTx *tx, const TuneStatement *statement,
                                   const TuneParams *params, GError **error);

/* ---- advice-sqlite.c ---- */
/* The index that @sql lacks, as the statement that makes it; NULL: none is known to help. (transfer full) */
char *tune_sqlite_advise(TuneSqlite *connection, const char *sql);
