/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * x86-64 with AVX2, FMA and F16C (2013 on): vectors of eight floats.  Compiled with these
 * instructions on; nothing here may be called before usable() said so.
 */
#include "neural/kernels/half.h"
#include "neural/kernels/kernels.h"
#include "neural/tensor.h"

#include <cpuid.h>
#include <immintrin.h>

#define LANES 8
#define TILE  6 /* inputs: 12 sums, 2 vectors of weights and an input make 15 of 16 registers */
typedef __m256 vf;
typedef __m256i vi, vb; /* LANES sums; sums of byte_dot() under way */

#define v_load(p)          _mm256_loadu_ps(p)
#define v_store(p, v)      _mm256_storeu_ps(p, v)
#define v_set1(x)          _mm256_set1_ps(x)
#define v_add(a, b)        _mm256_add_ps(a, b)
#define v_sub(a, b)        _mm256_sub_ps(a, b)
#define v_mul(a, b)        _mm256_mul_ps(a, b)
#define v_div(a, b)        _mm256_div_ps(a, b)
#define v_min(a, b)        _mm256_min_ps(a, b)
#define v_max(a, b)        _mm256_max_ps(a, b)
#define v_fma(a, b, c)     _mm256_fmadd_ps(a, b, c) /* a b + c */
#define v_round(a)         _mm256_round_ps(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC)
#define v_abs(a)           _mm256_andnot_ps(_mm256_set1_ps(-0.0f), a)
#define v_load_half(p)     _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)(gconstpointer)(p)))
#define v_store_half(p, v) _mm_storeu_si128((__m128i *)(gpointer)(p), _mm256_cvtps_ph(v, 0))
#define v_load_bytes(p)                                                                            \
    _mm256_cvtepi32_ps(                                                                            \
        _mm256_cvtepi8_epi32(_mm_loadl_epi64((const __m128i *)(gconstpointer)(p))))
#define v_to_int(a)        _mm256_cvtps_epi32(a) /* nearest, ties to even */
#define v_from_int(a)      _mm256_cvtepi32_ps(a)

/* a > b ? x : y */
static inline vf v_if_greater(vf a, vf b, vf x, vf y)
{
    return _mm256_blendv_ps(y, x, _mm256_cmp_ps(a, b, _CMP_GT_OQ));
}

static inline vf v_copy_sign(vf size, vf sign)
{
    vf bit = _mm256_set1_ps(-0.0f);

    return _mm256_or_ps(_mm256_andnot_ps(bit, size), _mm256_and_ps(bit, sign));
}

/* 2^n, n whole, -126 to 127 */
static inline vf v_power_of_2(vf n)
{
    __m256i exponent = _mm256_add_epi32(_mm256_cvtps_epi32(n), _mm256_set1_epi32(127));

    return _mm256_castsi256_ps(_mm256_slli_epi32(exponent, 23));
}

static inline float v_sum(vf a)
{
    __m128 s = _mm_add_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));

    s = _mm_add_ps(s, _mm_movehl_ps(s, s));
    return _mm_cvtss_f32(_mm_add_ss(s, _mm_movehdup_ps(s)));
}

/* The sums of four vectors. */
static inline void v_sums_of_4(const vf *v, float *out)
{
    vf pairs = _mm256_hadd_ps(_mm256_hadd_ps(v[0], v[1]), _mm256_hadd_ps(v[2], v[3]));

    _mm_storeu_ps(out, _mm_add_ps(_mm256_castps256_ps128(pairs), _mm256_extractf128_ps(pairs, 1)));
}

static inline float v_greatest(vf a)
{
    __m128 s = _mm_max_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));

    s = _mm_max_ps(s, _mm_movehl_ps(s, s));
    return _mm_cvtss_f32(_mm_max_ss(s, _mm_movehdup_ps(s)));
}

#define ANY_REGISTER           "x" /* of vectors, in the compiler's terms */
#define i_load(p)              _mm256_loadu_si256((const __m256i *)(gconstpointer)(p))
#define i_set1(x)              _mm256_set1_epi32(x)
#define i_add(a, b)            _mm256_add_epi32(a, b)
#define i_words_high(a)        _mm256_srai_epi16(a, 8) /* of bytes: the odd ones as words */
#define i_words_low_to_high(a) _mm256_slli_epi16(a, 8)
#define i_low_nibbles(a)       _mm256_and_si256(a, _mm256_set1_epi8(15))
#define i_high_nibbles(a)      i_low_nibbles(_mm256_srli_epi16(a, 4))

static inline gint32 i_sum(vi a)
{
    __m128i s = _mm_add_epi32(_mm256_castsi256_si128(a), _mm256_extracti128_si256(a, 1));

    s = _mm_add_epi32(s, _mm_shuffle_epi32(s, 0x4e));
    return _mm_cvtsi128_si32(_mm_add_epi32(s, _mm_shuffle_epi32(s, 0xb1)));
}

static inline vi word_dot(vi sums, vi w, vi x)
{
    return _mm256_add_epi32(sums, _mm256_madd_epi16(w, x));
}

/* Sums of 16 bits: a block adds 16 products of at most 15 * 127 to each, which is below 2^15. */
static inline vb byte_dot(vb sums, vi nibbles, vi x)
{
    return _mm256_add_epi16(sums, _mm256_maddubs_epi16(nibbles, x));
}

static inline vi byte_dot_sums(vb sums)
{
    return _mm256_madd_epi16(sums, _mm256_set1_epi16(1));
}

/* As words in the order that the kernel of Q8 wants. */
static inline void i_store_words(gint16 *p, vi a)
{
    __m128i low = _mm256_castsi256_si128(a), high = _mm256_extracti128_si256(a, 1);
    __m128i words = _mm_packs_epi32(_mm_shuffle_epi32(low, 0xd8), _mm_shuffle_epi32(high, 0xd8));

    _mm_storeu_si128((__m128i *)(gpointer)p, words);
}

static inline void i_store_bytes(gint8 *p, vi a)
{
    __m128i low = _mm256_castsi256_si128(a), high = _mm256_extracti128_si256(a, 1);
    __m128i words = _mm_packs_epi32(low, high);

    _mm_storel_epi64((__m128i *)(gpointer)p, _mm_packs_epi16(words, words));
}

#include "neural/kernels/vector-functions.h"
#include "neural/kernels/vector-multiply.h"
#include "neural/kernels/vector-attention.h"
#include "neural/kernels/vector-blocks.h"

static gboolean usable(void)
{
    guint eax, ebx, ecx = 0, edx;

    /* clang does not know the halves' own name before version 15. */
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
           __get_cpuid(1, &eax, &ebx, &ecx, &edx) && (ecx & bit_F16C) != 0;
}

#define KERNELS tune_kernels_avx2
#define NAME    "avx2"
#include "neural/kernels/set-table.h"
