/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What the tests of the cache share: a clock that is moved by hand, makers that count, and the
 * contract that holds with and without a second level.
 */
#pragma once
#include "cache/cache.h"

#include <stdatomic.h>

gint64 cache_test_clock(gpointer atomic_us); /* of a _Atomic gint64 */

GBytes *cache_test_bytes(const char *text);
/* Asserts that @value (transfer full, nullable) is @text, or nothing for NULL. */
void cache_test_is(GBytes *value, const char *text);

/* A maker that counts its calls. */
typedef struct {
    atomic_uint n_calls;
    const char *text; /* what it makes; NULL: it fails */
    guint sleep_us;
    void (*during)(gpointer during_data); /* (nullable) */
    gpointer during_data;
} CacheMaker;
GBytes *cache_test_make(gpointer maker, GError **error);
#define CACHE_TEST_ERROR (g_quark_from_static_string("cache-test"))

/* A cache with Redis at @url; what it says in the log is kept away. */
TuneCache *cache_test_on(const char *url);
gboolean cache_test_is_up(TuneCache *cache);
/* Waits, and asserts that it came to that. */
void cache_test_wait_until_up(TuneCache *cache, gboolean up);
/* For 300 s; @tag: (nullable). */
void cache_test_set(TuneCache *cache, const char *key, const char *text, const char *tag);

/* Threads read through @reader what others change and then drop through @writer: who asks after a
 * drop never gets what was before it.  (They may be the same.) */
void cache_test_never_older(TuneCache *writer, TuneCache *reader);

/* Adds the contract's cases under @path; @make gives a cache with nothing in it. */
typedef TuneCache *(*CacheTestNew)(const TuneCacheConfig *config);
void cache_test_add_contract(const char *path, CacheTestNew make);
