/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Positions and times in the queue, without a count for every caller: one look at the head of the queue
 * serves all who ask within a quarter of a second; while the queue is short, all who ask before it changes
 * here.  While one looks at a long queue, which takes a while, the others go by the look before.  Behind the head
 * a position is estimated from the job's turn.
 */
#include "jobs/jobs-private.h"

#include <string.h>

#define AGE_US     (G_USEC_PER_SEC / 4)
#define SHORT_LINE 100

struct TuneLine {
    TuneStore *store;
    GMutex lock;
    GCond looked;
    TuneQueueView view; /* lock */
    gboolean valid, looking;
    gint64 taken_us;    /* monotonic */
    gint changed;       /* atomic: something was queued or claimed here since */
};

TuneLine *tune_line_new(TuneStore *store)
{
    TuneLine *self = g_new0(TuneLine, 1);

    self->store = store;
    g_mutex_init(&self->lock);
    g_cond_init(&self->looked);
    return self;
}

void tune_line_free(TuneLine *self)
{
    if (self == NULL)
        return;
    tune_queue_view_clear(&self->view);
    g_mutex_clear(&self->lock);
    g_cond_clear(&self->looked);
    g_free(self);
}

void tune_line_touch(TuneLine *self)
{
    g_atomic_int_set(&self->changed, TRUE);
}

/* Called locked. */
static gboolean will_do(const TuneLine *self)
{
    gboolean is_long = self->valid && self->view.queued > SHORT_LINE;
    gboolean young = self->valid && g_get_monotonic_time() - self->taken_us < AGE_US;

    return (young && (is_long || !g_atomic_int_get(&self->changed))) || (is_long && self->looking);
}

/* Called locked; unlocks while it looks. */
static gboolean refresh(TuneLine *self, GError **error)
{
    TuneQueueView view;

    for (;;) {
        if (will_do(self))
            return TRUE;
        if (!self->looking)
            break;
        g_cond_wait(&self->looked, &self->lock);
    }
    self->looking = TRUE;
    g_atomic_int_set(&self->changed, FALSE);
    g_mutex_unlock(&self->lock);
    gint64 now = g_get_monotonic_time();
    gboolean ok = tune_queue_view(self->store, TUNE_HEAD_ROOM, &view, error);
    g_mutex_lock(&self->lock);
    self->looking = FALSE;
    g_cond_broadcast(&self->looked);
    if (!ok)
        return FALSE;
    tune_queue_view_clear(&self->view);
    self->view = view;
    self->valid = TRUE;
    self->taken_us = now;
    return TRUE;
}

gboolean tune_line_length(TuneLine *self, guint *n_queued, GError **error)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&self->lock);

    if (!refresh(self, error))
        return FALSE;
    *n_queued = self->view.queued;
    return TRUE;
}

gboolean tune_line_view(TuneLine *self, TuneQueueView *out, GError **error)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&self->lock);

    if (!refresh(self, error))
        return FALSE;
    *out = self->view;
    out->first = NULL;
    return TRUE;
}

static gboolean is_before(const TuneWaiting *a, gint priority, gint64 turn)
{
    return a->priority != priority ? a->priority > priority : a->turn <= turn;
}

/* Behind the head: between its last and the queue's last, by turn. */
static guint estimate_place(const TuneQueueView *view, gint64 turn)
{
    const TuneWaiting *last = &g_array_index(view->first, TuneWaiting, view->first->len - 1);
    double span = (double)(view->last_turn - last->turn);
    double part = span > 0 ? CLAMP((double)(turn - last->turn) / span, 0.0, 1.0) : 1.0;

    return view->first->len + (guint)(part * (double)(view->queued - view->first->len) + 0.5);
}

gboolean tune_line_find(TuneLine *self, const char *job_id, gint priority, gint64 turn,
                        guint n_workers, guint *position, double *eta_s, GError **error)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&self->lock);
    const TuneQueueView *view = &self->view;
    double ahead = 0;
    guint before = 0, i;

    if (!refresh(self, error))
        return FALSE;
    for (i = 0; i < view->first->len; i++) {
        const TuneWaiting *one = &g_array_index(view->first, TuneWaiting, i);

        ahead += one->seconds;
        if (strcmp(one->id, job_id) == 0)
            break;
        if (is_before(one, priority, turn))
            before = i + 1;
    }
    *position = i + 1;
    if (i == view->first->len) { /* not seen yet, claimed since, or behind the head */
        gboolean behind = view->first->len == TUNE_HEAD_ROOM && before == i;

        *position = behind ? estimate_place(view, turn) : before + 1;
        if (behind && view->queued > i)
            ahead += (view->queued_seconds - ahead) * (double)(*position - i) / (view->queued - i);
    }
    guint parallel = MAX(1, MAX(n_workers, view->running));
    *eta_s = (MAX(0.0, view->running_seconds) + ahead) / parallel;
    return TRUE;
}
