/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A piece of sound held in memory, as neural engines take it: a melody to follow, a beginning to continue.
 *
 *     g_autoptr(TuneClip) clip = tune_clip_read(source, 30, &error);   // the source is used up
 *
 * Immutable, reference-counted, thread-safe.
 */
#pragma once
#include "audio/source.h"

#define TUNE_CLIP_RATE 32000
#define TUNE_CLIP_MAX_SECONDS 600

typedef struct {
    float *frames;    /* [2 * n_frames] interleaved, at TUNE_CLIP_RATE */
    gsize n_frames;
    guint n_channels; /* of the original: 1 (both sides alike) or 2 */
    char sha256[65];  /* of the frames: what a recipe remembers */
} TuneClip;

/* All of @source (transfer full), or its first @max_seconds; resampled, more than two channels refused.
 * Errors of the source, TUNE_AUDIO_ERROR_BROKEN when there is no sound in it. (transfer full) */
TuneClip *tune_clip_read(TuneSource *source, double max_seconds, GError **error);
TuneClip *tune_clip_ref(const TuneClip *self);
void tune_clip_unref(TuneClip *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TuneClip, tune_clip_unref)
