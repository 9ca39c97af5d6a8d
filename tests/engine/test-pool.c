/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/hash.h"
#include "engine/pool.h"

#include <string.h>

#define BLOCK 4096

static TuneEnginePool *pool_of(guint max_engines)
{
    TuneEnginePoolConfig config = {.engine = {.synth = {.n_threads = 1}}, .max_engines = max_engines};

    return tune_engine_pool_new(&config);
}

static TuneEngineLease *take(TuneEnginePool *pool, const char *engine)
{
    g_autoptr(GError) error = NULL;
    TuneEngineLease *lease = tune_engine_pool_take(pool, engine, &error);

    g_assert_no_error(error);
    return lease;
}

/* SHA-256 of five seconds by a live master. (transfer full) */
static char *render(TuneEnginePool *pool, TuneEngineLease *lease, const char *sentence)
{
    TuneRenderOptions options = TUNE_RENDER_OPTIONS_DEFAULT;
    g_autoptr(GError) error = NULL;
    TuneVocabulary *vocabulary = tune_engine_pool_vocabulary(pool, &error);
    g_autoptr(TuneBrief) brief = tune_brief_new();
    g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
    float block[2 * BLOCK];
    gsize got = 1;

    g_assert_no_error(error);
    tune_brief_set_field(brief, vocabulary, "duration", "5", &error);
    tune_brief_read_sentence(brief, vocabulary, sentence, &error);
    tune_brief_complete(brief, vocabulary, &error);
    g_assert_no_error(error);
    options.rate = 22050;
    options.master = TUNE_MASTER_LIVE;
    g_autoptr(TuneRender) made =
        tune_engine_start(tune_engine_lease_engine(lease), brief, 3, &options, &error);
    g_assert_no_error(error);
    while (got > 0) {
        tune_render_read(made, block, BLOCK, &got, &error);
        g_assert_no_error(error);
        g_checksum_update(sum, (const guchar *)block, (gssize)(got * 2 * sizeof(float)));
    }
    return g_strdup(g_checksum_get_string(sum));
}

static json_t *only(const json_t *stats)
{
    g_assert_cmpuint(json_array_size(stats), ==, 1);
    return json_array_get(stats, 0);
}

static void test_engines_are_made_when_wanted(void)
{
    g_autoptr(TuneEnginePool) pool = pool_of(0);
    g_autoptr(json_t) before = tune_engine_pool_stats(pool);
    g_autoptr(TuneEngineLease) lease = take(pool, "compose");
    g_autoptr(json_t) after = tune_engine_pool_stats(pool);

    g_assert_cmpuint(json_array_size(before), ==, 0);
    g_assert_cmpstr(json_string_value(json_object_get(only(after), "engine")), ==, "compose");
    g_assert_cmpint(json_integer_value(json_object_get(only(after), "in_use")), ==, 1);
}

static void test_an_engine_is_shared(void)
{
    g_autoptr(TuneEnginePool) pool = pool_of(0);
    g_autoptr(TuneEngineLease) one = take(pool, "compose");
    g_autoptr(TuneEngineLease) two = take(pool, "compose");
    g_autoptr(json_t) stats = tune_engine_pool_stats(pool);

    g_assert_true(tune_engine_lease_engine(one) == tune_engine_lease_engine(two));
    g_assert_cmpint(json_integer_value(json_object_get(only(stats), "uses")), ==, 2);
}

static void test_unknown_engine_is_an_error(void)
{
    g_autoptr(TuneEnginePool) pool = pool_of(0);
    g_autoptr(GError) error = NULL;

    g_assert_null(tune_engine_pool_take(pool, "nonsense", &error));
    g_assert_error(error, TUNE_ENGINE_ERROR, TUNE_ENGINE_ERROR_UNKNOWN);
}

static void test_idle_engine_gives_way(void)
{
    g_autoptr(TuneEnginePool) pool = pool_of(1);

    tune_engine_lease_release(take(pool, "compose"));
    tune_engine_lease_release(take(pool, "simulate"));
    g_autoptr(json_t) stats = tune_engine_pool_stats(pool);
    g_assert_cmpstr(json_string_value(json_object_get(only(stats), "engine")), ==, "simulate");
}

typedef struct {
    TuneEnginePool *pool;
    gint n_inside; /* atomic: engines in use at this moment */
    gint most;     /* atomic */
} Crowd;

static gpointer take_in_turn(gpointer data)
{
    Crowd *crowd = data;

    for (guint i = 0; i < 40; i++) {
        TuneEngineLease *lease = take(crowd->pool, i % 2 == 0 ? "compose" : "simulate");
        g_autoptr(json_t) stats = tune_engine_pool_stats(crowd->pool);

        if ((gint)json_array_size(stats) > g_atomic_int_get(&crowd->most))
            g_atomic_int_set(&crowd->most, (gint)json_array_size(stats));
        g_assert_nonnull(tune_engine_name(tune_engine_lease_engine(lease)));
        tune_engine_lease_release(lease);
    }
    return NULL;
}

static void test_never_more_than_allowed(void)
{
    Crowd crowd = {.pool = pool_of(1)};
    GThread *threads[8];

    for (guint i = 0; i < G_N_ELEMENTS(threads); i++)
        threads[i] = g_thread_new("crowd", take_in_turn, &crowd);
    for (guint i = 0; i < G_N_ELEMENTS(threads); i++)
        g_thread_join(threads[i]);
    g_assert_cmpint(crowd.most, ==, 1);
    tune_engine_pool_free(crowd.pool);
}

static void test_a_render_leaves_nothing_behind(void)
{
    g_autoptr(TuneEnginePool) pool = pool_of(0);
    g_autoptr(TuneEngineLease) lease = take(pool, "compose");
    g_autofree char *first = render(pool, lease, "calm piano");
    g_autofree char *other = render(pool, lease, "heavy rock with distorted guitars");
    g_autofree char *again = render(pool, lease, "calm piano");

    g_assert_cmpstr(first, !=, other);
    g_assert_cmpstr(first, ==, again);
}

static void test_memory_of_idle_engines_is_dropped_and_loaded_again(void)
{
    g_autoptr(TuneEnginePool) pool = pool_of(0);
    TuneEngineLease *lease = take(pool, "compose");
    g_autofree char *first = render(pool, lease, "calm piano");

    tune_engine_pool_release_memory(pool, NULL);
    g_autoptr(json_t) in_use = tune_engine_pool_stats(pool);
    g_assert_true(json_is_true(json_object_get(only(in_use), "loaded")));
    tune_engine_lease_release(lease);
    tune_engine_pool_release_memory(pool, "simulate");
    g_autoptr(json_t) other = tune_engine_pool_stats(pool);
    g_assert_true(json_is_true(json_object_get(only(other), "loaded")));
    tune_engine_pool_release_memory(pool, "compose");
    g_autoptr(json_t) dropped = tune_engine_pool_stats(pool);
    g_assert_false(json_is_true(json_object_get(only(dropped), "loaded")));
    g_autoptr(TuneEngineLease) lease_again = take(pool, "compose");
    g_autofree char *again = render(pool, lease_again, "calm piano");
    g_assert_cmpstr(first, ==, again);
}

static void test_pressure_drops_memory(void)
{
    TuneEnginePoolConfig config = {.pressure_bytes = G_MAXUINT64};
    g_autoptr(TuneEnginePool) pressed = tune_engine_pool_new(&config);
    config.pressure_bytes = 1;
    g_autoptr(TuneEnginePool) easy = tune_engine_pool_new(&config);

    tune_engine_lease_release(take(pressed, "simulate"));
    tune_engine_lease_release(take(easy, "simulate"));
    tune_engine_pool_relieve(pressed);
    tune_engine_pool_relieve(easy);
    g_autoptr(json_t) a = tune_engine_pool_stats(pressed);
    g_autoptr(json_t) b = tune_engine_pool_stats(easy);
    g_assert_false(json_is_true(json_object_get(only(a), "loaded")));
    g_assert_true(json_is_true(json_object_get(only(b), "loaded")));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/engine/pool/made-when-wanted", test_engines_are_made_when_wanted);
    g_test_add_func("/engine/pool/shared", test_an_engine_is_shared);
    g_test_add_func("/engine/pool/unknown-engine", test_unknown_engine_is_an_error);
    g_test_add_func("/engine/pool/idle-gives-way", test_idle_engine_gives_way);
    g_test_add_func("/engine/pool/never-more-than-allowed", test_never_more_than_allowed);
    g_test_add_func("/engine/pool/leaves-nothing-behind", test_a_render_leaves_nothing_behind);
    g_test_add_func("/engine/pool/memory-on-request", test_memory_of_idle_engines_is_dropped_and_loaded_again);
    g_test_add_func("/engine/pool/pressure", test_pressure_drops_memory);
    return g_test_run();
}
