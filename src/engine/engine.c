/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/engine-private.h"

#include <string.h>

G_DEFINE_QUARK(tune-engine-error-quark, tune_engine_error)

static const TuneEngineClass *const classes[] = {
    &tune_engine_class_compose,
    &tune_engine_class_musicgen,
    &tune_engine_class_simulate,
};

const char *const *tune_engine_names(void)
{
    static const char *const names[] = {"compose", "musicgen", "simulate", NULL};

    return names;
}

/* The class of "name" or "name:model"; *model (nullable) points behind the colon. */
static const TuneEngineClass *class_of(const char *spec, const char **model)
{
    const char *colon = strchr(spec, ':');
    gsize n = colon != NULL ? (gsize)(colon - spec) : strlen(spec);

    *model = colon != NULL ? colon + 1 : NULL;
    for (guint i = 0; i < G_N_ELEMENTS(classes); i++)
        if (strlen(classes[i]->name) == n && strncmp(classes[i]->name, spec, n) == 0 &&
            (colon == NULL || (classes[i]->has_models && colon[1] != '\0')))
            return classes[i];
    return NULL;
}

gboolean tune_engine_spec_is_known(const char *spec)
{
    const char *model;

    return class_of(spec, &model) != NULL;
}

gboolean tune_engine_spec_has_model(const char *spec)
{
    const char *model;
    const TuneEngineClass *class = class_of(spec, &model);

    return class != NULL && class->has_models;
}

TuneEngine *tune_engine_new(const char *name, const TuneEngineConfig *config, GError **error)
{
    const char *model;
    const TuneEngineClass *class = class_of(name, &model);

    if (class == NULL) {
        g_autofree char *all = g_strjoinv(", ", (char **)tune_engine_names());
        g_set_error(error, TUNE_ENGINE_ERROR, TUNE_ENGINE_ERROR_UNKNOWN,
                    "no engine is called \"%s\"; there are %s", name, all);
        return NULL;
    }
    TuneEngine *self = g_atomic_rc_box_new0(TuneEngine);
    self->class = class;
    self->spec = g_strdup(name);
    self->config = *config;
    self->config.synth.soundfont = g_strdup(config->synth.soundfont);
    self->config.synth.sounds = g_strdup(config->synth.sounds);
    self->config.neural.model = g_strdup(model != NULL ? model : config->neural.model);
    self->config.neural.weights = g_strdup(config->neural.weights);
    self->config.neural.kernels = g_strdup(config->neural.kernels);
    if (config->vocabulary != NULL)
        self->vocabulary = tune_vocabulary_ref(config->vocabulary);
    g_mutex_init(&self->lock);
    return self;
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
    g_free((char *)self->config.neural.model);
    g_free((char *)self->config.neural.weights);
    g_free((char *)self->config.neural.kernels);
    g_free(self->spec);
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

const char *tune_engine_spec(const TuneEngine *self)
{
    return self->spec;
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

gboolean tune_engine_load(TuneEngine *self, GError **error)
{
    if (self->class->load != NULL)
        return self->class->load(self, error);
    return tune_engine_vocabulary(self, error) != NULL;
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
