/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "neural/chunk.h"

#include <stdlib.h>
#include <sys/mman.h>

#define HUGE_PAGE ((gsize)2 << 20)
/* Pages that are never written cost nothing, so the last chunk may be mostly empty. */
#define CHUNK_BYTES ((gsize)64 << 20)

struct TuneChunk {
    gatomicrefcount references;
    guint8 *memory;
    gsize bytes;
    GMutex lock; /* for the following */
    gsize used;
    guint takers;
};

TuneChunk *tune_chunk_new(gsize bytes)
{
    gpointer memory = NULL;

    if (bytes > G_MAXSIZE / 2)
        return NULL;
    bytes = (MAX(bytes, CHUNK_BYTES) + HUGE_PAGE - 1) / HUGE_PAGE * HUGE_PAGE;
    if (posix_memalign(&memory, HUGE_PAGE, bytes) != 0)
        return NULL;
    madvise(memory, bytes, MADV_HUGEPAGE);
    TuneChunk *self = g_new0(TuneChunk, 1);
    g_atomic_ref_count_init(&self->references);
    g_mutex_init(&self->lock);
    self->memory = memory;
    self->bytes = bytes;
    return self;
}

TuneChunk *tune_chunk_ref(TuneChunk *self)
{
    g_atomic_ref_count_inc(&self->references);
    return self;
}

void tune_chunk_unref(TuneChunk *self)
{
    if (self == NULL || !g_atomic_ref_count_dec(&self->references))
        return;
    g_mutex_clear(&self->lock);
    free(self->memory);
    g_free(self);
}

gpointer tune_chunk_take(TuneChunk *self, gsize bytes)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&self->lock);
    gsize wanted = (MAX(bytes, 1) + 63) / 64 * 64;

    if (bytes > self->bytes || wanted > self->bytes - self->used)
        return NULL;
    gpointer memory = self->memory + self->used;
    self->used += wanted;
    self->takers++;
    return memory;
}

void tune_chunk_give_back(TuneChunk *self)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&self->lock);

    if (--self->takers > 0)
        return;
    self->used = 0;
    madvise(self->memory, self->bytes, MADV_DONTNEED);
}
