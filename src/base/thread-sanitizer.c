/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Only in builds with the thread sanitiser.  GLib's locks are futexes inside a library that it does
 * not see into, so that everything they guard looks like a race; these stand before them and tell
 * it what they order.  So for what queues and thread pools hand over, and for reference counts:
 * who gives up the last one has seen what the others did.
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

/* ---- once ---- */

gboolean(g_once_init_enter)(volatile void *location)
{
    gboolean first =
        REAL(gboolean(*)(volatile void *), "g_once_init_enter")(location);
    __tsan_acquire((void *)location);
    return first;
}

void(g_once_init_leave)(volatile void *location, gsize result)
{
    __tsan_release((void *)location);
    REAL(void (*)(volatile void *, gsize), "g_once_init_leave")(location, result);
}

/* ---- queues and thread pools ---- */

void g_async_queue_push(GAsyncQueue *queue, gpointer data)
{
    __tsan_release(queue);
    REAL(void (*)(GAsyncQueue *, gpointer), "g_async_queue_push")(queue, data);
}

gpointer g_async_queue_pop(GAsyncQueue *queue)
{
    gpointer data = REAL(gpointer(*)(GAsyncQueue *), "g_async_queue_pop")(queue);
    __tsan_acquire(queue);
    return data;
}

/* What a pool runs in place of the caller's function. */
typedef struct {
    GFunc function;
    gpointer user_data;
} Pooled;

static void run_pooled(gpointer data, gpointer user_data)
{
    Pooled *pooled = user_data;

    __tsan_acquire(pooled);
    pooled->function(data, pooled->user_data);
    __tsan_release(pooled);
}

GThreadPool *g_thread_pool_new(GFunc function, gpointer user_data, gint max_threads,
                               gboolean exclusive, GError **error)
{
    Pooled *pooled = g_new(Pooled, 1);

    *pooled = (Pooled){function, user_data};
    return REAL(GThreadPool * (*)(GFunc, gpointer, gint, gboolean, GError **),
                "g_thread_pool_new")(run_pooled, pooled, max_threads, exclusive, error);
}

gboolean g_thread_pool_push(GThreadPool *pool, gpointer data, GError **error)
{
    __tsan_release(pool->user_data);
    return REAL(gboolean(*)(GThreadPool *, gpointer, GError **), "g_thread_pool_push")(pool, data,
                                                                                     error);
}

void g_thread_pool_free(GThreadPool *pool, gboolean immediate, gboolean wait)
{
    Pooled *pooled = pool->user_data;

    REAL(void (*)(GThreadPool *, gboolean, gboolean), "g_thread_pool_free")(pool, immediate, wait);
    __tsan_acquire(pooled);
    if (wait)
        g_free(pooled);
}

/* ---- reference counts ---- */

void g_atomic_rc_box_release_full(gpointer block, GDestroyNotify clear)
{
    __tsan_release(block);
    __tsan_acquire(block);
    REAL(void (*)(gpointer, GDestroyNotify), "g_atomic_rc_box_release_full")(block, clear);
}
