/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Behind nginx and HAProxy, which keep their connections to us: whatever a client sends through
 * them, they and we must agree where a request ends.  After each bad request good ones follow on
 * the same connections; a leftover would shift their answers.
 */
#include "api/client.h"
#include "http-cases.h"
#include "http-client.h"

#include <glib/gstdio.h>
#include <netinet/in.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static guint free_port(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t length = sizeof address;
    const int fd = socket(AF_INET, SOCK_STREAM, 0);

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    g_assert_cmpint(bind(fd, (struct sockaddr *)&address, sizeof address), ==, 0);
    getsockname(fd, (struct sockaddr *)&address, &length);
    close(fd);
    return ntohs(address.sin_port);
}

static gboolean is_open(guint port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((guint16)port)};
    const int fd = socket(AF_INET, SOCK_STREAM, 0);

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const gboolean open = connect(fd, (struct sockaddr *)&address, sizeof address) == 0;
    close(fd);
    return open;
}

typedef struct {
    char *folder, *file;
    guint port;
    GPid pid;
} Proxy;

static void stop_with_us(gpointer data)
{
    prctl(PR_SET_PDEATHSIG, SIGTERM);
}

/* @format: the configuration, with one %s for the folder, then %u for its port and ours. */
static gboolean proxy_start(Proxy *self, guint backend, const char *name, const char *format,
                            const char *const *options)
{
    g_autofree char *found = g_find_program_in_path(name);
    g_autofree char *program = found ? g_strdup(found) : g_build_filename("/usr/sbin", name, NULL);
    g_autoptr(GPtrArray) argv = g_ptr_array_new();
    g_autofree char *config = NULL;

    if (!g_file_test(program, G_FILE_TEST_IS_EXECUTABLE)) {
        g_test_skip("the proxy is not installed");
        return FALSE;
    }
    self->folder = g_dir_make_tmp("tunesmith-proxy-XXXXXX", NULL);
    self->file = g_build_filename(self->folder, "proxy.conf", NULL);
    self->port = free_port();
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    config = g_strdup_printf(format, self->folder, self->port, backend);
#pragma GCC diagnostic pop
    g_assert_true(g_file_set_contents(self->file, config, -1, NULL));
    g_ptr_array_add(argv, program);
    for (; *options != NULL; options++)
        g_ptr_array_add(argv, (gpointer)*options);
    g_ptr_array_add(argv, self->file);
    g_ptr_array_add(argv, NULL);
    g_assert_true(g_spawn_async(self->folder, (char **)argv->pdata, NULL,
                                G_SPAWN_DO_NOT_REAP_CHILD | G_SPAWN_STDOUT_TO_DEV_NULL |
                                    G_SPAWN_STDERR_TO_DEV_NULL,
                                stop_with_us, NULL, &self->pid, NULL));
    for (guint i = 0; i < 1200 && !is_open(self->port); i++)
        g_usleep(50000);
    g_assert_true(is_open(self->port));
    return TRUE;
}

static void proxy_stop(Proxy *self)
{
    kill(self->pid, SIGTERM);
    waitpid(self->pid, NULL, 0);
    g_autoptr(GDir) folder = g_dir_open(self->folder, 0, NULL);
    const char *name;
    while ((name = g_dir_read_name(folder)) != NULL) {
        g_autofree char *path = g_build_filename(self->folder, name, NULL);
        g_remove(path);
    }
    g_rmdir(self->folder);
    g_free(self->folder);
    g_free(self->file);
}

/* Sends the case and waits for the end, or for an answer where the proxy keeps the connection. */
static void send_case(guint port, const HttpCase *one)
{
    const int fd = http_connect(port);
    const struct timeval patience = {.tv_usec = 300000};
    char buffer[16384];

    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    http_send(fd, one->bytes->str, (gssize)one->bytes->len);
    shutdown(fd, SHUT_WR);
    while (recv(fd, buffer, sizeof buffer, 0) > 0)
        ;
    close(fd);
}

static void check_agreement(const Proxy *proxy)
{
    g_autoptr(GPtrArray) cases = http_cases_new();
    guint n = 0;

    for (guint i = 0; i < cases->len; i++) {
        send_case(proxy->port, (const HttpCase *)cases->pdata[i]);
        for (guint k = 0; k < 3; k++) {
            g_autofree char *path = g_strdup_printf("/probe-%u", ++n);
            g_autofree char *request =
                g_strdup_printf("POST %s HTTP/1.1\r\nHost: a\r\nContent-Length: %zu\r\n\r\n%s",
                                path, strlen(path), path);
            g_autoptr(HttpAnswer) answer = http_ask(proxy->port, request);
            g_autofree char *seen = http_answer_field(answer, "X-Path");

            g_assert_cmpuint(answer->status, ==, 200);
            g_assert_cmpstr(seen, ==, path);
            g_assert_cmpstr(answer->body->str, ==, path);
        }
    }
}

static TuneHttpHandle echo;

/* The client as the service sees it. */
static void handle(TuneHttpRequest *request, TuneHttpResponse *response, gpointer user_data)
{
    static const char *const trusted[] = {"127.0.0.1", NULL};
    g_autoptr(TuneProxies) proxies = tune_proxies_new(trusted, NULL);
    TuneClient client;

    echo(request, response, user_data);
    tune_client_find(&client, proxies, request);
    tune_http_response_set_field(response, "X-Client", client.address);
    tune_client_clear(&client);
}

static void find_clients(TuneHttpConfig *config)
{
    echo = config->handle;
    config->handle = handle;
}

static void check_client(const Proxy *proxy, const char *expected)
{
    g_autoptr(HttpAnswer) answer =
        http_ask(proxy->port, "GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 192.0.2.1\r\n"
                              "Forwarded: for=192.0.2.2\r\n\r\n");
    g_autofree char *client = http_answer_field(answer, "X-Client");

    g_assert_cmpstr(client, ==, expected);
}

static void test_nginx(void)
{
    static const char config[] =
        "daemon off; master_process off; error_log stderr crit; pid nginx.pid;\n"
        "events { worker_connections 512; }\n"
        "http { access_log off;\n"
        " client_body_temp_path %1$s/b; proxy_temp_path %1$s/p; fastcgi_temp_path %1$s/f;\n"
        " uwsgi_temp_path %1$s/u; scgi_temp_path %1$s/s;\n"
        " upstream us { server 127.0.0.1:%3$u; keepalive 1; }\n"
        " server { listen 127.0.0.1:%2$u; location / { proxy_pass http://us; proxy_http_version "
        "1.1;\n"
        "  proxy_set_header Connection \"\"; proxy_set_header Host $http_host;\n"
        "  proxy_set_header Forwarded \"\"; proxy_set_header X-Forwarded-For $remote_addr;\n"
        "  proxy_request_buffering off; } } }\n";
    static const char *const options[] = {"-e", "stderr", "-c", NULL};
    g_autoptr(HttpSite) site = http_site_new(find_clients);
    Proxy proxy = {0};

    if (!proxy_start(&proxy, site->port, "nginx", config, options))
        return;
    check_agreement(&proxy);
    check_client(&proxy, "127.0.0.1");
    proxy_stop(&proxy);
}

static void test_haproxy(void)
{
    static const char config[] = "# %1$s\n"
                                 "defaults\n mode http\n timeout connect 5s\n timeout client 5s\n"
                                 " timeout server 20s\n http-reuse always\n option forwardfor\n"
                                 "frontend f\n bind 127.0.0.1:%2$u\n"
                                 " http-request del-header Forwarded\n default_backend b\n"
                                 "backend b\n server s 127.0.0.1:%3$u\n";
    static const char *const options[] = {"-db", "-f", NULL};
    g_autoptr(HttpSite) site = http_site_new(find_clients);
    Proxy proxy = {0};

    if (!proxy_start(&proxy, site->port, "haproxy", config, options))
        return;
    check_agreement(&proxy);
    check_client(&proxy, "192.0.2.1"); /* what a trusted address says of those before it counts */
    proxy_stop(&proxy);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/http/proxies/nginx-agrees", test_nginx);
    g_test_add_func("/http/proxies/haproxy-agrees", test_haproxy);
    return g_test_run();
}
