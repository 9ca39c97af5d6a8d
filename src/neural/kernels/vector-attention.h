/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Attention for any set of vectors; included like vector-functions.h.  The loads of keys and values
 * are a parameter, so that floats and halves share one text; every call is inlined with constants.
 */
#pragma once

/* Positions at once: their sums do not wait for one another. */
#define POSITIONS 8
/* Vectors of a mixture that are kept in registers while all values pass. */
#define MIX_VECTORS 8

/* Vector of LANES values from index @i of floats or halves. */
ALWAYS_INLINE vf load_either(gconstpointer values, gsize i, gboolean half)
{
    return half ? v_load_half((const guint16 *)values + i) : v_load((const float *)values + i);
}

ALWAYS_INLINE float value_either(gconstpointer values, gsize i, gboolean half)
{
    return half ? tune_half_to_float(((const guint16 *)values)[i]) : ((const float *)values)[i];
}

/* Products of @q with @n (a constant) rows from index @first on. */
ALWAYS_INLINE void score_rows(const float *q, gconstpointer k, gsize first, gsize stride,
                              gsize width, gsize n, float scale, float *scores, gboolean half)
{
    vf sums[POSITIONS];
    float products[POSITIONS];
    gsize c = 0;

#pragma GCC unroll 8
    for (gsize t = 0; t < POSITIONS; t++)
        sums[t] = v_set1(0);
    for (; c + LANES <= width; c += LANES) {
        vf x = v_load(q + c);
#pragma GCC unroll 8
        for (gsize t = 0; t < n; t++)
            sums[t] = v_fma(x, load_either(k, first + t * stride + c, half), sums[t]);
    }
    for (gsize t = 0; t < n; t += 4) /* the others are zero */
        v_sums_of_4(sums + t, products + t);
    for (gsize t = 0; t < n; t++) {
        for (gsize rest = c; rest < width; rest++)
            products[t] += q[rest] * value_either(k, first + t * stride + rest, half);
        scores[t] = products[t] * scale;
    }
}

ALWAYS_INLINE void scores(const float *q, gconstpointer k, gsize stride, gsize width, gsize n,
                          float scale, float *out, gboolean half)
{
    gsize t = 0;

    for (; t + POSITIONS <= n; t += POSITIONS)
        score_rows(q, k, t * stride, stride, width, POSITIONS, scale, out + t, half);
    for (; t < n; t++)
        score_rows(q, k, t * stride, stride, width, 1, scale, out + t, half);
}

/* @vectors (a constant) vectors of the mixture from column @c on. */
ALWAYS_INLINE void mix_columns(const float *p, gconstpointer v, gsize c, gsize stride, gsize n,
                               float *out, gsize vectors, gboolean half)
{
    vf sums[MIX_VECTORS];

#pragma GCC unroll 8
    for (gsize i = 0; i < vectors; i++)
        sums[i] = v_set1(0);
    for (gsize t = 0; t < n; t++) {
        vf share = v_set1(p[t]);
#pragma GCC unroll 8
        for (gsize i = 0; i < vectors; i++)
            sums[i] = v_fma(share, load_either(v, t * stride + c + i * LANES, half), sums[i]);
    }
#pragma GCC unroll 8
    for (gsize i = 0; i < vectors; i++)
        v_store(out + c + i * LANES, sums[i]);
}

ALWAYS_INLINE void mix(const float *p, gconstpointer v, gsize stride, gsize width, gsize n,
                       float *out, gboolean half)
{
    gsize c = 0;

    for (; c + MIX_VECTORS * LANES <= width; c += MIX_VECTORS * LANES)
        mix_columns(p, v, c, stride, n, out, MIX_VECTORS, half);
    for (; c + 4 * LANES <= width; c += 4 * LANES)
        mix_columns(p, v, c, stride, n, out, 4, half);
    for (; c + LANES <= width; c += LANES)
        mix_columns(p, v, c, stride, n, out, 1, half);
    for (; c < width; c++) {
        out[c] = 0;
        for (gsize t = 0; t < n; t++)
            out[c] += p[t] * value_either(v, t * stride + c, half);
    }
}

static void scores_f32(const float *q, const float *k, gsize stride, gsize width, gsize n,
                       float scale, float *out)
{
    scores(q, k, stride, width, n, scale, out, FALSE);
}

static void scores_f16(const float *q, const guint16 *k, gsize stride, gsize width, gsize n,
                       float scale, float *out)
{
    scores(q, k, stride, width, n, scale, out, TRUE);
}

static void mix_f32(const float *p, const float *v, gsize stride, gsize width, gsize n, float *out)
{
    mix(p, v, stride, width, n, out, FALSE);
}

static void mix_f16(const float *p, const guint16 *v, gsize stride, gsize width, gsize n,
                    float *out)
{
    mix(p, v, stride, width, n, out, TRUE);
}
