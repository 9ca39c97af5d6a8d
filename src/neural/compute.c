/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The tiles of one run are told by a single 64-bit word, "left": how many there are (high half) and
 * which one is next (low half).  A thread takes a tile by moving that word from one value to the
 * next, and knows from the value it found whether the tile exists; only then does it read what to
 * do, which cannot change before that tile is done.  So a thread that was put aside between two
 * runs, or sleeps through one, holds nobody up, and comes back to whatever run is there.
 *
 * A thread that finds nothing looks again for SPIN_US, then sleeps on a condition until "epoch" has
 * moved. The caller raises the epoch before it looks for sleepers, a sleeper counts itself before
 * it looks at the epoch: one of the two sees the other.  The caller waits for the last tiles of
 * others in the same way.
 */
#include "neural/compute-private.h"

#include <stdatomic.h>
#include <string.h>

#define SPIN_US     40
#define MAX_THREADS 64
#define N_SCRATCH   8 /* the caller's */
/* Of a product: what a tile reads at least, so that taking it costs little beside. */
#define TILE_BYTES (32 << 10)
/* Inputs of one tile: they stay in the second-level cache while panel after panel passes.  A
 * multiple of the inputs that the kernels take at once. */
#define TILE_INPUTS 96

enum { SCRATCH_INPUTS = N_SCRATCH, SCRATCH_VALUES, SCRATCH_SCALES, SCRATCH_SUMS, N_ALL_SCRATCH };

typedef struct {
    gpointer memory;
    gsize bytes;
} Scratch;

struct TuneCompute {
    const TuneKernels *kernels;
    guint n_threads;               /* the caller's included */
    GThread *threads[MAX_THREADS]; /* [n_threads - 1] */

    TuneTask task; /* of the run; written by the caller when no tile is out */
    gpointer data;
    _Alignas(64) _Atomic guint64 left;
    _Alignas(64) _Atomic guint32 done; /* tiles of the run */
    _Alignas(64) _Atomic guint32 epoch;
    _Atomic guint32 sleepers;
    _Atomic gboolean caller_sleeps, quits;
    GMutex lock; /* for the two conditions */
    GCond work, finished;

    Scratch scratch[N_ALL_SCRATCH]; /* the caller's thread */
    TuneChunk *chunk;
};

static inline void relax(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

/* Take one tile of whatever run there is. */
static gboolean take(TuneCompute *self, guint *tile)
{
    guint64 left = atomic_load_explicit(&self->left, memory_order_acquire);

    do {
        if ((guint32)left >= left >> 32)
            return FALSE;
        *tile = (guint32)left;
    } while (!atomic_compare_exchange_weak_explicit(&self->left, &left, left + 1,
                                                    memory_order_acquire, memory_order_acquire));
    return TRUE;
}

static void work_off(TuneCompute *self)
{
    guint tile;

    while (take(self, &tile)) {
        self->task(self->data, tile);
        atomic_fetch_add(&self->done, 1);
    }
}

/* Whether @word stops being @value within SPIN_US. */
static gboolean spin_while(_Atomic guint32 *word, guint32 value)
{
    gint64 end = g_get_monotonic_time() + SPIN_US;

    do {
        for (guint i = 0; i < 32; i++) {
            if (atomic_load_explicit(word, memory_order_acquire) != value)
                return TRUE;
            relax();
        }
    } while (g_get_monotonic_time() < end);
    return FALSE;
}

static gpointer thread_main(gpointer data)
{
    TuneCompute *self = data;

    for (;;) {
        guint32 epoch = atomic_load(&self->epoch);

        work_off(self);
        /* A caller that sleeps waits for tiles of others, perhaps for the last of ours. */
        if (atomic_load(&self->caller_sleeps)) {
            g_mutex_lock(&self->lock);
            g_cond_signal(&self->finished);
            g_mutex_unlock(&self->lock);
        }
        if (spin_while(&self->epoch, epoch))
            continue;
        g_mutex_lock(&self->lock);
        atomic_fetch_add(&self->sleepers, 1);
        while (atomic_load(&self->epoch) == epoch && !atomic_load(&self->quits))
            g_cond_wait(&self->work, &self->lock);
        atomic_fetch_sub(&self->sleepers, 1);
        g_mutex_unlock(&self->lock);
        if (atomic_load(&self->quits))
            return NULL;
    }
}

TuneCompute *tune_compute_new(const TuneKernels *kernels, guint n_threads)
{
    g_return_val_if_fail(kernels != NULL && kernels->usable(), NULL);
    TuneCompute *self = g_aligned_alloc0(1, sizeof *self, 64);
    guint wanted = n_threads == 0 ? g_get_num_processors() : n_threads;

    self->kernels = kernels;
    g_mutex_init(&self->lock);
    g_cond_init(&self->work);
    g_cond_init(&self->finished);
    self->n_threads = 1;
    while (self->n_threads < MIN(wanted, MAX_THREADS)) {
        /* Where no more threads can be had, those that are there do the work. */
        GThread *thread = g_thread_try_new("tune-compute", thread_main, self, NULL);

        if (thread == NULL)
            break;
        self->threads[self->n_threads++ - 1] = thread;
    }
    return self;
}

void tune_compute_free(TuneCompute *self)
{
    if (self == NULL)
        return;
    g_mutex_lock(&self->lock);
    atomic_store(&self->quits, TRUE);
    g_cond_broadcast(&self->work);
    g_mutex_unlock(&self->lock);
    for (guint i = 0; i + 1 < self->n_threads; i++)
        g_thread_join(self->threads[i]);
    for (guint i = 0; i < N_ALL_SCRATCH; i++)
        g_aligned_free(self->scratch[i].memory);
    tune_chunk_unref(self->chunk);
    g_mutex_clear(&self->lock);
    g_cond_clear(&self->work);
    g_cond_clear(&self->finished);
    g_aligned_free(self);
}

const TuneKernels *tune_compute_kernels(const TuneCompute *self)
{
    return self->kernels;
}

guint tune_compute_n_threads(const TuneCompute *self)
{
    return self->n_threads;
}

TuneChunk **tune_compute_chunk(TuneCompute *self)
{
    return &self->chunk;
}

static void wait_for_others(TuneCompute *self, guint32 n)
{
    for (;;) {
        guint32 done = atomic_load(&self->done);

        if (done == n)
            return;
        if (spin_while(&self->done, done))
            continue;
        g_mutex_lock(&self->lock);
        atomic_store(&self->caller_sleeps, TRUE);
        while (atomic_load(&self->done) != n)
            g_cond_wait(&self->finished, &self->lock);
        atomic_store(&self->caller_sleeps, FALSE);
        g_mutex_unlock(&self->lock);
    }
}

void tune_compute_run(TuneCompute *self, guint n, TuneTask task, gpointer data)
{
    if (self->n_threads == 1 || n <= 1) {
        for (guint i = 0; i < n; i++)
            task(data, i);
        return;
    }
    self->task = task;
    self->data = data;
    atomic_store_explicit(&self->done, 0, memory_order_relaxed);
    atomic_store_explicit(&self->left, (guint64)n << 32, memory_order_release);
    atomic_fetch_add(&self->epoch, 1);
    if (atomic_load(&self->sleepers) > 0) {
        g_mutex_lock(&self->lock);
        g_cond_broadcast(&self->work);
        g_mutex_unlock(&self->lock);
    }
    work_off(self);
    wait_for_others(self, n);
}

static gpointer scratch(TuneCompute *self, guint slot, gsize bytes)
{
    Scratch *s = &self->scratch[slot];

    if (s->bytes < bytes) {
        g_aligned_free(s->memory);
        s->bytes = MAX(bytes, s->bytes + s->bytes / 2);
        s->memory = g_aligned_alloc(1, s->bytes, 64);
    }
    return s->memory;
}

gpointer tune_compute_scratch(TuneCompute *self, guint slot, gsize bytes)
{
    g_return_val_if_fail(slot < N_SCRATCH, NULL);
    return scratch(self, slot, MAX(bytes, 1));
}

/* ---- products ---- */

typedef struct {
    const TuneKernels *kernels;
    const TuneMatrix *w;
    const float *x;
    gsize x_stride, n;
    TuneInput *inputs; /* [n] */
    guint8 *values;    /* rounded inputs, value_stride bytes each */
    gsize value_stride, blocks;
    float *scales; /* [n][blocks] */
    gint32 *sums;  /* [n][blocks] */
    float *y;
    gsize y_stride;
    gsize tile_panels, n_groups; /* panels of one tile; tiles that cover all panels */
} Product;

static void prepare_one(gpointer data, guint i)
{
    Product *p = data;
    const float *x = p->x + i * p->x_stride;
    TuneInput *input = &p->inputs[i];

    if (p->values == NULL) {
        *input = (TuneInput){.values = x};
        return;
    }
    gpointer values = p->values + i * p->value_stride;
    float *scales = p->scales + i * p->blocks;
    gint32 *sums = p->sums + i * p->blocks;
    *input = (TuneInput){.values = values, .scales = scales, .sums = sums};
    if (p->w->type == TUNE_WEIGHTS_Q8)
        p->kernels->quantize_q8(x, p->w->columns, values, scales);
    else
        p->kernels->quantize_q4(x, p->w->columns, values, scales, sums);
}

/* Rows of the last panel past the matrix's end must not reach y: by way of the stack. */
static void multiply_last(const Product *p, const guint8 *panel, gsize first, gsize n, gsize rows)
{
    float sums[16 * TUNE_PANEL_ROWS];

    for (gsize done = 0; done < n; done += 16) {
        gsize now = MIN(n - done, 16);

        p->kernels->multiply[p->w->type](panel, p->w->columns, p->inputs + first + done, now, sums,
                                         TUNE_PANEL_ROWS);
        for (gsize i = 0; i < now; i++)
            memcpy(p->y + (first + done + i) * p->y_stride + (p->w->n_panels - 1) * TUNE_PANEL_ROWS,
                   sums + i * TUNE_PANEL_ROWS, rows * sizeof(float));
    }
}

static void multiply_tile(gpointer data, guint tile)
{
    const Product *p = data;
    const TuneMatrix *w = p->w;
    gsize first = tile / p->n_groups * TILE_INPUTS, n = MIN(p->n - first, TILE_INPUTS);
    gsize panel = tile % p->n_groups * p->tile_panels;
    gsize end = MIN(panel + p->tile_panels, w->n_panels);

    for (; panel < end; panel++) {
        const guint8 *weights = w->panels + panel * w->panel_bytes;
        gsize rows = w->rows - panel * TUNE_PANEL_ROWS;

        if (rows < TUNE_PANEL_ROWS)
            multiply_last(p, weights, first, n, rows);
        else
            p->kernels->multiply[w->type](weights, w->columns, p->inputs + first, n,
                                          p->y + first * p->y_stride + panel * TUNE_PANEL_ROWS,
                                          p->y_stride);
    }
}

void tune_compute_multiply_alone(const TuneCompute *self, const TuneMatrix *w, const float *x,
                                 gsize x_stride, gsize n, float *y, gsize y_stride)
{
    TuneInput inputs[TILE_INPUTS];

    g_return_if_fail(w->type == TUNE_WEIGHTS_F32 || w->type == TUNE_WEIGHTS_F16);
    for (gsize done = 0; done < n; done += TILE_INPUTS) {
        Product p = {.kernels = self->kernels,
                     .w = w,
                     .n = MIN(n - done, TILE_INPUTS),
                     .inputs = inputs,
                     .y = y + done * y_stride,
                     .y_stride = y_stride,
                     .tile_panels = w->n_panels,
                     .n_groups = 1};

        for (gsize i = 0; i < p.n; i++)
            inputs[i] = (TuneInput){.values = x + (done + i) * x_stride};
        multiply_tile(&p, 0);
    }
}

void tune_compute_multiply(TuneCompute *self, const TuneMatrix *w, const float *x, gsize x_stride,
                           gsize n, float *y, gsize y_stride)
{
    Product p = {.kernels = self->kernels,
                 .w = w,
                 .x = x,
                 .x_stride = x_stride,
                 .n = n,
                 .y = y,
                 .y_stride = y_stride};

    if (n == 0 || w->rows == 0)
        return;
    p.inputs = scratch(self, SCRATCH_INPUTS, n * sizeof *p.inputs);
    if (w->type == TUNE_WEIGHTS_Q8 || w->type == TUNE_WEIGHTS_Q4) {
        p.blocks = (w->columns + TUNE_QUANT_BLOCK - 1) / TUNE_QUANT_BLOCK;
        p.value_stride = p.blocks * TUNE_QUANT_BLOCK * sizeof(gint16);
        p.values = scratch(self, SCRATCH_VALUES, n * p.value_stride);
        p.scales = scratch(self, SCRATCH_SCALES, n * p.blocks * sizeof *p.scales);
        p.sums = scratch(self, SCRATCH_SUMS, n * p.blocks * sizeof *p.sums);
    }
    /* Rounding a few inputs takes less time than waking somebody for it. */
    if (p.values == NULL || n * w->columns < 32768)
        for (guint i = 0; i < n; i++)
            prepare_one(&p, i);
    else
        tune_compute_run(self, (guint)n, prepare_one, &p);
    gsize share = w->n_panels * w->panel_bytes / (self->n_threads * 8);
    gsize bytes = CLAMP(share, TILE_BYTES / MIN(n, 8), 8 * TILE_BYTES);
    p.tile_panels = CLAMP(bytes / MAX(w->panel_bytes, 1), 1, w->n_panels);
    p.n_groups = (w->n_panels + p.tile_panels - 1) / p.tile_panels;
    gsize n_blocks = (n + TILE_INPUTS - 1) / TILE_INPUTS;
    tune_compute_run(self, (guint)(n_blocks * p.n_groups), multiply_tile, &p);
}
