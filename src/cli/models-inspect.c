/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/exit.h"
#include "cli/models-private.h"
#include "neural/layout.h"
#include "neural/library.h"

#include <string.h>

/* ---- tensors by what they are for ---- */

typedef struct {
    guint n;
    guint64 values, bytes;
    guint n_of[TUNE_DTYPE_BOOL + 1];
} Group;

static const char *const group_names[TUNE_N_TENSOR_ROLES + 1] = {
    [TUNE_TENSOR_ROLE_LINEAR] = "decoder matrices",
    [TUNE_TENSOR_ROLE_TEXT] = "text encoder matrices",
    [TUNE_TENSOR_ROLE_PROJECTION] = "projections",
    [TUNE_TENSOR_ROLE_TEXT_ROWS] = "text embedding",
    [TUNE_TENSOR_ROLE_EMBEDDING] = "code embeddings",
    [TUNE_TENSOR_ROLE_CODEC] = "codec decoder",
    [TUNE_TENSOR_ROLE_CODEC_IN] = "codec encoder",
    [TUNE_TENSOR_ROLE_EXACT] = "norms, biases, positions, codebooks",
    [TUNE_N_TENSOR_ROLES] = "not used",
};

static void count(Group *group, const TuneTensor *tensor)
{
    group->n++;
    group->values += tune_tensor_n_values(tensor);
    group->bytes += tensor->n_bytes;
    group->n_of[tensor->dtype]++;
}

/* Tensors of the files that belong to @expected, whatever they are called there. */
static void count_expected(const TuneCheckpoint *checkpoint, const TuneExpected *expected,
                           Group *groups, GHashTable *used)
{
    static const char *const suffixes[] = {"",
                                           ".weight",
                                           ".weight_g",
                                           ".weight_v",
                                           ".parametrizations.weight.original0",
                                           ".parametrizations.weight.original1"};

    for (gsize i = 0; i < G_N_ELEMENTS(suffixes); i++) {
        g_autofree char *name = g_strconcat(expected->name, suffixes[i], NULL);
        const TuneTensor *tensor = tune_checkpoint_find(checkpoint, name);
        if (tensor != NULL && g_hash_table_add(used, (gpointer)tensor))
            count(&groups[expected->role], tensor);
    }
}

static void count_all(const TuneCheckpoint *checkpoint, Group *groups)
{
    g_autoptr(GHashTable) used = g_hash_table_new(NULL, NULL);
    const GArray *layout = tune_checkpoint_layout(checkpoint);
    const TuneTensorSet *set = tune_checkpoint_tensors(checkpoint);

    for (guint i = 0; i < layout->len; i++)
        count_expected(checkpoint, &g_array_index(layout, TuneExpected, i), groups, used);
    for (guint i = 0; i < tune_tensor_set_size(set); i++) {
        const TuneTensor *tensor = tune_tensor_set_get(set, i);
        if (!g_hash_table_contains(used, tensor))
            count(&groups[TUNE_N_TENSOR_ROLES], tensor);
    }
}

static char *types_of(const Group *group)
{
    GString *out = g_string_new(NULL);

    for (guint type = 0; type < G_N_ELEMENTS(group->n_of); type++) {
        if (group->n_of[type] > 0)
            g_string_append_printf(out, "%s%s", out->len > 0 ? " " : "", tune_dtype_name(type));
    }
    return g_string_free(out, FALSE);
}

static json_t *groups_json(const Group *groups, GString *out)
{
    json_t *list = json_array();

    g_string_append(out, "\ntensors\n");
    for (guint i = 0; i <= TUNE_N_TENSOR_ROLES; i++) {
        g_autofree char *types = types_of(&groups[i]), *size = g_format_size(groups[i].bytes);

        if (groups[i].n == 0)
            continue;
        g_string_append_printf(out, "  %-36s %5u  %13" G_GUINT64_FORMAT " values  %10s  %s\n",
                               group_names[i], groups[i].n, groups[i].values, size, types);
        json_array_append_new(list, json_pack("{s:s, s:i, s:I, s:I, s:s}", "group", group_names[i],
                                              "tensors", groups[i].n, "values",
                                              (json_int_t)groups[i].values, "bytes",
                                              (json_int_t)groups[i].bytes, "types", types));
    }
    return list;
}

/* ---- configuration ---- */

static json_t *config_json(const TuneMusicgenConfig *config, GString *out)
{
    const TuneDecoderConfig *decoder = &config->decoder;
    const TuneT5Config *text = &config->text;
    const TuneEncodecConfig *codec = &config->codec;

    g_string_append_printf(
        out, "decoder: %u layers, %u wide, %u heads, %u inner, %u codebooks of %u codes, %s\n",
        decoder->n_layers, decoder->d_model, decoder->n_heads, decoder->d_ff, decoder->n_codebooks,
        decoder->vocab_size,
        config->melody ? "text and melody as a prefix" : "text by cross-attention");
    g_string_append_printf(
        out, "text encoder: T5, %u layers, %u wide, %u heads of %u, %u inner, %u rows\n",
        text->n_layers, text->d_model, text->n_heads, text->d_kv, text->d_ff, text->vocab_size);
    g_string_append_printf(
        out, "codec: EnCodec, %u Hz, %s, %g frames a second, %u codebooks, latent %u\n",
        codec->sampling_rate, decoder->n_channels == 2 ? "stereo" : "mono", codec->frame_rate,
        codec->n_quantizers, codec->hidden_size);
    g_string_append_printf(out, "by default: guidance %g, %s, temperature %g, top-k %u, top-p %g\n",
                           config->guidance, config->sample ? "sampled" : "greedy",
                           config->temperature, config->top_k, config->top_p);
    return json_pack("{s:b, s:{s:i, s:i, s:i, s:i, s:i, s:i, s:i}, s:{s:i, s:i, s:i, s:i}, s:{s:i, "
                     "s:f, s:i, s:i},"
                     " s:{s:f, s:b, s:f, s:i, s:f}}",
                     "melody", config->melody, "decoder", "layers", decoder->n_layers, "width",
                     decoder->d_model, "heads", decoder->n_heads, "inner", decoder->d_ff,
                     "codebooks", decoder->n_codebooks, "codes", decoder->vocab_size, "channels",
                     decoder->n_channels, "text_encoder", "layers", text->n_layers, "width",
                     text->d_model, "heads", text->n_heads, "rows", text->vocab_size, "codec",
                     "rate", codec->sampling_rate, "frame_rate", codec->frame_rate, "codebooks",
                     codec->n_quantizers, "latent", codec->hidden_size, "generation", "guidance",
                     config->guidance, "sample", config->sample, "temperature", config->temperature,
                     "top_k", config->top_k, "top_p", config->top_p);
}

static json_t *memory_json(const TuneCheckpoint *checkpoint, GString *out)
{
    json_t *memory = json_object();

    g_string_append(out, "\nin memory\n");
    for (TuneWeightType type = 0; type < TUNE_N_WEIGHT_TYPES; type++) {
        const guint64 bytes = tune_checkpoint_loaded_bytes(checkpoint, (gint)type);
        g_autofree char *size = g_format_size(bytes);

        g_string_append_printf(out, "  %-4s %10s\n", tune_weight_type_name(type), size);
        json_object_set_new(memory, tune_weight_type_name(type), json_integer((json_int_t)bytes));
    }
    return memory;
}

/* ---- the command ---- */

static gint show(TuneCli *cli, TuneCheckpoint *checkpoint, GError **error)
{
    g_autoptr(GString) out = g_string_new(NULL);
    g_autoptr(TuneTokenizer) tokenizer = tune_checkpoint_new_tokenizer(checkpoint, error);
    g_autofree char *variant = tune_models_variant(tune_checkpoint_config(checkpoint));
    const TuneWeightType weights = tune_checkpoint_weight_type(checkpoint);
    Group groups[TUNE_N_TENSOR_ROLES + 1] = {0};
    gboolean is_half = FALSE;

    if (tokenizer == NULL ||
        !tune_checkpoint_is_half(checkpoint, &is_half, cli->cancellable, error))
        return TUNE_EXIT_BROKEN;
    count_all(checkpoint, groups);
    g_string_append_printf(out, "%s: MusicGen %s, weights %s, licence %s\n\n",
                           tune_checkpoint_path(checkpoint), variant,
                           tune_weight_type_name(weights), tune_checkpoint_licence(checkpoint));
    json_t *config = config_json(tune_checkpoint_config(checkpoint), out);
    g_string_append_printf(out, "tokenizer: %u pieces\n", tune_tokenizer_size(tokenizer));
    json_t *tensors = groups_json(groups, out), *memory = memory_json(checkpoint, out);
    if (weights == TUNE_WEIGHTS_F32)
        g_string_append(
            out, is_half ? "\nThe decoder's matrices are halves in disguise: f16 loses nothing.\n"
                         : "\nThe decoder's matrices are true floats: f16 rounds them.\n");
    g_autoptr(json_t) json = json_pack(
        "{s:s, s:s, s:s, s:s, s:i, s:b, s:o, s:o, s:o}", "path", tune_checkpoint_path(checkpoint),
        "variant", variant, "weights", tune_weight_type_name(weights), "licence",
        tune_checkpoint_licence(checkpoint), "pieces", tune_tokenizer_size(tokenizer),
        "lossless_f16", is_half, "config", config, "tensors", tensors, "memory", memory);
    if (cli->json)
        tune_cli_print_json(json, error);
    else
        tune_cli_print(out->str, error);
    return TUNE_EXIT_DONE;
}

gint tune_models_inspect(TuneCli *cli, const char *model, GError **error)
{
    g_autofree char *path =
        g_file_test(model, G_FILE_TEST_EXISTS) ? g_strdup(model) : tune_models_find(model, error);
    g_autoptr(TuneCheckpoint) checkpoint = path == NULL ? NULL : tune_checkpoint_open(path, error);

    if (checkpoint == NULL)
        return TUNE_EXIT_BROKEN;
    tune_cli_catch_signals(cli);
    return show(cli, checkpoint, error);
}
