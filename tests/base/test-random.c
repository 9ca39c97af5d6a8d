/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/random.h"

static void test_streams_are_fixed_for_ever(void)
{
    TuneRandom r;

    tune_random_init(&r, 42, "chorus/bass/bar/%d", 3);
    guint64 first = tune_random_next(&r);
    tune_random_init(&r, 42, "chorus/bass/bar/3");
    g_assert_cmpuint(tune_random_next(&r), ==, first);
    tune_random_init(&r, 42, "chorus/bass/bar/4");
    g_assert_cmpuint(tune_random_next(&r), !=, first);
    tune_random_init(&r, 43, "chorus/bass/bar/3");
    g_assert_cmpuint(tune_random_next(&r), !=, first);
    /* A recipe of today must sound the same in ten years: the very value is part of the contract. */
    g_assert_cmpuint(first, ==, 0xC601D9E703218F33u);
}

static void test_draws_have_their_shape(void)
{
    TuneRandom r;
    double sum = 0, square = 0;
    gint histogram[6] = {0};
    static const double weights[] = {1, 0, 3};
    gint picked[3] = {0};

    tune_random_init(&r, 1, "shape");
    for (int i = 0; i < 60000; i++) {
        double x = tune_random_bell(&r);
        sum += x;
        square += x * x;
        gint die = tune_random_int(&r, 1, 6);
        g_assert_cmpint(die, >=, 1);
        g_assert_cmpint(die, <=, 6);
        histogram[die - 1]++;
        picked[tune_random_weighted(&r, weights, 3)]++;
    }
    g_assert_cmpfloat_with_epsilon(sum / 60000, 0, 0.02);
    g_assert_cmpfloat_with_epsilon(square / 60000, 1, 0.03);
    for (int i = 0; i < 6; i++)
        g_assert_cmpint(ABS(histogram[i] - 10000), <, 500);
    g_assert_cmpint(picked[1], ==, 0);
    g_assert_cmpint(ABS(picked[0] - 15000), <, 600);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/base/random/streams-are-fixed-for-ever", test_streams_are_fixed_for_ever);
    g_test_add_func("/base/random/draws-have-their-shape", test_draws_have_their_shape);
    return g_test_run();
}
