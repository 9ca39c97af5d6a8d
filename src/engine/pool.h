/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Engines shared by configuration: made when first wanted, at most @max_engines at a time, the least
 * recently used idle one freed for a new one (who wants another while all are in use waits: take one at
 * a time).  A lease shares its engine with others; a render leaves nothing behind for the next.
 *
 *     g_autoptr(TuneEngineLease) lease = tune_engine_pool_take(pool, "compose", &error);
 *     TuneRender *render = tune_engine_start(tune_engine_lease_engine(lease), ...);
 *
 * One vocabulary is loaded for all.  Thread-safe; a lease belongs to one thread.
 */
#pragma once
#include "engine/engine.h"

typedef struct TuneEnginePool TuneEnginePool;
typedef struct TuneEngineLease TuneEngineLease;

typedef struct {
    TuneEngineConfig engine; /* for all engines; the vocabulary is given or loaded on first use */
    guint max_engines;       /* 5 */
    guint64 pressure_bytes;  /* free system memory below which idle engines drop theirs; 0: 256 MiB */
} TuneEnginePoolConfig;

TuneEnginePool *tune_engine_pool_new(const TuneEnginePoolConfig *config);
void tune_engine_pool_free(TuneEnginePool *self); /* no lease may be out */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TuneEnginePool, tune_engine_pool_free)
/* (transfer full) */
TuneEngineLease *tune_engine_pool_take(TuneEnginePool *self, const char *engine, GError **error);
TuneEngine *tune_engine_lease_engine(const TuneEngineLease *self);
void tune_engine_lease_release(TuneEngineLease *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TuneEngineLease, tune_engine_lease_release)
TuneVocabulary *tune_engine_pool_vocabulary(TuneEnginePool *self, GError **error); /* (transfer none) */
/* Sounds and weights of idle engines; loaded again when wanted.  @engine NULL: of all. */
void tune_engine_pool_release_memory(TuneEnginePool *self, const char *engine);
/* To be called now and then: drops memory when the system is short of it. */
void tune_engine_pool_relieve(TuneEnginePool *self);
/* [{"engine", "loaded", "in_use", "uses", "idle_seconds"}] (transfer full) */
json_t *tune_engine_pool_stats(TuneEnginePool *self);
