/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Products of a panel with inputs, for any set of vectors; included like vector-functions.h.
 *
 * A tile is what stays in registers: the 16 rows of the panel as PARTS vectors, times up to TILE
 * inputs. The panel passes in chunks of columns that stay in the first-level cache while all
 * inputs' tiles go over them: the classical blocking of a matrix product, with y as memory of the
 * sums between chunks.
 *
 * With one or two inputs the panel comes from main memory and each weight is used once or twice.
 * The sums of so few inputs are short chains of dependent additions, which would wait for one
 * another; therefore a chunk is summed in two halves, both at once.  With more inputs the halves
 * are summed one after the other: each input's sum has the same order, and bits, whatever its
 * neighbours.
 */
#pragma once

#define PARTS (TUNE_PANEL_ROWS / LANES)

/* Weights that are asked for while a tile is computed: so many bytes on for each column (floats and
 * halves) or each group of 64 bytes (blocks). */
typedef struct {
    const guint8 *from;
    gsize step;
} Fetch;

/* Add the product of @columns of the panel at @w with columns @at on of the inputs to y, or begin y
 * with it. */
typedef void Tile(const guint8 *w, gsize columns, Fetch fetch, const TuneInput *inputs, gsize at,
                  gboolean begin, float *y, gsize y_stride);

/* What can be defined for each number of inputs of a tile. */
#if TILE == 12
#define EACH_TILE(f) f(1) f(2) f(3) f(4) f(5) f(6) f(7) f(8) f(9) f(10) f(11) f(12)
#else
#define EACH_TILE(f) f(1) f(2) f(3) f(4) f(5) f(6)
#endif
#define EACH_WORD_TILE(f) f(1) f(2) f(3) f(4)

/* All inputs over a chunk, in tiles of nearly equal numbers, at most @most.  Weights pass once:
 * what will be wanted soon is asked for early.  One tile alone asks for what is @ahead bytes away;
 * several ask for the next chunk, each for its part, so that main memory is read all the time that
 * they take.  @fetch_bytes: of one step of a tile through the chunk of @bytes. */
static void multiply_chunk(Tile *const *tiles, gsize most, const guint8 *w, gsize columns,
                           gsize bytes, gsize ahead, gsize fetch_bytes, const TuneInput *inputs,
                           gsize n, gsize at, float *y, gsize y_stride)
{
    gsize n_tiles = (n + most - 1) / most, left = n_tiles;

    for (gsize i = 0; i < n; left--) {
        gsize now = (n - i + left - 1) / left;
        Fetch fetch = {w + ahead, fetch_bytes};

        if (n_tiles > 1)
            fetch = (Fetch){w + bytes + (n_tiles - left) * bytes / n_tiles, fetch_bytes / n_tiles};
        tiles[now - 1](w, columns, fetch, inputs + i, at, at == 0, y + i * y_stride, y_stride);
        i += now;
    }
}

ALWAYS_INLINE void add_to(float *y, vf sums, gboolean begin)
{
    v_store(y, begin ? sums : v_add(v_load(y), sums));
}

/* ---- floats and halves ---- */

#define FLOAT_CHUNK 256

ALWAYS_INLINE vf load_weights(const guint8 *w, gsize column, guint part, gboolean half)
{
    gsize i = column * TUNE_PANEL_ROWS + part * LANES;

    return half ? v_load_half((const guint16 *)(gconstpointer)w + i)
                : v_load((const float *)(gconstpointer)w + i);
}

/* sums[i] += W x_i over columns @from to @to */
ALWAYS_INLINE void sum_columns(const guint8 *w, gsize from, gsize to, Fetch fetch,
                               const float *const *x, gsize n, gboolean half, vf sums[][PARTS])
{
    for (gsize c = from; c < to; c++) {
        vf rows[PARTS];

        __builtin_prefetch(fetch.from + c * fetch.step, 0, 3);
#pragma GCC unroll 4
        for (guint p = 0; p < PARTS; p++)
            rows[p] = load_weights(w, c, p, half);
#pragma GCC unroll 12
        for (gsize i = 0; i < n; i++) {
            vf value = v_set1(x[i][c]);
#pragma GCC unroll 4
            for (guint p = 0; p < PARTS; p++)
                sums[i][p] = v_fma(rows[p], value, sums[i][p]);
        }
    }
}

/* Both halves of a chunk at once. */
ALWAYS_INLINE void sum_halves(const guint8 *w, gsize half_columns, Fetch fetch,
                              const float *const *x, gsize n, gboolean half, vf first[][PARTS],
                              vf second[][PARTS])
{
    for (gsize c = 0; c < half_columns; c++) {
        sum_columns(w, c, c + 1, fetch, x, n, half, first);
        sum_columns(w, half_columns + c, half_columns + c + 1, fetch, x, n, half, second);
    }
}

ALWAYS_INLINE void clear(vf sums[][PARTS], gsize n)
{
#pragma GCC unroll 12
    for (gsize i = 0; i < n; i++)
#pragma GCC unroll 4
        for (guint p = 0; p < PARTS; p++)
            sums[i][p] = v_set1(0);
}

ALWAYS_INLINE void add_sums(float *y, gsize y_stride, vf sums[][PARTS], gsize n, gboolean begin)
{
#pragma GCC unroll 12
    for (gsize i = 0; i < n; i++)
#pragma GCC unroll 4
        for (guint p = 0; p < PARTS; p++)
            add_to(y + i * y_stride + p * LANES, sums[i][p], begin);
}

/* @n is a constant. */
ALWAYS_INLINE void float_tile(const guint8 *w, gsize columns, Fetch fetch, const TuneInput *inputs,
                              gsize at, gboolean begin, float *y, gsize y_stride, gsize n,
                              gboolean half)
{
    gsize middle = columns / 2;
    const float *x[TILE];
    vf first[TILE][PARTS], second[TILE][PARTS];

    for (gsize i = 0; i < n; i++)
        x[i] = (const float *)inputs[i].values + at;
    clear(first, n);
    clear(second, n);
    if (n <= 2) {
        sum_halves(w, middle, fetch, x, n, half, first, second);
        sum_columns(w, 2 * middle, columns, fetch, x, n, half, second);
        add_sums(y, y_stride, first, n, begin);
    } else {
        sum_columns(w, 0, middle, fetch, x, n, half, first);
        add_sums(y, y_stride, first, n, begin);
        sum_columns(w, middle, columns, fetch, x, n, half, second);
    }
    add_sums(y, y_stride, second, n, FALSE);
}

#define FLOAT_TILE(n)                                                                              \
    static void f32_tile_##n(const guint8 *w, gsize columns, Fetch fetch, const TuneInput *inputs, \
                             gsize at, gboolean begin, float *y, gsize y_stride)                   \
    {                                                                                              \
        float_tile(w, columns, fetch, inputs, at, begin, y, y_stride, n, FALSE);                   \
    }                                                                                              \
    static void f16_tile_##n(const guint8 *w, gsize columns, Fetch fetch, const TuneInput *inputs, \
                             gsize at, gboolean begin, float *y, gsize y_stride)                   \
    {                                                                                              \
        float_tile(w, columns, fetch, inputs, at, begin, y, y_stride, n, TRUE);                    \
    }
#define F32_NAME(n) f32_tile_##n,
#define F16_NAME(n) f16_tile_##n,
EACH_TILE(FLOAT_TILE)
static Tile *const f32_tiles[TILE] = {EACH_TILE(F32_NAME)};
static Tile *const f16_tiles[TILE] = {EACH_TILE(F16_NAME)};

static void clear_y(gsize n, float *y, gsize y_stride)
{
    for (gsize i = 0; i < n; i++)
        memset(y + i * y_stride, 0, TUNE_PANEL_ROWS * sizeof *y);
}

/* Distances were measured (docs/SPEED.md). */
static void multiply_floats(Tile *const *tiles, const guint8 *w, gsize columns, gsize column_bytes,
                            const TuneInput *inputs, gsize n, float *y, gsize y_stride)
{
    gsize chunk_bytes = FLOAT_CHUNK * column_bytes;

    if (columns == 0)
        clear_y(n, y, y_stride);
    for (gsize at = 0; at < columns; at += FLOAT_CHUNK, w += chunk_bytes)
        multiply_chunk(tiles, TILE, w, MIN(columns - at, FLOAT_CHUNK), chunk_bytes,
                       n <= 2 ? chunk_bytes / 2 : chunk_bytes, column_bytes, inputs, n, at, y,
                       y_stride);
}

static void multiply_f32(const void *panel, gsize columns, const TuneInput *inputs, gsize n,
                         float *y, gsize y_stride)
{
    multiply_floats(f32_tiles, panel, columns, TUNE_PANEL_ROWS * sizeof(float), inputs, n, y,
                    y_stride);
}

static void multiply_f16(const void *panel, gsize columns, const TuneInput *inputs, gsize n,
                         float *y, gsize y_stride)
{
    multiply_floats(f16_tiles, panel, columns, TUNE_PANEL_ROWS * sizeof(guint16), inputs, n, y,
                    y_stride);
}
