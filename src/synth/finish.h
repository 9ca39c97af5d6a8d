/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What a patch does to its notes together: level, drive, fewer bits and a lower rate, low-pass,
 * ensemble.  Blocks of TUNE_VOICE_GRID frames.
 */
#pragma once
#include "synth/chorus.h"
#include "synth/patch.h"

typedef struct {
    const TunePatch *patch; /* borrowed */
    guint rate;
    float gain;       /* of level and playing at the end of the last block */
    TuneChorus *ensemble;
    TuneSvf low_pass;
    float low_pass_g;
    guint32 crush_phase, crush_step;
    float crushed[2];
    guint tail, quiet; /* frames that it sounds on after the notes; how long they have been silent */
} TuneFinish;

void tune_finish_init(TuneFinish *self, const TunePatch *patch, guint rate);
void tune_finish_clear(TuneFinish *self);
/* In place, [n]; @hands: gain of the controllers; @silent_in: no note sounds. */
void tune_finish_process(TuneFinish *self, float hands, float *left, float *right, gsize n,
                         gboolean silent_in);
gboolean tune_finish_is_silent(const TuneFinish *self);
