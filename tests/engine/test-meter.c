/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/meter.h"

#include <math.h>

#define RATE 48000
#define SECONDS 10

static void feed_sine(TuneMeter *meter, double amplitude)
{
    float block[2 * 480];

    for (guint start = 0; start < RATE * SECONDS; start += 480) {
        for (guint i = 0; i < 480; i++) {
            float value = (float)(amplitude * sin(2 * G_PI * 997.0 * (start + i) / RATE));
            block[2 * i] = block[2 * i + 1] = value;
        }
        tune_meter_add(meter, block, 480);
    }
}

/* EBU Tech 3341 case 1: a stereo sine of about 1 kHz at -23 dBFS a channel is -23 LUFS. */
static void test_sine_reads_its_level(void)
{
    g_autoptr(TuneMeter) meter = tune_meter_new(RATE, NULL);
    TuneMeterResult measured;

    feed_sine(meter, pow(10, -23.0 / 20));
    tune_meter_result(meter, &measured);
    g_assert_cmpfloat_with_epsilon(measured.loudness_lufs, -23.0, 0.1);
    g_assert_cmpfloat_with_epsilon(measured.peak_dbtp, -23.0, 0.1);
}

static void test_silence_has_no_loudness(void)
{
    g_autoptr(TuneMeter) meter = tune_meter_new(RATE, NULL);
    TuneMeterResult measured;

    feed_sine(meter, 0);
    tune_meter_result(meter, &measured);
    g_assert_false(isfinite(measured.loudness_lufs));
    g_assert_cmpstr(measured.key, ==, "");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/engine/meter/sine-reads-its-level", test_sine_reads_its_level);
    g_test_add_func("/engine/meter/silence-has-no-loudness", test_silence_has_no_loudness);
    return g_test_run();
}
