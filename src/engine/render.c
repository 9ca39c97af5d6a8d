/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A render: the master's pull side with a meter beside it.  Progress counts the first pass of an exact
 * master as most of the work, because that is where the instruments play.
 */
#include "base/hash.h"
#include "engine/engine-private.h"

#include <string.h>

#define COMPOSED 0.02
#define FIRST_PASS_END 0.85

static double audio_seconds(const TuneRender *self)
{
    return self->score != NULL ? (double)self->score->length_us / 1e6
                               : (double)self->expected_frames / self->options.rate;
}

static void first_pass(double fraction, gpointer user_data)
{
    TuneRender *self = user_data;

    self->options.progress(COMPOSED + fraction * (FIRST_PASS_END - COMPOSED), "render",
                           fraction * audio_seconds(self), self->options.progress_user_data);
}

static gboolean ask_for_room(TuneRender *self, TuneSynth *synth, const TuneSource *mix, GError **error)
{
    guint64 memory = 0;
    double seconds = 0;

    if (self->options.room == NULL)
        return TRUE;
    tune_synth_estimate(synth, self->score, self->options.rate, &memory, &seconds);
    return self->options.room(self->score, mix->n_frames, memory, self->options.room_user_data, error);
}

/* @mix (transfer full) becomes the source. */
static gboolean master(TuneRender *self, TuneSource *mix, GError **error)
{
    TuneMasterOptions options = {.kind = self->options.master,
                                 .loudness_lufs = self->loudness_lufs,
                                 .peak_dbtp = -1,
                                 .score = self->score,
                                 .cancellable = self->options.cancellable,
                                 .predicted_lufs = self->predicted_lufs,
                                 .fade_us = self->fade_us,
                                 .user_data = self};

    self->expected_frames = mix->n_frames;
    if (self->options.progress != NULL)
        options.progress = first_pass;
    self->source = tune_master_new(mix, &options, error);
    return self->source != NULL;
}

static gboolean open_source(TuneRender *self, GError **error)
{
    TuneSynth *synth = tune_engine_synth(self->engine, error);
    TuneSynthOptions synth_options = TUNE_SYNTH_OPTIONS_DEFAULT;

    if (synth == NULL)
        return FALSE;
    synth_options.rate = self->options.rate;
    synth_options.stem_sink = self->options.stem_sink;
    synth_options.stem_user_data = self->options.stem_user_data;
    synth_options.cancellable = self->options.cancellable;
    TuneSource *mix = tune_synth_render(synth, self->score, &synth_options, error);
    if (mix == NULL)
        return FALSE;
    if (!ask_for_room(self, synth, mix, error)) {
        tune_source_free(mix);
        return FALSE;
    }
    return master(self, mix, error);
}

/* Takes @recipe and @notes over. */
static TuneRender *begin(TuneEngine *engine, const TuneBrief *brief, json_t *recipe, GPtrArray *notes,
                         const TuneRenderOptions *options)
{
    TuneRender *self = g_new0(TuneRender, 1);

    self->engine = g_atomic_rc_box_acquire(engine);
    self->brief = brief != NULL ? tune_brief_copy(brief) : NULL;
    self->recipe = recipe;
    self->recipe_text = tune_json_canonical(recipe);
    self->recipe_hash = tune_hash_bytes(self->recipe_text, strlen(self->recipe_text));
    self->notes = notes;
    self->options = *options;
    return self;
}

TuneRender *tune_render_new(TuneEngine *engine, const TuneBrief *brief, const TuneScore *score,
                            json_t *recipe, GPtrArray *notes, double loudness_lufs,
                            const TuneRenderOptions *options, GError **error)
{
    g_autoptr(TuneRender) self = begin(engine, brief, recipe, notes, options);

    self->score = tune_score_ref(score);
    self->loudness_lufs = loudness_lufs;
    self->score_hash = tune_recipe_score_hash(score, error);
    if (self->score_hash == NULL || !open_source(self, error))
        return NULL;
    self->meter = tune_meter_new(self->source->rate, error);
    return self->meter != NULL ? g_steal_pointer(&self) : NULL;
}

TuneRender *tune_render_new_sound(TuneEngine *engine, const TuneBrief *brief, guint64 seed,
                                  const TuneSoundParts *parts, const TuneRenderOptions *options,
                                  GError **error)
{
    g_autoptr(TuneRender) self = begin(engine, brief, parts->recipe, parts->notes, options);
    g_autoptr(TuneSource) mix = parts->mix;

    self->take = parts->take;
    self->model = parts->model;
    self->seed = seed;
    self->loudness_lufs = brief->loudness_lufs;
    self->predicted_lufs = parts->predicted_lufs;
    self->fade_us = parts->fade_us;
    if (!master(self, g_steal_pointer(&mix), error))
        return NULL;
    self->meter = tune_meter_new(self->source->rate, error);
    return self->meter != NULL ? g_steal_pointer(&self) : NULL;
}

static void tell_progress(const TuneRender *self)
{
    double start = self->options.master == TUNE_MASTER_EXACT ? FIRST_PASS_END : COMPOSED;
    gint64 length = self->source->n_frames;

    if (self->options.progress == NULL || length <= 0)
        return;
    double part = MIN(1.0, (double)self->frames_read / (double)length);
    self->options.progress(start + part * (1 - start), "master",
                           (double)self->frames_read / self->source->rate,
                           self->options.progress_user_data);
}

gboolean tune_render_read(TuneRender *self, float *out, gsize n_frames, gsize *n_got,
                          GError **error)
{
    *n_got = 0;
    if (g_cancellable_set_error_if_cancelled(self->options.cancellable, error))
        return FALSE;
    if (!tune_source_read(self->source, out, n_frames, n_got, error))
        return FALSE;
    self->frames_read += (gint64)*n_got;
    self->at_end = *n_got < n_frames;
    tune_meter_add(self->meter, out, *n_got);
    tell_progress(self);
    return TRUE;
}

gint64 tune_render_n_frames(const TuneRender *self)
{
    return self->source->n_frames;
}

guint tune_render_rate(const TuneRender *self)
{
    return self->source->rate;
}

const TuneScore *tune_render_score(const TuneRender *self)
{
    return self->score;
}

const char *tune_render_recipe(const TuneRender *self)
{
    return self->recipe_text;
}

const char *tune_render_recipe_hash(const TuneRender *self)
{
    return self->recipe_hash;
}

const char *tune_render_score_hash(const TuneRender *self)
{
    return self->score_hash;
}

void tune_render_free(TuneRender *self)
{
    if (self == NULL)
        return;
    g_clear_pointer(&self->source, tune_source_free);
    g_clear_pointer(&self->take, tune_take_free); /* the source has read from it */
    g_clear_pointer(&self->model, json_decref);
    g_clear_pointer(&self->meter, tune_meter_free);
    g_clear_pointer(&self->score, tune_score_unref);
    g_clear_pointer(&self->brief, tune_brief_free);
    g_clear_pointer(&self->recipe, json_decref);
    g_clear_pointer(&self->notes, g_ptr_array_unref);
    g_clear_object(&self->own_cancellable);
    g_free(self->recipe_text);
    g_free(self->recipe_hash);
    g_free(self->score_hash);
    tune_engine_free(self->engine);
    g_free(self);
}
