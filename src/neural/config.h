/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What config.json (and generation_config.json) of a MusicGen checkpoint say, checked: every size is read,
 * none is guessed from a name; what we do not run is refused by name.
 */
#pragma once
#include "base/json.h"
#include "neural/tensor.h"

#define TUNE_MUSICGEN_MAX_CODEBOOKS 8
#define TUNE_ENCODEC_MAX_RATIOS 8

typedef struct { /* T5, encoder only */
    guint vocab_size, d_model, d_kv, d_ff, n_layers, n_heads;
    guint n_buckets, max_distance;
    float epsilon; /* 1e-6 */
} TuneT5Config;

typedef struct { /* the language model over codes */
    guint vocab_size;     /* 2048; id vocab_size is the special one (start, pad) */
    guint d_model, n_layers, n_heads, d_ff;
    guint n_codebooks;    /* 4, stereo 8 */
    guint n_channels;     /* 1 or 2 */
    guint max_positions;  /* 2048: size of the stored table, no limit */
    gboolean cross_attention; /* FALSE in melody models: conditions are a prefix */
    gboolean scale_embedding;
} TuneDecoderConfig;

typedef struct { /* EnCodec */
    guint sampling_rate;      /* 32000 */
    guint hidden_size;        /* 128: the latent's width, also codebook_dim */
    guint n_filters;          /* 64 */
    guint n_ratios, ratios[TUNE_ENCODEC_MAX_RATIOS]; /* decoder's order: 8 5 4 4 */
    guint hop;                /* product of the ratios: 640 */
    guint kernel_size, last_kernel_size, residual_kernel_size; /* 7 7 3 */
    guint compress;           /* 2 */
    guint n_lstm_layers;      /* 2 */
    guint codebook_size, n_quantizers; /* 2048, 4 */
    double frame_rate;        /* sampling_rate / hop: 50 */
} TuneEncodecConfig;

typedef struct {
    TuneT5Config text;
    TuneDecoderConfig decoder;
    TuneEncodecConfig codec;
    gboolean melody;          /* model_type musicgen_melody */
    guint n_chroma, chroma_length; /* 12, 235; 0 without melody */
    /* generation_config.json, with transformers' defaults for what it leaves out */
    double guidance;          /* 3 */
    guint top_k;              /* 50 */
    double top_p, temperature; /* 1, 1 */
    gboolean sample;          /* TRUE */
} TuneMusicgenConfig;

/* @config: config.json's object; @generation: generation_config.json's (nullable).  Errors are
 * NOT_A_MODEL (another architecture, a feature we do not run: named) and BROKEN (a size that is missing,
 * of another type, zero, absurd or in conflict with another). */
gboolean tune_musicgen_config_read(TuneMusicgenConfig *out, const json_t *config,
                                   const json_t *generation, GError **error);
