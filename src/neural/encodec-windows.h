/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Rows that wait for a convolution: the windows over a signal that comes in pieces, with its ends
 * reflected (or, for a transposed convolution, met by zeros).
 *
 * Padding (encodec.h): a kernel k of stride s wants k - s rows more than the signal has, the larger
 * half before it; after it as many more as make the last window whole.  Where a signal is too short
 * to be reflected, zeros are put after it first, and as many rows are cut off at the end.
 */
#pragma once
#include "neural/encodec-layers.h"

typedef struct {
    const TuneCodecProduct *product;
    gboolean transposed;
    gsize window, step; /* rows of a window, and from one to the next */
    gsize left, right;  /* rows of padding; what makes the last window whole comes on top */
    float *rows;        /* [capacity * in] */
    gsize capacity;
    gsize n_rows, next;      /* rows there; the first row of the next window */
    guint64 n_in, n_out;     /* rows of signal that came, rows of output that went */
    gboolean started, ended; /* padding is there */
} TuneCodecWindows;

/* For pieces of at most @slice rows. */
void tune_codec_windows_init(TuneCodecWindows *self, const TuneCodecProduct *product,
                             gboolean transposed, gsize slice);
void tune_codec_windows_clear(TuneCodecWindows *self);
void tune_codec_windows_reset(TuneCodecWindows *self);
/* Output rows that one piece can give, at most. */
gsize tune_codec_windows_most(const TuneCodecWindows *self);
/* Where the next rows go: write [n * in] there, then say add(). */
float *tune_codec_windows_room(TuneCodecWindows *self);
void tune_codec_windows_add(TuneCodecWindows *self, gsize n, gboolean last);
/* How many whole windows there are, and the first row of the first. */
gsize tune_codec_windows_whole(const TuneCodecWindows *self, const float **first);
/* They are done with: how many of their output rows count, after the first *@skip. */
gsize tune_codec_windows_pass(TuneCodecWindows *self, gsize n_windows, gsize *skip);
/* Multiply all whole windows into @out, without bias; *@rows [returned * out] is where in @out the
 * signal's rows begin. */
gsize tune_codec_windows_multiply(TuneCodecWindows *self, TuneCompute *compute, float *out,
                                  float **rows);
