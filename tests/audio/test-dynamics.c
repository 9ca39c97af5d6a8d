/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "audio-test.h"

#include <ebur128.h>
#include <math.h>
#include <string.h>
#include "audio/biquad.h"
#include "audio/compressor.h"
#include "audio/decibel.h"
#include "audio/limiter.h"
#include "audio/loudness.h"
#include "audio/memory.h"
#include "audio/spill.h"
#include "audio/truepeak.h"
#include "base/random.h"

#define RATE 44100

static double ebur128_peak(const float *frames, gsize n, guint rate)
{
    ebur128_state *state = ebur128_init(2, rate, EBUR128_MODE_TRUE_PEAK);
    static const float silence[2 * 32];
    double left, right;

    ebur128_add_frames_float(state, frames, n);
    ebur128_add_frames_float(state, silence, 32);
    ebur128_true_peak(state, 0, &left);
    ebur128_true_peak(state, 1, &right);
    ebur128_destroy(&state);
    return tune_gain_to_db(MAX(left, right));
}

/* The kinds of sound that are hard to limit. */
static float *loud_sound(guint kind, gsize n, guint rate)
{
    float *out = g_new(float, 2 * n);
    TuneRandom r;
    double phase = 0.0, gain = 1.0;

    tune_random_init(&r, kind, "test/loud");
    for (gsize i = 0; i < n; i++) {
        double t = (double)i / rate, noise = tune_random_range(&r, -1, 1);

        switch (kind % 7) {
        case 0: /* white noise far above full scale */
            out[2 * i] = (float)(4.0 * noise);
            out[2 * i + 1] = (float)(4.0 * tune_random_range(&r, -1, 1));
            continue;
        case 1: /* a quarter of the rate, between the samples 3 dB more */
            phase = 0.5 * G_PI * (double)i + 0.25 * G_PI;
            break;
        case 2: /* a sweep to half the rate */
            phase += G_PI * 0.98 * (double)i / (double)n;
            break;
        case 3: /* clicks of one sample */
            out[2 * i] = out[2 * i + 1] = tune_random_chance(&r, 0.001) ? 6.0f : 0.01f;
            continue;
        case 4: /* bursts */
            phase += 0.3;
            gain = fmod(t, 0.05) < 0.01 ? 5.0 : 0.2;
            break;
        case 5: /* random sign at full scale: the worst for interpolators */
            out[2 * i] = noise > 0 ? 1.5f : -1.5f;
            out[2 * i + 1] = tune_random_chance(&r, 0.5) ? 1.5f : -1.5f;
            continue;
        default: /* low and high together, clipped */
            phase += 0.01;
            out[2 * i] = (float)CLAMP(3 * sin(phase) + sin(57 * phase), -1.0, 1.0);
            out[2 * i + 1] = (float)(2 * sin(311 * phase));
            continue;
        }
        out[2 * i] = (float)(gain * 1.6 * sin(phase));
        out[2 * i + 1] = (float)(gain * 1.6 * sin(phase + 0.3));
    }
    return out;
}

static void test_limiter_holds_the_ceiling(void)
{
    static const guint rates[] = {96000, 44100, 22050};
    static const double ceilings[] = {-1.0, -0.1, -6.0};
    double worst = -100.0;

    for (guint kind = 0; kind < 28; kind++) {
        guint rate = rates[kind % 3];
        double ceiling = ceilings[kind / 7 % 3];
        gsize n = rate + 17, got;
        g_autofree float *loud = loud_sound(kind, n, rate);
        g_autoptr(TuneSource) limited =
            tune_limiter_source_new(tune_memory_source_new(loud, n, 2, rate), ceiling);
        g_autofree float *out = test_read_all(limited, &got);
        double peak = ebur128_peak(out, got, rate);

        g_assert_cmpuint(got, ==, n);
        worst = MAX(worst, peak - ceiling);
        g_test_message("kind %u: %+.4f dB over %g", kind, peak - ceiling, ceiling);
        g_assert_cmpfloat(peak, <=, ceiling);
        g_assert_cmpfloat(peak, >, ceiling - 1.5); /* and it does not simply turn down */
    }
    g_test_message("worst: %+.4f dB", worst);
}

static void test_limiter_leaves_quiet_sound_alone(void)
{
    gsize n = 20000, got;
    g_autofree float *quiet = test_tones(n, RATE, 0.5f);
    g_autoptr(TuneSource) limited =
        tune_limiter_source_new(tune_memory_source_new(quiet, n, 2, RATE), -1.0);
    g_autofree float *out = test_read_all(limited, &got);

    g_assert_cmpmem(out, (int)(8 * got), quiet, (int)(8 * n));
}

static void test_limiter_handles_short_sounds(void)
{
    for (gsize n = 0; n < 400; n += 57) {
        float frames[2 * 400] = {0};
        gsize got;

        for (gsize i = 0; i < 2 * n; i++)
            frames[i] = 2.0f;
        g_autoptr(TuneSource) limited =
            tune_limiter_source_new(tune_memory_source_new(frames, n, 2, RATE), -1.0);
        g_autofree float *out = test_read_all(limited, &got);
        g_assert_cmpuint(got, ==, n);
        for (gsize i = 0; i < 2 * n; i++)
            g_assert_cmpfloat(out[i], <=, 0.892f);
    }
}

/* Two ways to cut up the same work; the bytes must be the same. */
static void test_cuts_do_not_matter(void)
{
    gsize n = 30000;
    g_autofree float *one = loud_sound(4, n, RATE), *two = g_memdup2(one, 8 * n);
    TuneCompressorConfig config = TUNE_COMPRESSOR_CONFIG_DEFAULT;

    for (guint way = 0; way < 2; way++) {
        float *frames = way == 0 ? one : two;
        g_autoptr(TuneLimiter) limiter = tune_limiter_new(RATE, -1.0);
        TuneCompressor compressor;
        TuneDcBlocker blocker;
        TuneBiquad shelf;

        tune_compressor_init(&compressor, RATE, &config);
        tune_biquad_init(&shelf, TUNE_BIQUAD_HIGH_SHELF, RATE, 6000, 0.7071, 3.0);
        tune_dc_blocker_init(&blocker, RATE, 5);
        for (gsize at = 0, piece; at < n; at += piece) {
            piece = MIN(way == 0 ? 1024 : 1 + at % 777, n - at);
            tune_dc_blocker_process(&blocker, frames + 2 * at, piece);
            tune_biquad_process(&shelf, frames + 2 * at, piece);
            tune_compressor_process(&compressor, frames + 2 * at, piece);
            tune_limiter_process(limiter, frames + 2 * at, piece);
        }
    }
    g_assert_cmpmem(one, (int)(8 * n), two, (int)(8 * n));
}

static void test_true_peak_agrees_with_ebur128(void)
{
    static const guint rates[] = {44100, 96000};

    for (guint kind = 0; kind < 14; kind++) {
        guint rate = rates[kind / 7];
        g_autofree float *loud = loud_sound(kind, rate, rate);
        static const float silence[2 * 32];
        TuneTruePeak meter;

        tune_true_peak_init(&meter, rate);
        tune_true_peak_feed(&meter, loud, rate);
        tune_true_peak_feed(&meter, silence, 32);
        g_assert_cmpfloat_with_epsilon(tune_gain_to_db(meter.peak),
                                       ebur128_peak(loud, rate, rate), 1e-4);
    }
}

static void test_loudness_agrees_with_ebur128(void)
{
    gsize n = 8 * RATE;
    g_autofree float *frames = test_tones(n, RATE, 0.5f);
    g_autoptr(GError) error = NULL;
    g_autoptr(TuneLoudnessMeter) meter = tune_loudness_meter_new(RATE, 2, TRUE, &error);
    ebur128_state *state = ebur128_init(2, RATE, EBUR128_MODE_I | EBUR128_MODE_LRA);
    TuneLoudness loudness;
    double expected;

    g_assert_no_error(error);
    for (gsize i = n / 2; i < n; i++) {
        frames[2 * i] *= 0.4f;
        frames[2 * i + 1] *= 0.4f;
    }
    for (gsize at = 0, piece; at < n; at += piece) {
        piece = MIN(1 + at % 5003, n - at);
        tune_loudness_meter_feed(meter, frames + 2 * at, piece);
    }
    tune_loudness_meter_read(meter, &loudness);
    ebur128_add_frames_float(state, frames, n);
    ebur128_loudness_global(state, &expected);
    g_assert_cmpfloat_with_epsilon(loudness.integrated_lufs, expected, 1e-6);
    ebur128_loudness_range(state, &expected);
    g_assert_cmpfloat_with_epsilon(loudness.range_lu, expected, 1e-6);
    ebur128_destroy(&state);
    g_assert_cmpfloat(loudness.loudest_short_lufs, >, loudness.integrated_lufs);
    g_assert_cmpfloat(loudness.loudest_moment_lufs, >=, loudness.loudest_short_lufs - 0.1);
    g_assert_cmpfloat(loudness.true_peak_dbtp, >=, loudness.sample_peak_dbfs);
    g_assert_cmpint(loudness.n_frames, ==, (gint64)n);
}

static void test_silence_has_finite_figures(void)
{
    g_autoptr(TuneLoudnessMeter) meter = tune_loudness_meter_new(RATE, 2, TRUE, NULL);
    g_autofree float *silence = g_new0(float, 2 * RATE);
    TuneLoudness loudness;

    tune_loudness_meter_read(meter, &loudness);
    g_assert_cmpfloat(loudness.integrated_lufs, ==, -70.0);
    tune_loudness_meter_feed(meter, silence, RATE);
    tune_loudness_meter_read(meter, &loudness);
    g_assert_cmpfloat(loudness.integrated_lufs, ==, -70.0);
    g_assert_cmpfloat(loudness.true_peak_dbtp, ==, TUNE_SILENT_DB);
    g_assert_cmpfloat(loudness.range_lu, ==, 0.0);
}

static void test_compressor_gives_its_ratio(void)
{
    TuneCompressorConfig config = TUNE_COMPRESSOR_CONFIG_DEFAULT;
    static const double levels_db[] = {-40.0, -12.0, -6.0, 0.0};

    for (gsize k = 0; k < G_N_ELEMENTS(levels_db); k++) {
        TuneCompressor compressor;
        double amplitude = tune_db_to_gain(levels_db[k]) * sqrt(2.0), power = 0.0;
        gsize n = 3 * RATE;
        g_autofree float *frames = g_new(float, 2 * n);

        for (gsize i = 0; i < n; i++)
            frames[2 * i] = frames[2 * i + 1] = (float)(amplitude * sin(0.14 * (double)i));
        tune_compressor_init(&compressor, RATE, &config);
        tune_compressor_process(&compressor, frames, n);
        for (gsize i = n - RATE; i < n; i++)
            power += (double)frames[2 * i] * frames[2 * i] / RATE;
        double over = MAX(0.0, levels_db[k] + 18.0), expected = levels_db[k] - over * 2.0 / 3.0;
        g_assert_cmpfloat_with_epsilon(10 * log10(power), expected, 0.15);
        g_assert_cmpfloat_with_epsilon(compressor.deepest_db, over * 2.0 / 3.0, 0.2);
    }
}

/* The gain of a held tone after the level has dropped tells the release. */
static void test_compressor_takes_its_time(void)
{
    TuneCompressorConfig config = TUNE_COMPRESSOR_CONFIG_DEFAULT;
    TuneCompressor compressor;
    gsize n = 2 * RATE;
    g_autofree float *frames = g_new(float, 2 * n);

    for (gsize i = 0; i < n; i++)
        frames[2 * i] = frames[2 * i + 1] = i < RATE ? 1.0f : 0.01f;
    tune_compressor_init(&compressor, RATE, &config);
    tune_compressor_process(&compressor, frames, RATE);
    double held = compressor.reduction_db;
    g_assert_cmpfloat_with_epsilon(held, 12.0, 0.05);
    tune_compressor_process(&compressor, frames + 2 * RATE, (gsize)(0.175 * RATE));
    g_assert_cmpfloat(compressor.reduction_db, >, held * 0.36);
    g_assert_cmpfloat(compressor.reduction_db, <, held * 0.55);
}

static void test_biquads_have_their_response(void)
{
    TuneBiquad b;

    tune_biquad_init(&b, TUNE_BIQUAD_HIGH_PASS, RATE, 100, 0.70710678, 0);
    g_assert_cmpfloat_with_epsilon(tune_biquad_gain_at(&b, RATE, 100), 0.7071, 1e-3);
    g_assert_cmpfloat(tune_biquad_gain_at(&b, RATE, 10), <, 0.011);
    tune_biquad_init(&b, TUNE_BIQUAD_LOW_PASS, RATE, 1000, 0.70710678, 0);
    g_assert_cmpfloat_with_epsilon(tune_biquad_gain_at(&b, RATE, 1000), 0.7071, 1e-3);
    tune_biquad_init(&b, TUNE_BIQUAD_PEAK, RATE, 3000, 1.0, 6.0);
    g_assert_cmpfloat_with_epsilon(tune_gain_to_db(tune_biquad_gain_at(&b, RATE, 3000)), 6.0, 1e-6);
    g_assert_cmpfloat_with_epsilon(tune_gain_to_db(tune_biquad_gain_at(&b, RATE, 20)), 0.0, 0.01);
    tune_biquad_init(&b, TUNE_BIQUAD_LOW_SHELF, RATE, 200, 0.7071, -4.0);
    g_assert_cmpfloat_with_epsilon(tune_gain_to_db(tune_biquad_gain_at(&b, RATE, 5)), -4.0, 0.01);
    g_assert_cmpfloat_with_epsilon(tune_gain_to_db(tune_biquad_gain_at(&b, RATE, 200)), -2.0, 0.01);
    tune_biquad_init(&b, TUNE_BIQUAD_HIGH_SHELF, RATE, 6000, 0.7071, 5.0);
    g_assert_cmpfloat_with_epsilon(tune_gain_to_db(tune_biquad_gain_at(&b, RATE, 22000)), 5.0,
                                   0.02);
    g_assert_cmpfloat_with_epsilon(tune_gain_to_db(tune_biquad_gain_at(&b, RATE, 50)), 0.0, 0.01);
    tune_biquad_init(&b, TUNE_BIQUAD_NOTCH, RATE, 50, 2.0, 0);
    g_assert_cmpfloat(tune_biquad_gain_at(&b, RATE, 50), <, 1e-6);
    tune_biquad_init(&b, TUNE_BIQUAD_BAND_PASS, RATE, 1000, 2.0, 0);
    g_assert_cmpfloat_with_epsilon(tune_biquad_gain_at(&b, RATE, 1000), 1.0, 1e-6);
}

static void test_biquad_sounds_as_it_says(void)
{
    gsize n = RATE;
    g_autofree float *frames = g_new(float, 2 * n), *mono = g_new(float, n);
    TuneBiquad stereo, single;
    double power = 0;

    tune_biquad_init(&stereo, TUNE_BIQUAD_PEAK, RATE, 1000, 1.0, -9.0);
    single = stereo;
    for (gsize i = 0; i < n; i++) {
        mono[i] = (float)sin(2 * G_PI * 1000 * (double)i / RATE);
        frames[2 * i] = 0.0f;
        frames[2 * i + 1] = mono[i];
    }
    tune_biquad_process(&stereo, frames, n);
    tune_biquad_process_mono(&single, mono, n);
    for (gsize i = 0; i < n; i++) {
        g_assert_cmpfloat(frames[2 * i], ==, 0.0f);
        g_assert_cmpfloat(frames[2 * i + 1], ==, mono[i]);
        power += i > n / 2 ? 2.0 * mono[i] * mono[i] / (double)(n / 2) : 0.0;
    }
    g_assert_cmpfloat_with_epsilon(10 * log10(power), -9.0, 0.05);
}

static void test_dc_goes(void)
{
    gsize n = 2 * RATE;
    g_autofree float *frames = test_tones(n, RATE, 0.5f);
    TuneDcBlocker blocker;
    double sum = 0;

    for (gsize i = 0; i < 2 * n; i++)
        frames[i] += 0.2f;
    tune_dc_blocker_init(&blocker, RATE, 5);
    tune_dc_blocker_process(&blocker, frames, n);
    for (gsize i = n; i < 2 * n; i++)
        sum += frames[i];
    g_assert_cmpfloat_with_epsilon(sum / (double)n, 0.0, 1e-3);
}

static void test_own_functions_agree_with_libm(void)
{
    for (int i = -4000; i <= 4000; i++) {
        double x = i / 4000.0;

        g_assert_cmpfloat_with_epsilon(tune_sin_pi(x), sin(G_PI * x), 1e-13);
        g_assert_cmpfloat_with_epsilon(tune_cos_pi(x), cos(G_PI * x), 1e-13);
        g_assert_cmpfloat_with_epsilon(tune_exp2(40 * x) / exp2(40 * x), 1.0, 1e-13);
        g_assert_cmpfloat_with_epsilon(tune_log2(exp(30 * x)), 30 * x / log(2), 1e-12);
    }
    g_assert_cmpfloat_with_epsilon(tune_gain_to_db(tune_db_to_gain(-14.25)), -14.25, 1e-12);
}

static void test_spill_returns_what_it_got(void)
{
    gsize n = 50001, got;
    g_autofree float *frames = test_tones(n, RATE, 0.5f);
    g_autoptr(GError) error = NULL;
    TuneSpill *spill = tune_spill_new(RATE, 2, &error);

    g_assert_no_error(error);
    for (gsize at = 0, piece; at < n; at += piece) {
        piece = MIN(1 + at % 3001, n - at);
        g_assert_true(tune_spill_write(spill, frames + 2 * at, piece, &error));
    }
    g_assert_cmpint(tune_spill_n_frames(spill), ==, (gint64)n);
    g_autoptr(TuneSource) first = tune_spill_source_new(spill, &error);
    g_autofree float *one = test_read_all(first, &got);
    g_assert_cmpmem(one, (int)(8 * got), frames, (int)(8 * n));
    g_autoptr(TuneSource) second = tune_spill_into_source(spill, &error);
    g_assert_no_error(error);
    g_assert_cmpint(second->n_frames, ==, (gint64)n);
    g_autofree float *two = test_read_all(second, &got);
    g_assert_cmpmem(two, (int)(8 * got), frames, (int)(8 * n));
}

static void test_exact_source_pads_and_cuts(void)
{
    float frames[6] = {1, 2, 3, 4, 5, 6};
    gsize got;
    g_autoptr(TuneSource) longer =
        tune_exact_source_new(tune_memory_source_new(frames, 3, 2, RATE), 5);
    g_autoptr(TuneSource) shorter =
        tune_exact_source_new(tune_memory_source_new(frames, 6, 1, RATE), 4);
    g_autofree float *one = test_read_all(longer, &got);

    g_assert_cmpuint(got, ==, 5);
    g_assert_cmpfloat(one[5], ==, 6);
    g_assert_cmpfloat(one[6], ==, 0);
    g_autofree float *two = test_read_all(shorter, &got);
    g_assert_cmpuint(got, ==, 4);
    g_assert_cmpfloat(two[3], ==, 4);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/audio/limiter/holds-the-ceiling", test_limiter_holds_the_ceiling);
    g_test_add_func("/audio/limiter/leaves-quiet-alone", test_limiter_leaves_quiet_sound_alone);
    g_test_add_func("/audio/limiter/short-sounds", test_limiter_handles_short_sounds);
    g_test_add_func("/audio/dynamics/cuts-do-not-matter", test_cuts_do_not_matter);
    g_test_add_func("/audio/truepeak/agrees-with-ebur128", test_true_peak_agrees_with_ebur128);
    g_test_add_func("/audio/loudness/agrees-with-ebur128", test_loudness_agrees_with_ebur128);
    g_test_add_func("/audio/loudness/silence-is-finite", test_silence_has_finite_figures);
    g_test_add_func("/audio/compressor/ratio", test_compressor_gives_its_ratio);
    g_test_add_func("/audio/compressor/release", test_compressor_takes_its_time);
    g_test_add_func("/audio/biquad/response", test_biquads_have_their_response);
    g_test_add_func("/audio/biquad/sounds-as-it-says", test_biquad_sounds_as_it_says);
    g_test_add_func("/audio/biquad/dc-goes", test_dc_goes);
    g_test_add_func("/audio/decibel/agrees-with-libm", test_own_functions_agree_with_libm);
    g_test_add_func("/audio/spill/returns-what-it-got", test_spill_returns_what_it_got);
    g_test_add_func("/audio/memory/exact-length", test_exact_source_pads_and_cuts);
    return g_test_run();
}
