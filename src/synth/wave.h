/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Band-limited waveforms.  A wave is a set of tables, each the sum of its first so many harmonics; a
 * note reads the richest table whose highest harmonic lies below half the rate, so that nothing folds
 * back whatever the pitch.  Phases are 32-bit integers (one turn = 2^32), which makes every sample of
 * a run independent of the one before: the loops vectorise and give the same bits in vectors of any
 * width.  No libm.
 *
 *     tune_wave_prepare(TUNE_WAVE_SAW);
 *     const TuneWaveTable *table = tune_wave_table(TUNE_WAVE_SAW, 440.0 / 44100);
 *     tune_wave_add(table, &phase, tune_wave_step(440.0 / 44100), 0.5f, 0.5f, left, right, 32);
 */
#pragma once
#include <glib.h>

typedef enum {
    TUNE_WAVE_SAW,
    TUNE_WAVE_SQUARE,
    TUNE_WAVE_TRIANGLE,
    TUNE_WAVE_STEPS, /* a triangle in sixteen steps, as game consoles had it */
    TUNE_WAVE_N_TABLES,
    TUNE_WAVE_PULSE = TUNE_WAVE_N_TABLES, /* of any width: the difference of two saws */
    TUNE_WAVE_SINE,
    TUNE_WAVE_FM,         /* a sine whose phase another sine moves */
    TUNE_WAVE_NOISE,      /* white */
    TUNE_WAVE_CHIP_NOISE, /* a shift register clocked at sixteen times the pitch */
    TUNE_WAVE_CRACKLE,    /* clicks at random */
} TuneWave;

typedef struct {
    const float *samples; /* [2^bits + 1], the last equal to the first */
    guint bits;
    guint harmonics;
} TuneWaveTable;

/* The tables of a wave, computed with the first call (one to three milliseconds) and kept for all; a wave
 * that has none is left alone, a pulse prepares the saw.  Thread-safe. */
void tune_wave_prepare(TuneWave wave);

/* @frequency: in turns a frame, > 0.  @wave < TUNE_WAVE_N_TABLES, prepared before. */
const TuneWaveTable *tune_wave_table(TuneWave wave, double frequency);

/* Turns a frame as a phase step; below half a turn. */
guint32 tune_wave_step(double frequency);

/* sin(2 pi phase / 2^32) within 4e-6. */
static inline float tune_wave_sine(guint32 phase)
{
    /* Fold to a triangle t in -1/2..1/2 with sin(pi t) the sine asked for. */
    float v = (float)(gint32)(phase - 0x40000000u) * 0x1p-31f;
    float t = 0.5f - (v < 0 ? -v : v), s = t * t;

    return t * (3.14159265f +
                s * (-5.16771278f + s * (2.55016404f + s * (-0.599264529f + s * 0.0821458866f))));
}

/* Thirty-two well-mixed bits of a counter (two multiplications, after Wellons' search for such). */
static inline guint32 tune_wave_hash(guint32 x)
{
    x ^= x >> 16;
    x *= 0x7feb352du;
    x ^= x >> 15;
    x *= 0x846ca68bu;
    return x ^ x >> 16;
}

/* 2^x for |x| < 120, within 1e-7: for what moves many times a second. */
double tune_wave_exp2(double x);

/* Each of these adds @n frames to @left and @right with the gains @gl and @gr and moves the phase on. */
void tune_wave_add(const TuneWaveTable *table, guint32 *phase, guint32 step, float gl, float gr,
                   float *left, float *right, gsize n);
/* A pulse: two readings of a saw, @offset apart, the second taken away.  No offset in the mean. */
void tune_wave_add_pulse(const TuneWaveTable *saw, guint32 *phase, guint32 step, guint32 offset,
                         float gl, float gr, float *left, float *right, gsize n);
void tune_wave_add_sine(guint32 *phase, guint32 step, float gl, float gr, float *left, float *right,
                        gsize n);
/* @index: greatest deviation of the phase in turns. */
void tune_wave_add_fm(guint32 *phase, guint32 step, guint32 *modulator, guint32 modulator_step,
                      float index, float gl, float gr, float *left, float *right, gsize n);
/* Two independent channels by @counter; their sum is as loud as one. */
void tune_wave_add_noise(guint32 *counter, float gl, float gr, float *left, float *right, gsize n);
