/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Who computes: a set of kernels, threads that share each piece of work, and scratch memory.  And what is
 * computed with: matrices of weights, packed once.
 *
 *     g_autoptr(TuneCompute) compute = tune_compute_new(tune_kernels_best(), 2);
 *     tune_compute_multiply(compute, matrix, x, columns, n, y, rows);
 *
 * Threads wait for work by spinning for a few microseconds, then sleep: an idle compute burns nothing.
 * Work is cut into tiles that threads take one by one, so that a busy core does not hold the others up;
 * results do not depend on who computed which.  One caller at a time; the caller's thread works too.
 */
#pragma once
#include "neural/kernels/kernels.h"
#include "neural/tensor.h"

typedef struct TuneCompute TuneCompute;
typedef struct TuneMatrix TuneMatrix;

/* @n_threads: 1 .. 64, the caller's included; 0: the machine's cores. */
TuneCompute *tune_compute_new(const TuneKernels *kernels, guint n_threads);
void tune_compute_free(TuneCompute *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TuneCompute, tune_compute_free)
const TuneKernels *tune_compute_kernels(const TuneCompute *self);
guint tune_compute_n_threads(const TuneCompute *self);

/* Call @task for each i < @n, on all threads; returns when all are done.  @task must not call back into
 * @self. */
typedef void (*TuneTask)(gpointer data, guint i);
void tune_compute_run(TuneCompute *self, guint n, TuneTask task, gpointer data);
/* Scratch of at least @bytes for the caller, aligned to 64; kept until free, valid until the next call
 * with the same @slot (0..7). */
gpointer tune_compute_scratch(TuneCompute *self, guint slot, gsize bytes);

/* y[i * y_stride + r] = sum_c W[r, c] * x[i * x_stride + c] for i < @n.  Rows of x may overlap (a
 * convolution is a product with windows of a time-major signal: x_stride = stride * channels).  @y has
 * y_stride >= rows; nothing past rows is written.  Must not overlap x. */
void tune_compute_multiply(TuneCompute *self, const TuneMatrix *w, const float *x, gsize x_stride,
                           gsize n, float *y, gsize y_stride);
/* The same by the calling thread alone, for tasks that do more than a product: weights of F32 and F16. */
void tune_compute_multiply_alone(const TuneCompute *self, const TuneMatrix *w, const float *x,
                                 gsize x_stride, gsize n, float *y, gsize y_stride);

/* Where a matrix's values come from: called for each row, on any thread, to fill @row [columns]. */
typedef void (*TuneRowSource)(gpointer data, gsize row, float *out);
/* Pack [rows, columns] as @type.  NULL with TUNE_NEURAL_ERROR_MEMORY, or _BROKEN when a value is not
 * finite.  Immutable afterwards, shared by threads. (transfer full) */
TuneMatrix *tune_matrix_new(TuneCompute *compute, TuneWeightType type, gsize rows, gsize columns,
                            TuneRowSource source, gpointer data, GError **error);
/* Of @n tensors [rows_i, columns] one under another; Q8 and Q4 tensors are packed as they are when @type is
 * theirs.  Their pages are forgotten after.  (transfer full) */
TuneMatrix *tune_matrix_from_tensors(TuneCompute *compute, TuneWeightType type,
                                     const TuneTensor *const *tensors, guint n, GError **error);
void tune_matrix_free(TuneMatrix *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TuneMatrix, tune_matrix_free)
gsize tune_matrix_rows(const TuneMatrix *self);
gsize tune_matrix_columns(const TuneMatrix *self);
guint64 tune_matrix_bytes(const TuneMatrix *self);

/* Rounding of a row of weights into blocks of Q8 or Q4 (TUNE_DTYPE_*): @n a multiple of 32; @out has
 * tune_dtype_bytes().  Q4 takes of several scales the one with the least squared error. */
void tune_quantize_row(TuneDtype dtype, const float *in, gsize n, void *out);
