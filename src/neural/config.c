/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "neural/config.h"

#include <math.h>
#include <string.h>

/* Largest sizes that are taken for true: several times those of any release, and small enough that
 * no product of them overflows 64 bits. */
enum {
    MAX_WIDTH = 65536,
    MAX_LAYERS = 512,
    MAX_HEADS = 1024,
    MAX_VOCAB = 1 << 20,
    MAX_POSITIONS = 1 << 20,
    MAX_KERNEL = 64,
    MAX_RATIO = 64,
    MAX_RATE = 192000,
};

static gboolean fail(GError **error, TuneNeuralError code, const char *format, ...)
    G_GNUC_PRINTF(3, 4);

static gboolean fail(GError **error, TuneNeuralError code, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    g_autofree char *why = g_strdup_vprintf(format, args);
    va_end(args);
    g_set_error(error, TUNE_NEURAL_ERROR, (gint)code, "%s", why);
    return FALSE;
}

/* ---- fields ---- */

typedef struct {
    const char *key;
    gsize offset; /* of a guint */
    gint64 low, high;
    gint64 otherwise; /* what transformers takes when it is left out; 0: it must be there */
} Size;

static gboolean read_sizes(const json_t *object, const char *path, const Size *sizes, gsize n,
                           gpointer out, GError **error)
{
    for (gsize i = 0; i < n; i++) {
        g_autoptr(GError) problem = NULL;
        gint64 value = sizes[i].otherwise;

        if (!tune_json_get_int(object, path, sizes[i].key, sizes[i].low, sizes[i].high, value != 0,
                               &value, &problem))
            return fail(error, TUNE_NEURAL_ERROR_BROKEN, "config.json: %s", problem->message);
        *(guint *)((char *)out + sizes[i].offset) = (guint)value;
    }
    return TRUE;
}

typedef struct {
    const char *key;
    json_type type;   /* JSON_STRING: @text is wanted; JSON_TRUE, JSON_FALSE, JSON_NULL */
    const char *text; /* also what a missing field means */
} Wanted;

/* What we do not run is refused with the field's name and value. */
static gboolean check_wanted(const json_t *object, const char *path, const Wanted *wanted, gsize n,
                             GError **error)
{
    for (gsize i = 0; i < n; i++) {
        const json_t *value = json_object_get(object, wanted[i].key);

        if (value == NULL || (json_is_null(value) && wanted[i].type != JSON_STRING))
            continue;
        if (json_typeof(value) == wanted[i].type &&
            (wanted[i].type != JSON_STRING ||
             strcmp(json_string_value(value), wanted[i].text) == 0))
            continue;
        char *shown = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
        fail(error, TUNE_NEURAL_ERROR_NOT_A_MODEL,
             "%s%s%s is %.80s in config.json; of this only %s is run here", path,
             *path != '\0' ? "." : "", wanted[i].key, shown == NULL ? "odd" : shown,
             wanted[i].text);
        free(shown);
        return FALSE;
    }
    return TRUE;
}

static const json_t *sub_config(const json_t *config, const char *key, GError **error)
{
    const json_t *object = json_object_get(config, key);

    if (!json_is_object(object)) {
        fail(error, TUNE_NEURAL_ERROR_BROKEN, "config.json: %s is missing", key);
        return NULL;
    }
    return object;
}

/* ---- the three models ---- */

static gboolean read_text(TuneT5Config *out, const json_t *config, GError **error)
{
    static const Wanted wanted[] = {
        {"model_type", JSON_STRING, "t5"},
        {"feed_forward_proj", JSON_STRING, "relu"},
        {"is_gated_act", JSON_FALSE, "false"},
        {"dense_act_fn", JSON_STRING, "relu"},
    };
    static const Size sizes[] = {
        {"vocab_size", G_STRUCT_OFFSET(TuneT5Config, vocab_size), 4, MAX_VOCAB, 0},
        {"d_model", G_STRUCT_OFFSET(TuneT5Config, d_model), 1, MAX_WIDTH, 0},
        {"d_kv", G_STRUCT_OFFSET(TuneT5Config, d_kv), 1, MAX_WIDTH, 0},
        {"d_ff", G_STRUCT_OFFSET(TuneT5Config, d_ff), 1, MAX_WIDTH, 0},
        {"num_layers", G_STRUCT_OFFSET(TuneT5Config, n_layers), 1, MAX_LAYERS, 0},
        {"num_heads", G_STRUCT_OFFSET(TuneT5Config, n_heads), 1, MAX_HEADS, 0},
        {"relative_attention_num_buckets", G_STRUCT_OFFSET(TuneT5Config, n_buckets), 4, 4096, 32},
        {"relative_attention_max_distance", G_STRUCT_OFFSET(TuneT5Config, max_distance), 2, 65536,
         128},
    };
    const char *path = "text_encoder";
    const json_t *object = sub_config(config, path, error);
    g_autoptr(GError) problem = NULL;
    double epsilon = 1e-6;

    if (object == NULL || !check_wanted(object, path, wanted, G_N_ELEMENTS(wanted), error) ||
        !read_sizes(object, path, sizes, G_N_ELEMENTS(sizes), out, error))
        return FALSE;
    if (!tune_json_get_real(object, path, "layer_norm_epsilon", 0, 0.1, TRUE, &epsilon, &problem))
        return fail(error, TUNE_NEURAL_ERROR_BROKEN, "config.json: %s", problem->message);
    out->epsilon = (float)epsilon;
    /* A half of the buckets for each side, a half of those for exact distances. */
    if (out->n_buckets % 4 != 0 || out->max_distance <= out->n_buckets / 4)
        return fail(error, TUNE_NEURAL_ERROR_BROKEN,
                    "config.json: text_encoder has %u buckets of relative positions up to %u",
                    out->n_buckets, out->max_distance);
    if ((guint64)out->n_heads * out->d_kv > MAX_WIDTH)
        return fail(error, TUNE_NEURAL_ERROR_BROKEN,
                    "config.json: text_encoder has %u heads of %u values", out->n_heads, out->d_kv);
    return TRUE;
}

static gboolean read_decoder(TuneDecoderConfig *out, const json_t *config, gboolean melody,
                             GError **error)
{
    const Wanted wanted[] = {
        {"model_type", JSON_STRING, melody ? "musicgen_melody_decoder" : "musicgen_decoder"},
        {"activation_function", JSON_STRING, "gelu"},
        {"tie_word_embeddings", JSON_FALSE, "false"},
    };
    static const Size sizes[] = {
        {"vocab_size", G_STRUCT_OFFSET(TuneDecoderConfig, vocab_size), 1, MAX_VOCAB, 0},
        {"hidden_size", G_STRUCT_OFFSET(TuneDecoderConfig, d_model), 4, MAX_WIDTH, 0},
        {"num_hidden_layers", G_STRUCT_OFFSET(TuneDecoderConfig, n_layers), 1, MAX_LAYERS, 0},
        {"num_attention_heads", G_STRUCT_OFFSET(TuneDecoderConfig, n_heads), 1, MAX_HEADS, 0},
        {"ffn_dim", G_STRUCT_OFFSET(TuneDecoderConfig, d_ff), 1, MAX_WIDTH, 0},
        {"num_codebooks", G_STRUCT_OFFSET(TuneDecoderConfig, n_codebooks), 1,
         TUNE_MUSICGEN_MAX_CODEBOOKS, 0},
        /* Releases older than the stereo models do not have it. */
        {"audio_channels", G_STRUCT_OFFSET(TuneDecoderConfig, n_channels), 1, 2, 1},
        {"max_position_embeddings", G_STRUCT_OFFSET(TuneDecoderConfig, max_positions), 1,
         MAX_POSITIONS, 2048},
    };
    static const char *const special[] = {"pad_token_id", "bos_token_id", "decoder_start_token_id"};
    const char *path = "decoder";
    const json_t *object = sub_config(config, path, error);
    g_autoptr(GError) problem = NULL;

    if (object == NULL || !check_wanted(object, path, wanted, G_N_ELEMENTS(wanted), error) ||
        !read_sizes(object, path, sizes, G_N_ELEMENTS(sizes), out, error))
        return FALSE;
    if (!tune_json_get_bool(object, path, "scale_embedding", TRUE, &out->scale_embedding, &problem))
        return fail(error, TUNE_NEURAL_ERROR_BROKEN, "config.json: %s", problem->message);
    for (gsize i = 0; i < G_N_ELEMENTS(special); i++) {
        gint64 id = out->vocab_size;
        if (!tune_json_get_int(object, path, special[i], id, id, TRUE, &id, &problem))
            return fail(error, TUNE_NEURAL_ERROR_BROKEN, "config.json: %s", problem->message);
    }
    out->cross_attention = !melody;
    if (out->d_model % out->n_heads != 0 || out->d_model % 2 != 0)
        return fail(error, TUNE_NEURAL_ERROR_BROKEN,
                    "config.json: decoder.hidden_size %u cannot be shared by %u heads",
                    out->d_model, out->n_heads);
    if (out->n_codebooks % out->n_channels != 0)
        return fail(error, TUNE_NEURAL_ERROR_BROKEN,
                    "config.json: decoder.num_codebooks %u cannot be shared by %u channels",
                    out->n_codebooks, out->n_channels);
    return TRUE;
}

static gboolean read_ratios(TuneEncodecConfig *out, const json_t *object, GError **error)
{
    const json_t *ratios = json_object_get(object, "upsampling_ratios");

    if (!json_is_array(ratios) || json_array_size(ratios) == 0 ||
        json_array_size(ratios) > TUNE_ENCODEC_MAX_RATIOS)
        return fail(error, TUNE_NEURAL_ERROR_BROKEN,
                    "config.json: audio_encoder.upsampling_ratios is not a list of 1 to %d ratios",
                    TUNE_ENCODEC_MAX_RATIOS);
    out->n_ratios = (guint)json_array_size(ratios);
    out->hop = 1;
    for (guint i = 0; i < out->n_ratios; i++) {
        json_int_t ratio =
            json_integer_value(json_array_get(ratios, i)); /* 0 when it is no number */

        if (ratio < 1 || ratio > MAX_RATIO)
            return fail(error, TUNE_NEURAL_ERROR_BROKEN,
                        "config.json: audio_encoder.upsampling_ratios[%u] is not in 1 .. %d", i,
                        MAX_RATIO);
        out->ratios[i] = (guint)ratio;
        out->hop *= (guint)ratio;
        if (out->hop > out->sampling_rate)
            return fail(error, TUNE_NEURAL_ERROR_BROKEN,
                        "config.json: audio_encoder.upsampling_ratios make more than a second");
    }
    return TRUE;
}

/* The reference takes ten bits a code for its bandwidth, whatever the codebooks' size. */
static gboolean read_quantizers(TuneEncodecConfig *out, const json_t *object, GError **error)
{
    const json_t *bandwidths = json_object_get(object, "target_bandwidths");
    gsize n = json_array_size(bandwidths);
    double kbps = n == 0 ? 0.0 : json_number_value(json_array_get(bandwidths, n - 1));
    double frames = ceil((double)out->sampling_rate / out->hop);
    double count = floor(1000.0 * kbps / (frames * 10.0));

    if (!(count >= 1.0 && count <= TUNE_MUSICGEN_MAX_CODEBOOKS))
        return fail(error, TUNE_NEURAL_ERROR_BROKEN,
                    "config.json: audio_encoder.target_bandwidths do not make 1 to %d codebooks",
                    TUNE_MUSICGEN_MAX_CODEBOOKS);
    out->n_quantizers = (guint)count;
    out->frame_rate = (double)out->sampling_rate / out->hop;
    return TRUE;
}

static gboolean read_codec(TuneEncodecConfig *out, const json_t *config, GError **error)
{
    static const Wanted wanted[] = {
        {"model_type", JSON_STRING, "encodec"},   {"norm_type", JSON_STRING, "weight_norm"},
        {"use_causal_conv", JSON_FALSE, "false"}, {"use_conv_shortcut", JSON_FALSE, "false"},
        {"pad_mode", JSON_STRING, "reflect"},     {"normalize", JSON_FALSE, "false"},
        {"chunk_length_s", JSON_NULL, "null"},
    };
    static const Size sizes[] = {
        {"sampling_rate", G_STRUCT_OFFSET(TuneEncodecConfig, sampling_rate), 8000, MAX_RATE, 0},
        {"hidden_size", G_STRUCT_OFFSET(TuneEncodecConfig, hidden_size), 1, MAX_WIDTH, 0},
        {"num_filters", G_STRUCT_OFFSET(TuneEncodecConfig, n_filters), 1, 1024, 0},
        {"kernel_size", G_STRUCT_OFFSET(TuneEncodecConfig, kernel_size), 1, MAX_KERNEL, 7},
        {"last_kernel_size", G_STRUCT_OFFSET(TuneEncodecConfig, last_kernel_size), 1, MAX_KERNEL,
         7},
        {"residual_kernel_size", G_STRUCT_OFFSET(TuneEncodecConfig, residual_kernel_size), 1,
         MAX_KERNEL, 3},
        {"compress", G_STRUCT_OFFSET(TuneEncodecConfig, compress), 1, 64, 2},
        {"num_lstm_layers", G_STRUCT_OFFSET(TuneEncodecConfig, n_lstm_layers), 1, 16, 2},
        {"codebook_size", G_STRUCT_OFFSET(TuneEncodecConfig, codebook_size), 2, MAX_VOCAB, 0},
    };
    const char *path = "audio_encoder";
    const json_t *object = sub_config(config, path, error);
    g_autoptr(GError) problem = NULL;
    gint64 one = 1, dim;

    if (object == NULL || !check_wanted(object, path, wanted, G_N_ELEMENTS(wanted), error) ||
        !read_sizes(object, path, sizes, G_N_ELEMENTS(sizes), out, error))
        return FALSE;
    dim = out->hidden_size;
    if (!tune_json_get_int(object, path, "audio_channels", 1, 1, TRUE, &one, &problem) ||
        !tune_json_get_int(object, path, "num_residual_layers", 1, 1, TRUE, &one, &problem) ||
        !tune_json_get_int(object, path, "codebook_dim", dim, dim, TRUE, &dim, &problem))
        return fail(error, TUNE_NEURAL_ERROR_NOT_A_MODEL, "config.json: %s", problem->message);
    if (!read_ratios(out, object, error) || !read_quantizers(out, object, error))
        return FALSE;
    if (out->n_filters % out->compress != 0)
        return fail(error, TUNE_NEURAL_ERROR_BROKEN,
                    "config.json: audio_encoder.num_filters %u is no multiple of compress %u",
                    out->n_filters, out->compress);
    return TRUE;
}

/* ---- together ---- */

static gboolean read_kind(TuneMusicgenConfig *out, const json_t *config, GError **error)
{
    const char *type = json_string_value(json_object_get(config, "model_type"));
    static const Size sizes[] = {
        {"num_chroma", G_STRUCT_OFFSET(TuneMusicgenConfig, n_chroma), 12, 12, 12},
        {"chroma_length", G_STRUCT_OFFSET(TuneMusicgenConfig, chroma_length), 1, 4096, 235},
    };

    if (g_strcmp0(type, "musicgen") == 0)
        return TRUE;
    if (g_strcmp0(type, "musicgen_melody") != 0)
        return fail(
            error, TUNE_NEURAL_ERROR_NOT_A_MODEL,
            "config.json is of model type \"%.80s\"; musicgen and musicgen_melody are run here",
            type == NULL ? "" : type);
    out->melody = TRUE;
    return read_sizes(config, "", sizes, G_N_ELEMENTS(sizes), out, error);
}

static gboolean read_generation(TuneMusicgenConfig *out, const json_t *generation, GError **error)
{
    g_autoptr(GError) problem = NULL;
    gint64 top_k = 50;

    out->guidance = 3.0;
    out->top_p = out->temperature = 1.0;
    out->sample = TRUE;
    if (generation != NULL &&
        !(json_is_object(generation) &&
          tune_json_get_real(generation, "", "guidance_scale", 0, 100, TRUE, &out->guidance,
                             &problem) &&
          tune_json_get_int(generation, "", "top_k", 0, MAX_VOCAB, TRUE, &top_k, &problem) &&
          tune_json_get_real(generation, "", "top_p", 0, 1, TRUE, &out->top_p, &problem) &&
          tune_json_get_real(generation, "", "temperature", 0.01, 100, TRUE, &out->temperature,
                             &problem) &&
          tune_json_get_bool(generation, "", "do_sample", TRUE, &out->sample, &problem)))
        return fail(error, TUNE_NEURAL_ERROR_BROKEN, "generation_config.json: %s",
                    problem == NULL ? "not a JSON object" : problem->message);
    out->top_k = (guint)top_k;
    return TRUE;
}

gboolean tune_musicgen_config_read(TuneMusicgenConfig *out, const json_t *config,
                                   const json_t *generation, GError **error)
{
    *out = (TuneMusicgenConfig){0};
    if (!json_is_object(config))
        return fail(error, TUNE_NEURAL_ERROR_BROKEN, "config.json is not a JSON object");
    if (!read_kind(out, config, error) || !read_text(&out->text, config, error) ||
        !read_codec(&out->codec, config, error) ||
        !read_decoder(&out->decoder, config, out->melody, error) ||
        !read_generation(out, generation, error))
        return FALSE;
    if (out->codec.n_quantizers * out->decoder.n_channels != out->decoder.n_codebooks)
        return fail(
            error, TUNE_NEURAL_ERROR_BROKEN,
            "config.json: decoder.num_codebooks is %u, the codec has %u for each of %u channels",
            out->decoder.n_codebooks, out->codec.n_quantizers, out->decoder.n_channels);
    if (out->codec.codebook_size != out->decoder.vocab_size)
        return fail(error, TUNE_NEURAL_ERROR_BROKEN,
                    "config.json: decoder.vocab_size is %u, the codec has %u codes",
                    out->decoder.vocab_size, out->codec.codebook_size);
    return TRUE;
}
