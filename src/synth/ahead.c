/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "synth/ahead.h"
#include <string.h>

#define BLOCK 4096
#define RING 3

typedef struct {
    TuneSource base;
    TuneSource *source; /* the thread's */
    GThread *thread;
    GMutex lock;
    GCond changed;
    guint64 n_done, n_taken; /* blocks; lock */
    gboolean quit;           /* lock */
    gsize length[RING];      /* frames in each block, 0 = the end; whoever's turn it is */
    GError *errors[RING];
    float blocks[RING][2 * BLOCK];
    gsize at;                /* in the block being read; the reader's */
} Ahead;

static gpointer work(gpointer data)
{
    Ahead *self = data;
    gsize got = 1;

    for (guint64 n = 0; got > 0; n++) {
        guint slot = (guint)(n % RING);

        g_mutex_lock(&self->lock);
        while (!self->quit && n >= self->n_taken + RING)
            g_cond_wait(&self->changed, &self->lock);
        gboolean quit = self->quit;

        g_mutex_unlock(&self->lock);
        if (quit)
            break;
        if (!tune_source_read(self->source, self->blocks[slot], BLOCK, &got, &self->errors[slot]))
            got = 0;
        self->length[slot] = got;
        g_mutex_lock(&self->lock);
        self->n_done++;
        g_cond_broadcast(&self->changed);
        g_mutex_unlock(&self->lock);
    }
    return NULL;
}

/* Wait for the block that is to be read next; its slot. */
static guint wait_for_block(Ahead *self)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&self->lock);

    while (self->n_done <= self->n_taken)
        g_cond_wait(&self->changed, &self->lock);
    return (guint)(self->n_taken % RING);
}

static void give_back(Ahead *self)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&self->lock);

    self->n_taken++;
    self->at = 0;
    g_cond_broadcast(&self->changed);
}

static gboolean read_frames(TuneSource *source, float *out, gsize n_frames, gsize *n_got,
                            GError **error)
{
    Ahead *self = (Ahead *)source;

    *n_got = 0;
    while (*n_got < n_frames) {
        guint slot = wait_for_block(self);

        if (self->length[slot] == 0) {
            /* The end or an error: stays for every later read. */
            if (self->errors[slot] != NULL)
                g_propagate_error(error, g_error_copy(self->errors[slot]));
            return self->errors[slot] == NULL;
        }
        gsize n = MIN(n_frames - *n_got, self->length[slot] - self->at);

        memcpy(out + 2 * *n_got, self->blocks[slot] + 2 * self->at, 2 * n * sizeof *out);
        self->at += n;
        *n_got += n;
        if (self->at == self->length[slot])
            give_back(self);
    }
    return TRUE;
}

static void ahead_free(TuneSource *source)
{
    Ahead *self = (Ahead *)source;

    g_mutex_lock(&self->lock);
    self->quit = TRUE;
    g_cond_broadcast(&self->changed);
    g_mutex_unlock(&self->lock);
    g_thread_join(self->thread);
    tune_source_free(self->source);
    for (guint i = 0; i < RING; i++)
        g_clear_error(&self->errors[i]);
    g_mutex_clear(&self->lock);
    g_cond_clear(&self->changed);
    g_free(self);
}

static const TuneSourceClass ahead_class = {read_frames, ahead_free};

TuneSource *tune_ahead_new(TuneSource *source)
{
    Ahead *self = g_new0(Ahead, 1);

    self->base = *source;
    self->base.class = &ahead_class;
    self->source = source;
    g_mutex_init(&self->lock);
    g_cond_init(&self->changed);
    self->thread = g_thread_new("tune-ahead", work, self);
    return &self->base;
}
