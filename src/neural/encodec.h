/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * EnCodec (Defossez et al., 2022) as MusicGen's releases use it: 32 kHz mono, 50 frames a second, four
 * codebooks, convolutions that see both sides, reflected ends, weight norm, two LSTM layers.
 *
 * Signals are time-major ([time][channels]), so that every convolution, stride and transposed
 * convolution is one product of a matrix with overlapping windows (compute.h).
 *
 *     g_autoptr(TuneEncodecDecoding) decoding = tune_encodec_decoding_new(codec);
 *     tune_encodec_decode(decoding, compute, codes, n_frames, last, audio, &n_samples);
 *
 * A codec is immutable; a decoding belongs to one thread at a time.
 */
#pragma once
#include "neural/checkpoint.h"
#include "neural/compute.h"

typedef struct TuneEncodec TuneEncodec;
typedef struct TuneEncodecDecoding TuneEncodecDecoding;

/* What is loaded: sound needs the decoder, audio prompts the encoder. */
typedef enum {
    TUNE_ENCODEC_DECODER = 1,
    TUNE_ENCODEC_ENCODER = 2,
    TUNE_ENCODEC_BOTH = TUNE_ENCODEC_DECODER | TUNE_ENCODEC_ENCODER,
} TuneEncodecParts;

/* @type: F32, or F16 beside half and quantised models.
 * (transfer full) */
TuneEncodec *tune_encodec_new(TuneCheckpoint *checkpoint, TuneCompute *compute, TuneWeightType type,
                              TuneEncodecParts parts, GError **error);
void tune_encodec_free(TuneEncodec *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TuneEncodec, tune_encodec_free)
guint64 tune_encodec_bytes(const TuneEncodec *self);
const TuneEncodecConfig *tune_encodec_config(const TuneEncodec *self);

/* Decode as codes come: pieces of any size give the same samples as all at once (to float rounding); what
 * needs frames that have not come is held back. */
TuneEncodecDecoding *tune_encodec_decoding_new(const TuneEncodec *codec);
void tune_encodec_decoding_free(TuneEncodecDecoding *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TuneEncodecDecoding, tune_encodec_decoding_free)
/* @codes: [n_quantizers][code_stride], the next @n_frames of each.  @last: no more will come.  @out: room
 * for tune_encodec_room(self, n_frames, last) samples, mono; *@n_samples are written. */
void tune_encodec_decode(TuneEncodecDecoding *self, TuneCompute *compute, const gint32 *codes,
                         gsize code_stride, gsize n_frames, gboolean last, float *out,
                         gsize *n_samples);
gsize tune_encodec_room(const TuneEncodecDecoding *self, gsize n_frames, gboolean last);
void tune_encodec_decoding_reset(TuneEncodecDecoding *self);

/* Codes of @n_samples of mono sound at the codec's rate: [n_quantizers * n_frames] with
 * n_frames = ceil(n_samples / hop).  (transfer full): gint32 */
gint32 *tune_encodec_encode(const TuneEncodec *self, TuneCompute *compute, const float *audio,
                            gsize n_samples, gsize *n_frames, GCancellable *cancellable,
                            GError **error);
/* For tests: rows [n * width], time-major, after module @layer of "decoder.layers" or
 * "encoder.layers" (-1: the quantised latent, or the encoder's embedding). */
typedef void (*TuneEncodecWatch)(gint layer, const float *rows, gsize n, gsize width, gpointer data);
void tune_encodec_decoding_watch(TuneEncodecDecoding *self, TuneEncodecWatch watch, gpointer data);
gint32 *tune_encodec_encode_watched(const TuneEncodec *self, TuneCompute *compute, const float *audio,
                                    gsize n_samples, gsize *n_frames, TuneEncodecWatch watch,
                                    gpointer data, GError **error);
