/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * 64-bit ARM: vectors of four floats, which every such machine has.  Compiled a second time, with
 * products of bytes summed by one instruction (ARMv8.2 "dotprod"), it is the set "neon-dot".
 */
#include "neural/kernels/half.h"
#include "neural/kernels/kernels.h"
#include "neural/tensor.h"

#ifdef TUNE_INTRINSICS
#include TUNE_INTRINSICS
#define ANY_REGISTER "m"
#else
#include <arm_neon.h>
#include <sys/auxv.h>
#define ANY_REGISTER "w" /* of vectors, in the compiler's terms */
#endif

#define LANES 4
#define TILE  6 /* inputs: 24 sums, 4 vectors of weights and an input make 29 of 32 registers */
typedef float32x4_t vf;
typedef int32x4_t vi, vb; /* LANES sums; sums of byte_dot() under way */

#define v_load(p)      vld1q_f32(p)
#define v_store(p, v)  vst1q_f32(p, v)
#define v_set1(x)      vdupq_n_f32(x)
#define v_add(a, b)    vaddq_f32(a, b)
#define v_sub(a, b)    vsubq_f32(a, b)
#define v_mul(a, b)    vmulq_f32(a, b)
#define v_div(a, b)    vdivq_f32(a, b)
#define v_min(a, b)    vminq_f32(a, b)
#define v_max(a, b)    vmaxq_f32(a, b)
#define v_fma(a, b, c) vfmaq_f32(c, a, b) /* a b + c */
#define v_round(a)     vrndnq_f32(a)
#define v_abs(a)       vabsq_f32(a)
#define v_to_int(a)    vcvtnq_s32_f32(a) /* nearest, ties to even */
#define v_from_int(a)  vcvtq_f32_s32(a)
#define v_sum(a)       vaddvq_f32(a)
#define v_greatest(a)  vmaxvq_f32(a)

#ifndef TUNE_INTRINSICS
static inline vf v_load_half(const guint16 *p)
{
    return vcvt_f32_f16(vreinterpret_f16_u16(vld1_u16(p)));
}

static inline void v_store_half(guint16 *p, vf v)
{
    vst1_u16(p, vreinterpret_u16_f16(vcvt_f16_f32(v)));
}
#endif

static inline vf v_load_bytes(const gint8 *p)
{
    gint32 four;

    memcpy(&four, p, sizeof four);
    int8x8_t bytes = vreinterpret_s8_s32(vdup_n_s32(four));
    return vcvtq_f32_s32(vmovl_s16(vget_low_s16(vmovl_s8(bytes))));
}

/* a > b ? x : y */
static inline vf v_if_greater(vf a, vf b, vf x, vf y)
{
    return vbslq_f32(vcgtq_f32(a, b), x, y);
}

static inline vf v_copy_sign(vf size, vf sign)
{
    return vbslq_f32(vdupq_n_u32(0x80000000u), sign, size);
}

/* 2^n, n whole, -126 to 127 */
static inline vf v_power_of_2(vf n)
{
    return vreinterpretq_f32_s32(vshlq_n_s32(vaddq_s32(vcvtnq_s32_f32(n), vdupq_n_s32(127)), 23));
}

/* The sums of four vectors. */
static inline void v_sums_of_4(const vf *v, float *out)
{
    vst1q_f32(out, vpaddq_f32(vpaddq_f32(v[0], v[1]), vpaddq_f32(v[2], v[3])));
}

#define i_load(p)     vreinterpretq_s32_u8(vld1q_u8((const guint8 *)(p)))
#define i_set1(x)     vdupq_n_s32(x)
#define i_add(a, b)   vaddq_s32(a, b)
#define i_sum(a)      vaddvq_s32(a)
#define as_words(a)   vreinterpretq_s16_s32(a)
#define as_bytes(a)   vreinterpretq_s8_s32(a)
#define from_words(a) vreinterpretq_s32_s16(a)
#define from_bytes(a) vreinterpretq_s32_u8(a)

#define i_words_high(a)        from_words(vshrq_n_s16(as_words(a), 8)) /* the odd bytes as words */
#define i_words_low_to_high(a) from_words(vshlq_n_s16(as_words(a), 8))
#define i_low_nibbles(a)       from_bytes(vandq_u8(vreinterpretq_u8_s32(a), vdupq_n_u8(15)))
#define i_high_nibbles(a)      from_bytes(vshrq_n_u8(vreinterpretq_u8_s32(a), 4))

static inline vi word_dot(vi sums, vi w, vi x)
{
    int32x4_t low = vmull_s16(vget_low_s16(as_words(w)), vget_low_s16(as_words(x)));
    int32x4_t high = vmull_s16(vget_high_s16(as_words(w)), vget_high_s16(as_words(x)));

    return vaddq_s32(sums, vpaddq_s32(low, high));
}

static inline vb byte_dot(vb sums, vi nibbles, vi x)
{
#ifdef __ARM_FEATURE_DOTPROD
    return vdotq_s32(sums, as_bytes(nibbles), as_bytes(x));
#else
    int16x8_t low = vmull_s8(vget_low_s8(as_bytes(nibbles)), vget_low_s8(as_bytes(x)));
    int16x8_t high = vmull_s8(vget_high_s8(as_bytes(nibbles)), vget_high_s8(as_bytes(x)));

    return vpadalq_s16(sums, vpaddq_s16(low, high));
#endif
}

static inline vi byte_dot_sums(vb sums)
{
    return sums;
}

/* As words in the order that the kernel of Q8 wants: x0 x2 x1 x3. */
static inline void i_store_words(gint16 *p, vi a)
{
    int16x4_t words = vmovn_s32(a);

    vst1_s16(p, vuzp1_s16(words, vdup_n_s16(0)));
    vst1_lane_s32((gint32 *)(gpointer)(p + 2),
                  vreinterpret_s32_s16(vuzp2_s16(words, vdup_n_s16(0))), 0);
}

static inline void i_store_bytes(gint8 *p, vi a)
{
    int16x4_t words = vmovn_s32(a);
    int8x8_t bytes = vmovn_s16(vcombine_s16(words, words));

    vst1_lane_s32((gint32 *)(gpointer)p, vreinterpret_s32_s8(bytes), 0);
}

#include "neural/kernels/vector-functions.h"
#include "neural/kernels/vector-multiply.h"
#include "neural/kernels/vector-attention.h"
#include "neural/kernels/vector-blocks.h"

static gboolean usable(void)
{
#if defined(__ARM_FEATURE_DOTPROD) && !defined(TUNE_INTRINSICS)
    return (getauxval(AT_HWCAP) & HWCAP_ASIMDDP) != 0;
#else
    return TRUE;
#endif
}

#ifndef KERNELS
#define KERNELS tune_kernels_neon
#define NAME    "neon"
#endif
#include "neural/kernels/set-table.h"
