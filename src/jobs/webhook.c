/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "jobs/webhook.h"

#include <curl/curl.h>
#include <netinet/in.h>
#include <string.h>

#define TIMEOUT_S 10L
#define MOST_ANSWER 65536

G_DEFINE_QUARK(tune-webhook-error-quark, tune_webhook_error)

/* ---- which addresses are public ---- */

/* IANA IPv4 and IPv6 special-purpose address registries, and what maps one into the other. */
static const char *const SPECIAL[] = {
    "0.0.0.0/8",       "10.0.0.0/8",      "100.64.0.0/10",   "127.0.0.0/8",    "169.254.0.0/16",
    "172.16.0.0/12",   "192.0.0.0/24",    "192.0.2.0/24",    "192.88.99.0/24", "192.168.0.0/16",
    "198.18.0.0/15",   "198.51.100.0/24", "203.0.113.0/24",  "224.0.0.0/4",    "240.0.0.0/4",
    "::/128",          "::1/128",         "::ffff:0:0/96",   "64:ff9b::/96",   "64:ff9b:1::/48",
    "100::/64",        "2001::/23",       "2001:db8::/32",   "2002::/16",      "3fff::/20",
    "5f00::/16",       "fc00::/7",        "fe80::/10",       "fec0::/10",      "ff00::/8",
};

gboolean tune_address_is_public(GInetAddress *address)
{
    for (guint i = 0; i < G_N_ELEMENTS(SPECIAL); i++) {
        g_autoptr(GInetAddressMask) mask = g_inet_address_mask_new_from_string(SPECIAL[i], NULL);
        if (g_inet_address_mask_get_family(mask) == g_inet_address_get_family(address) &&
            g_inet_address_mask_matches(mask, address))
            return FALSE;
    }
    return TRUE;
}

static gboolean wrong_url(GError **error, const char *why)
{
    g_set_error(error, TUNE_WEBHOOK_ERROR, TUNE_WEBHOOK_ERROR_URL, "webhook: %s", why);
    return FALSE;
}

gboolean tune_webhook_check_url(const char *url, gboolean allow_private, GError **error)
{
    g_autoptr(GError) why = NULL;
    g_autoptr(GUri) uri = g_uri_parse(url, G_URI_FLAGS_HAS_PASSWORD, &why);
    const char *host = uri != NULL ? g_uri_get_host(uri) : NULL;

    if (uri == NULL || host == NULL || *host == '\0')
        return wrong_url(error, "not an address that can be called");
    if (strcmp(g_uri_get_scheme(uri), "https") != 0 && strcmp(g_uri_get_scheme(uri), "http") != 0)
        return wrong_url(error, "only http and https can be called");
    if (g_uri_get_userinfo(uri) != NULL)
        return wrong_url(error, "a name or password does not belong into the address");
    if (allow_private)
        return TRUE;
    g_autoptr(GInetAddress) literal = g_inet_address_new_from_string(host);
    if (literal != NULL ? !tune_address_is_public(literal)
                        : g_ascii_strcasecmp(host, "localhost") == 0 ||
                              g_str_has_suffix(host, ".localhost"))
        return wrong_url(error, "the address is not on the public internet");
    return TRUE;
}

/* ---- one delivery ---- */

#define SECRET_PREFIX "whsec_"

/* NULL: it is not of the specification's form. */
static GBytes *decoded(const char *secret)
{
    const char *text = secret + strlen(SECRET_PREFIX);
    gsize size = 0;

    if (!g_str_has_prefix(secret, SECRET_PREFIX) || strlen(text) % 4 != 0)
        return NULL;
    guint8 *bytes = g_base64_decode(text, &size);
    g_autofree char *again = g_base64_encode(bytes, size);
    if (strcmp(again, text) == 0 && size >= 24 && size <= 64)
        return g_bytes_new_take(bytes, size);
    g_free(bytes);
    return NULL;
}

gboolean tune_webhook_secret_is_good(const char *secret)
{
    g_autoptr(GBytes) key = decoded(secret);

    return key != NULL;
}

char *tune_webhook_signature(const char *secret, const char *id, gint64 timestamp, const char *body)
{
    g_autofree char *signed_text = g_strdup_printf("%s.%" G_GINT64_FORMAT ".%s", id, timestamp, body);
    guint8 digest[32];
    gsize n_digest = sizeof digest;
    g_autoptr(GBytes) key = decoded(secret);
    if (key == NULL)
        key = g_bytes_new(secret, strlen(secret));
    g_autoptr(GHmac) hmac = g_hmac_new(G_CHECKSUM_SHA256, g_bytes_get_data(key, NULL), g_bytes_get_size(key));

    g_hmac_update(hmac, (const guchar *)signed_text, -1);
    g_hmac_get_digest(hmac, digest, &n_digest);
    g_autofree char *text = g_base64_encode(digest, n_digest);
    return g_strconcat("v1,", text, NULL);
}

typedef struct {
    const TuneWebhookDelivery *delivery;
    GCancellable *cancellable;
    gboolean refused; /* the address it would have connected to is not public */
    gsize received;
} Attempt;

/* The last word on where we connect to: after every look-up of the name. */
static curl_socket_t open_socket(void *user_data, curlsocktype purpose, struct curl_sockaddr *address)
{
    Attempt *attempt = user_data;
    const struct sockaddr_in *v4 = (const void *)&address->addr;
    const struct sockaddr_in6 *v6 = (const void *)&address->addr;
    g_autoptr(GInetAddress) to = NULL;

    if (address->family == AF_INET)
        to = g_inet_address_new_from_bytes((const guint8 *)&v4->sin_addr, G_SOCKET_FAMILY_IPV4);
    else if (address->family == AF_INET6)
        to = g_inet_address_new_from_bytes((const guint8 *)&v6->sin6_addr, G_SOCKET_FAMILY_IPV6);
    if (to == NULL || (!attempt->delivery->allow_private && !tune_address_is_public(to))) {
        attempt->refused = TRUE;
        return CURL_SOCKET_BAD;
    }
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

static size_t ignore(char *data, size_t size, size_t n, void *user_data)
{
    Attempt *attempt = user_data;

    attempt->received += size * n;
    return attempt->received > MOST_ANSWER ? 0 : size * n;
}

static int look_up_cancel(void *user_data, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
    return g_cancellable_is_cancelled(((Attempt *)user_data)->cancellable);
}

static struct curl_slist *signed_fields(const TuneWebhookDelivery *delivery)
{
    g_autofree char *signature = tune_webhook_signature(delivery->secret, delivery->id,
                                                        delivery->timestamp, delivery->body);
    g_autofree char *older =
        delivery->previous_secret != NULL
            ? tune_webhook_signature(delivery->previous_secret, delivery->id, delivery->timestamp,
                                     delivery->body)
            : NULL;
    g_autofree char *id = g_strconcat("webhook-id: ", delivery->id, NULL);
    g_autofree char *at = g_strdup_printf("webhook-timestamp: %" G_GINT64_FORMAT,
                                          delivery->timestamp);
    g_autofree char *proof = g_strconcat("webhook-signature: ", signature, older != NULL ? " " : NULL,
                                         older, NULL);
    struct curl_slist *fields = curl_slist_append(NULL, "Content-Type: application/json");

    fields = curl_slist_append(fields, id);
    fields = curl_slist_append(fields, at);
    fields = curl_slist_append(fields, proof);
    return curl_slist_append(fields, "Expect:");
}

static void set_up(CURL *curl, Attempt *attempt, struct curl_slist *fields)
{
    curl_easy_setopt(curl, CURLOPT_URL, attempt->delivery->url);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, fields);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, attempt->delivery->body);
    curl_easy_setopt(curl, CURLOPT_USERAGENT, "tunesmith");
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(curl, CURLOPT_PROXY, "");
    curl_easy_setopt(curl, CURLOPT_TIMEOUT, TIMEOUT_S);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_OPENSOCKETFUNCTION, open_socket);
    curl_easy_setopt(curl, CURLOPT_OPENSOCKETDATA, attempt);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, ignore);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, attempt);
    curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, look_up_cancel);
    curl_easy_setopt(curl, CURLOPT_XFERINFODATA, attempt);
}

/* What an answer's status, or its absence, means. */
static gboolean judge(CURLcode code, long status, const Attempt *attempt, GError **error)
{
    if (attempt->refused)
        return wrong_url(error, "the address is not on the public internet");
    if (g_cancellable_set_error_if_cancelled(attempt->cancellable, error))
        return FALSE;
    if (status >= 200 && status < 300)
        return TRUE;
    if (status == 0) {
        g_set_error(error, TUNE_WEBHOOK_ERROR, TUNE_WEBHOOK_ERROR_LATER, "webhook: %s",
                    curl_easy_strerror(code));
        return FALSE;
    }
    gboolean later = status == 408 || status == 425 || status == 429 || status >= 500;
    g_set_error(error, TUNE_WEBHOOK_ERROR,
                later ? TUNE_WEBHOOK_ERROR_LATER : TUNE_WEBHOOK_ERROR_REFUSED,
                "webhook: answered with status %ld", status);
    return FALSE;
}

gboolean tune_webhook_deliver(const TuneWebhookDelivery *delivery, GCancellable *cancellable,
                              GError **error)
{
    Attempt attempt = {delivery, cancellable, FALSE, 0};
    long status = 0;

    if (!tune_webhook_check_url(delivery->url, delivery->allow_private, error))
        return FALSE;
    CURL *curl = curl_easy_init();
    struct curl_slist *fields = signed_fields(delivery);
    set_up(curl, &attempt, fields);
    CURLcode code = curl_easy_perform(curl);
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    curl_slist_free_all(fields);
    curl_easy_cleanup(curl);
    return judge(code, status, &attempt, error);
}
