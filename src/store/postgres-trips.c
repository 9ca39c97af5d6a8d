/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * While fewer than MOST_TRIPS reads of a pool are on their way, a read goes at once and alone.  What comes
 * while all are out waits; whoever comes back hands the turn to the first that waits, which takes along those
 * behind it.  So nobody waits for company, and under load one message there and back, one wake-up of
 * the server and one of ours serve several.
 *
 * A turn belongs to the thread that goes.  Who waits is woken once: with the answer, or with a turn.
 */
#include "store/postgres-private.h"

#include <errno.h>
#include <semaphore.h>

#define MOST_TRIPS 4
#define MOST_ALONG 16 /* reads of one trip */

struct TunePgTrips {
    TunePgPool *pool;
    GMutex lock;
    /* under lock */
    GQueue waiting; /* of Traveller */
    guint n_out;
};

typedef struct {
    TunePgAsk ask;
    GList link;
    sem_t woken;
    gboolean leads; /* its turn to go, and not an answer; written before woken is */
} Traveller;

TunePgTrips *tune_pg_trips_new(TunePgPool *pool)
{
    TunePgTrips *self = g_new0(TunePgTrips, 1);

    self->pool = pool;
    g_mutex_init(&self->lock);
    g_queue_init(&self->waiting);
    return self;
}

void tune_pg_trips_free(TunePgTrips *self)
{
    if (self == NULL)
        return;
    g_assert(self->n_out == 0 && self->waiting.length == 0);
    g_mutex_clear(&self->lock);
    g_free(self);
}

/* ---- turns ---- */

/* TRUE: to go at once; else it waits in the queue. */
static gboolean may_go(TunePgTrips *self, Traveller *traveller)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&self->lock);

    if (self->n_out < MOST_TRIPS) {
        self->n_out++;
        return TRUE;
    }
    g_queue_push_tail_link(&self->waiting, &traveller->link);
    return FALSE;
}

static void pass_turn_on(TunePgTrips *self)
{
    g_mutex_lock(&self->lock);
    GList *link = g_queue_pop_head_link(&self->waiting);
    if (link == NULL)
        self->n_out--;
    g_mutex_unlock(&self->lock);
    if (link == NULL)
        return;
    Traveller *next = link->data;
    next->leads = TRUE;
    sem_post(&next->woken);
}

/* Those that wait, behind @leader. */
static guint gather(TunePgTrips *self, Traveller *leader, TunePgAsk **asks, Traveller **company)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&self->lock);
    guint n = 0;
    GList *link;

    asks[0] = &leader->ask;
    while (n + 1 < MOST_ALONG && (link = g_queue_pop_head_link(&self->waiting)) != NULL) {
        company[n] = link->data;
        asks[n + 1] = &company[n]->ask;
        n++;
    }
    return n;
}

/* ---- the trip ---- */

static void go(TunePgTrips *self, Traveller *leader, guint pool_wait_ms, guint wait_ms)
{
    TunePgAsk *asks[MOST_ALONG];
    Traveller *company[MOST_ALONG];
    g_autoptr(GError) error = NULL;
    TunePg *connection = tune_pg_pool_take(self->pool, pool_wait_ms, &error);
    guint n = gather(self, leader, asks, company);

    if (connection != NULL) {
        tune_pg_run_each(connection, asks, n + 1, wait_ms);
        tune_pg_pool_give(self->pool, connection);
    } else {
        for (guint i = 0; i <= n; i++)
            asks[i]->error = g_error_copy(error);
    }
    pass_turn_on(self);
    for (guint i = 0; i < n; i++)
        sem_post(&company[i]->woken); /* may be gone when this returns */
}

void tune_pg_trips_read(TunePgTrips *self, TunePgAsk *ask, guint pool_wait_ms, guint wait_ms)
{
    Traveller traveller = {.ask = *ask};

    traveller.link.data = &traveller;
    sem_init(&traveller.woken, 0, 0); /* who waits may be woken before it comes to that */
    if (may_go(self, &traveller)) {
        go(self, &traveller, pool_wait_ms, wait_ms);
    } else {
        while (sem_wait(&traveller.woken) != 0 && errno == EINTR)
            ;
        if (traveller.leads)
            go(self, &traveller, pool_wait_ms, wait_ms);
    }
    sem_destroy(&traveller.woken);
    *ask = traveller.ask;
}
