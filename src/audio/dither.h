/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Float to whole numbers.  16 bits get triangular dither (two uniforms, ±1 LSB; Lipshitz,
 * Wannamaker and Vanderkooy, 1992) from a named random stream, so that the same frames always give
 * the same bytes. Samples that are exactly zero stay zero: silence is silence.
 */
#pragma once
#include <glib.h>
#include "base/random.h"

typedef struct {
    TuneRandom random;
    guint32 spare; /* the second half of the last random number */
    gboolean has_spare;
} TuneDither;

void tune_dither_init(TuneDither *self);
/* @out: [n] samples, clipped to 16 bits; not-a-number counts as 0.  The result does
 * not depend on how the calls are cut up. */
void tune_dither_16(TuneDither *self, const float *in, gint16 *out, gsize n);
/* No dither: the noise of 24 bits is below everything.  @out: [n], -2^23 .. 2^23-1. */
void tune_quantise_24(const float *in, gint32 *out, gsize n);
