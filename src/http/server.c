/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "http/http-private.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

enum { BACKLOG = 4096, MAX_LOOPS = 4, DEFAULT_WORKERS = 32 };

G_DEFINE_QUARK(tune - http - error - quark, tune_http_error)

TuneHttpServer *tune_http_server_new(const TuneHttpConfig *config, GError **error)
{
    g_return_val_if_fail(config->begin != NULL && config->handle != NULL, NULL);
    g_autoptr(TuneHttpServer) self = g_new0(TuneHttpServer, 1);
    TuneHttpConfig *own = &self->config;

    pthread_mutex_init(&self->lock, NULL);
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&self->ended, &monotonic);
    pthread_condattr_destroy(&monotonic);
    *own = *config;
    own->trusted = (const char *const *)g_strdupv((char **)config->trusted);
    own->server_name = g_strdup(config->server_name);
    own->temporary_folder = g_strdup(config->temporary_folder);
    self->listeners = g_array_new(FALSE, FALSE, sizeof(int));
    self->addresses = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    self->trusted = tune_http_networks_new(own->trusted, error);
    if (self->trusted == NULL)
        return NULL;
    if (own->server_name != NULL && !tune_http_is_field_value(own->server_name)) {
        g_set_error(error, TUNE_HTTP_ERROR, TUNE_HTTP_ERROR_SYSTEM,
                    "the server's name has a control character");
        return NULL;
    }
    return g_steal_pointer(&self);
}

gboolean tune_http_server_listen_fd(TuneHttpServer *self, int fd, GError **error)
{
    g_return_val_if_fail(!self->started, FALSE);
    struct sockaddr_storage address = {0};
    socklen_t length = sizeof address;
    int listening = 0, on = 1;
    socklen_t size = sizeof listening;

    if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &size) < 0 || !listening ||
        getsockname(fd, (struct sockaddr *)&address, &length) < 0) {
        g_set_error(error, TUNE_HTTP_ERROR, TUNE_HTTP_ERROR_ADDRESS,
                    "descriptor %d is no listening socket", fd);
        close(fd);
        return FALSE;
    }
    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
    fcntl(fd, F_SETFD, FD_CLOEXEC);
    /* Connections inherit it; without effect on a local socket. */
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (self->listeners->len == 0 && address.ss_family == AF_INET)
        self->port = ntohs(((struct sockaddr_in *)&address)->sin_port);
    else if (self->listeners->len == 0 && address.ss_family == AF_INET6)
        self->port = ntohs(((struct sockaddr_in6 *)&address)->sin6_port);
    g_array_append_val(self->listeners, fd);
    return TRUE;
}

/* A listening socket on one address, or -1 with errno. */
static int bind_one(const struct addrinfo *info, gboolean v6_only)
{
    const int on = 1, only = v6_only;
    const int fd = socket(info->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return -1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (info->ai_family == AF_INET6)
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &only, sizeof only);
    if (bind(fd, info->ai_addr, info->ai_addrlen) == 0 && listen(fd, BACKLOG) == 0)
        return fd;
    const int code = errno;
    close(fd);
    errno = code;
    return -1;
}

/* A name that stands for several addresses gets the same port on all of them. */
static void reuse_port(struct addrinfo *info, guint port)
{
    if (info->ai_family == AF_INET)
        ((struct sockaddr_in *)info->ai_addr)->sin_port = htons((guint16)port);
    else
        ((struct sockaddr_in6 *)info->ai_addr)->sin6_port = htons((guint16)port);
}

static guint port_of(int fd)
{
    struct sockaddr_in6 address = {0};
    socklen_t length = sizeof address;

    getsockname(fd, (struct sockaddr *)&address, &length);
    return ntohs(address.sin6_port); /* at the same place for IPv4 */
}

gboolean tune_http_server_listen(TuneHttpServer *self, const char *host, guint port, GError **error)
{
    g_return_val_if_fail(!self->started && port <= 65535, FALSE);
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
                                   .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
    struct addrinfo *found = NULL;
    char service[8];
    guint n = 0;
    int code;

    g_snprintf(service, sizeof service, "%u", port);
    code = getaddrinfo(host, service, &hints, &found);
    if (code != 0) {
        g_set_error(error, TUNE_HTTP_ERROR, TUNE_HTTP_ERROR_ADDRESS, "cannot listen on %s: %s",
                    host, gai_strerror(code));
        return FALSE;
    }
    code = 0;
    for (struct addrinfo *info = found; info != NULL; info = info->ai_next) {
        if (info->ai_family != AF_INET && info->ai_family != AF_INET6)
            continue;
        reuse_port(info, port);
        const int fd = bind_one(info, g_strcmp0(host, "::") != 0);
        if (fd < 0) {
            code = errno;
        } else if (tune_http_server_listen_fd(self, fd, error)) {
            port = port_of(fd);
            n++;
        }
    }
    freeaddrinfo(found);
    /* "localhost" also where there is no IPv6; but an address in use is never half a success. */
    if (n > 0 && code != EADDRINUSE)
        return TRUE;
    g_set_error(error, TUNE_HTTP_ERROR, TUNE_HTTP_ERROR_ADDRESS, "cannot listen on %s port %u: %s",
                host, port, g_strerror(code));
    return FALSE;
}

guint tune_http_server_port(const TuneHttpServer *self)
{
    return self->port;
}

gboolean tune_http_server_start(TuneHttpServer *self, GError **error)
{
    g_return_val_if_fail(!self->started, FALSE);
    const guint wanted =
        self->config.n_loops > 0 ? self->config.n_loops : MIN(g_get_num_processors(), MAX_LOOPS);
    sigset_t pipe, before;

    self->loops = g_new0(TuneHttpLoop *, wanted);
    for (; self->n_loops < wanted; self->n_loops++) {
        self->loops[self->n_loops] = tune_http_loop_new(self, error);
        if (self->loops[self->n_loops] == NULL)
            return FALSE;
    }
    self->workers =
        tune_http_workers_new(self->config.n_workers > 0 ? self->config.n_workers : DEFAULT_WORKERS,
                              self->config.max_queued);
    atomic_store(&self->accepting, wanted);
    self->started = TRUE;
    /* sendfile() has no MSG_NOSIGNAL: the loops, and the workers they start, block the signal. */
    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe, &before);
    for (guint i = 0; i < wanted; i++)
        if (pthread_create(&self->loops[i]->thread, NULL, tune_http_loop_main, self->loops[i]) != 0)
            g_error("no thread for a loop of the server"); /* nothing would work */
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return TRUE;
}

void tune_http_server_stop_listening(TuneHttpServer *self)
{
    if (atomic_fetch_sub(&self->accepting, 1) > 1)
        return;
    for (guint i = 0; i < self->listeners->len; i++)
        close(g_array_index(self->listeners, int, i));
}

static void nudge_all(TuneHttpServer *self)
{
    for (guint i = 0; i < self->n_loops; i++)
        tune_http_inbox_nudge(self->loops[i]->inbox);
}

static gboolean wait_until_ended(TuneHttpServer *self, guint ms)
{
    struct timespec until;
    int code = 0;

    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += ms / 1000;
    until.tv_nsec += (long)(ms % 1000) * 1000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000;
    }
    pthread_mutex_lock(&self->lock);
    while ((atomic_load(&self->open) > 0 || atomic_load(&self->accepting) > 0) && code == 0)
        code = pthread_cond_timedwait(&self->ended, &self->lock, &until);
    pthread_mutex_unlock(&self->lock);
    return atomic_load(&self->open) == 0;
}

gboolean tune_http_server_drain(TuneHttpServer *self, guint ms)
{
    gboolean all_ended;

    if (!self->started || self->stopped)
        return TRUE;
    atomic_store(&self->draining, TRUE);
    nudge_all(self);
    all_ended = wait_until_ended(self, ms);
    atomic_store(&self->cutting, TRUE);
    nudge_all(self);
    for (guint i = 0; i < self->n_loops; i++)
        pthread_join(self->loops[i]->thread, NULL);
    self->stopped = TRUE;
    return all_ended;
}

void tune_http_server_free(TuneHttpServer *self)
{
    if (self == NULL)
        return;
    tune_http_server_drain(self, 0);
    tune_http_workers_free(self->workers);
    for (guint i = 0; i < self->n_loops; i++)
        tune_http_loop_free(self->loops[i]);
    for (guint i = 0; !self->started && i < self->listeners->len; i++)
        close(g_array_index(self->listeners, int, i));
    g_free(self->loops);
    g_array_unref(self->listeners);
    g_hash_table_unref(self->addresses);
    tune_http_networks_free(self->trusted);
    g_strfreev((char **)self->config.trusted);
    g_free((char *)self->config.server_name);
    g_free((char *)self->config.temporary_folder);
    pthread_cond_destroy(&self->ended);
    pthread_mutex_destroy(&self->lock);
    g_free(self);
}

gboolean tune_http_server_enter(TuneHttpServer *self, const char *address)
{
    pthread_mutex_lock(&self->lock);
    const guint n = GPOINTER_TO_UINT(g_hash_table_lookup(self->addresses, address));
    const gboolean entered = n < self->config.max_per_address;
    if (entered)
        g_hash_table_insert(self->addresses, g_strdup(address), GUINT_TO_POINTER(n + 1));
    pthread_mutex_unlock(&self->lock);
    return entered;
}

void tune_http_server_leave(TuneHttpServer *self, const char *address)
{
    pthread_mutex_lock(&self->lock);
    const guint n = GPOINTER_TO_UINT(g_hash_table_lookup(self->addresses, address));
    if (n > 1)
        g_hash_table_insert(self->addresses, g_strdup(address), GUINT_TO_POINTER(n - 1));
    else
        g_hash_table_remove(self->addresses, address);
    pthread_mutex_unlock(&self->lock);
}

void tune_http_server_one_ended(TuneHttpServer *self)
{
    if (atomic_fetch_sub(&self->open, 1) > 1)
        return;
    pthread_mutex_lock(&self->lock);
    pthread_cond_broadcast(&self->ended);
    pthread_mutex_unlock(&self->lock);
}

void tune_http_server_stats(TuneHttpServer *self, TuneHttpStats *out)
{
    *out = (TuneHttpStats){0};
    for (guint i = 0; i < self->n_loops; i++) {
        TuneHttpCounters *counters = &self->loops[i]->counters;

        out->connections += atomic_load_explicit(&counters->connections, memory_order_relaxed);
        out->requests += atomic_load_explicit(&counters->requests, memory_order_relaxed);
        out->refused += atomic_load_explicit(&counters->refused, memory_order_relaxed);
        out->bytes_out += atomic_load_explicit(&counters->bytes_out, memory_order_relaxed);
        out->open += atomic_load_explicit(&counters->open, memory_order_relaxed);
        out->streams += atomic_load_explicit(&counters->streams, memory_order_relaxed);
    }
    if (self->workers != NULL)
        tune_http_workers_count(self->workers, &out->queued, &out->busy_workers);
}
