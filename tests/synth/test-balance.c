/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "audio/loudness.h"
#include "scores.h"
#include "synth/balance.h"
#include "synth/synth.h"
#include <math.h>
#include <sys/stat.h>

static gboolean measure(guint track, const float *frames, gsize n, gpointer user_data, GError **error)
{
    TuneLoudnessMeter **meters = user_data;

    tune_loudness_meter_feed(meters[track], frames, n);
    return TRUE;
}

static TuneCalibration *load(const TuneSynth *synth)
{
    g_autoptr(GError) error = NULL;
    struct stat st;

    g_assert_cmpint(stat(tune_synth_soundfont(synth), &st), ==, 0);
    TuneCalibration *calibration = tune_calibration_load((guint64)st.st_size, &error);

    g_assert_no_error(error);
    return calibration;
}

static TuneLoudness loudness_of(const TuneLoudnessMeter *meter)
{
    TuneLoudness loudness;

    tune_loudness_meter_read(meter, &loudness);
    return loudness;
}

/* What was foretold from the notes is what is heard: parts within 5 dB (a pad asked to play eighths is the
 * hardest), most within 2, the mix within 2. */
static void test_prediction(void)
{
    g_autoptr(TuneScore) score = test_score_new(12, 110, 10);
    TuneSynthConfig config = TUNE_SYNTH_CONFIG_DEFAULT;
    g_autoptr(TuneSynth) synth = tune_synth_new(&config, NULL);
    g_autoptr(TuneCalibration) calibration = load(synth);
    TuneLoudnessMeter *meters[11];
    TuneSynthOptions options = TUNE_SYNTH_OPTIONS_DEFAULT;
    TuneBalance balance;
    float block[2 * 4096];
    gsize got;
    guint near = 0;

    for (guint i = 0; i < 11; i++)
        meters[i] = tune_loudness_meter_new(44100, 2, FALSE, NULL);
    options.stem_sink = measure;
    options.stem_user_data = meters;
    tune_balance_init(&balance, calibration, NULL, score);
    g_autoptr(TuneSource) mix = tune_synth_render(synth, score, &options, NULL);

    do {
        g_assert_true(tune_source_read(mix, block, 4096, &got, NULL));
        tune_loudness_meter_feed(meters[10], block, got);
    } while (got > 0);
    for (guint i = 0; i < 10; i++) {
        double off = loudness_of(meters[i]).integrated_lufs - balance.loudness[i];

        g_test_message("part %u: %+.1f dB", i, off);
        near += fabs(off) <= 2.5;
        if (i != 7)
            g_assert_cmpfloat(fabs(off), <=, 5);
    }
    g_assert_cmpuint(near, >=, 7);
    g_assert_cmpfloat(fabs(loudness_of(meters[10]).integrated_lufs - balance.mix_lufs), <=, 2);
    for (guint i = 0; i < 11; i++)
        tune_loudness_meter_free(meters[i]);
    tune_balance_clear(&balance);
}

/* Level, not velocity or density, decides how loud a part is beside the others. */
static void test_levels(void)
{
    TuneSynthConfig config = TUNE_SYNTH_CONFIG_DEFAULT;
    g_autoptr(TuneSynth) synth = tune_synth_new(&config, NULL);
    g_autoptr(TuneCalibration) calibration = load(synth);
    TuneBalance balance;

    for (guint parts = 1; parts <= 10; parts++) {
        g_autoptr(TuneScore) score = test_score_new(3, 90, parts);

        tune_balance_init(&balance, calibration, NULL, score);
        for (guint i = 1; i < parts; i++)
            g_assert_cmpfloat(fabs(balance.loudness[0] - 4 - balance.loudness[i]), <, 0.01);
        tune_balance_clear(&balance);
    }
    /* Nothing to play: no gain, no loudness. */
    g_autoptr(TuneScore) empty = test_score_empty(100);

    tune_score_add_track(empty, "nothing", "Nothing");
    empty->ticks = 4 * TUNE_PPQ;
    test_score_finish(empty);
    tune_balance_init(&balance, calibration, NULL, empty);
    g_assert_cmpfloat(balance.gains[0], ==, 1);
    g_assert_cmpfloat(balance.mix_lufs, ==, -70);
    tune_balance_clear(&balance);
}

/* Every program and drum of General MIDI was measured and makes a sound somewhere. */
static void test_calibration_is_whole(void)
{
    g_autoptr(TuneCalibration) calibration = tune_calibration_load(0, NULL);
    double lufs[TUNE_CALIBRATION_STRETCHES];

    g_assert_nonnull(calibration);
    for (guint program = 0; program < 128; program++) {
        double loudest = -70;

        for (guint8 key = 24; key <= 108; key += 12) {
            tune_calibration_note(calibration, FALSE, (guint8)program, key, lufs);
            loudest = MAX(loudest, lufs[0]);
        }
        g_assert_cmpfloat(loudest, >, -45);
        g_assert_cmpfloat(loudest, <, 0);
    }
    for (guint8 key = 35; key <= 81; key++) {
        tune_calibration_note(calibration, TRUE, 0, key, lufs);
        g_assert_cmpfloat(lufs[0], >, -60);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/synth/calibration/is-whole", test_calibration_is_whole);
    g_test_add_func("/synth/balance/levels", test_levels);
    g_test_add_func("/synth/balance/prediction-is-heard", test_prediction);
    return g_test_run();
}
