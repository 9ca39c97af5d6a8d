/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "neural/musicgen-private.h"

/* The text encoder and the codec stay at half beside quantised weights: they are small, and
 * sensitive. */
TuneWeightType tune_musicgen_side_type(const TuneMusicgen *self)
{
    return self->options.weights == TUNE_WEIGHTS_F32 ? TUNE_WEIGHTS_F32 : TUNE_WEIGHTS_F16;
}

void tune_musicgen_weights_clear(TuneMusicgenWeights *weights)
{
    tune_decoder_free(weights->decoder);
    tune_encodec_free(weights->codec);
    tune_encodec_free(weights->encoder);
    tune_t5_free(weights->text);
}

gboolean tune_musicgen_load_weights(TuneMusicgen *self, GError **error)
{
    g_autoptr(TuneDecoder) decoder = NULL;
    g_autoptr(TuneEncodec) codec = NULL;
    guint64 bytes = tune_checkpoint_loaded_bytes(self->checkpoint, (gint)self->options.weights);

    if (!tune_memory_suffices(bytes, 0, "the model's weights", error))
        return FALSE;
    decoder = tune_decoder_load(self->checkpoint, self->compute, self->options.weights, error);
    if (decoder == NULL)
        return FALSE;
    codec = tune_encodec_new(self->checkpoint, self->compute, tune_musicgen_side_type(self),
                             TUNE_ENCODEC_DECODER, error);
    if (codec == NULL)
        return FALSE;
    if (!self->options.low_memory && tune_musicgen_text(self, error) == NULL)
        return FALSE;
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&self->lock);
    self->weight_bytes = tune_decoder_bytes(decoder) + tune_encodec_bytes(codec) +
                         (self->text != NULL ? tune_t5_bytes(self->text) : 0);
    self->decoder = g_steal_pointer(&decoder);
    self->codec = g_steal_pointer(&codec);
    self->loaded = TRUE;
    return TRUE;
}

TuneT5 *tune_musicgen_text(TuneMusicgen *self, GError **error)
{
    if (self->text == NULL)
        self->text =
            tune_t5_new(self->checkpoint, self->compute, tune_musicgen_side_type(self), error);
    return self->text;
}

GArray *tune_musicgen_tokenize(TuneMusicgen *self, const char *prompt, GError **error)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&self->tokenizer_lock);

    if (self->tokenizer == NULL)
        self->tokenizer = tune_checkpoint_new_tokenizer(self->checkpoint, error);
    return self->tokenizer != NULL ? tune_tokenizer_encode(self->tokenizer, prompt) : NULL;
}

void tune_musicgen_text_done(TuneMusicgen *self)
{
    if (self->options.low_memory)
        g_clear_pointer(&self->text, tune_t5_free);
}

/* Tell what the encoder takes; @bytes 0: it is gone. */
static void tell_encoder(TuneMusicgen *self, guint64 bytes)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&self->lock);

    self->encoder_bytes = bytes;
}

/* One channel of @audio [n * n_channels] through the encoder, into rows channel, channel +
 * n_channels, ... of *@codes, which the first channel makes. */
static gboolean encode_channel(TuneMusicgen *self, TuneCompute *compute, const float *audio,
                               gsize n, guint channel, gint32 **codes, gsize *n_frames,
                               GCancellable *cancellable, GError **error)
{
    guint n_channels = self->config->decoder.n_channels;
    guint n_codebooks = self->config->decoder.n_codebooks;
    g_autofree float *mono = g_new(float, n);
    g_autofree gint32 *own = NULL;

    for (gsize i = 0; i < n; i++)
        mono[i] = audio[i * n_channels + channel];
    own = tune_encodec_encode(self->encoder, compute, mono, n, n_frames, cancellable, error);
    if (own == NULL)
        return FALSE;
    if (*codes == NULL)
        *codes = g_new(gint32, n_codebooks * *n_frames);
    for (guint k = 0; k < n_codebooks / n_channels; k++)
        memcpy(*codes + (k * n_channels + channel) * *n_frames, own + k * *n_frames,
               *n_frames * sizeof *own);
    return TRUE;
}

gint32 *tune_musicgen_encode(TuneMusicgen *self, const float *audio, gsize n, gsize *n_frames,
                             GCancellable *cancellable, GError **error)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&self->encoder_lock);
    g_autoptr(TuneCompute) compute =
        tune_compute_new(self->options.kernels, self->options.n_threads);
    g_autofree gint32 *codes = NULL;
    gboolean done = TRUE;

    if (self->encoder == NULL)
        self->encoder = tune_encodec_new(self->checkpoint, compute, tune_musicgen_side_type(self),
                                         TUNE_ENCODEC_ENCODER, error);
    if (self->encoder == NULL)
        return NULL;
    tell_encoder(self, tune_encodec_bytes(self->encoder));
    for (guint c = 0; c < self->config->decoder.n_channels && done; c++)
        done = encode_channel(self, compute, audio, n, c, &codes, n_frames, cancellable, error);
    if (self->options.low_memory) {
        g_clear_pointer(&self->encoder, tune_encodec_free);
        tell_encoder(self, 0);
    }
    return done ? g_steal_pointer(&codes) : NULL;
}
