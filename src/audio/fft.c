/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "audio/fft.h"

#include <math.h>

struct TuneFft {
    gsize n, half;            /* real points, complex points */
    float *window;            /* [n] */
    float *re, *im;           /* [half] */
    float *cosines, *sines;   /* [half]: stage of length 2m at [m, 2m); then the split's below */
    float *split_c, *split_s; /* [half / 2 + 1] */
    guint32 *reversed;        /* [half] */
};

TuneFft *tune_fft_new(gsize n)
{
    g_return_val_if_fail(n >= 16 && n <= 1u << 20 && (n & (n - 1)) == 0, NULL);
    TuneFft *self = g_new0(TuneFft, 1);
    gsize half = n / 2;

    self->n = n;
    self->half = half;
    self->window = g_new(float, n);
    self->re = g_new(float, half);
    self->im = g_new(float, half);
    self->cosines = g_new0(float, half);
    self->sines = g_new0(float, half);
    self->split_c = g_new(float, half / 2 + 1);
    self->split_s = g_new(float, half / 2 + 1);
    self->reversed = g_new0(guint32, half);
    /* The window's mean is 1/2, a sine gives half its amplitude: 4/n makes it 1. */
    for (gsize i = 0; i < n; i++)
        self->window[i] =
            (float)((1.0 - cos(2.0 * G_PI * (double)i / (double)n)) * 2.0 / (double)n);
    for (gsize m = 1; m < half; m *= 2)
        for (gsize k = 0; k < m; k++) {
            self->cosines[m + k] = (float)cos(G_PI * (double)k / (double)m);
            self->sines[m + k] = (float)-sin(G_PI * (double)k / (double)m);
        }
    for (gsize k = 0; k <= half / 2; k++) {
        self->split_c[k] = (float)cos(2.0 * G_PI * (double)k / (double)n);
        self->split_s[k] = (float)-sin(2.0 * G_PI * (double)k / (double)n);
    }
    for (gsize i = 1; i < half; i++)
        self->reversed[i] = (guint32)((self->reversed[i / 2] / 2) | ((i & 1) != 0 ? half / 2 : 0));
    return self;
}

void tune_fft_free(TuneFft *self)
{
    if (self == NULL)
        return;
    g_free(self->window);
    g_free(self->re);
    g_free(self->im);
    g_free(self->cosines);
    g_free(self->sines);
    g_free(self->split_c);
    g_free(self->split_s);
    g_free(self->reversed);
    g_free(self);
}

/* One pair of blocks of @m points each. */
static inline void butterflies(float *restrict re, float *restrict im, const float *restrict c,
                               const float *restrict s, gsize m)
{
    float *restrict re2 = re + m, *restrict im2 = im + m;

    for (gsize k = 0; k < m; k++) {
        float tr = re2[k] * c[k] - im2[k] * s[k], ti = re2[k] * s[k] + im2[k] * c[k];

        re2[k] = re[k] - tr;
        im2[k] = im[k] - ti;
        re[k] += tr;
        im[k] += ti;
    }
}

void tune_fft_hann_magnitudes(TuneFft *self, const float *in, float *out)
{
    gsize half = self->half;
    float *re = self->re, *im = self->im;

    for (gsize i = 0; i < half; i++) {
        gsize from = 2 * (gsize)self->reversed[i];

        re[i] = in[from] * self->window[from];
        im[i] = in[from + 1] * self->window[from + 1];
    }
    for (gsize m = 1; m < half; m *= 2)
        for (gsize at = 0; at < half; at += 2 * m)
            butterflies(re + at, im + at, self->cosines + m, self->sines + m, m);
    /* X[k] = (Z[k] + Z*[h-k]) / 2 - i w^k (Z[k] - Z*[h-k]) / 2, w = exp(-2 pi i / n) */
    out[0] = fabsf(re[0] + im[0]);
    out[half] = fabsf(re[0] - im[0]);
    for (gsize k = 1; k <= half / 2; k++) {
        gsize other = half - k;
        float er = 0.5f * (re[k] + re[other]), ei = 0.5f * (im[k] - im[other]);
        float dr = 0.5f * (im[k] + im[other]), di = -0.5f * (re[k] - re[other]);
        float tr = dr * self->split_c[k] - di * self->split_s[k];
        float ti = dr * self->split_s[k] + di * self->split_c[k];

        out[k] = sqrtf((er + tr) * (er + tr) + (ei + ti) * (ei + ti));
        out[other] = sqrtf((er - tr) * (er - tr) + (ei - ti) * (ei - ti));
    }
}
