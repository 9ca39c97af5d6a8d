/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A bus compressor: feed-forward, both channels linked, soft knee, level and gain smoothed in
 * decibel (Giannoulis, Massberg and Reiss, "Digital dynamic range compressor design", JAES 2012).
 * The level is the mean square of the louder channel over about 10 ms; the gain is worked out every
 * 16 frames and drawn as a line between.  No latency; the result does not depend on how the calls
 * are cut up.
 */
#pragma once
#include <glib.h>

typedef struct {
    double threshold_db; /* of the mean square; -18 */
    double ratio;        /* >= 1; 3 */
    double knee_db;      /* width; 6 */
    double attack_s;     /* 0.015 */
    double release_s;    /* 0.175 */
    double makeup_db;    /* 0 */
} TuneCompressorConfig;
#define TUNE_COMPRESSOR_CONFIG_DEFAULT                                                             \
    {                                                                                              \
        -18.0, 3.0, 6.0, 0.015, 0.175, 0.0                                                         \
    }

typedef struct {
    TuneCompressorConfig config;
    double level_pole, attack, release; /* smoothing a step */
    double level;                       /* smoothed mean square */
    double reduction_db;                /* >= 0, smoothed */
    double deepest_db;                  /* the most there was */
    float sum[2];                       /* squares since the last step */
    guint count;                        /* frames since the last step */
    float gain, step;                   /* of the line */
} TuneCompressor;

void tune_compressor_init(TuneCompressor *self, guint rate, const TuneCompressorConfig *config);
/* @frames: [2 * n] interleaved stereo, in place. */
void tune_compressor_process(TuneCompressor *self, float *frames, gsize n);
/* The same with the level taken from @key ([2 * n], may be @frames): ducking. */
void tune_compressor_process_keyed(TuneCompressor *self, float *frames, const float *key, gsize n);
