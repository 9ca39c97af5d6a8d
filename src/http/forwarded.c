/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What proxies say of the client: Forwarded (RFC 7239), or X-Forwarded-For, -Proto and -Host.
 * Believed only when the socket's peer is one of the configured networks, and read from the right:
 * the first address that is no trusted proxy is the client.  A request with both kinds is believed
 * in neither, since a proxy that writes the one passes on what the client made up in the other.
 */
#include "http/http-private.h"

#include <arpa/inet.h>

typedef struct {
    guint8 address[16]; /* IPv4 as ::ffff:a.b.c.d */
    guint bits;
    gboolean is_unix;
} Network;

struct TuneHttpNetworks {
    GArray *networks;
};

static gboolean parse_address(const char *text, guint8 out[16], gboolean *is_v4)
{
    static const guint8 mapped[12] = {[10] = 0xff, [11] = 0xff};

    memcpy(out, mapped, sizeof mapped);
    *is_v4 = inet_pton(AF_INET, text, out + 12) == 1;
    return *is_v4 || inet_pton(AF_INET6, text, out) == 1;
}

static gboolean parse_block(const char *block, Network *out)
{
    g_autofree char *address = g_strndup(block, strcspn(block, "/"));
    const char *slash = strchr(block, '/');
    guint64 bits;
    gboolean is_v4;

    *out = (Network){.bits = 128};
    if (strcmp(block, "unix:") == 0) {
        out->is_unix = TRUE;
        return TRUE;
    }
    if (!parse_address(address, out->address, &is_v4))
        return FALSE;
    if (slash == NULL)
        return TRUE;
    if (!g_ascii_string_to_unsigned(slash + 1, 10, 0, is_v4 ? 32 : 128, &bits, NULL))
        return FALSE;
    out->bits = (guint)bits + (is_v4 ? 96 : 0);
    return TRUE;
}

TuneHttpNetworks *tune_http_networks_new(const char *const *blocks, GError **error)
{
    TuneHttpNetworks *self = g_new0(TuneHttpNetworks, 1);

    self->networks = g_array_new(FALSE, FALSE, sizeof(Network));
    for (; blocks != NULL && *blocks != NULL; blocks++) {
        Network network;

        if (!parse_block(*blocks, &network)) {
            g_set_error(error, TUNE_HTTP_ERROR, TUNE_HTTP_ERROR_ADDRESS,
                        "trusted proxy \"%s\" is no address and no block like 10.0.0.0/8", *blocks);
            tune_http_networks_free(self);
            return NULL;
        }
        g_array_append_val(self->networks, network);
    }
    return self;
}

void tune_http_networks_free(TuneHttpNetworks *self)
{
    if (self == NULL)
        return;
    g_array_unref(self->networks);
    g_free(self);
}

static gboolean same_bits(const guint8 *a, const guint8 *b, guint bits)
{
    const guint rest = bits % 8;

    if (memcmp(a, b, bits / 8) != 0)
        return FALSE;
    return rest == 0 || (a[bits / 8] ^ b[bits / 8]) >> (8 - rest) == 0;
}

gboolean tune_http_networks_have(const TuneHttpNetworks *self, const char *address)
{
    guint8 bytes[16];
    gboolean is_v4;
    const gboolean is_unix = strcmp(address, "unix:") == 0;

    if (self->networks->len == 0 || (!is_unix && !parse_address(address, bytes, &is_v4)))
        return FALSE;
    for (guint i = 0; i < self->networks->len; i++) {
        const Network *network = &g_array_index(self->networks, Network, i);

        if (network->is_unix ? is_unix
                             : !is_unix && same_bits(network->address, bytes, network->bits))
            return TRUE;
    }
    return FALSE;
}

/* "1.2.3.4", "1.2.3.4:567", "[::1]:567", "::1", each perhaps in quotes -> the address, NULL if it
 * is none
 * ("unknown", "_hidden"). */
static char *node_address(const char *text)
{
    g_autofree char *node = g_strstrip(g_strdup(text));
    char *p = node;
    guint8 bytes[16];
    gboolean is_v4;

    if (*p == '"' && p[strlen(p) - 1] == '"' && strlen(p) > 1) {
        p[strlen(p) - 1] = '\0';
        p++;
    }
    if (*p == '[') {
        p++;
        p[strcspn(p, "]")] = '\0';
    } else if (strchr(p, ':') == strrchr(p, ':')) {
        p[strcspn(p, ":")] = '\0';
    }
    return parse_address(p, bytes, &is_v4) ? g_strdup(p) : NULL;
}

/* Value of @key in "for=...;proto=...;host=...", without quotes. */
static char *parameter(const char *element, const char *key)
{
    g_auto(GStrv) pairs = g_strsplit(element, ";", -1);

    for (guint i = 0; pairs[i] != NULL; i++) {
        char *pair = g_strstrip(pairs[i]), *equals = strchr(pair, '=');

        if (equals == NULL || (gsize)(equals - pair) != strlen(key) ||
            g_ascii_strncasecmp(pair, key, strlen(key)) != 0)
            continue;
        char *value = equals + 1;
        const gsize length = strlen(value);
        if (length > 1 && value[0] == '"' && value[length - 1] == '"')
            return g_strndup(value + 1, length - 2);
        return g_strdup(value);
    }
    return NULL;
}

/* The element of the list that names the client: from the right, behind those of trusted proxies.
 * @out: its address; NULL, as the result, when the nearest one names none. */
static char *find_client(const char *list, gboolean standard, const TuneHttpNetworks *trusted,
                         char **out)
{
    g_auto(GStrv) elements = g_strsplit(list, ",", -1);
    char *found = NULL;

    *out = NULL;
    for (guint i = g_strv_length(elements); i-- > 0;) {
        g_autofree char *node = standard ? parameter(elements[i], "for") : g_strdup(elements[i]);
        char *address = node != NULL ? node_address(node) : NULL;

        if (address == NULL)
            break;
        g_free(*out);
        *out = address;
        g_free(found);
        found = g_strdup(elements[i]);
        if (!tune_http_networks_have(trusted, address))
            break;
    }
    return found;
}

static char *last_element(const char *list)
{
    const char *comma = list != NULL ? strrchr(list, ',') : NULL;

    return list != NULL ? g_strstrip(g_strdup(comma != NULL ? comma + 1 : list)) : NULL;
}

void tune_http_forwarded_apply(TuneHttpRequest *request, const TuneHttpNetworks *trusted)
{
    if (!tune_http_networks_have(trusted, request->peer))
        return;
    const char *plain = tune_http_request_field(request, "X-Forwarded-For");
    const char *standard = tune_http_request_field(request, "Forwarded");
    if ((plain != NULL) == (standard != NULL))
        return;
    g_autofree char *element = find_client(plain != NULL ? plain : standard, plain == NULL, trusted,
                                           &request->forwarded[0]);
    if (element == NULL)
        return;
    g_autofree char *scheme =
        plain != NULL ? last_element(tune_http_request_field(request, "X-Forwarded-Proto"))
                      : parameter(element, "proto");
    request->forwarded[1] = plain != NULL
                                ? last_element(tune_http_request_field(request, "X-Forwarded-Host"))
                                : parameter(element, "host");
    request->peer = request->forwarded[0];
    if (request->forwarded[1] != NULL &&
        tune_http_host_is_valid(request->forwarded[1]))
        request->host = request->forwarded[1];
    if (scheme != NULL && g_ascii_strcasecmp(scheme, "https") == 0)
        request->scheme = "https";
}
