/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The instructions of 64-bit ARM in SIMDe's portable code; halves, which it lacks, by our own.
 */
#pragma once
#define SIMDE_ENABLE_NATIVE_ALIASES
#include <simde/arm/neon.h>

/* Two that its version in Debian 12 lacks. */
static inline int32x4_t emulated_vcvtnq_s32_f32(float32x4_t v)
{
    float floats[4];
    gint32 ints[4];

    vst1q_f32(floats, v);
    for (int i = 0; i < 4; i++)
        ints[i] = (gint32)__builtin_lrintf(floats[i]);
    return vld1q_s32(ints);
}

static inline float32x4_t emulated_vdivq_f32(float32x4_t a, float32x4_t b)
{
    float x[4], y[4];

    vst1q_f32(x, a);
    vst1q_f32(y, b);
    for (int i = 0; i < 4; i++)
        x[i] /= y[i];
    return vld1q_f32(x);
}
#define vcvtnq_s32_f32(v) emulated_vcvtnq_s32_f32(v)
#define vdivq_f32(a, b)   emulated_vdivq_f32(a, b)

static inline float32x4_t v_load_half(const guint16 *p)
{
    float floats[4];

    for (int i = 0; i < 4; i++)
        floats[i] = tune_half_to_float(p[i]);
    return vld1q_f32(floats);
}

static inline void v_store_half(guint16 *p, float32x4_t v)
{
    float floats[4];

    vst1q_f32(floats, v);
    for (int i = 0; i < 4; i++)
        p[i] = tune_half_from_float(floats[i]);
}
