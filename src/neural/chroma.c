/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "neural/chroma.h"

#include "audio/fft.h"

#include <math.h>
#include <string.h>

#define CLASSES     TUNE_CHROMA_CLASSES
#define WINDOW      16384
#define HOP         4096
#define BINS        (WINDOW / 2 + 1)
#define MAX_SAMPLES (30 * TUNE_CHROMA_RATE)
#define LOWEST_HZ   27.5 /* A0: pitches count from it in semitones */
#define A_ABOVE_C   9    /* semitones: what class 0 of the formula is above class 0 of ours */

/* Bin 0 has no pitch; it is put one and a half octaves below bin 1. */
static double pitch_of_bin(guint bin)
{
    double pitch = CLASSES * log2(MAX(bin, 1) * (double)TUNE_CHROMA_RATE / WINDOW / LOWEST_HZ);

    return bin == 0 ? pitch - 1.5 * CLASSES : pitch;
}

/* How much of a bin each class gets: a bell around its pitch, as wide as the bin is in semitones,
 * of length 1 over all classes; and less the further the bin is from five octaves above A0. */
static void spread_bin(guint bin, float *filters)
{
    double pitch = pitch_of_bin(bin), width = MAX(pitch_of_bin(bin + 1) - pitch, 1.0);
    double octaves = (pitch / CLASSES - 5) / 2, weight = exp(-0.5 * octaves * octaves);
    double shares[CLASSES], square = 0;

    for (guint c = 0; c < CLASSES; c++) {
        double away = fmod(pitch - c + CLASSES / 2 + 10 * CLASSES, CLASSES) - CLASSES / 2;
        double x = 2 * away / width;

        shares[c] = exp(-0.5 * x * x);
        square += shares[c] * shares[c];
    }
    for (guint c = 0; c < CLASSES; c++)
        filters[(c + A_ABOVE_C) % CLASSES * BINS + bin] =
            (float)(shares[c] / sqrt(square) * weight);
}

float *tune_chroma_filters(void)
{
    float *filters = g_new(float, CLASSES *BINS);

    for (guint bin = 0; bin < BINS; bin++)
        spread_bin(bin, filters);
    return filters;
}

/* @audio between zeros when it is shorter than a window, with half a window of its mirror image
 * before and after: what the windows of all frames lie in. */
static float *pad(const float *audio, gsize n, gsize *n_padded)
{
    gsize inner = MAX(n, WINDOW), before = (inner - n) / 2, half = WINDOW / 2;
    float *padded = g_new0(float, inner + WINDOW), *middle = padded + half;

    if (n > 0)
        memcpy(middle + before, audio, n * sizeof *audio);
    for (gsize i = 1; i <= half; i++) {
        padded[half - i] = middle[i];
        middle[inner - 1 + i] = middle[inner - 1 - i];
    }
    *n_padded = inner;
    return padded;
}

/* One frame's energies of the classes, from the magnitudes of its spectrum. */
static void fold(const float *filters, const float *magnitudes, float *energies)
{
    /* A bin of magnitude 1 has the power (WINDOW / 4)^2 over the window's sum of squares, 3/8
     * WINDOW. */
    const double scale = WINDOW / 4.0 * (WINDOW / 4.0) / (WINDOW * 3.0 / 8.0);

    for (guint c = 0; c < CLASSES; c++) {
        double sum = 0;

        for (guint bin = 0; bin < BINS; bin++)
            sum += (double)(filters[c * BINS + bin] * magnitudes[bin] * magnitudes[bin]);
        energies[c] = (float)(sum * scale);
    }
}

float *tune_chroma_energies(const float *audio, gsize n, gsize *n_frames)
{
    g_autofree float *filters = tune_chroma_filters(), *magnitudes = g_new(float, BINS);
    g_autoptr(TuneFft) fft = tune_fft_new(WINDOW);
    gsize n_inner;
    g_autofree float *padded = pad(audio, MIN(n, MAX_SAMPLES), &n_inner);
    float *energies;

    *n_frames = 1 + n_inner / HOP;
    energies = g_new(float, *n_frames *CLASSES);
    for (gsize frame = 0; frame < *n_frames; frame++) {
        tune_fft_hann_magnitudes(fft, padded + frame * HOP, magnitudes);
        fold(filters, magnitudes, energies + frame * CLASSES);
    }
    return energies;
}

float *tune_chroma(const float *audio, gsize n, gsize *n_frames)
{
    float *rows = tune_chroma_energies(audio, n, n_frames);

    for (gsize frame = 0; frame < *n_frames; frame++) {
        float *row = rows + frame * CLASSES;
        guint best = 0;

        for (guint c = 1; c < CLASSES; c++) {
            if (row[c] > row[best])
                best = c;
        }
        memset(row, 0, CLASSES * sizeof *row);
        row[best] = 1;
    }
    return rows;
}
