/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A true-peak limiter that looks ahead: what comes out stays at or below the ceiling, measured
 * between the samples as libebur128 does.  Both channels get the same gain.
 *
 *     g_autoptr(TuneLimiter) limiter = tune_limiter_new(44100, -1.0);
 *     tune_limiter_process(limiter, frames, n);      // in place, late by tune_limiter_latency()
 *
 * or, with the latency taken out at both ends, as a stage: tune_limiter_source_new().  The result
 * does not depend on how the calls are cut up.
 */
#pragma once
#include "audio/source.h"

typedef struct TuneLimiter TuneLimiter;

/* @ceiling_dbtp: -20 .. 0. */
TuneLimiter *tune_limiter_new(guint rate, double ceiling_dbtp);
void tune_limiter_free(TuneLimiter *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TuneLimiter, tune_limiter_free)

/* Frames between in and out, about 4 ms: the first that many frames out are silence, and as many
 * frames of silence must be fed to get the end. */
guint tune_limiter_latency(const TuneLimiter *self);
/* @frames: [2 * n] interleaved stereo, in place. */
void tune_limiter_process(TuneLimiter *self, float *frames, gsize n);
/* The strongest reduction so far, in decibel, >= 0. */
double tune_limiter_deepest_db(const TuneLimiter *self);

/* @source (owned from now on; stereo) limited, same length, nothing late.  (transfer full) */
TuneSource *tune_limiter_source_new(TuneSource *source, double ceiling_dbtp);
