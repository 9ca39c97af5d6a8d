/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cache/bucket.h"

#include <pthread.h>

typedef struct {
    char *key;
    double tokens;
    gint64 seen_us;
    GList link;
} Bucket;

struct TuneBuckets {
    guint max_keys;
    pthread_mutex_t lock; /* what follows */
    GHashTable *by_key;
    GQueue order; /* last used first */
};

TuneBuckets *tune_buckets_new(guint max_keys)
{
    TuneBuckets *self = g_new0(TuneBuckets, 1);

    self->max_keys = MAX(max_keys, 1);
    pthread_mutex_init(&self->lock, NULL);
    self->by_key = g_hash_table_new(g_str_hash, g_str_equal);
    g_queue_init(&self->order);
    return self;
}

static void forget(TuneBuckets *self, Bucket *bucket)
{
    g_hash_table_remove(self->by_key, bucket->key);
    g_queue_unlink(&self->order, &bucket->link);
    g_free(bucket->key);
    g_free(bucket);
}

void tune_buckets_free(TuneBuckets *self)
{
    if (self == NULL)
        return;
    while (self->order.length > 0)
        forget(self, g_queue_peek_head(&self->order));
    g_hash_table_unref(self->by_key);
    pthread_mutex_destroy(&self->lock);
    g_free(self);
}

/* The bucket of @key at the front, a full one when it is new. */
static Bucket *find(TuneBuckets *self, const char *key, double burst, gint64 now_us)
{
    Bucket *bucket = g_hash_table_lookup(self->by_key, key);

    if (bucket != NULL) {
        g_queue_unlink(&self->order, &bucket->link);
    } else {
        if (self->order.length >= self->max_keys)
            forget(self, g_queue_peek_tail(&self->order));
        bucket = g_new0(Bucket, 1);
        *bucket = (Bucket){.key = g_strdup(key), .tokens = burst, .seen_us = now_us};
        bucket->link.data = bucket;
        g_hash_table_insert(self->by_key, bucket->key, bucket);
    }
    g_queue_push_head_link(&self->order, &bucket->link);
    return bucket;
}

gboolean tune_buckets_take(TuneBuckets *self, const char *key, double rate, double burst,
                           gint64 now_us, double *remaining)
{
    pthread_mutex_lock(&self->lock);
    Bucket *bucket = find(self, key, burst, now_us);
    gint64 passed_us = MAX(now_us - bucket->seen_us, 0);

    bucket->seen_us = now_us;
    bucket->tokens = MIN(burst, bucket->tokens + (double)passed_us * rate / 1e6);
    gboolean taken = bucket->tokens >= 1.0;
    if (taken)
        bucket->tokens -= 1.0;
    *remaining = bucket->tokens;
    pthread_mutex_unlock(&self->lock);
    return taken;
}
