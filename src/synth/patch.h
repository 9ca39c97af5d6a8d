/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Electronic sounds as data: data/voices/KEY.yaml says how the instrument KEY of data/instruments.yaml
 * is synthesised; docs/voices.md has its keys.  A patch plays pitches, a kit plays the General MIDI
 * drum keys.
 *
 *     g_autoptr(TunePatch) patch = tune_patch_load(path, &error);
 *
 * Immutable after load, reference-counted, shared by threads.  A mistake in a file is
 * TUNE_BASE_ERROR_SYNTAX with file, line and reason.
 */
#pragma once
#include "synth/envelope.h"
#include "synth/svf.h"

#define TUNE_PATCH_OSCILLATORS 6
#define TUNE_PATCH_UNISON 9
#define TUNE_PATCH_LFOS 3
#define TUNE_KIT_DRUMS 32
#define TUNE_KIT_LAYERS 5
#define TUNE_KIT_KEYS 128

typedef struct {
    TuneWave wave;
    double level;     /* linear */
    double semitones; /* against the key; cents are parts of it */
    double hz;        /* a fixed pitch; 0: follows the key */
    double width;     /* of a pulse, 0..1 */
    double pan;       /* -1..1 */
    guint unison;     /* how many, 1..TUNE_PATCH_UNISON */
    double detune;    /* semitones from the middle to the outermost of them */
    double spread;    /* of them over the stereo field, 0..1 */
    double decay_s;   /* a fall of its own, 0 = none */
    double ratio;     /* of an FM pair: the modulator's pitch against the carrier's */
    double index;     /* its deviation, radians */
    double index_decay_s, index_sustain;
    double index_velocity; /* 0..1: how much softer playing takes away */
    double clicks;    /* of crackle: a second */
} TuneOscillator;

typedef struct {
    TuneFilterKind kind;
    double hz;
    double resonance; /* 0..1 */
    double follow;    /* 0..1: how far it goes along with the key, against C4 */
    double velocity;  /* octaves that full velocity opens against none */
    double sweep;     /* octaves that its envelope opens */
    TuneAdsr envelope;
    double drive;     /* 0..1, before it */
} TunePatchFilter;

typedef enum { TUNE_LFO_SINE, TUNE_LFO_TRIANGLE, TUNE_LFO_SAW, TUNE_LFO_SQUARE, TUNE_LFO_RANDOM } TuneLfoWave;

typedef struct {
    TuneLfoWave wave;
    double hz;
    double beats;   /* a turn, instead of hz; 0 = hz */
    double delay_s; /* until it has its full depth */
    double pitch;   /* semitones */
    double cutoff;  /* octaves */
    double level;   /* 0..1: how far down it goes */
    double width;   /* of pulses */
    gboolean wheel; /* its depth is the modulation wheel's */
} TunePatchLfo;

typedef struct {
    TuneOscillator oscillators[TUNE_PATCH_OSCILLATORS];
    guint n_oscillators;
    TuneAdsr amplitude;
    TunePatchFilter filter;
    TunePatchLfo lfos[TUNE_PATCH_LFOS];
    guint n_lfos;
    double pitch_from, pitch_to, pitch_s; /* semitones at the start, at the end, time between */
    gboolean mono;      /* one note at a time; overlapping notes glide */
    double glide_s;
    guint polyphony;    /* 1..32 */
    gboolean stretch;   /* times of envelopes and pitch are parts of the note's length */
    gboolean one_shot;  /* the key's end does not end it */
} TuneTonePatch;

typedef enum { TUNE_LAYER_TONE, TUNE_LAYER_NOISE, TUNE_LAYER_METAL, TUNE_LAYER_CHIP } TuneLayerKind;

/* One part of a drum's sound. */
typedef struct {
    TuneLayerKind kind;
    TuneWave wave;            /* of a tone: sine, triangle, square, saw */
    double level;
    double hz, from_hz, fall_s; /* pitch at rest, at the stroke, time constant between */
    double attack_s, hold_s, decay_s; /* decay: of 60 dB */
    guint bursts;             /* strokes in quick succession before the last, as of many hands */
    double burst_s;
    double low_hz, high_hz;   /* what is let through: above low, below high; 0 = all */
    double resonance;         /* of both filters */
    double drive;             /* 0..1 */
    double velocity;          /* 0..1: how much of it softer strokes lose beyond the level */
} TuneDrumLayer;

typedef struct {
    TuneDrumLayer layers[TUNE_KIT_LAYERS];
    guint n_layers;
    double level;
    double pan;
    guint choke; /* drums of one number, not 0, cut each other off */
} TuneDrum;

typedef struct {
    TuneDrum drums[TUNE_KIT_DRUMS];
    guint n_drums;
    gint8 drum_of[TUNE_KIT_KEYS]; /* index, or -1 */
    double tune_of[TUNE_KIT_KEYS]; /* semitones against the drum */
} TuneKit;

typedef struct {
    char *name;
    char *summary;
    char *hash; /* SHA-256 of the file */
    gboolean is_kit;
    TuneTonePatch tone; /* of a patch */
    TuneKit kit;        /* of a kit */
    /* Of both, behind the notes. */
    double level;       /* linear */
    double drive;       /* 0..1 */
    double ensemble;    /* 0..1: the chorus of a string machine */
    guint bits;         /* 0 = all */
    double crush_hz;    /* rate of sample and hold; 0 = none */
    double low_pass_hz; /* 0 = none */
} TunePatch;

TunePatch *tune_patch_load(const char *path, GError **error);
/* @name stands for the path in messages. */
TunePatch *tune_patch_parse(const char *name, const char *text, gsize length, GError **error);
TunePatch *tune_patch_ref(TunePatch *self);
void tune_patch_unref(TunePatch *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TunePatch, tune_patch_unref)
