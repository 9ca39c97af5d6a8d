/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What the files of the database itself share.
 *
 *   store.c                dispatch, parameters, counts
 *   rows.c                 results, the same for both databases
 *   select.c               statements whose conditions depend on the call
 *   columns.c              rows as JSON
 *   uuid.c                 ids
 *   migrate.c              the schema's versions
 *   messages.c             listeners and what is sent to them
 *   slow.c                 the log of slow statements; advice-*.c read the plan
 *   sqlite.c               opening, the lock, readers     sqlite-connection.c  one connection
 *   sqlite-writer.c        the thread that writes
 *   postgres.c             statements and transactions    postgres-connection.c  one connection
 *   postgres-trips.c       reads that go together
 *   postgres-pool.c        the pool                       postgres-replicas.c    who may answer reads
 */
#pragma once
#include "store/store.h"

#include <stdarg.h>

/* ---- parameters ---- */
#define TUNE_PARAMS_MAX 48

typedef struct {
    char type; /* t i d b x n; a NULL text or NULL bytes is n */
    const char *text;
    gint64 integer; /* i b */
    double real;
    GBytes *bytes;
} TuneParam;

typedef struct {
    guint n;
    gboolean replan; /* PostgreSQL plans for these values rather than keep a plan */
    gboolean quick;  /* PostgreSQL: may share a round trip with other such reads */
    TuneParam at[TUNE_PARAMS_MAX];
} TuneParams;

/* Fails with BROKEN on text that is not UTF-8.  Values are borrowed. */
gboolean tune_params_collect(TuneParams *self, const char *types, va_list arguments,
                             GError **error);
/* Values copied, to outlive the call. */
TuneParams *tune_params_copy(const TuneParams *self);
void tune_params_free(TuneParams *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TuneParams, tune_params_free)

/* ---- rows ---- */
TuneRows *tune_rows_new(guint n_columns);
TuneRows *tune_rows_new_sized(guint n_columns, guint n_rows); /* about so many will come */
void tune_rows_add_row(TuneRows *self); /* then one add_ for each column */
void tune_rows_add_null(TuneRows *self);
void tune_rows_add_int(TuneRows *self, gint64 value);
void tune_rows_add_real(TuneRows *self, double value);
void tune_rows_add_text(TuneRows *self, const char *text, gsize size);
void tune_rows_add_bytes(TuneRows *self, gconstpointer bytes, gsize size);
void tune_rows_set_changed(TuneRows *self, guint changed);

/* ---- transactions ---- */
typedef struct {
    char *channel, *payload;
} TuneMessage;
void tune_message_free(TuneMessage *self);

struct TuneTx {
    TuneStore *store;
    gint64 now_us;       /* 0: not asked for yet */
    gboolean failed;     /* a statement failed: nothing but the end may follow */
    GPtrArray *messages; /* of TuneMessage, sent after the commit; NULL: none */
};

/* ---- the two databases ---- */
typedef struct {
    gboolean postgres;
    TuneRows *(*query)(TuneStore *self, const TuneStatement *statement, const TuneParams *params,
                       TuneReadFrom from, GError **error);
    TuneRows *(*write)(TuneStore *self, const TuneStatement *statement, const TuneParams *params,
                       GError **error);
    gboolean (*transact)(TuneStore *self, TuneTxBody body, gpointer user_data, GError **error);
    TuneRows *(*tx_query)(TuneTx *tx, const TuneStatement *statement, const TuneParams *params,
                          GError **error);
    /* Later, with the next; NULL: at once. */
    void (*tx_send)(TuneTx *tx, const TuneStatement *statement, const TuneParams *params);
    gint64 (*tx_now_us)(TuneTx *tx);
    gboolean (*ping)(TuneStore *self, GError **error);
    void (*wrote)(TuneStore *self, const char *session);            /* NULL: no replicas */
    TuneReadFrom (*read_for)(TuneStore *self, const char *session); /* as wrote */
    void (*stats)(TuneStore *self, TuneStoreStats *out);
    /* An index that would serve the statement, from its plan, as a sentence; NULL: none. */
    char *(*advise)(TuneStore *self, const TuneStatement *statement, const TuneParams *params);
    void (*close)(TuneStore *self); /* ends threads and connections; the messages are gone by then */
} TuneStoreClass;

typedef struct TuneMessages TuneMessages;
typedef struct TuneSlow TuneSlow;

/* The first member of both databases' structs. */
struct TuneStore {
    const TuneStoreClass *class;
    TuneStoreConfig config; /* url and replica_urls are not kept here */
    TuneLog log;
    TuneMessages *messages;
    TuneSlow *slow;
    GMutex interned_lock;
    GHashTable *interned; /* SQL -> TuneStatement, which owns it; under interned_lock */
    /* atomic */
    guint64 queries, errors, busy_us, transactions, commits;
};

typedef struct {
    guint version;
    char *name; /* "001-initial" */
    char *sql;
    char *sha256;
} TuneMigration;
TuneMigration *tune_migration_new(const char *name, const char *sql);
void tune_migration_free(TuneMigration *self);
/* The installed ones of @dialect, "sqlite" or "postgres", in order. (transfer full) */
GPtrArray *tune_migrations_load(const char *dialect, GError **error);

/* What migrate.c needs of a connection: text of many statements; one statement giving rows. */
typedef struct {
    gpointer connection;
    gboolean (*exec)(gpointer connection, const char *sql, GError **error);
    TuneRows *(*rows)(gpointer connection, const TuneStatement *statement, const TuneParams *params,
                      GError **error);
    const char *begin; /* begins a transaction that no other migrating program shares */
} TuneMigrator;
gboolean tune_migrate(const TuneMigrator *database, const GPtrArray *migrations, const TuneLog *log,
                      GError **error);

TuneStore *tune_sqlite_store_open(const TuneStoreConfig *config, const char *path,
                                  const GPtrArray *migrations, GError **error);
TuneStore *tune_postgres_store_open(const TuneStoreConfig *config, const GPtrArray *migrations,
                                    GError **error);
/* tune_store_open() with other migrations than the installed ones (NULL: the installed ones). */
TuneStore *tune_store_open_with(const TuneStoreConfig *config, const GPtrArray *migrations,
                                GError **error);

/* What every store has, before and after what is the database's own. */
void tune_store_init(TuneStore *self, const TuneStoreClass *class, const TuneStoreConfig *config);
void tune_store_clear(TuneStore *self);
/* The store's own statement with that text, made at the first call. */
const TuneStatement *tune_store_intern(TuneStore *self, const char *name, const char *sql);

/* Counts a statement that ran for @us, and notes it when it was slow. */
void tune_store_account(TuneStore *self, const TuneStatement *statement, const TuneParams *params,
                        gint64 us, gboolean ok);
static inline const char *tune_store_sql(const TuneStore *self, const TuneStatement *statement)
{
    return tune_store_is_postgres(self) && statement->postgres != NULL ? statement->postgres
                                                                       : statement->sql;
}

/* ---- messages.c: takes what commits sent, calls the listeners ---- */

/* How messages travel between processes; NULL members: only within this one. */
typedef struct {
    /* The thread's work: returns once tune_messages_stopping() says so. */
    void (*run)(TuneMessages *messages, gpointer user_data);
    gpointer user_data;
} TuneMessageCarrier;
TuneMessages *tune_messages_new(const TuneMessageCarrier *carrier);
void tune_messages_free(TuneMessages *self); /* (nullable) */
/* Those of a transaction that has committed.  @messages: (transfer full) (nullable). */
void tune_messages_send(TuneMessages *self, GPtrArray *messages);
guint tune_messages_listen(TuneMessages *self, const char *channel, TuneListener listener,
                           gpointer user_data);
void tune_messages_unlisten(TuneMessages *self, guint id);
/* For carriers. */
int tune_messages_wake_fd(TuneMessages *self); /* readable: something to send, to listen to, or to stop */
gboolean tune_messages_stopping(TuneMessages *self);
GPtrArray *tune_messages_take(TuneMessages *self);     /* what is to be sent; (transfer full) (nullable) */
/* Channels that somebody listens to, NULL-ended, when they changed since @version; else NULL. (transfer full) */
char **tune_messages_channels(TuneMessages *self, guint *version);
void tune_messages_heard(TuneMessages *self, guint version); /* those channels are being listened to */
void tune_messages_deliver(TuneMessages *self, const char *channel, const char *payload);
void tune_messages_missed(TuneMessages *self); /* every listener learns that something may be missing */

/* ---- slow.c ---- */
TuneSlow *tune_slow_new(TuneStore *store);
void tune_slow_free(TuneSlow *self); /* (nullable) */
void tune_slow_note(TuneSlow *self, const TuneStatement *statement, const TuneParams *params,
                    gint64 us);
guint64 tune_slow_count(TuneSlow *self);
json_t *tune_slow_list(TuneSlow *self, guint limit);
