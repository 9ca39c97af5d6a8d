/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "scores.h"
#include "synth/event.h"
#include "synth/fluid.h"
#include "synth/hand.h"
#include "synth/soundfont.h"
#include "synth/synth.h"
#include <math.h>
#include <string.h>

#define N_BLOCKS 90

/* A harp whose chords outweigh the flute beside it, with pedal; drums take part. */
static TuneScore *heavy_score(void)
{
    TuneScore *score = test_score_empty(120);
    TuneTrack *harp = tune_score_add_track(score, "harp", "Harp");
    TuneTrack *flute = tune_score_add_track(score, "flute", "Flute");
    TuneControl down = {.tick = 0, .control = 64, .value = 127};

    score->ticks = 4 * 4 * TUNE_PPQ;
    score->mix.reverb_seconds = 1.6;
    harp->program = 46;
    flute->program = 73;
    for (gint i = 0; i < 16; i++)
        for (gint k = 0; k < 4; k++)
            test_score_note(harp, i * 240 + k * 10, 480, (guint8)(50 + (i * 5 + k * 4) % 30), 80);
    g_array_append_val(harp->controls, down);
    test_score_note(flute, 0, 1920, 76, 90);
    test_score_finish(score);
    return score;
}

static void play(const TuneScore *score, guint number, guint n, float *out)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *path = tune_soundfont_find(NULL, &error);
    g_assert_no_error(error);
    TuneVoiceBank *bank = tune_fluid_bank_new(path, NULL);
    const TuneVoiceRequest request = {.rate = 44100, .program = 46};
    g_autoptr(GArray) events = tune_events_new(score, 0, 44100);
    TuneHand *hand = tune_hand_new(bank, &request, events, number, n);
    g_autofree TuneHandBlock *block = g_new(TuneHandBlock, 1);

    g_assert_true(tune_voice_bank_divides(bank, &request));
    for (gsize b = 0; b < N_BLOCKS; b++) {
        g_assert_true(tune_hand_play(hand, block, &error));
        for (gsize i = 0; i < TUNE_STEM_BLOCK; i++)
            out[b * TUNE_STEM_BLOCK + i] += block->left[i];
    }
    g_assert_true(block->done);
    tune_hand_free(hand);
    tune_voice_bank_free(bank);
}

static double rms(const float *samples, gsize n)
{
    double sum = 0;

    for (gsize i = 0; i < n; i++)
        sum += (double)samples[i] * (double)samples[i];
    return sqrt(sum / (double)n);
}

/* Two hands together play what one plays, and each has its share. */
static void test_two_hands_are_one(void)
{
    const gsize n = N_BLOCKS * TUNE_STEM_BLOCK;
    g_autoptr(TuneScore) score = heavy_score();
    g_autofree float *one = g_new0(float, n), *two = g_new0(float, n), *half = g_new0(float, n);

    play(score, 0, 1, one);
    play(score, 0, 2, half);
    memcpy(two, half, n * sizeof *two);
    play(score, 1, 2, two);
    double whole = rms(one, n);
    g_assert_cmpfloat(whole, >, 1e-3);
    g_assert_cmpfloat(rms(half, n), >, 0.3 * whole);
    for (gsize i = 0; i < n; i++)
        half[i] = two[i] - half[i];
    g_assert_cmpfloat(rms(half, n), >, 0.3 * whole);
    for (gsize i = 0; i < n; i++)
        two[i] -= one[i];
    g_assert_cmpfloat(rms(two, n), <, 1e-5 * whole);
}

static void test_who_gets_two(void)
{
    g_autoptr(TuneScore) score = heavy_score();

    g_assert_cmpuint(tune_hands_wanted(score, 0), ==, 2);
    g_assert_cmpuint(tune_hands_wanted(score, 1), ==, 1);
    score->loop = TRUE;
    g_assert_cmpuint(tune_hands_wanted(score, 0), ==, 1);
}

static GArray *render(const TuneScore *score, guint n_threads)
{
    TuneSynthConfig config = TUNE_SYNTH_CONFIG_DEFAULT;
    TuneSynthOptions options = TUNE_SYNTH_OPTIONS_DEFAULT;
    GArray *out = g_array_new(FALSE, FALSE, sizeof(float));
    float block[2 * 1000];
    gsize got;

    config.n_threads = n_threads;
    g_autoptr(TuneSynth) synth = tune_synth_new(&config, NULL);
    g_autoptr(TuneSource) source = tune_synth_render(synth, score, &options, NULL);
    do {
        g_assert_true(tune_source_read(source, block, 1000, &got, NULL));
        g_array_append_vals(out, block, (guint)(2 * got));
    } while (got > 0);
    return out;
}

static void test_any_number_of_threads(void)
{
    g_autoptr(TuneScore) score = heavy_score();
    g_autoptr(GArray) one = render(score, 1);

    for (guint n = 2; n <= 5; n++) {
        g_autoptr(GArray) more = render(score, n);

        g_assert_cmpuint(more->len, ==, one->len);
        g_assert_cmpint(memcmp(more->data, one->data, one->len * sizeof(float)), ==, 0);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/synth/hand/two-hands-are-one", test_two_hands_are_one);
    g_test_add_func("/synth/hand/heavy-tracks-get-two", test_who_gets_two);
    g_test_add_func("/synth/hand/any-number-of-threads-same-sound", test_any_number_of_threads);
    return g_test_run();
}
