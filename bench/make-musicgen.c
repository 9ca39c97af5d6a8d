/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A MusicGen checkpoint with random weights at the sizes of a released one: what it plays is noise,
 * what it costs is the real thing.  Tensors are those that opening a checkpoint expects,
 * convolutions folded.
 *
 *     make-musicgen small|medium|large|stereo-small|stereo-medium|stereo-large FOLDER [f32|f16]
 *
 * On disk, in f32: small 2.4 GB, medium 8.0 GB, large 13.7 GB; in f16 half of that.
 */
#include "base/random.h"
#include "neural/layout.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHUNK (1u << 20) /* values made at a time */

static const struct {
    const char *name;
    int d_model, n_layers, n_heads;
} sizes[] = {{"small", 1024, 24, 16}, {"medium", 1536, 48, 24}, {"large", 2048, 48, 32}};

static void fail(const char *what)
{
    fprintf(stderr, "make-musicgen: %s\n", what);
    exit(2);
}

static json_t *text_config(void)
{
    return json_pack("{s:s, s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:f, s:s}", "model_type", "t5",
                     "vocab_size", 32128, "d_model", 768, "d_kv", 64, "d_ff", 3072, "num_layers",
                     12, "num_heads", 12, "relative_attention_num_buckets", 32,
                     "relative_attention_max_distance", 128, "layer_norm_epsilon", 1e-6,
                     "feed_forward_proj", "relu");
}

static json_t *codec_config(void)
{
    return json_pack("{s:s, s:[f], s:i, s:i, s:b, s:i, s:i, s:i, s:[iiii], s:s, s:i, s:i, s:i, s:i,"
                     " s:b, s:s, s:i, s:i, s:f, s:i, s:i, s:b}",
                     "model_type", "encodec", "target_bandwidths", 2.2, "sampling_rate", 32000,
                     "audio_channels", 1, "normalize", 0, "hidden_size", 128, "num_filters", 64,
                     "num_residual_layers", 1, "upsampling_ratios", 8, 5, 4, 4, "norm_type",
                     "weight_norm", "kernel_size", 7, "last_kernel_size", 7, "residual_kernel_size",
                     3, "dilation_growth_rate", 2, "use_causal_conv", 0, "pad_mode", "reflect",
                     "compress", 2, "num_lstm_layers", 2, "trim_right_ratio", 1.0, "codebook_size",
                     2048, "codebook_dim", 128, "use_conv_shortcut", 0);
}

static json_t *decoder_config(guint size, gboolean stereo)
{
    int d = sizes[size].d_model;

    return json_pack("{s:s, s:i, s:i, s:i, s:i, s:i, s:i, s:s, s:b, s:i, s:i, s:i, s:i, s:b}",
                     "model_type", "musicgen_decoder", "vocab_size", 2048,
                     "max_position_embeddings", 2048, "num_hidden_layers", sizes[size].n_layers,
                     "ffn_dim", 4 * d, "num_attention_heads", sizes[size].n_heads, "hidden_size", d,
                     "activation_function", "gelu", "scale_embedding", 0, "num_codebooks",
                     stereo ? 8 : 4, "audio_channels", stereo ? 2 : 1, "pad_token_id", 2048,
                     "bos_token_id", 2048, "tie_word_embeddings", 0);
}

static json_t *model_config(guint size, gboolean stereo)
{
    return json_pack("{s:s, s:b, s:o, s:o, s:o}", "model_type", "musicgen", "is_encoder_decoder", 1,
                     "text_encoder", text_config(), "audio_encoder", codec_config(), "decoder",
                     decoder_config(size, stereo));
}

/* Letters only, so that every prompt has about as many tokens as letters. */
static json_t *tokenizer(void)
{
    static const char *const text =
        "{\"version\": \"1.0\", \"added_tokens\": [], \"normalizer\": null, \"decoder\": null,"
        " \"pre_tokenizer\": {\"type\": \"Sequence\", \"pretokenizers\": ["
        "  {\"type\": \"WhitespaceSplit\"},"
        "  {\"type\": \"Metaspace\", \"replacement\": \"\\u2581\", \"prepend_scheme\": "
        "\"always\"}]},"
        " \"post_processor\": {\"type\": \"TemplateProcessing\", \"single\": ["
        "  {\"Sequence\": {\"id\": \"A\", \"type_id\": 0}},"
        "  {\"SpecialToken\": {\"id\": \"</s>\", \"type_id\": 0}}], \"special_tokens\": {"
        "  \"</s>\": {\"id\": \"</s>\", \"ids\": [1], \"tokens\": [\"</s>\"]}}},"
        " \"model\": {\"type\": \"Unigram\", \"unk_id\": 2, \"vocab\": [[\"<pad>\", 0],"
        "  [\"</s>\", 0], [\"<unk>\", 0], [\"\\u2581\", -2]]}}";
    json_t *json = json_loads(text, 0, NULL);
    json_t *vocab = json_object_get(json_object_get(json, "model"), "vocab");

    for (char c = 'a'; c <= 'z'; c++) {
        char piece[2] = {c, '\0'};
        json_array_append_new(vocab, json_pack("[s, f]", piece, -3.0));
    }
    return json;
}

static void write_json(const char *folder, const char *name, json_t *json)
{
    g_autofree char *path = g_build_filename(folder, name, NULL);

    if (json_dump_file(json, path, JSON_INDENT(2)) != 0)
        fail("cannot write into the folder");
    json_decref(json);
}

/* --- the weights */

static gboolean ends_in(const TuneExpected *tensor, const char *suffix)
{
    return g_str_has_suffix(tensor->name, suffix);
}

/* Deviation that keeps signals at their size from layer to layer; 0: all ones, as norms have. */
static double deviation(const TuneExpected *tensor)
{
    guint64 inputs = 1;

    if (strstr(tensor->name, "norm") != NULL)
        return ends_in(tensor, "weight") ? 0 : 0.02;
    if (ends_in(tensor, "bias") || tensor->n_dims < 2)
        return 0.02;
    if (tensor->role == TUNE_TENSOR_ROLE_TEXT_ROWS || tensor->role == TUNE_TENSOR_ROLE_EMBEDDING ||
        tensor->role == TUNE_TENSOR_ROLE_EXACT)
        return 0.5;
    for (guint i = 1; i < tensor->n_dims; i++)
        inputs *= tensor->shape[i];
    return (ends_in(tensor, "SelfAttention.q.weight") ? 0.125 : 1) / sqrt((double)inputs);
}

static void half_of(const float *in, gsize n, guint16 *out)
{
    for (gsize i = 0; i < n; i++) {
        _Float16 half = (_Float16)in[i];
        memcpy(&out[i], &half, sizeof half);
    }
}

/* The values are drawn from three bytes each: bell-shaped enough, and quick. */
static void draw(TuneRandom *random, double deviation, gsize n, float *out)
{
    float scale = (float)(deviation / (256 * 0.5)); /* three uniform bytes deviate by 0.5 * 256 */

    for (gsize i = 0; i < n; i += 2) {
        guint64 bits = tune_random_next(random);
        gint a = (gint)(bits & 255) + (gint)(bits >> 8 & 255) + (gint)(bits >> 16 & 255);
        gint b = (gint)(bits >> 32 & 255) + (gint)(bits >> 40 & 255) + (gint)(bits >> 48 & 255);
        out[i] = deviation > 0 ? ((float)a - 382.5f) * scale : 1;
        if (i + 1 < n)
            out[i + 1] = deviation > 0 ? ((float)b - 382.5f) * scale : 1;
    }
}

static void write_tensor(FILE *file, const TuneExpected *tensor, gboolean half)
{
    g_autofree float *values = g_new(float, CHUNK);
    g_autofree guint16 *halves = g_new(guint16, CHUNK);
    guint64 n = tune_expected_n_values(tensor);
    TuneRandom random;

    tune_random_init(&random, 1, "%s", tensor->name);
    for (guint64 done = 0; done < n; done += CHUNK) {
        gsize now = (gsize)MIN(CHUNK, n - done), size = half ? sizeof *halves : sizeof *values;
        draw(&random, deviation(tensor), now, values);
        if (half)
            half_of(values, now, halves);
        if (fwrite(half ? (gpointer)halves : (gpointer)values, size, now, file) != now)
            fail("cannot write the weights: is the disk full?");
    }
}

static void write_weights(const char *folder, const GArray *layout, gboolean half)
{
    g_autofree char *path = g_build_filename(folder, "model.safetensors", NULL);
    json_t *header = json_object();
    guint64 at = 0;
    FILE *file = fopen(path, "wb");

    if (file == NULL)
        fail("cannot write into the folder");
    for (guint i = 0; i < layout->len; i++) {
        const TuneExpected *tensor = &g_array_index(layout, TuneExpected, i);
        guint64 bytes = tune_expected_n_values(tensor) * (half ? 2 : 4);
        json_t *shape = json_array();
        for (guint d = 0; d < tensor->n_dims; d++)
            json_array_append_new(shape, json_integer((json_int_t)tensor->shape[d]));
        g_autofree char *name =
            g_strconcat(tensor->name, tensor->convolution ? ".weight" : "", NULL);
        json_object_set_new(header, name,
                            json_pack("{s:s, s:o, s:[I, I]}", "dtype", half ? "F16" : "F32",
                                      "shape", shape, "data_offsets", (json_int_t)at,
                                      (json_int_t)(at + bytes)));
        at += bytes;
    }
    char *text = json_dumps(header, JSON_COMPACT);
    guint64 length = GUINT64_TO_LE(strlen(text));
    fwrite(&length, sizeof length, 1, file);
    fwrite(text, 1, strlen(text), file);
    for (guint i = 0; i < layout->len; i++)
        write_tensor(file, &g_array_index(layout, TuneExpected, i), half);
    if (fclose(file) != 0)
        fail("cannot write the weights: is the disk full?");
    free(text);
    json_decref(header);
}

int main(int argc, char **argv)
{
    g_autoptr(GError) error = NULL;
    TuneMusicgenConfig config;
    gboolean stereo = argc > 1 && g_str_has_prefix(argv[1], "stereo-");
    const char *wanted = argc > 1 ? argv[1] + (stereo ? strlen("stereo-") : 0) : "";
    guint size = 0;

    while (size < G_N_ELEMENTS(sizes) && strcmp(wanted, sizes[size].name) != 0)
        size++;
    if (argc < 3 || size == G_N_ELEMENTS(sizes))
        fail("usage: make-musicgen [stereo-]small|medium|large FOLDER [f32|f16]");
    json_t *json = model_config(size, stereo);
    if (!tune_musicgen_config_read(&config, json, NULL, &error))
        fail(error->message);
    g_autoptr(GArray) layout = tune_layout(&config);
    if (g_mkdir_with_parents(argv[2], 0777) != 0)
        fail("cannot make the folder");
    write_weights(argv[2], layout, argc > 3 && strcmp(argv[3], "f16") == 0);
    write_json(argv[2], "tokenizer.json", tokenizer());
    write_json(argv[2], "generation_config.json",
               json_pack("{s:f, s:b, s:i, s:i, s:i, s:i}", "guidance_scale", 3.0, "do_sample", 1,
                         "decoder_start_token_id", 2048, "bos_token_id", 2048, "pad_token_id", 2048,
                         "max_length", 1500));
    write_json(argv[2], "config.json", json);
    return 0;
}
