/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "audio-test.h"

#include <glib/gstdio.h>
#include <math.h>
#include <string.h>
#include "audio/fft.h"
#include "audio/measure.h"
#include "base/random.h"

#define RATE 44100

/* A note with five harmonics that fades. */
static void add_note(float *frames, gsize n, double at_s, double seconds, gint pitch, double level)
{
    double hz = 440.0 * pow(2.0, (pitch - 69) / 12.0);
    gsize from = (gsize)(at_s * RATE), to = MIN(n, from + (gsize)(seconds * RATE));

    /* sin(x + w) = 2 cos(w) sin(x) - sin(x - w): libm would take most of this test's time. */
    for (int h = 1; h <= 5; h++) {
        double w = 2 * G_PI * hz * h / RATE, twice = 2 * cos(w), now = 0.0, last = -sin(w);
        double gain = level / (h * h), fade = exp(-2.0 / RATE);

        for (gsize i = from; i < to; i++) {
            double attack = MIN(1.0, (double)(i - from) / (0.005 * RATE)),
                   next = twice * now - last;

            frames[2 * i] += (float)(gain * attack * now);
            frames[2 * i + 1] += (float)(gain * attack * now);
            last = now;
            now = next;
            gain *= fade;
        }
    }
}

static void add_hit(float *frames, gsize n, double at_s, double level, TuneRandom *random)
{
    gsize from = (gsize)(at_s * RATE);

    for (gsize i = from; i < MIN(n, from + 3000); i++) {
        double x = level * exp(-(double)(i - from) / 600.0) * tune_random_range(random, -1, 1);

        frames[2 * i] += (float)x;
        frames[2 * i + 1] += (float)x;
    }
}

/* I IV V I or i iv V i in 4/4 with drums on the beat, softer ones between. (transfer full) */
static float *small_piece(double bpm, gint tonic, gboolean minor, guint bars, gsize *n)
{
    static const gint roots[4] = {0, 5, 7, 0};
    double beat = 60.0 / bpm;
    TuneRandom random;

    *n = (gsize)((4 * bars * beat + 1.0) * RATE);
    float *frames = g_new0(float, 2 * *n);
    tune_random_init(&random, 3, "test/piece");
    for (guint bar = 0; bar < bars; bar++) {
        gint root = 48 + tonic + roots[bar % 4];
        gint third = minor && bar % 4 != 2 ? 3 : 4;

        for (guint b = 0; b < 4; b++) {
            double t = (4 * bar + b) * beat;

            add_note(frames, *n, t, beat, root - 12, 0.15);
            add_note(frames, *n, t, beat, root, 0.08);
            add_note(frames, *n, t, beat, root + third, 0.08);
            add_note(frames, *n, t, beat, root + 7, 0.08);
            add_hit(frames, *n, t, b % 2 == 0 ? 0.3 : 0.4, &random);
            add_hit(frames, *n, t + beat / 2, 0.08, &random);
        }
    }
    return frames;
}

static void measure(const float *frames, gsize n, TuneMeasured *out, double expected, double *near)
{
    g_autoptr(TuneMeasure) meter = tune_measure_new(RATE, 2);

    for (gsize at = 0, piece; at < n; at += piece) {
        piece = MIN(1 + at % 4001, n - at);
        tune_measure_feed(meter, frames + 2 * at, piece);
    }
    tune_measure_read(meter, out);
    if (near != NULL)
        *near = tune_measure_bpm_near(meter, expected, NULL);
}

static void test_tempo_is_found(void)
{
    static const double tempos[] = {72.0, 88.5, 96.0, 113.7, 120.0, 128.0, 140.0};

    for (gsize i = 0; i < G_N_ELEMENTS(tempos); i++) {
        TuneMeasured measured;
        double near;
        gsize n;
        g_autofree float *frames = small_piece(tempos[i], 2, FALSE, 8, &n);

        measure(frames, n, &measured, tempos[i], &near);
        g_test_message("%.1f: %.3f (%.2f), or %.3f", tempos[i], measured.bpm,
                       measured.beat_confidence, measured.bpm_other);
        g_assert_cmpfloat_with_epsilon(measured.bpm / tempos[i], 1.0, 0.005);
        g_assert_cmpfloat_with_epsilon(near / tempos[i], 1.0, 0.005);
        g_assert_cmpfloat(measured.beat_confidence, >, 0.3);
    }
}

static void test_all_keys_are_found(void)
{
    for (gint k = 0; k < 24; k++) {
        TuneMeasured measured;
        gsize n;
        g_autofree float *frames = small_piece(120.0, k % 12, k >= 12, 4, &n);

        measure(frames, n, &measured, 120.0, NULL);
        g_assert_cmpint(tune_fifths_pitch_class(measured.key.tonic), ==, k % 12);
        g_assert_cmpint(measured.key.mode, ==, k >= 12 ? TUNE_MODE_MINOR : TUNE_MODE_MAJOR);
        g_assert_cmpfloat(measured.key_confidence, >, 0.1);
        g_assert_cmpfloat(fabs(measured.tuning_cents), <, 6.0);
    }
}

static void test_nothing_gives_nothing(void)
{
    g_autofree float *silence = g_new0(float, 2 * 10 * RATE);
    g_autofree float *noise = g_new0(float, 2 * 20 * RATE);
    TuneMeasured measured;
    TuneRandom random;

    measure(silence, 0, &measured, 120.0, NULL);
    g_assert_cmpfloat(measured.bpm, ==, 0.0);
    measure(silence, 10 * RATE, &measured, 120.0, NULL);
    g_assert_cmpfloat(measured.bpm, ==, 0.0);
    g_assert_cmpfloat(measured.beat_confidence, ==, 0.0);
    g_assert_cmpfloat(measured.key_confidence, ==, 0.0);
    tune_random_init(&random, 1, "test/noise");
    for (gsize i = 0; i < 40 * RATE; i++)
        noise[i] = (float)(0.1 * tune_random_range(&random, -1, 1));
    measure(noise, 20 * RATE, &measured, 120.0, NULL);
    g_test_message("noise: %.2f", measured.beat_confidence);
    g_assert_cmpfloat(measured.beat_confidence, <, 0.15);
}

static void test_spectrum_of_sines(void)
{
    static const gsize sizes[] = {16, 64, 1024, 8192};

    for (gsize s = 0; s < G_N_ELEMENTS(sizes); s++) {
        gsize n = sizes[s];
        g_autoptr(TuneFft) fft = tune_fft_new(n);
        g_autofree float *in = g_new(float, n), *out = g_new(float, n / 2 + 1);

        for (gsize bin = 3; bin < n / 2 - 2; bin += 1 + n / 37) {
            for (gsize i = 0; i < n; i++)
                in[i] = (float)cos(2 * G_PI * (double)(bin * i % n) / (double)n + 0.7);
            tune_fft_hann_magnitudes(fft, in, out);
            for (gsize k = 0; k <= n / 2; k++) {
                double expected = k == bin ? 1.0 : k + 1 == bin || k == bin + 1 ? 0.5 : 0.0;

                g_assert_cmpfloat_with_epsilon(out[k], expected, 2e-5);
            }
        }
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/audio/fft/sines", test_spectrum_of_sines);
    g_test_add_func("/audio/measure/tempo", test_tempo_is_found);
    g_test_add_func("/audio/measure/keys", test_all_keys_are_found);
    g_test_add_func("/audio/measure/nothing", test_nothing_gives_nothing);
    return g_test_run();
}
