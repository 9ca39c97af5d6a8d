/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The engine that lets Meta's MusicGen make the sound (neural/).  There is no score: what was asked in words
 * is a wish, and the report says what the sound was measured to be.
 */
#include "audio/encode.h"
#include "base/hash.h"
#include "brief/prompt.h"
#include "engine/engine-private.h"
#include "neural/library.h"

#include <math.h>
#include <string.h>

#define DEFAULT_SECONDS 30.0 /* what the models were trained on */
#define SHORTEST_SECONDS 0.1
#define LONGEST_SECONDS 600.0
#define FADE_SECONDS 1.5
#define MAX_PROMPT 2000 /* bytes: a few hundred words, more than the text encoder has seen */

typedef struct {
    TuneMusicgen *model;
    char *name, *sha256;
    TuneWeightType weights;
} State;

/* ---- the model ---- */

static char *pick_model(const TuneNeuralConfig *config, GError **error)
{
    const char *said = config->model != NULL ? config->model : g_getenv("TUNESMITH_MODEL");

    if (said != NULL && *said != '\0')
        return g_strdup(said);
    g_autoptr(GPtrArray) names = tune_models_names();
    if (names->len == 1)
        return g_strdup(names->pdata[0]);
    if (names->len == 0)
        return tune_models_find("musicgen-small", error); /* tells how to get one */
    g_ptr_array_add(names, NULL);
    g_autofree char *all = g_strjoinv(", ", (char **)names->pdata);
    g_set_error(error, TUNE_ENGINE_ERROR, TUNE_ENGINE_ERROR_MODEL,
                "model: say which one; there are %s", all);
    return NULL;
}

/* A .gguf has the weights that it has; a folder's full ones are rounded to q8, which nobody has heard. */
static gboolean pick_weights(const TuneNeuralConfig *config, const TuneCheckpoint *checkpoint,
                             TuneWeightType *out, GError **error)
{
    const TuneTensor *sample =
        tune_checkpoint_tensor(checkpoint, "decoder.model.decoder.layers.0.fc1.weight");

    if (config->weights != NULL && *config->weights != '\0') {
        if (tune_weight_type_from_name(config->weights, out))
            return TRUE;
        g_set_error(error, TUNE_ENGINE_ERROR, TUNE_ENGINE_ERROR_MODEL,
                    "weights: there is no type \"%s\"; there are f32, f16, q8, q4", config->weights);
        return FALSE;
    }
    gboolean gguf = g_str_has_suffix(tune_checkpoint_path(checkpoint), ".gguf");
    *out = sample->dtype == TUNE_DTYPE_Q4 ? TUNE_WEIGHTS_Q4
           : gguf && sample->dtype == TUNE_DTYPE_F16 ? TUNE_WEIGHTS_F16
                                                     : TUNE_WEIGHTS_Q8;
    return TRUE;
}

static gboolean pick_kernels(const TuneNeuralConfig *config, const TuneKernels **out, GError **error)
{
    const char *said = config->kernels != NULL ? config->kernels : g_getenv("TUNESMITH_KERNELS");

    *out = said == NULL || *said == '\0' ? tune_kernels_best() : tune_kernels_named(said);
    if (*out != NULL)
        return TRUE;
    g_set_error(error, TUNE_ENGINE_ERROR, TUNE_ENGINE_ERROR_MODEL,
                "kernels: \"%s\" are unknown or cannot run on this machine; its best are %s", said,
                tune_kernels_best()->name);
    return FALSE;
}

static gboolean open_model(TuneEngine *self, State *state, GError **error)
{
    const TuneNeuralConfig *config = &self->config.neural;
    TuneMusicgenOptions options = {.n_threads = config->n_threads,
                                   .max_batch = config->max_batch,
                                   .low_memory = config->low_memory};
    g_autofree char *name = pick_model(config, error);
    g_autofree char *path = name != NULL ? tune_models_find(name, error) : NULL;
    g_autoptr(TuneCheckpoint) checkpoint = path != NULL ? tune_checkpoint_open(path, error) : NULL;

    if (checkpoint == NULL || !pick_weights(config, checkpoint, &options.weights, error) ||
        !pick_kernels(config, &options.kernels, error))
        return FALSE;
    state->model = tune_musicgen_new(checkpoint, &options, error);
    state->name = g_path_get_basename(name);
    state->weights = options.weights;
    return state->model != NULL;
}

/* Made when first asked for. (transfer none) (nullable) */
static State *state_of(TuneEngine *self, GError **error)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&self->lock);

    if (self->state == NULL) {
        State *state = g_new0(State, 1);
        if (!open_model(self, state, error)) {
            g_free(state->name);
            g_free(state);
            return NULL;
        }
        self->state = state;
    }
    return self->state;
}

static void musicgen_free(TuneEngine *self)
{
    State *state = self->state;

    if (state == NULL)
        return;
    tune_musicgen_free(state->model);
    g_free(state->name);
    g_free(state->sha256);
    g_free(state);
}

static void musicgen_release_memory(TuneEngine *self)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&self->lock);
    State *state = self->state;

    if (state != NULL)
        (void)tune_musicgen_release(state->model);
}

static json_t *model_json(TuneEngine *self, State *state, GCancellable *cancellable, GError **error)
{
    TuneCheckpoint *checkpoint = tune_musicgen_checkpoint(state->model);
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&self->lock);

    if (state->sha256 == NULL)
        state->sha256 = tune_checkpoint_hash(checkpoint, cancellable, error);
    if (state->sha256 == NULL)
        return NULL;
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:i}", "name", state->name, "sha256", state->sha256,
                     "weights", tune_weight_type_name(state->weights), "kernels",
                     tune_musicgen_kernels(state->model)->name, "licence",
                     tune_checkpoint_licence(checkpoint), "codebooks",
                     (int)tune_checkpoint_config(checkpoint)->decoder.n_codebooks);
}

/* ---- the request ---- */

/* What was asked, else what bars at a tempo take, else the models' own length. */
static double seconds_of(const TuneBrief *brief)
{
    if (brief->seconds > 0)
        return brief->seconds;
    if (brief->bars > 0 && brief->bpm_hard && brief->bpm_low == brief->bpm_high)
        return brief->bars * tune_metre_bar_ticks(brief->metre) /
               (double)tune_metre_beat_ticks(brief->metre) * 60.0 / brief->bpm_low;
    return DEFAULT_SECONDS;
}

static gboolean check_request(const TuneBrief *brief, const TuneRenderOptions *options, GError **error)
{
    double seconds = seconds_of(brief);

    if (options != NULL && options->stem_sink != NULL) {
        g_set_error_literal(error, TUNE_ENGINE_ERROR, TUNE_ENGINE_ERROR_NO_SCORE,
                            "stems: musicgen makes the sound as a whole; compose makes stems");
        return FALSE;
    }
    if (seconds >= SHORTEST_SECONDS && seconds <= LONGEST_SECONDS)
        return TRUE;
    g_set_error(error, TUNE_ENGINE_ERROR, TUNE_ENGINE_ERROR_LENGTH,
                "duration: %g seconds is outside the %g to %g seconds that musicgen can do", seconds,
                SHORTEST_SECONDS, LONGEST_SECONDS);
    return FALSE;
}

/* Sound as the model takes it: one channel, the mean of both. (transfer full) */
static float *mono_of(const TuneClip *clip)
{
    float *mono = g_new(float, clip->n_frames);

    for (gsize i = 0; i < clip->n_frames; i++)
        mono[i] = 0.5f * (clip->frames[2 * i] + clip->frames[2 * i + 1]);
    return mono;
}

typedef struct {
    TuneTakeRequest take;
    char *prompt;
    float *melody, *audio; /* (nullable) ours when @audio is mono */
} Request;

static void clear_request(Request *request)
{
    g_free(request->prompt);
    g_free(request->melody);
    g_free(request->audio);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Request, clear_request)

static void fill_request(const State *state, const TuneBrief *brief, guint64 seed,
                         const TuneRenderOptions *options, Request *out)
{
    static const TuneTakeOptions usual = TUNE_TAKE_OPTIONS_DEFAULT;
    const TuneTakeOptions *take = options != NULL && options->take != NULL ? options->take : &usual;
    double seconds = seconds_of(brief);

    out->prompt = tune_prompt_caption(brief, MAX_PROMPT);
    out->take = (TuneTakeRequest)TUNE_TAKE_REQUEST_DEFAULT;
    out->take.prompt = *out->prompt != '\0' ? out->prompt : NULL;
    out->take.seconds = MIN(ceil(seconds * 50 - 1e-6) / 50, LONGEST_SECONDS);
    out->take.seed = seed;
    out->take.guidance = take->guidance;
    out->take.temperature = take->temperature >= 0 ? take->temperature
                            : brief->temperature_origin == TUNE_ORIGIN_FIELD ? MAX(0.05, brief->temperature)
                                                                             : -1;
    out->take.top_k = take->top_k;
    out->take.top_p = take->top_p;
    out->take.greedy = take->greedy;
    if (take->melody != NULL) {
        out->take.melody = out->melody = mono_of(take->melody);
        out->take.n_melody = take->melody->n_frames;
    }
    if (take->continuation != NULL) {
        if (tune_musicgen_n_channels(state->model) == 1)
            out->audio = mono_of(take->continuation);
        out->take.audio = out->audio != NULL ? out->audio : take->continuation->frames;
        out->take.n_audio = take->continuation->n_frames;
    }
    out->take.cancellable = options != NULL ? options->cancellable : NULL;
}

/* With the model's own figures where none were given, so that a replay does not depend on them. */
static json_t *take_json(const State *state, const Request *request, const TuneTakeOptions *options)
{
    const TuneMusicgenConfig *config =
        tune_checkpoint_config(tune_musicgen_checkpoint(state->model));
    const TuneTakeRequest *take = &request->take;
    json_t *json = json_pack(
        "{s:s, s:o, s:o, s:i, s:o, s:b}", "prompt", request->prompt, "guidance",
        tune_json_real(take->guidance >= 0 ? take->guidance : config->guidance, 6), "temperature",
        tune_json_real(take->temperature > 0 ? take->temperature : config->temperature, 6), "top_k",
        take->top_k >= 0 ? take->top_k : (int)config->top_k, "top_p",
        tune_json_real(take->top_p >= 0 ? take->top_p : config->top_p, 6), "greedy", (int)take->greedy);

    if (options != NULL && options->melody != NULL)
        json_object_set_new(json, "melody", json_string(options->melody->sha256));
    if (options != NULL && options->continuation != NULL)
        json_object_set_new(json, "continue", json_string(options->continuation->sha256));
    return json;
}

/* ---- the render ---- */

static GPtrArray *notes_of(const TuneBrief *brief, const Request *request)
{
    GPtrArray *notes = g_ptr_array_new_with_free_func(g_free);

    if (brief->lyrics->len > 0)
        g_ptr_array_add(notes, g_strdup("musicgen does not sing: the lyrics were left out"));
    if (brief->loop)
        g_ptr_array_add(notes, g_strdup("musicgen makes no seamless loops: it ends with a fade"));
    if (request->take.prompt == NULL)
        g_ptr_array_add(notes, g_strdup("nothing was asked in words: the model chose freely"));
    if (request->melody != NULL)
        g_ptr_array_add(notes, g_strdup("the melody was taken from the whole mix: without drums and bass it "
                                        "is followed more closely"));
    return notes;
}

static gint64 fade_us(const TuneBrief *brief, double seconds)
{
    return brief->ending == TUNE_ENDING_COLD && !brief->loop
               ? 0
               : (gint64)(MIN(FADE_SECONDS, 0.1 * seconds) * 1e6);
}

/* The sound of @take, at the rate asked for and exactly as long; its loudness is foretold when it is to be
 * heard while it is made. */
static gboolean open_sound(const State *state, const TuneBrief *brief, const TuneRenderOptions *options,
                           TuneSoundParts *parts, GError **error)
{
    double seconds = seconds_of(brief);
    gint64 frames = llround(seconds * TUNE_CLIP_RATE);
    TuneSource *source =
        tune_take_source_new(parts->take, tune_musicgen_n_channels(state->model), frames);

    if (options->master == TUNE_MASTER_LIVE)
        parts->predicted_lufs = tune_take_source_foretaste(source);
    parts->fade_us = fade_us(brief, seconds);
    parts->mix = tune_resample_new(source, options->rate, error);
    return parts->mix != NULL;
}

static guint64 memory_of(const State *state, const TuneTakeEstimate *estimate)
{
    return estimate->take_bytes + (tune_musicgen_loaded(state->model) ? 0 : estimate->weight_bytes);
}

static gboolean there_is_room(const State *state, const TuneBrief *brief,
                              const TuneTakeEstimate *estimate, const TuneRenderOptions *options,
                              GError **error)
{
    return options->room == NULL ||
           options->room(NULL, llround(seconds_of(brief) * options->rate),
                         memory_of(state, estimate), options->room_user_data, error);
}

static void drop_parts(TuneSoundParts *parts)
{
    g_clear_pointer(&parts->mix, tune_source_free);
    g_clear_pointer(&parts->take, tune_take_free);
    g_clear_pointer(&parts->recipe, json_decref);
    g_clear_pointer(&parts->model, json_decref);
    g_clear_pointer(&parts->notes, g_ptr_array_unref);
}

/* What will be sold cannot come from weights that forbid it. */
static gboolean check_licence(const State *state, const TuneBrief *brief, GError **error)
{
    const TuneCheckpoint *checkpoint = tune_musicgen_checkpoint(state->model);
    const char *licence = tune_checkpoint_licence(checkpoint);

    if (!brief->commercial || !tune_licence_is_non_commercial(licence))
        return TRUE;
    g_set_error(error, TUNE_NEURAL_ERROR, TUNE_NEURAL_ERROR_REQUEST,
                "commercial: the licence of %s is %s, which does not allow what is sold",
                state->name, licence);
    return FALSE;
}

static gboolean make_parts(TuneEngine *self, State *state, const TuneBrief *brief, guint64 seed,
                           const TuneRenderOptions *options, TuneSoundParts *parts, GError **error)
{
    g_auto(Request) request = {0};
    TuneTakeEstimate estimate;

    fill_request(state, brief, seed, options, &request);
    if (!tune_musicgen_estimate(state->model, &request.take, &estimate, error) ||
        !there_is_room(state, brief, &estimate, options, error))
        return FALSE;
    parts->model = model_json(self, state, options->cancellable, error);
    if (parts->model == NULL)
        return FALSE;
    g_autoptr(json_t) take = take_json(state, &request, options->take);
    parts->recipe = tune_recipe_new_sound(self, brief, seed, parts->model, take, options);
    parts->notes = notes_of(brief, &request);
    parts->take = tune_musicgen_start(state->model, &request.take, error);
    return parts->take != NULL && open_sound(state, brief, options, parts, error);
}

static TuneRender *musicgen_start(TuneEngine *self, const TuneBrief *brief, guint64 seed,
                                  const TuneRenderOptions *options, GError **error)
{
    TuneSoundParts parts = {0};
    State *state = check_request(brief, options, error) ? state_of(self, error) : NULL;

    if (state == NULL || !check_licence(state, brief, error))
        return NULL;
    if (options->progress != NULL)
        options->progress(0, "load", 0, options->progress_user_data);
    if (make_parts(self, state, brief, seed, options, &parts, error))
        return tune_render_new_sound(self, brief, seed, &parts, options, error);
    drop_parts(&parts);
    return NULL;
}

static gboolean musicgen_estimate(TuneEngine *self, const TuneBrief *brief, TuneEstimate *out,
                                  GError **error)
{
    g_auto(Request) request = {0};
    TuneTakeEstimate estimate;
    State *state = check_request(brief, NULL, error) ? state_of(self, error) : NULL;

    if (state == NULL || !check_licence(state, brief, error))
        return FALSE;
    fill_request(state, brief, 0, NULL, &request);
    if (!tune_musicgen_estimate(state->model, &request.take, &estimate, error))
        return FALSE;
    out->memory_bytes = memory_of(state, &estimate);
    out->seconds = estimate.seconds;
    out->audio_seconds = seconds_of(brief);
    return TRUE;
}

static gboolean musicgen_load(TuneEngine *self, GError **error)
{
    State *state = state_of(self, error);

    return state != NULL && tune_musicgen_load(state->model, error);
}

/* Words are made into a caption by the vocabulary, too. */
static char *musicgen_data_hash(TuneEngine *self, GError **error)
{
    State *state = state_of(self, error);
    const TuneVocabulary *vocabulary = state != NULL ? tune_engine_vocabulary(self, error) : NULL;
    g_autoptr(json_t) model = vocabulary != NULL ? model_json(self, state, NULL, error) : NULL;

    if (model == NULL)
        return NULL;
    json_object_set_new(model, "lexicon", json_string(tune_vocabulary_hash(vocabulary)));
    g_autofree char *text = tune_json_canonical(model);
    return tune_hash_bytes(text, strlen(text));
}

const TuneEngineClass tune_engine_class_musicgen = {
    .name = "musicgen",
    .has_models = TRUE,
    .load = musicgen_load,
    .data_hash = musicgen_data_hash,
    .estimate = musicgen_estimate,
    .start = musicgen_start,
    .release_memory = musicgen_release_memory,
    .free = musicgen_free,
};
