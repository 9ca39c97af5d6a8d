/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Threads for handlers that may block, and the bounded queue before them.  A thread is started when
 * work waits and none is idle, up to the most.
 */
#include "http/http-private.h"

struct TuneHttpWorkers {
    guint max_threads, max_queued;
    pthread_mutex_t lock; /* of all below */
    pthread_cond_t wanted;
    TuneHttpConnection *first, *last;
    guint n_queued, n_busy, n_idle, n_threads;
    gboolean waking; /* a thread was woken or started and has not come yet */
    gboolean stopping;
    pthread_t threads[]; /* [max_threads] */
};

TuneHttpWorkers *tune_http_workers_new(guint n_threads, guint max_queued)
{
    TuneHttpWorkers *self =
        (TuneHttpWorkers *)g_malloc0(sizeof *self + n_threads * sizeof(pthread_t));

    self->max_threads = n_threads;
    self->max_queued = max_queued;
    pthread_mutex_init(&self->lock, NULL);
    pthread_cond_init(&self->wanted, NULL);
    return self;
}

static void *work(void *data);

/* With the lock, when work waits.  A new thread inherits the blocked SIGPIPE of its maker. */
static void bring_one(TuneHttpWorkers *self)
{
    if (self->waking)
        return;
    if (self->n_idle > 0) {
        self->waking = TRUE;
        pthread_cond_signal(&self->wanted);
    } else if (self->n_threads < self->max_threads &&
               pthread_create(&self->threads[self->n_threads], NULL, work, self) == 0) {
        self->waking = TRUE;
        self->n_threads++;
    }
}

static void *work(void *data)
{
    TuneHttpWorkers *self = (TuneHttpWorkers *)data;

    pthread_mutex_lock(&self->lock);
    self->waking = FALSE;
    while (TRUE) {
        while (self->first == NULL && !self->stopping) {
            self->n_idle++;
            pthread_cond_wait(&self->wanted, &self->lock);
            self->n_idle--;
            self->waking = FALSE;
        }
        TuneHttpConnection *connection = self->first;
        if (connection == NULL)
            break;
        self->first = connection->next_job;
        if (--self->n_queued > 0)
            bring_one(self);
        self->n_busy++;
        pthread_mutex_unlock(&self->lock);
        tune_http_exchange_handle(connection);
        tune_http_inbox_return(connection->loop->inbox, connection);
        pthread_mutex_lock(&self->lock);
        self->n_busy--;
    }
    pthread_mutex_unlock(&self->lock);
    return NULL;
}

gboolean tune_http_workers_submit(TuneHttpWorkers *self, TuneHttpConnection *connection)
{
    gboolean taken = FALSE;

    pthread_mutex_lock(&self->lock);
    bring_one(self); /* comes when the lock is free */
    if (self->n_threads > 0 && self->n_queued < self->max_queued) {
        connection->next_job = NULL;
        if (self->first == NULL)
            self->first = connection;
        else
            self->last->next_job = connection;
        self->last = connection;
        self->n_queued++;
        taken = TRUE;
    }
    pthread_mutex_unlock(&self->lock);
    return taken;
}

void tune_http_workers_count(TuneHttpWorkers *self, guint *queued, guint *busy)
{
    pthread_mutex_lock(&self->lock);
    *queued = self->n_queued;
    *busy = self->n_busy;
    pthread_mutex_unlock(&self->lock);
}

void tune_http_workers_free(TuneHttpWorkers *self)
{
    if (self == NULL)
        return;
    pthread_mutex_lock(&self->lock);
    self->stopping = TRUE;
    pthread_cond_broadcast(&self->wanted);
    pthread_mutex_unlock(&self->lock);
    for (guint i = 0; i < self->n_threads; i++)
        pthread_join(self->threads[i], NULL);
    pthread_cond_destroy(&self->wanted);
    pthread_mutex_destroy(&self->lock);
    g_free(self);
}
