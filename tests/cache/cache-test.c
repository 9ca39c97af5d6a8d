/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cache-test.h"

#include <pthread.h>
#include <string.h>

gint64 cache_test_clock(gpointer atomic_us)
{
    return atomic_load((_Atomic gint64 *)atomic_us);
}

GBytes *cache_test_bytes(const char *text)
{
    return g_bytes_new(text, strlen(text));
}

void cache_test_is(GBytes *value, const char *text)
{
    if (text == NULL) {
        g_assert_null(value);
        return;
    }
    g_assert_nonnull(value);
    g_assert_cmpmem(g_bytes_get_data(value, NULL), (int)g_bytes_get_size(value), text,
                    (int)strlen(text));
    g_bytes_unref(value);
}

GBytes *cache_test_make(gpointer user_data, GError **error)
{
    CacheMaker *maker = user_data;

    atomic_fetch_add(&maker->n_calls, 1);
    if (maker->sleep_us > 0)
        g_usleep(maker->sleep_us);
    if (maker->during != NULL)
        maker->during(maker->during_data);
    if (maker->text != NULL)
        return cache_test_bytes(maker->text);
    g_set_error(error, CACHE_TEST_ERROR, 7, "the maker fails");
    return NULL;
}

void cache_test_set(TuneCache *cache, const char *key, const char *text, const char *tag)
{
    const char *tags[] = {tag, NULL};
    TuneCachePolicy policy = {.ttl_s = 300, .tags = tag != NULL ? tags : NULL};
    g_autoptr(GBytes) value = cache_test_bytes(text);

    tune_cache_set(cache, key, value, &policy);
}

TuneCache *cache_test_on(const char *url)
{
    TuneCacheConfig config = TUNE_CACHE_CONFIG_DEFAULT;
    g_autoptr(GError) error = NULL;

    config.redis_url = url;
    config.timeout_ms = 500; /* the tests' machine may be busy */
    TuneCache *cache = tune_cache_new(&config, &error);
    g_assert_no_error(error);
    return cache;
}

gboolean cache_test_is_up(TuneCache *cache)
{
    TuneCacheStats stats;

    tune_cache_stats(cache, &stats);
    g_assert_true(stats.redis);
    return stats.redis_up;
}

void cache_test_wait_until_up(TuneCache *cache, gboolean up)
{
    for (guint i = 0; i < 3000 && cache_test_is_up(cache) != up; i++)
        g_usleep(10000);
    g_assert_cmpint(cache_test_is_up(cache), ==, up);
}

/* ---- the contract ---- */

static const TuneCachePolicy plain = {.ttl_s = 300};

static TuneCache *fresh_cache(gconstpointer make)
{
    TuneCacheConfig config = TUNE_CACHE_CONFIG_DEFAULT;

    return ((CacheTestNew)make)(&config);
}

static void gives_what_was_set(gconstpointer make)
{
    g_autoptr(TuneCache) cache = fresh_cache(make);

    cache_test_is(tune_cache_get(cache, "a"), NULL);
    cache_test_set(cache, "a", "first", NULL);
    cache_test_is(tune_cache_get(cache, "a"), "first");
    cache_test_is(tune_cache_peek(cache, "a"), "first");
    cache_test_set(cache, "a", "second", NULL);
    cache_test_is(tune_cache_get(cache, "a"), "second");
    cache_test_set(cache, "empty", "", NULL);
    cache_test_is(tune_cache_get(cache, "empty"), "");
    cache_test_set(cache, "", "no name", NULL);
    cache_test_is(tune_cache_get(cache, ""), "no name");
    tune_cache_clear(cache);
    cache_test_is(tune_cache_peek(cache, "a"), NULL);
}

static void drops_by_key_and_tag(gconstpointer make)
{
    g_autoptr(TuneCache) cache = fresh_cache(make);

    cache_test_set(cache, "a", "1", "x");
    cache_test_set(cache, "b", "2", "x");
    cache_test_set(cache, "c", "3", "y");
    cache_test_set(cache, "d", "4", NULL);
    tune_cache_drop(cache, "d");
    tune_cache_drop(cache, "never was");
    tune_cache_drop_tag(cache, "x");
    tune_cache_drop_tag(cache, "never was");
    cache_test_is(tune_cache_get(cache, "a"), NULL);
    cache_test_is(tune_cache_get(cache, "b"), NULL);
    cache_test_is(tune_cache_get(cache, "c"), "3");
    cache_test_is(tune_cache_get(cache, "d"), NULL);
    cache_test_set(cache, "a", "5", "x");
    cache_test_is(tune_cache_get(cache, "a"), "5");
}

static void makes_a_missing_value_once(gconstpointer make)
{
    g_autoptr(TuneCache) cache = fresh_cache(make);
    CacheMaker maker = {.text = "made"};

    for (guint i = 0; i < 3; i++)
        cache_test_is(tune_cache_get_or_make(cache, "a", &plain, cache_test_make, &maker, NULL),
                      "made");
    g_assert_cmpuint(maker.n_calls, ==, 1);
    cache_test_is(tune_cache_get(cache, "a"), "made");
}

static void keeps_no_errors(gconstpointer make)
{
    g_autoptr(TuneCache) cache = fresh_cache(make);
    CacheMaker maker = {0};

    for (guint i = 0; i < 2; i++) {
        g_autoptr(GError) error = NULL;

        g_assert_null(tune_cache_get_or_make(cache, "a", &plain, cache_test_make, &maker, &error));
        g_assert_error(error, CACHE_TEST_ERROR, 7);
    }
    g_assert_cmpuint(maker.n_calls, ==, 2);
    maker.text = "well now";
    cache_test_is(tune_cache_get_or_make(cache, "a", &plain, cache_test_make, &maker, NULL),
                  "well now");
}

/* ---- many at once ---- */

#define N_THREADS 32

typedef struct {
    TuneCache *cache;
    CacheMaker *maker;
    pthread_barrier_t *start;
    atomic_uint *n_errors;
} Asker;

static gpointer ask(gpointer user_data)
{
    const Asker *self = user_data;
    g_autoptr(GError) error = NULL;

    pthread_barrier_wait(self->start);
    g_autoptr(GBytes) value =
        tune_cache_get_or_make(self->cache, "a", &plain, cache_test_make, self->maker, &error);
    if (self->maker->text != NULL)
        cache_test_is(g_steal_pointer(&value), self->maker->text);
    else if (g_error_matches(error, CACHE_TEST_ERROR, 7))
        atomic_fetch_add(self->n_errors, 1);
    return NULL;
}

static void ask_from_many_threads(TuneCache *cache, CacheMaker *maker, atomic_uint *n_errors)
{
    pthread_t threads[N_THREADS];
    pthread_barrier_t start;
    Asker asker = {cache, maker, &start, n_errors};

    pthread_barrier_init(&start, NULL, N_THREADS);
    for (guint i = 0; i < N_THREADS; i++)
        pthread_create(&threads[i], NULL, ask, &asker);
    for (guint i = 0; i < N_THREADS; i++)
        pthread_join(threads[i], NULL);
    pthread_barrier_destroy(&start);
}

static void many_callers_one_flight(gconstpointer make)
{
    g_autoptr(TuneCache) cache = fresh_cache(make);
    CacheMaker maker = {.text = "made", .sleep_us = 100000};
    atomic_uint n_errors = 0;
    TuneCacheStats stats;

    ask_from_many_threads(cache, &maker, &n_errors);
    g_assert_cmpuint(maker.n_calls, ==, 1);
    tune_cache_stats(cache, &stats);
    g_assert_cmpuint(stats.flights_shared + stats.hits, ==, N_THREADS - 1);
}

static void errors_are_shared_by_a_flight(gconstpointer make)
{
    g_autoptr(TuneCache) cache = fresh_cache(make);
    CacheMaker maker = {.sleep_us = 100000};
    atomic_uint n_errors = 0;

    ask_from_many_threads(cache, &maker, &n_errors);
    g_assert_cmpuint(n_errors, ==, N_THREADS);
    TuneCacheStats stats;
    tune_cache_stats(cache, &stats);
    g_assert_cmpuint(maker.n_calls + stats.flights_shared, ==, N_THREADS);
}

/* ---- drops during a flight ---- */

static void drop_the_tag(gpointer cache)
{
    tune_cache_drop_tag(cache, "x");
}

static void drop_the_key(gpointer cache)
{
    tune_cache_drop(cache, "a");
}

static void clear_all(gpointer cache)
{
    tune_cache_clear(cache);
}

static void what_is_dropped_while_made_is_not_kept(gconstpointer make)
{
    void (*const drops[])(gpointer) = {drop_the_tag, drop_the_key};
    const char *tags[] = {"x", NULL};
    TuneCachePolicy policy = {.ttl_s = 300, .tags = tags};

    for (gsize i = 0; i < G_N_ELEMENTS(drops); i++) {
        g_autoptr(TuneCache) cache = fresh_cache(make);
        CacheMaker maker = {.text = "old", .during = drops[i], .during_data = cache};

        cache_test_is(tune_cache_get_or_make(cache, "a", &policy, cache_test_make, &maker, NULL),
                      "old");
        cache_test_is(tune_cache_get(cache, "a"), NULL);
        maker = (CacheMaker){.text = "new"};
        cache_test_is(tune_cache_get_or_make(cache, "a", &policy, cache_test_make, &maker, NULL),
                      "new");
        cache_test_is(tune_cache_get(cache, "a"), "new");
    }
    g_autoptr(TuneCache) cache = fresh_cache(make);
    CacheMaker maker = {.text = "old", .during = clear_all, .during_data = cache};
    cache_test_is(tune_cache_get_or_make(cache, "a", &policy, cache_test_make, &maker, NULL),
                  "old");
    cache_test_is(tune_cache_peek(cache, "a"), NULL);
}

static void set_the_key(gpointer cache)
{
    cache_test_set(cache, "a", "set meanwhile", NULL);
}

static void what_is_set_meanwhile_stays(gconstpointer make)
{
    g_autoptr(TuneCache) cache = fresh_cache(make);
    CacheMaker maker = {.text = "made", .during = set_the_key, .during_data = cache};

    cache_test_is(tune_cache_get_or_make(cache, "a", &plain, cache_test_make, &maker, NULL),
                  "made");
    cache_test_is(tune_cache_get(cache, "a"), "set meanwhile");
    tune_cache_clear(cache);
    g_autoptr(GBytes) far = tune_cache_get(cache, "a"); /* with a second level */
    if (far != NULL)
        cache_test_is(g_steal_pointer(&far), "set meanwhile");
}

static void make_the_same(gpointer cache)
{
    CacheMaker maker = {.text = "inner"};

    cache_test_is(tune_cache_get_or_make(cache, "a", &plain, cache_test_make, &maker, NULL),
                  "inner");
}

static void a_maker_may_use_the_cache(gconstpointer make)
{
    g_autoptr(TuneCache) cache = fresh_cache(make);
    CacheMaker maker = {.text = "outer", .during = make_the_same, .during_data = cache};

    cache_test_is(tune_cache_get_or_make(cache, "a", &plain, cache_test_make, &maker, NULL),
                  "outer");
}

static void takes_tokens_until_there_are_none(gconstpointer make)
{
    g_autoptr(TuneCache) cache = fresh_cache(make);
    double retry_s, remaining;

    for (guint i = 0; i < 5; i++) {
        g_assert_true(tune_cache_take(cache, "u", 0.001, 5, &retry_s, &remaining));
        g_assert_cmpfloat(ABS(remaining - (4.0 - i)), <, 0.1);
    }
    g_assert_false(tune_cache_take(cache, "u", 0.001, 5, &retry_s, &remaining));
    g_assert_cmpfloat(retry_s, >, 800.0);
    g_assert_cmpfloat(retry_s, <=, 1000.0);
    g_assert_true(tune_cache_take(cache, "other", 0.001, 5, NULL, NULL));
}

/* ---- nothing older than a drop ---- */

#define N_READERS 4
#define N_CHANGES 250

typedef struct {
    TuneCache *writer, *reader;
    atomic_uint truth;   /* what a maker finds */
    atomic_uint dropped; /* the truth when the last drop had ended */
    atomic_bool over;
} Changing;

static GBytes *make_truth(gpointer user_data, GError **error)
{
    guint truth = atomic_load(&((Changing *)user_data)->truth);

    if (truth % 3 == 0)
        g_usleep(200); /* now and then a drop comes in between */
    return g_bytes_new(&truth, sizeof truth);
}

static gpointer read_truth(gpointer user_data)
{
    static const char *const tags[] = {"other", "x", NULL};
    static const TuneCachePolicy policy = {.ttl_s = 300, .stale_s = 300, .tags = tags};
    Changing *self = user_data;

    while (!atomic_load(&self->over)) {
        guint at_least = atomic_load(&self->dropped), got;
        g_autoptr(GBytes) value =
            tune_cache_get_or_make(self->reader, "truth", &policy, make_truth, self, NULL);
        g_autoptr(GBytes) again = tune_cache_get(self->reader, "truth");

        memcpy(&got, g_bytes_get_data(value, NULL), sizeof got);
        g_assert_cmpuint(got, >=, at_least);
        if (again == NULL)
            continue;
        memcpy(&got, g_bytes_get_data(again, NULL), sizeof got);
        g_assert_cmpuint(got, >=, at_least);
    }
    return NULL;
}

void cache_test_never_older(TuneCache *writer, TuneCache *reader)
{
    pthread_t threads[N_READERS];
    Changing changing = {.writer = writer, .reader = reader};
    guint n_readers = writer == reader ? N_READERS : 1;

    for (guint i = 0; i < n_readers; i++)
        pthread_create(&threads[i], NULL, read_truth, &changing);
    for (guint i = 1; i <= N_CHANGES; i++) {
        atomic_store(&changing.truth, i);
        if (i % 4 == 0)
            tune_cache_drop(writer, "truth");
        else
            tune_cache_drop_tag(writer, "x");
        atomic_store(&changing.dropped, i);
        g_usleep(100);
    }
    atomic_store(&changing.over, TRUE);
    for (guint i = 0; i < n_readers; i++)
        pthread_join(threads[i], NULL);
}

static void never_gives_what_is_older_than_a_drop(gconstpointer make)
{
    g_autoptr(TuneCache) cache = fresh_cache(make);

    cache_test_never_older(cache, cache);
}

void cache_test_add_contract(const char *path, CacheTestNew make)
{
    const struct {
        const char *name;
        GTestDataFunc func;
    } cases[] = {
        {"gives-what-was-set", gives_what_was_set},
        {"drops-by-key-and-tag", drops_by_key_and_tag},
        {"makes-once", makes_a_missing_value_once},
        {"keeps-no-errors", keeps_no_errors},
        {"one-flight", many_callers_one_flight},
        {"errors-shared", errors_are_shared_by_a_flight},
        {"dropped-while-made", what_is_dropped_while_made_is_not_kept},
        {"set-while-made", what_is_set_meanwhile_stays},
        {"maker-uses-cache", a_maker_may_use_the_cache},
        {"never-older", never_gives_what_is_older_than_a_drop},
        {"tokens", takes_tokens_until_there_are_none},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *name = g_strdup_printf("%s/%s", path, cases[i].name);

        g_test_add_data_func(name, make, cases[i].func);
    }
}
