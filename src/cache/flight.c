/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cache/flight.h"

struct TuneFlight {
    char *key;
    char **tags;
    pthread_t maker;
    pthread_cond_t landed;
    guint references; /* the maker and each who waits */
    gboolean done, stale;
    GBytes *value;
    GError *error;
};

struct TuneFlights {
    pthread_mutex_t *lock;
    GHashTable *by_key; /* those that others may still join */
    GHashTable *all;    /* a set: also those that have been dropped */
};

TuneFlights *tune_flights_new(pthread_mutex_t *lock)
{
    TuneFlights *self = g_new0(TuneFlights, 1);

    self->lock = lock;
    self->by_key = g_hash_table_new(g_str_hash, g_str_equal);
    self->all = g_hash_table_new(NULL, NULL);
    return self;
}

void tune_flights_free(TuneFlights *self)
{
    if (self == NULL)
        return;
    g_hash_table_unref(self->by_key);
    g_hash_table_unref(self->all);
    g_free(self);
}

TuneFlight *tune_flights_find(TuneFlights *self, const char *key)
{
    return g_hash_table_lookup(self->by_key, key);
}

TuneFlight *tune_flights_start(TuneFlights *self, const char *key, const char *const *tags)
{
    TuneFlight *flight = g_new0(TuneFlight, 1);

    flight->key = g_strdup(key);
    flight->tags = g_strdupv((char **)tags);
    flight->maker = pthread_self();
    pthread_cond_init(&flight->landed, NULL);
    flight->references = 1;
    g_hash_table_insert(self->by_key, flight->key, flight);
    g_hash_table_add(self->all, flight);
    return flight;
}

gboolean tune_flight_is_mine(const TuneFlight *flight)
{
    return pthread_equal(flight->maker, pthread_self());
}

gboolean tune_flight_is_stale(const TuneFlight *flight)
{
    return flight->stale;
}

static void release(TuneFlight *flight)
{
    if (--flight->references > 0)
        return;
    pthread_cond_destroy(&flight->landed);
    g_clear_pointer(&flight->value, g_bytes_unref);
    g_clear_error(&flight->error);
    g_strfreev(flight->tags);
    g_free(flight->key);
    g_free(flight);
}

GBytes *tune_flights_wait(TuneFlights *self, TuneFlight *flight, GError **error)
{
    flight->references++;
    while (!flight->done)
        pthread_cond_wait(&flight->landed, self->lock);
    GBytes *value = flight->value != NULL ? g_bytes_ref(flight->value) : NULL;
    if (value == NULL && flight->error != NULL)
        g_propagate_error(error, g_error_copy(flight->error));
    release(flight);
    return value;
}

/* Nobody joins it from now on. */
static void close_to_others(TuneFlights *self, TuneFlight *flight)
{
    if (g_hash_table_lookup(self->by_key, flight->key) == flight)
        g_hash_table_remove(self->by_key, flight->key);
}

void tune_flights_land(TuneFlights *self, TuneFlight *flight, GBytes *value, const GError *error)
{
    close_to_others(self, flight);
    g_hash_table_remove(self->all, flight);
    flight->value = value != NULL ? g_bytes_ref(value) : NULL;
    flight->error = error != NULL ? g_error_copy(error) : NULL;
    flight->done = TRUE;
    pthread_cond_broadcast(&flight->landed);
    release(flight);
}

static void drop(TuneFlights *self, TuneFlight *flight)
{
    flight->stale = TRUE;
    close_to_others(self, flight);
}

void tune_flights_drop(TuneFlights *self, const char *key)
{
    TuneFlight *flight = tune_flights_find(self, key);

    if (flight != NULL)
        drop(self, flight);
}

void tune_flights_drop_tag(TuneFlights *self, const char *tag)
{
    GHashTableIter iter;
    gpointer flight;

    g_hash_table_iter_init(&iter, self->all);
    while (g_hash_table_iter_next(&iter, &flight, NULL)) {
        char **tags = ((TuneFlight *)flight)->tags;

        if (tags != NULL && g_strv_contains((const char *const *)tags, tag))
            drop(self, flight);
    }
}

void tune_flights_drop_all(TuneFlights *self)
{
    GHashTableIter iter;
    gpointer flight;

    g_hash_table_iter_init(&iter, self->all);
    while (g_hash_table_iter_next(&iter, &flight, NULL))
        drop(self, flight);
}
