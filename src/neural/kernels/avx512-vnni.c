/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * AVX-512 with its instructions for neural networks (Ice Lake and Zen 4 on): products are added to
 * 32-bit sums at once, of two words or of four bytes.
 */
#include "neural/kernels/avx512-common.h"

static inline vi word_dot(vi sums, vi w, vi x)
{
    return _mm512_dpwssd_epi32(sums, w, x);
}

static inline vb byte_dot(vb sums, vi nibbles, vi x)
{
    return _mm512_dpbusd_epi32(sums, nibbles, x);
}

static inline vi byte_dot_sums(vb sums)
{
    return sums;
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
           __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
           __builtin_cpu_supports("avx512vnni");
#endif
}

#ifndef KERNELS
#define KERNELS tune_kernels_avx512_vnni
#define NAME    "avx512-vnni"
#endif
#include "neural/kernels/set-table.h"
