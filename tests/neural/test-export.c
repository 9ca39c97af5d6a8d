/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "model-maker.h"
#include "neural/export.h"
#include "neural/kernels/half.h"

#include <glib/gstdio.h>
#include <math.h>
#include <string.h>

typedef struct {
    char *folder, *path; /* of the model; of the file to write */
    TuneCheckpoint *checkpoint;
} Fixture;

static void make(Fixture *self, const TestModel *model)
{
    g_autoptr(GError) error = NULL;

    self->folder = test_model_folder();
    self->path = g_build_filename(self->folder, "out.gguf", NULL);
    test_model_write(model, self->folder);
    self->checkpoint = tune_checkpoint_open(self->folder, &error);
    g_assert_no_error(error);
}

static void clear(Fixture *self)
{
    tune_checkpoint_unref(self->checkpoint);
    test_model_remove(self->folder);
    g_free(self->folder);
    g_free(self->path);
}

static void count(guint64 done, guint64 total, gpointer data)
{
    guint64 *last = data;

    g_assert_cmpuint(done, >, last[0]);
    last[0] = done;
    last[1] = total;
}

/* How far @got may be from @want: not at all, a rounding, or a step of the block's scale. */
static void assert_near(const TuneExpected *expected, TuneDtype dtype, const float *got,
                        const float *want, guint64 n)
{
    for (guint64 i = 0; i < n; i++) {
        float most = 0.0f, largest = 0.0f;

        if (dtype == TUNE_DTYPE_F16) {
            g_assert_cmpfloat(got[i], ==, tune_half_to_float(tune_half_from_float(want[i])));
            continue;
        }
        for (guint64 k = i / 32 * 32; dtype != TUNE_DTYPE_F32 && k < i / 32 * 32 + 32; k++)
            largest = MAX(largest, fabsf(want[k]));
        most = dtype == TUNE_DTYPE_Q8 ? largest / 250 : dtype == TUNE_DTYPE_Q4 ? largest / 5 : 0.0f;
        if (fabsf(got[i] - want[i]) > most)
            g_error("%s: value %" G_GUINT64_FORMAT " is %g, should be %g", expected->name, i,
                    (double)got[i], (double)want[i]);
    }
}

static float *values_of(TuneCheckpoint *checkpoint, const TuneExpected *expected, guint64 *n)
{
    guint64 shape[3];

    *n = 1;
    for (guint i = 0; i < expected->n_dims; i++)
        *n *= expected->shape[i];
    return expected->convolution
               ? tune_checkpoint_convolution(checkpoint, expected->name, shape, NULL)
               : tune_checkpoint_floats(
                     checkpoint, tune_checkpoint_tensor(checkpoint, "%s", expected->name), NULL);
}

static void assert_same_model(TuneCheckpoint *from, TuneCheckpoint *to, TuneWeightType weights)
{
    const GArray *layout = tune_checkpoint_layout(from);

    for (guint i = 0; i < layout->len; i++) {
        const TuneExpected *expected = &g_array_index(layout, TuneExpected, i);
        guint64 n;

        if (expected->optional && tune_checkpoint_find(to, expected->name) == NULL)
            continue;
        g_autofree float *want = values_of(from, expected, &n);
        g_autofree float *got = values_of(to, expected, &n);
        TuneDtype dtype = tune_export_dtype(expected, weights);
        if (!expected->convolution)
            g_assert_cmpint(tune_checkpoint_tensor(to, "%s", expected->name)->dtype, ==, dtype);
        assert_near(expected, dtype, got, want, n);
    }
}

static void writes_every_type(void)
{
    static const TestModel models[] = {
        TEST_MODEL_DEFAULT,
        {.n_shards = 2, .melody = TRUE, .stereo = TRUE, .norm = TEST_NORM_PARAMETRIZED},
        {.n_shards = 1, .dtype = TUNE_DTYPE_BF16, .other_embedding = TRUE},
    };

    for (gsize m = 0; m < G_N_ELEMENTS(models); m++) {
        Fixture fixture;
        guint64 before = G_MAXUINT64;

        make(&fixture, &models[m]);
        for (TuneWeightType weights = 0; weights < TUNE_N_WEIGHT_TYPES; weights++) {
            guint64 counted[2] = {0};
            const TuneExportOptions options = {.weights = weights,
                                               .name = "small",
                                               .n_threads = 2,
                                               .progress = count,
                                               .data = counted};
            g_autoptr(GError) error = NULL;

            tune_checkpoint_export(fixture.checkpoint, fixture.path, &options, &error);
            g_assert_no_error(error);
            g_autoptr(TuneCheckpoint) written = tune_checkpoint_open(fixture.path, &error);
            g_assert_no_error(error);
            assert_same_model(fixture.checkpoint, written, weights);
            g_assert_cmpint(tune_checkpoint_weight_type(written), ==, weights);
            g_assert_cmpuint(tune_checkpoint_bytes(written), ==,
                             tune_checkpoint_export_bytes(fixture.checkpoint, weights));
            g_assert_cmpuint(counted[0], ==, tune_checkpoint_bytes(written));
            g_assert_cmpuint(counted[1], ==, counted[0]);
            g_assert_cmpuint(counted[0], <, before);
            before = counted[0];
        }
        clear(&fixture);
    }
}

static void keeps_texts(void)
{
    const TestModel model = TEST_MODEL_DEFAULT;
    const TuneExportOptions options = {.weights = TUNE_WEIGHTS_Q8, .name = "small", .n_threads = 1};
    Fixture fixture;
    gsize n_want, n_got;

    make(&fixture, &model);
    g_assert_true(tune_checkpoint_export(fixture.checkpoint, fixture.path, &options, NULL));
    g_autoptr(TuneCheckpoint) written = tune_checkpoint_open(fixture.path, NULL);
    const TuneMusicgenConfig *want = tune_checkpoint_config(fixture.checkpoint);
    const TuneMusicgenConfig *got = tune_checkpoint_config(written);
    g_assert_cmpmem(got, sizeof *got, want, sizeof *want);
    const char *text = tune_checkpoint_tokenizer(fixture.checkpoint, &n_want);
    const char *kept = tune_checkpoint_tokenizer(written, &n_got);
    g_assert_cmpuint(n_got, ==, n_want);
    g_assert_cmpint(memcmp(kept, text, n_want), ==, 0);
    g_assert_cmpstr(tune_checkpoint_licence(written), ==, "CC-BY-NC-4.0");
    const TuneTensorSet *set = tune_checkpoint_tensors(written);
    g_assert_cmpstr(tune_tensor_set_text(set, "general.name"), ==, "small");
    clear(&fixture);
}

/* spiece.model is bytes, no text. */
static void keeps_a_sentencepiece_model(void)
{
    static const guint8 bytes[] = {0x0a, 0x00, 0xff, 0x80, 0x00, 0x07};
    const TestModel model = TEST_MODEL_DEFAULT;
    const TuneExportOptions options = {
        .weights = TUNE_WEIGHTS_F16, .name = "small", .n_threads = 1};
    Fixture fixture;

    make(&fixture, &model);
    g_autofree char *json = g_build_filename(fixture.folder, "tokenizer.json", NULL);
    g_autofree char *spiece = g_build_filename(fixture.folder, "spiece.model", NULL);
    g_assert_cmpint(g_unlink(json), ==, 0);
    g_assert_true(g_file_set_contents(spiece, (const char *)bytes, sizeof bytes, NULL));
    tune_checkpoint_unref(fixture.checkpoint);
    fixture.checkpoint = tune_checkpoint_open(fixture.folder, NULL);
    g_assert_true(tune_checkpoint_export(fixture.checkpoint, fixture.path, &options, NULL));
    g_autoptr(TuneCheckpoint) written = tune_checkpoint_open(fixture.path, NULL);
    g_assert_null(tune_checkpoint_tokenizer(written, NULL));
    GBytes *kept = tune_checkpoint_sentencepiece(written);
    g_autoptr(GBytes) wanted = g_bytes_new_static(bytes, sizeof bytes);
    g_assert_true(g_bytes_equal(kept, wanted));
    clear(&fixture);
}

/* The reference ignores stored tables; one that was rounded is no help. */
static void leaves_out_a_rounded_table_of_positions(void)
{
    const char *name = "decoder.model.decoder.embed_positions.weights";
    const TuneExportOptions options = {
        .weights = TUNE_WEIGHTS_F32, .name = "small", .n_threads = 1};

    for (guint i = 0; i < 2; i++) {
        const TestModel model = {
            .n_shards = 1, .positions = TRUE, .dtype = i == 0 ? TUNE_DTYPE_F32 : TUNE_DTYPE_F16};
        Fixture fixture;

        make(&fixture, &model);
        g_assert_true(tune_checkpoint_export(fixture.checkpoint, fixture.path, &options, NULL));
        g_autoptr(TuneCheckpoint) written = tune_checkpoint_open(fixture.path, NULL);
        g_assert_cmpint(tune_checkpoint_find(written, name) != NULL, ==, i == 0);
        clear(&fixture);
    }
}

static void refuse(const TestModel *model, const TuneExportOptions *options, GQuark domain,
                   gint code, const char *says)
{
    Fixture fixture;
    g_autoptr(GError) error = NULL;
    g_autoptr(GDir) dir = NULL;
    const char *name;

    make(&fixture, model);
    g_assert_false(tune_checkpoint_export(fixture.checkpoint, fixture.path, options, &error));
    g_assert_error(error, domain, code);
    g_assert_nonnull(strstr(error->message, says));
    dir = g_dir_open(fixture.folder, 0, NULL);
    while ((name = g_dir_read_name(dir)) != NULL)
        g_assert_null(strstr(name, ".gguf"));
    clear(&fixture);
}

static void fails_cleanly(void)
{
    g_autoptr(GCancellable) cancelled = g_cancellable_new();
    const TestModel good = TEST_MODEL_DEFAULT;
    const TestModel nan = {.n_shards = 1, .nan = "decoder.lm_heads.3.weight"};
    const TestModel norm = {.n_shards = 1, .nan = "audio_encoder.encoder.layers.0.conv.weight_g"};
    const TuneExportOptions q4 = {.weights = TUNE_WEIGHTS_Q4, .name = "x", .n_threads = 1};
    const TuneExportOptions stopped = {.name = "x", .n_threads = 1, .cancellable = cancelled};

    g_cancellable_cancel(cancelled);
    refuse(&nan, &q4, TUNE_NEURAL_ERROR, TUNE_NEURAL_ERROR_BROKEN,
           "decoder.lm_heads.3.weight holds values that are not numbers");
    refuse(&norm, &q4, TUNE_NEURAL_ERROR, TUNE_NEURAL_ERROR_BROKEN,
           "encoder.layers.0.conv.weight_g");
    refuse(&good, &stopped, G_IO_ERROR, G_IO_ERROR_CANCELLED, "");
}

static void does_not_round_twice(void)
{
    const TestModel model = TEST_MODEL_DEFAULT;
    const TuneExportOptions q8 = {.weights = TUNE_WEIGHTS_Q8, .name = "x", .n_threads = 1};
    g_autoptr(GError) error = NULL;
    Fixture fixture;

    make(&fixture, &model);
    g_autofree char *second = g_strconcat(fixture.path, ".2.gguf", NULL);
    g_assert_true(tune_checkpoint_export(fixture.checkpoint, fixture.path, &q8, NULL));
    g_autoptr(TuneCheckpoint) written = tune_checkpoint_open(fixture.path, NULL);
    g_assert_false(tune_checkpoint_export(written, second, &q8, &error));
    g_assert_error(error, TUNE_NEURAL_ERROR, TUNE_NEURAL_ERROR_REQUEST);
    clear(&fixture);
}

static void knows_halves(void)
{
    const TestModel model = TEST_MODEL_DEFAULT; /* multiples of 1/64 are halves */
    const TestModel nan = {.n_shards = 1, .nan = "decoder.lm_heads.3.weight"};
    g_autoptr(GError) error = NULL;
    Fixture fixture, broken;
    gboolean is_half = FALSE;
    float *value;

    make(&fixture, &model);
    g_assert_true(tune_checkpoint_is_half(fixture.checkpoint, &is_half, NULL, &error));
    g_assert_true(is_half);
    /* One value in the middle of the file that is none. */
    g_autofree char *path = g_build_filename(fixture.folder, "model.safetensors", NULL),
                    *data = NULL;
    gsize size;
    g_assert_true(g_file_get_contents(path, &data, &size, NULL));
    const TuneTensorSet *set = tune_checkpoint_tensors(fixture.checkpoint);
    const TuneTensor *first = tune_tensor_set_get(set, 0);
    const TuneTensor *head =
        tune_checkpoint_tensor(fixture.checkpoint, "decoder.lm_heads.1.weight");
    gsize n_data = (gsize)tune_tensor_set_bytes(set);
    value = (float *)(gpointer)(data + size - n_data +
                                ((const char *)head->data - (const char *)first->data) + 64);
    const float third = 1.0f / 3.0f;
    memcpy(value, &third, sizeof third);
    g_assert_true(g_file_set_contents(path, data, (gssize)size, NULL));
    tune_checkpoint_unref(fixture.checkpoint);
    fixture.checkpoint = tune_checkpoint_open(fixture.folder, NULL);
    g_assert_true(tune_checkpoint_is_half(fixture.checkpoint, &is_half, NULL, &error));
    g_assert_false(is_half);
    clear(&fixture);
    make(&broken, &nan);
    g_assert_false(tune_checkpoint_is_half(broken.checkpoint, &is_half, NULL, &error));
    g_assert_error(error, TUNE_NEURAL_ERROR, TUNE_NEURAL_ERROR_BROKEN);
    clear(&broken);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/neural/export/writes-every-type", writes_every_type);
    g_test_add_func("/neural/export/keeps-texts", keeps_texts);
    g_test_add_func("/neural/export/keeps-a-sentencepiece-model", keeps_a_sentencepiece_model);
    g_test_add_func("/neural/export/leaves-out-a-rounded-table-of-positions",
                    leaves_out_a_rounded_table_of_positions);
    g_test_add_func("/neural/export/fails-cleanly", fails_cleanly);
    g_test_add_func("/neural/export/does-not-round-twice", does_not_round_twice);
    g_test_add_func("/neural/export/knows-halves", knows_halves);
    return g_test_run();
}
