/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * /api/v1/user/webhook-secret: what signs the webhooks of a user's pieces.
 */
#include "api/api-private.h"
#include "base/time.h"
#include "jobs/webhook.h"
#include "store/webhooks.h"

#include <sodium.h>

#define OVERLAP_US   G_TIME_SPAN_DAY
#define SECRET_BYTES 32

static json_t *time_or_null(gint64 us)
{
    g_autofree char *text = us > 0 ? tune_time_text(us) : NULL;

    return text != NULL ? json_string(text) : json_null();
}

/* "whsec_" and base64. (transfer full) */
static char *new_secret(void)
{
    guint8 bytes[SECRET_BYTES];

    randombytes_buf(bytes, sizeof bytes);
    g_autofree char *text = g_base64_encode(bytes, sizeof bytes);
    sodium_memzero(bytes, sizeof bytes);
    return g_strconcat("whsec_", text, NULL);
}

/* With the secret itself only where it was just set. */
static void answer(TuneCall *call, gboolean with_secret)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(TuneWebhookSecret) own =
        tune_webhook_secret_get(call->api->store, call->caller.user_id, &error);

    if (error != NULL) {
        tune_call_fail(call, error);
        return;
    }
    if (own == NULL) {
        tune_call_error(call, 404, "you have no secret of your own: the service's signs your webhooks");
        return;
    }
    g_autoptr(json_t) body =
        json_pack("{s:o, s:o}", "created_at", time_or_null(own->created_us), "previous_until",
                  time_or_null(own->previous_until_us));
    if (with_secret)
        json_object_set_new(body, "secret", json_string(own->secret));
    tune_call_json(call, 200, body);
}

static void show(TuneCall *call)
{
    answer(call, FALSE);
}

static void change(TuneCall *call)
{
    const char *given = json_string_value(json_object_get(call->body, "secret"));
    g_autofree char *secret = given != NULL ? g_strdup(given) : new_secret();
    g_autoptr(GError) error = NULL;

    if (!tune_webhook_secret_is_good(secret))
        tune_call_invalid(call, "body.secret", "must be whsec_ and the base64 of 24 to 64 bytes", "value");
    else if (!tune_webhook_secret_set(call->api->store, call->caller.user_id, secret, OVERLAP_US, &error))
        tune_call_fail(call, error);
    else
        answer(call, TRUE);
}

static void drop(TuneCall *call)
{
    g_autoptr(GError) error = NULL;

    if (tune_webhook_secret_drop(call->api->store, call->caller.user_id, &error))
        tune_call_nothing(call);
    else if (error != NULL)
        tune_call_fail(call, error);
    else
        tune_call_error(call, 404, "you have no secret of your own");
}

static const TuneField secret_input[] = {
    {"secret", TUNE_FIELD_STRING, .low = 38, .high = 94, .says = "One of your own: whsec_ and the base64 of "
     "24 to 64 bytes; otherwise one is made"},
};
static const TuneShape input_shape = {"WebhookSecretChange", secret_input, G_N_ELEMENTS(secret_input)};

#define SECRET_FIELDS                                                                              \
    {"created_at", TUNE_FIELD_STRING, .required = TRUE, .format = "date-time"},                    \
    {"previous_until", TUNE_FIELD_STRING, .required = TRUE, .format = "date-time", .nullable = TRUE, \
     .says = "Until then the secret before signs too"}
static const TuneField secret_fields[] = {SECRET_FIELDS};
static const TuneShape secret_shape = {"WebhookSecret", secret_fields, G_N_ELEMENTS(secret_fields),
                                       .answers = TRUE};
static const TuneField new_secret_fields[] = {
    SECRET_FIELDS, {"secret", TUNE_FIELD_STRING, .required = TRUE, .says = "Shown this once"}};
static const TuneShape new_secret_shape = {"NewWebhookSecret", new_secret_fields,
                                           G_N_ELEMENTS(new_secret_fields), .answers = TRUE};

static const TuneRouteError none[] = {{404, "You have none of your own"}, {0, NULL}};

static const TuneRoute routes[] = {
    {TUNE_HTTP_POST, "/api/v1/user/webhook-secret", TUNE_ROUTE_USER | TUNE_ROUTE_BODY_OPTIONAL, change,
     "users", "Set or change the secret that signs my webhooks", .body = &input_shape,
     .answer = &new_secret_shape, .cache_control = "no-store", .errors = none,
     .details = "For a day after a change the secret before signs too, as a second signature."},
    {TUNE_HTTP_GET, "/api/v1/user/webhook-secret", TUNE_ROUTE_USER, show, "users",
     "Whether I have a secret of my own, and since when", .answer = &secret_shape,
     .cache_control = "no-store", .errors = none},
    {TUNE_HTTP_DELETE, "/api/v1/user/webhook-secret", TUNE_ROUTE_USER, drop, "users",
     "Let the service's secret sign my webhooks again", .status = 204, .errors = none},
};
const TuneRouteTable tune_routes_own_webhook = {routes, G_N_ELEMENTS(routes)};
