/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Redis on its bad days: killed, frozen, started anew from an older state, replaced by something
 * that talks nonsense.  Every call must go on, and nothing dropped may come back.
 */
#include "cache-test.h"
#include "redis-server.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include "base/random.h"
#include "cache/redis-private.h"

static const char *const tag_x[] = {"x", NULL};
static const TuneCachePolicy tagged = {.ttl_s = 300, .tags = tag_x};

/* Everything still works, without Redis. */
static void goes_on(TuneCache *cache)
{
    CacheMaker maker = {.text = "made"};

    cache_test_set(cache, "s", "set", "x");
    cache_test_is(tune_cache_get(cache, "s"), "set");
    tune_cache_drop(cache, "s");
    cache_test_is(tune_cache_get(cache, "s"), NULL);
    tune_cache_drop(cache, "m");
    cache_test_is(tune_cache_get_or_make(cache, "m", &tagged, cache_test_make, &maker, NULL),
                  "made");
    cache_test_is(tune_cache_get(cache, "m"), "made");
    tune_cache_drop_tag(cache, "x");
    cache_test_is(tune_cache_get(cache, "m"), NULL);
    g_autofree char *user = g_strdup_printf("user %u", g_random_int());
    g_assert_true(tune_cache_take(cache, user, 0.001, 2, NULL, NULL));
    g_assert_true(tune_cache_take(cache, user, 0.001, 2, NULL, NULL));
    g_assert_false(tune_cache_take(cache, user, 0.001, 2, NULL, NULL));
}

static void a_server_that_was_never_there(void)
{
    g_autoptr(TuneCache) cache = cache_test_on("unix:///nowhere/at/all");
    g_autoptr(TuneCache) refused = cache_test_on("redis://127.0.0.1:1");
    g_autoptr(TuneCache) nameless = cache_test_on("redis://name.invalid");

    g_assert_false(cache_test_is_up(cache));
    goes_on(cache);
    g_assert_false(cache_test_is_up(refused));
    goes_on(refused);
    goes_on(nameless);
}

static void a_killed_server_costs_nothing_and_comes_back(void)
{
    if (!redis_server_there())
        return;
    g_autoptr(RedisServer) server = redis_server_new(NULL, NULL);
    g_autoptr(TuneCache) cache = cache_test_on(server->url);

    cache_test_set(cache, "k", "1", "x");
    redis_server_kill(server);
    goes_on(cache);
    cache_test_wait_until_up(cache, FALSE);
    goes_on(cache);
    redis_server_start(server);
    cache_test_wait_until_up(cache, TRUE);
    cache_test_is(tune_cache_get(cache, "k"), NULL); /* it had no memory on disk */
    cache_test_set(cache, "k", "2", "x");
    tune_cache_clear(cache);
    cache_test_is(tune_cache_get(cache, "k"), "2");
}

static void what_is_dropped_while_it_is_away_is_gone_when_it_is_back(void)
{
    if (!redis_server_there())
        return;
    g_autoptr(RedisServer) server = redis_server_new(NULL, NULL);
    g_autoptr(TuneCache) cache = cache_test_on(server->url);
    g_autoptr(TuneCache) other = cache_test_on(server->url);

    cache_test_set(cache, "by tag", "old", "x");
    cache_test_set(cache, "by key", "old", NULL);
    cache_test_set(cache, "kept", "good", "y");
    redis_server_freeze(server, TRUE); /* its memory stays as it is */
    tune_cache_drop_tag(cache, "x");
    tune_cache_drop(cache, "by key");
    g_assert_false(cache_test_is_up(cache));
    redis_server_freeze(server, FALSE);
    cache_test_wait_until_up(cache, TRUE);
    tune_cache_clear(cache);
    cache_test_wait_until_up(other, TRUE);
    tune_cache_clear(other);
    for (guint i = 0; i < 2; i++) {
        TuneCache *each = i == 0 ? cache : other;

        cache_test_is(tune_cache_get(each, "by tag"), NULL);
        cache_test_is(tune_cache_get(each, "by key"), NULL);
        cache_test_is(tune_cache_get(each, "kept"), "good");
    }
}

static void many_drops_while_it_is_away_drop_everything(void)
{
    if (!redis_server_there())
        return;
    g_autoptr(RedisServer) server = redis_server_new(NULL, NULL);
    g_autoptr(TuneCache) cache = cache_test_on(server->url);

    cache_test_set(cache, "k", "old", NULL);
    redis_server_freeze(server, TRUE);
    for (guint i = 0; i < 6000; i++) {
        g_autofree char *tag = g_strdup_printf("tag %u", i);
        tune_cache_drop_tag(cache, tag);
    }
    tune_cache_drop(cache, "k"); /* the list was full before */
    redis_server_freeze(server, FALSE);
    cache_test_wait_until_up(cache, TRUE);
    tune_cache_clear(cache);
    cache_test_is(tune_cache_get(cache, "k"), NULL);
}

static void a_frozen_server_holds_nobody_for_long(void)
{
    if (!redis_server_there())
        return;
    g_autoptr(RedisServer) server = redis_server_new(NULL, NULL);
    g_autoptr(TuneCache) cache = cache_test_on(server->url);
    TuneCacheStats stats;

    cache_test_set(cache, "k", "1", "x");
    redis_server_freeze(server, TRUE);
    for (guint i = 0; i < 500; i++) {
        g_autofree char *key = g_strdup_printf("missing %u", i);
        CacheMaker maker = {.text = "made"};

        cache_test_is(tune_cache_get_or_make(cache, key, &tagged, cache_test_make, &maker, NULL),
                      "made");
    }
    goes_on(cache);
    tune_cache_stats(cache, &stats);
    g_assert_false(stats.redis_up);
    /* Each error is a caller that waited: a few of those 500, then nobody. */
    g_assert_cmpuint(stats.redis_errors, >, 0);
    g_assert_cmpuint(stats.redis_errors, <, 10);
    redis_server_freeze(server, FALSE);
    cache_test_wait_until_up(cache, TRUE);
    tune_cache_clear(cache);
    cache_test_set(cache, "k", "2", "x");
    tune_cache_clear(cache);
    cache_test_is(tune_cache_get(cache, "k"), "2");
}

static void an_older_state_does_not_bring_values_back(void)
{
    if (!redis_server_there())
        return;
    g_autoptr(RedisServer) server = redis_server_new(NULL, NULL);
    g_autoptr(TuneCache) cache = cache_test_on(server->url);

    cache_test_set(cache, "k", "old", "x");
    cache_test_set(cache, "l", "old", NULL);
    redis_server_tell(server, "SAVE");
    tune_cache_drop_tag(cache, "x");
    tune_cache_drop(cache, "l");
    redis_server_kill(server);
    redis_server_start(server); /* from the saved state: the old values, the old versions */
    g_autoptr(redisReply) stored = redis_server_ask(server, "EXISTS musicgen:k");
    g_assert_cmpint(stored->integer, ==, 1);
    cache_test_wait_until_up(cache, TRUE);
    g_autoptr(TuneCache) other = cache_test_on(server->url);
    cache_test_is(tune_cache_get(cache, "k"), NULL);
    cache_test_is(tune_cache_get(other, "k"), NULL);
    cache_test_is(tune_cache_get(other, "l"), NULL);
}

static void messages_that_were_missed_clear_the_memory(void)
{
    if (!redis_server_there())
        return;
    g_autoptr(RedisServer) server = redis_server_new(NULL, NULL);
    g_autoptr(TuneCache) a = cache_test_on(server->url);
    g_autoptr(TuneCache) b = cache_test_on(server->url);

    cache_test_set(a, "k", "1", "x");
    cache_test_is(tune_cache_get(b, "k"), "1");
    redis_server_tell(server, "CLIENT KILL TYPE pubsub"); /* nobody hears what comes now */
    g_autoptr(GBytes) value = tune_cache_peek(b, "k");
    for (guint i = 0; i < 3000 && value != NULL; i++) {
        g_usleep(5000);
        g_bytes_unref(value);
        value = tune_cache_peek(b, "k");
    }
    g_assert_null(value);
    cache_test_wait_until_up(b, TRUE);
    cache_test_is(tune_cache_get(b, "k"), "1"); /* Redis still has it */
}

static void links_closed_while_idle_are_no_failure(void)
{
    if (!redis_server_there())
        return;
    g_autoptr(RedisServer) server = redis_server_new(NULL, NULL);
    g_autoptr(TuneCache) cache = cache_test_on(server->url);
    TuneCacheStats stats;

    cache_test_set(cache, "k", "1", NULL);
    redis_server_tell(server, "CLIENT KILL TYPE normal");
    tune_cache_clear(cache);
    cache_test_is(tune_cache_get(cache, "k"), "1");
    tune_cache_stats(cache, &stats);
    g_assert_cmpuint(stats.redis_errors, ==, 0);
}

/* ---- something else at the other end ---- */

typedef struct {
    int listener;
    const char *answer; /* to whatever is said; NULL: hangs up */
    gsize n_bytes;
} Liar;

static gpointer talk(gpointer user_data)
{
    const Liar *self = user_data;
    char heard[4096];

    for (int fd; (fd = accept(self->listener, NULL, NULL)) >= 0; close(fd))
        while (self->answer != NULL && recv(fd, heard, sizeof heard, 0) > 0 &&
               send(fd, self->answer, self->n_bytes, MSG_NOSIGNAL) > 0)
            ;
    return NULL;
}

static void lie(const char *answer, gsize n_bytes)
{
    g_autofree char *folder = g_dir_make_tmp("tune-liar-XXXXXX", NULL);
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    pthread_t thread;
    Liar liar = {socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), answer, n_bytes};

    g_snprintf(address.sun_path, sizeof address.sun_path, "%s/s", folder);
    g_assert_cmpint(bind(liar.listener, (struct sockaddr *)&address, sizeof address), ==, 0);
    g_assert_cmpint(listen(liar.listener, 20), ==, 0);
    pthread_create(&thread, NULL, talk, &liar);
    g_autofree char *url = g_strconcat("unix://", address.sun_path, NULL);
    TuneCacheConfig config = TUNE_CACHE_CONFIG_DEFAULT;
    config.redis_url = url; /* with the usual time-out: here it may run out */
    TuneCache *cache = tune_cache_new(&config, NULL);
    goes_on(cache);
    goes_on(cache);
    tune_cache_free(cache);
    shutdown(liar.listener, SHUT_RDWR);
    pthread_join(thread, NULL);
    close(liar.listener);
    g_unlink(address.sun_path);
    g_rmdir(folder);
}

static void a_server_that_talks_nonsense(void)
{
    static const char *const answers[] = {
        "HTTP/1.1 400 Bad Request\r\n\r\n",
        "+OK\r\n",
        "+PONG\r\n+PONG\r\n+PONG\r\n",
        ":1\r\n",
        "$-1\r\n",
        "*-1\r\n",
        "*0\r\n",
        "$5\r\nshort\r\n",
        "$2147483647\r\nbig",
        "$99999999999999999999\r\n",
        "*1000000000\r\n",
        "*2\r\n*2\r\n*2\r\n*2\r\n*2\r\n*2\r\n*2\r\n*2\r\n*2\r\n*2\r\n*2\r\n",
        "-ERR no\r\n",
        "-LOADING Redis is loading the dataset in memory\r\n",
        "*3\r\n$7\r\nmessage\r\n$1\r\nc\r\n$1\r\nx\r\n",
        "*2\r\n:1\r\n$3\r\nnan\r\n",
    };

    for (gsize i = 0; i < G_N_ELEMENTS(answers); i++)
        lie(answers[i], strlen(answers[i]));
    lie("\0\0\0\0", 4);
    lie(NULL, 0);
}

/* ---- all at once ---- */

#define N_WORKERS 6

typedef struct {
    TuneCache *caches[2];
    guint number;
} Worker;

static gpointer work(gpointer user_data)
{
    const Worker *self = user_data;
    TuneRandom r;

    tune_random_init(&r, self->number, "test/cache/work");
    for (guint i = 0; i < 600; i++) {
        TuneCache *cache = self->caches[tune_random_int(&r, 0, 1)];
        g_autofree char *key = g_strdup_printf("k%d", tune_random_int(&r, 0, 30));
        CacheMaker maker = {.text = key};
        g_autoptr(json_t) list = i % 100 == 0 ? tune_cache_list(cache, 10) : NULL;

        switch (tune_random_int(&r, 0, 9)) {
        case 0:
            tune_cache_drop_tag(cache, "x");
            break;
        case 1:
            tune_cache_drop(cache, key);
            break;
        case 2:
            cache_test_set(cache, key, key, "x");
            break;
        case 3:
            tune_cache_take(cache, key, 100, 10, NULL, NULL);
            break;
        default:
            cache_test_is(
                tune_cache_get_or_make(cache, key, &tagged, cache_test_make, &maker, NULL), key);
        }
    }
    return NULL;
}

static void many_threads_while_it_comes_and_goes(void)
{
    if (!redis_server_there())
        return;
    g_autoptr(RedisServer) server = redis_server_new(NULL, NULL);
    g_autoptr(TuneCache) a = cache_test_on(server->url);
    g_autoptr(TuneCache) b = cache_test_on(server->url);
    pthread_t threads[N_WORKERS];
    Worker workers[N_WORKERS];

    for (guint i = 0; i < N_WORKERS; i++) {
        workers[i] = (Worker){{a, b}, i};
        pthread_create(&threads[i], NULL, work, &workers[i]);
    }
    for (guint i = 0; i < 3; i++) {
        g_usleep(30000);
        redis_server_kill(server);
        redis_server_start(server);
    }
    for (guint i = 0; i < N_WORKERS; i++)
        pthread_join(threads[i], NULL);
    cache_test_wait_until_up(a, TRUE);
    cache_test_wait_until_up(b, TRUE);
    tune_cache_drop_tag(a, "x");
    tune_cache_clear(b);
    for (guint i = 0; i <= 30; i++) {
        g_autofree char *key = g_strdup_printf("k%u", i);
        cache_test_is(tune_cache_get(b, key), NULL);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/cache/away/never-there", a_server_that_was_never_there);
    g_test_add_func("/cache/away/killed", a_killed_server_costs_nothing_and_comes_back);
    g_test_add_func("/cache/away/dropped-meanwhile",
                    what_is_dropped_while_it_is_away_is_gone_when_it_is_back);
    g_test_add_func("/cache/away/many-dropped-meanwhile",
                    many_drops_while_it_is_away_drop_everything);
    g_test_add_func("/cache/away/frozen", a_frozen_server_holds_nobody_for_long);
    g_test_add_func("/cache/away/older-state", an_older_state_does_not_bring_values_back);
    g_test_add_func("/cache/away/missed-messages", messages_that_were_missed_clear_the_memory);
    g_test_add_func("/cache/away/idle-links", links_closed_while_idle_are_no_failure);
    g_test_add_func("/cache/away/nonsense", a_server_that_talks_nonsense);
    g_test_add_func("/cache/away/many-threads", many_threads_while_it_comes_and_goes);
    return g_test_run();
}
