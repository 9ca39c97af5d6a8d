/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * x86-64 with AVX-512 F, BW, DQ and VL (servers since 2017).
 */
#include "neural/kernels/avx512-common.h"

static inline vi word_dot(vi sums, vi w, vi x)
{
    return _mm512_add_epi32(sums, _mm512_madd_epi16(w, x));
}

/* Sums of 16 bits, as in avx2.c. */
static inline vb byte_dot(vb sums, vi nibbles, vi x)
{
    return _mm512_add_epi16(sums, _mm512_maddubs_epi16(nibbles, x));
}

static inline vi byte_dot_sums(vb sums)
{
    return _mm512_madd_epi16(sums, _mm512_set1_epi16(1));
}

#include "neural/kernels/vector-functions.h"
#include "neural/kernels/vector-multiply.h"
#include "neural/kernels/vector-attention.h"
#include "neural/kernels/vector-blocks.h"

static gboolean usable(void)
{
#ifdef TUNE_INTRINSICS
    return TRUE;
#else
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
#endif
}

#ifndef KERNELS
#define KERNELS tune_kernels_avx512
#define NAME    "avx512"
#endif
#include "neural/kernels/set-table.h"
