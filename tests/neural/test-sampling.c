/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "neural/sampling.h"

#include <math.h>

#define N 2048

static void fill(float *logits, guint64 seed)
{
    TuneRandom random;

    tune_random_init(&random, seed, "logits");
    for (guint i = 0; i < N; i++)
        logits[i] = (float)(3 * tune_random_bell(&random));
}

static void test_guidance_widens_the_difference(void)
{
    float conditional[] = {1, 2, -1}, null[] = {0.5f, 3, -1};

    tune_guide(conditional, null, 3, 3);
    g_assert_cmpfloat(conditional[0], ==, 2);
    g_assert_cmpfloat(conditional[1], ==, 0);
    g_assert_cmpfloat(conditional[2], ==, -1);
}

/* Top-k against counting how many are larger. */
static void test_top_k_keeps_the_largest_and_ties(void)
{
    float logits[N], probabilities[N];

    fill(logits, 1);
    for (guint i = 100; i < 160; i++)
        logits[i] = 2.5f;
    for (guint k = 1; k < N; k += k < 400 ? 7 : 191) {
        TuneSampling settings = {.temperature = 0.7, .top_k = k, .top_p = 1};
        gsize kept = tune_sampling_probabilities(&settings, logits, N, probabilities), n = 0;
        double sum = 0;

        for (guint i = 0; i < N; i++) {
            guint larger = 0;
            for (guint j = 0; j < N; j++)
                larger += logits[j] > logits[i];
            g_assert_true((larger < k) == (probabilities[i] > 0));
            n += larger < k;
            sum += (double)probabilities[i];
        }
        g_assert_cmpuint(kept, ==, n);
        g_assert_cmpfloat_with_epsilon(sum, 1, 1e-5);
    }
}

static void test_top_p_keeps_the_nucleus(void)
{
    static const float logits[] = {0, 0.6931472f, 1.3862944f, 2.0794415f}; /* 1 2 4 8, of 15 */
    static const struct {
        double p;
        gsize kept;
    } cases[] = {{1, 4},    {0.95, 4}, {0.93, 3}, {0.81, 3},
                 {0.79, 2}, {0.54, 2}, {0.52, 1}, {0.001, 1}};
    static const float ties[] = {1, 1, 1, 1};
    TuneSampling settings = {.temperature = 1, .top_p = 0.6};
    float probabilities[4];

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        settings.top_p = cases[i].p;
        g_assert_cmpuint(tune_sampling_probabilities(&settings, logits, 4, probabilities), ==,
                         cases[i].kept);
        for (guint j = 0; j < 4; j++)
            g_assert_true((probabilities[j] > 0) == (j >= 4 - cases[i].kept));
    }
    settings.top_p = 0.6; /* of equals the first ones go, as when sorted */
    g_assert_cmpuint(tune_sampling_probabilities(&settings, ties, 4, probabilities), ==, 3);
    g_assert_true(probabilities[0] <= 0 && probabilities[1] > 0);
}

static void test_greedy_takes_the_first_largest(void)
{
    static const float logits[] = {1, 7, 3, 7};
    TuneSampling settings = {.temperature = 1, .top_p = 1, .greedy = TRUE};

    g_assert_cmpint(tune_sample(&settings, logits, 4, NULL, NULL), ==, 1);
}

static void test_draws_follow_the_probabilities(void)
{
    static const float logits[] = {0, 0.6931472f, -9, 2.0794415f};
    TuneSampling settings = {.temperature = 1, .top_k = 3, .top_p = 1};
    TuneRandom random;
    float scratch[4];
    gint seen[4] = {0};

    tune_random_init(&random, 3, "draws");
    for (guint i = 0; i < 11000; i++)
        seen[tune_sample(&settings, logits, 4, &random, scratch)]++;
    g_assert_cmpint(ABS(seen[0] - 1000), <, 150);
    g_assert_cmpint(ABS(seen[1] - 2000), <, 200);
    g_assert_cmpint(seen[2], ==, 0);
    g_assert_cmpint(ABS(seen[3] - 8000), <, 250);
}

/* A model that is broken must not hang or leave the array. */
static void test_strange_logits_end(void)
{
    float logits[64], scratch[64];
    TuneSampling settings = {.temperature = 1, .top_k = 9, .top_p = 0.5};
    TuneRandom random;

    tune_random_init(&random, 4, "strange");
    for (guint i = 0; i < 64; i++)
        logits[i] = i % 3 == 0 ? NAN : i % 3 == 1 ? -INFINITY : (float)i;
    g_assert_cmpint(tune_sample(&settings, logits, 64, &random, scratch), <, 64);
    for (guint i = 0; i < 64; i++)
        logits[i] = NAN;
    g_assert_cmpint(tune_sample(&settings, logits, 64, &random, scratch), <, 64);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/neural/sampling/guidance-widens-the-difference",
                    test_guidance_widens_the_difference);
    g_test_add_func("/neural/sampling/top-k-keeps-the-largest-and-ties",
                    test_top_k_keeps_the_largest_and_ties);
    g_test_add_func("/neural/sampling/top-p-keeps-the-nucleus", test_top_p_keeps_the_nucleus);
    g_test_add_func("/neural/sampling/greedy-takes-the-first-largest",
                    test_greedy_takes_the_first_largest);
    g_test_add_func("/neural/sampling/draws-follow-the-probabilities",
                    test_draws_follow_the_probabilities);
    g_test_add_func("/neural/sampling/strange-logits-end", test_strange_logits_end);
    return g_test_run();
}
