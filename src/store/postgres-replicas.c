/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A thread asks every replica twice a second how far it has replayed the primary's log.  One that
 * answers in time, is a standby, has the tables as they were migrated when this program began, and
 * is at most two seconds behind takes reads.  Positions in the log also answer whether a session's
 * own writes can be seen there already.
 */
#include "store/postgres-private.h"

#define ROUND_US     (G_TIME_SPAN_SECOND / 2)
#define ANSWER_MS    1000
#define LAG_MAX_S    2.0
#define SESSIONS_MAX 10000

typedef struct {
    TunePgPool *pool;
    TunePg *connection; /* the thread's; NULL: away */
    gboolean up;        /* under lock */
    gint64 replayed;    /* under lock */
} Replica;

struct TunePgReplicas {
    TunePgPool *primary;
    TunePg *connection; /* the thread's, to the primary */
    gint64 schema;      /* the thread's: where the primary was first seen, behind the migrations */
    guint n;
    Replica *replicas;
    GThread *thread;
    const TuneLog *log;
    GMutex lock;
    GCond stopped;
    /* under lock */
    gboolean stop;
    guint next;
    GHashTable *written; /* session -> position of its last write, a gint64 */
    gint64 floor;        /* of the sessions that are not listed any more */
};

static const TuneStatement POSITION = {
    "position", "SELECT (pg_current_wal_lsn() - '0/0'::pg_lsn)::bigint", NULL};
/* A replica that has replayed all it received is not behind, however long ago the last change was.
 */
static const TuneStatement REPLAYED = {
    "replayed",
    "SELECT (pg_last_wal_replay_lsn() - '0/0'::pg_lsn)::bigint, pg_is_in_recovery(),"
    " CASE WHEN pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn() THEN 0 ELSE"
    " extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp()) END::float8,"
    " EXISTS (SELECT 1 FROM pg_stat_wal_receiver WHERE status = 'streaming')",
    NULL};

/* ---- the thread ---- */

static TuneRows *ask(TunePg **connection, TunePgPool *pool, const TuneStatement *statement)
{
    TuneParams none = {.n = 0};
    TunePgCommand command = {.statement = statement, .params = &none};

    if (*connection == NULL)
        *connection = tune_pg_pool_open(pool, NULL);
    if (*connection == NULL)
        return NULL;
    TuneRows *rows = tune_pg_run(*connection, &command, 1, ANSWER_MS, NULL, NULL);
    if (rows == NULL)
        tune_pg_close(g_steal_pointer(connection));
    return rows;
}

/* @primary: its position when the round began; 0: it is away, and so nothing new can be missed. */
static void look_at(TunePgReplicas *self, Replica *replica, gint64 primary)
{
    g_autoptr(TuneRows) rows = ask(&replica->connection, replica->pool, &REPLAYED);
    gboolean up = rows != NULL && tune_rows_bool(rows, 0, 1);
    gint64 replayed = rows != NULL ? tune_rows_int(rows, 0, 0) : 0;

    if (self->schema == 0 || replayed < self->schema)
        up = FALSE; /* it may lack tables */
    else if (up && replayed < primary)
        up = tune_rows_bool(rows, 0, 3) && tune_rows_real(rows, 0, 2) <= LAG_MAX_S;
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&self->lock);
    if (up != replica->up)
        tune_log(self->log, TUNE_LOG_INFO, "replica %u %s", (guint)(replica - self->replicas) + 1,
                 up ? "takes reads" : "is left out: away or behind");
    replica->up = up;
    replica->replayed = replayed;
}

/* Writes whose position could not be asked for are behind the first one that could. */
static void settle(TunePgReplicas *self, gint64 primary)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&self->lock);
    GHashTableIter iter;
    gpointer position;

    g_hash_table_iter_init(&iter, self->written);
    while (g_hash_table_iter_next(&iter, NULL, &position))
        if (*(gint64 *)position == TUNE_PG_POSITION_UNKNOWN)
            *(gint64 *)position = primary;
    if (self->floor == TUNE_PG_POSITION_UNKNOWN)
        self->floor = primary;
}

static gboolean rest(TunePgReplicas *self)
{
    gint64 until = g_get_monotonic_time() + ROUND_US;
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&self->lock);
    while (!self->stop && g_cond_wait_until(&self->stopped, &self->lock, until))
        ;
    return !self->stop;
}

static gpointer thread_main(gpointer data)
{
    TunePgReplicas *self = data;
    do {
        g_autoptr(TuneRows) rows = ask(&self->connection, self->primary, &POSITION);
        gint64 primary = rows != NULL ? tune_rows_int(rows, 0, 0) : 0;
        if (rows != NULL)
            settle(self, primary);
        if (self->schema == 0)
            self->schema = primary;
        for (guint i = 0; i < self->n; i++)
            look_at(self, &self->replicas[i], primary);
    } while (rest(self));
    return NULL;
}

/* ---- for the store ---- */

TunePgReplicas *tune_pg_replicas_new(const char *const *urls, TunePgPool *primary,
                                     const TunePgPoolConfig *config)
{
    TunePgReplicas *self = g_new0(TunePgReplicas, 1);
    TunePgPoolConfig pool = *config;

    pool.read_only = TRUE;
    self->primary = primary;
    self->log = config->log;
    self->n = g_strv_length((char **)urls);
    self->replicas = g_new0(Replica, self->n);
    for (guint i = 0; i < self->n; i++) {
        pool.url = urls[i];
        self->replicas[i].pool = tune_pg_pool_new(&pool);
    }
    g_mutex_init(&self->lock);
    g_cond_init(&self->stopped);
    self->written = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    self->thread = g_thread_new("store-replicas", thread_main, self);
    return self;
}

void tune_pg_replicas_free(TunePgReplicas *self)
{
    if (self == NULL)
        return;
    g_mutex_lock(&self->lock);
    self->stop = TRUE;
    g_cond_signal(&self->stopped);
    g_mutex_unlock(&self->lock);
    g_thread_join(self->thread);
    for (guint i = 0; i < self->n; i++) {
        tune_pg_close(self->replicas[i].connection);
        tune_pg_pool_free(self->replicas[i].pool);
    }
    tune_pg_close(self->connection);
    g_hash_table_unref(self->written);
    g_mutex_clear(&self->lock);
    g_cond_clear(&self->stopped);
    g_free(self->replicas);
    g_free(self);
}

TunePgPool *tune_pg_replicas_choose(TunePgReplicas *self)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&self->lock);
    for (guint i = 0; i < self->n; i++) {
        Replica *replica = &self->replicas[self->next++ % self->n];
        if (replica->up)
            return replica->pool;
    }
    return NULL;
}

void tune_pg_replicas_failed(TunePgReplicas *self, TunePgPool *pool)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&self->lock);
    for (guint i = 0; i < self->n; i++)
        if (self->replicas[i].pool == pool)
            self->replicas[i].up = FALSE;
}

guint tune_pg_replicas_up(TunePgReplicas *self, guint *n)
{
    guint n_up = 0;
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&self->lock);
    for (guint i = 0; i < self->n; i++)
        n_up += self->replicas[i].up;
    *n = self->n;
    return n_up;
}

/* ---- sessions ---- */

/* When the table is full, its newest position stands for all: too careful rather than wrong. */
void tune_pg_replicas_wrote(TunePgReplicas *self, const char *session, gint64 position)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&self->lock);
    if (g_hash_table_size(self->written) >= SESSIONS_MAX) {
        g_hash_table_remove_all(self->written);
        self->floor = position;
    }
    g_hash_table_insert(self->written, g_strdup(session), g_memdup2(&position, sizeof position));
}

/* FALSE while some replica that may be chosen lacks what @session wrote. */
gboolean tune_pg_replicas_show(TunePgReplicas *self, const char *session)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&self->lock);
    const gint64 *position = g_hash_table_lookup(self->written, session);
    gint64 wanted = position != NULL ? MAX(*position, self->floor) : self->floor;

    if (wanted == 0)
        return TRUE;
    for (guint i = 0; i < self->n; i++)
        if (self->replicas[i].up && self->replicas[i].replayed < wanted)
            return FALSE;
    g_hash_table_remove(self->written, session);
    return TRUE;
}
