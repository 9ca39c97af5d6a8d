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

/* Add the product of @columns of the panel at @w with columns @at on of the inputs to y, or begin y
 * with it. */
typedef void Tile(const guint8 *w, gsize columns, const TuneInput *inputs, gsize at, gboolean begin,
                  float *y, gsize y_stride);

/* What can be defined for each number of inputs of a tile. */
#if TILE == 12
#define EACH_TILE(f) f(1) f(2) f(3) f(4) f(5) f(6) f(7) f(8) f(9) f(10) f(11) f(12)
#else
#define EACH_TILE(f) f(1) f(2) f(3) f(4) f(5) f(6)
#endif
#define EACH_WORD_TILE(f) f(1) f(2) f(3) f(4)

/* All inputs over a chunk, in tiles of nearly equal numbers, at most @most. */
static void multiply_chunk(Tile *const *tiles, gsize most, const guint8 *w, gsize columns,
                           const TuneInput *inputs, gsize n, gsize at, float *y, gsize y_stride)
{
    gsize n_tiles = (n + most - 1) / most;

    for (gsize i = 0; i < n; n_tiles--) {
        gsize now = (n - i + n_tiles - 1) / n_tiles;

        tiles[now - 1](w, columns, inputs + i, at, at == 0, y + i * y_stride, y_stride);
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

/* Weights pass once: what will be wanted soon is asked for early.  Distances were measured
 * (docs/SPEED.md): with few inputs the other half of a chunk away, with more a whole chunk, so that
 * main memory is read while all tiles pass over this one. */
#define FETCH_COLUMNS(n) ((n) <= 2 ? FLOAT_CHUNK / 2 : FLOAT_CHUNK)
ALWAYS_INLINE void fetch_ahead(const guint8 *p, gsize bytes)
{
    __builtin_prefetch(p + bytes, 0, 3);
}

/* sums[i] += W x_i over columns @from to @to */
ALWAYS_INLINE void sum_columns(const guint8 *w, gsize from, gsize to, const float *const *x,
                               gsize n, gboolean half, vf sums[][PARTS])
{
    gsize column_bytes = TUNE_PANEL_ROWS * (half ? sizeof(guint16) : sizeof(float));

    for (gsize c = from; c < to; c++) {
        vf rows[PARTS];

        fetch_ahead(w + c * column_bytes, FETCH_COLUMNS(n) * column_bytes);
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
ALWAYS_INLINE void sum_halves(const guint8 *w, gsize half_columns, const float *const *x, gsize n,
                              gboolean half, vf first[][PARTS], vf second[][PARTS])
{
    for (gsize c = 0; c < half_columns; c++) {
        sum_columns(w, c, c + 1, x, n, half, first);
        sum_columns(w, half_columns + c, half_columns + c + 1, x, n, half, second);
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
ALWAYS_INLINE void float_tile(const guint8 *w, gsize columns, const TuneInput *inputs, gsize at,
                              gboolean begin, float *y, gsize y_stride, gsize n, gboolean half)
{
    gsize middle = columns / 2;
    const float *x[TILE];
    vf first[TILE][PARTS], second[TILE][PARTS];

    for (gsize i = 0; i < n; i++)
        x[i] = (const float *)inputs[i].values + at;
    clear(first, n);
    clear(second, n);
    if (n <= 2) {
        sum_halves(w, middle, x, n, half, first, second);
        sum_columns(w, 2 * middle, columns, x, n, half, second);
        add_sums(y, y_stride, first, n, begin);
    } else {
        sum_columns(w, 0, middle, x, n, half, first);
        add_sums(y, y_stride, first, n, begin);
        sum_columns(w, middle, columns, x, n, half, second);
    }
    add_sums(y, y_stride, second, n, FALSE);
}

#define FLOAT_TILE(n)                                                                              \
    static void f32_tile_##n(const guint8 *w, gsize columns, const TuneInput *inputs, gsize at,    \
                             gboolean begin, float *y, gsize y_stride)                             \
    {                                                                                              \
        float_tile(w, columns, inputs, at, begin, y, y_stride, n, FALSE);                          \
    }                                                                                              \
    static void f16_tile_##n(const guint8 *w, gsize columns, const TuneInput *inputs, gsize at,    \
                             gboolean begin, float *y, gsize y_stride)                             \
    {                                                                                              \
        float_tile(w, columns, inputs, at, begin, y, y_stride, n, TRUE);                           \
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

static void multiply_f32(const void *panel, gsize columns, const TuneInput *inputs, gsize n,
                         float *y, gsize y_stride)
{
    const guint8 *w = panel;

    if (columns == 0)
        clear_y(n, y, y_stride);
    for (gsize at = 0; at < columns; at += FLOAT_CHUNK) {
        multiply_chunk(f32_tiles, TILE, w, MIN(columns - at, FLOAT_CHUNK), inputs, n, at, y,
                       y_stride);
        w += FLOAT_CHUNK * TUNE_PANEL_ROWS * sizeof(float);
    }
}

static void multiply_f16(const void *panel, gsize columns, const TuneInput *inputs, gsize n,
                         float *y, gsize y_stride)
{
    const guint8 *w = panel;

    if (columns == 0)
        clear_y(n, y, y_stride);
    for (gsize at = 0; at < columns; at += FLOAT_CHUNK) {
        multiply_chunk(f16_tiles, TILE, w, MIN(columns - at, FLOAT_CHUNK), inputs, n, at, y,
                       y_stride);
        w += FLOAT_CHUNK * TUNE_PANEL_ROWS * sizeof(guint16);
    }
}
