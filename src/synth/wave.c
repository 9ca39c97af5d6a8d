/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "synth/wave.h"
#include "audio/decibel.h"
#include "synth/clones.h"
#include <math.h>

/* Harmonics of the tables: close enough together that the step from one to the next is heard by nobody (the
 * highest harmonic kept is never below four fifths of half the rate).  The richest reach 20 kHz from 41 Hz
 * on; lower notes end a little sooner. */
static const guint16 ladder[] = {1,  2,  3,  4,  5,  6,  7,  8,   10,  12,  14,  16,  19,  23,
                                 28, 33, 40, 48, 57, 68, 80, 96, 115, 138, 165, 198, 237, 285,
                                 342, 410, 490};
#define N_TABLES G_N_ELEMENTS(ladder)
#define SMALL_BITS 11 /* enough for linear interpolation up to SMALL_HARMONICS */
#define LARGE_BITS 12
#define SMALL_HARMONICS 120
#define STEPS 32

typedef struct {
    TuneWaveTable tables[N_TABLES];
} Wave;

/* ---- making the tables ---- */

typedef struct {
    double sine, cosine; /* amplitudes of one harmonic */
} Partial;

/* A triangle held for a 32nd of its turn, starting at 0: the Fourier sum over its steps. */
static Partial stepped(guint k)
{
    Partial p = {0, 0};

    for (guint i = 0; i < STEPS; i++) {
        double level = i < STEPS / 2 ? (double)i : (double)(STEPS - 1 - i);
        double from = 2.0 * i / STEPS, to = 2.0 * (i + 1) / STEPS; /* in units of pi */
        double a = fmod(k * from, 2.0), b = fmod(k * to, 2.0);

        level = level / 7.5 - 1.0;
        a = a > 1.0 ? a - 2.0 : a;
        b = b > 1.0 ? b - 2.0 : b;
        p.sine += level * (tune_cos_pi(a) - tune_cos_pi(b)) / (k * G_PI);
        p.cosine += level * (tune_sin_pi(b) - tune_sin_pi(a)) / (k * G_PI);
    }
    return p;
}

/* Amplitude of harmonic @k; every wave runs from -1 to 1. */
static Partial partial_of(TuneWave wave, guint k)
{
    double sign = k / 2 % 2 == 0 ? 1.0 : -1.0;

    switch (wave) {
    case TUNE_WAVE_SAW:
        return (Partial){-2.0 / (G_PI * k), 0};
    case TUNE_WAVE_SQUARE:
        return (Partial){k % 2 ? 4.0 / (G_PI * k) : 0, 0};
    case TUNE_WAVE_TRIANGLE:
        return (Partial){k % 2 ? sign * 8.0 / (G_PI * G_PI * k * k) : 0, 0};
    default:
        return stepped(k);
    }
}

static void add_partial(double *sum, gsize n_sum, const double *sine, guint bits, guint k, Partial p)
{
    guint n = 1u << bits, mask = n - 1, quarter = n / 4;

    if (fabs(p.sine) > 1e-9)
        for (guint i = 0; i < n_sum; i++)
            sum[i] += p.sine * sine[k * i & mask];
    if (fabs(p.cosine) > 1e-9)
        for (guint i = 0; i < n_sum; i++)
            sum[i] += p.cosine * sine[(k * i + quarter) & mask];
}

/* A sum of sines is itself again backwards and upside down: half of it says all. */
static gboolean is_odd(TuneWave wave)
{
    return wave != TUNE_WAVE_STEPS;
}

static float *copy_of(const double *sum, guint bits, gboolean odd)
{
    guint n = 1u << bits;
    float *samples = g_new(float, n + 1);

    for (guint i = 0; i < n; i++)
        samples[i] = (float)(odd && i > n / 2 ? -sum[n - i] : sum[i]);
    samples[n] = samples[0];
    return samples;
}

/* The tables of @bits from @first up to @end, each the one before with more harmonics. */
static void make_tables(TuneWaveTable *tables, TuneWave wave, guint bits, gsize first, gsize end)
{
    guint n = 1u << bits, k = 1;
    g_autofree double *sine = g_new(double, n);
    g_autofree double *sum = g_new0(double, n);

    for (guint i = 0; i < n; i++)
        sine[i] = tune_sin_pi(i <= n / 2 ? 2.0 * i / n : 2.0 * i / n - 2.0);
    for (gsize t = first; t < end; t++) {
        for (; k <= ladder[t]; k++)
            add_partial(sum, is_odd(wave) ? n / 2 + 1 : n, sine, bits, k, partial_of(wave, k));
        tables[t] = (TuneWaveTable){copy_of(sum, bits, is_odd(wave)), bits, ladder[t]};
    }
}

static gpointer make_wave(gpointer data)
{
    Wave *self = g_new0(Wave, 1);
    TuneWave wave = (TuneWave)GPOINTER_TO_UINT(data);
    gsize large = 0;

    while (large < N_TABLES && ladder[large] <= SMALL_HARMONICS)
        large++;
    make_tables(self->tables, wave, SMALL_BITS, 0, large);
    make_tables(self->tables, wave, LARGE_BITS, large, N_TABLES);
    return self;
}

static const Wave *get_wave(TuneWave wave)
{
    static GOnce made[TUNE_WAVE_N_TABLES] = {G_ONCE_INIT, G_ONCE_INIT, G_ONCE_INIT, G_ONCE_INIT};

    return g_once(&made[wave], make_wave, GUINT_TO_POINTER((guint)wave));
}

void tune_wave_prepare(TuneWave wave)
{
    if (wave == TUNE_WAVE_PULSE)
        wave = TUNE_WAVE_SAW;
    if (wave < TUNE_WAVE_N_TABLES)
        (void)get_wave(wave);
}

const TuneWaveTable *tune_wave_table(TuneWave wave, double frequency)
{
    gsize low = 0, high = N_TABLES - 1;

    while (low < high) {
        gsize middle = (low + high + 1) / 2;

        if (ladder[middle] * frequency < 0.5)
            low = middle;
        else
            high = middle - 1;
    }
    return &get_wave(wave)->tables[low];
}

guint32 tune_wave_step(double frequency)
{
    return (guint32)(CLAMP(frequency, 0.0, 0.499) * 4294967296.0);
}

double tune_wave_exp2(double x)
{
    double whole = (double)(gint)(x + (x < 0 ? -0.5 : 0.5)), f = x - whole;
    union {
        guint64 bits;
        double value;
    } power = {.bits = (guint64)((gint64)whole + 1023) << 52};

    /* Taylor in f ln 2, |f| <= 1/2. */
    return power.value *
           (1.0 + f * (0.69314718055994531 +
                       f * (0.24022650695910071 +
                            f * (0.055504108664821580 +
                                 f * (0.0096181291076284772 +
                                      f * (0.0013333558146428443 + f * 0.00015403530393381609))))));
}

/* ---- reading them ---- */

TUNE_CLONES void tune_wave_add(const TuneWaveTable *table, guint32 *phase, guint32 step, float gl,
                               float gr, float *restrict left, float *restrict right, gsize n)
{
    const float *restrict samples = table->samples;
    guint shift = 32 - table->bits;
    guint32 mask = (1u << shift) - 1, start = *phase;
    float scale = 1.0f / (float)(1u << shift);

    for (guint32 i = 0; i < (guint32)n; i++) {
        guint32 p = start + step * i, at = p >> shift;
        float part = (float)(gint32)(p & mask) * scale, a = samples[at];
        float x = a + part * (samples[at + 1] - a);

        left[i] += gl * x;
        right[i] += gr * x;
    }
    *phase = start + step * (guint32)n;
}

TUNE_CLONES void tune_wave_add_pulse(const TuneWaveTable *saw, guint32 *phase, guint32 step,
                                     guint32 offset, float gl, float gr,
                                     float *restrict left, float *restrict right, gsize n)
{
    const float *restrict samples = saw->samples;
    guint shift = 32 - saw->bits;
    guint32 mask = (1u << shift) - 1, start = *phase;
    float scale = 1.0f / (float)(1u << shift);

    for (guint32 i = 0; i < (guint32)n; i++) {
        guint32 p = start + step * i, q = p + offset, at = p >> shift, too = q >> shift;
        float a = samples[at], b = samples[too];
        float x = a + (float)(gint32)(p & mask) * scale * (samples[at + 1] - a);
        float y = b + (float)(gint32)(q & mask) * scale * (samples[too + 1] - b);

        left[i] += gl * (x - y);
        right[i] += gr * (x - y);
    }
    *phase = start + step * (guint32)n;
}

TUNE_CLONES void tune_wave_add_sine(guint32 *phase, guint32 step, float gl, float gr,
                                    float *restrict left, float *restrict right, gsize n)
{
    guint32 start = *phase;

    for (guint32 i = 0; i < (guint32)n; i++) {
        float x = tune_wave_sine(start + step * i);

        left[i] += gl * x;
        right[i] += gr * x;
    }
    *phase = start + step * (guint32)n;
}

TUNE_CLONES void tune_wave_add_fm(guint32 *phase, guint32 step, guint32 *modulator,
                                  guint32 modulator_step, float index, float gl, float gr,
                                  float *restrict left, float *restrict right, gsize n)
{
    guint32 start = *phase, other = *modulator;
    float turns = CLAMP(index, -64.0f, 64.0f) * 0x1p24f;

    for (guint32 i = 0; i < (guint32)n; i++) {
        gint32 moved = (gint32)(turns * tune_wave_sine(other + modulator_step * i));
        float x = tune_wave_sine(start + step * i + ((guint32)moved << 8));

        left[i] += gl * x;
        right[i] += gr * x;
    }
    *phase = start + step * (guint32)n;
    *modulator = other + modulator_step * (guint32)n;
}

TUNE_CLONES void tune_wave_add_noise(guint32 *counter, float gl, float gr, float *restrict left,
                                     float *restrict right, gsize n)
{
    guint32 start = *counter;

    for (guint32 i = 0; i < (guint32)n; i++) {
        guint32 x = tune_wave_hash(start + i);

        left[i] += gl * (float)(gint32)x * 0x1p-31f;
        right[i] += gr * (float)(gint32)tune_wave_hash(x + 0x9e3779b9u) * 0x1p-31f;
    }
    *counter = start + (guint32)n;
}
