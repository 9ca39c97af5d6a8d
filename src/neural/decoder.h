/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * MusicGen's decoder (Copet et al., 2023): a transformer over columns of codes, one id a codebook, with
 * keys and values of past positions kept.  Many sequences go through one pass: each weight is read once
 * for all of them.
 *
 *     g_autoptr(TuneDecoder) decoder = tune_decoder_load(checkpoint, compute, TUNE_WEIGHTS_Q8, &error);
 *     TuneCondition *condition = tune_condition_new(decoder, compute, text_hidden, n_tokens, &error);
 *     TuneSequence *sequence = tune_sequence_new(decoder, condition, 1503, &error);
 *     TuneDecoderRow row = {.sequence = sequence, .ids = column, .logits = logits};
 *     tune_decoder_forward(decoder, compute, &row, 1);
 *
 * The decoder and conditions are immutable and shared; a sequence belongs to one forward at a time.
 */
#pragma once
#include "neural/checkpoint.h"
#include "neural/compute.h"

typedef struct TuneDecoder TuneDecoder;
typedef struct TuneCondition TuneCondition;
typedef struct TuneSequence TuneSequence;

/* (transfer full) */
TuneDecoder *tune_decoder_load(TuneCheckpoint *checkpoint, TuneCompute *compute, TuneWeightType type,
                              GError **error);
void tune_decoder_free(TuneDecoder *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TuneDecoder, tune_decoder_free)
const TuneDecoderConfig *tune_decoder_config(const TuneDecoder *self);
guint64 tune_decoder_bytes(const TuneDecoder *self);

/* The source of cross-attention of one text: @hidden [n_tokens * T5's width] through the projection, its
 * keys and values computed once for all layers.  Not for melody models. (transfer full) */
TuneCondition *tune_condition_new(const TuneDecoder *decoder, TuneCompute *compute, const float *hidden,
                                  gsize n_tokens, GError **error);
TuneCondition *tune_condition_ref(TuneCondition *self);
void tune_condition_unref(TuneCondition *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TuneCondition, tune_condition_unref)
/* Text rows through enc_to_dec_proj; @out: [n * d_model] (cross-attention's source, melody's prefix). */
void tune_decoder_project_text(const TuneDecoder *self, TuneCompute *compute, const float *hidden,
                               gsize n, float *out);
/* Chroma rows [n * n_chroma] through audio_enc_to_dec_proj; melody models only. */
void tune_decoder_project_chroma(const TuneDecoder *self, TuneCompute *compute, const float *chroma,
                                 gsize n, float *out);

/* Past positions of one stream, with room for @capacity.  @condition NULL: the null condition, whose
 * cross-attention is exactly zero and is skipped.  NULL with MEMORY. (transfer full) */
TuneSequence *tune_sequence_new(const TuneDecoder *decoder, TuneCondition *condition, gsize capacity,
                                GError **error);
void tune_sequence_free(TuneSequence *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TuneSequence, tune_sequence_free)
gsize tune_sequence_length(const TuneSequence *self);
void tune_sequence_reset(TuneSequence *self); /* back to length 0, same condition */
/* Bytes of keys and values for @capacity positions. */
guint64 tune_sequence_bytes(const TuneDecoderConfig *config, TuneWeightType type, gsize capacity);

typedef struct {
    TuneSequence *sequence; /* grows by one position a row; rows of one sequence in their order */
    const gint32 *ids;      /* [n_codebooks], 0..vocab_size (the special id); or NULL and */
    const float *embedding; /* [d_model] in place of the sum of embeddings (prefix rows) */
    float *logits;          /* [n_codebooks * vocab_size] (nullable): not wanted */
} TuneDecoderRow;
#define TUNE_DECODER_MAX_ROWS 64

/* One pass for @n <= TUNE_DECODER_MAX_ROWS rows; each is attended by later rows of its sequence.  Capacity
 * must suffice.  Results of a row do not depend on the other sequences' rows. */
void tune_decoder_forward(const TuneDecoder *self, TuneCompute *compute, const TuneDecoderRow *rows,
                          gsize n);

/* For tests: called with [n * width] of "embed", "layers.I.self_attn", "layers.I.encoder_attn",
 * "layers.I.fc2", "layers.I", "layer_norm" of each pass. */
typedef void (*TuneDecoderWatch)(const char *name, const float *rows, gsize n, gsize width,
                                 gpointer data);
void tune_decoder_forward_watched(const TuneDecoder *self, TuneCompute *compute,
                                  const TuneDecoderRow *rows, gsize n, TuneDecoderWatch watch,
                                  gpointer data);
/* Row @position of the table of positions, [d_model]: the stored one, or computed as the reference does. */
void tune_decoder_position(const TuneDecoder *self, gsize position, float *out);
