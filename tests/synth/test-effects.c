/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "scores.h"
#include "synth/chorus.h"
#include "synth/duck.h"
#include "synth/echo.h"
#include "synth/reverb.h"
#include <math.h>
#include <string.h>

#define RATE 44100
#define N (64 * 4096) /* about six seconds */

typedef struct {
    float left[N], right[N];
} Sound;

static double energy(const float *x, gsize from, gsize to)
{
    double sum = 0;

    for (gsize i = from; i < to; i++)
        sum += (double)x[i] * (double)x[i];
    return sum;
}

/* The answer of a room to one click. */
static Sound *ring_out(double decay, double size)
{
    TuneReverbConfig config = {decay, size, 0};
    TuneReverb *reverb = tune_reverb_new(RATE, &config);
    Sound *out = g_new0(Sound, 1);
    float click[64] = {1}, none[64] = {0};

    g_assert_true(tune_reverb_is_asleep(reverb));
    tune_reverb_process(reverb, click, click, out->left, out->right, 64, FALSE);
    for (gsize at = 64; at < N; at += 64)
        tune_reverb_process(reverb, none, none, out->left + at, out->right + at, 64, TRUE);
    tune_reverb_free(reverb);
    return out;
}

/* Time for 60 dB, from the slope of the energy still to come (Schroeder) between -5 and -25 dB. */
static double decay_of(const float *x)
{
    double left = energy(x, 0, N), total = left;
    gsize at_5 = 0, at_25 = 0;

    for (gsize i = 0; i < N && at_25 == 0; i++) {
        left -= (double)x[i] * (double)x[i];
        if (at_5 == 0 && left < total * 0.316)
            at_5 = i;
        if (left < total * 0.00316)
            at_25 = i;
    }
    return 3.0 * (double)(at_25 - at_5) / RATE;
}

static void test_reverb_decays_as_asked(void)
{
    for (double decay = 0.5; decay <= 4; decay *= 2) {
        g_autofree Sound *out = ring_out(decay, 1);
        double got = decay_of(out->left);

        /* The highs go sooner, so that the whole is a little shorter than the lows. */
        g_test_message("%.2f s asked, %.2f s", decay, got);
        g_assert_cmpfloat(got, >, 0.5 * decay);
        g_assert_cmpfloat(got, <, 1.3 * decay);
    }
}

static void test_reverb_sides_differ_and_balance(void)
{
    g_autofree Sound *out = ring_out(2, 1);
    double l = energy(out->left, 0, N), r = energy(out->right, 0, N), product = 0;

    for (gsize i = 0; i < N; i++)
        product += (double)out->left[i] * (double)out->right[i];
    g_assert_cmpfloat(fabs(10 * log10(l / r)), <, 1.5);
    g_assert_cmpfloat(fabs(product) / sqrt(l * r), <, 0.35);
}

/* A room that sleeps wakes up as a new one. */
static void test_reverb_sleeps(void)
{
    TuneReverbConfig config = {0.3, 0.4, 0};
    TuneReverb *reverb = tune_reverb_new(RATE, &config);
    float click[64] = {1}, none[64] = {0};
    float first[64] = {0}, second[64] = {0}, right[64] = {0};
    gsize blocks = 0;

    tune_reverb_process(reverb, click, click, first, right, 64, FALSE);
    while (!tune_reverb_is_asleep(reverb) && blocks++ < 5000) {
        float l[64] = {0}, r[64] = {0};

        tune_reverb_process(reverb, none, none, l, r, 64, TRUE);
    }
    g_assert_cmpuint(blocks, <, 2 * RATE / 64);
    memset(right, 0, sizeof right);
    tune_reverb_process(reverb, click, click, second, right, 64, FALSE);
    g_assert_cmpmem(first, sizeof first, second, sizeof second);
    tune_reverb_free(reverb);
}

static void test_echo_comes_in_time(void)
{
    TuneEcho *echo = tune_echo_new(RATE, 0.25, 0.5);
    g_autofree Sound *out = g_new0(Sound, 1);
    float click[64] = {1}, none[64] = {0};

    tune_echo_process(echo, click, none, out->left, out->right, 64, FALSE);
    for (gsize at = 64; at < N; at += 64)
        tune_echo_process(echo, none, none, out->left + at, out->right + at, 64, TRUE);
    gsize quarter = RATE / 4;

    g_assert_cmpfloat(energy(out->left, 0, quarter - 5), ==, 0);
    g_assert_cmpfloat(out->left[quarter + 1], ==, 0.5f);
    /* The second one on the other side, weaker. */
    double first = energy(out->left, quarter - 9, quarter + 9);
    double second = energy(out->right, 2 * quarter - 9, 2 * quarter + 9);

    g_assert_cmpfloat(second, >, 0.05 * first);
    g_assert_cmpfloat(second, <, 0.3 * first);
    g_assert_true(tune_echo_is_asleep(echo));
    tune_echo_free(echo);
}

static void test_chorus_keeps_level(void)
{
    TuneChorus *chorus = tune_chorus_new(RATE, 1);
    g_autofree Sound *x = g_new0(Sound, 1);

    for (gsize i = 0; i < N; i++)
        x->left[i] = x->right[i] = (float)(0.5 * sin(0.05 * (double)i) * sin(0.00071 * (double)i));
    double before = energy(x->left, 0, N);

    tune_chorus_process(chorus, x->left, x->right, N);
    g_assert_cmpfloat(fabs(10 * log10(energy(x->left, 0, N) / before)), <, 3);
    g_assert_cmpfloat(energy(x->left, 0, N), !=, energy(x->right, 0, N));
    tune_chorus_free(chorus);
}

static void test_duck_follows_kick(void)
{
    g_autoptr(TuneScore) score = test_score_new(2, 120, 5); /* bass drum on 1 and 3 */
    TuneDuck *duck = tune_duck_new(score, RATE, 1);
    g_autofree Sound *x = g_new0(Sound, 1);

    for (gsize i = 0; i < N; i++)
        x->left[i] = x->right[i] = 1;
    tune_duck_process(duck, 0, x->left, x->right, N);
    gsize beat = RATE / 2;

    for (gsize kick = 0; kick < 4; kick++) {
        gsize at = 2 * beat * kick;

        g_assert_cmpfloat(x->left[at + 600], <, 0.4f);
        g_assert_cmpfloat(x->left[at + beat + 1000], >, 0.95f);
    }
    /* No jump that could click. */
    for (gsize i = 1; i < N; i++)
        g_assert_cmpfloat(fabsf(x->left[i] - x->left[i - 1]), <, 0.01f);
    tune_duck_free(duck);
    g_autoptr(TuneScore) without = test_score_new(2, 120, 3);

    g_assert_null(tune_duck_new(without, RATE, 1));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/synth/reverb/decays-as-asked", test_reverb_decays_as_asked);
    g_test_add_func("/synth/reverb/sides-differ", test_reverb_sides_differ_and_balance);
    g_test_add_func("/synth/reverb/sleeps", test_reverb_sleeps);
    g_test_add_func("/synth/echo/comes-in-time", test_echo_comes_in_time);
    g_test_add_func("/synth/chorus/keeps-level", test_chorus_keeps_level);
    g_test_add_func("/synth/duck/follows-bass-drum", test_duck_follows_kick);
    return g_test_run();
}
