/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Rounding of weights into blocks of 32: the formats Q8_0 and Q4_0 of GGUF.
 */
#include "neural/compute.h"
#include "neural/kernels/half.h"

#include <math.h>

#define BLOCK TUNE_QUANT_BLOCK

/* Gigabytes pass here when a model is opened: loops are such that compilers make vectors of them,
 * with LANES sums side by side, in a copy for AVX2 too.  All is inlined into each copy; the order
 * of the sums, and so the bits, are the same. */
#if defined(__x86_64__) && defined(__gnu_linux__) && !defined(__clang__) &&                         \
    !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define CLONES __attribute__((target_clones("avx2", "default")))
#else
#define CLONES
#endif
#define INLINE static inline __attribute__((always_inline))
#define LANES  8

/* Added to a float of less than 2^22 it leaves the nearest integer, even at a tie, in the lowest
 * bits. */
#define ROUNDING      12582912.0f
#define ROUNDING_BITS 0x4b400000

/* Clamped as integers: comparing floats, which may trap, keeps loops from becoming vectors. */
INLINE float round_clamped(float x, gint32 low, gint32 high)
{
    union {
        float value;
        gint32 bits;
    } moved = {x + ROUNDING};
    gint32 bits = moved.bits - ROUNDING_BITS;

    bits = bits < low ? low : bits;
    bits = bits > high ? high : bits;
    return (float)bits;
}

INLINE float sum_of(const float *x)
{
    return ((x[0] + x[4]) + (x[2] + x[6])) + ((x[1] + x[5]) + (x[3] + x[7]));
}

/* The value of largest magnitude. */
INLINE float extreme_of(const float *in)
{
    float extreme = 0;

    for (guint i = 0; i < BLOCK; i++)
        extreme = fabsf(in[i]) > fabsf(extreme) ? in[i] : extreme;
    return extreme;
}

/* Value = scale * q, q in -127..127. */
INLINE void quantize_q8_block(const float *in, guint8 *out)
{
    guint16 half = tune_half_from_float(fabsf(extreme_of(in)) / 127);
    /* Divide by the scale as it is stored: its own rounding costs nothing then. */
    float scale = tune_half_to_float(half), inverse = scale > 0 ? 1 / scale : 0;
    memcpy(out, &half, sizeof half);
    for (guint i = 0; i < BLOCK; i++)
        out[sizeof half + i] = (guint8)(gint8)round_clamped(in[i] * inverse, -127, 127);
}

/* Nibbles of @in for @scale into @q, -8..7; the squared error. */
INLINE float round_q4(const float *restrict in, float scale, float *restrict q)
{
    float inverse = scale != 0 ? 1 / scale : 0, error[LANES] = {0};

    for (guint i = 0; i < BLOCK; i++)
        q[i] = round_clamped(in[i] * inverse, -8, 7);
    for (guint i = 0; i < BLOCK; i += LANES) {
        for (guint k = 0; k < LANES; k++)
            error[k] += (in[i + k] - scale * q[i + k]) * (in[i + k] - scale * q[i + k]);
    }
    return sum_of(error);
}

/* The scale that suits nibbles @q best. */
INLINE float best_scale(const float *restrict in, const float *restrict q, float otherwise)
{
    float xq[LANES] = {0}, qq[LANES] = {0};

    for (guint i = 0; i < BLOCK; i += LANES) {
        for (guint k = 0; k < LANES; k++) {
            xq[k] += in[i + k] * q[i + k];
            qq[k] += q[i + k] * q[i + k];
        }
    }
    return sum_of(qq) > 0 ? sum_of(xq) / sum_of(qq) : otherwise;
}

/* Value = scale * (nibble - 8).  The value of largest magnitude at -8 uses the range best where it
 * stands alone; often some clipping or the slack of another scale is better.  So scales that put it
 * at -7 to -9 are tried, each followed by the best one for the nibbles it gave (least squares: sum
 * x q / sum q q). */
INLINE void quantize_q4_block(const float *in, guint8 *out)
{
    float extreme = extreme_of(in), least = INFINITY;
    guint16 best = 0;
    float q[BLOCK], best_q[BLOCK] = {0};

    for (int step = -5; step <= 5 && extreme != 0; step++) {
        float trial = extreme / (-8.0f + 0.2f * (float)step);

        round_q4(in, trial, q);
        guint16 half = tune_half_from_float(best_scale(in, q, trial));
        float error = round_q4(in, tune_half_to_float(half), q);
        if (error < least) {
            least = error;
            best = half;
            memcpy(best_q, q, sizeof q);
        }
    }
    memcpy(out, &best, sizeof best);
    for (guint i = 0; i < BLOCK / 2; i++)
        out[sizeof best + i] =
            (guint8)((int)(best_q[i] + 8) | (int)(best_q[BLOCK / 2 + i] + 8) << 4);
}

CLONES void tune_quantize_row(TuneDtype dtype, const float *in, gsize n, void *out)
{
    guint8 *bytes = out;

    g_return_if_fail(n % BLOCK == 0 && (dtype == TUNE_DTYPE_Q8 || dtype == TUNE_DTYPE_Q4));
    for (gsize i = 0; i < n; i += BLOCK) {
        if (dtype == TUNE_DTYPE_Q8)
            quantize_q8_block(in + i, bytes);
        else
            quantize_q4_block(in + i, bytes);
        bytes += sizeof(guint16) + (dtype == TUNE_DTYPE_Q8 ? BLOCK : BLOCK / 2);
    }
}
