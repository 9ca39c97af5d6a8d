/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What the files of the decoder share: decoder.c (weights), decoder-forward.c (a pass),
 * decoder-attention.c (its attention), sequence.c (past positions), condition.c (a text's keys and
 * values).
 */
#pragma once
#include "neural/decoder.h"

typedef struct {
    float *weight, *bias; /* [d_model] */
} TuneLayerNorm;

typedef struct {
    TuneMatrix *qkv;      /* [3 d, d]: queries, keys, values */
    TuneMatrix *out;      /* [d, d] */
    TuneMatrix *cross_q;  /* [d, d]; this and the next two NULL in melody models */
    TuneMatrix *cross_kv; /* [2 d, d]: only read when a condition is made */
    TuneMatrix *cross_out;
    TuneMatrix *fc1, *fc2; /* [4 d, d], [d, 4 d] */
    TuneLayerNorm self_norm, cross_norm, feed_norm;
} TuneDecoderLayer;

struct TuneDecoder {
    TuneCheckpoint *checkpoint;
    TuneDecoderConfig config;
    const TuneKernels *kernels;
    TuneWeightType type;
    TuneDecoderLayer *layers;
    TuneLayerNorm norm;
    TuneMatrix *heads;   /* [n_codebooks * vocab_size, d] */
    gpointer embeddings; /* [n_codebooks][vocab_size + 1][d]: float beside F32 weights, else half */
    const TuneTensor *positions; /* stored as float (nullable) */
    float *frequencies;          /* [d / 2], for positions that are not stored */
    TuneMatrix *text_projection, *chroma_projection; /* float; the latter NULL without melody */
    float *text_bias, *chroma_bias;
};

/* Keys and values of all layers: [stretch][layer][head][key, value][position][head width], float
 * beside F32 weights, half beside F16; beside Q8 and Q4 bytes (kind Q8), each run of positions with
 * the scales of its rows behind it.  Huge pages are read a fifth quicker, but are cleared as wholes,
 * and each run of one head touches another: with stretches of positions they are taken as the clip
 * grows, not all before the first step.  Runs much shorter than these would be read more slowly. */
#define TUNE_STRETCH 512
typedef struct {
    gsize n_layers, n_heads, width, capacity, stretch;
    TuneWeightType kind; /* F32, F16 or Q8 */
    gpointer values;
} TuneKeyValues;
gboolean tune_key_values_init(TuneKeyValues *self, const TuneDecoder *decoder, gsize capacity,
                              GError **error);
void tune_key_values_clear(TuneKeyValues *self);
/* Key (@value FALSE) or value of a head; those of the same stretch follow. */
gpointer tune_key_values_at(const TuneKeyValues *self, gsize layer, gboolean value, gsize head,
                            gsize position);
/* The scale that belongs to it (kind Q8); likewise. */
float *tune_key_values_scale(const TuneKeyValues *self, gsize layer, gboolean value, gsize head,
                             gsize position);
/* Keep @row [width] at @position. */
void tune_key_values_put(const TuneKeyValues *self, const TuneKernels *kernels, gsize layer,
                         gboolean value, gsize head, gsize position, const float *row);

struct TuneCondition {
    TuneKeyValues cross; /* capacity: the number of tokens */
};

struct TuneSequence {
    TuneKeyValues past;
    TuneCondition *condition; /* (nullable) */
    gsize length;
};

/* One pass over the layers.  Arrays hold a row for each row of the pass. */
typedef struct {
    const TuneDecoder *decoder;
    TuneCompute *compute;
    const TuneKernels *kernels;
    const TuneDecoderRow *rows;
    gsize n, layer;
    float *hidden; /* [n][d]: the residual stream */
    float *normed; /* [n][d] */
    float *wide;   /* [n][4 d]: queries, keys and values, or the feed-forward's inside */
    float *mixed;  /* [n][d]: attention's mix of values */
    float *sub;    /* [n][d]: a sublayer's output */
    float *scores; /* [n][n_heads][score_stride]: of the positions, then a stretch's mix */
    gsize score_stride;
    gsize positions[TUNE_DECODER_MAX_ROWS];
    guint n_firsts; /* sequences of this pass, by their first row */
    guint firsts[TUNE_DECODER_MAX_ROWS];
    guint next[TUNE_DECODER_MAX_ROWS];      /* the sequence's next row, 0: none */
    guint n_crossed;                        /* rows with a condition, */
    guint crossed[TUNE_DECODER_MAX_ROWS];   /* which they are, */
    gint crossed_at[TUNE_DECODER_MAX_ROWS]; /* and a row's place among them, negative: none */
    guint n_wanted;                         /* rows whose logits are wanted */
    gint wanted_at[TUNE_DECODER_MAX_ROWS];
    TuneDecoderWatch watch;
    gpointer watch_data;
} TuneDecoderPass;

/* From pass->wide's queries, keys and values to pass->mixed; keeps the keys and values. */
void tune_decoder_attend(TuneDecoderPass *pass);
/* From pass->wide's queries ([n_crossed][d]) to pass->mixed ([n_crossed][d]). */
void tune_decoder_attend_condition(TuneDecoderPass *pass);
