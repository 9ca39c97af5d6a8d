/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "golden.h"
#include "neural/t5.h"

#include <string.h>

#define TOLERANCE 2e-5

typedef struct {
    TuneGolden *golden;
    TuneCheckpoint *checkpoint;
    TuneCompute *compute;
    TuneT5 *t5;
    guint d_model;
} Fixture;

static void set_up(Fixture *f, gconstpointer data)
{
    g_autoptr(GError) error = NULL;

    f->golden = tune_golden_open("tiny-mono");
    f->checkpoint = tune_checkpoint_open(f->golden->folder, &error);
    g_assert_no_error(error);
    f->compute = tune_compute_new(data != NULL ? data : &tune_kernels_scalar, 2);
    f->t5 = tune_t5_new(f->checkpoint, f->compute, TUNE_WEIGHTS_F32, &error);
    g_assert_no_error(error);
    f->d_model = tune_checkpoint_config(f->checkpoint)->text.d_model;
}

static void tear_down(Fixture *f, gconstpointer data)
{
    tune_t5_free(f->t5);
    tune_compute_free(f->compute);
    tune_checkpoint_unref(f->checkpoint);
    tune_golden_free(f->golden);
}

typedef struct {
    const Fixture *fixture;
    guint text;   /* row of the golden batch */
    gsize padded; /* tokens of its rows */
    guint stages;
} Seen;

static void compare_stage(guint stage, const float *hidden, gsize n, gpointer data)
{
    Seen *seen = data;
    const Fixture *f = seen->fixture;
    g_autofree char *name = g_strdup_printf("t5.hidden.%u", stage);
    g_autofree float *want = tune_golden_floats(f->golden, name, NULL);

    tune_golden_compare_floats(name, hidden, want + seen->text * seen->padded * f->d_model,
                               n * f->d_model, TOLERANCE);
    seen->stages++;
}

/* Texts of the reference's padded batch, each by itself: padding changes nothing. */
static void test_hidden_rows(Fixture *f, gconstpointer data)
{
    g_autofree gint32 *ids = tune_golden_ints(f->golden, "t5.input_ids", NULL);
    g_autofree gint32 *mask = tune_golden_ints(f->golden, "t5.attention_mask", NULL);
    const TuneTensor *shape = tune_golden_tensor(f->golden, "t5.input_ids");
    gsize n_texts = shape->shape[0], padded = shape->shape[1];

    for (guint text = 0; text < n_texts; text++) {
        Seen seen = {f, text, padded, 0};
        gsize n = 0;

        while (n < padded && mask[text * padded + n] != 0)
            n++;
        g_autofree float *out = g_new(float, n * f->d_model);
        g_assert_true(tune_t5_encode_watched(f->t5, f->compute, ids + text * padded, n, out,
                                             compare_stage, &seen, NULL));
        g_assert_cmpuint(seen.stages, ==, tune_checkpoint_config(f->checkpoint)->text.n_layers + 1);
        if (text == 0)
            tune_golden_compare(f->golden, "t5.single.last_hidden_state", out, n * f->d_model,
                                TOLERANCE);
    }
}

static void test_halves_are_near(Fixture *f, gconstpointer data)
{
    g_autofree gint32 *ids = tune_golden_ints(f->golden, "t5.input_ids", NULL);
    g_autoptr(GError) error = NULL;
    g_autoptr(TuneT5) half = tune_t5_new(f->checkpoint, f->compute, TUNE_WEIGHTS_Q4, &error);
    gsize n;
    g_autofree float *want = tune_golden_floats(f->golden, "t5.single.last_hidden_state", &n);
    g_autofree float *out = g_new(float, n);

    g_assert_no_error(error);
    g_assert_true(tune_t5_encode(half, f->compute, ids, n / f->d_model, out, &error));
    tune_golden_compare_floats("t5 of halves", out, want, n, 0.02);
    g_assert_cmpuint(tune_t5_bytes(half), <, tune_t5_bytes(f->t5));
}

static void test_strange_ids_are_refused(Fixture *f, gconstpointer data)
{
    const gint32 above = (gint32)tune_checkpoint_config(f->checkpoint)->text.vocab_size, below = -1;
    g_autofree float *out = g_new(float, f->d_model);
    g_autoptr(GError) error = NULL;

    g_assert_false(tune_t5_encode(f->t5, f->compute, &above, 1, out, &error));
    g_assert_error(error, TUNE_NEURAL_ERROR, TUNE_NEURAL_ERROR_REQUEST);
    g_clear_error(&error);
    g_assert_false(tune_t5_encode(f->t5, f->compute, &below, 1, out, &error));
    g_assert_error(error, TUNE_NEURAL_ERROR, TUNE_NEURAL_ERROR_REQUEST);
}

static void test_buckets(Fixture *f, gconstpointer data)
{
    const TuneT5Config *config = &tune_checkpoint_config(f->checkpoint)->text;
    gsize n;
    g_autofree gint32 *want = tune_golden_ints(f->golden, "t5.buckets", &n);
    g_autofree gint32 *got = g_new(gint32, n);

    for (gsize i = 0; i < n; i++)
        got[i] = (gint32)tune_t5_bucket((gint)i - (gint)(n / 2), config->n_buckets,
                                        config->max_distance);
    tune_golden_compare_ints("t5.buckets", got, want, n);
}

int main(int argc, char **argv)
{
    guint n_kernels;
    const TuneKernels *const *kernels = tune_kernels_all(&n_kernels);

    g_test_init(&argc, &argv, NULL);
    for (guint i = 0; i < n_kernels; i++) {
        g_autofree char *path =
            g_strdup_printf("/neural/golden/t5/hidden-rows/%s", kernels[i]->name);
        if (kernels[i]->usable())
            g_test_add(path, Fixture, kernels[i], set_up, test_hidden_rows, tear_down);
    }
    g_test_add("/neural/golden/t5/halves-are-near", Fixture, NULL, set_up, test_halves_are_near,
               tear_down);
    g_test_add("/neural/golden/t5/strange-ids-are-refused", Fixture, NULL, set_up,
               test_strange_ids_are_refused, tear_down);
    g_test_add("/neural/golden/t5/buckets", Fixture, NULL, set_up, test_buckets, tear_down);
    return g_test_run();
}
