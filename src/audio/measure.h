/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What finished music is: its tempo and key, measured on the sound alone.  Fed by blocks; memory
 * does not grow with the length.  For reports and `inspect`: it decides nothing that is heard.
 *
 *     g_autoptr(TuneMeasure) measure = tune_measure_new(44100, 2);
 *     tune_measure_feed(measure, frames, n);
 *     tune_measure_read(measure, &measured);
 *
 * Tempo: onset strength, its autocorrelation and its spectrum (tempo.c).  Key: pitch classes of
 * lasting partials against key profiles (tonality.c).
 */
#pragma once
#include <glib.h>
#include "base/pitch.h"

typedef struct {
    double bpm;             /* 0 when there is no beat to be found */
    double beat_confidence; /* 0 .. 1: how regular the onsets are; below 0.15 nothing is sure */
    double bpm_other;       /* the next likely metrical level: twice, half, 3/2 ...; 0 for none */
    TuneKey key;            /* major or minor only */
    double key_confidence;  /* 0 .. 1: lead over the second best; 0 for no pitched sound */
    TuneKey key_other;      /* the second best */
    double tuning_cents;    /* -50 .. 50, against A = 440 Hz */
} TuneMeasured;

typedef struct TuneMeasure TuneMeasure;
TuneMeasure *tune_measure_new(guint rate, guint n_channels);
void tune_measure_free(TuneMeasure *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TuneMeasure, tune_measure_free)
/* @frames: [n_channels * n]. */
void tune_measure_feed(TuneMeasure *self, const float *frames, gsize n);
/* Of all that was fed; may be asked at any time. */
void tune_measure_read(TuneMeasure *self, TuneMeasured *out);
/* The tempo near @expected_bpm (within 4 %), for "asked and got" where music allows two readings of
 * its beat; *strength 0 .. 1 (nullable) says how well the sound supports it.  0 when nothing is
 * there. */
double tune_measure_bpm_near(TuneMeasure *self, double expected_bpm, double *strength);
