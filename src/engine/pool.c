/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * All that a render changes lives in the render (voices, effects, master) and goes with it; an engine
 * keeps only what is read-only and worth sharing: vocabulary, SoundFont samples, calibration.  So one
 * engine serves any number of leases at once, and a render sounds the same whatever was rendered before it.
 */
#include "engine/pool.h"
#include "base/machine.h"
#include "engine/engine-private.h"

#include <string.h>

#define PRESSURE_BYTES (G_GUINT64_CONSTANT(256) << 20)
#define MAX_ENGINES    5

typedef struct {
    TuneEngine *engine;
    guint users;
    guint64 uses;
    gint64 idle_since_us; /* monotonic; of use when users == 0 */
    gboolean loaded;      /* something may be in its memory */
} Entry;

struct TuneEnginePool {
    TuneEnginePoolConfig config; /* strings are ours */
    GMutex lock;                 /* guards all below */
    GCond idle;                  /* an engine is no longer used */
    GPtrArray *entries;          /* Entry */
    GMutex vocabulary_lock;
    TuneVocabulary *vocabulary;  /* (nullable); vocabulary_lock */
};

struct TuneEngineLease {
    TuneEnginePool *pool;
    Entry *entry;
};

static void free_entry(gpointer data)
{
    Entry *entry = data;

    tune_engine_free(entry->engine);
    g_free(entry);
}

TuneEnginePool *tune_engine_pool_new(const TuneEnginePoolConfig *config)
{
    TuneEnginePool *self = g_new0(TuneEnginePool, 1);

    self->config = *config;
    self->config.engine.synth.soundfont = g_strdup(config->engine.synth.soundfont);
    self->config.engine.synth.sounds = g_strdup(config->engine.synth.sounds);
    self->config.engine.neural.model = g_strdup(config->engine.neural.model);
    self->config.engine.neural.weights = g_strdup(config->engine.neural.weights);
    self->config.engine.neural.kernels = g_strdup(config->engine.neural.kernels);
    if (self->config.max_engines == 0)
        self->config.max_engines = MAX_ENGINES;
    if (self->config.pressure_bytes == 0)
        self->config.pressure_bytes = PRESSURE_BYTES;
    if (config->engine.vocabulary != NULL)
        self->vocabulary = tune_vocabulary_ref(config->engine.vocabulary);
    self->entries = g_ptr_array_new_with_free_func(free_entry);
    g_mutex_init(&self->lock);
    g_mutex_init(&self->vocabulary_lock);
    g_cond_init(&self->idle);
    return self;
}

void tune_engine_pool_free(TuneEnginePool *self)
{
    if (self == NULL)
        return;
    for (guint i = 0; i < self->entries->len; i++)
        g_warn_if_fail(((Entry *)self->entries->pdata[i])->users == 0);
    g_ptr_array_unref(self->entries);
    g_clear_pointer(&self->vocabulary, tune_vocabulary_unref);
    g_free((char *)self->config.engine.synth.soundfont);
    g_free((char *)self->config.engine.synth.sounds);
    g_free((char *)self->config.engine.neural.model);
    g_free((char *)self->config.engine.neural.weights);
    g_free((char *)self->config.engine.neural.kernels);
    g_mutex_clear(&self->lock);
    g_mutex_clear(&self->vocabulary_lock);
    g_cond_clear(&self->idle);
    g_free(self);
}

TuneVocabulary *tune_engine_pool_vocabulary(TuneEnginePool *self, GError **error)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&self->vocabulary_lock);

    if (self->vocabulary == NULL)
        self->vocabulary = tune_vocabulary_load(error);
    return self->vocabulary;
}

static Entry *find(TuneEnginePool *self, const char *engine)
{
    for (guint i = 0; i < self->entries->len; i++) {
        Entry *entry = self->entries->pdata[i];

        if (strcmp(tune_engine_spec(entry->engine), engine) == 0)
            return entry;
    }
    return NULL;
}

/* Room for one more, by freeing the engine that has been idle longest.  Called locked. */
static gboolean make_room(TuneEnginePool *self)
{
    Entry *oldest = NULL;

    if (self->entries->len < self->config.max_engines)
        return TRUE;
    for (guint i = 0; i < self->entries->len; i++) {
        Entry *entry = self->entries->pdata[i];

        if (entry->users == 0 && (oldest == NULL || entry->idle_since_us < oldest->idle_since_us))
            oldest = entry;
    }
    return oldest != NULL && g_ptr_array_remove_fast(self->entries, oldest);
}

static Entry *find_or_make(TuneEnginePool *self, const char *engine, const TuneEngineConfig *config,
                           GError **error)
{
    Entry *entry = find(self, engine);
    TuneEngine *made = entry == NULL ? tune_engine_new(engine, config, error) : NULL;

    if (entry != NULL || made == NULL)
        return entry;
    while ((entry = find(self, engine)) == NULL && !make_room(self))
        g_cond_wait(&self->idle, &self->lock);
    if (entry != NULL) { /* somebody else made it meanwhile */
        tune_engine_free(made);
        return entry;
    }
    entry = g_new0(Entry, 1);
    entry->engine = made;
    g_ptr_array_add(self->entries, entry);
    return entry;
}

TuneEngineLease *tune_engine_pool_take(TuneEnginePool *self, const char *engine, GError **error)
{
    TuneEngineConfig config = self->config.engine;

    config.vocabulary = tune_engine_pool_vocabulary(self, error);
    if (config.vocabulary == NULL)
        return NULL;
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&self->lock);
    Entry *entry = find_or_make(self, engine, &config, error);
    if (entry == NULL)
        return NULL;
    entry->users++;
    entry->uses++;
    entry->loaded = TRUE;
    TuneEngineLease *lease = g_new(TuneEngineLease, 1);
    *lease = (TuneEngineLease){self, entry};
    return lease;
}

TuneEngine *tune_engine_lease_engine(const TuneEngineLease *self)
{
    return self->entry->engine;
}

void tune_engine_lease_release(TuneEngineLease *self)
{
    if (self == NULL)
        return;
    TuneEnginePool *pool = self->pool;
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&pool->lock);

    self->entry->users--;
    if (self->entry->users == 0) {
        self->entry->idle_since_us = g_get_monotonic_time();
        g_cond_broadcast(&pool->idle);
    }
    g_free(self);
}

void tune_engine_pool_release_memory(TuneEnginePool *self, const char *engine)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&self->lock);

    for (guint i = 0; i < self->entries->len; i++) {
        Entry *entry = self->entries->pdata[i];

        if (entry->users > 0 || !entry->loaded ||
            (engine != NULL && strcmp(tune_engine_spec(entry->engine), engine) != 0))
            continue;
        tune_engine_release_memory(entry->engine);
        entry->loaded = FALSE;
    }
}

void tune_engine_pool_relieve(TuneEnginePool *self)
{
    guint64 available = tune_machine_memory_available();

    if (available > 0 && available < self->config.pressure_bytes)
        tune_engine_pool_release_memory(self, NULL);
}

json_t *tune_engine_pool_stats(TuneEnginePool *self)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&self->lock);
    gint64 now = g_get_monotonic_time();
    json_t *all = json_array();

    for (guint i = 0; i < self->entries->len; i++) {
        const Entry *entry = self->entries->pdata[i];
        double idle = entry->users > 0 ? 0 : (double)(now - entry->idle_since_us) / 1e6;

        json_array_append_new(
            all, json_pack("{s:s, s:b, s:i, s:I, s:o}", "engine", tune_engine_spec(entry->engine),
                           "loaded", entry->loaded, "in_use", (int)entry->users, "uses",
                           (json_int_t)entry->uses, "idle_seconds", tune_json_real(idle, 3)));
    }
    return all;
}
