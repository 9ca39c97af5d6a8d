/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The one interface of all engines: a brief in, audio frames out, with recipe and report.
 *
 *     g_autoptr(TuneEngine) engine = tune_engine_new("compose", &config, &error);
 *     g_autoptr(TuneRender) render = tune_engine_start(engine, brief, seed, &options, &error);
 *     while (tune_render_read(render, block, 4096, &got, &error) && got > 0) ...
 *     json_t *report = tune_render_report(render);
 *
 * Engines are created once per configuration and shared by threads; a render has one reader.
 */
#pragma once
#include "audio/source.h"
#include "base/json.h"
#include "base/log.h"
#include "brief/brief.h"
#include "engine/clip.h"
#include "score/score.h"
#include "synth/synth.h"

#define TUNE_ENGINE_ERROR (tune_engine_error_quark())
GQuark tune_engine_error_quark(void);
typedef enum {
    TUNE_ENGINE_ERROR_UNKNOWN,  /* no such engine; lists what there is */
    TUNE_ENGINE_ERROR_NO_AUDIO, /* the engine makes none (simulate) */
    TUNE_ENGINE_ERROR_RECIPE,   /* a recipe that cannot be replayed; says why */
    TUNE_ENGINE_ERROR_LENGTH,   /* outside what the engine can do */
    TUNE_ENGINE_ERROR_NO_SCORE, /* the engine makes sound without notes: no stems, no score files */
    TUNE_ENGINE_ERROR_MODEL,    /* a setting of the model that is none */
} TuneEngineError;

typedef struct TuneEngine TuneEngine;
typedef struct TuneRender TuneRender;

typedef struct {
    guint64 memory_bytes;
    double seconds;      /* wall clock, this machine */
    double audio_seconds;
} TuneEstimate;

/* Of the engine musicgen; strings are copied. */
typedef struct {
    const char *model;    /* name or path (neural/library.h); NULL: $TUNESMITH_MODEL, else the only one
                             that is installed */
    const char *weights;  /* "f32", "f16", "q8", "q4"; NULL: what a .gguf holds, else q8 */
    const char *kernels;  /* of neural/kernels/kernels.h; NULL: $TUNESMITH_KERNELS, else the best */
    guint n_threads;      /* 0: the machine's cores */
    guint max_batch;      /* takes that share a pass; 0: 4 */
    gboolean low_memory;
} TuneNeuralConfig;

typedef struct {
    TuneVocabulary *vocabulary; /* (transfer none), kept alive by the engine */
    TuneSynthConfig synth;
    TuneNeuralConfig neural;
    const TuneLog *log;
} TuneEngineConfig;

/* stage: "compose", "render", "master"; fraction 0..1 of the whole; may be called from the reading
 * thread only. */
typedef void (*TuneProgress)(double fraction, const char *stage, double audio_seconds,
                             gpointer user_data);

/* Is there room for what is about to be rendered?  Asked once, before any sound is made, with its length
 * at the rate of the options and the memory that the sounds are estimated to take; FALSE with @error stops
 * the render.  @score is NULL for engines that write none. */
typedef gboolean (*TuneRoomCheck)(const TuneScore *score, gint64 n_frames, guint64 memory_bytes,
                                  gpointer user_data, GError **error);

/* How a neural engine chooses.  Negative numbers: as the model's own configuration says. */
typedef struct {
    double guidance;       /* <= 1: off */
    double temperature;    /* negative: the brief's when one was asked for, else the model's */
    gint top_k;            /* 0: off */
    double top_p;          /* 1: off */
    gboolean greedy;
    const TuneClip *melody;       /* (nullable) whose tune is followed */
    const TuneClip *continuation; /* (nullable) sound that is continued; it is part of the result */
} TuneTakeOptions;
#define TUNE_TAKE_OPTIONS_DEFAULT {-1, -1, -1, -1, FALSE, NULL, NULL}

typedef struct {
    guint rate;                /* 44100 */
    TuneMasterKind master;
    TuneStemSink stem_sink;    /* (nullable) */
    gpointer stem_user_data;
    GCancellable *cancellable; /* (nullable) */
    TuneProgress progress;     /* (nullable) */
    gpointer progress_user_data;
    TuneRoomCheck room;        /* (nullable) */
    gpointer room_user_data;
    const TuneTakeOptions *take; /* (nullable): all defaults; for neural engines */
} TuneRenderOptions;
#define TUNE_RENDER_OPTIONS_DEFAULT \
    {44100, TUNE_MASTER_EXACT, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL}

/* The contract of an implementation (engine/compose.c, engine/simulate.c, ...). */
typedef struct {
    const char *name;
    gboolean has_models; /* "name:model" is one too */
    gboolean (*load)(TuneEngine *self, GError **error);      /* (nullable) */
    char *(*data_hash)(TuneEngine *self, GError **error);    /* (nullable): of the composer's data */
    gboolean (*estimate)(TuneEngine *self, const TuneBrief *brief, TuneEstimate *out,
                         GError **error);
    TuneRender *(*start)(TuneEngine *self, const TuneBrief *brief, guint64 seed,
                         const TuneRenderOptions *options, GError **error);
    void (*release_memory)(TuneEngine *self);
    void (*free)(TuneEngine *self);
} TuneEngineClass;

/* @name: of an engine, or "musicgen:MODEL", which outranks the configuration's model. */
TuneEngine *tune_engine_new(const char *name, const TuneEngineConfig *config, GError **error);
void tune_engine_free(TuneEngine *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TuneEngine, tune_engine_free)
const char *const *tune_engine_names(void);
const char *tune_engine_name(const TuneEngine *self); /* "musicgen" */
const char *tune_engine_spec(const TuneEngine *self); /* as given to tune_engine_new() */
/* Is it an engine whose results a model makes ("musicgen:MODEL")? */
gboolean tune_engine_spec_has_model(const char *spec);
/* Is @spec one that tune_engine_new() knows ("compose", "musicgen", "musicgen:MODEL")?  The model is not
 * looked for. */
gboolean tune_engine_spec_is_known(const char *spec);
gboolean tune_engine_estimate(TuneEngine *self, const TuneBrief *brief, TuneEstimate *out,
                              GError **error);
/* What is otherwise loaded by the first render: sounds, weights. */
gboolean tune_engine_load(TuneEngine *self, GError **error);
void tune_engine_release_memory(TuneEngine *self);

/* @brief complete; copied.  It points into the vocabulary it was made with, which must be the engine's or
 * outlive the render.  (transfer full) */
TuneRender *tune_engine_start(TuneEngine *self, const TuneBrief *brief, guint64 seed,
                              const TuneRenderOptions *options, GError **error);

/* A given score (a file, an edit) through the compose engine's sound. (transfer full) */
TuneRender *tune_engine_start_score(TuneEngine *self, const TuneScore *score, double loudness_lufs,
                                    const TuneRenderOptions *options, GError **error);

/* Rebuild from a recipe's JSON. (transfer full) */
TuneRender *tune_engine_replay(TuneEngine *self, const json_t *recipe,
                               const TuneRenderOptions *options, GError **error);

/* @out: [2 * n_frames] interleaved stereo float.  FALSE with G_IO_ERROR_CANCELLED within 100 ms of a
 * cancel. */
gboolean tune_render_read(TuneRender *self, float *out, gsize n_frames, gsize *n_got,
                          GError **error);
gint64 tune_render_n_frames(const TuneRender *self); /* exact length, or -1 */
guint tune_render_rate(const TuneRender *self);
const TuneScore *tune_render_score(const TuneRender *self); /* NULL: made without; (transfer none) */
/* Canonical recipe and its SHA-256 (transfer none). */
const char *tune_render_recipe(const TuneRender *self);
const char *tune_render_recipe_hash(const TuneRender *self);
/* Asked versus got, measured on score and on the audio read so far; final at the end. (transfer full) */
json_t *tune_render_report(TuneRender *self);
void tune_render_free(TuneRender *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TuneRender, tune_render_free)

/* SHA-256 over what decides results beside brief, seed and options: lexicon, instruments, sounds and how
 * they are mapped; model, weights and kernels.  Takes a moment when the sounds have never been hashed.  (transfer full) */
char *tune_engine_data_hash(TuneEngine *self, GError **error);

/* What a render gives beside its sound, as a whole file: "score.json", "score.mid", "score.musicxml",
 * "score.abc", "recipe.json"; of a neural engine "tokens.json" (the codes, [codebook][frame], once all sound
 * was read) and "recipe.json".  NULL without error: no such file. (transfer full) */
GBytes *tune_render_export(const TuneRender *self, const char *name, const char **mime,
                           GError **error);

/* SHA-256 of the score's JSON bytes; NULL without a score (transfer none). */
const char *tune_render_score_hash(const TuneRender *self);
/* Where sound and notes come from: {"engine", "version", "method", "ai_model", "sound_set",
 * "sound_licence", "recipe_sha256", "score_sha256"}; of a neural engine {"engine", "version", "method",
 * "ai_model", "ai_generated", "model", "model_sha256", "weights_licence", "recipe_sha256"}.
 * (transfer full) */
json_t *tune_render_rights(const TuneRender *self);
