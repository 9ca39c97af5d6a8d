/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "model-maker.h"
#include "neural/kernels/half.h"

#include <glib/gstdio.h>
#include <math.h>
#include <string.h>

/* ---- configuration: as small as the shapes allow, all sizes different ---- */

static json_t *text_config(void)
{
    return json_pack("{s:s, s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:f, s:s}", "model_type", "t5",
                     "vocab_size", 40, "d_model", 24, "d_kv", 8, "d_ff", 40, "num_layers", 2,
                     "num_heads", 2, "relative_attention_num_buckets", 8,
                     "relative_attention_max_distance", 16, "layer_norm_epsilon", 1e-6,
                     "feed_forward_proj", "relu");
}

static json_t *codec_config(void)
{
    return json_pack(
        "{s:s, s:[f], s:i, s:i, s:b, s:n, s:i, s:i, s:i, s:[iiii], s:s, s:i, s:i, s:i, "
        "s:b, s:s, s:i, s:i, s:i, s:i, s:b}",
        "model_type", "encodec", "target_bandwidths", 2.2, "sampling_rate", 32000, "audio_channels",
        1, "normalize", 0, "chunk_length_s", "hidden_size", 6, "num_filters", 2,
        "num_residual_layers", 1, "upsampling_ratios", 8, 5, 4, 4, "norm_type", "weight_norm",
        "kernel_size", 7, "last_kernel_size", 7, "residual_kernel_size", 3, "use_causal_conv", 0,
        "pad_mode", "reflect", "compress", 2, "num_lstm_layers", 2, "codebook_size", 64,
        "codebook_dim", 6, "use_conv_shortcut", 0);
}

json_t *test_model_config(const TestModel *model)
{
    json_t *decoder = json_pack(
        "{s:s, s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:s, s:b, s:b, s:i, s:i}", "model_type",
        model->melody ? "musicgen_melody_decoder" : "musicgen_decoder", "vocab_size", 64,
        "max_position_embeddings", 50, "num_hidden_layers", 2, "ffn_dim", 64, "num_attention_heads",
        2, "hidden_size", 32, "num_codebooks", model->stereo ? 8 : 4, "activation_function", "gelu",
        "scale_embedding", 0, "tie_word_embeddings", 0, "pad_token_id", 64, "bos_token_id", 64);
    json_t *config = json_pack("{s:s, s:o, s:o, s:o}", "model_type",
                               model->melody ? "musicgen_melody" : "musicgen", "text_encoder",
                               text_config(), "audio_encoder", codec_config(), "decoder", decoder);

    if (model->stereo)
        json_object_set_new(decoder, "audio_channels", json_integer(2));
    if (model->melody) {
        json_object_set_new(config, "num_chroma", json_integer(12));
        json_object_set_new(config, "chroma_length", json_integer(235));
    }
    return config;
}

/* ---- weights ---- */

float test_model_value(const char *name, guint64 i)
{
    guint64 x = ((guint64)g_str_hash(name) << 32 ^ i) * 0x9e3779b97f4a7c15u;

    /* Multiples of 1/64 in -1..1, exact in all types but the shortest; never zero. */
    gint whole = (gint)(x >> 57) - 63;
    return (float)(whole == 0 ? 64 : whole) / 64.0f;
}

static void append_value(GByteArray *out, TuneDtype dtype, float value)
{
    guint32 bits;
    guint16 half = tune_half_from_float(value);

    memcpy(&bits, &value, sizeof bits);
    if (dtype == TUNE_DTYPE_F16)
        memcpy(&bits, &half, sizeof half);
    else if (dtype == TUNE_DTYPE_BF16)
        bits >>= 16;
    g_byte_array_append(out, (const guint8 *)&bits, dtype == TUNE_DTYPE_F32 ? 4 : 2);
}

typedef struct {
    const TestModel *model;
    guint n_tensors;
    struct {
        json_t *header;
        GByteArray *data;
    } shards[8];
    json_t *map; /* of tensors to files */
} Writer;

static char *shard_name(const Writer *self, guint i)
{
    return self->model->n_shards == 1
               ? g_strdup("model.safetensors")
               : g_strdup_printf("model-%05u-of-%05u.safetensors", i + 1, self->model->n_shards);
}

static void add_tensor(Writer *self, const char *name, guint n_dims, const guint64 *shape)
{
    guint shard = self->n_tensors++ % self->model->n_shards;
    GByteArray *data = self->shards[shard].data;
    gboolean wrong = g_strcmp0(name, self->model->wrong_shape) == 0;
    g_autofree char *file = shard_name(self, shard);
    json_t *sizes = json_array();
    guint begin = data->len;
    guint64 n = 1;

    if (g_strcmp0(name, self->model->without) == 0)
        return (void)json_decref(sizes);
    for (guint i = 0; i < n_dims; i++) {
        guint64 size = shape[i] + (wrong && i == 0);
        json_array_append_new(sizes, json_integer((json_int_t)size));
        n *= size;
    }
    for (guint64 i = 0; i < n; i++) {
        gboolean nan = i == n - 1 && g_strcmp0(name, self->model->nan) == 0;
        append_value(data, self->model->dtype, nan ? NAN : test_model_value(name, i));
    }
    json_object_set_new(self->shards[shard].header, name,
                        json_pack("{s:s, s:o, s:[ii]}", "dtype",
                                  tune_dtype_name(self->model->dtype), "shape", sizes,
                                  "data_offsets", begin, data->len));
    json_object_set_new(self->map, name, json_string(file));
}

static void add_expected(Writer *self, const TuneExpected *expected)
{
    static const char *const norms[][2] = {
        {".weight_g", ".weight_v"},
        {".parametrizations.weight.original0", ".parametrizations.weight.original1"}};
    const TestModel *model = self->model;
    const guint64 ones[] = {expected->shape[0], 1, 1};

    if (expected->optional && !model->positions)
        return;
    if (!expected->convolution) {
        gboolean other = expected->other_name != NULL && model->other_embedding;
        add_tensor(self, other ? expected->other_name : expected->name, expected->n_dims,
                   expected->shape);
    } else if (model->norm == TEST_NORM_FOLDED) {
        g_autofree char *name = g_strconcat(expected->name, ".weight", NULL);
        add_tensor(self, name, expected->n_dims, expected->shape);
    } else {
        g_autofree char *g = g_strconcat(expected->name, norms[model->norm][0], NULL);
        g_autofree char *v = g_strconcat(expected->name, norms[model->norm][1], NULL);
        add_tensor(self, g, 3, ones);
        add_tensor(self, v, expected->n_dims, expected->shape);
    }
}

static void write_bytes(const char *folder, const char *name, gconstpointer data, gsize n)
{
    g_autofree char *path = g_build_filename(folder, name, NULL);

    g_assert_true(g_file_set_contents(path, data, (gssize)n, NULL));
}

void test_write_text(const char *folder, const char *name, const char *text)
{
    write_bytes(folder, name, text, strlen(text));
}

static void write_json(const char *folder, const char *name, json_t *json)
{
    g_autofree char *text = tune_json_pretty(json);

    test_write_text(folder, name, text);
    json_decref(json);
}

static void write_shards(Writer *self, const char *folder)
{
    for (guint i = 0; i < self->model->n_shards; i++) {
        g_autofree char *name = shard_name(self, i), *header = NULL;
        g_autoptr(GByteArray) file = g_byte_array_new();

        header = json_dumps(self->shards[i].header, JSON_COMPACT);
        guint64 n = GUINT64_TO_LE(strlen(header));
        g_byte_array_append(file, (const guint8 *)&n, sizeof n);
        g_byte_array_append(file, (const guint8 *)header, (guint)strlen(header));
        g_byte_array_append(file, self->shards[i].data->data, self->shards[i].data->len);
        write_bytes(folder, name, file->data, file->len);
        json_decref(self->shards[i].header);
        g_byte_array_unref(self->shards[i].data);
    }
    if (self->model->n_shards > 1)
        write_json(folder, "model.safetensors.index.json",
                   json_pack("{s:{}, s:O}", "metadata", "weight_map", self->map));
    json_decref(self->map);
}

/* ---- the rest of the folder ---- */

/* As T5's, with 20 pieces. */
static void write_tokenizer(const char *folder)
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

    g_assert_nonnull(json);
    for (char c = 'a'; c < 'q'; c++) {
        char piece[2] = {c, '\0'};
        json_array_append_new(vocab, json_pack("[s, f]", piece, -3.0));
    }
    write_json(folder, "tokenizer.json", json);
}

void test_model_write(const TestModel *model, const char *folder)
{
    json_t *config = test_model_config(model);
    TuneMusicgenConfig sizes;
    Writer writer = {.model = model, .map = json_object()};

    g_assert_true(tune_musicgen_config_read(&sizes, config, NULL, NULL));
    g_autoptr(GArray) layout = tune_layout(&sizes);
    g_assert_cmpuint(model->n_shards, <=, G_N_ELEMENTS(writer.shards));
    for (guint i = 0; i < model->n_shards; i++) {
        writer.shards[i].header = json_object();
        writer.shards[i].data = g_byte_array_new();
    }
    for (guint i = 0; i < layout->len; i++)
        add_expected(&writer, &g_array_index(layout, TuneExpected, i));
    write_shards(&writer, folder);
    if (model->change != NULL)
        model->change(config);
    write_json(folder, "config.json", config);
    write_json(
        folder, "generation_config.json",
        json_pack("{s:f, s:b, s:i}", "guidance_scale", 2.5, "do_sample", 1, "max_length", 1500));
    write_tokenizer(folder);
    test_write_text(folder, "README.md",
                    "---\ntags:\n- music\nlicense: cc-by-nc-4.0\n---\n# Small\n");
}

char *test_model_folder(void)
{
    char *folder = g_dir_make_tmp("tune-model-XXXXXX", NULL);

    g_assert_nonnull(folder);
    return folder;
}

void test_model_remove(const char *folder)
{
    g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
    const char *name;

    while (dir != NULL && (name = g_dir_read_name(dir)) != NULL) {
        g_autofree char *path = g_build_filename(folder, name, NULL);
        if (g_file_test(path, G_FILE_TEST_IS_DIR) && !g_file_test(path, G_FILE_TEST_IS_SYMLINK))
            test_model_remove(path);
        else
            g_unlink(path);
    }
    g_rmdir(folder);
}

GBytes *test_safetensors(const char *header, gsize n_data, guint64 length)
{
    GByteArray *file = g_byte_array_new();
    guint64 n = GUINT64_TO_LE(length != 0 ? length : strlen(header));
    g_autofree guint8 *data = g_new0(guint8, n_data);

    g_byte_array_append(file, (const guint8 *)&n, sizeof n);
    g_byte_array_append(file, (const guint8 *)header, (guint)strlen(header));
    for (gsize i = 0; i < n_data; i++)
        data[i] = (guint8)(i % 7);
    g_byte_array_append(file, data, (guint)n_data);
    return g_byte_array_free_to_bytes(file);
}
