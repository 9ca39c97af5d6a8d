/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/random.h"

#include <string.h>

static guint64 splitmix64(guint64 *x)
{
    guint64 z = (*x += 0x9E3779B97F4A7C15u);

    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

static guint64 rotate_left(guint64 x, guint k)
{
    return (x << k) | (x >> (64 - k));
}

void tune_random_init(TuneRandom *self, guint64 seed, const char *name_format, ...)
{
    char name[256];
    va_list args;
    guint64 hash = 0xCBF29CE484222325u;

    va_start(args, name_format);
    g_vsnprintf(name, sizeof name, name_format, args);
    va_end(args);
    for (const char *p = name; *p != '\0'; p++)
        hash = (hash ^ (guint8)*p) * 0x100000001B3u;

    guint64 mix = seed;
    hash ^= splitmix64(&mix);
    for (gsize i = 0; i < G_N_ELEMENTS(self->state); i++)
        self->state[i] = splitmix64(&hash);
}

guint64 tune_random_next(TuneRandom *self)
{
    guint64 *s = self->state;
    guint64 result = rotate_left(s[1] * 5, 7) * 9;
    guint64 t = s[1] << 17;

    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotate_left(s[3], 45);
    return result;
}

double tune_random_unit(TuneRandom *self)
{
    return (double)(tune_random_next(self) >> 11) * 0x1p-53;
}

gint tune_random_int(TuneRandom *self, gint low, gint high)
{
    g_return_val_if_fail(low <= high, low);
    guint64 span = (guint64)((gint64)high - low) + 1;

    return (gint)(low + (gint64)((tune_random_next(self) >> 32) * span >> 32));
}

double tune_random_range(TuneRandom *self, double low, double high)
{
    return low + (high - low) * tune_random_unit(self);
}

gboolean tune_random_chance(TuneRandom *self, double probability)
{
    return tune_random_unit(self) < probability;
}

double tune_random_bell(TuneRandom *self)
{
    double sum = -6.0;

    for (int i = 0; i < 12; i++)
        sum += tune_random_unit(self);
    return sum;
}

gsize tune_random_weighted(TuneRandom *self, const double *weights, gsize n)
{
    double total = 0.0;

    for (gsize i = 0; i < n; i++)
        total += weights[i];
    double pick = tune_random_unit(self) * total;
    for (gsize i = 0; i < n; i++) {
        pick -= weights[i];
        if (pick < 0.0)
            return i;
    }
    return 0;
}
