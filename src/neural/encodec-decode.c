/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "neural/encodec-private.h"

#include <string.h>

#define LATENT_FRAMES 64 /* looked up at a time */

struct TuneEncodecDecoding {
    const TuneEncodec *codec;
    TuneCodecChain *chain;
    float *latent;       /* [LATENT_FRAMES][hidden_size] */
    guint64 n_in, n_out; /* frames that came, samples that went */
    float *out;          /* during a call: where the next samples go */
    TuneEncodecWatch watch;
    gpointer watch_data;
};

static void take_samples(gpointer data, const float *rows, gsize n)
{
    TuneEncodecDecoding *self = data;

    memcpy(self->out, rows, n * sizeof(float));
    self->out += n;
    self->n_out += n;
}

TuneEncodecDecoding *tune_encodec_decoding_new(const TuneEncodec *codec)
{
    TuneEncodecDecoding *self = g_new0(TuneEncodecDecoding, 1);

    self->codec = codec;
    self->latent = g_new(float, (gsize)LATENT_FRAMES * codec->config.hidden_size);
    self->chain =
        tune_codec_chain_new(codec->decoder, codec->n_decoder, LATENT_FRAMES, take_samples, self);
    return self;
}

void tune_encodec_decoding_free(TuneEncodecDecoding *self)
{
    if (self == NULL)
        return;
    tune_codec_chain_free(self->chain);
    g_free(self->latent);
    g_free(self);
}

void tune_encodec_decoding_reset(TuneEncodecDecoding *self)
{
    tune_codec_chain_reset(self->chain);
    self->n_in = self->n_out = 0;
}

void tune_encodec_decoding_watch(TuneEncodecDecoding *self, TuneEncodecWatch watch, gpointer data)
{
    self->watch = watch;
    self->watch_data = data;
    tune_codec_chain_watch(self->chain, watch, data);
}

gsize tune_encodec_room(const TuneEncodecDecoding *self, gsize n_frames,
                        G_GNUC_UNUSED gboolean last)
{
    return (gsize)((self->n_in + n_frames) * self->codec->config.hop - self->n_out);
}

/* z[t] = the sum of the codebooks' vectors, in their order. */
static void look_up(TuneEncodecDecoding *self, const gint32 *codes, gsize code_stride, gsize n)
{
    const TuneEncodecConfig *config = &self->codec->config;
    gsize width = config->hidden_size;

    memset(self->latent, 0, n * width * sizeof(float));
    for (gsize t = 0; t < n; t++) {
        float *z = self->latent + t * width;
        for (guint q = 0; q < config->n_quantizers; q++) {
            gint32 code = CLAMP(codes[q * code_stride + t], 0, (gint32)config->codebook_size - 1);
            const float *e = self->codec->codebooks[q] + (gsize)code * width;
            for (gsize i = 0; i < width; i++)
                z[i] += e[i];
        }
    }
}

void tune_encodec_decode(TuneEncodecDecoding *self, TuneCompute *compute, const gint32 *codes,
                         gsize code_stride, gsize n_frames, gboolean last, float *out,
                         gsize *n_samples)
{
    gsize done = 0;

    self->out = out;
    do {
        gsize n = MIN(n_frames - done, LATENT_FRAMES);
        look_up(self, codes + done, code_stride, n);
        if (self->watch != NULL && n > 0)
            self->watch(-1, self->latent, n, self->codec->config.hidden_size, self->watch_data);
        done += n;
        self->n_in += n;
        tune_codec_chain_push(self->chain, compute, self->latent, n, last && done == n_frames);
    } while (done < n_frames);
    *n_samples = (gsize)(self->out - out);
}
