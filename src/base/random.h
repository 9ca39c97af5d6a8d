/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Named random streams.  Every random choice of the program draws from a stream named by what it
 * decides, so that changing one part never shifts another part's choices:
 *
 *     TuneRandom r;
 *     tune_random_init(&r, seed, "chorus/bass/bar/%d", bar);
 *     if (tune_random_chance(&r, 0.3)) ...
 *
 * The state is derived by hashing (seed, name) with FNV-1a and splitmix64; the generator is
 * xoshiro256** (Blackman and Vigna, 2018).  Results are the same on every machine: no libm, no
 * hash-table order.  A TuneRandom is a plain value owned by its user; it is not shared by threads.
 */
#pragma once
#include <glib.h>

typedef struct {
    guint64 state[4];
} TuneRandom;

/* Start the stream @name_format (printf-like) of @seed. */
void tune_random_init(TuneRandom *self, guint64 seed, const char *name_format, ...)
    G_GNUC_PRINTF(3, 4);

guint64 tune_random_next(TuneRandom *self);

/* Uniform in [0, 1), 53 bits. */
double tune_random_unit(TuneRandom *self);

/* Uniform integer in [@low, @high], both included. */
gint tune_random_int(TuneRandom *self, gint low, gint high);

/* Uniform in [@low, @high). */
double tune_random_range(TuneRandom *self, double low, double high);

gboolean tune_random_chance(TuneRandom *self, double probability);

/* Bell-shaped with mean 0 and standard deviation 1, within ±3.46 (sum of twelve uniforms, so that it
 * needs no libm and has no outliers). */
double tune_random_bell(TuneRandom *self);

/* Index in [0, @n) with the given @weights (>= 0).  Returns 0 when all are zero. */
gsize tune_random_weighted(TuneRandom *self, const double *weights, gsize n);
