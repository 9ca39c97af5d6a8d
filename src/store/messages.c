/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * One thread takes what committed transactions sent and calls the listeners.  Messages leave after
 * the commit, not within it: PostgreSQL lets only one transaction at a time commit that has sent a
 * message, so that a NOTIFY inside would end the sharing of flushes between commits.  The price: a
 * process that dies right after a commit may take its messages along; who waits for one looks into
 * the table as well.
 */
#include "store/store-private.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define QUEUE_MAX 10000 /* of messages while the database is away; the oldest go first */

typedef struct {
    guint id;
    char *channel;
    TuneListener call;
    gpointer user_data;
} Listener;

struct TuneMessages {
    TuneMessageCarrier carrier;
    GThread *thread;
    int wake; /* eventfd */
    GMutex lock;
    GCond changed; /* a call ended, channels are heard */
    /* under lock */
    GQueue outgoing;      /* of TuneMessage */
    GPtrArray *listeners; /* of Listener */
    guint last_id;
    guint called;         /* id of the listener being called; 0: none */
    guint version, heard; /* of the set of channels: wanted; arrived at the database */
    gboolean stop;
};

static void listener_free(Listener *self)
{
    g_free(self->channel);
    g_free(self);
}

static void wake(TuneMessages *self)
{
    guint64 one = 1;
    gssize unused G_GNUC_UNUSED = write(self->wake, &one, sizeof one);
}

static void drain(TuneMessages *self)
{
    guint64 count;
    gssize unused G_GNUC_UNUSED = read(self->wake, &count, sizeof count);
}

/* Within one process a message needs no carrying. */
static void run_within(TuneMessages *self)
{
    while (!tune_messages_stopping(self)) {
        g_autoptr(GPtrArray) messages = tune_messages_take(self);
        for (guint i = 0; messages != NULL && i < messages->len; i++) {
            TuneMessage *message = messages->pdata[i];
            tune_messages_deliver(self, message->channel, message->payload);
        }
        if (messages == NULL) {
            struct pollfd waited = {.fd = self->wake, .events = POLLIN};
            poll(&waited, 1, -1);
        }
    }
}

static gpointer thread_main(gpointer data)
{
    TuneMessages *self = data;
    if (self->carrier.run != NULL)
        self->carrier.run(self, self->carrier.user_data);
    else
        run_within(self);
    return NULL;
}

TuneMessages *tune_messages_new(const TuneMessageCarrier *carrier)
{
    TuneMessages *self = g_new0(TuneMessages, 1);
    if (carrier != NULL)
        self->carrier = *carrier;
    self->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    self->listeners = g_ptr_array_new_with_free_func((GDestroyNotify)listener_free);
    g_mutex_init(&self->lock);
    g_cond_init(&self->changed);
    g_queue_init(&self->outgoing);
    self->thread = g_thread_new("store-messages", thread_main, self);
    return self;
}

void tune_messages_free(TuneMessages *self)
{
    if (self == NULL)
        return;
    g_mutex_lock(&self->lock);
    self->stop = TRUE;
    g_mutex_unlock(&self->lock);
    wake(self);
    g_thread_join(self->thread);
    close(self->wake);
    g_queue_clear_full(&self->outgoing, (GDestroyNotify)tune_message_free);
    g_ptr_array_unref(self->listeners);
    g_mutex_clear(&self->lock);
    g_cond_clear(&self->changed);
    g_free(self);
}

/* ---- for the store ---- */

void tune_messages_send(TuneMessages *self, GPtrArray *messages)
{
    if (messages == NULL)
        return;
    g_mutex_lock(&self->lock);
    for (guint i = 0; i < messages->len; i++)
        g_queue_push_tail(&self->outgoing, messages->pdata[i]);
    while (self->outgoing.length > QUEUE_MAX)
        tune_message_free(g_queue_pop_head(&self->outgoing));
    g_mutex_unlock(&self->lock);
    g_ptr_array_set_free_func(messages, NULL);
    g_ptr_array_unref(messages);
    wake(self);
}

guint tune_messages_listen(TuneMessages *self, const char *channel, TuneListener listener,
                           gpointer user_data)
{
    Listener *added = g_new(Listener, 1);
    *added = (Listener){.channel = g_strdup(channel), .call = listener, .user_data = user_data};

    g_mutex_lock(&self->lock);
    guint id = added->id = ++self->last_id;
    g_ptr_array_add(self->listeners, added);
    guint version = ++self->version;
    wake(self);
    /* What is sent from now on must be heard; when the database is away, the call that tells of
     * missed messages covers it. */
    gint64 until = g_get_monotonic_time() + G_TIME_SPAN_SECOND;
    while (self->carrier.run != NULL && self->heard < version && g_thread_self() != self->thread &&
           g_cond_wait_until(&self->changed, &self->lock, until))
        ;
    g_mutex_unlock(&self->lock);
    return id;
}

void tune_messages_unlisten(TuneMessages *self, guint id)
{
    g_mutex_lock(&self->lock);
    for (guint i = 0; i < self->listeners->len; i++) {
        Listener *listener = self->listeners->pdata[i];
        if (listener->id == id) {
            g_ptr_array_remove_index(self->listeners, i);
            self->version++;
            break;
        }
    }
    while (self->called == id && g_thread_self() != self->thread)
        g_cond_wait(&self->changed, &self->lock);
    g_mutex_unlock(&self->lock);
    wake(self);
}

/* ---- for carriers ---- */

int tune_messages_wake_fd(TuneMessages *self)
{
    return self->wake;
}

gboolean tune_messages_stopping(TuneMessages *self)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&self->lock);
    return self->stop;
}

GPtrArray *tune_messages_take(TuneMessages *self)
{
    drain(self);
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&self->lock);
    if (self->outgoing.length == 0)
        return NULL;
    GPtrArray *taken = g_ptr_array_new_with_free_func((GDestroyNotify)tune_message_free);
    TuneMessage *message;
    while ((message = g_queue_pop_head(&self->outgoing)) != NULL)
        g_ptr_array_add(taken, message);
    return taken;
}

char **tune_messages_channels(TuneMessages *self, guint *version)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&self->lock);
    if (*version == self->version)
        return NULL;
    *version = self->version;
    g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
    GPtrArray *channels = g_ptr_array_new();
    for (guint i = 0; i < self->listeners->len; i++) {
        Listener *listener = self->listeners->pdata[i];
        if (g_hash_table_add(seen, listener->channel))
            g_ptr_array_add(channels, g_strdup(listener->channel));
    }
    g_ptr_array_add(channels, NULL);
    return (char **)g_ptr_array_free(channels, FALSE);
}

void tune_messages_heard(TuneMessages *self, guint version)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&self->lock);
    self->heard = version;
    g_cond_broadcast(&self->changed);
}

/* Calls every listener of @channel (NULL: of all) that was there at the beginning. */
static void call_listeners(TuneMessages *self, const char *channel, const char *payload)
{
    g_autoptr(GArray) ids = g_array_new(FALSE, FALSE, sizeof(guint));

    g_mutex_lock(&self->lock);
    for (guint i = 0; i < self->listeners->len; i++) {
        Listener *listener = self->listeners->pdata[i];
        if (channel == NULL || g_str_equal(listener->channel, channel))
            g_array_append_val(ids, listener->id);
    }
    for (guint i = 0; i < ids->len; i++) {
        guint id = g_array_index(ids, guint, i);
        guint at = 0;
        while (at < self->listeners->len && ((Listener *)self->listeners->pdata[at])->id != id)
            at++;
        if (at == self->listeners->len)
            continue;
        Listener called = *(Listener *)self->listeners->pdata[at];
        g_autofree char *name = g_strdup(called.channel);
        self->called = id;
        g_mutex_unlock(&self->lock);
        called.call(name, payload, called.user_data);
        g_mutex_lock(&self->lock);
        self->called = 0;
        g_cond_broadcast(&self->changed);
    }
    g_mutex_unlock(&self->lock);
}

void tune_messages_deliver(TuneMessages *self, const char *channel, const char *payload)
{
    call_listeners(self, channel, payload);
}

void tune_messages_missed(TuneMessages *self)
{
    call_listeners(self, NULL, NULL);
}
