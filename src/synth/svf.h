/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A resonant filter that may be swept: the state-variable filter in its trapezoidal form (Simper,
 * "Solving the continuous SVF equations using trapezoidal integration", 2013), two stages of it for
 * stereo in one vector.  The second stage works on what the first gave a frame earlier, so that both
 * cost the time of one.  A plain value; one thread.
 */
#pragma once
#include <glib.h>

typedef enum {
    TUNE_FILTER_NONE,
    TUNE_FILTER_LOW12,  /* 12 dB an octave */
    TUNE_FILTER_LOW24,
    TUNE_FILTER_HIGH12,
    TUNE_FILTER_HIGH24,
    TUNE_FILTER_BAND,
    TUNE_FILTER_ACID,   /* 24 dB, the resonance limited by saturation as in an analogue ladder */
} TuneFilterKind;

typedef float TuneQuad __attribute__((vector_size(16)));

typedef struct {
    TuneQuad one, two; /* the integrators: stage 1 left, right, stage 2 left, right */
    TuneQuad between;  /* what stage 1 gave last, for stage 2 */
    float g;           /* tan(pi hz / rate) at the end of the last block */
} TuneSvf;

void tune_svf_clear(TuneSvf *self);

/* tan(pi hz / rate), @hz held within what the rate allows. */
float tune_svf_g(double hz, guint rate);

/* In place, [n] each; the frequency moves from where it was to @g.  @resonance: 0..1. */
void tune_svf_process(TuneSvf *self, TuneFilterKind kind, float g, double resonance, float *left,
                      float *right, gsize n);
