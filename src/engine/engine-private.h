/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What the engine's files share: the engine and the render as structs.
 *
 *   engine.c    the table of engines, dispatch
 *   compose.c   brief -> score -> sound
 *   musicgen.c  brief -> prompt -> sound, by a neural model (neural/)
 *   take.c      its sound as a source: exact length, both channels
 *   simulate.c  prompt and metadata, no sound
 *   render.c    the pull side: reads, meters, reports progress
 *   recipe.c    what decides a result, as canonical JSON; replay
 *   report.c    asked versus got
 *   rights.c    provenance of what was used
 *   title.c     a name for a piece nobody named
 */
#pragma once
#include "engine/engine.h"
#include "engine/meter.h"
#include "neural/musicgen.h"

/* Reference-counted: a render keeps its engine alive. */
struct TuneEngine {
    const TuneEngineClass *class; /* static */
    char *spec;                   /* name[:model] */
    gpointer state;               /* (nullable) the class's own */
    TuneEngineConfig config;      /* strings belong to the engine */
    TuneVocabulary *vocabulary;   /* (nullable): loaded on first use; guarded by lock */
    TuneSynth *synth;             /* (nullable): made on first use; guarded by lock */
    GMutex lock;
};

struct TuneRender {
    TuneEngine *engine; /* a reference */
    TuneSource *source; /* the master */
    TuneScore *score; /* (nullable): a neural engine writes none */
    TuneTake *take;   /* (nullable): the source reads from it */
    json_t *model;    /* (nullable): {"name", "sha256", "weights", "kernels", "licence"} */
    TuneBrief *brief; /* (nullable): NULL when a score was given */
    guint64 seed;
    double loudness_lufs;
    double predicted_lufs; /* of the mix, when no score tells; 0: not known */
    gint64 fade_us;        /* without a score */
    TuneRenderOptions options;
    json_t *recipe;
    char *recipe_text;
    char *recipe_hash;
    char *score_hash;  /* SHA-256 of the score's JSON */
    GPtrArray *notes;  /* char*: for the report */
    TuneMeter *meter;
    GCancellable *own_cancellable; /* (nullable): of the public library's renders */
    gint64 expected_frames; /* of the mix; -1: not known */
    gint64 frames_read;
    gboolean at_end;
};

extern const TuneEngineClass tune_engine_class_compose;
extern const TuneEngineClass tune_engine_class_simulate;
extern const TuneEngineClass tune_engine_class_musicgen;

/* The engine's synthesiser and vocabulary, made when first asked for. (transfer none) (nullable) */
TuneSynth *tune_engine_synth(TuneEngine *self, GError **error);
TuneVocabulary *tune_engine_vocabulary(TuneEngine *self, GError **error);

/* A render of @score: synth, master, meter; @brief (nullable) and @score are kept by reference or copy,
 * @notes (transfer full) are the composer's.  @recipe is (transfer full). (transfer full) */
TuneRender *tune_render_new(TuneEngine *engine, const TuneBrief *brief, const TuneScore *score,
                            json_t *recipe, GPtrArray *notes, double loudness_lufs,
                            const TuneRenderOptions *options, GError **error);

/* What a neural engine gives; all (transfer full), whatever comes of it. */
typedef struct {
    TuneSource *mix; /* stereo, at the rate of the options, of known length */
    TuneTake *take;
    json_t *recipe, *model;
    GPtrArray *notes;
    double predicted_lufs;
    gint64 fade_us;
} TuneSoundParts;
/* A render of such a sound: master, meter. (transfer full) */
TuneRender *tune_render_new_sound(TuneEngine *engine, const TuneBrief *brief, guint64 seed,
                                  const TuneSoundParts *parts, const TuneRenderOptions *options,
                                  GError **error);

/* @take (transfer none, outlives it) as stereo at 32 kHz, cut to @n_frames. (transfer full) */
TuneSource *tune_take_source_new(TuneTake *take, guint n_channels, gint64 n_frames);
/* Loudness of its first moments, waiting for them; 0: silence or an error, which the next read tells. */
double tune_take_source_foretaste(TuneSource *source);

/* {"format", "engine", "brief", "seed", "model", "take", "rate", "master"}. @model and @take are
 * (transfer none). (transfer full) */
json_t *tune_recipe_new_sound(TuneEngine *engine, const TuneBrief *brief, guint64 seed,
                              json_t *model, json_t *take, const TuneRenderOptions *options);
/* Take options of a recipe, without clips. */
gboolean tune_recipe_take(const json_t *recipe, TuneTakeOptions *out, GError **error);

/* The recipe of a brief, or of a score given from outside (@brief NULL).  (transfer full) */
json_t *tune_recipe_new(TuneEngine *engine, const TuneBrief *brief, const TuneScore *score,
                        guint64 seed, double loudness_lufs, const TuneRenderOptions *options,
                        GError **error);

/* SHA-256 of the score's JSON bytes.  (transfer full) (nullable) */
char *tune_recipe_score_hash(const TuneScore *score, GError **error);


