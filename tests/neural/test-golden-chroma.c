/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "golden.h"

#include "audio/encode.h"
#include "audio/memory.h"
#include "neural/chroma.h"

#include <math.h>
#include <string.h>

static void test_filters(void)
{
    g_autoptr(TuneGolden) golden = tune_golden_open("tiny-melody");
    g_autofree float *filters = tune_chroma_filters();

    tune_golden_compare(golden, "chroma.filters", filters, TUNE_CHROMA_CLASSES * 8193, 2e-6);
}

/* [classes, frames] as rows of frames. */
static float *transposed(const float *values, gsize n_frames)
{
    float *rows = g_new(float, n_frames *TUNE_CHROMA_CLASSES);

    for (gsize frame = 0; frame < n_frames; frame++)
        for (guint c = 0; c < TUNE_CHROMA_CLASSES; c++)
            rows[frame * TUNE_CHROMA_CLASSES + c] = values[c * n_frames + frame];
    return rows;
}

static void test_energies_and_choices(gconstpointer data)
{
    g_autoptr(TuneGolden) golden = tune_golden_open("tiny-melody");
    g_autofree char *audio_name = g_strdup_printf("chroma.%s.audio", (const char *)data);
    g_autofree char *raw_name = g_strdup_printf("chroma.%s.raw", (const char *)data);
    g_autofree char *choice_name = g_strdup_printf("chroma.%s.onehot", (const char *)data);
    gsize n, n_frames, n_raw;
    float largest = 0;
    g_autofree float *audio = tune_golden_floats(golden, audio_name, &n);
    g_autofree float *want = tune_golden_floats(golden, raw_name, &n_raw);
    g_autofree float *raw = tune_chroma_energies(audio, n, &n_frames);
    g_autofree float *rows = transposed(want, n_raw / TUNE_CHROMA_CLASSES);
    g_autofree float *choices = tune_chroma(audio, n, &n_frames);

    g_assert_cmpuint(n_frames * TUNE_CHROMA_CLASSES, ==, n_raw);
    for (gsize i = 0; i < n_raw; i++)
        largest = MAX(largest, rows[i]);
    tune_golden_compare_floats(raw_name, raw, rows, n_raw, 1e-5 * (double)largest);
    tune_golden_compare(golden, choice_name, choices, n_raw, 0);
}

/* Our resampler is not the reference's: the middle is near, the choices are the same. */
static void test_other_rates_are_resampled(void)
{
    g_autoptr(TuneGolden) golden = tune_golden_open("tiny-melody");
    gsize n, n_want, n_frames, got = 0, block;
    g_autofree float *audio = tune_golden_floats(golden, "chroma.rate44.audio", &n);
    g_autofree float *want = tune_golden_floats(golden, "chroma.rate44.resampled", &n_want);
    g_autofree float *resampled = g_new0(float, n_want + 1024);
    g_autoptr(TuneSource) source =
        tune_resample_new(tune_memory_source_new(audio, n, 1, 44100), TUNE_CHROMA_RATE, NULL);

    while (got <= n_want && tune_source_read(source, resampled + got, 1024, &block, NULL) &&
           block > 0)
        got += block;
    g_assert_cmpuint(got, ==, n_want);
    tune_golden_compare_floats("chroma.rate44.resampled", resampled + 500, want + 500,
                               n_want - 1000, 0.02);
    g_autofree float *choices = tune_chroma(resampled, got, &n_frames);
    tune_golden_compare(golden, "chroma.rate44.onehot", choices, n_frames * TUNE_CHROMA_CLASSES, 0);
}

static void test_channels_are_mixed(void)
{
    g_autoptr(TuneGolden) golden = tune_golden_open("tiny-melody");
    gsize n, n_frames;
    g_autofree float *audio = tune_golden_floats(golden, "chroma.stereo.audio", &n);

    for (gsize i = 0; i < n / 2; i++)
        audio[i] = (audio[i] + audio[n / 2 + i]) / 2;
    g_autofree float *choices = tune_chroma(audio, n / 2, &n_frames);
    tune_golden_compare(golden, "chroma.stereo.onehot", choices, n_frames * TUNE_CHROMA_CLASSES, 0);
}

int main(int argc, char **argv)
{
    static const char *const signals[] = {"melody", "noise", "short", "silence"};

    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/neural/golden/chroma/filters", test_filters);
    for (guint i = 0; i < G_N_ELEMENTS(signals); i++) {
        g_autofree char *path = g_strdup_printf("/neural/golden/chroma/%s", signals[i]);
        g_test_add_data_func(path, signals[i], test_energies_and_choices);
    }
    g_test_add_func("/neural/golden/chroma/other-rates-are-resampled",
                    test_other_rates_are_resampled);
    g_test_add_func("/neural/golden/chroma/channels-are-mixed", test_channels_are_mixed);
    return g_test_run();
}
