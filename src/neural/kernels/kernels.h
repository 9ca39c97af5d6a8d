/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The table of kernels: the inner loops of inference, one set for each instruction set, chosen when the
 * program runs.  Everything above works on whole matrices (neural/compute.h); everything in a table works
 * on one tile by one thread, cannot fail, and neither allocates nor locks.
 *
 * A matrix is kept in panels of TUNE_PANEL_ROWS rows, so that a register holds neighbouring rows and sums
 * need no horizontal adds; rows past the end are zero.  With c columns (quantised: rounded up to 32):
 *   F32  [panel][column][16 rows] float
 *   F16  [panel][column][16 rows] IEEE half
 *   Q8   [panel][block of 32 columns] { half scale[16 rows]; int8 q[8 groups][16 rows][4 columns] }
 *   Q4   [panel][block of 32 columns] { half scale[16 rows]; byte q[4 groups][16 rows][4 columns] }: the
 *        low nibble is column 4 g + k, the high one column 16 + 4 g + k of the block; value =
 *        scale * (nibble - 8)
 * Inputs of Q8 are rounded to 16 bits with one scale a vector, of Q4 to 8 bits with one scale a block of
 * 32; sums are exact in 32 bits inside a block, and blocks are added in order by fused multiply-adds, so
 * that all sets give the same bits.  Sums of F32 and F16 differ between sets in their last bits.  Each
 * result depends on its own row and input only, so that tokens are the same whatever shares the batch and
 * however the work is cut.
 *
 * A device backend (CUDA) would be another implementation of compute.h with its own storage of TuneMatrix;
 * these tables are for processors.
 */
#pragma once
#include <glib.h>

#define TUNE_PANEL_ROWS   16
#define TUNE_Q8_INPUT_MAX 32512 /* of rounded inputs: 127 * 256, both bytes fit into signed ones */
#define TUNE_NO_INPUT     1e-30f /* inputs that are no larger are rounded to zeros */

typedef enum {
    TUNE_WEIGHTS_F32,
    TUNE_WEIGHTS_F16,
    TUNE_WEIGHTS_Q8,
    TUNE_WEIGHTS_Q4,
    TUNE_N_WEIGHT_TYPES,
} TuneWeightType;
const char *tune_weight_type_name(TuneWeightType type); /* "f32", "f16", "q8", "q4" */
gboolean tune_weight_type_from_name(const char *name, TuneWeightType *out);
/* Bytes of one panel of a matrix with @columns, a multiple of 64. */
gsize tune_panel_bytes(TuneWeightType type, gsize columns);

/* One input vector as multiply() wants it: [columns] float for F32 and F16 (the caller's own), else
 * rounded by quantize_q8() or quantize_q4() of the same table into caller's memory; each table has its own
 * order of the values. */
typedef struct {
    const void *values;  /* float, or 2 (Q8) or 1 (Q4) bytes a column, [columns rounded up to 32] */
    const float *scales; /* Q8: [1]; Q4: [blocks] */
    const gint32 *sums;  /* Q4: [blocks], sum of the block's values (for biased weights); else NULL */
} TuneInput;

typedef struct {
    const char *name; /* "scalar", "avx2", "avx512", "avx512-vnni", "neon", "neon-dot" */
    gboolean (*usable)(void);

    /* y[i * y_stride + r] = sum_c W[r, c] x_i[c], r < 16, for @n inputs of one panel; writes 16 values an
     * input (y has room for whole panels).  @panel: aligned to 64. */
    void (*multiply[TUNE_N_WEIGHT_TYPES])(const void *panel, gsize columns, const TuneInput *inputs,
                                          gsize n, float *y, gsize y_stride);
    /* Round @x [columns], finite, for weights of Q8 or Q4; @columns is rounded up with zeros.  @values:
     * aligned to 64. */
    void (*quantize_q8)(const float *x, gsize columns, gint16 *values, float *scale);
    void (*quantize_q4)(const float *x, gsize columns, gint8 *values, float *scales, gint32 *sums);

    /* Attention of one head over @n positions, rows @stride values apart:
     * scores[t] = q . k[t] * scale;  out[c] = sum_t p[t] v[t][c].  Keys as float or half. */
    void (*scores_f32)(const float *q, const float *k, gsize stride, gsize width, gsize n, float scale,
                       float *scores);
    void (*scores_f16)(const float *q, const guint16 *k, gsize stride, gsize width, gsize n, float scale,
                       float *scores);
    void (*mix_f32)(const float *p, const float *v, gsize stride, gsize width, gsize n, float *out);
    void (*mix_f16)(const float *p, const guint16 *v, gsize stride, gsize width, gsize n, float *out);
    /* The same with rows of bytes and a scale for each: k[t][c] = bytes[c] * scales[t]. */
    void (*scores_q8)(const float *q, const gint8 *k, const float *scales, gsize stride, gsize width,
                      gsize n, float scale, float *scores);
    void (*mix_q8)(const float *p, const gint8 *v, const float *scales, gsize stride, gsize width,
                   gsize n, float *out);
    /* Round one row, finite, to -127..127; returns its scale. */
    float (*to_q8)(const float *in, gsize n, gint8 *out);
    void (*to_f16)(const float *in, gsize n, guint16 *out); /* round to nearest even */
    void (*from_f16)(const guint16 *in, gsize n, float *out);

    /* Element-wise, in place unless said; relative error of the transcendental parts below 3e-7. */
    void (*softmax)(float *x, gsize n); /* -INFINITY counts nothing; at least one is more */
    void (*gelu)(float *x, gsize n); /* exact: x (1 + erf(x / sqrt 2)) / 2 */
    void (*elu)(const float *x, gsize n, float *out);  /* x > 0 ? x : expm1(x) */
    void (*add)(float *x, const float *y, gsize n);    /* x += y */
    void (*layer_norm)(const float *x, const float *weight, const float *bias, gsize n, float epsilon,
                       float *out); /* biased variance */
    void (*rms_norm)(const float *x, const float *weight, gsize n, float epsilon, float *out);
    /* One LSTM step: @gates [4 n] rows i, f, g, o before their functions; @cell [n] in and out;
     * @out [n]. */
    void (*lstm)(const float *gates, float *cell, gsize n, float *out);
} TuneKernels;

extern const TuneKernels tune_kernels_scalar;
#ifdef __x86_64__
extern const TuneKernels tune_kernels_avx2, tune_kernels_avx512, tune_kernels_avx512_vnni;
#elif defined __aarch64__
extern const TuneKernels tune_kernels_neon, tune_kernels_neon_dot;
#endif
/* All that were built, best first, scalar last; usable() tells which this machine can run. */
const TuneKernels *const *tune_kernels_all(guint *n);
/* The best usable one; TUNESMITH_KERNELS=name in the environment is for the program's front to read, not
 * here. */
const TuneKernels *tune_kernels_best(void);
const TuneKernels *tune_kernels_named(const char *name); /* (nullable): unknown or not usable here */
