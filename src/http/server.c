/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "http/http-private.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <unistd.h>

enum { BACKLOG = 4096, MAX_LOOPS = 4, DEFAULT_WORKERS = 32 };

G_DEFINE_QUARK(tune - http - error - quark, tune_http_error)

TuneHttpServer *tune_http_server_new(const TuneHttpConfig *config)
{
    g_return_val_if_fail(config->begin != NULL && config->handle != NULL, NULL);
    TuneHttpServer *self = g_new0(TuneHttpServer, 1);

    self->config = *config;
    g_mutex_init(&self->lock);
    g_cond_init(&self->changed);
    self->nothing = g_bytes_new_static("", 0);
    self->listeners = g_ptr_array_new_with_free_func(g_object_unref);
    self->networks =
        g_hash_table_new_full(g_bytes_hash, g_bytes_equal, (GDestroyNotify)g_bytes_unref, NULL);
    return self;
}

/* @socket (transfer full) */
static void add_listener(TuneHttpServer *self, GSocket *socket)
{
    g_autoptr(GSocketAddress) address = g_socket_get_local_address(socket, NULL);

    /* Connections inherit it; without effect on a local socket. */
    g_socket_set_option(socket, IPPROTO_TCP, TCP_NODELAY, TRUE, NULL);
    if (self->listeners->len == 0 && G_IS_INET_SOCKET_ADDRESS(address))
        self->port = g_inet_socket_address_get_port(G_INET_SOCKET_ADDRESS(address));
    g_ptr_array_add(self->listeners, socket);
}

gboolean tune_http_server_listen_fd(TuneHttpServer *self, int fd, GError **error)
{
    g_return_val_if_fail(!self->started, FALSE);
    g_autoptr(GSocket) socket = g_socket_new_from_fd(fd, NULL);
    gint listens = 0;

    if (socket == NULL || !g_socket_get_option(socket, SOL_SOCKET, SO_ACCEPTCONN, &listens, NULL) ||
        !listens) {
        g_set_error(error, TUNE_HTTP_ERROR, TUNE_HTTP_ERROR_ADDRESS,
                    "descriptor %d is no listening socket", fd);
        if (socket == NULL)
            close(fd);
        return FALSE;
    }
    fcntl(fd, F_SETFD, FD_CLOEXEC);
    add_listener(self, g_steal_pointer(&socket));
    return TRUE;
}

static gboolean listen_on(TuneHttpServer *self, GInetAddress *address, guint port, GError **error)
{
    g_autoptr(GSocketAddress) where = g_inet_socket_address_new(address, (guint16)port);
    g_autoptr(GSocket) socket = g_socket_new(g_inet_address_get_family(address),
                                             G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_TCP, error);

    if (socket == NULL)
        return FALSE;
    g_socket_set_listen_backlog(socket, BACKLOG);
    if (!g_socket_bind(socket, where, TRUE, error) || !g_socket_listen(socket, error))
        return FALSE;
    add_listener(self, g_steal_pointer(&socket));
    return TRUE;
}

static gboolean is_in_use(const GError *error)
{
    return g_error_matches(error, G_IO_ERROR, G_IO_ERROR_ADDRESS_IN_USE);
}

gboolean tune_http_server_listen(TuneHttpServer *self, const char *host, guint port, GError **error)
{
    g_return_val_if_fail(!self->started && port <= 65535, FALSE);
    const guint before = self->listeners->len;
    g_autoptr(GError) wrong = NULL;
    g_autoptr(GResolver) resolver = g_resolver_get_default();
    GList *found = g_resolver_lookup_by_name(resolver, host, NULL, &wrong);

    /* A name that stands for several addresses gets the same port on all of them.  Some may not be
     * there (IPv6 of "localhost"); but an address in use is never half a success. */
    for (GList *node = found; node != NULL && !is_in_use(wrong); node = node->next) {
        g_clear_error(&wrong);
        listen_on(self, node->data, self->listeners->len == before ? port : self->port, &wrong);
    }
    g_resolver_free_addresses(found);
    if (self->listeners->len > before && !is_in_use(wrong))
        return TRUE;
    g_set_error(error, TUNE_HTTP_ERROR, TUNE_HTTP_ERROR_ADDRESS, "cannot listen on %s port %u: %s",
                host, port, wrong->message);
    return FALSE;
}

guint tune_http_server_port(const TuneHttpServer *self)
{
    return self->port;
}

/* ---- workers ---- */

/* With the lock.  One thread is called at a time, which calls the next if there is more to do: a
 * call for each request would cost more than small handlers do. */
static void call_worker(TuneHttpServer *self)
{
    if (!self->calling)
        self->calling = g_thread_pool_push(self->workers, self, NULL);
}

static void work(gpointer data, gpointer user_data)
{
    TuneHttpServer *self = data;
    TuneHttpConnection *one;

    g_mutex_lock(&self->lock);
    self->calling = FALSE;
    while ((one = g_queue_pop_head(&self->queued)) != NULL) {
        g_autoptr(TuneHttpWaker) waker = tune_http_waker_ref(one->waker);

        if (self->queued.length > 0)
            call_worker(self);
        self->n_busy++;
        g_mutex_unlock(&self->lock);
        self->config.handle(&one->request, &one->response, self->config.user_data);
        self->n_busy--;
        atomic_store(&waker->returned, TRUE); /* the loop may free the connection from now on */
        tune_http_waker_wake(waker);
        g_mutex_lock(&self->lock);
    }
    g_mutex_unlock(&self->lock);
}

gboolean tune_http_server_submit(TuneHttpServer *self, TuneHttpConnection *connection)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&self->lock);

    if (self->queued.length >= self->config.max_queued)
        return FALSE;
    g_queue_push_tail(&self->queued, connection);
    call_worker(self);
    return TRUE;
}

gboolean tune_http_server_start(TuneHttpServer *self, GError **error)
{
    g_return_val_if_fail(!self->started, FALSE);
    const guint n_loops =
        self->config.n_loops > 0 ? self->config.n_loops : MIN(g_get_num_processors(), MAX_LOOPS);
    const guint n_workers = self->config.n_workers > 0 ? self->config.n_workers : DEFAULT_WORKERS;

    self->loops = g_new0(TuneHttpLoop *, n_loops);
    for (; self->n_loops < n_loops; self->n_loops++) {
        self->loops[self->n_loops] = tune_http_loop_new(self, error);
        if (self->loops[self->n_loops] == NULL)
            return FALSE;
    }
    self->workers = g_thread_pool_new(work, self, (gint)n_workers, TRUE, error);
    if (self->workers == NULL)
        return FALSE;
    self->accepting = n_loops;
    self->started = TRUE;
    for (guint i = 0; i < n_loops; i++)
        self->loops[i]->thread = g_thread_new("http", tune_http_loop_main, self->loops[i]);
    return TRUE;
}

void tune_http_server_stop_listening(TuneHttpServer *self)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&self->lock);

    if (--self->accepting > 0)
        return;
    for (guint i = 0; i < self->listeners->len; i++)
        g_socket_close(self->listeners->pdata[i], NULL);
    g_cond_broadcast(&self->changed);
}

static void set_stage(TuneHttpServer *self, TuneHttpStage stage)
{
    atomic_store(&self->stage, stage);
    for (guint i = 0; i < self->n_loops; i++)
        tune_http_loop_nudge(self->loops[i]);
}

gboolean tune_http_server_drain(TuneHttpServer *self, guint ms)
{
    const gint64 until = g_get_monotonic_time() + (gint64)ms * 1000;

    if (!self->started || self->stopped)
        return TRUE;
    set_stage(self, TUNE_HTTP_DRAINS);
    g_mutex_lock(&self->lock);
    while (self->accepting > 0) /* soon: loops do not block */
        g_cond_wait(&self->changed, &self->lock);
    while (self->open > 0 && g_cond_wait_until(&self->changed, &self->lock, until))
        ;
    const gboolean all_ended = self->open == 0;
    g_mutex_unlock(&self->lock);
    set_stage(self, TUNE_HTTP_CUTS);
    for (guint i = 0; i < self->n_loops; i++)
        g_thread_join(self->loops[i]->thread);
    self->stopped = TRUE;
    return all_ended;
}

void tune_http_server_free(TuneHttpServer *self)
{
    if (self == NULL)
        return;
    tune_http_server_drain(self, 0);
    if (self->workers != NULL)
        g_thread_pool_free(self->workers, FALSE, TRUE);
    for (guint i = 0; i < self->n_loops; i++)
        tune_http_loop_free(self->loops[i]);
    g_free(self->loops);
    g_ptr_array_unref(self->listeners);
    g_bytes_unref(self->nothing);
    g_hash_table_unref(self->networks);
    g_cond_clear(&self->changed);
    g_mutex_clear(&self->lock);
    g_free(self);
}

gboolean tune_http_server_count(TuneHttpServer *self, GBytes *network, int change)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&self->lock);
    int of_network = 0;

    if (network != NULL) {
        of_network = GPOINTER_TO_INT(g_hash_table_lookup(self->networks, network)) + change;
        if (of_network > 0)
            g_hash_table_insert(self->networks, g_bytes_ref(network), GINT_TO_POINTER(of_network));
        else
            g_hash_table_remove(self->networks, network);
    }
    self->open += (guint)change;
    if (self->open == 0)
        g_cond_broadcast(&self->changed);
    return self->open <= self->config.max_connections &&
           (network == NULL || (guint)of_network <= self->config.max_per_address);
}

void tune_http_server_stats(TuneHttpServer *self, TuneHttpStats *out)
{
    g_mutex_lock(&self->lock);
    *out = (TuneHttpStats){.queued = self->queued.length, .busy_workers = self->n_busy};
    g_mutex_unlock(&self->lock);
    for (guint i = 0; i < self->n_loops; i++) {
        const TuneHttpLoop *loop = self->loops[i];

        out->connections += loop->counters.connections;
        out->requests += loop->counters.requests;
        out->refused += loop->counters.refused;
        out->bytes_out += loop->counters.bytes_out;
        out->open += loop->counters.open;
        out->streams += loop->counters.streams;
    }
}
