/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * RFC 9562 section 5.7 with its method 3 (section 6.2): the bits after the milliseconds go on with
 * the clock, so that ids made one after the other sort in that order without any state.  20 bits
 * hold the part of the millisecond to the nanosecond, 54 bits are random.
 */
#include "store/store-private.h"

#include <sys/random.h>
#include <time.h>

static guint64 random_bits(void)
{
    guint64 bits;
    /* Never short for so few bytes once the kernel's pool is ready, which the call waits for. */
    while (getrandom(&bits, sizeof bits, 0) != sizeof bits)
        ;
    return bits;
}

char *tune_store_new_id(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    guint64 ms = (guint64)now.tv_sec * 1000 + (guint64)now.tv_nsec / 1000000;
    guint64 fraction = ((guint64)(now.tv_nsec % 1000000) << 20) / 1000000;
    guint64 high = ms << 16 | 0x7000 | fraction >> 8;
    guint64 low = G_GUINT64_CONSTANT(1) << 63 | (fraction & 0xff) << 54 |
                  (random_bits() & ((G_GUINT64_CONSTANT(1) << 54) - 1));
    return g_strdup_printf("%08x-%04x-%04x-%04x-%012" G_GINT64_MODIFIER "x", (guint)(high >> 32),
                           (guint)(high >> 16) & 0xffff, (guint)high & 0xffff, (guint)(low >> 48),
                           low & G_GUINT64_CONSTANT(0xffffffffffff));
}
