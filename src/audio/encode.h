/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Sound files: encoders with tags, decoders.  Formats by suffix or name: wav (16, 24, 32f), flac, mp3
 * (V2), ogg (Vorbis), opus.  A file is written to a temporary name in the same folder and renamed when it
 * is whole; "-" is standard output.  One thread per encoder.
 */
#pragma once
#include "audio/source.h"

typedef enum {
    TUNE_AUDIO_WAV16,
    TUNE_AUDIO_WAV24,
    TUNE_AUDIO_WAV32F,
    TUNE_AUDIO_FLAC, /* 24 bit where the bit depth is 24, else 16 */
    TUNE_AUDIO_FLAC24,
    TUNE_AUDIO_MP3,
    TUNE_AUDIO_OGG,
    TUNE_AUDIO_OPUS,
    TUNE_N_AUDIO_FORMATS
} TuneAudioFormat;

/* "wav", "wav24", "wav32f", "flac", "flac24", "mp3", "ogg", "opus", with or without a dot. */
gboolean tune_audio_format_parse(const char *name, TuneAudioFormat *out);
/* By the suffix of @path; TUNE_AUDIO_ERROR_FORMAT lists what there is. */
gboolean tune_audio_format_of_path(const char *path, TuneAudioFormat *out, GError **error);
const char *tune_audio_format_name(TuneAudioFormat format);
const char *tune_audio_format_suffix(TuneAudioFormat format); /* without a dot */
const char *tune_audio_format_mime(TuneAudioFormat format);

/* Tags, written into every format and read back from each.  Strings are UTF-8, (nullable). */
typedef struct {
    char *title, *artist, *genre, *comment, *date, *copyright, *software;
    char *key;       /* "Fm" (initialkey) */
    double bpm;      /* 0 = none */
    char *lyrics;
    char *recipe;    /* canonical JSON; TUNESMITH_RECIPE */
    char *rights;    /* one line of provenance; TUNESMITH_RIGHTS */
    gint64 loop_start, loop_end; /* frames; both 0 = no loop (LOOPSTART/LOOPLENGTH, WAV smpl) */
} TuneTags;
TuneTags *tune_tags_new(void);
TuneTags *tune_tags_copy(const TuneTags *self);
void tune_tags_free(TuneTags *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TuneTags, tune_tags_free)

typedef struct TuneEncoder TuneEncoder;

/* Open an encoder for @path ("-": standard output).  @n_frames: the exact length if known (>= 0), so
 * that headers can be written to a pipe.  16-bit formats are dithered deterministically.  Opus wants a
 * rate of 48000 (or 8, 12, 16, 24 kHz): resample before.  @tags (nullable) are copied. */
TuneEncoder *tune_encoder_new(const char *path, TuneAudioFormat format, guint rate,
                              guint n_channels, gint64 n_frames, const TuneTags *tags,
                              GError **error);
/* The same, but the bytes go to @sink in order and none is ever changed later: what was given on while
 * the sound was made is the file.  @name is for messages. */
typedef gboolean (*TuneEncoderSink)(gconstpointer data, gsize n_bytes, gpointer user_data,
                                    GError **error);
TuneEncoder *tune_encoder_new_to(const char *name, TuneEncoderSink sink, gpointer user_data,
                                 TuneAudioFormat format, guint rate, guint n_channels,
                                 gint64 n_frames, const TuneTags *tags, GError **error);
/* How an MP3 encoder spends its bits; V2 (about 190 kbit/s, varying) unless something else is said before
 * the first write. */
typedef enum { TUNE_MP3_V2, TUNE_MP3_V0, TUNE_MP3_192 } TuneMp3Quality;
void tune_encoder_set_mp3_quality(TuneEncoder *self, TuneMp3Quality quality);
/* @frames: [n_channels * n] interleaved float. */
gboolean tune_encoder_write(TuneEncoder *self, const float *frames, gsize n, GError **error);
/* Complete the file and put it in place; on failure nothing is left.  The encoder stays to be freed. */
gboolean tune_encoder_finish(TuneEncoder *self, GError **error);
/* Without a finish before: the temporary file is removed. */
void tune_encoder_free(TuneEncoder *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TuneEncoder, tune_encoder_free)

/* A sound file as a source, any format libsndfile reads; fills @tags (nullable, transfer full). */
TuneSource *tune_decoder_new(const char *path, TuneTags **tags, GError **error);

/* The same of an open file from its start; @fd (taken over) must seek.  @name is for messages. */
TuneSource *tune_decoder_new_fd(int fd, const char *name, GError **error);

/* @source (owned from now on) at another rate, by libsoxr at high quality; length scaled and exact. */
TuneSource *tune_resample_new(TuneSource *source, guint rate, GError **error);
