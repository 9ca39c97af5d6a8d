/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Token buckets in memory: @rate tokens a second flow in, at most @burst are there, each event
 * takes one. At most so many keys are remembered; the longest unused goes first (it is most likely
 * full again). Thread-safe.
 */
#pragma once
#include <glib.h>

typedef struct TuneBuckets TuneBuckets;

TuneBuckets *tune_buckets_new(guint max_keys);
void tune_buckets_free(TuneBuckets *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TuneBuckets, tune_buckets_free)

/* Whether there was a token; *remaining: what is left.  @now_us: of a clock that may jump;
 * backwards counts as no time. */
gboolean tune_buckets_take(TuneBuckets *self, const char *key, double rate, double burst,
                           gint64 now_us, double *remaining);
