/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The smallest servers, as ceilings for bench/http.sh: the same 1 KiB of JSON for every request.
 *
 *     http-hello ours|ours-worker|microhttpd [THREADS]
 *
 * Prints "port N" once it listens, and serves until its standard input ends.
 */
#include "http/http.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#ifdef HAVE_MICROHTTPD
#include <microhttpd.h>
#endif

#define ETAG "\"5d41402abc4b2a76b9719d911017c592\""

static char *make_body(void)
{
    GString *text = g_string_new("{\"items\":[");

    while (text->len < 1000)
        g_string_append_printf(text, "{\"id\":%04u,\"name\":\"hello\"},", (guint)text->len);
    g_string_truncate(text, 1021);
    g_string_append(text, "]}\n");
    return g_string_free(text, FALSE);
}

static void begin(TuneHttpRequest *request, TuneHttpResponse *response, TuneHttpPlan *plan,
                  gpointer user_data)
{
    plan->on_worker = GPOINTER_TO_INT(*(gpointer *)user_data);
}

static void handle(TuneHttpRequest *request, TuneHttpResponse *response, gpointer user_data)
{
    tune_http_response_set_status(response, 200);
    tune_http_response_set_field(response, "ETag", ETAG);
    tune_http_response_set_body(response, "application/json", ((GBytes **)user_data)[1]);
}

static void announce(guint port)
{
    char byte;

    printf("port %u\n", port);
    fflush(stdout);
    while (read(STDIN_FILENO, &byte, 1) > 0)
        ;
}

static int serve_ours(gboolean worker, guint threads, const char *body)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GBytes) bytes = g_bytes_new_static(body, strlen(body));
    gpointer data[2] = {GINT_TO_POINTER(worker), bytes};
    TuneHttpConfig config = TUNE_HTTP_CONFIG_DEFAULT;

    config.begin = begin;
    config.handle = handle;
    config.user_data = data;
    config.n_loops = threads;
    config.n_workers = 8;
    g_autoptr(TuneHttpServer) server = tune_http_server_new(&config);
    if (!tune_http_server_listen(server, "127.0.0.1", 0, &error) ||
        !tune_http_server_start(server, &error)) {
        fprintf(stderr, "http-hello: %s\n", error->message);
        return 1;
    }
    announce(tune_http_server_port(server));
    tune_http_server_drain(server, 1000);
    return 0;
}

#ifdef HAVE_MICROHTTPD
static enum MHD_Result answer(void *user_data, struct MHD_Connection *connection, const char *url,
                              const char *method, const char *version, const char *data,
                              size_t *size, void **state)
{
    char *body = (char *)user_data;
    struct MHD_Response *response;
    enum MHD_Result result;

    if (*state == NULL) { /* the first call is for the head only */
        *state = user_data;
        return MHD_YES;
    }
    response = MHD_create_response_from_buffer(strlen(body), body, MHD_RESPMEM_PERSISTENT);
    MHD_add_response_header(response, "Content-Type", "application/json");
    MHD_add_response_header(response, "ETag", ETAG);
    result = MHD_queue_response(connection, 200, response);
    MHD_destroy_response(response);
    return result;
}

static int serve_microhttpd(guint threads, char *body)
{
    const unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD;
    struct MHD_Daemon *daemon =
        threads > 1 ? MHD_start_daemon(flags, 0, NULL, NULL, answer, body,
                                       MHD_OPTION_THREAD_POOL_SIZE, threads, MHD_OPTION_END)
                    : MHD_start_daemon(flags, 0, NULL, NULL, answer, body, MHD_OPTION_END);
    const union MHD_DaemonInfo *info =
        daemon != NULL ? MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_BIND_PORT) : NULL;

    if (info == NULL)
        return 1;
    announce(info->port);
    MHD_stop_daemon(daemon);
    return 0;
}
#endif

int main(int argc, char **argv)
{
    g_autofree char *body = make_body();
    const char *server = argc > 1 ? argv[1] : "ours";
    const guint threads = argc > 2 ? (guint)atoi(argv[2]) : 1;

    if (strcmp(server, "ours") == 0 || strcmp(server, "ours-worker") == 0)
        return serve_ours(strcmp(server, "ours-worker") == 0, threads, body);
#ifdef HAVE_MICROHTTPD
    if (strcmp(server, "microhttpd") == 0)
        return serve_microhttpd(threads, body);
#endif
    fprintf(stderr, "http-hello: %s is not known or not built in\n", server);
    return 2;
}
