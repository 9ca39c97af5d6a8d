/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Magnitudes of a real signal's spectrum, for measuring (not for making) sound: radix-2 decimation
 * in time on n/2 complex points (Cooley and Tukey, 1965), then the real split.
 */
#pragma once
#include <glib.h>

typedef struct TuneFft TuneFft;

/* @n: a power of two, 16 .. 2^20. */
TuneFft *tune_fft_new(gsize n);
void tune_fft_free(TuneFft *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TuneFft, tune_fft_free)
/* @in: [n] times the Hann window; @out: [n / 2 + 1] magnitudes, 1 for a sine of amplitude 1 on a
 * bin. */
void tune_fft_hann_magnitudes(TuneFft *self, const float *in, float *out);
