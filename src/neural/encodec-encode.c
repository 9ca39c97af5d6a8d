/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "neural/encodec-private.h"

#include <string.h>

#define PIECE_FRAMES  25 /* between two looks at the cancellable: half a second */
#define LOOKUP_FRAMES 64 /* compared with a codebook at a time */

typedef struct {
    float *rows; /* [n_frames * width] */
    gsize n, width;
} Embedding;

static void take_embedding(gpointer data, const float *rows, gsize n)
{
    Embedding *embedding = data;

    memcpy(embedding->rows + embedding->n * embedding->width, rows,
           n * embedding->width * sizeof(float));
    embedding->n += n;
}

/* The code whose vector is nearest to @r, the first of equals: the largest of
 * -(|r|^2 - 2 r . e + |e|^2). */
static gint32 nearest(const float *dots, const float *squares, gsize size, const float *r,
                      gsize width)
{
    float best = 0, own = 0;
    gint32 code = 0;

    for (gsize i = 0; i < width; i++)
        own += r[i] * r[i];
    for (gsize c = 0; c < size; c++) {
        float distance = own - 2 * dots[c] + squares[c];
        if (c == 0 || distance < best) {
            best = distance;
            code = (gint32)c;
        }
    }
    return code;
}

/* Residual vector quantisation: each codebook codes what the ones before have left. @rows are used
 * up. */
static void quantize(const TuneEncodec *self, TuneCompute *compute, float *rows, gsize n_frames,
                     gint32 *codes)
{
    gsize size = self->config.codebook_size, width = self->config.hidden_size;
    g_autofree float *dots = g_new(float, LOOKUP_FRAMES *size);

    for (guint q = 0; q < self->config.n_quantizers; q++) {
        for (gsize first = 0; first < n_frames; first += LOOKUP_FRAMES) {
            gsize n = MIN(LOOKUP_FRAMES, n_frames - first);
            tune_compute_multiply(compute, self->lookup[q], rows + first * width, width, n, dots,
                                  size);
            for (gsize t = 0; t < n; t++) {
                float *r = rows + (first + t) * width;
                gint32 code = nearest(dots + t * size, self->squares[q], size, r, width);
                const float *e = self->codebooks[q] + (gsize)code * width;
                codes[q * n_frames + first + t] = code;
                for (gsize i = 0; i < width; i++)
                    r[i] -= e[i];
            }
        }
    }
}

static gboolean embed(const TuneEncodec *self, TuneCompute *compute, const float *audio,
                      gsize n_samples, TuneCodecChain *chain, GCancellable *cancellable,
                      GError **error)
{
    gsize piece = (gsize)PIECE_FRAMES * self->config.hop;

    for (gsize done = 0; done < n_samples;) {
        gsize n = MIN(piece, n_samples - done);
        if (g_cancellable_set_error_if_cancelled(cancellable, error))
            return FALSE;
        tune_codec_chain_push(chain, compute, audio + done, n, done + n == n_samples);
        done += n;
    }
    return TRUE;
}

static gint32 *encode(const TuneEncodec *self, TuneCompute *compute, const float *audio,
                      gsize n_samples, gsize *n_frames, GCancellable *cancellable,
                      TuneEncodecWatch watch, gpointer data, GError **error)
{
    g_return_val_if_fail(self->encoder != NULL, NULL);
    gsize hop = self->config.hop, width = self->config.hidden_size;
    gsize frames = n_samples / hop + (n_samples % hop != 0);
    g_autofree float *rows = g_try_new(float, MAX(frames, 1) * width);
    Embedding embedding = {.rows = rows, .width = width};
    g_autofree gint32 *codes = g_try_new(gint32, MAX(frames, 1) * self->config.n_quantizers);

    if (rows == NULL || codes == NULL) {
        g_set_error(error, TUNE_NEURAL_ERROR, TUNE_NEURAL_ERROR_MEMORY,
                    "no memory for the codes of %" G_GSIZE_FORMAT " samples", n_samples);
        return NULL;
    }
    g_autoptr(TuneCodecChain) chain =
        tune_codec_chain_new(self->encoder, self->n_encoder, (gsize)PIECE_FRAMES * self->config.hop,
                             take_embedding, &embedding);
    tune_codec_chain_watch(chain, watch, data);
    if (!embed(self, compute, audio, n_samples, chain, cancellable, error))
        return NULL;
    g_assert(embedding.n == frames);
    if (watch != NULL && frames > 0)
        watch(-1, rows, frames, width, data);
    quantize(self, compute, rows, frames, codes);
    *n_frames = frames;
    return g_steal_pointer(&codes);
}

gint32 *tune_encodec_encode(const TuneEncodec *self, TuneCompute *compute, const float *audio,
                            gsize n_samples, gsize *n_frames, GCancellable *cancellable,
                            GError **error)
{
    return encode(self, compute, audio, n_samples, n_frames, cancellable, NULL, NULL, error);
}

gint32 *tune_encodec_encode_watched(const TuneEncodec *self, TuneCompute *compute,
                                    const float *audio, gsize n_samples, gsize *n_frames,
                                    TuneEncodecWatch watch, gpointer data, GError **error)
{
    return encode(self, compute, audio, n_samples, n_frames, NULL, watch, data, error);
}
