/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Properties of rendered sound, checked on whole pieces held in memory (tests only do that).
 */
#pragma once
#include "synth/synth.h"
#include "violations.h"

/* What one rendering gave. */
typedef struct {
    guint rate;
    gsize n_frames;
    float *mix;    /* [2 * n_frames] pre-master */
    float *master; /* [2 * n_frames] */
    guint n_stems;
    float **stems; /* [n_stems][2 * n_frames] */
} Sound;

/* Render @score to its mix and stems, pulled in blocks of @block frames, and master the mix.
 * (transfer full) */
Sound *sound_render(TuneSynth *synth, const TuneScore *score, gsize block, GError **error);
void sound_free(Sound *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Sound, sound_free)

void check_sound(Violations *found, const Ask *ask, const TuneScore *score, const Sound *sound);

/* Bit for bit: mix, master and every stem. */
gboolean sound_equal(const Sound *a, const Sound *b);
