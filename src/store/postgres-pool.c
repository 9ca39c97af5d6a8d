/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Connections are made when they are needed, up to size + overflow; those beyond size are closed when nobody
 * has needed them for a while: to open one costs the server and us more than a hundred reads.  After a failed attempt to connect nobody tries again before a pause
 * has passed, which doubles up to two seconds: callers are told at once that the server is away.
 */
#include "base/random.h"
#include "store/postgres-private.h"

#define BACKOFF_FIRST_MS 50
#define BACKOFF_LAST_MS  2000

struct TunePgPool {
    TunePgTrips *trips;
    TunePgPoolConfig config; /* url belongs to the pool */
    char *settings;
    GMutex lock;
    GCond returned;
    /* under lock */
    GQueue idle; /* of TunePg; the last used first */
    guint n_open, n_waiting;
    gboolean away; /* the last attempt to connect failed */
    guint backoff_ms;
    gint64 retry_us; /* monotonic */
    guint64 reconnects;
    char *away_message; /* (nullable) */
};

TunePgPool *tune_pg_pool_new(const TunePgPoolConfig *config)
{
    TunePgPool *self = g_new0(TunePgPool, 1);

    self->config = *config;
    self->config.url = g_strdup(config->url);
    self->settings = g_strdup_printf(
        "SET statement_timeout = %u; SET idle_in_transaction_session_timeout = 60000;"
        "SET client_min_messages = error%s",
        config->statement_ms, config->read_only ? "; SET default_transaction_read_only = on" : "");
    g_mutex_init(&self->lock);
    g_cond_init(&self->returned);
    g_queue_init(&self->idle);
    self->trips = tune_pg_trips_new(self);
    return self;
}

void tune_pg_pool_free(TunePgPool *self)
{
    if (self == NULL)
        return;
    tune_pg_trips_free(self->trips);
    g_queue_clear_full(&self->idle, (GDestroyNotify)tune_pg_close);
    g_mutex_clear(&self->lock);
    g_cond_clear(&self->returned);
    g_free(self->settings);
    g_free(self->away_message);
    g_free((char *)self->config.url);
    g_free(self);
}

TunePgTrips *tune_pg_pool_trips(TunePgPool *self)
{
    return self->trips;
}

/* ---- connecting ---- */

/* Up to half of the pause more, so that many servers do not come back at the same moment. */
static gint64 pause_us(guint ms)
{
    TuneRandom random;
    tune_random_init(&random, (guint64)g_get_monotonic_time(), "store/backoff");
    return (gint64)(tune_random_range(&random, 1.0, 1.5) * ms * 1000);
}

static void note_failure(TunePgPool *self, const char *message)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&self->lock);
    if (!self->away)
        tune_log(self->config.log, TUNE_LOG_WARNING, "%s", message);
    g_free(self->away_message);
    self->away_message = g_strdup(message);
    self->backoff_ms = self->away ? MIN(self->backoff_ms * 2, BACKOFF_LAST_MS) : BACKOFF_FIRST_MS;
    self->retry_us = g_get_monotonic_time() + pause_us(self->backoff_ms);
    self->away = TRUE;
}

static void note_success(TunePgPool *self)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&self->lock);
    if (self->away) {
        tune_log(self->config.log, TUNE_LOG_INFO, "the database is back");
        self->reconnects++;
    }
    self->away = FALSE;
}

/* FALSE with @error while nobody should try. */
static gboolean may_connect(TunePgPool *self, GError **error)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&self->lock);
    if (!self->away || g_get_monotonic_time() >= self->retry_us) {
        /* The others wait for how this attempt ends. */
        if (self->away)
            self->retry_us = g_get_monotonic_time() + pause_us(self->config.connect_ms);
        return TRUE;
    }
    g_set_error_literal(error, TUNE_STORE_ERROR, TUNE_STORE_ERROR_UNAVAILABLE, self->away_message);
    return FALSE;
}

TunePg *tune_pg_pool_open(TunePgPool *self, GError **error)
{
    g_autoptr(GError) local = NULL;

    if (!may_connect(self, error))
        return NULL;
    TunePg *connection = tune_pg_open(self->config.url, self->settings, self->config.connect_ms,
                                      self->config.log, &local);
    if (connection == NULL) {
        note_failure(self, local->message);
        g_propagate_error(error, g_steal_pointer(&local));
    } else {
        note_success(self);
    }
    return connection;
}

/* ---- taking and giving ---- */

static gboolean is_fresh(const TunePgPool *self, TunePg *connection)
{
    gint64 age = g_get_monotonic_time() - connection->born_us;
    return age < (gint64)self->config.recycle_s * G_TIME_SPAN_SECOND &&
           tune_pg_is_alive(connection);
}

/* One that is idle, or NULL and one more counted, to be opened; NULL with @error: neither. */
static TunePg *wait_for_turn(TunePgPool *self, guint wait_ms, GError **error)
{
    gint64 until = g_get_monotonic_time() + (gint64)wait_ms * 1000;
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&self->lock);

    self->n_waiting++;
    while (self->idle.length == 0 && self->n_open >= self->config.size + self->config.overflow) {
        if (!g_cond_wait_until(&self->returned, &self->lock, until)) {
            self->n_waiting--;
            g_set_error(error, TUNE_STORE_ERROR, TUNE_STORE_ERROR_UNAVAILABLE,
                        "the database is busy: no connection came free in %u ms", wait_ms);
            return NULL;
        }
    }
    self->n_waiting--;
    TunePg *connection = g_queue_pop_head(&self->idle);
    if (connection == NULL)
        self->n_open++;
    return connection;
}

static void uncount(TunePgPool *self, gboolean was_lost)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&self->lock);
    self->n_open--;
    self->reconnects += was_lost;
    g_cond_signal(&self->returned);
}

TunePg *tune_pg_pool_take(TunePgPool *self, guint wait_ms, GError **error)
{
    for (;;) {
        g_autoptr(GError) local = NULL;
        TunePg *connection = wait_for_turn(self, wait_ms, &local);
        if (local != NULL) {
            g_propagate_error(error, g_steal_pointer(&local));
            return NULL;
        }
        if (connection == NULL) {
            connection = tune_pg_pool_open(self, error);
            if (connection == NULL)
                uncount(self, FALSE);
            return connection;
        }
        if (is_fresh(self, connection))
            return connection;
        gboolean lost = !tune_pg_is_alive(connection);
        tune_pg_close(connection);
        uncount(self, lost);
    }
}

/* With the lock.  One that has not been used for long, if there are more than there should be.
 * (transfer full) (nullable) */
static TunePg *take_spare(TunePgPool *self)
{
    TunePg *oldest = g_queue_peek_tail(&self->idle);

    if (self->n_open <= self->config.size || self->n_waiting > 0 || oldest == NULL ||
        g_get_monotonic_time() - oldest->idle_us <
            (gint64)self->config.spare_s * G_TIME_SPAN_SECOND)
        return NULL;
    return g_queue_pop_tail(&self->idle);
}

static void put_back(TunePgPool *self, TunePg *connection)
{
    connection->idle_us = g_get_monotonic_time();
    g_mutex_lock(&self->lock);
    g_queue_push_head(&self->idle, connection);
    if (self->n_waiting > 0)
        g_cond_signal(&self->returned);
    TunePg *spare = take_spare(self);
    g_mutex_unlock(&self->lock);
    if (spare != NULL) {
        tune_pg_close(spare);
        uncount(self, FALSE);
    }
}

void tune_pg_pool_give(TunePgPool *self, TunePg *connection)
{
    if (!connection->lost) {
        put_back(self, connection);
        return;
    }
    tune_pg_close(connection);
    uncount(self, TRUE);
}

void tune_pg_pool_stats(TunePgPool *self, TunePgPoolStats *out)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&self->lock);
    *out = (TunePgPoolStats){.open = self->n_open,
                             .active = self->n_open - self->idle.length,
                             .waiting = self->n_waiting,
                             .reconnects = self->reconnects};
}
