/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Element-wise kernels for any set of vectors: the set's .c file defines LANES, the type vf and the
 * v_*() operations on it (see avx2.c), then includes this.
 *
 * exp(x) = 2^n (1 + m(r)) with x = n ln 2 + r, |r| <= ln 2 / 2, and m(r) = expm1(r) = r + r^2 P(r);
 * P is a minimax polynomial (relative error of m below 2e-8).  Through m, expm1 and tanh keep their
 * relative precision near zero.
 */
#pragma once
#include <math.h>
#include <string.h>

#define ALWAYS_INLINE static inline __attribute__((always_inline))

/* The first @n < LANES values, zeros after; and back. */
static inline vf v_load_part(const float *p, gsize n)
{
    float values[LANES] = {0};

    memcpy(values, p, n * sizeof *p);
    return v_load(values);
}

static inline void v_store_part(float *p, gsize n, vf v)
{
    float values[LANES];

    v_store(values, v);
    memcpy(p, values, n * sizeof *p);
}

/* out[i] = the expression @f of x = in[i], for all i < n */
#define MAP(in, n, out, f)                                                                         \
    do {                                                                                           \
        gsize i_ = 0;                                                                              \
        for (; i_ + LANES <= (n); i_ += LANES) {                                                   \
            vf x = v_load((in) + i_);                                                              \
            v_store((out) + i_, f);                                                                \
        }                                                                                          \
        if (i_ < (n)) {                                                                            \
            vf x = v_load_part((in) + i_, (n)-i_);                                                 \
            v_store_part((out) + i_, (n)-i_, f);                                                   \
        }                                                                                          \
    } while (0)

/* expm1 of the remainder, and the whole number of halvings or doublings. */
static inline vf expm1_rest(vf x, vf *n)
{
    vf r, p;

    *n = v_round(v_mul(x, v_set1((float)(1 / G_LN2))));
    /* ln 2 in two parts: n times the first is exact. */
    r = v_fma(*n, v_set1(-0x1.62e400p-1f), x);
    r = v_fma(*n, v_set1(-0x1.7f7d1cp-20f), r);
    p = v_fma(v_set1(0x1.6d992ep-10f), r, v_set1(0x1.12281cp-7f));
    p = v_fma(p, r, v_set1(0x1.555486p-5f));
    p = v_fma(p, r, v_set1(0x1.5554b0p-3f));
    p = v_fma(p, r, v_set1(0.5f));
    return v_fma(v_mul(r, r), p, r);
}

/* e^x; of less than -87.3 it is 0, of more than 88 what it is of 88. */
static inline vf v_exp(vf x)
{
    vf n, low = v_set1(-87.3f);
    vf m = expm1_rest(v_max(v_min(x, v_set1(88)), low), &n), power = v_power_of_2(n);

    return v_if_greater(x, low, v_fma(m, power, power), v_set1(0));
}

/* e^x - 1 for x <= 88 */
static inline vf v_expm1(vf x)
{
    vf n, m = expm1_rest(v_max(x, v_set1(-80)), &n), power = v_power_of_2(n);

    return v_fma(m, power, v_sub(power, v_set1(1)));
}

static inline vf v_sigmoid(vf x)
{
    return v_div(v_set1(1), v_add(v_set1(1), v_exp(v_sub(v_set1(0), x))));
}

/* (e^2|x| - 1) / (e^2|x| + 1) with the sign of x */
static inline vf v_tanh(vf x)
{
    vf a = v_min(v_abs(x), v_set1(10)), m = v_expm1(v_add(a, a));

    return v_copy_sign(v_div(m, v_add(m, v_set1(2))), x);
}

/* x / 2 (1 + erf(x / sqrt 2)) = max(x, 0) - |x| / 2 erfc(|x| / sqrt 2).  erfc(a / sqrt 2) = e^(-a
 * Q(a)), where Q is smooth: a polynomial fitted where it matters for the result, a < 7. */
static inline vf v_gelu(vf x)
{
    static const float q[] = {0.79788560f,    0.31829995f,   0.036372211f,
                              -0.0048499373f, 3.2411444e-5f, 1.7375333e-4f,
                              -4.4647230e-5f, 5.4075495e-6f, -2.7231570e-7f};
    vf a = v_min(v_abs(x), v_set1(7)), p = v_set1(q[8]);

    for (int i = 7; i >= 0; i--)
        p = v_fma(p, a, v_set1(q[i]));
    vf erfc = v_exp(v_mul(v_sub(v_set1(0), a), p));
    return v_sub(v_max(x, v_set1(0)), v_mul(v_mul(v_set1(0.5f), a), erfc));
}

static void gelu(float *x_, gsize n)
{
    MAP(x_, n, x_, v_gelu(x));
}

static void elu(const float *x_, gsize n, float *out)
{
    MAP(x_, n, out, v_if_greater(x, v_set1(0), x, v_expm1(v_min(x, v_set1(0)))));
}

static void add(float *x, const float *y, gsize n)
{
    gsize i = 0;

    for (; i + LANES <= n; i += LANES)
        v_store(x + i, v_add(v_load(x + i), v_load(y + i)));
    for (; i < n; i++)
        x[i] += y[i];
}

static void softmax(float *x_, gsize n)
{
    gsize i = 0;
    float top = -INFINITY, total = 0;
    vf tops = v_set1(top), sums = v_set1(0);

    for (; i + LANES <= n; i += LANES)
        tops = v_max(tops, v_load(x_ + i));
    for (; i < n; i++)
        top = x_[i] > top ? x_[i] : top;
    top = MAX(top, v_greatest(tops));
    for (i = 0; i + LANES <= n; i += LANES) {
        vf e = v_exp(v_sub(v_load(x_ + i), v_set1(top)));

        v_store(x_ + i, e);
        sums = v_add(sums, e);
    }
    if (i < n) {
        v_store_part(x_ + i, n - i, v_exp(v_sub(v_load_part(x_ + i, n - i), v_set1(top))));
        for (; i < n; i++)
            total += x_[i];
    }
    float inverse = 1 / (total + v_sum(sums));
    MAP(x_, n, x_, v_mul(x, v_set1(inverse)));
}

/* Sum of (x - mean)^2 */
static float squares(const float *x, gsize n, float mean)
{
    gsize i = 0;
    float rest = 0;
    vf sums = v_set1(0), middle = v_set1(mean);

    for (; i + LANES <= n; i += LANES) {
        vf d = v_sub(v_load(x + i), middle);

        sums = v_fma(d, d, sums);
    }
    for (; i < n; i++)
        rest += (x[i] - mean) * (x[i] - mean);
    return rest + v_sum(sums);
}

static void layer_norm(const float *x, const float *weight, const float *bias, gsize n,
                       float epsilon, float *out)
{
    gsize i = 0;
    float total = 0;
    vf sums = v_set1(0);

    for (; i + LANES <= n; i += LANES)
        sums = v_add(sums, v_load(x + i));
    for (; i < n; i++)
        total += x[i];
    float mean = (total + v_sum(sums)) / (float)n;
    float inverse = 1 / sqrtf(squares(x, n, mean) / (float)n + epsilon);
    for (i = 0; i + LANES <= n; i += LANES) {
        vf d = v_mul(v_sub(v_load(x + i), v_set1(mean)), v_set1(inverse));

        v_store(out + i, v_fma(d, v_load(weight + i), v_load(bias + i)));
    }
    for (; i < n; i++)
        out[i] = (x[i] - mean) * inverse * weight[i] + bias[i];
}

static void rms_norm(const float *x, const float *weight, gsize n, float epsilon, float *out)
{
    gsize i = 0;
    float inverse = 1 / sqrtf(squares(x, n, 0) / (float)n + epsilon);

    for (; i + LANES <= n; i += LANES)
        v_store(out + i, v_mul(v_mul(v_load(x + i), v_set1(inverse)), v_load(weight + i)));
    for (; i < n; i++)
        out[i] = x[i] * inverse * weight[i];
}

static inline vf lstm_cells(vf i, vf f, vf g, vf cell)
{
    return v_add(v_mul(v_sigmoid(f), cell), v_mul(v_sigmoid(i), v_tanh(g)));
}

static void lstm(const float *gates, float *cell, gsize n, float *out)
{
    const float *i = gates, *f = gates + n, *g = gates + 2 * n, *o = gates + 3 * n;
    gsize at = 0;

    for (; at + LANES <= n; at += LANES) {
        vf c = lstm_cells(v_load(i + at), v_load(f + at), v_load(g + at), v_load(cell + at));

        v_store(cell + at, c);
        v_store(out + at, v_mul(v_sigmoid(v_load(o + at)), v_tanh(c)));
    }
    if (at < n) {
        gsize rest = n - at;
        vf c = lstm_cells(v_load_part(i + at, rest), v_load_part(f + at, rest),
                          v_load_part(g + at, rest), v_load_part(cell + at, rest));

        v_store_part(cell + at, rest, c);
        v_store_part(out + at, rest, v_mul(v_sigmoid(v_load_part(o + at, rest)), v_tanh(c)));
    }
}

static void to_f16(const float *in, gsize n, guint16 *out)
{
    gsize i = 0;

    for (; i + LANES <= n; i += LANES)
        v_store_half(out + i, v_load(in + i));
    for (; i < n; i++)
        out[i] = tune_half_from_float(in[i]);
}

static void from_f16(const guint16 *in, gsize n, float *out)
{
    gsize i = 0;

    for (; i + LANES <= n; i += LANES)
        v_store(out + i, v_load_half(in + i));
    for (; i < n; i++)
        out[i] = tune_half_to_float(in[i]);
}
