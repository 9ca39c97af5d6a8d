/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Telling somebody's server that a piece is done: one signed POST.  Retrying is the queue's business.
 *
 *     if (!tune_webhook_check_url(url, FALSE, &error)) ...           // when it is ordered
 *     tune_webhook_deliver(&delivery, cancellable, &error);          // by a worker
 *
 * Signed as the Standard Webhooks specification has it (github.com/standard-webhooks): fields webhook-id,
 * webhook-timestamp and webhook-signature: "v1," and the base64 of HMAC-SHA256 over
 * "ID.TIMESTAMP.BODY"; two of them, with a space between, while a secret is being changed.  Redirects are not followed, nothing of the answer but its status is read, and an
 * address that is not public is refused at the moment of connecting, whatever the name said before.
 * Thread-safe.
 */
#pragma once
#include <gio/gio.h>

#define TUNE_WEBHOOK_ERROR (tune_webhook_error_quark())
GQuark tune_webhook_error_quark(void);
typedef enum {
    TUNE_WEBHOOK_ERROR_URL,     /* not http(s), a user in it, no public address: never try again */
    TUNE_WEBHOOK_ERROR_REFUSED, /* answered 410 or another 4xx that trying again does not change */
    TUNE_WEBHOOK_ERROR_LATER,   /* no answer, 408, 429, 5xx: try again */
} TuneWebhookError;

typedef struct {
    const char *id;       /* stays the same over retries, so that the receiver can tell */
    const char *url;
    const char *body;     /* JSON */
    const char *secret;
    gint64 timestamp;     /* seconds since 1970 */
    gboolean allow_private; /* for tests and closed networks */
    const char *previous_secret; /* (nullable): signs too */
} TuneWebhookDelivery;

/* What can be known without asking the network: scheme, host, a literal address that is not public. */
gboolean tune_webhook_check_url(const char *url, gboolean allow_private, GError **error);
/* Blocks at most 10 s. */
gboolean tune_webhook_deliver(const TuneWebhookDelivery *delivery, GCancellable *cancellable,
                              GError **error);
/* "v1,BASE64".  The key is the text of @secret, or what the base64 after "whsec_" stands for. (transfer full) */
char *tune_webhook_signature(const char *secret, const char *id, gint64 timestamp, const char *body);
/* "whsec_" and the base64 of 24 to 64 bytes, as the specification has secrets? */
gboolean tune_webhook_secret_is_good(const char *secret);
/* Is this an address on the public internet?  Private, loopback, link-local, shared, documentation,
 * multicast and mapped ones are not (IANA special-purpose registries). */
gboolean tune_address_is_public(GInetAddress *address);
