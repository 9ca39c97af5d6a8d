/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Whom a request is from, with trusted proxies in between and without.
 */
#include "../http/http-client.h"
#include "api/client.h"

#include <string.h>

static TuneProxies *proxies; /* those that are trusted in the test under way */

static void tell_client(TuneHttpRequest *request, TuneHttpResponse *response, gpointer user_data)
{
    TuneClient client;

    tune_client_find(&client, proxies, request);
    char *text = g_strjoin(" ", client.address, client.scheme, client.host, NULL);
    g_autoptr(GBytes) body = g_bytes_new_take(text, strlen(text));
    tune_http_response_set_status(response, 200);
    tune_http_response_set_body(response, "text/plain", body);
    tune_client_clear(&client);
}

static void tell_all(TuneHttpConfig *config)
{
    config->handle = tell_client;
}

static void trust(const char *const *blocks)
{
    g_autoptr(GError) error = NULL;

    g_clear_pointer(&proxies, tune_proxies_free);
    proxies = tune_proxies_new(blocks, &error);
    g_assert_no_error(error);
}

static void test_forwarded(void)
{
    static const char *const trusted[] = {"127.0.0.0/8", "10.1.0.0/16", "2001:db8::/32", NULL};
    static const char *const others[] = {"10.0.0.0/8", "unix:", NULL};
    static const struct {
        const char *fields, *seen;
    } table[] = {
        {"", "127.0.0.1 http a"},
        {"X-Forwarded-For: 192.0.2.7\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: b:8\r\n",
         "192.0.2.7 https b:8"},
        {"X-Forwarded-For: 6.6.6.6, 192.0.2.7, 10.1.2.3\r\n", "192.0.2.7 http a"},
        {"X-Forwarded-For: 6.6.6.6\r\nX-Forwarded-For: 192.0.2.7\r\n", "192.0.2.7 http a"},
        {"X-Forwarded-For: 192.0.2.7, nonsense\r\n", "127.0.0.1 http a"},
        {"X-Forwarded-For: 192.0.2.7:4000\r\n", "192.0.2.7 http a"},
        {"X-Forwarded-For: 10.2.0.1, 2001:db8::1\r\n", "10.2.0.1 http a"},
        {"X-Forwarded-Host: a b\r\nX-Forwarded-For: 192.0.2.7\r\n", "192.0.2.7 http a"},
        {"Forwarded: for=192.0.2.7;proto=https;host=\"b:8\"\r\n", "192.0.2.7 https b:8"},
        {"Forwarded: for=6.6.6.6, For=\"[2001:db9::7]:4711\";proto=https, for=10.1.2.3\r\n",
         "2001:db9::7 https a"},
        {"Forwarded: for=unknown\r\n", "127.0.0.1 http a"},
        {"Forwarded: for=6.6.6.6\r\nX-Forwarded-For: 192.0.2.7\r\n", "127.0.0.1 http a"},
    };
    g_autoptr(HttpSite) site = http_site_new(tell_all);

    for (guint i = 0; i < G_N_ELEMENTS(table); i++) {
        g_autofree char *request =
            g_strdup_printf("GET /peer HTTP/1.1\r\nHost: a\r\n%s\r\n", table[i].fields);
        trust(trusted);
        g_autoptr(HttpAnswer) answer = http_ask(site->port, request);
        trust(others);
        g_autoptr(HttpAnswer) wary = http_ask(site->port, request);
        trust(NULL);
        g_autoptr(HttpAnswer) plain = http_ask(site->port, request);

        g_assert_cmpstr(answer->body->str, ==, table[i].seen);
        g_assert_cmpstr(wary->body->str, ==, "127.0.0.1 http a");
        g_assert_cmpstr(plain->body->str, ==, "127.0.0.1 http a");
    }
    g_clear_pointer(&proxies, tune_proxies_free);
}

static void test_local(void)
{
    static const char *const local[] = {"unix:", NULL};
    g_autoptr(TuneProxies) some = tune_proxies_new(local, NULL);
    g_autoptr(TuneProxies) none = tune_proxies_new(NULL, NULL);
    g_autoptr(GInetAddress) address = g_inet_address_new_loopback(G_SOCKET_FAMILY_IPV4);

    g_assert_true(tune_proxies_trust(some, NULL));
    g_assert_false(tune_proxies_trust(some, address));
    g_assert_false(tune_proxies_trust(none, NULL));
}

static void test_bad_blocks(void)
{
    static const char *const bad[] = {"10.0.0.0/33", "proxy.example", "10.0.0.0/x", "::/129",
                                      "10.0.0.1/8"};

    for (guint i = 0; i < G_N_ELEMENTS(bad); i++) {
        const char *const blocks[] = {"127.0.0.1", bad[i], NULL};
        g_autoptr(GError) error = NULL;

        g_assert_null(tune_proxies_new(blocks, &error));
        g_assert_error(error, TUNE_CLIENT_ERROR, TUNE_CLIENT_ERROR_BLOCK);
        g_assert_nonnull(strstr(error->message, bad[i]));
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/api/client/forwarded", test_forwarded);
    g_test_add_func("/api/client/local-sockets", test_local);
    g_test_add_func("/api/client/bad-blocks", test_bad_blocks);
    return g_test_run();
}
