/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * An envelope of four stages, moved on in steps of a control block: a straight attack, then falls that
 * are straight lines in decibel.  Times of decay and release are those of 60 dB.
 */
#pragma once
#include "synth/wave.h"

typedef struct {
    double attack_s, decay_s, sustain, release_s; /* sustain 0..1 */
} TuneAdsr;

typedef enum { TUNE_ENVELOPE_ATTACK, TUNE_ENVELOPE_DECAY, TUNE_ENVELOPE_RELEASE } TuneEnvelopeStage;

typedef struct {
    double level; /* 0..1 */
    TuneEnvelopeStage stage;
    double attack_step, decay, sustain, release; /* a control block's */
} TuneEnvelope;

/* What is left of a level after a step of @step_s, when 60 dB take @seconds. */
static inline double tune_envelope_fall(double seconds, double step_s)
{
    return seconds <= step_s ? 0.0 : tune_wave_exp2(-9.965784284662087 * step_s / seconds);
}

/* Begins at @level (0, or where a note that is played again was); @scale stretches attack and decay;
 * @step_s: a control block. */
static inline void tune_envelope_start(TuneEnvelope *self, const TuneAdsr *adsr, double level,
                                       double scale, double step_s)
{
    self->level = level;
    self->stage = TUNE_ENVELOPE_ATTACK;
    self->attack_step = step_s / MAX(step_s, adsr->attack_s * scale);
    self->decay = tune_envelope_fall(adsr->decay_s * scale, step_s);
    self->sustain = adsr->sustain;
    self->release = tune_envelope_fall(adsr->release_s, step_s);
}

/* The level at the end of the next control block. */
static inline double tune_envelope_next(TuneEnvelope *self)
{
    switch (self->stage) {
    case TUNE_ENVELOPE_ATTACK:
        self->level += self->attack_step;
        if (self->level >= 1.0) {
            self->level = 1.0;
            self->stage = TUNE_ENVELOPE_DECAY;
        }
        break;
    case TUNE_ENVELOPE_DECAY:
        self->level = self->sustain + (self->level - self->sustain) * self->decay;
        break;
    case TUNE_ENVELOPE_RELEASE:
        self->level *= self->release;
        break;
    }
    return self->level;
}

static inline void tune_envelope_release(TuneEnvelope *self)
{
    self->stage = TUNE_ENVELOPE_RELEASE;
}

/* Below -80 dB and falling. */
static inline gboolean tune_envelope_is_over(const TuneEnvelope *self)
{
    return self->stage != TUNE_ENVELOPE_ATTACK && self->level < 1e-4 &&
           (self->stage == TUNE_ENVELOPE_RELEASE || self->sustain < 1e-4);
}
