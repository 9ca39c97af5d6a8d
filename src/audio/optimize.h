/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Make a recording ready for the web: dynamics compressed, loudness normalised, peaks limited, as
 * MP3.
 *
 *     TuneOptimizeConfig config = TUNE_OPTIMIZE_CONFIG_DEFAULT;
 *     tune_optimize(open_upload, path, &config, tune_file_writer_path(writer), NULL, NULL, NULL,
 * &report, &error);
 *
 * Two passes over the sound, ten seconds at a time: the first measures how loud it is once
 * compressed (EBU R 128), the second does it all again with the gain that follows, a true-peak
 * limiter behind it, and encodes.  Memory does not depend on the length.  The same sound gives the
 * same bytes.
 */
#pragma once
#include "audio/compressor.h"
#include "audio/encode.h"
#include "audio/loudness.h"

typedef struct {
    double target_lufs;  /* -40 .. -5 */
    double ceiling_dbtp; /* -20 .. 0 */
    double max_gain_db;  /* quiet noise is not blown up beyond this */
    gboolean compress;
    TuneCompressorConfig compressor;
    guint rate; /* 0: the sound's own where MP3 has it, else 44100 or 48000 */
    TuneMp3Quality quality;
} TuneOptimizeConfig;
#define TUNE_OPTIMIZE_CONFIG_DEFAULT                                                               \
    {                                                                                              \
        .target_lufs = -14.0, .ceiling_dbtp = -1.0, .max_gain_db = 20.0, .compress = TRUE,         \
        .compressor = TUNE_COMPRESSOR_CONFIG_DEFAULT, .quality = TUNE_MP3_192                      \
    }

/* A new source of the sound from its start; called for each pass. (transfer full) */
typedef TuneSource *(*TuneOptimizeOpen)(gpointer open_data, GError **error);
/* @fraction 0 .. 1 of both passes; of sound whose length is not known it stays at 0 in the first.
 */
typedef void (*TuneOptimizeProgress)(double fraction, gpointer progress_data);

typedef struct {
    TuneLoudness before;             /* of the sound as it came */
    double compressed_lufs, gain_db; /* after the compressor; what was added then */
    TuneLoudness after;              /* of what went into the encoder */
    double seconds;
    guint rate;
} TuneOptimized;

/* Writes @path (put in place when it is whole).  @tags, @cancellable, @progress: (nullable).
 * Errors: those of the source and the encoder; TUNE_AUDIO_ERROR_BROKEN for sound without a frame;
 * G_IO_ERROR_CANCELLED within one block. */
gboolean tune_optimize(TuneOptimizeOpen open, gpointer open_data, const TuneOptimizeConfig *config,
                       const char *path, const TuneTags *tags, GCancellable *cancellable,
                       TuneOptimizeProgress progress, gpointer progress_data, TuneOptimized *out,
                       GError **error);
