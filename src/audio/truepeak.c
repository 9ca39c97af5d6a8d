/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "audio/truepeak.h"

#include <string.h>

#define N_PAST      24
#define HIGH_RATE   96000
#define N_HALF_TAPS 24
#define N_TAPS      12

/* Row f: sinc((4 d + f - 24) / 4) * (1 - cos(2 pi (4 d + f) / 48)) / 2 for delays d = 0 .. 11;
 * phase 0 is the sample itself, 6 frames ago. */
static const float phases[3][N_TAPS] = {
    {-0.000167441976f, 0.00489598314f, -0.0185260059f, 0.0462650535f, -0.103456726f, 0.288683356f,
     0.896465151f, -0.161458527f, 0.0691584697f, -0.0301077483f, 0.010359955f, -0.00163172616f},
    {-0.000986013305f, 0.0103589786f, -0.0337036036f, 0.0801389094f, -0.181129655f, 0.625773626f,
     0.625773626f, -0.181129655f, 0.0801389094f, -0.0337036036f, 0.0103589786f, -0.000986013305f},
    {-0.00163172616f, 0.010359955f, -0.0301077483f, 0.0691584697f, -0.161458527f, 0.896465151f,
     0.288683356f, -0.103456726f, 0.0462650535f, -0.0185260059f, 0.00489598314f, -0.000167441976f},
};

/* From 96 kHz on there is one phase, half way: sinc((2 d + 1 - 24) / 2) under the same window. */
static const float half_way[N_HALF_TAPS] = {
    -0.000118399357f, 0.00115380464f,  -0.00346198288f, 0.00732559441f,  -0.0130998644f,
    0.021289393f,     -0.0327143331f,  0.0489024229f,   -0.0731549525f,  0.11416842f,
    -0.204129958f,    0.633896587f,    0.633896587f,    -0.204129958f,   0.11416842f,
    -0.0731549525f,   0.0489024229f,   -0.0327143331f,  0.021289393f,    -0.0130998644f,
    0.00732559441f,   -0.00346198288f, 0.00115380464f,  -0.000118399357f};

/* Four frames at once; the order of the sums is fixed, so that every CPU gets the same bits. */
typedef float Four __attribute__((vector_size(16)));
typedef gint32 FourMask __attribute__((vector_size(16)));

static inline Four load(const float *p)
{
    Four v;

    memcpy(&v, p, sizeof v);
    return v;
}

static inline Four magnitude(Four v)
{
    return (Four)((FourMask)v & 0x7FFFFFFF);
}

static inline Four larger(Four a, Four b)
{
    FourMask more = a > b;

    return (Four)(((FourMask)a & more) | ((FourMask)b & ~more));
}

/* @x: [N_PAST + n + 3], the block after its old samples. */
static void channel_peaks(const float *x, gsize n, float *peaks)
{
    for (gsize i = 0; i < n; i += 4) {
        const float *now = x + N_PAST + i;
        Four first = {0}, second = {0}, third = {0};

        for (gsize d = 0; d < N_TAPS; d++) {
            Four in = load(now - d);

            first += phases[0][d] * in;
            second += phases[1][d] * in;
            third += phases[2][d] * in;
        }
        Four peak = larger(larger(magnitude(first), magnitude(second)),
                           larger(magnitude(third), magnitude(load(now - 6))));
        peak = larger(peak, load(peaks + i));
        memcpy(peaks + i, &peak, sizeof peak);
    }
}

static void channel_peaks_high(const float *x, gsize n, float *peaks)
{
    for (gsize i = 0; i < n; i += 4) {
        const float *now = x + N_PAST + i;
        Four sum = {0};

        for (gsize d = 0; d < N_HALF_TAPS; d++)
            sum += half_way[d] * load(now - d);
        Four peak = larger(magnitude(sum), magnitude(load(now - 12)));
        peak = larger(peak, load(peaks + i));
        memcpy(peaks + i, &peak, sizeof peak);
    }
}

void tune_true_peak_init(TuneTruePeak *self, guint rate)
{
    memset(self, 0, sizeof *self);
    self->delay = rate >= HIGH_RATE ? 12 : 6;
}

void tune_true_peak_block(TuneTruePeak *self, const float *frames, gsize n, float *peaks)
{
    g_return_if_fail(n <= TUNE_TRUE_PEAK_BLOCK);
    memset(peaks, 0, (n + 7) * sizeof *peaks);
    for (gsize c = 0; c < 2; c++) {
        float *x = self->past[c];

        for (gsize i = 0; i < n; i++)
            x[N_PAST + i] = frames[2 * i + c];
        if (self->delay == 6)
            channel_peaks(x, n, peaks);
        else
            channel_peaks_high(x, n, peaks);
        memmove(x, x + n, N_PAST * sizeof *x);
    }
    float peak = self->peak;
    for (gsize i = 0; i < n; i++)
        peak = peaks[i] > peak ? peaks[i] : peak;
    self->peak = peak;
}

void tune_true_peak_feed(TuneTruePeak *self, const float *frames, gsize n)
{
    float peaks[TUNE_TRUE_PEAK_BLOCK + 8];

    while (n > 0) {
        gsize piece = MIN(n, TUNE_TRUE_PEAK_BLOCK);

        tune_true_peak_block(self, frames, piece, peaks);
        frames += 2 * piece;
        n -= piece;
    }
}
