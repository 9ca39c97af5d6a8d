/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The neural engine on the tiny model with random weights: what it plays is noise, but its lengths, recipes,
 * reports and refusals are those of any model.
 */
#include "brief/prompt.h"
#include "engine/engine.h"
#include "engine/tags.h"
#include "neural/tensor.h"

#include <math.h>
#include <string.h>

#define BLOCK 4096

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

    brief->by_model = TRUE;
    tune_brief_read_sentence(brief, shared_vocabulary(), sentence, &error);
    g_assert_no_error(error);
    tune_brief_complete(brief, shared_vocabulary(), &error);
    g_assert_no_error(error);
    return brief;
}

static char *tiny(const char *name)
{
    return g_build_filename(g_getenv("TUNE_GOLDEN"), name, NULL);
}

static TuneEngine *engine_of(const char *checkpoint, const char *weights, guint n_threads)
{
    g_autofree char *path = tiny(checkpoint);
    TuneEngineConfig config = {.vocabulary = shared_vocabulary(),
                               .neural = {.model = path, .weights = weights, .n_threads = n_threads}};
    g_autoptr(GError) error = NULL;
    TuneEngine *engine = tune_engine_new("musicgen", &config, &error);

    g_assert_no_error(error);
    return engine;
}

static GArray *pull(TuneRender *render)
{
    GArray *frames = g_array_new(FALSE, FALSE, 2 * sizeof(float));
    g_autoptr(GError) error = NULL;
    float block[2 * BLOCK];
    gsize got;

    do {
        tune_render_read(render, block, BLOCK, &got, &error);
        g_assert_no_error(error);
        g_array_append_vals(frames, block, (guint)got);
    } while (got > 0);
    return frames;
}

static TuneRender *start(TuneEngine *engine, const char *sentence, guint64 seed,
                         const TuneRenderOptions *options)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(TuneBrief) brief = brief_of(sentence);
    TuneRender *render = tune_engine_start(engine, brief, seed, options, &error);

    g_assert_no_error(error);
    return render;
}

static void test_length_is_exact_at_any_rate(void)
{
    static const guint rates[] = {32000, 44100, 48000};
    g_autoptr(TuneEngine) engine = engine_of("tiny-mono", "f32", 2);

    for (guint i = 0; i < G_N_ELEMENTS(rates); i++) {
        TuneRenderOptions options = TUNE_RENDER_OPTIONS_DEFAULT;
        options.rate = rates[i];
        g_autoptr(TuneRender) render = start(engine, "80s pop, 2.345 seconds", 7, &options);
        g_autoptr(GArray) sound = pull(render);
        const float *frames = (const float *)(gconstpointer)sound->data;

        g_assert_null(tune_render_score(render));
        g_assert_cmpint(sound->len, ==, llround(2.345 * rates[i]));
        g_assert_cmpfloat(fabsf(frames[2 * (sound->len - 1)]), <, 0.001f); /* it has faded out */
    }
}

static void test_replay_is_identical_on_any_thread_count(void)
{
    TuneRenderOptions options = TUNE_RENDER_OPTIONS_DEFAULT;
    TuneTakeOptions take = TUNE_TAKE_OPTIONS_DEFAULT;
    g_autoptr(GError) error = NULL;
    g_autoptr(TuneEngine) one = engine_of("tiny-mono", "q8", 1), three = engine_of("tiny-mono", "q8", 3);
    take.guidance = 2.5;
    take.top_k = 40;
    options.take = &take;
    g_autoptr(TuneRender) first = start(one, "rock riff, 1 second", 11, &options);
    const char *text = tune_render_recipe(first);
    g_autoptr(json_t) recipe = tune_json_parse("recipe", text, strlen(text), NULL);
    TuneRenderOptions plain = TUNE_RENDER_OPTIONS_DEFAULT;
    g_autoptr(TuneRender) second = tune_engine_replay(three, recipe, &plain, &error);
    g_assert_no_error(error);
    g_autoptr(GArray) a = pull(first), b = pull(second);

    g_assert_cmpstr(tune_render_recipe_hash(first), ==, tune_render_recipe_hash(second));
    g_assert_cmpuint(a->len, ==, b->len);
    g_assert_true(memcmp(a->data, b->data, a->len * 2 * sizeof(float)) == 0);
}

static void test_report_says_what_was_measured_and_who_made_it(void)
{
    TuneRenderOptions options = TUNE_RENDER_OPTIONS_DEFAULT;
    g_autoptr(TuneEngine) engine = engine_of("tiny-mono", "f32", 0);
    g_autoptr(TuneRender) render = start(engine, "techno in F minor at 120 bpm, 3 seconds", 1, &options);
    g_autoptr(GArray) sound = pull(render);
    g_autoptr(json_t) report = tune_render_report(render);
    const json_t *rights = json_object_get(report, "rights");
    gboolean tempo = FALSE, length = FALSE;
    gsize i;
    json_t *field;

    json_array_foreach(json_object_get(report, "fields"), i, field)
    {
        const char *name = json_string_value(json_object_get(field, "field"));
        const char *status = json_string_value(json_object_get(field, "status"));
        tempo = tempo || (strcmp(name, "tempo") == 0 && strcmp(status, "not-asked") != 0);
        length = length || (strcmp(name, "length") == 0 && strcmp(status, "met") == 0);
    }
    g_assert_true(tempo);
    g_assert_true(length);
    g_assert_true(json_is_true(json_object_get(rights, "ai_generated")));
    g_assert_nonnull(json_object_get(rights, "weights_licence"));
    g_assert_null(json_object_get(report, "tracks"));
    g_autoptr(TuneTags) tags = tune_render_tags(render);
    g_assert_nonnull(strstr(tags->rights, "ai_generated"));
    g_assert_nonnull(strstr(tags->comment, "AI-generated"));
}

static void test_codes_are_exported(void)
{
    TuneRenderOptions options = TUNE_RENDER_OPTIONS_DEFAULT;
    g_autoptr(TuneEngine) engine = engine_of("tiny-stereo", "f32", 0);
    g_autoptr(TuneRender) render = start(engine, "choir, 0.5 seconds", 5, &options);
    g_autoptr(GArray) sound = pull(render);
    const char *mime = NULL;
    g_autoptr(GError) error = NULL;
    g_autoptr(GBytes) bytes = tune_render_export(render, "tokens.json", &mime, &error);
    g_assert_no_error(error);
    gsize size;
    const char *text = g_bytes_get_data(bytes, &size);
    g_autoptr(json_t) tokens = tune_json_parse("tokens", text, size, &error);

    g_assert_no_error(error);
    g_assert_cmpuint(json_array_size(tokens), ==, 8);
    g_assert_cmpuint(json_array_size(json_array_get(tokens, 7)), ==, 25);
    g_assert_cmpint(json_integer_value(json_array_get(json_array_get(tokens, 0), 0)), <, 2048);
    g_assert_null(tune_render_export(render, "score.mid", &mime, &error));
    g_assert_no_error(error);
}

static gboolean no_stem(guint track, const float *frames, gsize n, gpointer user_data, GError **error)
{
    g_assert_not_reached();
}

static void assert_refused(TuneEngine *engine, const char *sentence, const TuneRenderOptions *options,
                           GQuark domain, gint code, const char *says)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(TuneBrief) brief = brief_of(sentence);

    g_assert_null(tune_engine_start(engine, brief, 1, options, &error));
    g_assert_error(error, domain, code);
    g_test_message("%s", error->message);
    g_assert_nonnull(strstr(error->message, says));
}

static void test_what_it_cannot_do_is_refused(void)
{
    TuneRenderOptions options = TUNE_RENDER_OPTIONS_DEFAULT, stems = options, melody = options;
    g_autoptr(TuneEngine) engine = engine_of("tiny-mono", "f32", 0);
    g_autoptr(TuneEngine) no_type = engine_of("tiny-mono", "q3", 0);
    g_autoptr(TuneEngine) no_model = engine_of("nothing-here", NULL, 0);
    float tone[2 * 3200] = {0};
    const TuneClip clip = {.frames = tone, .n_frames = 3200, .n_channels = 1};
    TuneTakeOptions take = TUNE_TAKE_OPTIONS_DEFAULT;

    stems.stem_sink = no_stem;
    take.melody = &clip;
    melody.take = &take;
    assert_refused(engine, "pop, 2 seconds", &stems, TUNE_ENGINE_ERROR, TUNE_ENGINE_ERROR_NO_SCORE,
                   "stems");
    assert_refused(engine, "pop, 2 seconds", &melody, TUNE_NEURAL_ERROR, TUNE_NEURAL_ERROR_REQUEST,
                   "melody");
    assert_refused(no_type, "pop, 2 seconds", &options, TUNE_ENGINE_ERROR, TUNE_ENGINE_ERROR_MODEL,
                   "q3");
    assert_refused(no_model, "pop, 2 seconds", &options, TUNE_NEURAL_ERROR,
                   TUNE_NEURAL_ERROR_NO_MODEL, "nothing-here");
}

/* The tiny model says nothing about its licence, which counts as not allowed. */
static void test_what_is_sold_needs_a_licence(void)
{
    g_autoptr(TuneEngine) engine = engine_of("tiny-mono", "f32", 1);
    g_autoptr(TuneBrief) brief = brief_of("calm piano, 1 second");
    g_autoptr(GError) error = NULL;
    TuneEstimate estimate;

    g_assert_true(tune_engine_estimate(engine, brief, &estimate, &error));
    brief->commercial = TRUE;
    g_assert_false(tune_engine_estimate(engine, brief, &estimate, &error));
    g_assert_error(error, TUNE_NEURAL_ERROR, TUNE_NEURAL_ERROR_REQUEST);
    g_assert_nonnull(strstr(error->message, "licence"));
    g_assert_null(strchr(error->message, '/')); /* a server's folders are nobody's business */
}

static void test_cancel_stops_it(void)
{
    TuneRenderOptions options = TUNE_RENDER_OPTIONS_DEFAULT;
    g_autoptr(GCancellable) cancellable = g_cancellable_new();
    g_autoptr(TuneEngine) engine = engine_of("tiny-mono", "f32", 0);
    g_autoptr(GError) error = NULL;
    float block[2 * 256];
    gsize got;

    options.cancellable = cancellable;
    options.master = TUNE_MASTER_LIVE;
    g_autoptr(TuneRender) render = start(engine, "pop, 60 seconds", 1, &options);
    g_assert_true(tune_render_read(render, block, 256, &got, &error));
    g_assert_cmpuint(got, ==, 256);
    g_cancellable_cancel(cancellable);
    g_assert_false(tune_render_read(render, block, 256, &got, &error));
    g_assert_error(error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

static void test_estimate_tells_memory_and_length(void)
{
    g_autoptr(TuneEngine) engine = engine_of("tiny-mono", "f32", 0);
    g_autoptr(TuneBrief) brief = brief_of("pop, 20 seconds");
    TuneEstimate estimate;
    g_autoptr(GError) error = NULL;

    g_assert_true(tune_engine_estimate(engine, brief, &estimate, &error));
    g_assert_no_error(error);
    g_assert_cmpuint(estimate.memory_bytes, >, 1 << 20);
    g_assert_cmpfloat(estimate.audio_seconds, ==, 20);
    g_assert_cmpfloat(estimate.seconds, >, 0);
}

static void assert_caption(const char *sentence, const char *const *fields, const char *wanted)
{
    g_autoptr(TuneBrief) brief = tune_brief_new();
    g_autoptr(GError) error = NULL;

    brief->by_model = TRUE;
    for (; fields != NULL && fields[0] != NULL; fields += 2)
        g_assert_true(tune_brief_set_field(brief, shared_vocabulary(), fields[0], fields[1], &error));
    tune_brief_read_sentence(brief, shared_vocabulary(), sentence, &error);
    tune_brief_complete(brief, shared_vocabulary(), &error);
    g_assert_no_error(error);
    g_autofree char *caption = tune_prompt_caption(brief, 60);
    g_assert_cmpstr(caption, ==, wanted);
}

static void test_caption_is_the_sentence_and_what_fields_add(void)
{
    static const char *const fields[] = {"bpm", "120", "key", "F minor", NULL};

    assert_caption("80s pop track with bassy drums", NULL, "80s pop track with bassy drums");
    assert_caption("calm piano", fields, "calm piano, 120 bpm, F minor");
    assert_caption("a slow piece for piano and strings with a very very long description of it", NULL,
                   "a slow piece for piano and strings with a very very long");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/engine/musicgen/length-is-exact-at-any-rate", test_length_is_exact_at_any_rate);
    g_test_add_func("/engine/musicgen/replay-is-identical-on-any-thread-count",
                    test_replay_is_identical_on_any_thread_count);
    g_test_add_func("/engine/musicgen/report-says-what-was-measured-and-who-made-it",
                    test_report_says_what_was_measured_and_who_made_it);
    g_test_add_func("/engine/musicgen/codes-are-exported", test_codes_are_exported);
    g_test_add_func("/engine/musicgen/what-it-cannot-do-is-refused",
                    test_what_it_cannot_do_is_refused);
    g_test_add_func("/engine/musicgen/what-is-sold-needs-a-licence",
                    test_what_is_sold_needs_a_licence);
    g_test_add_func("/engine/musicgen/cancel-stops-it", test_cancel_stops_it);
    g_test_add_func("/engine/musicgen/estimate-tells-memory-and-length",
                    test_estimate_tells_memory_and_length);
    g_test_add_func("/engine/musicgen/caption-is-the-sentence-and-what-fields-add",
                    test_caption_is_the_sentence_and_what_fields_add);
    return g_test_run();
}
