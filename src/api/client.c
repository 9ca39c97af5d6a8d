/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "api/client.h"
#include "http/parse.h"

#include <string.h>

G_DEFINE_QUARK(tune-client-error-quark, tune_client_error)

struct TuneProxies {
    GPtrArray *masks; /* of GInetAddressMask */
    gboolean local;   /* "unix:" */
};

/* ---- who is trusted ---- */

/* "10.0.0.0/8" or one address; NULL: neither. */
static GInetAddressMask *mask_of(const char *block)
{
    const char *slash = strchr(block, '/');

    /* GLib checks only afterwards how long the mask is, and warns. */
    if (slash != NULL && !g_ascii_string_to_unsigned(slash + 1, 10, 0, 128, NULL, NULL))
        return NULL;
    return g_inet_address_mask_new_from_string(block, NULL);
}

TuneProxies *tune_proxies_new(const char *const *blocks, GError **error)
{
    g_autoptr(TuneProxies) self = g_new0(TuneProxies, 1);

    self->masks = g_ptr_array_new_with_free_func(g_object_unref);
    for (; blocks != NULL && *blocks != NULL; blocks++) {
        gboolean is_local = strcmp(*blocks, "unix:") == 0;
        GInetAddressMask *mask = is_local ? NULL : mask_of(*blocks);

        self->local = self->local || is_local;
        if (mask != NULL) {
            g_ptr_array_add(self->masks, mask);
        } else if (!is_local) {
            g_set_error(error, TUNE_CLIENT_ERROR, TUNE_CLIENT_ERROR_BLOCK,
                        "trusted proxy \"%s\" is no address and no block like 10.0.0.0/8, with only zeros "
                        "behind its length", *blocks);
            return NULL;
        }
    }
    return g_steal_pointer(&self);
}

void tune_proxies_free(TuneProxies *self)
{
    if (self == NULL)
        return;
    g_ptr_array_unref(self->masks);
    g_free(self);
}

gboolean tune_proxies_trust(const TuneProxies *self, GInetAddress *address)
{
    gboolean trusts = address == NULL && self->local;

    for (guint i = 0; address != NULL && i < self->masks->len && !trusts; i++)
        trusts = g_inet_address_mask_matches(self->masks->pdata[i], address);
    return trusts;
}

static gboolean trust_peer(const TuneProxies *self, const char *peer)
{
    if (self->masks->len == 0 && !self->local) /* nearly always */
        return FALSE;
    g_autoptr(GInetAddress) address = g_inet_address_new_from_string(peer); /* NULL of "unix:" */
    return tune_proxies_trust(self, address);
}

/* ---- what they say ---- */

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

static void believe(TuneClient *self, const TuneProxies *proxies, const TuneHttpRequest *request)
{
    const char *plain = tune_http_request_field(request, "X-Forwarded-For");
    const char *standard = tune_http_request_field(request, "Forwarded");
    const char *element = NULL;

    if ((plain != NULL) == (standard != NULL))
        return;
    g_auto(GStrv) elements = g_strsplit(plain != NULL ? plain : standard, ",", -1);
    for (guint i = g_strv_length(elements); i-- > 0;) {
        g_autofree char *node =
            plain != NULL ? g_strdup(g_strstrip(elements[i])) : parameter(elements[i], "for");
        g_autoptr(GInetAddress) address = node != NULL ? address_of(node) : NULL;

        if (address == NULL)
            break;
        g_free(self->told_address);
        self->told_address = g_inet_address_to_string(address);
        element = elements[i];
        if (!tune_proxies_trust(proxies, address))
            break;
    }
    if (element == NULL)
        return;
    g_autofree char *scheme =
        plain != NULL ? last_element(request, "X-Forwarded-Proto") : parameter(element, "proto");
    self->told_host =
        plain != NULL ? last_element(request, "X-Forwarded-Host") : parameter(element, "host");
    self->address = self->told_address;
    if (self->told_host != NULL && tune_http_host_is_valid(self->told_host))
        self->host = self->told_host;
    if (scheme != NULL && g_ascii_strcasecmp(scheme, "https") == 0)
        self->scheme = "https";
}

void tune_client_find(TuneClient *out, const TuneProxies *proxies, const TuneHttpRequest *request)
{
    *out = (TuneClient){.address = request->peer, .scheme = "http", .host = request->host};
    if (trust_peer(proxies, request->peer))
        believe(out, proxies, request);
}

void tune_client_clear(TuneClient *self)
{
    g_free(self->told_address);
    g_free(self->told_host);
}
