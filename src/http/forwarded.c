/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What proxies say of the client: Forwarded (RFC 7239), or X-Forwarded-For, -Proto and -Host.
 * Believed only when the socket's peer is one of the configured networks, and read from the right:
 * the first address that is no trusted proxy is the client.  A request with both kinds is believed
 * in neither, since a proxy that writes the one passes on what the client made up in the other.
 */
#include "http/http-private.h"

/* "10.0.0.0/8" or one address; NULL: neither. */
static GInetAddressMask *mask_of(const char *block)
{
    const char *slash = strchr(block, '/');

    /* GLib checks only afterwards how long the mask is, and warns. */
    if (slash != NULL && !g_ascii_string_to_unsigned(slash + 1, 10, 0, 128, NULL, NULL))
        return NULL;
    return g_inet_address_mask_new_from_string(block, NULL);
}

gboolean tune_http_server_trust(TuneHttpServer *self, const char *const *blocks, GError **error)
{
    self->trusted = g_ptr_array_new_with_free_func(g_object_unref);
    for (; blocks != NULL && *blocks != NULL; blocks++) {
        const gboolean is_local = strcmp(*blocks, "unix:") == 0;
        GInetAddressMask *mask = is_local ? NULL : mask_of(*blocks);

        if (mask != NULL) {
            g_ptr_array_add(self->trusted, mask);
        } else if (is_local) {
            self->trusts_local = TRUE;
        } else {
            g_set_error(
                error, TUNE_HTTP_ERROR, TUNE_HTTP_ERROR_ADDRESS,
                "trusted proxy \"%s\" is no address and no block like 10.0.0.0/8, with only "
                "zeros behind its length",
                *blocks);
            return FALSE;
        }
    }
    return TRUE;
}

gboolean tune_http_server_trusts(const TuneHttpServer *self, GInetAddress *address)
{
    gboolean trusts = address == NULL && self->trusts_local;

    for (guint i = 0; address != NULL && i < self->trusted->len && !trusts; i++)
        trusts = g_inet_address_mask_matches(self->trusted->pdata[i], address);
    return trusts;
}

/* "1.2.3.4", "1.2.3.4:567", "[::1]:567", "::1"; NULL for others ("unknown", "_hidden"). */
static GInetAddress *address_of(const char *node)
{
    g_autoptr(GSocketConnectable) parsed = g_network_address_parse(node, 0, NULL);

    return parsed != NULL ? g_inet_address_new_from_string(
                                g_network_address_get_hostname(G_NETWORK_ADDRESS(parsed)))
                          : NULL;
}

/* Value of @key in "for=...;proto=...;host=...", without quotes. (nullable) */
static char *parameter(const char *element, const char *key)
{
    g_auto(GStrv) pairs = g_strsplit(element, ";", -1);
    const gsize length = strlen(key);

    for (guint i = 0; pairs[i] != NULL; i++) {
        const char *pair = g_strstrip(pairs[i]), *value = pair + length + 1;

        if (g_ascii_strncasecmp(pair, key, length) != 0 || pair[length] != '=')
            continue;
        if (*value == '"' && g_str_has_suffix(value + 1, "\""))
            return g_strndup(value + 1, strlen(value) - 2);
        return g_strdup(value);
    }
    return NULL;
}

static char *last_element(const TuneHttpRequest *request, const char *name)
{
    const char *list = tune_http_request_field(request, name);
    const char *comma = list != NULL ? strrchr(list, ',') : NULL;

    return list != NULL ? g_strstrip(g_strdup(comma != NULL ? comma + 1 : list)) : NULL;
}

void tune_http_forwarded_apply(TuneHttpConnection *connection)
{
    TuneHttpRequest *request = &connection->request;
    const char *plain = tune_http_request_field(request, "X-Forwarded-For");
    const char *standard = tune_http_request_field(request, "Forwarded");
    const char *element = NULL;
    g_autoptr(GInetAddress) client = NULL;

    if ((plain != NULL) == (standard != NULL))
        return;
    g_auto(GStrv) elements = g_strsplit(plain != NULL ? plain : standard, ",", -1);
    for (guint i = g_strv_length(elements); i-- > 0;) {
        g_autofree char *node =
            plain != NULL ? g_strdup(g_strstrip(elements[i])) : parameter(elements[i], "for");
        g_autoptr(GInetAddress) address = node != NULL ? address_of(node) : NULL;

        if (address == NULL)
            break;
        g_set_object(&client, address);
        element = elements[i];
        if (!tune_http_server_trusts(connection->loop->server, client))
            break;
    }
    if (client == NULL)
        return;
    g_autofree char *scheme =
        plain != NULL ? last_element(request, "X-Forwarded-Proto") : parameter(element, "proto");
    g_autofree char *host =
        plain != NULL ? last_element(request, "X-Forwarded-Host") : parameter(element, "host");
    request->peer = tune_http_connection_keep(connection, g_inet_address_to_string(client));
    if (host != NULL && tune_http_host_is_valid(host))
        request->host = tune_http_connection_keep(connection, g_steal_pointer(&host));
    if (scheme != NULL && g_ascii_strcasecmp(scheme, "https") == 0)
        request->scheme = "https";
}
