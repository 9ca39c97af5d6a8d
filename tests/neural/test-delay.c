/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "neural/delay.h"

#define P 2048

static void check_rows(const TuneDelay *delay, const gint32 *want)
{
    for (guint row = 0; row < delay->n_codebooks; row++)
        for (guint column = 0; column < delay->length; column++)
            g_assert_cmpint(tune_delay_forced(delay, row, column), ==,
                            want[row * delay->length + column]);
}

static void test_codebooks_run_late(void)
{
    TuneDelay delay = {.n_codebooks = 4, .n_channels = 1, .special = P, .length = 10};
    static const gint32 want[] = {P,  -1, -1, -1, -1, -1, -1, P,  P,  P,  P,  P,  -1, -1,
                                  -1, -1, -1, -1, P,  P,  P,  P,  P,  -1, -1, -1, -1, -1,
                                  -1, P,  P,  P,  P,  P,  -1, -1, -1, -1, -1, -1};

    check_rows(&delay, want);
    g_assert_cmpuint(tune_delay_n_frames(&delay), ==, 6);
    g_assert_cmpuint(tune_delay_length(6, 4, 1), ==, 10);
    g_assert_cmpuint(tune_delay_first_free(&delay), ==, 1);
    g_assert_cmpuint(tune_delay_column(&delay, 3, 5), ==, 9);
}

static void test_channels_share_a_delay(void)
{
    TuneDelay delay = {.n_codebooks = 8, .n_channels = 2, .special = P, .length = 10};

    for (guint row = 0; row < 8; row++) {
        g_assert_cmpint(tune_delay_forced(&delay, row, row / 2), ==, P);
        g_assert_cmpint(tune_delay_forced(&delay, row, row / 2 + 1), ==, -1);
        g_assert_cmpuint(tune_delay_column(&delay, row, 0), ==, row / 2 + 1);
    }
    g_assert_cmpuint(tune_delay_length(6, 8, 2), ==, 10);
}

static void test_a_prompt_is_forced(void)
{
    static const gint32 prompt[] = {10, 11, 20, 21, 30, 31, 40, 41};
    TuneDelay delay = {.n_codebooks = 4,
                       .n_channels = 1,
                       .special = P,
                       .n_prompt = 2,
                       .length = 8,
                       .prompt = prompt};
    static const gint32 want[] = {P, 10, 11, -1, -1, P,  P,  P, P, P, 20, 21, -1, -1, P,  P,
                                  P, P,  P,  30, 31, -1, -1, P, P, P, P,  P,  40, 41, -1, -1};

    check_rows(&delay, want);
    g_assert_cmpuint(tune_delay_first_free(&delay), ==, 3);
    g_assert_cmpuint(tune_delay_n_frames(&delay), ==, 4);
}

static void test_few_columns_are_not_delayed(void)
{
    TuneDelay delay = {.n_codebooks = 4, .n_channels = 1, .special = P, .length = 6};

    for (guint row = 0; row < 4; row++) {
        g_assert_cmpint(tune_delay_forced(&delay, row, 0), ==, P);
        for (guint column = 1; column < 6; column++)
            g_assert_cmpint(tune_delay_forced(&delay, row, column), ==, -1);
    }
    g_assert_cmpuint(tune_delay_n_frames(&delay), ==, 5);
    g_assert_cmpuint(tune_delay_length(2, 4, 1), ==, 3);
    g_assert_cmpuint(tune_delay_length(3, 4, 1), ==, 7);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/neural/delay/codebooks-run-late", test_codebooks_run_late);
    g_test_add_func("/neural/delay/channels-share-a-delay", test_channels_share_a_delay);
    g_test_add_func("/neural/delay/a-prompt-is-forced", test_a_prompt_is_forced);
    g_test_add_func("/neural/delay/few-columns-are-not-delayed", test_few_columns_are_not_delayed);
    return g_test_run();
}
