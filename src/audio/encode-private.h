/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The inside of an encoder: the front (encode.c) checks and counts, one implementation writes WAV
 * by hand, one goes through libsndfile, whose bytes a "shaper" turns into ours on their way to the
 * sink.
 */
#pragma once
#include "audio/dither.h"
#include "audio/encode.h"
#include "audio/sink.h"
#include "audio/tags-private.h"

/* Frames converted at once. */
#define TUNE_ENCODE_BLOCK 1024

typedef struct {
    gboolean (*write)(TuneEncoder *self, const float *frames, gsize n, GError **error);
    gboolean (*finish)(TuneEncoder *self, GError **error);
    void (*free)(TuneEncoder *self);
} TuneEncoderClass;

/* Put first in the struct of an implementation. */
struct TuneEncoder {
    const TuneEncoderClass *class;
    char *path;
    TuneSink *sink;
    TuneAudioFormat format;
    guint rate, n_channels;
    gint64 n_expected; /* -1: unknown */
    gint64 n_written;
    TuneTags *tags; /* (nullable) */
    TuneDither dither;
    TuneMp3Quality mp3_quality;
    gboolean finished;
    GError *failed; /* the first error; nothing is written after it */
};

/* Allocate, with class and what it needs set up; the common part follows by encode.c.  open: called
 * when the common part is there. */
TuneEncoder *tune_encoder_wav_alloc(void);
gboolean tune_encoder_wav_open(TuneEncoder *self, GError **error);
TuneEncoder *tune_encoder_sndfile_alloc(void);
gboolean tune_encoder_sndfile_open(TuneEncoder *self, GError **error);
/* Tell the library of self->mp3_quality. */
void tune_encoder_sndfile_set_quality(TuneEncoder *self);

/* Changes the head of a stream: libsndfile neither writes our tags nor knows lengths beforehand. */
typedef struct TuneShaper TuneShaper;
struct TuneShaper {
    TuneEncoder *encoder; /* borrowed: sink, tags, n_expected */
    /* The next bytes of the stream. */
    gboolean (*append)(TuneShaper *self, const guint8 *data, gsize n, GError **error);
    /* The library goes back to @offset of its own stream. */
    gboolean (*patch)(TuneShaper *self, guint64 offset, const guint8 *data, gsize n,
                      GError **error);
    gboolean (*finish)(TuneShaper *self, GError **error);
    void (*free)(TuneShaper *self);
};
TuneShaper *tune_shape_flac_new(TuneEncoder *encoder);
TuneShaper *tune_shape_ogg_new(TuneEncoder *encoder);
TuneShaper *tune_shape_mp3_new(TuneEncoder *encoder);
