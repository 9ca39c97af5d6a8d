/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "golden.h"
#include "neural/checkpoint.h"
#include "neural/delay.h"

#include <stdio.h>
#include <string.h>

/* "delay.s3_l12.mask": what the pattern of 3 prompt frames in 12 columns holds. */
static void check_pattern(const TuneGolden *golden, TuneDelay delay, const char *name)
{
    g_autofree char *stem = g_strndup(name, strlen(name) - strlen("mask"));
    g_autofree char *ids_name = g_strconcat(stem, "ids", NULL);
    g_autofree char *start_name = g_strconcat(stem, "start", NULL);
    g_autofree gint32 *ids = tune_golden_ints(golden, ids_name, NULL);
    g_autofree gint32 *mask = tune_golden_ints(golden, name, NULL);
    const TuneTensor *start = tune_golden_tensor(golden, start_name);
    g_autofree gint32 *prompt = NULL;
    gboolean plain;

    g_assert_cmpint(sscanf(name, "delay.s%u_l%u.", &delay.n_prompt, &delay.length), ==, 2);
    prompt = g_new(gint32, delay.n_codebooks * delay.n_prompt);
    for (guint row = 0; row < delay.n_codebooks; row++)
        for (guint t = 0; t < delay.n_prompt; t++)
            prompt[row * delay.n_prompt + t] = ids[row * (delay.n_prompt + 1) + t + 1];
    delay.prompt = prompt;
    /* Without a pattern the reference leaves even the start column, which it has put in, open. */
    plain = mask[0] == -1;
    for (guint row = 0; row < delay.n_codebooks; row++)
        for (guint column = plain ? 1 : 0; column < delay.length; column++)
            g_assert_cmpint(tune_delay_forced(&delay, row, column), ==,
                            mask[row * delay.length + column]);
    g_assert_cmpuint(tune_delay_first_free(&delay), ==, start->shape[start->n_dims - 1]);
}

static void test_patterns(gconstpointer checkpoint)
{
    g_autoptr(TuneGolden) golden = tune_golden_open(checkpoint);
    g_autoptr(GError) error = NULL;
    g_autoptr(TuneCheckpoint) model = tune_checkpoint_open(golden->folder, &error);
    TuneDelay delay = {0};
    guint n = 0;

    g_assert_no_error(error);
    delay.n_codebooks = tune_checkpoint_config(model)->decoder.n_codebooks;
    delay.n_channels = tune_checkpoint_config(model)->decoder.n_channels;
    delay.special = (gint32)tune_checkpoint_config(model)->decoder.vocab_size;
    for (guint i = 0; i < tune_tensor_set_size(golden->tensors); i++) {
        const char *name = tune_tensor_set_get(golden->tensors, i)->name;
        if (!g_str_has_prefix(name, "delay.") || !g_str_has_suffix(name, ".mask"))
            continue;
        check_pattern(golden, delay, name);
        n++;
    }
    g_assert_cmpuint(n, >=, 5);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_data_func("/neural/golden/delay/patterns-of-mono", "tiny-mono", test_patterns);
    g_test_add_data_func("/neural/golden/delay/patterns-of-stereo", "tiny-stereo", test_patterns);
    return g_test_run();
}
