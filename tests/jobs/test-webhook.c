/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Deliveries against a receiver of our own on a loopback socket.
 */
#include "jobs/webhook.h"

#include <string.h>

/* One connection: keeps the request, answers with @status. */
typedef struct {
    GSocketListener *listener;
    guint16 port;
    guint status;
    char *request;
    GThread *thread;
} Receiver;

static gpointer receive(gpointer data)
{
    Receiver *self = data;
    g_autoptr(GSocketConnection) connection =
        g_socket_listener_accept(self->listener, NULL, NULL, NULL);
    GInputStream *in = g_io_stream_get_input_stream(G_IO_STREAM(connection));
    g_autoptr(GString) all = g_string_new(NULL);
    char buffer[4096];

    while (strstr(all->str, "}") == NULL) { /* the body ends with the object */
        gssize n = g_input_stream_read(in, buffer, sizeof buffer, NULL, NULL);
        if (n <= 0)
            break;
        g_string_append_len(all, buffer, n);
    }
    self->request = g_strdup(all->str);
    g_autofree char *answer = g_strdup_printf(
        "HTTP/1.1 %u x\r\nContent-Length: 0\r\nLocation: http://127.0.0.1:1/\r\n\r\n", self->status);
    g_output_stream_write_all(g_io_stream_get_output_stream(G_IO_STREAM(connection)), answer,
                              strlen(answer), NULL, NULL, NULL);
    return NULL;
}

static void receiver_start(Receiver *self, guint status)
{
    g_autoptr(GInetAddress) address = g_inet_address_new_loopback(G_SOCKET_FAMILY_IPV4);
    g_autoptr(GSocketAddress) where = g_inet_socket_address_new(address, 0);
    g_autoptr(GSocketAddress) got = NULL;

    self->listener = g_socket_listener_new();
    self->status = status;
    g_assert_true(g_socket_listener_add_address(self->listener, where, G_SOCKET_TYPE_STREAM,
                                                G_SOCKET_PROTOCOL_TCP, NULL, &got, NULL));
    self->port = g_inet_socket_address_get_port(G_INET_SOCKET_ADDRESS(got));
    self->thread = g_thread_new("receiver", receive, self);
}

static void receiver_stop(Receiver *self)
{
    g_thread_join(self->thread);
    g_object_unref(self->listener);
    g_free(self->request);
}

static gboolean deliver(Receiver *receiver, gboolean allow_private, GError **error)
{
    g_autofree char *url = g_strdup_printf("http://127.0.0.1:%u/hook", receiver->port);
    TuneWebhookDelivery delivery = {"id-1", url, "{\"a\": 1}", "secret", 1700000000, allow_private,
                                    NULL};

    return tune_webhook_deliver(&delivery, NULL, error);
}

/* A known answer, worked out with openssl dgst -sha256 -hmac. */
static void test_signature(void)
{
    g_autofree char *signature = tune_webhook_signature("secret", "id-1", 1700000000, "{\"a\": 1}");

    g_assert_cmpstr(signature, ==, "v1,jAyhWuvJRcQMVbD7m4Iar2/4+6HricjeksyI87v/Tkk=");

    /* The example of the specification's own libraries. */
    g_autofree char *standard =
        tune_webhook_signature("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek",
                               1614265330, "{\"test\": 2432232314}");
    g_assert_cmpstr(standard, ==, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    g_assert_true(tune_webhook_secret_is_good("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"));
    g_assert_false(tune_webhook_secret_is_good("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"));
    g_assert_false(tune_webhook_secret_is_good("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLa"));
    g_assert_false(tune_webhook_secret_is_good("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2La!!!!"));
}

static void test_delivers(void)
{
    g_autoptr(GError) error = NULL;
    Receiver receiver = {0};

    receiver_start(&receiver, 204);
    g_assert_true(deliver(&receiver, TRUE, &error));
    g_assert_no_error(error);
    g_thread_join(g_steal_pointer(&receiver.thread));
    g_assert_true(g_str_has_prefix(receiver.request, "POST /hook HTTP/1.1\r\n"));
    g_assert_nonnull(strstr(receiver.request, "webhook-id: id-1\r\n"));
    g_assert_nonnull(strstr(receiver.request, "webhook-timestamp: 1700000000\r\n"));
    g_assert_nonnull(strstr(receiver.request, "webhook-signature: v1,"));
    g_assert_true(g_str_has_suffix(receiver.request, "\r\n\r\n{\"a\": 1}"));
    g_object_unref(receiver.listener);
    g_free(receiver.request);
}

static void test_statuses(void)
{
    static const struct {
        guint status;
        TuneWebhookError code;
    } cases[] = {
        {500, TUNE_WEBHOOK_ERROR_LATER},   {503, TUNE_WEBHOOK_ERROR_LATER},
        {429, TUNE_WEBHOOK_ERROR_LATER},   {410, TUNE_WEBHOOK_ERROR_REFUSED},
        {404, TUNE_WEBHOOK_ERROR_REFUSED}, {302, TUNE_WEBHOOK_ERROR_REFUSED},
    };

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        Receiver receiver = {0};
        receiver_start(&receiver, cases[i].status);
        g_assert_false(deliver(&receiver, TRUE, &error));
        g_assert_error(error, TUNE_WEBHOOK_ERROR, (gint)cases[i].code);
        receiver_stop(&receiver);
    }
}

static void test_nobody_there(void)
{
    g_autoptr(GError) error = NULL;
    TuneWebhookDelivery delivery = {"id", "http://127.0.0.1:1/", "{}", "secret", 1, TRUE, NULL};

    g_assert_false(tune_webhook_deliver(&delivery, NULL, &error));
    g_assert_error(error, TUNE_WEBHOOK_ERROR, TUNE_WEBHOOK_ERROR_LATER);
}

static void test_refuses_what_is_not_public(void)
{
    static const char *const urls[] = {
        "http://127.0.0.1/",        "http://localhost/",      "http://a.localhost/",
        "http://10.1.2.3/",         "http://[::1]/",          "http://[::ffff:127.0.0.1]/",
        "http://169.254.169.254/",  "http://192.168.0.1:80/", "http://[fe80::1]/",
        "http://0.0.0.0/",          "ftp://example.org/",     "file:///etc/passwd",
        "http://user:pw@host.org/", "gopher://x/",            "no address",
        "http://",                  "",
    };

    for (guint i = 0; i < G_N_ELEMENTS(urls); i++) {
        g_autoptr(GError) error = NULL;
        g_assert_false(tune_webhook_check_url(urls[i], FALSE, &error));
        g_assert_error(error, TUNE_WEBHOOK_ERROR, TUNE_WEBHOOK_ERROR_URL);
    }
    g_assert_true(tune_webhook_check_url("https://example.org/hook?x=1", FALSE, NULL));
    g_assert_true(tune_webhook_check_url("http://8.8.8.8:9000/", FALSE, NULL));
}

/* Spellings of addresses that only the resolver understands are caught when connecting. */
static void test_refuses_when_connecting(void)
{
    static const char *const urls[] = {"http://127.1/", "http://0x7f000001/", "http://2130706433/"};

    for (guint i = 0; i < G_N_ELEMENTS(urls); i++) {
        g_autoptr(GError) error = NULL;
        TuneWebhookDelivery delivery = {"id", urls[i], "{}", "secret", 1, FALSE, NULL};
        g_assert_false(tune_webhook_deliver(&delivery, NULL, &error));
        g_assert_error(error, TUNE_WEBHOOK_ERROR, TUNE_WEBHOOK_ERROR_URL);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/jobs/webhook/signature", test_signature);
    g_test_add_func("/jobs/webhook/delivers", test_delivers);
    g_test_add_func("/jobs/webhook/statuses", test_statuses);
    g_test_add_func("/jobs/webhook/nobody-there", test_nobody_there);
    g_test_add_func("/jobs/webhook/refuses-what-is-not-public", test_refuses_what_is_not_public);
    g_test_add_func("/jobs/webhook/refuses-when-connecting", test_refuses_when_connecting);
    return g_test_run();
}
