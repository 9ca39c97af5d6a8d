/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Frames in memory as a source, and a source cut or padded to an exact length: for short sounds,
 * tests, and whoever promised a number of frames.
 */
#pragma once
#include "audio/source.h"

/* A copy of @frames: [n_channels * n_frames] interleaved.  (transfer full) */
TuneSource *tune_memory_source_new(const float *frames, gsize n_frames, guint n_channels,
                                   guint rate);

/* @source (owned from now on), its first @n_frames frames; silence follows where it ends early.
 * (transfer full) */
TuneSource *tune_exact_source_new(TuneSource *source, gint64 n_frames);
