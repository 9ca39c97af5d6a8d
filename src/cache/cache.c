/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The two levels put together.  One lock covers the first level and the flights; it is held for the
 * time of a table look-up, never while a value is made or Redis is asked.
 *
 * A value that was looked up in Redis, or made, while something was dropped may be from before the
 * drop: flights know what was dropped during their time, plain look-ups compare a count of all
 * drops.
 */
#include "cache/cache.h"

#include <pthread.h>
#include <stdatomic.h>
#include "cache/bucket.h"
#include "cache/flight.h"
#include "cache/lru.h"
#include "cache/redis.h"

#define DEFAULT_TTL_S 3600u
#define MAX_BUCKETS   65536u

struct TuneCache {
    const TuneLog *log;
    gint64 (*clock_us)(gpointer clock_data);
    gpointer clock_data;
    TuneRedis *redis; /* NULL: none */
    TuneBuckets *buckets;
    _Atomic guint64 hits, misses, stale, flights_shared;

    pthread_mutex_t lock; /* what follows */
    TuneLru *lru;
    TuneFlights *flights;
    guint64 n_drops;
};

G_DEFINE_QUARK(tune - cache - error - quark, tune_cache_error)

static gint64 now_us(const TuneCache *self)
{
    return self->clock_us != NULL ? self->clock_us(self->clock_data) : g_get_monotonic_time();
}

/* ---- dropping ---- */

static void drop_key_here(gpointer data, const char *key)
{
    TuneCache *self = data;

    pthread_mutex_lock(&self->lock);
    self->n_drops++;
    tune_lru_remove(self->lru, key);
    tune_flights_drop(self->flights, key);
    pthread_mutex_unlock(&self->lock);
}

static void drop_tag_here(gpointer data, const char *tag)
{
    TuneCache *self = data;

    pthread_mutex_lock(&self->lock);
    self->n_drops++;
    tune_lru_remove_tag(self->lru, tag);
    tune_flights_drop_tag(self->flights, tag);
    pthread_mutex_unlock(&self->lock);
}

static void drop_all_here(gpointer data)
{
    TuneCache *self = data;

    pthread_mutex_lock(&self->lock);
    self->n_drops++;
    tune_lru_clear(self->lru);
    tune_flights_drop_all(self->flights);
    pthread_mutex_unlock(&self->lock);
}

/* Here first and last: a value from before the drop that came over from Redis in between goes too.
 */
void tune_cache_drop(TuneCache *self, const char *key)
{
    g_return_if_fail(self != NULL && key != NULL);
    drop_key_here(self, key);
    if (self->redis == NULL)
        return;
    tune_redis_drop_key(self->redis, key);
    drop_key_here(self, key);
}

void tune_cache_drop_tag(TuneCache *self, const char *tag)
{
    g_return_if_fail(self != NULL && tag != NULL);
    drop_tag_here(self, tag);
    if (self->redis == NULL)
        return;
    tune_redis_drop_tag(self->redis, tag);
    drop_tag_here(self, tag);
}

void tune_cache_clear(TuneCache *self)
{
    drop_all_here(self);
}

/* ---- life ---- */

TuneCache *tune_cache_new(const TuneCacheConfig *config, GError **error)
{
    g_return_val_if_fail(config != NULL, NULL);
    TuneCache *self = g_new0(TuneCache, 1);

    self->log = config->log;
    self->clock_us = config->clock_us;
    self->clock_data = config->clock_data;
    pthread_mutex_init(&self->lock, NULL);
    self->lru = tune_lru_new(config->max_items, config->max_bytes);
    self->flights = tune_flights_new(&self->lock);
    self->buckets = tune_buckets_new(MAX_BUCKETS);
    if (config->redis_url == NULL || *config->redis_url == '\0')
        return self;
    TuneRedisConfig redis = {config->redis_url,
                             config->prefix != NULL ? config->prefix : "musicgen",
                             config->compress_above,
                             config->timeout_ms,
                             config->log,
                             {drop_key_here, drop_tag_here, drop_all_here, self}};
    self->redis = tune_redis_new(&redis, error);
    if (self->redis != NULL)
        return self;
    tune_cache_free(self);
    return NULL;
}

void tune_cache_free(TuneCache *self)
{
    if (self == NULL)
        return;
    tune_redis_free(self->redis);
    tune_flights_free(self->flights);
    tune_lru_free(self->lru);
    tune_buckets_free(self->buckets);
    pthread_mutex_destroy(&self->lock);
    g_free(self);
}

/* ---- keeping ---- */

/* Called with the lock held. */
static void keep(TuneCache *self, const char *key, GBytes *value, gint64 fresh_us, gint64 stale_us,
                 const char *const *tags)
{
    gint64 now = now_us(self);

    tune_lru_put(self->lru, key, value, now + fresh_us, now + MAX(fresh_us, stale_us), tags);
}

static guint ttl_of(const TuneCachePolicy *policy)
{
    return policy->ttl_s == 0 ? DEFAULT_TTL_S : policy->ttl_s;
}

static void keep_made(TuneCache *self, const char *key, GBytes *value,
                      const TuneCachePolicy *policy)
{
    gint64 fresh_us = (gint64)ttl_of(policy) * G_USEC_PER_SEC;

    keep(self, key, value, fresh_us, fresh_us + (gint64)policy->stale_s * G_USEC_PER_SEC,
         policy->tags);
}

void tune_cache_set(TuneCache *self, const char *key, GBytes *value, const TuneCachePolicy *policy)
{
    g_return_if_fail(self != NULL && key != NULL && value != NULL && policy != NULL);
    drop_key_here(self, key); /* what is under way is older */
    if (self->redis != NULL && !policy->local) {
        tune_redis_drop_key(self->redis, key); /* what other servers have is older */
        tune_redis_put(self->redis, key, value, ttl_of(policy), policy->stale_s, policy->tags,
                       NULL);
    }
    pthread_mutex_lock(&self->lock);
    self->n_drops++;
    tune_flights_drop(self->flights, key);
    keep_made(self, key, value, policy);
    pthread_mutex_unlock(&self->lock);
}

void tune_cache_amend(TuneCache *self, const char *key, GBytes *old, GBytes *value)
{
    g_return_if_fail(self != NULL && key != NULL && old != NULL && value != NULL);
    pthread_mutex_lock(&self->lock);
    tune_lru_amend(self->lru, key, old, value);
    pthread_mutex_unlock(&self->lock);
}

/* ---- looking ---- */

/* What this process has, of any age it is usable at; counts hits of fresh ones. */
static GBytes *look_here(TuneCache *self, const char *key, gboolean *fresh)
{
    GBytes *value = tune_lru_get(self->lru, key, now_us(self), fresh);

    if (value != NULL && *fresh)
        atomic_fetch_add(&self->hits, 1);
    return value;
}

GBytes *tune_cache_peek(TuneCache *self, const char *key)
{
    g_return_val_if_fail(self != NULL && key != NULL, NULL);
    gboolean fresh = FALSE;

    pthread_mutex_lock(&self->lock);
    g_autoptr(GBytes) value = look_here(self, key, &fresh);
    pthread_mutex_unlock(&self->lock);
    return fresh ? g_steal_pointer(&value) : NULL;
}

/* A fresh value of the second level, kept here too. */
static GBytes *fetch(TuneCache *self, const char *key, guint64 n_drops)
{
    g_auto(TuneRedisTicket) ticket = {0};
    g_auto(TuneRedisValue) found = {0};

    if (!tune_redis_get(self->redis, key, NULL, &ticket, &found) || found.fresh_us <= 0)
        return NULL;
    pthread_mutex_lock(&self->lock);
    if (self->n_drops == n_drops)
        keep(self, key, found.value, found.fresh_us, found.stale_us,
             (const char *const *)found.tags);
    pthread_mutex_unlock(&self->lock);
    return g_steal_pointer(&found.value);
}

GBytes *tune_cache_get(TuneCache *self, const char *key)
{
    g_return_val_if_fail(self != NULL && key != NULL, NULL);
    gboolean fresh = FALSE;

    pthread_mutex_lock(&self->lock);
    g_autoptr(GBytes) value = look_here(self, key, &fresh);
    guint64 n_drops = self->n_drops;
    pthread_mutex_unlock(&self->lock);
    if (fresh)
        return g_steal_pointer(&value);
    GBytes *fetched = self->redis != NULL ? fetch(self, key, n_drops) : NULL;
    atomic_fetch_add(fetched != NULL ? &self->hits : &self->misses, 1);
    return fetched;
}

/* ---- making ---- */

/* One caller's way through a missing value. */
typedef struct {
    TuneCache *cache;
    const char *key;
    const TuneCachePolicy *policy;
    TuneFlight *flight;
    GBytes *stale; /* usable when making fails (nullable) */
    TuneRedisTicket ticket;
} Making;

/* Is it in Redis?  A fresh one is returned, a stale one is kept for others while this caller makes
 * it anew. */
static GBytes *look_in_redis(Making *self)
{
    TuneCache *cache = self->cache;
    g_auto(TuneRedisValue) found = {0};

    if (cache->redis == NULL || self->policy->local ||
        !tune_redis_get(cache->redis, self->key, self->policy->tags, &self->ticket, &found))
        return NULL;
    pthread_mutex_lock(&cache->lock);
    if (!tune_flight_is_stale(self->flight))
        keep(cache, self->key, found.value, found.fresh_us, found.stale_us,
             (const char *const *)found.tags);
    pthread_mutex_unlock(&cache->lock);
    if (found.fresh_us > 0)
        return g_steal_pointer(&found.value);
    if (self->stale == NULL)
        self->stale = g_bytes_ref(found.value);
    return NULL;
}

/* Give the value to all, and keep it unless it was dropped meanwhile; then tell Redis. */
static void land(Making *self, GBytes *value, gboolean made, const GError *error)
{
    TuneCache *cache = self->cache;

    pthread_mutex_lock(&cache->lock);
    gboolean wanted = made && !tune_flight_is_stale(self->flight);
    if (wanted)
        keep_made(cache, self->key, value, self->policy);
    tune_flights_land(cache->flights, self->flight, value, error);
    pthread_mutex_unlock(&cache->lock);
    if (wanted && cache->redis != NULL && !self->policy->local)
        tune_redis_put(cache->redis, self->key, value, ttl_of(self->policy), self->policy->stale_s,
                       self->policy->tags, &self->ticket);
}

static GBytes *make_it(Making *self, TuneCacheMake make, gpointer user_data, GError **error)
{
    g_autoptr(GError) failed = NULL;
    GBytes *value = look_in_redis(self);

    if (value != NULL) {
        atomic_fetch_add(&self->cache->hits, 1);
        land(self, value, FALSE, NULL);
        return value;
    }
    atomic_fetch_add(&self->cache->misses, 1);
    value = make(user_data, &failed);
    if (value == NULL && self->stale != NULL && failed != NULL) {
        tune_log(self->cache->log, TUNE_LOG_WARNING, "%s: %s; the old value is used", self->key,
                 failed->message);
        g_clear_error(&failed);
        value = g_bytes_ref(self->stale);
        land(self, value, FALSE, NULL);
        return value;
    }
    land(self, value, value != NULL, failed);
    if (failed != NULL)
        g_propagate_error(error, g_steal_pointer(&failed));
    return value;
}

/* Called with the lock held. TRUE: *value (nullable) or an error is the answer.  FALSE: this caller
 * is to make it, in a flight of its own or, where that would wait for itself, without. */
static gboolean join(Making *self, GBytes *here, gboolean fresh, GBytes **value, GError **error)
{
    TuneCache *cache = self->cache;
    TuneFlight *flight = tune_flights_find(cache->flights, self->key);

    if (here != NULL && (fresh || (flight != NULL && !tune_flight_is_mine(flight)))) {
        if (!fresh)
            atomic_fetch_add(&cache->stale, 1);
        *value = g_bytes_ref(here);
        return TRUE;
    }
    if (flight == NULL) {
        self->flight = tune_flights_start(cache->flights, self->key, self->policy->tags);
        self->stale = here != NULL ? g_bytes_ref(here) : NULL;
        return FALSE;
    }
    if (tune_flight_is_mine(flight))
        return FALSE;
    atomic_fetch_add(&cache->flights_shared, 1);
    *value = tune_flights_wait(cache->flights, flight, error);
    return TRUE;
}

GBytes *tune_cache_get_or_make(TuneCache *self, const char *key, const TuneCachePolicy *policy,
                               TuneCacheMake make, gpointer user_data, GError **error)
{
    g_return_val_if_fail(self != NULL && key != NULL && policy != NULL && make != NULL, NULL);
    Making making = {.cache = self, .key = key, .policy = policy};
    gboolean fresh = FALSE;
    GBytes *value = NULL;

    pthread_mutex_lock(&self->lock);
    g_autoptr(GBytes) here = look_here(self, key, &fresh);
    gboolean answered = join(&making, here, fresh, &value, error);
    pthread_mutex_unlock(&self->lock);
    if (answered)
        return value;
    if (making.flight == NULL)
        return make(user_data, error);
    value = make_it(&making, make, user_data, error);
    g_clear_pointer(&making.stale, g_bytes_unref);
    tune_redis_ticket_clear(&making.ticket);
    return value;
}

/* ---- tokens ---- */

gboolean tune_cache_take(TuneCache *self, const char *key, double rate, double burst,
                         double *retry_after_s, double *remaining)
{
    g_return_val_if_fail(self != NULL && key != NULL && rate > 0.0 && burst >= 1.0, TRUE);
    gboolean taken = FALSE;
    double left = 0.0;

    if (self->redis == NULL || !tune_redis_take(self->redis, key, rate, burst, &taken, &left))
        taken = tune_buckets_take(self->buckets, key, rate, burst, now_us(self), &left);
    if (remaining != NULL)
        *remaining = left;
    if (retry_after_s != NULL)
        *retry_after_s = left >= 1.0 ? 0.0 : (1.0 - left) / rate;
    return taken;
}

/* ---- looking in ---- */

void tune_cache_stats(TuneCache *self, TuneCacheStats *out)
{
    TuneRedisStats redis = {0};

    *out = (TuneCacheStats){0};
    if (self->redis != NULL)
        tune_redis_stats(self->redis, &redis);
    out->redis = self->redis != NULL;
    out->redis_up = redis.up;
    out->redis_hits = redis.hits;
    out->redis_misses = redis.misses;
    out->redis_errors = redis.errors;
    out->hits = atomic_load(&self->hits);
    out->misses = atomic_load(&self->misses);
    out->stale = atomic_load(&self->stale);
    out->flights_shared = atomic_load(&self->flights_shared);
    pthread_mutex_lock(&self->lock);
    tune_lru_stats(self->lru, &out->items, &out->bytes, &out->evictions);
    pthread_mutex_unlock(&self->lock);
}

json_t *tune_cache_list(TuneCache *self, guint limit)
{
    pthread_mutex_lock(&self->lock);
    json_t *list = tune_lru_list(self->lru, now_us(self), limit);
    pthread_mutex_unlock(&self->lock);
    return list;
}
