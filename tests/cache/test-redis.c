/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cache-test.h"
#include "redis-server.h"

#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "cache/redis-private.h"

/* One server for all cases that do it no harm. */
typedef struct {
    RedisServer *server;
} Shared;

static Shared *shared(void)
{
    static Shared one;

    return &one;
}

static TuneCache *with_redis(const TuneCacheConfig *unused)
{
    redis_server_tell(shared()->server, "FLUSHALL");
    return cache_test_on(shared()->server->url);
}

static const char *const tag_x[] = {"x", NULL};
static const TuneCachePolicy plain = {.ttl_s = 300};
static const TuneCachePolicy tagged = {.ttl_s = 300, .tags = tag_x};

/* ---- two servers on one Redis ---- */

static void two_caches_share_values(void)
{
    g_autoptr(TuneCache) a = with_redis(NULL);
    g_autoptr(TuneCache) b = cache_test_on(shared()->server->url);
    CacheMaker maker = {.text = "made by a"};
    TuneCacheStats stats;

    cache_test_is(tune_cache_get_or_make(a, "k", &tagged, cache_test_make, &maker, NULL),
                  "made by a");
    cache_test_is(tune_cache_peek(b, "k"), NULL);
    cache_test_is(tune_cache_get(b, "k"), "made by a");
    cache_test_is(tune_cache_peek(b, "k"), "made by a");
    tune_cache_clear(b);
    maker.text = "made by b";
    cache_test_is(tune_cache_get_or_make(b, "k", &tagged, cache_test_make, &maker, NULL),
                  "made by a");
    tune_cache_stats(b, &stats);
    g_assert_cmpuint(stats.redis_hits, ==, 2);
    g_assert_cmpuint(maker.n_calls, ==, 1);
}

static void local_values_stay_at_home(void)
{
    g_autoptr(TuneCache) a = with_redis(NULL);
    g_autoptr(TuneCache) b = cache_test_on(shared()->server->url);
    TuneCachePolicy policy = {.ttl_s = 300, .local = TRUE};
    CacheMaker maker = {.text = "at home"};

    cache_test_is(tune_cache_get_or_make(a, "k", &policy, cache_test_make, &maker, NULL),
                  "at home");
    cache_test_is(tune_cache_get(b, "k"), NULL);
}

static void wait_until_gone(TuneCache *cache, const char *key)
{
    g_autoptr(GBytes) value = tune_cache_peek(cache, key);

    for (guint i = 0; i < 2000 && value != NULL; i++) {
        g_usleep(5000);
        g_bytes_unref(value);
        value = tune_cache_peek(cache, key);
    }
    g_assert_null(value);
}

static void drops_reach_the_other_s_memory(void)
{
    g_autoptr(TuneCache) a = with_redis(NULL);
    g_autoptr(TuneCache) b = cache_test_on(shared()->server->url);

    cache_test_set(a, "k", "1", "x");
    cache_test_set(a, "l", "2", "y");
    cache_test_set(a, "m", "3", NULL);
    cache_test_set(a, "far", "4", "x");
    cache_test_is(tune_cache_get(b, "k"), "1");
    cache_test_is(tune_cache_get(b, "l"), "2");
    cache_test_is(tune_cache_get(b, "m"), "3");
    tune_cache_drop_tag(a, "x");
    cache_test_is(tune_cache_get(b, "far"), NULL); /* at once: it has to ask Redis */
    tune_cache_drop(a, "m");
    wait_until_gone(b, "k");
    wait_until_gone(b, "m");
    cache_test_is(tune_cache_get(b, "k"), NULL);
    cache_test_is(tune_cache_get(b, "m"), NULL);
    cache_test_is(tune_cache_peek(b, "l"), "2");
    cache_test_set(b, "l", "newer", "y");
    wait_until_gone(a, "l");
    cache_test_is(tune_cache_get(a, "l"), "newer");
}

static void other_drops(gpointer other)
{
    tune_cache_drop_tag(other, "x");
    tune_cache_drop(other, "plain");
}

static void what_another_drops_while_it_is_made_is_not_kept(void)
{
    g_autoptr(TuneCache) a = with_redis(NULL);
    g_autoptr(TuneCache) b = cache_test_on(shared()->server->url);
    CacheMaker maker = {.text = "old", .during = other_drops, .during_data = b};

    cache_test_is(tune_cache_get_or_make(a, "k", &tagged, cache_test_make, &maker, NULL), "old");
    cache_test_is(tune_cache_get_or_make(a, "plain", &plain, cache_test_make, &maker, NULL), "old");
    cache_test_is(tune_cache_get(b, "k"), NULL);
    cache_test_is(tune_cache_get(b, "plain"), NULL);
    /* In a's memory it may be for as long as the message takes. */
    wait_until_gone(a, "k");
    wait_until_gone(a, "plain");
}

/* A reader without a memory of its own, and nobody to join: what it gets has been in Redis, or was
 * made. */
static void another_server_s_drops_hold_in_redis_at_once(void)
{
    g_autoptr(TuneCache) writer = with_redis(NULL);
    TuneCacheConfig config = TUNE_CACHE_CONFIG_DEFAULT;
    TuneCacheStats stats;

    config.redis_url = shared()->server->url;
    config.timeout_ms = 500;
    config.max_items = 0;
    g_autoptr(TuneCache) reader = tune_cache_new(&config, NULL);
    cache_test_never_older(writer, reader);
    cache_test_set(writer, "last", "word", "x");
    cache_test_is(tune_cache_get(reader, "last"), "word");
    tune_cache_stats(reader, &stats);
    g_assert_cmpuint(stats.redis_hits, >, 0);
    g_assert_true(stats.redis_up);
}

static void prefixes_and_databases_are_apart(void)
{
    g_autoptr(TuneCache) a = with_redis(NULL);
    g_autofree char *url = g_strconcat(shared()->server->url, "?db=3", NULL);
    g_autoptr(TuneCache) b = cache_test_on(url);
    TuneCacheConfig config = TUNE_CACHE_CONFIG_DEFAULT;

    config.redis_url = shared()->server->url;
    config.prefix = "other";
    g_autoptr(TuneCache) c = tune_cache_new(&config, NULL);
    cache_test_set(a, "k", "1", NULL);
    cache_test_is(tune_cache_get(b, "k"), NULL);
    cache_test_is(tune_cache_get(c, "k"), NULL);
    cache_test_set(b, "k", "2", NULL);
    cache_test_set(c, "k", "3", NULL);
    tune_cache_clear(a);
    cache_test_is(tune_cache_get(a, "k"), "1");
}

static void tokens_are_shared(void)
{
    g_autoptr(TuneCache) a = with_redis(NULL);
    g_autoptr(TuneCache) b = cache_test_on(shared()->server->url);
    guint taken = 0;

    for (guint i = 0; i < 20; i++)
        taken += (guint)tune_cache_take(i % 2 == 0 ? a : b, "u", 0.001, 10, NULL, NULL);
    g_assert_cmpuint(taken, ==, 10);
    /* Redis' clock "was" a year ahead when this was written: nobody is locked out, nothing
     * overflows. */
    redis_server_tell(shared()->server, "HSET musicgen:#bucket:u tokens 3.5 seen 9999999999999999");
    g_assert_true(tune_cache_take(a, "u", 0.001, 10, NULL, NULL));
    g_assert_true(tune_cache_take(a, "u", 0.001, 10, NULL, NULL));
    g_assert_true(tune_cache_take(a, "u", 0.001, 10, NULL, NULL));
    g_assert_false(tune_cache_take(a, "u", 0.001, 10, NULL, NULL));
    double remaining = -1;
    redis_server_tell(shared()->server, "HSET musicgen:#bucket:u tokens lots seen never");
    g_assert_true(tune_cache_take(a, "u", 0.001, 10, NULL, &remaining));
    g_assert_cmpfloat(remaining, ==, 9.0);
}

/* ---- the stored form ---- */

static GBytes *raw_value(const char *key)
{
    g_autoptr(redisReply) reply = redis_server_ask(shared()->server, "GET musicgen:%s", key);

    g_assert_cmpint(reply->type, ==, REDIS_REPLY_STRING);
    return g_bytes_new(reply->str, reply->len);
}

static void write_raw(const char *key, gconstpointer data, gsize n_bytes)
{
    redis_server_tell(shared()->server, "SET musicgen:%s %b", key, data, n_bytes);
}

static void large_values_are_compressed(void)
{
    g_autoptr(TuneCache) a = with_redis(NULL);
    g_autoptr(TuneCache) b = cache_test_on(shared()->server->url);
    g_autofree char *text = g_strnfill(200000, 'z');
    g_autofree char *small = g_strnfill(1024, 'z');

    cache_test_set(a, "large", text, "x");
    cache_test_set(a, "small", small, NULL);
    g_autoptr(GBytes) raw = raw_value("large");
    g_autoptr(GBytes) raw_small = raw_value("small");
    g_assert_cmpuint(g_bytes_get_size(raw), <, 1000);
    g_assert_cmpuint(g_bytes_get_size(raw_small), >, 1024);
    cache_test_is(tune_cache_get(b, "large"), text);
    cache_test_is(tune_cache_get(b, "small"), small);
}

static void a_value_that_lies_is_a_miss(void)
{
    g_autoptr(TuneCache) cache = with_redis(NULL);
    const char *keys[] = {"short", "long"};
    g_autofree char *text = g_strnfill(3000, 'q');

    cache_test_set(cache, "short", "truth", "x");
    cache_test_set(cache, "long", text, "x");
    for (gsize k = 0; k < G_N_ELEMENTS(keys); k++) {
        g_autoptr(GBytes) raw = raw_value(keys[k]);
        gsize n;
        const guint8 *bytes = g_bytes_get_data(raw, &n);

        for (gsize bit = 0; bit < 8 * n; bit += 1 + bit % 3) {
            g_autofree guint8 *flipped = g_memdup2(bytes, n);

            flipped[bit / 8] ^= (guint8)(1u << (bit % 8));
            write_raw(keys[k], flipped, n);
            tune_cache_clear(cache);
            cache_test_is(tune_cache_get(cache, keys[k]), NULL);
        }
        for (gsize cut = 0; cut < n; cut += 3) {
            write_raw(keys[k], bytes, cut);
            tune_cache_clear(cache);
            cache_test_is(tune_cache_get(cache, keys[k]), NULL);
        }
        write_raw("elsewhere", bytes, n);
        cache_test_is(tune_cache_get(cache, "elsewhere"), NULL);
        write_raw(keys[k], bytes, n);
        tune_cache_clear(cache);
        cache_test_is(tune_cache_get(cache, keys[k]), k == 0 ? "truth" : text);
    }
    g_assert_true(cache_test_is_up(cache));
}

static void a_key_of_another_kind_is_a_miss(void)
{
    g_autoptr(TuneCache) cache = with_redis(NULL);
    CacheMaker maker = {.text = "made"};

    redis_server_tell(shared()->server, "LPUSH musicgen:k 1 2 3");
    redis_server_tell(shared()->server, "LPUSH musicgen:#tag:x 1 2 3");
    redis_server_tell(shared()->server, "LPUSH musicgen:#bucket:u 1 2 3");
    cache_test_is(tune_cache_get(cache, "k"), NULL);
    cache_test_is(tune_cache_get_or_make(cache, "k", &tagged, cache_test_make, &maker, NULL),
                  "made");
    g_assert_true(tune_cache_take(cache, "u", 1, 10, NULL, NULL));
    tune_cache_drop_tag(cache, "x"); /* puts a version in the place of whatever was there */
    cache_test_is(tune_cache_get_or_make(cache, "l", &tagged, cache_test_make, &maker, NULL),
                  "made");
    tune_cache_clear(cache);
    cache_test_is(tune_cache_get(cache, "l"), "made");
}

static void times_are_the_maker_s_not_redis_s(void)
{
    g_autoptr(GBytes) value = cache_test_bytes("v");
    gint64 now_us = g_get_real_time(), second = G_USEC_PER_SEC;
    guint64 versions[] = {1, 2}, *seen;
    TuneRedisValue out;
    g_autoptr(GByteArray) packed =
        tune_redis_value_pack("k", value, 100, 50, tag_x, versions, 1024, now_us);
    const struct {
        gint64 after_us;
        gboolean usable, fresh;
    } cases[] = {{0, TRUE, TRUE},
                 {99 * second, TRUE, TRUE},
                 {101 * second, TRUE, FALSE},
                 {151 * second, FALSE, FALSE},
                 {-30 * second, TRUE, TRUE},   /* the maker's clock is a little ahead */
                 {-90 * second, FALSE, FALSE}, /* or far: it would live too long */
                 {-3600 * second, FALSE, FALSE}};

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        gboolean usable = tune_redis_value_unpack("k", packed->data, packed->len,
                                                  now_us + cases[i].after_us, &out, &seen);

        g_assert_cmpint(usable, ==, cases[i].usable);
        if (!usable)
            continue;
        g_assert_cmpint(out.fresh_us > 0, ==, cases[i].fresh);
        g_assert_cmpint(out.fresh_us, <=, 100 * second);
        g_assert_cmpuint(seen[1], ==, 2);
        g_assert_cmpstr(out.tags[0], ==, "x");
        tune_redis_value_clear(&out);
        g_free(seen);
    }
}

static void a_lost_version_makes_its_values_worthless(void)
{
    g_autoptr(TuneCache) cache = with_redis(NULL);

    cache_test_set(cache, "k", "1", "x");
    redis_server_tell(shared()->server, "DEL musicgen:#tag:x");
    tune_cache_clear(cache);
    cache_test_is(tune_cache_get(cache, "k"), NULL);
    cache_test_set(cache, "k", "2", "x");
    tune_cache_clear(cache);
    cache_test_is(tune_cache_get(cache, "k"), "2");
    redis_server_tell(shared()->server, "FLUSHALL");
    tune_cache_clear(cache);
    cache_test_is(tune_cache_get(cache, "k"), NULL);
    cache_test_set(cache, "k", "3", "x");
    tune_cache_clear(cache);
    cache_test_is(tune_cache_get(cache, "k"), "3");
    g_assert_true(cache_test_is_up(cache));
}

static void an_old_value_is_found_stale_in_redis(void)
{
    g_autoptr(TuneCache) a = with_redis(NULL);
    TuneCachePolicy policy = {.ttl_s = 1, .stale_s = 300};
    CacheMaker maker = {.text = "old"};
    g_autoptr(GError) error = NULL;

    cache_test_is(tune_cache_get_or_make(a, "k", &policy, cache_test_make, &maker, NULL), "old");
    g_usleep(1100000);
    g_autoptr(TuneCache) b = cache_test_on(shared()->server->url);
    maker.text = NULL;
    cache_test_is(tune_cache_get(b, "k"), NULL);
    cache_test_is(tune_cache_get_or_make(b, "k", &policy, cache_test_make, &maker, &error), "old");
    g_assert_no_error(error);
    maker.text = "new";
    cache_test_is(tune_cache_get_or_make(b, "k", &policy, cache_test_make, &maker, &error), "new");
    cache_test_is(tune_cache_get(b, "k"), "new");
}

/* ---- who may ask ---- */

static void passwords_open_it(void)
{
    if (!redis_server_there())
        return;
    g_autoptr(RedisServer) server = redis_server_new("--requirepass", "geheim");
    g_autofree char *right = g_strdup_printf("unix://:geheim@%s", server->socket);
    g_autofree char *wrong = g_strdup_printf("unix://:falsch@%s", server->socket);
    g_autofree char *user = g_strdup_printf("unix://default:geheim@%s", server->socket);
    const struct {
        const char *url;
        gboolean works;
    } cases[] = {{right, TRUE}, {user, TRUE}, {wrong, FALSE}, {server->url, FALSE}};

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(TuneCache) cache = cache_test_on(cases[i].url);

        g_assert_cmpint(cache_test_is_up(cache), ==, cases[i].works);
        cache_test_set(cache, "k", "1", NULL);
        cache_test_is(tune_cache_get(cache, "k"), "1");
        tune_cache_clear(cache);
        cache_test_is(tune_cache_get(cache, "k"), cases[i].works ? "1" : NULL);
    }
}

/* A port that was free a moment ago. */
static guint free_port(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    g_assert_cmpint(bind(fd, (struct sockaddr *)&address, size), ==, 0);
    g_assert_cmpint(getsockname(fd, (struct sockaddr *)&address, &size), ==, 0);
    close(fd);
    return ntohs(address.sin_port);
}

/* By address and by name, which may stand for several addresses of which one answers. */
static void works_over_tcp(void)
{
    static const char *const hosts[] = {"127.0.0.1", "localhost"};
    g_autofree char *port = g_strdup_printf("%u", free_port());
    g_autoptr(RedisServer) server = redis_server_new("--port", port);

    for (gsize i = 0; i < G_N_ELEMENTS(hosts); i++) {
        g_autofree char *url = g_strdup_printf("redis://%s:%s/%u", hosts[i], port, (guint)i);
        g_autoptr(TuneCache) a = cache_test_on(url);
        g_autoptr(TuneCache) b = cache_test_on(url);

        cache_test_wait_until_up(a, TRUE);
        cache_test_wait_until_up(b, TRUE);
        cache_test_set(a, "k", hosts[i], "x");
        cache_test_is(tune_cache_get(b, "k"), hosts[i]);
        tune_cache_drop_tag(b, "x");
        wait_until_gone(a, "k");
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    if (!redis_server_there())
        return 77;
    shared()->server = redis_server_new(NULL, NULL);
    cache_test_add_contract("/cache/redis/contract", with_redis);
    g_test_add_func("/cache/redis/shared-values", two_caches_share_values);
    g_test_add_func("/cache/redis/local-values", local_values_stay_at_home);
    g_test_add_func("/cache/redis/drops-elsewhere", drops_reach_the_other_s_memory);
    g_test_add_func("/cache/redis/dropped-by-another",
                    what_another_drops_while_it_is_made_is_not_kept);
    g_test_add_func("/cache/redis/never-older", another_server_s_drops_hold_in_redis_at_once);
    g_test_add_func("/cache/redis/prefix-and-database", prefixes_and_databases_are_apart);
    g_test_add_func("/cache/redis/shared-tokens", tokens_are_shared);
    g_test_add_func("/cache/redis/compressed", large_values_are_compressed);
    g_test_add_func("/cache/redis/lies", a_value_that_lies_is_a_miss);
    g_test_add_func("/cache/redis/wrong-kind", a_key_of_another_kind_is_a_miss);
    g_test_add_func("/cache/redis/times", times_are_the_maker_s_not_redis_s);
    g_test_add_func("/cache/redis/lost-version", a_lost_version_makes_its_values_worthless);
    g_test_add_func("/cache/redis/stale", an_old_value_is_found_stale_in_redis);
    g_test_add_func("/cache/redis/tcp", works_over_tcp);
    g_test_add_func("/cache/redis/password", passwords_open_it);
    int code = g_test_run();
    redis_server_free(shared()->server);
    return code;
}
