/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A client for tests that sends any bytes, and a server with routes that show what the layer does.
 */
#pragma once
#include "http/http.h"

#include <pthread.h>

/* ---- client; every wait ends after 60 s with a failed test ---- */
int http_connect(guint port);
/* Errors are no matter: the server may have closed already. */
void http_send(int fd, const char *bytes, gssize size);
void http_sendf(int fd, const char *format, ...) G_GNUC_PRINTF(2, 3);
/* All that comes until the other end closes. (transfer full) */
GString *http_read_all(int fd);
typedef struct {
    guint status;
    char *head;
    GString *body;  /* without chunk framing */
    gboolean whole; /* its end was seen as the head told it */
} HttpAnswer;
/* One answer, 100 (Continue) too; @head_only for HEAD. (transfer full); status 0 when the other end
 * closed. */
HttpAnswer *http_read_answer(int fd, gboolean head_only);
void http_answer_free(HttpAnswer *answer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(HttpAnswer, http_answer_free)
/* Value of a field of the head, or NULL. (transfer full) */
char *http_answer_field(const HttpAnswer *answer, const char *name);
/* Sends @request and reads one answer on a connection of its own. */
HttpAnswer *http_ask(guint port, const char *request);
gboolean http_is_closed(int fd); /* waits for it */

/* ---- server ----
 *   /echo        the body back, with the method; on a worker with ?worker=1
 *   /file-body   the body goes to a file, answers its size and checksum
 *   /early       401 from begin()
 *   /none        a handler that forgets to answer
 *   /big         1 MiB of bytes          /file      1 MiB by sendfile, with ranges
 *   /stream?n=N  N bytes from a thread   /known?n=N the same with Content-Length
 *   /field       sets a field to the value of ?value=
 *   /peer        peer, host              /block     a worker that waits for http_site_release()
 *   /wait        a stream that never has anything
 *   /ticker      "123" by wake_after()       /broken  a stream that fails after "start"
 */
typedef struct {
    TuneHttpServer *server;
    guint port;
    GBytes *big;
    char *file; /* path of a file with the content of big */
    _Atomic guint begun, done, left, complete, cancelled, blocked;
    _Atomic guint64 produced; /* bytes that streams gave */
    pthread_mutex_t lock;
    pthread_cond_t release;
    gboolean released;
} HttpSite;
/* @tweak (nullable) changes the configuration. */
HttpSite *http_site_new(void (*tweak)(TuneHttpConfig *config));
/* The same without listener and start. */
HttpSite *http_site_new_stopped(void (*tweak)(TuneHttpConfig *config));
void http_site_release(HttpSite *site);
void http_site_free(HttpSite *site);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(HttpSite, http_site_free)
/* Waits up to 60 s until @counter has reached @value. */
gboolean http_wait_for(_Atomic guint *counter, guint value);
