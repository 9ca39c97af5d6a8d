/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * How much memory renders may take together.  Every job says beforehand what it needs.  When a render finds
 * no memory all the same, or the system runs short, a breaker refuses work that needs much for half a
 * minute; small jobs go on.
 */
#include "base/machine.h"
#include "jobs/jobs-private.h"

#define OPEN_US   (30 * G_USEC_PER_SEC)
#define MUCH_PART 4 /* a quarter of the limit is much */
#define MIB       (1024.0 * 1024.0)

void tune_admission_init(TuneAdmission *self, guint64 limit)
{
    guint64 available = tune_machine_memory_available();

    g_mutex_init(&self->lock);
    self->limit = limit != 0 ? limit : available != 0 ? available / 4 * 3 : G_MAXUINT64;
    self->in_use = 0;
    self->open_until_us = 0;
}

void tune_admission_clear(TuneAdmission *self)
{
    g_mutex_clear(&self->lock);
}

gboolean tune_admission_check(TuneAdmission *self, guint64 bytes, GError **error)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&self->lock);

    if (bytes > self->limit) {
        g_set_error(error, TUNE_JOBS_ERROR, TUNE_JOBS_ERROR_TOO_LARGE,
                    "this needs about %.0f MiB of memory, and renders may take %.0f MiB here",
                    (double)bytes / MIB, (double)self->limit / MIB);
        return FALSE;
    }
    gint64 left = self->open_until_us - g_get_monotonic_time();
    if (left <= 0 || bytes < self->limit / MUCH_PART)
        return TRUE;
    g_set_error(error, TUNE_JOBS_ERROR, TUNE_JOBS_ERROR_MEMORY,
                "memory is short for now, and this needs about %.0f MiB; try again in %d seconds",
                (double)bytes / MIB, (gint)(left / G_USEC_PER_SEC) + 1);
    return FALSE;
}

guint64 tune_admission_free(TuneAdmission *self)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&self->lock);
    guint64 left = self->limit > self->in_use ? self->limit - self->in_use : 0;

    if (self->open_until_us > g_get_monotonic_time())
        left = MIN(left, self->limit / MUCH_PART);
    return left;
}

void tune_admission_take(TuneAdmission *self, guint64 bytes)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&self->lock);

    self->in_use += bytes;
}

void tune_admission_give(TuneAdmission *self, guint64 bytes)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&self->lock);

    self->in_use -= MIN(bytes, self->in_use);
}

void tune_admission_trip(TuneAdmission *self)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&self->lock);

    self->open_until_us = g_get_monotonic_time() + OPEN_US;
}

gboolean tune_admission_is_open(TuneAdmission *self)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&self->lock);

    return self->open_until_us > g_get_monotonic_time();
}
