/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Replay renders the recipe again, encodes it as the file was encoded, and compares what both decode to:
 * so that lossy files can be identical too.
 */
#include "audio/encode.h"
#include "cli/cli.h"
#include "cli/exit.h"
#include "cli/outputs.h"
#include "cli/progress.h"
#include "cli/take.h"
#include "score/format.h"

#include <glib/gstdio.h>
#include <math.h>
#include <sndfile.h>
#include <string.h>

#define BLOCK 4096

typedef struct {
    gboolean same_length;
    gboolean identical;
    gint64 frames;     /* compared */
    double peak;       /* largest difference */
    double square_sum; /* of the differences */
    double power_sum;  /* of the original */
} Comparison;

/* Which of our formats the file is in, by its content. */
static gboolean format_of_file(const char *path, TuneAudioFormat *out, GError **error)
{
    SF_INFO info = {0};
    SNDFILE *file = sf_open(path, SFM_READ, &info);
    gint sub = info.format & SF_FORMAT_SUBMASK;

    if (file != NULL)
        sf_close(file);
    switch (file != NULL ? info.format & SF_FORMAT_TYPEMASK : 0) {
    case SF_FORMAT_WAV:
    case SF_FORMAT_WAVEX:
        *out = sub == SF_FORMAT_FLOAT    ? TUNE_AUDIO_WAV32F
               : sub == SF_FORMAT_PCM_24 ? TUNE_AUDIO_WAV24
                                         : TUNE_AUDIO_WAV16;
        return TRUE;
    case SF_FORMAT_FLAC:
        *out = sub == SF_FORMAT_PCM_24 ? TUNE_AUDIO_FLAC24 : TUNE_AUDIO_FLAC;
        return TRUE;
    case SF_FORMAT_OGG:
        *out = sub == SF_FORMAT_OPUS ? TUNE_AUDIO_OPUS : TUNE_AUDIO_OGG;
        return TRUE;
    default:
        break;
    }
    /* libsndfile is not asked for the name of MPEG: older ones lack it. */
    return tune_audio_format_of_path(path, out, error);
}

static gboolean encode(TuneRender *render, const char *path, TuneAudioFormat format,
                       const TuneTags *tags, GError **error)
{
    g_autoptr(TuneEncoder) encoder = tune_encoder_new(path, format, tune_render_rate(render), 2,
                                                      tune_render_n_frames(render), tags, error);
    float block[2 * BLOCK];
    gsize got;

    if (encoder == NULL)
        return FALSE;
    do {
        if (!tune_render_read(render, block, BLOCK, &got, error) ||
            (got > 0 && !tune_encoder_write(encoder, block, got, error)))
            return FALSE;
    } while (got > 0);
    return tune_encoder_finish(encoder, error);
}

static void compare_block(Comparison *result, const float *a, const float *b, gsize n)
{
    for (gsize i = 0; i < n; i++) {
        double difference = (double)b[i] - (double)a[i];
        result->peak = MAX(result->peak, fabs(difference));
        result->square_sum += difference * difference;
        result->power_sum += (double)a[i] * (double)a[i];
    }
}

static gboolean compare(const char *old_path, const char *new_path, Comparison *result,
                        GError **error)
{
    g_autoptr(TuneSource) old = tune_decoder_new(old_path, NULL, error);
    g_autoptr(TuneSource) new = old != NULL ? tune_decoder_new(new_path, NULL, error) : NULL;
    float a[2 * BLOCK], b[2 * BLOCK];
    gsize n_a, n_b;

    *result = (Comparison){.same_length = TRUE};
    if (new == NULL)
        return FALSE;
    if (old->n_channels != 2 || new->n_channels != 2) {
        result->same_length = FALSE;
        return TRUE;
    }
    do {
        if (!tune_source_read(old, a, BLOCK, &n_a, error) ||
            !tune_source_read(new, b, BLOCK, &n_b, error))
            return FALSE;
        compare_block(result, a, b, 2 * MIN(n_a, n_b));
        result->frames += (gint64)MIN(n_a, n_b);
        result->same_length = result->same_length && n_a == n_b;
    } while (n_a > 0 && n_b > 0);
    result->identical = result->same_length && result->peak == 0;
    return TRUE;
}

/* Read @path to its end, so that one that was cut short is told before anything is rendered. */
static gboolean is_whole(const char *path, TuneCli *cli, GError **error)
{
    g_autoptr(TuneSource) source = tune_decoder_new(path, NULL, error);
    float block[2 * BLOCK];
    gsize got;

    if (source == NULL)
        return FALSE;
    do {
        if (g_cancellable_set_error_if_cancelled(cli->cancellable, error) ||
            !tune_source_read(source, block, BLOCK, &got, error))
            return FALSE;
    } while (got > 0);
    return TRUE;
}

/* The score's hash that the file carries, "" when there is none. */
static char *score_hash_of(const TuneTags *tags)
{
    g_autoptr(json_t) rights =
        tags->rights != NULL ? tune_json_parse("rights", tags->rights, strlen(tags->rights), NULL)
                             : NULL;
    const char *hash = json_string_value(json_object_get(rights, "score_sha256"));

    return g_strdup(hash != NULL ? hash : "");
}

static json_t *result_json(const char *path, const Comparison *sound, gboolean same_score,
                           const TuneRender *render, const json_t *report)
{
    json_t *json = json_pack(
        "{s:s, s:b, s:b, s:b, s:I, s:s, s:O}", "file", path, "identical", sound->identical,
        "same_score", same_score, "same_length", sound->same_length, "frames_compared",
        (json_int_t)sound->frames, "recipe_sha256", tune_render_recipe_hash(render), "notes",
        json_object_get(report, "notes"));

    if (!sound->identical) {
        double ratio = sound->square_sum > 0 ? sound->power_sum / sound->square_sum : 0;
        json_object_set_new(json, "largest_difference", tune_json_real(sound->peak, 8));
        json_object_set_new(json, "signal_to_difference_db",
                            ratio > 0 ? tune_json_real(10 * log10(ratio), 2) : json_null());
    }
    return json;
}

static char *result_text(const json_t *json)
{
    GString *out = g_string_new(json_string_value(json_object_get(json, "file")));
    gboolean same_score = json_is_true(json_object_get(json, "same_score"));
    const json_t *ratio = json_object_get(json, "signal_to_difference_db");
    size_t i;
    json_t *note;

    if (json_is_true(json_object_get(json, "identical"))) {
        g_string_append(out, ": identical, every sample\n");
        return g_string_free(out, FALSE);
    }
    g_string_append_printf(out, ": %s; the sound differs", same_score ? "the same score"
                                                                      : "another score");
    if (json_is_number(ratio))
        g_string_append_printf(out, ", %.1f dB below the music (largest difference %.6f)",
                               json_number_value(ratio),
                               json_number_value(json_object_get(json, "largest_difference")));
    if (!json_is_true(json_object_get(json, "same_length")))
        g_string_append(out, ", and so does the length");
    g_string_append_c(out, '\n');
    json_array_foreach(json_object_get(json, "notes"), i, note)
        g_string_append_printf(out, "  %s\n", json_string_value(note));
    return g_string_free(out, FALSE);
}

/* Where the new sound goes: --output, or a temporary file with the same suffix. (transfer full) */
static char *new_path(TuneCli *cli, TuneOutputs *outputs, const char *path, GError **error)
{
    const char *asked = tune_args_get(cli->args, OPTION_OUTPUT);
    const char *dot = strrchr(path, '.');
    g_autofree char *template =
        g_strdup_printf("tunesmith-replay-XXXXXX%s", dot != NULL && strchr(dot, '/') == NULL ? dot : "");
    char *name = NULL;

    if (asked != NULL)
        return g_strdup(tune_outputs_stage(outputs, "--output", asked, error));
    gint fd = g_file_open_tmp(template, &name, error);
    if (fd >= 0)
        g_close(fd, NULL);
    return name;
}

/* Sound that was made from a score file: --score must be that score again. */
static TuneRender *start_score(TuneCli *cli, TuneEngine *engine, const json_t *recipe,
                               const TuneRenderOptions *options, GError **error)
{
    const char *wanted =
        json_string_value(json_object_get(json_object_get(recipe, "score"), "sha256"));
    const json_t *loudness =
        json_object_get(json_object_get(recipe, "master"), "loudness_lufs");
    const json_t *rate = json_object_get(recipe, "rate");
    TuneRenderOptions same = *options;

    g_autoptr(TuneScore) score =
        tune_score_load(tune_args_get(cli->args, OPTION_SCORE), error);
    if (score == NULL)
        return NULL;
    if (!json_is_number(loudness) || !json_is_integer(rate) || json_integer_value(rate) < 22050 ||
        json_integer_value(rate) > 96000) {
        g_set_error(error, TUNE_ENGINE_ERROR, TUNE_ENGINE_ERROR_RECIPE,
                    "recipe: rate or loudness is missing");
        return NULL;
    }
    same.rate = (guint)json_integer_value(rate);
    TuneRender *render =
        tune_engine_start_score(engine, score, json_number_value(loudness), &same, error);
    if (render != NULL && g_strcmp0(wanted, tune_render_score_hash(render)) != 0) {
        g_clear_pointer(&render, tune_render_free);
        g_set_error(error, TUNE_ENGINE_ERROR, TUNE_ENGINE_ERROR_RECIPE,
                    "--score: another score than the sound was made from");
    }
    return render;
}

/* The engine that made it, with its model unless --model says where that is now. (transfer full) */
static char *engine_of(TuneCli *cli, const json_t *recipe, GError **error)
{
    const char *name =
        json_string_value(json_object_get(json_object_get(recipe, "engine"), "name"));
    const char *model =
        json_string_value(json_object_get(json_object_get(recipe, "model"), "name"));

    if (name == NULL || !tune_engine_spec_is_known(name)) {
        g_set_error(error, TUNE_ENGINE_ERROR, TUNE_ENGINE_ERROR_RECIPE,
                    "recipe: made by an engine that is not here");
        return NULL;
    }
    if (model == NULL || tune_args_has(cli->args, OPTION_MODEL))
        return g_strdup(name);
    return g_strconcat(name, ":", model, NULL);
}

static const char *weights_of(const json_t *recipe)
{
    return json_string_value(json_object_get(json_object_get(recipe, "model"), "weights"));
}

static TuneRender *start(TuneCli *cli, const TuneTags *tags, const char *path,
                         TuneProgressBar *bar, GError **error)
{
    g_auto(TuneCliTake) take = {0};
    TuneRenderOptions options = TUNE_RENDER_OPTIONS_DEFAULT;

    if (tags->recipe == NULL || *tags->recipe == '\0') {
        g_set_error(error, TUNE_ENGINE_ERROR, TUNE_ENGINE_ERROR_RECIPE,
                    "%s: there is no recipe in it; tunesmith did not make it", path);
        return NULL;
    }
    g_autoptr(json_t) recipe =
        tune_json_parse("recipe", tags->recipe, strlen(tags->recipe), error);
    g_autofree char *name = recipe != NULL ? engine_of(cli, recipe, error) : NULL;
    g_autoptr(TuneEngine) engine = name != NULL ? tune_cli_engine_named(cli, name, weights_of(recipe), NULL, error)
                                               : NULL;
    if (engine == NULL || !tune_cli_take_read(cli, name, &take, error))
        return NULL;
    options.take = &take.options;
    options.cancellable = cli->cancellable;
    options.progress = tune_progress_bar_tell;
    options.progress_user_data = bar;
    gboolean by_score = json_object_get(recipe, "score") != NULL &&
                        tune_args_has(cli->args, OPTION_SCORE);
    TuneRender *render = by_score ? start_score(cli, engine, recipe, &options, error)
                                  : tune_engine_replay(engine, recipe, &options, error);
    if (render == NULL)
        g_prefix_error(error, "%s: ", path);
    return render;
}

static gint finish(TuneCli *cli, TuneRender *render, const TuneTags *tags, const char *path,
                   const Comparison *sound, GError **error)
{
    g_autofree char *old_score = score_hash_of(tags);
    gboolean same_score =
        sound->identical ||
        g_strcmp0(old_score, tune_render_score_hash(render)) == 0;
    g_autoptr(json_t) report = tune_render_report(render);
    g_autoptr(json_t) result = result_json(path, sound, same_score, render, report);

    if (cli->json) {
        tune_cli_print_json(result, error);
    } else if (!cli->quiet) {
        g_autofree char *text = result_text(result);
        tune_cli_print(text, error);
    }
    return same_score ? TUNE_EXIT_DONE : TUNE_EXIT_FAULT;
}

gint tune_command_replay(TuneCli *cli, GError **error)
{
    const char *path = tune_args_word(cli->args, 0);
    TuneTags *read_tags = NULL;
    TuneAudioFormat format;
    Comparison sound;

    tune_cli_catch_signals(cli);
    g_autoptr(TuneSource) original = tune_decoder_new(path, &read_tags, error);
    g_autoptr(TuneTags) tags = read_tags != NULL ? read_tags : tune_tags_new();
    if (original == NULL || !format_of_file(path, &format, error) || !is_whole(path, cli, error))
        return TUNE_EXIT_BROKEN;
    g_autoptr(TuneOutputs) outputs = tune_outputs_new();
    g_autoptr(TuneProgressBar) bar = tune_progress_bar_new(cli->terminal, cli->quiet);
    g_autoptr(TuneRender) render = start(cli, tags, path, bar, error);
    g_autofree char *again = render != NULL ? new_path(cli, outputs, path, error) : NULL;
    if (again == NULL)
        return TUNE_EXIT_BROKEN;
    gboolean good = encode(render, again, format, tags, error) &&
                    compare(path, again, &sound, error);
    g_clear_pointer(&bar, tune_progress_bar_free);
    if (!tune_args_has(cli->args, OPTION_OUTPUT))
        g_unlink(again);
    else if (good)
        good = tune_outputs_commit(outputs, error);
    return good ? finish(cli, render, tags, path, &sound, error) : TUNE_EXIT_FAULT;
}
