/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * One sounding note of a patch: oscillators -> filter -> amplitude, in control blocks.  All that its
 * voice and it share about the patch at one rate is in the plan.  Plain values; one thread.
 */
#pragma once
#include "synth/patch.h"

#define TUNE_CONTROL_BLOCK 32 /* frames; half of TUNE_VOICE_GRID */

typedef struct {
    const TuneTonePatch *patch; /* borrowed */
    guint rate;
    double block_s;
    double beat_s;
    double glide;    /* of the way to the new pitch that one block goes */
    double ratios[TUNE_PATCH_OSCILLATORS][TUNE_PATCH_UNISON]; /* of the pitch */
    float gains[TUNE_PATCH_OSCILLATORS][TUNE_PATCH_UNISON][2];
    double falls[TUNE_PATCH_OSCILLATORS]; /* of the oscillator's own level, a block */
    double index_falls[TUNE_PATCH_OSCILLATORS];
} TuneTonePlan;

void tune_tone_plan_init(TuneTonePlan *self, const TuneTonePatch *patch, guint rate, double beat_s);

typedef struct {
    double bend;  /* semitones */
    double wheel; /* 0..1 */
    double cutoff;       /* octaves that the hand on the filter adds */
    double resonance;    /* that it adds, -0.4..0.4 */
    gboolean on_filter;  /* it is there: the patch's own movement of the filter rests */
} TuneToneHands;

typedef struct {
    gboolean active;  /* sounds */
    gboolean key_down, held, dying; /* held: by the pedal; dying: fades within a block */
    guint8 key, velocity;
    guint64 number;   /* of the note in its voice */
    guint32 seed;     /* of what is left to chance in it */
    double pitch, target; /* MIDI key with fractions: now, and where a glide goes */
    double seconds, length_s; /* since the start; of the whole note, 0 = not known */
    float gain, level; /* of the velocity; of the amplitude at the end of the last block */
    TuneEnvelope amplitude, sweep;
    TuneSvf filter;
    guint32 phases[TUNE_PATCH_OSCILLATORS][TUNE_PATCH_UNISON];
    guint32 modulators[TUNE_PATCH_OSCILLATORS], counters[TUNE_PATCH_OSCILLATORS];
    float held_sample[TUNE_PATCH_OSCILLATORS]; /* of chip noise and crackle */
    double levels[TUNE_PATCH_OSCILLATORS], indices[TUNE_PATCH_OSCILLATORS];
    double turns[TUNE_PATCH_LFOS];
} TuneTone;

/* A new note in a silent slot; @count: how often its key has been struck; @length_s: 0 = unknown. */
void tune_tone_start(TuneTone *self, const TuneTonePlan *plan, guint8 key, guint8 velocity,
                     double length_s, guint count);
/* The same note goes on at another key; @restart: with new envelopes. */
void tune_tone_move(TuneTone *self, const TuneTonePlan *plan, guint8 key, guint8 velocity,
                    double length_s, gboolean restart);
void tune_tone_release(TuneTone *self);

/* Adds the next control block to @left and @right. */
void tune_tone_render(TuneTone *self, const TuneTonePlan *plan, const TuneToneHands *hands, float *left,
                      float *right);
