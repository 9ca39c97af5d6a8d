/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "neural/decoder-private.h"

#include <math.h>

#define PREFIX "decoder.model.decoder."

static gboolean load_norm(TuneLayerNorm *out, TuneCheckpoint *checkpoint, const char *name,
                          GError **error)
{
    out->weight = tune_checkpoint_floats(
        checkpoint, tune_checkpoint_tensor(checkpoint, "%s.weight", name), error);
    if (out->weight == NULL)
        return FALSE;
    out->bias = tune_checkpoint_floats(checkpoint,
                                       tune_checkpoint_tensor(checkpoint, "%s.bias", name), error);
    return out->bias != NULL;
}

static gboolean load_layer_norm(TuneLayerNorm *out, TuneCheckpoint *checkpoint, guint layer,
                                const char *name, GError **error)
{
    g_autofree char *full = g_strdup_printf(PREFIX "layers.%u.%s", layer, name);

    return load_norm(out, checkpoint, full, error);
}

/* The tensors @names (NULL ends) of a layer, one under another. */
static TuneMatrix *load_matrix(TuneDecoder *self, TuneCompute *compute, guint layer,
                               const char *const *names, GError **error)
{
    const TuneTensor *tensors[3];
    guint n = 0;

    for (; names[n] != NULL; n++)
        tensors[n] =
            tune_checkpoint_tensor(self->checkpoint, PREFIX "layers.%u.%s.weight", layer, names[n]);
    return tune_matrix_from_tensors(compute, self->type, tensors, n, error);
}

#define MATRIX(...) load_matrix(self, compute, i, (const char *const[]){__VA_ARGS__, NULL}, error)

static gboolean load_cross(TuneDecoder *self, TuneCompute *compute, guint i, GError **error)
{
    TuneDecoderLayer *layer = &self->layers[i];

    return (layer->cross_q = MATRIX("encoder_attn.q_proj")) != NULL &&
           (layer->cross_kv = MATRIX("encoder_attn.k_proj", "encoder_attn.v_proj")) != NULL &&
           (layer->cross_out = MATRIX("encoder_attn.out_proj")) != NULL &&
           load_layer_norm(&layer->cross_norm, self->checkpoint, i, "encoder_attn_layer_norm",
                           error);
}

static gboolean load_layer(TuneDecoder *self, TuneCompute *compute, guint i, GError **error)
{
    TuneDecoderLayer *layer = &self->layers[i];

    layer->qkv = MATRIX("self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj");
    return layer->qkv != NULL && (layer->out = MATRIX("self_attn.out_proj")) != NULL &&
           (layer->fc1 = MATRIX("fc1")) != NULL && (layer->fc2 = MATRIX("fc2")) != NULL &&
           load_layer_norm(&layer->self_norm, self->checkpoint, i, "self_attn_layer_norm", error) &&
           load_layer_norm(&layer->feed_norm, self->checkpoint, i, "final_layer_norm", error) &&
           (!self->config.cross_attention || load_cross(self, compute, i, error));
}

static gboolean load_heads(TuneDecoder *self, TuneCompute *compute, GError **error)
{
    const TuneTensor *tensors[TUNE_MUSICGEN_MAX_CODEBOOKS];

    for (guint k = 0; k < self->config.n_codebooks; k++)
        tensors[k] = tune_checkpoint_tensor(self->checkpoint, "decoder.lm_heads.%u.weight", k);
    self->heads =
        tune_matrix_from_tensors(compute, self->type, tensors, self->config.n_codebooks, error);
    return self->heads != NULL;
}

static gsize embedding_rows(const TuneDecoder *self)
{
    return self->config.vocab_size + 1;
}

static gsize embedding_bytes(const TuneDecoder *self)
{
    gsize size = self->type == TUNE_WEIGHTS_F32 ? sizeof(float) : sizeof(guint16);

    return self->config.n_codebooks * embedding_rows(self) * self->config.d_model * size;
}

static gboolean load_embeddings(TuneDecoder *self, GError **error)
{
    gsize n = embedding_rows(self) * self->config.d_model;

    self->embeddings = g_try_malloc(embedding_bytes(self));
    if (self->embeddings == NULL) {
        g_set_error(error, TUNE_NEURAL_ERROR, TUNE_NEURAL_ERROR_MEMORY,
                    "no memory for %zu bytes of embeddings", embedding_bytes(self));
        return FALSE;
    }
    for (guint k = 0; k < self->config.n_codebooks; k++) {
        const TuneTensor *tensor =
            tune_checkpoint_tensor(self->checkpoint, PREFIX "embed_tokens.%u.weight", k);
        g_autofree float *values = tune_checkpoint_floats(self->checkpoint, tensor, error);
        if (values == NULL)
            return FALSE;
        if (self->type == TUNE_WEIGHTS_F32)
            memcpy((float *)self->embeddings + k * n, values, n * sizeof *values);
        else
            self->kernels->to_f16(values, n, (guint16 *)self->embeddings + k * n);
        tune_tensor_forget(tensor);
    }
    return TRUE;
}

static gboolean load_projection(TuneDecoder *self, TuneCompute *compute, const char *name,
                                TuneMatrix **matrix, float **bias, GError **error)
{
    const TuneTensor *weight = tune_checkpoint_tensor(self->checkpoint, "%s.weight", name);

    *matrix = tune_matrix_from_tensors(compute, TUNE_WEIGHTS_F32, &weight, 1, error);
    if (*matrix == NULL)
        return FALSE;
    *bias = tune_checkpoint_floats(
        self->checkpoint, tune_checkpoint_tensor(self->checkpoint, "%s.bias", name), error);
    return *bias != NULL;
}

/* Positions run over frequencies that fall from 1 to 1/10000.  Rounded to float at each point where
 * the reference rounds: a last bit of difference here grows with the position. */
static void make_frequencies(TuneDecoder *self)
{
    guint half = self->config.d_model / 2;
    float step = (float)(log(10000.0) / (half - 1));

    self->frequencies = g_new(float, half);
    for (guint i = 0; i < half; i++)
        self->frequencies[i] = expf((float)i * -step);
}

static gboolean load(TuneDecoder *self, TuneCompute *compute, GError **error)
{
    const TuneMusicgenConfig *config = tune_checkpoint_config(self->checkpoint);

    make_frequencies(self);
    for (guint i = 0; i < self->config.n_layers; i++) {
        if (!load_layer(self, compute, i, error))
            return FALSE;
    }
    return load_norm(&self->norm, self->checkpoint, PREFIX "layer_norm", error) &&
           load_heads(self, compute, error) && load_embeddings(self, error) &&
           load_projection(self, compute, "enc_to_dec_proj", &self->text_projection,
                           &self->text_bias, error) &&
           (!config->melody ||
            load_projection(self, compute, "audio_enc_to_dec_proj", &self->chroma_projection,
                            &self->chroma_bias, error));
}

TuneDecoder *tune_decoder_load(TuneCheckpoint *checkpoint, TuneCompute *compute, TuneWeightType type,
                              GError **error)
{
    g_autoptr(TuneDecoder) self = g_new0(TuneDecoder, 1);

    self->checkpoint = tune_checkpoint_ref(checkpoint);
    self->config = tune_checkpoint_config(checkpoint)->decoder;
    self->kernels = tune_compute_kernels(compute);
    self->type = type;
    self->layers = g_new0(TuneDecoderLayer, self->config.n_layers);
    /* A table that was rounded to half is worse than none: the reference computes its own. */
    self->positions = tune_checkpoint_find(checkpoint, PREFIX "embed_positions.weights");
    if (self->positions != NULL && self->positions->dtype != TUNE_DTYPE_F32)
        self->positions = NULL;
    return load(self, compute, error) ? g_steal_pointer(&self) : NULL;
}

static void free_norm(TuneLayerNorm *norm)
{
    g_free(norm->weight);
    g_free(norm->bias);
}

void tune_decoder_free(TuneDecoder *self)
{
    if (self == NULL)
        return;
    for (guint i = 0; i < self->config.n_layers; i++) {
        TuneDecoderLayer *layer = &self->layers[i];
        TuneMatrix *matrices[] = {layer->qkv,       layer->out, layer->cross_q, layer->cross_kv,
                                  layer->cross_out, layer->fc1, layer->fc2};
        for (guint m = 0; m < G_N_ELEMENTS(matrices); m++)
            tune_matrix_free(matrices[m]);
        free_norm(&layer->self_norm);
        free_norm(&layer->cross_norm);
        free_norm(&layer->feed_norm);
    }
    g_free(self->layers);
    free_norm(&self->norm);
    tune_matrix_free(self->heads);
    g_free(self->embeddings);
    g_free(self->frequencies);
    tune_matrix_free(self->text_projection);
    tune_matrix_free(self->chroma_projection);
    g_free(self->text_bias);
    g_free(self->chroma_bias);
    tune_checkpoint_unref(self->checkpoint);
    g_free(self);
}

const TuneDecoderConfig *tune_decoder_config(const TuneDecoder *self)
{
    return &self->config;
}

static guint64 matrix_bytes(const TuneMatrix *matrix)
{
    return matrix != NULL ? tune_matrix_bytes(matrix) : 0;
}

guint64 tune_decoder_bytes(const TuneDecoder *self)
{
    guint64 bytes = embedding_bytes(self) + matrix_bytes(self->heads) +
                    matrix_bytes(self->text_projection) + matrix_bytes(self->chroma_projection);

    for (guint i = 0; i < self->config.n_layers; i++) {
        const TuneDecoderLayer *layer = &self->layers[i];
        bytes += matrix_bytes(layer->qkv) + matrix_bytes(layer->out) +
                 matrix_bytes(layer->cross_q) + matrix_bytes(layer->cross_kv) +
                 matrix_bytes(layer->cross_out) + matrix_bytes(layer->fc1) +
                 matrix_bytes(layer->fc2) + 6 * self->config.d_model * sizeof(float);
    }
    return bytes;
}

static void project(const TuneDecoder *self, TuneCompute *compute, const TuneMatrix *matrix,
                    const float *bias, const float *in, gsize n, float *out)
{
    gsize d = self->config.d_model, columns = tune_matrix_columns(matrix);

    tune_compute_multiply(compute, matrix, in, columns, n, out, d);
    for (gsize i = 0; i < n; i++)
        self->kernels->add(out + i * d, bias, d);
}

void tune_decoder_project_text(const TuneDecoder *self, TuneCompute *compute, const float *hidden,
                               gsize n, float *out)
{
    project(self, compute, self->text_projection, self->text_bias, hidden, n, out);
}

void tune_decoder_project_chroma(const TuneDecoder *self, TuneCompute *compute, const float *chroma,
                                 gsize n, float *out)
{
    g_return_if_fail(self->chroma_projection != NULL);
    project(self, compute, self->chroma_projection, self->chroma_bias, chroma, n, out);
}

void tune_decoder_position(const TuneDecoder *self, gsize position, float *out)
{
    gsize d = self->config.d_model, half = d / 2;

    if (self->positions != NULL && position < self->positions->shape[0]) {
        tune_tensor_read(self->positions, position * d, d, out);
        return;
    }
    for (gsize i = 0; i < half; i++) {
        float angle = (float)position * self->frequencies[i];
        out[i] = cosf(angle);
        out[half + i] = sinf(angle);
    }
}
