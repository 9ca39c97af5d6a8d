/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Records in SQLite or PostgreSQL behind one interface.  This header is the database itself: statements,
 * rows, transactions.  The records have a file each on top of it (store/users.h, store/tracks.h,
 * store/generations.h, store/queue.h, ...); no SQL is written outside this room.
 *
 *     static const TuneStatement USER_BY_EMAIL = {
 *         "user-by-email", "SELECT id, name FROM users WHERE email = $1", NULL};
 *     g_autoptr(TuneRows) rows = tune_store_query(store, &USER_BY_EMAIL, TUNE_READ, &error, "t", email);
 *     if (rows != NULL && tune_rows_count(rows) == 1) name = tune_rows_text(rows, 0, 1);
 *
 * SQLite: WAL, synchronous=FULL; one connection writes and is the only one that checkpoints (the race
 * of checkpoints in SQLite before 3.51.3), read-only connections read.  Transactions that wait for the
 * writer at the same moment share one commit.  A second process on the file is refused.
 * PostgreSQL: a pool of 20 connections and 10 more under load, prepared statements, statement time-out,
 * recycling, reconnection with back-off, replicas for reads.
 * Times in records are microseconds since 1970 by the database's clock; ids are text.  Thread-safe.
 */
#pragma once
#include "base/json.h"
#include "base/log.h"
#include <gio/gio.h>

#define TUNE_STORE_ERROR (tune_store_error_quark())
GQuark tune_store_error_quark(void);
typedef enum {
    TUNE_STORE_ERROR_URL,         /* not a database URL, or no such database */
    TUNE_STORE_ERROR_UNAVAILABLE, /* away, restarting, pool exhausted: try again later (503) */
    TUNE_STORE_ERROR_TIMEOUT,     /* statement time-out (503) */
    TUNE_STORE_ERROR_CONFLICT,    /* a unique key is taken */
    TUNE_STORE_ERROR_MISSING,     /* a foreign key's row is not there */
    TUNE_STORE_ERROR_FULL,        /* disk full (507) */
    TUNE_STORE_ERROR_LOCKED,      /* another process has the SQLite file */
    TUNE_STORE_ERROR_VERSION,     /* the schema is newer than this program */
    TUNE_STORE_ERROR_BROKEN,      /* damage, wrong SQL: our fault */
} TuneStoreError;

typedef struct TuneStore TuneStore;
typedef struct TuneTx TuneTx;
typedef struct TuneRows TuneRows;

typedef struct {
    const char *url;                 /* sqlite:///path, a path, or postgresql://... */
    const char *const *replica_urls; /* postgresql://..., NULL-ended (nullable) */
    guint pool_size, pool_overflow;  /* 20, 10 (PostgreSQL); SQLite readers: pool_size at most 8 */
    guint pool_wait_ms;              /* 30000 */
    guint recycle_s;                 /* 3600 */
    guint spare_s;                   /* 10: how long a connection beyond pool_size is kept unused */
    guint statement_ms;              /* 30000 */
    guint slow_ms;                   /* 100; statements at or over it are logged with a recommendation */
    const TuneLog *log;
} TuneStoreConfig;
#define TUNE_STORE_CONFIG_DEFAULT \
    {.pool_size = 20, .pool_overflow = 10, .pool_wait_ms = 30000, .recycle_s = 3600, \
     .spare_s = 10, .statement_ms = 30000, .slow_ms = 100}

/* Opens and migrates (data/sql/sqlite/ *.sql, data/sql/postgres/ *.sql: numbered, each in a transaction,
 * recorded with its hash; servers that start together wait for one another). */
TuneStore *tune_store_open(const TuneStoreConfig *config, GError **error);
void tune_store_free(TuneStore *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TuneStore, tune_store_free)
gboolean tune_store_is_postgres(const TuneStore *self);

/* A statement with $1, $2, ... A static constant: its address identifies the prepared statement. */
typedef struct {
    const char *name;     /* for logs and metrics: "user-by-email" */
    const char *sql;      /* both dialects, or SQLite's when @postgres is given */
    const char *postgres; /* (nullable) */
} TuneStatement;

typedef enum {
    TUNE_READ,         /* may go to a replica that does not lag */
    TUNE_READ_PRIMARY, /* must see what was written before */
} TuneReadFrom;

/* Parameters follow @types, a letter each: t const char* (NULL: null), i gint64, d double, b gboolean,
 * x GBytes* (NULL: null), n nothing (null, no argument).  (transfer full) */
TuneRows *tune_store_query(TuneStore *self, const TuneStatement *statement, TuneReadFrom from,
                           GError **error, const char *types, ...);

/* One writing statement as a transaction of its own, durable when it returns; rows of RETURNING.
 * (transfer full) */
TuneRows *tune_store_write(TuneStore *self, const TuneStatement *statement, GError **error,
                           const char *types, ...);

/* Several as one transaction: committed when @body returns TRUE.  @body may run again (serialisation
 * failure, deadlock), on another thread, and must have no effect outside @tx.  Durable when it returns.
 * SQLite: bodies that wait together share one commit.  After a statement of it has failed a transaction
 * can only fail: where a conflict is an answer, say ON CONFLICT DO NOTHING.  Bodies begin no transaction. */
typedef gboolean (*TuneTxBody)(TuneTx *tx, gpointer user_data, GError **error);
gboolean tune_store_transact(TuneStore *self, TuneTxBody body, gpointer user_data, GError **error);
TuneRows *tune_tx_query(TuneTx *tx, const TuneStatement *statement, GError **error,
                        const char *types, ...); /* (transfer full) */
/* One whose answer nobody needs.  PostgreSQL: it travels with the next statement or the commit, and so does its
 * error. */
gboolean tune_tx_send(TuneTx *tx, const TuneStatement *statement, GError **error, const char *types,
                      ...);
TuneStore *tune_tx_store(TuneTx *tx);
gint64 tune_tx_now_us(TuneTx *tx); /* the database's clock, the same through the transaction */

/* Read your own writes, with replicas: @session, any text such as a user's id, has written; from now on
 * its reads go to the primary until every replica in use shows that.  Without replicas: nothing to do.
 *
 *     tune_store_wrote(store, user_id);                                        // after the write
 *     rows = tune_store_query(store, &S, tune_store_read_for(store, user_id), &error, "t", user_id);
 *
 * The service says so after every request that may have written something, of the caller's id ("" of callers
 * without one); reads of what belongs to a user ask for that user.  What all see together, the lists of
 * public tracks, is the session TUNE_SESSION_TRACKS of whoever changes a track: these lists are cached, and
 * a list that a replica makes too early would be shown for minutes.  Known in this process only. */
#define TUNE_SESSION_TRACKS "#tracks"
void tune_store_wrote(TuneStore *self, const char *session);
TuneReadFrom tune_store_read_for(TuneStore *self, const char *session);

guint tune_rows_count(const TuneRows *self);
guint tune_rows_changed(const TuneRows *self); /* rows inserted, updated, deleted */
gboolean tune_rows_is_null(const TuneRows *self, guint row, guint column);
const char *tune_rows_text(const TuneRows *self, guint row, guint column); /* NULL for null */
/* The same with its length, for texts that may hold U+0000. */
const char *tune_rows_text_sized(const TuneRows *self, guint row, guint column, gsize *size);
gint64 tune_rows_int(const TuneRows *self, guint row, guint column);       /* 0 for null */
double tune_rows_real(const TuneRows *self, guint row, guint column);
gboolean tune_rows_bool(const TuneRows *self, guint row, guint column);
GBytes *tune_rows_bytes(const TuneRows *self, guint row, guint column);    /* (transfer full) */
void tune_rows_free(TuneRows *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TuneRows, tune_rows_free)

/* Messages between the processes on one database (PostgreSQL LISTEN/NOTIFY) and within one (both):
 * @channel is [a-z_]+, @payload at most 7000 bytes of UTF-8.  Sent right after the transaction's commit; a
 * process that dies just then takes them along, so that who waits for one looks into the table as well.
 * The same message twice in a row may arrive once.  Callbacks run on a thread of the store and must be quick.
 * After a lost connection every listener is called with payload NULL: something may have been missed. */
typedef void (*TuneListener)(const char *channel, const char *payload, gpointer user_data);
guint tune_store_listen(TuneStore *self, const char *channel, TuneListener listener,
                        gpointer user_data);
void tune_store_unlisten(TuneStore *self, guint id); /* returns when no call of it is under way */
gboolean tune_tx_notify(TuneTx *tx, const char *channel, const char *payload, GError **error);

/* A new id: UUID version 7 (RFC 9562), 36 characters, sorts by time. (transfer full) */
char *tune_store_new_id(void);

gboolean tune_store_ping(TuneStore *self, GError **error); /* for health checks; at most 1 s */

typedef struct {
    guint pool_size, active;
    guint waiting; /* for a connection, or for the one that writes */
    guint64 queries, errors, slow, reconnects;
    guint64 transactions, commits; /* SQLite: several transactions share a commit */
    double avg_query_ms;
    guint replicas, replicas_up;
} TuneStoreStats;
void tune_store_stats(TuneStore *self, TuneStoreStats *out);
/* Slow statements since start, slowest first: [{"name", "sql", "count", "max_ms", "avg_ms", "last",
 * "recommendation"?}], at most @limit. (transfer full) */
json_t *tune_store_slow(TuneStore *self, guint limit);
