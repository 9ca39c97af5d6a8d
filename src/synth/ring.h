/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A delay line for work in blocks of TUNE_VOICE_GRID samples: what is read is always one piece of
 * memory, so that loops over a block vectorise.  The first two blocks are kept a second time behind the
 * end.  A plain value; one thread.
 */
#pragma once
#include "synth/voice.h"
#include <string.h>

#define TUNE_RING_MARGIN (2 * TUNE_VOICE_GRID)

typedef struct {
    float *data; /* [size + TUNE_RING_MARGIN] */
    guint size;  /* a multiple of the grid */
    guint at;    /* where the next block goes */
} TuneRing;

/* Room for delays of TUNE_VOICE_GRID .. @max_delay samples. */
static inline void tune_ring_init(TuneRing *self, guint max_delay)
{
    self->size = (max_delay / TUNE_VOICE_GRID + 3) * TUNE_VOICE_GRID;
    self->data = g_new0(float, self->size + TUNE_RING_MARGIN);
    self->at = 0;
}

static inline void tune_ring_free(TuneRing *self)
{
    g_free(self->data);
}

static inline void tune_ring_clear(TuneRing *self)
{
    memset(self->data, 0, (self->size + TUNE_RING_MARGIN) * sizeof *self->data);
}

/* The block that was written @delay samples before the one to be written next; the two samples before
 * it may be read as well.  TUNE_VOICE_GRID <= delay <= max_delay. */
static inline const float *tune_ring_read(const TuneRing *self, guint delay)
{
    guint from = self->at + self->size - delay;

    from = from >= self->size ? from - self->size : from;
    return self->data + (from < 2 ? from + self->size : from);
}

static inline void tune_ring_write(TuneRing *self, const float *block)
{
    memcpy(self->data + self->at, block, TUNE_VOICE_GRID * sizeof *block);
    if (self->at < TUNE_RING_MARGIN)
        memcpy(self->data + self->size + self->at, block, TUNE_VOICE_GRID * sizeof *block);
    self->at += TUNE_VOICE_GRID;
    if (self->at == self->size)
        self->at = 0;
}
