/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Who is at the other end: the socket's peer, or whom a trusted proxy speaks for, by Forwarded (RFC 7239) or
 * X-Forwarded-For, -Proto and -Host.
 *
 *     g_autoptr(TuneProxies) proxies = tune_proxies_new(settings->trusted_proxies, &error);
 *     TuneClient client;
 *     tune_client_find(&client, proxies, request);
 *     ... client.address, client.scheme, client.host ...
 *     tune_client_clear(&client);
 *
 * The fields are believed only when the socket's peer is one of the configured networks, and read from the
 * right: the first address that is no trusted proxy is the client.  A request with both kinds is believed in
 * neither, since a proxy that writes the one passes on what the client made up in the other.
 *
 * Threads: any; the proxies do not change.
 */
#pragma once
#include "http/http.h"

typedef struct TuneProxies TuneProxies;

#define TUNE_CLIENT_ERROR (tune_client_error_quark())
GQuark tune_client_error_quark(void);
typedef enum { TUNE_CLIENT_ERROR_BLOCK } TuneClientError; /* neither an address nor a block */

/* @blocks: addresses, CIDR blocks like 10.0.0.0/8 with only zeros behind their length, "unix:" for local
 * sockets; ended by NULL (nullable). */
TuneProxies *tune_proxies_new(const char *const *blocks, GError **error);
void tune_proxies_free(TuneProxies *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TuneProxies, tune_proxies_free)
/* @address NULL: a local socket. */
gboolean tune_proxies_trust(const TuneProxies *self, GInetAddress *address);

typedef struct {
    const char *address; /* "unix:" for a local socket */
    const char *scheme;  /* "http", or what a proxy said */
    const char *host;    /* "" when there is none */
    char *told_address, *told_host; /* by a proxy; kept here for the above (nullable) */
} TuneClient;

/* @out points into @request, and must be cleared. */
void tune_client_find(TuneClient *out, const TuneProxies *proxies, const TuneHttpRequest *request);
void tune_client_clear(TuneClient *self);
