/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The layers of EnCodec's encoder and decoder as matrices, and signals that flow through them in
 * pieces.
 *
 * A layer's weights are immutable and shared.  A chain is what one signal needs while it passes:
 * for each layer the rows that later windows still need.  Rows go in, and as soon as a layer has
 * what its windows need, rows come out and go on to the next, a slice of bounded size at a time, so
 * that memory does not grow with the signal and a slice is still in the cache when the next layer
 * reads it.
 *
 *     TuneCodecChain *chain = tune_codec_chain_new(layers, n_layers, 64, sink, data);
 *     tune_codec_chain_push(chain, compute, rows, n, last);
 *
 * The same rows come out whatever the pieces: each is computed from its own window by the same
 * sums.
 */
#pragma once
#include "neural/encodec.h"

typedef enum {
    TUNE_CODEC_CONVOLUTION,
    TUNE_CODEC_TRANSPOSED,
    TUNE_CODEC_RESIDUAL,
    TUNE_CODEC_LSTM,
} TuneCodecKind;

typedef struct {   /* y = W window + bias */
    guint in, out; /* channels */
    guint kernel, stride;
    guint unroll; /* neighbouring outputs that one window gives, so that narrow ones fill a panel */
    TuneMatrix *weight; /* convolution: [unroll * out, (kernel + unroll - 1) * in]; transposed:
                           [stride * out, 2 * in] over the frame before and the frame */
    float *bias;        /* [out] */
} TuneCodecProduct;

typedef struct {
    TuneMatrix *ih, *hh; /* [4 width, width], gates i, f, g, o */
    float *bias;         /* [4 width]: the sum of both */
} TuneCodecLstm;

typedef struct {
    TuneCodecKind kind;
    gboolean elu; /* of the input: module @index - 1 */
    guint index;  /* in "encoder.layers" or "decoder.layers" */
    guint in, out;
    TuneCodecProduct product; /* of a residual block: the first */
    TuneCodecProduct narrow;  /* of a residual block: the second, of kernel 1 */
    TuneCodecLstm *lstm;      /* [n_lstm] */
    guint n_lstm;
} TuneCodecLayer;

/* Make and read all layers of one side.  NULL with an error of the checkpoint or of packing.
 * (transfer full) */
TuneCodecLayer *tune_codec_layers_new(TuneCheckpoint *checkpoint, TuneCompute *compute,
                                      TuneWeightType type, gboolean encoder, guint *n,
                                      GError **error);
void tune_codec_layers_free(TuneCodecLayer *layers, guint n);
guint64 tune_codec_layers_bytes(const TuneCodecLayer *layers, guint n);

/* Called with rows [n * width] that came out of the last layer, in order. */
typedef void (*TuneCodecSink)(gpointer data, const float *rows, gsize n);
typedef struct TuneCodecChain TuneCodecChain;
/* For pieces of @coming rows at most. */
TuneCodecChain *tune_codec_chain_new(const TuneCodecLayer *layers, guint n, gsize coming,
                                     TuneCodecSink sink, gpointer data);
void tune_codec_chain_free(TuneCodecChain *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TuneCodecChain, tune_codec_chain_free)
void tune_codec_chain_reset(TuneCodecChain *self);
void tune_codec_chain_watch(TuneCodecChain *self, TuneEncodecWatch watch, gpointer data);
/* Take @n rows of the first layer's input; @last: no more will come (@n may be 0). */
void tune_codec_chain_push(TuneCodecChain *self, TuneCompute *compute, const float *rows, gsize n,
                           gboolean last);
