/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Links and the breaker.  Two failures one after another, or one drop that did not arrive, open the
 * breaker: from then on nobody asks Redis, so that a server that hangs costs each caller nothing.
 * Only the watcher tries again, on its own thread; when it gets an answer, and what was dropped
 * meanwhile has been dropped there too, the breaker closes.
 */
#include "cache/redis-private.h"

#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include "cache/redis-pool.h"

#define FAILURES_TO_OPEN 2
#define FIRST_TRY_US     (2 * G_USEC_PER_SEC)
#define WAIT_FOR_LINK_US 5000 /* all links busy: Redis is slower than the maker would like */

gint64 tune_redis_deadline(const TuneRedis *self)
{
    return g_get_monotonic_time() + (gint64)self->timeout_ms * 1000;
}

char *tune_redis_key(const TuneRedis *self, const char *kind, const char *name)
{
    return g_strconcat(self->prefix, ":", kind, name, NULL);
}

/* ---- the breaker ---- */

static void wake_watcher(TuneRedis *self)
{
    guint64 one = 1;

    if (write(self->wake_fd, &one, sizeof one) < 0)
        return; /* full: it is awake already */
}

static void drop_idle(TuneRedis *self)
{
    while (self->n_idle > 0) {
        tune_redis_link_free(self->idle[--self->n_idle]);
        self->n_links--;
    }
}

void tune_redis_open_breaker(TuneRedis *self, const char *reason)
{
    pthread_mutex_lock(&self->lock);
    gboolean say = !self->said_away;
    self->said_away = TRUE;
    self->up = FALSE;
    self->n_failures = 0;
    self->generation++;
    drop_idle(self);
    pthread_mutex_unlock(&self->lock);
    g_autofree char *address = tune_redis_address_text(&self->address);
    if (say)
        tune_log(self->log, TUNE_LOG_WARNING, "Redis at %s is away: %s; going on without it",
                 address, reason);
    wake_watcher(self);
}

gboolean tune_redis_close_breaker(TuneRedis *self, TuneRedisLink *link)
{
    pthread_mutex_lock(&self->lock);
    gboolean possible = !self->up && !self->pending_all && g_hash_table_size(self->pending) == 0;
    gboolean say = possible && self->said_away;
    if (possible) {
        self->up = TRUE;
        self->said_away = FALSE;
        self->n_failures = 0;
        if (self->n_links < TUNE_REDIS_MAX_LINKS) {
            self->idle[self->n_idle++] = g_steal_pointer(&link);
            self->n_links++;
        }
    }
    pthread_mutex_unlock(&self->lock);
    if (possible)
        tune_redis_link_free(link);
    g_autofree char *address = tune_redis_address_text(&self->address);
    if (say)
        tune_log(self->log, TUNE_LOG_INFO, "Redis at %s is back", address);
    return possible;
}

/* ---- links ---- */

/* Called with the lock held. FALSE: @until_us (monotonic) has come. */
static gboolean wait_freed(TuneRedis *self, gint64 until_us)
{
    struct timespec until = {.tv_sec = until_us / G_USEC_PER_SEC,
                             .tv_nsec = until_us % G_USEC_PER_SEC * 1000};

    return pthread_cond_timedwait(&self->freed, &self->lock, &until) == 0;
}

/* An idle link, or leave to make one (*make).  FALSE: none to be had. */
static gboolean reserve(TuneRedis *self, TuneRedisUse *use, char **numeric_host)
{
    gint64 until_us = g_get_monotonic_time() + WAIT_FOR_LINK_US;

    pthread_mutex_lock(&self->lock);
    while (self->up && self->n_idle == 0 && self->n_links == TUNE_REDIS_MAX_LINKS &&
           wait_freed(self, until_us))
        ;
    gboolean got = self->up && (self->n_idle > 0 || self->n_links < TUNE_REDIS_MAX_LINKS);
    use->generation = self->generation;
    if (got && self->n_idle > 0) {
        use->link = self->idle[--self->n_idle];
        use->reused = TRUE;
    } else if (got) {
        self->n_links++;
        *numeric_host = g_strdup(self->numeric_host);
    }
    pthread_mutex_unlock(&self->lock);
    return got;
}

/* The link goes back, or is gone. */
static void give_back(TuneRedis *self, TuneRedisUse *use, gboolean good)
{
    pthread_mutex_lock(&self->lock);
    if (good && self->up && use->generation == self->generation)
        self->idle[self->n_idle++] = g_steal_pointer(&use->link);
    else
        self->n_links--;
    if (good)
        self->n_failures = 0;
    pthread_cond_signal(&self->freed);
    pthread_mutex_unlock(&self->lock);
    g_clear_pointer(&use->link, tune_redis_link_free);
}

static void note_failure(TuneRedis *self, const TuneRedisUse *use, const char *reason)
{
    atomic_fetch_add(&self->errors, 1);
    pthread_mutex_lock(&self->lock);
    /* What failed on a link from before the breaker opened says nothing about now. */
    gboolean open =
        use->generation == self->generation && self->up && ++self->n_failures >= FAILURES_TO_OPEN;
    pthread_mutex_unlock(&self->lock);
    if (open)
        tune_redis_open_breaker(self, reason);
}

gboolean tune_redis_begin(TuneRedis *self, TuneRedisUse *use)
{
    g_autofree char *numeric_host = NULL, *reason = NULL;

    *use = (TuneRedisUse){.deadline_us = tune_redis_deadline(self)};
    if (!reserve(self, use, &numeric_host))
        return FALSE;
    if (use->link == NULL)
        use->link = tune_redis_link_new(&self->address, numeric_host, use->deadline_us, &reason);
    if (use->link != NULL)
        return TRUE;
    tune_redis_fail(self, use, reason);
    return FALSE;
}

void tune_redis_end(TuneRedis *self, TuneRedisUse *use)
{
    give_back(self, use, TRUE);
}

void tune_redis_fail(TuneRedis *self, TuneRedisUse *use, const char *reason)
{
    give_back(self, use, FALSE);
    note_failure(self, use, reason);
}

/* A link that Redis has closed while it lay idle (a restart, its own time-out): once more over a
 * new one. */
static gboolean renew(TuneRedis *self, TuneRedisUse *use)
{
    g_autofree char *reason = NULL;

    pthread_mutex_lock(&self->lock);
    g_autofree char *numeric_host = g_strdup(self->numeric_host);
    pthread_mutex_unlock(&self->lock);
    tune_redis_link_free(use->link);
    use->reused = FALSE;
    use->link = tune_redis_link_new(&self->address, numeric_host, use->deadline_us, &reason);
    if (use->link != NULL)
        return TRUE;
    tune_redis_fail(self, use, reason);
    return FALSE;
}

gboolean tune_redis_call(TuneRedis *self, TuneRedisUse *use, const TuneRedisCommand *commands,
                         guint n, redisReply **replies)
{
    while (!tune_redis_link_call(use->link, commands, n, replies, use->deadline_us)) {
        if (use->reused && g_get_monotonic_time() < use->deadline_us) {
            if (!renew(self, use))
                return FALSE;
            continue;
        }
        g_autofree char *reason = g_strdup(tune_redis_link_reason(use->link));
        tune_redis_fail(self, use, reason);
        return FALSE;
    }
    return TRUE;
}

/* ---- life ---- */

static void init_locks(TuneRedis *self)
{
    pthread_condattr_t monotonic;

    pthread_mutex_init(&self->lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&self->freed, &monotonic);
    pthread_condattr_destroy(&monotonic);
}

/* So that a server that starts beside its Redis has it from the first request on. */
static void wait_for_first_try(TuneRedis *self)
{
    gint64 until_us = g_get_monotonic_time() + FIRST_TRY_US;

    pthread_mutex_lock(&self->lock);
    while (!self->tried && wait_freed(self, until_us))
        ;
    pthread_mutex_unlock(&self->lock);
}

TuneRedis *tune_redis_new(const TuneRedisConfig *config, GError **error)
{
    TuneRedisAddress address;

    if (!tune_redis_address_parse(config->url, &address, error))
        return NULL;
    TuneRedis *self = g_new0(TuneRedis, 1);
    self->address = address;
    self->prefix = g_strdup(config->prefix);
    self->channel = tune_redis_key(self, "#drop", "");
    tune_redis_version_text(tune_redis_new_version(), self->server_id);
    self->compress_above = config->compress_above;
    self->timeout_ms = MAX(config->timeout_ms, 1);
    self->log = config->log;
    self->events = config->events;
    init_locks(self);
    self->pending = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    self->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    pthread_create(&self->watcher, NULL, tune_redis_watch, self);
    wait_for_first_try(self);
    return self;
}

void tune_redis_free(TuneRedis *self)
{
    if (self == NULL)
        return;
    atomic_store(&self->stopping, TRUE);
    wake_watcher(self);
    pthread_join(self->watcher, NULL);
    drop_idle(self);
    close(self->wake_fd);
    g_hash_table_unref(self->pending);
    pthread_cond_destroy(&self->freed);
    pthread_mutex_destroy(&self->lock);
    tune_redis_address_clear(&self->address);
    g_free(self->numeric_host);
    g_free(self->channel);
    g_free(self->prefix);
    g_free(self);
}

void tune_redis_stats(TuneRedis *self, TuneRedisStats *out)
{
    pthread_mutex_lock(&self->lock);
    out->up = self->up;
    pthread_mutex_unlock(&self->lock);
    out->hits = atomic_load(&self->hits);
    out->misses = atomic_load(&self->misses);
    out->errors = atomic_load(&self->errors);
}
