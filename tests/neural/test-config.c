/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "model-maker.h"

#include <string.h>

static void reads_sizes(void)
{
    const TestModel model = TEST_MODEL_DEFAULT;
    g_autoptr(json_t) config = test_model_config(&model);
    g_autoptr(json_t) generation =
        json_pack("{s:f, s:i, s:f, s:f, s:b}", "guidance_scale", 4.5, "top_k", 250, "top_p", 0.9,
                  "temperature", 0.8, "do_sample", 0);
    g_autoptr(GError) error = NULL;
    TuneMusicgenConfig out;

    g_assert_true(tune_musicgen_config_read(&out, config, generation, &error));
    g_assert_no_error(error);
    g_assert_false(out.melody);
    g_assert_cmpuint(out.text.vocab_size, ==, 40);
    g_assert_cmpuint(out.text.n_buckets, ==, 8);
    g_assert_cmpuint(out.text.max_distance, ==, 16);
    g_assert_cmpfloat(out.text.epsilon, ==, 1e-6f);
    g_assert_cmpuint(out.decoder.d_model, ==, 32);
    g_assert_cmpuint(out.decoder.n_codebooks, ==, 4);
    g_assert_cmpuint(out.decoder.n_channels, ==, 1);
    g_assert_cmpuint(out.decoder.max_positions, ==, 50);
    g_assert_true(out.decoder.cross_attention);
    g_assert_cmpuint(out.codec.hop, ==, 640);
    g_assert_cmpuint(out.codec.ratios[1], ==, 5);
    g_assert_cmpuint(out.codec.n_quantizers, ==, 4);
    g_assert_cmpfloat(out.codec.frame_rate, ==, 50.0);
    g_assert_cmpfloat(out.guidance, ==, 4.5);
    g_assert_cmpuint(out.top_k, ==, 250);
    g_assert_cmpfloat(out.top_p, ==, 0.9);
    g_assert_cmpfloat(out.temperature, ==, 0.8);
    g_assert_false(out.sample);
}

static void takes_the_reference_s_defaults(void)
{
    const TestModel model = {.n_shards = 1, .melody = TRUE};
    g_autoptr(json_t) config = test_model_config(&model);
    json_t *text = json_object_get(config, "text_encoder");
    g_autoptr(GError) error = NULL;
    TuneMusicgenConfig out;

    json_object_del(text, "relative_attention_max_distance");
    json_object_del(text, "layer_norm_epsilon");
    json_object_set_new(json_object_get(config, "audio_encoder"), "codebook_dim", json_null());
    g_assert_true(tune_musicgen_config_read(&out, config, NULL, &error));
    g_assert_no_error(error);
    g_assert_true(out.melody);
    g_assert_false(out.decoder.cross_attention);
    g_assert_cmpuint(out.n_chroma, ==, 12);
    g_assert_cmpuint(out.chroma_length, ==, 235);
    g_assert_cmpuint(out.text.max_distance, ==, 128);
    g_assert_cmpfloat(out.guidance, ==, 3.0);
    g_assert_cmpuint(out.top_k, ==, 50);
    g_assert_cmpfloat(out.top_p, ==, 1.0);
    g_assert_true(out.sample);
}

/* One field of one part is set to @value (JSON), or removed where it is NULL. */
static const struct {
    const char *part, *key, *value;
    gint code;
    const char *says;
} refused[] = {
    {NULL, "model_type", "\"encodec\"", TUNE_NEURAL_ERROR_NOT_A_MODEL, "\"encodec\""},
    {NULL, "model_type", "\"musicgen_style\"", TUNE_NEURAL_ERROR_NOT_A_MODEL, "musicgen_style"},
    {NULL, "model_type", NULL, TUNE_NEURAL_ERROR_NOT_A_MODEL, "model type"},
    {NULL, "text_encoder", NULL, TUNE_NEURAL_ERROR_BROKEN, "text_encoder is missing"},
    {NULL, "decoder", "[]", TUNE_NEURAL_ERROR_BROKEN, "decoder is missing"},
    {"text_encoder", "model_type", "\"bert\"", TUNE_NEURAL_ERROR_NOT_A_MODEL,
     "text_encoder.model_type is \"bert\" in config.json; of this only t5"},
    {"text_encoder", "feed_forward_proj", "\"gated-gelu\"", TUNE_NEURAL_ERROR_NOT_A_MODEL,
     "gated-gelu"},
    {"text_encoder", "is_gated_act", "true", TUNE_NEURAL_ERROR_NOT_A_MODEL, "is_gated_act"},
    {"text_encoder", "d_model", NULL, TUNE_NEURAL_ERROR_BROKEN, "text_encoder.d_model: missing"},
    {"text_encoder", "d_model", "0", TUNE_NEURAL_ERROR_BROKEN,
     "text_encoder.d_model: 0 is outside"},
    {"text_encoder", "d_model", "\"24\"", TUNE_NEURAL_ERROR_BROKEN, "whole number"},
    {"text_encoder", "d_model", "4000000000", TUNE_NEURAL_ERROR_BROKEN, "is outside"},
    {"text_encoder", "d_kv", "65536", TUNE_NEURAL_ERROR_BROKEN, "2 heads of 65536"},
    {"text_encoder", "relative_attention_num_buckets", "6", TUNE_NEURAL_ERROR_BROKEN, "6 buckets"},
    {"text_encoder", "layer_norm_epsilon", "-1", TUNE_NEURAL_ERROR_BROKEN, "layer_norm_epsilon"},
    {"decoder", "model_type", "\"musicgen_melody_decoder\"", TUNE_NEURAL_ERROR_NOT_A_MODEL,
     "decoder.model_type"},
    {"decoder", "activation_function", "\"relu\"", TUNE_NEURAL_ERROR_NOT_A_MODEL, "only gelu"},
    {"decoder", "tie_word_embeddings", "true", TUNE_NEURAL_ERROR_NOT_A_MODEL,
     "tie_word_embeddings"},
    {"decoder", "num_hidden_layers", "0", TUNE_NEURAL_ERROR_BROKEN, "num_hidden_layers"},
    {"decoder", "num_attention_heads", "5", TUNE_NEURAL_ERROR_BROKEN, "cannot be shared by 5"},
    {"decoder", "num_codebooks", "8", TUNE_NEURAL_ERROR_BROKEN, "the codec has 4 for each of 1"},
    {"decoder", "num_codebooks", "9", TUNE_NEURAL_ERROR_BROKEN, "is outside 1 .. 8"},
    {"decoder", "audio_channels", "2", TUNE_NEURAL_ERROR_BROKEN, "the codec has 4 for each of 2"},
    {"decoder", "audio_channels", "3", TUNE_NEURAL_ERROR_BROKEN, "audio_channels"},
    {"decoder", "pad_token_id", "0", TUNE_NEURAL_ERROR_BROKEN, "pad_token_id"},
    {"decoder", "vocab_size", "128", TUNE_NEURAL_ERROR_BROKEN, "pad_token_id: 64 is outside 128"},
    {"decoder", "scale_embedding", "1", TUNE_NEURAL_ERROR_BROKEN, "scale_embedding"},
    {"audio_encoder", "model_type", "\"dac\"", TUNE_NEURAL_ERROR_NOT_A_MODEL, "dac"},
    /* EnCodec's other release, 24 kHz, sees the past only and has shortcuts. */
    {"audio_encoder", "use_causal_conv", "true", TUNE_NEURAL_ERROR_NOT_A_MODEL,
     "audio_encoder.use_causal_conv is true"},
    {"audio_encoder", "use_conv_shortcut", "true", TUNE_NEURAL_ERROR_NOT_A_MODEL,
     "use_conv_shortcut"},
    {"audio_encoder", "norm_type", "\"time_group_norm\"", TUNE_NEURAL_ERROR_NOT_A_MODEL,
     "norm_type"},
    {"audio_encoder", "pad_mode", "\"constant\"", TUNE_NEURAL_ERROR_NOT_A_MODEL, "pad_mode"},
    {"audio_encoder", "normalize", "true", TUNE_NEURAL_ERROR_NOT_A_MODEL, "normalize"},
    {"audio_encoder", "chunk_length_s", "1.0", TUNE_NEURAL_ERROR_NOT_A_MODEL, "chunk_length_s"},
    {"audio_encoder", "audio_channels", "2", TUNE_NEURAL_ERROR_NOT_A_MODEL, "audio_channels"},
    {"audio_encoder", "num_residual_layers", "2", TUNE_NEURAL_ERROR_NOT_A_MODEL,
     "num_residual_layers"},
    {"audio_encoder", "codebook_dim", "8", TUNE_NEURAL_ERROR_NOT_A_MODEL, "codebook_dim"},
    {"audio_encoder", "upsampling_ratios", "[]", TUNE_NEURAL_ERROR_BROKEN, "list of 1 to 8"},
    {"audio_encoder", "upsampling_ratios", "[8,5,0,4]", TUNE_NEURAL_ERROR_BROKEN,
     "upsampling_ratios[2]"},
    {"audio_encoder", "upsampling_ratios", "[8,\"5\"]", TUNE_NEURAL_ERROR_BROKEN,
     "upsampling_ratios[1]"},
    {"audio_encoder", "upsampling_ratios", "[64,64,64]", TUNE_NEURAL_ERROR_BROKEN,
     "more than a second"},
    {"audio_encoder", "target_bandwidths", "[]", TUNE_NEURAL_ERROR_BROKEN, "target_bandwidths"},
    {"audio_encoder", "target_bandwidths", "[1e300]", TUNE_NEURAL_ERROR_BROKEN,
     "target_bandwidths"},
    {"audio_encoder", "target_bandwidths", "[0.4]", TUNE_NEURAL_ERROR_BROKEN, "target_bandwidths"},
    {"audio_encoder", "num_filters", "3", TUNE_NEURAL_ERROR_BROKEN, "no multiple of compress"},
    {"audio_encoder", "codebook_size", "32", TUNE_NEURAL_ERROR_BROKEN, "the codec has 32 codes"},
};

static void refuses_what_it_cannot_run(void)
{
    const TestModel model = TEST_MODEL_DEFAULT;

    for (gsize i = 0; i < G_N_ELEMENTS(refused); i++) {
        g_autoptr(json_t) config = test_model_config(&model);
        g_autoptr(GError) error = NULL;
        json_t *part = refused[i].part == NULL ? config : json_object_get(config, refused[i].part);
        TuneMusicgenConfig out;

        if (refused[i].value == NULL)
            json_object_del(part, refused[i].key);
        else
            json_object_set_new(part, refused[i].key,
                                json_loads(refused[i].value, JSON_DECODE_ANY, NULL));
        if (tune_musicgen_config_read(&out, config, NULL, &error))
            g_error("case %" G_GSIZE_FORMAT " (%s) is taken", i, refused[i].key);
        g_assert_error(error, TUNE_NEURAL_ERROR, refused[i].code);
        if (strstr(error->message, refused[i].says) == NULL)
            g_error("case %" G_GSIZE_FORMAT " says \"%s\", not \"%s\"", i, error->message,
                    refused[i].says);
    }
}

static void refuses_odd_generation_settings(void)
{
    static const char *const cases[] = {"[]",
                                        "{\"guidance_scale\":\"3\"}",
                                        "{\"top_k\":-1}",
                                        "{\"top_p\":2}",
                                        "{\"temperature\":0}",
                                        "{\"do_sample\":1}"};
    const TestModel model = TEST_MODEL_DEFAULT;
    g_autoptr(json_t) config = test_model_config(&model);

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(json_t) generation = json_loads(cases[i], 0, NULL);
        g_autoptr(GError) error = NULL;
        TuneMusicgenConfig out;

        g_assert_false(tune_musicgen_config_read(&out, config, generation, &error));
        g_assert_error(error, TUNE_NEURAL_ERROR, TUNE_NEURAL_ERROR_BROKEN);
        g_assert_true(g_str_has_prefix(error->message, "generation_config.json:"));
    }
}

static const TuneExpected *find(const GArray *layout, const char *name)
{
    for (guint i = 0; i < layout->len; i++) {
        const TuneExpected *expected = &g_array_index(layout, TuneExpected, i);
        if (strcmp(expected->name, name) == 0)
            return expected;
    }
    return NULL;
}

static void assert_shape(const GArray *layout, const char *name, guint n_dims, const guint64 *shape)
{
    const TuneExpected *expected = find(layout, name);

    if (expected == NULL)
        g_error("%s is not expected", name);
    g_assert_cmpuint(expected->n_dims, ==, n_dims);
    for (guint i = 0; i < n_dims; i++)
        g_assert_cmpuint(expected->shape[i], ==, shape[i]);
}

/* The sizes of the released models, and what they count: tensors without the codec's statistics (4
 * x 3 unused ones) and parameters, as published. */
static void lays_out_the_small_release(void)
{
    const TuneMusicgenConfig small = {
        .text = {.vocab_size = 32128,
                 .d_model = 768,
                 .d_kv = 64,
                 .d_ff = 3072,
                 .n_layers = 12,
                 .n_heads = 12,
                 .n_buckets = 32,
                 .max_distance = 128},
        .decoder = {.vocab_size = 2048,
                    .d_model = 1024,
                    .n_layers = 24,
                    .n_heads = 16,
                    .d_ff = 4096,
                    .n_codebooks = 4,
                    .n_channels = 1,
                    .max_positions = 2048,
                    .cross_attention = TRUE},
        .codec = {.sampling_rate = 32000,
                  .hidden_size = 128,
                  .n_filters = 64,
                  .n_ratios = 4,
                  .ratios = {8, 5, 4, 4},
                  .hop = 640,
                  .kernel_size = 7,
                  .last_kernel_size = 7,
                  .residual_kernel_size = 3,
                  .compress = 2,
                  .n_lstm_layers = 2,
                  .codebook_size = 2048,
                  .n_quantizers = 4},
    };
    g_autoptr(GArray) layout = tune_layout(&small);
    g_autoptr(GHashTable) names = g_hash_table_new(g_str_hash, g_str_equal);
    guint64 n = 0, lengths = 0;
    guint n_convolutions = 0;

    for (guint i = 0; i < layout->len; i++) {
        const TuneExpected *expected = &g_array_index(layout, TuneExpected, i);
        guint64 values = 1;

        for (guint k = 0; k < expected->n_dims; k++)
            values *= expected->shape[k];
        n += values;
        if (expected->convolution) {
            n_convolutions++;
            lengths += expected->shape[0];
        }
        g_assert_cmpuint(strlen(expected->short_name), <=, 63);
        g_assert_true(g_hash_table_add(names, expected->name));
        g_assert_true(g_hash_table_add(names, expected->short_name));
    }
    const guint64 statistics = 4 * (2048 * 128 + 2048 + 1);
    g_assert_cmpuint(layout->len + n_convolutions + 12, ==, 612);
    g_assert_cmpuint(n + lengths + statistics, ==, 591087174);
    assert_shape(layout, "audio_encoder.decoder.layers.3.conv", 3, (guint64[]){1024, 512, 16});
    assert_shape(layout, "audio_encoder.decoder.layers.6.conv", 3, (guint64[]){512, 256, 10});
    assert_shape(layout, "audio_encoder.decoder.layers.13.block.1.conv", 3, (guint64[]){32, 64, 3});
    assert_shape(layout, "audio_encoder.decoder.layers.15.conv", 3, (guint64[]){1, 64, 7});
    assert_shape(layout, "audio_encoder.encoder.layers.12.conv", 3, (guint64[]){1024, 512, 16});
    assert_shape(layout, "audio_encoder.encoder.layers.13.lstm.weight_ih_l1", 2,
                 (guint64[]){4096, 1024});
    assert_shape(layout, "audio_encoder.encoder.layers.15.conv.bias", 1, (guint64[]){128});
    assert_shape(layout, "decoder.model.decoder.layers.23.fc1.weight", 2, (guint64[]){4096, 1024});
    g_assert_null(find(layout, "audio_enc_to_dec_proj.weight"));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/neural/config/reads-sizes", reads_sizes);
    g_test_add_func("/neural/config/takes-the-reference-s-defaults",
                    takes_the_reference_s_defaults);
    g_test_add_func("/neural/config/refuses-what-it-cannot-run", refuses_what_it_cannot_run);
    g_test_add_func("/neural/config/refuses-odd-generation-settings",
                    refuses_odd_generation_settings);
    g_test_add_func("/neural/config/lays-out-the-small-release", lays_out_the_small_release);
    return g_test_run();
}
