/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Vectors of sixteen floats: what both sets for AVX-512 share.  A test defines TUNE_INTRINSICS as a
 * header that has the instructions in portable code, for machines without them.
 */
#pragma once
#include "neural/kernels/half.h"
#include "neural/kernels/kernels.h"
#include "neural/tensor.h"

#ifdef TUNE_INTRINSICS
#include TUNE_INTRINSICS
#define ANY_REGISTER "m"
#else
#include <immintrin.h>
#define ANY_REGISTER "v" /* of vectors, in the compiler's terms */
#endif

#define LANES 16
#define TILE  12 /* inputs: 12 sums and the weights of 32 registers; inputs come from memory */
typedef __m512 vf;
typedef __m512i vi, vb; /* LANES sums; sums of byte_dot() under way */

#define v_load(p)      _mm512_loadu_ps(p)
#define v_store(p, v)  _mm512_storeu_ps(p, v)
#define v_set1(x)      _mm512_set1_ps(x)
#define v_add(a, b)    _mm512_add_ps(a, b)
#define v_sub(a, b)    _mm512_sub_ps(a, b)
#define v_mul(a, b)    _mm512_mul_ps(a, b)
#define v_div(a, b)    _mm512_div_ps(a, b)
#define v_min(a, b)    _mm512_min_ps(a, b)
#define v_max(a, b)    _mm512_max_ps(a, b)
#define v_fma(a, b, c) _mm512_fmadd_ps(a, b, c) /* a b + c */
#define v_round(a)     _mm512_roundscale_ps(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC)
#define v_abs(a)       _mm512_abs_ps(a)
#define v_to_int(a)    _mm512_cvtps_epi32(a) /* nearest, ties to even */
#define v_from_int(a)  _mm512_cvtepi32_ps(a)
#define v_load_half(p) _mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *)(gconstpointer)(p)))
#define v_load_bytes(p)                                                                            \
    _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(_mm_loadu_si128((const __m128i *)(gconstpointer)(p))))
#define v_store_half(p, v)                                                                         \
    _mm256_storeu_si256((__m256i *)(gpointer)(p), _mm512_cvtps_ph(v, _MM_FROUND_TO_NEAREST_INT))

/* a > b ? x : y */
static inline vf v_if_greater(vf a, vf b, vf x, vf y)
{
    return _mm512_mask_blend_ps(_mm512_cmp_ps_mask(a, b, _CMP_GT_OQ), y, x);
}

static inline vf v_copy_sign(vf size, vf sign)
{
    __m512i bit = _mm512_set1_epi32(G_MININT32);
    __m512i bits = _mm512_or_si512(_mm512_andnot_si512(bit, _mm512_castps_si512(size)),
                                   _mm512_and_si512(bit, _mm512_castps_si512(sign)));

    return _mm512_castsi512_ps(bits);
}

/* 2^n, n whole, -126 to 127 */
static inline vf v_power_of_2(vf n)
{
    __m512i exponent = _mm512_add_epi32(_mm512_cvtps_epi32(n), _mm512_set1_epi32(127));

    return _mm512_castsi512_ps(_mm512_slli_epi32(exponent, 23));
}

static inline float v_sum(vf a)
{
    return _mm512_reduce_add_ps(a);
}

/* The sums of four vectors. */
static inline void v_sums_of_4(const vf *v, float *out)
{
    for (int i = 0; i < 4; i++)
        out[i] = v_sum(v[i]);
}

static inline float v_greatest(vf a)
{
    return _mm512_reduce_max_ps(a);
}

#define i_load(p)              _mm512_loadu_si512(p)
#define i_set1(x)              _mm512_set1_epi32(x)
#define i_add(a, b)            _mm512_add_epi32(a, b)
#define i_words_high(a)        _mm512_srai_epi16(a, 8) /* of bytes: the odd ones as words */
#define i_words_low_to_high(a) _mm512_slli_epi16(a, 8)
#define i_low_nibbles(a)       _mm512_and_si512(a, _mm512_set1_epi8(15))
#define i_high_nibbles(a)      i_low_nibbles(_mm512_srli_epi16(a, 4))
#define i_sum(a)               _mm512_reduce_add_epi32(a)

/* As words in the order that the kernel of Q8 wants: x0 x2 x1 x3 of each four. */
static inline void i_store_words(gint16 *p, vi a)
{
    __m512i order = _mm512_shuffle_epi32(a, (_MM_PERM_ENUM)0xd8);

    _mm256_storeu_si256((__m256i *)(gpointer)p, _mm512_cvtepi32_epi16(order));
}

static inline void i_store_bytes(gint8 *p, vi a)
{
    _mm_storeu_si128((__m128i *)(gpointer)p, _mm512_cvtepi32_epi8(a));
}
