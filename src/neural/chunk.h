/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Memory for packed weights: matrices lie one after another in chunks of huge pages.  A matrix of a
 * megabyte in pages of its own is read at three quarters of the speed, as the processor looks up an
 * address for every 4 KB; rounded up to whole huge pages it would waste the rest of one.
 *
 * The pages of a chunk are given back when its last matrix is; it is kept for the next ones until
 * tune_chunk_unref().  Thread-safe.
 */
#pragma once
#include <glib.h>

typedef struct TuneChunk TuneChunk;

/* Room for at least @bytes.  (nullable): no memory.  (transfer full) */
TuneChunk *tune_chunk_new(gsize bytes);
TuneChunk *tune_chunk_ref(TuneChunk *self);
void tune_chunk_unref(TuneChunk *self);
/* @bytes of it, aligned to 64, contents undefined; NULL when there is no room left. */
gpointer tune_chunk_take(TuneChunk *self, gsize bytes);
/* One that was taken is not needed any more. */
void tune_chunk_give_back(TuneChunk *self);
