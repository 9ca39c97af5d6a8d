/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/hash.h"
#include "engine/engine.h"
#include "engine/tags.h"
#include "engine/title.h"

#include <math.h>
#include <string.h>

#define BLOCK 4096

/* Briefs point into it: loaded once, for all tests. */
static TuneVocabulary *shared_vocabulary(void)
{
    static TuneVocabulary *vocabulary;

    if (vocabulary == NULL)
        vocabulary = tune_vocabulary_load(NULL);
    g_assert_nonnull(vocabulary);
    return vocabulary;
}

static TuneBrief *brief_of(const char *sentence)
{
    g_autoptr(GError) error = NULL;
    TuneBrief *brief = tune_brief_new();
    const TuneVocabulary *vocabulary = shared_vocabulary();

    tune_brief_read_sentence(brief, vocabulary, sentence, &error);
    g_assert_no_error(error);
    tune_brief_complete(brief, vocabulary, &error);
    g_assert_no_error(error);
    return brief;
}

static TuneEngine *engine_of(guint n_threads)
{
    TuneEngineConfig config = {.vocabulary = shared_vocabulary(), .synth = {.n_threads = n_threads}};
    g_autoptr(GError) error = NULL;
    TuneEngine *engine = tune_engine_new("compose", &config, &error);

    g_assert_no_error(error);
    return engine;
}

/* Frames, and a hash over the sound's bytes. (transfer full) */
static char *pull(TuneRender *render, gint64 *frames)
{
    g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
    g_autoptr(GError) error = NULL;
    float block[2 * BLOCK];
    gsize got;

    *frames = 0;
    do {
        tune_render_read(render, block, BLOCK, &got, &error);
        g_assert_no_error(error);
        g_checksum_update(sum, (const guchar *)block, (gssize)(got * 2 * sizeof(float)));
        *frames += (gint64)got;
    } while (got > 0);
    return g_strdup(g_checksum_get_string(sum));
}

static void test_unknown_engine_lists_what_there_is(void)
{
    TuneEngineConfig config = {0};
    g_autoptr(GError) error = NULL;

    g_assert_null(tune_engine_new("nonsense", &config, &error));
    g_assert_error(error, TUNE_ENGINE_ERROR, TUNE_ENGINE_ERROR_UNKNOWN);
    g_assert_nonnull(strstr(error->message, "compose"));
}

static void test_simulate_makes_no_sound(void)
{
    TuneEngineConfig config = {0};
    TuneRenderOptions options = TUNE_RENDER_OPTIONS_DEFAULT;
    g_autoptr(GError) error = NULL;
    g_autoptr(TuneEngine) engine = tune_engine_new("simulate", &config, NULL);
    g_autoptr(TuneBrief) brief = brief_of("calm piano");

    g_assert_null(tune_engine_start(engine, brief, 1, &options, &error));
    g_assert_error(error, TUNE_ENGINE_ERROR, TUNE_ENGINE_ERROR_NO_AUDIO);
}

static void test_replay_is_identical_on_any_thread_count(void)
{
    TuneRenderOptions options = TUNE_RENDER_OPTIONS_DEFAULT;
    g_autoptr(GError) error = NULL;
    g_autoptr(TuneEngine) one = engine_of(1), three = engine_of(3);
    g_autoptr(TuneBrief) brief = brief_of("folk tune in G major, 100 bpm, 6 seconds");
    g_autoptr(TuneRender) first = tune_engine_start(one, brief, 11, &options, &error);
    gint64 frames, again_frames;

    g_assert_no_error(error);
    g_autofree char *sound = pull(first, &frames);
    g_assert_cmpint(frames, ==, 6 * 44100);
    g_autoptr(json_t) recipe =
        tune_json_parse("recipe", tune_render_recipe(first), strlen(tune_render_recipe(first)), NULL);
    g_autoptr(TuneRender) second = tune_engine_replay(three, recipe, &options, &error);
    g_assert_no_error(error);
    g_autofree char *again = pull(second, &again_frames);
    g_assert_cmpstr(sound, ==, again);
    g_assert_cmpstr(tune_render_recipe_hash(first), ==, tune_render_recipe_hash(second));
    g_assert_cmpstr(tune_render_score_hash(first), ==, tune_render_score_hash(second));
}

static void test_recipe_is_canonical_and_whole(void)
{
    static const char *const keys[] = {"brief", "data", "engine", "format", "master", "rate",
                                       "seed", "sound"};
    TuneRenderOptions options = TUNE_RENDER_OPTIONS_DEFAULT;
    g_autoptr(TuneEngine) engine = engine_of(0);
    g_autoptr(TuneBrief) brief = brief_of("pop song, 5 seconds");
    options.master = TUNE_MASTER_LIVE;
    g_autoptr(TuneRender) render = tune_engine_start(engine, brief, 3, &options, NULL);
    const char *text = tune_render_recipe(render);
    g_autoptr(json_t) recipe = tune_json_parse("recipe", text, strlen(text), NULL);
    g_autofree char *canonical = tune_json_canonical(recipe);
    g_autofree char *hash = tune_hash_bytes(text, strlen(text));

    for (guint i = 0; i < G_N_ELEMENTS(keys); i++)
        g_assert_nonnull(json_object_get(recipe, keys[i]));
    g_assert_cmpuint(json_object_size(recipe), ==, G_N_ELEMENTS(keys));
    g_assert_cmpstr(canonical, ==, text);
    g_assert_cmpstr(hash, ==, tune_render_recipe_hash(render));
    g_autoptr(TuneTags) tags = tune_render_tags(render);
    g_assert_cmpstr(tags->recipe, ==, text);
    g_assert_cmpfloat(tags->bpm, >, 20);
}

/* A voice that has changed since makes another piece of sound. */
static void test_recipe_names_electronic_voices(void)
{
    TuneRenderOptions options = TUNE_RENDER_OPTIONS_DEFAULT;
    g_autoptr(TuneEngine) engine = engine_of(0);
    g_autoptr(TuneBrief) brief = brief_of("only supersaw and 909 drums, techno, 8 seconds");
    options.master = TUNE_MASTER_LIVE;
    g_autoptr(TuneRender) render = tune_engine_start(engine, brief, 3, &options, NULL);
    const char *text = tune_render_recipe(render);
    g_autoptr(json_t) recipe = tune_json_parse("recipe", text, strlen(text), NULL);
    const json_t *voices = json_object_get(json_object_get(recipe, "sound"), "voices");

    g_assert_cmpuint(json_object_size(voices), ==, 2);
    g_assert_cmpuint(strlen(json_string_value(json_object_get(voices, "supersaw"))), ==, 64);
    g_assert_cmpuint(strlen(json_string_value(json_object_get(voices, "909-kit"))), ==, 64);
}

static void assert_recipe_refused(const char *text, const char *part)
{
    TuneRenderOptions options = TUNE_RENDER_OPTIONS_DEFAULT;
    g_autoptr(GError) error = NULL;
    g_autoptr(TuneEngine) engine = engine_of(1);
    g_autoptr(json_t) recipe = tune_json_parse("recipe", text, strlen(text), NULL);

    g_assert_null(tune_engine_replay(engine, recipe, &options, &error));
    g_assert_nonnull(error);
    if (strstr(error->message, part) == NULL)
        g_error("\"%s\" does not say \"%s\"", error->message, part);
}

static void test_strange_recipes_are_refused(void)
{
    assert_recipe_refused("[]", "read");
    assert_recipe_refused("{\"format\": 99}", "read");
    assert_recipe_refused("{\"format\":1,\"engine\":{\"name\":\"musicgen\"}}", "musicgen");
    assert_recipe_refused("{\"format\":1,\"engine\":{\"name\":\"compose\"},\"score\":{}}", "score");
    assert_recipe_refused("{\"format\":1,\"engine\":{\"name\":\"compose\"},\"brief\":{},\"seed\":1}",
                          "rate");
    assert_recipe_refused("{\"format\":1,\"engine\":{\"name\":\"compose\"},\"brief\":{\"bpm\":[]},"
                          "\"seed\":1,\"rate\":44100}", "");
}

/* Every field that was said is met, and says so with what was measured. */
static void test_report_tells_what_was_met(void)
{
    TuneRenderOptions options = TUNE_RENDER_OPTIONS_DEFAULT;
    g_autoptr(TuneEngine) engine = engine_of(0);
    g_autoptr(TuneBrief) brief =
        brief_of("dreamy, calm jazz in F minor, 120 bpm, piano, no drums, blorptastic, 8 seconds");
    g_autoptr(TuneRender) render = tune_engine_start(engine, brief, 5, &options, NULL);
    gint64 frames;
    g_autoptr(json_t) before = tune_render_report(render);
    g_autofree char *sound = pull(render, &frames);
    g_autoptr(json_t) report = tune_render_report(render);
    g_autofree char *text = tune_json_canonical(report);
    size_t i;
    json_t *field;

    g_assert_false(json_is_true(json_object_get(before, "complete")));
    g_assert_true(json_is_true(json_object_get(report, "complete")));
    json_array_foreach(json_object_get(report, "fields"), i, field)
        g_assert_cmpstr(json_string_value(json_object_get(field, "status")), !=, "missed");
    g_assert_nonnull(strstr(text, "blorptastic"));
    g_assert_nonnull(strstr(text, "\"field\":\"drums\""));
    double loudness = json_number_value(
        json_object_get(json_object_get(report, "measured"), "loudness_lufs"));
    g_assert_cmpfloat_with_epsilon(loudness, -14.0, 0.5);
    const json_t *piece = json_object_get(report, "piece");
    g_assert_cmpstr(json_string_value(json_object_get(piece, "style")), ==, "jazz");
    g_assert_cmpstr(json_string_value(json_object_get(piece, "key")), ==, "F minor");
    g_assert_cmpfloat(json_number_value(json_object_get(piece, "bpm")), ==, 120);
    g_assert_cmpstr(json_string_value(json_object_get(piece, "mood")), ==, "dreamy calm");
}

static void test_cancel_is_seen_at_once(void)
{
    TuneRenderOptions options = TUNE_RENDER_OPTIONS_DEFAULT;
    g_autoptr(GCancellable) cancellable = g_cancellable_new();
    g_autoptr(GError) error = NULL;
    g_autoptr(TuneEngine) engine = engine_of(0);
    g_autoptr(TuneBrief) brief = brief_of("calm ambient pad, 20 seconds");
    float block[2 * 64];
    gsize got;

    options.cancellable = cancellable;
    options.master = TUNE_MASTER_LIVE;
    g_autoptr(TuneRender) render = tune_engine_start(engine, brief, 5, &options, &error);
    g_assert_no_error(error);
    g_assert_true(tune_render_read(render, block, 64, &got, &error));
    g_cancellable_cancel(cancellable);
    g_assert_false(tune_render_read(render, block, 64, &got, &error));
    g_assert_error(error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

static void test_estimate_comes_first(void)
{
    g_autoptr(TuneEngine) engine = engine_of(0);
    g_autoptr(TuneBrief) brief = brief_of("rock song, 60 seconds");
    g_autoptr(GError) error = NULL;
    TuneEstimate estimate = {0};

    g_assert_true(tune_engine_estimate(engine, brief, &estimate, &error));
    g_assert_cmpfloat_with_epsilon(estimate.audio_seconds, 60, 0.001);
    g_assert_cmpuint(estimate.memory_bytes, >, 1 << 20);
    g_assert_cmpfloat(estimate.seconds, >, 0);
}

static void assert_title(const char *sentence, const char *title)
{
    g_autoptr(TuneBrief) brief = brief_of(sentence);
    g_clear_pointer(&brief->title, g_free);
    g_autofree char *got = tune_title_of_brief(brief);

    g_assert_cmpstr(got, ==, title);
}

static void test_titles(void)
{
    assert_title("slow jazz ballad in F minor, 70 bpm, brushes", "Slow Jazz Ballad in F Minor");
    assert_title("please make me a calm piano waltz for studying", "Calm Piano Waltz for Studying");
    assert_title("120 bpm house in A minor", "House in A Minor");
    assert_title("Genre: folk | Tempo: 92", "Folk");
    assert_title("I want a song about my cat", "Song About My Cat");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/engine/unknown", test_unknown_engine_lists_what_there_is);
    g_test_add_func("/engine/simulate-makes-no-sound", test_simulate_makes_no_sound);
    g_test_add_func("/engine/replay-is-identical", test_replay_is_identical_on_any_thread_count);
    g_test_add_func("/engine/recipe-is-canonical", test_recipe_is_canonical_and_whole);
    g_test_add_func("/engine/recipe-names-electronic-voices", test_recipe_names_electronic_voices);
    g_test_add_func("/engine/strange-recipes", test_strange_recipes_are_refused);
    g_test_add_func("/engine/report", test_report_tells_what_was_met);
    g_test_add_func("/engine/cancel", test_cancel_is_seen_at_once);
    g_test_add_func("/engine/estimate", test_estimate_comes_first);
    g_test_add_func("/engine/titles", test_titles);
    return g_test_run();
}
