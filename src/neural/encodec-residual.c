/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "neural/encodec-residual.h"

#include <string.h>

#define TILE_ROWS                                                                                  \
    96 /* of output: the products' best, and with their weights still in a small cache */
#define MAX_PLACES 64 /* as many as threads can be */

typedef struct {
    const TuneCodecLayer *layer;
    const TuneCodecWindows *windows;
    TuneCompute *compute;
    const float *x; /* first row of the first window */
    gsize n, tile;  /* windows; of one tile */
    float *out;
    float *memory;      /* places for one tile's rows each */
    gsize place_values; /* of one */
    guint n_places;
    gint taken[MAX_PLACES];
} Block;

/* A place that no other thread uses: there are as many as threads. */
static guint take_place(Block *block)
{
    for (guint i = 0;; i = (i + 1) % block->n_places) {
        if (g_atomic_int_get(&block->taken[i]) == 0 &&
            g_atomic_int_compare_and_exchange(&block->taken[i], 0, 1))
            return i;
    }
}

static void add_bias(const TuneKernels *kernels, float *rows, gsize n, const float *bias,
                     gsize width)
{
    for (gsize i = 0; i < n; i++)
        kernels->add(rows + i * width, bias, width);
}

static void do_tile(gpointer data, guint i)
{
    Block *block = data;
    const TuneCodecLayer *layer = block->layer;
    const TuneCodecProduct *wide = &layer->product;
    const TuneKernels *kernels = tune_compute_kernels(block->compute);
    gsize first = i * block->tile, m = MIN(block->tile, block->n - first);
    gsize step = block->windows->step, width = layer->in, rows = m * wide->unroll;
    const float *x = block->x + first * step * width;
    float *y = block->out + first * wide->unroll * width;
    guint place = take_place(block);
    float *hidden = block->memory + place * block->place_values;
    float *bent = hidden + block->tile * wide->unroll * wide->out;

    kernels->elu(x, ((m - 1) * step + block->windows->window) * width, bent);
    tune_compute_multiply_alone(block->compute, wide->weight, bent, step * width, m, hidden,
                                wide->unroll * wide->out);
    add_bias(kernels, hidden, rows, wide->bias, wide->out);
    kernels->elu(hidden, rows * wide->out, hidden);
    tune_compute_multiply_alone(block->compute, layer->narrow.weight, hidden, wide->out, rows, y,
                                width);
    add_bias(kernels, y, rows, layer->narrow.bias, width);
    kernels->add(y, x + block->windows->left * width, rows * width);
    g_atomic_int_set(&block->taken[place], 0);
}

/* At most @most, and as many tiles for each thread. */
static gsize even_tile(gsize n, gsize most, gsize n_threads)
{
    gsize n_tiles = ((n + most - 1) / most + n_threads - 1) / n_threads * n_threads;

    return (n + n_tiles - 1) / n_tiles;
}

gsize tune_codec_residual(TuneCodecWindows *windows, TuneCompute *compute,
                          const TuneCodecLayer *layer, float *out)
{
    const TuneCodecProduct *wide = &layer->product;
    Block block = {.layer = layer, .windows = windows, .compute = compute, .out = out};
    gsize skip;

    block.n_places = MIN(tune_compute_n_threads(compute), MAX_PLACES);
    block.n = tune_codec_windows_whole(windows, &block.x);
    if (block.n == 0)
        return 0;
    block.tile = even_tile(block.n, MAX(1, TILE_ROWS / wide->unroll), block.n_places);
    block.place_values = block.tile * wide->unroll * wide->out +
                         (block.tile * windows->step + windows->window) * layer->in;
    block.place_values = (block.place_values + 15) / 16 * 16;
    block.memory =
        tune_compute_scratch(compute, 0, block.n_places * block.place_values * sizeof(float));
    tune_compute_run(compute, (guint)((block.n + block.tile - 1) / block.tile), do_tile, &block);
    return tune_codec_windows_pass(windows, block.n, &skip);
}
