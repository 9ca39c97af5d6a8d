/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "model-maker.h"
#include "neural/checkpoint.h"
#include "neural/decoder.h"
#include "neural/encodec.h"
#include "neural/t5.h"

#include <glib/gstdio.h>
#include <math.h>
#include <string.h>

static TuneCheckpoint *make(const TestModel *model, char **folder, GError **error)
{
    *folder = test_model_folder();
    test_model_write(model, *folder);
    return tune_checkpoint_open(*folder, error);
}

static void opens_every_kind(void)
{
    static const TestModel models[] = {
        TEST_MODEL_DEFAULT,
        {.n_shards = 1, .melody = TRUE},
        {.n_shards = 3, .stereo = TRUE, .norm = TEST_NORM_PARAMETRIZED},
        {.n_shards = 2, .melody = TRUE, .stereo = TRUE, .norm = TEST_NORM_FOLDED},
        {.n_shards = 1, .dtype = TUNE_DTYPE_F16, .positions = TRUE},
        {.n_shards = 1, .dtype = TUNE_DTYPE_BF16, .other_embedding = TRUE},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(models); i++) {
        g_autofree char *folder = NULL;
        g_autoptr(GError) error = NULL;
        g_autoptr(TuneCheckpoint) checkpoint = make(&models[i], &folder, &error);

        g_assert_no_error(error);
        g_assert_cmpint(tune_checkpoint_config(checkpoint)->melody, ==, models[i].melody);
        g_assert_cmpfloat(tune_checkpoint_config(checkpoint)->guidance, ==, 2.5);
        g_assert_cmpstr(tune_checkpoint_licence(checkpoint), ==, "CC-BY-NC-4.0");
        g_assert_cmpstr(tune_checkpoint_path(checkpoint), ==, folder);
        const TuneTensor *shared =
            tune_checkpoint_tensor(checkpoint, "text_encoder.%s.weight", "shared");
        g_assert_cmpuint(shared->shape[0], ==, 40);
        g_assert_cmpint(tune_checkpoint_find(
                            checkpoint, "decoder.model.decoder.embed_positions.weights") != NULL,
                        ==, models[i].positions);
        g_assert_cmpint(tune_checkpoint_find(checkpoint, "audio_enc_to_dec_proj.bias") != NULL, ==,
                        models[i].melody);
        g_assert_null(tune_checkpoint_find(checkpoint, "nothing"));
        test_model_remove(folder);
    }
}

/* Folded by the textbook, for both namings of the norm and a convolution that is turned round. */
static void folds_weight_norm(void)
{
    static const struct {
        TestNorm norm;
        const char *g, *v;
    } cases[] = {
        {TEST_NORM_LEGACY, ".weight_g", ".weight_v"},
        {TEST_NORM_PARAMETRIZED, ".parametrizations.weight.original0",
         ".parametrizations.weight.original1"},
        {TEST_NORM_FOLDED, NULL, ".weight"},
    };
    const char *prefix = "audio_encoder.decoder.layers.6.conv";

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        const TestModel model = {.n_shards = 1, .norm = cases[i].norm};
        g_autofree char *folder = NULL, *v = g_strconcat(prefix, cases[i].v, NULL);
        g_autofree char *g = cases[i].g == NULL ? NULL : g_strconcat(prefix, cases[i].g, NULL);
        g_autoptr(TuneCheckpoint) checkpoint = make(&model, &folder, NULL);
        guint64 shape[3];
        g_autofree float *got = tune_checkpoint_convolution(checkpoint, prefix, shape, NULL);

        g_assert_nonnull(got);
        g_assert_cmpuint(shape[0], ==, 16);
        g_assert_cmpuint(shape[1], ==, 8);
        g_assert_cmpuint(shape[2], ==, 10);
        for (guint c = 0; c < 16; c++) {
            double sum = 0;
            for (guint k = 0; k < 80; k++)
                sum += pow(test_model_value(v, c * 80 + k), 2);
            for (guint k = 0; k < 80; k++) {
                double want = test_model_value(v, c * 80 + k);
                if (g != NULL)
                    want *= test_model_value(g, c) / sqrt(sum);
                g_assert_cmpfloat_with_epsilon(got[c * 80 + k], (float)want, 1e-7f);
            }
        }
        test_model_remove(folder);
    }
}

static void names_the_first_mismatch(void)
{
    static const struct {
        TestModel model;
        const char *says;
    } cases[] = {
        {{.n_shards = 1, .without = "decoder.lm_heads.2.weight"},
         "decoder.lm_heads.2.weight is missing"},
        {{.n_shards = 2, .without = "decoder.lm_heads.2.weight"},
         "decoder.lm_heads.2.weight is missing"},
        {{.n_shards = 1, .wrong_shape = "decoder.model.decoder.layers.1.fc1.weight"},
         "decoder.model.decoder.layers.1.fc1.weight is F32 [65, 32], should be [64, 32]"},
        {{.n_shards = 1, .without = "text_encoder.shared.weight"},
         "text_encoder.shared.weight is missing"},
        {{.n_shards = 1, .without = "audio_encoder.decoder.layers.3.conv.weight_g"},
         "audio_encoder.decoder.layers.3.conv.weight is missing, whole and under weight norm"},
        {{.n_shards = 1, .wrong_shape = "audio_encoder.decoder.layers.3.conv.weight_g"},
         "audio_encoder.decoder.layers.3.conv.weight_g is F32 [33, 1, 1], should be [32, 1, 1]"},
        {{.n_shards = 1,
          .positions = TRUE,
          .wrong_shape = "decoder.model.decoder.embed_positions.weights"},
         "embed_positions.weights is F32 [51, 32], should be [50, 32]"},
        {{.n_shards = 1, .melody = TRUE, .without = "audio_enc_to_dec_proj.bias"},
         "audio_enc_to_dec_proj.bias is missing"},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *folder = NULL;
        g_autoptr(GError) error = NULL;

        g_assert_null(make(&cases[i].model, &folder, &error));
        g_assert_error(error, TUNE_NEURAL_ERROR, TUNE_NEURAL_ERROR_MISMATCH);
        if (strstr(error->message, cases[i].says) == NULL || strstr(error->message, folder) == NULL)
            g_error("says \"%s\", not \"%s\"", error->message, cases[i].says);
        test_model_remove(folder);
    }
}

static void more_layers(json_t *config)
{
    json_object_set_new(json_object_get(config, "decoder"), "num_hidden_layers", json_integer(3));
}

static void gated(json_t *config)
{
    json_object_set_new(json_object_get(config, "text_encoder"), "feed_forward_proj",
                        json_string("gated-gelu"));
}

static void fewer_ids(json_t *config)
{
    json_object_set_new(json_object_get(config, "decoder"), "vocab_size", json_integer(63));
}

static void believes_config_json(void)
{
    static const struct {
        void (*change)(json_t *config);
        gint code;
        const char *says;
    } cases[] = {
        {more_layers, TUNE_NEURAL_ERROR_MISMATCH,
         "decoder.model.decoder.layers.2.self_attn.q_proj.weight is missing"},
        {gated, TUNE_NEURAL_ERROR_NOT_A_MODEL, "gated-gelu"},
        {fewer_ids, TUNE_NEURAL_ERROR_BROKEN, "pad_token_id"},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        const TestModel model = {.n_shards = 1, .change = cases[i].change};
        g_autofree char *folder = NULL;
        g_autoptr(GError) error = NULL;

        g_assert_null(make(&model, &folder, &error));
        g_assert_error(error, TUNE_NEURAL_ERROR, cases[i].code);
        g_assert_nonnull(strstr(error->message, cases[i].says));
        test_model_remove(folder);
    }
}

static void finds_values_that_are_no_numbers(void)
{
    const TestModel model = {.n_shards = 1, .nan = "enc_to_dec_proj.weight"};
    const TestModel norm = {.n_shards = 1, .nan = "audio_encoder.decoder.layers.0.conv.weight_v"};
    g_autofree char *folder = NULL, *norm_folder = NULL;
    g_autoptr(GError) error = NULL;
    g_autoptr(TuneCheckpoint) checkpoint = make(&model, &folder, &error);
    guint64 shape[3];

    g_assert_no_error(error);
    g_assert_null(tune_checkpoint_floats(
        checkpoint, tune_checkpoint_tensor(checkpoint, "enc_to_dec_proj.weight"), &error));
    g_assert_error(error, TUNE_NEURAL_ERROR, TUNE_NEURAL_ERROR_BROKEN);
    g_assert_nonnull(strstr(error->message, "enc_to_dec_proj.weight"));
    g_clear_error(&error);
    g_autoptr(TuneCheckpoint) other = make(&norm, &norm_folder, &error);
    g_assert_null(
        tune_checkpoint_convolution(other, "audio_encoder.decoder.layers.0.conv", shape, &error));
    g_assert_error(error, TUNE_NEURAL_ERROR, TUNE_NEURAL_ERROR_BROKEN);
    test_model_remove(folder);
    test_model_remove(norm_folder);
}

static void refuse(const char *path, gint code, const char *says)
{
    g_autoptr(GError) error = NULL;

    g_assert_null(tune_checkpoint_open(path, &error));
    g_assert_error(error, TUNE_NEURAL_ERROR, code);
    if (strstr(error->message, says) == NULL)
        g_error("says \"%s\", not \"%s\"", error->message, says);
}

static void remove_file(const char *folder, const char *name)
{
    g_autofree char *path = g_build_filename(folder, name, NULL);

    g_assert_cmpint(g_unlink(path), ==, 0);
}

static void refuses_what_is_no_model(void)
{
    const TestModel model = TEST_MODEL_DEFAULT;
    g_autofree char *folder = test_model_folder();
    g_autofree char *file = g_build_filename(folder, "model.safetensors", NULL);

    refuse("/no/such/place", TUNE_NEURAL_ERROR_IO, "no such folder or file");
    refuse("/dev/null", TUNE_NEURAL_ERROR_NOT_A_MODEL, "neither a folder");
    refuse(folder, TUNE_NEURAL_ERROR_NOT_A_MODEL, "there is no config.json");
    test_model_write(&model, folder);
    refuse(file, TUNE_NEURAL_ERROR_NOT_A_MODEL, "neither a folder");
    remove_file(folder, "model.safetensors");
    refuse(folder, TUNE_NEURAL_ERROR_NOT_A_MODEL, "neither model.safetensors nor");
    test_write_text(folder, "pytorch_model.bin", "PK");
    refuse(folder, TUNE_NEURAL_ERROR_NOT_A_MODEL, "pickled Python objects");
    remove_file(folder, "tokenizer.json");
    refuse(folder, TUNE_NEURAL_ERROR_NOT_A_MODEL, "neither tokenizer.json nor spiece.model");
    test_write_text(folder, "generation_config.json", "{]");
    refuse(folder, TUNE_NEURAL_ERROR_BROKEN, "generation_config.json:1:2");
    test_write_text(folder, "config.json", "");
    refuse(folder, TUNE_NEURAL_ERROR_BROKEN, "config.json:1:1: the text is empty");
    test_model_remove(folder);
}

static void knows_licences(void)
{
    static const struct {
        const char *readme, *note, *licence;
        gboolean non_commercial;
    } cases[] = {
        {"---\nlicense: cc-by-nc-4.0\n---\n", NULL, "CC-BY-NC-4.0", TRUE},
        {"---\r\nlicense: \"mit\"\r\n---\r\n", NULL, "mit", FALSE},
        {"---\ntitle: x\n---\nlicense: mit\n", NULL, "unknown", TRUE},
        {"license: mit\n", NULL, "unknown", TRUE},
        {"---\nlicense: cc-by-nc-4.0\n---\n", "{\"licence\":\"apache-2.0\"}", "apache-2.0", FALSE},
        {NULL, "{\"licence\":3}", "unknown", TRUE},
        {NULL, "cc-by-sa-4.0", "unknown", TRUE},
        {NULL, "{\"licence\":\"cc-by-sa-4.0\"}", "CC-BY-SA-4.0", FALSE},
        {NULL, "{\"licence\":\"cc-by-nc-nd-4.0\"}", "CC-BY-NC-ND-4.0", TRUE},
        {NULL, "{\"licence\":\"ask us\"}", "ask us", TRUE},
    };
    const TestModel model = TEST_MODEL_DEFAULT;
    g_autofree char *folder = test_model_folder();

    test_model_write(&model, folder);
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;

        test_write_text(folder, "README.md", cases[i].readme == NULL ? "" : cases[i].readme);
        test_write_text(folder, "tunesmith-model.json", cases[i].note == NULL ? "" : cases[i].note);
        g_autoptr(TuneCheckpoint) checkpoint = tune_checkpoint_open(folder, &error);
        g_assert_no_error(error);
        g_assert_cmpstr(tune_checkpoint_licence(checkpoint), ==, cases[i].licence);
        g_assert_cmpint(tune_licence_is_non_commercial(cases[i].licence), ==,
                        cases[i].non_commercial);
    }
    g_assert_true(tune_licence_is_non_commercial(NULL));
    test_model_remove(folder);
}

/* The identity does not depend on how the tensors are spread, and changes with any of them. */
static void hashes_weights(void)
{
    const TestModel one = TEST_MODEL_DEFAULT, three = {.n_shards = 3, .positions = TRUE};
    const TestModel other = {.n_shards = 1, .positions = TRUE, .nan = "enc_to_dec_proj.bias"};
    g_autofree char *folders[3] = {NULL}, *hashes[3] = {NULL}, *again = NULL, *after = NULL;
    g_autoptr(GCancellable) cancelled = g_cancellable_new();
    g_autoptr(GError) error = NULL;
    const TestModel *models[] = {&one, &three, &other};

    g_cancellable_cancel(cancelled);
    for (guint i = 0; i < 3; i++) {
        g_autoptr(TuneCheckpoint) checkpoint = make(models[i], &folders[i], NULL);
        g_assert_null(tune_checkpoint_hash(checkpoint, cancelled, &error));
        g_assert_error(error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
        g_clear_error(&error);
        hashes[i] = tune_checkpoint_hash(checkpoint, NULL, &error);
        g_assert_no_error(error);
    }
    g_assert_cmpuint(strlen(hashes[0]), ==, 64);
    g_assert_cmpstr(hashes[0], ==, hashes[1]);
    g_assert_cmpstr(hashes[0], !=, hashes[2]);
    /* Remembered: a cancelled reading still tells it. */
    g_autoptr(TuneCheckpoint) second = tune_checkpoint_open(folders[0], NULL);
    again = tune_checkpoint_hash(second, cancelled, &error);
    g_assert_cmpstr(again, ==, hashes[0]);
    /* But not of another file under the same name. */
    g_autofree char *from = g_build_filename(folders[2], "model.safetensors", NULL);
    g_autofree char *to = g_build_filename(folders[0], "model.safetensors", NULL);
    g_assert_cmpint(g_rename(from, to), ==, 0);
    g_autoptr(TuneCheckpoint) third = tune_checkpoint_open(folders[0], NULL);
    after = tune_checkpoint_hash(third, NULL, &error);
    g_assert_cmpstr(after, ==, hashes[2]);
    for (guint i = 0; i < 3; i++) {
        test_model_remove(folders[i]);
        g_free(folders[i]);
        g_free(hashes[i]);
        folders[i] = hashes[i] = NULL;
    }
}

static void checks_the_tokenizer(void)
{
    const TestModel model = TEST_MODEL_DEFAULT;
    g_autofree char *folder = NULL, *path = NULL, *text = NULL;
    g_autoptr(GError) error = NULL;
    g_autoptr(TuneCheckpoint) checkpoint = make(&model, &folder, NULL);
    g_autoptr(TuneTokenizer) tokenizer = tune_checkpoint_new_tokenizer(checkpoint, &error);

    g_assert_no_error(error);
    g_assert_cmpuint(tune_tokenizer_size(tokenizer), ==, 20);
    path = g_build_filename(folder, "tokenizer.json", NULL);
    g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
    g_autoptr(json_t) json = json_loads(text, 0, NULL);
    json_t *vocab = json_object_get(json_object_get(json, "model"), "vocab");
    for (guint i = 20; i < 41; i++) {
        g_autofree char *piece = g_strdup_printf("piece%u", i);
        json_array_append_new(vocab, json_pack("[s, f]", piece, -9.0));
    }
    g_autofree char *longer = json_dumps(json, 0);
    test_write_text(folder, "tokenizer.json", longer);
    g_autoptr(TuneCheckpoint) changed = tune_checkpoint_open(folder, NULL);
    g_assert_null(tune_checkpoint_new_tokenizer(changed, &error));
    g_assert_error(error, TUNE_NEURAL_ERROR, TUNE_NEURAL_ERROR_MISMATCH);
    g_assert_nonnull(strstr(error->message, "41 ids, the text encoder only 40 rows"));
    g_clear_error(&error);
    test_write_text(folder, "tokenizer.json", "{}");
    g_autoptr(TuneCheckpoint) broken = tune_checkpoint_open(folder, NULL);
    g_assert_null(tune_checkpoint_new_tokenizer(broken, &error));
    g_assert_nonnull(strstr(error->message, folder));
    test_model_remove(folder);
}

/* What is told before loading is what is loaded, but for a few biases. */
static void tells_the_memory_it_takes(void)
{
    static const TestModel models[] = {
        TEST_MODEL_DEFAULT,
        {.n_shards = 1, .melody = TRUE, .stereo = TRUE},
    };
    g_autoptr(TuneCompute) compute = tune_compute_new(&tune_kernels_scalar, 1);

    for (gsize i = 0; i < G_N_ELEMENTS(models); i++) {
        g_autofree char *folder = NULL;
        g_autoptr(TuneCheckpoint) checkpoint = make(&models[i], &folder, NULL);

        for (TuneWeightType type = 0; type < TUNE_N_WEIGHT_TYPES; type++) {
            TuneWeightType side = type == TUNE_WEIGHTS_F32 ? TUNE_WEIGHTS_F32 : TUNE_WEIGHTS_F16;
            g_autoptr(TuneDecoder) decoder = tune_decoder_load(checkpoint, compute, type, NULL);
            g_autoptr(TuneT5) text = tune_t5_new(checkpoint, compute, side, NULL);
            g_autoptr(TuneEncodec) codec = tune_encodec_new(checkpoint, compute, side, TUNE_ENCODEC_DECODER, NULL);
            guint64 loaded =
                tune_decoder_bytes(decoder) + tune_t5_bytes(text) + tune_encodec_bytes(codec);

            guint64 told = tune_checkpoint_loaded_bytes(checkpoint, (gint)type);
            g_assert_cmpuint(told, >=, loaded);
            g_assert_cmpuint(told - loaded, <, 10000);
        }
        test_model_remove(folder);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/neural/checkpoint/opens-every-kind", opens_every_kind);
    g_test_add_func("/neural/checkpoint/folds-weight-norm", folds_weight_norm);
    g_test_add_func("/neural/checkpoint/names-the-first-mismatch", names_the_first_mismatch);
    g_test_add_func("/neural/checkpoint/believes-config-json", believes_config_json);
    g_test_add_func("/neural/checkpoint/finds-values-that-are-no-numbers",
                    finds_values_that_are_no_numbers);
    g_test_add_func("/neural/checkpoint/refuses-what-is-no-model", refuses_what_is_no_model);
    g_test_add_func("/neural/checkpoint/knows-licences", knows_licences);
    g_test_add_func("/neural/checkpoint/hashes-weights", hashes_weights);
    g_test_add_func("/neural/checkpoint/checks-the-tokenizer", checks_the_tokenizer);
    g_test_add_func("/neural/checkpoint/tells-the-memory-it-takes", tells_the_memory_it_takes);
    return g_test_run();
}
