/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Products of quantised panels, for sets whose vectors hold 16-bit words and bytes (x86); included
 * after vector-multiply.h.  The set defines the type vi, of LANES 32-bit integers, and the i_*()
 * operations.
 *
 * A vector of weights holds four columns (bytes) of LANES rows.
 *   Q8: shifts make words of its even and its odd columns; word_dot() adds products of pairs of
 * words to 32-bit sums, one a row.  So the rounded inputs are kept as x0 x2 x1 x3 of each four. Q4:
 * the low nibbles are one such vector, the high ones another; byte_dot() adds products of unsigned
 *       nibbles with signed inputs, and what -8 a weight takes away follows from the sum of the
 * inputs.
 */
#pragma once

#define BLOCK       TUNE_QUANT_BLOCK
#define WORD_TILE   4
#define WORD_CHUNK  1024
#define KEPT_INPUTS 2
#define FETCH_BYTES 2048
#define Q8_BYTES    ((gsize)TUNE_PANEL_ROWS * (sizeof(guint16) + BLOCK)) /* of a panel's block */
#define Q4_BYTES    ((gsize)TUNE_PANEL_ROWS * (sizeof(guint16) + BLOCK / 2))
#define GROUP_BYTES ((gsize)TUNE_PANEL_ROWS * 4)

/* Compilers like to add the products first, which takes registers that are not there. */
#define KEEP_ORDER(v) __asm__("" : "+" ANY_REGISTER(v))

/* Four neighbouring bytes, in all lanes. */
ALWAYS_INLINE vi i_set1_bytes(gconstpointer p)
{
    gint32 four;

    memcpy(&four, p, sizeof four);
    return i_set1(four);
}

/* The running sums of a tile's inputs: in registers when they are few, else in y, so that the sums
 * of a block have the registers. */
typedef struct {
    float *y;
    gsize y_stride;
    vf kept[KEPT_INPUTS][PARTS];
} Totals;

ALWAYS_INLINE void begin_totals(Totals *totals, float *y, gsize y_stride, gsize n, gboolean begin)
{
    totals->y = y;
    totals->y_stride = y_stride;
    for (gsize i = 0; i < n; i++)
        for (guint p = 0; p < PARTS; p++) {
            float *at = y + i * y_stride + p * LANES;

            if (begin)
                v_store(at, v_set1(0));
            if (n <= KEPT_INPUTS)
                totals->kept[i][p] = v_load(at);
        }
}

/* Add sums of a block times scales to part @p of input @i. */
ALWAYS_INLINE void add_block(Totals *totals, gsize i, guint p, gsize n, vf sums, vf scales)
{
    float *at = totals->y + i * totals->y_stride + p * LANES;

    if (n <= KEPT_INPUTS)
        totals->kept[i][p] = v_fma(sums, scales, totals->kept[i][p]);
    else
        v_store(at, v_fma(sums, scales, v_load(at)));
}

ALWAYS_INLINE void end_totals(const Totals *totals, gsize n)
{
    for (gsize i = 0; n <= KEPT_INPUTS && i < n; i++)
        for (guint p = 0; p < PARTS; p++)
            v_store(totals->y + i * totals->y_stride + p * LANES, totals->kept[i][p]);
}

ALWAYS_INLINE void clear_words(vi sums[][PARTS], gsize n)
{
    for (gsize i = 0; i < n; i++)
        for (guint p = 0; p < PARTS; p++)
            sums[i][p] = i_set1(0);
}

/* sums of one block of Q8: [n inputs][PARTS] */
ALWAYS_INLINE void q8_block(const guint8 *q, Fetch *fetch, const gint16 *const *x, gsize n,
                            vi sums[][PARTS])
{
    clear_words(sums, n);
#pragma GCC unroll 8
    for (guint g = 0; g < BLOCK / 4; g++, q += GROUP_BYTES) {
        vi even[PARTS], odd[PARTS];

        __builtin_prefetch(fetch->from, 0, 3);
        fetch->from += fetch->step;
#pragma GCC unroll 2
        for (guint p = 0; p < PARTS; p++) {
            vi bytes = i_load(q + p * LANES * 4);

            even[p] = i_words_high(i_words_low_to_high(bytes));
            odd[p] = i_words_high(bytes);
        }
#pragma GCC unroll 4
        for (gsize i = 0; i < n; i++) {
            vi x_even = i_set1_bytes(x[i] + 4 * g), x_odd = i_set1_bytes(x[i] + 4 * g + 2);
#pragma GCC unroll 2
            for (guint p = 0; p < PARTS; p++) {
                sums[i][p] = word_dot(sums[i][p], even[p], x_even);
                KEEP_ORDER(sums[i][p]);
                sums[i][p] = word_dot(sums[i][p], odd[p], x_odd);
                KEEP_ORDER(sums[i][p]);
            }
        }
    }
}

/* @n is a constant. */
ALWAYS_INLINE void q8_tile(const guint8 *w, gsize columns, Fetch fetch, const TuneInput *inputs,
                           gsize at, gboolean begin, float *y, gsize y_stride, gsize n)
{
    const gint16 *x[WORD_TILE];
    Totals totals;

    begin_totals(&totals, y, y_stride, n, begin);
    for (gsize i = 0; i < n; i++)
        x[i] = (const gint16 *)inputs[i].values + at;
    for (gsize c = 0; c < columns; c += BLOCK, w += Q8_BYTES) {
        const guint16 *scales = (const guint16 *)(gconstpointer)w;
        vi sums[WORD_TILE][PARTS];

        q8_block(w + TUNE_PANEL_ROWS * sizeof *scales, &fetch, x, n, sums);
        fetch.from += fetch.step / 2; /* for the scales, half a group */
#pragma GCC unroll 4
        for (gsize i = 0; i < n; i++) {
            x[i] += BLOCK;
#pragma GCC unroll 2
            for (guint p = 0; p < PARTS; p++)
                add_block(&totals, i, p, n, v_from_int(sums[i][p]),
                          v_load_half(scales + p * LANES));
        }
    }
    end_totals(&totals, n);
}

ALWAYS_INLINE void q4_block(const guint8 *q, Fetch *fetch, const gint8 *const *x, gsize n,
                            vb sums[][PARTS])
{
    clear_words(sums, n);
#pragma GCC unroll 4
    for (guint g = 0; g < BLOCK / 8; g++, q += GROUP_BYTES) {
        vi low[PARTS], high[PARTS];

        __builtin_prefetch(fetch->from, 0, 3);
        fetch->from += fetch->step;
#pragma GCC unroll 2
        for (guint p = 0; p < PARTS; p++) {
            vi bytes = i_load(q + p * LANES * 4);

            low[p] = i_low_nibbles(bytes);
            high[p] = i_high_nibbles(bytes);
        }
#pragma GCC unroll 4
        for (gsize i = 0; i < n; i++) {
            vi x_low = i_set1_bytes(x[i] + 4 * g), x_high = i_set1_bytes(x[i] + BLOCK / 2 + 4 * g);
#pragma GCC unroll 2
            for (guint p = 0; p < PARTS; p++) {
                sums[i][p] = byte_dot(sums[i][p], low[p], x_low);
                KEEP_ORDER(sums[i][p]);
                sums[i][p] = byte_dot(sums[i][p], high[p], x_high);
                KEEP_ORDER(sums[i][p]);
            }
        }
    }
}

/* @n is a constant. */
ALWAYS_INLINE void q4_tile(const guint8 *w, gsize columns, Fetch fetch, const TuneInput *inputs,
                           gsize at, gboolean begin, float *y, gsize y_stride, gsize n)
{
    const gint8 *x[WORD_TILE];
    Totals totals;

    begin_totals(&totals, y, y_stride, n, begin);
    for (gsize i = 0; i < n; i++)
        x[i] = (const gint8 *)inputs[i].values + at;
    for (gsize b = at / BLOCK; b < (at + columns + BLOCK - 1) / BLOCK; b++, w += Q4_BYTES) {
        const guint16 *scales = (const guint16 *)(gconstpointer)w;
        vb sums[WORD_TILE][PARTS];

        q4_block(w + TUNE_PANEL_ROWS * sizeof *scales, &fetch, x, n, sums);
        fetch.from += fetch.step / 2; /* for the scales, half a group */
#pragma GCC unroll 4
        for (gsize i = 0; i < n; i++) {
            vi bias = i_set1(-8 * inputs[i].sums[b]);
            vf scale = v_set1(inputs[i].scales[b]);

            x[i] += BLOCK;
#pragma GCC unroll 2
            for (guint p = 0; p < PARTS; p++)
                add_block(&totals, i, p, n, v_from_int(i_add(byte_dot_sums(sums[i][p]), bias)),
                          v_mul(v_load_half(scales + p * LANES), scale));
        }
    }
    end_totals(&totals, n);
}

#define BLOCK_TILE(n)                                                                              \
    static void q8_tile_##n(const guint8 *w, gsize columns, Fetch fetch, const TuneInput *inputs,  \
                            gsize at, gboolean begin, float *y, gsize y_stride)                    \
    {                                                                                              \
        q8_tile(w, columns, fetch, inputs, at, begin, y, y_stride, n);                             \
    }                                                                                              \
    static void q4_tile_##n(const guint8 *w, gsize columns, Fetch fetch, const TuneInput *inputs,  \
                            gsize at, gboolean begin, float *y, gsize y_stride)                    \
    {                                                                                              \
        q4_tile(w, columns, fetch, inputs, at, begin, y, y_stride, n);                             \
    }
#define Q8_NAME(n) q8_tile_##n,
#define Q4_NAME(n) q4_tile_##n,
EACH_WORD_TILE(BLOCK_TILE)
static Tile *const q8_tiles[WORD_TILE] = {EACH_WORD_TILE(Q8_NAME)};
static Tile *const q4_tiles[WORD_TILE] = {EACH_WORD_TILE(Q4_NAME)};

static void multiply_blocks(Tile *const *tiles, const guint8 *w, gsize columns, gsize block_bytes,
                            const TuneInput *inputs, gsize n, float *y, gsize y_stride)
{
    gsize chunk_bytes = WORD_CHUNK / BLOCK * block_bytes;

    if (columns == 0)
        clear_y(n, y, y_stride);
    for (gsize at = 0; at < columns; at += WORD_CHUNK, w += chunk_bytes)
        multiply_chunk(tiles, WORD_TILE, w, MIN(columns - at, WORD_CHUNK), chunk_bytes, FETCH_BYTES,
                       64, inputs, n, at, y, y_stride);
}

static void multiply_q8(const void *panel, gsize columns, const TuneInput *inputs, gsize n,
                        float *y, gsize y_stride)
{
    multiply_blocks(q8_tiles, panel, columns, Q8_BYTES, inputs, n, y, y_stride);
    for (gsize i = 0; i < n; i++)
        for (guint r = 0; r < TUNE_PANEL_ROWS; r += LANES)
            v_store(y + i * y_stride + r,
                    v_mul(v_load(y + i * y_stride + r), v_set1(inputs[i].scales[0])));
}

static void multiply_q4(const void *panel, gsize columns, const TuneInput *inputs, gsize n,
                        float *y, gsize y_stride)
{
    multiply_blocks(q4_tiles, panel, columns, Q4_BYTES, inputs, n, y, y_stride);
}

/* ---- rounding of inputs ---- */

static float largest(const float *x, gsize n)
{
    gsize i = 0;
    float rest = 0;
    vf top = v_set1(0);

    for (; i + LANES <= n; i += LANES)
        top = v_max(top, v_abs(v_load(x + i)));
    for (; i < n; i++)
        rest = MAX(rest, fabsf(x[i]));
    return MAX(rest, v_greatest(top));
}

/* Up to a block of @x, zeros after. */
static const float *whole_block(const float *x, gsize n, float copy[BLOCK])
{
    if (n >= BLOCK)
        return x;
    memset(copy, 0, BLOCK * sizeof *copy);
    memcpy(copy, x, n * sizeof *copy);
    return copy;
}

static float to_q8(const float *in, gsize n, gint8 *out)
{
    float max = largest(in, n), inverse = max > TUNE_NO_INPUT ? 127 / max : 0;
    gsize i = 0;

    for (; i + LANES <= n; i += LANES)
        i_store_bytes(out + i, v_to_int(v_mul(v_load(in + i), v_set1(inverse))));
    for (; i < n; i++)
        out[i] = (gint8)lrintf(in[i] * inverse);
    return max / 127;
}

static void quantize_q8(const float *x, gsize columns, gint16 *values, float *scale)
{
    float max = largest(x, columns), inverse = max > TUNE_NO_INPUT ? TUNE_Q8_INPUT_MAX / max : 0;

    *scale = max / TUNE_Q8_INPUT_MAX;
    for (gsize at = 0; at < columns; at += BLOCK) {
        float copy[BLOCK];
        const float *block = whole_block(x + at, columns - at, copy);

        for (guint c = 0; c < BLOCK; c += LANES)
            i_store_words(values + at + c, v_to_int(v_mul(v_load(block + c), v_set1(inverse))));
    }
}

static void quantize_q4(const float *x, gsize columns, gint8 *values, float *scales, gint32 *sums)
{
    for (gsize at = 0; at < columns; at += BLOCK) {
        float copy[BLOCK];
        const float *block = whole_block(x + at, columns - at, copy);
        vf top = v_set1(0);
        vi sum = i_set1(0);

        for (guint c = 0; c < BLOCK; c += LANES)
            top = v_max(top, v_abs(v_load(block + c)));
        float max = v_greatest(top), inverse = max > TUNE_NO_INPUT ? 127 / max : 0;
        for (guint c = 0; c < BLOCK; c += LANES) {
            vi rounded = v_to_int(v_mul(v_load(block + c), v_set1(inverse)));

            sum = i_add(sum, rounded);
            i_store_bytes(values + at + c, rounded);
        }
        scales[at / BLOCK] = max / 127;
        sums[at / BLOCK] = i_sum(sum);
    }
}
