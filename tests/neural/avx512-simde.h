/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The instructions of AVX-512 in portable code, for machines without them: SIMDe's, and those that
 * its version in Debian 12 lacks.
 */
#pragma once
#define SIMDE_ENABLE_NATIVE_ALIASES
#include <simde/x86/avx2.h>
#include <simde/x86/f16c.h>
#include <simde/x86/fma.h>
#include <simde/x86/avx512.h>

#include <string.h>

/* Vectors of 16 as plain arrays. */
#define LANE_BY_LANE(result_type, result_lane, input_type, input_lane, input, expression)          \
    input_lane in_[16];                                                                            \
    result_lane out_[16];                                                                          \
    result_type result_;                                                                           \
    memcpy(in_, &(input), sizeof in_);                                                             \
    for (int i = 0; i < 16; i++) {                                                                 \
        input_lane x = in_[i];                                                                     \
        out_[i] = (result_lane)(expression);                                                       \
    }                                                                                              \
    memcpy(&result_, out_, sizeof result_);                                                        \
    return result_

static __attribute__((noinline, unused)) __m512 emulated_cvtph_ps(__m256i halves)
{
    LANE_BY_LANE(__m512, float, __m256i, guint16, halves, tune_half_to_float(x));
}

static __attribute__((noinline, unused)) __m256i emulated_cvtps_ph(__m512 floats)
{
    LANE_BY_LANE(__m256i, guint16, __m512, float, floats, tune_half_from_float(x));
}

static __attribute__((noinline, unused)) __m512i emulated_cvtps_epi32(__m512 floats)
{
    LANE_BY_LANE(__m512i, gint32, __m512, float, floats, __builtin_lrintf(x));
}

static __attribute__((noinline, unused)) __m512 emulated_cvtepi32_ps(__m512i ints)
{
    LANE_BY_LANE(__m512, float, __m512i, gint32, ints, x);
}

static __attribute__((noinline, unused)) __m256i emulated_cvtepi32_epi16(__m512i ints)
{
    LANE_BY_LANE(__m256i, gint16, __m512i, gint32, ints, x);
}

static __attribute__((noinline, unused)) __m128i emulated_cvtepi32_epi8(__m512i ints)
{
    LANE_BY_LANE(__m128i, gint8, __m512i, gint32, ints, x);
}

static __attribute__((noinline, unused)) __m512i emulated_cvtepi8_epi32(__m128i bytes)
{
    LANE_BY_LANE(__m512i, gint32, __m128i, gint8, bytes, x);
}

/* Of each four lanes those that two bits of @order each name. */
static __attribute__((noinline, unused)) __m512i emulated_shuffle_epi32(__m512i ints, int order)
{
    gint32 in[16], out[16];
    __m512i result;

    memcpy(in, &ints, sizeof in);
    for (int i = 0; i < 16; i++)
        out[i] = in[i / 4 * 4 + (order >> i % 4 * 2 & 3)];
    memcpy(&result, out, sizeof result);
    return result;
}

static __attribute__((noinline, unused)) float emulated_reduce_add_ps(__m512 v)
{
    float lanes[16];

    memcpy(lanes, &v, sizeof lanes);
    for (int n = 8; n > 0; n /= 2)
        for (int i = 0; i < n; i++)
            lanes[i] += lanes[i + n];
    return lanes[0];
}

static __attribute__((noinline, unused)) float emulated_reduce_max_ps(__m512 v)
{
    float lanes[16], max;

    memcpy(lanes, &v, sizeof lanes);
    max = lanes[0];
    for (int i = 1; i < 16; i++)
        max = lanes[i] > max ? lanes[i] : max;
    return max;
}

static __attribute__((noinline, unused)) gint32 emulated_reduce_add_epi32(__m512i v)
{
    gint32 lanes[16], sum = 0;

    memcpy(lanes, &v, sizeof lanes);
    for (int i = 0; i < 16; i++)
        sum += lanes[i];
    return sum;
}

#undef LANE_BY_LANE
#define _mm512_cvtph_ps(a)           emulated_cvtph_ps(a)
#define _mm512_cvtps_ph(a, rounding) emulated_cvtps_ph(a)
#define _mm512_cvtps_epi32(a)        emulated_cvtps_epi32(a)
#define _mm512_cvtepi32_ps(a)        emulated_cvtepi32_ps(a)
#define _mm512_cvtepi32_epi16(a)     emulated_cvtepi32_epi16(a)
#define _mm512_cvtepi32_epi8(a)      emulated_cvtepi32_epi8(a)
#define _mm512_cvtepi8_epi32(a)      emulated_cvtepi8_epi32(a)
#define _mm512_shuffle_epi32(a, o)   emulated_shuffle_epi32(a, o)
#define _mm512_reduce_add_ps(a)      emulated_reduce_add_ps(a)
#define _mm512_reduce_max_ps(a)      emulated_reduce_max_ps(a)
#define _mm512_reduce_add_epi32(a)   emulated_reduce_add_epi32(a)
#undef _mm512_madd_epi16 /* its alias there takes too many arguments */
#define _mm512_madd_epi16(a, b) simde_mm512_madd_epi16(a, b)
#define _MM_PERM_ENUM           int
