/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "neural/encodec-private.h"

#include <string.h>

static gboolean read_codebooks(TuneEncodec *self, TuneCheckpoint *checkpoint, GError **error)
{
    self->codebooks = g_new0(float *, self->config.n_quantizers);
    for (guint q = 0; q < self->config.n_quantizers; q++) {
        const TuneTensor *embed = tune_checkpoint_tensor(
            checkpoint, "audio_encoder.quantizer.layers.%u.codebook.embed", q);
        self->codebooks[q] = tune_checkpoint_floats(checkpoint, embed, error);
        if (self->codebooks[q] == NULL)
            return FALSE;
    }
    return TRUE;
}

typedef struct {
    const float *values;
    gsize columns;
} Plain;

static void plain_row(gpointer data, gsize row, float *out)
{
    const Plain *plain = data;

    memcpy(out, plain->values + row * plain->columns, plain->columns * sizeof(float));
}

/* Codebooks as matrices of floats whatever the weights' type: which code is nearest is a close
 * call. */
static gboolean prepare_lookup(TuneEncodec *self, TuneCompute *compute, GError **error)
{
    gsize size = self->config.codebook_size, width = self->config.hidden_size;

    self->lookup = g_new0(TuneMatrix *, self->config.n_quantizers);
    self->squares = g_new0(float *, self->config.n_quantizers);
    for (guint q = 0; q < self->config.n_quantizers; q++) {
        Plain plain = {.values = self->codebooks[q], .columns = width};
        self->lookup[q] =
            tune_matrix_new(compute, TUNE_WEIGHTS_F32, size, width, plain_row, &plain, error);
        if (self->lookup[q] == NULL)
            return FALSE;
        self->squares[q] = g_new(float, size);
        for (gsize code = 0; code < size; code++) {
            const float *e = plain.values + code * width;
            float sum = 0;
            for (gsize i = 0; i < width; i++)
                sum += e[i] * e[i];
            self->squares[q][code] = sum;
        }
    }
    return TRUE;
}

TuneEncodec *tune_encodec_new(TuneCheckpoint *checkpoint, TuneCompute *compute, TuneWeightType type,
                              TuneEncodecParts parts, GError **error)
{
    g_return_val_if_fail(type == TUNE_WEIGHTS_F32 || type == TUNE_WEIGHTS_F16, NULL);
    g_autoptr(TuneEncodec) self = g_new0(TuneEncodec, 1);

    self->config = tune_checkpoint_config(checkpoint)->codec;
    if (!read_codebooks(self, checkpoint, error))
        return NULL;
    if (parts & TUNE_ENCODEC_DECODER) {
        self->decoder =
            tune_codec_layers_new(checkpoint, compute, type, FALSE, &self->n_decoder, error);
        if (self->decoder == NULL)
            return NULL;
    }
    if (parts & TUNE_ENCODEC_ENCODER) {
        self->encoder =
            tune_codec_layers_new(checkpoint, compute, type, TRUE, &self->n_encoder, error);
        if (self->encoder == NULL || !prepare_lookup(self, compute, error))
            return NULL;
    }
    return g_steal_pointer(&self);
}

void tune_encodec_free(TuneEncodec *self)
{
    if (self == NULL)
        return;
    tune_codec_layers_free(self->decoder, self->n_decoder);
    tune_codec_layers_free(self->encoder, self->n_encoder);
    for (guint q = 0; q < self->config.n_quantizers; q++) {
        if (self->codebooks != NULL)
            g_free(self->codebooks[q]);
        if (self->lookup != NULL)
            tune_matrix_free(self->lookup[q]);
        if (self->squares != NULL)
            g_free(self->squares[q]);
    }
    g_free(self->codebooks);
    g_free(self->lookup);
    g_free(self->squares);
    g_free(self);
}

guint64 tune_encodec_bytes(const TuneEncodec *self)
{
    guint64 bytes = tune_codec_layers_bytes(self->decoder, self->n_decoder) +
                    tune_codec_layers_bytes(self->encoder, self->n_encoder);
    guint64 size = self->config.codebook_size;

    for (guint q = 0; q < self->config.n_quantizers; q++) {
        bytes += size * self->config.hidden_size * sizeof(float);
        if (self->lookup != NULL)
            bytes += tune_matrix_bytes(self->lookup[q]) + size * sizeof(float);
    }
    return bytes;
}

const TuneEncodecConfig *tune_encodec_config(const TuneEncodec *self)
{
    return &self->config;
}
