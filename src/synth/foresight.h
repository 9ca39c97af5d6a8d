/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Which gain in front of the limiter gives the wanted loudness behind it.  While the sound goes by once,
 * its K-weighted energy and the peaks of short pieces are written down; from these the loudness behind
 * any gain and the limiter can be worked out without hearing it again.
 */
#pragma once
#include "synth/energy.h"

#define TUNE_FORESIGHT_PIECE 64 /* frames */

typedef struct {
    guint rate;
    TuneEnergyCurve curve;
    GArray *pieces; /* float pairs: peak, mean square */
    float peak, sum;
    guint in_piece;
    gint64 n_frames;
} TuneForesight;

void tune_foresight_init(TuneForesight *self, guint rate);
void tune_foresight_clear(TuneForesight *self);
/* @frames: [2 * n]. */
void tune_foresight_feed(TuneForesight *self, const float *frames, gsize n);

/* Loudness behind @gain_db, a limiter at @ceiling_db and a fade over the last @fade_frames. */
double tune_foresight_lufs(const TuneForesight *self, double gain_db, double ceiling_db,
                           gint64 fade_frames);
/* The gain for @lufs, within -40..40 dB; 0 for silence. */
double tune_foresight_gain_db(const TuneForesight *self, double lufs, double ceiling_db,
                              gint64 fade_frames);
