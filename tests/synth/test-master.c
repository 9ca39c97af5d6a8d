/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "audio/loudness.h"
#include "scores.h"
#include "synth/energy.h"
#include "synth/synth.h"
#include <math.h>
#include <string.h>

static GArray *master(const TuneScore *score, TuneMasterKind kind, guint n_threads, guint rate)
{
    g_autoptr(GError) error = NULL;
    TuneSynthConfig config = TUNE_SYNTH_CONFIG_DEFAULT;

    config.n_threads = n_threads;
    g_autoptr(TuneSynth) synth = tune_synth_new(&config, &error);

    g_assert_no_error(error);
    TuneSynthOptions options = TUNE_SYNTH_OPTIONS_DEFAULT;

    options.rate = rate;
    TuneSource *mix = tune_synth_render(synth, score, &options, &error);

    g_assert_no_error(error);
    TuneMasterOptions master_options = {
        .kind = kind, .loudness_lufs = -14, .peak_dbtp = -1, .score = score};
    g_autoptr(TuneSource) source = tune_master_new(mix, &master_options, &error);

    g_assert_no_error(error);
    GArray *out = g_array_new(FALSE, FALSE, sizeof(float));
    float block[2 * 1000];
    gsize got;

    do {
        g_assert_true(tune_source_read(source, block, 1000, &got, &error));
        g_assert_no_error(error);
        g_array_append_vals(out, block, (guint)(2 * got));
    } while (got > 0);
    return out;
}

static TuneLoudness loudness_of(const GArray *pcm, guint rate)
{
    g_autoptr(TuneLoudnessMeter) meter = tune_loudness_meter_new(rate, 2, TRUE, NULL);
    TuneLoudness loudness;

    tune_loudness_meter_feed(meter, (const float *)(const void *)pcm->data, pcm->len / 2);
    tune_loudness_meter_read(meter, &loudness);
    return loudness;
}

static void assert_mastered(const GArray *pcm, guint rate, double tolerance)
{
    TuneLoudness loudness = loudness_of(pcm, rate);

    g_test_message("%.2f LUFS, %.2f dBTP", loudness.integrated_lufs, loudness.true_peak_dbtp);
    g_assert_cmpfloat(fabs(loudness.integrated_lufs + 14), <=, tolerance);
    g_assert_cmpfloat(loudness.true_peak_dbtp, <=, -1.0);
}

/* One part alone, which may be anything. */
static TuneScore *solo(guint8 program, gboolean is_drums, gint bars, guint8 velocity)
{
    TuneScore *score = test_score_empty(110);
    TuneTrack *track = tune_score_add_track(score, "solo", "Solo");

    track->program = program;
    track->is_drums = is_drums;
    track->mix.reverb = 0.4;
    score->mix.reverb_seconds = 2;
    score->mix.bus_drive = 0.5;
    for (gint beat = 0; beat < 4 * bars; beat++)
        test_score_note(track, beat * TUNE_PPQ, TUNE_PPQ - 20,
                        (guint8)(is_drums ? (beat % 2 ? 38 : 36) : 60 + (beat * 5) % 12),
                        (guint8)(velocity + beat % 3));
    score->ticks = bars * 4 * TUNE_PPQ;
    return score;
}

static void test_exact(void)
{
    const struct {
        guint8 program;
        gboolean is_drums;
        gint bars;
        guint8 velocity;
    } cases[] = {{0, FALSE, 4, 40}, {0, TRUE, 4, 110},  {89, FALSE, 6, 20}, {73, FALSE, 1, 90},
                 {13, FALSE, 3, 80}, {30, FALSE, 4, 100}, {47, FALSE, 2, 100}};

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(TuneScore) score =
            solo(cases[i].program, cases[i].is_drums, cases[i].bars, cases[i].velocity);

        test_score_finish(score);
        g_autoptr(GArray) pcm = master(score, TUNE_MASTER_EXACT, 2, 44100);

        g_test_message("program %d", cases[i].program);
        assert_mastered(pcm, 44100, 0.5);
    }
    for (guint parts = 2; parts <= 10; parts += 4) {
        g_autoptr(TuneScore) score = test_score_new(6, 100, parts);

        score->mix.bus_drive = parts / 10.0;
        g_autoptr(GArray) pcm = master(score, TUNE_MASTER_EXACT, 2, parts == 6 ? 48000 : 44100);

        assert_mastered(pcm, parts == 6 ? 48000 : 44100, 0.5);
    }
}

/* A fade-out, and a jingle of one second. */
static void test_exact_short_and_faded(void)
{
    g_autoptr(TuneScore) faded = test_score_new(6, 120, 5);

    faded->length_us = 12000000;
    faded->fade_us = 6000000;
    g_autoptr(GArray) pcm = master(faded, TUNE_MASTER_EXACT, 2, 44100);

    g_assert_cmpuint(pcm->len, ==, 2 * 12 * 44100);
    assert_mastered(pcm, 44100, 0.5);
    for (guint i = pcm->len - 20; i < pcm->len; i++)
        g_assert_cmpfloat(fabsf(g_array_index(pcm, float, i)), <, 1e-4f);
    g_autoptr(TuneScore) jingle = test_score_new(1, 240, 4);

    jingle->length_us = 1000000;
    g_autoptr(GArray) ding = master(jingle, TUNE_MASTER_EXACT, 2, 44100);

    g_assert_cmpuint(ding->len, ==, 2 * 44100);
    assert_mastered(ding, 44100, 0.5);
}

static void test_live(void)
{
    for (guint parts = 1; parts <= 9; parts += 2) {
        g_autoptr(TuneScore) score = test_score_new(14, 100, parts);

        score->length_us = 34500000;
        g_autoptr(GArray) pcm = master(score, TUNE_MASTER_LIVE, 2, 44100);

        g_assert_cmpint((gint)pcm->len / 2, ==, 34500 * 441 / 10);
        assert_mastered(pcm, 44100, 1.0);
    }
}

static void test_deterministic(void)
{
    g_autoptr(TuneScore) score = test_score_new(8, 120, 7);

    for (gint kind = TUNE_MASTER_EXACT; kind <= TUNE_MASTER_LIVE; kind++) {
        g_autoptr(GArray) a = master(score, (TuneMasterKind)kind, 1, 44100);
        g_autoptr(GArray) b = master(score, (TuneMasterKind)kind, 5, 44100);

        g_assert_cmpuint(a->len, ==, b->len);
        g_assert_cmpint(memcmp(a->data, b->data, a->len * sizeof(float)), ==, 0);
    }
}

/* Sound starts at once, there is no offset, and the end is quiet. */
static void test_head_and_offset(void)
{
    g_autoptr(TuneScore) score = test_score_new(4, 120, 8);

    score->length_us = 11000000;
    g_autoptr(GArray) pcm = master(score, TUNE_MASTER_EXACT, 2, 44100);
    const float *x = (const float *)(const void *)pcm->data;
    gsize n = pcm->len / 2, first = 0;
    double sum = 0, end = 0, body = 0;

    while (first < n && fabsf(x[2 * first]) < 0.001f)
        first++;
    for (gsize i = 0; i < n; i++) {
        sum += (double)x[2 * i];
        body += (double)x[2 * i] * (double)x[2 * i];
        if (i >= n - 4410)
            end += (double)x[2 * i] * (double)x[2 * i];
    }
    g_assert_cmpuint(first, <, 44100 * 30 / 1000);
    g_assert_cmpfloat(fabs(sum / (double)n), <, 5e-4);
    g_assert_cmpfloat(end / 4410, <, body / (double)n * 1e-4);
}

/* Repeated end to end, a loop has no step at the seam greater than those around it. */
static void test_loop_seam(void)
{
    for (guint parts = 3; parts <= 9; parts += 3) {
        g_autoptr(TuneScore) score = test_score_new(4, 120, parts);

        score->loop = TRUE;
        score->length_us = 8000000;
        score->mix.reverb_seconds = 3;
        score->mix.bus_drive = 0.6;
        g_autoptr(GArray) pcm = master(score, TUNE_MASTER_EXACT, 2, 44100);
        const float *x = (const float *)(const void *)pcm->data;
        gsize n = pcm->len / 2;
        float local = 0;

        g_assert_cmpuint(n, ==, 8 * 44100);
        assert_mastered(pcm, 44100, 0.5);
        for (gsize c = 0; c < 2; c++) {
            for (gsize i = 1; i < 400; i++) {
                local = MAX(local, fabsf(x[2 * i + c] - x[2 * (i - 1) + c]));
                local = MAX(local, fabsf(x[2 * (n - i) + c] - x[2 * (n - i - 1) + c]));
            }
            g_assert_cmpfloat(fabsf(x[c] - x[2 * (n - 1) + c]), <=, local);
        }
        /* The tail of the end sounds at the beginning: it is not silence that the first note breaks. */
        g_assert_cmpfloat(fabsf(x[2 * 20]) + fabsf(x[2 * 40]) + fabsf(x[2 * 60]), >, 1e-5f);
    }
}

/* The energy curve's integrated loudness is libebur128's. */
static void test_energy_like_libebur128(void)
{
    const guint rates[] = {22050, 44100, 48000, 96000};

    for (gsize r = 0; r < G_N_ELEMENTS(rates); r++) {
        guint rate = rates[r];
        g_autoptr(TuneLoudnessMeter) meter = tune_loudness_meter_new(rate, 2, FALSE, NULL);
        TuneEnergyCurve curve;
        TuneLoudness loudness;
        float frames[2 * 100];

        tune_energy_curve_init(&curve, rate);
        for (guint block = 0; block < rate / 10; block++) {
            for (guint i = 0; i < 100; i++) {
                double t = (block * 100.0 + i) / rate;

                frames[2 * i] = (float)(0.2 * sin(2000 * t) * (t < 3 ? 1 : 0.05));
                frames[2 * i + 1] = (float)(0.1 * sin(9000 * t + t * t * 20));
            }
            tune_loudness_meter_feed(meter, frames, 100);
            tune_energy_curve_feed(&curve, frames, 100);
        }
        tune_loudness_meter_read(meter, &loudness);
        double ours = tune_energy_integrated_lufs((const double *)(const void *)curve.steps->data,
                                                  curve.steps->len);

        g_assert_cmpfloat(fabs(ours - loudness.integrated_lufs), <, 0.02);
        tune_energy_curve_clear(&curve);
    }
}

static void test_cancelled_first_pass(void)
{
    g_autoptr(TuneScore) score = test_score_new(40, 120, 4);
    g_autoptr(GCancellable) cancellable = g_cancellable_new();
    g_autoptr(GError) error = NULL;
    TuneSynthConfig config = TUNE_SYNTH_CONFIG_DEFAULT;
    g_autoptr(TuneSynth) synth = tune_synth_new(&config, NULL);
    TuneSynthOptions options = TUNE_SYNTH_OPTIONS_DEFAULT;
    TuneSource *mix = tune_synth_render(synth, score, &options, NULL);
    TuneMasterOptions master_options = {.kind = TUNE_MASTER_EXACT, .loudness_lufs = -14,
                                        .peak_dbtp = -1, .score = score, .cancellable = cancellable};

    g_cancellable_cancel(cancellable);
    g_assert_null(tune_master_new(mix, &master_options, &error));
    g_assert_error(error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/synth/energy/like-libebur128", test_energy_like_libebur128);
    g_test_add_func("/synth/master/exact-loudness-and-peak", test_exact);
    g_test_add_func("/synth/master/short-and-faded", test_exact_short_and_faded);
    g_test_add_func("/synth/master/live-loudness-and-peak", test_live);
    g_test_add_func("/synth/master/same-for-any-thread-count", test_deterministic);
    g_test_add_func("/synth/master/head-offset-end", test_head_and_offset);
    g_test_add_func("/synth/master/loop-has-no-seam", test_loop_seam);
    g_test_add_func("/synth/master/cancelled-first-pass", test_cancelled_first_pass);
    return g_test_run();
}
