/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The engine that composes: brief -> score by compose/, score -> sound by synth/.
 */
#include "compose/compose.h"
#include "engine/engine-private.h"

#define SHORTEST_SECONDS 5.0
#define SHORTEST_LOOP_SECONDS 1.0
#define LONGEST_SECONDS 600.0

static gboolean check_length(const TuneBrief *brief, GError **error)
{
    gboolean brief_piece = brief->loop;

    for (guint i = 0; i < brief->tags->len && !brief_piece; i++)
        brief_piece = g_strcmp0(brief->tags->pdata[i], "jingle") == 0;
    double shortest = brief_piece ? SHORTEST_LOOP_SECONDS : SHORTEST_SECONDS;
    if (brief->seconds <= 0 || (brief->seconds >= shortest && brief->seconds <= LONGEST_SECONDS))
        return TRUE;
    g_set_error(error, TUNE_ENGINE_ERROR, TUNE_ENGINE_ERROR_LENGTH,
                "duration: %g seconds is outside the %g to %g seconds that compose can do%s",
                brief->seconds, shortest, LONGEST_SECONDS,
                brief_piece ? "" : " (a loop or jingle may be as short as 1 second)");
    return FALSE;
}

static TuneRender *compose_start(TuneEngine *self, const TuneBrief *brief, guint64 seed,
                                 const TuneRenderOptions *options, GError **error)
{
    TuneVocabulary *vocabulary = tune_engine_vocabulary(self, error);
    g_autoptr(GPtrArray) notes = g_ptr_array_new_with_free_func(g_free);

    if (vocabulary == NULL || !check_length(brief, error) ||
        tune_engine_synth(self, error) == NULL)
        return NULL;
    if (options->progress != NULL)
        options->progress(0, "compose", 0, options->progress_user_data);
    g_autoptr(TuneScore) score = tune_compose(brief, vocabulary, seed, notes, error);
    if (score == NULL)
        return NULL;
    json_t *recipe =
        tune_recipe_new(self, brief, score, seed, brief->loudness_lufs, options, error);
    if (recipe == NULL)
        return NULL;
    TuneRender *render = tune_render_new(self, brief, score, recipe, g_steal_pointer(&notes),
                                         brief->loudness_lufs, options, error);
    if (render != NULL)
        render->seed = seed;
    return render;
}

static gboolean compose_estimate(TuneEngine *self, const TuneBrief *brief, TuneEstimate *out,
                                 GError **error)
{
    TuneSynth *synth = tune_engine_synth(self, error);
    TuneVocabulary *vocabulary = tune_engine_vocabulary(self, error);

    if (synth == NULL || vocabulary == NULL || !check_length(brief, error))
        return FALSE;
    /* Composing takes milliseconds, so the estimate is made on a real score. */
    g_autoptr(TuneScore) score = tune_compose(brief, vocabulary, 1, NULL, error);
    if (score == NULL)
        return FALSE;
    double core_seconds = 0;
    tune_synth_estimate(synth, score, 44100, &out->memory_bytes, &core_seconds);
    guint threads = self->config.synth.n_threads;
    out->seconds = core_seconds / MAX(1, threads != 0 ? threads : g_get_num_processors());
    out->audio_seconds = score->length_us > 0 ? (double)score->length_us / 1e6
                                              : tune_score_seconds(score, score->ticks);
    return TRUE;
}

static void compose_release_memory(TuneEngine *self)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&self->lock);

    if (self->synth != NULL)
        tune_synth_release_memory(self->synth);
}

TuneRender *tune_engine_start_score(TuneEngine *self, const TuneScore *score, double loudness_lufs,
                                    const TuneRenderOptions *options, GError **error)
{
    if (self->class != &tune_engine_class_compose) {
        g_set_error(error, TUNE_ENGINE_ERROR, TUNE_ENGINE_ERROR_NO_AUDIO,
                    "the engine %s cannot play a score; compose can", self->class->name);
        return NULL;
    }
    json_t *recipe = tune_recipe_new(self, NULL, score, 0, loudness_lufs, options, error);
    if (recipe == NULL)
        return NULL;
    return tune_render_new(self, NULL, score, recipe, g_ptr_array_new_with_free_func(g_free),
                           loudness_lufs, options, error);
}

const TuneEngineClass tune_engine_class_compose = {
    .name = "compose",
    .estimate = compose_estimate,
    .start = compose_start,
    .release_memory = compose_release_memory,
};
