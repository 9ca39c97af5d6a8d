/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cache-test.h"

#include <pthread.h>
#include <string.h>
#include "cache/bucket.h"
#include "cache/redis-private.h"
#include "base/random.h"

static TuneCache *in_memory(const TuneCacheConfig *config)
{
    return tune_cache_new(config, NULL);
}

static TuneCache *small_cache(guint max_items, guint64 max_bytes, _Atomic gint64 *clock_us)
{
    TuneCacheConfig config = {.max_items = max_items, .max_bytes = max_bytes};

    if (clock_us != NULL) {
        config.clock_us = cache_test_clock;
        config.clock_data = clock_us;
    }
    return tune_cache_new(&config, NULL);
}

static void set(TuneCache *cache, const char *key, const char *text, guint ttl_s)
{
    TuneCachePolicy policy = {.ttl_s = ttl_s};
    g_autoptr(GBytes) value = cache_test_bytes(text);

    tune_cache_set(cache, key, value, &policy);
}

static void set_size(TuneCache *cache, const char *key, gsize n_bytes)
{
    TuneCachePolicy policy = {.ttl_s = 300};
    g_autoptr(GBytes) value = g_bytes_new_take(g_malloc0(n_bytes), n_bytes);

    tune_cache_set(cache, key, value, &policy);
}

static gboolean has(TuneCache *cache, const char *key)
{
    g_autoptr(GBytes) value = tune_cache_peek(cache, key);

    return value != NULL;
}

static void the_longest_unused_goes_first(void)
{
    g_autoptr(TuneCache) cache = small_cache(3, 1 << 20, NULL);
    TuneCacheStats stats;

    set(cache, "a", "1", 300);
    set(cache, "b", "2", 300);
    set(cache, "c", "3", 300);
    g_autoptr(GBytes) held = tune_cache_get(cache, "b");
    cache_test_is(tune_cache_get(cache, "a"), "1");
    set(cache, "d", "4", 300); /* c goes */
    set(cache, "e", "5", 300); /* b goes, but who holds it keeps it */
    g_assert_true(has(cache, "a") && has(cache, "d") && has(cache, "e"));
    g_assert_false(has(cache, "b") || has(cache, "c"));
    cache_test_is(g_steal_pointer(&held), "2");
    tune_cache_stats(cache, &stats);
    g_assert_cmpuint(stats.items, ==, 3);
    g_assert_cmpuint(stats.evictions, ==, 2);
}

static void is_bounded_by_bytes(void)
{
    g_autoptr(TuneCache) cache = small_cache(1000, 10000, NULL);
    TuneCacheStats stats;

    set_size(cache, "a", 4000);
    set_size(cache, "b", 4000);
    g_assert_true(has(cache, "a") && has(cache, "b"));
    set_size(cache, "c", 4000);
    g_assert_false(has(cache, "a"));
    g_assert_true(has(cache, "b") && has(cache, "c"));
    set_size(cache, "b", 100); /* the old size no longer counts */
    set_size(cache, "d", 4000);
    g_assert_true(has(cache, "b") && has(cache, "c") && has(cache, "d"));
    set_size(cache, "huge", 20000); /* larger than the cache: kept by nobody, nobody goes for it */
    g_assert_false(has(cache, "huge"));
    g_assert_true(has(cache, "b") && has(cache, "c") && has(cache, "d"));
    tune_cache_stats(cache, &stats);
    g_assert_cmpuint(stats.bytes, <=, 10000);
    tune_cache_clear(cache);
    tune_cache_stats(cache, &stats);
    g_assert_cmpuint(stats.bytes, ==, 0);
    g_assert_cmpuint(stats.items, ==, 0);
}

/* Against a plain model: every step the same answer. */
static void agrees_with_a_model(void)
{
    _Atomic gint64 clock_us = 0;
    g_autoptr(TuneCache) cache = small_cache(100, 1 << 30, &clock_us);
    gint64 expires_us[20] = {0};
    guint value_of[20] = {0};
    const char *tag_names[] = {"t0", "t1", "t2", NULL};
    TuneRandom r;

    tune_random_init(&r, 1, "test/cache/model");
    for (guint step = 0; step < 20000; step++) {
        guint k = (guint)tune_random_int(&r, 0, 19);
        g_autofree char *key = g_strdup_printf("key %u", k);
        const char *tags[] = {tag_names[k % 3], "all", NULL};

        atomic_fetch_add(&clock_us, tune_random_int(&r, 0, 50000));
        switch (tune_random_int(&r, 0, 40)) {
        case 0:
            tune_cache_drop_tag(cache, tag_names[k % 3]);
            for (guint i = k % 3; i < 20; i += 3)
                expires_us[i] = 0;
            break;
        case 1:
            tune_cache_drop(cache, key);
            expires_us[k] = 0;
            break;
        default:
            if (tune_random_chance(&r, 0.3)) {
                TuneCachePolicy policy = {.ttl_s = 1 + k % 4, .tags = tags};
                g_autofree char *text = g_strdup_printf("%u", value_of[k] = step);
                g_autoptr(GBytes) value = cache_test_bytes(text);

                tune_cache_set(cache, key, value, &policy);
                expires_us[k] = clock_us + (1 + k % 4) * G_USEC_PER_SEC;
            }
        }
        g_autofree char *text = g_strdup_printf("%u", value_of[k]);
        cache_test_is(tune_cache_get(cache, key), clock_us < expires_us[k] ? text : NULL);
    }
}

static void values_expire(void)
{
    _Atomic gint64 clock_us = 1000;
    g_autoptr(TuneCache) cache = small_cache(10, 1 << 20, &clock_us);

    set(cache, "a", "1", 10);
    set(cache, "default", "2", 0);
    clock_us += 9999999;
    cache_test_is(tune_cache_get(cache, "a"), "1");
    clock_us += 1;
    cache_test_is(tune_cache_get(cache, "a"), NULL);
    cache_test_is(tune_cache_get(cache, "default"), "2");
    clock_us += 3590 * (gint64)G_USEC_PER_SEC;
    cache_test_is(tune_cache_get(cache, "default"), NULL);
}

/* ---- stale while it is made anew ---- */

static const TuneCachePolicy with_stale = {.ttl_s = 10, .stale_s = 60};

typedef struct {
    TuneCache *cache;
    GBytes *got;
} Other;

static gpointer ask_elsewhere(gpointer user_data)
{
    Other *other = user_data;
    CacheMaker maker = {.text = "must not be called"};

    other->got =
        tune_cache_get_or_make(other->cache, "a", &with_stale, cache_test_make, &maker, NULL);
    g_assert_cmpuint(maker.n_calls, ==, 0);
    return NULL;
}

/* While one makes it anew, another thread asks and is answered: it could not otherwise be joined.
 */
static void ask_from_another_thread(gpointer user_data)
{
    pthread_t thread;

    pthread_create(&thread, NULL, ask_elsewhere, user_data);
    pthread_join(thread, NULL);
}

static void the_old_value_serves_while_the_new_is_made(void)
{
    _Atomic gint64 clock_us = 0;
    g_autoptr(TuneCache) cache = small_cache(10, 1 << 20, &clock_us);
    Other other = {.cache = cache};
    CacheMaker maker = {.text = "old"};
    TuneCacheStats stats;

    cache_test_is(tune_cache_get_or_make(cache, "a", &with_stale, cache_test_make, &maker, NULL),
                  "old");
    clock_us += 20 * G_USEC_PER_SEC;
    cache_test_is(tune_cache_get(cache, "a"), NULL); /* fresh ones only */
    maker = (CacheMaker){.text = "new", .during = ask_from_another_thread, .during_data = &other};
    cache_test_is(tune_cache_get_or_make(cache, "a", &with_stale, cache_test_make, &maker, NULL),
                  "new");
    cache_test_is(other.got, "old");
    cache_test_is(tune_cache_get(cache, "a"), "new");
    tune_cache_stats(cache, &stats);
    g_assert_cmpuint(stats.stale, ==, 1);
}

static void the_old_value_serves_when_making_fails(void)
{
    _Atomic gint64 clock_us = 0;
    g_autoptr(TuneCache) cache = small_cache(10, 1 << 20, &clock_us);
    CacheMaker maker = {.text = "old"};
    g_autoptr(GError) error = NULL;

    cache_test_is(tune_cache_get_or_make(cache, "a", &with_stale, cache_test_make, &maker, NULL),
                  "old");
    clock_us += 20 * G_USEC_PER_SEC;
    maker.text = NULL;
    cache_test_is(tune_cache_get_or_make(cache, "a", &with_stale, cache_test_make, &maker, &error),
                  "old");
    g_assert_no_error(error);
    clock_us += 51 * G_USEC_PER_SEC;
    g_assert_null(tune_cache_get_or_make(cache, "a", &with_stale, cache_test_make, &maker, &error));
    g_assert_error(error, CACHE_TEST_ERROR, 7);
}

/* ---- flights and drops ---- */

typedef struct {
    TuneCache *cache;
    GBytes *got;
    guint n_made;
} Late;

static const char *const tag_x[] = {"x", NULL};
static const TuneCachePolicy tagged = {.ttl_s = 300, .tags = tag_x};

static gpointer ask_late(gpointer user_data)
{
    Late *late = user_data;
    CacheMaker maker = {.text = "after"};

    late->got = tune_cache_get_or_make(late->cache, "a", &tagged, cache_test_make, &maker, NULL);
    late->n_made = maker.n_calls;
    return NULL;
}

static void drop_and_ask(gpointer user_data)
{
    Late *late = user_data;
    pthread_t thread;

    tune_cache_drop_tag(late->cache, "x");
    pthread_create(&thread, NULL, ask_late, late);
    pthread_join(thread, NULL);
}

static void who_asks_after_a_drop_joins_no_older_flight(void)
{
    g_autoptr(TuneCache) cache = small_cache(10, 1 << 20, NULL);
    Late late = {.cache = cache};
    CacheMaker maker = {.text = "before", .during = drop_and_ask, .during_data = &late};

    cache_test_is(tune_cache_get_or_make(cache, "a", &tagged, cache_test_make, &maker, NULL),
                  "before");
    g_assert_cmpuint(late.n_made, ==, 1);
    cache_test_is(late.got, "after");
    cache_test_is(tune_cache_get(cache, "a"), "after");
}

/* ---- the rest ---- */

/* In its place, as fresh as it was, with its tags; and only where the old one is still there. */
static void another_form_takes_the_place_of_the_first(void)
{
    _Atomic gint64 clock_us = 0;
    g_autoptr(TuneCache) cache = small_cache(3, 4000, &clock_us);
    TuneCachePolicy policy = {.ttl_s = 10, .tags = (const char *const[]){"songs", NULL}};
    g_autoptr(GBytes) old = cache_test_bytes("old");
    g_autoptr(GBytes) both = cache_test_bytes("old and new");
    g_autoptr(GBytes) large = g_bytes_new_take(g_malloc0(5000), 5000);
    TuneCacheStats before, after;

    tune_cache_set(cache, "a", old, &policy);
    tune_cache_stats(cache, &before);
    tune_cache_amend(cache, "a", both, old);
    tune_cache_amend(cache, "b", old, both);
    cache_test_is(tune_cache_peek(cache, "a"), "old");
    tune_cache_amend(cache, "a", old, both);
    cache_test_is(tune_cache_peek(cache, "a"), "old and new");
    tune_cache_stats(cache, &after);
    g_assert_cmpuint(after.items, ==, 1);
    g_assert_cmpuint(after.bytes - before.bytes, ==, strlen(" and new"));
    clock_us = 11 * G_USEC_PER_SEC;
    g_assert_false(has(cache, "a"));
    tune_cache_set(cache, "a", old, &policy);
    tune_cache_amend(cache, "a", old, both);
    tune_cache_drop_tag(cache, "songs");
    g_assert_false(has(cache, "a"));
    tune_cache_set(cache, "a", old, &policy);
    tune_cache_amend(cache, "a", old, large); /* larger than the cache */
    g_assert_false(has(cache, "a"));
}

static void lists_what_it_has(void)
{
    _Atomic gint64 clock_us = 0;
    g_autoptr(TuneCache) cache = small_cache(10, 1 << 20, &clock_us);

    set(cache, "a", "123", 10);
    set(cache, "b\xff", "4", 20);
    clock_us += 4 * G_USEC_PER_SEC;
    g_autoptr(json_t) list = tune_cache_list(cache, 10);
    g_autofree char *text = tune_json_canonical(list);
    g_assert_cmpstr(text, ==,
                    "[{\"bytes\":1,\"key\":\"b\357\277\275\",\"ttl_seconds\":16.0},"
                    "{\"bytes\":3,\"key\":\"a\",\"ttl_seconds\":6.0}]");
    g_autoptr(json_t) one = tune_cache_list(cache, 1);
    g_assert_cmpuint(json_array_size(one), ==, 1);
}

static void buckets_fill_with_time(void)
{
    g_autoptr(TuneBuckets) buckets = tune_buckets_new(2);
    double left;

    for (guint i = 0; i < 3; i++)
        g_assert_true(tune_buckets_take(buckets, "a", 2.0, 3.0, 1000, &left));
    g_assert_false(tune_buckets_take(buckets, "a", 2.0, 3.0, 1000, &left));
    g_assert_false(tune_buckets_take(buckets, "a", 2.0, 3.0, 400000, &left));
    g_assert_true(tune_buckets_take(buckets, "a", 2.0, 3.0, 501000, &left));
    /* A clock that goes back neither fills nor stops it. */
    g_assert_false(tune_buckets_take(buckets, "a", 2.0, 3.0, -10000000, &left));
    g_assert_true(tune_buckets_take(buckets, "a", 2.0, 3.0, -9000000, &left));
    g_assert_true(tune_buckets_take(buckets, "a", 2.0, 3.0, 1000000000, &left));
    g_assert_cmpfloat(left, ==, 2.0);
    /* No more keys than allowed: the one not used for longest is forgotten. */
    g_assert_true(tune_buckets_take(buckets, "b", 2.0, 3.0, 1000000000, &left));
    g_assert_true(tune_buckets_take(buckets, "c", 2.0, 3.0, 1000000000, &left));
    g_assert_true(tune_buckets_take(buckets, "a", 2.0, 3.0, 1000000000, &left));
    g_assert_cmpfloat(left, ==, 2.0);
}

static void refuses_what_is_no_url(void)
{
    const char *bad[] = {"localhost:6379", "http://localhost", "redis://",      "redis://h:port",
                         "redis://h/x",    "redis://h/70000",  "rediss://h",    "unix://host/path",
                         "unix:///",       "redis://user@h",   "unix:///s?x=1", "redis://h:99999"};

    for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autoptr(GError) error = NULL;
        TuneCacheConfig config = TUNE_CACHE_CONFIG_DEFAULT;

        config.redis_url = bad[i];
        g_assert_null(tune_cache_new(&config, &error));
        g_assert_error(error, TUNE_CACHE_ERROR, TUNE_CACHE_ERROR_URL);
    }
}

static void reads_urls(void)
{
    TuneRedisAddress a;

    g_assert_true(tune_redis_address_parse("redis://me:pa%40ss@[::1]:1234/3", &a, NULL));
    g_assert_cmpstr(a.host, ==, "::1");
    g_assert_cmpint(a.port, ==, 1234);
    g_assert_cmpstr(a.user, ==, "me");
    g_assert_cmpstr(a.password, ==, "pa@ss");
    g_assert_cmpuint(a.database, ==, 3);
    tune_redis_address_clear(&a);
    g_assert_true(tune_redis_address_parse("redis://:word@redis", &a, NULL));
    g_assert_cmpstr(a.host, ==, "redis");
    g_assert_cmpint(a.port, ==, 6379);
    g_assert_null(a.user);
    g_assert_cmpstr(a.password, ==, "word");
    tune_redis_address_clear(&a);
    g_assert_true(tune_redis_address_parse("unix:///run/r.sock?db=2", &a, NULL));
    g_assert_cmpstr(a.path, ==, "/run/r.sock");
    g_assert_cmpuint(a.database, ==, 2);
    tune_redis_address_clear(&a);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    cache_test_add_contract("/cache/memory/contract", in_memory);
    g_test_add_func("/cache/lru/order", the_longest_unused_goes_first);
    g_test_add_func("/cache/lru/bytes", is_bounded_by_bytes);
    g_test_add_func("/cache/lru/model", agrees_with_a_model);
    g_test_add_func("/cache/lru/expiry", values_expire);
    g_test_add_func("/cache/lru/list", lists_what_it_has);
    g_test_add_func("/cache/lru/another-form", another_form_takes_the_place_of_the_first);
    g_test_add_func("/cache/stale/while-made", the_old_value_serves_while_the_new_is_made);
    g_test_add_func("/cache/stale/when-making-fails", the_old_value_serves_when_making_fails);
    g_test_add_func("/cache/flight/after-a-drop", who_asks_after_a_drop_joins_no_older_flight);
    g_test_add_func("/cache/bucket/fills", buckets_fill_with_time);
    g_test_add_func("/cache/url/bad", refuses_what_is_no_url);
    g_test_add_func("/cache/url/good", reads_urls);
    return g_test_run();
}
