/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * TUNE_CLONES in front of a function: compiled also for AVX2 and chosen by the CPU when the program
 * starts.  Only for loops of independent additions and multiplications, which give the same bits in
 * vectors of any width.
 */
#pragma once

#if defined(__x86_64__) && defined(__gnu_linux__) && !defined(__clang__) &&                         \
    !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define TUNE_CLONES __attribute__((target_clones("avx2", "default")))
#else
#define TUNE_CLONES
#endif
