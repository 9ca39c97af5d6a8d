/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * bench-cache [SOCKET]: what the cache costs and what it saves, as CSV: what, calls, per second,
 * median, p99 and slowest in microseconds, and for the Zipf rows the hit rate in %.  SOCKET: of a
 * Redis whose process number is in $REDIS_PID; it is frozen for the last row.
 */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include "base/random.h"
#include "cache/cache.h"

#define N_THREADS 4

static int compare(const void *a, const void *b)
{
    gint64 x = *(const gint64 *)a, y = *(const gint64 *)b;

    return (x > y) - (x < y);
}

static GBytes *make(gpointer user_data, GError **error)
{
    return g_bytes_new_static("made, as if by a database", 25);
}

typedef struct {
    TuneCache *cache;
    char kind; /* g: hit, m: make, r: from Redis, t: a token */
    guint n, number;
    gint64 *ns;
} Run;

static void one_call(Run *run, guint i)
{
    static const TuneCachePolicy policy = {.ttl_s = 300};
    char key[64];

    g_snprintf(key, sizeof key, "key %u", run->kind == 'g' || run->kind == 'r' ? i % 50 : i);
    if (run->kind == 't') {
        tune_cache_take(run->cache, key, 10, 100, NULL, NULL);
        return;
    }
    if (run->kind == 'm')
        g_snprintf(key, sizeof key, "made %u/%u", run->number, i);
    g_autoptr(GBytes) value = tune_cache_get_or_make(run->cache, key, &policy, make, NULL, NULL);
}

static gint64 now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * G_GINT64_CONSTANT(1000000000) + t.tv_nsec;
}

static gpointer work(gpointer user_data)
{
    Run *run = user_data;

    for (guint i = 0; i < run->n; i++) {
        gint64 start = now_ns();

        one_call(run, i);
        run->ns[i] = now_ns() - start;
    }
    return NULL;
}

static void measure(const char *what, TuneCache *cache, char kind, guint n_threads, guint n)
{
    g_autofree gint64 *ns = g_new0(gint64, (gsize)n_threads * n);
    pthread_t threads[N_THREADS];
    Run runs[N_THREADS];
    gint64 start = now_ns();

    for (guint i = 0; i < n_threads; i++) {
        runs[i] = (Run){cache, kind, n, i, ns + (gsize)i * n};
        pthread_create(&threads[i], NULL, work, &runs[i]);
    }
    for (guint i = 0; i < n_threads; i++)
        pthread_join(threads[i], NULL);
    double seconds = (double)(now_ns() - start) / 1e9;
    gsize all = (gsize)n_threads * n;
    qsort(ns, all, sizeof *ns, compare);
    printf("%s,%" G_GSIZE_FORMAT ",%.0f,%.2f,%.2f,%.0f\n", what, all, (double)all / seconds,
           (double)ns[all / 2] / 1e3, (double)ns[all * 99 / 100] / 1e3, (double)ns[all - 1] / 1e3);
    fflush(stdout);
}

/* Keys asked for as often as 1 / rank: what share is answered from so many kept ones? */
static void zipf(guint n_keys, guint n_items)
{
    TuneCacheConfig config = TUNE_CACHE_CONFIG_DEFAULT;
    g_autofree double *sum = g_new(double, n_keys);
    TuneCacheStats stats;
    TuneRandom r;

    config.max_items = n_items;
    g_autoptr(TuneCache) cache = tune_cache_new(&config, NULL);
    for (guint i = 0; i < n_keys; i++)
        sum[i] = (i > 0 ? sum[i - 1] : 0.0) + 1.0 / (i + 1);
    tune_random_init(&r, 1, "bench/zipf");
    for (guint i = 0; i < 300000; i++) {
        static const TuneCachePolicy policy = {.ttl_s = 3600};
        double x = tune_random_unit(&r) * sum[n_keys - 1];
        guint low = 0, high = n_keys - 1;
        char key[32];

        while (low < high) {
            guint middle = (low + high) / 2;
            if (sum[middle] < x)
                low = middle + 1;
            else
                high = middle;
        }
        g_snprintf(key, sizeof key, "%u", low);
        g_autoptr(GBytes) value = tune_cache_get_or_make(cache, key, &policy, make, NULL, NULL);
    }
    tune_cache_stats(cache, &stats);
    printf("zipf over %u keys with %u kept,300000,,,,%.1f %%\n", n_keys, n_items,
           100.0 * (double)stats.hits / (double)(stats.hits + stats.misses));
}

static void with_redis(const char *socket)
{
    TuneCacheConfig config = TUNE_CACHE_CONFIG_DEFAULT;
    g_autofree char *url = g_strconcat("unix://", socket, NULL);
    const char *pid = g_getenv("REDIS_PID");
    TuneCacheStats stats;

    config.redis_url = url;
    config.max_items = 0; /* nothing is kept here: each call asks Redis */
    g_autoptr(TuneCache) cache = tune_cache_new(&config, NULL);
    measure("redis: store", cache, 'm', 1, 5000);
    measure("redis: hit", cache, 'r', 1, 20000);
    measure("redis: hit x4 threads", cache, 'r', N_THREADS, 10000);
    measure("redis: token", cache, 't', 1, 10000);
    tune_cache_stats(cache, &stats);
    if (pid == NULL || !stats.redis_up)
        return;
    kill((pid_t)atoi(pid), SIGSTOP);
    measure("redis frozen: make x4 threads", cache, 'm', N_THREADS, 20000);
    tune_cache_stats(cache, &stats);
    kill((pid_t)atoi(pid), SIGCONT);
    printf("redis frozen: calls that waited,%" G_GUINT64_FORMAT ",,,,\n", stats.redis_errors);
}

int main(int argc, char **argv)
{
    TuneCacheConfig config = TUNE_CACHE_CONFIG_DEFAULT;
    g_autoptr(TuneCache) cache = tune_cache_new(&config, NULL);

    printf("what,calls,per_second,p50_us,p99_us,max_us\n");
    measure("memory: hit", cache, 'g', 1, 1000000);
    measure("memory: hit x4 threads", cache, 'g', N_THREADS, 300000);
    measure("memory: make", cache, 'm', 1, 200000);
    measure("memory: token", cache, 't', 1, 200000);
    zipf(1000, 100);
    zipf(10000, 1000);
    zipf(10000, 3000);
    if (argc > 1)
        with_redis(argv[1]);
    return 0;
}
