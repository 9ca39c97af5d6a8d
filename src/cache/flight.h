/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Values under way: one maker for each missing key, the others wait for what it brings.
 *
 * A flight that is dropped while under way (its key or one of its tags) still serves those who wait
 * for it, but its value is not to be kept, and who asks from then on starts another.  All calls are
 * made with the lock held that was given to tune_flights_new(); waiting lets it go meanwhile.
 */
#pragma once
#include <glib.h>
#include <pthread.h>

typedef struct TuneFlights TuneFlights;
typedef struct TuneFlight TuneFlight;

/* @lock: the caller's, outliving the flights. */
TuneFlights *tune_flights_new(pthread_mutex_t *lock);
void tune_flights_free(TuneFlights *self); /* none may be under way */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TuneFlights, tune_flights_free)

/* (nullable) (transfer none) */
TuneFlight *tune_flights_find(TuneFlights *self, const char *key);
/* This thread makes the value; to be ended by tune_flights_land(). */
TuneFlight *tune_flights_start(TuneFlights *self, const char *key, const char *const *tags);
gboolean tune_flight_is_mine(const TuneFlight *flight);
/* Dropped while under way? */
gboolean tune_flight_is_stale(const TuneFlight *flight);
/* Wait until @flight has landed: its value, or a copy of its error. (transfer full) */
GBytes *tune_flights_wait(TuneFlights *self, TuneFlight *flight, GError **error);
/* Give @value or @error (both copied) to all who wait; @flight is gone afterwards. */
void tune_flights_land(TuneFlights *self, TuneFlight *flight, GBytes *value, const GError *error);

void tune_flights_drop(TuneFlights *self, const char *key);
void tune_flights_drop_tag(TuneFlights *self, const char *tag);
void tune_flights_drop_all(TuneFlights *self);
