/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "neural/decoder-private.h"

/* Tokens whose keys and values are computed at a time. */
#define CHUNK 64

typedef struct {
    const TuneDecoder *decoder;
    TuneCondition *condition;
    gsize layer, first, n; /* tokens of this chunk */
    const float *rows;     /* [n][2 d] */
} Chunk;

static void put_head(gpointer data, guint head)
{
    Chunk *chunk = data;
    const TuneKeyValues *cross = &chunk->condition->cross;
    gsize d = chunk->decoder->config.d_model;

    for (gsize i = 0; i < chunk->n; i++) {
        for (gsize value = 0; value < 2; value++)
            tune_key_values_put(cross, chunk->decoder->kernels, chunk->layer, value == 1, head,
                                chunk->first + i,
                                chunk->rows + (i * 2 + value) * d + head * cross->width);
    }
}

TuneCondition *tune_condition_new(const TuneDecoder *decoder, TuneCompute *compute,
                                  const float *hidden, gsize n_tokens, GError **error)
{
    gsize d = decoder->config.d_model;
    g_autoptr(TuneCondition) self = g_atomic_rc_box_new0(TuneCondition);
    g_autofree float *source = g_try_malloc_n(n_tokens, d * sizeof(float));
    g_autofree float *rows = g_new(float, CHUNK * 2 * d);

    g_return_val_if_fail(decoder->config.cross_attention && n_tokens > 0, NULL);
    if (source == NULL || !tune_key_values_init(&self->cross, decoder, n_tokens, NULL)) {
        g_set_error(error, TUNE_NEURAL_ERROR, TUNE_NEURAL_ERROR_MEMORY,
                    "no memory for a prompt of %zu tokens", n_tokens);
        return NULL;
    }
    tune_decoder_project_text(decoder, compute, hidden, n_tokens, source);
    for (gsize layer = 0; layer < decoder->config.n_layers; layer++) {
        for (gsize first = 0; first < n_tokens; first += CHUNK) {
            Chunk chunk = {decoder, self, layer, first, MIN(CHUNK, n_tokens - first), rows};
            tune_compute_multiply(compute, decoder->layers[layer].cross_kv, source + first * d, d,
                                  chunk.n, rows, 2 * d);
            tune_compute_run(compute, decoder->config.n_heads, put_head, &chunk);
        }
    }
    return g_steal_pointer(&self);
}

TuneCondition *tune_condition_ref(TuneCondition *self)
{
    return g_atomic_rc_box_acquire(self);
}

static void clear(gpointer data)
{
    tune_key_values_clear(&((TuneCondition *)data)->cross);
}

void tune_condition_unref(TuneCondition *self)
{
    g_atomic_rc_box_release_full(self, clear);
}
