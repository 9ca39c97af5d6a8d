/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What the engine's files share: the engine and the render as structs.
 *
 *   engine.c    the table of engines, dispatch
 *   compose.c   brief -> score -> sound
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

/* Reference-counted: a render keeps its engine alive. */
struct TuneEngine {
    const TuneEngineClass *class; /* static */
    TuneEngineConfig config;      /* strings belong to the engine */
    TuneVocabulary *vocabulary;   /* (nullable): loaded on first use; guarded by lock */
    TuneSynth *synth;             /* (nullable): made on first use; guarded by lock */
    GMutex lock;
};

struct TuneRender {
    TuneEngine *engine; /* a reference */
    TuneSource *source; /* the master */
    TuneScore *score;
    TuneBrief *brief; /* (nullable): NULL when a score was given */
    guint64 seed;
    double loudness_lufs;
    TuneRenderOptions options;
    json_t *recipe;
    char *recipe_text;
    char *recipe_hash;
    char *score_hash;  /* SHA-256 of the score's JSON */
    GPtrArray *notes;  /* char*: for the report */
    TuneMeter *meter;
    GCancellable *own_cancellable; /* (nullable): of the public library's renders */
    gint64 frames_read;
    gboolean at_end;
};

extern const TuneEngineClass tune_engine_class_compose;
extern const TuneEngineClass tune_engine_class_simulate;

/* The engine's synthesiser and vocabulary, made when first asked for. (transfer none) (nullable) */
TuneSynth *tune_engine_synth(TuneEngine *self, GError **error);
TuneVocabulary *tune_engine_vocabulary(TuneEngine *self, GError **error);

/* A render of @score: synth, master, meter; @brief (nullable) and @score are kept by reference or copy,
 * @notes (transfer full) are the composer's.  @recipe is (transfer full). (transfer full) */
TuneRender *tune_render_new(TuneEngine *engine, const TuneBrief *brief, const TuneScore *score,
                            json_t *recipe, GPtrArray *notes, double loudness_lufs,
                            const TuneRenderOptions *options, GError **error);

/* The recipe of a brief, or of a score given from outside (@brief NULL).  (transfer full) */
json_t *tune_recipe_new(TuneEngine *engine, const TuneBrief *brief, const TuneScore *score,
                        guint64 seed, double loudness_lufs, const TuneRenderOptions *options,
                        GError **error);

/* SHA-256 of the score's JSON bytes.  (transfer full) (nullable) */
char *tune_recipe_score_hash(const TuneScore *score, GError **error);

/* {"engine", "ai_model", "sound_set", "sound_licence", ...}.  (transfer full) */
json_t *tune_rights_new(TuneEngine *engine, const char *recipe_hash, const char *score_hash);

