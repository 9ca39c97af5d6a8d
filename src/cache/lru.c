/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cache/lru.h"

#include <string.h>

#define ENTRY_BYTES 256u /* about what an entry costs beside its key and value */

typedef struct {
    char *name;
    GHashTable *entries; /* a set */
} Tag;

typedef struct {
    char *key;
    GBytes *value;
    gint64 expires_us, stale_until_us;
    GPtrArray *tags; /* of Tag; NULL for none */
    guint64 bytes;
    GList link; /* its place in the order of use */
} Entry;

struct TuneLru {
    guint max_items;
    guint64 max_bytes, bytes, evictions;
    GHashTable *entries; /* key -> Entry */
    GHashTable *tags;    /* name -> Tag */
    GQueue order;        /* last used first */
};

TuneLru *tune_lru_new(guint max_items, guint64 max_bytes)
{
    TuneLru *self = g_new0(TuneLru, 1);

    self->max_items = max_items;
    self->max_bytes = max_bytes;
    self->entries = g_hash_table_new(g_str_hash, g_str_equal);
    self->tags = g_hash_table_new(g_str_hash, g_str_equal);
    g_queue_init(&self->order);
    return self;
}

void tune_lru_free(TuneLru *self)
{
    if (self == NULL)
        return;
    tune_lru_clear(self);
    g_hash_table_unref(self->entries);
    g_hash_table_unref(self->tags);
    g_free(self);
}

static void untag(TuneLru *self, Entry *entry)
{
    for (guint i = 0; entry->tags != NULL && i < entry->tags->len; i++) {
        Tag *tag = g_ptr_array_index(entry->tags, i);

        g_hash_table_remove(tag->entries, entry);
        if (g_hash_table_size(tag->entries) > 0)
            continue;
        g_hash_table_remove(self->tags, tag->name);
        g_hash_table_unref(tag->entries);
        g_free(tag->name);
        g_free(tag);
    }
    g_clear_pointer(&entry->tags, g_ptr_array_unref);
}

static void tag_with(TuneLru *self, Entry *entry, const char *const *names)
{
    for (; names != NULL && *names != NULL; names++) {
        Tag *tag = g_hash_table_lookup(self->tags, *names);

        if (tag == NULL) {
            tag = g_new(Tag, 1);
            *tag = (Tag){g_strdup(*names), g_hash_table_new(NULL, NULL)};
            g_hash_table_insert(self->tags, tag->name, tag);
        }
        if (!g_hash_table_add(tag->entries, entry))
            continue; /* named twice */
        if (entry->tags == NULL)
            entry->tags = g_ptr_array_new();
        g_ptr_array_add(entry->tags, tag);
        entry->bytes += strlen(*names);
    }
}

static void drop(TuneLru *self, Entry *entry)
{
    self->bytes -= entry->bytes;
    g_hash_table_remove(self->entries, entry->key);
    g_queue_unlink(&self->order, &entry->link);
    untag(self, entry);
    g_bytes_unref(entry->value);
    g_free(entry->key);
    g_free(entry);
}

GBytes *tune_lru_get(TuneLru *self, const char *key, gint64 now_us, gboolean *fresh)
{
    Entry *entry = g_hash_table_lookup(self->entries, key);

    if (entry == NULL)
        return NULL;
    if (now_us >= entry->stale_until_us && now_us >= entry->expires_us) {
        drop(self, entry);
        return NULL;
    }
    g_queue_unlink(&self->order, &entry->link);
    g_queue_push_head_link(&self->order, &entry->link);
    *fresh = now_us < entry->expires_us;
    return g_bytes_ref(entry->value);
}

/* @entry is the new or larger one. */
static void fit(TuneLru *self, Entry *entry)
{
    if (entry->bytes > self->max_bytes) { /* would push out all the others, and then go too */
        drop(self, entry);
        return;
    }
    while (self->order.length > self->max_items || self->bytes > self->max_bytes) {
        drop(self, g_queue_peek_tail(&self->order));
        self->evictions++;
    }
}

void tune_lru_put(TuneLru *self, const char *key, GBytes *value, gint64 expires_us,
                  gint64 stale_until_us, const char *const *tags)
{
    Entry *entry = g_new0(Entry, 1);

    tune_lru_remove(self, key);
    entry->key = g_strdup(key);
    entry->value = g_bytes_ref(value);
    entry->expires_us = expires_us;
    entry->stale_until_us = stale_until_us;
    entry->bytes = ENTRY_BYTES + strlen(key) + g_bytes_get_size(value);
    entry->link.data = entry;
    tag_with(self, entry, tags);
    g_hash_table_insert(self->entries, entry->key, entry);
    g_queue_push_head_link(&self->order, &entry->link);
    self->bytes += entry->bytes;
    fit(self, entry);
}

void tune_lru_amend(TuneLru *self, const char *key, GBytes *old, GBytes *value)
{
    Entry *entry = g_hash_table_lookup(self->entries, key);

    if (entry == NULL || entry->value != old)
        return;
    guint64 bytes = entry->bytes - g_bytes_get_size(old) + g_bytes_get_size(value);
    self->bytes += bytes - entry->bytes;
    entry->bytes = bytes;
    entry->value = g_bytes_ref(value);
    g_bytes_unref(old);
    fit(self, entry);
}

void tune_lru_remove(TuneLru *self, const char *key)
{
    Entry *entry = g_hash_table_lookup(self->entries, key);

    if (entry != NULL)
        drop(self, entry);
}

void tune_lru_remove_tag(TuneLru *self, const char *tag_name)
{
    const Tag *tag = g_hash_table_lookup(self->tags, tag_name);
    guint n = 0;

    if (tag == NULL)
        return;
    g_autofree gpointer *entries = g_hash_table_get_keys_as_array(tag->entries, &n);
    for (guint i = 0; i < n; i++)
        drop(self, entries[i]); /* the last one takes the tag along */
}

void tune_lru_clear(TuneLru *self)
{
    while (self->order.length > 0)
        drop(self, g_queue_peek_head(&self->order));
}

void tune_lru_stats(const TuneLru *self, guint *items, guint64 *bytes, guint64 *evictions)
{
    *items = self->order.length;
    *bytes = self->bytes;
    *evictions = self->evictions;
}

json_t *tune_lru_list(const TuneLru *self, gint64 now_us, guint limit)
{
    json_t *list = json_array();

    for (const GList *l = self->order.head; l != NULL && limit > 0; l = l->next, limit--) {
        const Entry *entry = l->data;
        json_t *item = json_object();
        gint64 left_us = MAX(entry->expires_us - now_us, 0);
        g_autofree char *key = g_utf8_make_valid(entry->key, -1);

        json_object_set_new(item, "key", json_string(key));
        json_object_set_new(item, "bytes",
                            json_integer((json_int_t)g_bytes_get_size(entry->value)));
        json_object_set_new(item, "ttl_seconds", tune_json_real((double)left_us / 1e6, 1));
        json_array_append_new(list, item);
    }
    return list;
}
