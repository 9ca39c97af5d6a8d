/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The first level: values by key, the least recently used going first, found by tag as well.  Every
 * operation is O(1) but for dropping a tag, which is O(its values).
 *
 * Not thread-safe: the cache's lock covers it.  Times are microseconds of any one clock, passed in.
 */
#pragma once
#include <glib.h>
#include "base/json.h"

typedef struct TuneLru TuneLru;

TuneLru *tune_lru_new(guint max_items, guint64 max_bytes);
void tune_lru_free(TuneLru *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TuneLru, tune_lru_free)

/* Moves what it finds to the front.  *fresh: not yet expired; what is past its stale time is
 * removed and not found. (transfer full) (nullable) */
GBytes *tune_lru_get(TuneLru *self, const char *key, gint64 now_us, gboolean *fresh);

/* Replaces what has the key.  What alone is larger than the cache is not kept.  @tags: (nullable).
 */
void tune_lru_put(TuneLru *self, const char *key, GBytes *value, gint64 expires_us,
                  gint64 stale_until_us, const char *const *tags);
/* Another form of the same: takes @old's place, times and tags; nothing happens where @old is not there. */
void tune_lru_amend(TuneLru *self, const char *key, GBytes *old, GBytes *value);
void tune_lru_remove(TuneLru *self, const char *key);
void tune_lru_remove_tag(TuneLru *self, const char *tag);
void tune_lru_clear(TuneLru *self);

void tune_lru_stats(const TuneLru *self, guint *items, guint64 *bytes, guint64 *evictions);
/* [{"key", "bytes", "ttl_seconds"}], last used first. (transfer full) */
json_t *tune_lru_list(const TuneLru *self, gint64 now_us, guint limit);
