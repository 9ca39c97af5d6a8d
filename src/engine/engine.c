/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/engine-private.h"

#include <string.h>

G_DEFINE_QUARK(tune-engine-error-quark, tune_engine_error)

static const TuneEngineClass *const classes[] = {
    &tune_engine_class_compose,
    &tune_engine_class_simulate,
};

const char *const *tune_engine_names(void)
{
    static const char *const names[] = {"compose", "simulate", NULL};

    return names;
}

TuneEngine *tune_engine_new(const char *name, const TuneEngineConfig *config, GError **error)
{
    for (guint i = 0; i < G_N_ELEMENTS(classes); i++) {
        if (strcmp(classes[i]->name, name) != 0)
            continue;
        TuneEngine *self = g_atomic_rc_box_new0(TuneEngine);
        self->class = classes[i];
        self->config = *config;
        self->config.synth.soundfont = g_strdup(config->synth.soundfont);
        self->config.synth.sounds = g_strdup(config->synth.sounds);
        if (config->vocabulary != NULL)
            self->vocabulary = tune_vocabulary_ref(config->vocabulary);
        g_mutex_init(&self->lock);
        return self;
    }
    g_autofree char *all = g_strjoinv(", ", (char **)tune_engine_names());
    g_set_error(error, TUNE_ENGINE_ERROR, TUNE_ENGINE_ERROR_UNKNOWN,
                "no engine is called \"%s\"; there are %s", name, all);
    return NULL;
}

static void clear_engine(gpointer data)
{
    TuneEngine *self = data;

    if (self->class->free != NULL)
        self->class->free(self);
    g_clear_pointer(&self->synth, tune_synth_free);
    g_clear_pointer(&self->vocabulary, tune_vocabulary_unref);
    g_free((char *)self->config.synth.soundfont);
    g_free((char *)self->config.synth.sounds);
    g_mutex_clear(&self->lock);
}

void tune_engine_free(TuneEngine *self)
{
    if (self != NULL)
        g_atomic_rc_box_release_full(self, clear_engine);
}

const char *tune_engine_name(const TuneEngine *self)
{
    return self->class->name;
}

TuneSynth *tune_engine_synth(TuneEngine *self, GError **error)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&self->lock);

    if (self->synth == NULL)
        self->synth = tune_synth_new(&self->config.synth, error);
    return self->synth;
}

TuneVocabulary *tune_engine_vocabulary(TuneEngine *self, GError **error)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&self->lock);

    if (self->vocabulary == NULL)
        self->vocabulary = tune_vocabulary_load(error);
    return self->vocabulary;
}

gboolean tune_engine_estimate(TuneEngine *self, const TuneBrief *brief, TuneEstimate *out,
                              GError **error)
{
    return self->class->estimate(self, brief, out, error);
}

void tune_engine_release_memory(TuneEngine *self)
{
    if (self->class->release_memory != NULL)
        self->class->release_memory(self);
}

TuneRender *tune_engine_start(TuneEngine *self, const TuneBrief *brief, guint64 seed,
                              const TuneRenderOptions *options, GError **error)
{
    return self->class->start(self, brief, seed, options, error);
}
