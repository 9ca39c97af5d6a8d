/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * MusicGen: a prompt in, sound out.  One model serves many takes at a time: a thread of its own advances
 * all of them by one step with one pass over the weights, and between steps decodes their codes to sound,
 * half a second at a time, for readers that have read what there was.
 *
 *     g_autoptr(TuneMusicgen) model = tune_musicgen_new(checkpoint, &options, &error);
 *     TuneTakeRequest request = TUNE_TAKE_REQUEST_DEFAULT;
 *     request.prompt = "80s pop track with bassy drums and synth";
 *     request.seconds = 10;
 *     g_autoptr(TuneTake) take = tune_musicgen_start(model, &request, &error);
 *     while (tune_take_read(take, block, 1024, &got, &error) && got > 0) ...
 *
 * Weights are loaded by the first take that needs them and shared; tune_musicgen_release() drops them when
 * no take runs.  A take's codes depend on model, weight type, kernels and request only: not on
 * neighbours, threads or timing.  Thread-safe; a take has one reader.
 */
#pragma once
#include "neural/checkpoint.h"
#include "neural/compute.h"

typedef struct TuneMusicgen TuneMusicgen;
typedef struct TuneTake TuneTake;

typedef struct {
    TuneWeightType weights;
    const TuneKernels *kernels; /* NULL: the best */
    guint n_threads;            /* 0: the machine's cores */
    guint max_batch;            /* takes that run at a time, 1..16; more wait.  0: 4 */
    gboolean low_memory;        /* the text encoder is dropped after each prompt, the codec's encoder after
                                   each audio prompt */
} TuneMusicgenOptions;

typedef struct {
    const char *prompt;   /* UTF-8; NULL: unconditional */
    double seconds;       /* 0.1 .. 600, audio prompt included */
    guint64 seed;
    double guidance;      /* negative: the checkpoint's (3); <= 1: off */
    double temperature;   /* negative: the checkpoint's */
    gint top_k;           /* negative: the checkpoint's; 0: off */
    double top_p;         /* negative: the checkpoint's */
    gboolean greedy;
    const float *melody;  /* (nullable) mono, 32 kHz, melody models only; copied */
    gsize n_melody;
    const float *audio;   /* (nullable) to be continued: interleaved with the model's channels, 32 kHz;
                             copied */
    gsize n_audio;        /* frames */
    GCancellable *cancellable; /* (nullable) */
} TuneTakeRequest;
#define TUNE_TAKE_REQUEST_DEFAULT                                                                  \
    {                                                                                              \
        .seconds = 10, .guidance = -1, .temperature = -1, .top_k = -1, .top_p = -1                 \
    }

/* Nothing is loaded yet. (transfer full) */
TuneMusicgen *tune_musicgen_new(TuneCheckpoint *checkpoint, const TuneMusicgenOptions *options,
                                GError **error);
void tune_musicgen_free(TuneMusicgen *self); /* no take may be left */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TuneMusicgen, tune_musicgen_free)
TuneCheckpoint *tune_musicgen_checkpoint(const TuneMusicgen *self); /* (transfer none) */
const TuneKernels *tune_musicgen_kernels(const TuneMusicgen *self);
guint tune_musicgen_rate(const TuneMusicgen *self);       /* 32000 */
guint tune_musicgen_n_channels(const TuneMusicgen *self); /* 1 or 2 */

/* Load now. */
gboolean tune_musicgen_load(TuneMusicgen *self, GError **error);
gboolean tune_musicgen_loaded(const TuneMusicgen *self);
/* Drop the weights; FALSE when takes run. */
gboolean tune_musicgen_release(TuneMusicgen *self);

typedef struct {
    guint64 weight_bytes; /* when loaded */
    guint64 take_bytes;   /* for this request beside the weights */
    double seconds;       /* from a short measure of this machine's speed, or from takes so far */
    guint64 n_steps;
} TuneTakeEstimate;
/* Checks the request too: what start() refuses is refused here. */
gboolean tune_musicgen_estimate(TuneMusicgen *self, const TuneTakeRequest *request,
                                TuneTakeEstimate *out, GError **error);

/* Refuses (REQUEST) a melody for a model without, an audio prompt not shorter than the length, lengths out
 * of range; (MEMORY) what does not fit.  (transfer full) */
TuneTake *tune_musicgen_start(TuneMusicgen *self, const TuneTakeRequest *request, GError **error);
void tune_take_free(TuneTake *self); /* running: it is cancelled */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TuneTake, tune_take_free)
gsize tune_take_n_frames(const TuneTake *self); /* of codes: round(seconds * 50) */
gint64 tune_take_n_samples(const TuneTake *self); /* frames of sound: 640 a frame of codes */
/* The next sound, interleaved, [-1, 1] nominal and not clipped; waits for codes.  0 frames: the end.
 * FALSE with G_IO_ERROR_CANCELLED within one step of a cancel. */
gboolean tune_take_read(TuneTake *self, float *out, gsize n_frames, gsize *n_got, GError **error);
/* Frames of codes that are made: progress. */
gsize tune_take_progress(const TuneTake *self);
/* All codes, [n_codebooks * n_frames]; only after the last sound was read. (transfer none) */
const gint32 *tune_take_codes(const TuneTake *self);

typedef struct {
    gboolean loaded;
    guint running, waiting;
    guint64 steps, takes;
    double steps_per_second; /* lately */
    guint64 weight_bytes, take_bytes;
} TuneMusicgenStats;
void tune_musicgen_stats(TuneMusicgen *self, TuneMusicgenStats *out);
