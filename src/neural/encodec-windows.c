/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "neural/encodec-windows.h"

#include <string.h>

/* Rows before the next window that the reflected end may still want: it reaches back right + extra
 * + 1 rows from the end, at most stride more than the last window does. */
static gsize spare_rows(const TuneCodecWindows *self)
{
    return self->window;
}

void tune_codec_windows_init(TuneCodecWindows *self, const TuneCodecProduct *product,
                             gboolean transposed, gsize slice)
{
    gsize more = product->kernel - product->stride;

    *self = (TuneCodecWindows){.product = product, .transposed = transposed};
    self->window = transposed ? 2 : product->kernel + product->unroll - 1;
    self->step = transposed ? 1 : (gsize)product->stride * product->unroll;
    self->right = more / 2;
    self->left = more - self->right;
    self->capacity = spare_rows(self) + self->left + self->window + slice + self->right +
                     product->stride + self->step + self->window;
    self->rows = g_new(float, self->capacity * product->in);
    tune_codec_windows_reset(self);
}

void tune_codec_windows_clear(TuneCodecWindows *self)
{
    g_free(self->rows);
}

static float *row(const TuneCodecWindows *self, gsize i)
{
    return self->rows + i * self->product->in;
}

static void zero_rows(TuneCodecWindows *self, gsize first, gsize n)
{
    memset(row(self, first), 0, n * self->product->in * sizeof(float));
}

void tune_codec_windows_reset(TuneCodecWindows *self)
{
    self->n_rows = self->transposed ? 1 : self->left;
    self->next = 0;
    self->n_in = self->n_out = 0;
    self->started = self->ended = FALSE;
    zero_rows(self, 0, self->n_rows);
}

gsize tune_codec_windows_most(const TuneCodecWindows *self)
{
    gsize windows = (self->capacity - self->window) / self->step + 1;

    return windows * (self->transposed ? self->product->stride : self->product->unroll);
}

float *tune_codec_windows_room(TuneCodecWindows *self)
{
    return row(self, self->n_rows);
}

/* Fill row @to with row @at of the signal, of which @n_in rows lie right before row @end. */
static void copy_signal(TuneCodecWindows *self, gsize to, guint64 at, gsize end)
{
    if (at >= self->n_in)
        zero_rows(self, to, 1);
    else
        memcpy(row(self, to), row(self, end - (gsize)(self->n_in - at)),
               self->product->in * sizeof(float));
}

static void start(TuneCodecWindows *self)
{
    for (gsize j = 1; j <= self->left; j++)
        copy_signal(self, self->left - j, j, self->n_rows);
    self->started = TRUE;
}

/* Rows that come out of the whole signal. */
static guint64 total(const TuneCodecWindows *self)
{
    guint64 stride = self->product->stride;

    return self->transposed ? self->n_in * stride : (self->n_in + stride - 1) / stride;
}

static void end(TuneCodecWindows *self)
{
    guint64 whole = total(self) * self->product->stride;
    gsize extra = (gsize)(whole - self->n_in), right = self->right + extra, n = self->n_rows;
    gsize longest = MAX(self->left, right);
    guint64 lengthened = MAX(self->n_in, longest + 1);

    for (gsize q = 0; q < right; q++) {
        guint64 at = self->n_in + q;
        copy_signal(self, n + q, at < lengthened ? at : 2 * (lengthened - 1) - at, n);
    }
    self->n_rows += right;
    guint64 windows =
        (total(self) - self->n_out + self->product->unroll - 1) / self->product->unroll;
    gsize wanted = self->next + self->window + (gsize)windows * self->step - self->step;
    if (windows > 0 && wanted > self->n_rows) {
        zero_rows(self, self->n_rows, wanted - self->n_rows);
        self->n_rows = wanted;
    }
}

void tune_codec_windows_add(TuneCodecWindows *self, gsize n, gboolean last)
{
    self->n_rows += n;
    self->n_in += n;
    if (self->transposed) {
        if (last && self->n_in > 0)
            zero_rows(self, self->n_rows++, 1);
    } else if (self->n_in > 0) {
        if (!self->started && (last || self->n_in > self->left))
            start(self);
        if (last)
            end(self);
    }
    self->ended = last;
}

gsize tune_codec_windows_whole(const TuneCodecWindows *self, const float **first)
{
    *first = row(self, self->next);
    if ((!self->started && !self->transposed) || self->n_rows < self->next + self->window)
        return 0;
    return (self->n_rows - self->next - self->window) / self->step + 1;
}

/* Forget rows that no window needs any more. */
static void forget(TuneCodecWindows *self)
{
    gsize spare = self->transposed ? 0 : spare_rows(self);
    gsize drop = self->next > spare ? self->next - spare : 0;

    if (drop == 0)
        return;
    memmove(self->rows, row(self, drop), (self->n_rows - drop) * self->product->in * sizeof(float));
    self->n_rows -= drop;
    self->next -= drop;
}

gsize tune_codec_windows_pass(TuneCodecWindows *self, gsize n_windows, gsize *skip)
{
    const TuneCodecProduct *p = self->product;
    gsize got = n_windows * (self->transposed ? p->stride : p->unroll);

    *skip = 0;
    if (n_windows == 0)
        return 0;
    if (self->transposed && !self->started) {
        *skip = self->left; /* of the first frame's outputs the trimmed ones */
        self->started = TRUE;
    }
    got -= MIN(*skip, got);
    if (self->ended)
        got = (gsize)MIN(got, total(self) - self->n_out);
    self->next += n_windows * self->step;
    self->n_out += got;
    forget(self);
    return got;
}

gsize tune_codec_windows_multiply(TuneCodecWindows *self, TuneCompute *compute, float *out,
                                  float **rows)
{
    const TuneCodecProduct *p = self->product;
    const float *first;
    gsize m = tune_codec_windows_whole(self, &first), skip;

    if (m > 0)
        tune_compute_multiply(compute, p->weight, first, self->step * p->in, m, out,
                              tune_matrix_rows(p->weight));
    gsize got = tune_codec_windows_pass(self, m, &skip);
    *rows = out + skip * p->out;
    return got;
}
