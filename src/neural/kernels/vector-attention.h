/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Attention for any set of vectors; included like vector-functions.h.  The loads of keys and values
 * are a parameter, so that all kinds share one text; every call is inlined with constants.
 */
#pragma once

/* Positions at once: their sums do not wait for one another. */
#define POSITIONS 8
/* Vectors of a mixture that are kept in registers while all values pass. */
#define MIX_VECTORS 8

typedef enum { FLOATS, HALVES, BYTES } Kind;

/* Keys or values. */
typedef struct {
    gconstpointer values;
    const float *scales; /* of rows of bytes */
    gsize stride, width;
    Kind kind;
} Rows;

/* Vector of LANES values from index @i. */
ALWAYS_INLINE vf load_values(const Rows *rows, gsize i)
{
    return rows->kind == BYTES    ? v_load_bytes((const gint8 *)rows->values + i)
           : rows->kind == HALVES ? v_load_half((const guint16 *)rows->values + i)
                                  : v_load((const float *)rows->values + i);
}

ALWAYS_INLINE float load_value(const Rows *rows, gsize i)
{
    return rows->kind == BYTES    ? ((const gint8 *)rows->values)[i]
           : rows->kind == HALVES ? tune_half_to_float(((const guint16 *)rows->values)[i])
                                  : ((const float *)rows->values)[i];
}

/* @factor times the scale of row @t. */
ALWAYS_INLINE float scaled(const Rows *rows, gsize t, float factor)
{
    return rows->kind == BYTES ? factor * rows->scales[t] : factor;
}

/* Products of @q with @n (a constant) rows from @first on. */
ALWAYS_INLINE void score_rows(const float *q, const Rows *k, gsize first, gsize n, float scale,
                              float *scores)
{
    vf sums[POSITIONS];
    float products[POSITIONS];
    gsize c = 0;

#pragma GCC unroll 8
    for (gsize t = 0; t < POSITIONS; t++)
        sums[t] = v_set1(0);
    for (; c + LANES <= k->width; c += LANES) {
        vf x = v_load(q + c);
#pragma GCC unroll 8
        for (gsize t = 0; t < n; t++)
            sums[t] = v_fma(x, load_values(k, (first + t) * k->stride + c), sums[t]);
    }
    for (gsize t = 0; t < n; t += 4) /* the others are zero */
        v_sums_of_4(sums + t, products + t);
    for (gsize t = 0; t < n; t++) {
        for (gsize rest = c; rest < k->width; rest++)
            products[t] += q[rest] * load_value(k, (first + t) * k->stride + rest);
        scores[first + t] = products[t] * scaled(k, first + t, scale);
    }
}

ALWAYS_INLINE void score(const float *q, const Rows *k, gsize n, float scale, float *scores)
{
    gsize t = 0;

    for (; t + POSITIONS <= n; t += POSITIONS)
        score_rows(q, k, t, POSITIONS, scale, scores);
    for (; t < n; t++)
        score_rows(q, k, t, 1, scale, scores);
}

/* @vectors (a constant) vectors of the mixture from column @c on. */
ALWAYS_INLINE void mix_columns(const float *p, const Rows *v, gsize c, gsize n, float *out,
                               gsize vectors)
{
    vf sums[MIX_VECTORS];

#pragma GCC unroll 8
    for (gsize i = 0; i < vectors; i++)
        sums[i] = v_set1(0);
    for (gsize t = 0; t < n; t++) {
        vf share = v_set1(scaled(v, t, p[t]));
#pragma GCC unroll 8
        for (gsize i = 0; i < vectors; i++)
            sums[i] = v_fma(share, load_values(v, t * v->stride + c + i * LANES), sums[i]);
    }
#pragma GCC unroll 8
    for (gsize i = 0; i < vectors; i++)
        v_store(out + c + i * LANES, sums[i]);
}

ALWAYS_INLINE void mix(const float *p, const Rows *v, gsize n, float *out)
{
    gsize c = 0;

    for (; c + MIX_VECTORS * LANES <= v->width; c += MIX_VECTORS * LANES)
        mix_columns(p, v, c, n, out, MIX_VECTORS);
    for (; c + 4 * LANES <= v->width; c += 4 * LANES)
        mix_columns(p, v, c, n, out, 4);
    for (; c + LANES <= v->width; c += LANES)
        mix_columns(p, v, c, n, out, 1);
    for (; c < v->width; c++) {
        out[c] = 0;
        for (gsize t = 0; t < n; t++)
            out[c] += scaled(v, t, p[t]) * load_value(v, t * v->stride + c);
    }
}

static void scores_f32(const float *q, const float *k, gsize stride, gsize width, gsize n,
                       float scale, float *scores)
{
    const Rows rows = {.values = k, .stride = stride, .width = width, .kind = FLOATS};

    score(q, &rows, n, scale, scores);
}

static void scores_f16(const float *q, const guint16 *k, gsize stride, gsize width, gsize n,
                       float scale, float *scores)
{
    const Rows rows = {.values = k, .stride = stride, .width = width, .kind = HALVES};

    score(q, &rows, n, scale, scores);
}

static void scores_q8(const float *q, const gint8 *k, const float *scales, gsize stride,
                      gsize width, gsize n, float scale, float *scores)
{
    const Rows rows = {k, scales, stride, width, BYTES};

    score(q, &rows, n, scale, scores);
}

static void mix_f32(const float *p, const float *v, gsize stride, gsize width, gsize n, float *out)
{
    const Rows rows = {.values = v, .stride = stride, .width = width, .kind = FLOATS};

    mix(p, &rows, n, out);
}

static void mix_f16(const float *p, const guint16 *v, gsize stride, gsize width, gsize n,
                    float *out)
{
    const Rows rows = {.values = v, .stride = stride, .width = width, .kind = HALVES};

    mix(p, &rows, n, out);
}

static void mix_q8(const float *p, const gint8 *v, const float *scales, gsize stride, gsize width,
                   gsize n, float *out)
{
    const Rows rows = {v, scales, stride, width, BYTES};

    mix(p, &rows, n, out);
}
