/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "http-client.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int http_connect(guint port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((guint16)port)};
    const struct timeval patience = {.tv_sec = 60};
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    g_assert_cmpint(connect(fd, (struct sockaddr *)&address, sizeof address), ==, 0);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    return fd;
}

void http_send(int fd, const char *bytes, gssize size)
{
    gsize left = size < 0 ? strlen(bytes) : (gsize)size;

    while (left > 0) {
        const gssize n = send(fd, bytes, left, MSG_NOSIGNAL);

        if (n < 0 && errno != EINTR)
            return;
        bytes += MAX(n, 0);
        left -= (gsize)MAX(n, 0);
    }
}

void http_sendf(int fd, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    g_autofree char *text = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    http_send(fd, text, -1);
}

static gssize read_some(int fd, char *buffer, gsize size)
{
    gssize n;

    do
        n = recv(fd, buffer, size, 0);
    while (n < 0 && errno == EINTR);
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
        g_error("the server neither answered nor closed within 60 s");
    return MAX(n, 0);
}

GString *http_read_all(int fd)
{
    GString *all = g_string_new(NULL);
    char buffer[16384];
    gssize n;

    while ((n = read_some(fd, buffer, sizeof buffer)) > 0)
        g_string_append_len(all, buffer, n);
    return all;
}

gboolean http_is_closed(int fd)
{
    char byte;

    return read_some(fd, &byte, 1) == 0;
}

char *http_answer_field(const HttpAnswer *answer, const char *name)
{
    g_auto(GStrv) lines = g_strsplit(answer->head, "\r\n", -1);

    for (guint i = 1; lines[i] != NULL; i++) {
        char *colon = strchr(lines[i], ':');

        if (colon != NULL && (gsize)(colon - lines[i]) == strlen(name) &&
            g_ascii_strncasecmp(lines[i], name, strlen(name)) == 0)
            return g_strdup(g_strstrip(colon + 1));
    }
    return NULL;
}

/* Bytes one at a time: nothing of the next answer is taken.  FALSE: closed. */
static gboolean read_exactly(int fd, GString *into, gsize n)
{
    char buffer[16384];

    while (n > 0) {
        const gssize got = read_some(fd, buffer, MIN(n, sizeof buffer));

        if (got == 0)
            return FALSE;
        g_string_append_len(into, buffer, got);
        n -= (gsize)got;
    }
    return TRUE;
}

static gboolean read_line(int fd, GString *line)
{
    g_string_truncate(line, 0);
    while (!g_str_has_suffix(line->str, "\r\n"))
        if (!read_exactly(fd, line, 1))
            return FALSE;
    return TRUE;
}

static gboolean read_chunks(int fd, GString *body)
{
    g_autoptr(GString) line = g_string_new(NULL);

    while (read_line(fd, line)) {
        const gsize n = strtoul(line->str, NULL, 16);

        if (n > 0 && !read_exactly(fd, body, n))
            return FALSE;
        if (!read_line(fd, line))
            return FALSE;
        g_assert_cmpstr(line->str, ==, "\r\n");
        if (n == 0)
            return TRUE;
    }
    return FALSE;
}

HttpAnswer *http_read_answer(int fd, gboolean head_only)
{
    HttpAnswer *answer = g_new0(HttpAnswer, 1);
    g_autoptr(GString) head = g_string_new(NULL);
    g_autofree char *length = NULL, *coding = NULL;

    answer->body = g_string_new(NULL);
    while (strstr(head->str, "\r\n\r\n") == NULL)
        if (!read_exactly(fd, head, 1))
            break;
    answer->head = g_strdup(head->str);
    if (!g_str_has_prefix(head->str, "HTTP/1.1 "))
        return answer;
    answer->status = (guint)strtoul(head->str + 9, NULL, 10);
    length = http_answer_field(answer, "Content-Length");
    coding = http_answer_field(answer, "Transfer-Encoding");
    g_assert_false(length != NULL && coding != NULL);
    if (head_only || answer->status < 200 || answer->status == 204 || answer->status == 304)
        answer->whole = TRUE;
    else if (coding != NULL)
        answer->whole = read_chunks(fd, answer->body);
    else if (length != NULL)
        answer->whole = read_exactly(fd, answer->body, strtoul(length, NULL, 10));
    else
        while (read_exactly(fd, answer->body, 1))
            ;
    return answer;
}

void http_answer_free(HttpAnswer *answer)
{
    g_free(answer->head);
    g_string_free(answer->body, TRUE);
    g_free(answer);
}

HttpAnswer *http_ask(guint port, const char *request)
{
    const int fd = http_connect(port);
    HttpAnswer *answer;

    http_send(fd, request, -1);
    answer = http_read_answer(fd, g_str_has_prefix(request, "HEAD "));
    close(fd);
    return answer;
}

gboolean http_wait_for(_Atomic guint *counter, guint value)
{
    for (guint i = 0; i < 12000 && *counter < value; i++)
        g_usleep(5000);
    return *counter >= value;
}
