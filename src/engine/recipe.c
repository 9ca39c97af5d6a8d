/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The recipe: all that decides a result, and nothing else.  Its canonical text's SHA-256 is the identity
 * of the result.
 *
 *   format   1
 *   engine   {name, version}
 *   brief    everything asked, or score {name, sha256} when a score was given
 *   seed
 *   data     hashes of the style, the lexicon and the instruments
 *   sound    {soundfont, sha256, calibration, fluidsynth, voices {instrument: sha256}, mapping {name, sha256}}
 *   rate, master {kind, loudness_lufs}
 */
#include "base/hash.h"
#include "brief/lyrics.h"
#include "engine/engine-private.h"
#include "score/format.h"
#include "tune-config.h"

#include <string.h>

#define RECIPE_FORMAT 1

char *tune_recipe_score_hash(const TuneScore *score, GError **error)
{
    g_autoptr(GBytes) bytes = tune_score_write_json(score, error);
    gsize size;

    if (bytes == NULL)
        return NULL;
    gconstpointer data = g_bytes_get_data(bytes, &size);
    return tune_hash_bytes(data, size);
}

static json_t *data_hashes(TuneEngine *engine, const TuneBrief *brief, GError **error)
{
    const TuneVocabulary *vocabulary = tune_engine_vocabulary(engine, error);

    if (vocabulary == NULL)
        return NULL;
    json_t *data = json_pack("{s:s, s:s}", "lexicon", tune_vocabulary_hash(vocabulary),
                             "instruments",
                             tune_instruments_hash(tune_vocabulary_instruments(vocabulary)));
    if (brief == NULL)
        return data;
    json_object_set_new(data, "style",
                        json_pack("{s:s, s:s}", "name", tune_style_name(brief->style), "sha256",
                                  tune_style_hash(brief->style)));
    if (brief->lyrics->len > 0) { /* how words are divided decides the tune */
        TuneSyllables *syllables = tune_syllables_new();
        json_object_set_new(data, "syllables", json_string(tune_syllables_hash(syllables)));
        tune_syllables_free(syllables);
    }
    if (brief->blend != NULL)
        json_object_set_new(data, "blend",
                            json_pack("{s:s, s:s}", "name", tune_style_name(brief->blend),
                                      "sha256", tune_style_hash(brief->blend)));
    return data;
}

/* The electronic voices that @score uses, by instrument.  (transfer full) */
static json_t *voices(TuneSynth *synth, const TuneScore *score)
{
    json_t *all = json_object();

    for (guint i = 0; i < score->tracks->len; i++) {
        const TuneTrack *track = g_ptr_array_index(score->tracks, i);
        const char *hash = tune_synth_voice_hash(synth, track);

        if (hash != NULL)
            json_object_set_new(all, track->instrument, json_string(hash));
    }
    return all;
}

static json_t *sound(TuneEngine *engine, const TuneScore *score, GError **error)
{
    TuneSynth *synth = tune_engine_synth(engine, error);

    if (synth == NULL)
        return NULL;
    g_autofree char *name = g_path_get_basename(tune_synth_soundfont(synth));
    const char *hash = tune_synth_soundfont_hash(synth);
    const char *calibration = tune_synth_calibration_hash(synth, error);
    if (calibration == NULL)
        return NULL;
    json_t *sounds =
        json_pack("{s:s, s:s, s:s, s:s}", "soundfont", name, "sha256", hash != NULL ? hash : "",
                  "calibration", calibration, "fluidsynth", tune_synth_version());
    g_autoptr(json_t) ours = voices(synth, score);
    if (json_object_size(ours) > 0)
        json_object_set(sounds, "voices", ours);
    const char *mapping_hash = NULL, *mapping = tune_synth_sounds(synth, &mapping_hash);
    if (mapping != NULL)
        json_object_set_new(sounds, "mapping", json_pack("{s:s, s:s}", "name", mapping, "sha256", mapping_hash));
    return sounds;
}

json_t *tune_recipe_new(TuneEngine *engine, const TuneBrief *brief, const TuneScore *score,
                        guint64 seed, double loudness_lufs, const TuneRenderOptions *options,
                        GError **error)
{
    g_autoptr(json_t) data = data_hashes(engine, brief, error);
    g_autoptr(json_t) sounds = data != NULL ? sound(engine, score, error) : NULL;

    if (sounds == NULL)
        return NULL;
    json_t *recipe = json_object();
    json_object_set_new(recipe, "format", json_integer(RECIPE_FORMAT));
    json_object_set_new(
        recipe, "engine",
        json_pack("{s:s, s:s}", "name", tune_engine_name(engine), "version", TUNE_VERSION));
    if (brief != NULL) {
        json_object_set_new(recipe, "brief", tune_brief_to_json(brief));
        json_object_set_new(recipe, "seed", json_integer((json_int_t)seed));
    } else {
        g_autofree char *hash = tune_recipe_score_hash(score, error);
        if (hash == NULL) {
            json_decref(recipe);
            return NULL;
        }
        json_object_set_new(recipe, "score",
                            json_pack("{s:s, s:s}", "title", score->title != NULL ? score->title : "",
                                      "sha256", hash));
    }
    json_object_set(recipe, "data", data);
    json_object_set(recipe, "sound", sounds);
    json_object_set_new(recipe, "rate", json_integer(options->rate));
    json_object_set_new(
        recipe, "master",
        json_pack("{s:s, s:o}", "kind", options->master == TUNE_MASTER_EXACT ? "exact" : "live",
                  "loudness_lufs", tune_json_real(loudness_lufs, 3)));
    return recipe;
}

json_t *tune_recipe_new_sound(TuneEngine *engine, const TuneBrief *brief, guint64 seed,
                              json_t *model, json_t *take, const TuneRenderOptions *options)
{
    return json_pack("{s:i, s:{s:s, s:s}, s:o, s:I, s:O, s:O, s:i, s:{s:s, s:o}}", "format",
                     RECIPE_FORMAT, "engine", "name", tune_engine_name(engine), "version",
                     TUNE_VERSION, "brief", tune_brief_to_json(brief), "seed", (json_int_t)seed,
                     "model", model, "take", take, "rate", (int)options->rate, "master", "kind",
                     options->master == TUNE_MASTER_EXACT ? "exact" : "live", "loudness_lufs",
                     tune_json_real(brief->loudness_lufs, 3));
}

static gboolean fail(GError **error, const char *reason)
{
    g_set_error(error, TUNE_ENGINE_ERROR, TUNE_ENGINE_ERROR_RECIPE, "recipe: %s", reason);
    return FALSE;
}

static const char *text_at(const json_t *recipe, const char *group, const char *key)
{
    const char *text = json_string_value(json_object_get(json_object_get(recipe, group), key));

    return text != NULL ? text : "";
}

static gboolean check_head(TuneEngine *self, const json_t *recipe, GError **error)
{
    if (!json_is_object(recipe) ||
        json_integer_value(json_object_get(recipe, "format")) != RECIPE_FORMAT)
        return fail(error, "not one that this version can read");
    const char *engine = text_at(recipe, "engine", "name");
    if (strcmp(engine, tune_engine_name(self)) != 0) {
        g_autofree char *reason = g_strdup_printf("made by the engine \"%s\", not by %s", engine,
                                                  tune_engine_name(self));
        return fail(error, reason);
    }
    if (json_object_get(recipe, "score") != NULL)
        return fail(error, "the sound was made from a score file; give it again with --score");
    if (!json_is_object(json_object_get(recipe, "brief")) ||
        !json_is_integer(json_object_get(recipe, "seed")))
        return fail(error, "brief or seed is missing");
    return TRUE;
}

/* Differences between the recipe and what is installed here, as notes for the report. */
static void note_changes(TuneRender *render, const json_t *recipe)
{
    static const char *const places[][3] = {
        {"engine", "version", "the program's version"},
        {"data", "lexicon", "the lexicon"},
        {"data", "instruments", "the instruments' data"},
        {"data", "syllables", "the syllables' data"},
        {"sound", "soundfont", "the SoundFont"},
        {"sound", "sha256", "the SoundFont's content"},
        {"sound", "calibration", "the mix's calibration"},
        {"sound", "fluidsynth", "FluidSynth's version"},
        {"model", "name", "the model"},
        {"model", "sha256", "the model's content"},
        {"model", "weights", "the type of the weights"},
        {"model", "kernels", "the kernels"},
    };
    const json_t *old_style = json_object_get(json_object_get(recipe, "data"), "style");
    const json_t *new_style = json_object_get(json_object_get(render->recipe, "data"), "style");

    for (guint i = 0; i < G_N_ELEMENTS(places); i++) {
        const char *then = text_at(recipe, places[i][0], places[i][1]);
        const char *now = text_at(render->recipe, places[i][0], places[i][1]);
        if (strcmp(then, now) != 0)
            g_ptr_array_add(render->notes, g_strdup_printf("%s differs from the recipe's: %s then, "
                                                           "%s now", places[i][2], *then != '\0' ? then : "not known",
                                                           *now != '\0' ? now : "not known"));
    }
    const json_t *old_voices = json_object_get(json_object_get(recipe, "sound"), "voices");
    const json_t *new_voices = json_object_get(json_object_get(render->recipe, "sound"), "voices");
    if (old_voices != new_voices && !json_equal(old_voices, new_voices))
        g_ptr_array_add(render->notes, g_strdup("electronic voices or mapped sounds differ from the recipe's"));
    if (!json_equal(old_style, new_style))
        g_ptr_array_add(render->notes, g_strdup("the style's data differ from the recipe's"));
}

gboolean tune_recipe_take(const json_t *recipe, TuneTakeOptions *out, GError **error)
{
    const json_t *take = json_object_get(recipe, "take");
    gint64 top_k = -1;

    *out = (TuneTakeOptions)TUNE_TAKE_OPTIONS_DEFAULT;
    if (take == NULL)
        return TRUE;
    if (!tune_json_get_real(take, "take", "guidance", 0, 100, FALSE, &out->guidance, error) ||
        !tune_json_get_real(take, "take", "temperature", 0.01, 100, FALSE, &out->temperature, error) ||
        !tune_json_get_int(take, "take", "top_k", 0, G_MAXINT, FALSE, &top_k, error) ||
        !tune_json_get_real(take, "take", "top_p", 0, 1, FALSE, &out->top_p, error) ||
        !tune_json_get_bool(take, "take", "greedy", FALSE, &out->greedy, error))
        return FALSE;
    out->top_k = (gint)top_k;
    return TRUE;
}

/* Sound that the recipe was given must be given again, and be the same. */
static gboolean check_clip(const json_t *recipe, const char *key, const TuneClip *clip, GError **error)
{
    const char *wanted = text_at(recipe, "take", key);

    if (strcmp(wanted, clip != NULL ? clip->sha256 : "") == 0)
        return TRUE;
    g_autofree char *reason =
        *wanted == '\0' ? g_strdup_printf("made without --%s", key)
        : clip == NULL  ? g_strdup_printf("the sound was made with --%s; give it again", key)
                        : g_strdup_printf("--%s is another sound than it was made with", key);
    return fail(error, reason);
}

static gboolean same_take(const json_t *recipe, TuneRenderOptions *options, TuneTakeOptions *take,
                          GError **error)
{
    const TuneTakeOptions *given = options->take;

    if (!tune_recipe_take(recipe, take, error))
        return FALSE;
    if (given != NULL) {
        take->melody = given->melody;
        take->continuation = given->continuation;
    }
    options->take = take;
    return check_clip(recipe, "melody", take->melody, error) &&
           check_clip(recipe, "continue", take->continuation, error);
}

TuneRender *tune_engine_replay(TuneEngine *self, const json_t *recipe,
                               const TuneRenderOptions *options, GError **error)
{
    TuneRenderOptions same = *options;
    TuneTakeOptions take;
    const TuneVocabulary *vocabulary;
    gint64 rate = 0;

    if (!check_head(self, recipe, error) || !same_take(recipe, &same, &take, error) ||
        !tune_json_get_int(recipe, "recipe", "rate", 22050, 96000, FALSE, &rate, error))
        return NULL;
    vocabulary = tune_engine_vocabulary(self, error);
    if (vocabulary == NULL)
        return NULL;
    same.rate = (guint)rate;
    same.master = strcmp(text_at(recipe, "master", "kind"), "live") == 0 ? TUNE_MASTER_LIVE
                                                                        : TUNE_MASTER_EXACT;
    g_autoptr(TuneBrief) brief =
        tune_brief_from_json(json_object_get(recipe, "brief"), vocabulary, error);
    if (brief == NULL)
        return NULL;
    guint64 seed = (guint64)json_integer_value(json_object_get(recipe, "seed"));
    TuneRender *render = tune_engine_start(self, brief, seed, &same, error);
    if (render != NULL)
        note_changes(render, recipe);
    return render;
}
