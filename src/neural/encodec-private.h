/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What decoding and encoding share of a codec.
 */
#pragma once
#include "neural/encodec-layers.h"

struct TuneEncodec {
    TuneEncodecConfig config;
    TuneCodecLayer *decoder, *encoder; /* encoder: NULL without */
    guint n_decoder, n_encoder;
    float **codebooks;   /* [n_quantizers][codebook_size * hidden_size] */
    TuneMatrix **lookup; /* the same as matrices, for encoding; NULL without */
    float **squares;     /* [n_quantizers][codebook_size]: |e|^2, beside lookup */
};
