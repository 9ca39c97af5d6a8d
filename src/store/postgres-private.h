/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * PostgreSQL inside the room: one connection, the pool, the replicas.
 */
#pragma once
#include "store/advice.h"
#include "store/store-private.h"

#include <libpq-fe.h>

/* ---- postgres-connection.c ---- */

/* A connection in pipeline mode, used by one thread at a time.  It never waits longer than it was told,
 * whatever the other end does. */
typedef struct {
    PGconn *pg;
    GHashTable *prepared; /* const TuneStatement * -> GSList of Prepared: one for each set of types */
    guint n_prepared;
    gint64 born_us; /* monotonic */
    gint64 idle_us; /* monotonic: when the pool got it back */
    gboolean lost;  /* of no more use */
    const TuneLog *log;
} TunePg;

/* One command of a round trip: a statement, or plain text without parameters. */
typedef struct {
    const char *text; /* (nullable) */
    const TuneStatement *statement;
    const TuneParams *params;
} TunePgCommand;

/* @url is checked by tune_pg_check_url().  @settings: SET commands run first (nullable).
 * URL: refused for good (password, no such database); UNAVAILABLE: away. */
TunePg *tune_pg_open(const char *url, const char *settings, guint connect_ms, const TuneLog *log,
                     GError **error);
void tune_pg_close(TunePg *self); /* (nullable) */
gboolean tune_pg_check_url(const char *url, GError **error);

/* Sends @n commands in one go and waits for all answers, at most @wait_ms; rows of the last one.  The first
 * error ends the rest.  @state (nullable): the SQLSTATE of the error, "" when there is none. */
TuneRows *tune_pg_run(TunePg *self, const TunePgCommand *commands, guint n, guint wait_ms,
                      char state[6], GError **error);
/* A read of its own among others. */
typedef struct {
    const TuneStatement *statement;
    const TuneParams *params;
    PGresult *result; /* its rows (transfer full); NULL with an error, or without: not asked, ask again alone */
    GError *error;    /* (transfer full) */
    char state[6];    /* SQLSTATE of the error, or "" */
    gboolean lost;    /* the connection was */
    gint64 us;        /* from the sending to its answer */
} TunePgAsk;
/* Sends them in one go and waits for all answers, at most @wait_ms.  The first error ends the rest. */
void tune_pg_run_each(TunePg *self, TunePgAsk *const *asks, guint n, guint wait_ms);
TuneRows *tune_pg_rows(const PGresult *result); /* (transfer full) */
/* Many statements in one text, outside pipeline mode: migrations. */
gboolean tune_pg_exec(TunePg *self, const char *sql, GError **error);
/* Looks, without waiting, whether the other end has gone. */
gboolean tune_pg_is_alive(TunePg *self);

/* ---- postgres-pool.c ---- */
typedef struct TunePgPool TunePgPool;
typedef struct {
    const char *url;
    guint size, overflow, wait_ms, recycle_s, spare_s, connect_ms, statement_ms;
    gboolean read_only; /* a replica's */
    const TuneLog *log;
} TunePgPoolConfig;
TunePgPool *tune_pg_pool_new(const TunePgPoolConfig *config);
void tune_pg_pool_free(TunePgPool *self); /* all connections must be back */
/* UNAVAILABLE when none comes free within @wait_ms, or the server is away. */
TunePg *tune_pg_pool_take(TunePgPool *self, guint wait_ms, GError **error);
void tune_pg_pool_give(TunePgPool *self, TunePg *connection);
/* As new connections of the pool are made, but not counted: for threads of their own. */
TunePg *tune_pg_pool_open(TunePgPool *self, GError **error);
typedef struct {
    guint open, active, waiting;
    guint64 reconnects;
} TunePgPoolStats;
void tune_pg_pool_stats(TunePgPool *self, TunePgPoolStats *out);

/* ---- postgres-trips.c ----
 * Quick reads that come at the same moment share round trips on connections of the pool. */
typedef struct TunePgTrips TunePgTrips;
TunePgTrips *tune_pg_trips_new(TunePgPool *pool);
void tune_pg_trips_free(TunePgTrips *self); /* when nobody reads (nullable) */
/* Fills what @ask answers with.  Thread-safe. */
void tune_pg_trips_read(TunePgTrips *self, TunePgAsk *ask, guint pool_wait_ms, guint wait_ms);
TunePgTrips *tune_pg_pool_trips(TunePgPool *self); /* the pool's own (transfer none) */

/* ---- postgres-replicas.c ---- */
typedef struct TunePgReplicas TunePgReplicas;
/* @primary outlives it; @config: of each replica's pool, but for the URL. */
TunePgReplicas *tune_pg_replicas_new(const char *const *urls, TunePgPool *primary,
                                     const TunePgPoolConfig *config);
void tune_pg_replicas_free(TunePgReplicas *self); /* (nullable) */
TunePgPool *tune_pg_replicas_choose(TunePgReplicas *self); /* one that is up, in turn; NULL: none is */
void tune_pg_replicas_failed(TunePgReplicas *self, TunePgPool *pool); /* left out until the next look */
guint tune_pg_replicas_up(TunePgReplicas *self, guint *n);
/* A session has written up to @position of the primary's log. */
#define TUNE_PG_POSITION_UNKNOWN G_MAXINT64
void tune_pg_replicas_wrote(TunePgReplicas *self, const char *session, gint64 position);
/* Whether every replica that may be chosen shows what @session wrote. */
gboolean tune_pg_replicas_show(TunePgReplicas *self, const char *session);

/* ---- postgres-messages.c ---- */
/* Runs LISTEN and NOTIFY on a connection of its own. */
void tune_pg_carry_messages(TuneMessages *messages, gpointer pool);

/* ---- advice-postgres.c ---- */
/* @plan: what EXPLAIN (FORMAT JSON) answers.  The index that it lacks; NULL: none. (transfer full) */
TuneAdvice *tune_postgres_advise(const char *plan);
