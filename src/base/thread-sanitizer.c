/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Only in builds with the thread sanitiser.  GLib's locks are futexes inside a library that it does
 * not see into, so that everything they guard looks like a race; these stand before them and tell
 * it what they order.
 */
#include <dlfcn.h>
#include <glib.h>

void __tsan_acquire(void *address);
void __tsan_release(void *address);

/* The function of that name behind this one; @type: of a pointer to it. */
#define REAL(type, name) ((type)dlsym(RTLD_NEXT, name))

void g_mutex_lock(GMutex *mutex)
{
    REAL(void (*)(GMutex *), "g_mutex_lock")(mutex);
    __tsan_acquire(mutex);
}

gboolean g_mutex_trylock(GMutex *mutex)
{
    gboolean got = REAL(gboolean(*)(GMutex *), "g_mutex_trylock")(mutex);
    if (got)
        __tsan_acquire(mutex);
    return got;
}

void g_mutex_unlock(GMutex *mutex)
{
    __tsan_release(mutex);
    REAL(void (*)(GMutex *), "g_mutex_unlock")(mutex);
}

void g_cond_wait(GCond *cond, GMutex *mutex)
{
    __tsan_release(mutex);
    REAL(void (*)(GCond *, GMutex *), "g_cond_wait")(cond, mutex);
    __tsan_acquire(mutex);
}

gboolean g_cond_wait_until(GCond *cond, GMutex *mutex, gint64 end_time)
{
    __tsan_release(mutex);
    gboolean in_time =
        REAL(gboolean(*)(GCond *, GMutex *, gint64), "g_cond_wait_until")(cond, mutex, end_time);
    __tsan_acquire(mutex);
    return in_time;
}
