/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Residual blocks: y = x + W2 elu(W1 windows(elu(x)) + b1) + b2, tile by tile in the cache of one
 * thread, so that threads meet once for a slice and hand each other no intermediate rows.
 */
#pragma once
#include "neural/encodec-windows.h"

/* @windows: over x itself, for the block's first product.  @out: room for
 * tune_codec_windows_most(windows) rows.  Returns how many were written. */
gsize tune_codec_residual(TuneCodecWindows *windows, TuneCompute *compute,
                          const TuneCodecLayer *layer, float *out);
